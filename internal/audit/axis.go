package audit

import (
	"math"
	"time"
)

// maxTicks bounds the labels of a time axis; a phone shows every other one.
const maxTicks = 6

// tick is one label of the time axis.
type tick struct {
	X     percent
	Label string // empty where it would not fit
	Odd   bool   // every other one
}

// steps are the distances between ticks of less than a month.
var steps = []time.Duration{
	time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
	24 * time.Hour, 2 * 24 * time.Hour, 7 * 24 * time.Hour, 14 * 24 * time.Hour,
}

// ticks labels round points in time.
func (t *timeline) ticks(from, to time.Time) {
	for _, step := range steps {
		if t.seconds/step.Seconds() > maxTicks {
			continue
		}
		for at := from.Truncate(step).Add(step); at.Before(to); at = at.Add(step) {
			t.tick(at, clockLabel(at, step))
		}
		return
	}
	const month = 30.44 * 24 * 60 * 60
	months := 0
	for _, n := range []int{1, 2, 3, 6, 12, 24, 60} {
		if t.seconds/(float64(n)*month) <= maxTicks {
			months = n
			break
		}
	}
	if months == 0 { // decades: only a wrong clock says so
		months = 12 * int(math.Ceil(t.seconds/month/12/maxTicks))
	}
	since := from.Year()*12 + int(from.Month()) - 1
	for n := since - since%months + months; ; n += months {
		at := time.Date(n/12, time.Month(n%12+1), 1, 0, 0, 0, 0, time.UTC)
		if !at.Before(to) {
			return
		}
		t.tick(at, monthLabel(at, months))
	}
}

func clockLabel(at time.Time, step time.Duration) string {
	if step < 24*time.Hour && (at.Hour() != 0 || at.Minute() != 0) {
		return at.Format("15:04")
	}
	return at.Format("2 Jan")
}

func monthLabel(at time.Time, months int) string {
	if months >= 12 || at.Month() == time.January {
		return at.Format("2006")
	}
	return at.Format("Jan")
}

func (t *timeline) tick(at time.Time, label string) {
	k := tick{X: t.at(at), Label: label, Odd: len(t.Ticks)%2 == 1}
	if k.X < 6 || k.X > 94 {
		k.Label = ""
	}
	t.Ticks = append(t.Ticks, k)
}
