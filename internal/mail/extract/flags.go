package extract

import (
	"slices"
	"strings"
	"unicode"

	"github.com/docket-psirt/docket/internal/psirt"
)

// The flags that Read sets. Each is a hint for a person, not a verdict.
const (
	flagMethod       = "prohibited-method-mentioned" // a method that the policy does not authorise seems to have been used
	flagPlanned      = "planned-publication"         // the reporter plans to publish
	flagDeadline     = "deadline-set"                // the reporter wants something by a date
	flagLanguage     = "not-in-english"
	flagActive       = "active-exploitation"
	flagUrgent       = "urgent"
	flagTLP          = "tlp-" // and the colour, FIRST TLP 2.0
	flagPseudonym    = "pseudonymous"
	flagBounty       = "bounty-demand" // details or silence for money
	flagReward       = "reward-mentioned"
	flagQuoted       = "quoted-previous-mail"
	flagAttachment   = "details-in-attachment"
	flagMultiple     = "multiple-issues"
	flagInsufficient = "description-insufficient"
	flagNotAccepted  = "product-not-accepted"
	flagThirdParty   = "third-party-product"
	flagDegraded     = "service-degraded"
	flagAdvertising  = "advertising"
	flagRTL          = "rtl-text"
	flagBidi         = "bidi-controls"
)

