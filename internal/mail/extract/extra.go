package extract

import (
	"maps"
	"slices"
	"strings"
)

// extraPath begins the paths of what a programme asks for and the report has no
// place of its own for.
const extraPath = "extra."

// readExtra reads what stands below headings that the programme's own words lead
// to a path below extra, as the reporter wrote it. Nil when nothing does.
func (d *document) readExtra() map[string]any {
	var out map[string]any
	for _, path := range slices.Sorted(maps.Keys(d.form.Words)) {
		name, ok := strings.CutPrefix(path, extraPath)
		if !ok {
			continue
		}
		if v := d.value(path); v != "" {
			if out == nil {
				out = map[string]any{}
			}
			put(out, strings.Split(name, "."), v)
		}
	}
	return out
}

// put sets a value at a path, unless something else is on the way to it.
func put(into map[string]any, path []string, v string) {
	for _, step := range path[:len(path)-1] {
		if into[step] == nil {
			into[step] = map[string]any{}
		}
		next, ok := into[step].(map[string]any)
		if !ok {
			return
		}
		into = next
	}
	if last := path[len(path)-1]; into[last] == nil {
		into[last] = v
	}
}

// Fills reports whether a heading can lead to a path of the report: one that Read
// fills, or one below extra.
func Fills(path string) bool {
	if name, ok := strings.CutPrefix(path, extraPath); ok {
		return name != ""
	}
	return slices.Contains(slices.Collect(maps.Values(baseWords())), path)
}

// Fillable lists the paths that Fills knows besides those below extra, sorted.
func Fillable() []string {
	return slices.DeleteFunc(slices.Compact(slices.Sorted(maps.Values(baseWords()))), func(path string) bool { return path == "" || path == pathOther })
}
