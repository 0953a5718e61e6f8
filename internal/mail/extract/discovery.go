package extract

import (
	"strings"
	"unicode"

	"github.com/docket-psirt/docket/internal/psirt"
)

var (
	foundVerb = lower(`\b(?:i|we)\b[^;:]{0,40}\b(?:became aware|learn(?:ed|t) (?:of|about) (?:it|this|the)|ran into (?:it|this)|hit (?:on|upon) (?:it|this))\b|^it (?:happened|occurred)\b|\b(?:i|we)\b[^;:]*\b(?:was|were) surprised to (?:see|find|notice)\b|\b(?:i|we) (?:then |also |suddenly )?(?:saw|observed|realised|realized) that\b|\b(?:i|we|he|she|they|colleagues?|students?|which i|je|j['’]ai|nous|ich|wir)\b[^;:]*\b(?:found|discovered|noticed|noticing|came across|stumbled|spotted|detected|identified|remarqué|découvert|trouvé|constaté|entdeckt|bemerkt|gefunden|festgestellt)\b|\b(?:found|discovered|noticed|identified|detected) (?:both |both of them |them all |it |this |them |the (?:issue|problem|weakness|vulnerability|bug) )?(?:by|while|when|during|on|in|through|with|because|out because|using|at)\b|\bit came up\b|\bcaught my eye\b|\bhow (?:i|we) came (?:to|across)\b|\b(?:mir|uns) (?:ist|fiel)\b.*\b(?:auf|aufgefallen)\b|\b(?:ist|fiel) (?:mir|uns)\b.*\b(?:auf|aufgefallen)\b|\b(?:ik|wij|we)\b[^;:]*\b(?:gevonden|ontdekt|opgemerkt|gezien)\b|\b(?:he|hemos|ho|abbiamo)\b[^;:]*\b(?:encontrado|descubierto|detectado|trovato|scoperto|notato)\b|\bcame to (?:my|our) attention\b|\b(?:measurements|tests|experiments) were (?:made|done|performed|carried out)\b|\b(?:issue|problem|bug|vulnerability|weakness|flaw) was (?:found|discovered|noticed|identified|detected)\b` + foundMore)
	// foundByDoing says it best.
	foundByDoing = lower(`\b(?:was|were) (?:both |first |all )?(?:found|discovered|noticed|identified|detected)\b[^.;]{0,60}\bby \w+ing\b`)
	foundNot     = lower(`(?:\bnot|\bnever|n['’]t) (?:\w+ )?(?:found|find|discovered|noticed|seen)\b|\bfound no\b|\bpas trouvé\b|\bnicht gefunden\b|\bno (?:evidence|indication|sign)\b`)
	foundLead    = lower(`^(?:it was |this was |i |we |the (?:issue|problem|bug|vulnerability|weakness) was )?(?:first )?(?:found|discovered|noticed|detected|identified|spotted|gefunden|entdeckt|découverte?)(?: it| this| them| the (?:issue|problem|bug|weakness|vulnerability)| out)?(?: only)?,? ?(by )?`)
	foundHow     = lower(`^(?:by|while|when|during|in|on|through|with|using|at|because|after|as|beim|bei|während|durch|lors|en|pendant|dans)\b`)
	wayOfFind    = lower(`\b(?:by\b|while|when|during|through|using|as part of|in the course of|in an?|after|lors d(?:e|u|['’])|en \w+ant\b|pendant|au cours|beim|während|durch|bei |mientras |durante |cuando |al \w+r |quando |mentre )\b? ?\S.*$`)
	dateLead     = lower(`(?:,? ?\b(?:on|in|at|since|around|about|le|am|im|vom|seit|en|the)\s*)+$`)
	cameTo       = lower(`\bhow (?:i|we) (?:came to|came across|found|noticed|discovered) (?:it|this|that)?[^:.]{0,20}:\s*`)
	leadClause   = lower(`^((?:in the (?:evaluation|test|testing|review|audit|assessment|analysis|examination) of|while|whilst|when|during|as part of|in the course of|after|lors|en|beim|während|bei|im rahmen|anlässlich|tijdens|bij|durante|comparing|reading|testing|looking|reviewing|fuzzing|scanning|auditing|debugging|checking|preparing)\b[^.;]{5,200}?),? (?:i|we|j['’]ai|je|nous|ich|wir|habe ich|haben wir|(?:ist|fiel) (?:mir|uns)|heb ik|hebben we|hebben wij|he|hemos)\b`)
	eye          = lower(`\bcaught my eye\b|\bmade (?:me|us) (?:suspicious|curious)\b`)
	// What was found, rather than how, follows "that"; only these say how
	// behind it.
	thatClause = lower(`^(?: (?:on|at|in|this|it|,|[\w:.]+)){0,6} that\b`)
	duringIt   = lower(`\b(?:while|whilst|during|as part of|in the course of|beim|während|lors d)\b`)
	enumerator = lower(`^\(?(?:\d{1,2}|[a-z])[.)]\s+`)
)

