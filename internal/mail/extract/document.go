package extract

import (
	"net/mail"
	"strings"
	"unicode"

	"github.com/docket-psirt/docket/internal/psirt"
)

// document is a mail while it is being read.
type document struct {
	in    Input
	form  psirt.ReportForm
	scope psirt.Scope
	words vocabulary

	lines    []line
	rest     string // what follows the part that is read
	sections []section
	owner    []int // of each line: index of its section, or -1
	said     []sentence
	listing  map[int]bool // lines of programs, of their output and of what they send
	counted  map[int]bool // lines that are headings by the form of the report
	inBlock  map[int]bool // lines of a block of "label: value", known or not

	subject  string // title as the subject gives it
	reporter psirt.Reporter
	original mail.Address // who wrote the mail that this one forwards, and is the reporter
	passed   int          // line at which the mail that this one forwards begins, or 0
	between  bool         // the sender passes on what another one found, and is answered
}

// section is a heading and the lines below it that belong to it.
type section struct {
	heading
	start int  // line of the heading
	list  bool // its text began with an item of a list
	open  bool // its field was left as the form has it
	fence bool // inside a fenced listing
	full  bool // has text
	own   []int
}

// sentence is what the reporter says in one go: in a paragraph, an item of a
// list or behind a label.
type sentence struct {
	text string
	low  string // text in lower case, offsets kept
	path string // of the section that it stands in
	unit int    // number of the paragraph or item
}

func newDocument(in Input, form psirt.ReportForm, scope psirt.Scope) *document {
	in.Subject = strings.ToValidUTF8(in.Subject, "\ufffd")
	in.From.Name = strings.ToValidUTF8(in.From.Name, "\ufffd")
	d := &document{in: in, form: form, scope: scope, words: newVocabulary(form)}
	d.lines, d.rest = splitLines(strings.ToValidUTF8(in.Text, "\ufffd"))
	d.unmark()
	undress(d.lines)
	d.markZones()
	d.markListings()
	d.countHeadings()
	d.hangHeadings()
	d.askHeadings()
	d.findBlocks()
	d.cut()
	d.guessPaths()
	d.sentences()
	return d
}

// textPaths are those whose value is a text of several lines.
var textPaths = map[string]bool{pathDescription: true, pathSteps: true, pathFix: true}

// widePaths are those that everything below a strong heading belongs to, up
// to the next; of the others only the first paragraph does.
var widePaths = map[string]bool{
	"": true, pathOther: true, pathDescription: true, pathSteps: true, pathProducts: true, pathName: true,
	pathDiscovery: true, pathExploited: true, pathKnown: true, pathReporter: true, pathUnaffected: true,
}

// cut gives every line of the body to a section, or to none.
func (d *document) cut() {
	d.owner = make([]int, len(d.lines))
	strong, weak := -1, -1
	for i := 0; i < len(d.lines); {
		if d.lines[i].zone != zoneBody {
			d.owner[i], strong, weak = -1, -1, -1
			i++
			if asked, ok := d.questionAbove(i); ok {
				d.sections = append(d.sections, asked)
				weak = len(d.sections) - 1
			}
			continue
		}
		current := weak
		if weak < 0 {
			current = strong
		}
		if h, ok := d.nextHeading(i, current); ok {
			d.nest(&h, i)
			h.path = d.asAsked(h)
			h.path = pathByValue(h)
			if (h.path == pathHow && d.byPerson(h)) || d.fromSender(h) {
				h.path = pathReporter
			}
			d.sections = append(d.sections, section{heading: h, start: i, full: h.value != "", open: h.leaves()})
			at := len(d.sections) - 1
			if h.strong {
				strong, weak = at, -1
			} else {
				weak = at
			}
			for n := 0; n < h.lines && i < len(d.lines); n++ {
				d.owner[i] = at
				i++
			}
			continue
		}
		if weak >= 0 && !d.continues(&d.sections[weak], i) {
			weak = -1
		}
		if weak < 0 && strong >= 0 && !d.continues(&d.sections[strong], i) {
			strong = -1
		}
		d.own(i, weak, strong)
		i++
	}
	for i := range d.sections {
		s := &d.sections[i]
		if h := s.heading; h.value == "" && len(s.own) > 0 && len(s.own) < 4 {
			h.value = collapse(d.body(s))
			s.open = h.leaves() || (s.path != pathOther && pathByValue(h) == pathOther)
		}
	}
}

// own notes whose line i is.
func (d *document) own(i, weak, strong int) {
	at := weak
	if at < 0 {
		at = strong
	}
	d.owner[i] = at
	if at < 0 {
		return
	}
	s := &d.sections[at]
	s.own = append(s.own, i)
	l := d.lines[i]
	if strings.HasPrefix(l.text, "```") {
		s.fence = !s.fence
	}
	if l.text != "" && !s.full {
		s.full, s.list = true, l.isList() || l.indent >= 4 || s.fence
	}
}

func (d *document) nextHeading(i, current int) (heading, bool) {
	if d.listing[i] {
		return heading{}, false
	}
	steps := false
	if current >= 0 {
		s := &d.sections[current]
		if s.fence {
			return heading{}, false
		}
		steps = s.path == pathSteps && s.bullet == "" && (s.list || !s.full)
	}
	h, ok := d.headingAt(i, steps)
	if ok && h.path == "" && current >= 0 && d.listsProduct(&d.sections[current], h) {
		return heading{}, false
	}
	return h, ok
}

