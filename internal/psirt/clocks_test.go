package psirt

import (
	"reflect"
	"slices"
	"testing"
	"time"
)

func TestReadings(t *testing.T) {
	t.Parallel()
	d := func(n float64) time.Time { return at(time.Duration(n * float64(day))) }
	clock := func(change func(*Clock)) Clock {
		c := Clock{Name: "c", Starts: []string{"enter:evaluating"}, Stops: []string{"enter:closed"}, Paused: []string{"waiting", "deferred"}, Within: Duration(10 * day)}
		if change != nil {
			change(&c)
		}
		return c
	}
	run := func(start, due, stop float64, status ClockStatus) Reading {
		r := Reading{Clock: "c", Party: "team", Started: d(start), Due: d(due), Status: status}
		if stop >= 0 {
			r.Stopped = d(stop)
		}
		return r
	}
	const open = -1
	start := Event{d(0), "enter:evaluating"}
	for _, x := range []struct {
		what   string
		clock  Clock
		events []Event
		now    float64
		want   []Reading
	}{
		{"nothing happened", clock(nil), nil, 1, nil},
		{"never started", clock(nil), []Event{{d(0), "opened"}, {d(1), "enter:closed"}}, 2, nil},
		{"running", clock(nil), []Event{start}, 3, []Reading{run(0, 10, open, ClockRunning)}},
		{"due this second", clock(nil), []Event{start}, 10, []Reading{run(0, 10, open, ClockRunning)}},
		{"overdue", clock(nil), []Event{start}, 10.5, []Reading{run(0, 10, open, ClockOverdue)}},
		{"kept", clock(nil), []Event{start, {d(4), "enter:closed"}}, 20, []Reading{run(0, 10, 4, ClockKept)}},
		{"kept in the last second", clock(nil), []Event{start, {d(10), "enter:closed"}}, 20, []Reading{run(0, 10, 10, ClockKept)}},
		{"broken", clock(nil), []Event{start, {d(11), "enter:closed"}}, 20, []Reading{run(0, 10, 11, ClockBroken)}},
		{"stopped twice", clock(nil), []Event{start, {d(4), "enter:closed"}, {d(5), "enter:closed"}}, 20, []Reading{run(0, 10, 4, ClockKept)}},
		{"events of others", clock(nil), []Event{start, {d(4), "enter:solving"}, {d(5), "mail:report"}}, 6, []Reading{run(0, 10, open, ClockRunning)}},
		{"events out of order", clock(nil), []Event{{d(4), "enter:closed"}, start}, 20, []Reading{run(0, 10, 4, ClockKept)}},
		{"two runs", clock(nil), []Event{start, {d(4), "enter:closed"}, {d(6), "enter:evaluating"}}, 8,
			[]Reading{run(0, 10, 4, ClockKept), run(6, 16, open, ClockRunning)}},
		{"started again", clock(nil), []Event{start, {d(4), "enter:evaluating"}}, 8,
			[]Reading{run(0, 10, 4, ClockKept), run(4, 14, open, ClockRunning)}},
		{"started again too late", clock(nil), []Event{start, {d(12), "enter:evaluating"}}, 13,
			[]Reading{run(0, 10, 12, ClockBroken), run(12, 22, open, ClockRunning)}},
		{"what stops it starts it", clock(func(c *Clock) { c.Starts, c.Stops = []string{"update:*"}, []string{"update:*"} }),
			[]Event{{d(0), "update:ask"}, {d(2), "update:reply"}}, 3, []Reading{run(0, 10, 2, ClockKept), run(2, 12, open, ClockRunning)}},

		{"paused", clock(nil), []Event{start, {d(2), "enter:waiting"}}, 5, []Reading{run(0, 13, open, ClockPaused)}},
		{"paused for long", clock(nil), []Event{start, {d(2), "enter:waiting"}}, 50, []Reading{run(0, 58, open, ClockPaused)}},
		{"paused when overdue already", clock(nil), []Event{start, {d(11), "enter:waiting"}}, 20, []Reading{run(0, 10, open, ClockOverdue)}},
		{"goes on after a pause", clock(nil), []Event{start, {d(2), "enter:waiting"}, {d(5), "leave:waiting"}}, 12, []Reading{run(0, 13, open, ClockRunning)}},
		{"overdue after a pause", clock(nil), []Event{start, {d(2), "enter:waiting"}, {d(5), "leave:waiting"}}, 14, []Reading{run(0, 13, open, ClockOverdue)}},
		{"kept after two pauses", clock(nil), []Event{start, {d(1), "enter:waiting"}, {d(2), "leave:waiting"}, {d(3), "enter:deferred"}, {d(6), "leave:deferred"}, {d(14), "enter:closed"}}, 20,
			[]Reading{run(0, 14, 14, ClockKept)}},
		{"from one pause into another", clock(nil), []Event{start, {d(1), "enter:waiting"}, {d(2), "leave:waiting"}, {d(2), "enter:deferred"}, {d(6), "leave:deferred"}}, 7,
			[]Reading{run(0, 15, open, ClockRunning)}},
		{"stopped in a pause", clock(nil), []Event{start, {d(2), "enter:waiting"}, {d(30), "enter:closed"}}, 40, []Reading{run(0, 38, 30, ClockKept)}},
		{"left what was never entered", clock(nil), []Event{start, {d(2), "leave:waiting"}}, 3, []Reading{run(0, 10, open, ClockRunning)}},
		{"a pause before the start is none", clock(nil), []Event{{d(0), "enter:waiting"}, {d(3), "leave:waiting"}, {d(3), "enter:evaluating"}}, 5, []Reading{run(3, 13, open, ClockRunning)}},
		{"started in a pause", clock(func(c *Clock) { c.Starts = []string{"update:*"} }), []Event{{d(0), "enter:waiting"}, {d(2), "update:ask"}, {d(5), "leave:waiting"}}, 6,
			[]Reading{run(2, 15, open, ClockRunning)}},
		{"started again in a pause", clock(func(c *Clock) { c.Starts = []string{"opened", "update:*"} }),
			[]Event{{d(0), "opened"}, {d(2), "enter:waiting"}, {d(4), "update:ask"}, {d(9), "leave:waiting"}, {d(18), "enter:closed"}}, 20,
			[]Reading{run(0, 12, 4, ClockKept), run(4, 19, 18, ClockKept)}},
		{"started again in a pause that lasts", clock(func(c *Clock) { c.Starts = []string{"opened", "update:*"} }),
			[]Event{{d(0), "opened"}, {d(2), "enter:waiting"}, {d(4), "update:ask"}}, 30,
			[]Reading{run(0, 12, 4, ClockKept), run(4, 40, open, ClockPaused)}},
		{"another kind of update", clock(func(c *Clock) { c.Starts = []string{"update:ask"} }), []Event{{d(0), "update:asked"}, {d(0), "mail:ask"}}, 2, nil},
		{"owed by the reporter", clock(func(c *Clock) { c.Party = "reporter" }), []Event{start}, 3,
			[]Reading{{Clock: "c", Party: "reporter", Started: d(0), Due: d(10), Status: ClockRunning}}},
	} {
		p := &Program{Clocks: []Clock{x.clock}}
		before := slices.Clone(x.events)
		if got := p.Readings(x.events, d(x.now)); !reflect.DeepEqual(got, x.want) {
			t.Errorf("%s:\n%+v, want\n%+v", x.what, got, x.want)
		}
		if !slices.Equal(before, x.events) {
			t.Errorf("%s: the caller's events were changed", x.what)
		}
	}
}

