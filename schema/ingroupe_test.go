package schema_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/psirt"
)

var now = time.Date(2026, 11, 22, 9, 14, 3, 0, time.UTC)

// world is a case in a state; report nil stands for a reader without a key,
// who sees the facts given.
func world(state string, report psirt.Document, facts ...string) psirt.World {
	return psirt.World{
		Case:   &psirt.Case{ID: "INGP-2026-0042", State: state, Facts: facts, Revision: 1, Opened: now},
		Report: report, Now: now,
	}
}

func submitted() psirt.Document {
	return psirt.Document{
		"docket": 1.0, "id": "INGP-2026-0042", "description": "text", "missing": []any{"discovery.when"},
		"consent": map[string]any{"submitted_at": "2026-11-22T09:14:03Z"},
	}
}

// judge asks a fact where each record stands in a revision that the person whom
// it names has signed.
func judge(p *psirt.Program, fact string, w psirt.World) psirt.Verdict {
	w.History = history(p, w.Report)
	return p.Judge(fact, w)
}

// history has a first revision without anybody's records, and then one for each
// person, with the records of those before.
func history(p *psirt.Program, report psirt.Document) []psirt.Past {
	said := map[string]bool{}
	out := []psirt.Past{{Revision: 1, By: p.Keys.Bot, Report: only(report, said)}}
	for i, x := range p.People {
		said[x.Handle] = true
		out = append(out, psirt.Past{Revision: i + 2, By: x.Key, Report: only(report, said)})
	}
	return out
}

// only is a report without the records of people who have not spoken yet.
func only(report psirt.Document, said map[string]bool) psirt.Document {
	var cut func(v any) any
	cut = func(v any) any {
		switch v := v.(type) {
		case []any:
			var out []any
			for _, item := range v {
				if m, ok := item.(map[string]any); ok && m["by"] != nil && !said[m["by"].(string)] {
					continue
				}
				out = append(out, cut(item))
			}
			return out
		case map[string]any:
			out := map[string]any{}
			for name, item := range v {
				out[name] = cut(item)
			}
			return out
		}
		return v
	}
	return psirt.Document(cut(map[string]any(report)).(map[string]any))
}

// review is a record of somebody.
func review(by string) map[string]any { return map[string]any{"by": by, "text": "t"} }

// IG-06, IG-08: submitting is consenting, so what intake records is enough for
// the first move; a label can ask for it, and one review on the forge is
// enough, since no sealed part is touched.
func TestIngroupeEvaluatesWhatWasSubmitted(t *testing.T) {
	t.Parallel()
	p := program(t, "ingroupe")
	facts := p.ClearFacts(world("received", submitted()))
	if !slices.Equal(facts, []string{"consent"}) {
		t.Errorf("clear facts of an incomplete report are %v, want consent alone", facts)
	}
	for name, w := range map[string]psirt.World{"with a key": world("received", submitted()), "without": world("received", nil, facts...)} {
		rule, verdict := p.Transition(w, "evaluating", "")
		if !verdict.OK() {
			t.Errorf("%s: %s", name, verdict.Text())
		}
		if !rule.Label || rule.Words == "required" || rule.Update != "evaluating" {
			t.Errorf("%s: a label with a standard text cannot do it: %+v", name, rule)
		}
		lead, triage := p.People[0].Key, p.People[1].Key
		review := []psirt.Approval{{By: triage, Kind: psirt.KindAttested}}
		if v := p.Approved(rule.Approvals, review, []psirt.Fingerprint{lead}, false); !v.OK() {
			t.Errorf("%s: %s", name, v.Text())
		}
		if v := p.Approved(rule.Approvals, review, []psirt.Fingerprint{triage}, false); v.OK() {
			t.Errorf("%s: whoever moves it approves it", name)
		}
	}
	unread := submitted()
	delete(unread, "consent")
	if _, verdict := p.Transition(world("received", unread), "evaluating", ""); verdict.OK() {
		t.Error("a report without consent is evaluated")
	}
}

// IG-29: the policy's four stages in their order, and nothing that skips one.
func TestIngroupeSkipsNoStage(t *testing.T) {
	t.Parallel()
	p := program(t, "ingroupe")
	stages := []string{"received", "evaluating", "solving", "communicating"}
	for i, want := range []string{"Reporting", "Evaluating", "Solving", "Communicating"} {
		if s, _ := p.State(stages[i]); s.Label != want {
			t.Errorf("%s is labelled %q, and the policy says %q", stages[i], s.Label, want)
		}
	}
	for i, from := range stages {
		for j, to := range stages {
			if j <= i+1 {
				continue
			}
			if slices.ContainsFunc(p.Transitions, func(r psirt.Transition) bool { return r.To == to && slices.Contains(r.From, from) }) {
				t.Errorf("a case can go from %s to %s at once", from, to)
			}
		}
	}
}

