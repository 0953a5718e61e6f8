package extract

import (
	"regexp"
	"strings"
	"sync"
	"time"
)

// One version as reporters write it: digits with dots, letters and hyphens.
const versionToken = `(?:v|(?:[a-z]{1,3}\d+(?:\.\d+)*\.)?)\d[0-9a-z]*(?:[._+-][0-9a-z*]+)*(?: (?:(?:beta|alpha|rc)(?: ?\d{1,2})?|(?:with )?(?:sp|service pack|patch|hotfix|update) ?\d{1,2})\b)?`

const versionWords = `(?:versions?|ver\.?|firmware(?: versions?| revs?\.?)?|releases?|builds?|revisions?|rev\.?|software(?: versions?)?|applet versions?|version du logiciel|versionen|bootloader|bios|bmc|image|agent|client|app|sdk|micrologiciel|logiciel|versione|versión|versão|versie)`

var (
	versionForm = lower(`(?:\b(all (?:versions |releases |builds )?)?(?:up to and including|up to|before|prior to|older than|earlier than|lower than|newer than|later than|below|through|until|bis einschließlich|bis|vor|ab|seit|jusqu['’]à|jusqu['’]en|avant(?: la)?|à partir de(?: la)?|since|starting with)|[<>≤≥]=?)\s*` +
		`(?:` + versionWords + ` )?(` + versionToken + `)(?: (?:and|or) (?:later|newer|above|earlier|older|below))?(?: onwards?)?` +
		`|\b(?:between )?(` + versionToken + `)\s*(?:to|through|thru|until|(?:and )?up to(?: and including)?|and before|before|and prior to|prior to|bis|à|-|–|—|\.\.\.?)\s*(?:v|version )?(` + versionToken + `)` +
		`|\bbetween (` + versionToken + `)\s*(?:and|und|et)\s*(` + versionToken + `)` +
		`|\b(` + versionToken + `)(?:\s*(?:\+|(?:and|or|und|et|ou)\s+(?:all )?(?:earlier|older|below|prior|previous|lower|newer|later|above|higher|früher|älter|neuer|antérieures?|ultérieures?|plus anciennes?|plus récentes?)(?: versions?| releases?)?))?`)
	versionBefore = lower(`\b` + versionWords + `\s*[:#=]?\s*(?:is |are |was |number )?$`)
	versionJoin   = lower(`^[\s,;/]*(?:and|und|et|or|oder|ou|as well as|&)?[\s]*(?:` + versionWords + `\s*)?$`)
	buildNumber   = lower(`\d,? \(?(?:build|rev\.?|revision|release)\s*[:#]?\s*$`)
	seenOn        = lower(`\b(?:same|seen|tested|reproduced?|confirmed|verified|affects?|affected|vulnerable|running|run|runs|using|works?)\b[^.;]{0,25}\b(?:on|with|in|for|is|are)\s+$`)
	foreignBefore = lower(`\b(?:tls|ssl|cvss|http|https|python|java|openssl|openssh|firefox|chrome|chromium|safari|edge|windows|windows server|android|ios|ipados|macos|os x|linux|kernel|debian|ubuntu|fedora|rhel|centos|burp|burp suite|php|node|nodejs|curl|nmap|gpg|gnupg|wireshark|tpm|usb|bluetooth|cwe|cve|owasp|rfc|iso|fips|top|port|page|chapter|section|step|table|figure|vmware|docker|kubernetes|qemu|ghidra|ida|metasploit|go|rust|gcc|clang|snmp|ipmi|smb|oauth|saml|ipv|unit|units)\s*(?:` + versionWords + `\s*)?v?$`)
	negated       = lower(`^(?:but )?not (?:in|on|with|for)\b|(?:\b(?:not|never|no longer|cannot|unaffected|nicht|pas|ne)|n['’]t) ?\w* ?(?:affected|vulnerable|impacted|seen|see|reproduc\w*|concerné\w*|betroffen\w*|show|work|behave|have)\b|\bnot (?:seen|observed|reproduced)\b|\bunaffected\b|\bdoes ?n[o'’]t\b[^,;]*$|\bdoes not[.,]?$|\bare not[.,]?$|\bis not[.,]?$|\bfixed in\b|\bpatched in\b|\bsolved in\b|\bcorrected in\b|\bis (?:safe|fine|ok|okay)\b|\b(?:rejects|refuses|resists|resisted|immune)\b|\bno longer\b|\bnicht betroffen\b|\bbehoben in\b|\bcorrigée? dans\b|\bnot tested\b|\bwill (?:change|fix|correct|solve|no longer)\b` + negatedMore)
	clauseCut     = lower(`;|, (?:but|while|whereas|aber|mais|however)\b| (?:but|whereas|aber|mais) |\. |\.\s*$`)
	unitAfter     = lower(`^\s?(?:%|ms|s|sec|seconds?|minutes?|hours?|days?|weeks?|years?|kb|mb|gb|kib|mib|bytes?|bits?|times|requests|users?|servers?|cards?|logins?|€|\$|usd|eur|mm|cm|volts?|v\b|hz|mhz|ghz)\b`)
)

var (
	upperBound     = lower(`^(?:<|≤|before|prior to|up to|below|bis|vor|jusqu|avant|older than|earlier than|lower than)`)
	lowerBoundOnly = lower(`^(?:>|≥|since |from |starting with |ab |seit |à partir |newer than |later than )[^,]*$|\bonwards?$|\+$|(?:and|or) (?:later|newer|above)$`)
	boundJoin      = lower(`^\s*(?:,|and|&|&&|\|)?\s*(?:and )?$`)
)

