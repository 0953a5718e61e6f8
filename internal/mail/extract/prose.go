package extract

import (
	"sort"
	"strings"
	"unicode"

	"github.com/docket-psirt/docket/internal/psirt"
)

// A name in prose is one or more words with capitals or digits.
const nameWord = `\p{Ll}?[\p{Lu}][\p{L}\d+&'-]*(?:\.[\p{L}\d]+)*`

var (
	properName = exactly(`\b(` + nameWord + `(?: (?:` + nameWord + `|\d{1,4}\b))*)`)
	systemNoun = `(?:portal|desk|shop|store|website|site|platform|dashboard|console|webmail|gateway|backend|back office|app|application|intranet|extranet|wiki|forum|webshop|api|system|tool|form|newsletter|calendar|planner|directory|register|archive|library|environment|account page|API|App|Portal|Platform)`
	inSubject  = exactly(`\b(?:of|on|in|via|for|to|from) (?:the |your )([\p{Ll}\d-]+(?: [\p{Ll}\d-]+)? ` + systemNoun + `|[\p{Ll}-]+ desk)s?\b|\((?:the |your )?((?:[\p{L}\d-]+ ){1,2}` + systemNoun + `)\)`)
	// inSubjectToo is inSubject in other languages, and without an article.
	inSubjectToo = exactly(`\b(?:en el|en la|del|de la|nel|nella|del|no|na) ((?:portal|sitio|tienda|plataforma|aplicación|formulario|página|buscador|portale|sito|piattaforma|applicazione|modulo)(?: (?:de|di|da|do) [\p{Ll}]+)?)|\b(?:du|le|la|au|de l['’]|l['’]) ?((?:portail|site|plateforme|application|formulaire|espace|boutique|extranet|intranet)(?: (?:de |des |du |d['’])[\p{Ll}]+)?)|\b(?:in|van) (?:het|de) ([\p{Ll}-]*(?:portaal|website|webshop|platform|omgeving|formulier|app|site))|\b(?:im|am|des|der|dem|vom) ([\p{Lu}][\p{Ll}-]*(?:portal|shop|plattform|anwendung|formular|seite))|\b(?:of|on|in) ([\p{Ll}-]+ ` + systemNoun + `)\b`)
	yourPage     = exactly(`\b[Yy]our ([\p{Ll}\d-]+(?: [\p{Ll}\d-]+)? ` + systemNoun + `|[\p{Ll}-]{4,20} page)\b`)
	inBody       = exactly(`\byour ([\p{Ll}\d-]+(?: [\p{Ll}\d-]+)? ` + systemNoun + `|[\p{Ll}-]+ desk)\b|\bvotre ((?:site|portail|plateforme|application|outil|service|espace) (?:des? |du |d['’])[\p{Ll}-]+)|\bIhr(?:e[mnrs]?)? ([\p{Lu}][\p{Ll}]*(?:portal|seite|shop|plattform|anwendung|desk))|\b(?:jullie|uw|je) ([\p{Ll}]*(?:portaal|winkel|pagina|site|website|webshop|platform|app|applicatie|omgeving|systeem|loket|formulier))\b`)
	modelCode    = exactly(`\b([A-Z]{1,8}-?\d{2,6}[A-Z0-9]*(?:-[A-Z0-9]+)*)\b`)
	notModel     = lower(`^(?:cve|cwe|rfc|iso|sha|aes|rsa|md|utf|tls|ssl|ipv|vu|cvss|fips|hmac|http|cc|din|en|pkcs|usb|x)-?\d|^base\d`)
	staff        = lower(`\b(?:desk|portal|site|shop|service) (?:people|staff|agents?|employees?|team|colleagues?|operators?)\b|\b(?:help ?desk|service desk|support(?: desk)?) (?:answers?|says?|said|told|tells|writes|wrote|repli\w+|does|did|never|only|claims?|refus\w+)\b`)
	plainWords   = lower(`^(?:same|whole|public|old|new|own|main|current|entire|other|security|this|that|support|response|reporting|web|online|very|first|second)\b`)
	someone      = lower(`\b(psirt|cert|team|security (?:team|days)|conference|workshop|university|gmbh|ltd|inc|llc|regards|hello|dear|hi|tlp|cve|cvss|poc|dos|brussels|paris|london|utc|cet|cest)\b`)
)

