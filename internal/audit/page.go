package audit

import (
	"bufio"
	_ "embed" // the page's template and style
	htmltemplate "html/template"
	"io"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/docket-psirt/docket/internal/psirt"
)

// Bounds on a page, so that a browser opens the report on any archive. What
// they leave out is said on the page, and stands in the JSON and CSV reports.
const (
	pageTimelines = 200    // newest cases with a timeline, besides those with a listed finding
	pageFindings  = 2000   // findings listed
	pageCases     = 10_000 // newest cases listed
	pageEvents    = 300    // newest events of a case
	pageText      = 600    // characters of one text
)

//go:embed page.html.tmpl
var pageSource string

//go:embed page.css
var pageStyle string

var pageTemplate = sync.OnceValue(func() *htmltemplate.Template {
	return htmltemplate.Must(htmltemplate.New("page").Funcs(htmltemplate.FuncMap{
		"css":     func() htmltemplate.CSS { return htmltemplate.CSS(pageStyle) },
		"text":    func(v string) string { return clip(plain(v)) },
		"short":   short,
		"number":  number,
		"counted": counted,
		"stamp":   stamp,
		"machine": func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"known":   func(t time.Time) bool { return !t.IsZero() },
		"lasting": lasting,
		"spaced":  spaced,
		"words":   words,
	}).Parse(pageSource))
})

// page is what the template shows.
type page struct {
	*Report
	Verdict, Detail string
	Judged          string
	Findings        []findingRow
	FindingsLeft    int
	Phases          []chartRow
	Outcomes        []chartRow
	Open, Closed    int
	Clocks          clockTally
	ClockRows       []clockRow
	Rows            []*caseRow // newest first
	RowsLeft        int
	Told            []*caseRow // those with a timeline
	Newest          int        // how many of the newest have one whatever was found
}

// findingRow is a finding, and whether its case is shown further down.
type findingRow struct {
	Finding
	Told bool
}

// chartRow is one bar of a chart.
type chartRow struct {
	Name, Class string
	N           int
	X, Width    percent
}

// clockRow is one clock with its four bars.
type clockRow struct {
	clockTally
	Name string
	Bars []chartRow
}

// caseRow is one case in the table, and its timeline if it has one.
type caseRow struct {
	*Story
	N        int // tells the parts of the page apart
	Class    string
	Due      *due
	Findings []Finding
	Told     bool // it has a part of its own on the page
	Line     *timeline
	Shown    []Event
	Runs     []psirt.Reading
	Left     int // events that are not shown
}

// due is what a case's clocks ask for next.
type due struct {
	At      time.Time
	Clock   string
	Overdue bool
	By      time.Duration
	Paused  bool
}

// WriteHTML writes the report as one HTML page that needs nothing else: no
// script, no other file, no network. Its size is bounded: timelines are drawn
// for the newest cases and for those with a finding.
func (r *Report) WriteHTML(w io.Writer) error {
	out := bufio.NewWriterSize(w, 64<<10)
	if err := pageTemplate().Execute(out, r.page()); err != nil {
		return err
	}
	return out.Flush()
}

func (r *Report) page() *page {
	p := &page{Report: r, Judged: r.judged(), Newest: pageTimelines}
	p.Verdict, p.Detail = r.verdict()
	p.Verdict = strings.ToUpper(p.Verdict[:1]) + p.Verdict[1:]
	var findings []Finding
	findings, p.FindingsLeft = first(r.ordered(), pageFindings)
	p.overview()
	told := p.cases(findings)
	for _, f := range findings {
		p.Findings = append(p.Findings, findingRow{f, told[f.Case]})
	}
	return p
}

// first cuts a list to its first n, and counts what is left out.
func first[T any](list []T, n int) ([]T, int) {
	n = min(n, len(list))
	return list[:n], len(list) - n
}

// overview draws the charts.
func (p *page) overview() {
	phases, outcomes := map[psirt.Phase]int{}, map[psirt.Outcome]int{}
	for _, s := range p.Stories {
		phases[s.Phase]++
		if s.Phase == psirt.PhaseClosed {
			p.Closed++
			outcomes[s.Outcome]++
		}
	}
	p.Open = len(p.Stories) - p.Closed
	for _, phase := range psirt.Phases {
		p.Phases = append(p.Phases, chartRow{Name: string(phase), Class: phaseClass(phase), N: phases[phase]})
		delete(phases, phase)
	}
	rest := 0
	for _, n := range phases {
		rest += n
	}
	if rest > 0 {
		p.Phases = append(p.Phases, chartRow{Name: "not known", Class: phaseClass(""), N: rest})
	}
	for outcome, n := range outcomes {
		p.Outcomes = append(p.Outcomes, chartRow{Name: words(outcome), Class: "outcome", N: n})
	}
	sort.Slice(p.Outcomes, func(i, j int) bool {
		a, b := p.Outcomes[i], p.Outcomes[j]
		return a.N > b.N || a.N == b.N && a.Name < b.Name
	})
	scale(p.Phases)
	scale(p.Outcomes)
	var each []clockTally
	p.Clocks, each, _ = p.clocks()
	for _, c := range each {
		p.ClockRows = append(p.ClockRows, clockRow{c, c.name(), c.bars()})
	}
}

