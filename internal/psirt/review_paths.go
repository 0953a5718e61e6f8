package psirt

import (
	"fmt"
	"slices"
	"strings"
)

// envelopePaths are what "case." paths can name.
var envelopePaths = []string{"case.state", "case.outcome", "case.revision", "case.opened", "case.program", "case.updates", "case.handlers"}

// paths finds paths that no report has, and values that can never stand there.
func (r *review) paths() {
	if r.around.Path == nil {
		return
	}
	for _, name := range names(r.p.Facts) {
		r.test("facts."+name, r.p.Facts[name].Is, "")
	}
	for i, rule := range r.p.Priority {
		r.test(fmt.Sprintf("priority[%d]", i), rule.Is, "")
	}
	for _, kind := range names(r.p.Stamps) {
		r.path("stamps."+kind, r.p.Stamps[kind], "")
	}
	for i, c := range r.p.Clocks {
		path := fmt.Sprintf("clocks[%d]", i)
		for _, e := range append(append([]string{}, c.Starts...), c.Stops...) {
			if list, ok := strings.CutPrefix(e, fromReport); ok {
				for _, at := range strings.Split(list, "|") {
					r.path(path, at, "")
				}
			}
		}
		r.path(path+".until", c.Until, "")
		for _, at := range strings.Split(c.Evidence, "|") {
			r.path(path+".evidence", at, "")
		}
		if by := c.WithinBy; by != nil {
			for _, value := range names(by.Values) {
				r.value(path+".within_by", by.Path, "", value)
			}
		}
	}
}

// test judges the paths of a test, which begin at base inside of a list.
func (r *review) test(path string, t Test, base string) {
	for _, at := range t.paths() {
		r.path(path, at, base)
	}
	switch {
	case t.Equals != nil:
		r.value(path, t.Equals.Path, base, t.Equals.Value)
	case t.In != nil:
		for _, v := range t.In.Values {
			r.value(path, t.In.Path, base, v)
		}
	case t.Signers != nil:
		by := t.Signers.By
		if by == "" {
			by = "by"
		}
		r.path(path, t.Signers.Path+"."+by, base)
		for i, part := range t.Signers.Where {
			r.test(fmt.Sprintf("%s.where[%d]", path, i), part, r.full(t.Signers.Path, base))
		}
	}
	for _, items := range []*Items{t.Some, t.Each} {
		if items != nil {
			for i, part := range items.Where {
				r.test(fmt.Sprintf("%s.where[%d]", path, i), part, r.full(items.Path, base))
			}
		}
	}
	for _, part := range append(append([]Test{}, t.All...), t.Any...) {
		r.test(path, part, base)
	}
	if t.Not != nil {
		r.test(path, *t.Not, base)
	}
}

// full is a path from the top of the report.
func (r *review) full(path, base string) string {
	if top, ok := strings.CutPrefix(path, "report."); ok {
		return top
	}
	if base == "" || strings.HasPrefix(path, "case.") {
		return path
	}
	if path == "value" {
		return base
	}
	return base + "." + path
}

func (r *review) path(at, path, base string) {
	if path == "" {
		return
	}
	path = r.full(path, base)
	if strings.HasPrefix(path, "case.") {
		if !contains(envelopePaths, path) {
			r.add(at, "the envelope has "+strings.Join(envelopePaths, ", "), "no envelope has %s", path)
		}
		return
	}
	if _, ok := r.around.Path(path); !ok {
		r.add(at, "see schema/report.schema.json for the paths that there are, or keep it below extra", "no report has %s", path)
	}
}

// value finds values outside of the closed list that the schema has for a path.
func (r *review) value(at, path, base string, value any) {
	path = r.full(path, base)
	switch path {
	case "case.state":
		if s, _ := value.(string); !r.reached[r.p.Current(s)] {
			r.add(at, "name a state that cases reach", "no case is in the state %v", value)
		}
		return
	case "case.updates":
		if s, _ := value.(string); !r.happens("update:" + s) {
			r.add(at, "name a kind of update that some transition sends", "no update of the kind %v is ever sent", value)
		}
		return
	}
	if strings.HasPrefix(path, "case.") {
		return
	}
	values, ok := r.around.Path(path)
	if s, text := value.(string); ok && text && len(values) > 0 && !slices.Contains(values, s) {
		r.add(at, "the values are "+strings.Join(values, ", "), "%s is never %s", path, s)
	}
}
