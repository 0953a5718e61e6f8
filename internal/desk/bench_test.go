package desk_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/mail"
	"github.com/docket-psirt/docket/internal/store"
)

// BenchmarkIntake takes one mail in where there are many cases already: its
// cost must not grow with them. The archive is made of copies of a real tree's
// blobs under other case numbers, so that only its shape counts.
//
//	go test ./internal/desk -run '^$' -bench Intake -benchtime 20x
func BenchmarkIntake(b *testing.B) {
	for _, cases := range archives() {
		b.Run(fmt.Sprint(cases), func(b *testing.B) {
			f := newBench(b, cases)
			b.ResetTimer()
			for i := range b.N {
				taken, err := f.d.Intake(context.Background(), mail.Files([]string{f.mails[i%len(f.mails)]}, nil), nil)
				if err != nil || taken[0].Err != nil {
					b.Fatal(err, taken)
				}
			}
		})
	}
}

// BenchmarkCheckOne judges one proposal beside an archive, against git listing
// what the proposal changes in the same repository.
func BenchmarkCheckOne(b *testing.B) {
	for _, cases := range archives() {
		f := newBench(b, cases)
		ctx := context.Background()
		taken, err := f.d.Intake(ctx, mail.Files(f.mails[:1], nil), nil)
		if err != nil || taken[0].Err != nil {
			b.Fatal(err, taken)
		}
		if _, err := f.d.Move(ctx, taken[0].ID, desk.FirstMove(f.d, taken[0].ID), "", "", false); err != nil {
			b.Fatal(err)
		}
		branch := "case/" + string(taken[0].ID) + "/next"
		b.Run(fmt.Sprintf("docket/%d", cases), func(b *testing.B) {
			for range b.N {
				if _, err := f.d.Check(ctx, "main", branch); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("git-diff-tree/%d", cases), func(b *testing.B) {
			for range b.N {
				if err := exec.Command("git", "-C", f.dir, "diff-tree", "-r", "main", branch).Run(); err != nil {
					b.Skip("git is not installed")
				}
			}
		})
	}
}

type bench struct {
	dir   string
	d     *desk.Desk
	mails []string
}

// newBench makes a repository with an archive of so many cases of an earlier
// year and of this one, and some mails to take in.
func newBench(b testing.TB, cases int) *bench {
	tmp := b.TempDir()
	f := &bench{dir: filepath.Join(tmp, "cases.git")}
	keys := filepath.Join(tmp, "keys")
	if _, err := desk.Init(f.dir, desk.InitOptions{Programs: []string{"ingroupe"}, Team: []string{"lead", "triage"}, Keys: keys}); err != nil {
		b.Fatal(err)
	}
	if cases > 0 {
		fill(b, f.dir, cases)
	}
	d, err := desk.Open(f.dir, desk.Options{Keys: keys, As: "lead"})
	if err != nil {
		b.Fatal(err)
	}
	f.d = d
	for i := range 30 {
		raw, err := os.ReadFile(exampleMail(b, d, tmp, time.Now()))
		if err != nil {
			b.Fatal(err)
		}
		name := filepath.Join(tmp, fmt.Sprintf("mail-%d.eml", i))
		if err := os.WriteFile(name, raw, 0o600); err != nil {
			b.Fatal(err)
		}
		f.mails = append(f.mails, name)
	}
	return f
}

// fill puts an archive of the last year onto main, in one commit.
func fill(b testing.TB, dir string, cases int) {
	repo, err := store.Open(dir)
	if err != nil {
		b.Fatal(err)
	}
	defer repo.Close()
	main, err := repo.Ref("refs/heads/main")
	if err != nil {
		b.Fatal(err)
	}
	c, err := repo.Commit(main)
	if err != nil {
		b.Fatal(err)
	}
	var edits []store.Edit
	year := time.Now().Year() - 1
	for n := 1; n <= cases; n++ {
		edits = append(edits, store.Edit{Path: desk.CasePathFor("ingroupe", "INGP", year, n), Data: []byte(fmt.Sprintf("case %d\n", n))})
	}
	batch := repo.NewBatch()
	who := store.Ident{Name: "bench", Mail: "bench@example.org", When: time.Now()}
	h, err := batch.Commit(store.CommitSpec{Base: c.Tree, Edits: edits, Parents: []store.Hash{main}, Author: who, Committer: who, Message: "Archive\n"})
	if err != nil {
		b.Fatal(err)
	}
	if err := repo.Publish(context.Background(), batch, store.RefUpdate{Name: "refs/heads/main", Old: main, New: h}); err != nil {
		b.Fatal(err)
	}
}