// step is what a move takes, beyond what was submitted.
type step struct {
	from    string
	to      string
	outcome psirt.Outcome
	needs   []any // path, value, path, value …
	updates []string
}

// item is a list with one entry.
func item(pairs ...any) []any {
	m := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i].(string)] = pairs[i+1]
	}
	return []any{m}
}

// toSolving is what Solving takes, wherever a case comes from: IG-01, IG-20, IG-31 to IG-33.
var toSolving = []any{
	"analysis.text", "t", "analysis.verdict", "valid", "priority", "high", "owner", "triage", "analysis.by", "lead", "analysis.reviews", []any{review("triage")},
	"products", item("name", "p", "type", "software", "versions", []any{"1"}),
	"assessment.ssvc.decision", "scheduled", "assessment.cvss", item("version", "4.0", "vector", "CVSS:4.0/AV:N"),
}

// scored is what a priority rests on.
var scored = []any{"priority", "low", "assessment.ssvc.decision", "scheduled", "assessment.cvss", item("version", "4.0", "vector", "CVSS:4.0/AV:N")}

var ingroupeSteps = []step{
	{"evaluating", "solving", "", toSolving, nil},
	{"deferred", "solving", "", toSolving, nil},
	{"solving", "communicating", "", []any{ // IG-03, IG-14, IG-35
		"remediation", item("kind", "fix", "status", "available", "text", "update"), "options", item("chosen", true, "why", "w"),
		"disclosure.embargo_until", "2027-02-12T09:00:00Z", "disclosure.embargo", item("event", "proposed", "at", "2026-11-22T10:00:00Z", "by", "triage"),
	}, nil},
	{"solving", "communicating", "", []any{ // IG-03: guidance does not apply
		"remediation", item("kind", "none-planned", "text", "no longer made"), "options", item("chosen", true, "why", "w"),
		"disclosure.embargo_until", "2027-02-12T09:00:00Z", "disclosure.embargo", item("event", "proposed", "at", "2026-11-22T10:00:00Z", "by", "triage"),
	}, nil},
	{"evaluating", "deferred", "", append([]any{"analysis.text", "t", "analysis.verdict", "valid", "review_at", "2026-12-24"}, scored...), nil},
	{"communicating", "closed", "fixed", []any{ // IG-36, IG-37
		"remediation", []any{map[string]any{"kind": "fix", "status": "available", "text": "update"}},
		"disclosure.others.none_because", "one customer",
	}, nil},
	{"communicating", "closed", "mitigated", []any{
		"remediation", []any{map[string]any{"kind": "workaround", "status": "available", "text": "filter"}},
		"disclosure.others.notified", []any{map[string]any{"who": "customers", "at": "2026-12-01T10:00:00Z"}},
	}, nil},
	{"solving", "closed", "risk-accepted", append([]any{"analysis.text", "t", "analysis.verdict", "valid", "closing.reason", "r"}, scored...), nil},
	{"received", "closed", "duplicate", []any{"duplicate_of", "INGP-2026-0001"}, nil},
	{"evaluating", "closed", "already-fixed", []any{"analysis.text", "t", "closing.fixed_in", "2.0"}, nil},
	{"evaluating", "closed", "not-a-vulnerability", []any{"analysis.text", "t", "analysis.verdict", "not-valid"}, nil},
	{"evaluating", "closed", "not-reproducible", []any{"analysis.text", "t", "analysis.attempts", []any{map[string]any{"result": "none"}}}, nil},
	{"received", "closed", "out-of-scope", []any{"analysis.in_scope", false, "closing.reason", "r"}, nil},
	{"deferred", "closed", "end-of-life", []any{"analysis.text", "t", "closing.reason", "r"}, nil},
	{"solving", "closed", "forwarded-third-party", []any{"analysis.text", "t", "closing.forwarded_to", "w"}, nil},
	{"needs-info", "closed", "insufficient-information", []any{"closing.reason", "r"}, nil}, // IG-28
	{"closed", "evaluating", "", nil, nil},
	{"solving", "closed", "withdrawn-by-reporter", []any{"closing.reason", "r"}, nil},
	{"received", "closed", "support-redirect", nil, nil},
	{"received", "closed", "spam", nil, nil},
	{"received", "evaluating", "", []any{"consent.submitted_at", "2026-11-22T09:14:03Z"}, nil},
}

