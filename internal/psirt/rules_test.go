package psirt

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// forked is small with several rules for closing as fixed: complete and valid,
// not valid but complete, and one that only a clock makes.
func forked() *Program {
	p := small()
	from := []string{"evaluating"}
	fixed := []Outcome{"fixed"}
	p.Transitions = slices.Insert(p.Transitions, 0,
		Transition{From: from, To: "closed", Outcomes: fixed, Update: "lapsed", On: "clock:triage"},
		Transition{From: from, To: "closed", Outcomes: fixed, Guards: []string{"complete", "valid"}, Update: "closed", Updates: []string{"thanks"}},
		Transition{From: from, To: "closed", Outcomes: fixed, Guards: []string{"complete", "not valid"}, Update: "other", Approvals: ApprovalRule{Count: 1, Role: RoleLead}})
	return p
}

// Of several rules the first whose guards hold counts, and the verdict explains
// each.
func TestRulesFallThrough(t *testing.T) {
	t.Parallel()
	p := forked()
	person, bot := &Entry{By: anna}, &Entry{By: p.Keys.Bot}
	valid, wrong := Document{"description": "d", "analysis": map[string]any{"verdict": "valid"}}, Document{"description": "d"}
	for _, x := range []struct {
		what   string
		report Document
		facts  []string
		mover  *Entry
		want   Result
		update string
		can    []string // updates of the rules that may count
	}{
		{"valid", valid, nil, person, Pass, "closed", []string{"closed"}},
		{"not valid", wrong, nil, person, Pass, "other", []string{"other"}},
		{"neither", Document{}, nil, person, Fail, "lapsed", nil},
		{"the clock", valid, nil, bot, Pass, "lapsed", []string{"lapsed"}},
		{"anybody", valid, nil, nil, Pass, "lapsed", []string{"lapsed"}},
		{"without a key", nil, []string{"complete"}, person, Sealed, "closed", []string{"closed", "other", "closed"}},
		{"without a key, incomplete", nil, nil, person, Fail, "lapsed", nil},
	} {
		w := World{Case: in("evaluating"), Report: x.report, Now: noon, Mover: x.mover}
		w.Case.Facts = x.facts
		rule, v := p.Transition(w, "closed", "fixed")
		if v.Result != x.want || rule.Update != x.update {
			t.Errorf("%s: %s, %s", x.what, rule.Update, v.Text())
		}
		contain(t, v.Text(), "rule 1 of 4 for this move, which sends lapsed", "rule 4 of 4", "the guards of one rule hold")
		if x.mover == person {
			contain(t, v.Text(), "only the clock triage makes this move")
		}
		if (len(v.Reasons()) == 0) != v.OK() {
			t.Errorf("%s: reasons %q", x.what, v.Reasons())
		}
		if v := All(v.What, append(v.Of, Passed("more"))...); v.Result != x.want {
			t.Errorf("%s: with a part more it is %s", x.what, v.Result)
		}
		var can []string
		for _, rule := range p.Candidates(w, "closed", "fixed") {
			can = append(can, rule.Update)
		}
		if !slices.Equal(can, x.can) {
			t.Errorf("%s: candidates send %v, want %v", x.what, can, x.can)
		}
	}
	if v := p.MayMove(p.Transitions[0], Entry{By: anna}, false); v.OK() {
		t.Error("a person makes the clock's move")
	}
	if v := p.MayMove(Transition{On: "clock:triage", Label: true}, Entry{By: anna}, false); !v.OK() {
		t.Error("a person cannot make a move that a label may ask for")
	}
}

func TestChoose(t *testing.T) {
	t.Parallel()
	rule := Transition{Update: "a", Updates: []string{"b", "c"}}
	for kind, want := range map[string]string{"": "a", "a": "a", "c": "c"} {
		if got, ok := rule.Choose(kind); !ok || got != want {
			t.Errorf("%q gives %q, %v", kind, got, ok)
		}
	}
	if _, ok := rule.Choose("d"); ok {
		t.Error("a move sends what its rule does not name")
	}
	if !slices.Equal(rule.Kinds(), []string{"a", "b", "c"}) {
		t.Errorf("kinds are %v", rule.Kinds())
	}
}

