package psirt

import (
	"fmt"
	"slices"
	"strings"
)

// Fault is one thing wrong with a programme: where, what, and what to do.
type Fault struct {
	Path string `json:"path"`
	Text string `json:"text"`
	Do   string `json:"do,omitempty"` // empty where the text says it

	// Name is a name that refers to nothing, and Meant the one that it is nearly;
	// both are empty where that is not what is wrong, or nothing is near. Whoever
	// goes on looking reads the one for the other: what only follows from a slip
	// need not be said.
	Name  string `json:"-"`
	Meant string `json:"-"`
}

// Error is the fault on one line.
func (f Fault) Error() string {
	if f.Do == "" {
		return f.Path + ": " + f.Text
	}
	return f.Path + ": " + f.Text + ": " + f.Do
}

// DidYouMean is the end of what to do about a name that is nearly another one.
func DidYouMean(name string) string { return "; did you mean " + name + "?" }

// add takes down a fault whose text says what to do.
func (c *checker) add(path, format string, args ...any) { c.fault(path, "", format, args...) }

func (c *checker) fault(path, do, format string, args ...any) {
	c.faults = append(c.faults, Fault{Path: path, Text: fmt.Sprintf(format, args...), Do: do})
}

// openClock is what to do where the bot is to act on a clock that it cannot read.
const openClock = "let the clock read nothing that is sealed, or leave out what the bot is to do"

// unknown is a name of a fact, a state or the like that refers to nothing.
func (c *checker) unknown(path, what, name string, known []string) {
	f := Fault{Path: path, Text: "there is no " + what + " " + name, Do: "declare it under " + what + "s, or correct the name", Name: name}
	if near, ok := c.near(name, known); ok {
		f.Meant = near
		f.Do += DidYouMean(near)
	} else if len(known) > 0 && len(known) <= fewNames {
		f.Do += ": " + strings.Join(known, ", ")
	}
	c.faults = append(c.faults, f)
}

// A file of somebody who means harm may hold tens of thousands of names that are
// nearly others: what was meant is looked for so many times, among so many.
const (
	maxSought = 200
	maxAmong  = 1000
)

func (c *checker) near(name string, known []string) (string, bool) {
	if c.sought++; c.sought > maxSought || len(known) > maxAmong {
		return "", false
	}
	return Nearest(name, known)
}

// fewNames is how many names a fault lists to choose from.
const fewNames = 12

// known holds that guards name facts.
func (c *checker) known(path string, guards []string) {
	for _, guard := range guards {
		name := strings.TrimPrefix(guard, "not ")
		if _, ok := c.p.Facts[name]; !ok {
			c.unknown(path, "fact", name, names(c.p.Facts))
		}
	}
}

// twice is a state that has the name of one before it. Where moves speak of one
// state that there is not, it is that one.
func (c *checker) twice(path, name string) {
	f := Fault{Path: path, Text: name + " is there twice", Do: "give each state a name of its own"}
	if c.lost == nil {
		c.lost = c.strangers()
	}
	if len(c.lost) == 1 {
		f.Name, f.Meant = name, c.lost[0]
		f.Do += DidYouMean(f.Meant)
	}
	c.faults = append(c.faults, f)
}

// strangers lists states that moves speak of, and that neither are there nor are
// nearly one that is; two are enough to tell nothing.
func (c *checker) strangers() []string {
	out := []string{}
	for _, t := range c.p.Transitions {
		for _, state := range append([]string{t.To}, t.From...) {
			if _, ok := c.p.State(state); ok || state == "" || contains(out, state) {
				continue
			}
			if _, slip := c.near(state, c.p.stateNames()); !slip {
				out = append(out, state)
			}
			if len(out) > 1 {
				return out
			}
		}
	}
	return out
}

func (p *Program) stateNames() []string {
	var out []string
	for _, s := range p.States {
		out = append(out, s.Name)
	}
	return out
}

func (p *Program) clockNames() []string {
	var out []string
	for _, c := range p.Clocks {
		out = append(out, c.Name)
	}
	return out
}

func (p *Program) roleNames() []string {
	return append(names(p.Roles), RoleTeam, RoleLead, RoleAuditor)
}

// ends reports whether any state closes cases.
func (p *Program) ends() bool {
	return slices.ContainsFunc(p.States, func(s State) bool { return s.Phase == PhaseClosed })
}

// Nearest is the first name of a list that is at most a third of a name's
// letters away from it, and nearer than the others. A name that is on the list
// is near no other.
func Nearest(name string, list []string) (best string, ok bool) {
	least := max(1, len(name)/3) + 1
	if len(name) > 64 {
		return "", false
	}
	for _, other := range list {
		if len(other) > 64 {
			continue
		}
		if d := distance(name, other); d < least {
			best, least = other, d
		}
	}
	return best, best != "" && best != name
}

// distance is how many letters are to be put in, taken out, changed or swapped
// with the next to make one name of another.
func distance(a, b string) int {
	before, row := []int(nil), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next := make([]int, len(b)+1)
		next[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			next[j] = min(row[j]+1, next[j-1]+1, row[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}