// A question stops the team's time and does not give it anew: coming back from
// one, a clock goes on with what was left. While the reporter is waited for,
// somebody is always due: with their answer, signed or not, and with a mail that
// came back, it is the team.
func TestQuestionPauses(t *testing.T) {
	t.Parallel()
	d := func(n float64) time.Time { return at(time.Duration(n * float64(day))) }
	asked := []Event{{d(0), "enter:evaluating"}, {d(10), "leave:evaluating"}, {d(10), "enter:waiting"}}
	back := append(slices.Clone(asked), Event{d(15), "leave:waiting"}, Event{d(15), "enter:evaluating"})
	again := append(slices.Clone(back), Event{d(18), "leave:evaluating"}, Event{d(18), "enter:waiting"}, Event{d(20), "leave:waiting"}, Event{d(20), "enter:evaluating"})
	for _, x := range []struct {
		what   string
		events []Event
		now    float64
		want   Reading
	}{
		{"asked on the tenth day of fourteen", asked, 40, Reading{Due: d(44), Status: ClockPaused}},
		{"back five days later", back, 16, Reading{Due: d(19), Status: ClockRunning}},
		{"four days are left, not fourteen", back, 19.5, Reading{Due: d(19), Status: ClockOverdue}},
		{"asked twice", again, 20.5, Reading{Due: d(21), Status: ClockRunning}},
		{"decided in time", append(slices.Clone(again), Event{d(21), "leave:evaluating"}, Event{d(21), "enter:closed"}), 90, Reading{Due: d(21), Stopped: d(21), Status: ClockKept}},
		{"an answer that moves nothing", append(slices.Clone(asked), Event{d(12), "mail:follow-up"}), 13, Reading{Due: d(16), Status: ClockRunning}},
		{"nobody looks at it", append(slices.Clone(asked), Event{d(12), "mail:follow-up"}), 17, Reading{Due: d(16), Status: ClockOverdue}},
		{"the question came back", append(slices.Clone(asked), Event{d(10.5), "mail:bounce"}), 13, Reading{Due: d(14.5), Status: ClockRunning}},
		{"moved on after an answer", append(slices.Clone(asked), Event{d(12), "mail:follow-up"}, Event{d(13), "leave:waiting"}, Event{d(13), "enter:evaluating"}), 14, Reading{Due: d(16), Status: ClockRunning}},
		{"a state that has another name now", []Event{{d(0), "enter:verifying"}}, 3, Reading{Due: d(14), Status: ClockRunning}},
	} {
		p := small()
		p.Clocks = p.Clocks[:1]
		x.want.Clock, x.want.Party, x.want.Started = "triage", "team", d(0)
		if got := p.Readings(x.events, d(x.now)); !reflect.DeepEqual(got, []Reading{x.want}) {
			t.Errorf("%s:\n%+v, want\n%+v", x.what, got, x.want)
		}
	}
	// What rests until a date rests on when somebody writes.
	p := small()
	p.States[2].Phase = PhaseDeferred
	if got := p.Readings(append(slices.Clone(asked), Event{d(12), "mail:follow-up"}), d(13)); got[0].Status != ClockPaused {
		t.Errorf("deferred: %+v", got)
	}
}

