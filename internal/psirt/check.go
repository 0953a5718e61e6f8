package psirt

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)

// Check finds what a schema cannot: names that refer to nothing, states that
// cannot be reached or left, rules that nobody can meet. It lists every fault.
func (p *Program) Check() []Fault {
	c := &checker{p: p}
	c.names()
	c.facts()
	c.priorities()
	c.transitions()
	c.clocks()
	c.calendars()
	c.standing()
	c.promises()
	c.people()
	c.teams()
	return c.faults
}

type checker struct {
	p      *Program
	faults []Fault

	sought int      // names for which a near one was looked for
	lost   []string // states that moves speak of and that there are not: see twice
}

func (c *checker) names() {
	if !ValidName(c.p.Program) {
		c.add("program", "a name has lower-case letters, digits and hyphens, and begins with a letter")
	}
	if !NewCaseID(c.p.Prefix, 2026, 1).Valid() {
		c.add("prefix", "a prefix has two to twelve upper-case letters and digits, and begins with a letter")
	}
	if len(c.p.Intake.Addresses) == 0 {
		c.add("intake.addresses", "name the address that reports are sent to")
	}
	if x := c.p.Intake.Terminated; x != nil {
		if _, err := time.Parse(time.DateOnly, x.Since); err != nil || x.Update == "" {
			c.add("intake.terminated", "say since which day (since), and which text tells it (update)")
		}
	}
	if c.p.Intake.Update == "" || c.p.Intake.Note == "" {
		c.add("intake", "name the template of the acknowledgement (update) and of the content-free note (note)")
	}
	seen := map[string]bool{}
	for i, s := range c.p.States {
		path := fmt.Sprintf("states[%d]", i)
		if !ValidName(s.Name) {
			c.add(path+".name", "a name has lower-case letters, digits and hyphens, and begins with a letter")
		}
		if seen[s.Name] {
			c.twice(path+".name", s.Name)
		}
		seen[s.Name] = true
		known := false
		for _, phase := range Phases {
			known = known || phase == s.Phase
		}
		if !known {
			c.add(path+".phase", "a phase is one of %v", Phases)
		}
	}
	if len(c.p.States) == 0 || c.p.States[0].Phase != PhaseReceived {
		c.add("states", "the first state is where cases begin: its phase is received")
	}
	if !c.p.ends() {
		c.fault("states", "give the state in which cases end the phase closed", "no state has the phase closed, so no case could ever end")
	}
	for _, old := range names(c.p.Renamed) {
		now := c.p.Renamed[old]
		if _, ok := c.p.State(now); !ok || seen[old] {
			c.add("renamed."+old, "names a state that is gone, and the one that took its place")
		}
	}
}

func (c *checker) facts() {
	for _, name := range names(c.p.Facts) {
		fact, path := c.p.Facts[name], "facts."+name
		if !ValidName(name) {
			c.add(path, "a name has lower-case letters, digits and hyphens, and begins with a letter")
		}
		if fact.Means == "" || fact.Do == "" {
			c.add(path, "say what it means and what to do when it does not hold (means, do)")
		}
		c.test(path, fact.Is, 0)
		if fact.Clear {
			fact.Is.each(func(t Test) {
				if t.Signers != nil {
					c.add(path, "who signed a record is known to those whose key opens the case: it cannot be clear")
				}
			})
		}
	}
	c.spans()
}

