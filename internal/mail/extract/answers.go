package extract

import (
	"strings"

	"github.com/docket-psirt/docket/internal/psirt"
)

// questionAbove makes a section of an answer: in a reply, what stands below a
// quoted question answers it. Line i is the first below the quote. A quote with
// several questions says nothing about the lines below it.
func (d *document) questionAbove(i int) (section, bool) {
	if i >= len(d.lines) || d.lines[i].zone != zoneBody || d.lines[i-1].zone != zoneQuote {
		return section{}, false
	}
	from := i
	for from > 0 && i-from < 12 && d.lines[from-1].zone == zoneQuote && strings.HasPrefix(d.lines[from-1].text, ">") {
		from--
	}
	var quote []string
	for _, l := range d.lines[from:i] {
		quote = append(quote, strings.TrimLeft(l.text, "> "))
	}
	path := d.askedPath(collapse(strings.Join(quote, " ")))
	if path == "" {
		return section{}, false
	}
	return section{heading: heading{label: path, path: path, exact: true}, start: i - 1}, true
}

// askedPath is the path that a quoted text asks for: by a question of the
// programme, or by the words of the only question in it.
func (d *document) askedPath(quote string) string {
	low, path, found := lowered(quote), "", 0
	for _, a := range d.form.Asked {
		if q := lowered(collapse(a.Question)); q != "" && strings.Contains(low, q) {
			path, found = answerPath(a), found+1
		}
	}
	switch {
	case found == 1:
		return path
	case found > 1 || strings.Count(quote, "?") != 1:
		return ""
	}
	for _, s := range splitSentences(quote) {
		if strings.HasSuffix(s, "?") {
			path, _ = d.words.find(normalLabel(s))
		}
	}
	return path
}

// answerPath is where the answer to a question of the programme belongs.
func answerPath(a psirt.Asked) string {
	path := a.Token
	if len(a.Any) > 0 {
		path = a.Any[0]
	}
	if strings.HasPrefix(path, "attachments") {
		return ""
	}
	return path
}
