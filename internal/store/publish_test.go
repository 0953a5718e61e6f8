package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/peer"
)

func TestLostRaceMovesNothing(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	first := commit(t, r, mainRef, "One", "a", "1\n")
	b := r.NewBatch()
	stale := propose(t, r, b, mainRef, "Stale", Edit{Path: "b", Data: []byte("stale\n")})
	second := commit(t, r, mainRef, "Two", "a", "2\n")
	other := RefUpdate{Name: "refs/heads/other", New: stale.New}
	err := r.Publish(context.Background(), b, other, stale)
	var lost *LostError
	if !errors.Is(err, ErrLost) || !errors.As(err, &lost) || *lost != (LostError{mainRef, first, second}) {
		t.Fatalf("stale update: %v", err)
	}
	if !head(t, r, "refs/heads/other").IsZero() || head(t, r, mainRef) != second {
		t.Fatal("a ref moved although another lost")
	}
	again := propose(t, r, b, mainRef, "Again", Edit{Path: "b", Data: []byte("fresh\n")})
	if err := r.Publish(context.Background(), b, again); err != nil {
		t.Fatal(err)
	}
	if ok, _ := r.objects.has(BlobHash([]byte("stale\n"))); ok {
		t.Error("an object that no ref needs was written")
	}
	create := RefUpdate{Name: mainRef, New: second}
	if err := r.Publish(context.Background(), nil, create); !errors.Is(err, ErrLost) {
		t.Errorf("create what exists: %v", err)
	}
	if matches, _ := filepath.Glob(filepath.Join(r.Dir(), "refs", "heads", "*.lock")); len(matches) > 0 {
		t.Errorf("locks left: %v", matches)
	}
	fsck(t, r.Dir())
}

