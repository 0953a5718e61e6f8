package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// TestReadmeSetup: what the README tells to type for GitHub is what the script
// github_setup runs, word for word.
func TestReadmeSetup(t *testing.T) {
	t.Parallel()
	readme := page(t, "README.md")
	script, err := txtar.ParseFile("testdata/script/github_setup.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range script.Files {
		if f.Name == "setup.sh" && strings.Contains(readme, "```sh\n"+string(f.Data)+"```\n") {
			return
		}
	}
	t.Error("README.md has no block like setup.sh in github_setup.txtar")
}

var link = regexp.MustCompile(`\]\(([^)#]+)(#[^)]*)?\)`)

// TestPagesLink: the links of the pages lead to files that are there.
func TestPagesLink(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"README.md", ".github/CONTRIBUTING.md", ".github/GITHUB.md", ".github/RESTORE.md", ".github/SECURITY.md"} {
		for _, m := range link.FindAllStringSubmatch(page(t, name), -1) {
			if strings.Contains(m[1], "://") || strings.HasPrefix(m[1], "mailto:") {
				continue
			}
			if _, err := os.Stat(filepath.Join("../..", filepath.Dir(name), m[1])); err != nil {
				t.Errorf("%s: the link %s leads nowhere", name, m[1])
			}
		}
	}
}

func page(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("../..", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
