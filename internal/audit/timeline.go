package audit

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/psirt"
)

// Heights of a timeline, in pixels. Widths are shares of what the page has.
const (
	stateHeight = 26
	laneHeight  = 22
	axisHeight  = 20
)

// percent is a share of a width as SVG writes it: "12.5%".
type percent float64

func (p percent) String() string { return strconv.FormatFloat(float64(p), 'f', 2, 64) + "%" }

// timeline is the drawing of one case.
type timeline struct {
	Bars    []stateBar
	Lanes   []lane
	Ticks   []tick
	Sums    []stateSum
	Height  int
	Foot    int    // where the lanes end
	Axis    int    // baseline of the axis' labels
	Desc    string // the drawing in words
	from    float64
	seconds float64
}

// stateBar is the time a case spent in a state.
type stateBar struct {
	X, W         percent
	Label, Class string
	Fit          string // how wide the page has to be for the label: "", "roomy" or "never"
	Title        string
}

// stateSum is the time a case spent in a state in all.
type stateSum struct {
	Label, Class string
	Lasted       string // empty when the case rests there
	seconds      float64
}

// lane is one row of marks.
type lane struct {
	Name  string
	Y     int // its middle
	Marks []mark
	Late  []stateBar
}

// mark is one event.
type mark struct {
	X            percent
	Shape, Class string
	Title        string
}

// newTimeline draws a story. Nil when no time is known of it.
func newTimeline(s *Story, events []Event, now time.Time) *timeline {
	from, to, ok := span(s, events, now)
	if !ok {
		return nil
	}
	whole := max(60, float64(to.Unix())-float64(from.Unix()))
	end := to
	if s.Phase == psirt.PhaseClosed { // room to see the state in which it rests
		whole *= 1.04
		end = time.Unix(from.Unix()+int64(whole), 0).UTC()
	}
	t := &timeline{from: float64(from.Unix()), seconds: whole}
	t.states(s, events, from, end)
	y := stateHeight + 6
	for _, l := range []lane{lateLane(t, s, to), markLane(t, "From reporter", events, "mail"),
		markLane(t, "To reporter", events, "update", "receipt"), markLane(t, "Team", events, "approval", "edit")} {
		if len(l.Marks)+len(l.Late) == 0 {
			continue
		}
		l.Y = y + laneHeight/2
		t.Lanes = append(t.Lanes, l)
		y += laneHeight
	}
	t.Foot, t.Axis = y, y+axisHeight-5
	t.Height = y + axisHeight
	t.ticks(from, end)
	t.Desc = t.words(s, len(events), from, to)
	return t
}

// span is the time that a timeline covers: from the first thing known to the
// last, and to now while the case is open.
func span(s *Story, events []Event, now time.Time) (from, to time.Time, ok bool) {
	widen := func(at time.Time) {
		if at.IsZero() {
			return
		}
		if !ok || at.Before(from) {
			from = at
		}
		if !ok || at.After(to) {
			to = at
		}
		ok = true
	}
	for _, e := range events {
		widen(e.At)
	}
	if len(events) < pageEvents {
		widen(s.Opened)
	}
	if !ok {
		return from, to, false
	}
	if s.Phase != psirt.PhaseClosed {
		widen(now)
	}
	return from, to, true
}

// at is where a time lies.
func (t *timeline) at(when time.Time) percent {
	x := 100 * (float64(when.Unix()) - t.from) / t.seconds
	return percent(min(100, max(0, x)))
}

// states draws a bar for each state that the case was in.
func (t *timeline) states(s *Story, events []Event, from, to time.Time) {
	var moves []Event
	for _, e := range events {
		if e.Kind == "move" && !e.At.IsZero() {
			moves = append(moves, e)
		}
	}
	if len(moves) == 0 || moves[0].At.After(from) {
		t.bar("before", phaseClass(""), from, at(moves, 0, to), false)
	}
	for i, e := range moves {
		label, phase := s.state(e.State)
		t.bar(label, phaseClass(phase), e.At, at(moves, i+1, to), i == len(moves)-1 && s.Phase == psirt.PhaseClosed)
	}
}

func at(moves []Event, i int, to time.Time) time.Time {
	if i < len(moves) {
		return moves[i].At
	}
	return to
}

