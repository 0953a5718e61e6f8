package psirt

import (
	"fmt"
	"slices"
	"strings"
)

// Finding is something in a programme that is allowed and yet cannot be meant:
// where, what, and what to do.
type Finding struct {
	Path string `json:"path"`
	Text string `json:"text"`
	Do   string `json:"do"`
}

// String is the finding on one line.
func (f Finding) String() string { return f.Path + ": " + f.Text + ": " + f.Do }

// Around is what a programme is reviewed against. What is nil is not reviewed.
type Around struct {
	// Path tells of a dotted path whether reports can have a value there, and
	// the values that it is limited to, if it is.
	Path func(path string) (values []string, ok bool)
	// Templates lists the kinds of update that have one, built in or the
	// programme's own.
	Templates []string
}

// Review looks at a programme that Check finds no fault in, as its lead would
// want somebody to: states that no case reaches or gets out of, guards that
// nobody can meet, paths that no report has, texts without a template, clocks
// that never start or stop, roles that nobody has, rules that never count.
func (p *Program) Review(around Around) []Finding {
	r := &review{p: p, around: around, reached: p.reachable(p.Initial().Name)}
	r.lifecycle()
	r.guards()
	r.rules()
	r.paths()
	r.texts()
	r.clocks()
	r.roles()
	r.unused()
	return r.found
}

type review struct {
	p       *Program
	around  Around
	reached map[string]bool
	found   []Finding
}

func (r *review) add(path, do, format string, args ...any) {
	r.found = append(r.found, Finding{Path: path, Text: fmt.Sprintf(format, args...), Do: do})
}

// reachable lists the states that a case can come to from one.
func (p *Program) reachable(from string) map[string]bool {
	out := map[string]bool{from: true}
	for range p.States {
		for _, t := range p.Transitions {
			if slices.ContainsFunc(t.From, func(s string) bool { return out[s] }) {
				out[t.To] = true
			}
		}
	}
	return out
}

func (r *review) lifecycle() {
	for i, s := range r.p.States {
		path := fmt.Sprintf("states[%d]", i)
		if !r.reached[s.Name] {
			r.add(path, "add a transition that leads there from a state that cases reach, or remove it", "no case reaches %s", s.Name)
			continue
		}
		ends := false
		for name := range r.p.reachable(s.Name) {
			end, _ := r.p.State(name)
			ends = ends || end.Phase == PhaseClosed
		}
		if !ends && r.p.ends() {
			r.add(path, "add a transition that leads on, so that it can be closed", "a case in %s can never be closed", s.Name)
		}
	}
}

// guards finds rules whose guards contradict themselves or each other.
func (r *review) guards() {
	for i, t := range r.p.Transitions {
		path := fmt.Sprintf("transitions[%d].guards", i)
		alone := false
		for _, guard := range t.Guards {
			if !r.p.satisfiable([]string{guard}) {
				alone = true
				r.add(path, "look at what the fact asks for (facts."+strings.TrimPrefix(guard, "not ")+")", "nobody can meet %s: it contradicts itself", guard)
			}
		}
		if !alone && !r.p.satisfiable(t.Guards) {
			r.add(path, "make a rule for each, or drop one of the guards", "nobody can meet all of %s: they contradict each other", strings.Join(t.Guards, ", "))
		}
	}
}

// rules finds those that never count, since one before them always holds when
// they do, and those that only a key can tell apart although they ask for
// different approvals.
func (r *review) rules() {
	for i, t := range r.p.Transitions {
		for j, before := range r.p.Transitions[:i] {
			if before.To != t.To || !slices.ContainsFunc(t.From, func(s string) bool { return contains(before.From, s) }) ||
				len(t.Outcomes) > 0 && !slices.ContainsFunc(t.Outcomes, func(o Outcome) bool { return hasOutcome(before.Outcomes, o) }) ||
				before.clockOnly() != t.clockOnly() { // told apart by who makes the move
				continue
			}
			path := fmt.Sprintf("transitions[%d]", i)
			if !slices.ContainsFunc(before.Guards, func(g string) bool { return !contains(t.Guards, g) }) {
				r.add(path, "put it before the other, or give the other a guard that this one does not have", "it never counts where transitions[%d] fits too: that one asks for no more", j)
			} else if before.Approvals != t.Approvals && before.Update == t.Update && r.apartByKey(before, t) {
				r.add(path, "tell them apart by a clear fact, or let them send different updates", "without a key nobody can tell it from transitions[%d], so moves need the approvals of both", j)
			}
		}
	}
}

// apartByKey reports whether no guard that is judged without a key tells two
// rules apart.
func (r *review) apartByKey(a, b Transition) bool {
	for _, g := range a.Guards {
		name, negated := strings.CutPrefix(g, "not ")
		other := "not " + name
		if negated {
			other = name
		}
		if f := r.p.Facts[name]; contains(b.Guards, other) && (f.Clear || r.p.open(f.Is, 0)) {
			return false
		}
	}
	return true
}

