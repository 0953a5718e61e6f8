package desk

import (
	"fmt"
	"slices"
	"strings"
)

// PolicyPlace is one state of a programme, and what may happen to a case in it.
type PolicyPlace struct {
	Program string        `json:"program"`
	State   PolicyState   `json:"state"`
	First   bool          `json:"first"`  // every case begins here
	From    []string      `json:"from"`   // states that a case comes from
	Moves   []PolicyMove  `json:"moves"`  // rules that count from here, in their order
	Clocks  []PolicyClock `json:"clocks"` // that start when a case comes, stop when it goes, or stand still here
}

// Place finds a state by its name, by one that it had before, or by its label.
func (v *PolicyView) Place(state string) (*PolicyPlace, error) {
	i := slices.IndexFunc(v.States, func(s PolicyState) bool { return s.Name == v.p.Current(state) })
	if i < 0 {
		i = slices.IndexFunc(v.States, func(s PolicyState) bool { return strings.EqualFold(s.Label, state) })
	}
	if i < 0 {
		var names []string
		for _, s := range v.States {
			names = append(names, s.Name)
		}
		return nil, usage(fmt.Sprintf("%s has no state %q", v.Program, state), "its states are "+strings.Join(names, ", "))
	}
	out := &PolicyPlace{Program: v.Program, State: v.States[i], First: i == 0, From: []string{}, Moves: []PolicyMove{}, Clocks: []PolicyClock{}}
	name := out.State.Name
	for _, m := range v.Moves {
		if m.To == name {
			for _, from := range m.From {
				if !has(out.From, from) {
					out.From = append(out.From, from)
				}
			}
		}
		if has(m.From, name) && !has(m.Shadowed, name) {
			out.Moves = append(out.Moves, m)
		}
	}
	for _, c := range v.Clocks {
		if has(c.Paused, name) || has(c.Starts, "enter:"+name) || has(c.Stops, "leave:"+name) {
			out.Clocks = append(out.Clocks, c)
		}
	}
	return out, nil
}
