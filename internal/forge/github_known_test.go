package forge_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/forge"
	"github.com/docket-psirt/docket/internal/forge/githubtest"
)

// spent runs a step and holds it to a number of requests.
func spent(t *testing.T, f *forge.GitHub, what string, want int, step func() error) {
	t.Helper()
	before := f.Calls()
	if err := step(); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if n := f.Calls() - before; n != want {
		t.Errorf("%s takes %d requests, want %d", what, n, want)
	}
}

func event(t *testing.T, h *hub, name string) forge.Event {
	t.Helper()
	all := h.Events()
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].Name == name {
			e, err := forge.ParseEvent(name, all[i].Payload)
			if err != nil {
				t.Fatal(err)
			}
			return e
		}
	}
	t.Fatalf("there was no %s", name)
	return forge.Event{}
}

// TestCosts: a move from label to merged, as three jobs do it that know nothing
// of each other, and an intake.
func TestCosts(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	ctx := context.Background()
	h.User("ann", githubtest.Write)
	job := func() *forge.GitHub {
		f := h.forge(t, h.app())
		spent(t, f, "a token", 1, func() error { _, err := f.Token(ctx); return err })
		return f
	}
	issue := forge.Issue{Program: "ingroupe", ID: "INGP-2026-0042", Title: "INGP-2026-0042", Body: "b\n", Revision: 1, File: digest("1"), Labels: []string{"program/ingroupe", "state/received"}}

	intake := job()
	h.board.n = 1 // a board that others have used
	if _, err := intake.Issue(ctx, issue.Program, issue.ID); !errors.Is(err, forge.ErrNotFound) {
		t.Fatal(err)
	}
	spent(t, intake, "tracking a new case", 1, func() error { return intake.Track(ctx, issue) })
	spent(t, intake, "tracking it again", 0, func() error { return intake.Track(ctx, issue) })
	number := 1
	h.ClickLabel("ann", number, "move/evaluating")

	labels := job()
	e := event(t, h, "issues")
	labels.Observe(e)
	var seen forge.Issue
	spent(t, labels, "reading the issue", 0, func() (err error) { seen, err = labels.Issue(ctx, issue.Program, issue.ID); return err })
	if seen.File != issue.File || seen.Revision != 1 || seen.Body != issue.Body || e.Seen != issue.File {
		t.Errorf("the event told %+v", seen)
	}
	s := &scene{hub: h, f: labels, id: issue.ID, branch: "case/INGP-2026-0042/next", head: h.Commit(t)}
	h.Point(t, s.branch, s.head)
	spent(t, labels, "opening", 1, func() error { opened(t, s); return nil })
	spent(t, labels, "finding what was opened", 0, func() error { _, err := labels.Find(ctx, s.branch); return err })
	spent(t, labels, "taking the label off", 1, func() error {
		_, err := labels.Label(ctx, issue.Program, issue.ID, nil, []string{"move/evaluating"}, "")
		return err
	})
	spent(t, labels, "taking it off again", 0, func() error {
		_, err := labels.Label(ctx, issue.Program, issue.ID, nil, []string{"move/evaluating"}, "")
		return err
	})
	spent(t, labels, "the check", 1, func() error { return labels.Check(ctx, check(s, 50)) })
	h.ClickReview("ann", s.number, "approve")

	merges := job()
	merges.Observe(event(t, h, "pull_request_review"))
	var p forge.Pull
	spent(t, merges, "the reviews", 1, func() (err error) { p, err = merges.Get(ctx, s.number); return err })
	if len(p.Reviews) != 1 || p.Reviews[0].By != "ann" || p.Reviews[0].Head != s.head || p.Kind != "move" || p.Case != issue.ID || p.Body != "b\n" {
		t.Errorf("the event told %+v", p)
	}
	merged := h.Merge(t, s.branch)
	h.push(t, ":refs/heads/"+s.branch)
	spent(t, merges, "finding what is gone", 0, func() error {
		if _, err := merges.Find(ctx, s.branch); !errors.Is(err, forge.ErrNotFound) {
			return fmt.Errorf("found: %w", err)
		}
		return nil
	})
	spent(t, merges, "closing", 0, func() error { return merges.Close(ctx, s.number, merged) })
	issue.Labels = []string{"program/ingroupe", "state/evaluating"}
	spent(t, merges, "tracking", 2, func() error { return merges.Track(ctx, issue) }) // this job has not seen the issue
	if p, err := merges.Get(ctx, s.number); err != nil || p.State != forge.StateMerged || p.MergedAs != merged {
		t.Errorf("in the end it is %+v (%v)", p, err)
	}
}

// TestObserve: what an event tells is used while it is fresh and git agrees.
func TestObserve(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	h.User("ann", githubtest.Write)
	ctx := context.Background()
	s := &scene{hub: h, f: h.forge(t, h.app()), id: "INGP-2026-0042", branch: "case/INGP-2026-0042/next", head: h.Commit(t)}
	h.Point(t, s.branch, s.head)
	opened(t, s)
	told := event(t, h, "pull_request")

	later := time.Hour
	stale := h.forgeWith(t, forge.GitHubOptions{Auth: h.app(), Board: h.board, Branch: h.branch, Now: func() time.Time { return time.Now().Add(later) }})
	stale.Observe(told)
	spent(t, stale, "an event of an hour ago", 2, func() error { _, err := stale.Find(ctx, s.branch); return err }) // with a token

	other := told
	other.Repo = "acme/other"
	f := h.forge(t, h.app())
	f.Observe(other)
	spent(t, f, "another repository's event", 2, func() error { _, err := f.Find(ctx, s.branch); return err })

	f = h.forge(t, h.app())
	f.Observe(told)
	spent(t, f, "its event", 0, func() error { _, err := f.Find(ctx, s.branch); return err })
	h.ClickReview("ann", s.number, "approve")
	approved := event(t, h, "pull_request_review")
	f.Observe(approved)
	h.ClickDismiss("ann", s.number, "ann")
	f.Observe(event(t, h, "pull_request_review"))
	if p, err := f.Get(ctx, s.number); err != nil || len(p.Reviews) != 0 {
		t.Errorf("a dismissed review counts: %+v (%v)", p.Reviews, err)
	}

	h.Point(t, s.branch, h.Commit(t))
	before := f.Calls()
	if p, err := f.Find(ctx, s.branch); err != nil || p.Head == s.head || f.Calls() == before {
		t.Errorf("after a push the pull request is %+v (%v)", p, err)
	}
}

