package psirt

import (
	"sort"
	"strings"
	"time"
)

// Event is something that happened to a case, in the words that clocks use:
// "opened", "enter:STATE", "leave:STATE", "update:KIND", "mail:KIND".
type Event struct {
	At   time.Time
	Name string
}

// ClockStatus says how a clock stands.
type ClockStatus string

// The states of a clock.
const (
	ClockRunning ClockStatus = "running"
	ClockOverdue ClockStatus = "overdue" // still running, after its time
	ClockKept    ClockStatus = "kept"
	ClockBroken  ClockStatus = "broken" // stopped after its time
	ClockPaused  ClockStatus = "paused"
)

// Reading is one run of a clock.
type Reading struct {
	Clock   string      `json:"clock"`
	Party   string      `json:"party"`
	Started time.Time   `json:"started"`
	Due     time.Time   `json:"due"`
	Stopped time.Time   `json:"stopped,omitzero"`
	Status  ClockStatus `json:"status"`

	Statutory bool   `json:"statutory,omitempty"` // the law sets it
	Evidence  string `json:"evidence,omitempty"`  // of sealed clocks: what shows when it began
}

// Events derives what clocks read from the log of a case. Mails and updates
// that went out are the caller's to add (their times stand in mail records and
// receipts).
func (c *Case) Events() []Event {
	events := []Event{{At: c.Opened, Name: "opened"}}
	for _, e := range c.Log {
		if e.From != "" {
			events = append(events, Event{e.At, "leave:" + e.From})
		}
		events = append(events, Event{e.At, "enter:" + e.To})
	}
	return events
}

// Readings derives every run of every clock that can be read without a key, in
// the order in which they started. Events need not be sorted.
func (p *Program) Readings(events []Event, now time.Time) []Reading {
	events = p.inOrder(events)
	var out []Reading
	for _, clock := range p.Clocks {
		if !clock.Sealed() {
			out = append(out, clock.readings(events, now, p.timer(clock))...)
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Started.Before(out[j].Started) })
	return out
}

// inOrder sorts events by time. Of a mail and something else in one second the
// mail came first: nobody can answer a question before it has gone out. States
// have the names of today: the log of an old case has those of its time.
func (p *Program) inOrder(events []Event) []Event {
	events = append([]Event(nil), events...)
	for i, e := range events {
		if kind, state, _ := strings.Cut(e.Name, ":"); kind == "enter" || kind == "leave" {
			events[i].Name = kind + ":" + p.Current(state)
		}
	}
	mail := func(e Event) bool { return strings.HasPrefix(e.Name, "mail:") }
	sort.SliceStable(events, func(i, j int) bool {
		return events[i].At.Before(events[j].At) || events[i].At.Equal(events[j].At) && mail(events[i]) && !mail(events[j])
	})
	return events
}

// pause is a time in which a clock stands still; to is zero while it lasts.
type pause struct{ from, to time.Time }

// run is a clock in motion.
type run struct {
	started time.Time
	pauses  []pause
}

func (r *run) hold(at time.Time) {
	if !r.held() {
		r.pauses = append(r.pauses, pause{from: at})
	}
}

func (r *run) held() bool { return len(r.pauses) > 0 && r.pauses[len(r.pauses)-1].to.IsZero() }

func (r *run) resume(at time.Time) {
	if r.held() {
		r.pauses[len(r.pauses)-1].to = at
	}
}

// readings goes through events in their order. A clock that stands still in a
// state goes on when the case leaves it, and is not started again by the state
// that the case comes back to: otherwise each question would give the team all
// of its time anew. While the reporter is waited for, it goes on as soon as they
// write, since their own clocks stop then: there is always somebody who is due.
func (c Clock) readings(events []Event, now time.Time, t timer) []Reading {
	var out []Reading
	var r *run
	held := false // a pause outlives the run in which it began
	hold := func(on bool, at time.Time) {
		if held = on; r == nil {
			return
		}
		if on {
			r.hold(at)
		} else {
			r.resume(at)
		}
	}
	in, back := "", time.Time{} // the state that the case is in, and when it came out of a pause
	for _, e := range events {
		kind, name, _ := strings.Cut(e.Name, ":")
		switch {
		case kind == "enter":
			if in = name; contains(c.Paused, name) {
				hold(true, e.At)
			}
		case kind == "leave" && contains(c.Paused, name):
			hold(false, e.At)
			back = e.At
		case kind == "mail" && held && contains(t.waits, in):
			hold(false, e.At)
		}
		stops, starts := matches(c.Stops, e.Name), matches(c.Starts, e.Name)
		if r != nil && starts && kind == "enter" && e.At.Equal(back) {
			starts = false
		}
		if r != nil && (stops || starts) {
			out = append(out, c.reading(*r, e.At, true, t))
			r = nil
		}
		if starts {
			r = &run{started: e.At}
			if held {
				r.hold(e.At)
			}
		}
	}
	if r != nil {
		out = append(out, c.reading(*r, now, false, t))
	}
	return out
}

// due is when a run ends: as much time as the clock allows has passed, without
// the pauses. In a pause that still lasts at the given time, it goes on then.
func (c Clock) due(r run, at time.Time, t timer) time.Time {
	if c.Months > 0 {
		return addMonths(r.started, c.Months)
	}
	left := t.length(time.Duration(c.Within))
	from := r.started
	for _, p := range r.pauses {
		if due := t.after(from, left); !due.After(p.from) {
			return due
		}
		left -= t.between(from, p.from)
		if from = p.to; from.IsZero() {
			from = at
		}
	}
	return t.after(from, left)
}

// addMonths is the same time some calendar months later, or that of the last
// day of a month that is too short (Regulation (EEC, Euratom) No 1182/71,
// Article 3(2)(c)).
func addMonths(t time.Time, n int) time.Time {
	out := t.AddDate(0, n, 0)
	if out.Day() != t.Day() {
		out = out.AddDate(0, 0, -out.Day())
	}
	return out
}

func (c Clock) reading(r run, at time.Time, stopped bool, t timer) Reading {
	out := Reading{Clock: c.Name, Party: c.Party, Started: r.started, Due: c.due(r, at, t), Statutory: c.Statutory}
	if out.Party == "" {
		out.Party = "team"
	}
	late := at.After(out.Due)
	switch {
	case stopped && late:
		out.Status, out.Stopped = ClockBroken, at
	case stopped:
		out.Status, out.Stopped = ClockKept, at
	case late:
		out.Status = ClockOverdue
	case r.held():
		out.Status = ClockPaused
	default:
		out.Status = ClockRunning
	}
	return out
}

// matches reports whether the event is one of those named; "update:*" stands
// for every update to the reporter, and so not for what a third party is told.
func matches(names []string, event string) bool {
	kind, _, _ := strings.Cut(event, ":")
	for _, n := range names {
		if n == event || n == kind+":*" && event != "update:"+KindShare {
			return true
		}
	}
	return false
}
