package schema_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/psirt"
)

// reception is what leaves it: IS-16, IS-21, IS-22.
var reception = []any{
	"owner", "triage", "aware_at", "2026-11-22T09:14:03Z", "awareness.through", "report", "awareness.evidence", "mail 1",
	"routing", item("team", "t", "notified_at", "2026-11-22T10:00:00Z"),
}

// lessons end what was a vulnerability: IS-34.
var lessons = []any{"lessons", item("text", "t", "owner", "o"), "feedback.with", "w", "feedback.at", "2026-12-22T10:00:00Z"}

var reward = []any{ // IS-37
	"assessment.cwe", []any{"CWE-330"},
	"reward.eligible", true, "reward.decision", "d", "reward.decided_by", "lead", "reward.triaged_by", "triage", "reward.approvals", []any{review("lead")},
}

var confirmed = []any{"analysis.text", "t", "analysis.verdict", "valid", "analysis.weakness.phase", "design",
	"analysis.weakness.exploitable", true, "analysis.weakness.breaches", "authentication"} // IS-06

var told = []any{"disclosure.others.notified", item("who", "customers", "at", "2026-12-01T10:00:00Z", "channel", "targeted", "recipients", item("who", "c", "status", "sent"))}

var inspurSteps = []step{
	{"reception", "analyzation", "", reception, nil},
	{"needs-info", "analyzation", "", reception, nil},
	{"closed", "analyzation", "", reception, nil}, // and, on a reply, when it lapsed
	{"analyzation", "solution", "", slices.Concat(confirmed, []any{
		"analysis.in_scope", true, "analysis.family", "server", "reporter.type", "researcher", // IS-19, IS-02
		"routing", item("acknowledged_at", "2026-11-22T10:00:00Z"), // IS-22
		"analysis.attempts", item("result", "seen", "by", "triage", "at", "2026-11-22T10:00:00Z", "environment", "e"), // IS-23
		"analysis.root_cause", "c", "analysis.exploitation", "e", // IS-24, IS-25
		"priority", "high", "response_plan.needed", false, "response_plan.text", "the usual process", // IS-04
		"products", item("name", "p", "versions", []any{"1"}), "remediation", item("product", "p", "versions", []any{"1"}, "kind", "fix"), "plan.complete", true, // IS-26
		"plan.team", "servers", "plan.approvals", []any{review("lead")},
	}), nil},
	{"solution", "interim", "", slices.Concat(told, []any{ // IS-29
		"exploited", "yes", "exploitation.details", "d", "remediation", item("kind", "workaround", "status", "available"),
	}), nil},
	{"interim", "communication", "", []any{"plan.complete", true, "products", item("name", "p", "versions", []any{"1"}), // IS-27, IS-28
		"remediation", item("product", "p", "kind", "fix", "versions", []any{"1"}, "status", "available", "reference", "r", "type", "firmware", "verified", map[string]any{"text": "t"})}, nil},
	{"communication", "feedback", "", slices.Concat(told, []any{"disclosure.advisory", "a", "disclosure.advisory_kind", "advisory"}), nil}, // IS-30 to IS-32
	{"feedback", "closed", "fixed", slices.Concat(lessons, reward, []any{"remediation", item("kind", "fix", "status", "available")}), nil},
	{"feedback", "closed", "mitigated", slices.Concat(lessons, reward, []any{"remediation", item("kind", "mitigation", "status", "available")}), nil},
	{"solution", "closed", "risk-accepted", slices.Concat(lessons, confirmed, []any{"assessment.cwe", []any{"CWE-330"}, "priority", "low", "closing.reason", "r"}), nil},
	{"solution", "closed", "end-of-life", slices.Concat(lessons, []any{"analysis.text", "t", "closing.reason", "r"}), nil},
	{"analyzation", "deferred", "", slices.Concat(confirmed, []any{"review_at", "2026-12-24"}), nil},
	{"reception", "closed", "duplicate", []any{"duplicate_of", "INSP-2026-0001"}, nil},
	{"analyzation", "closed", "already-fixed", []any{"analysis.text", "t", "closing.fixed_in", "2.0"}, nil},
	{"analyzation", "closed", "not-a-vulnerability", []any{"analysis.text", "t", "analysis.verdict", "not-valid"}, nil},
	{"analyzation", "closed", "not-reproducible", []any{"analysis.text", "t", "analysis.attempts", item("result", "none")}, nil},
	{"reception", "closed", "out-of-scope", []any{"analysis.in_scope", false, "closing.reason", "r"}, nil},
	{"analyzation", "closed", "forwarded-third-party", []any{"analysis.text", "t", "closing.forwarded_to", "w", "permissions.share", "yes"}, nil},
	{"needs-info", "closed", "insufficient-information", []any{"closing.reason", "r"}, nil},
	{"solution", "closed", "withdrawn-by-reporter", []any{"closing.reason", "r"}, nil},
	{"reception", "closed", "support-redirect", []any{"analysis.verdict", "not-security"}, nil}, // IS-39
}

func TestInspurMovesTakeWhatTheirGuardsSay(t *testing.T) {
	t.Parallel()
	holdSteps(t, "inspur", inspurSteps)
}

