package desk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
	"github.com/docket-psirt/docket/internal/store"
)

// StatsFilter says which cases docket stats counts.
type StatsFilter struct {
	Program string    // empty: all
	Since   time.Time // cases opened then or later; zero: all
}

// Stats are the numbers of a team: how long things take, how many cases are
// where, and how its clocks stand. All but Reporters is derived from what
// stands in clear.
type Stats struct {
	At       time.Time   `json:"at"`
	Since    *time.Time  `json:"since,omitempty"`
	Cases    int         `json:"cases"`
	Open     int         `json:"open"`
	Closed   int         `json:"closed"`
	Times    []TimeStat  `json:"times"`
	Programs []Count     `json:"programs"`
	Phases   []Count     `json:"phases"`
	States   []Count     `json:"states"`
	Outcomes []Count     `json:"outcomes"`
	Clocks   []ClockStat `json:"clocks"`

	Reporters []Count `json:"reporters,omitempty"` // by reporter.type, of the cases that a key at hand opens
	Opened    int     `json:"opened"`              // how many those are

	phases map[[2]string]psirt.Phase // programme and state: its phase
}

// Count is how many cases are of a kind. Program is set where the same name may
// mean something else in another programme.
type Count struct {
	Program string `json:"program,omitempty"`
	Name    string `json:"name"`
	Label   string `json:"label,omitempty"`
	N       int    `json:"n"`
}

// TimeStat is how long a step took, from the time a case was opened, in whole
// seconds of wall-clock time. The median of an even number of cases lies halfway
// between the middle two; the 90th percentile is by nearest rank. They are left
// out where no case has come that far.
type TimeStat struct {
	Name    string `json:"name"`
	Means   string `json:"means"`
	N       int    `json:"n"`       // cases that have come that far
	Waiting int    `json:"waiting"` // open cases that have not
	Median  *int64 `json:"median,omitempty"`
	P90     *int64 `json:"p90,omitempty"`
	Max     *int64 `json:"max,omitempty"`
}

// ClockStat counts how the runs of one clock stand.
type ClockStat struct {
	Program string `json:"program"`
	Clock   string `json:"clock"`
	Party   string `json:"party"`
	Means   string `json:"means"`
	Kept    int    `json:"kept"`
	Broken  int    `json:"broken"`  // stopped after their time
	Overdue int    `json:"overdue"` // still running after their time
	Running int    `json:"running"` // in time so far
	Paused  int    `json:"paused"`
}

// notSaid stands for a reporter whose type is not on record.
const notSaid = "not-said"

// Stats counts the cases that are asked for. Its cost grows with them (and, by
// one folder for each hundred, with their years), not with the archive. What
// cannot be read hides no other case: the error names it, and comes with the
// rest.
func (d *Desk) Stats(ctx context.Context, f StatsFilter) (*Stats, error) {
	if err := d.repo.Fetch(ctx); err != nil {
		return nil, err
	}
	t := &tally{d: d, out: &Stats{At: d.now(), phases: map[[2]string]psirt.Phase{}}, counts: map[countKey]*Count{}, clocks: map[[3]string]*ClockStat{}, took: map[string][]int64{}, waiting: map[string]int{}}
	if !f.Since.IsZero() {
		t.out.Since = &f.Since
	}
	head, at, err := d.main()
	if err != nil {
		return nil, err
	}
	names, err := d.judge.Programs(at)
	if err != nil {
		return nil, err
	}
	if f.Program != "" && !has(names, f.Program) {
		return nil, usage(fmt.Sprintf("there is no programme %q", f.Program), "name one of "+strings.Join(names, ", "))
	}
	var failed []error
	for _, name := range names {
		if f.Program != "" && f.Program != name {
			continue
		}
		s, err := d.judge.Setting(at, name)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		if err := t.begin(s); err != nil {
			return nil, err
		}
		list, err := t.program(s, at, head, f.Since)
		failed = append(failed, list...)
		if err != nil {
			failed = append(failed, err)
		}
	}
	t.finish()
	return t.out, several(failed)
}

// tally gathers the numbers, case by case; it keeps no case.
type tally struct {
	d       *Desk
	out     *Stats
	with    []seal.Opener // keys that open the present programme's cases
	counts  map[countKey]*Count
	order   []countKey // of counts, as they came
	clocks  map[[3]string]*ClockStat
	took    map[string][]int64
	waiting map[string]int
}

// begin lists what a programme has, so that what stands at zero is shown too.
func (t *tally) begin(s *audit.Setting) error {
	p := s.Program
	t.count("program", "", p.Program, p.Name, 0)
	for _, st := range p.States {
		t.count("state", p.Program, st.Name, st.Label, 0)
		t.out.phases[[2]string{p.Program, st.Name}] = st.Phase
	}
	for _, c := range p.Clocks {
		t.clock(p, c.Name, partyOf(c))
	}
	t.with = nil
	if t.d.as != "" {
		if _, ok := p.ByHandle(t.d.as); !ok {
			return nil // somebody of another programme here
		}
	}
	var err error
	t.with, err = t.d.readers(s)
	return err
}

func partyOf(c psirt.Clock) string { return cmp.Or(c.Party, "team") }

