package extract

import (
	"strings"

	"github.com/docket-psirt/docket/internal/psirt"
)

// kind is what a mail seems to be. It decides only what is asked for.
type kind uint8

const (
	kindReport kind = iota
	kindFollowup
	kindSupport
	kindSpam
)

var (
	spamTalk = []pattern{
		lower(`\bdear (?:website owner|site owner|business owner|sir ?/? ?madam|sir or madam|friend|beneficiary|webmaster)\b`),
		lower(`\bguaranteed\b|\b100 ?% `),
		lower(`\bunsubscribe\b|\breply with "?remove"?|\bdo not want these (?:e-?)?mails\b|\bopt[- ]out\b`),
		lower(`\bsearch engines?\b|\bseo\b|\branking\b|\bback-?links\b|\bfirst page\b`),
		lower(`\bprice list\b|\bour packages\b|\bspecial offer\b|\bdiscount\b|\bonly \$ ?\d+|\bper month\b|\b% off\b|\blimited time\b`),
		lower(`\b(?:leading|digital|marketing) (?:digital |marketing |software )?(?:agency|company)\b|\bonline marketing\b|\blead generation\b`),
		lower(`\binvest(?:ment|or|ors)?\b|\bmillion (?:usd|dollars|euros?)\b|\breturns\b|\bloans?\b|\binheritance\b|\bfunds?\b`),
		lower(`\bbank (?:details|account)\b|\byour phone number\b|\bwire transfer\b|\bnext of kin\b`),
		lower(`\bfree (?:website |security |seo )*(?:audit|quote|consultation|trial)\b|\bbusiness proposal\b|\bclick here\b|\bkindly reply\b`),
		lower(`\bsocial media (?:posts|marketing)\b|\bweb design\b|\bmobile app development\b|\bcasino\b|\bcrypto investment\b|\blottery\b`),
	}
	helpTalk = []pattern{
		lower(`\bhow (?:do|can|could|should) (?:i|we)\b|\bwie kann (?:ich|man)\b|\bcomment (?:puis-je|peut-on|faire)\b`),
		lower(`\bwhere (?:can|do|could) (?:i|we)\b|\bwhere (?:i|we) can\b|\b(?:would like|want|need|wish|like) to know\b|\bi wonder(?:ed)? (?:if|whether|how)\b|\bwo (?:finde|kann) ich\b|\boù (?:puis-je|trouver)\b`),
		lower(`\bdownload\b|\bherunterladen\b|\btélécharger\b`),
		lower(`\blicen[cs]es?\b|\bwarranty\b|\binvoice\b|\border (?:number|\d)|\bprice\b|\bquote\b|\bspare parts?\b`),
		lower(`\bcan(?:not|['’]t| not) log ?(?:in|on)\b|\bunlock\b|\b(?:reset|change|forgot\w*|forgotten|lost) (?:my|our|the) (?:admin(?:istrator)? )?password\b|\baccount (?:is |was )?locked\b`),
		lower(`\bmanual\b|\bdocumentation\b|\bhandbuch\b|\buser guide\b`),
		lower(`\bis (?:that|this) known\b|\bis there (?:a|an|any)\b|\bis [\w -]{3,40} (?:available|supported)\b|\bdo you (?:offer|support|have)\b|\bwhich [\w ]{2,40} can\b`),
		lower(`\bcould you (?:please )?(?:send|tell|unlock|help|explain)\b|\bplease (?:help|advise|tell me how|unlock)\b`),
		lower(`\btechnical support\b|\bsupport (?:ticket|case|contract|team)\b|\bnewest\b[^.]{0,30}\b(?:firmware|image|version|driver|bios)\b`),
	}
	claims = lower(`\b(?:found|discovered|noticed|report(?:ing)?|believe|think|identified|signaler|melden|entdeckt|exploit\w*)\b[^.?]{0,80}\b(?:vulnerabilit(?:y|ies)|security (?:hole|issue|problem|bug|flaw|weakness)|weakness|bypass|injection|overflow|xss|csrf|idor|hole|flaw|backdoor|vulnérabilité|faille|schwachstelle|sicherheitslücke)\b`)
)

