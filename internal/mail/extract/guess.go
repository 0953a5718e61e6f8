package extract

import (
	"strings"
	"unicode"
)

// fewestLabels is how many lines make a block of labels.
const fewestLabels = 4

// findBlocks finds blocks of lines that are "label: value" each, so that a
// label is known for one although its words are not. Half of them must be
// known, or the block may be anything: the header of a request, a listing.
func (d *document) findBlocks() {
	d.inBlock = map[int]bool{}
	var run []int
	known := 0
	end := func() {
		if len(run) >= fewestLabels && 2*known >= len(run) {
			for _, i := range run {
				d.inBlock[i] = true
			}
		}
		run, known = run[:0], 0
	}
	for i, l := range d.lines {
		m := cells(clip(l.text, 400), colonLabel)
		if row := cells(clip(l.text, 400), tabLabel); row != nil && !cellLink.in(row[0]) {
			m = append(row, "")
		}
		plain := m != nil && alignedColon.in(l.low)
		if m == nil && strings.Count(l.text, "\t") < 2 { // a table of more columns says something else
			m = ruled(clip(l.text, 400))
			plain = m != nil && sureMark.in(l.low)
		}
		switch {
		case l.zone != zoneBody, l.text == "":
			end()
		case m == nil || wordCount(m[0]) > 6 || (!upperStart(m[0]) && !plain) || m[1]+m[2] == "" || strings.HasPrefix(m[1], "//"):
			if l.indent == 0 { // what is indented goes on with the value above
				end()
			}
		default:
			run = append(run, i)
			if _, ok := d.words.find(normalLabel(m[0])); ok {
				known++
			}
		}
	}
	end()
}

// alignedColon stands below those of the lines around it.
var alignedColon = lower(`^\w+\s{2,}:\s`)

// sureMark is a mark between label and value that no sentence has.
var sureMark = lower(`[-=]>|>>|→|⇒|»|\.{4,}|\s=\s`)

// ruled is the label and the value of a line that sets them apart by a mark
// other than a colon, with an empty third part. Of several marks the first counts.
func ruled(text string) []string {
	text = text[len(listMark().FindString(lowered(text))):]
	var first []string
	for _, form := range ruledLabels {
		if m := cells(text, form); m != nil && (first == nil || len(m[0]) < len(first[0])) {
			first = append(m, "")
		}
	}
	return first
}

// cellLink begins an address, which is no label.
var cellLink = lower(`^https?://`)

var (
	fixVerb     = lower(`^(?:please |simply |just |always |never |do not |don['’]t )?(?:fuse|turn off|switch off|move|drop|replace|strip|return|resolve|clear|close|block|invalidate|regenerate|upgrade|update|ask|hide|encode|wipe|store|delete|use|check|verify|validate|escape|sanitise|sanitize|limit|sign|encrypt|remove|disable|add|require|enforce|restrict|bind|pin|rotate|reject|refuse|treat|zero|keep|store|generate|patch|switch|compare|ask for|look up|hash|authenticate|authorise|authorize|filter|whitelist|allow-?list|rate-?limit|lock)\b`)
	onlyAddress = lower(`^[\s,;/and]*(?:[0-9a-f]*[.:][0-9a-f.:]+[\s,;/]*(?:and |und |et |en )?)+(?:\([^)]{0,40}\))?[.]?$`)
	ownLabel    = lower(`^(?:from|source|came from|origin)$|\b(?:i|my|me|we|our|us|tester|testing|test|mine)\b`)
	actedOn     = lower(`^(?:while|whilst|during|by|when|in the course of|through|after|comparing|reading|testing|looking|reviewing|fuzzing|scanning|auditing|i (?:looked|was|noticed|found|saw)|we (?:looked|were|noticed|found|saw))\b`)
)

// guessPaths says where headings lead that nobody knows, by what stands below:
// an address, a moment, a person, something to be done. Only what no other
// heading has is guessed at.
func (d *document) guessPaths() {
	for i := range d.sections {
		s := &d.sections[i]
		if s.path != "" || !s.full || s.fence {
			continue
		}
		if path := d.guess(s); path != "" && len(d.at(path)) == 0 {
			s.path, s.exact = path, true
		}
	}
}

// productsBelow reports whether a heading that nobody knows has a product below
// it: a name, and right behind it a version.
func (d *document) productsBelow(s *section) bool {
	if len(d.at(pathName, pathProducts)) > 0 || s.list || !s.strong {
		return false
	}
	p := readProduct(firstSentence(d.first(s)))
	return nameLike(p.Name) && len(p.Name) > 3 && strings.IndexFunc(p.Name, unicode.IsLetter) >= 0 && wordCount(p.Name) <= 6 && len(p.Versions) > 0 && strings.Contains(p.Versions[0], ".") && !d.isPerson(lowered(p.Name))
}

func (d *document) guess(s *section) string {
	text := d.first(s)
	low := lowered(text)
	words := wordCount(text)
	if words == 0 || words > 40 || attackTalk.in(lowered(s.label)) {
		return ""
	}
	switch {
	case words <= 3 && webAddress.in(low) && strings.HasPrefix(low, "h"):
		return pathURL
	case words <= 6 && onlyAddress.in(low) && len(addresses(text)) > 0 && ownLabel.in(lowered(s.label)): // it may be an attacker's
		return pathSourceIP
	}
	m, dated := firstMoment(text, low, d.in.Date)
	if dated && m.known() && words <= 12 {
		if _, ok := clockIn(low, m); ok && d.asks(pathObserved) {
			return pathObserved
		}
	}
	switch {
	case words <= 30 && d.productsBelow(s):
		return pathProducts
	case words <= 30 && address.in(low) && personName(firstOf(splitParts(text)...)):
		return pathReporter
	case dated && actedOn.in(low) && len(splitSentences(text)) == 1:
		return pathDiscovery
	case fixVerb.in(low) && len(s.own) <= 6 && !s.list && !unicode.IsDigit(firstRune(text)):
		return pathFix
	}
	return ""
}
