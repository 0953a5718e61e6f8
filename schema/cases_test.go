package schema_test

import (
	"bytes"
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/schema"
)

// kindOf says which schema a file of a case repository is held against: a kind
// of document, "text" for what has none, "" for what does not belong there.
func kindOf(name string) string {
	parts := strings.Split(name, "/") // program, then what is inside
	if len(parts) < 2 {
		return ""
	}
	inside, base := parts[1], path.Base(name)
	switch {
	case len(parts) == 2 && base == "program.yaml":
		return schema.Program
	case inside == "keys" && len(parts) == 3 && (strings.HasSuffix(base, ".asc") || strings.HasSuffix(base, ".pgp")):
		return "text"
	case inside == "templates" && len(parts) == 3 && strings.HasSuffix(base, ".txt"):
		return "text"
	case inside == "seen":
		return "text"
	case strings.HasPrefix(base, "mail-") && strings.HasSuffix(base, ".yaml"):
		return schema.Mail
	case strings.HasPrefix(base, "mail-") || strings.HasPrefix(base, "update-"):
		return "text"
	case psirt.CaseID(strings.TrimSuffix(base, ".yaml")).Valid() && strings.HasSuffix(base, ".yaml"):
		return schema.Case
	}
	return ""
}

func decode(t *testing.T, text []byte) any {
	t.Helper()
	var node yaml.Node
	if err := yaml.Unmarshal(text, &node); err != nil {
		t.Fatal(err)
	}
	plain(&node)
	var doc any
	if err := node.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// plain takes times for the text that they are in a case file.
func plain(n *yaml.Node) {
	if n.ShortTag() == "!!timestamp" {
		n.Tag = "!!str"
	}
	for _, part := range n.Content {
		plain(part)
	}
}

func TestEveryFileOfCasesIsValid(t *testing.T) {
	t.Parallel()
	cases := os.DirFS("../cases")
	programs := 0
	err := fs.WalkDir(cases, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		kind := kindOf(name)
		text, err := fs.ReadFile(cases, name)
		if err != nil {
			return err
		}
		switch kind {
		case "":
			t.Errorf("cases/%s: no file of this name belongs there", name)
		case "text":
		default:
			if err := schema.Validate(kind, decode(t, text)); err != nil {
				t.Errorf("cases/%s: %v", name, err)
			}
			if kind == schema.Program {
				programs++
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if programs == 0 {
		t.Error("cases/ holds no programme")
	}
}

// program reads a shipped programme.
func program(t *testing.T, name string) *psirt.Program {
	t.Helper()
	text, err := os.ReadFile("../cases/" + name + "/program.yaml")
	if err != nil {
		t.Fatal(err)
	}
	p := &psirt.Program{}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(p); err != nil {
		t.Fatal(err)
	}
	if faults := p.Locate(time.LoadLocation); len(faults) > 0 {
		t.Fatal(faults)
	}
	return p
}

func TestProgrammesFitTogether(t *testing.T) {
	t.Parallel()
	for _, name := range programmes(t) {
		for _, fault := range program(t, name).Check() {
			t.Errorf("cases/%s/program.yaml: %v", name, fault)
		}
	}
}

func programmes(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir("../cases")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		if e.IsDir() {
			out = append(out, e.Name())
		}
	}
	return out
}

// docket init writes a team's keys and people in place of the examples: from
// the line "keys:" to the end.
func TestProgrammesEndWithKeysAndPeople(t *testing.T) {
	t.Parallel()
	for _, name := range programmes(t) {
		text, err := os.ReadFile("../cases/" + name + "/program.yaml")
		if err != nil {
			t.Fatal(err)
		}
		var doc yaml.Node
		if err := yaml.Unmarshal(text, &doc); err != nil {
			t.Fatal(err)
		}
		top := doc.Content[0].Content
		if n := len(top); top[n-4].Value != "keys" || top[n-2].Value != "people" {
			t.Errorf("cases/%s/program.yaml: the last two keys are %s and %s, not keys and people", name, top[n-4].Value, top[n-2].Value)
		}
		if bytes.Count(text, []byte("\nkeys:")) != 1 {
			t.Errorf("cases/%s/program.yaml: the line \"keys:\" must stand there once", name)
		}
	}
}
