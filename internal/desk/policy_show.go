package desk

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/psirt"
)

// PolicyView is a programme's lifecycle as people and scripts read it.
type PolicyView struct {
	Program string        `json:"program"`
	Name    string        `json:"name"`
	Source  string        `json:"source,omitempty"` // title and address of the published policy
	States  []PolicyState `json:"states"`
	Moves   []PolicyMove  `json:"moves"`
	Clocks  []PolicyClock `json:"clocks"`

	Priority []PolicyPriority `json:"priority,omitempty"`
	Others   []PolicyOther    `json:"others"`

	p *psirt.Program
}

// PolicyState is one state. Cases begin in the first.
type PolicyState struct {
	Name  string      `json:"name"`
	Label string      `json:"label"`
	Phase psirt.Phase `json:"phase"`
	Means string      `json:"means,omitempty"`
}

// PolicyMove is one rule of the programme's transitions.
type PolicyMove struct {
	From      []string        `json:"from"`
	To        string          `json:"to"`
	Outcomes  []psirt.Outcome `json:"outcomes,omitempty"`
	Guards    []PolicyGuard   `json:"guards"`
	Approvals PolicyApprovals `json:"approvals"`
	Update    string          `json:"update"`             // kind, or silent
	Updates   []string        `json:"updates,omitempty"`  // further kinds to choose from
	Words     string          `json:"words"`              // of the mover's own: allowed, required or forbidden
	On        string          `json:"on,omitempty"`       // what makes the bot do it
	Label     bool            `json:"label"`              // a label may ask for it
	Starts    []string        `json:"starts,omitempty"`   // clocks
	Stops     []string        `json:"stops,omitempty"`    // clocks
	Shadowed  []string        `json:"shadowed,omitempty"` // states from which an earlier rule is the one that counts
}

// PolicyGuard is a fact that a move needs.
type PolicyGuard struct {
	Fact  string `json:"fact"`
	Not   bool   `json:"not,omitempty"` // it must not hold
	Clear bool   `json:"clear"`         // judged without a key
	Means string `json:"means"`
	Do    string `json:"do"`
}

// PolicyApprovals says who must agree besides the mover.
type PolicyApprovals struct {
	Count int    `json:"count"`
	Role  string `json:"role,omitempty"`
	Kind  string `json:"kind,omitempty"`
}

// PolicyClock is one deadline.
type PolicyClock struct {
	Name   string   `json:"name"`
	Means  string   `json:"means"`
	Within string   `json:"within"` // its length, in words
	Party  string   `json:"party"`
	Notes  []string `json:"notes,omitempty"` // what else there is to it, in words
	Starts []string `json:"starts"`
	Stops  []string `json:"stops"`
	Paused []string `json:"paused,omitempty"`
}

// PolicyOf shows a programme of the case repository: the named one, or the only
// one. No key is needed.
func (d *Desk) PolicyOf(ctx context.Context, name string) (*PolicyView, error) {
	if err := d.repo.Fetch(ctx); err != nil {
		return nil, err
	}
	_, at, err := d.main()
	if err != nil {
		return nil, err
	}
	names, err := d.judge.Programs(at)
	if err != nil {
		return nil, err
	}
	if name == "" && len(names) == 1 {
		name = names[0]
	}
	if name == "" {
		return nil, usage("there are several programmes: "+strings.Join(names, ", "), "name one with --program")
	}
	if !has(names, name) {
		return nil, usage(fmt.Sprintf("there is no programme %q", name), "name one of "+strings.Join(names, ", ")+", or the path of a program.yaml")
	}
	s, err := d.judge.Setting(at, name)
	if err != nil {
		return nil, err
	}
	return newPolicyView(s.Program), nil
}

// PolicyFile shows a program.yaml, or a shipped programme by its name. A file
// that has no keys and people yet, as docket init takes it, is shown as well.
func PolicyFile(name string) (*PolicyView, error) {
	text, err := policyText(name)
	if err != nil {
		return nil, err
	}
	full, _ := withPlaceholders(text)
	p, err := casefile.ParseProgram(full)
	if err != nil {
		return nil, &Problem{Text: name + " is not valid", Err: err, Do: "docket policy check " + name + " lists every fault with its line"}
	}
	return newPolicyView(p), nil
}

// policyText reads a shipped programme, or a file as it is.
func policyText(name string) ([]byte, error) {
	if has(Shipped(), name) {
		text, _, err := source(name)
		return text, err
	}
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, usage(fmt.Sprintf("there is no programme %q", name), "name a shipped one ("+strings.Join(Shipped(), ", ")+") or the path of a program.yaml")
	case info.Size() > maxProgramFile:
		return nil, usage(name+" is too large for a program.yaml", "")
	}
	return os.ReadFile(name)
}

// IsPolicyFile reports whether a name is that of a file, there or not: no
// programme can have it.
func IsPolicyFile(name string) bool { return name != "" && !psirt.ValidName(name) }