// listsProduct reports whether what looks like a label in a section of products
// names one, with its versions behind it: "Viewer (P/N 12): 1.4".
func (d *document) listsProduct(s *section, h heading) bool {
	if !s.strong || (s.path != pathName && s.path != pathProducts) {
		return false
	}
	return startsVersion.in(lowered(h.value)) && nameLike(cutParenthesis(h.label))
}

// startsVersion is how a list of versions begins.
var startsVersion = lower("^[`*(]*(?:versions? )?[v<>=≤≥ ]*\\d+(?:\\.\\w+)+")

// continues reports whether line i still belongs to s.
func (d *document) continues(s *section, i int) bool {
	l := d.lines[i]
	if !s.full || s.fence {
		return true
	}
	afterBlank := d.lines[i-1].text == ""
	wide := widePaths[s.path] && s.strong
	switch {
	case l.text == "":
		return wide || textPaths[s.path]
	case textPaths[s.path]:
		return d.continuesText(s, l, afterBlank)
	case wide:
		return true
	case afterBlank:
		return false
	case s.strong, s.value == "":
		return true
	case l.isList(), shortLabel.in(l.low):
		return false
	case l.indent > d.lines[s.start].indent:
		return true
	}
	return s.bullet == "" && len(d.lines[i-1].text) >= 50 // a wrapped line
}

var shortLabel = lower(`^(?:[\w'/-]+ ){0,2}[\w'/-]+\s?:\s+\S`)

// continuesText is continues for sections whose value is a text.
func (d *document) continuesText(s *section, l line, afterBlank bool) bool {
	if !afterBlank {
		return s.bullet == "" || l.indent > d.lines[s.start].indent || (!l.isList() && s.value == "")
	}
	if l.isList() || l.indent >= 3 || strings.HasPrefix(l.text, "```") {
		return true
	}
	switch s.path {
	case pathDescription:
		return true
	case pathSteps:
		return s.strong && !s.list
	}
	return false
}

// body is the text of a section below and behind its heading, as written.
func (d *document) body(s *section) string {
	var b strings.Builder
	b.WriteString(s.value)
	for _, i := range s.own {
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(strings.TrimRight(d.lines[i].raw, " \t"))
	}
	text := strings.Trim(b.String(), "\n")
	if s.strong && askedLine.in(d.lines[s.start].low) {
		text = text[len(answeredLine().FindString(lowered(text))):]
	}
	return text
}

// first is the first paragraph of a section, as one line.
func (d *document) first(s *section) string {
	paragraph, _, _ := strings.Cut(d.body(s), "\n\n")
	return collapse(paragraph)
}

// at lists the sections of a path that say something.
func (d *document) at(paths ...string) []*section {
	var found []*section
	for i := range d.sections {
		s := &d.sections[i]
		for _, path := range paths {
			if s.path == path && s.full && !s.open {
				found = append(found, s)
			}
		}
	}
	return found
}

// value is the first paragraph of the first section of a path.
func (d *document) value(paths ...string) string {
	for _, path := range paths {
		for _, s := range d.at(path) {
			if v := d.first(s); v != "" {
				return v
			}
		}
	}
	return ""
}

// maxSentence is how many bytes of a sentence are read; nobody writes a longer
// one.
const maxSentence = 4000

// sentences makes the sentences of the body.
func (d *document) sentences() {
	unit := 0
	var part []string
	path := ""
	width := 0
	flush := func() {
		for _, s := range splitSentences(collapse(strings.Join(part, " "))) {
			s = clip(s, maxSentence)
			d.said = append(d.said, sentence{text: s, low: lowered(s), path: path, unit: unit})
		}
		part, width = part[:0], 0
	}
	last := -2
	for i, l := range d.lines {
		if l.zone != zoneBody || l.text == "" || d.listing[i] {
			flush()
			unit++
			continue
		}
		text := l.text[len(answeredLine().FindString(l.low)):]
		if at := d.owner[i]; at >= 0 && i < d.sections[at].start+max(d.sections[at].lines, 1) {
			text = d.sections[at].value
			flush()
			unit++
		} else if at != last || l.isList() {
			flush()
			unit++
			text = strings.TrimSpace(text[len(listMark().FindString(l.low)):])
		} else if i > 0 && hardBreak(d.lines[i-1].text, text, width) {
			flush()
		}
		last = d.owner[i]
		path = ""
		if last >= 0 {
			path = d.sections[last].path
		}
		width = max(width, len(l.text))
		part = append(part, text)
	}
	flush()
}

// dayEntry begins an entry of a list of days, as in "3 May 2027 - reported".
var dayEntry = lower(`^(?:\d{4}-\d\d-\d\d|\d{1,2}(?:st|nd|rd|th|\.)? ` + monthWord + `\.?,? \d{4}|` + monthWord + `\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}|\d{1,2}[./-]\d{1,2}[./-]\d{4})(?:\s*(?:[:–—-]|=>|->)|\s{2,}\S|\t)`)

var unfinished = lower(`(?:[,:(–-]|\b(?:a|an|the|of|to|and|or|for|in|on|with|by|from|is|are|was|that|which|le|la|les|de|du|des|et|der|die|das|und|von|mit))$`)

// hardBreak reports whether the writer began a new line on purpose: the next
// word would have fitted behind the one before.
func hardBreak(before, text string, width int) bool {
	word, _, _ := strings.Cut(text, " ")
	if dayEntry.in(lowered(clip(text, 40))) {
		return true
	}
	if !isoDate.in(clip(text, 10)) && (!upperStart(text) || unicode.IsDigit(firstRune(text)) || unfinished.in(lowered(tail(before)))) {
		return false
	}
	return len(before)+1+len(word) <= max(width, len(text), 60)
}
