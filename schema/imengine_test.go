package schema_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/psirt"
)

var commitments = func() []any {
	var out []any
	for _, name := range []string{"risk", "dialogue", "progress", "confidentiality", "personal-data", "no-legal-action"} {
		out = append(out, map[string]any{"name": name, "kept": true})
	}
	return out
}()

func risk(decision string) []any {
	return []any{"risk.decision", decision, "risk.text", "t", "risk.by", "triage", "risk.approvals", []any{review("lead")}}
}

// agreed is a consent that names whom and what: IM-17.
var agreed = map[string]any{"at": "2026-11-22T10:00:00Z", "recipient": "w", "fields": []any{"steps"}}

var ending = []any{"commitments", commitments, "conduct.deletion.none_because", "no data was obtained"}

var imengineSteps = []step{
	{"receive", "verify", "", []any{"consent.submitted_at", "2026-11-22T09:14:03Z"}, nil},
	{"verify", "remediate", "", slices.Concat(risk("fix"), []any{ // IM-13
		"analysis.in_scope", true, "analysis.asset", "managed", "steps", "s", "reporter.email", "m@example.org", // IM-03, IM-11, IM-23
		"analysis.text", "t", "analysis.verdict", "valid", "priority", "high", "assessment.customer_impact", "c", // IM-12, IM-20
		"conduct.status", "ok", "conduct.evidence", "e", "conduct.data_accessed", "no", // IM-02, IM-21, IM-31
	}), nil},
	{"remediate", "inform", "", []any{"remediation", item("kind", "fix", "status", "available", "text", "t", "risk", "r")}, nil},
	{"verify", "deferred", "", []any{"analysis.text", "t", "analysis.verdict", "valid", "review_at", "2026-12-24"}, nil},
	{"deferred", "remediate", "", slices.Concat(risk("mitigate"), []any{"analysis.text", "t", "analysis.verdict", "valid", "priority", "low", "assessment.customer_impact", "c"}), nil},
	{"inform", "closed", "fixed", slices.Concat(ending, []any{"remediation", item("kind", "fix", "status", "available")}), nil},
	{"inform", "closed", "mitigated", slices.Concat(ending, []any{"remediation", item("kind", "workaround", "status", "available")}), nil},
	{"verify", "closed", "risk-accepted", slices.Concat(risk("accept"), []any{"analysis.text", "t", "analysis.verdict", "valid", "priority", "low", "assessment.customer_impact", "c", "conduct.deletion.confirmed_at", "2026-11-22T10:00:00Z"}), nil},
	{"verify", "closed", "forwarded-third-party", slices.Concat(risk("transfer"), []any{"analysis.text", "t", "closing.forwarded_to", "w", "shares", item("with", "w", "fields", []any{"steps"}, "consent", agreed)}), nil},
	{"receive", "closed", "duplicate", []any{"duplicate_of", "IMEN-2026-0001"}, nil},
	{"verify", "closed", "already-fixed", []any{"analysis.text", "t", "closing.fixed_in", "November"}, nil},
	{"verify", "closed", "not-a-vulnerability", []any{"analysis.text", "t", "analysis.verdict", "not-valid"}, nil},
	{"verify", "closed", "not-reproducible", []any{"analysis.text", "t", "analysis.attempts", item("result", "none")}, nil},
	{"receive", "closed", "out-of-scope", []any{"analysis.in_scope", false, "closing.reason", "r"}, nil},
	{"deferred", "closed", "end-of-life", []any{"analysis.text", "t", "closing.reason", "r"}, nil},
	{"waiting-for-reporter", "closed", "insufficient-information", []any{"closing.reason", "r"}, nil},
	{"remediate", "closed", "withdrawn-by-reporter", []any{"closing.reason", "r"}, nil},
	{"receive", "closed", "support-redirect", []any{"analysis.verdict", "not-security"}, nil},
}

func TestImengineMovesTakeWhatTheirGuardsSay(t *testing.T) {
	t.Parallel()
	holdSteps(t, "imengine", imengineSteps)
}

// A fact that says "nothing of the kind, or with its papers": it holds where
// nothing happened, fails when something did, and holds again with the papers.
func TestImenginePapers(t *testing.T) {
	t.Parallel()
	p := program(t, "imengine")
	for _, c := range []struct {
		fact     string
		happened []any
		papers   []any
	}{
		{"breach-approved", []any{"conduct.status", "breach"}, []any{"legal.breach", "b", "legal.frozen", true, "legal.decisions", decided("breach")}},                                                                                                                                // IM-07
		{"safe-harbour", []any{"legal.safe_harbour", "withdrawn"}, []any{"legal.decisions", decided("safe-harbour")}},                                                                                                                                                                 // IM-06
		{"publication-agreed", []any{"disclosure.publications", item("what", "a post")}, []any{"disclosure.permission.at", "2026-11-22T10:00:00Z", "disclosure.permission.scope", "s", "disclosure.permission.by", "lead", "disclosure.permission.earliest", "2026-12-01T00:00:00Z"}}, // IM-37
		{"publication-agreed", []any{"disclosure.published_at", "2026-11-20"}, []any{"disclosure.breach.review", "w"}},
		{"publication-agreed", []any{"disclosure", permitted("planned_at", "2026-11-30")}, []any{"disclosure.planned_at", "2026-12-01"}},
		{"publication-agreed", []any{"disclosure", permitted("publications", item("what", "a post", "at", "2026-11-30"))}, []any{"disclosure.publications", item("what", "a post", "at", "2026-12-02")}},
		{"shares-agreed", []any{"shares", item("with", "w")}, []any{"shares", item("with", "w", "consent", agreed)}}, // IM-17
		{"shares-agreed", []any{"shares", append(item("with", "w", "consent", agreed), item("with", "v")...)}, []any{"shares", item("with", "w", "consent", agreed)}},
		{"shares-within-consent", []any{"shares", item("with", "w", "fields", []any{"steps", "reporter.email"}, "consent", agreed)}, []any{"shares", item("with", "w", "fields", []any{"steps"}, "consent", agreed)}},
		{"shares-agreed", []any{"shares", item("with", "w", "legal_basis", "a court order")}, []any{"shares", item("with", "w", "legal_basis", "a court order", "fields", []any{"steps"}, "approved_by", "lead")}}, // IM-18
	} {
		doc := submitted()
		step := func(pairs []any, want bool) {
			t.Helper()
			for i := 0; i < len(pairs); i += 2 {
				set(doc, strings.Split(pairs[i].(string), "."), pairs[i+1])
				if v := judge(p, c.fact, world("", doc)); v.OK() != (want && i == len(pairs)-2) {
					t.Errorf("%s after %v: %s", c.fact, pairs[i], v.Text())
				}
			}
		}
		if v := judge(p, c.fact, world("", doc)); !v.OK() {
			t.Errorf("%s where nothing happened: %s", c.fact, v.Text())
		}
		step(c.happened, false)
		step(c.papers, true)
	}
	creditNeedsConsent(t, "imengine")
}