// withPlaceholders completes a program.yaml that has neither keys nor people, so
// that the rest can be judged; draft says that it did.
func withPlaceholders(text []byte) (full []byte, draft bool) {
	for _, line := range strings.Split(string(text), "\n") {
		if strings.HasPrefix(line, "keys:") || strings.HasPrefix(line, "people:") {
			return text, false
		}
	}
	roles, handles := "team, lead", []string{}
	if p, ok := casefile.RoughProgram(text); ok { // people whom the file speaks of already
		for _, name := range slices.Sorted(maps.Keys(p.Roles)) {
			roles += ", " + name
		}
		for _, name := range slices.Sorted(maps.Keys(p.Teams)) {
			handles = append(handles, p.Teams[name].People...)
		}
	}
	for n := range 10 { // as many as approvals can ask for
		handles = append(handles, fmt.Sprintf("person-%d", n))
	}
	var b strings.Builder
	b.Write(text)
	if !strings.HasSuffix(b.String(), "\n") {
		b.WriteByte('\n')
	}
	n := 0
	next := func() string { n++; return fmt.Sprintf("openpgp4fpr:%040X", n) }
	b.WriteString("keys:\n")
	for _, role := range []string{"intake", "bot", "mailer", "escrow"} {
		fmt.Fprintf(&b, "  %s: %s\n", role, next())
	}
	b.WriteString("people:\n")
	slices.Sort(handles)
	for _, handle := range slices.Compact(handles) {
		fmt.Fprintf(&b, "  - {handle: %[1]s, login: %[1]s, key: %[2]s, roles: [%[3]s]}\n", handle, next(), roles)
	}
	return []byte(b.String()), true
}

func newPolicyView(p *psirt.Program) *PolicyView {
	v := &PolicyView{Program: p.Program, Name: p.Name, p: p, States: []PolicyState{}, Moves: []PolicyMove{}, Clocks: []PolicyClock{}, Priority: prioritiesOf(p), Others: othersOf(p)}
	v.Source = strings.Trim(p.Source.Title+", "+p.Source.URL, ", ")
	for _, s := range p.States {
		v.States = append(v.States, PolicyState{s.Name, cmp.Or(s.Label, s.Name), s.Phase, s.Means})
	}
	for i, t := range p.Transitions {
		v.Moves = append(v.Moves, newPolicyMove(p, i, t))
	}
	for _, c := range p.Clocks {
		v.Clocks = append(v.Clocks, PolicyClock{c.Name, c.Means, lengthOf(c), partyOf(c), notesOn(c), c.Starts, c.Stops, c.Paused})
	}
	return v
}

func newPolicyMove(p *psirt.Program, i int, t psirt.Transition) PolicyMove {
	m := PolicyMove{From: t.From, To: t.To, Outcomes: t.Outcomes, Guards: []PolicyGuard{}, Update: t.Update, Updates: t.Updates, Words: cmp.Or(t.Words, "allowed"), On: t.On, Label: t.Label}
	if t.Update == psirt.Silent {
		m.Words = "forbidden"
	}
	m.Approvals = approvalsOf(t.Approvals)
	for _, guard := range t.Guards {
		name, negated := strings.CutPrefix(guard, "not ")
		f := p.Facts[name]
		m.Guards = append(m.Guards, PolicyGuard{name, negated, f.Clear, f.Means, f.Do})
	}
	events := []string{"enter:" + t.To}
	for _, from := range t.From {
		events = append(events, "leave:"+from)
		if shadowed(p, i, from) {
			m.Shadowed = append(m.Shadowed, from)
		}
	}
	for _, kind := range t.Kinds() {
		events = append(events, "update:"+kind)
	}
	for _, c := range p.Clocks {
		switch {
		case touches(c.Starts, events):
			m.Starts = append(m.Starts, c.Name)
		case touches(c.Stops, events):
			m.Stops = append(m.Stops, c.Name)
		}
	}
	return m
}

// shadowed reports whether a rule never counts from a state: of those that fit a
// move the first whose guards hold counts, and earlier ones ask for no more.
func shadowed(p *psirt.Program, i int, from string) bool {
	t := p.Transitions[i]
	left := append([]psirt.Outcome{}, t.Outcomes...)
	for _, before := range p.Transitions[:i] {
		more := slices.ContainsFunc(before.Guards, func(g string) bool { return !has(t.Guards, g) })
		if before.To != t.To || !has(before.From, from) || more || before.OnClock() != "" && !before.Label {
			continue
		}
		if len(t.Outcomes) == 0 {
			return true
		}
		left = slices.DeleteFunc(left, func(o psirt.Outcome) bool { return slices.Contains(before.Outcomes, o) })
	}
	return len(t.Outcomes) > 0 && len(left) == 0
}

// touches reports whether a clock names one of the events. "update:*" is left
// out: every update would do it, which says nothing of a move.
func touches(names, events []string) bool {
	return slices.ContainsFunc(events, func(e string) bool { return has(names, e) })
}

// label is the policy's own word for a state.
func (v *PolicyView) label(name string) string {
	for _, s := range v.States {
		if s.Name == name {
			return s.Label
		}
	}
	return name
}

func (v *PolicyView) labels(names []string) string {
	var out []string
	for _, name := range names {
		out = append(out, v.label(name))
	}
	return strings.Join(out, ", ")
}
