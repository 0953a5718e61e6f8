package schema_test

import (
	"slices"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/schema"
)

// Nothing in a shipped programme is allowed and yet cannot be meant.
func TestProgrammesMakeSense(t *testing.T) {
	t.Parallel()
	for _, name := range programmes(t) {
		around := psirt.Around{
			Path:      func(path string) ([]string, bool) { return schema.Path(schema.Report, path) },
			Templates: append(templates(t, builtin), templates(t, "../cases/"+name+"/templates")...),
		}
		for _, f := range program(t, name).Review(around) {
			t.Errorf("cases/%s/program.yaml: %s", name, f)
		}
	}
}

// readingOf is how a sealed clock of a programme stands.
func readingOf(t *testing.T, name, clock string, w psirt.World) *psirt.Reading {
	t.Helper()
	for _, r := range program(t, name).SealedReadings(w) {
		if r.Clock == clock {
			return &r
		}
	}
	return nil
}

// IS-21, IG-23: the deadlines of Article 14 run from awareness, each with the
// evidence of it, and stand still nowhere.
func TestEveryProgrammeWatchesTheLaw(t *testing.T) {
	t.Parallel()
	for _, name := range programmes(t) {
		p := program(t, name)
		doc := submitted()
		for path, value := range map[string]any{
			"exploited": "yes", "aware_at": "2026-11-22T08:00:00Z", "awareness": map[string]any{"evidence": "mail 1"},
			"remediation": item("available_at", "2026-11-20", "reference", "r"),
			"cra": map[string]any{"incident": map[string]any{"severe": true, "aware_at": "2026-11-21T08:00:00Z", "evidence": "log",
				"notification": map[string]any{"filed_at": "2026-11-22T09:00:00Z", "reference": "n"}}},
		} {
			doc[path] = value
		}
		w := world(p.States[len(p.States)-2].Name, doc)
		for clock, want := range map[string]struct {
			due, evidence string
			status        psirt.ClockStatus
		}{
			"cra-early-warning":          {"2026-11-23T08:00:00Z", "mail 1", psirt.ClockRunning},
			"cra-notification":           {"2026-11-25T08:00:00Z", "mail 1", psirt.ClockRunning},
			"cra-final":                  {"2026-12-04T00:00:00Z", "r", psirt.ClockRunning},
			"cra-incident-early-warning": {"2026-11-22T08:00:00Z", "log", psirt.ClockOverdue},
			"cra-incident-notification":  {"2026-11-24T08:00:00Z", "log", psirt.ClockKept},
			"cra-incident-final":         {"2026-12-22T09:00:00Z", "n", psirt.ClockRunning},
		} {
			r := readingOf(t, name, clock, w)
			if r == nil || r.Due.Format(time.RFC3339) != want.due || r.Evidence != want.evidence || r.Status != want.status || !r.Statutory {
				t.Errorf("%s: %s is %+v, want %+v", name, clock, r, want)
			}
		}
		set(doc, []string{"exploitation", "statutory"}, map[string]any{"decision": "none", "why": "not ours"})
		if r := readingOf(t, name, "cra-early-warning", w); r != nil {
			t.Errorf("%s: a deadline runs although the law asks for nothing: %+v", name, r)
		}
	}
}

// IG-02, IM-05: the target follows from the priority, and only those whose key
// opens the case know it.
func TestTargetsFollowThePriority(t *testing.T) {
	t.Parallel()
	for name, c := range map[string][2]string{"ingroupe": {"solving", "solution-target"}, "inspur": {"solution", "solution-target"}, "imengine": {"remediate", "remediate-target"}} {
		for priority, days := range map[string]int{"critical": 7, "high": 30, "medium": 60, "low": 90} {
			doc := submitted()
			doc["priority"] = priority
			w := world(c[0], doc)
			w.Case.Log = []psirt.Entry{{Revision: 1, At: now, To: c[0]}}
			if r := readingOf(t, name, c[1], w); r == nil || !r.Due.Equal(now.AddDate(0, 0, days)) {
				t.Errorf("%s, %s: %+v", name, priority, r)
			}
			w.Report = nil
			if r := readingOf(t, name, c[1], w); r != nil {
				t.Errorf("%s: without a key it is %+v", name, r)
			}
		}
	}
}

// IG-28, IG-34, IS-05, IM-25: two reminders, the end by the bot, and a verified
// reply that opens the case again by itself.
func TestEveryProgrammeRemindsTwiceAndLapses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string][3]string{"ingroupe": {"needs-info", "closed", "evaluating"}, "inspur": {"needs-info", "closed", "analyzation"}, "imengine": {"waiting-for-reporter", "lapsed", "verify"}} {
		p := program(t, name)
		w := world(c[0], nil, "owned", "aware", "teams-notified")
		w.Case.Log = []psirt.Entry{{Revision: 1, At: now, To: c[0]}}
		var kinds []string
		for day := 1; day < 60; day++ {
			w.Now = now.AddDate(0, 0, day)
			for _, r := range p.DueReminders(w) {
				if r.Kind != "progress" {
					kinds = append(kinds, r.Kind)
					w.Case.Updates = append(w.Case.Updates, psirt.Update{N: len(kinds), Kind: r.Kind, Revision: 1 + len(kinds)})
				}
			}
			moves := p.DueMoves(w)
			if len(moves) == 0 {
				continue
			}
			if day != 43 || moves[0].To != c[1] || moves[0].Outcome != "insufficient-information" {
				t.Errorf("%s: on day %d the bot makes %+v", name, day, moves)
			}
			break
		}
		if !slices.Equal(kinds, []string{"reminder", "last-reminder"}) {
			t.Errorf("%s: the reminders are %v", name, kinds)
		}
		w.Case.State, w.Case.Outcome = c[1], "insufficient-information"
		w.Mover = &psirt.Entry{By: p.Keys.Bot}
		if rule, v := p.Transition(w, c[2], ""); !v.OK() || rule.On != "reply" {
			t.Errorf("%s: a reply does not open it again: %s", name, v.Text())
		}
		w.Case.State, w.Case.Outcome = "closed", "fixed"
		if _, v := p.Transition(w, c[2], ""); v.OK() {
			t.Errorf("%s: a reply opens what was fixed", name)
		}
	}
}

