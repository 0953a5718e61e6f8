package psirt

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/peer"
)

func faultless(t *testing.T, p *Program) {
	t.Helper()
	if faults := p.Check(); len(faults) > 0 {
		t.Fatal(faults)
	}
}

// around knows a few paths and templates.
func around() Around {
	values := map[string][]string{"description": nil, "analysis.verdict": {"valid", "not-valid"}, "reviews": nil, "reviews.by": nil,
		"reviews.kind": {"verdict", "conduct"}, "aware_at": nil, "priority": {"high", "low"}, "due_at": nil}
	return Around{
		Path:      func(path string) ([]string, bool) { v, ok := values[path]; return v, ok },
		Templates: []string{"acknowledge", "note", "evaluating", "closed", "silent"},
	}
}

// Each finding is found by itself, at its path, with what to do; and a
// programme that makes sense has none.
func TestReview(t *testing.T) {
	t.Parallel()
	if found := small().Review(around()); len(found) > 0 {
		t.Fatalf("of a programme that makes sense: %v", found)
	}
	fact := func(p *Program, name string, is Test) {
		p.Facts[name] = Fact{Means: "m", Do: "d", Is: is}
		p.Transitions[1].Guards = append(p.Transitions[1].Guards, name)
	}
	equals := func(path string, v any) Test { return Test{Equals: &Equals{path, v}} }
	in := func(path string, v ...any) Test { return Test{In: &In{path, v}} }
	not := func(x Test) Test { return Test{Not: &x} }
	clock := func(p *Program, c Clock) {
		c.Name, c.Means = "extra", "m"
		if c.Within == 0 && c.Until == "" {
			c.Within = Duration(day)
		}
		p.Clocks = append(p.Clocks, c)
	}
	for _, x := range []struct {
		path, text string
		change     func(*Program)
	}{
		{"states[4]", "no case reaches island", func(p *Program) {
			p.States = append(p.States, State{Name: "island", Phase: PhaseDeferred}, State{Name: "bay", Phase: PhaseDeferred})
			p.Transitions = append(p.Transitions, Transition{From: []string{"island"}, To: "bay", Update: Silent}, Transition{From: []string{"bay"}, To: "island", Update: Silent})
		}},
		{"states[4]", "a case in trap can never be closed", func(p *Program) {
			p.States = append(p.States, State{Name: "trap", Phase: PhaseDeferred})
			p.Transitions = append(p.Transitions, Transition{From: []string{"waiting", "trap"}, To: "trap", Update: Silent})
		}},
		{"transitions[3].guards", "they contradict each other", func(p *Program) { p.Transitions[3].Guards = []string{"valid", "not valid"} }},
		{"transitions[1].guards", "nobody can meet never: it contradicts itself", func(p *Program) {
			fact(p, "never", Test{All: []Test{{Present: "description"}, not(Test{Present: "description"})}})
		}},
		{"transitions[1].guards", "contradicts itself", func(p *Program) {
			fact(p, "never", Test{All: []Test{equals("priority", "high"), in("priority", "low")}})
		}},
		{"transitions[1].guards", "contradicts itself", func(p *Program) {
			fact(p, "never", Test{All: []Test{in("priority", "high"), in("priority", "low")}})
		}},
		{"transitions[1].guards", "contradicts itself", func(p *Program) {
			fact(p, "never", Test{All: []Test{not(Test{Present: "reviews"}), {Count: &Count{Path: "reviews", Min: 1}}}})
		}},
		{"transitions[1].guards", "contradicts itself", func(p *Program) {
			fact(p, "never", Test{All: []Test{not(Test{Present: "reviews"}), {Signers: &Signers{Path: "reviews"}}}})
		}},
		{"transitions[1].guards", "contradicts itself", func(p *Program) {
			fact(p, "never", Test{Count: &Count{Path: "reviews", Min: 3, Max: 2}})
		}},
		{"transitions[1].guards", "contradicts itself", func(p *Program) { // whichever way it is met
			fact(p, "never", Test{All: []Test{{Any: []Test{not(Test{Fact: "valid"}), {Fact: "valid"}}}, in("priority", "high"),
				{Any: []Test{equals("priority", "low"), not(Test{Present: "priority"})}}}})
		}},
		{"facts.x.where[0]", "no report has reviews.text", func(p *Program) {
			fact(p, "x", Test{Some: &Items{"reviews", []Test{{Present: "text"}}}})
		}},
		{"facts.x", "no report has reviewer", func(p *Program) { fact(p, "x", Test{Present: "reviewer"}) }},
		{"facts.x", "analysis.verdict is never vlaid", func(p *Program) { fact(p, "x", equals("analysis.verdict", "vlaid")) }},
		{"facts.x.where[0]", "reviews.kind is never reward", func(p *Program) {
			fact(p, "x", Test{Signers: &Signers{Path: "reviews", Where: []Test{equals("kind", "reward")}}})
		}},
		{"facts.x", "no report has reviews.who", func(p *Program) { fact(p, "x", Test{Signers: &Signers{Path: "reviews", By: "who"}}) }},
		{"facts.x", "no envelope has case.title", func(p *Program) { fact(p, "x", Test{Present: "case.title"}) }},
		{"facts.x", "no case is in the state solved", func(p *Program) { fact(p, "x", equals("case.state", "solved")) }},
		{"facts.x", "no update of the kind told is ever sent", func(p *Program) { fact(p, "x", equals("case.updates", "told")) }},
		{"templates", "there is no template farewell", func(p *Program) { p.Transitions[3].Updates = []string{"farewell"} }},
		{"clocks[2].starts", "the clock extra never starts", func(p *Program) { clock(p, Clock{Starts: []string{"leave:closed"}, Stops: []string{"mail:*"}}) }},
		{"clocks[2].stops", "the clock extra never stops", func(p *Program) { clock(p, Clock{Starts: []string{"opened"}, Stops: []string{"update:farewell"}}) }},
		{"clocks[2].starts", "the clock extra starts no sooner than it is due", func(p *Program) {
			clock(p, Clock{Starts: []string{"report:aware_at"}, Stops: []string{"enter:closed"}, Until: "aware_at"})
		}},
		{"clocks[2].evidence", "nobody could show when the clock extra began", func(p *Program) {
			clock(p, Clock{Starts: []string{"report:aware_at"}, Stops: []string{"enter:closed"}, Statutory: true})
		}},
		{"clocks[2]", "no report has seen_at", func(p *Program) {
			clock(p, Clock{Starts: []string{"report:aware_at|seen_at"}, Stops: []string{"enter:closed"}})
		}},
		{"clocks[2].until", "no report has end_at", func(p *Program) {
			clock(p, Clock{Starts: []string{"opened"}, Stops: []string{"enter:closed"}, Until: "end_at"})
		}},
		{"clocks[2].within_by", "priority is never urgent", func(p *Program) {
			clock(p, Clock{Starts: []string{"opened"}, Stops: []string{"enter:closed"}, WithinBy: &WithinBy{"priority", map[string]Duration{"urgent": Duration(day)}}})
		}},
		{"transitions[4].approvals", "it takes 2 approvals by lead", func(p *Program) { p.Transitions[4].Approvals.Count = 2 }},
		{"changes", "it takes 1 approval by lead", func(p *Program) { p.Changes = ApprovalRule{Count: 1, Role: RoleLead} }},
		{"roles.legal", "nobody has the role legal", func(p *Program) { p.Roles = map[string]Role{"legal": {Means: "m"}} }},
		{"facts.x", "it takes 2 people with the role lead, and 1 have it", func(p *Program) {
			fact(p, "x", Test{Signers: &Signers{Path: "reviews", Min: 2, Role: RoleLead}})
		}},
		{"facts.x", "nothing asks for x", func(p *Program) { p.Facts["x"] = Fact{Means: "m", Do: "d", Is: Test{Present: "description"}} }},
		{"transitions[5]", "it never counts where transitions[0] fits too", func(p *Program) {
			p.Transitions = append(p.Transitions, Transition{From: []string{"received"}, To: "evaluating", Guards: []string{"complete", "valid"}, Update: "evaluating"})
		}},
		{"transitions[5]", "without a key nobody can tell it from transitions[4]", func(p *Program) {
			p.Transitions = append(p.Transitions, Transition{From: []string{"evaluating"}, To: "closed", Outcomes: []Outcome{"not-a-vulnerability"}, Guards: []string{"valid"}, Update: "closed"})
		}},
	} {
		p := small()
		x.change(p)
		faultless(t, p)
		found := p.Review(around())
		if i := slices.IndexFunc(found, func(f Finding) bool { return f.Path == x.path && strings.Contains(f.Text, x.text) }); i < 0 || found[i].Do == "" {
			t.Errorf("no finding at %s that says %q in %v", x.path, x.text, found)
		}
	}
}

