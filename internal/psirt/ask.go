package psirt

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// maxValues bounds the values of documents that one fact goes through: lists in
// lists, in a report that somebody filled for the purpose, would take for ever.
const maxValues = 1 << 20

// asking is one fact being answered.
type asking struct {
	p      *Program
	w      World
	item   any  // the element that paths begin at
	inside bool // whether there is one
	left   int

	deriving bool // a rule of Program.Priority is being answered

	records map[string][]map[string]bool // by path: the records of each revision of History
}

// answer answers a fact. Sealed is "it depends on what a key would show". A
// report that makes it ask for too much fails it, whichever way it is asked.
func (p *Program) answer(name string, w World) Result {
	a := &asking{p: p, w: w, left: maxValues}
	r := a.fact(name, 0)
	if a.left < 0 {
		return Fail
	}
	return r
}

func (a *asking) fact(name string, depth int) Result {
	fact, ok := a.p.Facts[name]
	if !ok {
		return Fail
	}
	item, inside := a.item, a.inside
	a.item, a.inside = nil, false // a fact is about the case, wherever it is asked
	r := a.ask(fact.Is, depth)
	a.item, a.inside = item, inside
	if r == Sealed && fact.Clear && a.w.Report == nil && a.w.Case != nil {
		return result(contains(a.w.Case.Facts, name))
	}
	return r
}

// ask fails closed: a test that says nothing, or nests too deep, is false.
func (a *asking) ask(t Test, depth int) Result {
	if depth > maxFactDepth {
		return Fail
	}
	switch {
	case len(t.All) > 0:
		return a.all(t.All, depth)
	case len(t.Any) > 0:
		return a.any(t.Any, depth)
	case t.Not != nil:
		return a.ask(*t.Not, depth+1).not()
	case t.Fact != "":
		return a.fact(t.Fact, depth+1)
	case t.Some != nil:
		return a.some(*t.Some, depth)
	case t.Each != nil:
		return a.each(*t.Each, depth)
	case t.Signers != nil:
		return a.signers(t.Signers, depth)
	case t.Before != nil:
		return a.before(t.Before)
	case t.Derived != "":
		return a.derived(t.Derived)
	}
	return a.plain(t)
}

// plain answers the tests that read values and compare them.
func (a *asking) plain(t Test) Result {
	var lists [2][]any
	for i, path := range t.paths() {
		found, ok := a.values(path)
		if !ok {
			return Sealed
		}
		lists[i] = found
	}
	found, other := lists[0], lists[1]
	switch {
	case t.Present != "":
		return result(len(found) > 0)
	case t.Equals != nil:
		return result(contained(found, t.Equals.Value))
	case t.In != nil:
		return result(allIn(found, t.In.Values))
	case t.Count != nil:
		n := len(found)
		return result(n >= t.Count.Min && (t.Count.Max == 0 || n <= t.Count.Max))
	case t.Covers != nil:
		return result(len(found) > 0 && among(found, other) == len(found))
	case t.Differ != nil:
		return result(len(found) > 0 && len(other) > 0 && among(found, other) == 0)
	}
	return Fail
}

// paths lists the paths that a test reads itself, two at most for those that
// plain answers; not those of the tests inside it.
func (t Test) paths() []string {
	switch {
	case t.Present != "":
		return []string{t.Present}
	case t.Derived != "":
		return []string{t.Derived}
	case t.Equals != nil:
		return []string{t.Equals.Path}
	case t.In != nil:
		return []string{t.In.Path}
	case t.Count != nil:
		return []string{t.Count.Path}
	case t.Before != nil && t.Before.Than == "now":
		return []string{t.Before.Path}
	case t.Before != nil:
		return []string{t.Before.Path, t.Before.Than}
	case t.Covers != nil:
		return []string{t.Covers.Path, t.Covers.By}
	case t.Differ != nil:
		return []string{t.Differ.Path, t.Differ.From}
	case t.Some != nil:
		return []string{t.Some.Path}
	case t.Each != nil:
		return []string{t.Each.Path}
	case t.Signers != nil:
		list := []string{t.Signers.Path}
		for _, path := range []string{t.Signers.Not, t.Signers.Team, t.Signers.Of} {
			if path != "" {
				list = append(list, path)
			}
		}
		return list
	}
	return nil
}

// all and any are Kleene's: one answer may settle the whole although others are
// sealed.
func (a *asking) all(of []Test, depth int) Result {
	out := Pass
	for _, part := range of {
		switch a.ask(part, depth+1) {
		case Fail:
			return Fail
		case Sealed:
			out = Sealed
		}
	}
	return out
}

