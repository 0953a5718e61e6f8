package schema

import (
	"encoding/json"
	"math"
	"regexp"
	"strconv"
)

// Bounds on what reaches the library: it counts numbers out exactly, so that
// 1e10000000 takes all memory and an infinity ends the process.
const (
	maxDepth  = 64  // levels of nesting
	maxDigits = 64  // characters of a number
	maxPower  = 300 // decimal exponent of a number
)

var numberForm = regexp.MustCompile(`^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE]([+-]?[0-9]+))?$`)

// unsafe lists what the library must not see.
func unsafe(doc any) []Fault {
	var faults []Fault
	walk(doc, "", 0, func(path, want string) { faults = append(faults, Fault{Path: path, Want: want}) })
	return tidy(faults)
}

func walk(v any, path string, depth int, fault func(path, want string)) {
	if depth > maxDepth {
		fault(path, "at most "+strconv.Itoa(maxDepth)+" levels of nesting")
		return
	}
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			walk(inner, member(path, name), depth+1, fault)
		}
	case []any:
		for i, item := range v {
			walk(item, element(path, i), depth+1, fault)
		}
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			fault(path, "a finite number")
		}
	case json.Number:
		if !plain(v) {
			fault(path, "a number of usual size")
		}
	case nil, string, bool, int, int64, uint64:
	default:
		fault(path, "a value that JSON has: text, number, true, false, list or object (in YAML, put a date in quotes)")
	}
}

// plain reports whether a number is written as JSON has it and small enough to
// be counted out.
func plain(n json.Number) bool {
	m := numberForm.FindStringSubmatch(string(n))
	if m == nil || len(n) > maxDigits {
		return false
	}
	if m[1] == "" {
		return true
	}
	power, err := strconv.Atoi(m[1])
	return err == nil && power >= -maxPower && power <= maxPower
}