// waiting is a programme with two reminders and a closing.
func waiting() *Program {
	p := small()
	clock := func(name, remind string, days int) Clock {
		return Clock{Name: name, Means: "m", Starts: []string{"enter:waiting"}, Stops: []string{"mail:*", "leave:waiting"}, Within: Duration(time.Duration(days) * day), Party: "reporter", Remind: remind}
	}
	p.Clocks = []Clock{clock("first", "reminder", 14), clock("second", "last-reminder", 28), clock("end", "", 42),
		{Name: "silence", Means: "m", Starts: []string{"opened", "update:*"}, Stops: []string{"enter:closed"}, Within: Duration(20 * day), Remind: "progress"}}
	p.Transitions = append(p.Transitions, Transition{From: []string{"waiting"}, To: "closed", Outcomes: []Outcome{"insufficient-information"}, Update: "closed", On: "clock:end"})
	p.Standing = []Standing{{Kind: "letter", By: "team", Approvals: ApprovalRule{Count: 1}}, {Kind: "hint", By: "bot"}, {Kind: "twice", By: "team", Most: 2}}
	return p
}

// Two reminders, each once in a run, then the end; a mail stops it all.
func TestDue(t *testing.T) {
	t.Parallel()
	p := waiting()
	if faults := p.Check(); len(faults) > 0 {
		t.Fatal(faults)
	}
	c := in("waiting")
	c.Log = []Entry{{Revision: 1, At: noon, To: "received"}, {Revision: 2, At: at(day), From: "received", To: "waiting"}}
	update := func(revision int, kind string) Update {
		return Update{N: revision, Kind: kind, Revision: revision}
	}
	for _, x := range []struct {
		what      string
		days      int
		updates   []Update
		sent      map[int]time.Time
		mail      int // day, or 0
		reminders []string
		moves     int
	}{
		{"nothing yet", 10, nil, nil, 0, nil, 0},
		{"the first", 16, nil, nil, 0, []string{"reminder"}, 0},
		{"the first is on its way", 16, []Update{update(3, "reminder")}, nil, 0, nil, 0},
		{"one of an earlier run", 16, []Update{update(1, "reminder")}, nil, 0, []string{"reminder"}, 0},
		{"both, when nobody looked", 30, nil, nil, 0, []string{"reminder", "last-reminder", "progress"}, 0},
		{"the second", 30, []Update{update(3, "reminder")}, map[int]time.Time{3: at(16 * day)}, 0, []string{"last-reminder"}, 0},
		{"the end", 44, []Update{update(3, "reminder"), update(4, "last-reminder")}, map[int]time.Time{3: at(16 * day), 4: at(30 * day)}, 0, nil, 1},
		{"a mail came", 44, nil, nil, 20, []string{"progress"}, 0},
		{"silence was broken", 44, []Update{update(3, "progress")}, map[int]time.Time{3: at(21 * day)}, 20, []string{"progress"}, 0},
		{"silence is being broken", 44, []Update{update(3, "progress"), update(4, "progress")}, map[int]time.Time{3: at(21 * day)}, 20, nil, 0},
	} {
		c.Updates = x.updates
		w := World{Case: c, Now: at(time.Duration(x.days) * day), Sent: x.sent, Events: c.Events()}
		for n, when := range x.sent {
			w.Events = append(w.Events, Event{when, "update:" + x.updates[slices.IndexFunc(x.updates, func(u Update) bool { return u.N == n })].Kind})
		}
		if x.mail > 0 {
			w.Events = append(w.Events, Event{at(time.Duration(x.mail) * day), "mail:follow-up"})
		}
		var kinds []string
		for _, r := range p.DueReminders(w) {
			kinds = append(kinds, r.Kind)
			if _, v := p.StandingText(w, r.Kind, p.Keys.Bot); !v.OK() {
				t.Errorf("%s: %s", x.what, v.Text())
			}
		}
		if !slices.Equal(kinds, x.reminders) {
			t.Errorf("%s: reminders %v, want %v", x.what, kinds, x.reminders)
		}
		for _, kind := range []string{"reminder", "last-reminder", "progress"} {
			if _, v := p.StandingText(w, kind, p.Keys.Bot); v.OK() != slices.Contains(x.reminders, kind) {
				t.Errorf("%s: the bot sends %s: %s", x.what, kind, v.Text())
			}
		}
		moves := p.DueMoves(w)
		if len(moves) != x.moves {
			t.Errorf("%s: moves %v", x.what, moves)
		}
		for _, m := range moves {
			if m.To != "closed" || m.Outcome != "insufficient-information" || m.Clock != "end" || !m.Since.Equal(at(43*day)) || m.Rule.On != "clock:end" {
				t.Errorf("%s: %+v", x.what, m)
			}
		}
		if v := p.RanOut("end", w.Events, w.Now); v.OK() != (x.moves > 0) {
			t.Errorf("%s: %s", x.what, v.Text())
		}
	}
	// What came later counts nothing: the move was right when it was made.
	events := append(c.Events(), Event{at(50 * day), "mail:follow-up"})
	if v := p.RanOut("end", events, at(44*day)); !v.OK() {
		t.Error(v.Text())
	}
	if p.RanOut("absent", events, at(44*day)).OK() {
		t.Error("a clock that is not there has run out")
	}
}