// Readings of several clocks come in the order in which they started.
func TestReadingsOfACase(t *testing.T) {
	t.Parallel()
	c := in("waiting")
	c.Log = []Entry{
		{Revision: 1, At: noon, To: "received"},
		{Revision: 2, At: at(day), From: "received", To: "evaluating"},
		{Revision: 4, At: at(3 * day), From: "evaluating", To: "waiting"},
	}
	events := c.Events()
	var names []string
	for _, e := range events {
		names = append(names, e.Name)
	}
	if want := []string{"opened", "enter:received", "leave:received", "enter:evaluating", "leave:evaluating", "enter:waiting"}; !slices.Equal(names, want) {
		t.Fatalf("events are %v", names)
	}
	if !events[5].At.Equal(at(3 * day)) {
		t.Errorf("the last event is at %v", events[5].At)
	}
	got := small().Readings(append(events, Event{at(3*day + time.Hour), "update:ask"}), at(20*day))
	want := []Reading{
		{Clock: "triage", Party: "team", Started: at(day), Due: at(32 * day), Status: ClockPaused},
		{Clock: "answer", Party: "reporter", Started: at(3*day + time.Hour), Due: at(10*day + time.Hour), Status: ClockOverdue},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("readings are\n%+v, want\n%+v", got, want)
	}
}

func TestDuration(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct {
		d     time.Duration
		again string
	}{
		"1m": {time.Minute, "1m"}, "90m": {90 * time.Minute, "90m"}, "60m": {time.Hour, "1h"}, "24h": {day, "24h"}, "1d": {day, "24h"},
		"36h": {36 * time.Hour, "36h"}, "48h": {2 * day, "2d"}, "14d": {14 * day, "14d"}, "100000d": {100000 * day, "100000d"},
	} {
		var d Duration
		if err := d.UnmarshalText([]byte(text)); err != nil || d != Duration(want.d) || d.String() != want.again {
			t.Errorf("%s: %v is %s, %v", text, time.Duration(d), d, err)
		}
		raw, err := d.MarshalText()
		var again Duration
		if err != nil || again.UnmarshalText(raw) != nil || again != d {
			t.Errorf("%s: written %s, read %s", text, raw, again)
		}
	}
	for _, text := range []string{"", "d", "14", "0d", "-1d", "+1d", "014d", " 14d", "14d ", "14 d", "14D", "14s", "14w", "1.5h", "1d12h", "100001d", "99999999999999999999d", "1e3m", "١d", "14d\n"} {
		d := Duration(42)
		if err := d.UnmarshalText([]byte(text)); err == nil || d != 42 {
			t.Errorf("%q is read as %s", text, d)
		}
	}
}
