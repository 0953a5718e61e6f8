package desk_test

import (
	"bytes"
	"context"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/mail"
	"github.com/docket-psirt/docket/internal/seal"
	"github.com/docket-psirt/docket/internal/store"
)

var update = flag.Bool("update", false, "write the copies of shipped programmes, and make their example cases anew")

const (
	casesDir    = "../../cases"
	exampleKeys = "testdata/example-keys" // of invented people; they protect nothing
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
		t.Errorf("%s is not the copy that it should be (go test ./internal/desk -run Shipped -update writes it; then build again): %v", name, err)
	}
}

// TestExampleCases judges what stands in cases/ as docket check judges a case
// repository, and opens every case with the example keys.
func TestExampleCases(t *testing.T) {
	if *update {
		for _, name := range desk.Shipped() {
			makeExamples(t, name)
		}
	}
	dir := filepath.Join(t.TempDir(), "examples.git")
	repo, err := store.Init(dir)
	if err != nil {
		t.Fatal(err)
	}
	var edits []store.Edit
	err = filepath.WalkDir(casesDir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		rel, _ := filepath.Rel(filepath.Dir(casesDir), path)
		edits = append(edits, store.Edit{Path: filepath.ToSlash(rel), Data: raw})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	batch := repo.NewBatch()
	who := store.Ident{Name: "test", Mail: "test@example.org", When: time.Now()}
	head, err := batch.Commit(store.CommitSpec{Edits: edits, Author: who, Committer: who, Message: "Examples\n"})
	if err != nil {
		t.Fatal(err)
	}
	if err := repo.Publish(context.Background(), batch, store.RefUpdate{Name: "refs/heads/main", New: head}); err != nil {
		t.Fatal(err)
	}
	findings, cases, err := (&audit.Judge{Repo: repo}).Tree(head)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		t.Error(f)
	}
	if cases < len(desk.Shipped()) {
		t.Errorf("%d example cases; every programme has at least one", cases)
	}
	for _, name := range desk.Shipped() {
		openExamples(t, dir, name)
	}
}

func openExamples(t *testing.T, dir, program string) {
	d, err := desk.Open(dir, desk.Options{Keys: filepath.Join(exampleKeys, program)})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := d.List(desk.Filter{Program: program})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		s, err := d.Show(context.Background(), r.ID)
		if err != nil || s.Sealed != nil {
			t.Errorf("%s does not open: %v", r.ID, err)
		}
	}
}

// makeExamples makes a repository with the programme, takes a report all the
// way, and puts its tree into cases/.
func makeExamples(t *testing.T, program string) {
	tmp := t.TempDir()
	dir, keys := filepath.Join(tmp, "cases.git"), filepath.Join(tmp, "keys")
	at := time.Date(2026, 9, 28, 8, 0, 0, 0, time.UTC)
	now := func() time.Time { at = at.Add(17 * time.Minute); return at }
	if _, err := desk.Init(dir, desk.InitOptions{Programs: []string{program}, Team: []string{"lead", "triage"}, Keys: keys, Now: now}); err != nil {
		t.Fatal(err)
	}
	as := func(who string) *desk.Desk {
		d, err := desk.Open(dir, desk.Options{Keys: keys, As: who, Now: now})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx := context.Background()
	file := exampleMail(t, as("lead"), tmp, at)
	taken, err := as("lead").Intake(ctx, mail.Files([]string{file}, nil), nil)
	must(taken, err)
	if taken[0].Err != nil {
		t.Fatal(taken[0].Err)
	}
	id := taken[0].ID
	first := as("lead")
	s, err := first.Show(ctx, id)
	must(s, err)
	next := desk.FirstMove(first, id)
	must(as("lead").Move(ctx, id, next, "", "", false))
	must(as("triage").Approve(ctx, 0, id))
	putTree(t, dir, program)
	for _, name := range []string{"lead.asc", "triage.asc"} {
		raw, err := os.ReadFile(filepath.Join(keys, name))
		must(raw, err)
		hold(t, filepath.Join(exampleKeys, program, name), raw)
	}
}

// exampleMail is a signed and encrypted report of an invented person.
func exampleMail(t testing.TB, d *desk.Desk, tmp string, at time.Time) string {
	armor, err := d.PublicKey("intake")
	if err != nil {
		t.Fatal(err)
	}
	to, err := seal.ParseCert([]byte(armor))
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
	entity, err := draft.Entity()
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := key.SealMail(entity, []*seal.Cert{to}, at)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := draft.Encrypted(sealed.Armor, "...")
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(tmp, "sample.eml")
	if err := os.WriteFile(name, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// putTree puts what main has below cases/<program> into the project.
func putTree(t *testing.T, dir, program string) {
	repo, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	head, err := repo.Ref("refs/heads/main")
	if err != nil {
		t.Fatal(err)
	}
	at, err := repo.At(head)
	if err != nil {
		t.Fatal(err)
	}
	for _, old := range []string{"keys", "seen", "2026"} {
		if err := os.RemoveAll(filepath.Join(casesDir, program, old)); err != nil {
			t.Fatal(err)
		}
	}
	err = at.Walk("cases/"+program, func(e store.Entry) error {
		raw, err := at.Read(e.Path, 1<<20)
		if err != nil {
			return err
		}
		name := filepath.Join(filepath.Dir(casesDir), filepath.FromSlash(e.Path))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		return os.WriteFile(name, raw, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
}