var (
	futurePublic = lower(`\b(?:talk|paper|presentation|abstract)s? submitted\b|^(?:talk|paper|presentation|article|abstract|blog post|write-?up|advisory)s? (?:is |was )?(?:submitted|accepted|scheduled|planned)\b|\b(?:article|paper|report|write-?up|post)\b[^.;]{0,40}\b(?:may|might|will) (?:be published|appear|follow)\b|\bwill be (?:on|in) (?:our|my|the) (?:web ?site|blog|web page|homepage)\b|\b(?:would like|wants?|plans?|intends?|hopes?|will)\b[^.;]{0,60}\b(?:newspaper|magazine|newsletter|podcast)\b|\b(?:will |to |and )?becomes? public\b|\b(?:will|plan to|planning to|intend to|going to|want to|would like to) (?:give|hold|deliver) (?:a|the|our|my) (?:\w+ ){0,2}(?:talk|presentation|lecture|keynote|workshop)\b|\b(?:we|i) (?:may|might) (?:also )?(?:write|publish|present|give|blog|talk)\b|\b(?:talk|paper|presentation|article|abstract|blog post|advisory|write-?up)\b[^.;]{0,60}\b(?:is|was|been|will)\b[^.;]{0,20}\b(?:scheduled|accepted|submitted|planned|appear|published)|\b(?:will|plan to|planning to|intend to|going to|want to|would like to|aim to) (?:also )?(?:publish|present|disclose|post|release|(?:talk|speak) about|go public|blog|write about)\b|\bgoes online on\b|\bscheduled for\b|\bsubmit (?:a|the|our) (?:paper|talk|abstract|article)\b|\b(?:i|we) (?:will |shall )?go public\b|\bplanned (?:public )?(?:publication|release|disclosure)\b|\bplanned (?:for|on) \w*\d|\bpublish(?:ed)? (?:it |this |our \w+ )?(?:on|in|after|within) \w|\bpublication (?:is )?(?:planned|scheduled|foreseen) (?:for|on|in)\b|\bveröffentlichen (?:wir|ich|werden)|\b(?:werden|werde) .{0,60}veröffentlichen|\b(?:prévoyons|prévois|allons|vais) .{0,30}publier` + futureMore)
	noPlan       = lower(`\b(?:no|not|never|nothing|nobody|without|ne|kein\w*|nicht|rien)\b|n['’]t\b|\b(?:do|does|did|is|was|have|has|wo|ca)nt\b`)
	deadlineTalk = lower(`\b(?:by|before|until|no later than|not later than|bis|avant) (?:the )?(?:end of |\w+day,? )?(?:\d{1,2}(?:st|nd|rd|th|\.)? [a-zé]+|(?:january|february|march|april|may|june|july|august|september|october|november|december)|\d{4}-\d\d-\d\d|next \w+|tomorrow|tonight|(?:mon|tues|wednes|thurs|fri|satur|sun)day)|\b(?:with)?in(?: the next)? (?:\d+|a|one|two|three|seven|ten|fourteen|thirty|forty-five|sixty|ninety) (?:business |working |calendar )?(?:hours?|days?|weeks?|months?)|\b\d+[- ]days?\b[^.;]{0,30}\b(?:deadline|policy|after|from|embargo|disclosure)|\bdeadline\b|\b(?:by|before|until|till) (?:the )?end of (?:this|the|next) (?:week|month|year)\b`)
	deadlineWish = lower(`\b(?:becomes? public|goes public|made public|repair(?:ed)?|answer|reply|respon\w+|need|needs|must|please|appreciate|publish\w*|disclos\w*|post|deadline|know|expect|hear|fix(?:ed)?|pay|policy|antwort\w*|réponse|répondre|embargo|go public|release)\b`)
	urgentTalk   = lower(`\burgent(?:ly)?\b|\bdringend\b|\basap\b|\bas soon as possible\b|\bemergency\b|\btrès urgent\b|\beilt\b`)
	tlpMark      = lower(`\btlp\s*[: ]\s*(red|amber\+strict|amber|green|clear|white)\b`)
	bountyTalk   = lower(`\b(?:want|demand|require|expect|ask for|need|send|transfer|until|before|unless|if)\b[^.;]{0,60}\b(?:payment|bounty|paid|pay|usd|eur|euros?|dollars|bitcoins?|btc|money|\$ ?\d+|compensat\w+)\b|\bpay me\b|\b(?:payment|bounty|money) (?:first|before|in advance|or)\b|\bhow much (?:do|will|would|can) you pay\b`)
	bountyAsk    = lower(`\b(?:before i|before we|until|unless|if there is no|if you do not|if you don['’]t|otherwise|or (?:i|we) (?:will|shall)|first|want a|demand|require|in exchange|in return)\b`)
	rewardTalk   = lower(`\b(?:bug[- ]?bount(?:y|ies)|bount(?:y|ies)|rewards?|reward (?:plan|programme|program)|swag|monetary|compensation|belohnung|prämie|récompense)\b`)
	multiTalk    = lower(`\b(?:two|three|four|five|six|several|multiple|both|different|a few|a couple of|2|3|4|5) (?:\w+ ){0,2}(?:findings|issues|vulnerabilities|weaknesses|bugs|problems|flaws|holes|vulns)\b|\bsecond (?:vulnerability|issue|finding|bug|weakness|flaw|vuln)\b|\b(?:vulnerability|issue|finding|bug) (?:#|no\.? ?|number )?2\b|\b(?:zwei|drei|mehrere) (?:\w+ )?(?:schwachstellen|lücken|fehler)\b|\b(?:deux|trois|plusieurs) (?:vulnérabilités|failles|problèmes)\b`)
	thirdParty   = lower(`\bthird[- ]party (?:component|product|plug-?in|library|module|software|package|extension|application|service|vendor|widget|theme|code)\b|\b(?:plug-?in|component|library|module|software|product|extension|package|theme) (?:is |was )?(?:made|developed|written|sold|provided|maintained) by (?:another|a different|an?other) (?:vendor|company)|\bnot (?:your|an? \w+) (?:own )?(?:product|software|code)\b|\b(?:upstream|open[- ]source) (?:project|component|library|package) (?:called|named)\b|\bdrittanbieter\b|\bcomposant tiers\b`)
	degraded     = lower(`\b(?:your|the|our|whole|entire) (?:\w+ ){0,2}(?:portal|site|website|web site|server|service|platform|application|app|api|shop|page|system)s? (?:(?:then|also|all|briefly|temporarily|even) )?(?:was|were|became|went|got|had become|had been|has been|stayed|seemed|felt|crashed|stopped|slowed|timed)(?: (?:then|very|quite|rather|also|briefly|temporarily|completely))* ?(?:slow\w*|down|unavailable|unresponsive|offline|unreachable|degraded|overloaded|out|responding|answering)?\b`)
	degradedWord = lower(`\b(?:slow(?:ed|er)?|down|unavailable|unresponsive|offline|unreachable|degraded|overloaded|timed out|stopped (?:responding|answering)|crashed)\b`)
	ownAct       = lower(`\b(?:i|we|my|our|me|us|ich|wir|je|nous|j['’])\b`)
	notDone      = lower(`\b(?:no|not|never|without|none|avoid\w*|nor|kein\w*|nicht|ohne|aucune?|pas|sans)\b|n['’]t\b|\b(?:do|does|did|is|was|have|has|wo|ca)nt\b`)
	couldBe      = lower(`\b(?:can|could|may|might|would|attackers?|allows?|leads? to|results? in|possible|able to|potential(?:ly)?|kann|könnte|peut|pourrait)\b`)
)

