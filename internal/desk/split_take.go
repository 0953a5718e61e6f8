package desk

import (
	"slices"
	"strconv"
	"strings"

	"github.com/docket-psirt/docket/internal/psirt"
)

// take copies what is at a path of one report into another. An entry of a list
// joins the list there.
func take(into, from psirt.Document, path string) error {
	steps, err := pathSteps(path)
	if err != nil {
		return err
	}
	if slices.Contains(notSplit, steps[0]) {
		return usage(steps[0]+" stays with its case", "take fields of the report: docket show prints the paths")
	}
	if slices.Contains(both, steps[0]) {
		return usage(steps[0]+" is in both cases", "leave it out of --take; docket set changes it in one of them")
	}
	for i, step := range steps {
		if strings.HasPrefix(step, "[") && i < len(steps)-1 {
			return usage(path+" is a part of an entry", "take the whole entry: "+strings.Join(steps[:i], ".")+step)
		}
	}
	v, ok := valueAt(map[string]any(from), steps)
	if !ok {
		return usage("the report has nothing at "+path, "docket show prints the paths")
	}
	if strings.HasPrefix(steps[len(steps)-1], "[") {
		steps[len(steps)-1] = "[]"
	}
	_, err = put(map[string]any(into), steps, v, path)
	return err
}

// valueAt is what stands at a path.
func valueAt(at any, steps []string) (any, bool) {
	for _, step := range steps {
		if index, ok := strings.CutPrefix(step, "["); ok {
			list, _ := at.([]any)
			i, err := strconv.Atoi(strings.TrimSuffix(index, "]"))
			if err != nil || i < 0 || i >= len(list) {
				return nil, false
			}
			at = list[i]
			continue
		}
		m, _ := at.(map[string]any)
		v, ok := m[step]
		if !ok {
			return nil, false
		}
		at = v
	}
	return at, true
}

// without takes what went over out of a report.
func without(report psirt.Document, taken []string) error {
	paths := slices.Clone(taken)
	slices.SortFunc(paths, func(a, b string) int { return lastIndex(b) - lastIndex(a) }) // the last entry first, so that indexes stay
	for _, path := range paths {
		if err := setPath(report, path, nil); err != nil {
			return err
		}
	}
	return nil
}

// onceEach holds that no value goes over twice.
func onceEach(paths []string) error {
	for i, path := range paths {
		for _, other := range paths[:i] {
			a, b := path, other
			if len(a) > len(b) {
				a, b = b, a
			}
			if a == b || strings.HasPrefix(b, a+".") || strings.HasPrefix(b, a+"[") {
				return usage(b+" would go over twice", "name it once in --take")
			}
		}
	}
	return nil
}

// lastIndex is the index that a path ends in, or -1.
func lastIndex(path string) int {
	i := strings.LastIndex(path, "[")
	n, err := strconv.Atoi(strings.TrimSuffix(path[i+1:], "]"))
	if i < 0 || err != nil {
		return -1
	}
	return n
}