// What makes sense although it looks alike is no finding.
func TestReviewOfWhatMakesSense(t *testing.T) {
	t.Parallel()
	for i, change := range []func(*Program){
		func(p *Program) { // by the clock, or by a person
			p.Transitions = append(p.Transitions, Transition{From: []string{"evaluating"}, To: "closed", Outcomes: []Outcome{"fixed"}, Update: "closed", On: "clock:triage"})
		},
		func(p *Program) { // told apart by a clear fact
			p.Transitions[0].Guards = []string{"complete"}
			p.Transitions = append(p.Transitions, Transition{From: []string{"received"}, To: "evaluating", Guards: []string{"not complete"}, Update: "evaluating"})
		},
		func(p *Program) { // two of three values
			p.Facts["valid"] = Fact{Means: "m", Do: "d", Is: Test{All: []Test{{In: &In{"priority", []any{"high", "low"}}}, {Equals: &Equals{"priority", "low"}}}}}
		},
		func(p *Program) { // one list, two elements
			p.Facts["valid"] = Fact{Means: "m", Do: "d", Is: Test{All: []Test{{Equals: &Equals{"reviews.kind", "verdict"}}, {Equals: &Equals{"reviews.kind", "conduct"}}}}}
		},
	} {
		p := small()
		change(p)
		faultless(t, p)
		if found := p.Review(around()); len(found) > 0 {
			t.Errorf("%d: %v", i, found)
		}
	}
	if found := small().Review(Around{}); len(found) > 0 {
		t.Errorf("without anything around: %v", found)
	}
}

