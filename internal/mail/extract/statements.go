package extract

import (
	"strings"
)

const (
	exploitedYes     = "yes"
	exploitedNo      = "no"
	exploitedUnknown = "unknown"
)

var (
	saysNo      = lower(`^(?:no|none|nope|nothing|not|never|nein|keine[rs]?|nicht|non|aucune?|n/a|negative|nil|unaware)\b|\bnot aware\b|\bunaware\b|\bno (?:evidence|indication|indications|sign|signs|known|exploit|trace|traces|knowledge|reports?|such|malicious|abuse|active|attacks?)\b|\bnone (?:known|observed|seen|that|so far|public)\b|\bnot (?:to (?:my|our) knowledge|that (?:i|we)(?: know|(?: have|['’]ve)? (?:heard|seen|noticed)| (?:am|are) aware)|been exploited|exploited|known|observed|seen)\b|\b(?:have|has)(?: not|n['’]?t) (?:seen|observed|heard|noticed|found|been)\b|\b(?:did|do)(?: not|n['’]?t) (?:see|observe|find)\b|connaissance d['’]aucun|\bpersonne ne (?:l['’])?a (?:\w+ )?(?:exploit|abus|utilis)|\bjamais été exploit|pas connaissance|\baucune? (?:exploitation|indice|preuve)\b|\bkeine[rn]? .{0,40}\bbekannt\b|\bnicht bekannt\b|\bkeine (?:hinweise|anzeichen|ausnutzung)\b|\bknow nothing (?:of|about) (?:any |an |the )?(?:attack|exploit|abuse|misuse)|\bknow of (?:no|none|nothing|nobody|no one)\b|\b(?:hinweise|anzeichen|belege|indizien)\b[^.;]{0,60}\b(?:nicht|keine)\b|\bnobody (?:has )?(?:exploited|misused|abused)|^(?:nee|geen|niet|ninguna?|nessun[oa]?|nenhuma?)\b|\bgeen (?:\w+ ){0,2}(?:misbruik|aanwijzing\w*|exploit\w*)\b|\bniet (?:bekend|misbruikt|dat ik weet)\b|\bninguna (?:explotación|evidencia|prueba)\b|\bno (?:se )?(?:tengo|tenemos|hay|conozco|conocemos|consta)\b|\bnessun[ao]? (?:exploit|abuso|sfruttamento|evidenza)\b|\bnon (?:mi|ci) risulta|未发现|没有发现|未被利用|尚未|暂无|暂未|没有被利用|无已知|无证据|^无|^否|^没有|^未|ありません|確認されていません|確認していません|^なし|^いいえ|^ない` + saysNoMore)
	saysUnsure  = lower(`\b(?:cannot|can not|can['’]t|could not|unable to) (?:say|tell|know|judge|rule|exclude)\b|\bunknown\b|\b(?:do|does)(?: not|n['’]?t) know (?:if|whether)\b|\bnot (?:sure|certain)\b|\bno information (?:whether|if|as to)\b|\bunsure\b|\bunclear\b|\bno idea\b|\bnot (?:checked|investigated)\b|\b(?:don['’]t|do not) know(?: (?:if|whether|about|that|this|it|yet)\b.*)?[.]?$|\bne sa(?:is|vons) pas\b|\bweiß (?:ich )?nicht\b|\bnicht bekannt, ob\b|\binconnu\b|\bunbekannt\b|\bonbekend\b|\bweet (?:ik|niet)\b|\b(?:did|have|has)(?: not|n['’]?t) (?:checked?|looked?|investigated?|asked|verified)\b|\bdesconocido\b|\bsconosciuto\b|\bno (?:lo )?sé\b|不清楚|不确定|未知|不明|分かりません|わかりません`)
	saysYes     = lower(`\b(?:is|are|was|were|been|being|currently|actively) (?:being |already |currently |now |actively )*(?:exploited|abused|misused|attacked|compromised|hacked)\b|\bactive(?:ly)? exploit(?:ed|ation|ing)\b|\b(?:somebody|someone|attackers?|an attacker|criminals|intruders?|they) (?:is|are|was|were|has|have|had) (?:been |already |now |actively )*(?:using|used|exploit\w*|abus\w*|attack\w*)\b|\battackers? (?:came|used|got|dropped|uploaded|installed|stole|copied|did)\b|\b(?:first|last|the) malicious (?:request|login|access|activity)\b|\bexploit(?:ed|ation) (?:was |has been )?(?:observed|seen|confirmed|detected)\b|\b(?:we|customers?|hosts?|servers?|systems?) (?:were|was|have been|has been|got) (?:attacked|hacked|compromised|breached|encrypted)\b|\b(?:wird|wurde|werden|wurden) (?:bereits |aktiv |derzeit )*(?:ausgenutzt|angegriffen)\b|\b(?:est|a été|ont été|sont) (?:déjà |activement )*(?:exploitée?s?|attaquée?s?)\b|\bin the wild (?:since|by|at|against)\b|\bused (?:right now )?in (?:real |ongoing )?attacks\b|\bwordt (?:al |reeds |actief |momenteel )*misbruikt\b|\b(?:está|ha) siendo explotad[ao]\b|\bviene (?:già |attivamente )*sfruttat[ao]\b|已被利用|正在被利用|被攻击者利用|存在在野利用|悪用されています|悪用が確認` + saysYesMore)
	hypothesis  = lower(`\b(?:if|whether|could|can|may|might|would|should|unless|until|once|ob|falls|könnte|kann|si|pourrait|peut)\b`)
	denied      = lower(`\b(?:not|never|no|nobody|none|neither|nor|nicht|kein\w*|pas|aucune?)\b|n['’]t\b|\b(?:do|does|did|is|was|have|has|wo|ca)nt\b`)
	exploitTalk = lower(`\bexploit(?:s|ed|ation|ing)?\b|\bmisused?\b|\babused?\b|\bin the wild\b|\b(?:for bad purposes|in bad faith|by criminals|by attackers|in anger)\b|\battacks?\b|\bmalicious(?:ly)?\b|\bausgenutzt\b|\bausnutzung\b|\bexploitée?\b|\bmissbrauch|\bmisbruik\w*|\bexplotad[ao]|\bexplotación\b|\bsfrutta(?:t[ao]|mento)|利用|攻击|悪用|攻撃` + exploitMore)
)

