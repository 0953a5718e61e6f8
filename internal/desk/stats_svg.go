package desk

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/docket-psirt/docket/internal/psirt"
)

// svgStyle is what drawings share: colours that can be read on light and on
// dark ground, chosen by what the reader's screen is set to. A drawing brings
// its own ground, so it can be read wherever it is put.
const svgStyle = `text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;font-size:13px;fill:#171a21}
.ground{fill:#fff}.soft{fill:#565e6c}.small{font-size:12px}.head{font-size:17px;font-weight:650}.bold{font-weight:600}.end{text-anchor:end}.mid{text-anchor:middle}
.rail{fill:#e9ecf1}.rule{stroke:#cfd5de;stroke-width:1}.box{fill:#fff;stroke-width:2}.line{fill:none;stroke:#565e6c;stroke-width:1.5}.tip{fill:#565e6c}
.halo{paint-order:stroke;stroke:#fff;stroke-width:5px}.disc{fill:#fff;stroke:#565e6c;stroke-width:1.2}.group{fill:#f5f6f8;stroke:#dfe3e9}
.received{fill:#55627a;stroke:#55627a}.evaluating{fill:#2f5fd0;stroke:#2f5fd0}.solving{fill:#7440c4;stroke:#7440c4}.communicating{fill:#0e7471;stroke:#0e7471}
.feedback{fill:#2c7a3f;stroke:#2c7a3f}.closed{fill:#737b89;stroke:#737b89}.needs-info{fill:#a85a06;stroke:#a85a06}.deferred{fill:#8a6a4a;stroke:#8a6a4a}.other{fill:#55627a;stroke:#55627a}
.kept{fill:#2f9e5f}.running{fill:#8fb0f0}.paused{fill:#b9a6e3}.broken{fill:#e0912f}.overdue{fill:#cf3b32}
.box.received,.box.evaluating,.box.solving,.box.communicating,.box.feedback,.box.closed,.box.needs-info,.box.deferred,.box.other{fill:#fff}
@media (prefers-color-scheme:dark){text{fill:#e9ebef}.ground{fill:#181c23}.soft{fill:#a0a9b8}.rail{fill:#262c36}.rule{stroke:#3a4250}.line{stroke:#a0a9b8}.tip{fill:#a0a9b8}
.halo{stroke:#181c23}.disc{fill:#181c23;stroke:#a0a9b8}.group{fill:#12161c;stroke:#2b313c}
.received{fill:#9fadc4;stroke:#9fadc4}.evaluating{fill:#8cb0ff;stroke:#8cb0ff}.solving{fill:#c3a1ff;stroke:#c3a1ff}.communicating{fill:#62cdc8;stroke:#62cdc8}
.feedback{fill:#84d398;stroke:#84d398}.closed{fill:#98a2b1;stroke:#98a2b1}.needs-info{fill:#f0a75a;stroke:#f0a75a}.deferred{fill:#cfae8d;stroke:#cfae8d}.other{fill:#9fadc4;stroke:#9fadc4}
.kept{fill:#4fbf80}.running{fill:#4d6cb0}.paused{fill:#8570b8}.broken{fill:#dc9440}.overdue{fill:#f0645b}
.box.received,.box.evaluating,.box.solving,.box.communicating,.box.feedback,.box.closed,.box.needs-info,.box.deferred,.box.other{fill:#181c23}}
`

// drawing puts an SVG image together (SVG 1.1 with the style sheet's media
// query; no script, no other file). Numbers are pixels.
type drawing struct{ b strings.Builder }

func (s *drawing) printf(format string, args ...any) { fmt.Fprintf(&s.b, format, args...) }

func (s *drawing) text(x, y float64, class, text string) {
	s.printf("<text x=\"%s\" y=\"%s\" class=\"%s\">%s</text>\n", px(x), px(y), class, escaped(text))
}

func (s *drawing) rect(x, y, w, h float64, class, title string) {
	s.printf("<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" class=\"%s\"", px(x), px(y), px(w), px(h), class)
	if title == "" {
		s.printf("/>\n")
		return
	}
	s.printf("><title>%s</title></rect>\n", escaped(title))
}

