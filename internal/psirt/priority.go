package psirt

import (
	"fmt"
	"slices"
)

// Priorities are those that a case can have, the most urgent first.
var Priorities = []string{"critical", "high", "medium", "low"}

// PriorityRule gives a priority to the cases of which its test holds.
type PriorityRule struct {
	Priority string `yaml:"priority"` // one of Priorities
	Means    string `yaml:"means"`    // one sentence: why it has that priority
	Is       Test   `yaml:",inline"`
}

// PriorityOf derives the priority of a case: the first rule of the programme
// whose test holds. ok is false without a report, and when no rule fits, as in
// a case that nobody has assessed yet. A rule that cannot be answered is
// passed over: what is derived rests on what is known.
func (p *Program) PriorityOf(w World) (rule PriorityRule, ok bool) {
	if w.Report == nil {
		return PriorityRule{}, false
	}
	for _, rule := range p.Priority {
		a := &asking{p: p, w: w, left: maxValues, deriving: true}
		if a.ask(rule.Is, 0) == Pass && a.left >= 0 {
			return rule, true
		}
	}
	return PriorityRule{}, false
}

// AsUrgent reports whether a priority is as urgent as another, or more so. What
// is no priority is not urgent.
func AsUrgent(priority, than string) bool {
	i, j := slices.Index(Priorities, priority), slices.Index(Priorities, than)
	return i >= 0 && (j < 0 || i <= j)
}

// derived answers whether the priority at a path is as urgent as the one that
// the programme derives. Where no rule fits there is nothing to hold it against:
// any value will do, but one there must be.
func (a *asking) derived(path string) Result {
	found, ok := a.values(path)
	if !ok || a.w.Report == nil {
		return Sealed
	}
	if a.deriving {
		return Fail // Program.Check refuses such rules
	}
	if rule, fits := a.p.PriorityOf(a.w); fits {
		priority, _ := one(found).(string)
		return result(AsUrgent(priority, rule.Priority))
	}
	return result(len(found) > 0)
}

// one is the only value of some, or nil.
func one(found []any) any {
	if len(found) != 1 {
		return nil
	}
	return found[0]
}

// priorities judges the rules themselves.
func (c *checker) priorities() {
	for i, rule := range c.p.Priority {
		path := fmt.Sprintf("priority[%d]", i)
		if !slices.Contains(Priorities, rule.Priority) {
			c.add(path+".priority", "is one of %v", Priorities)
		}
		if rule.Means == "" {
			c.add(path+".means", "say in one sentence why it has that priority")
		}
		c.test(path, rule.Is, 0)
		c.settled(path, rule.Is, 0)
		// Facts that are wrong themselves are named under their own names.
		apart := &checker{p: c.p}
		if s := apart.testSpan(rule.Is, map[string]*span{}, 0); s.depth > maxFactDepth || s.tests > maxFactTests {
			c.fault(path, simpler, "asks more than %d questions, or nests too deep", maxFactTests)
		}
	}
}

// settled holds that a rule asks for nothing that rests on the priority itself,
// nor on who signed what: it is derived at any time, from the report alone.
func (c *checker) settled(path string, t Test, depth int) {
	if depth > maxFactDepth {
		return // spans says so
	}
	t.each(func(t Test) {
		switch {
		case t.Derived != "" || slices.ContainsFunc(t.paths(), func(at string) bool { return at == "priority" || at == "report.priority" }):
			c.fault(path, "let it ask for what the report says: exploited, assessment.cvss.severity, assessment.ssvc.decision", "it asks for the priority, which it is to give")
		case t.Signers != nil:
			c.add(path, "it asks who signed a record: a priority follows from what the report says")
		case t.Fact != "":
			c.settled(path, c.p.Facts[t.Fact].Is, depth+1)
		}
	})
}