// TestNoUpdateIsLost has goroutines with repositories of their own add to one
// branch while stock git packs refs and objects.
func TestNoUpdateIsLost(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	commit(t, r, mainRef, "Zero", "zero", "0\n")
	const writers, each = 8, 12
	var wg sync.WaitGroup
	for w := range writers {
		own := reopen(t, r.Dir())
		wg.Go(func() {
			for i := range each {
				if err := addOne(own, fmt.Sprintf("w%d/f%d", w, i)); err != nil {
					t.Errorf("writer %d: %v", w, err)
					return
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	for running := true; running; {
		select {
		case <-done:
			running = false
		default:
			// git gives up after 100 ms when a ref is locked, which is not what
			// is tried here.
			git(t, r.Dir(), "-c", "core.filesRefLockTimeout=-1", "-c", "core.packedRefsTimeout=-1", "pack-refs", "--all", "--prune")
			git(t, r.Dir(), "repack", "-dq")
		}
	}
	files := strings.Fields(git(t, r.Dir(), "ls-tree", "-r", "--name-only", "main"))
	if len(files) != writers*each+1 {
		t.Errorf("%d files, want %d", len(files), writers*each+1)
	}
	if n := git(t, r.Dir(), "rev-list", "--count", "main"); n != fmt.Sprint(writers*each+1) {
		t.Errorf("%s commits", n)
	}
	fsck(t, r.Dir())
}

func addOne(r *Repo, path string) error {
	for {
		old, err := r.Ref(mainRef)
		if err != nil {
			return err
		}
		c, err := r.Commit(old)
		if err != nil {
			return err
		}
		b := r.NewBatch()
		h, err := b.Commit(CommitSpec{Base: c.Tree, Parents: []Hash{old}, Author: someone, Committer: someone,
			Message: path + "\n", Edits: []Edit{{Path: path, Data: []byte(path)}}})
		if err != nil {
			return err
		}
		if err = r.Publish(context.Background(), b, RefUpdate{mainRef, old, h}); !errors.Is(err, ErrLost) {
			return err
		}
		if err := r.Fetch(context.Background()); err != nil {
			return err
		}
	}
}

// TestProcesses does the same with processes: this test's binary again.
func TestProcesses(t *testing.T) {
	if dir := os.Getenv("DOCKET_STORE_TEST_DIR"); dir != "" {
		r := must(Open(dir))
		for i := range 10 {
			if err := addOne(r, fmt.Sprintf("p%d/f%d", os.Getpid(), i)); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	t.Parallel()
	r := newRepo(t)
	commit(t, r, mainRef, "Zero", "zero", "0\n")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			cmd := exec.Command(os.Args[0], "-test.run=^TestProcesses$")
			cmd.Env = append(os.Environ(), "DOCKET_STORE_TEST_DIR="+r.Dir())
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	wg.Wait()
	if n := git(t, r.Dir(), "rev-list", "--count", "main"); n != "41" {
		t.Errorf("%s commits, want 41", n)
	}
	fsck(t, r.Dir())
}

// TestAgainstUpdateRef has stock git and Docket move one ref at the same time.
func TestAgainstUpdateRef(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	tip := commit(t, r, mainRef, "Zero", "zero", "0\n")
	gitPath := peer.Need(t, "git")
	const ref = "refs/heads/counter"
	if err := r.Publish(context.Background(), nil, RefUpdate{ref, Hash{}, tip}); err != nil {
		t.Fatal(err)
	}
	step := func(move func(old, new Hash) bool) int {
		for n := 0; ; {
			old, err := r.Ref(ref)
			if err != nil {
				t.Error(err)
				return n
			}
			b := r.NewBatch()
			h, err := b.Commit(CommitSpec{Base: must(r.Commit(old)).Tree, Parents: []Hash{old},
				Author: someone, Committer: someone, Message: "Count\n"})
			if err == nil {
				err = r.Keep(b, h)
			}
			if err != nil {
				t.Error(err)
				return n
			}
			if move(old, h) {
				if n++; n == 15 {
					return n
				}
			}
		}
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		step(func(old, new Hash) bool {
			cmd := exec.Command(gitPath, "update-ref", ref, new.String(), old.String())
			cmd.Dir, cmd.Env = r.Dir(), gitEnv()
			return cmd.Run() == nil
		})
	})
	wg.Go(func() {
		step(func(old, new Hash) bool {
			return r.Publish(context.Background(), nil, RefUpdate{ref, old, new}) == nil
		})
	})
	wg.Wait()
	if n := git(t, r.Dir(), "rev-list", "--count", ref); n != "31" && !t.Failed() {
		t.Errorf("%s commits, want 31: an update was lost", n)
	}
}

func TestPackedRefs(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	tip := commit(t, r, mainRef, "One", "a", "1\n")
	refs := []string{"refs/heads/case/A-2026-0001/next", "refs/heads/case/A-2026-0002/next", "refs/docket/forge"}
	for _, name := range refs {
		if err := r.Publish(context.Background(), nil, RefUpdate{Name: name, New: tip}); err != nil {
			t.Fatal(err)
		}
	}
	git(t, r.Dir(), "tag", "-a", "-m", "tagged", "v1")
	git(t, r.Dir(), "pack-refs", "--all", "--prune")
	if _, err := os.Stat(r.refPath(mainRef)); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("pack-refs left a loose ref: %v", err)
	}
	list := must(r.Refs("refs/heads/case/"))
	if len(list) != 2 || list[0] != (Ref{refs[0], tip}) || list[1] != (Ref{refs[1], tip}) {
		t.Errorf("packed refs: %v", list)
	}
	next := commit(t, r, mainRef, "Two", "a", "2\n")
	if got := git(t, r.Dir(), "rev-parse", "main"); got != next.String() {
		t.Errorf("main is at %s", got)
	}
	for _, name := range []string{refs[0], refs[2], "refs/tags/v1"} {
		if err := r.Publish(context.Background(), nil, RefUpdate{Name: name, Old: must(r.Ref(name))}); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Ref(name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s after its removal: %v", name, err)
		}
	}
	if got := git(t, r.Dir(), "for-each-ref", "--format=%(refname)"); got != refs[1]+"\n"+mainRef {
		t.Errorf("git sees %s", got)
	}
	fsck(t, r.Dir())
}

func TestRefsAndFoldersOfRefs(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	tip := commit(t, r, mainRef, "One", "a", "1\n")
	publish := func(name string, old, new Hash) error {
		return r.Publish(context.Background(), nil, RefUpdate{name, old, new})
	}
	const below, above = "refs/heads/case/A-2026-0001/next", "refs/heads/case/A-2026-0001"
	for _, packed := range []bool{false, true} {
		for _, pair := range [][2]string{{below, above}, {above, below}} {
			if err := publish(pair[0], Hash{}, tip); err != nil {
				t.Fatal(err)
			}
			if packed {
				git(t, r.Dir(), "pack-refs", "--all", "--prune")
			}
			if err := publish(pair[1], Hash{}, tip); !errors.Is(err, ErrRefConflict) {
				t.Errorf("packed %v: %s beside %s: %v", packed, pair[1], pair[0], err)
			}
			if _, err := r.Ref(pair[1]); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: %v", pair[1], err)
			}
			if err := publish(pair[0], tip, Hash{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := publish(above, Hash{}, tip); err != nil {
		t.Errorf("a ref where a folder was: %v", err)
	}
	if _, err := os.Stat(r.refPath("refs/heads/case")); err != nil {
		t.Error(err)
	}
	if err := publish(above, tip, Hash{}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(r.refPath("refs/heads/case")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an empty folder of refs is left: %v", err)
	}
}

// TestLockOfNobodyKnown: a lock file that does not tell its holder stays.
func TestLockOfNobodyKnown(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	tip := commit(t, r, mainRef, "One", "a", "1\n")
	lock := r.refPath(mainRef) + ".lock"
	if err := os.WriteFile(lock, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	b := r.NewBatch()
	u := propose(t, r, b, mainRef, "Two", Edit{Path: "a", Data: []byte("2\n")})
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := r.Publish(ctx, b, u); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("with a deadline: %v", err)
	}
	begun := time.Now()
	err := r.Publish(context.Background(), b, u)
	var locked *LockError
	if !errors.As(err, &locked) || !errors.Is(err, ErrLocked) || !strings.HasSuffix(locked.File, "main.lock") {
		t.Errorf("with a lock that stays: %v", err)
	}
	if waited := time.Since(begun); waited < lockPatience || waited > livePatience {
		t.Errorf("waited %v", waited)
	}
	if _, err := os.Stat(lock); err != nil || head(t, r, mainRef) != tip {
		t.Errorf("somebody else's lock was taken: %v", err)
	}
	time.AfterFunc(100*time.Millisecond, func() { _ = os.Remove(lock) })
	if err := r.Publish(context.Background(), b, u); err != nil {
		t.Errorf("after the lock went: %v", err)
	}
}

func TestPublishRefusesBadUpdates(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	tip := commit(t, r, mainRef, "One", "a", "1\n")
	blob := BlobHash([]byte("1\n"))
	for _, u := range []RefUpdate{
		{"main", Hash{}, tip}, {"refs/heads/../../config", Hash{}, tip}, {"refs/heads/a.lock", Hash{}, tip},
		{"refs/heads/.a", Hash{}, tip}, {"refs/heads/a b", Hash{}, tip}, {"refs/heads/a//b", Hash{}, tip},
		{"refs/heads/a\\b", Hash{}, tip}, {"refs/heads/@{a", Hash{}, tip}, {"refs/heads/", Hash{}, tip},
		{"HEAD", Hash{}, tip}, {"refs/heads/nothing", Hash{}, Hash{}},
	} {
		if err := r.Publish(context.Background(), nil, u); !errors.Is(err, ErrBadRef) {
			t.Errorf("%+v: %v", u, err)
		}
	}
	if err := r.Publish(context.Background(), nil, RefUpdate{"refs/heads/a", Hash{}, Hash{1}}); !errors.Is(err, ErrMissing) {
		t.Errorf("a ref to nothing: %v", err)
	}
	if err := r.Publish(context.Background(), nil, RefUpdate{"refs/heads/a", Hash{}, blob}); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a branch that is a blob: %v", err)
	}
	work := t.TempDir()
	git(t, work, "init", "-q", "-b", "main", ".")
	w := reopen(t, work)
	b := w.NewBatch()
	if err := w.Publish(context.Background(), b, propose(t, w, b, mainRef, "One")); !errors.Is(err, ErrBadRef) {
		t.Errorf("a branch that is checked out: %v", err)
	}
}