// readDiscovery finds how and when the weakness was found.
func (d *document) readDiscovery(observed moment) psirt.Discovery {
	var found psirt.Discovery
	how := d.value(pathHow, pathDiscovery)
	if how != "" {
		found.How = d.wayFound(how, true)
	}
	for _, text := range []string{d.value(pathWhen), d.value(pathDiscovery), d.value(pathHow)} {
		if m, ok := firstMoment(text, lowered(text), d.in.Date); ok && found.When == "" {
			found.When = m.String()
		}
	}
	if found.How == "" {
		found.How = d.besideDate(d.value(pathWhen))
	}
	if v := d.value(pathWhen); found.When == "" && v != "" && wordCount(v) < 8 {
		found.When = v
	}
	d.proseDiscovery(&found)
	d.storyDiscovery(&found)
	if found.When == "" {
		found.When = firstOf(observed.String(), d.seenSince())
	}
	return found
}

var attacksSince = lower(`^since\b[^.;]{3,60}\bwe (?:see|saw|have seen|have been seeing|observe|are seeing)\b`)

// seenSince is the day since which attacks are seen.
func (d *document) seenSince() string {
	for _, s := range d.said {
		if m, ok := firstMoment(s.text, s.low, d.in.Date); ok && attacksSince.in(s.low) && proseField(s.path) {
			return m.String()
		}
	}
	return ""
}

// storyDiscovery fills what no verb for finding said from the beginning of the
// letter.
func (d *document) storyDiscovery(found *psirt.Discovery) {
	if found.How != "" {
		return
	}
	for _, s := range d.said[:min(len(d.said), storyAhead)] {
		g := doing.groupsAt(s.low)
		if g == nil || !proseField(s.path) || s.path == pathSteps || hypothesis.in(s.low[:g[3]]) {
			continue
		}
		found.How = strings.TrimRight(d.cutDate(s.text[g[2]:g[3]]), " ,")
		if m, ok := firstMoment(s.text, s.low, d.in.Date); ok && found.When == "" {
			found.When = m.String()
		}
		return
	}
}

// withoutNote leaves out what stands in parentheses at the end.
func withoutNote(s string) string {
	if i := strings.LastIndexByte(s, '('); i > 0 && strings.HasSuffix(s, ")") {
		s = s[:i]
	}
	return strings.TrimRight(s, " ,")
}

// besideDate is what a label that asks for the day has behind it, when that says
// more than the time.
func (d *document) besideDate(v string) string {
	rest := d.cutDate(firstSentence(v))
	if rest == v || wordCount(rest) < 3 || clockTime.in(lowered(rest)) || !unicode.IsLetter(firstRune(rest)) {
		return ""
	}
	return d.wayFound(v, true)
}

// proseDiscovery fills what no label said from sentences about the finding.
func (d *document) proseDiscovery(found *psirt.Discovery) {
	for _, s := range d.said {
		if found.How == "" && proseField(s.path) && foundByDoing.in(s.low) && !foundNot.in(s.low) {
			found.How = d.wayFound(s.text, false)
		}
	}
	for i, s := range d.said {
		if found.How != "" && found.When != "" {
			return
		}
		if !proseField(s.path) || !foundVerb.in(s.low) || (foundNot.in(s.low) && !cameTo.in(s.low)) {
			continue
		}
		if found.How == "" {
			if eye.in(s.low) && i+1 < len(d.said) && d.said[i+1].unit == s.unit {
				found.How = s.text + " " + d.said[i+1].text
			} else {
				found.How = d.wayFound(s.text, false)
			}
			if low := lowered(found.How); onlyWhen.in(low) && !doneThen.in(low) {
				found.How = ""
			}
		}
		if m, ok := firstMoment(s.text, s.low, d.in.Date); ok && found.When == "" {
			found.When = m.String()
		}
	}
}

// proseField reports whether sentences of a section may speak of things that
// the section is not about.
func proseField(path string) bool {
	switch path {
	case "", pathTimeline, pathDescription, pathOther, pathTitle, pathDiscovery, pathHow, pathWhen, pathExploited, pathObserved, pathProducts, pathName, pathSteps, pathFix, pathPublic:
		return true
	}
	return false
}

// eastWay is how a weakness was found, in Chinese: "在日常运维中发现".
var eastWay = lower(`(?:在|于)([^，。；]{2,40}?)(?:中|时|的时候|过程中|期间)[^，。；]{0,6}发现|([^、。，]{3,60}?(?:とき|際|時|最中))に[^、。]{0,8}(?:気づ|気付|発見|見つ)`)

