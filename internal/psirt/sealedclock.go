package psirt

import (
	"slices"
	"sort"
	"strings"
	"time"
)

// fromReport marks an event that a time in the report makes.
const fromReport = "report:"

// Sealed reports whether a clock reads the report: then it runs only for those
// whose key opens the case, and nothing of it is shown to others.
func (c Clock) Sealed() bool {
	reads := func(e string) bool { return strings.HasPrefix(e, fromReport) }
	return slices.ContainsFunc(c.Starts, reads) || slices.ContainsFunc(c.Stops, reads) ||
		c.WithinBy != nil || c.Until != "" || c.Evidence != "" || len(c.When) > 0
}

// SealedReadings derives every run of the clocks that read the report, in the
// order in which they started; none without a report.
func (p *Program) SealedReadings(w World) []Reading {
	if w.Report == nil {
		return nil
	}
	var out []Reading
	for _, clock := range p.Clocks {
		if clock.Sealed() && p.runs(clock, w) {
			out = append(out, p.sealedReadings(clock, w)...)
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Started.Before(out[j].Started) })
	return out
}

// runs reports whether the facts that a clock asks for hold.
func (p *Program) runs(c Clock, w World) bool {
	for _, name := range c.When {
		if !p.Judge(name, w).OK() {
			return false
		}
	}
	return true
}

func (p *Program) sealedReadings(c Clock, w World) []Reading {
	if by := c.WithinBy; by != nil {
		for _, v := range w.Report.Values(by.Path) {
			if s, ok := v.(string); ok && by.Values[s] > 0 {
				c.Within = by.Values[s]
			}
		}
	}
	until := c.until(w.Report)
	if c.Within <= 0 && c.Months <= 0 && until.IsZero() {
		return nil // nothing says how long
	}
	out := c.readings(p.sealedEvents(c, w), w.Now, p.timer(c))
	evidence := firstText(w.Report, c.Evidence)
	for i := range out {
		out[i].Evidence = evidence
		if !until.IsZero() {
			out[i].at(until, w.Now)
		}
	}
	return out
}

// until is when a clock is due that the report gives a time or a day; zero
// without one. What is due on a day is late when that day is over (UTC), while
// what is due ahead of it counts from its beginning.
func (c Clock) until(report Document) time.Time {
	until := earliest(report, c.Until)
	switch {
	case until.IsZero():
	case c.Ahead > 0:
		until = until.Add(-time.Duration(c.Ahead))
	case contained(report.Values(c.Until), until.Format(time.DateOnly)):
		until = until.AddDate(0, 0, 1).Add(-time.Second)
	}
	return until
}

// at sets when a reading is due, and what follows from it.
func (r *Reading) at(due, now time.Time) {
	r.Due = due
	switch {
	case !r.Stopped.IsZero() && r.Stopped.After(due):
		r.Status = ClockBroken
	case !r.Stopped.IsZero():
		r.Status = ClockKept
	case now.After(due):
		r.Status = ClockOverdue
	case r.Status != ClockPaused:
		r.Status = ClockRunning
	}
}

// sealedEvents are the case's events and those that times in the report make.
// What is on record as done before the clock began stops it as it begins: the
// start was corrected later, and the step was taken.
func (p *Program) sealedEvents(c Clock, w World) []Event {
	events := w.Events
	if events == nil && w.Case != nil {
		events = w.Case.Events()
	}
	events = append([]Event(nil), events...)
	var began time.Time
	for _, e := range c.Starts {
		if at := reported(w.Report, e); !at.IsZero() && !at.After(w.Now) { // what is planned has not begun
			events = append(events, Event{at, e})
			if at.After(began) {
				began = at
			}
		}
	}
	for _, e := range c.Stops {
		at := reported(w.Report, e)
		if at.IsZero() || at.After(w.Now) {
			continue
		}
		if at.Before(began) {
			at = began
		}
		events = append(events, Event{at, e}) // behind the starts, so a stop at the same time comes after
	}
	return p.inOrder(events)
}

// reported is the time that an event "report:A|B" speaks of: the earliest at
// the first path that has one.
func reported(report Document, event string) time.Time {
	paths, ok := strings.CutPrefix(event, fromReport)
	if !ok {
		return time.Time{}
	}
	for _, path := range strings.Split(paths, "|") {
		if at := earliest(report, path); !at.IsZero() {
			return at
		}
	}
	return time.Time{}
}

// firstText is the text at the first of some paths, "A|B", that has one.
func firstText(report Document, paths string) string {
	for _, path := range strings.Split(paths, "|") {
		for _, v := range report.Values(path) {
			if s, ok := v.(string); ok {
				return s
			}
		}
	}
	return ""
}

// earliest is the first of the times at a path; zero when there is none, or
// when something there is no time.
func earliest(report Document, path string) time.Time {
	if path == "" {
		return time.Time{}
	}
	list := times(report.Values(path))
	if len(list) == 0 {
		return time.Time{}
	}
	return slices.MinFunc(list, time.Time.Compare).UTC()
}
