package extract

import (
	"net/mail"
	"strings"
	"unicode/utf8"
)

// zone says what a line of a mail is for.
type zone uint8

const (
	zoneBody      zone = iota // what the reporter says
	zoneClosing               // from "Kind regards" to the end of the name and address below it
	zoneSignature             // below "-- " (RFC 3676 section 4.3)
	zoneFooter                // disclaimers, "sent from my phone"
	zoneQuote                 // mail from before
)

// line is one line of the mail.
type line struct {
	raw    string // as it came, without its line end
	text   string // without white space and marks of emphasis around it
	low    string // text in lower case
	indent int    // columns of white space before it
	zone   zone
}

// readLimit is how many bytes of a text fields are read from; what follows is
// kept in the description. No report is that long, pasted logs are.
const readLimit = 128 << 10

// splitLines makes the lines of the part of text that is read, and returns
// what follows it.
func splitLines(text string) (lines []line, rest string) {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	if len(text) > readLimit {
		cut := strings.LastIndexByte(text[:readLimit], '\n') + 1
		if cut == 0 {
			for cut = readLimit; cut > 0 && !utf8.RuneStart(text[cut]); cut-- {
			}
		}
		text, rest = text[:cut], text[cut:]
	}
	raws := strings.Split(text, "\n")
	lines = make([]line, len(raws))
	for i, raw := range raws {
		trimmed := strings.TrimSpace(raw)
		if cells, ok := barred(trimmed); ok {
			trimmed = cells
		}
		lines[i] = line{raw: raw, text: trimmed, low: lowered(trimmed)}
		lines[i].indent = len(raw) - len(strings.TrimLeft(raw, " \t\u00a0"))
	}
	return lines, rest
}

var gridRule = lower(`^\+(?:[-=]+\+)+$`)

// barred is a row of a table that is drawn with bars, with tabs between its
// cells as tables of HTML have them. The rule between rows, of plus and minus
// signs, is an empty line.
func barred(s string) (string, bool) {
	if gridRule.in(s) {
		return "", true
	}
	if len(s) < 3 || strings.HasPrefix(s, "||") || (s[0] != '|' && !strings.HasPrefix(s, "│")) {
		return "", false
	}
	s = strings.Trim(strings.ReplaceAll(s, "│", "|"), "| ")
	row := strings.Split(s, "|")
	for i := range row {
		row[i] = strings.TrimSpace(row[i])
	}
	return strings.Join(row, "\t"), true
}

var (
	attribution    = lower(`(wrote|writes|schrieb|a écrit|escribió|ha scritto|schreef)\s*:?\s*$`)
	originalMail   = lower(`^[-_ ]{2,}\s*(original message|original appointment|forwarded message|begin forwarded message|ursprüngliche nachricht|weitergeleitete nachricht|message d['’]origine|message transféré|oorspronkelijk bericht)\s*[-_ ]*$`)
	forwardedMail  = lower(`forward|weitergeleitet|transféré`)
	forwardSubject = lower(`^\s*(?:fwd?|wg|tr|doorst|rv|i)\s*:`)
	headerLine     = lower(`^\*?(from|von|de|van|sent|gesendet|envoyé|date|datum|to|an|à|aan|cc|sig|enc|reply-to|subject|betreff|objet|onderwerp)\s*:`)
	fromLine       = lower(`^\*?(from|von|de|van)\s*:\*?\s*\S`)
	disclaimer     = lower(`^(confidentiality notice|disclaimer\b|legal notice)|^(this|the information in this|the contents of this) (e-?mail|message|communication)\b.*(confidential|intended|privileged|does not bind|addressee)|^(this e-?mail|this message) (and any|contains|is confidential|does not)|^please (think|consider)( about)? (the environment )?before|^diese (e-?mail|nachricht) (enthält|ist vertraulich)|^ce (message|courriel|mail) (et|est|peut|contient)\b.*confidenti|^think before you print|^please consider the environment`)
	phoneFooter    = lower(`^(verzonden (?:vanaf|vanuit|via|met)|verstuurd (?:vanaf|vanuit|met)|enviado (?:desde|do|a partir)|inviato (?:da|dal)|skickat från|sendt fra|wysłane z|发自我的|sent using|sent from |sent from my|sent with|sent via|get outlook for|envoyé de(puis)? mon|von meinem .* gesendet|gesendet (mit|von)|diese nachricht wurde von meinem)\b`)
	salutation     = lower(`^(with |many |my |mit )?(kind(est)?|best|warm(est)?|friendly|freundliche[nr]?|herzliche|viele|beste|liebe|schöne)?\s*(regards|wishes|greetings|grüßen?|gruß|gruss|grüsse|cheers|thanks|thank you|sincerely|yours|yours sincerely|yours faithfully|sincerely yours|respectfully|all the best|take care|best|cordialement|bien cordialement|bien à vous|salutations|sincères salutations|merci|mfg|danke|vielen dank|mit freundlichen grüßen|freundliche grüße|br|rgds|brgds|kr|vg|lg|mvh|thx|tks|groeten|met vriendelijke groet(en)?|saludos|saluti)( again| in advance| and regards| & regards| truly| faithfully| im voraus| d'avance)?\s*[,.!]*$` + salutationMore)
)

// maxClosing is how many lines a closing with name and address has at most.
const maxClosing = 12

// markZones says of every line what it is for.
func (d *document) markZones() {
	d.markQuotes()
	d.markSignature()
	d.markFooters()
	d.markClosing()
}

