package psirt

import "strings"

// maxWays bounds the ways in which a set of guards is tried to be met. Beyond
// it they count as possible: the review finds mistakes, it proves nothing.
const maxWays = 1000

// claim is one thing that must, or must not, be so.
type claim struct {
	test Test
	not  bool
	key  string // the test in its canonical form
}

// way is a set of claims of which all must be so.
type way []claim

// satisfiable reports whether some report and envelope could meet all guards,
// as far as claims about the same path show.
func (p *Program) satisfiable(guards []string) bool {
	ways := []way{nil}
	for _, g := range guards {
		name, negated := strings.CutPrefix(g, "not ")
		ways = product(ways, p.meet(Test{Fact: name}, negated, 0))
	}
	return len(ways) > 0
}

// meet lists the ways in which a test can come out as wanted.
func (p *Program) meet(t Test, not bool, depth int) []way {
	if depth > maxFactDepth {
		return []way{nil}
	}
	parts, all := t.All, !not
	switch {
	case t.Fact != "":
		return p.meet(p.Facts[t.Fact].Is, not, depth+1)
	case t.Not != nil:
		return p.meet(*t.Not, !not, depth+1)
	case len(t.Any) > 0:
		parts, all = t.Any, not
	case len(t.All) == 0:
		if c := t.Count; c != nil && c.Max > 0 && c.Min > c.Max && !not {
			return nil
		}
		return []way{{claim{t, not, canonical(t)}}}
	}
	if all {
		out := []way{nil}
		for _, part := range parts {
			out = product(out, p.meet(part, not, depth+1))
		}
		return out
	}
	var out []way
	for _, part := range parts {
		out = append(out, p.meet(part, not, depth+1)...)
		if len(out) > maxWays {
			break
		}
	}
	return out
}

// product puts each way of one set together with each of another.
func product(a, b []way) []way {
	if len(a) > maxWays || len(b) > maxWays {
		return a // given up: what is left out only makes more possible
	}
	var out []way
	for _, x := range a {
		for _, y := range b {
			if !agree(x, y) {
				continue
			}
			both := append(append(way{}, x...), y...)
			if out = append(out, both); len(out) > maxWays {
				return out
			}
		}
	}
	return out
}

// agree reports whether no claim of one way contradicts one of the other.
func agree(x, y way) bool {
	for _, a := range x {
		for _, b := range y {
			if contradict(a, b) || contradict(b, a) {
				return false
			}
		}
	}
	return true
}

func contradict(a, b claim) bool {
	if a.not != b.not && a.key == b.key {
		return true
	}
	// Nothing there, and something there.
	if b.not && b.test.Present != "" && !a.not && a.asks(b.test.Present) {
		return true
	}
	if a.not || a.test.In == nil || b.not {
		return false
	}
	// All values are in the list, so each that there is must be.
	allowed := a.test.In
	switch {
	case b.test.Equals != nil && b.test.Equals.Path == allowed.Path:
		return !contained(allowed.Values, b.test.Equals.Value)
	case b.test.In != nil && b.test.In.Path == allowed.Path:
		return among(b.test.In.Values, allowed.Values) == 0
	}
	return false
}

// asks reports whether a claim that is so means that a value is at the path.
func (c claim) asks(path string) bool {
	switch t := c.test; {
	case t.Count != nil:
		return t.Count.Path == path && t.Count.Min > 0
	case t.Signers != nil:
		return t.Signers.Path == path
	default:
		return contains(t.paths(), path)
	}
}