// Facts that can be met in very many ways are not gone through for ever.
func TestReviewOfManyWays(t *testing.T) {
	t.Parallel()
	p := small()
	var all []Test
	for range 40 {
		all = append(all, Test{Any: []Test{{Present: "description"}, {Present: "priority"}, {Present: "reviews"}}})
	}
	p.Facts["valid"] = Fact{Means: "m", Do: "d", Is: Test{All: all}}
	faultless(t, p)
	took := peer.Took(func() {
		if found := p.Review(around()); len(found) > 0 {
			t.Errorf("found %v", found)
		}
	})
	if took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

// The faults of what check_more.go judges, each by itself.
func TestCheckMore(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		path, text string
		change     func(*Program)
	}{
		{"intake.terminated", "since which day", func(p *Program) { p.Intake.Terminated = &Terminated{Since: "soon", Update: "u"} }},
		{"facts.x", "cannot be clear", func(p *Program) {
			p.Facts["x"] = Fact{Clear: true, Means: "m", Do: "d", Is: Test{Signers: &Signers{Path: "a"}}}
		}},
		{"facts.x", "there is no role legal", func(p *Program) {
			p.Facts["x"] = Fact{Means: "m", Do: "d", Is: Test{Signers: &Signers{Path: "a", Role: "legal"}}}
		}},
		{"facts.x.where", "say what is asked", func(p *Program) { p.Facts["x"] = Fact{Means: "m", Do: "d", Is: Test{Each: &Items{Path: "a"}}} }},
		{"facts.x.where[0]", "exactly one of", func(p *Program) {
			p.Facts["x"] = Fact{Means: "m", Do: "d", Is: Test{Some: &Items{"a", []Test{{}}}}}
		}},
		{"facts.x.where[0]", "about the whole case", func(p *Program) {
			p.Facts["x"] = Fact{Means: "m", Do: "d", Is: Test{Some: &Items{"a", []Test{{Fact: "valid"}}}}}
		}},
		{"transitions[0].updates", "names further kinds", func(p *Program) { p.Transitions[0].Updates = []string{"evaluating"} }},
		{"transitions[2].updates", "where the move sends one", func(p *Program) { p.Transitions[2].Updates = []string{"other"} }},
		{"transitions[2].on", "which the bot does not open", func(p *Program) {
			p.Clocks[0].Evidence = "a"
			p.Transitions[2].On = "clock:triage"
		}},
		{"clocks[0].within", "say how long", func(p *Program) { p.Clocks[0].Months = 1 }},
		{"clocks[0].within_by", "names a path", func(p *Program) { p.Clocks[0].WithinBy = &WithinBy{} }},
		{"clocks[0].within_by.values.high", "say how long", func(p *Program) {
			p.Clocks[0].WithinBy = &WithinBy{"priority", map[string]Duration{"high": 0}}
		}},
		{"clocks[0].ahead", "goes with until", func(p *Program) { p.Clocks[0].Ahead = 1 }},
		{"clocks[0].statutory", "no law stands still", func(p *Program) { p.Clocks[0].Statutory = true }},
		{"clocks[0].calendar", "there is no calendar office", func(p *Program) { p.Clocks[0].Calendar = "office" }},
		{"clocks[0].when", "there is no fact lost", func(p *Program) { p.Clocks[0].When = []string{"not lost"} }},
		{"clocks[0].remind", "which the bot does not open", func(p *Program) { p.Clocks[0].Remind, p.Clocks[0].When = "r", []string{"valid"} }},
		{"clocks[0].remind", "sent on other occasions", func(p *Program) { p.Clocks[0].Remind = "closed" }},
		{"calendars.office", "say zone", func(p *Program) { p.Calendars = map[string]*Calendar{"office": nil} }},
		{"standing[0].kind", "a name of its own", func(p *Program) { p.Standing = []Standing{{Kind: Silent, By: "bot"}} }},
		{"standing[0].by", "is team or bot", func(p *Program) { p.Standing = []Standing{{Kind: "k", By: "anna"}} }},
		{"standing[0].most", "is 0 or more", func(p *Program) { p.Standing = []Standing{{Kind: "k", By: "bot", Most: -1}} }},
		{"standing[0].approvals", "asks for no approval", func(p *Program) {
			p.Standing = []Standing{{Kind: "k", By: "bot", Approvals: ApprovalRule{Count: 1}}}
		}},
		{"standing[0].guards", "the bot opens no report", func(p *Program) {
			p.Standing = []Standing{{Kind: "k", By: "bot", Guards: []string{"not valid"}}}
		}},
		{"standing[0].approvals.role", "there is no role", func(p *Program) {
			p.Standing = []Standing{{Kind: "k", By: "team", Approvals: ApprovalRule{Role: "legal"}}}
		}},
		{"roles.team", "a name of its own", func(p *Program) { p.Roles = map[string]Role{"team": {}} }},
		{"teams.servers.people", "nobody with the handle eve", func(p *Program) { p.Teams = map[string]Team{"servers": {People: []string{"anna", "eve"}}} }},
		{"routing[0].team", "there is no team servers", func(p *Program) { p.Routing = []Route{{Products: []string{"*"}, Team: "servers"}} }},
		{"routing[0].products", "name products", func(p *Program) {
			p.Teams = map[string]Team{"servers": {}}
			p.Routing = []Route{{Team: "servers"}}
		}},
		{"regulation[0].since", "is a date", func(p *Program) { p.Regulation = []Regulation{{Name: "cra", Since: "soon"}} }},
	} {
		p := small()
		x.change(p)
		faults := p.Check()
		if len(faults) != 1 || faults[0].Path != x.path || !strings.Contains(faults[0].Text, x.text) {
			t.Errorf("faults are %v, want %s: %s", faults, x.path, x.text)
		}
	}
}

