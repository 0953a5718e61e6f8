package extract

import (
	"net/mail"
	"strings"
	"time"
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
	forwardedMail  = lower(`forward|weitergeleitet|transféré|réexpédié|reenviado|inoltrato|doorgestuurd|encaminhad`)
	forwardSubject = lower(`^\s*(?:fwd?|wg|tr|doorst|rv|i)\s*:`)
	headerLine     = lower(`^\*?(from|von|de|van|sent|gesendet|envoyé|date|datum|to|an|à|aan|cc|sig|enc|reply-to|subject|betreff|objet|onderwerp)\s*:`)
	fromLine       = lower(`^\*?(from|von|de|van)\s*:\*?\s*\S`)
	disclaimer     = lower(`^(confidentiality notice|disclaimer\b|legal notice)|^(this|the information in this|the contents of this) (e-?mail|message|communication)\b.*(confidential|intended|privileged|does not bind|addressee)|^(this e-?mail|this message) (and any|contains|is confidential|does not)|^please (think|consider)( about)? (the environment )?before|^diese (e-?mail|nachricht) (enthält|ist vertraulich)|^ce (message|courriel|mail) (et|est|peut|contient)\b.*confidenti|^think before you print|^please consider the environment`)
	phoneFooter    = lower(`^(verzonden (?:vanaf|vanuit|via|met)|verstuurd (?:vanaf|vanuit|met)|enviado (?:desde|do|a partir)|inviato (?:da|dal)|skickat från|sendt fra|wysłane z|发自我的|sent using|sent from |sent from my|sent with|sent via|get outlook for|envoyé de(puis)? mon|von meinem .* gesendet|gesendet (mit|von)|diese nachricht wurde von meinem)\b`)
	salutation     = lower(`^(with |many |my |mit )?(kind(est)?|best|warm(est)?|friendly|freundliche[nr]?|herzliche|viele|beste|liebe|schöne)?\s*(regards|wishes|greetings|grüßen?|gruß|gruss|gruesse|gruessen|grüsse|cheers|thanks|thank you|sincerely|yours|yours sincerely|yours faithfully|sincerely yours|respectfully|all the best|take care|best|cordialement|bien cordialement|bien à vous|salutations|sincères salutations|merci|mfg|danke|vielen dank|mit freundlichen grüßen|freundliche grüße|br|rgds|brgds|kr|vg|lg|mvh|thx|tks|groeten|met vriendelijke groet(en)?|saludos|saluti)( again| in advance| and regards| & regards| truly| faithfully| im voraus| d'avance)?\s*[,.!]*$` + salutationMore)
)

// markZones says of every line what it is for.
func (d *document) markZones() {
	d.markQuotes()
	d.markSignature()
	d.markFooters()
	d.markClosing()
}

// forwardMark announces a forwarded mail that stands below with quote marks.
var forwardMark = lower(`^(?:begin forwarded message|début du message (?:transféré|réexpédié)|anfang der weitergeleiteten (?:nachricht|e-?mail)|inicio del mensaje reenviado|inizio messaggio inoltrato|begin doorgestuurd bericht|início da mensagem (?:encaminhada|reencaminhada))\s*:?$`)

// bareForward takes the quote marks away from a mail that is announced as
// forwarded, and from its header: it is read like one that has none.
func (d *document) bareForward() {
	at := 0
	for at < len(d.lines) && !forwardMark.in(d.lines[at].low) {
		at++
	}
	for j := at + 1; j < len(d.lines); j++ {
		l := &d.lines[j]
		if l.text == "" {
			continue
		}
		rest, ok := strings.CutPrefix(l.text, ">")
		if !ok {
			return
		}
		rest = strings.TrimPrefix(rest, " ")
		text := strings.TrimSpace(rest)
		*l = line{raw: rest, text: text, low: lowered(text), indent: len(rest) - len(strings.TrimLeft(rest, " \t"))}
	}
}

