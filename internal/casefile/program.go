package casefile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/schema"
)

// maxProgram bounds program.yaml, in bytes, and maxNodes its values.
const (
	maxProgram = 1 << 20
	maxNodes   = 50_000
)

// Faults is everything wrong with a program.yaml.
type Faults []psirt.Fault

// Error lists all faults, one a line.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.Error()
	}
	return "program.yaml: " + strings.Join(lines, "\nprogram.yaml: ")
}

// ParseProgram reads a program.yaml: one document of plain YAML without
// anchors, aliases, tags, merge keys or repeated keys, valid by its schema and
// by psirt's Check. The error is Faults where the file could be read as YAML.
func ParseProgram(data []byte) (*psirt.Program, error) {
	node, err := parseYAML(data)
	if err != nil {
		return nil, fmt.Errorf("program.yaml: %w", err)
	}
	var doc any
	if err := node.Decode(&doc); err != nil {
		return nil, fmt.Errorf("program.yaml: %w", err)
	}
	if err := schema.Validate("program", jsonValue(doc)); err != nil {
		var list *schema.Error
		if !errors.As(err, &list) {
			return nil, fmt.Errorf("program.yaml: %w", err)
		}
		var faults Faults
		for _, f := range list.Faults {
			faults = append(faults, misfit(f, node))
		}
		return nil, faults
	}
	p := &psirt.Program{}
	if err := node.Decode(p); err != nil { // the schema knows no other fields
		return nil, fmt.Errorf("program.yaml: %w", err)
	}
	p.Hold()
	if faults := p.Locate(time.LoadLocation); len(faults) > 0 {
		return nil, Faults(faults)
	}
	if faults := p.Check(); len(faults) > 0 {
		return nil, Faults(faults)
	}
	return p, nil
}

// parseYAML reads one document and refuses what other readers may read
// otherwise, or what could grow: see the package's promises.
func parseYAML(data []byte) (*yaml.Node, error) {
	if len(data) > maxProgram {
		return nil, fmt.Errorf("at most %d bytes are allowed", maxProgram)
	}
	if !utf8.Valid(data) {
		return nil, fmt.Errorf("line %d: this is not UTF-8: save the file in that encoding", notUTF8(data))
	}
	d := yaml.NewDecoder(bytes.NewReader(data))
	var node yaml.Node
	if err := d.Decode(&node); err != nil {
		if err == io.EOF {
			return nil, errors.New("the file is empty")
		}
		if line := tabbed(data); line > 0 && strings.Contains(err.Error(), "cannot start any token") {
			return nil, fmt.Errorf("line %d: a tab indents this line: YAML is indented with spaces", line)
		}
		return nil, err
	}
	if err := d.Decode(new(yaml.Node)); err != io.EOF {
		return nil, errors.New("a second document follows; there must be one")
	}
	p := prohibitions{lines: strings.Split(string(data), "\n")}
	if err := p.check(&node, 0); err != nil {
		return nil, err
	}
	return &node, nil
}

// notUTF8 is the line of the first octet that is no UTF-8.
func notUTF8(data []byte) int {
	for at := 0; at < len(data); {
		r, size := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && size == 1 {
			return 1 + bytes.Count(data[:at], []byte("\n"))
		}
		at += size
	}
	return 0
}

// tabbed is the first line that is indented with a tab; 0 when none is.
func tabbed(data []byte) int {
	for i, line := range strings.Split(string(data), "\n") {
		if indent, _, found := strings.Cut(line, "\t"); found && strings.Trim(indent, " ") == "" && strings.TrimSpace(line) != "" {
			return i + 1
		}
	}
	return 0
}

// short names a key, for an error about it.
func short(key *yaml.Node) string {
	if key.Kind != yaml.ScalarNode || len(key.Value) > 40 {
		return ""
	}
	return key.Value + ": "
}

// prohibitions goes through the nodes of a file.
type prohibitions struct {
	lines []string
	count int

	// Where marked is: nodes come in the order of the file, so each line is
	// gone through once.
	line, column int
	rest         string
}

// marked reports whether a node begins with an exclamation mark: the tag "!",
// which the library overlooks, makes a string of the number behind it.
func (p *prohibitions) marked(n *yaml.Node) bool {
	if n.Line < 1 || n.Line > len(p.lines) {
		return false
	}
	if n.Line != p.line {
		p.line, p.column, p.rest = n.Line, 1, p.lines[n.Line-1]
	}
	for p.column < n.Column && p.rest != "" {
		_, size := utf8.DecodeRuneInString(p.rest)
		p.rest = p.rest[size:]
		p.column++
	}
	return p.column == n.Column && strings.HasPrefix(p.rest, "!")
}

func (p *prohibitions) check(n *yaml.Node, depth int) error {
	p.count++
	switch {
	case p.count > maxNodes || depth > 64:
		return fmt.Errorf("line %d: too many values, or nested too deep", n.Line)
	case n.Kind == yaml.AliasNode || n.Anchor != "":
		return fmt.Errorf("line %d: anchors and aliases are not allowed", n.Line)
	case n.Style&yaml.TaggedStyle != 0 || p.marked(n):
		return fmt.Errorf("line %d: tags are not allowed", n.Line)
	case n.Kind == yaml.ScalarNode && n.Tag == "!!merge":
		return fmt.Errorf("line %d: merge keys are not allowed", n.Line)
	}
	if n.Tag == "!!timestamp" {
		n.Tag = "!!str" // YAML 1.2 has no dates: 2026-11-22 is a string
	}
	if n.Kind == yaml.MappingNode {
		seen := map[string]bool{}
		for i := 0; i < len(n.Content); i += 2 {
			key := n.Content[i]
			if key.Kind != yaml.ScalarNode || seen[key.Value] {
				return fmt.Errorf("line %d: %seach key is a plain word and stands once", key.Line, short(key))
			}
			seen[key.Value] = true
		}
	}
	for _, child := range n.Content {
		if err := p.check(child, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// jsonValue makes what the YAML library decodes look like JSON.
func jsonValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, item := range v {
			v[k] = jsonValue(item)
		}
		return v
	case []any:
		for i, item := range v {
			v[i] = jsonValue(item)
		}
		return v
	case int:
		return float64(v)
	case int64:
		return float64(v)
	}
	return v
}

// PeekProgram reads a program.yaml that may still lack its keys and people,
// without judging it.
func PeekProgram(data []byte) (*psirt.Program, error) {
	if _, err := parseYAML(data); err != nil {
		return nil, fmt.Errorf("program.yaml: %w", err)
	}
	p := &psirt.Program{}
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	if err := d.Decode(p); err != nil {
		return nil, fmt.Errorf("program.yaml: %w", err)
	}
	return p, nil
}
