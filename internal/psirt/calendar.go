package psirt

import (
	"fmt"
	"strings"
	"time"
)

// Calendar is working time: hours of some days of the week in a time zone, less
// holidays. Deadlines under a calendar count it alone. It gives the same
// answers wherever it is asked, once Program.Locate has found its zone.
type Calendar struct {
	Zone     string   `yaml:"zone"`     // IANA time zone: Europe/Paris
	Hours    string   `yaml:"hours"`    // "09:00-18:00"; 24:00 is the end of the day
	Days     []string `yaml:"days"`     // mon, tue, wed, thu, fri, sat, sun
	Holidays []string `yaml:"holidays"` // 2026-12-25, or --12-25 for every year

	location *time.Location
}

// maxDays bounds how far a calendar is gone through, about 27 years: a clock
// that would run longer is due then.
const maxDays = 10_000

var weekdays = map[string]time.Weekday{"sun": time.Sunday, "mon": time.Monday, "tue": time.Tuesday, "wed": time.Wednesday,
	"thu": time.Thursday, "fri": time.Friday, "sat": time.Saturday}

// Locate finds the time zones of the programme's calendars by name, with a
// function such as time.LoadLocation. It is asked once, when a programme is
// read, so that nothing here depends on a machine's zone files later.
func (p *Program) Locate(load func(name string) (*time.Location, error)) []Fault {
	var out []Fault
	for _, name := range names(p.Calendars) {
		c := p.Calendars[name]
		if c == nil {
			continue
		}
		zone, err := load(c.Zone)
		if err != nil || c.Zone == "" || c.Zone == "Local" {
			out = append(out, Fault{Path: "calendars." + name + ".zone", Text: "there is no such time zone; zones are named Europe/Paris or UTC (IANA)",
				Do: "name the zone by a city in it, such as Europe/Berlin"})
			continue
		}
		c.location = zone
	}
	return out
}

// span is the opening and the closing of a day, as time since its midnight.
func (c *Calendar) span() (opens, closes time.Duration, ok bool) {
	from, to, found := strings.Cut(c.Hours, "-")
	opens, ok1 := clockTime(from)
	closes, ok2 := clockTime(to)
	return opens, closes, found && ok1 && ok2 && opens < closes
}

// clockTime reads 09:00; 24:00 is allowed.
func clockTime(s string) (time.Duration, bool) {
	var h, m int
	if n, err := fmt.Sscanf(s, "%d:%d", &h, &m); n != 2 || err != nil || s != fmt.Sprintf("%02d:%02d", h, m) {
		return 0, false
	}
	return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute, h >= 0 && m >= 0 && m < 60 && (h < 24 || h == 24 && m == 0)
}

// working is the working time of the day that begins at a date, n days later:
// nothing on a day that is none.
func (c *Calendar) working(of time.Time, n int) (opens, closes time.Time, ok bool) {
	y, m, d := of.Date()
	noon := time.Date(y, m, d+n, 12, 0, 0, 0, c.location)
	works := false
	for _, day := range c.Days {
		works = works || weekdays[day] == noon.Weekday()
	}
	date := noon.Format(time.DateOnly)
	if !works || contains(c.Holidays, date) || contains(c.Holidays, "--"+date[5:]) {
		return opens, closes, false
	}
	from, to, ok := c.span()
	y, m, d = noon.Date()
	at := func(t time.Duration) time.Time { // by the wall clock: days with a change of time have it too
		return time.Date(y, m, d, int(t/time.Hour), int(t%time.Hour/time.Minute), 0, 0, c.location)
	}
	return at(from), at(to), ok
}

// length is how much working time a length of time allows: each full 24 hours
// are a working day, the rest are working hours.
func (c *Calendar) length(within time.Duration) time.Duration {
	opens, closes, _ := c.span()
	const day = 24 * time.Hour
	return within/day*(closes-opens) + within%day
}

// after is the time at which so much working time has passed since from.
func (c *Calendar) after(from time.Time, length time.Duration) time.Time {
	local := from.In(c.location)
	for n := range maxDays {
		opens, closes, ok := c.working(local, n)
		if !ok || !closes.After(from) {
			continue
		}
		if opens.Before(from) {
			opens = from
		}
		if open := closes.Sub(opens); length > open {
			length -= open
			continue
		}
		return opens.Add(length).UTC()
	}
	return from.AddDate(0, 0, maxDays).UTC()
}

// between is the working time from one time to another.
func (c *Calendar) between(from, to time.Time) time.Duration {
	local := from.In(c.location)
	var sum time.Duration
	for n := range maxDays {
		opens, closes, ok := c.working(local, n)
		if y, m, d := local.Date(); time.Date(y, m, d+n, 0, 0, 0, 0, c.location).After(to) {
			break
		}
		if !ok {
			continue
		}
		if opens.Before(from) {
			opens = from
		}
		if closes.After(to) {
			closes = to
		}
		if closes.After(opens) {
			sum += closes.Sub(opens)
		}
	}
	return sum
}

// timer counts time for a clock: all of it, or that of a calendar.
type timer struct {
	calendar *Calendar
	waits    []string // states in which the reporter is waited for
}

func (t timer) length(within time.Duration) time.Duration {
	if t.calendar == nil {
		return within
	}
	return t.calendar.length(within)
}

func (t timer) after(from time.Time, length time.Duration) time.Time {
	if t.calendar == nil {
		return from.Add(length)
	}
	return t.calendar.after(from, length)
}

func (t timer) between(from, to time.Time) time.Duration {
	if t.calendar == nil {
		return to.Sub(from)
	}
	return t.calendar.between(from, to)
}

// timer gives the clock's way of counting. A calendar that is unknown, or whose
// zone was never looked up, counts every hour: a deadline comes early rather
// than late.
func (p *Program) timer(c Clock) timer {
	var out timer
	for _, s := range p.States {
		if s.Phase == PhaseNeedsInfo {
			out.waits = append(out.waits, s.Name)
		}
	}
	if cal := p.Calendars[c.Calendar]; cal != nil && cal.location != nil {
		if _, _, ok := cal.span(); ok {
			out.calendar = cal
		}
	}
	return out
}
