package extract

import (
	"encoding/csv"
	"html"
	"strings"
)

// Reports also come in the markup of trackers, of documentation and of
// spreadsheets. Its marks are read as those that mails have.

var (
	wikiHead  = lower(`^h[1-6]\.\s+(\S.*)$`)
	wikiFence = lower(`^\{(?:code|noformat)(?::[^{}]{0,60})?\}$`)
	wikiQuote = lower(`^\{quote\}`)
	wikiItem  = lower(`^#+\s+(\S.*)$`)
	restField = lower(`^:([^:]{2,40}):\s+(\S.*)$`)
	restItem  = lower(`^#\.\s+(\S.*)$`)
	element   = lower(`^<([a-z][\w.-]{1,40})(?: [^<>]{0,200})?>(.*)</[a-z][\w.-]{1,40}>$`)
	opened    = lower(`^<([a-z][\w.-]{1,40})(?: [^<>]{0,200})?>$`)
	closed    = lower(`^</[a-z][\w.-]{1,40}>$`)
	csvRow    = lower(`^"(?:[^"]|"")*"(?:[,;]\s?"(?:[^"]|"")*")+$`)
)

// fewestMarks is how many lines with the same markup make a text of that kind.
const fewestMarks = 2

// unmark takes the markup off the lines: of Jira's and other wikis, of
// reStructuredText (field lists and counted items), of rows of CSV (RFC 4180)
// with every cell in quotation marks, and of XML whose elements are fields of a
// report.
func (d *document) unmark() {
	lines := d.lines
	heads, fields, rows, elements := 0, 0, 0, 0
	for _, l := range lines {
		switch {
		case d.fieldElement(l.text):
			elements++
		case wikiHead.in(l.low):
			heads++
		case restField.in(l.low):
			fields++
		case csvRow.in(l.low):
			rows++
		}
	}
	quoted := false
	for i := range lines {
		text := lines[i].text
		if heads >= fewestMarks {
			text, quoted = wikiLine(text, quoted)
		}
		if m := cells(text, restField); m != nil && fields >= fewestMarks {
			text = m[0] + ": " + m[1]
		}
		if m := cells(text, restItem); m != nil {
			text = "1. " + m[0]
		}
		if rows >= fewestLabels && csvRow.in(lowered(text)) {
			text = csvCells(text)
		}
		if elements >= fewestLabels {
			text = elementLine(text)
		}
		if text != lines[i].text {
			lines[i].text, lines[i].low = text, lowered(text)
		}
	}
}

// wikiLine is a line of Jira's markup as Markdown has it; quoted says that it
// stands in a quote that an earlier line began.
func wikiLine(text string, quoted bool) (string, bool) {
	if m := cells(text, wikiHead); m != nil {
		return "## " + m[0], false
	}
	if wikiFence.in(lowered(text)) {
		return "```", quoted
	}
	if m := cells(text, wikiItem); m != nil {
		return "1. " + m[0], quoted
	}
	mark := strings.Count(text, "{quote}")
	inside := quoted || wikiQuote.in(lowered(text))
	if mark%2 == 1 {
		quoted = !quoted
	}
	if inside && text != "" {
		return "> " + strings.ReplaceAll(text, "{quote}", ""), quoted
	}
	return text, quoted
}

// fieldElement reports whether a line is an element of XML whose name is that of
// a field.
func (d *document) fieldElement(text string) bool {
	m := cells(text, element)
	if m == nil {
		return false
	}
	_, known := d.words.exact(elementName(m[0]))
	return known
}

func elementName(name string) string {
	return normalLabel(strings.NewReplacer("-", " ", "_", " ", ".", " ").Replace(name))
}

// elementLine is a line of XML as "name: value".
func elementLine(text string) string {
	if m := cells(text, element); m != nil {
		return elementName(m[0]) + ": " + collapse(html.UnescapeString(m[1]))
	}
	if m := cells(text, opened); m != nil {
		return elementName(m[0]) + ":"
	}
	if closed.in(lowered(text)) || strings.HasPrefix(text, "<?xml") {
		return ""
	}
	return text
}

// csvCells is a row of CSV with tabs between its cells.
func csvCells(text string) string {
	r := csv.NewReader(strings.NewReader(text))
	if strings.Contains(text, `";"`) || strings.Contains(text, `"; "`) {
		r.Comma = ';'
	}
	r.TrimLeadingSpace = true
	row, err := r.Read()
	if err != nil {
		return text
	}
	for i := range row {
		row[i] = collapse(row[i])
	}
	return strings.Join(row, "\t")
}
