package main_test

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// at is the value at a path of keys, or nil.
func at(n *yaml.Node, keys ...string) *yaml.Node {
	for _, key := range keys {
		var found *yaml.Node
		each(n, func(k, v *yaml.Node) {
			if k.Value == key {
				found = v
			}
		})
		if n = found; n == nil {
			return nil
		}
	}
	return n
}

func each(n *yaml.Node, do func(key, value *yaml.Node)) {
	if n == nil || n.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		do(n.Content[i], n.Content[i+1])
	}
}

func list(n *yaml.Node) []*yaml.Node {
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	return n.Content
}

// value is that of a scalar; "?" for what is none, so that it equals nothing.
func value(n *yaml.Node) string {
	switch {
	case n == nil:
		return ""
	case n.Kind != yaml.ScalarNode:
		return "?"
	}
	return n.Value
}

func values(n *yaml.Node) []string {
	if n != nil && n.Kind == yaml.ScalarNode {
		return []string{n.Value}
	}
	var out []string
	for _, v := range list(n) {
		out = append(out, value(v))
	}
	return out
}

// pairs writes a mapping in a line, sorted; "?" where there is none.
func pairs(n *yaml.Node) string {
	if n == nil || n.Kind != yaml.MappingNode {
		return "?"
	}
	var out []string
	each(n, func(k, v *yaml.Node) { out = append(out, k.Value+": "+value(v)) })
	slices.Sort(out)
	return strings.Join(out, ", ")
}