// wasDoing is what somebody did when the weakness caught the eye.
var wasDoing = lower(`\b(?:i|we) (?:was|were) ((?:just |only )?\w+ing\b[^;]{3,120}?),? (?:and|when) (?:then |suddenly )?(?:i |we )?(?:noticed|saw|found|spotted|discovered|reali[sz]ed)\b`)

// doing begins a letter that tells how it came about, whatever the verb is:
// "While setting up a machine I gave it a silly name".
var doing = lower(`^((?:while|whilst|during) [^.;,]{8,120}?),? (?:i|we) [a-z]+\b`)

// storyAhead is among how many sentences a letter tells how it came about.
const storyAhead = 8

// wayFound is the part of a text that says how: without the words for
// "found", and without the date, which has a field of its own. A text that
// says nothing else is left whole where a label asked for it.
func (d *document) wayFound(text string, labelled bool) string {
	if rest, ok := cameTo.after(text, lowered(text)); ok {
		return strings.TrimRight(rest, " .")
	}
	text = firstSentence(text)
	if g := eastWay.groupsAt(lowered(text)); g != nil {
		from, to := g[2], g[3]
		if from < 0 {
			from, to = g[4], g[5]
		}
		return strings.Trim(d.cutDate(text[from:to]), "，、 ")
	}
	if g := wasDoing.groupsAt(lowered(text)); g != nil {
		return withoutNote(text[g[2]:g[3]])
	}
	text = text[len(enumerator().FindString(lowered(text))):]
	whole := text
	text = d.cutDate(text)
	low := lowered(text)
	if at := foundLead.at(low); at != nil && (foundHow.in(low[at[1]:]) || strings.HasSuffix(low[:at[1]], "by ")) {
		return strings.TrimRight(text[at[1]:], " .,;")
	}
	if labelled && !foundVerb.in(low) {
		if text == whole {
			return text
		}
		return strings.TrimRight(text, " .,;")
	}
	if at := leadClause.groupsAt(low); at != nil {
		return strings.TrimRight(d.cutDate(text[at[2]:at[3]]), " ,")
	}
	verb := foundVerb.at(low)
	if verb == nil {
		return wholeIf(labelled, whole)
	}
	if _, reason, ok := strings.Cut(low[verb[0]:], "out because "); ok {
		return strings.TrimRight(d.cutDate(text[len(text)-len(reason):]), " .,;")
	}
	if thatClause.in(low[verb[1]:]) {
		at := duringIt.at(low[verb[1]:])
		if at == nil {
			return wholeIf(labelled, whole)
		}
		return strings.TrimRight(d.cutDate(text[verb[1]+at[0]:]), " .,;")
	}
	if at := wayOfFind.at(low[wordAt(low, verb):]); at != nil && !strings.Contains(low[verb[1]:max(verb[1], wordAt(low, verb)+at[0])], ":") {
		way := text[wordAt(low, verb)+at[0]:]
		return strings.TrimRight(d.cutDate(way), " .,;")
	}
	return wholeIf(labelled, whole)
}

// doneThen tells what was done.
var doneThen = lower(`\b(?:while|whilst|when|with|by|during|using|\w+ing)\b`)

// onlyWhen is a time of day, and no way to find something.
var onlyWhen = lower(`^(?:at|around|about) \d{1,2}(?:[:.h]\d\d| ?[ap]\.?m)\b`)

func wholeIf(yes bool, s string) string {
	if yes {
		return s
	}
	return ""
}

// wordAt is where the way is looked for: behind the verb, or at its last word
// when that is the preposition itself.
func wordAt(low string, verb []int) int {
	if i := strings.LastIndexByte(low[verb[0]:verb[1]], ' '); i >= 0 {
		return verb[0] + i + 1
	}
	return verb[1]
}

func firstSentence(s string) string {
	if all := splitSentences(collapse(s)); len(all) > 0 {
		return all[0]
	}
	return ""
}

// cutDate takes a date away from the beginning or the end of a text, with the
// words that join it; a date in the middle stays.
func (d *document) cutDate(s string) string {
	low := lowered(s)
	m, ok := firstMoment(s, low, d.in.Date)
	if !ok {
		return s
	}
	before, after := s[:m.start], strings.TrimLeft(s[m.end:], " ")
	join := dateLead.at(low[:m.start])
	lead := before
	if join != nil {
		lead = before[:join[0]]
	}
	switch {
	case strings.Trim(after, " .)") == "":
		return strings.TrimRight(lead, " ,;(")
	case strings.TrimSpace(lead) == "":
		return strings.TrimLeft(after, " ,;:–-")
	case foundLead.in(lowered(lead)) && wordCount(lead) <= 5, foundVerb.in(lowered(lead)) && wordCount(lead) <= 4, strings.HasSuffix(lowered(strings.TrimSpace(lead)), "came up"):
		return strings.TrimRight(lead, " ,") + " " + strings.TrimLeft(after, " ,;:")
	}
	return s
}
