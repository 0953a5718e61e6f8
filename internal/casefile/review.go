package casefile

import (
	"errors"
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
	Program *psirt.Program // as far as it could be read, slips corrected; nil when the file is no YAML that is allowed
	Faults  []psirt.Fault  // empty: ParseProgram takes it

	root   *yaml.Node     // of the file, slips corrected
	lines  map[string]int // where they stood
	misfit map[string]bool
	line   int // of what made the file unreadable
}

// maxLooks bounds how often a file is looked at again, since a slip may hide
// another; maxAgain, in bytes, those that are looked at more than once.
const (
	maxLooks = 5
	maxAgain = 128 << 10
)

// ReviewProgram finds everything wrong with a program.yaml at once, for whoever
// writes one: where ParseProgram stops at what the schema says, this goes on to
// what psirt's Check says of the rest. A name that is nearly one that there is
// becomes that one once it is said, so that one slip is one fault.
func ReviewProgram(data []byte) *Reviewed {
	if r := Unreadable(data); r != nil {
		return r
	}
	r := &Reviewed{lines: map[string]int{}}
	r.root, _ = parseYAML(data)
	var slips []psirt.Fault
	for range maxLooks {
		if err := r.look(); err != nil {
			r.unreadable(data, err)
			return r
		}
		if len(data) > maxAgain {
			break
		}
		found, rest := r.slips()
		if len(found) == 0 {
			break
		}
		slips, r.Faults = append(slips, found...), rest
	}
	r.Faults = append(slips, r.Faults...)
	return r
}

// Unreadable is what makes a program.yaml no YAML that is allowed; nil when it can
// be read.
func Unreadable(data []byte) *Reviewed {
	if _, err := parseYAML(data); err != nil {
		r := &Reviewed{lines: map[string]int{}}
		r.unreadable(data, err)
		return r
	}
	return nil
}

// slips corrects what can be: what the schema finds, or, without that, names that
// refer to nothing. A name that is declared in a wrong way is not to be put right
// in two places. The rest are the faults that stay.
func (r *Reviewed) slips() (found, rest []psirt.Fault) {
	for _, bySchema := range []bool{true, false} {
		rest = nil
		for _, f := range r.Faults {
			if r.misfit[f.Path] == bySchema && r.correct(f) {
				found = append(found, f)
			} else {
				rest = append(rest, f)
			}
		}
		if len(found) > 0 {
			break
		}
	}
	return found, rest
}

// look finds what is wrong with the file as it is now.
func (r *Reviewed) look() error {
	r.Faults, r.misfit = nil, map[string]bool{}
	var doc any
	if err := r.root.Decode(&doc); err != nil {
		return err
	}
	if err := schema.Validate("program", jsonValue(doc)); err != nil {
		var list *schema.Error
		if !errors.As(err, &list) {
			return err
		}
		for _, f := range list.Faults {
			r.Faults = append(r.Faults, misfit(f, r.root))
			r.misfit[f.Path] = true
		}
	}
	p, err := r.decode()
	if err != nil && len(r.Faults) == 0 {
		return err
	}
	r.Program = p
	r.Faults = append(r.Faults, p.Locate(time.LoadLocation)...)
	known := slices.Clone(r.Faults)
	for _, f := range p.Check() {
		if !about(known, f.Path) { // said once, in the schema's words
			r.Faults = append(r.Faults, f)
		}
	}
	return nil
}

// decode reads the file without the values at which the schema finds a fault:
// one that is no length of time would end the reading of all behind it.
func (r *Reviewed) decode() (*psirt.Program, error) {
	root := clone(r.root)
	if len(root.Content) > 0 {
		for path := range r.misfit {
			if at, full := find(root.Content[0], path); full && at.Kind == yaml.ScalarNode {
				*at = yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null", Line: at.Line, Column: at.Column}
			}
		}
	}
	p := &psirt.Program{}
	return p, root.Decode(p)
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

// Line is the line, from 1, on which the value at a path stands (as in
// transitions[3].guards[0]); for a value that is missing, that of the nearest
// part of the file around it. 0: not known.
func (r *Reviewed) Line(path string) int {
	if line, ok := r.lines[path]; ok {
		return line
	}
	if r.root == nil || len(r.root.Content) == 0 {
		return r.line
	}
	at, _, key := walk(r.root.Content[0], path)
	if key != nil {
		return key.Line
	}
	return at.Line
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
