package desk

import (
	"embed"
	"io/fs"
	"strings"
)

// What a case repository on GitHub runs: copies of .github's docket-*.yml and of
// the action that they use, which a test holds to the originals (go test
// ./internal/desk -run Workflows -update writes them).
//
//go:embed workflows
var workflows embed.FS

// Workflows are the files that a case repository on GitHub needs, by path
// (.github/workflows/docket-check.yml, …): the workflows, and the action that
// installs docket for them. The file .github/actions/docket/release pins no
// release yet: who sets the repository up does.
func Workflows() map[string][]byte {
	out := map[string][]byte{}
	err := fs.WalkDir(workflows, "workflows", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		raw, err := workflows.ReadFile(name)
		out[".github/"+strings.TrimPrefix(name, "workflows/")] = raw
		return err
	})
	if err != nil {
		panic("desk: workflows: " + err.Error()) // embedded: cannot fail
	}
	return out
}