// program counts the cases of one programme, the newest first.
func (t *tally) program(s *audit.Setting, at *store.Snapshot, head store.Hash, since time.Time) (failed []error, err error) {
	years, err := yearsOf(at, s.Program.Program, since)
	if err != nil {
		return nil, err
	}
	older := 0
	for _, year := range years {
		ids, err := casesBelow(at, s.Program.Program, year, nil)
		if err != nil {
			return failed, err
		}
		slices.SortFunc(ids, func(a, b psirt.CaseID) int {
			return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(string(b), string(a)))
		})
		for _, id := range ids {
			c, err := loadAt(s, at, head, id)
			if err == nil && c.Opened.Before(since) {
				// Numbers follow the time of opening, but two hosts' clocks differ.
				if older++; older > 100 {
					return failed, nil
				}
				continue
			}
			if err == nil {
				older = 0
				err = t.add(c)
			}
			if err != nil {
				failed = append(failed, err)
			}
		}
	}
	return failed, nil
}

// yearsOf lists the folders of a programme's years that may hold cases opened
// since a time, the newest first.
func yearsOf(at *store.Snapshot, program string, since time.Time) ([]string, error) {
	entries, err := at.List("cases/" + program)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		year, err := strconv.Atoi(e.Name)
		if err == nil && len(e.Name) == 4 && e.IsDir() && (since.IsZero() || year >= since.UTC().Year()) {
			out = append(out, e.Path)
		}
	}
	slices.Reverse(out)
	return out, nil
}

// casesBelow adds the IDs of the cases whose files stand in a year's folder.
// It reads the folders of blocks only, and none of a case.
func casesBelow(at *store.Snapshot, program, dir string, out []psirt.CaseID) ([]psirt.CaseID, error) {
	entries, err := at.List(dir)
	if err != nil {
		return out, err
	}
	for _, e := range entries {
		id := psirt.CaseID(strings.TrimSuffix(e.Name, ".yaml"))
		switch {
		case e.IsDir() && len(e.Name) == 2:
			if out, err = casesBelow(at, program, e.Path, out); err != nil {
				return out, err
			}
		case !e.IsDir() && id.Valid() && psirt.CasePath(program, id) == e.Path:
			out = append(out, id)
		}
	}
	return out, nil
}

// add counts one case.
func (t *tally) add(c *one) error {
	p := c.setting.Program
	state, _ := p.State(c.State)
	t.out.Cases++
	t.count("program", "", p.Program, p.Name, 1)
	t.count("phase", "", string(state.Phase), "", 1)
	t.count("state", p.Program, cmp.Or(state.Name, c.State), state.Label, 1)
	if state.Phase == psirt.PhaseClosed {
		t.out.Closed++
		t.count("outcome", "", string(c.Outcome), "", 1)
	} else {
		t.out.Open++
	}
	t.reporter(c)
	readings, err := t.d.readings(c)
	if err != nil {
		return err
	}
	for _, r := range readings {
		if state.Phase == psirt.PhaseClosed && r.Stopped.IsZero() {
			continue // nothing is owed in a closed case
		}
		t.clock(p, r.Clock, r.Party).add(r.Status)
	}
	receipts, _, err := t.d.receiptsOf(c)
	if err != nil {
		return err
	}
	t.times(c, state.Phase == psirt.PhaseClosed, receipts)
	return nil
}

// reporter counts who reported, where a key at hand opens the case.
func (t *tally) reporter(c *one) {
	if len(t.with) == 0 {
		return
	}
	plain, err := t.d.unseal(c, c.Sealed, casefile.PartSealed, t.with)
	if err != nil {
		return // not for this key; docket audit says so if it is for nobody's
	}
	doc, err := casefile.DecodeReport(plain, c.ID)
	if err != nil {
		return
	}
	kind := notSaid
	if found := doc.Values("reporter.type"); len(found) == 1 {
		if text, ok := found[0].(string); ok && psirt.ValidName(text) {
			kind = text
		}
	}
	t.out.Opened++
	t.count("reporter", "", kind, "", 1)
}

type countKey struct{ kind, program, name string }

func (t *tally) count(kind, program, name, label string, n int) {
	key := countKey{kind, program, name}
	c := t.counts[key]
	if c == nil {
		c = &Count{Program: program, Name: name, Label: label}
		t.counts[key] = c
		t.order = append(t.order, key)
	}
	c.N += n
}

func (t *tally) clock(p *psirt.Program, name, party string) *ClockStat {
	key := [3]string{p.Program, name, party}
	c := t.clocks[key]
	if c == nil {
		c = &ClockStat{Program: p.Program, Clock: name, Party: party, Means: meansOf(p, name)}
		t.clocks[key] = c
		t.out.Clocks = append(t.out.Clocks, ClockStat{Program: p.Program, Clock: name, Party: party})
	}
	return c
}

func (c *ClockStat) add(s psirt.ClockStatus) {
	switch s {
	case psirt.ClockKept:
		c.Kept++
	case psirt.ClockBroken:
		c.Broken++
	case psirt.ClockOverdue:
		c.Overdue++
	case psirt.ClockPaused:
		c.Paused++
	default:
		c.Running++
	}
}

// Runs is the number of all runs of a clock.
func (c ClockStat) Runs() int { return c.Kept + c.Broken + c.Overdue + c.Running + c.Paused }
