package desk_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestManyProcessesTakeInManyMails: 8 processes, 100 mails, 100 cases with the
// numbers 1 to 100.
func TestManyProcessesTakeInManyMails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const processes, mails = 8, 100
	files := w.reports(t, mails)
	commands := make([][]string, processes)
	for i := range commands {
		commands[i] = []string{"intake"}
	}
	for i, f := range files {
		commands[i%processes] = append(commands[i%processes], f)
	}
	begun := time.Now()
	for _, r := range w.together(commands...) {
		if r.code != 0 || r.err != "" {
			t.Error(r)
		}
	}
	t.Logf("%d mails by %d processes: %v", mails, processes, time.Since(begun))
	w.sound(t, mails)
	w.oneCaseEach(t, files)
}

// TestManyProcessesTakeInOneMail: 8 processes, the same mail, one case.
func TestManyProcessesTakeInOneMail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for n := range rounds(3, 30) {
		file := w.report(t, n+1)
		commands := make([][]string, 8)
		for i := range commands {
			commands[i] = []string{"intake", file}
		}
		opened := 0
		for _, r := range w.together(commands...) {
			if r.code != 0 || r.err != "" {
				t.Error(r)
			}
			opened += strings.Count(r.out, "opened")
		}
		if opened != 1 {
			t.Errorf("%d processes say that they opened the case", opened)
		}
		w.sound(t, n+1)
	}
}

// oneWins holds that one of two commands did its work and that the other one
// says what is the matter.
func oneWins(t *testing.T, both []result, clear ...string) {
	t.Helper()
	won := 0
	for _, r := range both {
		if r.code == 0 {
			won++
			continue
		}
		says := false
		for _, c := range clear {
			says = says || strings.Contains(r.err, c)
		}
		if !says || r.code != 1 && r.code != 3 {
			t.Errorf("the one who lost hears: %v", r)
		}
	}
	if won != 1 {
		t.Errorf("%d of 2 won: %v", won, both)
	}
}

// TestTwoPeopleAtOnce: each step of two analysts at the same moment has one
// winner, a clear word for the other, and loses nothing.
func TestTwoPeopleAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	n := rounds(3, 40)
	w.must(t, append([]string{"intake"}, w.reports(t, n)...)...)
	for i := range n {
		c := id(i + 1)
		// Edits wait in a queue of each person, so both are kept; one of the two
		// proposals comes first, and the other one's edits stay in the queue.
		for _, r := range w.together([]string{"@ada", "set", c, "priority=high"}, []string{"@ben", "set", c, "analysis.text=Seen"}) {
			if r.code != 0 {
				t.Error(r)
			}
		}
		pushed := w.together([]string{"@ada", "push", c}, []string{"@ben", "push", c})
		oneWins(t, pushed, "at the same moment", "do not fit any more", "was opened since")
		loser := "ben"
		if pushed[0].code != 0 {
			loser = "ada"
		}
		if left := w.git(t, "for-each-ref", "--format=%(refname)", "refs/docket/queue"); left != "refs/docket/queue/"+loser+"/"+c {
			t.Errorf("%s lost, and the queues are %q", loser, left)
		}
		w.must(t, "@"+loser, "push", "--drop", c)

		same := []string{"@ada", "set", c, "priority=low"}
		for _, r := range w.together(same, same) { // the same person, twice
			if r.code != 0 && !strings.Contains(r.err, "make it again") {
				t.Error(r)
			}
		}
		w.must(t, "@ada", "push", c)

		oneWins(t, w.together([]string{"@ada", "move", c, "evaluating"}, []string{"@ben", "move", c, "evaluating"}), "at the same moment", "was not moved")
		// Whoever moved it, cleo may approve; of the other two, one may.
		approve := []string{"approve", c}
		cleo, ada, ben := append([]string{"@cleo"}, approve...), append([]string{"@ada"}, approve...), append([]string{"@ben"}, approve...)
		three := w.together(cleo, ada, ben)
		merged := map[string]bool{}
		for _, r := range three {
			if r.code == 0 {
				merged[r.out] = true // both, where the second came before the merge
			}
		}
		if len(merged) != 1 {
			t.Errorf("3 approvals merged %d pull requests: %v", len(merged), three)
		}
		if got := w.list(t)[c]; got.State != "evaluating" {
			t.Errorf("%+v", got)
		}
	}
	w.deliverTwice(t, n)
	w.sound(t, n)
}

// deliverTwice runs deliver in several processes at once.
func (w *world) deliverTwice(t *testing.T, cases int) {
	t.Helper()
	deliver := []string{"deliver", "--maildir", "out"}
	for _, r := range w.together(deliver, deliver, deliver) {
		if r.code != 0 {
			t.Error(r)
		}
	}
	w.must(t, deliver...)
	got := w.delivered(t)
	for n := 1; n <= cases; n++ {
		for _, u := range []int{1, 2} {
			if key := fmt.Sprintf("%s/%d", id(n), u); got[key] != 1 {
				t.Errorf("%s was delivered %d times", key, got[key])
			}
		}
	}
	if len(got) != 2*cases {
		t.Errorf("%d updates were delivered, expected %d", len(got), 2*cases)
	}
	if out := w.must(t, deliver...); !strings.Contains(out, "Nothing waits") {
		t.Errorf("one more time: %s", out)
	}
}
