package schema

import (
	"encoding/json"
	"math"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// The library compiles a schema in some thirty times what it takes to read the
// same text and to hold one document against it, and a command judges only a
// few. So documents are first held against the text itself. Only a yes counts:
// where a document is not valid, or the text says something that is not plain
// here, the library is asked, and it alone explains. Tests hold that the two
// never differ.

// plainlyValid reports whether a document is valid for certain. The document
// has passed unsafe.
func (s *standard) plainlyValid(doc any) bool {
	q := quick{of: s}
	return q.holds(s.text, doc) && !q.unsure
}

// quick holds one document against a schema's text.
type quick struct {
	of     *standard
	unsure bool // something came up that the library must judge
}

func (q *quick) ask() bool {
	q.unsure = true
	return false
}

func (q *quick) holds(schema, v any) bool {
	if plain, ok := schema.(bool); ok {
		return plain
	}
	node, ok := schema.(map[string]any)
	if !ok {
		return q.ask()
	}
	for keyword, arg := range node {
		if !q.keyword(node, keyword, arg, v) {
			return false
		}
	}
	return true
}

// keyword judges one keyword (JSON Schema 2020-12, Core section 10 and
// Validation section 6) of a schema.
func (q *quick) keyword(node map[string]any, keyword string, arg, v any) bool {
	switch keyword {
	case "$schema", "$id", "$defs", "title", "description", "examples", "contentEncoding",
		"then", "else":
		return true // says nothing, or is read with another
	case "$ref":
		ref, _ := arg.(string)
		if !strings.HasPrefix(ref, "#/") {
			return q.ask()
		}
		return q.holds(q.of.at(tokens(ref[1:])), v)
	case "type":
		return q.typed(arg, v)
	case "const":
		return q.same(arg, v)
	case "enum":
		return q.some(arg, func(one any) bool { return q.same(one, v) }) > 0
	case "anyOf":
		return q.some(arg, func(one any) bool { return q.holds(one, v) }) > 0
	case "oneOf":
		return q.some(arg, func(one any) bool { return q.holds(one, v) }) == 1
	case "if":
		branch := "else"
		if q.holds(arg, v) {
			branch = "then"
		}
		next, ok := node[branch]
		return !ok || q.holds(next, v)
	}
	switch v := v.(type) {
	case map[string]any:
		return q.object(node, keyword, arg, v)
	case []any:
		return q.list(keyword, arg, v)
	case string:
		return q.text(keyword, arg, v)
	}
	return q.number(keyword, arg, v)
}

// some counts the entries of a keyword's list that hold.
func (q *quick) some(arg any, holds func(any) bool) int {
	list, ok := arg.([]any)
	if !ok {
		q.ask()
	}
	n := 0
	for _, one := range list {
		if holds(one) {
			n++
		}
	}
	return n
}

func (q *quick) typed(arg, v any) bool {
	if list, ok := arg.([]any); ok {
		return q.some(list, func(one any) bool { return q.typed(one, v) }) > 0
	}
	ok := false
	switch arg {
	case "object":
		_, ok = v.(map[string]any)
	case "array":
		_, ok = v.([]any)
	case "string":
		_, ok = v.(string)
	case "boolean":
		_, ok = v.(bool)
	case "number", "integer":
		if n, is := q.float(v); is {
			ok = arg == "number" || n == math.Trunc(n)
		}
	default:
		return q.ask()
	}
	return ok
}

// same reports whether a value is a constant of the schema.
func (q *quick) same(constant, v any) bool {
	switch c := constant.(type) {
	case string, bool:
		return c == v
	case float64:
		n, ok := q.float(v)
		return ok && n == c
	}
	return q.ask()
}

// float is a number's value; ok says that it is a number. Numbers that a
// float64 may not hold exactly are for the library.
func (q *quick) float(v any) (n float64, ok bool) {
	const exact = 1 << 53
	switch v := v.(type) {
	case float64:
		return v, true
	case int:
		n, ok = float64(v), v > -exact && v < exact
	case int64:
		n, ok = float64(v), v > -exact && v < exact
	case uint64:
		n, ok = float64(v), v < exact
	case json.Number:
		// Decimals of up to fifteen digits keep their order as float64.
		f, err := strconv.ParseFloat(string(v), 64)
		n, ok = f, err == nil && len(v) <= 15 && !strings.ContainsAny(string(v), "eE")
	default:
		return 0, false
	}
	if !ok {
		q.ask()
	}
	return n, ok
}

func (q *quick) object(node map[string]any, keyword string, arg any, v map[string]any) bool {
	switch keyword {
	case "required":
		return q.has(arg, v)
	case "minProperties":
		return q.atLeast(arg, len(v))
	case "properties":
		properties, ok := arg.(map[string]any)
		if !ok {
			return q.ask()
		}
		for name, inner := range v {
			if form, known := properties[name]; known && !q.holds(form, inner) {
				return false
			}
		}
		return true
	case "patternProperties":
		return q.patterned(arg, v)
	case "additionalProperties":
		for name, inner := range v {
			if !q.of.allows(node, name) && !q.holds(arg, inner) {
				return false
			}
		}
		return true
	case "dependentRequired":
		dependent, ok := arg.(map[string]any)
		if !ok {
			return q.ask()
		}
		for name, others := range dependent {
			if _, there := v[name]; there && !q.has(others, v) {
				return false
			}
		}
		return true
	}
	return others(keyword) || q.ask()
}

// patterned holds members against the patterns that their names match.
func (q *quick) patterned(arg any, v map[string]any) bool {
	patterns, ok := arg.(map[string]any)
	if !ok {
		return q.ask()
	}
	for pattern, form := range patterns {
		for name, inner := range v {
			if matches(pattern, name) && !q.holds(form, inner) {
				return false
			}
		}
	}
	return true
}

func (q *quick) has(required any, v map[string]any) bool {
	list, ok := required.([]any)
	if !ok {
		return q.ask()
	}
	for _, name := range list {
		text, _ := name.(string)
		if _, there := v[text]; !there {
			return false
		}
	}
	return true
}

func (q *quick) list(keyword string, arg any, v []any) bool {
	switch keyword {
	case "items":
		for _, item := range v {
			if !q.holds(arg, item) {
				return false
			}
		}
		return true
	case "minItems":
		return q.atLeast(arg, len(v))
	case "uniqueItems":
		seen := map[string]bool{}
		for _, item := range v {
			text, ok := item.(string)
			if !ok {
				return q.ask() // equal numbers have many forms
			}
			if seen[text] {
				return false
			}
			seen[text] = true
		}
		return true
	}
	return others(keyword) || q.ask()
}

func (q *quick) text(keyword string, arg any, v string) bool {
	switch keyword {
	case "minLength":
		return q.atLeast(arg, utf8.RuneCountInString(v))
	case "maxLength":
		most, ok := arg.(float64)
		return ok && float64(utf8.RuneCountInString(v)) <= most || !ok && q.ask()
	case "pattern":
		pattern, _ := arg.(string)
		return matches(pattern, v)
	case "format":
		name, _ := arg.(string)
		known, ok := jsonschema.Formats[name]
		return ok && known(v) || !ok && q.ask()
	}
	return others(keyword) || q.ask()
}

func (q *quick) number(keyword string, arg, v any) bool {
	switch keyword {
	case "minimum", "maximum":
		n, number := q.float(v)
		bound, ok := arg.(float64)
		switch {
		case !ok:
			return q.ask()
		case !number:
			return true
		case keyword == "minimum":
			return n >= bound
		}
		return n <= bound
	}
	return others(keyword) || q.ask()
}

func (q *quick) atLeast(arg any, n int) bool {
	least, ok := arg.(float64)
	return ok && float64(n) >= least || !ok && q.ask()
}

// others are the keywords that say nothing about a value of another type.
func others(keyword string) bool {
	switch keyword {
	case "required", "minProperties", "properties", "patternProperties", "additionalProperties", "dependentRequired",
		"items", "minItems", "uniqueItems", "minLength", "maxLength", "pattern", "format", "minimum", "maximum":
		return true
	}
	return false
}

// forms are the patterns that were used, compiled.
var forms sync.Map // of *regexp.Regexp by pattern, nil for one that is none

// matches reports whether a name matches a pattern of the schema.
func matches(pattern, name string) bool {
	form, ok := forms.Load(pattern)
	if !ok {
		compiled, _ := regexp.Compile(pattern)
		form, _ = forms.LoadOrStore(pattern, compiled)
	}
	compiled := form.(*regexp.Regexp)
	return compiled != nil && compiled.MatchString(name)
}