var (
	// unseen denies that anybody is known to use the weakness, in the words of
	// whoever looked: "I have seen nothing that points to abuse".
	unseen   = lower(`(?:\b(?:no|not|nothing|never|none|nor|neither)\b|n['’]t\b)[^.;:]{0,30}\b(?:seen|see|know|known|aware|heard|noticed|found|find|observed|detected|signs?|evidence|traces?|indications?|hints?|knowledge|reports?|cases?|points?|suggests?)\b[^.;:]{0,60}(?:\b(?:exploit(?:ed|ation|s)?|abused?|misused?|attack(?:s|ed|ers?)?|malicious(?:ly)?)\b|\bin the wild\b|\b(?:made|make|making) use of (?:it|this|the)\b|\bused (?:it|this)\b|\bused by (?:any|others|some|third|criminals)|\bany use of\b)|\b(?:nobody|no one|no-one)\b[^.;:]{0,50}(?:\b(?:exploit(?:ed|ation|s)?|abused?|misused?|attack(?:s|ed|ers?)?|malicious(?:ly)?)\b|\bin the wild\b|\b(?:made|make|making) use of (?:it|this|the)\b|\bused (?:it|this)\b|\bused by (?:any|others|some|third|criminals)|\bany use of\b)` + unseenMore)
	looked   = lower(`\b(?:i|we|my|our|us|there (?:is|are)|nobody|no one|none)\b`)
	ownTrial = lower(`(?:\b(?:not|never)\b|n['’]t\b) (?:\w+ ){0,3}(?:try|tried|attempt\w*|able|manage\w*|exploit|abuse|misuse|attack|want|intend|plan|mean)\b|\bexploitable\b|\bneeds? no\b|\brequir\w+\b`)
)

// deniesUse reports whether a sentence says that no use of the weakness is known.
func deniesUse(low string) bool {
	return unseen.in(low) && looked.in(low) && !ownTrial.in(low) && !hypothesis.in(low)
}

