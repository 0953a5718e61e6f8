package desk_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/docket-psirt/docket/internal/peer"
)

// smallDisk mounts a file system of its own, and answers where.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if os.Getuid() != 0 {
		t.Skip("mounting a small file system takes root")
	}
	mount := peer.Need(t, "mount")
	if out, err := exec.Command(mount, "-t", "tmpfs", "-o", "size="+size, "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("this root may not mount: %v: %s", err, out)
	}
	// A program that another test starts at this moment holds all that is open
	// here until it runs.
	t.Cleanup(func() {
		peer.Await(t, "the small file system to be let go", func() bool { return exec.Command("umount", dir).Run() == nil })
	})
	return dir
}

// fill leaves about so many bytes free on the disk.
func (w *world) fill(t *testing.T, free int) {
	t.Helper()
	w.empty(t)
	f, err := os.Create(w.path("ballast"))
	if err != nil {
		t.Fatal(err)
	}
	chunk := make([]byte, 4096)
	size := int64(0)
	for {
		n, err := f.Write(chunk)
		size += int64(n)
		if err != nil {
			break // full, which was wanted
		}
	}
	if err := f.Truncate(max(size-int64(free), 0)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func (w *world) empty(t *testing.T) {
	t.Helper()
	if err := os.RemoveAll(w.path("ballast")); err != nil {
		t.Fatal(err)
	}
}

// story is what is tried on bad disks, for the nth case.
func (w *world) story(file string, n int) [][]string {
	c := id(n)
	return [][]string{{"intake", file}, {"@ada", "move", c, "evaluating"}, {"@ben", "approve", c}, {"deliver", "--maildir", "out"}}
}

// retried holds that a command that failed says why in clear words, and that it
// ends well once the reason is gone.
func (w *world) retried(t *testing.T, first result, clear string, args ...string) {
	t.Helper()
	// A mail that could not be handed over is no failure of deliver: it is held,
	// and why is printed.
	said := first.err + first.out
	if first.code > 1 || first.code < 0 || first.code == 1 && !strings.Contains(said, clear) || strings.Contains(said, "goroutine ") {
		t.Errorf("docket %s, on a bad disk: %v", strings.Join(args, " "), first)
	}
	r := w.run(args...)
	if r.code != 0 && !(commandName(args) == "approve" && strings.Contains(r.err, "there is no open pull request")) {
		t.Errorf("docket %s, once more: %v", strings.Join(args, " "), r)
	}
}

// TestFullDisk lets the disk run full at ever later points of each command.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	w := newWorldIn(t, smallDisk(t, "24m"))
	step := rounds(50<<10, 4<<10)
	n, failed := 0, 0
	for free := 0; free < 200<<10; free += step {
		n++
		file := w.report(t, n)
		for _, args := range w.story(file, n) {
			w.fill(t, free)
			r := w.run(args...)
			w.empty(t)
			if r.code != 0 {
				failed++
			}
			w.retried(t, r, "no space left on device", args...)
		}
	}
	t.Logf("%d of %d commands met the full disk", failed, 4*n)
	w.must(t, "deliver", "--maildir", "out")
	w.deliveredOnce(t, n, 2)
	w.sound(t, n)
}

// TestReadOnlyDisk: everything that writes says so, and everything that reads
// works.
func TestReadOnlyDisk(t *testing.T) {
	t.Parallel()
	w := newWorldIn(t, smallDisk(t, "24m"))
	remount := func(how string) {
		t.Helper()
		if out, err := exec.Command("mount", "-o", "remount,"+how, w.dir).CombinedOutput(); err != nil {
			t.Skipf("remount: %v: %s", err, out)
		}
	}
	file := w.report(t, 1)
	for i, args := range w.story(file, 1) {
		remount("ro")
		r := w.run(args...)
		if r.code != 1 {
			t.Errorf("docket %s: %v", strings.Join(args, " "), r)
		}
		if i > 0 {
			for _, read := range [][]string{{"list"}, {"show", id(1)}, {"log", id(1)}, {"pr", "list"}, {"check"}, {"audit", "--no-memory"}} {
				if r := w.run(append([]string{"@ada"}, read...)...); r.code != 0 {
					t.Errorf("docket %s: %v", strings.Join(read, " "), r)
				}
			}
		}
		remount("rw")
		w.retried(t, r, "read-only file system", args...)
	}
	w.deliveredOnce(t, 1, 2)
	w.sound(t, 1)
}

// TestFailingWrites lets single system calls fail, as a full or a dying disk
// does.
func TestFailingWrites(t *testing.T) {
	t.Parallel()
	strace := peer.Need(t, "strace")
	w := newWorld(t)
	failures := []struct{ calls, what, clear string }{
		{"fsync", "error=EIO", "input/output error"},
		{"renameat", "error=ENOSPC", "no space left on device"},
		{"linkat", "error=EDQUOT", "quota exceeded"},
		{"mkdirat", "error=EROFS", "read-only file system"},
		{"unlinkat", "error=EIO", "input/output error"},
	}
	n, failed := 0, 0
	for range rounds(1, 15) {
		for _, f := range failures {
			n++
			file := w.report(t, n)
			for _, args := range w.story(file, n) {
				r := w.traced(strace, f.calls, f.what, 1+w.rnd.IntN(12), args...)
				if r.code != 0 {
					failed++
				}
				w.retried(t, r, f.clear, args...)
			}
		}
	}
	t.Logf("%d of %d commands failed", failed, 4*n)
	w.must(t, "deliver", "--maildir", "out")
	// A lock that could not be removed goes when its ref is next written.
	n++
	for _, args := range w.story(w.report(t, n), n) {
		w.must(t, args...)
	}
	w.deliveredOnce(t, n, 2)
	w.sound(t, n)
}
