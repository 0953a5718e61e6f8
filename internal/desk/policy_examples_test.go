package desk_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/seal"
)

// TestExamplesList holds the list of example keys to those in cases/.
func TestExamplesList(t *testing.T) {
	if !*update { // else TestExampleCases writes it, once it has made the keys
		exampleList(t)
	}
}

func exampleList(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(casesDir, "*", "keys", "*.asc"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no example keys: %v", err)
	}
	var lines []string
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		cert, err := seal.ParseCert(raw)
		if err != nil {
			t.Fatal(err)
		}
		rel, err := filepath.Rel(filepath.Dir(casesDir), name)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(cert.Fingerprint())+" "+filepath.ToSlash(rel))
	}
	slices.Sort(lines)
	hold(t, "policy_examples.txt", []byte(strings.Join(lines, "\n")+"\n"))
}

// TestInitRefusesExamples: the keys that are published with this project are
// nobody's: neither a programme file that names one nor the secret one as the
// published key makes a repository.
func TestInitRefusesExamples(t *testing.T) {
	t.Parallel()
	if *update {
		t.Skip("the list in this binary is the one before")
	}
	secrets, err := filepath.Glob(filepath.Join(exampleKeys, "*", "lead.asc"))
	if err != nil || len(secrets) == 0 {
		t.Fatalf("no example secrets: %v", err)
	}
	secret, err := os.ReadFile(secrets[0])
	if err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]desk.InitOptions{
		"file": {Programs: []string{filepath.Join(casesDir, "ingroupe", "program.yaml")}},
		"key":  {Programs: []string{"ingroupe"}, IntakeKey: secret},
	} {
		dir := t.TempDir()
		o.Team, o.Keys = []string{"ada", "ben"}, filepath.Join(dir, "keys")
		_, err := desk.Init(filepath.Join(dir, "cases.git"), o)
		var refused *desk.Refused
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), "an example that comes with Docket") {
			t.Errorf("%s: %v", name, err)
		}
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("%s: something was made: %v", name, left)
		}
	}
}
