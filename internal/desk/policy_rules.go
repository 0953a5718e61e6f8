package desk

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/docket-psirt/docket/internal/psirt"
)

// PolicyPriority is one rule by which cases get a priority. The first whose test
// holds counts.
type PolicyPriority struct {
	Priority string `json:"priority"`
	Means    string `json:"means"`
	When     string `json:"when"` // its test, in words
}

// PolicyOther is what else people may do or must know besides moves: what, and
// how the programme has it.
type PolicyOther struct {
	What string `json:"what"` // such as "own words", "text reminder", "calendar office"
	Rule string `json:"rule"`
}

func prioritiesOf(p *psirt.Program) []PolicyPriority {
	var out []PolicyPriority
	for _, rule := range p.Priority {
		out = append(out, PolicyPriority{rule.Priority, rule.Means, testWords(rule.Is, 0)})
	}
	return out
}

// maxTestWords bounds how deep a test is put into words.
const maxTestWords = 8

// testWords puts a test into words. Facts are named, not spelt out.
func testWords(t psirt.Test, depth int) string {
	if depth > maxTestWords {
		return "…"
	}
	switch {
	case t.Fact != "":
		return "fact " + t.Fact
	case t.Present != "":
		return "there is " + t.Present
	case t.Equals != nil:
		return fmt.Sprintf("%s is %v", t.Equals.Path, t.Equals.Value)
	case t.In != nil:
		return fmt.Sprintf("%s is %s", t.In.Path, strings.Join(valueWords(t.In.Values), " or "))
	case t.Count != nil:
		return countWords(*t.Count)
	case t.Before != nil:
		return t.Before.Path + " is before " + t.Before.Than
	case t.Some != nil:
		return "one of " + t.Some.Path + " has " + joinTests(t.Some.Where, " and ", depth)
	case t.Each != nil:
		return "each of " + t.Each.Path + " has " + joinTests(t.Each.Where, " and ", depth)
	case t.Covers != nil:
		return t.Covers.Path + " is covered by " + t.Covers.By
	case t.Differ != nil:
		return t.Differ.Path + " differs from " + t.Differ.From
	case t.Signers != nil:
		return fmt.Sprintf("%d signed at %s", max(1, t.Signers.Min), t.Signers.Path)
	case t.Derived != "":
		return t.Derived + " is as urgent as these rules say"
	case t.Not != nil:
		return "not (" + testWords(*t.Not, depth+1) + ")"
	case len(t.Any) > 0:
		return joinTests(t.Any, " or ", depth)
	}
	return joinTests(t.All, " and ", depth)
}

// joinTests puts tests into words, in brackets inside of others.
func joinTests(tests []psirt.Test, with string, depth int) string {
	var parts []string
	for _, t := range tests {
		parts = append(parts, testWords(t, depth+1))
	}
	text := strings.Join(parts, with)
	if depth > 0 && len(parts) > 1 {
		return "(" + text + ")"
	}
	return text
}

func valueWords(values []any) []string {
	var out []string
	for _, v := range values {
		out = append(out, fmt.Sprint(v))
	}
	return out
}

func countWords(c psirt.Count) string {
	switch {
	case c.Max == 0:
		return fmt.Sprintf("%s has at least %d", c.Path, c.Min)
	case c.Min == 0:
		return fmt.Sprintf("%s has at most %d", c.Path, c.Max)
	}
	return fmt.Sprintf("%s has %d to %d", c.Path, c.Min, c.Max)
}

// othersOf lists what else a programme says: who approves what is no move, what
// may be sent at any time, working hours, roles, teams and limits.
func othersOf(p *psirt.Program) []PolicyOther {
	var out []PolicyOther
	add := func(what, rule string) { out = append(out, PolicyOther{what, rule}) }
	add("own words", "approvals "+approvalsOf(p.Messages).short())
	add("edits", "approvals "+approvalsOf(p.Edits).short())
	add("this file", "signed by a lead; approvals "+approvalsOf(p.Changes).short())
	for _, s := range p.Standing {
		rule := "sent by the " + s.By + "; approvals " + approvalsOf(s.Approvals).short()
		if s.Most > 0 {
			rule += fmt.Sprintf("; %d in one case at most", s.Most)
		}
		if len(s.Guards) > 0 {
			rule += "; needs " + strings.Join(s.Guards, ", ")
		}
		add("text "+s.Kind, rule)
	}
	for _, name := range slices.Sorted(maps.Keys(p.Calendars)) {
		if c := p.Calendars[name]; c != nil {
			rule := strings.Join(c.Days, " ") + " " + c.Hours + " " + c.Zone
			if len(c.Holidays) > 0 {
				rule += "; not on " + strings.Join(c.Holidays, ", ")
			}
			add("calendar "+name, rule)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Roles)) {
		add("role "+name, p.Roles[name].Means)
	}
	for _, r := range p.Routing {
		add("team "+r.Team, "looks after "+strings.Join(r.Products, ", "))
	}
	for _, r := range p.Regulation {
		add("law "+r.Name, r.Title)
	}
	return append(out, limitsOf(p)...)
}

// limitsOf lists how long things last.
func limitsOf(p *psirt.Program) []PolicyOther {
	var out []PolicyOther
	for _, l := range []struct {
		what string
		d    psirt.Duration
		from string
	}{
		{"embargo", p.Embargo, " when nobody says otherwise"},
		{"personal data", p.Retention.Personal, " after a case was closed"},
		{"IP addresses", p.Retention.SourceIP, " after a case was opened"},
		{"samples", p.Retention.Samples, " after a case was opened"},
	} {
		if l.d > 0 {
			out = append(out, PolicyOther{l.what, l.d.String() + l.from})
		}
	}
	return out
}

func approvalsOf(r psirt.ApprovalRule) PolicyApprovals {
	if r.Count == 0 {
		return PolicyApprovals{}
	}
	return PolicyApprovals{r.Count, cmp.Or(r.Role, psirt.RoleTeam), cmp.Or(r.Kind, psirt.KindSigned)}
}

// writeRules prints the priority rules and what else there is.
func (v *PolicyView) writeRules(b *strings.Builder) {
	if len(v.Priority) > 0 {
		b.WriteString("\nPriority; the first rule that holds counts\n")
	}
	for _, r := range v.Priority {
		fmt.Fprintf(b, "  %-18s %s\n  %-18s when %s\n", r.Priority, r.Means, "", r.When)
	}
	b.WriteString("\nBesides\n")
	for _, o := range v.Others {
		fmt.Fprintf(b, "  %-24s %s\n", o.What, o.Rule)
	}
}