// finish wraps the drawing up, with a title and a description for those who
// cannot see it.
func (s *drawing) finish(width, height float64, title, desc string) []byte {
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]s %[2]s" width="%[1]s" height="%[2]s" role="img" aria-labelledby="title desc">
<title id="title">%[3]s</title>
<desc id="desc">%[4]s</desc>
<style>%[5]s</style>
<rect class="ground" width="100%%" height="100%%" rx="10"/>
%[6]s</svg>
`, px(width), px(height), escaped(title), escaped(desc), svgStyle, s.b.String())
}

// px writes a number of pixels, to a tenth.
func px(v float64) string {
	return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64)
}

// escaped makes text safe in XML: what XML forbids, and what would turn the
// direction of the text around it, is replaced.
func escaped(s string) string {
	return html.EscapeString(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == utf8.RuneError || r == 0xFFFE || r == 0xFFFF {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, " ")))
}

// textWidth is how wide a text of 13 pixels is, by a wide guess: fonts differ.
func textWidth(s string) float64 {
	w := 0.0
	for _, r := range s {
		switch {
		case r > 0x2E7F:
			w += 13.5
		case unicode.IsUpper(r) || r == 'm' || r == 'w' || r == '@' || r == '%':
			w += 9.6
		case strings.ContainsRune("iljft.,:;'|!()[] ", r):
			w += 4.9
		default:
			w += 7.6
		}
	}
	return w
}

// Chart is one drawing of the numbers.
type Chart struct {
	Name string // of its file, without ".svg"
	SVG  []byte
}

// Charts draws the numbers. The charts hold counts only; reporters is there
// when a key opened cases.
func (s *Stats) Charts() []Chart {
	of := s.title()
	var out []Chart
	add := func(name string, svg []byte) { out = append(out, Chart{name, svg}) }
	add("times", s.timesChart("Time from the opening of a case"+of))
	add("phases", barChart("Cases by phase"+of, s.Phases, func(c Count) string { return c.Name }))
	add("states", barChart("Cases by state"+of, s.States, func(c Count) string { return s.statePhase(c) }))
	add("outcomes", barChart("Closed cases by outcome"+of, s.Outcomes, func(Count) string { return "other" }))
	add("programs", barChart("Cases by programme"+of, s.Programs, func(Count) string { return "other" }))
	if len(s.Reporters) > 0 {
		add("reporters", barChart("Cases by kind of reporter"+of, s.Reporters, func(Count) string { return "other" }))
	}
	add("clocks", s.clocksChart("Clocks kept and broken"+of))
	return out
}

func (s *Stats) title() string {
	if s.Since == nil {
		return ""
	}
	return ", opened since " + s.Since.UTC().Format(time.DateOnly)
}

// statePhase is the colour of a state.
func (s *Stats) statePhase(c Count) string {
	if phase := s.phases[[2]string{c.Program, c.Name}]; phase != "" {
		return string(phase)
	}
	return "other"
}

// caption is what a bar is called.
func (c Count) caption(withProgram bool) string {
	name := strings.ReplaceAll(c.Name, "-", " ")
	if c.Label != "" {
		name = c.Label
	}
	if withProgram && c.Program != "" {
		name = c.Program + ": " + name
	}
	return name
}

const (
	chartWidth = 720.0
	barHeight  = 16.0
	rowHeight  = 27.0
	chartTop   = 52.0
)

// several programmes make captions name theirs.
func ofSeveral(rows []Count) bool {
	for _, r := range rows {
		if r.Program != rows[0].Program {
			return true
		}
	}
	return false
}

// barChart draws one bar for each row.
func barChart(title string, rows []Count, class func(Count) string) []byte {
	d := &drawing{}
	d.text(20, 30, "head", title)
	left, most, total := 90.0, 1, 0
	several := ofSeveral(rows)
	for _, r := range rows {
		left, most, total = max(left, textWidth(r.caption(several))+36), max(most, r.N), total+r.N
	}
	left = min(left, chartWidth/2)
	var words []string
	for i, r := range rows {
		y := chartTop + float64(i)*rowHeight
		room := chartWidth - left - 70
		d.text(left-14, y+13, "end", clipped(r.caption(several), left-34))
		d.rect(left, y, room, barHeight, "rail", "")
		if r.N > 0 {
			d.rect(left, y, max(2, room*float64(r.N)/float64(most)), barHeight, class(r), "")
		}
		d.text(left+room+10, y+13, "bold", grouped(r.N))
		words = append(words, fmt.Sprintf("%s %d", r.caption(several), r.N))
	}
	if len(rows) == 0 {
		d.text(20, chartTop+13, "soft", "none")
		words = []string{"none"}
	}
	height := chartTop + float64(max(1, len(rows)))*rowHeight + 12
	return d.finish(chartWidth, height, title, fmt.Sprintf("%d in all: %s.", total, strings.Join(words, ", ")))
}

// clipped cuts a text to a width.
func clipped(s string, width float64) string {
	if textWidth(s) <= width {
		return s
	}
	for s != "" && textWidth(s+"…") > width {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return s + "…"
}

// grouped groups the digits of a number: 12,345.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Lasting is a number of seconds in its largest one or two units: "3 d 4 h".
func Lasting(seconds int64) string {
	d, h, m := seconds/86400, seconds/3600%24, seconds/60%60
	switch {
	case seconds < 60:
		return fmt.Sprintf("%d s", seconds)
	case d == 0 && h == 0:
		return fmt.Sprintf("%d min", m)
	case d == 0 && (m == 0 || h >= 10):
		return fmt.Sprintf("%d h", h)
	case d == 0:
		return fmt.Sprintf("%d h %d min", h, m)
	case d >= 10 || h == 0:
		return fmt.Sprintf("%s d", grouped(int(d)))
	}
	return fmt.Sprintf("%d d %d h", d, h)
}

// timesChart draws median, 90th percentile and longest time of each step, on a
// scale that grows tenfold with each part: minutes and months share it.
func (s *Stats) timesChart(title string) []byte {
	const left, right, row = 136.0, 700.0, 46.0
	d := &drawing{}
	d.text(20, 30, "head", title)
	least, most := math.Log10(60), math.Log10(366*86400)
	for _, t := range s.Times {
		if t.Max != nil {
			most = max(most, math.Log10(float64(*t.Max)+1))
		}
	}
	at := func(seconds int64) float64 {
		return left + (right-left)*(max(least, math.Log10(float64(seconds)+1))-least)/(most-least)
	}
	bottom := chartTop + 24 + row*float64(len(s.Times))
	for _, tick := range []struct {
		seconds int64
		name    string
	}{{60, "1 min"}, {600, "10 min"}, {3600, "1 h"}, {6 * 3600, "6 h"}, {86400, "1 d"}, {7 * 86400, "1 week"}, {30 * 86400, "30 d"}, {180 * 86400, "180 d"}} {
		x := at(tick.seconds)
		d.printf("<line x1=\"%[1]s\" x2=\"%[1]s\" y1=\"%[2]s\" y2=\"%[3]s\" class=\"rule\"/>\n", px(x), px(chartTop+18), px(bottom-6))
		d.text(x, chartTop+10, "soft small mid", tick.name)
	}
	var words []string
	for i, t := range s.Times {
		y := chartTop + 40 + row*float64(i)
		d.text(20, y+4, "bold", t.Name)
		d.text(20, y+20, "soft small", fmt.Sprintf("%s so far", grouped(t.N)))
		if t.N == 0 {
			words = append(words, fmt.Sprintf("%s: no case yet", t.Name))
			continue
		}
		d.printf("<line x1=\"%s\" x2=\"%s\" y1=\"%[3]s\" y2=\"%[3]s\" class=\"line\"/>\n", px(at(*t.Median)), px(at(*t.Max)), px(y))
		d.printf("<path d=\"M%s %sv14\" class=\"line\"/>\n", px(at(*t.Max)), px(y-7))
		d.printf("<path d=\"M%s %sl6 7-6 7-6-7z\" class=\"solving\"/>\n", px(at(*t.P90)), px(y-7))
		d.printf("<circle cx=\"%s\" cy=\"%s\" r=\"7\" class=\"evaluating\"/>\n", px(at(*t.Median)), px(y))
		said := fmt.Sprintf("median %s, 90%% within %s, longest %s", Lasting(*t.Median), Lasting(*t.P90), Lasting(*t.Max))
		d.text(right, y+22, "soft small end halo", said)
		words = append(words, fmt.Sprintf("%s: %s, of %d", t.Name, said, t.N))
	}
	d.printf("<circle cx=\"%s\" cy=\"%s\" r=\"6\" class=\"evaluating\"/>\n", px(left+6), px(bottom+14))
	d.text(left+18, bottom+18, "soft small", "median")
	d.printf("<path d=\"M%s %sl6 7-6 7-6-7z\" class=\"solving\"/>\n", px(left+96), px(bottom+7))
	d.text(left+108, bottom+18, "soft small", "90th percentile")
	d.printf("<path d=\"M%s %sv14\" class=\"line\"/>\n", px(left+230), px(bottom+7))
	d.text(left+240, bottom+18, "soft small", "longest")
	return d.finish(chartWidth, bottom+38, title, strings.Join(words, "; ")+".")
}

// clockParts are the pieces of a clock's bar, in their order.
func (c ClockStat) clockParts() []struct {
	class psirt.ClockStatus
	n     int
} {
	return []struct {
		class psirt.ClockStatus
		n     int
	}{{psirt.ClockKept, c.Kept}, {psirt.ClockRunning, c.Running}, {psirt.ClockPaused, c.Paused}, {psirt.ClockBroken, c.Broken}, {psirt.ClockOverdue, c.Overdue}}
}

// clocksChart draws how the runs of each clock stand, as shares.
func (s *Stats) clocksChart(title string) []byte {
	d := &drawing{}
	d.text(20, 30, "head", title)
	x := 20.0
	for _, part := range (ClockStat{}).clockParts() {
		d.rect(x, chartTop-4, 12, 12, string(part.class), "")
		d.text(x+18, chartTop+7, "soft small", string(part.class))
		x += 46 + textWidth(string(part.class))
	}
	clocks := slices.DeleteFunc(slices.Clone(s.Clocks), func(c ClockStat) bool { return c.Runs() == 0 })
	several, left := false, 90.0
	for _, c := range clocks {
		several = several || c.Program != clocks[0].Program
	}
	name := func(c ClockStat) string {
		n := strings.ReplaceAll(c.Clock, "-", " ")
		if several {
			n = c.Program + ": " + n
		}
		if c.Party != "team" {
			n += " (" + c.Party + ")"
		}
		return n
	}
	for _, c := range clocks {
		left = max(left, textWidth(name(c))+36)
	}
	left = min(left, chartWidth/2)
	top := chartTop + 26
	var words []string
	for i, c := range clocks {
		y, room := top+float64(i)*rowHeight, chartWidth-left-130
		d.text(left-14, y+13, "end", clipped(name(c), left-34))
		d.rect(left, y, room, barHeight, "rail", "")
		from := left
		for _, part := range c.clockParts() {
			if part.n > 0 {
				w := room * float64(part.n) / float64(c.Runs())
				d.rect(from, y, w, barHeight, string(part.class), fmt.Sprintf("%s: %d %s", name(c), part.n, part.class))
				from += w
			}
		}
		said := fmt.Sprintf("%s of %s late", grouped(c.Broken+c.Overdue), grouped(c.Runs()))
		d.text(left+room+10, y+13, "small", said)
		words = append(words, name(c)+" "+said)
	}
	if len(clocks) == 0 {
		words = []string{"no clock has run"}
	}
	return d.finish(chartWidth, top+float64(len(clocks))*rowHeight+12, title, strings.Join(words, "; ")+".")
}
