package extract

import (
	"strings"
	"unicode"
)

// heading is a line, or the beginning of one, that says what follows.
type heading struct {
	label  string // as written
	path   string // where it leads; empty when nowhere
	exact  bool   // the label is a phrase of the vocabulary
	value  string // what stands behind it on the same line
	strong bool   // set apart from the text: it rules until the next such heading
	lines  int    // how many lines it takes
	bullet string // the mark of the list that it is an item of
}

var (
	underline    = lower(`^[-=~_*^#]{3,}$`)
	markdownHead = lower(`^#{1,6}\s+(.+?)\s*#*$`)
	boldHead     = lower(`^(?:\*\*|__)([^*_]{2,80})(?:\*\*|__)\s*[:–—-]?$`)
	boldLabel    = lower(`^(?:\*\*|__)([^*_]{2,80})(?:\*\*|__)\s*[:–—-]?\s*(.+)$`)
	starLabel    = lower(`^\*([^*\s][^*]{0,80})\*\s*:?\s*(.*)$`)
	bracketHead  = lower(`^[\[【「]([^\]】」]{2,60})[\]】」]\s*[:：]?\s*(.*)$`)
	framedHead   = lower(`^(?:={2,}|-{2,}|\*{3,})\s*([^=*-][^=*]{1,60}?)\s*(?:={2,}|-{2,}|\*{3,})$`)
	numberedLine = lower(`^(?:[一二三四五六七八九十]{1,2}[、．.]|\d{1,2}[、．]|\d{1,2}(?:\.\d{1,2})*[.):]|\d{1,2}(?:\.\d{1,2})+|\d{1,2}|[ivx]{1,4}[.)]|[a-h][.)])\s*(\S.*)$`)
	listMark     = lower(`^(?:([-*+•‣▪◦·–—])\s+|([(（]?\d{1,2}[、．）]|[（(]\d{1,2}[)）]|第[一二三四五六七八九十\d]{1,2}步[:：.、]?|步骤[一二三四五六七八九十\d]{1,2}[:：.、]?|手順\d{1,2}[:：.、]?)\s*|(\(?\d{1,2}[.):]|\(?[a-z][.)]|\d\x{fe0f}?\x{20e3}|(?:step|stap|paso|passo) \d{1,2}\b[:.)]?|schritt \d{1,2}\b[:.)]?|étape \d{1,2}\b\s?[:.)]?)\s+)`)
	arrowLabel   = lower(`^(\S[^<>]{1,40}?)\s*(?:[-=]{1,2}>|>>|→|⇒|»)\s*(\S.*)$`)
	runInLabel   = lower(`^([a-z][a-z /&'-]{2,40})\.\s+(\S.*)$`) // in capitals
	colonLabel   = lower(`^([^:：\t]{2,110}?)\s*(?::{1,2}[-–]{0,2}\**(?:\s+(.*))?|：\**\s*(.*))$`)
	dashLabel    = lower(`^(\S[^–—]{1,40}?)\s+(?:[–—]|-{1,2})\s+(\S.*)$`)
	dotsLabel    = lower(`^(\S.{1,40}?)(?:\s?\.{3,}\s*|\s\.{2}\s)(\S.*)$`)
	alignedLabel = lower(`^(\S(?:\S| \S){1,40})(?:\s{2,}|\t+)(\S.*)$`)
	tabLabel     = lower(`^([^\t|]{2,60})\t+([^\t]+)$`)
	equalLabel   = lower(`^(\S[^=]{1,30}?)\s*=\s*(\S.*)$`)
	parenLabel   = lower(`^\(([^()]{3,40})\)\s+(\S.*)$`)
	codeLabel    = lower(`^([a-z][a-z' -]{2,30}?) (v?\d+(?:\.\w+)+[\w-]*|[a-z]{1,5}[-/]\w*\d[\w/-]*)$`)
	askLabel     = lower(`^([^?]{3,90})\?\s*(.*)$`)
	askStart     = lower(`^(\d+[.)]\s*)?(which|what|how|do|does|when|where|has|have|is|was|were|are|did|who|welche|was|wie|wann|wo|wurde|ist|quel|quelle|comment|quand|où|est-ce|published|exploited|public)\b`)
	askNot       = lower(`\b(will|can|do you|do we|do i|would|please|should|shall|is there|are there|you)\b`)
)

