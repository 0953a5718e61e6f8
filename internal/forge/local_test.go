package forge_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/forge"
	"github.com/docket-psirt/docket/internal/forge/forgetest"
	"github.com/docket-psirt/docket/internal/peer"
)

var start = time.Date(2026, 11, 22, 9, 14, 3, 0, time.UTC)

func fixed() time.Time { return start }

func local(b forge.Board) *forge.Local { return forge.NewLocal(b, fixed) }

func proposal(branch string) forge.Proposal {
	return forge.Proposal{
		Kind: "move", Case: "INGP-2026-0042", Branch: branch, Base: "main", Head: forgetest.HeadA,
		Title: "INGP-2026-0042: received → evaluating", Author: "triage",
	}
}

func TestContractInMemory(t *testing.T) {
	forgetest.Run(t, func(*testing.T) forgetest.Subject { return subject(local(&memoryBoard{})) })
}

func TestContractOnGit(t *testing.T) {
	forgetest.Run(t, func(t *testing.T) forgetest.Subject { return subject(local(newGitBoard(t))) })
}

func subject(f forge.Forge) forgetest.Subject {
	return forgetest.Subject{Forge: f, Reviewer: f, Git: &forgetest.NoGit{}}
}

// TestMain lets the test binary be one of several processes with one board.
func TestMain(m *testing.M) {
	dir := os.Getenv("FORGE_TEST_BOARD")
	if dir == "" {
		peer.Plain()
		remove := peer.InMemory()
		code := m.Run()
		remove()
		os.Exit(code)
	}
	git, err := exec.LookPath("git")
	if err == nil {
		err = work(local(&gitBoard{git, dir}), os.Getenv("FORGE_TEST_WORKER"))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

const rounds = 3

// work is what one process of many does: own pull requests, and one that all
// share.
func work(f forge.Forge, worker string) error {
	ctx := context.Background()
	for i := range rounds {
		p, err := f.Open(ctx, proposal(fmt.Sprintf("worker/%s/%d", worker, i)))
		if err != nil {
			return err
		}
		if err := f.Close(ctx, p.Number, forgetest.Merged); err != nil {
			return err
		}
	}
	p, err := f.Open(ctx, proposal("shared"))
	if err != nil {
		return err
	}
	return f.Comment(ctx, p.Number, forge.Comment{By: worker, Body: "here"})
}

func TestEightProcesses(t *testing.T) {
	t.Parallel()
	board := newGitBoard(t)
	const workers = 8
	failures := make(chan error, workers)
	for w := range workers {
		go func() {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), "FORGE_TEST_BOARD="+board.dir, fmt.Sprintf("FORGE_TEST_WORKER=w%d", w))
			out, err := cmd.CombinedOutput()
			if err != nil {
				err = fmt.Errorf("worker %d: %w: %s", w, err, out)
			}
			failures <- err
		}()
	}
	for range workers {
		if err := <-failures; err != nil {
			t.Error(err)
		}
	}
	ctx := context.Background()
	f := local(board)
	pulls, err := f.List(ctx, forge.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	if len(pulls) != workers*rounds+1 {
		t.Errorf("there are %d pull requests, want %d", len(pulls), workers*rounds+1)
	}
	for i, p := range pulls {
		if p.Number != len(pulls)-i {
			t.Errorf("pull request %d stands where %d is expected: numbers are not dense", p.Number, len(pulls)-i)
		}
	}
	shared, err := f.Find(ctx, "shared")
	if err != nil {
		t.Fatal(err)
	}
	if len(shared.Comments) != workers {
		t.Errorf("the shared pull request has %d comments, want %d", len(shared.Comments), workers)
	}
	if _, err := board.run(ctx, nil, "fsck", "--full", "--strict"); err != nil {
		t.Error(err)
	}
	// One commit for each change: open and close, or open and comment.
	out, err := board.run(ctx, nil, "rev-list", "--count", boardRef)
	if want := fmt.Sprint(2*workers*rounds + 1 + workers); err != nil || strings.TrimSpace(string(out)) != want {
		t.Errorf("the board has %s commits (%v), want %s", out, err, want)
	}
}

// cost is how many files a whole round reads, lists and writes.
func cost(t *testing.T, b *memoryBoard, f forge.Forge, n int) [2]int64 {
	t.Helper()
	reads, saved := b.reads.Load(), b.saved.Load()
	ctx := context.Background()
	branch := fmt.Sprintf("case/INGP-2026-%04d/next", n)
	p, err := f.Open(ctx, proposal(branch))
	if err != nil {
		t.Fatal(err)
	}
	_, errFind := f.Find(ctx, branch)
	_, errList := f.List(ctx, forge.Filter{State: forge.StateOpen})
	err = errors.Join(errFind, errList,
		f.Review(ctx, p.Number, forge.Review{By: "lead", Head: p.Head, Verdict: forge.Approve}),
		f.Check(ctx, forge.Check{Head: p.Head, Name: "docket/check", Conclusion: forge.Success}),
		f.Close(ctx, p.Number, forgetest.Merged),
		f.Track(ctx, forge.Issue{Program: "ingroupe", ID: fmt.Sprintf("INGP-2026-%04d", n), Title: "t"}))
	if err != nil {
		t.Fatal(err)
	}
	return [2]int64{b.reads.Load() - reads, b.saved.Load() - saved}
}

func TestCostDoesNotGrow(t *testing.T) {
	t.Parallel()
	board := &memoryBoard{}
	f := local(board)
	cost(t, board, f, 1) // makes numbers.yaml
	first := cost(t, board, f, 2)
	for n := 3; n < 250; n++ {
		cost(t, board, f, n)
	}
	if last := cost(t, board, f, 250); last != first {
		t.Errorf("the 250th round reads and writes %v files, the second %v", last, first)
	}
	folders := map[string]map[string]bool{}
	for file := range board.files {
		for dir := path.Dir(file); dir != "."; file, dir = dir, path.Dir(dir) {
			if folders[dir] == nil {
				folders[dir] = map[string]bool{}
			}
			folders[dir][file] = true
		}
	}
	for dir, entries := range folders {
		if len(entries) > 100 {
			t.Errorf("folder %s has %d entries", dir, len(entries))
		}
	}
	for _, dir := range []string{"open", "branches", "heads"} {
		if len(folders[dir]) > 0 {
			t.Errorf("%s still has %d entries, and nothing is open", dir, len(folders[dir]))
		}
	}
}

func TestWhatIsRecorded(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	board := &memoryBoard{}
	now := start.Add(250 * time.Millisecond)
	f := forge.NewLocal(board, func() time.Time { return now })
	at := time.Date(2026, 11, 22, 10, 0, 0, 999, time.FixedZone("CET", 3600))
	p, err := f.Open(ctx, proposal("case/INGP-2026-0042/next"))
	if err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Hour)
	_, errTrack := f.Label(ctx, "ingroupe", "INGP-2026-0042", nil, nil, "lead")
	if !errors.Is(errTrack, forge.ErrNotFound) {
		t.Fatal(errTrack)
	}
	err = errors.Join(
		f.Review(ctx, p.Number, forge.Review{By: "lead", At: at, Head: p.Head, Verdict: forge.Approve}),
		f.Comment(ctx, p.Number, forge.Comment{By: "docket[bot]", Body: "true"}),
		f.Check(ctx, forge.Check{Head: p.Head, Name: "docket/check", Conclusion: forge.Success, Summary: "ok\n"}),
		f.Track(ctx, forge.Issue{Program: "ingroupe", ID: "INGP-2026-0042", Title: "received", Labels: []string{"b", "a"}}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Label(ctx, "ingroupe", "INGP-2026-0042", []string{"move/evaluating"}, []string{"a"}, "lead"); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"numbers.yaml":       "pull: 1\n",
		"open/00/1.yaml":     "pulls: [1]\n",
		"pulls/00/1.yaml":    pullRecord,
		issueFile:            issueRecord,
		branchFile:           "pulls: [1]\n",
		headFile(p.Head):     "pulls: [1]\n",
		"pulls/00/none.yaml": "",
	} {
		if got := board.files[name]; got != want {
			t.Errorf("%s is\n%swant\n%s", name, got, want)
		}
	}
	want := []string{
		"Open pull request 1\n", "Review pull request 1\n", "Comment on pull request 1\n",
		"Check pull request 1\n", "Track INGP-2026-0042\n", "Label INGP-2026-0042\n",
	}
	if !slices.Equal(board.log, want) {
		t.Errorf("commit messages are %q, want %q", board.log, want)
	}
}

const (
	issueFile  = "issues/ingroupe/2026/00/INGP-2026-0042.yaml"
	branchFile = "branches/49/case%2FINGP-2026-0042%2Fnext.yaml"
)

func headFile(head string) string { return "heads/e3/" + head + ".yaml" }

var pullRecord = `docket: 1
number: 1
kind: move
case: INGP-2026-0042
branch: case/INGP-2026-0042/next
base: main
head: git:` + forgetest.HeadA + `
state: open
title: "INGP-2026-0042: received → evaluating"
author: triage
created: 2026-11-22T09:14:03Z
updated: 2026-11-22T10:14:03Z
reviews:
  - {by: lead, at: 2026-11-22T09:00:00Z, head: git:` + forgetest.HeadA + `, verdict: approve}
comments:
  - {by: "docket[bot]", at: 2026-11-22T10:14:03Z, body: "true"}
checks:
  - {name: docket/check, at: 2026-11-22T10:14:03Z, head: git:` + forgetest.HeadA + `, conclusion: success, summary: "ok\n"}
`

const issueRecord = `docket: 1
program: ingroupe
id: INGP-2026-0042
title: received
labels: [b, move/evaluating]
created: 2026-11-22T10:14:03Z
updated: 2026-11-22T10:14:03Z
events:
  - {at: 2026-11-22T10:14:03Z, by: lead, add: [move/evaluating], remove: [a]}
`

func TestRepeatedStepsMakeNoCommit(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	board := &memoryBoard{}
	f := local(board)
	issue := forge.Issue{Program: "ingroupe", ID: "INGP-2026-0042", Title: "t", Labels: []string{"b", "a"}}
	check := forge.Check{Head: forgetest.HeadA, Name: "docket/check", Conclusion: forge.Success}
	steps := func() {
		t.Helper()
		p, err := f.Open(ctx, proposal("one"))
		_, errOther := f.Open(ctx, proposal("two"))
		err = errors.Join(err, errOther, f.Check(ctx, check), f.Track(ctx, issue))
		_, errLabel := f.Label(ctx, "ingroupe", "INGP-2026-0042", []string{"a"}, []string{"none"}, "lead")
		err = errors.Join(err, errLabel, f.Update(ctx, p.Number, func(p *forge.Pull) error { p.Labels = []string{"x", "x"}; return nil }))
		if err != nil {
			t.Fatal(err)
		}
	}
	steps()
	if p, err := f.Find(ctx, "two"); err != nil || len(p.Checks) != 1 {
		t.Errorf("the second pull request with the head has the checks %v (%v), want one", p.Checks, err)
	}
	before := board.n
	steps()
	if board.n != before {
		t.Errorf("repeating made the commits %q", board.log[before:])
	}
}

func TestBounds(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	board := &memoryBoard{}
	f := local(board)
	p, err := f.Open(ctx, proposal("one"))
	if err != nil {
		t.Fatal(err)
	}
	body := strings.Repeat("a", 1<<16)
	for range 15 {
		if err := f.Comment(ctx, p.Number, forge.Comment{By: "bot", Body: body}); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Comment(ctx, p.Number, forge.Comment{By: "bot", Body: body}); !errors.Is(err, forge.ErrTooLarge) {
		t.Errorf("a record above the limit gives %v", err)
	}
	if err := f.Close(ctx, p.Number, ""); err != nil {
		t.Errorf("a full pull request cannot be closed: %v", err)
	}
	if err := f.Track(ctx, forge.Issue{Program: "ingroupe", ID: "INGP-2026-0042", Title: "t"}); err != nil {
		t.Fatal(err)
	}
	for i := range 120 {
		if _, err := f.Label(ctx, "ingroupe", "INGP-2026-0042", []string{fmt.Sprint("l", i)}, []string{fmt.Sprint("l", i-1)}, "bot"); err != nil {
			t.Fatal(err)
		}
	}
	issue, err := f.Issue(ctx, "ingroupe", "INGP-2026-0042")
	if err != nil || len(issue.Events) != 100 || issue.Events[99].Add[0] != "l119" {
		t.Errorf("%d events are kept (%v), want the newest 100", len(issue.Events), err)
	}
}

// TestErrorsKeepQuiet: an error never repeats what was refused.
func TestErrorsKeepQuiet(t *testing.T) {
	t.Parallel()
	const canary = "xylophon"
	p := proposal("one")
	p.Title = canary + "\x00"
	_, err := local(&memoryBoard{}).Open(context.Background(), p)
	if err == nil || strings.Contains(err.Error(), canary) || !strings.Contains(err.Error(), "title") {
		t.Errorf("the error is %v, want one that names the title and not its text", err)
	}
}

// TestCancel: a change that keeps losing ends with its context.
func TestCancel(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err := local(losingBoard{&memoryBoard{}}).Open(ctx, proposal("one"))
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// losingBoard is one that somebody else always changes first.
type losingBoard struct{ *memoryBoard }

func (losingBoard) Save(context.Context, string, forge.BoardChange) error { return forge.ErrLost }

// TestTampered: what stands on the board by other hands is judged, not trusted.
func TestTampered(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, change := range map[string]func(files map[string]string){
		"number": func(m map[string]string) {
			m["pulls/00/1.yaml"] = strings.Replace(m["pulls/00/1.yaml"], "number: 1", "number: 2", 1)
		},
		"version": func(m map[string]string) {
			m["pulls/00/1.yaml"] = strings.Replace(m["pulls/00/1.yaml"], "docket: 1", "docket: 2", 1)
		},
		"unknown key": func(m map[string]string) { m["pulls/00/1.yaml"] += "extra: x\n" },
		"no final LF": func(m map[string]string) { m["pulls/00/1.yaml"] = strings.TrimSuffix(m["pulls/00/1.yaml"], "\n") },
		"another quoting": func(m map[string]string) {
			m["pulls/00/1.yaml"] = strings.Replace(m["pulls/00/1.yaml"], "base: main", `base: "main"`, 1)
		},
		"merged": func(m map[string]string) {
			m["pulls/00/1.yaml"] = strings.Replace(m["pulls/00/1.yaml"], "state: open", "state: merged", 1)
		},
		"closed": func(m map[string]string) {
			m["pulls/00/1.yaml"] = strings.Replace(m["pulls/00/1.yaml"], "state: open", "state: closed", 1)
		},
		"empty":           func(m map[string]string) { m["pulls/00/1.yaml"] = "" },
		"large":           func(m map[string]string) { m["pulls/00/1.yaml"] += strings.Repeat("#", 1<<20) },
		"counter":         func(m map[string]string) { m["numbers.yaml"] = "pull: -1\n" },
		"counter deleted": func(m map[string]string) { delete(m, "numbers.yaml") },
		"branch index":    func(m map[string]string) { m["branches/3f/two.yaml"] = "pulls: [1]\n" },
		"open folder":     func(m map[string]string) { m["open/00/01.yaml"] = "pulls: [1]\n" },
		"deep folder":     func(m map[string]string) { m["open/1/2/3/4/5/6/7.yaml"] = "pulls: [1]\n" },
	} {
		board := &memoryBoard{}
		f := local(board)
		if _, err := f.Open(ctx, proposal("one")); err != nil {
			t.Fatal(err)
		}
		change(board.files)
		_, errFind := f.Find(ctx, "one")
		_, errList := f.List(ctx, forge.Filter{State: forge.StateOpen})
		_, errOpen := f.Open(ctx, proposal("two"))
		var record *forge.RecordError
		if !errors.As(errors.Join(errFind, errList, errOpen), &record) {
			t.Errorf("%s: no step found it: %v, %v, %v", name, errFind, errList, errOpen)
		}
	}
}
