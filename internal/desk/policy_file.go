package desk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

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
