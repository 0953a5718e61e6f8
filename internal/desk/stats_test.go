package desk_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/psirt"
)

// plainPolicy is a programme in which nothing asks for anything.
const plainPolicy = `docket: 1
program: plain
name: Plain
prefix: PLN
language: en
intake: {addresses: [a@plain.example], domain: plain.example, clear: flag, note_limit: 3, update: acknowledge, note: note}
report: {asked: []}
facts: {}
states:
  - {name: in, label: In, phase: received, means: It came.}
  - {name: work, label: Work, phase: solving, means: We work.}
  - {name: told, label: Told, phase: communicating, means: We tell.}
  - {name: out, label: Out, phase: closed, means: It went.}
transitions:
  - {from: [in, told, out], to: work, update: silent}
  - {from: [work], to: told, update: silent}
  - {from: [in, work, told], to: out, outcomes: [fixed, spam], update: silent}
clocks:
  - {name: look, means: Somebody looks., starts: [opened], stops: ["leave:in"], within: 24h}
messages: {count: 0}
edits: {count: 0}
changes: {count: 0}
`

// plainDesk is a desk of one person with a clock that the test sets.
func plainDesk(t *testing.T, at *time.Time) *desk.Desk {
	t.Helper()
	dir := t.TempDir()
	name := filepath.Join(dir, "plain.yaml")
	if err := os.WriteFile(name, []byte(plainPolicy), 0o600); err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return *at }
	keys := filepath.Join(dir, "keys")
	if _, err := desk.Init(filepath.Join(dir, "cases.git"), desk.InitOptions{Programs: []string{name}, Team: []string{"ada"}, Keys: keys, Now: now}); err != nil {
		t.Fatal(err)
	}
	d, err := desk.Open(filepath.Join(dir, "cases.git"), desk.Options{Keys: keys, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// TestStats: times are those between the log's entries; what was taken back counts
// with its last time, and what is not done waits. A year's end is no border.
func TestStats(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	begin := time.Date(2026, 12, 11, 12, 0, 0, 0, time.UTC) // the third case ends in the next year
	at := begin
	d := plainDesk(t, &at)
	open := func(day int) psirt.CaseID {
		at = begin.AddDate(0, 0, day)
		id, err := d.OpenCase(ctx, "plain", psirt.Document{"title": "A case", "description": "It is one."})
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	move := func(id psirt.CaseID, after time.Duration, to string, outcome psirt.Outcome) {
		at = at.Add(after)
		if _, err := d.Move(ctx, id, to, outcome, "", false); err != nil {
			t.Fatal(err)
		}
	}
	for i, hours := range []int{1, 2, 30} { // two looks in time, one late
		id := open(10 * i)
		move(id, time.Duration(hours)*time.Hour, "work", "")
		move(id, time.Hour, "told", "")
		if i == 0 {
			move(id, time.Hour, "work", "") // the solution did not hold
			move(id, time.Hour, "told", "")
		}
		move(id, time.Hour, "out", "fixed")
	}
	move(open(40), 5*time.Hour, "out", "spam")
	open(50)
	s, err := d.Stats(ctx, desk.StatsFilter{})
	if err != nil {
		t.Fatal(err)
	}
	if s.Cases != 5 || s.Open != 1 || s.Closed != 4 || s.Opened != 5 {
		t.Errorf("%d cases, %d open, %d closed, %d opened", s.Cases, s.Open, s.Closed, s.Opened)
	}
	want := map[string][5]int64{ // n, waiting; median, p90 and longest in minutes
		"acknowledge": {0, 1, 0, 0, 0}, "contact": {0, 1, 0, 0, 0},
		"triage": {4, 1, 3*60 + 30, 30 * 60, 30 * 60}, "fix": {3, 1, 4 * 60, 31 * 60, 31 * 60}, "close": {4, 1, 5 * 60, 32 * 60, 32 * 60},
	}
	for _, x := range s.Times {
		w := want[x.Name]
		got := [5]int64{int64(x.N), int64(x.Waiting)}
		if x.N > 0 {
			got = [5]int64{int64(x.N), int64(x.Waiting), *x.Median / 60, *x.P90 / 60, *x.Max / 60}
		}
		if got != w {
			t.Errorf("%s: %v, want %v", x.Name, got, w)
		}
	}
	if c := s.Clocks[0]; c.Kept != 3 || c.Broken != 1 || c.Running != 1 {
		t.Errorf("clock: %+v", c)
	}
	for _, chart := range s.Charts() {
		wellFormed(t, string(chart.SVG))
		if strings.Contains(string(chart.SVG), "A case") {
			t.Errorf("%s holds a word of a report", chart.Name)
		}
	}
	for since, cases := range map[time.Time]int{begin.AddDate(0, 0, 20): 3, time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC): 2} {
		if late, err := d.Stats(ctx, desk.StatsFilter{Program: "plain", Since: since}); err != nil || late.Cases != cases {
			t.Errorf("since %v: %d cases, not %d, %v", since, late.Cases, cases, err)
		}
	}
}

// TestSimilar: other words for the same thing come first, in any script.
func TestSimilar(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	d := plainDesk(t, &at)
	var ids []psirt.CaseID
	for _, text := range []string{
		"读卡器在检查签名之前打开大门，任何卡都可以进入。",
		"门禁读卡器未检查签名，任何卡都可以打开大门。",
		"Le lecteur ouvre la porte avant de vérifier la signature de la carte.",
		"The pump stops when its web page is loaded twice.",
		"Loading the web page of the pump twice makes it stop.",
	} {
		id, err := d.OpenCase(ctx, "plain", psirt.Document{"description": text})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	for from, to := range map[int]int{0: 1, 1: 0, 3: 4, 4: 3} {
		s, err := d.Similar(ctx, ids[from], 2)
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Cases) == 0 || s.Cases[0].ID != ids[to] || s.Cases[0].Score > 1 || len(s.Cases[0].Shared) == 0 {
			t.Errorf("%s: %+v, want %s first", ids[from], s.Cases, ids[to])
		}
	}
}
