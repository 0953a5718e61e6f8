package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/psirt"
)

// Assessment is how serious a case is, with what each part of it rests on.
type Assessment struct {
	ID             psirt.CaseID   `json:"id"`
	CVSS           []ScoredVector `json:"cvss"`
	CWE            []Weakness     `json:"cwe"`
	SSVC           *Decision      `json:"ssvc,omitempty"`
	CustomerImpact string         `json:"customer_impact,omitempty"`
	CustomerLevel  string         `json:"customer_level,omitempty"`

	Priority string `json:"priority,omitempty"` // on record
	Derived  string `json:"derived,omitempty"`  // by the programme's rules; empty where none fits
	Because  string `json:"because,omitempty"`  // what the rule says
	Why      string `json:"why,omitempty"`      // why it is less urgent than that

	Faults []string `json:"faults,omitempty"` // what does not hold, with what is right
	Hints  []string `json:"hints,omitempty"`  // what could be better
	Edited *Edited  `json:"edited,omitempty"` // the revision that was made, if one was
}

// Decision is an SSVC decision with the points that it rests on.
type Decision struct {
	Tree     string            `json:"tree,omitempty"`
	Title    string            `json:"title,omitempty"` // of the published table
	Points   map[string]string `json:"points,omitempty"`
	Order    []string          `json:"-"` // of the points
	Decision string            `json:"decision"`
}

// Assessing is what somebody says of how serious a case is. What is empty stays
// as it is.
type Assessing struct {
	CVSS     []string // vectors; each takes the place of the team's own of that version
	CWE      []string // weaknesses; together they take the place of those on record
	SSVC     string   // a tree and its points, see parseSSVC
	Impact   string   // on customers, in words
	Priority string   // another than the derived one
	Why      string   // why it is less urgent

	Customers string // how hard they are hit: none, low, medium or high
}

func (a Assessing) empty() bool {
	return len(a.CVSS)+len(a.CWE) == 0 && a.SSVC+a.Impact+a.Customers+a.Priority+a.Why == ""
}

// Assess records how serious a case is, and derives its priority by the
// programme's rules. It makes one queued edit; with dry, or with nothing to
// record, it only answers what is, or would be, on record.
func (d *Desk) Assess(ctx context.Context, id psirt.CaseID, a Assessing, dry bool) (*Assessment, error) {
	c, err := d.onMain(id)
	if err != nil {
		return nil, err
	}
	if a.empty() {
		shown, err := d.Show(ctx, id)
		if err != nil {
			return nil, err
		}
		if shown.Report == nil {
			return nil, shown.Sealed
		}
		return shown.Assessment, nil
	}
	var out *Assessment
	change := func(report psirt.Document, _ *psirt.Contact) ([]string, error) {
		before := report.Clone()
		who, err := d.me(c.setting)
		if err != nil {
			return nil, err
		}
		w := psirt.World{Case: c.Case, Report: report, Now: d.now()}
		if err := a.into(c.setting.Program, w, who.handle); err != nil {
			return nil, err
		}
		out = assessmentOf(c.setting.Program, w)
		var changed []string
		for _, part := range compare("", map[string]any(before), map[string]any(report), nil) {
			changed = append(changed, part.Path)
		}
		return changed, nil
	}
	if dry {
		_, _, open, err := d.asAnalyst(ctx, id)
		if err == nil {
			_, err = change(open.report, nil)
		}
		return out, err
	}
	edited, err := d.Edit(ctx, id, change)
	if err != nil {
		return nil, err
	}
	out.Edited = edited
	return out, nil
}