// tellsVersion is in a sentence about a product, and in no heading.
var tellsVersion = lower(`\b\d+\.\d`)

// ruledLabels are the forms of "label, mark, value" whose mark may stand in a
// sentence too, so that the label must be known, or the line one of many.
var ruledLabels = [...]pattern{arrowLabel, dotsLabel, dashLabel, equalLabel, alignedLabel}

// headingAt reads line i as a heading. steps says that the line stands in a
// list of steps, whose items are no headings.
func (d *document) headingAt(i int, steps bool) (heading, bool) {
	l := d.lines[i]
	if l.text == "" || len(l.text) > 4000 {
		return heading{}, false
	}
	if h, ok := d.asked(l.text); ok {
		return h, true
	}
	if d.counted[i] {
		h := heading{label: l.text, strong: true, lines: 1}
		if m := cells(l.text, numberedLine); m != nil {
			h.label = m[0]
		}
		d.resolve(&h)
		return h, true
	}
	if h, ok := d.strongHeading(i); ok {
		return h, true
	}
	mark := listMark.at(l.low)
	if mark != nil && steps {
		return heading{}, false
	}
	text, bullet := l.text, ""
	if mark != nil {
		bullet = strings.TrimSpace(l.text[:mark[1]])
		text = l.text[mark[1]:]
	}
	if h, ok := d.labelled(text, bullet != "" || d.inBlock[i], d.inBlock[i]); ok && (h.exact || bullet != "" || !d.midParagraph(i)) {
		h.bullet, h.lines = bullet, 1
		return h, true
	}
	return d.bareHeading(i)
}

// strongHeading reads the forms that set a heading apart by marks.
func (d *document) strongHeading(i int) (heading, bool) {
	l := d.lines[i]
	h := heading{strong: true, lines: 1}
	if m := cells(l.text, markdownHead); m != nil && l.indent <= 1 {
		h.label = m[0]
	} else if d.underlined(i) {
		h.label, h.lines = l.text, 2
	} else if m := cells(l.text, boldHead); m != nil {
		h.label = m[0]
	} else if m := cells(l.text, bracketHead); m != nil {
		h.label, h.value = m[0], m[1]
		if _, ok := d.words.find(normalLabel(h.label)); !ok {
			return heading{}, false
		}
		h.strong = h.value == ""
	} else if m := cells(l.text, framedHead); m != nil {
		h.label = m[0]
	} else if m := cells(l.text, boldLabel); m != nil {
		h.label, h.value, h.strong = m[0], m[1], false
	} else if m := cells(l.text, starLabel); m != nil {
		h.label, h.value, h.strong = m[0], m[1], m[1] == ""
	} else if d.capitals(i) {
		h.label = l.text
	} else {
		return heading{}, false
	}
	d.resolve(&h)
	return h, true
}

// resolve finds where the heading leads.
func (d *document) resolve(h *heading) {
	label := normalLabel(h.label)
	if h.path, h.exact = d.words.exact(label); h.exact {
		return
	}
	if i := strings.IndexByte(label, '('); i > 0 { // "Steps (please be exact)"
		if path, ok := d.words.exact(strings.TrimSpace(label[:i])); ok {
			h.path, h.exact = path, true
			return
		}
	}
	if h.path, _ = d.words.find(label); h.path == "" {
		h.path, h.exact = d.words.corrected(label)
	}
}

func (d *document) underlined(i int) bool {
	l := d.lines[i]
	if i+1 >= len(d.lines) || len(l.text) > 90 || !underline.in(d.lines[i+1].text) || underline.in(l.text) {
		return false
	}
	return i == 0 || d.lines[i-1].text == ""
}