func (a *asking) any(of []Test, depth int) Result {
	out := Fail
	for _, part := range of {
		switch a.ask(part, depth+1) {
		case Pass:
			return Pass
		case Sealed:
			out = Sealed
		}
	}
	return out
}

func (a *asking) some(items Items, depth int) Result {
	found, ok := a.values(items.Path)
	if !ok {
		return Sealed
	}
	out := Fail
	for _, item := range found {
		switch a.of(item, items.Where, depth) {
		case Pass:
			return Pass
		case Sealed:
			out = Sealed
		}
	}
	return out
}

func (a *asking) each(items Items, depth int) Result {
	found, ok := a.values(items.Path)
	if !ok {
		return Sealed
	}
	out := result(len(found) > 0)
	for _, item := range found {
		switch a.of(item, items.Where, depth) {
		case Fail:
			return Fail
		case Sealed:
			out = Sealed
		}
	}
	return out
}

// of asks about one element of a list.
func (a *asking) of(item any, where []Test, depth int) Result {
	if a.left--; a.left < 0 {
		return Fail
	}
	item, a.item = a.item, item
	inside := a.inside
	a.inside = true
	r := a.all(where, depth+1)
	a.item, a.inside = item, inside
	return r
}

func (a *asking) before(b *Before) Result {
	found, ok := a.values(b.Path)
	limits := []time.Time{a.w.Now}
	if b.Than != "now" {
		than, known := a.values(b.Than)
		limits, ok = times(than), ok && known
	}
	if !ok {
		return Sealed
	}
	return result(allBefore(times(found), limits))
}

// values lists the non-empty values at a path; lists on the way are gone
// through. ok is false when only a key would show them.
func (a *asking) values(path string) (found []any, ok bool) {
	if name, envelope := strings.CutPrefix(path, "case."); envelope {
		return envelopeValues(a.w.Case, name), true
	}
	top, whole := strings.CutPrefix(path, "report.")
	var at any = map[string]any(a.w.Report)
	switch {
	case !whole && a.inside:
		if _, section := a.item.(map[string]any); !section && path == "value" {
			return []any{a.item}, true
		}
		at = a.item
	case a.w.Report == nil:
		return nil, false
	}
	return collect(at, strings.Split(top, "."), nil, &a.left), true
}

// contained reports whether some value found is the one looked for.
func contained(found []any, value any) bool {
	for _, v := range found {
		if same(v, value) {
			return true
		}
	}
	return false
}

// among counts the values that are in the other list.
func among(found, other []any) int {
	have := map[string]bool{}
	for _, v := range other {
		have[canonical(v)] = true
	}
	n := 0
	for _, v := range found {
		if have[canonical(v)] {
			n++
		}
	}
	return n
}

// canonical writes a value so that values which are the same give the same
// text.
func canonical(v any) string {
	if n, ok := number(v); ok {
		return fmt.Sprint(n)
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprintf("%T", v) // no JSON, so it came from no report
	}
	return string(raw)
}

// Asks reports whether a fact of the programme reads the report at a path.
func (p *Program) Asks(path string) bool {
	found := false
	for _, fact := range p.Facts {
		fact.Is.each(func(t Test) { found = found || contains(t.paths(), path) })
	}
	return found
}

// each calls f for a test and all those inside it, but not for facts that it
// refers to.
func (t Test) each(f func(Test)) {
	f(t)
	for _, part := range t.inner() {
		part.each(f)
	}
}

// inner lists the tests that a test is made of.
func (t Test) inner() []Test {
	out := append(append([]Test{}, t.All...), t.Any...)
	if t.Not != nil {
		out = append(out, *t.Not)
	}
	for _, items := range []*Items{t.Some, t.Each} {
		if items != nil {
			out = append(out, items.Where...)
		}
	}
	if t.Signers != nil {
		out = append(out, t.Signers.Where...)
	}
	return out
}

// open reports whether a test reads the envelope alone, so that its answer
// needs no key.
func (p *Program) open(t Test, depth int) bool {
	if depth > maxFactDepth || t.Signers != nil {
		return false
	}
	for _, path := range t.paths() {
		if !strings.HasPrefix(path, "case.") {
			return false
		}
	}
	if t.Fact != "" {
		other, ok := p.Facts[t.Fact]
		return ok && p.open(other.Is, depth+1)
	}
	for _, part := range t.inner() {
		if !p.open(part, depth+1) {
			return false
		}
	}
	return true
}