func (d *document) markQuotes() {
	for i := range d.lines {
		l := &d.lines[i]
		switch {
		case strings.HasPrefix(l.text, ">") && !d.bound(i):
			l.zone = zoneQuote
			d.markAttribution(i)
		case originalMail.in(l.low), d.headerBlock(i):
			d.markOldMail(i)
			return
		}
	}
}

var lowerBound = lower(`^>(?:=\s*v?\d|\s?v?\d+\.\d+[\w.]*\s*(?:$|[,;<&]|and\b))`)

// bound reports whether line i begins with the lower bound of versions, as in
// ">= 3.0, < 3.4", rather than with the mark of a quote.
func (d *document) bound(i int) bool {
	if !lowerBound.in(d.lines[i].low) {
		return false
	}
	quoted := func(j int) bool {
		return j >= 0 && j < len(d.lines) && strings.HasPrefix(d.lines[j].text, ">") && !lowerBound.in(d.lines[j].low)
	}
	return !quoted(i-1) && !quoted(i+1)
}

// markAttribution marks the one or two lines above a quote that say whose it is.
func (d *document) markAttribution(quote int) {
	i := quote - 1
	for i >= 0 && d.lines[i].text == "" {
		i--
	}
	if i < 0 || d.lines[i].zone != zoneBody || !attribution.in(d.lines[i].low) {
		return
	}
	d.lines[i].zone = zoneQuote
	if i > 0 && d.lines[i-1].text != "" && attributionStart.in(d.lines[i-1].low) {
		d.lines[i-1].zone = zoneQuote
	}
}

var attributionStart = lower(`^(on|am|le|el|il|op) .*\d`)

// headerBlock reports whether the header of an older mail begins at line i,
// as Outlook writes it.
func (d *document) headerBlock(i int) bool {
	if !fromLine.in(d.lines[i].low) || i+2 >= len(d.lines) {
		return false
	}
	return headerLine.in(d.lines[i+1].low) && headerLine.in(d.lines[i+2].low)
}

// markOldMail marks the mail below line i as quoted. A forwarded mail that
// stands almost alone is what its sender wants to report, so it is read.
func (d *document) markOldMail(i int) {
	above := 0
	for _, l := range d.lines[:i] {
		if l.zone == zoneBody {
			above += wordCount(l.text)
		}
	}
	onward := forwardedMail.in(d.lines[i].low) || forwardSubject.in(lowered(d.in.Subject))
	forwarded := !d.in.Followup && (above < 5 || above < coverWords && (onward || d.letterSays(i, passedOn)))
	if forwarded {
		d.passed, d.between = i, d.letterSays(i, coordinates)
	}
	for j := i; j < len(d.lines); j++ {
		l := &d.lines[j]
		if forwarded {
			if j > i && l.text != "" && !headerLine.in(l.low) {
				break
			}
			if !d.between {
				d.noteForwarded(l.text)
			}
			l.zone = zoneFooter
			continue
		}
		l.zone = zoneQuote
	}
}

// passedOn is what somebody says who passes on what another one reports.
var passedOn = lower(`\b(?:forward(?:ed|ing)?|pass(?:ed|ing)? (?:it|this|them|the \w+)? ?on|relay(?:ed|ing)?)\b|\b(?:report|mail|message|e-?mail|text|findings?|details)\b[^.;]{0,30}\b(?:below|received from|sent (?:to )?us)\b|\b(?:below|find below|below is)\b[^.;]{0,30}\b(?:report|mail|message|text|what)\b|\b(?:untenstehend\w*|weitergeleitet\w*|leiten? .{0,40}weiter|ci-dessous|transmet\w*|reenv\w+|inoltr\w+|doorgestuurd\w*)\b`)

// coordinates is what somebody says who stays between the team and the one who
// found the weakness.
var coordinates = lower(`\b(?:answer|reply|respond|write|answers?|replies|responses?)\b[^.;]{0,40}\b(?:to )?(?:this (?:address|mail|message)|us|me)\b|\bcoordinat\w+\b|\bour (?:case|ticket|tracking|reference)\b|\bkeep us (?:informed|posted|updated|in (?:copy|the loop))\b`)

// letterSays reports whether a line of the letter above line i matches p.
func (d *document) letterSays(i int, p pattern) bool {
	for _, l := range d.lines[:i] {
		if l.zone == zoneBody && p.in(l.low) {
			return true
		}
	}
	return false
}

// noteForwarded takes down who wrote a mail that was forwarded.
func (d *document) noteForwarded(text string) {
	if !fromLine.in(lowered(text)) {
		return
	}
	_, from, _ := strings.Cut(text, ":")
	from = strings.Trim(from, "* ")
	if addr, err := mail.ParseAddress(from); err == nil {
		d.original = *addr
	} else if personName(from) { // some mail programs leave the address out
		d.original.Name = from
	}
}

func (d *document) markSignature() {
	for i := len(d.lines) - 1; i >= 0; i-- {
		l := d.lines[i]
		if l.zone == zoneBody && l.indent == 0 && (strings.TrimRight(l.raw, " ") == "--") {
			for j := i; j < len(d.lines) && d.lines[j].zone == zoneBody; j++ {
				d.lines[j].zone = zoneSignature
			}
			return
		}
	}
}

// markFooters marks paragraphs that mail systems add, and what follows a rule
// of underscores when that is such a paragraph.
func (d *document) markFooters() {
	inFooter := false
	for i := range d.lines {
		l := &d.lines[i]
		if l.text == "" {
			inFooter = false
			continue
		}
		inFooter = inFooter || disclaimer.in(l.low) || phoneFooter.in(l.low)
		if inFooter && l.zone != zoneQuote {
			l.zone = zoneFooter
		}
	}
}

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
		if salutation.in(l.low) {
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
	if d.underlined(i) || d.titled(i) {
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