// readVersions lists the versions that s says are affected, as written. In a
// field of versions (loose) every number is one; in prose only what stands
// behind a word for versions, behind name, or on from such a one.
func readVersions(s, name string, loose bool) []string {
	var found []string
	for _, clause := range clauses(withoutDenials(s)) {
		low := lowered(clause)
		if negated.in(low) {
			continue
		}
		found = append(found, clauseVersions(clause, low, lowered(name), loose)...)
	}
	return dropEnds(found)
}

// clauses cuts a sentence where one half may deny what the other says.
func clauses(s string) []string {
	var out []string
	low := lowered(s)
	from := 0
	for _, at := range clauseCut().FindAllStringIndex(low, -1) {
		out = append(out, s[from:at[0]])
		from = at[1]
	}
	return append(out, s[from:])
}

// noteForm is a note in parentheses, of either width.
var noteForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\([^()]{1,80}\)|（[^（）]{1,80}）`) })

// withoutDenials leaves out notes in parentheses that say what is not affected:
// "8.1 (8.0 is not affected)".
func withoutDenials(s string) string {
	return noteForm().ReplaceAllStringFunc(s, func(note string) string {
		var kept []string
		for _, clause := range clauses(strings.Trim(note, "()（）")) {
			if !negated.in(lowered(clause)) {
				kept = append(kept, clause)
			}
		}
		if len(kept) == 0 {
			return " "
		}
		return "(" + strings.Join(kept, "; ") + ")"
	})
}

func clauseVersions(s, low, name string, loose bool) []string {
	var found []string
	end := -1 // of the version before
	for _, at := range versionForm().FindAllStringSubmatchIndex(low, 200) {
		text := strings.TrimRight(s[at[0]:at[1]], ".-_ ")
		before := low[:at[0]]
		from := at[0]
		token := firstGroup(low, at)
		switch {
		case !plausible(token, low[at[1]:], before):
			continue
		case end >= 0 && !strings.Contains(token, ".") && buildNumber.in(tail(before)):
			continue // of the version before it
		case loose, versionBefore.in(tail(before)), versionOf.in(tail(before)):
		case name != "" && strings.HasSuffix(strings.TrimRight(before, " ,(v"), name):
		case end >= 0 && versionJoin.in(low[end:from]):
		case strings.Contains(token, ".") && (at[6] >= 0 || seenOn.in(tail(before)) || alsoHas.in(clip(low[at[1]:], 120))):
		case at[4] >= 0 && strings.Contains(token, ".") && (at[2] >= 0 || strings.Contains(text, "version")):
		default:
			continue
		}
		if end >= 0 && upperBound.in(low[from:]) && boundJoin.in(low[end:from]) && lowerBoundOnly.in(lowered(found[len(found)-1])) {
			found[len(found)-1] += s[end:from] + text // both ends of one range
			end = at[1]
			continue
		}
		end = at[1]
		found = append(found, versionText(text))
	}
	return found
}

// firstGroup is the first version that a match of versionForm holds.
func firstGroup(low string, at []int) string {
	for g := 4; g+1 < len(at); g += 2 {
		if at[g] >= 0 {
			return low[at[g]:at[g+1]]
		}
	}
	return ""
}

func tail(s string) string {
	if len(s) > 80 {
		return s[len(s)-80:]
	}
	return s
}

// notBefore stands before a version that is not affected, in a list of those
// that are: "2.1 and 2.2, not 2.3".
var notBefore = lower(`\b(?:not|nicht|pas|niet|no)(?: (?:in|on|with|for|bei|mit|dans|avec))?(?: the)?(?: versions?)? $`)

// otherToken begins with the name of a protocol or program.
var otherToken = lower(`^(?:tls|ssl|ip|md|sha|usb|pci|tpm|php|ios|ie|win|jdk|jre|utf|c|fig|ch|sec)\d`)

// plausible leaves out numbers that are no versions: dates, quantities,
// addresses, and versions of what the reporter worked with.
func plausible(token, after, before string) bool {
	if isoDate.in(token) || otherToken.in(token) || notBefore.in(tail(before)) || unitAfter.in(after) || foreignBefore.in(tail(before)) || strings.Count(token, ".") > 4 {
		return false
	}
	if strings.Count(token, ".") == 3 && ipTalk.in(before[max(0, len(before)-24):]) {
		return false
	}
	if m, ok := readNumbers(token, time.Time{}); ok && m.end-m.start == len(token) {
		return false
	}
	if r := before; r != "" && (strings.HasSuffix(r, ":") && strings.HasPrefix(after, ":")) {
		return false
	}
	return !strings.HasSuffix(before, "@") && !strings.HasSuffix(before, "/") && !strings.HasSuffix(before, "-")
}

// versionText leaves the words for "version" at the beginning away.
func versionText(text string) string {
	low := lowered(text)
	for _, word := range [...]string{"versions ", "version ", "between "} {
		if strings.HasPrefix(low, word) {
			return strings.TrimSpace(text[len(word):])
		}
	}
	return text
}

// dropEnds leaves out doubles, and single versions that are an end of a range
// in the list.
func dropEnds(found []string) []string {
	var out []string
	for i, v := range found {
		keep := true
		for j, other := range found {
			switch {
			case i == j:
			case v == other:
				keep = keep && i < j
			case !strings.Contains(v, " ") && strings.Contains(other, " "):
				keep = keep && !strings.HasPrefix(other, v+" ") && !strings.HasSuffix(other, " "+v)
			}
		}
		if keep {
			out = append(out, v)
		}
	}
	return out
}