// into writes an assessment into w.Report, by the person with the handle.
func (a Assessing) into(p *psirt.Program, w psirt.World, by string) error {
	was, _ := p.PriorityOf(w)
	assessment, _ := w.Report["assessment"].(map[string]any)
	if assessment == nil {
		assessment = map[string]any{}
		w.Report["assessment"] = assessment
	}
	defer func() {
		if len(assessment) == 0 {
			delete(w.Report, "assessment")
		}
	}()
	for _, vector := range a.CVSS {
		scored, err := scoreVector(vector)
		if err != nil {
			return usage(fmt.Sprintf("%q is no CVSS vector: %v", vector, err), "https://www.first.org/cvss/ has calculators for v3.1 and v4.0")
		}
		assessment["cvss"] = withScore(p, assessment["cvss"], scored, by)
	}
	var named []any
	for _, id := range a.CWE {
		w, err := weakness(id)
		if err != nil {
			return usage(err.Error(), "look it up at https://cwe.mitre.org/")
		}
		if !slices.Contains(named, any(w.ID)) {
			named = append(named, w.ID)
		}
	}
	if named != nil {
		assessment["cwe"] = named
	}
	if a.SSVC != "" {
		old, _ := assessment["ssvc"].(map[string]any)
		decided, err := decided(old, a.SSVC)
		if err != nil {
			return err
		}
		assessment["ssvc"] = decided
	}
	if a.Impact != "" {
		assessment["customer_impact"] = a.Impact
	}
	if a.Customers != "" {
		levels, _ := reportPath("assessment.customer_level")
		if !slices.Contains(levels, a.Customers) {
			return usage(fmt.Sprintf("%q is no level", a.Customers), "customers are hit on the level "+strings.Join(levels, ", "))
		}
		assessment["customer_level"] = a.Customers
	}
	if _, err := settleAssessment(w.Report); err != nil {
		return err
	}
	return a.prioritise(p, w, was.Priority, assessment)
}

// withScore puts a score in the place of the one of its version that somebody
// of the programme gave; what others think of the weakness stays.
func withScore(p *psirt.Program, list any, scored ScoredVector, by string) []any {
	var out []any
	had, _ := list.([]any)
	for _, item := range had {
		entry, _ := item.(map[string]any)
		whose, _ := entry["by"].(string)
		if _, ours := p.ByHandle(whose); entry["version"] != scored.Version || whose != "" && !ours {
			out = append(out, item)
		}
	}
	return append(out, map[string]any{"version": scored.Version, "vector": scored.Vector, "score": scored.Score, "severity": scored.Severity, "by": by})
}

// decided reads points and decides. Points on record that are not given again
// stay, as long as the tree is the same; what follows from other points is
// worked out anew.
func decided(old map[string]any, text string) (map[string]any, error) {
	name, given, err := parseSSVC(text)
	if err != nil {
		return nil, usage(err.Error(), "docket assess --help has examples")
	}
	was, before, _ := ssvcOf(old)
	if name == "" {
		name = was.name
	}
	if name == "" {
		name = ssvcTrees[0].name
	}
	tree, _ := treeOf(name)
	points, err := tree.spelledOut(given)
	if err != nil {
		return nil, usage(err.Error(), "docket assess --help has examples")
	}
	if was.name == tree.name {
		for k, v := range before {
			if _, again := points[k]; !again && !tree.follows(k, points) {
				points[k] = v
			}
		}
	}
	decision, faults := tree.decide(points)
	if len(faults) > 0 {
		var all []string
		for _, f := range faults {
			all = append(all, f.Error())
		}
		return nil, usage(strings.Join(all, "; "), "give them as --ssvc '"+tree.name+" POINT=VALUE…'")
	}
	record := map[string]any{}
	for k, v := range points {
		record[k] = v
	}
	return map[string]any{"tree": tree.name, "points": record, "decision": decision}, nil
}

// follows reports whether a point follows from one that is given.
func (t ssvcTree) follows(name string, given map[string]string) bool {
	return slices.ContainsFunc(t.from[name].points, func(p ssvcPoint) bool { return given[p.name] != "" })
}