// readExploited says whether the weakness has been exploited: yes or no when
// the reporter says so, else unknown. A yes anywhere wins: it must not be
// missed.
func (d *document) readExploited() string {
	answer := exploitedUnknown
	for _, s := range d.attackSections() {
		verdict := judge(d.first(s))
		if verdict == exploitedUnknown && d.tellsAttack(s) {
			verdict = exploitedYes
		}
		if verdict != exploitedUnknown {
			answer = verdict
			break
		}
	}
	labelled := len(d.at(pathExploited)) > 0
	for _, s := range d.said {
		if s.path == pathSteps || s.path == pathPublic || s.path == pathFix {
			continue
		}
		switch {
		case saysYes.in(s.low) && exploitedFact(s) && !d.ofAnother(s):
			return exploitedYes
		case answer == exploitedUnknown && !labelled && s.path != pathKnown && ((exploitTalk.in(s.low) && saysNo.in(s.low)) || (proseField(s.path) && deniesUse(s.low))) && !saysUnsure.in(s.low):
			answer = exploitedNo
		}
	}
	if answer == exploitedUnknown && !labelled {
		for _, s := range d.at(pathKnown) {
			if judge(d.first(s)) == exploitedNo {
				return exploitedNo
			}
		}
	}
	return answer
}

// toolsOnly is a label that asks for exploits as things, rather than for attacks.
var toolsOnly = lower(`^(?:information (?:about|on) )?(?:known |public |existing |available )*exploits?(?: known| available)?$`)

// attackSections are the sections about exploitation. Where one of them asks for
// attacks, those about exploit code say nothing of that.
func (d *document) attackSections() []*section {
	all := d.at(pathExploited)
	var asked []*section
	for _, s := range all {
		if !toolsOnly.in(strings.ReplaceAll(normalLabel(s.label), "_", " ")) {
			asked = append(asked, s)
		}
	}
	if len(asked) > 0 {
		return asked
	}
	return all
}

var (
	cveName = lower(`\bcve-\d{4}-\d{4,}\b`)
	likened = lower(`\b(?:same|similar|comparable|comparison|compared?|other|another|different|unlike|resembles|reminds?)\b`)
)

// ofAnother reports whether a sentence likens the weakness to one that has a
// number already, and that the subject does not speak of.
func (d *document) ofAnother(s sentence) bool {
	number := cveName().FindString(s.low)
	return number != "" && likened.in(s.low) && !strings.Contains(lowered(d.in.Subject), number)
}

var attackHead = lower(`\b(?:evidence|signs?|traces?|indications?|details?|timeline) (?:of|for|on) (?:the |an? )?(?:attacks?|exploit\w*|abuse|misuse|compromise|intrusion)|\b(?:attacks?|abuse|misuse) (?:seen|observed|detected)|\b(?:the|our) (?:attack|incident|intrusion)\b`)

// tellsAttack reports whether a section about attacks tells of one, with the
// time of it.
func (d *document) tellsAttack(s *section) bool {
	text := d.first(s)
	low := lowered(text)
	if !attackHead.in(lowered(s.label)) || wordCount(text) < 8 || saysUnsure.in(low) || saysNo.in(low) || couldBe.in(low) {
		return false
	}
	m, ok := firstMoment(text, low, d.in.Date)
	return ok && m.known()
}

// exploitedFact reports whether a sentence that speaks of exploitation says
// that it happened, rather than that it did not, or could.
func exploitedFact(s sentence) bool {
	if s.path == pathExploited {
		return !saysNo.in(s.low) && !saysUnsure.in(s.low) && !strings.Contains(s.low, "?")
	}
	at := saysYes.at(s.low)
	if denied.in(s.low[max(0, at[0]-30):at[1]]) {
		return false
	}
	return !saysNo.in(s.low) && !saysUnsure.in(s.low) && !hypothesis.in(s.low[:at[0]]) && !strings.Contains(s.low, "?")
}

