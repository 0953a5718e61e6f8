package desk_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/mail"
	"github.com/docket-psirt/docket/internal/peer"
)

// BenchmarkIntake takes one mail in where there are many cases already: its
// cost must not grow with them.
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

// fill puts an archive of the last year onto main: every case in a commit of
// its own, as history has them, and all of it in one pack, as git gc leaves it.
// That they are no real cases does not count, since nothing that is measured
// may look at them.
func fill(b testing.TB, dir string, cases int) {
	b.Helper()
	peer.Need(b, "git")
	in, out := io.Pipe()
	go func() {
		w := bufio.NewWriter(out)
		year, when := time.Now().Year()-1, time.Now().Unix()
		for n := 1; n <= cases; n++ {
			text := fmt.Sprintf("case %d\n", n)
			fmt.Fprintf(w, "commit refs/heads/main\ncommitter bench <bench@example.org> %d +0000\ndata 8\nArchive\n", when)
			if n == 1 {
				fmt.Fprint(w, "from refs/heads/main^0\n")
			}
			fmt.Fprintf(w, "M 100644 inline %s\ndata %d\n%s\n", desk.CasePathFor("ingroupe", "INGP", year, n), len(text), text)
		}
		out.CloseWithError(w.Flush())
	}()
	git := exec.Command("git", "-C", dir, "fast-import", "--quiet")
	git.Stdin = in
	if said, err := git.CombinedOutput(); err != nil {
		b.Fatalf("git fast-import: %v\n%s", err, said)
	}
}