func (d *document) markQuotes() {
	d.bareForward()
	for i := range d.lines {
		l := &d.lines[i]
		switch {
		case strings.HasPrefix(l.text, ">") && !d.bound(i):
			l.zone = zoneQuote
			d.markAttribution(i)
		case d.barQuoted(i):
			l.zone = zoneQuote
			d.markAttribution(i)
		case originalMail.in(l.low), forwardMark.in(l.low), d.headerBlock(i):
			d.markOldMail(i)
			return
		}
	}
}

// barQuoted reports whether line i is of a mail that is quoted with bars: it has
// one in front, and who wrote it stands above.
func (d *document) barQuoted(i int) bool {
	bar := func(n int) bool { return strings.HasPrefix(strings.TrimSpace(d.lines[n].raw), "|") }
	if !bar(i) || i == 0 {
		return false
	}
	if bar(i - 1) {
		return d.lines[i-1].zone == zoneQuote
	}
	for i--; i > 0 && d.lines[i].text == ""; i-- {
	}
	return attribution.in(d.lines[i].low)
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
	forwarded := !d.in.Followup && !d.fromUs(i) &&
		(above < 5 || above < 40 && onward || above < coverWords && d.letterSays(i, passedOn))
	if forwarded {
		d.passed, d.between = i, d.letterSays(i, coordinates)
	}
	for j := i; j < len(d.lines); j++ {
		l := &d.lines[j]
		if forwarded {
			if j > i && l.text != "" && !headerLine.in(l.low) {
				break
			}
			d.noteSent(*l)
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

// fromUs reports whether the team itself wrote the mail whose header begins at
// line i: what was sent to the reporter is no report.
func (d *document) fromUs(i int) bool {
	for _, l := range d.lines[i:min(len(d.lines), i+8)] {
		if fromLine.in(l.low) && d.ours(address().FindString(l.low)) {
			return true
		}
	}
	return false
}

// letterSays reports whether a line of the letter above line i matches p.
func (d *document) letterSays(i int, p pattern) bool {
	for _, l := range d.lines[:i] {
		if l.zone == zoneBody && p.in(l.low) {
			return true
		}
	}
	return false
}

var sentLine = lower(`^\*?(?:date|sent|gesendet|datum|envoyé(?: le)?|verzonden|enviado|fecha|data|inviato)\s*:`)

// noteSent takes down the day on which a mail that was forwarded was sent:
// "yesterday" in it is the day before.
func (d *document) noteSent(l line) {
	if !sentLine.in(l.low) {
		return
	}
	if m, ok := firstMoment(l.text, l.low, d.in.Date); ok && m.known() && (d.in.Date.IsZero() || !m.day.After(d.in.Date)) {
		d.in.Date = m.day.Add(12 * time.Hour)
	}
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
			for j, end := i, d.reportBelow(i); j < end && d.lines[j].zone == zoneBody; j++ {
				d.lines[j].zone = zoneSignature
			}
			return
		}
	}
}

// reportBelow is the line at which a report begins below a signature, as in the
// mail of somebody whose program puts the signature above what was pasted: a
// paragraph with a label for a field that no signature has, and another such
// label below it. Without one it is the end of the mail.
func (d *document) reportBelow(from int) int {
	first, found := len(d.lines), 0
	for i := from + 1; i < len(d.lines) && found < 2; i++ {
		m := cells(clip(d.lines[i].text, 200), colonLabel)
		if m == nil || d.lines[i].zone != zoneBody {
			continue
		}
		switch path, _ := d.words.exact(normalLabel(m[0])); path {
		case pathName, pathProducts, pathVersions, pathDescription, pathSteps, pathFix, pathHow, pathWhen, pathExploited, pathPublic:
			if found++; found == 1 {
				first = i
			}
		}
	}
	if found < 2 {
		return len(d.lines)
	}
	for first > from+1 && d.lines[first-1].text != "" {
		first--
	}
	if first <= from+1 {
		return len(d.lines)
	}
	return first
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