// genericNames are things with capitals that are not what a report is about.
var genericNames = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields("i software hardware firmware pin pins atr api apis url urls http https tls ssl xss csrf idor ssrf rce sql dns ip ips pdf id ids html json xml ip-adres ip-adresse ip-address csv get post put usb nfc os ui cpu ram bios cookie java javascript python windows linux macos android ios firefox chrome chromium edge safari internet web january february march april may june july august september october november december monday tuesday wednesday thursday friday saturday sunday stored reflected blind open heap stack buffer missing weak insecure broken unauthenticated remote local privilege denial path directory cross potential possible critical security vulnerability vulnerabilities bug bugs issue report urgent re fw fwd aw tr english french german referer referrer host origin authorization password hebrew arabic chinese guest admin user burp wireshark secure httponly samesite hsts spf dkim dmarc cors csp csv header headers set-cookie session token jwt oauth saml sso mfa otp captcha captchas proxy cache cdn waf firewall vpn wifi bluetooth certificate certificates signature unicode utf base bearer basic content type location strict transport cache-control options trace put delete patch head") {
		m[w] = true
	}
	return m
}()

// candidate is a phrase that may be the product's name.
type candidate struct {
	name     string
	part     string
	versions []string
	score    int
	order    int
}

// proseProduct finds the product that subject and prose speak of. It answers
// only where two things agree: a name in subject and text, a name with a
// version or a part number, a model's code in the subject.
func (d *document) proseProduct() (psirt.Product, bool) {
	c, ok := d.bestName()
	code := modelIn(d.subject)
	if ok && component.in(lowered(c.name)) {
		if whole := firstOf(code, d.modelSaid()); whole != "" {
			versions := c.versions
			if len(versions) == 0 {
				versions = d.proseVersions(c.name)
			}
			return psirt.Product{Name: whole, PartNumber: c.part, Versions: versions}, true
		}
	}
	switch {
	case ok && (c.score >= sureScore || code == ""):
		return psirt.Product{Name: c.name, PartNumber: c.part, Versions: c.versions}, true
	case code != "":
		return psirt.Product{Name: code}, true
	}
	for _, form := range [...]pattern{inSubject, inSubjectToo} {
		if at := lastMatch(form, d.subject); at != "" {
			return psirt.Product{Name: at}, true
		}
	}
	if g := inBody.groups(d.subject); g != nil && !plainWords.in(g[1]) {
		return psirt.Product{Name: firstOf(g[1:]...)}, true
	}
	for _, s := range d.said {
		if g := inBody.groups(s.text); g != nil && !plainWords.in(g[1]) && !staff.in(s.low) {
			return psirt.Product{Name: firstOf(g[1:]...)}, true
		}
	}
	if place := d.place(); place != "" {
		return psirt.Product{Name: place}, true
	}
	if page := firstOf(d.page(), d.subjectEnd()); page != "" {
		return psirt.Product{Name: page}, true
	}
	if p := d.modelWithNoun(); p.Name != "" {
		return p, true
	}
	return psirt.Product{}, false
}

var (
	thePlace  = exactly(`\b[Tt]he ([\p{Ll}\d-]+ (?:portal|shop|store|dashboard|console|webmail|intranet|extranet|wiki|forum|webshop|planner|calendar|app|platform|board|archive|desk|tracker|catalogue|editor))\b`)
	notAPlace = lower(`^(?:web|mobile|android|ios|browser|client|other|same|whole|proxy|javascript|developer|management|admin|app|play|serial|debug|production|demo|test)\b`)
)

// place is what the text of a report on a web site calls it: "the exam portal".
func (d *document) place() string {
	if !d.asks(pathURL) {
		return ""
	}
	for _, s := range d.said {
		if g := thePlace.groups(s.text); g != nil && proseField(s.path) && !plainWords.in(g[1]) && !notAPlace.in(g[1]) {
			return g[1]
		}
	}
	return ""
}

var notWeak = lower(`^(?:policy|disclosure|psirt|reporting|help|support|contact|about|status|landing|start|personal)\b`)

// page is what the subject calls "your ... page", for want of a name.
func (d *document) page() string {
	if g := yourPage.groups(d.subject); g != nil && !plainWords.in(g[1]) && !notWeak.in(g[1]) {
		return g[1]
	}
	return ""
}

var endOfSubject = exactly(`\b(?:in|of|on|at) (?:the |your )?([\p{Lu}][\p{L}\d-]*(?: [\p{L}\d-]+){1,3})$`)

// inPhrase is in "SVG with script", and in no name.
var inPhrase = lower(`\b(?:with|without|via|by|from|to|after|when|and|is|are)\b`)

// subjectEnd is the name that the subject of a report on a web site ends with:
// "Session fixation in Anybody time registration".
func (d *document) subjectEnd() string {
	if g := endOfSubject.groups(d.subject); g != nil && d.asks(pathURL) {
		first, _, _ := strings.Cut(lowered(g[1]), " ")
		if !genericNames[first] && !someone.in(lowered(g[1])) && !d.isPerson(lowered(g[1])) && !inPhrase.in(lowered(g[1])) {
			return g[1]
		}
	}
	return ""
}

// Scores of candidates: one that is named, and one that a version or a part
// number stands behind.
const (
	enoughScore = 3
	sureScore   = 5
)

