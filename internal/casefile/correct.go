package casefile

import (
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/schema"
)

// wantList is what the schema asks for where a list must stand.
const wantList = "a list"

// misfit is a fault that the schema finds, in the words of psirt's own: with
// what to do, and the name or value that was nearly written.
func misfit(f schema.Fault, root *yaml.Node) psirt.Fault {
	var value *yaml.Node
	if len(root.Content) > 0 {
		if at, full := find(root.Content[0], f.Path); full {
			value = at
		}
	}
	out := psirt.Fault{Path: f.Path, Text: "expected " + f.Want, Do: "write what is expected; docket policy schema describes every field"}
	if f.Means != "" {
		out.Do = "docket policy schema says of it: " + f.Means
	}
	last := f.Path[strings.LastIndex(f.Path, ".")+1:]
	found := last
	switch {
	case strings.HasPrefix(f.Want, "no field"):
		out.Do = "take it out, or correct its name"
		if lower := strings.ToLower(last); len(f.Known) == 0 && lower != last && psirt.ValidName(lower) {
			f.Known = []string{lower} // a name of somebody's own
		}
	case f.Want == wantList && value != nil && value.Kind == yaml.ScalarNode && value.Value != "":
		out.Do = "write it as a list: [" + strings.Join(items(value.Value), ", ") + "]"
		return out
	case value != nil && value.Kind == yaml.ScalarNode:
		found = value.Value
	default:
		return out
	}
	if near, ok := psirt.Nearest(found, f.Known); ok {
		out.Name, out.Meant = found, near
		out.Do = strings.TrimSuffix(out.Do, ".") + psirt.DidYouMean(near)
		out.Text, _, _ = strings.Cut(out.Text, "; the fields here are ")
	}
	return out
}

// items are the entries of a list that was written without its brackets.
func items(text string) []string {
	var out []string
	for _, item := range strings.Split(text, ",") {
		out = append(out, strings.TrimSpace(item))
	}
	return out
}

// Correct reads what was meant for a name that refers to nothing, or a list for
// what was written as one value, in all that is looked at from now on: in
// Program above all. It reports whether that changed anything.
func (r *Reviewed) Correct(f psirt.Fault) bool {
	if !r.correct(f) {
		return false
	}
	if p, err := r.decode(); err == nil {
		p.Locate(time.LoadLocation)
		r.Program = p
	}
	return true
}

func (r *Reviewed) correct(f psirt.Fault) bool {
	if r.root == nil || len(r.root.Content) == 0 {
		return false
	}
	line, done := r.Line(f.Path), false // before a key has another name
	switch at, parent, key := walk(r.root.Content[0], f.Path); {
	case f.Text == "expected "+wantList && at.Kind == yaml.ScalarNode && at.Value != "":
		*at = listOf(at)
		done = true
	case f.Meant == "" || parent == nil:
	case key != nil && key.Value == f.Name && (f.Path == f.Name || strings.HasSuffix(f.Path, "."+f.Name)):
		if other, _ := stepInto(parent, f.Meant); other == nil {
			key.Value, done = f.Meant, true
		}
	default:
		done = replace(at, f.Name, f.Meant)
	}
	if done {
		r.lines[f.Path] = line
	}
	return done
}

// walk follows a path as far as it goes: the value there or the nearest part of
// the file around it, the mapping or list that holds it, and its key in a mapping.
func walk(root *yaml.Node, path string) (at, parent, key *yaml.Node) {
	at = root
	for _, step := range steps(path) {
		next, name := stepInto(at, step)
		if next == nil {
			break
		}
		at, parent, key = next, at, name
	}
	return at, parent, key
}

// find is the value at a path, and whether there is one: else it is the nearest
// part of the file around it.
func find(root *yaml.Node, path string) (at *yaml.Node, full bool) {
	at = root
	for _, step := range steps(path) {
		next, _ := stepInto(at, step)
		if next == nil {
			return at, false
		}
		at = next
	}
	return at, true
}

// steps takes a path apart: transitions[3].guards is transitions, [3], guards.
func steps(path string) []string { return strings.Split(strings.ReplaceAll(path, "[", ".["), ".") }

// replace puts one name for another, wherever it stands for itself: alone, behind
// "not ", or behind the kind of an event.
func replace(n *yaml.Node, name, meant string) bool {
	done := false
	if n.Kind == yaml.ScalarNode {
		for _, before := range []string{"", "not ", "enter:", "leave:", "clock:", "update:"} {
			if n.Value == before+name {
				n.Value, done = before+meant, true
				break
			}
		}
	}
	for _, child := range n.Content {
		done = replace(child, name, meant) || done
	}
	return done
}

// listOf is the list that somebody wrote as one value.
func listOf(n *yaml.Node) yaml.Node {
	list := yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Line: n.Line, Column: n.Column}
	for _, item := range items(n.Value) {
		list.Content = append(list.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: item, Line: n.Line, Column: n.Column})
	}
	return list
}

// clone is a copy that can be changed.
func clone(n *yaml.Node) *yaml.Node {
	out := *n
	out.Content = slices.Clone(n.Content)
	for i, child := range out.Content {
		out.Content[i] = clone(child)
	}
	return &out
}
