package desk_test

import (
	"bytes"
	"context"
	"crypto/sha1" // git's name of a blob
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/mail"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
	"github.com/docket-psirt/docket/internal/store"
	"github.com/docket-psirt/docket/schema"
)

var update = flag.Bool("update", false, "write the copies of shipped programmes, and make their example cases anew")

const (
	casesDir    = "../../cases"
	exampleKeys = "testdata/example-keys" // of invented people; they protect nothing

	// remake is the one command that makes what this file and
	// policy_examples_test.go hold.
	remake = "go test ./internal/desk -run 'Shipped|Example' -update makes the copies and the example cases anew"
)

// TestShippedProgrammes holds the programmes in the binary to those in cases/:
// the same text up to the keys, the same templates.
func TestShippedProgrammes(t *testing.T) {
	entries, err := os.ReadDir(casesDir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
		full, err := os.ReadFile(filepath.Join(casesDir, e.Name(), "program.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := casefile.ParseProgram(full); err != nil {
			t.Errorf("%s: %v", e.Name(), err)
		}
		hold(t, filepath.Join("programs", e.Name(), "program.yaml"), desk.WithoutKeys(full))
		files, err := filepath.Glob(filepath.Join(casesDir, e.Name(), "templates", "*.txt"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s has no templates (%v)", e.Name(), err)
		}
		for _, f := range files {
			raw, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			hold(t, filepath.Join("programs", e.Name(), "templates", filepath.Base(f)), raw)
		}
		copies, _ := filepath.Glob(filepath.Join("programs", e.Name(), "templates", "*.txt"))
		if len(copies) != len(files) {
			t.Errorf("%s: %d templates in the binary, %d in cases", e.Name(), len(copies), len(files))
		}
	}
	if got := desk.Shipped(); strings.Join(got, " ") != strings.Join(names, " ") {
		t.Errorf("the binary ships %v, cases/ holds %v", got, names)
	}
}

// hold compares a file with what it must be, or writes it with -update.
func hold(t *testing.T, name string, want []byte) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(name)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not what it should be (%s): %v", name, remake, err)
	}
}

// TestExampleCases judges the project's own tree as docket check judges a case
// repository, and opens every case with the example keys.
func TestExampleCases(t *testing.T) {
	if *update {
		for name, tell := range exampleStories {
			t.Run(name, tell)
		}
		exampleList(t)
	}
	dir := filepath.Join(t.TempDir(), "project.git")
	commitProject(t, dir)
	d, err := desk.Open(dir, desk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	judged, err := d.Check(context.Background(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range judged.Findings {
		t.Error(f)
	}
	if want := 3 * len(desk.Shipped()); judged.Cases != want {
		t.Errorf("%d example cases; with three in every programme there are %d", judged.Cases, want)
	}
	for _, name := range desk.Shipped() {
		openExamples(t, dir, name)
	}
}

// ownFolders are those of the project that a case repository has, too.
var ownFolders = []string{"cases", "schema", ".github"}

// commitProject makes a case repository of the project's working tree.
func commitProject(t *testing.T, dir string) {
	repo, err := store.Init(dir)
	if err != nil {
		t.Fatal(err)
	}
	var edits []store.Edit
	root := filepath.Dir(casesDir)
	for _, folder := range ownFolders {
		err = filepath.WalkDir(filepath.Join(root, folder), func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			raw, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			rel, err := filepath.Rel(root, path)
			edits = append(edits, store.Edit{Path: filepath.ToSlash(rel), Data: raw})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	batch := repo.NewBatch()
	who := store.Ident{Name: "test", Mail: "test@example.org", When: time.Now()}
	head, err := batch.Commit(store.CommitSpec{Edits: edits, Author: who, Committer: who, Message: "The project\n"})
	if err != nil {
		t.Fatal(err)
	}
	if err := repo.Publish(context.Background(), batch, store.RefUpdate{Name: "refs/heads/main", New: head}); err != nil {
		t.Fatal(err)
	}
}

// openExamples opens the cases of a programme, and holds that they show a case
// at each end and one in the middle.
func openExamples(t *testing.T, dir, program string) {
	d, err := desk.Open(dir, desk.Options{Keys: filepath.Join(exampleKeys, program), As: "triage"})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := d.List(desk.Filter{Program: program})
	if err != nil {
		t.Fatal(err)
	}
	phases := map[psirt.Phase]bool{}
	for _, r := range rows {
		phases[r.Phase] = true
		s, err := d.Show(context.Background(), r.ID)
		if err != nil {
			t.Fatal(err)
		}
		if s.Sealed != nil || s.Report["title"] == nil || s.Contact == nil {
			t.Errorf("%s does not open: %v", r.ID, s.Sealed)
			continue
		}
		exampleCase(t, d, s)
	}
	if !phases[psirt.PhaseReceived] || !phases[psirt.PhaseSolving] || !phases[psirt.PhaseClosed] {
		t.Errorf("%s: the examples show the phases %v only", program, phases)
	}
}

// exampleCase holds one example to what it is to show.
func exampleCase(t *testing.T, d *desk.Desk, s *desk.Shown) {
	c := s.Case
	raw, err := os.ReadFile(filepath.Join(casesDir, c.Program, "program.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if blob := fmt.Sprintf("git:%x", sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(raw), raw))); string(c.Policy) != blob {
		t.Errorf("%s is pinned to the policy %s, and program.yaml is %s (%s)", c.ID, c.Policy, blob, remake)
	}
	if err := schema.Validate("report", map[string]any(s.Report)); err != nil {
		t.Errorf("%s: %v", c.ID, err)
	}
	if len(c.Updates) == 0 || c.Updates[0].Kind != "acknowledge" || len(c.Mails) == 0 {
		t.Errorf("%s was not acknowledged", c.ID)
	}
	letters, err := d.Mails(c.ID, 1)
	if err != nil || len(letters) != 1 {
		t.Errorf("%s: its mail does not open: %v", c.ID, err)
	}
	own := 0
	for _, w := range s.Words {
		if w.Text != "" {
			own++
		}
	}
	if moved := len(c.Log) > 1; moved && (own == 0 || s.Report.Values("analysis.text") == nil) {
		t.Errorf("%s in %s: %d updates in own words, analysis %v", c.ID, c.State, own, s.Report.Values("analysis.text"))
	}
}

// exampleMail is a signed and encrypted report of an invented person.
func exampleMail(t testing.TB, d *desk.Desk, tmp string, at time.Time) string {
	published, err := d.PublicKey("intake")
	if err != nil {
		t.Fatal(err)
	}
	to, err := seal.ParseCert([]byte(published.Armor))
	if err != nil {
		t.Fatal(err)
	}
	key, err := seal.NewKey("Ivo Sample", "ivo.sample@example.org", at.Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	draft := mail.Draft{From: mail.Address{Name: "Ivo Sample", Addr: "ivo.sample@example.org"}, To: mail.Address{Addr: to.Addresses()[0]},
		Subject: "Sample product forgets to check a length", Date: at, MessageID: "sample.1@example.org",
		Text: "Product: Sample product\nVersion: 1.0\n\nDescription:\nAn invented weakness: a length is not checked.\n\nHow discovered: reading\nWhen discovered: 2026-09-20\nExploited: no\nPublication: nothing planned\n",
		Keys: []mail.KeyFile{{Name: "key.asc", Data: key.Cert().Armor()}}}
	raw, err := sealedMail(draft, key, to)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(tmp, "sample.eml")
	if err := os.WriteFile(name, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