// prioritise sets the priority. It follows the programme's rules (was is what
// they gave before this assessment) until somebody names another; one that is
// less urgent than the rules give takes a reason, and stands with it until it
// is changed.
func (a Assessing) prioritise(p *psirt.Program, w psirt.World, was string, assessment map[string]any) error {
	rule, fits := p.PriorityOf(w)
	now, _ := w.Report["priority"].(string)
	switch {
	case a.Priority != "" && !slices.Contains(psirt.Priorities, a.Priority):
		return usage(fmt.Sprintf("%q is no priority", a.Priority), "name one of "+strings.Join(psirt.Priorities, ", "))
	case a.Priority != "" && fits && !psirt.AsUrgent(a.Priority, rule.Priority) && a.Why == "":
		return &Refused{What: "nothing was changed", Verdict: psirt.Failed(
			fmt.Sprintf("the programme gives the priority %s (%s), not %s", rule.Priority, strings.TrimSuffix(rule.Means, "."), a.Priority), "say why it is less urgent with --why WORDS")}
	case a.Priority != "":
		w.Report["priority"] = a.Priority
	case a.Why != "" || assessment["priority_why"] != nil || !fits:
	case now == was || !psirt.AsUrgent(now, rule.Priority):
		w.Report["priority"] = rule.Priority
	}
	switch {
	case fits && w.Report["priority"] == rule.Priority:
		delete(assessment, "priority_why") // there is nothing to give reasons for any more
	case a.Why != "":
		assessment["priority_why"] = a.Why
	}
	return nil
}

// assessmentOf reads the assessment of a report.
func assessmentOf(p *psirt.Program, w psirt.World) *Assessment {
	out := &Assessment{ID: w.Case.ID, CVSS: []ScoredVector{}, CWE: []Weakness{}}
	assessment, _ := w.Report["assessment"].(map[string]any)
	scores, _ := assessment["cvss"].([]any)
	for _, item := range scores {
		entry, _ := item.(map[string]any)
		vector, _ := entry["vector"].(string)
		scored, _ := scoreVector(vector) // a wrong one is among the faults
		scored.By, _ = entry["by"].(string)
		out.CVSS = append(out.CVSS, scored)
	}
	list, _ := assessment["cwe"].([]any)
	for _, item := range list {
		id, _ := item.(string)
		known, err := weakness(id)
		if err != nil {
			known = Weakness{ID: id}
		}
		out.CWE = append(out.CWE, known)
		if known.Hint != "" {
			out.Hints = append(out.Hints, known.ID+" ("+known.Name+"): "+known.Hint)
		}
	}
	if ssvc, ok := assessment["ssvc"].(map[string]any); ok {
		out.SSVC = decisionOf(ssvc)
	}
	out.CustomerImpact, _ = assessment["customer_impact"].(string)
	out.CustomerLevel, _ = assessment["customer_level"].(string)
	out.Why, _ = assessment["priority_why"].(string)
	out.Priority, _ = w.Report["priority"].(string)
	if rule, fits := p.PriorityOf(w); fits {
		out.Derived, out.Because = rule.Priority, rule.Means
	}
	if v := psirt.All("the assessment holds", assessmentFaults(w.Report)...); !v.OK() {
		out.Faults = v.Reasons()
	}
	switch {
	case out.Derived != "" && out.Priority == "":
		out.Hints = append(out.Hints, "the priority is not on record: docket set "+string(w.Case.ID)+" priority="+out.Derived)
	case out.Derived != "" && !psirt.AsUrgent(out.Priority, out.Derived) && out.Why == "":
		out.Hints = append(out.Hints, fmt.Sprintf("the programme gives the priority %s: docket assess %s --priority %s, or say why it is less urgent with --why WORDS", out.Derived, w.Case.ID, out.Derived))
	}
	return out
}

func decisionOf(ssvc map[string]any) *Decision {
	out := &Decision{}
	out.Tree, _ = ssvc["tree"].(string)
	out.Decision, _ = ssvc["decision"].(string)
	if tree, points, ok := ssvcOf(ssvc); ok {
		out.Title, out.Points = tree.title, points
		for _, p := range tree.asked() {
			if points[p.name] != "" {
				out.Order = append(out.Order, p.name)
			}
		}
	}
	return out
}

// assessmentStep judges the assessment in one revision: whoever signs it could
// have written any score.
func assessmentStep(step audit.Step, open *contents) []psirt.Verdict {
	if step.Before != nil && step.Before.Sealed == step.Case.Sealed {
		return nil // as it was in the revision before
	}
	return assessmentFaults(open.report)
}
