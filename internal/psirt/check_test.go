package psirt

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/peer"
)

func TestCheckOfNoFaults(t *testing.T) {
	t.Parallel()
	if faults := small().Check(); len(faults) > 0 {
		t.Fatalf("faults are %v", faults)
	}
}

// Each fault is found by itself, once, at its path.
func TestCheck(t *testing.T) {
	t.Parallel()
	fact := func(p *Program, name string, is Test) { p.Facts[name] = Fact{Means: "m", Do: "d", Is: is} }
	for _, x := range []struct {
		path, text string
		change     func(*Program)
	}{
		{"program", "a name has", func(p *Program) { p.Program = "ACME" }},
		{"program", "a name has", func(p *Program) { p.Program = "yes" }},
		{"prefix", "two to twelve upper-case", func(p *Program) { p.Prefix = "A" }},
		{"intake.addresses", "name the address", func(p *Program) { p.Intake.Addresses = nil }},
		{"intake", "acknowledgement", func(p *Program) { p.Intake.Update = "" }},
		{"intake", "content-free note", func(p *Program) { p.Intake.Note = "" }},
		{"states[1].name", "received is there twice", func(p *Program) {
			p.States = slices.Insert(p.States, 1, p.States[0])
		}},
		{"states[2].phase", "a phase is one of", func(p *Program) { p.States[2].Phase = "asking" }},
		{"states", "the first state is where cases begin", func(p *Program) { p.States[0].Phase = PhaseEvaluating }},
		{"renamed.verifying", "the one that took its place", func(p *Program) { p.Renamed["verifying"] = "lost" }},
		{"renamed.evaluating", "names a state that is gone", func(p *Program) { p.Renamed["evaluating"] = "waiting" }},

		{"facts.In_Scope", "a name has", func(p *Program) { fact(p, "In_Scope", Test{Present: "x"}) }},
		{"facts.x", "say what it means", func(p *Program) { p.Facts["x"] = Fact{Do: "d", Is: Test{Present: "x"}} }},
		{"facts.x", "what to do", func(p *Program) { p.Facts["x"] = Fact{Means: "m", Is: Test{Present: "x"}} }},
		{"facts.x", "exactly one of", func(p *Program) { fact(p, "x", Test{}) }},
		{"facts.x", "exactly one of", func(p *Program) { fact(p, "x", Test{Present: "a", Fact: "valid"}) }},
		{"facts.x[1]", "exactly one of", func(p *Program) { fact(p, "x", Test{All: []Test{{Present: "a"}, {}}}) }},
		{"facts.x[0].not", "exactly one of", func(p *Program) { fact(p, "x", Test{Any: []Test{{Not: &Test{}}}}) }},
		{"facts.x", "there is no fact lost", func(p *Program) { fact(p, "x", Test{Fact: "lost"}) }},
		{"facts.x.not", "there is no fact lost", func(p *Program) { fact(p, "x", Test{Not: &Test{Fact: "lost"}}) }},
		{"facts.x", "x depends on itself", func(p *Program) { fact(p, "x", Test{Fact: "x"}) }},
		{"facts.x", "x depends on itself", func(p *Program) { fact(p, "x", Test{All: []Test{{Fact: "x"}, {Not: &Test{Fact: "x"}}}}) }},
		{"facts.x", "x depends on itself", func(p *Program) {
			fact(p, "x", Test{Fact: "x1"})
			fact(p, "x1", Test{Any: []Test{{Present: "a"}, {Fact: "z"}}})
			fact(p, "z", Test{Not: &Test{Fact: "x"}})
		}},
		{"facts.x", "there is no fact lost", func(p *Program) { // those that refer to it are not to blame
			fact(p, "x", Test{Fact: "lost"})
			fact(p, "x1", Test{All: []Test{{Fact: "x"}, {Fact: "x"}}})
		}},
		{"facts.x", "nested too deep", func(p *Program) {
			deep := Test{Present: "a"}
			for range maxFactDepth + 1 {
				deep = Test{Not: &deep}
			}
			fact(p, "x", deep)
		}},
		{"facts.x10", "nested too deep", func(p *Program) { // a chain that is one too long: the second is deep enough
			for i := range maxFactDepth + 1 {
				fact(p, fmt.Sprintf("x%d", 10+i), Test{Fact: fmt.Sprintf("x%d", 11+i)})
			}
			fact(p, fmt.Sprintf("x%d", 11+maxFactDepth), Test{Present: "a"})
		}},

		{"transitions[0].from", "name the states", func(p *Program) {
			p.Transitions = append(p.Transitions, p.Transitions[0])
			p.Transitions[0].From = nil
		}},
		{"transitions[1].from", "there is no state lost", func(p *Program) { p.Transitions[1].From = []string{"evaluating", "lost"} }},
		{"transitions[5].to", "there is no state lost", func(p *Program) {
			p.Transitions = append(p.Transitions, Transition{From: []string{"waiting"}, To: "lost", Update: "u"})
		}},
		{"transitions[3].outcomes", "closes the case, and has no outcome", func(p *Program) { p.Transitions[3].Outcomes = nil }},
		{"transitions[1].outcomes", "outcomes go with closing", func(p *Program) { p.Transitions[1].Outcomes = []Outcome{"fixed"} }},
		{"transitions[3].outcomes", "there is no outcome wontfix", func(p *Program) { p.Transitions[3].Outcomes = []Outcome{"fixed", "wontfix"} }},
		{"transitions[0].guards", "there is no fact lost", func(p *Program) { p.Transitions[0].Guards = []string{"lost"} }},
		{"transitions[0].guards", "there is no fact lost", func(p *Program) { p.Transitions[0].Guards = []string{"not lost"} }},
		{"transitions[0].update", "name the update", func(p *Program) { p.Transitions[0].Update = "" }},
		{"transitions[0].words", "allowed, required or forbidden", func(p *Program) { p.Transitions[0].Words = "maybe" }},
		{"transitions[2].on", "asks for no approval", func(p *Program) { p.Transitions[2].Approvals.Count = 1 }},
		{"transitions[2].on", "no words of somebody's own", func(p *Program) { p.Transitions[2].Words = "required" }},
		{"transitions[2].on", "there is no clock nap", func(p *Program) { p.Transitions[2].On = "clock:nap" }},
		{"transitions[0].approvals.role", "auditors approve nothing", func(p *Program) { p.Transitions[0].Approvals.Role = RoleAuditor }},
		{"transitions[0].approvals.kind", "is signed or attested", func(p *Program) { p.Transitions[0].Approvals.Kind = "oral" }},
		{"messages.count", "is 0 or more", func(p *Program) { p.Messages.Count = -1 }},
		{"edits.role", "there is no role boss", func(p *Program) { p.Edits.Role = "boss" }},
		{"changes.kind", "is signed or attested", func(p *Program) { p.Changes.Kind = "oral" }},
		{"states[4]", "no transition leads to island", func(p *Program) {
			p.States = append(p.States, State{Name: "island", Phase: PhaseDeferred})
			p.Transitions = append(p.Transitions, Transition{From: []string{"island"}, To: "evaluating", Update: Silent})
		}},
		{"states[4]", "no transition leaves trap", func(p *Program) {
			p.States = append(p.States, State{Name: "trap", Phase: PhaseDeferred})
			p.Transitions = append(p.Transitions, Transition{From: []string{"evaluating"}, To: "trap", Update: Silent})
		}},

		{"clocks[1].name", "a name of its own", func(p *Program) { p.Clocks[1].Name = "triage" }},
		{"clocks[0].name", "a name of its own", func(p *Program) { p.Clocks[0].Name = "Triage" }},
		{"clocks[0].within", "say how long", func(p *Program) { p.Clocks[0].Within = 0 }},
		{"clocks[0]", "what starts it", func(p *Program) { p.Clocks[0].Starts = nil }},
		{"clocks[0]", "what stops it", func(p *Program) { p.Clocks[0].Stops = nil }},
		{"clocks[0].paused", "there is no state lost", func(p *Program) { p.Clocks[0].Paused = []string{"lost"} }},
		{"clocks[0].starts", "there is no state lost", func(p *Program) { p.Clocks[0].Starts = []string{"enter:lost"} }},
		{"clocks[0].stops", "leave: is no event", func(p *Program) { p.Clocks[0].Stops = []string{"enter:closed", "leave:"} }},
		{"clocks[0].stops", "update: is no event", func(p *Program) { p.Clocks[0].Stops = []string{"update:"} }},
		{"clocks[0].stops", "noon is no event", func(p *Program) { p.Clocks[0].Stops = []string{"noon"} }},

		{"keys.bot", "a fingerprint is", func(p *Program) { p.Keys.Bot = "" }},
		{"keys.mailer", "bot has the same key", func(p *Program) { p.Keys.Mailer = p.Keys.Bot }},
		{"people[0].handle", "a handle of their own", func(p *Program) { p.People[0].Handle = "Anna" }},
		{"people[1].handle", "a handle of their own", func(p *Program) { p.People[1].Handle = "anna" }},
		{"people[0].key", "a fingerprint is", func(p *Program) { p.People[0].Key = "openpgp4fpr:12" }},
		{"people[1].key", "anna has the same key", func(p *Program) { p.People[1].Key = anna }},
		{"people[0].key", "escrow has the same key", func(p *Program) { p.People[0].Key = p.Keys.Escrow }},
		{"people[0].roles", "team, lead, auditor", func(p *Program) { p.People[0].Roles = nil }},
		{"people[0].roles", "there is no role boss", func(p *Program) { p.People[0].Roles = []string{RoleTeam, "boss"} }},
		{"people", "nobody is lead", func(p *Program) { p.People[2].Roles = []string{RoleTeam} }},
	} {
		p := small()
		x.change(p)
		faults := p.Check()
		if len(faults) != 1 || faults[0].Path != x.path || !strings.Contains(faults[0].Text, x.text) {
			t.Errorf("faults are %v, want %s: %s", faults, x.path, x.text)
			continue
		}
		if got := faults[0].Error(); got != strings.TrimSuffix(faults[0].Path+": "+faults[0].Text+": "+faults[0].Do, ": ") {
			t.Errorf("as an error it is %s", got)
		}
	}
}

