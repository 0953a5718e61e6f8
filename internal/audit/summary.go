package audit

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/docket-psirt/docket/internal/psirt"
)

// What all presentations of a report share: the sums, and how a value is shown.

// clockTally counts how the runs of one clock stand, over all cases.
type clockTally struct {
	Clock, Party                   string
	Kept, Broken, Overdue, Running int // Running counts those that stand still, too
}

// Runs is the number of all runs.
func (c clockTally) Runs() int { return c.Kept + c.Broken + c.Overdue + c.Running }

func (c *clockTally) count(s psirt.ClockStatus) {
	switch s {
	case psirt.ClockKept:
		c.Kept++
	case psirt.ClockBroken:
		c.Broken++
	case psirt.ClockOverdue:
		c.Overdue++
	default:
		c.Running++
	}
}

// lateness is one run of a clock that ended, or still runs, after its time.
type lateness struct {
	Case psirt.CaseID
	psirt.Reading
	By time.Duration
}

// clocks sums up the clocks: all together, each by itself in the order of
// names, and every run that is late, the running ones first, then the newest.
func (r *Report) clocks() (all clockTally, each []clockTally, late []lateness) {
	index := map[[2]string]*clockTally{}
	for _, s := range r.Stories {
		for _, c := range s.Clocks {
			key := [2]string{c.Clock, c.Party}
			if index[key] == nil {
				index[key] = &clockTally{Clock: c.Clock, Party: c.Party}
			}
			index[key].count(c.Status)
			all.count(c.Status)
			if by, ok := r.lateBy(c); ok {
				late = append(late, lateness{s.Case, c, by})
			}
		}
	}
	for _, t := range index {
		each = append(each, *t)
	}
	sort.Slice(each, func(i, j int) bool {
		a, b := each[i], each[j]
		return a.Clock < b.Clock || a.Clock == b.Clock && a.Party < b.Party
	})
	sort.SliceStable(late, func(i, j int) bool {
		a, b := late[i], late[j]
		if over := a.Status == psirt.ClockOverdue; over != (b.Status == psirt.ClockOverdue) {
			return over
		}
		return a.Due.After(b.Due)
	})
	return all, each, late
}

// lateBy is by how much a run of a clock is late at the time of the report.
func (r *Report) lateBy(c psirt.Reading) (time.Duration, bool) {
	switch c.Status {
	case psirt.ClockBroken:
		return c.Stopped.Sub(c.Due), true
	case psirt.ClockOverdue:
		return r.At.Sub(c.Due), true
	}
	return 0, false
}

// ordered lists the findings with errors first, and else as they were found.
func (r *Report) ordered() []Finding {
	out := slices.Clone(r.Findings)
	sort.SliceStable(out, func(i, j int) bool { return rank(out[i].Severity) < rank(out[j].Severity) })
	return out
}

func rank(severity string) int {
	switch severity {
	case SeverityError:
		return 0
	case SeverityWarning:
		return 1
	}
	return 2
}

// verdict says in a few words what was found: "no findings", or "3 findings"
// and, second, of which severity: "2 errors, 1 warning".
func (r *Report) verdict() (verdict, detail string) {
	if len(r.Findings) == 0 {
		return "no findings", ""
	}
	by := map[string]int{}
	var names []string
	for _, f := range r.ordered() {
		if by[f.Severity] == 0 {
			names = append(names, f.Severity)
		}
		by[f.Severity]++
	}
	var parts []string
	for _, name := range names {
		parts = append(parts, counted(by[name], plain(name)))
	}
	if explained := len(r.Findings) - Open(r.Findings); explained > 0 {
		parts = append(parts, fmt.Sprintf("%d explained", explained))
	}
	return counted(len(r.Findings), "finding"), strings.Join(parts, ", ")
}

// judged says what the judgement rests on: keys that were at hand, or none.
func (r *Report) judged() string {
	if r.Opened == 0 {
		return "from public keys alone: no sealed part was opened"
	}
	return fmt.Sprintf("from public keys, and with a key that was tried on the sealed parts of %s", counted(r.Opened, "case"))
}

// plain makes text safe to show: what would move the cursor, hide, or turn the
// direction of the text around it is replaced.
func plain(s string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == '\n' || c == '\t':
			return ' '
		case unicode.IsControl(c), unicode.Is(unicode.Cf, c), c == '\u2028', c == '\u2029':
			return unicode.ReplacementChar
		}
		return c
	}, strings.ToValidUTF8(s, string(unicode.ReplacementChar)))
}

// counted is a number with its noun: "1 case", "12,345 cases".
func counted(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return number(n) + " " + noun
}

// number groups the digits of a number: 12,345.
func number(n int) string {
	s := strconv.Itoa(n)
	start := len(s) - len(strings.TrimPrefix(s, "-"))
	for i := len(s) - 3; i > start; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// lasting is a length of time in its largest one or two units: "12 d",
// "1 d 4 h", "35 min".
func lasting(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", max(d, 0)/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < day && d%time.Hour >= time.Minute && d < 10*time.Hour:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	case d < day:
		return fmt.Sprintf("%d h", d/time.Hour)
	case d < 10*day && d%day >= time.Hour:
		return fmt.Sprintf("%d d %d h", d/day, d%day/time.Hour)
	}
	return number(int(d/day)) + " d"
}

// stamp is a point in time to the minute, in UTC; a dash when it is not known.
func stamp(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2006-01-02 15:04")
}