// scale gives bars their widths: the longest takes all there is.
func scale(rows []chartRow) {
	longest := 1
	for _, row := range rows {
		longest = max(longest, row.N)
	}
	for i, row := range rows {
		rows[i].Width = percent(100 * float64(row.N) / float64(longest))
	}
}

func (c clockTally) bars() (out []chartRow) {
	var x percent
	for _, part := range []chartRow{
		{Name: "kept", Class: "kept", N: c.Kept}, {Name: "running", Class: "running", N: c.Running},
		{Name: "broken", Class: "broken", N: c.Broken}, {Name: "overdue", Class: "overdue", N: c.Overdue},
	} {
		if part.N > 0 {
			part.X, part.Width = x, percent(100*float64(part.N)/float64(c.Runs()))
			x += part.Width
			out = append(out, part)
		}
	}
	return out
}

// cases lists the cases, the newest first, and draws the timelines of those
// that get one, which it returns.
func (p *page) cases(findings []Finding) map[psirt.CaseID]bool {
	found, told := map[psirt.CaseID][]Finding{}, map[psirt.CaseID]bool{}
	for _, f := range findings {
		found[f.Case] = append(found[f.Case], f)
	}
	rows := make([]*caseRow, 0, len(p.Stories))
	for _, s := range p.Stories {
		rows = append(rows, &caseRow{Story: s, Class: phaseClass(s.Phase), Due: p.due(s), Findings: found[s.Case]})
	}
	sort.SliceStable(rows, func(i, j int) bool {
		a, b := rows[i].Story, rows[j].Story
		if !a.Opened.Equal(b.Opened) {
			return a.Opened.After(b.Opened)
		}
		return a.Case > b.Case
	})
	for i, row := range rows {
		row.N = i + 1
		if i < pageTimelines || len(row.Findings) > 0 {
			row.draw(p.At)
			told[row.Case] = true
			p.Told = append(p.Told, row)
		}
	}
	p.Rows, p.RowsLeft = first(rows, pageCases)
	return told
}

// due is the clock that asks for something first: one that runs, or else one
// that stands still.
func (r *Report) due(s *Story) *due {
	var next *due
	for _, c := range s.Clocks {
		d := &due{At: c.Due, Clock: clockName(c.Clock, c.Party)}
		switch c.Status {
		case psirt.ClockOverdue:
			d.By, d.Overdue = r.lateBy(c)
		case psirt.ClockPaused:
			d.Paused = true
		case psirt.ClockRunning:
		default:
			continue
		}
		if next == nil || next.Paused && !d.Paused || next.Paused == d.Paused && d.At.Before(next.At) {
			next = d
		}
	}
	return next
}

// draw makes the timeline of a case.
func (row *caseRow) draw(now time.Time) {
	events := make([]Event, len(row.Events))
	copy(events, row.Events)
	sort.SliceStable(events, func(i, j int) bool { return events[i].At.Before(events[j].At) })
	row.Told = true
	row.Left = max(0, len(events)-pageEvents)
	row.Shown = events[row.Left:]
	row.Runs = row.Clocks[max(0, len(row.Clocks)-pageEvents):]
	row.Line = newTimeline(row.Story, row.Shown, now)
}

// words writes an outcome as people say it: "not a vulnerability".
func words(o psirt.Outcome) string { return clip(plain(strings.ReplaceAll(string(o), "-", " "))) }

// clip bounds a text.
func clip(s string) string {
	n := 0
	for i := range s {
		if n++; n > pageText {
			return s[:i] + " …"
		}
	}
	return s
}

// spaced groups a fingerprint in fours, as gpg prints it.
func spaced(fingerprint string) string {
	hex := psirt.Fingerprint(fingerprint).Hex()
	var parts []string
	for ; len(hex) > 4; hex = hex[4:] {
		parts = append(parts, hex[:4])
	}
	return strings.Join(append(parts, hex), " ")
}
