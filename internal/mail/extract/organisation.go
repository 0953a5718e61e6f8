package extract

import (
	"strings"
	"unicode"
)

var workFor = exactly(`\b(?:[Ww]ork(?:ing)? (?:for|at)|[Oo]n behalf of|employed (?:by|at)|(?:researchers?|engineers?|students?|consultants?|analysts?|administrators?|professor|pentesters?|developers?) (?:at|with|from|of))(?: the| a)?(?: [\p{Ll} ]{1,40}? (?:of|at))? ((?:[\p{Lu}][\p{L}\d&'’-]*)(?: (?:of |for |and |& |de |the |du )?[\p{Lu}][\p{L}\d&.'’-]*){0,5})`)

// saidOrganisation is where the reporter says to work.
func (d *document) saidOrganisation() string {
	for _, s := range d.said[:min(len(d.said), 40)] {
		if g := workFor.groups(s.text); g != nil && proseField(s.path) && !strings.Contains(lowered(g[1]), "psirt") {
			return strings.TrimRight(g[1], ".")
		}
	}
	return ""
}

func organisationLabel(value string) string {
	value, _, _ = strings.Cut(value, ";")
	return trimPart(cutParenthesis(value))
}

// without leaves out the parts that are the name itself.
func without(parts []string, name string) []string {
	var rest []string
	for _, p := range parts {
		if !strings.EqualFold(p, name) {
			rest = append(rest, p)
		}
	}
	return rest
}

// organisationIn finds the organisation among the parts of a contact block:
// the first that says so of itself, or else, in a letter's end, the last that
// is neither an office nor a department. strict leaves out the latter.
func organisationIn(parts []string, strict bool) string {
	for i, p := range parts {
		p = p[len(behalf().FindString(lowered(p))):]
		parts[i] = p
		if eastern.in(p) && !address.in(lowered(p)) && len(p) < 120 {
			return p
		}
	}
	for _, p := range parts {
		p = strings.TrimSpace(cutParenthesis(p))
		if low := lowered(p); certain.in(low) && wordCount(p) <= 7 && !address.in(low) && !clause.in(low) {
			return p
		}
	}
	guess, seenOffice := "", false
	for i, p := range parts {
		p = strings.TrimSpace(cutParenthesis(p))
		low := lowered(p)
		if p == "" || wordCount(p) > 7 || address.in(low) || phoneNumber.in(low) || strings.Contains(low, "://") || strings.ContainsAny(p, "“”\"?!") || clause.in(low) {
			continue
		}
		if organisation.in(low) && !jobTitle(low) {
			return p
		}
		if office.in(low) {
			seenOffice = true
			continue
		}
		if strict && i > 0 && titled3(p) {
			guess = firstOf(guess, p)
		}
		if !strict && unicode.IsUpper(firstRune(p)) && wordCount(p) > 1 && (seenOffice || !personName(p) || wordCount(p) >= 3) && !salutation.in(low) {
			guess = p
		}
	}
	return guess
}

var (
	// clause is what a sentence has, and no name.
	clause  = lower(`\b(?:is|are|was|may|might|can|contains?|should|must|please|registered|i|you|we|have|has|not)\b`)
	behalf  = lower(`^(?:on behalf of|working (?:for|at|with)|employed (?:by|at)|writing for|im auftrag (?:von|der|des)|pour le compte de|namens|in opdracht van) (?:the |der |la |le )?`)
	eastern = lower(`公司|大学|研究院|研究所|实验室|学院|集团|株式会社|有限会社|合同会社`)
)

var job = lower(`\b(manager|professor|engineer|analyst|researcher|consultant|administrator|developer|director|officer|head of|chief|lead|lecturer|student|architect|auditor|specialist|technician|tester|operations|service informatique|team|department|desk|chair of|faculty|division)\b`)

// titled3 reports whether a part is three words or more, all with capitals.
func titled3(p string) bool {
	words := strings.Fields(p)
	for _, w := range words {
		if !unicode.IsUpper(firstRune(w)) && len(w) > 3 {
			return false
		}
	}
	return len(words) >= 3
}

// jobTitle reports whether a part that has an organisation's word in it is an
// office, as in "Principal Security Engineer".
func jobTitle(low string) bool {
	return job.in(low) && !certain.in(low)
}

// certain are the words that only organisations have.
var certain = lower(`\b(ltd|llc|llp|inc|gmbh|bv|nv|vzw|asbl|sa|sarl|sas|plc|pty|university|laborator(y|ies)|agency)\b`)
