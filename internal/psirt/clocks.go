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

// Readings derives every run of every clock, in the order in which they
// started. Events need not be sorted.
func (p *Program) Readings(events []Event, now time.Time) []Reading {
	events = append([]Event(nil), events...)
	sort.SliceStable(events, func(i, j int) bool { return events[i].At.Before(events[j].At) })
	var out []Reading
	for _, clock := range p.Clocks {
		out = append(out, clock.readings(events, now)...)
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Started.Before(out[j].Started) })
	return out
}

// run is a clock in motion.
type run struct {
	started     time.Time
	pausedSince time.Time
	paused      time.Duration
}

func (c Clock) readings(events []Event, now time.Time) []Reading {
	var out []Reading
	var r *run
	var pausedSince time.Time // a pause outlives the run in which it began
	for _, e := range events {
		if state, ok := strings.CutPrefix(e.Name, "enter:"); ok && contains(c.Paused, state) {
			pausedSince = e.At
			if r != nil {
				r.pausedSince = e.At
			}
		}
		if state, ok := strings.CutPrefix(e.Name, "leave:"); ok && contains(c.Paused, state) {
			pausedSince = time.Time{}
			if r != nil {
				r.resume(e.At)
			}
		}
		stops, starts := matches(c.Stops, e.Name), matches(c.Starts, e.Name)
		if r != nil && (stops || starts) {
			out = append(out, c.reading(*r, e.At, true))
			r = nil
		}
		if starts {
			r = &run{started: e.At, pausedSince: pausedSince}
			if !pausedSince.IsZero() {
				r.pausedSince = e.At
			}
		}
	}
	if r != nil {
		out = append(out, c.reading(*r, now, false))
	}
	return out
}

func (r *run) resume(at time.Time) {
	if !r.pausedSince.IsZero() {
		r.paused += at.Sub(r.pausedSince)
		r.pausedSince = time.Time{}
	}
}

func (c Clock) reading(r run, at time.Time, stopped bool) Reading {
	standing := !r.pausedSince.IsZero()
	r.resume(at)
	out := Reading{Clock: c.Name, Party: c.Party, Started: r.started, Due: r.started.Add(time.Duration(c.Within) + r.paused)}
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
	case standing:
		out.Status = ClockPaused
	default:
		out.Status = ClockRunning
	}
	return out
}

// matches reports whether the event is one of those named; "update:*" stands
// for every update.
func matches(names []string, event string) bool {
	kind, _, _ := strings.Cut(event, ":")
	for _, n := range names {
		if n == event || n == kind+":*" {
			return true
		}
	}
	return false
}
