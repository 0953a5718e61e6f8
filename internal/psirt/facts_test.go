package psirt

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"
)

// report is what encoding/json gives for a report document.
func report(t testing.TB, text string) Document {
	t.Helper()
	var d Document
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

const sampleReport = `{
	"title": "overflow", "empty": "", "blank": " \n\t", "nothing": null, "no": false, "yes": true, "zero": 0, "one": 1, "million": 1000000, "half": 0.5,
	"list": [], "object": {}, "nested": {"list": [[1, 2], [3]]}, "holes": ["", null, {}, [], "x"],
	"products": [{"name": "card", "versions": ["1.0", "1.1"]}, {"name": "reader", "versions": []}, {"name": ""}],
	"analysis": {"verdict": "valid", "score": 9.8},
	"past": "2026-11-20", "today": "2026-11-22", "future": "2026-12-24", "moment": "2026-11-22T11:59:59Z", "exact": "2026-11-22T12:00:00Z", "abroad": "2026-11-22T13:30:00+02:00",
	"days": ["2026-11-01", "2026-11-20T00:00:00Z"], "mixed": ["2026-11-01", "2027-01-01"], "unclear": ["2026-11-01", "soon"], "word": "soon", "number": 20261101
}`

func TestTests(t *testing.T) {
	t.Parallel()
	p := &Program{Facts: map[string]Fact{
		"yes": {Is: Test{Present: "title"}}, "no": {Is: Test{Present: "absent"}},
		"round": {Is: Test{Fact: "round"}}, "ping": {Is: Test{Fact: "pong"}}, "pong": {Is: Test{Fact: "ping"}},
	}}
	c := in("evaluating")
	c.Updates, c.Handlers, c.Outcome = []Update{{Kind: "ask"}, {Kind: "reply"}}, []Fingerprint{anna}, "fixed"
	w := World{Case: c, Report: report(t, sampleReport), Now: noon}
	yes, no := Test{Fact: "yes"}, Test{Fact: "no"}
	for _, x := range []struct {
		test Test
		want bool
	}{
		{Test{Present: "title"}, true},
		{Test{Present: "absent"}, false},
		{Test{Present: "empty"}, false},
		{Test{Present: "blank"}, false},
		{Test{Present: "nothing"}, false},
		{Test{Present: "list"}, false},
		{Test{Present: "object"}, false},
		{Test{Present: "no"}, true},
		{Test{Present: "zero"}, true},
		{Test{Present: "holes"}, true},
		{Test{Present: "title.deeper"}, false},
		{Test{Present: "products"}, true},
		{Test{Present: "products.name"}, true},
		{Test{Present: "products.part_number"}, false},
		{Test{Present: "analysis"}, true},
		{Test{Present: "analysis."}, false},
		{Test{Present: "."}, false},

		{Test{Equals: &Equals{"analysis.verdict", "valid"}}, true},
		{Test{Equals: &Equals{"analysis.verdict", "Valid"}}, false},
		{Test{Equals: &Equals{"products.name", "reader"}}, true},
		{Test{Equals: &Equals{"products.versions", "1.1"}}, true},
		{Test{Equals: &Equals{"products.versions", 1.1}}, false},
		{Test{Equals: &Equals{"products.name", ""}}, false},
		{Test{Equals: &Equals{"absent", nil}}, false},
		{Test{Equals: &Equals{"nothing", nil}}, false},
		{Test{Equals: &Equals{"yes", true}}, true},
		{Test{Equals: &Equals{"yes", "true"}}, false},
		{Test{Equals: &Equals{"no", false}}, true},
		{Test{Equals: &Equals{"one", 1}}, true},
		{Test{Equals: &Equals{"one", int64(1)}}, true},
		{Test{Equals: &Equals{"one", uint64(1)}}, true},
		{Test{Equals: &Equals{"one", 1.0}}, true},
		{Test{Equals: &Equals{"one", json.Number("1.0")}}, true},
		{Test{Equals: &Equals{"one", "1"}}, false},
		{Test{Equals: &Equals{"one", true}}, false},
		{Test{Equals: &Equals{"one", json.Number("one")}}, false},
		{Test{Equals: &Equals{"million", 1_000_000}}, true},
		{Test{Equals: &Equals{"analysis.score", 9.8}}, true},
		{Test{Equals: &Equals{"analysis.score", math.NaN()}}, false},
		{Test{Equals: &Equals{"nested.list", 3}}, true},
		{Test{Equals: &Equals{"products", map[string]any{"name": ""}}}, true},
		{Test{Equals: &Equals{"products", "map[name:]"}}, false},

		{Test{In: &In{"analysis.verdict", []any{"not-valid", "valid"}}}, true},
		{Test{In: &In{"analysis.verdict", []any{"not-valid"}}}, false},
		{Test{In: &In{"products.versions", []any{"1.0", "1.1", "1.2"}}}, true},
		{Test{In: &In{"products.versions", []any{"1.0"}}}, false},
		{Test{In: &In{"absent", []any{"x"}}}, false},
		{Test{In: &In{"one", []any{2, 1}}}, true},
		{Test{In: &In{"one", nil}}, false},

		{Test{Count: &Count{"products", 3, 3}}, true},
		{Test{Count: &Count{"products", 4, 0}}, false},
		{Test{Count: &Count{"products", 0, 2}}, false},
		{Test{Count: &Count{"products.versions", 2, 2}}, true},
		{Test{Count: &Count{"nested.list", 3, 3}}, true},
		{Test{Count: &Count{"holes", 1, 1}}, true},
		{Test{Count: &Count{"absent", 1, 0}}, false},
		{Test{Count: &Count{"absent", 0, 1}}, true},

		{Test{Before: &Before{"past", "now"}}, true},
		{Test{Before: &Before{"future", "now"}}, false},
		{Test{Before: &Before{"moment", "now"}}, true},
		{Test{Before: &Before{"exact", "now"}}, false},
		{Test{Before: &Before{"abroad", "now"}}, true},
		{Test{Before: &Before{"past", "future"}}, true},
		{Test{Before: &Before{"future", "past"}}, false},
		{Test{Before: &Before{"days", "now"}}, true},
		{Test{Before: &Before{"days", "mixed"}}, false},
		{Test{Before: &Before{"mixed", "now"}}, false},
		{Test{Before: &Before{"unclear", "now"}}, false},
		{Test{Before: &Before{"past", "unclear"}}, false},
		{Test{Before: &Before{"word", "now"}}, false},
		{Test{Before: &Before{"number", "now"}}, false},
		{Test{Before: &Before{"absent", "now"}}, false},
		{Test{Before: &Before{"past", "absent"}}, false},
		{Test{Before: &Before{"case.opened", "future"}}, true},

		{Test{All: []Test{yes, yes}}, true},
		{Test{All: []Test{yes, no}}, false},
		{Test{Any: []Test{no, yes}}, true},
		{Test{Any: []Test{no, no}}, false},
		{Test{Not: &no}, true},
		{Test{Not: &yes}, false},
		{Test{Fact: "absent"}, false},
		{Test{}, false},

		{Test{Fact: "round"}, false},
		{Test{Fact: "ping"}, false},

		{Test{Equals: &Equals{"case.state", "evaluating"}}, true},
		{Test{Equals: &Equals{"case.updates", "reply"}}, true},
		{Test{Equals: &Equals{"case.updates", "closed"}}, false},
		{Test{Equals: &Equals{"case.revision", 1}}, true},
		{Test{Equals: &Equals{"case.outcome", "fixed"}}, true},
		{Test{Equals: &Equals{"case.program", "acme"}}, true},
		{Test{Equals: &Equals{"case.opened", "2026-11-22T12:00:00Z"}}, true},
		{Test{Equals: &Equals{"case.handlers", string(anna)}}, true},
		{Test{Present: "case.sealed"}, false},
	} {
		if got := p.holds(x.test, w, 0); got != x.want {
			raw, _ := json.Marshal(x.test)
			t.Errorf("%s: %v", raw, got)
		}
	}
	if p.holds(Test{Present: "case.state"}, World{Report: w.Report}, 0) {
		t.Error("a case that is not there has a state")
	}
	deep := yes
	for range maxFactDepth {
		deep = Test{All: []Test{deep}}
	}
	if p.holds(deep, w, 1) {
		t.Error("what nests too deep holds")
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	p := small()
	full := Document{"description": "x", "analysis": map[string]any{"verdict": "valid"}}
	clear := in("received")
	clear.Facts = []string{"complete"}
	for _, x := range []struct {
		guard   string
		w       World
		want    Result
		what    string
		do      string
		private bool
	}{
		{"complete", World{Case: in("received"), Report: full}, Pass, "complete (All is there)", "", false},
		{"complete", World{Case: clear, Report: Document{}}, Fail, "complete (All is there)", "ask for it", false},
		{"complete", World{Case: clear}, Pass, "complete (All is there)", "", false},
		{"complete", World{Case: in("received")}, Fail, "complete (All is there)", "ask for it", false},
		{"not complete", World{Case: in("received")}, Pass, "not complete (All is there)", "", false},
		{"not complete", World{Case: clear}, Fail, "not complete (All is there)", "it must not hold for this move", false},
		{"valid", World{Case: clear, Report: full}, Pass, "valid (There is an issue)", "", true},
		{"valid", World{Case: clear, Report: Document{}}, Fail, "valid (There is an issue)", "write the verdict", true},
		{"valid", World{Case: clear}, Sealed, "valid (There is an issue)", "somebody whose key opens the case can judge it", true},
		{"not valid", World{Case: clear}, Sealed, "not valid (There is an issue)", "somebody whose key opens the case can judge it", true},
		{"not valid", World{Case: clear, Report: full}, Fail, "not valid (There is an issue)", "it must not hold for this move", true},
		{"absent", World{Case: clear}, Fail, "the programme declares no fact absent", "declare it under facts in program.yaml", false},
		{"not absent", World{Case: clear}, Fail, "the programme declares no fact absent", "declare it under facts in program.yaml", false},
	} {
		if got, want := p.Judge(x.guard, x.w), (Verdict{Result: x.want, What: x.what, Do: x.do, Private: x.private}); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", x.guard, got, want)
		}
	}
	p.Facts["bare"] = Fact{Clear: true, Is: Test{Present: "x"}}
	if v := p.Judge("bare", World{Case: clear}); v.What != "bare" {
		t.Errorf("a fact without meaning: %+v", v)
	}
}

func TestClearFacts(t *testing.T) {
	t.Parallel()
	p := small()
	p.Facts["a-fact"] = Fact{Clear: true, Is: Test{Not: &Test{Fact: "valid"}}}
	p.Facts["b-fact"] = Fact{Clear: true, Is: Test{Present: "absent"}}
	w := World{Case: in("received"), Report: Document{"description": "x"}, Now: noon}
	if got := p.ClearFacts(w); !slices.Equal(got, []string{"a-fact", "complete"}) {
		t.Errorf("clear facts are %v", got)
	}
	w.Report = Document{"analysis": map[string]any{"verdict": "valid"}}
	if got := p.ClearFacts(w); got != nil {
		t.Errorf("clear facts are %v", got)
	}
}

func TestDocument(t *testing.T) {
	t.Parallel()
	d := report(t, sampleReport)
	if got := fmt.Sprint(d.Values("products.versions"), d.Values("nested.list"), d.Values("holes"), d.Values("absent.x"), Document(nil).Values("a")); got != "[1.0 1.1] [1 2 3] [x] [] []" {
		t.Errorf("values are %s", got)
	}
	c := d.Clone()
	if !reflect.DeepEqual(c, d) {
		t.Fatalf("the copy is %v", c)
	}
	c["analysis"].(map[string]any)["verdict"] = "changed"
	c["products"].([]any)[0].(map[string]any)["name"] = "changed"
	if reflect.DeepEqual(c, d) || d.Values("analysis.verdict")[0] != "valid" || d.Values("products.name")[0] != "card" {
		t.Error("a change of the copy is one of the document")
	}
	defer func() {
		if recover() == nil {
			t.Error("what is no JSON was copied")
		}
	}()
	Document{"x": time.Now}.Clone()
}
