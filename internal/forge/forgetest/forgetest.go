// Package forgetest is the contract of a forge, as tests. It promises that two
// forges that pass it can stand in for each other wherever Docket asks a forge
// for something; it asks nothing that only one of them could do, such as
// choosing the time of a comment or speaking in another's name.
package forgetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/docket-psirt/docket/internal/forge"
)

// Commits that no repository has, for tests of a forge that does not look.
var (
	HeadA  = strings.Repeat("a", 40)
	HeadB  = strings.Repeat("b", 40)
	Merged = strings.Repeat("c", 40)
)

// Subject is a new, empty forge, and what goes with it.
type Subject struct {
	Forge    forge.Forge
	Reviewer forge.Forge // the same one, for another person
	Git      Git
}

// Git is the repository that the forge watches, as somebody who may push
// everything changes it.
type Git interface {
	// Commit makes a new commit on top of main.
	Commit(t *testing.T) string
	// Point has a branch be at a commit, as a push that may be forced.
	Point(t *testing.T, branch, commit string)
	// Merge merges a branch into main and returns the merge commit; the branch
	// stays.
	Merge(t *testing.T, branch string) string
}

// NoGit is for a forge that takes commits on trust: it makes up their names.
type NoGit struct{ made atomic.Int64 }

// Commit implements Git.
func (n *NoGit) Commit(*testing.T) string { return fmt.Sprintf("%040x", n.made.Add(1)) }

// Point implements Git.
func (n *NoGit) Point(*testing.T, string, string) {}

// Merge implements Git.
func (n *NoGit) Merge(t *testing.T, _ string) string { return n.Commit(t) }

const (
	program = "ingroupe"
	caseID  = "INGP-2026-0042"
	branch  = "case/INGP-2026-0042/next"
)

// Run holds a forge to the contract. open gives a new, empty one for each test.
func Run(t *testing.T, open func(t *testing.T) Subject) {
	tests := []struct {
		name string
		run  func(*testing.T, *Subject)
	}{
		{"OpenAndFind", openAndFind},
		{"OpenAgain", openAgain},
		{"OpenAfterClose", openAfterClose},
		{"OpenAtOnce", openAtOnce},
		{"List", list},
		{"Update", update},
		{"UpdateKeepsHistory", updateKeepsHistory},
		{"Close", closeOnce},
		{"Talk", talk},
		{"TalkAtOnce", talkAtOnce},
		{"SaidOnce", saidOnce},
		{"Answer", answer},
		{"Checks", checks},
		{"CheckNotes", checkNotes},
		{"Track", track},
		{"TrackAtOnce", trackAtOnce},
		{"PeoplesLabels", peoplesLabels},
		{"Label", label},
		{"NotFound", notFound},
		{"Refused", refused},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			test.run(t, &s)
		})
	}
}

// proposal is one for a branch, with a new commit that is pushed there.
func (s *Subject) proposal(t *testing.T, branch string) forge.Proposal {
	head := s.Git.Commit(t)
	s.Git.Point(t, branch, head)
	return forge.Proposal{
		Kind: "move", Case: caseOf(branch), Branch: branch, Base: "main", Head: head,
		Title: caseID + ": received → evaluating", Body: "First line.\n\nNot \"quoted\": {really}\n",
		Labels: []string{"state/evaluating", "kind/move"}, Author: "triage",
	}
}

// caseOf is the case that a branch is for, where its name says so.
func caseOf(branch string) string {
	if rest, ok := strings.CutPrefix(branch, "case/"); ok {
		id, _, _ := strings.Cut(rest, "/")
		return id
	}
	return ""
}

// open opens the pull request of a branch.
func (s *Subject) open(t *testing.T, branch string) forge.Pull {
	t.Helper()
	return must[forge.Pull](t)(s.Forge.Open(context.Background(), s.proposal(t, branch)))
}

// push moves a branch on to a new commit.
func (s *Subject) push(t *testing.T, branch string) string {
	head := s.Git.Commit(t)
	s.Git.Point(t, branch, head)
	return head
}

// must is the value of a call that may not fail.
func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got the error %v, want %v", err, want)
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func sameLabels(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("labels are %q, want %q", got, want)
	}
}

func ignore[T any](_ T, err error) error { return err }

// atOnce runs the steps together and returns their errors.
func atOnce(n int, step func(i int) error) error {
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { errs[i] = step(i) })
	}
	all.Wait()
	return errors.Join(errs...)
}
