// Package forgetest is the contract of a forge, as tests. It promises that two
// forges that pass it can stand in for each other wherever Docket asks a forge
// for something; it asks nothing that only one of them could do, such as
// choosing the time of a comment or speaking in another's name.
package forgetest

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/docket-psirt/docket/internal/forge"
)

// Commits that the suite proposes; a forge that looks at git must know them.
var (
	HeadA  = strings.Repeat("a", 40)
	HeadB  = strings.Repeat("b", 40)
	Merged = strings.Repeat("c", 40)
)

const (
	program = "ingroupe"
	caseID  = "INGP-2026-0042"
	branch  = "case/INGP-2026-0042/next"
)

// Run holds a forge to the contract. open gives a new, empty one for each test.
func Run(t *testing.T, open func(t *testing.T) forge.Forge) {
	tests := []struct {
		name string
		run  func(*testing.T, forge.Forge)
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
		{"Checks", checks},
		{"Track", track},
		{"Label", label},
		{"NotFound", notFound},
		{"Refused", refused},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, open(t))
		})
	}
}

func proposal(branch string) forge.Proposal {
	return forge.Proposal{
		Kind: "move", Case: caseID, Branch: branch, Base: "main", Head: HeadA,
		Title: caseID + ": received → evaluating", Body: "First line.\n\nNot \"quoted\": {really}\n",
		Labels: []string{"state/evaluating", "kind/move"}, Author: "triage",
	}
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