var (
	answersYes = lower(`^y[,;:] |^(?:yes|yep|yeah|oui|sí|sì|sim)\b|^ja(?:$|[,.!:; ])|^(?:是|有|はい)(?:$|[，。,.])`)
	// noneOfIt answers the question whether it was exploited, and would say
	// nothing elsewhere.
	noneOfIt = lower(`^(?:we|i) (?:have|know(?: of)?|saw|see) none\b|\b(?:found|saw|see|seen) (?:nothing|none)\b|\bno reason to (?:think|believe|assume|suspect|fear)\b|^(?:bisher|bislang|derzeit) (?:keine?|nicht|nichts)\b|^(?:jusqu['’]ici|à ce jour|pour l['’]instant|pour le moment)[, ]+(?:aucune?|rien|non|pas)\b|^tot nu toe (?:geen|niet|niets)\b|^(?:so far|until now|to date|as yet),? (?:none|nothing|not|no|nobody)\b|\b(?:no|not any|zero|without) (?:\w+ ){0,3}(?:misuse|abuse|exploit\w*|attack\w*|incidents?|cases?|victims?|hints?|proof|suspicion|information)\b|\b(?:have|has|had)(?: not|n['’]?t) (?:seen|noticed|observed|heard)\b`)
)

// sawIt answers it with what the reporter has seen.
var sawIt = lower(`^(?:we|i) (?:saw|have seen|observed|noticed|caught) (?:it|this|that|somebody|someone)\b`)

// notKnown answers it too: "I don't know of any".
var notKnown = lower(`(?:\b(?:do|did|have)(?: not|n['’]?t)|\bnever) (?:know of|heard? of|see|seen|found|find|notice|noticed) (?:any|one|such|it|this)\b`)

// judge reads the answer to the question whether it was exploited.
func judge(text string) string {
	low := strings.Trim(lowered(text), "\"'“”‘’ ")
	switch {
	case text == "":
		return exploitedUnknown
	case answersYes.in(low), low == "true", low == "y":
		return exploitedYes
	case saysUnsure.in(low):
		return exploitedUnknown
	case saysNo.in(low), low == "false", low == "n":
		return exploitedNo
	case saysYes.in(low), sawIt.in(low):
		return exploitedYes
	case noneOfIt.in(low), notKnown.in(low), deniesUse(low):
		return exploitedNo
	}
	return exploitedUnknown
}

