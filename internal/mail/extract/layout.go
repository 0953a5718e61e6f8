package extract

import (
	"strings"
)

// fewestAsked is how many questions make a report that answers them.
const fewestAsked = 4

// askHeadings finds the headings of a report that is set out as questions, each
// alone in its line with its answer below, whatever their words are: several of
// them, and half of them known.
func (d *document) askHeadings() {
	var run []int
	known := 0
	for i, l := range d.lines {
		if l.zone != zoneBody || !strings.HasSuffix(l.text, "?") || i+1 >= len(d.lines) || (i > 0 && d.lines[i-1].text != "") {
			continue
		}
		below := d.lines[i+1]
		if wordCount(l.text) > 12 || below.text == "" || below.zone != zoneBody || strings.HasSuffix(below.text, "?") || underline.in(below.text) {
			continue
		}
		run = append(run, i)
		if _, ok := d.words.find(normalLabel(l.text)); ok {
			known++
		}
	}
	if len(run) < fewestAsked || 2*known < len(run) {
		return
	}
	for _, i := range run {
		d.counted[i] = true
	}
}

// fewestCounted is how many headings make a numbered report.
const fewestCounted = 4

// countHeadings finds the headings of a report whose sections are numbered from
// 1 on, so that a heading is known for one although its words are not: short
// lines, each with text below it, and half of them known.
func (d *document) countHeadings() {
	d.counted = map[int]bool{}
	var run []int
	known := 0
	for i, l := range d.lines {
		if l.zone != zoneBody || l.indent > 1 {
			continue
		}
		m := cells(l.text, numberedLine)
		number := leadingNumber(l.text)
		if m == nil || number != len(run)+1 || !d.mayCount(i, m[0]) {
			continue
		}
		run = append(run, i)
		if _, ok := d.words.find(normalLabel(m[0])); ok {
			known++
		}
	}
	if len(run) < fewestCounted || 2*known < len(run) {
		return
	}
	for _, i := range run {
		d.counted[i] = true
	}
}

// hangHeadings finds the headings of a report that is set out as short lines
// with indented text below each, whatever their words are: several of them in
// the same form, and a third of them known.
func (d *document) hangHeadings() {
	var run []int
	known := 0
	for i, l := range d.lines {
		if l.zone != zoneBody || l.text == "" || l.indent > 0 || i+1 >= len(d.lines) || (i > 0 && d.lines[i-1].text != "") {
			continue
		}
		below := d.lines[i+1]
		words := wordCount(l.text)
		if below.text == "" || below.indent < 2 || words > 7 || l.isList() || strings.ContainsAny(l.text[len(l.text)-1:], ".,;!") || strings.Contains(l.text, ": ") {
			continue
		}
		run = append(run, i)
		if _, ok := d.words.find(normalLabel(l.text)); ok {
			known++
		}
	}
	if len(run) < fewestCounted || 3*known < len(run) {
		return
	}
	for _, i := range run {
		d.counted[i] = true
	}
}

// mayCount reports whether the words behind the number of line i are short
// enough for a heading, and text stands below.
func (d *document) mayCount(i int, text string) bool {
	if len(text) > 70 || wordCount(text) > 9 || strings.ContainsAny(text[len(text)-1:], ".,;!") || strings.Contains(text, ": ") {
		return false
	}
	for _, l := range d.lines[i+1:] {
		if l.text != "" {
			return l.zone == zoneBody && (leadingNumber(l.text) == 0 || l.indent > 1)
		}
	}
	return false
}

// leadingNumber is the number that s begins with, of a letter as in "c)" its
// place in the alphabet, or 0.
func leadingNumber(s string) int {
	n := 0
	for i := 0; i < len(s) && i < 3 && s[i] >= '0' && s[i] <= '9'; i++ {
		n = 10*n + int(s[i]-'0')
	}
	for i, r := range []rune("一二三四五六七八九十") {
		if firstRune(s) == r {
			return i + 1
		}
	}
	if n == 0 && len(s) > 2 && (s[1] == ')' || s[1] == '.') && s[2] == ' ' && 'a' <= s[0]|0x20 && s[0]|0x20 <= 'h' {
		return int(s[0]|0x20-'a') + 1
	}
	return n
}
