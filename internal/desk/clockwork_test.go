package desk_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/psirt"
)

// TestClockFinishesWhatAKilledOneLeft: a reminder that is published on the
// case's branch, or on main already, and that the forge knows nothing of, is
// brought home by the next run. The reporter gets it once.
func TestClockFinishesWhatAKilledOneLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(t, append([]string{"intake"}, w.reports(t, 3)...)...)
	for i := 1; i <= 3; i++ {
		w.must(t, "@ada", "move", id(i), "needs-info")
		w.must(t, "@ben", "approve", id(i))
	}
	later := func() time.Time { return time.Now().Add(15 * 24 * time.Hour) }
	open := func() *desk.Desk {
		d, err := desk.Open(w.repo(), desk.Options{Keys: w.path("keys"), Now: later})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = d.Close() })
		return d
	}
	killed := open()
	for i, merged := range []bool{false, true} {
		if err := desk.HalfReminder(killed, psirt.CaseID(id(i+1)), merged); err != nil {
			t.Fatal(err)
		}
	}
	d := open()
	for round := range 2 {
		list, err := d.Clock(context.Background())
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		did := map[string]bool{}
		for _, due := range list {
			if due.Waits != "" {
				t.Errorf("round %d: %s waits: %s", round, due.ID, due.Waits)
			}
			if due.Did != "" {
				did[string(due.ID)] = true
			}
		}
		// What was left is finished; only the third case had nothing yet.
		if want := round == 0; did[id(3)] != want || did[id(1)] || did[id(2)] {
			t.Errorf("round %d: it acted on %v", round, did)
		}
	}
	for i := 1; i <= 3; i++ {
		s, err := d.Show(context.Background(), psirt.CaseID(id(i)))
		if err != nil {
			t.Fatal(err)
		}
		sent := 0
		for _, u := range s.Case.Updates {
			if u.Kind == "reminder" {
				sent++
			}
		}
		if sent != 1 || s.Pending {
			t.Errorf("%s: %d reminders, proposal open: %v", id(i), sent, s.Pending)
		}
	}
	pulls, err := d.Pulls(context.Background(), false)
	if err != nil || len(pulls) != 0 {
		t.Errorf("%d pull requests are open: %v", len(pulls), err)
	}
	r, err := d.Audit(context.Background(), desk.AuditOptions{})
	if err != nil || len(r.Findings) > 0 {
		t.Errorf("the audit: %s, %v", fmt.Sprint(r.Findings), err)
	}
}