func (t *timeline) bar(label, class string, from, to time.Time, rests bool) {
	b := stateBar{X: t.at(from), Label: clip(plain(label)), Class: class}
	b.W = max(0.35, t.at(to)-b.X)
	need := 7.2*float64(len([]rune(b.Label))) + 14 // pixels, by a wide guess
	switch share := float64(b.W) / 100; {
	case need > 760*share:
		b.Fit = "never"
	case need > 240*share:
		b.Fit = "roomy"
	}
	seconds := max(0, float64(to.Unix())-float64(from.Unix()))
	b.Title = fmt.Sprintf("%s since %s", b.Label, stamp(from))
	if !rests {
		b.Title = fmt.Sprintf("%s for %s, from %s", b.Label, inWords(seconds), stamp(from))
	}
	t.Bars = append(t.Bars, b)
	t.sum(b, seconds, rests)
}

// sum adds the time in a state to what the case spent there before.
func (t *timeline) sum(b stateBar, seconds float64, rests bool) {
	i := 0
	for i < len(t.Sums) && t.Sums[i].Label != b.Label {
		i++
	}
	if i == len(t.Sums) {
		t.Sums = append(t.Sums, stateSum{Label: b.Label, Class: b.Class})
	}
	if !rests {
		t.Sums[i].seconds += seconds
		t.Sums[i].Lasted = inWords(t.Sums[i].seconds)
	}
}

// inWords is a number of seconds in words; no time.Duration holds more than 292
// years, and the clocks of committers may say anything.
func inWords(seconds float64) string {
	return lasting(time.Duration(min(seconds, math.MaxInt64/2e9)) * time.Second)
}

// markLane makes the marks of some kinds of event.
func markLane(t *timeline, name string, events []Event, kinds ...string) lane {
	l := lane{Name: name}
	for _, e := range events {
		for _, kind := range kinds {
			if e.Kind != kind || e.At.IsZero() {
				continue
			}
			shape, class := shapeOf(e)
			l.Marks = append(l.Marks, mark{X: t.at(e.At), Shape: shape, Class: class,
				Title: fmt.Sprintf("%s: %s", stamp(e.At), clip(plain(e.Text)))})
		}
	}
	return l
}

// shapeOf is the shape and the colour of an event's mark.
func shapeOf(e Event) (shape, class string) {
	switch e.Kind {
	case "mail":
		return "mail", "m-mail"
	case "update":
		return "update", "m-update"
	case "approval":
		return "approval", "m-approval"
	case "receipt":
		_, status, _ := strings.Cut(e.Text, ": ")
		switch psirt.ReceiptStatus(status) {
		case psirt.ReceiptSent:
			return "sent", "m-sent"
		case psirt.ReceiptRefused, psirt.ReceiptUnknown:
			return "failed", "m-failed"
		}
		return "update", "m-update"
	}
	return "edit", "m-edit"
}

// lateLane shows when clocks were late: from the time that was due to the time
// it was done.
func lateLane(t *timeline, s *Story, to time.Time) lane {
	l := lane{Name: "Late"}
	for _, c := range s.Clocks {
		end := c.Stopped
		switch c.Status {
		case psirt.ClockOverdue:
			end = to
		case psirt.ClockBroken:
		default:
			continue
		}
		name := clockName(c.Clock, c.Party)
		b := stateBar{X: t.at(c.Due), Class: "late", Title: fmt.Sprintf("%s %s: was due %s", name, c.Status, stamp(c.Due))}
		b.W = max(0.35, t.at(end)-b.X)
		l.Late = append(l.Late, b)
	}
	return l
}

// words say what the drawing shows.
func (t *timeline) words(s *Story, n int, from, to time.Time) string {
	var parts []string
	for _, sum := range t.Sums {
		if sum.Lasted == "" {
			parts = append(parts, sum.Label)
			continue
		}
		parts = append(parts, sum.Label+" for "+sum.Lasted)
	}
	if len(parts) > 12 {
		parts = append(parts[:12], "and more")
	}
	return fmt.Sprintf("From %s: %s. %s; the table below lists them.", stamp(from), strings.Join(parts, ", "), counted(n, "event"))
}

// state is the label and the phase of a state, by the programme as it is now.
func (s *Story) state(name string) (string, psirt.Phase) {
	if s.setting != nil {
		now := name
		if to, ok := s.setting.Program.Renamed[name]; ok {
			now = to
		}
		if st, ok := s.setting.Program.State(now); ok {
			if st.Label != "" {
				return st.Label, st.Phase
			}
			return name, st.Phase
		}
	}
	if name == s.State {
		return s.Label, s.Phase
	}
	return name, psirt.Phase(name)
}

// phaseClass is the style class of a phase; "p-other" for what is none.
func phaseClass(phase psirt.Phase) string {
	for _, known := range psirt.Phases {
		if phase == known {
			return "p-" + string(phase)
		}
	}
	return "p-other"
}
