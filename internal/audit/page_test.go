package audit

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/docket-psirt/docket/internal/peer"
	"github.com/docket-psirt/docket/internal/psirt"
)

func pageOf(t *testing.T, r *Report) string {
	t.Helper()
	var out bytes.Buffer
	if err := r.WriteHTML(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func parsePage(t *testing.T, page string) *html.Node {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func elements(n *html.Node, name string) (out []*html.Node) {
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && d.Data == name {
			out = append(out, d)
		}
	}
	return out
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func textIn(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode && (d.Parent == nil || d.Parent.Data != "style") {
			b.WriteString(d.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// drawnElements are all that a page is made of.
const drawnElements = " html head meta title style body svg defs g path circle rect line text use desc header main footer section article nav " +
	"div span p h1 h2 h3 dl dt dd ul li table thead tbody tr th td a b i small code time figure figcaption details summary "

// inert holds that a page is one file that does nothing: only known elements,
// no handler, no style of its own, and references to its own parts only.
func inert(t *testing.T, doc *html.Node) {
	t.Helper()
	ids := map[string]bool{}
	var refs []string
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if !strings.Contains(drawnElements, " "+n.Data+" ") {
			t.Errorf("element <%s>", n.Data)
		}
		for _, a := range n.Attr {
			key := strings.ToLower(a.Key)
			switch {
			case strings.HasPrefix(key, "on"), key == "style", key == "src", key == "srcset", key == "action", key == "data":
				t.Errorf("<%s %s=%q>", n.Data, a.Key, a.Val)
			case key == "href":
				refs = append(refs, a.Val)
			case key == "id" && ids[a.Val]:
				t.Errorf("the id %q stands twice", a.Val)
			case key == "id":
				ids[a.Val] = true
			case key == "aria-labelledby":
				for _, id := range strings.Fields(a.Val) {
					refs = append(refs, "#"+id)
				}
			}
		}
	}
	for _, ref := range refs {
		id, err := url.PathUnescape(ref)
		if err != nil || !strings.HasPrefix(id, "#") || !ids[id[1:]] {
			t.Errorf("a reference to %q, which is no part of the page", ref)
		}
	}
	for _, s := range elements(doc, "style") {
		if css := strings.ToLower(s.FirstChild.Data); strings.Contains(css, "url(") || strings.Contains(css, "@import") || strings.Contains(css, "zgotmplz") {
			t.Error("the style reaches out")
		}
	}
}

// drawings holds that every outermost SVG is XML, and that those that are
// images have title and description.
func drawings(t *testing.T, page string) (n int) {
	t.Helper()
	for {
		start := strings.Index(page, "<svg")
		if start < 0 {
			return n
		}
		page = page[start:]
		d := xml.NewDecoder(strings.NewReader(page))
		depth, children, image := 0, []string(nil), false
		for {
			token, err := d.Token()
			if err != nil {
				t.Fatalf("drawing %d is not well-formed: %v", n, err)
			}
			if e, ok := token.(xml.StartElement); ok {
				if depth == 1 {
					children = append(children, e.Name.Local)
				}
				for _, a := range e.Attr {
					image = image || depth == 0 && a.Name.Local == "role" && a.Value == "img"
				}
				depth++
			}
			if _, ok := token.(xml.EndElement); ok {
				if depth--; depth == 0 {
					break
				}
			}
		}
		if image && (len(children) < 2 || children[0] != "title" || children[1] != "desc") {
			t.Errorf("drawing %d has no title and description", n)
		}
		page = page[d.InputOffset():]
		n++
	}
}

func TestPageStandsAlone(t *testing.T) {
	t.Parallel()
	bare := &Report{At: sampleAt, Cases: 1, Stories: []*Story{{Case: "INGP-2026-0001", Program: "ingroupe"}}}
	for name, r := range map[string]*Report{"empty": {}, "bare": bare, "one": sample(1), "some": sample(30), "hostile": sampleHostile()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := pageOf(t, r)
			doc := parsePage(t, page)
			inert(t, doc)
			if n := drawings(t, page); n < 2 {
				t.Errorf("%d drawings", n)
			}
			found := false
			for _, m := range elements(doc, "meta") {
				if attr(m, "http-equiv") == "Content-Security-Policy" {
					found = attr(m, "content") == "default-src 'none'; style-src 'unsafe-inline'"
				}
			}
			if !found {
				t.Error("no content security policy")
			}
			if strings.Contains(page, "ZgotmplZ") {
				t.Error("the template filtered one of its own values")
			}
		})
	}
}

func TestPageShowsHostileTextAsText(t *testing.T) {
	t.Parallel()
	page := pageOf(t, sampleHostile())
	for _, bad := range []string{"<script", "<img", "\x1b", "\a", "\u202e", "\u2028"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	if text := textIn(elements(parsePage(t, page), "main")[0]); !strings.Contains(text, "<script>alert(1)</script>") {
		t.Error("the text of the finding is not shown")
	}
	if len(page) > 200_000 {
		t.Errorf("%d bytes: a text is not bounded", len(page))
	}
}

func TestPageTells(t *testing.T) {
	t.Parallel()
	r := sample(12)
	r.Findings = []Finding{
		{Severity: SeverityWarning, Kind: "delivery", Case: r.Stories[3].Case, Commit: r.Head, Text: "update 3 is refused: a person has to look"},
		{Severity: SeverityError, Kind: "unapproved", Case: "INGP-2031-0009", Text: "merged without what the programme asks for"},
	}
	doc := parsePage(t, pageOf(t, r))
	if h := textIn(elements(doc, "h1")[0]); h != "2 findings" {
		t.Errorf("verdict %q", h)
	}
	whole := textIn(doc)
	for _, want := range []string{r.Root, "9F2C 1D7E 5A40 B388 6C11 D90E 4F7A 2B66 38D0 E5C1", r.Head, r.Deliveries, "2026-11-22 09:14", "1 error, 1 warning",
		"no sealed part was opened", "update 3 is refused", string(r.Stories[3].Case), "Waiting for information", "answer (reporter)"} {
		if !strings.Contains(whole, want) {
			t.Errorf("the page does not tell %q", want)
		}
	}
	if n := len(elements(doc, "article")); n != 12 {
		t.Errorf("%d timelines", n)
	}
	rows := elements(elements(doc, "tbody")[0], "tr")
	if len(rows) != 2 || !strings.HasPrefix(textIn(rows[0]), "error unapproved") {
		t.Error("errors do not come first")
	}
	for _, a := range elements(rows[0], "a") {
		t.Errorf("a link to %s, which is not on the page", attr(a, "href"))
	}
	events := 0
	for _, d := range elements(doc, "details") {
		events += len(elements(elements(d, "table")[0], "tr")) - 1
	}
	want := 0
	for _, s := range r.Stories {
		want += len(s.Events)
	}
	if events != want {
		t.Errorf("%d events in tables, and %d happened", events, want)
	}
}

func TestPageClaimsNothingUnproven(t *testing.T) {
	t.Parallel()
	if text := textIn(parsePage(t, pageOf(t, &Report{}))); !strings.Contains(text, "nothing is proven") || strings.Contains(text, "Every commit") {
		t.Error("a report of nothing passes for a clean one")
	}
}

func TestPageIsBounded(t *testing.T) {
	t.Parallel()
	r := sample(5000)
	oldest := r.Stories[0]
	r.Findings = []Finding{{Severity: SeverityError, Kind: "stray", Case: oldest.Case, Text: "x"}}
	for len(oldest.Events) < 5*pageEvents {
		oldest.Events = append(oldest.Events, oldest.Events...)
	}
	var page string
	took := peer.Took(func() { page = pageOf(t, r) })
	if took > 20*time.Second {
		t.Errorf("took %v", took)
	}
	if len(page) > 6<<20 {
		t.Errorf("%d bytes", len(page))
	}
	doc := parsePage(t, page)
	articles := elements(doc, "article")
	if len(articles) != pageTimelines+1 || attr(articles[pageTimelines], "id") != string(oldest.Case) {
		t.Errorf("%d timelines, and not those of the newest cases and of the one with a finding", len(articles))
	}
	if n := len(elements(elements(articles[pageTimelines], "table")[0], "tr")); n != pageEvents+1 {
		t.Errorf("%d events of one case", n-1)
	}
	if text := textIn(doc); !strings.Contains(text, "201 timelines of 5,000 cases: the 200 newest, and every case with a finding") || !strings.Contains(text, "older events") {
		t.Error("the page does not say what it leaves out")
	}
	if n := strings.Count(page, `data-label="Opened"`); n != 5000 {
		t.Errorf("%d cases listed", n)
	}
}

func TestPageBoundsFindings(t *testing.T) {
	t.Parallel()
	r := sample(3)
	for i := range 3 * pageFindings {
		r.Findings = append(r.Findings, Finding{Severity: SeverityWarning, Kind: "delivery", Text: fmt.Sprint(i)})
	}
	r.Findings = append(r.Findings, Finding{Severity: SeverityError, Kind: "stray", Text: "the worst comes last"})
	text := textIn(parsePage(t, pageOf(t, r)))
	if !strings.Contains(text, "the worst comes last") || !strings.Contains(text, "4,001 more findings") {
		t.Error("what is left out is not the least, or is not said")
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestWritersTellErrors(t *testing.T) {
	t.Parallel()
	r := sample(30)
	for name, write := range map[string]func(io.Writer) error{"text": r.WriteText, "csv": r.WriteCSV, "html": r.WriteHTML} {
		if err := write(failing{}); err == nil || !strings.Contains(err.Error(), "full") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTimelineDraws(t *testing.T) {
	t.Parallel()
	day := func(n int) time.Time { return time.Date(2026, 3, n, 0, 0, 0, 0, time.UTC) }
	move := func(n int, state string) Event { return Event{At: day(n), Kind: "move", State: state} }
	s := &Story{Opened: day(1), Phase: psirt.PhaseEvaluating, State: "evaluating", Label: "Evaluating", setting: sampleProgram, Events: []Event{
		move(1, "received"), move(2, "analysis"), move(5, "needs-info"), move(9, "evaluating"),
		{At: day(5), Kind: "receipt", Text: "update 2: refused"}, {At: day(9), Kind: "mail", Text: "mail 1 came in"}}}
	s.Clocks = []psirt.Reading{{Clock: "triage", Due: day(10), Status: psirt.ClockOverdue}, {Clock: "first-look", Due: day(2), Status: psirt.ClockKept}}
	line := newTimeline(s, s.Events, day(11))
	var bars, sums []string
	for _, b := range line.Bars {
		bars = append(bars, fmt.Sprintf("%s %s+%s", b.Class, b.X, b.W))
	}
	for _, sum := range line.Sums {
		sums = append(sums, sum.Label+" "+sum.Lasted)
	}
	if got, want := strings.Join(bars, ", "), "p-received 0.00%+10.00%, p-evaluating 10.00%+30.00%, p-needs-info 40.00%+40.00%, p-evaluating 80.00%+20.00%"; got != want {
		t.Errorf("bars\n got %s\nwant %s", got, want)
	}
	if got, want := strings.Join(sums, ", "), "Reporting 1 d, Evaluating 5 d, Waiting for information 4 d"; got != want {
		t.Errorf("sums\n got %s\nwant %s", got, want)
	}
	if len(line.Lanes) != 3 || len(line.Lanes[0].Late) != 1 || line.Lanes[0].Late[0].X != 90 || line.Lanes[0].Late[0].W != 10 {
		t.Errorf("lanes %+v", line.Lanes)
	}
	if m := line.Lanes[2].Marks; len(m) != 1 || m[0].Shape != "failed" || m[0].X != 40 {
		t.Errorf("marks %+v", m)
	}
}

func TestTimelineOfWrongClocks(t *testing.T) {
	t.Parallel()
	times := []time.Time{{}, time.Unix(0, 0), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC), sampleAt, sampleAt.Add(time.Second)}
	for _, opened := range times {
		for _, moved := range times {
			for _, now := range times {
				s := &Story{Opened: opened, Phase: psirt.PhaseReceived, Events: []Event{{At: moved, Kind: "move", State: "received"}}}
				line := newTimeline(s, s.Events, now)
				if line == nil {
					if !opened.IsZero() || !moved.IsZero() {
						t.Errorf("nothing drawn for %v, %v, %v", opened, moved, now)
					}
					continue
				}
				if len(line.Ticks) > maxTicks+1 {
					t.Errorf("%d ticks for %v, %v, %v", len(line.Ticks), opened, moved, now)
				}
				for _, b := range line.Bars {
					if !(b.X >= 0 && b.X <= 100 && b.W > 0 && b.W <= 100) {
						t.Errorf("bar %v+%v for %v, %v, %v", b.X, b.W, opened, moved, now)
					}
				}
			}
		}
	}
}