// names lists the keys of a map in their order, so that the same programme
// gives the same list of faults.
func names[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// test judges one fact's own tests; what they refer to is judged under its own
// name.
func (c *checker) test(path string, t Test, depth int) {
	if depth > maxFactDepth {
		return // spans says so
	}
	set := 0
	for _, is := range []bool{t.Present != "", t.Equals != nil, t.In != nil, t.Count != nil, t.Before != nil, t.Some != nil, t.Each != nil,
		t.Covers != nil, t.Differ != nil, t.Signers != nil, t.Derived != "", len(t.All) > 0, len(t.Any) > 0, t.Not != nil, t.Fact != ""} {
		if is {
			set++
		}
	}
	if set != 1 {
		c.add(path, "exactly one of present, equals, in, count, before, some, each, covers, differ, signers, all, any, not, fact is needed")
		return
	}
	for i, part := range append(append([]Test{}, t.All...), t.Any...) {
		c.test(fmt.Sprintf("%s[%d]", path, i), part, depth+1)
	}
	if t.Not != nil {
		c.test(path+".not", *t.Not, depth+1)
	}
	for _, items := range []*Items{t.Some, t.Each} {
		if items != nil {
			c.items(path, items, depth)
		}
	}
	if t.Signers != nil {
		c.where(path, t.Signers.Where, depth)
	}
	if t.Signers != nil && t.Signers.Role != "" && !c.p.KnowsRole(t.Signers.Role) {
		c.unknown(path, "role", t.Signers.Role, c.p.roleNames())
	}
	if _, ok := c.p.Facts[t.Fact]; t.Fact != "" && !ok {
		c.unknown(path, "fact", t.Fact, names(c.p.Facts))
	}
}

// items and where judge the tests of a list's elements. Facts and signers are
// about the case as a whole, so they have no place there.
func (c *checker) items(path string, items *Items, depth int) {
	if len(items.Where) == 0 {
		c.add(path+".where", "say what is asked of an element")
	}
	c.where(path, items.Where, depth)
}

func (c *checker) where(path string, where []Test, depth int) {
	for i, part := range where {
		c.test(fmt.Sprintf("%s.where[%d]", path, i), part, depth+1)
		part.each(func(t Test) {
			if t.Fact != "" || t.Signers != nil || t.Derived != "" {
				c.add(fmt.Sprintf("%s.where[%d]", path, i), "facts, signers and what is derived are about the whole case: ask for them outside of the list")
			}
		})
	}
}

func (c *checker) transitions() {
	reached := map[string]bool{c.p.Initial().Name: true}
	left := map[string]bool{}
	for i, t := range c.p.Transitions {
		path := fmt.Sprintf("transitions[%d]", i)
		c.transition(path, t)
		reached[t.To] = true
		for _, from := range t.From {
			left[from] = true
		}
	}
	for i, s := range c.p.States {
		if !reached[s.Name] {
			c.fault(fmt.Sprintf("states[%d]", i), "add a transition to it, or take the state out", "no transition leads to %s", s.Name)
		}
		if !left[s.Name] && s.Phase != PhaseClosed {
			c.fault(fmt.Sprintf("states[%d]", i), "add a transition from it, or give it the phase closed", "no transition leaves %s", s.Name)
		}
	}
	c.rule("messages", c.p.Messages)
	c.rule("edits", c.p.Edits)
	c.rule("changes", c.p.Changes)
}

func (c *checker) transition(path string, t Transition) {
	if len(t.From) == 0 {
		c.add(path+".from", "name the states that it leaves")
	}
	for _, from := range t.From {
		if _, ok := c.p.State(from); !ok {
			c.unknown(path+".from", "state", from, c.p.stateNames())
		}
	}
	to, ok := c.p.State(t.To)
	if !ok {
		c.unknown(path+".to", "state", t.To, c.p.stateNames())
	}
	c.outcomes(path+".outcomes", to, t)
	c.known(path+".guards", t.Guards)
	if t.Update == "" {
		c.add(path+".update", "name the update that it sends, or silent")
	}
	if t.Words != "" && t.Words != "allowed" && t.Words != "required" && t.Words != "forbidden" {
		c.add(path+".words", "is allowed, required or forbidden")
	}
	for _, kind := range t.Updates {
		if kind == "" || kind == Silent || kind == t.Update || t.Update == Silent {
			c.add(path+".updates", "names further kinds of update, where the move sends one")
		}
	}
	if name := t.OnClock(); t.On != "" && t.On != "reply" {
		clock, ok := c.p.Clock(name)
		if !ok {
			c.unknown(path+".on", "clock", name, c.p.clockNames())
		} else if clock.Sealed() {
			c.fault(path+".on", openClock, "the clock %s reads the report, which the bot does not open", name)
		}
	}
	if t.On != "" && (t.Approvals.Count > 0 || t.Words == "required") {
		c.add(path+".on", "what the bot does by itself asks for no approval and no words of somebody's own")
	}
	c.rule(path+".approvals", t.Approvals)
}

// outcomes holds that a move has outcomes when it closes the case, and only then.
func (c *checker) outcomes(path string, to State, t Transition) {
	switch closes := to.Phase == PhaseClosed; {
	case to.Name == "": // there is no such state, which is said
	case closes && len(t.Outcomes) == 0:
		c.fault(path, "name those that the rule is for, such as outcomes: [fixed]", "a move to %s closes the case, and has no outcome", to.Name)
	case !closes && len(t.Outcomes) > 0 && c.p.ends():
		c.fault(path, "take them out, or give that state the phase closed", "outcomes go with closing, and %s closes no case", to.Name)
	}
	for _, o := range t.Outcomes {
		if !hasOutcome(Outcomes, o) {
			c.add(path, "there is no outcome %s", o)
		}
	}
}

// rule holds that a rule can be met by somebody other than the one who moves.
func (c *checker) rule(path string, r ApprovalRule) {
	if r.Role == RoleAuditor {
		c.fault(path+".role", "name team, lead, or a role that is declared under roles", "auditors approve nothing")
	} else if r.Role != "" && !c.p.KnowsRole(r.Role) {
		c.unknown(path+".role", "role", r.Role, append(names(c.p.Roles), RoleTeam, RoleLead))
	}
	if r.Kind != "" && r.Kind != KindSigned && r.Kind != KindAttested {
		c.add(path+".kind", "is signed or attested")
	}
	if r.Count < 0 {
		c.add(path+".count", "is 0 or more")
	}
}

func (c *checker) clocks() {
	seen := map[string]bool{}
	for i, clock := range c.p.Clocks {
		path := fmt.Sprintf("clocks[%d]", i)
		if !ValidName(clock.Name) || seen[clock.Name] {
			c.add(path+".name", "each clock has a name of its own")
		}
		seen[clock.Name] = true
		c.length(path, clock)
		if len(clock.Starts) == 0 || len(clock.Stops) == 0 {
			c.add(path, "say what starts it and what stops it")
		}
		for _, e := range clock.Starts {
			c.event(path+".starts", e)
		}
		for _, e := range clock.Stops {
			c.event(path+".stops", e)
		}
		for _, s := range clock.Paused {
			if _, ok := c.p.State(s); !ok {
				c.unknown(path+".paused", "state", s, c.p.stateNames())
			}
		}
	}
}

func (c *checker) event(path, e string) {
	kind, name, _ := strings.Cut(e, ":")
	_, state := c.p.State(name)
	switch {
	case e == "opened":
	case kind == "report" && name != "":
	case (kind == "enter" || kind == "leave") && state:
	case (kind == "update" || kind == "mail") && name != "":
	case (kind == "enter" || kind == "leave") && name != "":
		c.unknown(path, "state", name, c.p.stateNames())
	default:
		c.fault(path, "an event is opened, enter:STATE, leave:STATE, update:KIND, mail:KIND or report:PATH", "%s is no event", e)
	}
}

func (c *checker) people() {
	seen := map[string]bool{}
	keys := map[Fingerprint]string{}
	leads := 0
	for _, k := range []struct {
		role string
		key  Fingerprint
	}{{"intake", c.p.Keys.Intake}, {"bot", c.p.Keys.Bot}, {"mailer", c.p.Keys.Mailer}, {"escrow", c.p.Keys.Escrow}} {
		if !k.key.Valid() {
			c.add("keys."+k.role, "a fingerprint is openpgp4fpr: and 40 or 64 upper-case hexadecimal digits")
		} else if other := keys[k.key]; other != "" {
			c.add("keys."+k.role, "%s has the same key: capabilities follow keys, so each role has its own", other)
		}
		keys[k.key] = k.role
	}
	for i, x := range c.p.People {
		path := fmt.Sprintf("people[%d]", i)
		if !ValidName(x.Handle) || seen[x.Handle] {
			c.add(path+".handle", "each person has a handle of their own")
		}
		seen[x.Handle] = true
		if !x.Key.Valid() {
			c.add(path+".key", "a fingerprint is openpgp4fpr: and 40 or 64 upper-case hexadecimal digits")
		} else if other := keys[x.Key]; other != "" {
			c.add(path+".key", "%s has the same key: capabilities follow keys, so each has its own", other)
		}
		keys[x.Key] = x.Handle
		if len(x.Roles) == 0 {
			c.add(path+".roles", "is a list of team, lead, auditor")
		}
		for _, r := range x.Roles {
			if !c.p.KnowsRole(r) {
				c.unknown(path+".roles", "role", r, c.p.roleNames())
			}
		}
		if x.HasRole(RoleLead) {
			leads++
		}
	}
	if leads == 0 {
		c.add("people", "nobody is lead, so nobody could ever change the programme")
	}
}

// reserved are words that some YAML reader takes for something else than a
// string.
var reserved = map[string]bool{"true": true, "false": true, "null": true, "yes": true, "no": true, "on": true, "off": true,
	"y": true, "n": true, "nan": true, "inf": true}

// ReservedWord reports whether some YAML reader would not take s for a string.
func ReservedWord(s string) bool { return reserved[strings.ToLower(s)] }

// ValidName reports whether s can name a programme, state, fact, kind or
// person: lower-case letters, digits and hyphens, beginning with a letter, and
// no word that a YAML reader takes for something else.
func ValidName(s string) bool { return nameForm.MatchString(s) && !ReservedWord(s) }