// People with a role that handles cases may be handlers, and products find
// their team.
func TestHandlersAndTeams(t *testing.T) {
	t.Parallel()
	p := small()
	p.Roles = map[string]Role{"product": {Means: "m", Handles: true}, "legal": {Means: "m"}}
	p.Teams = map[string]Team{"software": {}, "servers": {}, "rest": {}}
	p.Routing = []Route{{[]string{"Server Management Software"}, "software"}, {[]string{"server"}, "servers"}}
	p.People = append(p.People, Person{Handle: "emil", Key: key('E'), Roles: []string{"product"}}, Person{Handle: "fay", Key: key('F'), Roles: []string{"legal"}})
	faultless(t, p)
	for handle, want := range map[string]bool{"anna": true, "carl": true, "dora": false, "emil": true, "fay": false} {
		if x, _ := p.ByHandle(handle); p.MayHandle(x) != want {
			t.Errorf("%s may handle: %v", handle, !want)
		}
	}
	rule := ApprovalRule{Count: 1, Role: "product"}
	if v := p.Approved(rule, []Approval{{By: key('E'), Kind: KindSigned}}, []Fingerprint{anna}, true); !v.OK() {
		t.Error(v.Text())
	}
	if v := p.Approved(rule, []Approval{{By: bert, Kind: KindSigned}}, []Fingerprint{anna}, true); v.OK() {
		t.Error("the team approves for a product team")
	}
	for product, want := range map[string]string{"NF5280 server": "servers", "server  management software 3": "software", "observer": "", "": ""} {
		if got := p.TeamOf(product); got != want {
			t.Errorf("%q belongs to %q, want %q", product, got, want)
		}
	}
	p.Routing = append(p.Routing, Route{[]string{"*"}, "rest"})
	if got := p.TeamOf("observer"); got != "rest" {
		t.Errorf("what no other route names belongs to %q", got)
	}
}

func TestTerminated(t *testing.T) {
	t.Parallel()
	x := &Terminated{Since: "2026-11-23", Update: "terminated"}
	if x.In(noon) || !x.In(at(day)) || (*Terminated)(nil).In(noon) || (&Terminated{Since: "soon"}).In(noon) {
		t.Error("reports are taken until the day, and not from it on")
	}
}