func set(doc map[string]any, path []string, value any) {
	if len(path) == 1 {
		doc[path[0]] = value
		return
	}
	inner, ok := doc[path[0]].(map[string]any)
	if !ok {
		inner = map[string]any{}
		doc[path[0]] = inner
	}
	set(inner, path[1:], value)
}

// Each move passes with just what its guards ask for, and fails when any one
// of that is not there; the reasons then say what to do.
func TestIngroupeMovesTakeWhatTheirGuardsSay(t *testing.T) {
	t.Parallel()
	holdSteps(t, "ingroupe", ingroupeSteps)
}

func holdSteps(t *testing.T, name string, steps []step) {
	t.Helper()
	p := program(t, name)
	for _, c := range steps {
		judge := func(without int) psirt.Verdict {
			w := world(c.from, submitted())
			for i := 0; i < len(c.needs); i += 2 {
				if i == without {
					delete(w.Report, strings.Split(c.needs[i].(string), ".")[0])
				} else {
					set(w.Report, strings.Split(c.needs[i].(string), "."), c.needs[i+1])
				}
			}
			if without != len(c.needs) {
				for _, kind := range c.updates {
					w.Case.Updates = append(w.Case.Updates, psirt.Update{Kind: kind})
				}
			}
			w.History, w.Mover = history(p, w.Report), &psirt.Entry{By: p.People[0].Key}
			_, v := p.Transition(w, c.to, c.outcome)
			return v
		}
		if v := judge(-1); !v.OK() {
			t.Errorf("%s to %s %s: %s", c.from, c.to, c.outcome, v.Text())
		}
		last := len(c.needs)
		if c.updates != nil {
			last++
		}
		for i := 0; i < last; i += 2 {
			v := judge(i)
			if v.OK() || len(v.Reasons()) == 0 {
				t.Errorf("%s to %s %s passes without %v", c.from, c.to, c.outcome, append(c.needs, "an update")[i])
			}
		}
	}
	for _, o := range psirt.Outcomes {
		if !slices.ContainsFunc(p.Transitions, func(r psirt.Transition) bool { return slices.Contains(r.Outcomes, o) }) {
			t.Errorf("no case can be closed as %s", o)
		}
	}
	for _, r := range p.Transitions {
		if len(r.Guards) > 0 && !slices.ContainsFunc(steps, func(c step) bool {
			return c.to == r.To && slices.Contains(r.From, c.from) && (c.outcome == "" || slices.Contains(r.Outcomes, c.outcome))
		}) {
			t.Errorf("%s: no step of this test goes from %v to %s %v, which has guards", name, r.From, r.To, r.Outcomes)
		}
	}
}

// IG-31: the author of a verdict does not check it, and nobody checks it in
// somebody else's name.
func TestIngroupeVerdictIsReviewedByAnother(t *testing.T) {
	t.Parallel()
	p := program(t, "ingroupe")
	doc := submitted()
	for by, want := range map[string]bool{"lead": false, "triage": true, "stranger": false} {
		doc["analysis"] = map[string]any{"verdict": "valid", "by": "lead", "reviews": []any{review(by)}}
		if v := judge(p, "reviewed", world("evaluating", doc)); v.OK() != want {
			t.Errorf("a review by %s: %s", by, v.Text())
		}
	}
	doc["analysis"] = map[string]any{"verdict": "valid", "by": "lead", "reviews": []any{review("triage")}}
	w := world("evaluating", doc)
	if v := p.Judge("reviewed", w); v.Result != psirt.Sealed {
		t.Errorf("without history: %s", v.Text())
	}
	w.History = []psirt.Past{{Revision: 1, By: p.People[0].Key, Report: doc}}
	if v := p.Judge("reviewed", w); v.Result != psirt.Fail {
		t.Errorf("triage's record in lead's revision: %s", v.Text())
	}
	w.History = []psirt.Past{{Revision: 1, By: p.People[1].Key, Report: only(doc, nil)}, {Revision: 2, By: p.People[1].Key, Report: doc}}
	if v := p.Judge("reviewed", w); v.Result != psirt.Fail {
		t.Errorf("triage's review of a verdict that triage signed in lead's name: %s", v.Text())
	}
}

// IG-10, IG-11: a report that mentions a method which is not authorised is
// solved only after two people have looked at it.
func TestIngroupeMethodsNeedTwoReviewers(t *testing.T) {
	t.Parallel()
	p := program(t, "ingroupe")
	doc := submitted()
	doc["flags"] = []any{"prohibited-method-mentioned"}
	methodsNeedTwoReviewers(t, p, "evaluating", doc)
}

