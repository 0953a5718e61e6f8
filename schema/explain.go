package schema

import (
	"fmt"
	"net/url"
	"sort"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// explain turns the library's tree of errors into faults. The library's own
// messages quote what they found, so each is written anew from the schema's
// text.
func (s *standard) explain(top *jsonschema.ValidationError, doc any) []Fault {
	var faults []Fault
	s.collect(top, doc, &faults)
	return tidy(faults)
}

func (s *standard) collect(e *jsonschema.ValidationError, doc any, faults *[]Fault) {
	_, pointer, _ := strings.Cut(e.AbsoluteKeywordLocation, "#")
	keyword := tokens(pointer)
	last := ""
	if len(keyword) > 0 {
		last = keyword[len(keyword)-1]
	}
	// The alternatives' own faults contradict each other: one line for all.
	if len(e.Causes) > 0 && last != "oneOf" && last != "anyOf" {
		for _, cause := range e.Causes {
			s.collect(cause, doc, faults)
		}
		return
	}
	path, found := locate(doc, tokens(e.InstanceLocation))
	node, _ := s.at(keyword[:max(0, len(keyword)-1)]).(map[string]any)
	means, _ := node["description"].(string)
	add := func(path, want string) { *faults = append(*faults, Fault{Path: path, Want: want, Means: means}) }
	if n := len(keyword); n >= 3 && keyword[n-3] == "dependentRequired" {
		name, _ := s.at(keyword).(string)
		add(member(path, name), "a value, since there is "+keyword[n-2])
		return
	}
	value := s.at(keyword)
	if value == false && last != "additionalProperties" {
		add(path, "nothing here")
		return
	}
	object, _ := found.(map[string]any)
	switch last {
	case "required":
		for _, name := range texts(value) {
			if _, ok := object[name]; !ok {
				means = s.means(node, name)
				add(member(path, name), "a value, and there is none")
			}
		}
	case "additionalProperties":
		known := names(node["properties"])
		for name := range object {
			if !s.allows(node, name) {
				*faults = append(*faults, Fault{Path: member(path, name), Want: unknown(known), Known: known})
			}
		}
	case "enum":
		*faults = append(*faults, Fault{Path: path, Want: want(last, value, node), Known: texts(value), Means: means})
	default:
		add(path, want(last, value, node))
	}
}

// means is what a schema says of one of its properties, itself or where it
// refers to.
func (s *standard) means(node map[string]any, name string) string {
	properties, _ := node["properties"].(map[string]any)
	property, _ := properties[name].(map[string]any)
	if text, ok := property["description"].(string); ok {
		return text
	}
	_, pointer, _ := strings.Cut(fmt.Sprint(property["$ref"]), "#")
	there, _ := s.at(tokens(pointer)).(map[string]any)
	text, _ := there["description"].(string)
	return text
}

// allows reports whether a schema's properties or patterns know the name.
func (s *standard) allows(node map[string]any, name string) bool {
	properties, _ := node["properties"].(map[string]any)
	if _, ok := properties[name]; ok {
		return true
	}
	patterns, _ := node["patternProperties"].(map[string]any)
	for pattern := range patterns {
		if matches(pattern, name) {
			return true
		}
	}
	return false
}

func unknown(known []string) string {
	if len(known) == 0 {
		return "no field of this name"
	}
	return "no field of this name; the fields here are " + strings.Join(known, ", ")
}

// at is the part of the schema that a pointer leads to.
func (s *standard) at(pointer []string) any {
	v := s.text
	for _, token := range pointer {
		switch in := v.(type) {
		case map[string]any:
			v = in[token]
		case []any:
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(in) {
				return nil
			}
			v = in[i]
		default:
			return nil
		}
	}
	return v
}

// locate follows a pointer into the document: the path for people, and what is
// there.
func locate(doc any, pointer []string) (path string, found any) {
	for _, token := range pointer {
		switch in := doc.(type) {
		case map[string]any:
			path, doc = member(path, token), in[token]
		case []any:
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(in) {
				return path, nil
			}
			path, doc = element(path, i), in[i]
		default:
			return path, nil
		}
	}
	return path, doc
}

var pointerEscapes = strings.NewReplacer("~1", "/", "~0", "~")

// tokens takes a JSON pointer (RFC 6901) apart; the library also writes it as
// the fragment of a URI.
func tokens(pointer string) []string {
	var out []string
	for i, token := range strings.Split(pointer, "/") {
		if i == 0 && token == "" {
			continue
		}
		if plain, err := url.PathUnescape(token); err == nil {
			token = plain
		}
		out = append(out, pointerEscapes.Replace(token))
	}
	return out
}

func texts(v any) []string {
	list, _ := v.([]any)
	var out []string
	for _, item := range list {
		out = append(out, fmt.Sprint(item))
	}
	return out
}

func names(v any) []string {
	m, _ := v.(map[string]any)
	var out []string
	for name := range m {
		out = append(out, name)
	}
	sort.Strings(out)
	return out
}
