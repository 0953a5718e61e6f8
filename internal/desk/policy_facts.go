package desk

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/schema"
)

// shape is a part of the form of reports (schema/report.schema.json), as far as
// facts can ask for it.
type shape struct {
	Ref        string           `json:"$ref"`
	Type       any              `json:"type"`
	Enum       []any            `json:"enum"`
	Properties map[string]shape `json:"properties"`
	Items      *shape           `json:"items"`
	Defs       map[string]shape `json:"$defs"`

	Additional *json.RawMessage `json:"additionalProperties"`
}

// reportShape is the form of reports.
var reportShape = sync.OnceValue(func() shape {
	raw, err := fs.ReadFile(schema.Files(), "report.schema.json")
	var s shape
	if err == nil {
		err = json.Unmarshal(raw, &s)
	}
	if err != nil {
		panic("desk: the form of reports: " + err.Error()) // embedded: cannot fail
	}
	return s
})

// at finds what stands at a dotted path, going through lists; ok is false when
// no report can have it.
func (s shape) at(path string) (found shape, ok bool) {
	found = s.resolved(s)
	for _, step := range strings.Split(path, ".") {
		next, known := found.Properties[step]
		if !known {
			return found, found.open() // such as extra: anything may stand there
		}
		found = next.resolved(s)
	}
	return found, true
}

// resolved follows references, and goes through lists.
func (s shape) resolved(root shape) shape {
	for range 16 {
		if name, ok := strings.CutPrefix(s.Ref, "#/$defs/"); ok {
			s = root.Defs[name]
		} else if s.Items != nil {
			s = *s.Items
		} else {
			break
		}
	}
	return s
}

// open reports whether fields that are not named may stand there.
func (s shape) open() bool {
	return s.Properties == nil && s.Enum == nil && s.Type == "object" && (s.Additional == nil || string(*s.Additional) != "false")
}

// facts holds every question against the form of reports and the envelope: one
// for a value that can never be there is one that nobody can meet.
func (c *policyCheck) facts() {
	for name, fact := range c.p.Facts {
		c.fact("facts."+name, fact.Is, 0)
	}
	for i, t := range c.p.Transitions {
		for _, guard := range t.Guards {
			if !strings.HasPrefix(guard, "not ") && has(t.Guards, "not "+guard) {
				c.add(fmt.Sprintf("transitions[%d].guards", i), "nobody can meet both "+guard+" and not "+guard, "take one of them out")
			}
		}
	}
}

func (c *policyCheck) fact(path string, t psirt.Test, depth int) {
	if depth > 32 {
		return // Check says so
	}
	for i, part := range t.All {
		c.fact(fmt.Sprintf("%s.all[%d]", path, i), part, depth+1)
	}
	for i, part := range t.Any {
		c.fact(fmt.Sprintf("%s.any[%d]", path, i), part, depth+1)
	}
	switch {
	case t.Not != nil:
		c.fact(path+".not", *t.Not, depth+1)
	case t.Present != "":
		c.known(path+".present", t.Present)
	case t.Equals != nil:
		c.value(path+".equals", t.Equals.Path, t.Equals.Value)
	case t.In != nil:
		for _, v := range t.In.Values {
			c.value(path+".in", t.In.Path, v)
		}
	case t.Count != nil:
		c.known(path+".count.path", t.Count.Path)
		if t.Count.Max > 0 && t.Count.Max < t.Count.Min {
			c.add(path+".count", fmt.Sprintf("nobody can meet at least %d and at most %d", t.Count.Min, t.Count.Max), "correct the bounds")
		}
	case t.Before != nil:
		c.known(path+".before.path", t.Before.Path)
		if t.Before.Than != "now" {
			c.known(path+".before.than", t.Before.Than)
		}
	}
}

// envelopeFields are what "case." paths can ask for.
var envelopeFields = []string{"state", "outcome", "revision", "opened", "program", "updates", "handlers"}

// known holds that a report, or the envelope, can have something at a path.
func (c *policyCheck) known(at, path string) bool {
	if name, ok := strings.CutPrefix(path, "case."); ok {
		if !has(envelopeFields, name) {
			c.add(at, fmt.Sprintf("the envelope has no %s", path), "it has case."+strings.Join(envelopeFields, ", case."))
			return false
		}
		return true
	}
	if _, ok := reportShape().at(path); !ok {
		c.add(at, fmt.Sprintf("no report can have anything at %s", path), "schema/report.schema.json lists the fields; what has no place of its own goes below extra")
		return false
	}
	return true
}

// value holds that the value can ever stand at the path.
func (c *policyCheck) value(at, path string, v any) {
	if !c.known(at+".path", path) {
		return
	}
	allowed := c.allowed(path)
	if allowed == nil {
		return
	}
	if slices.ContainsFunc(allowed, func(a any) bool { return fmt.Sprint(a) == fmt.Sprint(v) }) {
		return
	}
	var list []string
	for _, a := range allowed {
		list = append(list, fmt.Sprint(a))
	}
	c.add(at, fmt.Sprintf("%v is never a value of %s, so this asks for what cannot be", v, path), "it is one of "+strings.Join(list, ", "))
}

// allowed lists the values that can stand at a path; nil: any.
func (c *policyCheck) allowed(path string) []any {
	switch path {
	case "case.state":
		return allOf(c.p.States, func(s psirt.State) string { return s.Name })
	case "case.outcome":
		return allOf(psirt.Outcomes, func(o psirt.Outcome) string { return string(o) })
	}
	s, _ := reportShape().at(path)
	if s.Type == "boolean" {
		return []any{true, false}
	}
	return s.Enum
}

func allOf[T any](list []T, name func(T) string) []any {
	out := make([]any, 0, len(list))
	for _, v := range list {
		out = append(out, name(v))
	}
	return out
}
