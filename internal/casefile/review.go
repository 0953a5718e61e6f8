package casefile

import (
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/schema"
)

// wholeFile is the path of a fault of the file as a whole.
const wholeFile = "(document)"

// Reviewed is a program.yaml with everything that is wrong with it.
type Reviewed struct {
	Program *psirt.Program // as far as it could be read; nil when the file is no YAML that is allowed
	Faults  []psirt.Fault  // empty: ParseProgram takes it

	root *yaml.Node
	line int // of what made the file unreadable
}

// ReviewProgram finds everything wrong with a program.yaml at once, for whoever
// writes one: where ParseProgram stops at what the schema says, this goes on to
// what psirt's Check says of the rest.
func ReviewProgram(data []byte) *Reviewed {
	r := &Reviewed{}
	var err error
	if r.root, err = parseYAML(data); err != nil {
		r.unreadable(err)
		return r
	}
	var doc any
	if err := r.root.Decode(&doc); err != nil {
		r.root = nil
		r.unreadable(err)
		return r
	}
	told := map[string]bool{}
	if err := schema.Validate("program", jsonValue(doc)); err != nil {
		var list *schema.Error
		if !errors.As(err, &list) {
			r.unreadable(err)
			return r
		}
		for _, f := range list.Faults {
			r.Faults = append(r.Faults, psirt.Fault{Path: f.Path, Text: "expected " + f.Want})
			told[f.Path] = true
		}
	}
	r.Program = &psirt.Program{}
	if err := sound(data, told).Decode(r.Program); err != nil && len(r.Faults) == 0 {
		r.unreadable(err)
		return r
	}
	r.Faults = append(r.Faults, r.Program.Locate(time.LoadLocation)...)
	known := slices.Clone(r.Faults)
	for _, f := range r.Program.Check() {
		if !about(known, f.Path) { // said once, in the schema's words
			r.Faults = append(r.Faults, f)
		}
	}
	return r
}

// about reports whether some fault is of a place, or of one below it: what is
// wrong around that may only follow from it.
func about(faults []psirt.Fault, path string) bool {
	return slices.ContainsFunc(faults, func(f psirt.Fault) bool {
		rest, ok := strings.CutPrefix(f.Path, path)
		return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

// RoughProgram reads of a program.yaml what can be read, for whoever writes one
// and is not done: values that the schema refuses are left out. ok is false when
// it is no YAML that is allowed.
func RoughProgram(data []byte) (p *psirt.Program, ok bool) {
	r := ReviewProgram(data)
	return r.Program, r.Program != nil
}

// sound is a file, read before, without the values at which the schema finds a
// fault: one that is no length of time would end the reading of all behind it.
func sound(data []byte, faults map[string]bool) *yaml.Node {
	root, err := parseYAML(data)
	if err != nil || len(root.Content) == 0 {
		return &yaml.Node{}
	}
	for path := range faults {
		at, steps := root.Content[0], strings.Split(strings.ReplaceAll(path, "[", ".["), ".")
		for _, step := range steps {
			if at, _ = stepInto(at, step); at == nil {
				break
			}
		}
		if at != nil && at.Kind == yaml.ScalarNode {
			*at = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null", Line: at.Line, Column: at.Column}
		}
	}
	return root
}

// lineForm finds the line that an error of the YAML library, or of this
// package, names.
var lineForm = regexp.MustCompile(`line (\d+): `)

func (r *Reviewed) unreadable(err error) {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if m := lineForm.FindStringSubmatch(text); m != nil {
		r.line, _ = strconv.Atoi(m[1])
		text = strings.Replace(text, m[0], "", 1)
	}
	r.Faults = append(r.Faults, psirt.Fault{Path: wholeFile, Text: strings.Join(strings.Fields(text), " ")})
}

// Line is the line, from 1, on which the value at a path stands (as in
// transitions[3].guards[0]); for a value that is missing, that of the nearest
// part of the file around it. 0: not known.
func (r *Reviewed) Line(path string) int {
	if r.root == nil || len(r.root.Content) == 0 {
		return r.line
	}
	at := r.root.Content[0]
	line := at.Line
	for _, step := range strings.Split(strings.ReplaceAll(path, "[", ".["), ".") {
		next, key := stepInto(at, step)
		if next == nil {
			break
		}
		at, line = next, next.Line
		if key != nil {
			line = key.Line
		}
	}
	return line
}

// stepInto goes one step down: into a list by "[0]", into a mapping by its key.
func stepInto(n *yaml.Node, step string) (value, key *yaml.Node) {
	if index, ok := strings.CutPrefix(step, "["); ok && n.Kind == yaml.SequenceNode {
		i, err := strconv.Atoi(strings.TrimSuffix(index, "]"))
		if err != nil || i < 0 || i >= len(n.Content) {
			return nil, nil
		}
		return n.Content[i], nil
	}
	if n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == step {
				return n.Content[i+1], n.Content[i]
			}
		}
	}
	return nil, nil
}