func (r *review) texts() {
	if r.around.Templates == nil {
		return
	}
	for _, kind := range r.p.StandardTexts() {
		if !contains(r.around.Templates, kind) {
			r.add("templates", "write cases/"+r.p.Program+"/templates/"+kind+".txt, beginning with a line \"Subject: …\" and an empty line", "there is no template %s", kind)
		}
	}
}

func (r *review) clocks() {
	for i, c := range r.p.Clocks {
		path := fmt.Sprintf("clocks[%d]", i)
		if !slices.ContainsFunc(c.Starts, r.happens) {
			r.add(path+".starts", "name an event that this lifecycle has", "the clock %s never starts", c.Name)
		}
		if !slices.ContainsFunc(c.Stops, r.happens) {
			r.add(path+".stops", "name an event that this lifecycle has", "the clock %s never stops once it runs", c.Name)
		}
		if c.Until != "" && !slices.ContainsFunc(c.Starts, func(e string) bool { return e != fromReport+c.Until }) {
			r.add(path+".starts", "name what happens before, such as opened or enter:STATE", "the clock %s starts no sooner than it is due", c.Name)
		}
		if c.Statutory && c.Evidence == "" {
			r.add(path+".evidence", "name the path of what shows when it began", "nobody could show when the clock %s began", c.Name)
		}
	}
}

// happens reports whether an event can come to pass.
func (r *review) happens(event string) bool {
	kind, name, _ := strings.Cut(event, ":")
	switch kind {
	case "enter":
		return r.reached[r.p.Current(name)]
	case "leave":
		return r.reached[r.p.Current(name)] && slices.ContainsFunc(r.p.Transitions, func(t Transition) bool { return contains(t.From, r.p.Current(name)) })
	case "update":
		// ask and reply are what people write at any time.
		return name == "*" || name == "ask" || name == "reply" || contains(r.p.StandardTexts(), name) ||
			slices.ContainsFunc(r.p.Transitions, func(t Transition) bool { return contains(t.Kinds(), name) })
	}
	return true
}

func (r *review) roles() {
	for i, t := range r.p.Transitions {
		r.rule(fmt.Sprintf("transitions[%d].approvals", i), t.Approvals, RoleTeam)
	}
	for i, s := range r.p.Standing {
		r.rule(fmt.Sprintf("standing[%d].approvals", i), s.Approvals, RoleTeam)
	}
	r.rule("messages", r.p.Messages, RoleTeam)
	r.rule("edits", r.p.Edits, RoleTeam)
	r.rule("changes", r.p.Changes, RoleLead)
	for _, name := range names(r.p.Facts) {
		r.p.Facts[name].Is.each(func(t Test) {
			if s := t.Signers; s != nil && s.Role != "" && len(r.p.With(s.Role)) < max(1, s.Min) {
				r.add("facts."+name, "give it to somebody (people, roles)", "it takes %d people with the role %s, and %d have it", max(1, s.Min), s.Role, len(r.p.With(s.Role)))
			}
		})
	}
	for _, name := range names(r.p.Roles) {
		if len(r.p.With(name)) == 0 {
			r.add("roles."+name, "give it to somebody (people, roles), or remove it", "nobody has the role %s", name)
		}
	}
}

// rule holds that somebody who may make a change leaves enough others who can
// approve it: whoever makes it is one less, when they have the role.
func (r *review) rule(path string, rule ApprovalRule, makers string) {
	role := rule.Role
	if role == "" {
		role = RoleTeam
	}
	if rule.Count == 0 {
		return
	}
	have := len(r.p.With(role))
	for _, x := range r.p.People {
		others := have
		if x.HasRole(role) {
			others--
		}
		if x.HasRole(makers) && others >= rule.Count {
			return
		}
	}
	takes := "1 approval"
	if rule.Count > 1 {
		takes = fmt.Sprintf("%d approvals", rule.Count)
	}
	r.add(path, "give the role to more people (docket keys add), or ask for fewer approvals",
		"it takes %s by %s from people other than whoever makes the change (%s), and %d have that role", takes, role, makers, have)
}

// unused finds facts that nothing refers to.
func (r *review) unused() {
	used := map[string]bool{}
	for _, t := range r.p.Transitions {
		for _, g := range t.Guards {
			used[strings.TrimPrefix(g, "not ")] = true
		}
	}
	for _, c := range r.p.Clocks {
		for _, g := range c.When {
			used[strings.TrimPrefix(g, "not ")] = true
		}
	}
	for _, s := range r.p.Standing {
		for _, g := range s.Guards {
			used[strings.TrimPrefix(g, "not ")] = true
		}
	}
	for _, fact := range r.p.Facts {
		fact.Is.each(func(t Test) { used[t.Fact] = true })
	}
	for _, rule := range r.p.Priority {
		rule.Is.each(func(t Test) { used[t.Fact] = true })
	}
	if r.p.Commitments != nil {
		for _, g := range r.p.Commitments.When {
			used[strings.TrimPrefix(g, "not ")] = true
		}
	}
	for _, name := range names(r.p.Facts) {
		if !used[name] && !r.p.Facts[name].Clear { // a clear one stands in the envelope for people to see
			r.add("facts."+name, "name it as a guard, or remove it", "nothing asks for %s", name)
		}
	}
}
