package desk_test

import (
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/psirt"
)

// archives are how many cases there are already: DOCKET_LONG=1 adds the largest.
func archives() []int {
	if long {
		return []int{0, 1000, 10000, 100000}
	}
	return []int{0, 1000, 10000}
}

// BenchmarkPolicy evaluates a programme's policy for one case that has all it
// needs: every move that leaves the state in which most guards are asked.
//
//	go test ./internal/desk -run '^$' -bench 'Policy|CheckOne'
func BenchmarkPolicy(b *testing.B) {
	for _, name := range desk.Shipped() {
		p, full := modelProgramme(b, name)
		busiest := ""
		for _, s := range p.States {
			if busiest == "" || guardsFrom(p, s.Name) > guardsFrom(p, busiest) {
				busiest = s.Name
			}
		}
		now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
		c := &psirt.Case{ID: psirt.NewCaseID(p.Prefix, 2026, 1), Program: name, State: busiest, Opened: now}
		w := psirt.World{Case: c, Report: full, Now: now, History: []psirt.Past{{Revision: 1, By: p.People[0].Key, Report: p.Remember(full)}}}
		b.Run(name, func(b *testing.B) {
			b.ReportMetric(float64(guardsFrom(p, busiest)), "guards/op")
			for range b.N {
				for _, t := range p.Transitions {
					if len(rulesFor(p, busiest, t.To, outcomeOf(t))) > 0 {
						p.Transition(w, t.To, outcomeOf(t))
					}
				}
			}
		})
	}
}

func guardsFrom(p *psirt.Program, state string) int {
	n := 0
	for _, t := range p.Transitions {
		if len(rulesFor(p, state, t.To, outcomeOf(t))) > 0 {
			n += len(t.Guards)
		}
	}
	return n
}

// TestCheckCostIsFlat: what the check of one proposal allocates does not grow
// with the archive. Allocations are counted since they are the same on a busy
// machine; BenchmarkCheckOne measures time.
func TestCheckCostIsFlat(t *testing.T) {
	small, large := checkCost(t, 100), checkCost(t, 3000)
	t.Logf("a check allocates %.0f times beside 100 cases, %.0f times beside 3000", small, large)
	if large > 1.2*small {
		t.Errorf("a check allocates %.0f times beside 100 cases, and %.0f times beside 3000", small, large)
	}
}

func checkCost(t *testing.T, cases int) float64 {
	t.Helper()
	f := newBench(t, cases)
	defer f.d.Close()
	id, err := f.d.OpenCase(t.Context(), "", psirt.Document{"title": "x", "consent": map[string]any{"submitted_at": "2026-11-20T08:00:00Z"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.d.Move(t.Context(), id, desk.FirstMove(f.d, id), "", "", false); err != nil {
		t.Fatal(err)
	}
	return testing.AllocsPerRun(5, func() {
		if c, err := f.d.Check(t.Context(), "main", "case/"+string(id)+"/next"); err != nil || len(c.Findings) > 0 {
			t.Fatal(c, err)
		}
	})
}
