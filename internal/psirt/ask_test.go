package psirt

import (
	"encoding/json"
	"slices"
	"testing"
)

func doc(t *testing.T, text string) Document {
	t.Helper()
	var d Document
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// Tests over the elements of lists ask of one element what a path through the
// list would ask of several.
func TestListElements(t *testing.T) {
	t.Parallel()
	w := World{Case: in("evaluating"), Now: noon, Report: doc(t, `{
		"products": [{"name": "a", "versions": ["1.0", "2.0"]}, {"name": "b", "versions": ["3"]}],
		"remediation": [{"kind": "fix", "status": "planned", "versions": ["1.0"]}, {"kind": "mitigation", "status": "available", "versions": ["2.0", "3"]}],
		"one": {"at": "2026-01-01", "by": "anna"}, "numbers": [1, 2.0], "empty": [],
		"deep": [{"list": [{"x": 1}, {"x": 2}]}, {"list": [{"x": 2}]}]}`)}
	w.Case.Updates = []Update{{Kind: "ask"}, {Kind: "reply"}}
	eq := func(path string, value any) Test { return Test{Equals: &Equals{path, value}} }
	some := func(path string, where ...Test) Test { return Test{Some: &Items{path, where}} }
	each := func(path string, where ...Test) Test { return Test{Each: &Items{path, where}} }
	covers := func(path, by string) Test { return Test{Covers: &Covers{path, by}} }
	differ := func(path, from string) Test { return Test{Differ: &Differ{path, from}} }
	for i, x := range []struct {
		test Test
		want bool
	}{
		// Of a path through the list the two could be said of different elements.
		{Test{All: []Test{eq("remediation.kind", "fix"), eq("remediation.status", "available")}}, true},
		{some("remediation", eq("kind", "fix"), eq("status", "available")), false},
		{some("remediation", eq("kind", "fix"), eq("status", "planned")), true},
		{some("remediation", Test{Present: "fixed_in"}), false},
		{some("absent", Test{Present: "x"}), false},
		{some("one", eq("by", "anna")), true}, // a section is a list of one
		{some("numbers", eq("value", 2)), true},
		{some("numbers", eq("value", 3)), false},
		{each("remediation", Test{Present: "versions"}), true},
		{each("remediation", eq("status", "available")), false},
		{each("absent", Test{Present: "x"}), false},
		{each("empty", Test{Present: "x"}), false},
		{each("products", covers("versions", "report.remediation.versions")), true},
		{each("products", covers("versions", "name")), false},
		{each("deep", some("list", eq("x", 2))), true},
		{each("deep", each("list", eq("x", 2))), false},
		{each("deep", each("list", Test{Any: []Test{eq("x", 1), eq("x", 2)}})), true},
		{each("deep", Test{Not: &Test{Present: "report.title"}}), true},
		{each("deep", eq("report.one.by", "anna")), true},
		{each("deep", eq("case.state", "evaluating")), true},
		{each("one", Test{Before: &Before{"at", "now"}}), true},
		{each("case.updates", Test{In: &In{"value", []any{"ask", "reply"}}}), true},
		{each("case.updates", eq("value", "ask")), false},

		{covers("products.versions", "remediation.versions"), true},
		{covers("remediation.versions", "products.versions"), true},
		{covers("products.name", "remediation.versions"), false},
		{covers("absent", "remediation.versions"), false},
		{covers("numbers", "deep.list.x"), true}, // 2 and 2.0 are the same
		{differ("products.name", "one.by"), true},
		{differ("products.versions", "remediation.versions"), false},
		{differ("absent", "one.by"), false},
		{differ("one.by", "absent"), false},
		{some("products"), true}, // Check refuses it; elements are there
	} {
		if got := small().holds(x.test, w, 0); got != x.want {
			t.Errorf("%d: %v", i, got)
		}
	}
}

// Without a key what follows from the envelope is answered, and nothing else.
func TestWithoutAKey(t *testing.T) {
	t.Parallel()
	told, secret := Test{Equals: &Equals{"case.updates", "reply"}}, Test{Present: "analysis.text"}
	not := func(x Test) Test { return Test{Not: &x} }
	w := World{Case: in("evaluating"), Now: noon}
	w.Case.Updates = []Update{{Kind: "reply"}}
	w.Case.Facts = []string{"complete"}
	for i, x := range []struct {
		is   Test
		want Result
	}{
		{told, Pass}, {not(told), Fail}, {secret, Sealed}, {not(secret), Sealed},
		{Test{All: []Test{told, secret}}, Sealed}, {Test{All: []Test{not(told), secret}}, Fail},
		{Test{Any: []Test{told, secret}}, Pass}, {Test{Any: []Test{not(told), secret}}, Sealed},
		{Test{Some: &Items{"analysis.reviews", []Test{told}}}, Sealed}, {Test{Each: &Items{"analysis.reviews", nil}}, Sealed},
		{Test{Covers: &Covers{"a", "b"}}, Sealed}, {Test{Differ: &Differ{"case.state", "b"}}, Sealed},
		{Test{Before: &Before{"case.opened", "case.opened"}}, Fail}, {Test{Before: &Before{"case.opened", "b"}}, Sealed},
		{Test{Signers: &Signers{Path: "a"}}, Sealed},
		{Test{Fact: "complete"}, Pass}, {not(Test{Fact: "complete"}), Fail}, // clear: from the envelope's list
		{Test{Fact: "valid"}, Sealed},
	} {
		p := small()
		p.Facts["x"] = Fact{Means: "m", Do: "d", Is: x.is}
		if v := p.Judge("x", w); v.Result != x.want {
			t.Errorf("%d: %s", i, v.Text())
		}
		if v := p.Judge("not x", w); v.Result != x.want.not() {
			t.Errorf("%d, not: %s", i, v.Text())
		}
	}
	p := small()
	p.Facts["told"] = Fact{Means: "m", Do: "d", Is: told}
	p.Facts["mixed"] = Fact{Means: "m", Do: "d", Is: Test{Any: []Test{told, secret}}}
	if p.Judge("told", w).Private || !p.Judge("mixed", w).Private || !p.Judge("valid", w).Private {
		t.Error("what reads the envelope alone may be named on the forge, and nothing sealed may")
	}
}

// A record counts for a person when it came to stand as it is in a revision
// that the person signed.
func TestSigners(t *testing.T) {
	t.Parallel()
	reviews := func(text string) Document {
		return doc(t, `{"analysis": {"by": "carl", "team": "doors", "empty": "gates", "reviews": [`+text+`]}}`)
	}
	const a, b, c = `{"by": "anna", "text": "yes"}`, `{"by": "bert", "text": "yes"}`, `{"by": "carl", "text": "yes"}`
	past := func(steps ...any) (out []Past) {
		for i := 0; i < len(steps); i += 2 {
			p := Past{Revision: i/2 + 1, By: steps[i].(Fingerprint)}
			if text, ok := steps[i+1].(string); ok {
				p.Report = reviews(text)
			}
			out = append(out, p)
		}
		return out
	}
	two := Signers{Path: "analysis.reviews", Min: 2}
	one := Signers{Path: "analysis.reviews"}
	for _, x := range []struct {
		what string
		test Signers
		now  string
		past []Past
		want Result
	}{
		{"nobody", one, "", past(anna, ""), Fail},
		{"their own", one, a, past(bert, "", anna, a), Pass},
		{"in their name", one, a, past(bert, a), Fail},
		{"in their name, signed over later", one, a, past(bert, a, anna, a), Fail},
		{"both", two, a + "," + b, past(anna, a, bert, a+","+b), Pass},
		{"one twice", two, a + `,{"by": "anna", "text": "again"}`, past(anna, a, anna, a+`,{"by": "anna", "text": "again"}`), Fail},
		{"one in the other's name", two, a + "," + b, past(anna, a+","+b), Fail},
		{"changed by somebody else", one, a, past(anna, `{"by": "anna", "text": "no"}`, bert, a), Fail},
		{"changed by themselves", one, a, past(bert, "", anna, `{"by": "anna", "text": "no"}`, anna, a), Pass},
		{"taken back, and put there again", one, a, past(anna, a, anna, "", bert, a), Fail},
		{"moved in the list", one, b + "," + a, past(anna, a, bert, b+","+a), Pass},
		{"gone from what is judged", one, "", past(anna, a, bert, ""), Fail},
		{"not yet in a revision", one, a, past(anna, ""), Fail},
		{"a stranger", one, `{"by": "eve", "text": "yes"}`, past(anna, `{"by": "eve", "text": "yes"}`), Fail},
		{"nobody's name", one, `{"text": "yes"}`, past(anna, `{"text": "yes"}`), Fail},
		{"the bot's revision", one, a, past(key('2'), a), Fail},
		{"a signature that is not good", one, a, past(Fingerprint(""), a), Fail},
		{"an older revision that cannot be opened", one, a, past(anna, nil, anna, a), Fail},
		{"an older revision that cannot be opened, before it came", one, a, past(anna, nil, bert, "", anna, a), Pass},
		{"without history", one, a, nil, Sealed},
		{"without history, and too few whoever signed", two, a, nil, Fail},
		{"the author does not count", Signers{Path: "analysis.reviews", Not: "analysis.by"}, c, past(carl, c), Fail},
		{"another than the author", Signers{Path: "analysis.reviews", Not: "analysis.by"}, a + "," + c, past(carl, c, anna, a+","+c), Pass},
		{"of a role", Signers{Path: "analysis.reviews", Role: RoleLead}, a, past(anna, a), Fail},
		{"of the role", Signers{Path: "analysis.reviews", Role: RoleLead}, c, past(carl, c), Pass},
		{"named elsewhere", Signers{Path: "analysis.reviews", By: "who.handle"}, `{"who": {"handle": "anna"}}`, past(anna, `{"who": {"handle": "anna"}}`), Pass},
		{"of the team", Signers{Path: "analysis.reviews", Team: "analysis.team"}, a, past(anna, a), Pass},
		{"of another team", Signers{Path: "analysis.reviews", Team: "analysis.team"}, b, past(bert, b), Fail},
		{"of no team", Signers{Path: "analysis.reviews", Team: "analysis.none"}, a, past(anna, a), Fail},
		{"of a team that nobody declared", Signers{Path: "analysis.reviews", Team: "analysis.by"}, a, past(anna, a), Fail},
		{"of a team without people", Signers{Path: "analysis.reviews", Team: "analysis.empty"}, b, past(bert, b), Pass},
		{"of a kind", Signers{Path: "analysis.reviews", Where: []Test{{Equals: &Equals{"text", "yes"}}}}, a, past(anna, a), Pass},
		{"of another kind", Signers{Path: "analysis.reviews", Where: []Test{{Equals: &Equals{"text", "no"}}}}, a, past(anna, a), Fail},
	} {
		p := small()
		p.Teams = map[string]Team{"doors": {People: []string{"anna"}}, "gates": {}}
		p.Facts["reviewed"] = Fact{Means: "m", Do: "d", Is: Test{Signers: &x.test}}
		for i := range x.past { // what is remembered is enough
			if x.past[i].Report != nil {
				x.past[i].Report = p.Remember(x.past[i].Report)
			}
		}
		v := p.Judge("reviewed", World{Case: in("evaluating"), Report: reviews(x.now), History: x.past, Now: noon})
		if v.Result != x.want {
			t.Errorf("%s: %s", x.what, v.Text())
		}
	}
}

// A second reviewer is somebody else than who signed what is reviewed, whomever
// the report names, and looks at it as it is now.
func TestSignersOf(t *testing.T) {
	t.Parallel()
	report := func(verdict, by, reviewer string) Document {
		out := Document{"analysis": map[string]any{"by": by, "reviews": []any{map[string]any{"by": reviewer, "text": "yes"}}}}
		if verdict != "" {
			out["extra"] = map[string]any{"verdict": verdict}
		}
		return out
	}
	test := Signers{Path: "analysis.reviews", Not: "analysis.by", Of: "extra.verdict"}
	for _, x := range []struct {
		what string
		past []Past
		want Result
	}{
		{"somebody else, later", []Past{{1, bert, report("valid", "bert", "")}, {2, anna, report("valid", "bert", "anna")}}, Pass},
		{"their own, under another name", []Past{{1, anna, report("valid", "bert", "anna")}}, Fail},
		{"their own, under another name, later", []Past{{1, anna, report("valid", "bert", "")}, {2, anna, report("valid", "bert", "anna")}}, Fail},
		{"changed since", []Past{{1, bert, report("not-valid", "bert", "")}, {2, anna, report("not-valid", "bert", "anna")}, {3, bert, report("valid", "bert", "anna")}}, Fail},
		{"changed and changed back", []Past{{1, bert, report("valid", "bert", "")}, {2, anna, report("valid", "bert", "anna")}, {3, bert, report("not-valid", "bert", "anna")}, {4, bert, report("valid", "bert", "anna")}}, Fail},
		{"changed by the reviewer", []Past{{1, bert, report("not-valid", "bert", "")}, {2, anna, report("valid", "bert", "anna")}}, Fail},
		{"before there was anything", []Past{{1, anna, report("", "bert", "anna")}, {2, bert, report("valid", "bert", "anna")}}, Fail},
		{"of nothing", []Past{{1, bert, report("", "bert", "")}, {2, anna, report("", "bert", "anna")}}, Fail},
		{"of what nobody here can open", []Past{{1, bert, nil}, {2, bert, report("valid", "bert", "")}, {3, anna, report("valid", "bert", "anna")}}, Fail},
		{"of what nobody signed", []Past{{1, "", report("valid", "bert", "")}, {2, anna, report("valid", "bert", "anna")}}, Fail},
	} {
		p := small()
		p.Facts["reviewed"] = Fact{Means: "m", Do: "d", Is: Test{Signers: &test}}
		now := x.past[len(x.past)-1].Report
		for i := range x.past { // what is remembered is enough
			if x.past[i].Report != nil {
				x.past[i].Report = p.Remember(x.past[i].Report)
			}
		}
		if v := p.Judge("reviewed", World{Case: in("evaluating"), Report: now, History: x.past, Now: noon}); v.Result != x.want {
			t.Errorf("%s: %s", x.what, v.Text())
		}
		if v := p.Judge("reviewed", World{Case: in("evaluating"), Now: noon}); v.Result != Sealed {
			t.Errorf("%s, without a key: %s", x.what, v.Text())
		}
	}
}

// History is read back only for moves whose guards ask who signed.
func TestNeedsHistory(t *testing.T) {
	t.Parallel()
	p := small()
	if p.AsksSigners() || p.NeedsHistory("evaluating", "closed") {
		t.Error("nobody asks for signers")
	}
	p.Facts["reviewed"] = Fact{Means: "m", Do: "d", Is: Test{Any: []Test{{Signers: &Signers{Path: "a.b"}}}}}
	p.Facts["valid"] = Fact{Means: "m", Do: "d", Is: Test{Not: &Test{Fact: "reviewed"}}}
	if !p.AsksSigners() || !p.NeedsHistory("evaluating", "closed") || !p.NeedsHistory("verifying", "closed") || p.NeedsHistory("evaluating", "waiting") {
		t.Error("closing asks for signers, through another fact, and nothing else does")
	}
	if got := p.Remember(Document{"a": 1.0, "secret": 2.0}); len(got) != 1 || got["a"] != 1.0 {
		t.Errorf("it remembers %v", got)
	}
}

// A report that somebody made for the purpose takes no time, and passes no
// guard, whichever way it is asked.
func TestHostileReport(t *testing.T) {
	t.Parallel()
	list := slices.Repeat([]any{map[string]any{"x": 1.0}}, 20_000)
	w := World{Case: in("evaluating"), Report: Document{"a": list}, Now: noon}
	p := small()
	slow := Test{Each: &Items{"a", []Test{{Covers: &Covers{"x", "report.a.x"}}}}}
	p.Facts["slow"] = Fact{Means: "m", Do: "d", Is: slow}
	p.Facts["slow-not"] = Fact{Means: "m", Do: "d", Is: Test{Not: &slow}}
	for _, name := range []string{"slow", "slow-not"} {
		if v := p.Judge(name, w); v.Result != Fail {
			t.Errorf("%s: %s", name, v.Text())
		}
	}
}