// capitals reports whether line i is a heading in capitals: alone in its line,
// after an empty one.
func (d *document) capitals(i int) bool {
	l := d.lines[i]
	if len(l.text) > 70 || (i > 0 && d.lines[i-1].text != "") || strings.ContainsAny(l.text, "=|<>;") {
		return false
	}
	letters := 0
	for _, r := range l.text {
		if unicode.IsLower(r) {
			return false
		}
		if unicode.IsUpper(r) {
			letters++
		}
	}
	if letters < 2 {
		return false
	}
	if before, after, ok := strings.Cut(l.text, ":"); ok && strings.TrimSpace(after) != "" && before != "" {
		return false
	}
	if _, known := d.words.find(normalLabel(l.text)); known {
		return true
	}
	return letters > 3 && i+1 < len(d.lines) && d.lines[i+1].text != "" && wordCount(l.text) < 9 && !strings.HasSuffix(l.text, "!")
}

// midParagraph reports whether line i goes on with the sentence above it.
func (d *document) midParagraph(i int) bool {
	return i > 0 && d.lines[i-1].text != "" && d.lines[i-1].zone == zoneBody && !upperStart(d.lines[i].text)
}

// labelled reads "label: value" in its many forms: of an item of a list, or of a
// row of a table of such, where a label need not be known.
func (d *document) labelled(text string, item, row bool) (heading, bool) {
	if h, ok := d.colon(text, item); ok {
		return h, true
	}
	if m := cells(text, tabLabel); m != nil {
		if path, ok := d.words.find(normalLabel(m[0])); ok {
			return heading{label: m[0], path: path, exact: true, value: m[1]}, true
		}
		if row && wordCount(m[0]) <= 5 {
			return heading{label: m[0], value: m[1]}, true
		}
	}
	if m := cells(text, parenLabel); m != nil && upperStart(m[0]) {
		if path, ok := d.words.find(normalLabel(m[0])); ok {
			return heading{label: m[0], path: path, exact: true, value: m[1]}, true
		}
	}
	if m := cells(text, codeLabel); m != nil {
		label := normalLabel(m[0])
		if short := core(label); short != "" { // "Its part number IG-7"
			label = short
		}
		if path, ok := d.words.exact(label); ok && (path == pathPart || path == pathVersions) {
			return heading{label: m[0], path: path, exact: true, value: m[1]}, true
		}
	}
	for _, form := range ruledLabels {
		m := cells(text, form)
		if m == nil {
			continue
		}
		label := normalLabel(m[0])
		if path, ok := d.words.exact(label); ok {
			return heading{label: m[0], path: path, exact: true, value: m[1]}, true
		}
	}
	if m := ruled(text); row && m != nil && wordCount(m[0]) <= 6 {
		path, ok := d.words.find(normalLabel(m[0]))
		return heading{label: m[0], path: path, exact: ok, value: m[1]}, true
	}
	if m := cells(text, runInLabel); m != nil && m[0] == strings.ToUpper(m[0]) {
		if path, ok := d.words.find(normalLabel(m[0])); ok {
			return heading{label: m[0], path: path, exact: true, value: m[1]}, true
		}
	}
	return d.question(text)
}

func (d *document) colon(text string, item bool) (heading, bool) {
	m := cells(text, colonLabel)
	if m == nil || strings.HasPrefix(m[1]+m[2], "//") {
		return heading{}, false
	}
	form := strings.HasSuffix(m[0], "?") && upperStart(m[0]) // forms ask "Is it public?:"
	if wordCount(m[0]) > 12 && !form {
		return heading{}, false
	}
	h := heading{label: m[0], value: strings.TrimSpace(m[1] + m[2])}
	d.resolve(&h)
	if h.path == "" && dayEntry.in(lowered(h.label)+":") {
		return heading{}, false // an entry of a timeline
	}
	words := wordCount(h.label)
	switch {
	case h.exact, form:
		return h, true
	case h.path == "":
		return h, item && words <= 6
	case h.value == "":
		return h, !tellsVersion.in(normalLabel(h.label))
	default:
		return h, words <= 7 && (item || upperStart(h.label))
	}
}

var (
	askedLine    = lower(`^(?:q\d{0,2}|question(?: \d{1,2})?|frage)\s*[:.)]\s*(\S.{2,120}?)\s*[?:]?$`)
	answeredLine = lower(`^(?:a\d{0,2}|answer(?: \d{1,2})?|antwort)\s*[:.)]\s+`)
)