// afterDays is a deadline where publication is spoken of.
var afterDays = lower(`\bpolicy\b[^.;]{0,40}\bafter (?:\d+|seven|ten|fourteen|thirty|forty-five|sixty|ninety) (?:business |working |calendar )?(?:days|weeks|months)\b`)

// readFlags sets the flags that follow from the text and from what was read.
func (d *document) readFlags(r psirt.Reported, k kind, language string) []string {
	var flags []string
	add := func(flag string, on bool) {
		if on && !hasFlag(flags, flag) {
			flags = append(flags, flag)
		}
	}
	add(flagAdvertising, k == kindSpam)
	add(flagActive, r.Exploited == exploitedYes)
	add(flagUrgent, d.urgent())
	if colour := d.tlp(); colour != "" {
		add(flagTLP+strings.ReplaceAll(colour, "+", "-"), true) // a flag is a name
	}
	add(flagLanguage, r.Language != "" && r.Language != "en" && primaryTag(language) == "en")
	add(flagPseudonym, r.Reporter.Pseudonym != "" && r.Reporter.Name == "")
	add(flagQuoted, d.quoted())
	add(flagRTL, d.hasRune(rightToLeft))
	add(flagBidi, d.hasRune(bidiControl))
	if k == kindSpam {
		return flags
	}
	add(flagDeadline, d.anySaid(deadlineSet))
	if k == kindSupport {
		return flags
	}
	add(flagPlanned, d.anySaid(plannedPublication) || d.plansToPublish())
	demand := d.anySaid(bountyDemand)
	add(flagBounty, demand)
	add(flagReward, !demand && (rewardTalk.in(lowered(d.in.Subject)) || d.anySaid(func(s sentence) bool { return rewardTalk.in(s.low) })))
	add(flagMethod, d.methodUsed())
	add(flagMultiple, multiTalk.in(lowered(d.subject)) || d.anySaid(func(s sentence) bool { return multiTalk.in(s.low) && !notDone.in(s.low) }) || d.numberedIssues())
	add(flagThirdParty, d.anySaid(func(s sentence) bool { return thirdParty.in(s.low) && !notDone.in(s.low) }))
	add(flagDegraded, d.anySaid(serviceDegraded))
	add(flagNotAccepted, d.notAccepted(r))
	attached := d.detailsAttached()
	add(flagAttachment, attached)
	add(flagInsufficient, k == kindReport && !attached && d.insufficient(r))
	return flags
}

func primaryTag(language string) string {
	tag, _, _ := strings.Cut(lowered(language), "-")
	if tag == "" {
		return "en"
	}
	return tag
}

func hasFlag(flags []string, flag string) bool { return contains(flags, flag) }

func (d *document) anySaid(test func(sentence) bool) bool {
	for _, s := range d.said {
		if test(s) {
			return true
		}
	}
	return false
}

func deadlineSet(s sentence) bool {
	talk := deadlineTalk.in(s.low) || (s.path == pathPublic && afterDays.in(s.low))
	return s.path != pathSteps && talk && deadlineWish.in(s.low) && s.path != pathUnaffected && s.path != pathVersions
}

// noDetails leaves a plan a plan.
var noDetails = lower(`\bwithout (?:any |the |technical |further )*details?\b`)

func plannedPublication(s sentence) bool {
	at := futurePublic.at(s.low)
	if at == nil {
		return false
	}
	clause := max(0, at[0]-20, strings.LastIndexByte(s.low[:at[0]], ';'))
	return s.path != pathSteps && !noPlan.in(noDetails().ReplaceAllString(s.low[clause:at[1]], "")) && (!strings.Contains(s.low, "?") || strings.Contains(s.low[:at[1]], "would like")) && !publicNot.in(s.low)
}

func bountyDemand(s sentence) bool {
	return bountyTalk.in(s.low) && bountyAsk.in(s.low) && !strings.HasSuffix(s.low, "?")
}

func serviceDegraded(s sentence) bool {
	at := degraded.at(s.low)
	return at != nil && degradedWord.in(s.low[at[0]:]) && !couldBe.in(s.low[at[0]:]) && ownActOrAfter(s.low)
}

// ownActOrAfter keeps what the service does by itself apart from what the
// reporter says to have caused.
func ownActOrAfter(low string) bool {
	return ownAct.in(low) || strings.Contains(low, "during the test") || strings.Contains(low, "the scan")
}

// urgent looks at the subject and the beginning of the text.
func (d *document) urgent() bool {
	if urgentTalk.in(lowered(d.in.Subject)) {
		return true
	}
	for _, s := range d.said[:min(len(d.said), 8)] {
		if urgentTalk.in(s.low) && !notDone.in(s.low) {
			return true
		}
	}
	return false
}

