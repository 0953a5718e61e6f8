package extract

import "strings"

// What a report shows of programs, of their output and of what they send to each
// other is evidence. The address in a log is nobody's to answer to, and the
// version in a comment is not one that the reporter calls affected.

var (
	fenceMark   = lower("^(?:```|~~~)")
	httpStart   = lower(`^(?:get|post|put|delete|patch|head|options|trace|connect|propfind) \S+ http/\d|^http/\d(?:\.\d)? \d{3}\b`)
	diffStart   = lower(`^(?:diff --git |index [0-9a-f]{7,}\.\.|@@ -\d|--- a?/|\+\+\+ b?/)`)
	codeLine    = lower(`;\s*(?:(?://|/\*|#).*)?$|\)\s*\{$|^(?:#include|//|/\*)|\*/$|^(?:def|class|import|from) [\w.]+(?: import\b.*|\(.*\))?:?$|^\w[\w.]*\s*=\s*\w[\w.]*\(.*\)$`)
	reportLabel = map[string]bool{pathDescription: true, pathSteps: true, pathFix: true, pathHow: true, pathDiscovery: true}
)

// fewestCode is how many lines of a program make a listing of one.
const fewestCode = 2

// markListings finds the listings. One that is itself the report, as somebody
// pastes who writes it in a form of data, is none.
func (d *document) markListings() {
	d.listing = map[int]bool{}
	all := 0
	for _, l := range d.lines {
		if l.zone == zoneBody {
			all += wordCount(l.text)
		}
	}
	for i := 0; i < len(d.lines); {
		from, to := i, d.listingEnd(i)
		if to == from {
			i++
			continue
		}
		if !d.tellsReport(from, to, all) {
			for n := from; n < to; n++ {
				d.listing[n] = true
			}
		}
		i = to
	}
}

// listingEnd is the line behind the listing that begins at line i, or i when
// none does.
func (d *document) listingEnd(i int) int {
	l := d.lines[i]
	if l.zone != zoneBody || l.text == "" {
		return i
	}
	if fenceMark.in(l.low) && (l.low[0] == '`' || i == 0 || d.lines[i-1].text == "") { // else it underlines
		for n := i + 1; n < len(d.lines); n++ {
			if fenceMark.in(d.lines[n].low) {
				return n + 1
			}
		}
		return i // never closed
	}
	if i > 0 && d.lines[i-1].text != "" && !httpStart.in(l.low) && !diffStart.in(l.low) {
		return i
	}
	end := i
	for end < len(d.lines) && d.lines[end].text != "" && d.lines[end].zone == zoneBody {
		end++
	}
	if httpStart.in(l.low) || diffStart.in(l.low) {
		return end
	}
	code := 0
	for _, l := range d.lines[i:end] {
		if codeLine.in(l.low) {
			code++
		}
	}
	if code >= fewestCode && 2*code >= end-i {
		return end
	}
	return i
}

// tellsReport reports whether the lines have labels of a report that say
// something, and hold more than half of all words of the body.
func (d *document) tellsReport(from, to, all int) bool {
	inside, labels := 0, 0
	for _, l := range d.lines[from:to] {
		inside += wordCount(l.text)
		label, value, ok := strings.Cut(l.text, ":")
		if !ok {
			label, value, ok = strings.Cut(l.text, "=")
		}
		path, known := d.words.exact(normalLabel(clip(label, 80)))
		if ok && known && reportLabel[path] && (wordCount(value) > 3 || value == "") {
			labels++
		}
	}
	return labels > 0 && 2*inside > all
}