// A name that is nearly another one says which, and what to do; what is nearly
// nothing is only said to be missing.
func TestFaultsSayWhatWasMeant(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		name, meant, do string
		change          func(*Program)
	}{
		{"waitng", "waiting", "declare it under states, or correct the name; did you mean waiting?", func(p *Program) { p.Clocks[0].Paused = []string{"waitng"} }},
		{"closd", "closed", "did you mean closed?", func(p *Program) { p.Clocks[0].Stops = []string{"enter:closd"} }},
		{"vlaid", "valid", "did you mean valid?", func(p *Program) { p.Transitions[0].Guards = []string{"not vlaid"} }},
		{"laed", "lead", "did you mean lead?", func(p *Program) { p.Changes.Role = "laed" }},
		{"elsewhere", "", "declare it under states, or correct the name: received, evaluating, waiting, closed", func(p *Program) { p.Clocks[0].Paused = []string{"elsewhere"} }},
		{"received", "new", "give each state a name of its own; did you mean new?", func(p *Program) { // copied, and not renamed
			p.States = append(p.States, p.States[0])
			p.Transitions = append(p.Transitions, Transition{From: []string{"waiting"}, To: "new", Update: Silent})
		}},
	} {
		p := small()
		x.change(p)
		faults := slices.DeleteFunc(p.Check(), func(f Fault) bool { return f.Name != x.name })
		if len(faults) != 1 || faults[0].Meant != x.meant || !strings.HasSuffix(faults[0].Do, x.do) {
			t.Errorf("%s: faults are %v, want %s", x.name, faults, x.do)
		}
	}
}