var lowHelp = lower(`\b(?:questions?|help|support|download|request|inquiry|enquiry|how to|frage|hilfe|aide|assistance)\b`)

// classify says what the mail seems to be. Only what is plainly no report is
// called something else: a report that is taken for one would not be asked
// for what it lacks.
func (d *document) classify() kind {
	switch {
	case d.in.Followup:
		return kindFollowup
	case len(d.at(pathSteps, pathDescription, pathExploited)) > 0, d.anySaid(func(s sentence) bool { return claims.in(s.low) }):
		return kindReport
	case d.hits(spamTalk) >= 3:
		return kindSpam
	case d.hits(helpTalk) >= 2 && d.questions() >= 2, d.hits(helpTalk) >= 3 && d.questions() >= 1 && lowHelp.in(lowered(d.subject)):
		return kindSupport
	}
	return kindReport
}

// hits is how many of the patterns the text has.
func (d *document) hits(patterns []pattern) int {
	n := 0
	for _, p := range patterns {
		if d.anySaid(func(s sentence) bool { return p.in(s.low) }) || p.in(lowered(d.in.Subject)) {
			n++
		}
	}
	return n
}

func (d *document) questions() int {
	n := 0
	for _, s := range d.said {
		n += strings.Count(s.text, "?")
	}
	return n
}

var technical = lower(`\b(?:overflow|injection|xss|csrf|ssrf|idor|rce|authenticat\w*|authori[sz]\w*|bypass\w*|token|cookie|parameter|endpoint|request|header|buffer|memory|pointer|heap|stack|payload|script|shell|privileges?|root|administrator|password|hash|nonce|key|certificate|signature|encrypt\w*|decrypt\w*|counter|packet|protocol|firmware|driver|api|sql|query|file|directory|path|upload|server|port|process|service|module|library|function|code|config\w*|validat\w*|sanitiz\w*|escap\w*|filter\w*|redirect\w*|session|login|log in|html|javascript|oracle|timing|side[- ]channel|leak\w*|crash\w*|kernel|command|chip|response|race|deseriali[sz]\w*|access control|permission\w*|paramètre|droits|répertoire|module|requête|berechtigung\w*|datei|verzeichnis|anfrage|protokoll|pin|schlüssel)\b`)

// minTechnical is how many technical words a text without product, steps and
// address needs to count as a description.
const minTechnical = 4

// longText is the number of words from which on half of them are enough.
const longText = 120

// insufficient reports whether nothing in the mail describes a weakness
// technically: no steps, no address, no version, no description under a
// heading of its own, and few technical words.
func (d *document) insufficient(r psirt.Reported) bool {
	if r.Steps != "" || r.URL != "" || r.Exploited == exploitedYes || wordCount(clip(d.value(pathDescription, pathTitle), 400)) >= 12 {
		return false
	}
	for _, p := range r.Products {
		if len(p.Versions) > 0 && p.Name != "" && wordCount(clip(r.Description, 2000)) > 40 {
			return false
		}
	}
	words, all := map[string]bool{}, 0
	for _, s := range d.said {
		all += wordCount(s.text)
		for _, w := range technical().FindAllString(s.low, 20) {
			words[w] = true
		}
	}
	return len(words) < minTechnical && (all < longText || len(words) < 2)
}

// detailsAttached reports whether a short text leaves the details to an
// attachment.
func (d *document) detailsAttached() bool {
	if len(d.in.Attachments) == 0 || len(d.at(pathDescription)) > 0 {
		return false
	}
	words := 0
	for _, s := range d.said {
		words += wordCount(s.text)
	}
	return words < 150 && d.anySaid(func(s sentence) bool { return attachTalk.in(s.low) && attachDetail.in(s.low) })
}
