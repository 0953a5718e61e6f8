package psirt

import (
	"encoding/json"
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
type Test struct {
	Present string  `yaml:"present,omitempty"` // at least one non-empty value at this path
	Equals  *Equals `yaml:"equals,omitempty"`
	In      *In     `yaml:"in,omitempty"`
	Count   *Count  `yaml:"count,omitempty"`
	Before  *Before `yaml:"before,omitempty"`
	All     []Test  `yaml:"all,omitempty"`
	Any     []Test  `yaml:"any,omitempty"`
	Not     *Test   `yaml:"not,omitempty"`
	Fact    string  `yaml:"fact,omitempty"` // another fact
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
// opens the case: then sealed facts answer Sealed, and clear ones are read
// from the envelope.
type World struct {
	Case   *Case
	Report Document
	Now    time.Time
}

// maxFactDepth bounds facts that refer to facts; Program.Check finds cycles.
const maxFactDepth = 32

// Judge answers one guard: a fact's name, or "not" and a fact's name.
func (p *Program) Judge(guard string, w World) Verdict {
	name, negated := strings.CutPrefix(guard, "not ")
	fact, ok := p.Facts[name]
	if !ok {
		return Failed("the programme declares no fact "+name, "declare it under facts in program.yaml")
	}
	v := Verdict{What: factText(name, fact, negated), Do: fact.Do, Private: !fact.Clear}
	switch {
	case w.Report != nil:
		v.Result = result(p.holds(fact.Is, w, 0) != negated)
	case fact.Clear:
		v.Result = result(contains(w.Case.Facts, name) != negated)
	default:
		v.Result = Sealed
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
		if fact.Clear && p.holds(fact.Is, w, 0) {
			out = append(out, name)
		}
	}
	sort.Strings(out)
	return out
}

// holds fails closed: a test that says nothing, or nests too deep, is false.
func (p *Program) holds(t Test, w World, depth int) bool {
	if depth > maxFactDepth {
		return false
	}
	switch {
	case t.Present != "":
		return len(values(w, t.Present)) > 0
	case t.Equals != nil:
		for _, v := range values(w, t.Equals.Path) {
			if same(v, t.Equals.Value) {
				return true
			}
		}
		return false
	case t.In != nil:
		return allIn(values(w, t.In.Path), t.In.Values)
	case t.Count != nil:
		n := len(values(w, t.Count.Path))
		return n >= t.Count.Min && (t.Count.Max == 0 || n <= t.Count.Max)
	case t.Before != nil:
		return before(w, t.Before)
	case t.Not != nil:
		return !p.holds(*t.Not, w, depth+1)
	case t.Fact != "":
		other, ok := p.Facts[t.Fact]
		return ok && p.holds(other.Is, w, depth+1)
	case len(t.All) > 0:
		for _, part := range t.All {
			if !p.holds(part, w, depth+1) {
				return false
			}
		}
		return true
	}
	for _, part := range t.Any {
		if p.holds(part, w, depth+1) {
			return true
		}
	}
	return false
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

func before(w World, b *Before) bool {
	limits := []time.Time{w.Now}
	if b.Than != "now" {
		limits = times(values(w, b.Than))
	}
	found := times(values(w, b.Path))
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

// values lists the non-empty values at a path; lists on the way are gone
// through. "case." reads the envelope, everything else the report document.
func values(w World, path string) []any {
	if name, ok := strings.CutPrefix(path, "case."); ok {
		return envelopeValues(w.Case, name)
	}
	return w.Report.Values(path)
}

// Values lists the non-empty values at a dotted path, going through lists.
func (d Document) Values(path string) []any {
	return collect(map[string]any(d), strings.Split(path, "."), nil)
}

func collect(at any, path []string, out []any) []any {
	if list, ok := at.([]any); ok {
		for _, item := range list {
			out = collect(item, path, out)
		}
		return out
	}
	if len(path) > 0 {
		m, ok := at.(map[string]any)
		if !ok {
			return out
		}
		return collect(m[path[0]], path[1:], out)
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
