package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

func needHolders(t *testing.T) {
	t.Helper()
	if bootID() == "" {
		t.Skipf("lock files do not tell their holder on %s", runtime.GOOS)
	}
}

// plant writes a lock file as somebody else would have.
func plant(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestLockFilesAreTakenFromTheDeadOnly(t *testing.T) {
	t.Parallel()
	needHolders(t)
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	before := time.Now().Add(-20 * 365 * 24 * time.Hour)
	mine := holder{1 << 30, host, bootID()}.line()
	for _, c := range []struct {
		name, text string
		at         time.Time
		taken      bool
	}{
		{"killed on this boot", mine, time.Time{}, true},
		{"cut off by a power failure", holder{1, host, "another"}.line(), before, runtime.GOOS == "linux"},
		{"of another boot, but younger than this one", holder{1, host, "another"}.line(), time.Time{}, false},
		{"of another host", holder{1, "far", "another"}.line(), before, false},
		{"of git, before it wrote", "", before, false},
		{"of git, after it wrote", strings.Repeat("1", 40) + "\n", before, false},
		{"cut short", mine[:len(mine)/2], before, false},
		{"of a later format", "docket lock 2 pid 1\n", before, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "main.lock")
			plant(t, path, c.text)
			if !c.at.IsZero() {
				if err := os.Chtimes(path, c.at, c.at); err != nil {
					t.Fatal(err)
				}
			}
			taken, _ := breakDead(path)
			_, err := os.Stat(path)
			if taken != c.taken || errors.Is(err, os.ErrNotExist) != c.taken {
				t.Errorf("taken %v, file: %v", taken, err)
			}
		})
	}
}

func TestALiveHolderIsWaitedFor(t *testing.T) {
	t.Parallel()
	needHolders(t)
	r := newRepo(t)
	path := filepath.Join(r.Dir(), "x.lock")
	l, err := r.lock(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if _, err := r.lock(ctx, path); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a second holder: %v", err)
	}
	if text, _ := os.ReadFile(path); !strings.Contains(string(text), fmt.Sprintf("pid %d ", os.Getpid())) {
		t.Errorf("the lock says %q", text)
	}
	l.release()
	again, err := r.lock(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	again.release()
	if left, _ := filepath.Glob(filepath.Join(r.Dir(), tempPrefix+"*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestOneBreakerWins has many goroutines find the lock file of a dead process,
// again and again: one at a time may hold it.
func TestOneBreakerWins(t *testing.T) {
	t.Parallel()
	needHolders(t)
	r := newRepo(t)
	path := filepath.Join(r.Dir(), "x.lock")
	host, _ := os.Hostname()
	dead := holder{1 << 30, host, bootID()}.line()
	var inside sync.Mutex
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 60 {
				l, err := r.lock(context.Background(), path)
				if err != nil {
					t.Error(err)
					return
				}
				if !inside.TryLock() {
					t.Error("two hold the lock")
					return
				}
				runtime.Gosched()
				inside.Unlock()
				l.release()
				if i%5 == 0 { // somebody dies with it
					if f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666); err == nil {
						_, _ = f.WriteString(dead)
						_ = f.Close()
					}
				}
			}
		})
	}
	wg.Wait()
}

// TestKilledLockHolder kills a real process that holds a ref's lock.
func TestKilledLockHolder(t *testing.T) {
	if dir := os.Getenv("DOCKET_TEST_HOLD"); dir != "" {
		r := reopen(t, dir)
		if _, err := r.lockRef(context.Background(), mainRef); err != nil {
			t.Fatal(err)
		}
		fmt.Println("held")
		select {}
	}
	t.Parallel()
	needHolders(t)
	r := newRepo(t)
	commit(t, r, mainRef, "One", "a", "1\n")
	cmd := exec.Command(os.Args[0], "-test.run=^TestKilledLockHolder$")
	cmd.Env = append(os.Environ(), "DOCKET_TEST_HOLD="+r.Dir())
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 4)); err != nil {
		t.Fatal(err)
	}
	b := r.NewBatch()
	u := propose(t, r, b, mainRef, "Two", Edit{Path: "a", Data: []byte("2\n")})
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if err := r.Publish(ctx, b, u); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while it lives: %v", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	begun := time.Now()
	if err := r.Publish(context.Background(), b, u); err != nil {
		t.Errorf("after it was killed: %v", err)
	}
	if waited := time.Since(begun); waited > livePatience/2 {
		t.Errorf("waited %v for a dead process", waited)
	}
}
