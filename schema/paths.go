package schema

import (
	"fmt"
	"strings"
)

// Path tells of a dotted path whether documents of a kind can have a value
// there, going through lists, and the values that it is limited to, if it is.
// Below a part that is open to any field every path is possible.
func Path(kind, path string) (values []string, ok bool) {
	load, known := compiled[kind]
	if !known {
		return nil, false
	}
	s, err := load()
	if err != nil {
		return nil, false
	}
	node, _ := s.text.(map[string]any)
	for _, name := range strings.Split(path, ".") {
		node = s.elements(node)
		properties, _ := node["properties"].(map[string]any)
		next, there := properties[name].(map[string]any)
		if !there {
			next, there = named(node, name)
		}
		if !there {
			return nil, node["type"] == "object" && properties == nil && node["patternProperties"] == nil
		}
		node = next
	}
	node = s.elements(node)
	list, _ := node["enum"].([]any)
	for _, v := range list {
		values = append(values, fmt.Sprint(v))
	}
	return values, true
}

// named is the form of what a pattern of the schema allows under a name.
func named(node map[string]any, name string) (map[string]any, bool) {
	patterns, _ := node["patternProperties"].(map[string]any)
	for pattern, sub := range patterns {
		if form, ok := sub.(map[string]any); ok && matches(pattern, name) {
			return form, true
		}
	}
	return nil, false
}

// elements follows references, and lists to what they are lists of.
func (s *standard) elements(node map[string]any) map[string]any {
	for range 10 {
		if ref, ok := node["$ref"].(string); ok {
			part, _ := s.at(tokens(strings.TrimPrefix(ref, "#"))).(map[string]any)
			node = part
		} else if items, ok := node["items"].(map[string]any); ok {
			node = items
		} else {
			break
		}
	}
	return node
}
