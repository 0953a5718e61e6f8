package extract

import (
	"strings"
	"unicode"
)

var workFor = exactly(`\b(?:[Ww]ork(?:ing)? (?:for|at)|[Oo]n behalf of|employed (?:by|at)|(?:researchers?|engineers?|students?|consultants?|analysts?|administrators?|professor|pentesters?|developers?) (?:at|with|from|of))(?: the| a)?(?: [\p{Ll} ]{1,40}? (?:of|at))? ((?:[\p{Lu}][\p{L}\d&'’-]*)(?: (?:of |for |and |& |de |the |du )?[\p{Lu}][\p{L}\d&.'’-]*){0,5})`)

// memberOf is said of who found the weakness.
var memberOf = exactly(`\bby (?:the )?(` + capitalWords + `) (?:team )?(?:member|researcher|analyst|engineer|employee|consultant)s?\b`)

// saidOrganisation is where the reporter says to work.
func (d *document) saidOrganisation() string {
	for _, s := range d.said {
		if g := memberOf.groups(s.text); g != nil && wordCount(g[1]) > 1 {
			return strings.TrimRight(g[1], ".")
		}
	}
	for _, s := range d.said[:min(len(d.said), 40)] {
		if g := workFor.groups(s.text); g != nil && proseField(s.path) && !strings.Contains(lowered(g[1]), "psirt") {
			return strings.TrimRight(g[1], ".")
		}
	}
	return ""
}

const capitalWords = `(?:[\p{Lu}][\p{L}\d.'’&-]*)(?: (?:of |for |and |& |de |the )?[\p{Lu}\d][\p{L}\d.'’&-]*){0,5}`

// creditedTo is how advisories name who found the weakness.
var creditedTo = exactly(`(?:^|\b[Dd]iscovered by:? |\b[Ff]ound by:? |\b[Rr]eported by:? |\b[Ii]dentified by:? |\b[Cc]redit(?:s|ed)?(?: to)?:? )(?:the )?([\p{Lu}][\p{L}'’-]+(?: [\p{Lu}][\p{L}.'’-]*){1,3})(?: \([^()]{1,40}\))?(?: (?:of|from|at|with) (?:the )?(` + capitalWords + `)|$|[.;,])`)

// credited is the person whom an advisory credits, and whose that person is.
func (d *document) credited() (person, place string) {
	for _, s := range d.said {
		if s.path != pathCredit && !strings.Contains(s.low, "ed by") && !strings.Contains(s.low, "found by") && !strings.Contains(s.low, "credit ") {
			continue
		}
		g := creditedTo.groups(s.text)
		if g != nil && personName(g[1]) && !organisation.in(lowered(g[1])) && (s.path == pathCredit || g[2] != "") {
			return g[1], strings.TrimRight(g[2], ".")
		}
	}
	return "", ""
}

// besideName is the organisation that a contact line gives in parentheses, or
// behind a comma, beside the name: "Ada Ruiz (Ruiz Biometrics)". Behind a comma
// it must say so, by a word that it shares with the name.
func (d *document) besideName(name string) string {
	if name == "" {
		return ""
	}
	for i, s := range d.at(pathReporter, pathReporterName) {
		if i > 20 {
			break // nobody lists more
		}
		line, _, _ := strings.Cut(d.body(s), "\n")
		_, rest, ok := strings.Cut(line, name)
		if rest = strings.TrimSpace(rest); !ok || rest == "" {
			continue
		}
		inside, _, _ := strings.Cut(strings.Trim(rest[1:], " "), ")")
		if rest[0] == ',' {
			inside, _, _ = strings.Cut(inside, ",")
		}
		switch low := lowered(inside); {
		case !unicode.IsUpper(firstRune(inside)), wordCount(inside) > 6, isHandle(inside), address.in(low), jobTitle(low), office.in(low), clause.in(low):
		case rest[0] == '(' && wordCount(inside) > 1:
			return trimPart(inside)
		case rest[0] == ',' && wordCount(inside) > 1 && (sharesWord(inside, name) || titled3(inside) || d.times(inside) > 1):
			return trimPart(cutParenthesis(inside))
		}
	}
	return ""
}

