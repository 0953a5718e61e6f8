package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestRemoteRemovedTwice: a branch that somebody else removes between the
// server's advertisement and its lock is a lost race, not a refusal.
func TestRemoteRemovedTwice(t *testing.T) {
	t.Parallel()
	eachRemote(t, func(t *testing.T, origin *Repo, clone func() *Repo) {
		const claim = "refs/heads/claim"
		base := head(t, origin, mainRef)
		git(t, origin.Dir(), "update-ref", claim, base.String())
		r := clone()
		hook := "#!/bin/sh\nif [ \"$1\" = " + claim + " ]; then git update-ref -d " + claim + "; fi\n"
		if err := os.WriteFile(filepath.Join(origin.Dir(), "hooks", "update"), []byte(hook), 0o777); err != nil {
			t.Fatal(err)
		}
		b := r.NewBatch()
		u := propose(t, r, b, mainRef, "Two", Edit{Path: "x", Data: []byte("x\n")})
		for _, all := range [][]RefUpdate{{{Name: claim, Old: base}}, {u, {Name: claim, Old: base}}} {
			git(t, origin.Dir(), "update-ref", claim, base.String())
			if err := r.Publish(context.Background(), b, all...); !errors.Is(err, ErrLost) || errors.Is(err, ErrRefused) {
				t.Errorf("%d refs, one removed by somebody else: %v", len(all), err)
			}
		}
		if head(t, origin, mainRef) != base {
			t.Error("one of two refs moved")
		}
	})
}

// TestRemoteLocked: a ref that somebody else is just moving is tried again.
func TestRemoteLocked(t *testing.T) {
	t.Parallel()
	eachRemote(t, func(t *testing.T, origin *Repo, clone func() *Repo) {
		r := clone()
		// The first push finds the lock that it meets, the second finds it gone.
		hook := "#!/bin/sh\nif [ -e tried ]; then rm -f \"$1.lock\"; else : >tried; : >\"$1.lock\"; fi\n"
		if err := os.WriteFile(filepath.Join(origin.Dir(), "hooks", "update"), []byte(hook), 0o777); err != nil {
			t.Fatal(err)
		}
		b := r.NewBatch()
		u := propose(t, r, b, mainRef, "Two", Edit{Path: "x", Data: []byte("x\n")})
		if err := r.Publish(context.Background(), b, u); err != nil || head(t, origin, mainRef) != u.New {
			t.Errorf("a ref locked for a moment: %v", err)
		}
		if _, err := os.Stat(filepath.Join(origin.Dir(), "tried")); err != nil {
			t.Errorf("the lock was never met: %v", err)
		}
	})
}