// bestName weighs the names in the text.
func (d *document) bestName() (candidate, bool) {
	byName := map[string]*candidate{}
	subject := lowered(d.subject)
	for _, s := range d.said[:min(len(d.said), 2000)] {
		switch s.path {
		case pathReporter, pathOther, pathCredit, pathPublic, pathFix, pathURL, pathObserved, pathHow:
			continue
		}
		for _, at := range properName().FindAllStringIndex(s.text, 50) {
			d.weigh(byName, s, at, subject)
		}
	}
	var all []*candidate
	for _, c := range byName {
		if c.score >= enoughScore {
			all = append(all, c)
		}
	}
	if len(all) == 0 {
		return candidate{}, false
	}
	sort.Slice(all, func(i, j int) bool {
		if all[i].score != all[j].score {
			return all[i].score > all[j].score
		}
		return all[i].order < all[j].order
	})
	return *all[0], true
}

// weigh gives a name in a sentence its points.
func (d *document) weigh(byName map[string]*candidate, s sentence, at []int, subject string) {
	end := at[1]
	if strings.HasPrefix(s.text[end:], ".") && len(s.text) > end+1 && unicode.IsDigit(rune(s.text[end+1])) {
		end = at[0] + max(strings.LastIndexByte(s.text[at[0]:end], ' '), 0) // its last number begins a version
	}
	name, start := trimName(s.text[at[0]:end], at[0])
	if noun := nounNext().FindString(s.low[min(start+len(name), len(s.low)):]); name != "" && noun != "" && modelIn(name) != name {
		name = s.text[start : start+len(name)+len(noun)]
	}
	name, start = likeSubject(name, start, subject)
	low := lowered(name)
	if at[0] == 0 && wordCount(name) == 1 && imperative.in(low+" ") { // "Change number 7"
		return
	}
	if name == "" || d.isPerson(low) || foreignBefore.in(low+" ") {
		return
	}
	c := byName[low]
	if c == nil {
		c = &candidate{name: name, order: len(byName)}
		byName[low] = c
		if containsWords(subject, low) {
			c.score += 2
		}
		if wordCount(name) > 1 || innerCapital(name) {
			c.score++
		}
		if last := low[strings.LastIndexByte(low, ' ')+1:]; len(last) > 4 && last != low && !genericNames[last] && strings.HasPrefix(subject, last+":") {
			c.score++ // "Insight: everybody may read it", of Some Insight
		}
	}
	before, after := s.low[:start], s.low[start+len(name):]
	if aboutBefore.in(tail(before)) {
		c.score++
	}
	if calledBefore.in(tail(before)) {
		c.score++
	}
	if note := noteNext().FindString(after); note != "" && len(c.versions) == 0 {
		written := s.text[start+len(name):][:len(note)]
		c.versions = dropEnds(append(readVersions(written[1:], name, false), noteVersions(written)...))
		if len(c.versions) > 0 {
			c.score++
		}
	}
	if versionNext.in(after) {
		c.score += 3
	}
	if partNext.in(clip(after, 80)) {
		if part := partIn(clip(s.text[start+len(name):], 80)); part != "" {
			c.part = firstOf(c.part, part)
			c.score += 3
		}
	}
}

// likeSubject leaves out words before a name that the subject has without them:
// German nouns have capitals too.
func likeSubject(name string, start int, subject string) (string, int) {
	if containsWords(subject, lowered(name)) {
		return name, start
	}
	for rest := name; ; {
		_, after, ok := strings.Cut(rest, " ")
		if !ok || wordCount(after) < 2 {
			return name, start
		}
		first, _, _ := strings.Cut(lowered(after), " ")
		if rest = after; !genericNames[first] && containsWords(subject, lowered(rest)) {
			return rest, start + len(name) - len(rest)
		}
	}
}

// innerCapital reports whether a word is written as names of products are, as in
// InCloudOS.
func innerCapital(word string) bool {
	small := false
	for _, r := range word {
		if small && unicode.IsUpper(r) {
			return true
		}
		small = unicode.IsLower(r)
	}
	return false
}

var (
	aboutBefore  = lower(`\b(?:in|of|on|for|with|the|your|our|unser\w*|notre|nuestr[oa]|nostr[oa]|onze|is an?|named|called|running|product)\s+$`)
	calledBefore = lower(`\b(?:is|are|it['’]s|thing|device|product|software) (?:is )?(?:called|named)\s+$`)
	versionNext  = lower(`^,? ?\(?(?:all |in (?:der |seiner )?|dans (?:la |sa )?|en (?:la |su )?|nella )?(?:v|version |versión |versione |versions |firmware |release |build )?(?:before |prior to |up to |older than |below |from )?\d+\.\d`)
	nounNext     = lower(`^ (?:app|gateway|library|driver|service|middleware|application|client|plug-?in|module|appliance|daemon|agent|applet|sdk|toolkit|framework|firmware|software)\b`)
	partNext     = lower(`^[^.;]{0,40}?\(?[^.;)]{0,40}\b(?:part|product|article|item|model)? ?(?:ref(?:erence)?|number|no|code|p/n)\b\.?|^ \((?:article|art\.?|part|p/n|type|model|ref\.?|réf\.?|sku) [^)]{3,30}\)`)
)

