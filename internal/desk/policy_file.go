package desk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/psirt"
)

// ownPolicy reads a program.yaml of somebody's own, and the templates that
// stand in templates/ beside it. One that names an example key is refused.
func ownPolicy(name string) (text []byte, templates map[string][]byte, err error) {
	if text, err = os.ReadFile(name); err != nil {
		return nil, nil, err
	}
	if err := refuseExampleText(name, text); err != nil {
		return nil, nil, err
	}
	dir := filepath.Join(filepath.Dir(name), "templates")
	files, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	templates = map[string][]byte{}
	for _, f := range files {
		kind, ok := strings.CutSuffix(f.Name(), ".txt")
		if !ok {
			continue
		}
		if !psirt.ValidName(kind) {
			return nil, nil, usage(filepath.Join(dir, f.Name())+" cannot be a template", "its name is that of an update: lower-case letters, digits and hyphens")
		}
		if templates[f.Name()], err = readTemplate(filepath.Join(dir, f.Name())); err != nil {
			return nil, nil, err
		}
	}
	return text, templates, nil
}

// maxTemplateFile bounds a template, in bytes.
const maxTemplateFile = 64 << 10

func readTemplate(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxTemplateFile {
		return nil, &Problem{Text: name + " is too large for a template", Do: fmt.Sprintf("at most %d bytes", maxTemplateFile)}
	}
	return os.ReadFile(name)
}

// notValid is the error about a programme's file that cannot be used.
func notValid(name string, err error) error {
	var faults casefile.Faults
	if errors.As(err, &faults) && !slices.ContainsFunc(faults, func(f psirt.Fault) bool { return !ofPeople(f.Path) }) {
		return &Problem{Text: name + " and --team do not go together", Err: err,
			Do: "name in --team everybody whom the file names under teams, and as HANDLE:ROLE+ROLE roles that the file declares"}
	}
	if has(Shipped(), name) {
		return fmt.Errorf("%s: %w", name, err)
	}
	return &Problem{Text: name + " is not valid", Err: err, Do: "docket policy check " + name + " lists every fault with its line"}
}

// ofPeople reports whether a path leads to what --team says.
func ofPeople(path string) bool {
	return strings.HasPrefix(path, "people") || strings.HasPrefix(path, "teams.") && strings.HasSuffix(path, ".people")
}

// shortages are where a programme asks for more people than there are, each way
// of it once, and what to do.
func shortages(p *psirt.Program) []string {
	var texts, out []string
	count := map[string]int{}
	for _, f := range p.Review(psirt.Around{}) {
		if !strings.HasPrefix(f.Text, "it takes ") && !strings.HasPrefix(f.Text, "nobody has the role ") {
			continue
		}
		if count[f.Text]++; count[f.Text] == 1 {
			texts, out = append(texts, f.Text), append(out, p.Program+": "+f.Path)
		}
	}
	for i, text := range texts {
		if n := count[text]; n > 1 {
			out[i] += fmt.Sprintf(" and %d more", n-1)
		}
		out[i] += ": " + text + ". Name more people in --team, or bring them in with docket keys add"
		if strings.HasPrefix(out[i], p.Program+": changes:") {
			out[i] = strings.TrimSuffix(out[i], ", or bring them in with docket keys add") + " now: bringing somebody in is such a change itself, so it could never be done"
		}
	}
	return out
}

// fitForUse holds that a programme of somebody's own can be begun with: a file
// that can be read, whose texts can be sent. What else docket policy check finds
// is no obstacle.
func fitForUse(name string) error {
	text, _, err := source(name)
	if err != nil || has(Shipped(), name) {
		return err
	}
	text = withoutKeys(text)
	full, _ := withPlaceholders(text)
	refused := len(casefile.ReviewProgram(full).Faults) > 0
	found, err := checkPolicyText(name, text)
	if err != nil {
		return err
	}
	for _, f := range found.Faults {
		if refused || strings.Contains(f.Text, "template ") {
			return &Problem{Text: name + " cannot be used: " + f.String(), Do: "docket policy check " + name + " lists every fault"}
		}
	}
	return nil
}