// times counts the lines that name something.
func (d *document) times(name string) int {
	n := 0
	for _, l := range d.lines {
		if strings.Contains(l.text, strings.TrimSpace(name)) {
			n++
		}
	}
	return n
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
func organisationIn(parts []string, name string, strict bool) string {
	for i, p := range parts {
		if g := roleAt.groups(p); g != nil && wordCount(g[1]) <= 6 {
			return strings.TrimSpace(cutParenthesis(g[1]))
		}
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
			if !weakWord.in(low) || i+1 == len(parts) {
				return firstOf(p, guess)
			}
			for _, later := range parts[i+1:] { // a department stands before its house
				if l := lowered(later); organisation.in(l) && !weakWord.in(l) && !jobTitle(l) && !address.in(l) && !clause.in(l) && wordCount(l) <= 7 {
					return strings.TrimSpace(cutParenthesis(later))
				}
			}
			return p
		}
		if !strict && i == 0 && wordCount(p) > 1 && sharesWord(p, name) && !personal(p, name) {
			guess = p
			continue
		}
		if !strict && teamName.in(p) && !office.in(low[len("team "):]) {
			guess = firstOf(guess, p)
			continue
		}
		if office.in(low) {
			seenOffice = true
			continue
		}
		if strict && i > 0 && titled3(p) {
			guess = firstOf(guess, p)
		}
		if !strict && unicode.IsUpper(firstRune(p)) && !common.in(p) && !tellsVersion.in(low) && wordCount(p) > 1 && (seenOffice || !personName(p) || wordCount(p) >= 3) && !salutation.in(low) {
			guess = p
		}
	}
	return guess
}

// weakWord ends the names of departments as well as of companies.
var weakWord = lower(`\b(?:services|security|systems|networks|software|solutions|technologies|research|operations|computing)$|^(?:internal|group|corporate) \w+$`)

// teamName is what a team without a house calls itself.
var teamName = exactly(`^Team [\p{Lu}][\p{L}\d-]+$`)

// houseOf is the part of a letter's end that the domain of the sender's address
// is named after.
func (d *document) houseOf(closing []string, name string) string {
	_, host, _ := strings.Cut(lowered(d.in.From.Addr), "@")
	for i, p := range closing {
		bare := strings.NewReplacer(" ", "", "-", "", ".", "").Replace(lowered(p))
		if i > 5 || len(bare) < 5 || wordCount(p) > 6 || address.in(lowered(p)) || sharesWord(p, name) || !unicode.IsUpper(firstRune(p)) {
			continue
		}
		for _, label := range strings.Split(host, ".") {
			if label = strings.ReplaceAll(label, "-", ""); label == bare || len(label) >= 6 && label != "example" && strings.HasPrefix(bare, label) {
				return p
			}
		}
	}
	return ""
}

// personal reports whether a part is a form of the name itself, as "A. Ruiz" is
// of "Ada Ruiz".
func personal(part, name string) bool {
	words := strings.Fields(part)
	return sharesWord(words[len(words)-1], name) || len(strings.TrimRight(words[0], ".")) < 2
}

var (
	// clause is what a sentence has, and no name.
	clause  = lower(`\b(?:is|are|was|may|might|can|contains?|should|must|please|registered|i|you|we|have|has|not)\b`)
	behalf  = lower(`^(?:on behalf of|working (?:for|at|with)|employed (?:by|at)|writing for|im auftrag (?:von|der|des)|pour le compte de|namens|in opdracht van) (?:the |der |la |le )?`)
	eastern = lower(`数据中心|研究中心|科技|银行|医院|公司|大学|研究院|研究所|实验室|学院|集团|株式会社|有限会社|合同会社`)
)

var (
	// roleAt is an office, in small letters, and the house that has it.
	roleAt = exactly(`^(?:an? |the )?(?:[\p{Ll}-]+(?: [\p{Ll}-]+){0,3} (?:at|for|with|bei|chez)|(?:[\p{Ll}-]+ ){0,2}(?:office|department|team|group|unit|division|head|member|student|teacher|owner|manager|director|employee) of) (?:the )?([\p{Lu}].*)$`)
	// common is what has an article and is no name.
	common = exactly(`^(?:[Tt]he|[Yy]our|[Oo]ur|[Dd]as|[Dd]ie|[Dd]er|[Ll]e|[Ll]a) [\p{Ll}]`)
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