// asked reads "Q: Which version?", whose answer stands in the next line.
func (d *document) asked(text string) (heading, bool) {
	m := cells(text, askedLine)
	if m == nil {
		return heading{}, false
	}
	h := heading{label: m[0], strong: true, lines: 1}
	d.resolve(&h)
	h.exact = h.path != ""
	return h, true
}

// question reads "Which version? 7.1".
func (d *document) question(text string) (heading, bool) {
	m := cells(text, askLabel)
	if m == nil {
		return heading{}, false
	}
	low := lowered(m[0])
	if !askStart.in(low) || wordCount(low) > 14 {
		return heading{}, false
	}
	h := heading{label: m[0], value: m[1]}
	d.resolve(&h)
	about := h.path == pathReporter || h.path == pathPublic || h.path == pathExploited
	if h.path == "" || (askNot.in(low) && !about && !strings.Contains(low, "did you")) {
		return heading{}, false
	}
	return h, true
}

// bareHeading reads a short line that stands alone above its text, with or
// without a number.
func (d *document) bareHeading(i int) (heading, bool) {
	l := d.lines[i]
	if i > 0 && d.lines[i-1].text != "" && !subNumber.in(l.low) {
		return heading{}, false
	}
	text := l.text
	numbered := cells(text, numberedLine)
	if numbered != nil {
		text = numbered[0]
	}
	if len(text) > 70 || wordCount(text) > 9 || (strings.ContainsAny(text[len(text)-1:], ".,;!?)") && !d.shortQuestion(i, text)) || strings.Contains(text, "\t") || !upperStart(text) {
		return heading{}, false
	}
	h := heading{label: text, strong: true, lines: 1}
	d.resolve(&h)
	if h.path == "" || (!h.exact && (!d.standsAlone(i, text) || versionIn.in(lowered(text)))) {
		return heading{}, false
	}
	return h, true
}

// versionIn is in the first line of a list of versions, and in no heading of one.
var versionIn = lower(`\b\d+\.\d+\.\w`)

// shortQuestion reports whether line i asks something in a few words and has the
// answer right below: "Under attack?"
func (d *document) shortQuestion(i int, text string) bool {
	if !strings.HasSuffix(text, "?") || wordCount(text) > 6 || askNot.in(lowered(text)) || i+2 >= len(d.lines) {
		return false
	}
	below := d.lines[i+1]
	if below.text == "" {
		below = d.lines[i+2]
	}
	return below.text != "" && below.zone == zoneBody && !strings.HasSuffix(below.text, "?")
}

// subNumber is the number of a heading below another one, such as 2.1.
var subNumber = lower(`^\d{1,2}\.\d{1,2}\.?\s+[a-z]`)

var clauseStart = lower(`^(i|we|my|our|this|it|there|please|dear|hello|hi|you|if|as|here|these|ich|wir|je|nous|il|ce)\b|\b(is|are|was|were|has|have|will|can|could)\b.*\b(the|a|an|not|in|by)\b`)

// standsAlone reports whether a short line is a heading rather than the first
// line of a paragraph.
func (d *document) standsAlone(i int, text string) bool {
	low := lowered(text)
	if clauseStart.in(low) && !askStart.in(low) {
		return false
	}
	for j := i + 1; j < len(d.lines); j++ {
		if next := d.lines[j].text; next != "" {
			return upperStart(next) || listMark.in(d.lines[j].low) || d.lines[j].indent > d.lines[i].indent || j > i+1
		}
	}
	return false
}

// cells is what the groups of p hold in s, which p sees in lower case.
func cells(s string, p pattern) []string {
	at := p.groupsAt(lowered(s))
	if at == nil {
		return nil
	}
	var out []string
	for g := 2; g+1 < len(at); g += 2 {
		if at[g] < 0 {
			out = append(out, "")
			continue
		}
		out = append(out, strings.TrimSpace(s[at[g]:at[g+1]]))
	}
	return out
}

// isList reports whether a line is an item of a list.
func (l line) isList() bool { return listMark.in(l.low) }