// IS-40: three texts to choose from, and the ordinary one without a choice.
func TestInspurRedirectsThreeWays(t *testing.T) {
	t.Parallel()
	p := program(t, "inspur")
	rule, _ := p.Transition(world("reception", nil, "not-security"), "closed", "support-redirect")
	for choice, want := range map[string]string{"": "closed-support-redirect", "support-features": "support-features",
		"support-technical": "support-technical", "support-updates": "support-updates"} {
		if got, ok := rule.Choose(choice); !ok || got != want {
			t.Errorf("%q gives %q, %v", choice, got, ok)
		}
	}
}

// IS-26: a plan that leaves a version out is none.
func TestInspurPlanCoversEveryVersion(t *testing.T) {
	t.Parallel()
	p := program(t, "inspur")
	doc := submitted()
	doc["plan"] = map[string]any{"complete": true}
	doc["products"] = append(item("name", "a", "versions", []any{"1", "2"}), item("name", "b", "versions", []any{"3"})...)
	line := func(versions ...any) map[string]any {
		return map[string]any{"product": "a", "kind": "fix", "versions": versions}
	}
	for _, c := range []struct {
		lines []any
		want  bool
	}{{nil, false}, {[]any{line("1", "2")}, false}, {[]any{line("1"), line("2", "3")}, true}, {[]any{line("1", "2", "3"), map[string]any{"kind": "fix"}}, false}} {
		doc["remediation"] = c.lines
		if v := judge(p, "planned", world("analyzation", doc)); v.OK() != c.want {
			t.Errorf("%v: %s", c.lines, v.Text())
		}
	}
}

// IS-26: the approval is the product team's own.
func TestInspurProductTeamApproves(t *testing.T) {
	t.Parallel()
	p := program(t, "inspur")
	for by, want := range map[string]bool{"lead": true, "triage": false} { // lead has the role product
		doc := submitted()
		doc["plan"] = map[string]any{"team": "servers", "approvals": []any{review(by)}}
		if v := judge(p, "plan-approved", world("analyzation", doc)); v.OK() != want {
			t.Errorf("by %s: %s", by, v.Text())
		}
	}
}

// IS-37: whoever triages does not decide on the reward.
func TestInspurRewardIsDecidedByAnother(t *testing.T) {
	t.Parallel()
	p := program(t, "inspur")
	for _, c := range []struct {
		triaged, decided, signed string
		want                     bool
	}{{"triage", "lead", "lead", true}, {"lead", "lead", "lead", false}, {"triage", "lead", "triage", false}, {"lead", "triage", "triage", true}} {
		doc := submitted()
		doc["reward"] = map[string]any{"eligible": true, "decision": "d", "decided_by": c.decided, "triaged_by": c.triaged, "approvals": []any{review(c.signed)}}
		if v := judge(p, "reward-decided", world("feedback", doc)); v.OK() != c.want {
			t.Errorf("%+v: %s", c, v.Text())
		}
	}
}

// IS-22, IS-03: each team that a case is routed to is told, and answers.
func TestInspurEachTeamIsTold(t *testing.T) {
	t.Parallel()
	p := program(t, "inspur")
	doc := submitted()
	doc["routing"] = append(item("team", "servers", "notified_at", "2026-11-22T10:00:00Z", "acknowledged_at", "2026-11-22T11:00:00Z"), item("team", "storage")...)
	for _, fact := range []string{"teams-notified", "teams-answer"} {
		if v := p.Judge(fact, world("reception", doc)); v.OK() {
			t.Errorf("%s although one team was not told", fact)
		}
	}
	for product, team := range map[string]string{"NF5280 server": "servers", "Server Management Software 2.1": "software", "BigData Insight": "cloud", "AS5300 storage": "storage"} {
		if got := p.TeamOf(product); got != team {
			t.Errorf("%s belongs to %q, want %s", product, got, team)
		}
	}
}

// IG-09: what is passed on serves a purpose that the reporter granted.
func TestIngroupeSharesServeAPurpose(t *testing.T) {
	t.Parallel()
	p := program(t, "ingroupe")
	doc := submitted()
	set(doc, []string{"consent", "purposes"}, []any{"analysis", "patching"})
	for _, c := range []struct {
		shares []any
		want   bool
	}{{nil, true}, {item("with", "w", "purpose", "patching"), true}, {item("with", "w", "purpose", "marketing"), false},
		{append(item("with", "w", "purpose", "patching"), item("with", "v")...), false}} {
		if doc["shares"] = c.shares; c.shares == nil {
			delete(doc, "shares")
		}
		if v := p.Judge("purposes-kept", world("communicating", doc)); v.OK() != c.want {
			t.Errorf("%v: %s", c.shares, v.Text())
		}
	}
}
