package forge_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/forge"
	"github.com/docket-psirt/docket/internal/peer"
)

const caseFile = "issues/ingroupe/2026/00/INGP-2026-0042"

func theCase(revision int) forge.Issue {
	return forge.Issue{
		Program: "ingroupe", ID: "INGP-2026-0042", Title: "INGP-2026-0042 case", Body: "b\n", Revision: revision,
		Labels: []string{"program/ingroupe", "state/received"},
	}
}

// TestOneIssue: a case has one tracking issue whatever the board says, and the
// board says which one afterwards.
func TestOneIssue(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(b *memoryBoard){
		"the board was lost":            func(b *memoryBoard) { b.files, b.n = nil, 0 },
		"the board was lost and reused": func(b *memoryBoard) { b.files = map[string]string{"issues/ingroupe/2026/00/INGP-2026-0001": "7\n"} },
		"killed before the number":      func(b *memoryBoard) { b.files[caseFile] = "claimed 2026-11-22T09:14:03Z 0f0f\n" },
		"killed a moment ago": func(b *memoryBoard) {
			b.files[caseFile] = "claimed " + time.Now().UTC().Format(time.RFC3339) + " 0f0f\n"
		},
		"damaged":   func(b *memoryBoard) { b.files[caseFile] = "\x00\n" },
		"untouched": func(*memoryBoard) {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHub(t)
			ctx := context.Background()
			auth := h.actions(t)
			if err := h.forge(t, auth).Track(ctx, theCase(1)); err != nil {
				t.Fatal(err)
			}
			spoil(h.board)
			again := theCase(2)
			again.Title += " again"
			if err := h.forge(t, auth).Track(ctx, again); err != nil {
				t.Fatal(err)
			}
			s := &scene{hub: h, id: "INGP-2026-0042"}
			if got := issuesOf(t, s); got != "case again open program/ingroupe,state/received" {
				t.Errorf("GitHub has %q", got)
			}
			if got := h.board.files[caseFile]; got != fmt.Sprintf("%d\n", s.issueNumber(t)) {
				t.Errorf("the board has %q", got)
			}
			if waited := time.Duration(h.slept.Load()); waited > 0 {
				t.Errorf("it waited %v for nobody", waited)
			}
		})
	}
}

// TestClaimOfTheDead: somebody has claimed the case and is gone before opening
// the issue. It is opened by another, who waits a while first.
func TestClaimOfTheDead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ago   time.Duration
		waits bool
	}{
		"a moment ago":  {0, true},
		"long ago":      {time.Hour, false},
		"in the future": {-time.Hour, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHub(t)
			now := time.Now() // it stands still: a busy machine must not make a moment long
			h.board.files = map[string]string{caseFile: "claimed " + now.Add(-c.ago).UTC().Format(time.RFC3339) + " 0f0f\n"}
			h.board.n = 1
			f := h.forgeWith(t, forge.GitHubOptions{Auth: h.actions(t), Board: h.board, Branch: h.branch, Now: func() time.Time { return now }})
			if _, err := f.Issue(context.Background(), "ingroupe", "INGP-2026-0042"); !errors.Is(err, forge.ErrNotFound) {
				t.Errorf("there is an issue: %v", err)
			}
			if err := f.Track(context.Background(), theCase(1)); err != nil {
				t.Fatal(err)
			}
			if got := h.board.files[caseFile]; got != "1\n" {
				t.Errorf("the board has %q", got)
			}
			if waited := time.Duration(h.slept.Load()); (waited > 0) != c.waits || waited > time.Minute {
				t.Errorf("it waited %v", waited)
			}
		})
	}
}

// TestTwoProcesses: several who share a board and track the same cases at once.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	h.board.n = 1
	auth := h.actions(t)
	var all sync.WaitGroup
	// Whoever waits for a claim waits until it is a number: its holder lives, and
	// may be slow.
	waits := func(ctx context.Context, _ time.Duration) error {
		peer.Await(t, "the claim to become a number", func() bool {
			h.board.mu.Lock()
			defer h.board.mu.Unlock()
			return !strings.HasPrefix(h.board.files[caseFile], "claimed")
		})
		return ctx.Err()
	}
	for range 4 {
		f := h.forgeWith(t, forge.GitHubOptions{Auth: auth, Board: h.board, Branch: h.branch, Sleep: waits})
		all.Go(func() {
			if err := f.Track(context.Background(), theCase(1)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	s := &scene{hub: h, id: "INGP-2026-0042"}
	if got := issuesOf(t, s); strings.Count(got, "case") != 1 {
		t.Errorf("GitHub has %q", got)
	}
}

// TestRefusedIssue: what GitHub refuses for good leaves nothing to wait for.
func TestRefusedIssue(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	h.board.n = 1
	ctx := context.Background()
	f := h.forge(t, forge.GitHubAuth{Token: h.ActionsToken(map[string]string{"issues": "read"})})
	if err := f.Track(ctx, theCase(1)); !errors.Is(err, forge.ErrDenied) {
		t.Fatalf("without the right: %v", err)
	}
	if err := h.forge(t, h.actions(t)).Track(ctx, theCase(1)); err != nil || h.slept.Load() > 0 {
		t.Errorf("then: %v, after %v", err, time.Duration(h.slept.Load()))
	}
}

// TestDeletedIssue: the issue that the board names is not there any more.
func TestDeletedIssue(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	h.board.n, h.board.files = 1, map[string]string{caseFile: "4711\n"}
	ctx := context.Background()
	f := h.forge(t, h.actions(t))
	if _, err := f.Issue(ctx, "ingroupe", "INGP-2026-0042"); !errors.Is(err, forge.ErrNotFound) {
		t.Errorf("it is found: %v", err)
	}
	if err := f.Track(ctx, theCase(3)); err != nil {
		t.Fatal(err)
	}
	if i, err := f.Issue(ctx, "ingroupe", "INGP-2026-0042"); err != nil || i.Revision != 3 || h.board.files[caseFile] != "1\n" {
		t.Errorf("it is %+v (%v), and the board has %q", i, err, h.board.files[caseFile])
	}
}
