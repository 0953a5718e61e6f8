package psirt

import "strings"

// Result is how a question was answered.
type Result int

// The answers. Sealed means that only somebody whose key opens the case can
// tell.
const (
	Fail Result = iota
	Pass
	Sealed
)

// String is "pass", "fail" or "sealed".
func (r Result) String() string { return [...]string{"fail", "pass", "sealed"}[r] }

func (r Result) not() Result { return [...]Result{Pass, Fail, Sealed}[r] }

// Verdict is an answer with its reasons: a tree whose leaves are the single
// questions. Its text names facts, states and people, never a value of a
// report, so it may be shown to anyone.
type Verdict struct {
	Result Result    `json:"result"`
	What   string    `json:"what"`         // the question, or what was found
	Do     string    `json:"do,omitempty"` // what to do about it; empty when it passed
	Of     []Verdict `json:"of,omitempty"`

	// Private marks a node that must be named in no text that leaves for the
	// forge: a guard on what is sealed.
	Private bool `json:"-"`
}

// MarshalText writes the result as String does.
func (r Result) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// Passed, Failed and Unknown make leaves.
func Passed(what string) Verdict { return Verdict{Result: Pass, What: what} }

// Failed is a leaf that says no, and what to do.
func Failed(what, do string) Verdict { return Verdict{Result: Fail, What: what, Do: do} }

// All passes when each of its parts does. One failure makes it fail; without
// one, a sealed part makes it sealed.
func All(what string, of ...Verdict) Verdict {
	v := Verdict{Result: Pass, What: what, Of: of}
	for _, part := range of {
		switch {
		case part.Result == Fail:
			v.Result = Fail
			return v
		case part.Result == Sealed:
			v.Result = Sealed
		}
	}
	return v
}

// First passes when one of its parts does: what it is made of are alternatives,
// of which the first that passes counts. Without one that passes, a sealed one
// makes it sealed.
func First(what string, of ...Verdict) Verdict {
	v := Verdict{Result: Fail, What: what, Of: of}
	for _, part := range of {
		switch {
		case part.Result == Pass:
			v.Result = Pass
			return v
		case part.Result == Sealed:
			v.Result = Sealed
		}
	}
	return v
}

// OK reports whether the verdict is a clean pass.
func (v Verdict) OK() bool { return v.Result == Pass }

// Reasons lists the leaves that made the verdict what it is, each once and with
// what to do: those that failed, or, where none did, those that are sealed.
func (v Verdict) Reasons() []string {
	if v.Result == Pass {
		return nil
	}
	var out []string
	for _, part := range v.Of {
		if part.Result != v.Result {
			continue
		}
		for _, reason := range part.Reasons() { // two rules may lack the same
			if !contains(out, reason) {
				out = append(out, reason)
			}
		}
	}
	if len(out) > 0 {
		return out
	}
	line := v.What
	if v.Do != "" {
		line += ": " + v.Do
	}
	return []string{line}
}

// Text prints the tree, two spaces a level, with a mark for each answer.
func (v Verdict) Text() string {
	var b strings.Builder
	v.print(&b, 0)
	return b.String()
}

func (v Verdict) print(b *strings.Builder, depth int) {
	mark := [...]string{"no ", "yes", "key"}[v.Result]
	b.WriteString(strings.Repeat("  ", depth) + mark + "  " + v.What)
	if v.Do != "" && v.Result != Pass {
		b.WriteString(": " + v.Do)
	}
	b.WriteByte('\n')
	for _, part := range v.Of {
		part.print(b, depth+1)
	}
}

// Public is the tree without its private nodes: they are counted, not named.
func (v Verdict) Public() Verdict {
	out := v
	out.Of = nil
	hidden := 0
	for _, part := range v.Of {
		if part.Private {
			hidden++
			continue
		}
		out.Of = append(out.Of, part.Public())
	}
	if hidden > 0 {
		out.Of = append(out.Of, Verdict{Result: Sealed, What: "what is sealed is judged by those whose key opens the case", Do: "run docket diff"})
	}
	return out
}