// tlp is the colour of the Traffic Light Protocol that the mail bears.
func (d *document) tlp() string {
	if g := tlpMark.groups(lowered(d.in.Subject)); g != nil {
		return g[1]
	}
	for _, l := range d.lines {
		if l.zone == zoneQuote || !strings.Contains(l.low, "tlp") {
			continue
		}
		if g := tlpMark.groups(l.low); g != nil {
			return g[1]
		}
	}
	return ""
}

// quoted reports whether the mail repeats an older one.
func (d *document) quoted() bool {
	n := 0
	for _, l := range d.lines {
		if l.zone == zoneQuote && l.text != "" {
			n++
		}
	}
	return n >= 3
}

func rightToLeft(r rune) bool {
	return unicode.In(r, unicode.Hebrew, unicode.Arabic, unicode.Syriac, unicode.Thaana)
}

// bidiControl reports whether r is one of the characters that Unicode's
// property Bidi_Control lists (UAX #9).
func bidiControl(r rune) bool {
	return r == '\u061c' || r == '\u200e' || r == '\u200f' || (r >= '\u202a' && r <= '\u202e') || (r >= '\u2066' && r <= '\u2069')
}

func (d *document) hasRune(is func(rune) bool) bool {
	if strings.IndexFunc(d.in.Subject, is) >= 0 {
		return true
	}
	for _, l := range d.lines {
		if l.zone != zoneQuote && strings.IndexFunc(l.raw, is) >= 0 {
			return true
		}
	}
	return false
}

// methodUsed reports whether the reporter seems to have used a method that
// the programme does not authorise: a sentence in the first person, or about
// the finding, that names it and neither denies it nor speaks of what could be.
func (d *document) methodUsed() bool {
	var words []string
	for _, m := range d.form.Methods {
		if m = lowered(collapse(m)); m != "" {
			words = append(words, m)
		}
	}
	for _, s := range d.said {
		about := s.path == pathHow || s.path == pathDiscovery || ownAct.in(s.low)
		if !about || s.path == pathFix {
			continue
		}
		for _, word := range words {
			if i := wordIndex(s.low, word); i >= 0 && !notDone.in(s.low[:i]) && !couldBe.in(s.low[:i]) {
				return true
			}
		}
	}
	return false
}

// wordIndex finds a word, or the beginning of a longer one.
func wordIndex(s, word string) int {
	for from := 0; ; {
		i := strings.Index(s[from:], word)
		if i < 0 {
			return -1
		}
		i += from
		if i == 0 || !wordByte(s[i-1]) {
			return i
		}
		from = i + len(word)
	}
}

var numberedIssue = lower(`^(?:vulnerability|issue|finding|bug|weakness|problem|schwachstelle|vulnérabilité) (?:no\.? ?|number |#)?[2-9]\b`)

// numberedIssues reports whether headings count weaknesses.
func (d *document) numberedIssues() bool {
	for _, s := range d.sections {
		if numberedIssue.in(normalLabel(s.label)) {
			return true
		}
	}
	return false
}

// notAccepted reports whether the product is of a kind, or at a place, that
// the programme does not take reports for. Without a product and an address
// nothing is said.
func (d *document) notAccepted(r psirt.Reported) bool {
	if len(d.scope.Domains) > 0 && r.URL != "" && hostOf(r.URL) != "" && !d.inDomains(r.URL) {
		return true
	}
	named := slices.ContainsFunc(r.Products, func(p psirt.Product) bool { return p.Name != "" })
	if len(d.scope.Products) == 0 || !named {
		return false
	}
	about := lowered(r.Title)
	for _, p := range r.Products {
		about += "\n" + lowered(p.Name+" "+p.Type)
	}
	bare := !slices.ContainsFunc(r.Products, func(p psirt.Product) bool { return p.Name != modelIn(p.Name) })
	for _, s := range d.said {
		for _, p := range r.Products {
			if p.Name != "" && (bare || strings.Contains(s.low, lowered(p.Name))) && len(about) < 8000 {
				about += "\n" + s.low
			}
		}
	}
	for _, accepted := range d.scope.Products {
		accepted = strings.TrimSuffix(strings.TrimSuffix(lowered(collapse(accepted)), "s"), " product") // any product of that kind
		if accepted != "" && (wordIndex(about, accepted) >= 0 || abroad(about, accepted)) {
			return false
		}
	}
	return true
}
