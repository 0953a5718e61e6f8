package desk_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/peer"
)

// TestKilledIntake kills intake at random moments. The same command then
// finishes the work: one case per mail, dense numbers.
func TestKilledIntake(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var files []string
	killed := 0
	for n := 1; killed < rounds(20, 200); n++ {
		file := w.report(t, n)
		files = append(files, file)
		if n == 1 {
			w.must(t, "intake", file) // to know how long it takes
			continue
		}
		if w.kill(t, "intake", file) {
			killed++
		}
		if n%3 == 0 { // the next mail, or a later one, comes across what is left
			w.must(t, "intake", file)
		}
	}
	w.must(t, append([]string{"intake"}, files...)...)
	w.sound(t, len(files))
	w.oneCaseEach(t, files)
	w.must(t, "deliver", "--maildir", "out")
	if got := w.delivered(t); len(got) != len(files) {
		t.Errorf("%d acknowledgements for %d mails", len(got), len(files))
	}
}

// TestKilledMaildirIntake: a mail leaves the mailbox only after its case is on
// main, and is never taken in twice.
func TestKilledMaildirIntake(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, sub := range []string{"new", "cur", "tmp"} {
		if err := os.MkdirAll(w.path("box/"+sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	n := rounds(12, 120)
	for i, f := range w.reports(t, n) {
		if err := os.Rename(w.path(f), w.path(fmt.Sprintf("box/new/%04d.x", i))); err != nil {
			t.Fatal(err)
		}
	}
	// Long enough that a run gets past what the one before it left: it first
	// waits whether the other process goes on (Desk.help).
	w.took["intake"] = 900 * time.Millisecond
	runs := 0
	for runs < n && w.kill(t, "intake", "--maildir", "box") {
		runs++
	}
	t.Logf("%d kills", runs)
	w.must(t, "intake", "--maildir", "box")
	w.sound(t, n)
	if left, _ := os.ReadDir(w.path("box/new")); len(left) != 0 {
		t.Errorf("left in new: %v", left)
	}
	if seen, _ := filepath.Glob(w.path("box/cur/*:2,S")); len(seen) != n {
		t.Errorf("%d of %d mails are seen", len(seen), n)
	}
}

// TestKilledMove kills move, approve and merge. The same command finishes the
// work, and the reporter hears of the move once.
func TestKilledMove(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := rounds(8, 110)
	w.must(t, append([]string{"intake"}, w.reports(t, n)...)...)
	killed := 0
	for i := 1; i <= n; i++ {
		c := id(i)
		killed += w.killThenRun(t, "@ada", "move", c, "evaluating")
		if i%2 == 0 {
			killed += w.killThenRun(t, "@ben", "approve", c)
			continue
		}
		number := strconv.Itoa(w.openPull(t, c))
		killed += w.killThenRun(t, "@ben", "approve", number)
		// Merged already; saying it again does no harm.
		killed += w.killThenRun(t, "@ada", "merge", number)
	}
	t.Logf("%d kills", killed)
	w.must(t, "deliver", "--maildir", "out")
	for c, now := range w.list(t) {
		if now.State != "evaluating" || now.Revision != 2 {
			t.Errorf("%s: %+v", c, now)
		}
	}
	w.deliveredOnce(t, n, 2)
	w.sound(t, n)
}

// killThenRun kills a command and runs the same one again, which must end well.
func (w *world) killThenRun(t *testing.T, args ...string) (killed int) {
	t.Helper()
	if !w.kill(t, args...) {
		return 0
	}
	// What there is to approve or merge may be merged and told already; by case
	// there is then nothing open, which is said.
	r := w.run(args...)
	byCase := commandName(args) == "approve" && strings.HasPrefix(args[len(args)-1], "INGP")
	if r.code != 0 && !(byCase && strings.Contains(r.err, "there is no open pull request")) {
		t.Errorf("docket %s, after a kill: %v", strings.Join(args, " "), r)
	}
	return 1
}

func (w *world) openPull(t *testing.T, c string) int {
	t.Helper()
	type pull struct {
		Number    int
		ID, State string
	}
	for _, p := range decode[[]pull](t, w.must(t, "pr", "list", "--json")) {
		if p.ID == c && p.State == "open" {
			return p.Number
		}
	}
	t.Fatalf("%s has no open pull request", c)
	return 0
}

// deliveredOnce holds that each case had its first updates, each once.
func (w *world) deliveredOnce(t *testing.T, cases, updates int) {
	t.Helper()
	got := w.delivered(t)
	for n := 1; n <= cases; n++ {
		for u := 1; u <= updates; u++ {
			if key := fmt.Sprintf("%s/%d", id(n), u); got[key] != 1 {
				t.Errorf("%s was delivered %d times", key, got[key])
			}
		}
	}
	if len(got) != cases*updates {
		t.Errorf("%d updates were delivered, expected %d", len(got), cases*updates)
	}
}

// TestKilledMerge kills merge where it has everything to do: an approval is
// there, and approve was killed before it could merge.
func TestKilledMerge(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := rounds(6, 130)
	w.must(t, append([]string{"intake"}, w.reports(t, n)...)...)
	killed := 0
	for i := 1; i <= n; i++ {
		c := id(i)
		w.must(t, "@ada", "move", c, "evaluating")
		number := strconv.Itoa(w.openPull(t, c))
		w.killOnceMoved(t, "refs/heads/case/"+c+"/next", "@ben", "approve", number)
		for range 3 {
			if w.kill(t, "@ada", "merge", number) {
				killed++
			}
		}
		out := w.must(t, "@ada", "merge", number)
		if !strings.Contains(out, "merged") {
			t.Errorf("merge after kills: %s", out)
		}
	}
	t.Logf("%d kills", killed)
	w.must(t, "deliver", "--maildir", "out")
	w.deliveredOnce(t, n, 2)
	w.sound(t, n)
}

// killOnceMoved runs a command and kills it as soon as a ref has moved.
func (w *world) killOnceMoved(t *testing.T, ref string, args ...string) {
	t.Helper()
	file := filepath.Join(w.repo(), filepath.FromSlash(ref))
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	cmd := w.command(args...)
	r := finish(cmd, func() error {
		if err := cmd.Start(); err != nil {
			return err
		}
		for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
			if now, err := os.ReadFile(file); err != nil || string(now) != string(before) {
				break
			}
		}
		_ = cmd.Process.Kill() // it may have ended
		return cmd.Wait()
	})
	if r.code > 0 {
		t.Errorf("docket %s: %v", strings.Join(args, " "), r)
	}
}

// TestKilledDeliver kills deliver. In the end each update is in the Maildir
// once.
func TestKilledDeliver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	files := w.reports(t, rounds(30, 500))
	w.must(t, "intake", files[0])
	w.must(t, "deliver", "--maildir", "out")
	killed, n := 0, 1
	for ; killed < rounds(20, 200) && n < len(files); n++ {
		w.must(t, "intake", files[n])
		if w.kill(t, "deliver", "--maildir", "out") {
			killed++
		}
		if n%4 == 0 {
			w.must(t, "deliver", "--maildir", "out")
		}
	}
	t.Logf("%d kills", killed)
	w.must(t, "deliver", "--maildir", "out")
	w.deliveredOnce(t, n, 1)
	if out := w.must(t, "deliver", "--maildir", "out"); !strings.Contains(out, "Nothing waits") {
		t.Errorf("one more time: %s", out)
	}
	w.sound(t, n)
}

// TestKilledAtAWrite kills the commands at the system calls that change what is
// on the disk: random kills fall between those, mostly.
func TestKilledAtAWrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	strace := peer.Need(t, "strace")
	n := rounds(3, 60)
	files := w.reports(t, n)
	killed := 0
	tortured := func(args ...string) {
		t.Helper()
		for range 2 {
			r := w.traced(strace, "fsync,renameat,linkat,unlinkat,mkdirat", "signal=KILL", 1+w.rnd.IntN(40), args...)
			if r.code < 0 || r.code > 128 {
				killed++
			} else if r.code != 0 && !strings.Contains(r.err, "no open pull request") {
				t.Errorf("docket %s, to be killed: %v", strings.Join(args, " "), r)
			}
		}
		if r := w.run(args...); r.code != 0 && !strings.Contains(r.err, "no open pull request") {
			t.Errorf("docket %s, after a kill: %v", strings.Join(args, " "), r)
		}
	}
	for i, file := range files {
		c := id(i + 1)
		tortured("intake", file)
		tortured("@ada", "move", c, "evaluating")
		tortured("@ben", "approve", c)
		tortured("deliver", "--maildir", "out")
	}
	t.Logf("%d kills", killed)
	w.deliveredOnce(t, n, 2)
	w.sound(t, n)
	w.oneCaseEach(t, files)
}

// traced runs a command under strace, which tampers with the nth of the given
// system calls, as each thread counts them.
func (w *world) traced(strace, calls, what string, nth int, args ...string) result {
	inner := w.command(args...)
	cmd := exec.Command(strace, append([]string{"-f", "-qq", "-o", os.DevNull, "-e", "trace=" + calls,
		"-e", fmt.Sprintf("inject=%s:%s:when=%d", calls, what, nth), inner.Path}, inner.Args[1:]...)...)
	cmd.Dir, cmd.Env = inner.Dir, inner.Env
	return finish(cmd, cmd.Run)
}
