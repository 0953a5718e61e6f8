package psirt

import (
	"encoding/json"
	"math"
	"reflect"
	"sort"
	"strings"
	"time"
)

// Fact is a named yes or no that guards read.
type Fact struct {
	Clear bool   `yaml:"clear"` // stands in the envelope and can be judged without a key
	Means string `yaml:"means"` // one sentence, for verdicts
	Do    string `yaml:"do"`    // what to do when it does not hold
	Is    Test   `yaml:",inline"`
}

// Test is a question about the report document and the envelope. Exactly one
// of its members is set.
//
// A path leads into the report; "case." reads the envelope. Inside the Where of
// Some and Each a path begins at the element, "value" is an element that is no
// section, and "report." leads into the report from its top.
type Test struct {
	Present string   `yaml:"present,omitempty"` // at least one non-empty value at this path
	Equals  *Equals  `yaml:"equals,omitempty"`
	In      *In      `yaml:"in,omitempty"`
	Count   *Count   `yaml:"count,omitempty"`
	Before  *Before  `yaml:"before,omitempty"`
	Some    *Items   `yaml:"some,omitempty"` // one element at least is so
	Each    *Items   `yaml:"each,omitempty"` // there are elements, and all are so
	Covers  *Covers  `yaml:"covers,omitempty"`
	Differ  *Differ  `yaml:"differ,omitempty"`
	Signers *Signers `yaml:"signers,omitempty"`
	Derived string   `yaml:"derived,omitempty"` // the priority at this path is as urgent as the one that the programme derives (Program.PriorityOf)
	All     []Test   `yaml:"all,omitempty"`
	Any     []Test   `yaml:"any,omitempty"`
	Not     *Test    `yaml:"not,omitempty"`
	Fact    string   `yaml:"fact,omitempty"` // another fact
}

// Items are the elements of a list, or the one section, at Path; Where lists
// what must all hold of one element.
type Items struct {
	Path  string `yaml:"path"`
	Where []Test `yaml:"where"`
}

// Covers holds when there are values at Path and each of them is among those
// at By.
type Covers struct {
	Path string `yaml:"path"`
	By   string `yaml:"by"`
}

// Differ holds when there are values at both paths and none of Path is among
// those of From.
type Differ struct {
	Path string `yaml:"path"`
	From string `yaml:"from"`
}

// Signers holds when at least Min people signed a record of their own at Path.
// By is the path, inside a record, of the handle of whom it is by. A record
// counts for that person only when the revision in which it came to stand
// there, as it is now, is signed by that person's key; somebody else can
// neither write nor change it in their name.
type Signers struct {
	Path string `yaml:"path"`
	Min  int    `yaml:"min"`  // default 1
	By   string `yaml:"by"`   // default: by
	Role string `yaml:"role"` // that they must have; default: any person of the programme
	Not  string `yaml:"not"`  // report path of handles that do not count
	Of   string `yaml:"of"`   // report path of what the records are about: it stood there before them, in a revision of somebody else's
	Team string `yaml:"team"` // report path of the team whose people alone count; default: whoever it is

	Where []Test `yaml:"where"` // what must hold of a record for it to count
}

// Equals holds when some value at the path is the given one.
type Equals struct {
	Path  string `yaml:"path"`
	Value any    `yaml:"value"`
}

// In holds when there is a value at the path and all values are in the list.
type In struct {
	Path   string `yaml:"path"`
	Values []any  `yaml:"values"`
}

// Count holds when the number of values at the path lies within the bounds;
// Max 0 means none.
type Count struct {
	Path string `yaml:"path"`
	Min  int    `yaml:"min"`
	Max  int    `yaml:"max"`
}

// Before holds when every time at the path lies before the one it is compared
// with: a path, or "now". Times are RFC 3339 or dates.
type Before struct {
	Path string `yaml:"path"`
	Than string `yaml:"than"`
}

// World is what a question is asked about. Report is nil without a key that
// opens the case: then what reads the report answers Sealed, except for clear
// facts, which are read from the envelope.
type World struct {
	Case   *Case
	Report Document
	Now    time.Time

	// History holds all revisions up to the one of Report, oldest first, for
	// tests of signers; nil: they answer Sealed.
	History []Past

	// Events of the case (Case.Events, mails, updates that were sent), for
	// clocks; nil: those of the log. Sent says of each update by number when its
	// receipt says that it went out.
	Events []Event
	Sent   map[int]time.Time

	// Mover is who makes the move that is asked about, with RequestedBy where a
	// label asked; nil: anybody.
	Mover *Entry
}

// Past is one revision of a case, as a key holder sees it. Only the parts of
// Report that Program.Remember keeps are needed; nil says that it could not be
// opened.
type Past struct {
	Revision int
	By       Fingerprint // whose signature of the revision is good; empty: nobody's
	Report   Document
}