var (
	publicTalk = lower(`\b(?:intend|going|plan|planning|will|want|about)(?: to)? (?:send|submit|file|put|post|request|hand)\b[^.;]{0,40}\bmitre\b|\b(?:we|i) (?:will )?(?:warn|alert|notify|inform) (?:all|the public|the operators|our (?:customers|members|constituen\w+))\b|\b(?:we|i) publish\b|\bwill be (?:on|in) (?:our|my|the) (?:web ?site|blog|web page|homepage)\b|\b(?:will|shall|would|do|won)(?: not|n?['’]t)? (?:\w+ )?(?:talk|speak|write|post|blog) (?:about|of) (?:it|this|the \w+)|\b(?:informed|told|notified) (?:nobody|no one)\b|\b(?:would like|want|wants|plan|plans|intend|intends|hope|will)\b[^.;]{0,60}\b(?:newspaper|magazine|newsletter|blog|podcast|journal|talk|conference|meetup)\b|\b(?:becomes?|become|get|gets|is made|will be made) public\b|\b(?:thesis|dissertation)\b[^.;]{0,60}\b(?:defen[cs]e|defended|submitted|public|handed in)\b|\b(?:give|giving|hold|holding|deliver) (?:a|the|our|my) (?:\w+ ){0,2}(?:talk|presentation|lecture|keynote|workshop)\b|\b(?:would|['’]d) like to (?:publish|disclose|present|write about|talk about)\b|\b(?:plan|planning|intend|want|hope) to (?:write about|blog|talk about|present)\b|\b(?:is|it['’]s|are)(?: not|n['’]?t) public\b|\bnot (?:yet )?public\b(?: yet|$|[.,;])|\baan niemand\b[^.;]{0,20}\b(?:verteld|gezegd|gedeeld|gemeld)|\bniets gepubliceerd|\bniet (?:gepubliceerd|openbaar)|\bniemande[mn]\b[^.;]{0,30}\b(?:erzählt|gesagt|mitgeteilt|weitergegeben)|\b(?:nicht|noch nicht) öffentlich|(?:\bnot|\bnever|n['’]t) (?:\w+ )?publish(?:ed|ing)?\b|\bno(?:body| one) else (?:knows?|was told|has been told|is aware)\b|\b(?:nothing|not|never|nobody|no one|none|has|have|been|will|plan(?:s|ned|ning)?|intend|intention|going to|want|already|be|is|are|only)\b[^.;]{0,60}\bpublish(?:ed|ing)?\b|\bpublication\b[^.;]{0,60}\b(?:plan|planned|date|schedul\w*|intend\w*|until|before|foreseen)|\b(?:no|any) publications?\b|\b(?:talk|paper|presentation|article|abstract|blog post|write-?up|advisory|preprint|thesis)\b[^.;]{0,60}\b(?:schedul\w*|accepted|submit\w*|planned|publish\w*|online|appears?|due)\b|\baccepted (?:by|at|for) the\b|\bpresent (?:our|the|this|these|my|it|at)\b|(?:\b(?:not|nobody|no one|never)|n['’]t)\b[^.;]{0,25}\b(?:told|talked|shared|spoken|discussed|mentioned it)\b|\b(?:told|shared with|spoken to) (?:nobody|no one)\b|\bpublicly (?:disclos\w+|known|discuss\w*|announc\w*)\b|\bpublic disclosure\b|\bgo(?:es|ing)? public\b|\bmade public\b|\b(?:post|tweet|share|put|release|dump) (?:it|this|everything|all|the details?) (?:on|online|publicly)\b|\bgoes online\b|\b(?:will|plan to|intend to|going to)(?: not)? (?:disclose|publish|tell|share)\b|\bno cve\b|\bcve(?:-id| id| number)?s?\b[^.;]{0,30}\b(?:requested|assigned|reserved)\b|\b(?:neither|nor|not any)\b[^.;]{0,20}\b(?:cve|publications?|paper|talk)\b|\bsubmit (?:a|the|our|this|it)\b[^.;]{0,30}\b(?:paper|talk|conference|journal|abstract|article)\b|\b(?:posted|mentioned|discussed|asked|wrote)\b[^.;]{0,60}\b(?:forum|twitter|mastodon|blog|reddit|mailing list|social media|github|social network)\b|\bplanned (?:publication|release|disclosure)\b|\brien n['’]a été publié|\bn['’](?:en )?ai (?:rien )?(?:parlé|dit|publié|divulgué)|\bveröffentlich\w*\b|\bpubli(?:é|ée|er|erai|cation)\b` + publicMore)
	publicNot  = lower(`\banonym\w*\b|\banoniem\b|\b(?:if|when|should|once|before) (?:you|there)\b[^,.;]{0,30}\b(?:publish\w*|disclos\w*|advisory|release)\b|\byou (?:publish|disclose)\b|\byour (?:\w+ ){0,3}(?:policy|disclosure|advisory)\b|\bpublic (?:key|link|folder|network|interface|endpoint|internet)\b` + publicNotMore)
	publicWord = lower(`^(?:none|nothing)\b|\bplanned\b|\bpubl\w+|\bdisclos\w+|\bveröffentlich\w*|\bcve\b|\btold\b|\bonline\b|\btalk\b|\bpaper\b|\badvisory\b`)
)

// ownSilence is a promise of one's own, whatever else the sentence speaks of.
var ownSilence = lower(`\b(?:i|we) (?:will|shall|would)(?: not|n['’]?t) (?:\w+ )?(?:talk|speak|write|post|tell|share|disclose|publish)\b`)

// formQuestion is what somebody asked, and the reporter repeats.
var formQuestion = lower(`^(?:do|does|did|are|is|was|were|have|has|will|when|how|what|which|who)\b[^?]*\?$`)

// readPublicInfo is what the reporter says about publication, word for word.
func (d *document) readPublicInfo() string {
	if v := d.publicLabel(); v != "" {
		return v
	}
	var run []string
	unit := -1
	for _, s := range d.said {
		match := proseField(s.path) && publicTalk.in(s.low) && !formQuestion.in(s.low) && (!publicNot.in(s.low) || ownSilence.in(s.low))
		switch {
		case match && (len(run) == 0 || s.unit == unit):
			run, unit = append(run, s.text), s.unit
		case len(run) > 0:
			return strings.Join(run, " ")
		}
	}
	return strings.Join(run, " ")
}

// bareAnswer says yes or no, and nothing else.
var bareAnswer = lower(`^(?:y|n|yes|no|none|nope|ja|nein|oui|non|true|false|n/a)[.!]?$`)