// All faults come at once, in the same order each time, even for a programme
// that says nothing.
func TestCheckOfManyFaults(t *testing.T) {
	t.Parallel()
	p := &Program{Facts: map[string]Fact{}, Renamed: map[string]string{}, Transitions: []Transition{{}}, Clocks: []Clock{{}}, People: []Person{{}}}
	for i := range 9 {
		p.Facts[fmt.Sprintf("f%d", i)] = Fact{}
		p.Renamed[fmt.Sprintf("r%d", i)] = "lost"
	}
	first := p.Check()
	var paths []string
	for _, f := range first {
		paths = append(paths, f.Path)
	}
	for _, want := range []string{"program", "prefix", "intake.addresses", "intake", "states", "renamed.r0", "facts.f8", "transitions[0].from",
		"transitions[0].to", "transitions[0].update", "clocks[0].name", "clocks[0].within", "clocks[0]", "keys.intake", "people[0].key", "people"} {
		if !slices.Contains(paths, want) {
			t.Errorf("no fault at %s", want)
		}
	}
	for range 10 {
		if !slices.Equal(p.Check(), first) {
			t.Fatal("the faults come in another order")
		}
	}
}

// A few facts that each name the next one many times take no time to refuse.
func TestCheckOfABomb(t *testing.T) {
	t.Parallel()
	p := small()
	for i := range 16 {
		is := Test{Present: "x"}
		if i > 0 {
			is = Test{All: slices.Repeat([]Test{{Fact: fmt.Sprintf("x%d", i-1)}}, 50)}
		}
		p.Facts[fmt.Sprintf("x%d", i)] = Fact{Means: "m", Do: "d", Is: is}
	}
	var faults []Fault
	took := peer.Took(func() { faults = p.Check() })
	if len(faults) == 0 || faults[0].Path != "facts.x3" || !strings.Contains(faults[0].Text, "asks more than 10000 questions") {
		t.Errorf("faults are %v", faults)
	}
	if took > time.Second {
		t.Errorf("it took %v", took)
	}
}