// maxFactDepth bounds facts that refer to facts; Program.Check finds cycles.
const maxFactDepth = 32

// Judge answers one guard: a fact's name, or "not" and a fact's name. A fact
// that reads the envelope alone is judged without a key, whether declared clear
// or not.
func (p *Program) Judge(guard string, w World) Verdict {
	name, negated := strings.CutPrefix(guard, "not ")
	fact, ok := p.Facts[name]
	if !ok {
		return Failed("the programme declares no fact "+name, "declare it under facts in program.yaml")
	}
	v := Verdict{What: factText(name, fact, negated), Do: fact.Do, Private: !fact.Clear && !p.open(fact.Is, 0)}
	v.Result = p.answer(name, w)
	if negated {
		v.Result = v.Result.not()
	}
	switch {
	case v.Result == Pass:
		v.Do = ""
	case v.Result == Sealed:
		v.Do = "somebody whose key opens the case can judge it"
	case negated:
		v.Do = "it must not hold for this move"
	}
	return v
}

func factText(name string, fact Fact, negated bool) string {
	text := name
	if negated {
		text = "not " + name
	}
	if fact.Means != "" {
		text += " (" + strings.TrimSuffix(fact.Means, ".") + ")"
	}
	return text
}

func result(yes bool) Result {
	if yes {
		return Pass
	}
	return Fail
}

// ClearFacts computes the sorted names of the facts declared clear that hold;
// w.Report must not be nil.
func (p *Program) ClearFacts(w World) []string {
	var out []string
	for name, fact := range p.Facts {
		if fact.Clear && p.answer(name, w) == Pass {
			out = append(out, name)
		}
	}
	sort.Strings(out)
	return out
}

func allIn(found, allowed []any) bool {
	for _, v := range found {
		ok := false
		for _, a := range allowed {
			ok = ok || same(v, a)
		}
		if !ok {
			return false
		}
	}
	return len(found) > 0
}

func allBefore(found, limits []time.Time) bool {
	for _, t := range found {
		for _, limit := range limits {
			if !t.Before(limit) {
				return false
			}
		}
	}
	return len(found) > 0 && len(limits) > 0
}

// times reads all values as times; when one is none, there is nothing to
// compare, so that before fails closed.
func times(found []any) []time.Time {
	var out []time.Time
	for _, v := range found {
		s, _ := v.(string)
		t, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t, err = time.Parse(time.DateOnly, s)
		}
		if err != nil {
			return nil
		}
		out = append(out, t)
	}
	return out
}

// same compares as a person would: 1 and 1.0 are the same number.
func same(a, b any) bool {
	if x, ok := number(a); ok {
		y, ok := number(b)
		return ok && x == y
	}
	return reflect.DeepEqual(a, b)
}

// number reads what JSON and YAML decoders give for a number.
func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	case uint64:
		return float64(v), true
	case json.Number:
		n, err := v.Float64()
		return n, err == nil
	}
	return 0, false
}

// Values lists the non-empty values at a dotted path, going through lists.
func (d Document) Values(path string) []any {
	left := math.MaxInt
	return collect(map[string]any(d), strings.Split(path, "."), nil, &left)
}

// collect goes through at most *left values.
func collect(at any, path []string, out []any, left *int) []any {
	if *left--; *left < 0 {
		return out
	}
	if list, ok := at.([]any); ok {
		for _, item := range list {
			out = collect(item, path, out, left)
		}
		return out
	}
	if len(path) > 0 {
		m, ok := at.(map[string]any)
		if !ok {
			return out
		}
		return collect(m[path[0]], path[1:], out, left)
	}
	switch v := at.(type) {
	case nil:
		return out
	case string:
		if strings.TrimSpace(v) == "" {
			return out
		}
	case map[string]any:
		if len(v) == 0 {
			return out
		}
	}
	return append(out, at)
}

func envelopeValues(c *Case, name string) []any {
	if c == nil {
		return nil
	}
	doc := Document{
		"state": c.State, "outcome": string(c.Outcome), "revision": float64(c.Revision),
		"opened": c.Opened.UTC().Format(time.RFC3339), "program": c.Program,
	}
	var kinds, handlers []any
	for _, u := range c.Updates {
		kinds = append(kinds, u.Kind)
	}
	for _, h := range c.Handlers {
		handlers = append(handlers, string(h))
	}
	doc["updates"], doc["handlers"] = kinds, handlers
	return doc.Values(name)
}

// Clone is a deep copy.
func (d Document) Clone() Document {
	raw, err := json.Marshal(d)
	if err != nil {
		// A Document holds what JSON gave; anything else is a programming error.
		panic("psirt: document is not JSON: " + err.Error())
	}
	var out Document
	_ = json.Unmarshal(raw, &out)
	return out
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}