// IM-32 to IM-36: a prohibited method needs two people who look.
func TestImengineMethodsNeedTwoReviewers(t *testing.T) {
	t.Parallel()
	p := program(t, "imengine")
	doc := submitted()
	doc["flags"] = []any{"prohibited-method-mentioned"}
	doc["conduct"] = map[string]any{"status": "ok", "evidence": "e"}
	methodsNeedTwoReviewers(t, p, "verify", doc)
}

// IM-07: a decision counts that somebody with the role legal made, about the
// matter at hand.
func TestImengineLegalDecides(t *testing.T) {
	t.Parallel()
	p := program(t, "imengine")
	doc := submitted()
	doc["conduct"] = map[string]any{"status": "breach"}
	doc["legal"] = map[string]any{"breach": "b", "frozen": true}
	for _, c := range []struct {
		by, about string
		want      bool
	}{{"lead", "breach", true}, {"triage", "breach", false}, {"lead", "safe-harbour", false}} {
		set(doc, []string{"legal", "decisions"}, item("by", c.by, "about", c.about, "text", "t"))
		if v := judge(p, "breach-approved", world("verify", doc)); v.OK() != c.want {
			t.Errorf("%s about %s: %s", c.by, c.about, v.Text())
		}
	}
	doc["conduct"] = map[string]any{"data_accessed": "yes", "incident": "DI-7"} // IM-31
	for about, want := range map[string]bool{"notice": true, "breach": false} {
		set(doc, []string{"legal", "decisions"}, item("by", "lead", "about", about, "text", "t"))
		if v := judge(p, "incident-opened", world("verify", doc)); v.OK() != want {
			t.Errorf("an incident, with a decision about %s: %s", about, v.Text())
		}
	}
}

// permitted is a written permission with its earliest instant, and something
// that is published: IM-37.
func permitted(what string, value any) map[string]any {
	return map[string]any{"permission": map[string]any{"at": "2026-11-22T10:00:00Z", "scope": "s", "by": "lead", "earliest": "2026-12-01T00:00:00Z"}, what: value}
}

func decided(about string) []any { return item("by", "lead", "about", about, "text", "t") }

// IM-25: two reminders, then the bot closes the case; a verified reply opens it
// again.
func TestImengineWaitsAndLapses(t *testing.T) {
	t.Parallel()
	p := program(t, "imengine")
	rule, v := p.Transition(world("waiting-for-reporter", nil), "lapsed", "insufficient-information")
	if !v.OK() || rule.On != "clock:reporter-closing" || !p.MayMove(rule, psirt.Entry{By: p.Keys.Bot, To: "lapsed"}, false).OK() {
		t.Errorf("the bot does not close a case that waits: %s", v.Text())
	}
	rule, v = p.Transition(world("lapsed", nil), "verify", "")
	if !v.OK() || rule.On != "reply" {
		t.Errorf("a reply does not open a lapsed case: %s", v.Text())
	}
	for days, want := range map[int]int{13: 0, 15: 1, 29: 2, 43: 3} {
		late := 0
		for _, r := range p.Readings([]psirt.Event{{At: now, Name: "enter:waiting-for-reporter"}}, now.Add(time.Duration(days)*24*time.Hour)) {
			if r.Party == "reporter" && r.Status == psirt.ClockOverdue {
				late++
			}
		}
		if late != want {
			t.Errorf("after %d days %d of the reporter's clocks are late, want %d", days, late, want)
		}
	}
}

// IM-06, IM-17, IM-22: what the acknowledgement says.
func TestImengineAcknowledges(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../cases/imengine/templates/acknowledge.txt")
	if err != nil {
		t.Fatal(err)
	}
	flat := strings.Join(strings.Fields(string(text)), " ")
	for _, words := range []string{
		"we take no legal action against you over this report, and do not revoke your access", "no personal data of yours with others without your permission",
		"delete it at once, screen captures included, and tell us when you have done so", "pseudonym", "to this address only", "as long as you keep to our policy",
	} {
		if !strings.Contains(strings.ToLower(flat), strings.ToLower(words)) {
			t.Errorf("it does not say %q", words)
		}
	}
}
