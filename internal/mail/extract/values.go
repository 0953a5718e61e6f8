package extract

import (
	"strings"
	"unicode"
)

var (
	noValue     = lower(`^(?:none|n/?a|nil|no|nothing|nope|not (?:available|applicable|known|yet|provided|specified)|unknown|unspecified|tbd|tba|-+|—|–|/|\?+|keine[rs]?|nicht bekannt|unbekannt|entfällt|aucune?|néant|inconnue?s?|geen|onbekend|ninguna?|nessun[oa]?|desconocid[ao]|无|暂无|未知|なし|不明)(?:[,;:. ]+(?:so far|yet|sorry|known|available|thanks?|i know|at the moment|at this time|bekannt|connue?s?|bekend))*[.!]?$`)
	exploitWord = lower(`\bexploit`)
	byHow       = lower(`^(?:discovered|found|detected|noticed|identified|spotted|observed|seen) by(?: ?(?:/|or|and) ?how)?$`)
	testedWhen  = lower(`^(?:tested|checked|verified|confirmed|reproduced|test)(?: on| at)?$`)
	ofCatalogue = lower(`^[\d/.-]+,? (?:last )?(?:modified|updated|revised)\b`) // dates of an entry in somebody's list
	tale        = lower(`^(?:the |our |my )?story$`)
	gerund      = lower(`^(?:\w+ly )?[a-z]+ing\b`)
)

// thingLabel may ask for the product as well as for the weakness.
var thingLabel = lower(`^(?:what|which|which one|thing|item|object|subject|on|in)$`)

// pathByValue is where a label leads in view of what stands behind it: "Found
// by: reading the log" says how, "Exploit code: none" is no code, and a label
// with "n/a" behind it says nothing.
func pathByValue(h heading) string {
	low := lowered(h.value)
	switch h.path {
	case pathTitle:
		if thingLabel.in(normalLabel(h.label)) && readProduct(h.value).PartNumber != "" && wordCount(low) <= 9 {
			return pathName
		}
	case pathPublic:
		if ofCatalogue.in(low) {
			return pathOther
		}
		return h.path
	case pathExploited, pathKnown, pathCredit, pathUnaffected:
		return h.path
	case pathSourceIP:
		if normalLabel(h.label) == "from" && len(addresses(h.value)) == 0 {
			return pathOther
		}
	case pathDiscovery:
		if tale.in(normalLabel(h.label)) && h.value != "" && !actedOn.in(low) && !foundVerb.in(low) && !foundLead.in(low) {
			return pathDescription
		}
	case pathReporter:
		if byHow.in(normalLabel(h.label)) && (gerund.in(low) || unicode.IsLower(firstRune(h.value))) && !personName(h.value) && !isHandle(h.value) {
			return pathHow
		}
	case pathSteps:
		if exploitWord.in(lowered(h.label)) && wordCount(low) <= 8 && saysNo.in(low) {
			return pathKnown
		}
	}
	if h.path == pathOther && testedWhen.in(normalLabel(h.label)) && startsVersion.in(low) {
		return pathVersions
	}
	if h.path == pathOther && testedWhen.in(normalLabel(h.label)) && clockTime.in(low) && (isoDate.in(low) || dayMonth.in(low) || monthDay.in(low) || numDate.in(low)) {
		return pathObserved
	}
	if h.value != "" && noValue.in(low) {
		return pathOther
	}
	return h.path
}

// fromSender reports whether "From:" in the text has the sender behind it, as
// memos do.
func (d *document) fromSender(h heading) bool {
	first, _, _ := strings.Cut(h.value, ",")
	return normalLabel(h.label) == "from" && personName(first) && sharesWord(first, d.in.From.Name)
}

// byPerson reports whether "found by" has the name of somebody behind it, rather
// than the way.
func (d *document) byPerson(h heading) bool {
	if !byHow.in(normalLabel(h.label)) || wordCount(h.value) > 8 {
		return false
	}
	first, _, _ := strings.Cut(h.value, ",")
	return personName(cutParenthesis(first)) || sharesWord(first, d.in.From.Name) || strings.EqualFold(first, localPart(d.in.From.Addr))
}