func methodsNeedTwoReviewers(t *testing.T, p *psirt.Program, state string, doc psirt.Document) {
	t.Helper()
	for _, c := range []struct {
		by   []any
		want bool
	}{{nil, false}, {[]any{review("lead")}, false}, {[]any{review("lead"), review("lead")}, false},
		{[]any{review("lead"), review("stranger")}, false}, {[]any{review("lead"), review("triage")}, true}} {
		set(doc, []string{"conduct", "reviews"}, c.by)
		if v := judge(p, "conduct-settled", world(state, doc)); v.OK() != c.want {
			t.Errorf("reviews %v: %s", c.by, v.Text())
		}
	}
}

// IG-13, IG-23, IG-24: what was touched and what is exploited is settled
// before the case is solved.
func TestIngroupeSettlesIncidentsAndExploitation(t *testing.T) {
	t.Parallel()
	p := program(t, "ingroupe")
	for _, c := range []struct {
		fact  string
		needs []any
	}{
		{"conduct-settled", []any{"conduct.data_accessed", "yes", "conduct.incident", "DI-7"}},
		{"exploitation-settled", []any{"exploited", "yes", "exploitation.details", "d", "exploitation.statutory.decision", "notify", "priority", "high"}},
	} {
		doc := submitted()
		for i := 0; i < len(c.needs); i += 2 {
			set(doc, strings.Split(c.needs[i].(string), "."), c.needs[i+1])
			if v := p.Judge(c.fact, world("evaluating", doc)); v.OK() != (i == len(c.needs)-2) {
				t.Errorf("%s after %v: %s", c.fact, c.needs[i], v.Text())
			}
		}
		if v := p.Judge(c.fact, world("evaluating", submitted())); !v.OK() {
			t.Errorf("%s where nothing happened: %s", c.fact, v.Text())
		}
	}
}

// A deferred case has a date that lies ahead.
func TestIngroupeReviewDateLiesAhead(t *testing.T) {
	t.Parallel()
	p := program(t, "ingroupe")
	doc := submitted()
	doc["analysis"] = map[string]any{"text": "t", "verdict": "valid"}
	doc["review_at"] = "2026-11-21"
	if _, v := p.Transition(world("evaluating", doc), "deferred", ""); v.OK() {
		t.Error("a case is deferred to yesterday")
	}
}

// IG-34: a verified reply brings the case back, made by the bot alone.
func TestIngroupeReplyResumes(t *testing.T) {
	t.Parallel()
	p := program(t, "ingroupe")
	rule, v := p.Transition(world("needs-info", nil), "evaluating", "")
	if !v.OK() {
		t.Fatal(v.Text())
	}
	if v := p.MayMove(rule, psirt.Entry{By: p.Keys.Bot, From: "needs-info", To: "evaluating"}, false); !v.OK() {
		t.Error(v.Text())
	}
	if v := p.Approved(rule.Approvals, nil, nil, false); !v.OK() {
		t.Error(v.Text())
	}
}

// What a label may ask for can be judged without a key: clear guards only, and
// a standard text.
func TestLabelsAskForWhatNeedsNoKey(t *testing.T) {
	t.Parallel()
	for _, name := range programmes(t) {
		p := program(t, name)
		for _, r := range p.Transitions {
			if !r.Label && r.On == "" {
				continue
			}
			if r.Words == "required" || (r.Label && r.Approvals.Count > 0 && r.Approvals.Kind != psirt.KindAttested) {
				t.Errorf("%s: %v to %s cannot be done by a label", name, r.From, r.To)
			}
			for _, guard := range r.Guards {
				if v := p.Judge(guard, world(r.From[0], nil)); v.Result == psirt.Sealed {
					t.Errorf("%s: %v to %s: a label cannot judge %s", name, r.From, r.To, guard)
				}
			}
		}
	}
}

// IG-02, IG-30 and the design's first look: within 24 hours, so that a short
// deadline tells nothing.
func TestEveryProgrammeLooksWithinADay(t *testing.T) {
	t.Parallel()
	for _, name := range programmes(t) {
		p := program(t, name)
		i := slices.IndexFunc(p.Clocks, func(c psirt.Clock) bool { return c.Name == "first-look" })
		if i < 0 || time.Duration(p.Clocks[i].Within) > 24*time.Hour {
			t.Errorf("%s has no clock first-look of 24 hours at most", name)
			continue
		}
		late := p.Readings([]psirt.Event{{At: now, Name: "opened"}, {At: now.Add(time.Minute), Name: "update:" + p.Intake.Update}}, now.Add(25*time.Hour))
		j := slices.IndexFunc(late, func(r psirt.Reading) bool { return r.Clock == "first-look" })
		if j < 0 || late[j].Status != psirt.ClockOverdue {
			t.Errorf("%s: an automatic acknowledgement stops the clock first-look: %+v", name, late)
		}
	}
}