// IS-20: the policy's five steps in their order. Whatever is taken away from
// the way to the end leaves no other way: none can be skipped.
func TestInspurSkipsNoStep(t *testing.T) {
	t.Parallel()
	p := program(t, "inspur")
	steps := []string{"reception", "analyzation", "solution", "communication", "feedback"}
	for i, want := range []string{"Reception", "Analyzation", "Solution", "Communication", "Feedback"} {
		if s, _ := p.State(steps[i]); s.Label != want {
			t.Errorf("%s is labelled %q, and the policy says %q", steps[i], s.Label, want)
		}
	}
	for _, without := range steps {
		reached := map[string]bool{"reception": without != "reception"}
		for range p.States {
			for _, r := range p.Transitions {
				if slices.ContainsFunc(r.From, func(from string) bool { return from != without && reached[from] }) && r.To != without {
					if slices.Contains(r.Outcomes, "fixed") {
						t.Errorf("a case is fixed without %s", without)
					}
					reached[r.To] = r.To != "closed"
				}
			}
		}
	}
}

// IS-23: a reason replaces the attempt to reproduce.
func TestInspurReproductionIsWaivedWithAReason(t *testing.T) {
	t.Parallel()
	p := program(t, "inspur")
	doc := submitted()
	doc["analysis"] = map[string]any{"attempts": item("result", "seen")}
	if v := judge(p, "reproduction-tried", world("analyzation", doc)); v.OK() {
		t.Error("an attempt counts that says neither who nor when nor where")
	}
	set(doc, []string{"analysis", "reproduction_waived"}, "it would destroy the device")
	if v := judge(p, "reproduction-tried", world("analyzation", doc)); !v.OK() {
		t.Error(v.Text())
	}
}

// IS-29: the clock of the complete solution goes on while a temporary one is
// with customers.
func TestInspurTemporarySolutionStopsNoClock(t *testing.T) {
	t.Parallel()
	p := program(t, "inspur")
	events := []psirt.Event{{At: now, Name: "enter:solution"}, {At: now.Add(48 * time.Hour), Name: "leave:solution"}, {At: now.Add(48 * time.Hour), Name: "enter:interim"}}
	for _, r := range p.Readings(events, now.Add(91*24*time.Hour)) {
		if r.Clock == "full-solution" && r.Status != psirt.ClockOverdue {
			t.Errorf("after 91 days the clock is %s", r.Status)
		}
	}
}

// IS-31, IS-36: a public bulletin waits for the end of the embargo.
func TestInspurBulletinWaitsForTheEmbargo(t *testing.T) {
	t.Parallel()
	p := program(t, "inspur")
	for channel, until := range map[string]string{"public": "2026-11-21T00:00:00Z", "targeted": "2027-01-01T00:00:00Z"} {
		doc := submitted()
		doc["disclosure"] = map[string]any{"embargo_until": until, "others": map[string]any{"notified": item("channel", channel)}}
		if v := judge(p, "embargo-over", world("communication", doc)); !v.OK() {
			t.Error(v.Text())
		}
		set(doc, []string{"disclosure", "embargo_until"}, "2027-01-01T00:00:00Z")
		if v := judge(p, "embargo-over", world("communication", doc)); v.OK() != (channel == "targeted") {
			t.Errorf("%s under an embargo: %s", channel, v.Text())
		}
	}
}

// IS-37: nobody is named who did not agree.
func TestInspurCreditNeedsConsent(t *testing.T) {
	t.Parallel()
	creditNeedsConsent(t, "inspur")
}

func creditNeedsConsent(t *testing.T, name string) {
	t.Helper()
	p := program(t, name)
	doc := submitted()
	for i, want := range []bool{true, false, true} {
		switch i {
		case 1:
			set(doc, []string{"disclosure", "credit"}, "M")
		case 2:
			set(doc, []string{"permissions", "credit"}, "yes")
		}
		if v := judge(p, "credit-agreed", world("", doc)); v.OK() != want {
			t.Errorf("%s: %s", name, v.Text())
		}
	}
}

// IS-19: the seven families of the policy.
func TestInspurAcceptsSevenFamilies(t *testing.T) {
	t.Parallel()
	p := program(t, "inspur")
	text, err := os.ReadFile("../cases/inspur/templates/closed-out-of-scope.txt")
	if err != nil {
		t.Fatal(err)
	}
	for i, family := range []string{"server", "server management software", "AI management suite", "storage", "InCloudOS", "BigData Insight", "security products"} {
		if p.Scope.Products[i] != family || !strings.Contains(string(text), family) {
			t.Errorf("%s is not a family of the scope, or not named to those outside of it", family)
		}
		doc := submitted()
		doc["analysis"] = map[string]any{"in_scope": true, "family": family}
		if v := judge(p, "accepted", world("analyzation", doc)); !v.OK() {
			t.Errorf("%s: %s", family, v.Text())
		}
	}
	doc := submitted()
	doc["analysis"] = map[string]any{"in_scope": true, "family": "switches"}
	if v := judge(p, "accepted", world("analyzation", doc)); v.OK() {
		t.Error("a switch is accepted")
	}
}

// IS-36, IM-37: every message asks for confidentiality, or says that it ends.
func TestEveryMessageSaysWhatMayBePublic(t *testing.T) {
	t.Parallel()
	for name, words := range map[string][]string{"inspur": {"confidential"}, "imengine": {"express written consent"}} {
		for _, kind := range templates(t, "../cases/"+name+"/templates") {
			text, err := os.ReadFile(filepath.Join("../cases", name, "templates", kind+".txt"))
			if err != nil {
				t.Fatal(err)
			}
			flat := strings.Join(strings.Fields(string(text)), " ")
			for _, w := range words {
				if !strings.Contains(flat, w) {
					t.Errorf("%s/%s: nothing about %q", name, kind, w)
				}
			}
		}
	}
}