// A standard text may have guards; what only a key would show stays open.
func TestStandingGuards(t *testing.T) {
	t.Parallel()
	p := waiting()
	p.Facts["ready"] = Fact{Means: "m", Do: "d", Is: Test{Present: "remediation"}}
	p.Standing = append(p.Standing, Standing{Kind: "ready", By: "team", Guards: []string{"ready"}})
	c := in("evaluating")
	for _, x := range []struct {
		kind   string
		report Document
		want   Result
	}{
		{"ready", doc(t, `{"remediation": ["x"]}`), Pass},
		{"ready", doc(t, `{"title": "x"}`), Fail},
		{"ready", nil, Sealed},
		{"letter", doc(t, `{"title": "x"}`), Pass},
	} {
		if v := p.StandingGuards(World{Case: c, Report: x.report, Now: noon}, x.kind); v.Result != x.want {
			t.Errorf("%s of %v: %s", x.kind, x.report, v.Text())
		}
	}
	p.Standing[0].Guards = []string{"not there"}
	if len(p.Check()) == 0 {
		t.Error("a guard that is no fact is not found")
	}
}

func TestStandingTexts(t *testing.T) {
	t.Parallel()
	p := waiting()
	for _, x := range []struct {
		kind  string
		by    Fingerprint
		sent  int
		want  Result
		count int
		text  string
	}{
		{"letter", anna, 0, Pass, 1, ""},
		{"letter", anna, 7, Pass, 1, ""},
		{"letter", p.Keys.Bot, 0, Fail, 0, "the bot may not send the text letter"},
		{"hint", p.Keys.Bot, 0, Pass, 0, ""},
		{"hint", p.Keys.Bot, 1, Fail, 0, "sent 1 times, which is as often"},
		{"hint", anna, 5, Pass, 0, ""},
		{"twice", anna, 1, Pass, 0, ""},
		{"twice", anna, 2, Fail, 0, "sent 2 times"},
		{"ask", anna, 3, Pass, 1, ""}, // the rule for messages
		{"ask", p.Keys.Bot, 0, Fail, 0, "a member of the team must send it"},
	} {
		c := in("waiting")
		c.Updates = slices.Repeat([]Update{{Kind: x.kind}}, x.sent)
		rule, v := p.StandingText(World{Case: c, Now: noon}, x.kind, x.by)
		if v.Result != x.want || v.OK() && rule.Count != x.count || !strings.Contains(v.Text(), x.text) {
			t.Errorf("%s after %d: %+v, %s", x.kind, x.sent, rule, v.Text())
		}
	}
}