// noteNext is what stands in parentheses behind a name.
var noteNext = lower(`^(?: [a-z]+){0,4} \([^()]{1,160}\)`)

// noteVersions are the versions with two points or more in such a note, but for
// what it denies.
func noteVersions(note string) []string {
	low := lowered(note)
	if negated.in(low) {
		return nil
	}
	var found []string
	for _, at := range pointed().FindAllStringIndex(low, 10) {
		if !foreignBefore.in(tail(low[:at[0]])) {
			found = append(found, note[at[0]:at[1]])
		}
	}
	return found
}

var pointed = lower(`\bv?\d+(?:\.\d+){2,3}[a-z]?\b`)

// trimName drops words at the ends of a phrase that are not part of a name.
func trimName(name string, start int) (string, int) {
	words := strings.Fields(name)
	for len(words) > 0 && leadWord(words[0]) {
		cut := len(words[0]) + 1
		if len(words) == 1 {
			return "", start
		}
		name, start = name[cut:], start+cut
		words = words[1:]
	}
	if len(words) == 1 && genericNames[lowered(words[0])] {
		return "", start
	}
	if someone.in(lowered(name)) {
		return "", start
	}
	return name, start
}

// leadWord reports whether a capital word only begins a sentence.
func leadWord(w string) bool {
	switch lowered(w) {
	case "the", "a", "an", "in", "on", "of", "we", "i", "you", "your", "my", "our", "it", "this", "that", "these", "there", "as", "if", "when", "while",
		"version", "versions", "firmware", "with", "for", "from", "since", "after", "before", "please", "whoever", "everything", "every", "all", "no",
		"to", "by", "so", "then", "and", "but", "or", "not", "nothing", "one", "two", "somebody", "someone", "anyone", "dear", "hello", "hi", "also",
		"le", "la", "les", "un", "une", "der", "die", "das", "ein", "eine", "je", "nous", "wir", "ich", "inspecting", "using", "what", "how", "which":
		return true
	}
	return false
}

// isPerson reports whether a name is the reporter's or the organisation's.
func (d *document) isPerson(low string) bool {
	for _, own := range [...]string{d.reporter.Name, d.reporter.Pseudonym, d.reporter.Organisation, d.in.From.Name} {
		if own != "" && (containsWords(lowered(own), low) || containsWords(low, lowered(own))) {
			return true
		}
	}
	return false
}

// caseNumber is a number that somebody keeps a case under: "ABCD-2027-0042".
var caseNumber = lower(`^[a-z]{2,8}-?20\d\d-\d{3,}$`)

func lastMatch(p pattern, s string) string {
	found := ""
	for _, m := range p().FindAllStringSubmatch(s, 10) {
		if name := firstOf(m[1:]...); !plainWords.in(name) {
			found = name
		}
	}
	return found
}

// proseVersions finds the affected versions in running text.
func (d *document) proseVersions(name string) []string {
	var found []string
	for _, s := range d.said {
		switch s.path {
		case pathOther, pathUnaffected, pathFix, pathSteps, pathReporter, pathCredit:
			continue
		}
		if strings.ContainsAny(s.text, "0123456789") && len(found) < 100 && !strings.HasSuffix(s.text, "?") && !elsewhere.in(s.low) {
			found = append(found, withoutName(readVersions(s.text, name, false), name)...)
		}
	}
	return dropEnds(found)
}

// stickerSays is told of the code that a device bears.
var stickerSays = exactly(`\b(?:sticker|label|plate|underside|packaging|Typenschild|Aufkleber|étiquette|etiqueta)\b[^.;]{0,40}(?:\b(?:says?|reads?|has|shows?|bears?)\s+|:\s)["“]?([A-Z][A-Z0-9]*(?:[-/.][A-Z0-9]+)+)`)

// prosePart finds a part number in a sentence that names the product or says
// "product reference".
func (d *document) prosePart(name string) string {
	for _, s := range d.said {
		if g := stickerSays.groups(s.text); g != nil && proseField(s.path) && g[1] != name && !notModel.in(lowered(g[1])) {
			return g[1]
		}
		if s.path != pathReporter && (strings.Contains(s.low, "product ref") || (name != "" && strings.Contains(s.low, lowered(name)))) {
			if part := partIn(s.text); part != "" && part != name {
				return part
			}
		}
	}
	return ""
}
