package psirt

import (
	"slices"
	"strings"
	"testing"
)

// urgent is small with rules for the priority.
func urgent() *Program {
	p := small()
	p.Priority = []PriorityRule{
		{"critical", "It is exploited.", Test{Equals: &Equals{"exploited", "yes"}}},
		{"high", "It is to be solved out of cycle.", Test{In: &In{"assessment.ssvc.decision", []any{"out-of-cycle", "immediate"}}}},
		{"medium", "Somebody has assessed it.", Test{Present: "assessment.ssvc.decision"}},
	}
	p.Facts["prioritised"] = Fact{Means: "m", Do: "d", Is: Test{Any: []Test{{Derived: "priority"}, {All: []Test{{Present: "priority"}, {Present: "why"}}}}}}
	return p
}

// TestPriorityOf: the first rule that fits gives the priority, and a case that
// nobody has assessed gets none (IG-33, IM-20).
func TestPriorityOf(t *testing.T) {
	t.Parallel()
	p := urgent()
	for _, test := range []struct {
		name   string
		report Document
		want   string
	}{
		{"nothing known", Document{}, ""},
		{"exploited", doc(t, `{"exploited": "yes", "assessment": {"ssvc": {"decision": "defer"}}}`), "critical"},
		{"out of cycle", doc(t, `{"exploited": "no", "assessment": {"ssvc": {"decision": "out-of-cycle"}}}`), "high"},
		{"the rest", doc(t, `{"assessment": {"ssvc": {"decision": "track"}}}`), "medium"},
		{"sealed", nil, ""},
	} {
		rule, ok := p.PriorityOf(World{Case: in("evaluating"), Report: test.report, Now: noon})
		if rule.Priority != test.want || ok != (test.want != "") {
			t.Errorf("%s: %q, %v; want %q", test.name, rule.Priority, ok, test.want)
		}
	}
}

// TestDerived: the fact holds for the derived priority, or for another with a
// reason; without rules that fit any priority will do (IG-33).
func TestDerived(t *testing.T) {
	t.Parallel()
	p := urgent()
	for _, test := range []struct {
		name   string
		report Document
		want   Result
	}{
		{"the right one", doc(t, `{"priority": "critical", "exploited": "yes"}`), Pass},
		{"a more urgent one", doc(t, `{"priority": "high", "assessment": {"ssvc": {"decision": "track"}}}`), Pass},
		{"no such thing", doc(t, `{"priority": "soon", "exploited": "yes"}`), Fail},
		{"several", doc(t, `{"priority": ["critical", "low"], "exploited": "yes"}`), Fail},
		{"another", doc(t, `{"priority": "low", "exploited": "yes"}`), Fail},
		{"another, with a reason", doc(t, `{"priority": "low", "exploited": "yes", "why": "ours only"}`), Pass},
		{"none", doc(t, `{"exploited": "yes"}`), Fail},
		{"no rule fits", doc(t, `{"priority": "low"}`), Pass},
		{"no rule fits, and none", Document{}, Fail},
		{"sealed", nil, Sealed},
	} {
		if got := p.Judge("prioritised", World{Case: in("evaluating"), Report: test.report, Now: noon}); got.Result != test.want {
			t.Errorf("%s: %v, want %v", test.name, got.Result, test.want)
		}
	}
}

// TestPriorityRulesAreChecked: rules that say nothing, or go in a circle, are
// named; and what only they ask for is used.
func TestPriorityRulesAreChecked(t *testing.T) {
	t.Parallel()
	if faults := urgent().Check(); len(faults) > 0 {
		t.Fatal(faults)
	}
	for _, test := range []struct {
		rule PriorityRule
		want string
	}{
		{PriorityRule{"urgent", "m", Test{Present: "a"}}, "priority[3].priority: is one of"},
		{PriorityRule{"low", "", Test{Present: "a"}}, "priority[3].means"},
		{PriorityRule{"low", "m", Test{}}, "priority[3]"},
		{PriorityRule{"low", "m", Test{Fact: "nobody"}}, "no fact nobody"},
		{PriorityRule{"low", "m", Test{Derived: "priority"}}, "it asks for the priority"},
		{PriorityRule{"low", "m", Test{Fact: "prioritised"}}, "it asks for the priority"},
		{PriorityRule{"low", "m", Test{Not: &Test{Equals: &Equals{"priority", "high"}}}}, "it asks for the priority"},
		{PriorityRule{"low", "m", Test{Signers: &Signers{Path: "reviews"}}}, "who signed a record"},
	} {
		p := urgent()
		p.Priority = append(p.Priority, test.rule)
		var list []string
		for _, f := range p.Check() {
			list = append(list, f.Error())
		}
		if !slices.ContainsFunc(list, func(s string) bool { return strings.Contains(s, test.want) }) {
			t.Errorf("%+v: %q is not in %q", test.rule, test.want, list)
		}
	}
	// Even a programme that nobody checked ends.
	p := urgent()
	p.Priority = []PriorityRule{{"low", "m", Test{Fact: "prioritised"}}}
	if v := p.Judge("prioritised", World{Case: in("evaluating"), Report: doc(t, `{"priority": "low"}`)}); !v.OK() {
		t.Error(v)
	}

	p = urgent()
	p.Facts["bad"] = Fact{Means: "m", Do: "d", Is: Test{Equals: &Equals{"exploited", "yes"}}}
	unused := func() bool {
		return slices.ContainsFunc(p.Review(Around{}), func(f Finding) bool { return f.Path == "facts.bad" })
	}
	if !unused() {
		t.Error("nothing asks for bad, and the review does not say so")
	}
	p.Priority[0].Is = Test{Fact: "bad"}
	if unused() {
		t.Error("a rule asks for bad, and the review says that nothing does")
	}
}