// TestObserveRun: a workflow's event tells which pull request is meant, and not
// what it says: enough to read its reviews, too little to bring it up to date.
func TestObserveRun(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	ctx := context.Background()
	s := &scene{hub: h, f: h.forge(t, h.app()), id: "INGP-2026-0042", branch: "case/INGP-2026-0042/next", head: h.Commit(t)}
	h.Point(t, s.branch, s.head)
	opened(t, s)
	h.WorkflowRun("docket-check", "docket-check.yml", "pull_request_target", s.branch, s.head, "success")
	told := event(t, h, "workflow_run")
	f := h.forge(t, h.app())
	f.Observe(told)
	spent(t, f, "reading", 2, func() error { // the reviews, with a token
		p, err := f.Get(ctx, s.number)
		if p.Branch != s.branch || p.Base != "main" || p.Head != s.head || p.State != forge.StateOpen || p.Case != s.id {
			t.Errorf("the pull request is %+v", p)
		}
		return err
	})
	spent(t, f, "finding", 1, func() error {
		p, err := f.Find(ctx, s.branch)
		if p.Title == "" {
			t.Errorf("the pull request is %+v", p)
		}
		return err
	})
	f.Observe(told) // what is known in full stays
	spent(t, f, "finding again", 0, func() error { _, err := f.Find(ctx, s.branch); return err })

	h.Point(t, s.branch, h.Commit(t))
	f = h.forge(t, h.app())
	f.Observe(told)
	if p, err := f.Peek(ctx, s.number); err != nil || p.Head == s.head || f.Calls() == 0 {
		t.Errorf("after a push the pull request is %+v (%v)", p, err)
	}
	fork := told
	fork.Pulls = nil
	f = h.forge(t, h.app())
	f.Observe(fork)
	spent(t, f, "a fork's run", 2, func() error { _, err := f.Peek(ctx, s.number); return err })
}

// TestForgedIssue: an issue that somebody opened with the title and marker of a
// case is not the one that tracks it.
func TestForgedIssue(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	ctx := context.Background()
	auth := h.actions(t)
	if err := h.forge(t, auth).Track(ctx, theCase(1)); err != nil {
		t.Fatal(err)
	}
	// The way to forge one is to be another Docket, with a board of its own.
	mallory := h.forgeWith(t, forge.GitHubOptions{Auth: forge.GitHubAuth{Token: h.User("mallory", githubtest.Write)}, Board: &memoryBoard{n: 1}})
	if err := mallory.Track(ctx, theCase(1)); err != nil {
		t.Fatal(err)
	}
	forged := event(t, h, "issues")
	if forged.Number != 2 || forged.Issue.ID != "INGP-2026-0042" {
		t.Fatalf("the forged issue is %+v", forged)
	}
	f := h.forge(t, auth)
	f.Observe(forged)
	if err := f.Answer(ctx, "ingroupe", "INGP-2026-0042", forge.Comment{Body: "x"}); err != nil {
		t.Fatal(err)
	}
	s := &scene{hub: h, number: 1}
	if got := commentsOf(t, s); got != "one" {
		t.Errorf("the answer is elsewhere: %q", got)
	}
}

// TestForks: a pull request from a fork is none of Docket's, whatever its
// branch is called.
func TestForks(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	ctx := context.Background()
	f := h.forgeWith(t, forge.GitHubOptions{Auth: h.actions(t)})
	const branch = "case/INGP-2026-0042/next"
	n := h.ForkPull("mallory", branch, h.Commit(t), "INGP-2026-0042: received → evaluating")
	f.Observe(event(t, h, "pull_request"))
	if p, err := f.Get(ctx, n); err != nil || p.Branch != "mallory:"+branch {
		t.Errorf("it is %+v (%v)", p, err)
	}
	if _, err := f.Find(ctx, branch); !errors.Is(err, forge.ErrNotFound) {
		t.Errorf("it is found by its branch: %v", err)
	}
	if list, err := f.List(ctx, forge.Filter{}); err != nil || len(list) != 0 {
		t.Errorf("it is listed: %+v (%v)", list, err)
	}
}

// TestPages: what stands on the second page counts too.
func TestPages(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	h.User("ann", githubtest.Write)
	ctx := context.Background()
	f := h.forge(t, h.app())
	issue := forge.Issue{Program: "ingroupe", ID: "INGP-2026-0042", Title: "INGP-2026-0042"}
	if err := f.Track(ctx, issue); err != nil {
		t.Fatal(err)
	}
	for range 120 {
		h.ClickComment("ann", 1, "hm")
	}
	said := forge.Comment{Body: "no", Marker: "m"}
	for range 2 {
		if err := f.Answer(ctx, issue.Program, issue.ID, said); err != nil {
			t.Fatal(err)
		}
	}
	list, err := f.Answers(ctx, issue.Program, issue.ID)
	if err != nil || len(list) != 121 || list[120].Marker != "m" || list[0].By != "ann" || list[0].Body != "hm" {
		t.Errorf("there are %d answers (%v)", len(list), err)
	}
}
