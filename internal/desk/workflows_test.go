package desk_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/docket-psirt/docket/internal/desk"
)

// TestWorkflows holds what the binary ships for GitHub to .github of this
// project: the same files, byte for byte, and no other.
func TestWorkflows(t *testing.T) {
	const project = "../../.github/"
	var want []string
	for _, pattern := range []string{"workflows/docket-*.yml", "actions/docket/*"} {
		files, err := filepath.Glob(project + pattern)
		if err != nil || len(files) < 4 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, name := range files {
			raw, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			rel, err := filepath.Rel(project, name)
			if err != nil {
				t.Fatal(err)
			}
			hold(t, filepath.Join("workflows", rel), raw)
			want = append(want, ".github/"+filepath.ToSlash(rel))
		}
	}
	slices.Sort(want)
	if got := slices.Sorted(maps.Keys(desk.Workflows())); !slices.Equal(got, want) {
		t.Errorf("the binary ships\n%s\n.github has\n%s\n(remove from internal/desk/workflows what is too much; -update writes what is missing)",
			strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
