package extract

import "strings"

// maxClosing is how many lines a closing with name and address has at most.
const maxClosing = 12

// markClosing marks the end of the letter. Where it passes another one on, each
// has an end of its own, and only one of the two names the reporter.
func (d *document) markClosing() {
	letter, inner := zoneFooter, zoneClosing
	if d.between {
		letter, inner = zoneClosing, zoneFooter
	}
	if d.passed > 0 {
		d.markEnd(0, d.passed, letter)
	}
	d.markEnd(d.passed, len(d.lines), inner)
}

// endsLetter reports whether a line takes leave, in one language or in two.
func endsLetter(low string) bool {
	for _, part := range strings.SplitN(low, " / ", 3) {
		if !salutation.in(part) {
			return false
		}
	}
	return true
}

// markEnd marks the end of the letter in the lines between from and to: what
// follows the last salutation, or a last paragraph that begins with the sender's
// name.
func (d *document) markEnd(from, to int, mark zone) {
	seen := 0
	nameAt := -1
	for i := to - 1; i >= from && seen <= maxClosing; i-- {
		l := d.lines[i]
		if l.zone == zoneQuote && seen > 0 {
			break // an answer between quoted questions ends no letter
		}
		if l.zone != zoneBody || l.text == "" {
			continue
		}
		seen++
		if endsLetter(l.low) {
			d.closeFrom(i, to, mark)
			return
		}
		if d.nameLine(i) && seen <= 6 {
			nameAt = i
		}
	}
	if nameAt >= 0 {
		d.closeFrom(nameAt, to, mark)
	}
}

func (d *document) closeFrom(i, to int, mark zone) {
	for ; i < to; i++ {
		if d.lines[i].zone == zoneBody {
			d.lines[i].zone = mark
		}
	}
}

// titled reports whether the line above i, but for empty ones, is set apart as a
// heading, so that a name below it answers the heading and signs nothing.
func (d *document) titled(i int) bool {
	for i--; i >= 0 && d.lines[i].text == ""; i-- {
	}
	return i >= 0 && (markdownHead.in(d.lines[i].low) || boldHead.in(d.lines[i].low)) && d.moreHeadings(i)
}

// moreHeadings reports whether another such heading follows line i.
func (d *document) moreHeadings(i int) bool {
	for _, l := range d.lines[i+1:] {
		if l.zone == zoneBody && (markdownHead.in(l.low) || boldHead.in(l.low)) {
			return true
		}
	}
	return false
}

// nameLine reports whether line i begins a paragraph and holds the sender's
// name and nothing else, or another person's name above an address or office.
func (d *document) nameLine(i int) bool {
	l := d.lines[i]
	if i == 0 || d.lines[i-1].text != "" || len(l.text) > 80 || boldLabel.in(l.low) {
		return false
	}
	if callMe.in(l.text) || d.underlined(i) || d.titled(i) {
		return false
	}
	if m := cells(l.text, colonLabel); m != nil && m[1]+m[2] != "" {
		if _, field := d.words.find(normalLabel(m[0])); field { // "Finder: Ada Ruiz"
			return false
		}
	}
	label := normalLabel(l.text)
	if _, heads := d.words.exact(label); heads { // "Who I am"
		return false
	}
	if _, heads := d.words.find(label); heads && numberedLine.in(l.low) { // "VII. Improvement"
		return false
	}
	first, _, _ := strings.Cut(l.text, ",")
	if sharesWord(first, firstOf(d.original.Name, d.in.From.Name)) || strings.EqualFold(first, localPart(d.in.From.Addr)) {
		return wordCount(first) <= 4
	}
	return personName(first) && strings.ToUpper(first) != first && i+1 < len(d.lines) && d.lines[i+1].text != "" && len(d.lines[i+1].text) < 70
}