// publicLabel is what stands behind a label about publication: of several, the
// first that says more than yes or no.
func (d *document) publicLabel() string {
	short := ""
	for _, s := range d.at(pathPublic) {
		v := d.first(s)
		if v != "" && !bareAnswer.in(lowered(v)) {
			return fromClause(v)
		}
		short = firstOf(short, v)
	}
	return short
}

// fromClause leaves out clauses before the first that speaks of publication,
// as in "we wait for you; nothing published".
func fromClause(v string) string {
	for rest := v; ; {
		clause, after, ok := strings.Cut(rest, ";")
		if !ok {
			if publicWord.in(lowered(rest)) {
				return rest
			}
			return v
		}
		if publicWord.in(lowered(clause)) {
			return rest
		}
		rest = strings.TrimSpace(after)
	}
}

var (
	creditTalk = lower(`\b(?:mention|name|credit|thank|cite|list) ["“„«]|\bdo not name\b|["”»] (?:is|would be) (?:fine|enough|okay|ok)\b|\b(?:call me\b.{0,40}\b(?:thank|credit|list|mention)|(?:be )?thanked as|(?:i|we|je|nous|ich|wir|ik)\b[^.;]{0,40}\b(?:(?:stay|remain|be kept|rester|bleiben|blijven) anonym\w*|anonym bleiben|anoniem blijven)|credit(?:ed|s)?|acknowledge (?:me|us|["“”'A-Z])|acknowledged?\b[^.;]{0,20}\bas\b|acknowledgements? (?:to|as|in)|hall of fame|thank-you (?:list|page)|(?:may|can|please|do not|don['’]t|not) (?:name|mention|list) (?:me|us|my name|our)|be (?:named|mentioned|listed|credited)|mention(?:ed)? as|named as|attribut(?:e|ion|ed) (?:to|it)|citer (?:mon|notre) nom|me citer|créditer|(?:nennen|erwähnen) sie\b.{0,20}\b(?:mich|namen|uns)|namentlich)\b` + creditMore)
	creditNot  = lower(`\bcredit card|\bcredit union|\bcredits? (?:system|balance)|\backnowledge (?:the )?receipt` + creditNotMore)
	creditNo   = lower(`\bno credit\b|\bnot? (?:need|want|wish|require)\b|\bdo(?: not|n['’]?t)\b|\bne pas\b|\bnicht\b|\banonym` + creditNoMore)
	creditAs   = lower(`\b(?:as|to|als|comme|with the name|under the name)\s*:?\s+`)
	creditName = lower(`:\s+`)
)

// readCredit is how the reporter wants to be named, or that not.
func (d *document) readCredit() string {
	if v := d.value(pathCredit); v != "" {
		return creditValue(v, true)
	}
	for _, s := range d.at(pathReporter) { // who found it, and would not be named
		if v := d.first(s); finder.in(normalLabel(s.label)) && namelessWish.in(lowered(v)) {
			return v
		}
	}
	for _, s := range d.said {
		if s.path != pathSteps && s.path != pathFix && s.path != pathBehalf && creditTalk.in(s.low) && !creditNot.in(s.low) {
			return creditValue(s.text, false)
		}
	}
	return ""
}

// namelessWish is said in the place of a name.
var namelessWish = lower(`^(?:(?:wish|want|prefer|ask)\w* (?:to (?:stay|remain|be|be kept) )?)?anonym\w*\b`)

// creditValue is the name in a wish for credit, or else the wish.
func creditValue(v string, labelled bool) string {
	low := lowered(v)
	if _, wish, ok := strings.Cut(v, ";"); ok && creditNo.in(low) && !creditNo.in(lowered(wish)) && quotedText(wish) != "" {
		return quotedText(wish) // "do not name me; 'X' is fine"
	}
	if creditNo.in(low) {
		if clause, _, ok := strings.Cut(v, ","); ok && !labelled && creditTalk.in(lowered(clause)) {
			return clause
		}
		return v
	}
	if q := quotedText(v); q != "" {
		return q
	}
	for _, form := range [...]pattern{creditName, creditAs} {
		for _, at := range form().FindAllStringIndex(low, 20) {
			if name := v[at[1]:]; upperStart(name) && wordCount(name) <= 12 {
				return strings.TrimRight(name, " .")
			}
		}
	}
	return v
}
