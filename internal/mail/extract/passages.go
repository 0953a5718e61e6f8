package extract

import (
	"strings"
)

var (
	stepsTalk    = lower(`^(?:if|when|once) you (?:open|visit|load|change|send|enter|click|log in|set|remove|add|replace|put|type|call|request|upload|press|touch|hold)\b.*\b(?:appears?|shows?|shown|see|gets?|returns?|displayed|visible|opens?|downloads?|crash\w*|works?|accepted|receive)\b|\bby (?:changing|replacing|incrementing|modifying|adding|removing|editing|altering|appending|setting|sending|entering)\b.{3,160}\b(?:you|one|i|we|anyone|anybody|it is possible) (?:can|could|gets?|got|sees?|saw|receives?|reach)\b|\ben (?:changeant|modifiant|remplaçant|ajoutant|supprimant|envoyant|ouvrant|saisissant)\b.{3,200}\b(?:on|je|nous|il est possible|j['’]ai)\b|^(?:if you (?:want|wish|would like|care) to (?:try|see|verify|check|repeat|reproduce|test|confirm)|you can try)\b|\b(?:moet|hoef(?:t)?) (?:je|men|u) (?:[\w'-]+ ){0,6}(?:veranderen|aanpassen|wijzigen|invullen|openen|klikken)\b|\b(?:when|if|by|after) (?:i|we|you) (?:then |just |simply )?(?:chang|replac|increment|modif|edit|swap|alter|remov|delet|append|open|send|load|visit|reload)(?:e|ed|es|s|ied|y|t)?\b[^.;]*\b(?:i|we|you) (?:could |can |then |also )?(?:saw|see|got|get|gets|am|was|were|are|land|landed|received|receive|reach|reached)\b|^(?:to|in order to) (?:see|reproduce|verify|confirm|trigger|replicate|repeat|demonstrate|test|check)\b[^.]{0,60}(?:[,:]|$)|\b(?:can be|to) reproduced? (?:it |this |the \w+ )?(?:by|as follows|with|like this)\b|^(?:put|enter|open|type|send|paste|log in|go to|visit|click|call|run)\b.*\b(?:and|then)\b.*\b(?:you|appears?|gets?|shows?|see|returns?)\b|^(?:move|hover|drag|put|enter|open|type|send|paste|click|visit|call|run|append|add|insert|submit|log in|upload|change|set|replace)\b[^.]*(?:,|\band\b|\bthen\b|->|=>)[^.]*\b(?:pops?|fires?|executes?|appears?|shows?|shown|returns?|loads?|triggers?|crash\w*)\b|\byou can (?:reproduce|confirm|verify|see|check|test) (?:it|this|that)\b|\bcan be (?:reproduced|confirmed|verified|triggered)\b|\b(?:open|follow) the (?:link|steps)\b.*\b(?:you|see)\b|^(?:zum|um) (?:nachstellen|reproduzieren)|^pour (?:reproduire|vérifier)\b|^om (?:het|dit|dat|ze) (?:zelf )?(?:na te doen|te reproduceren|te zien|na te gaan)|^(?:log in|boot|restart|open|reload|start)\b[^.]*\band (?:compare|watch|look|observe|see|check)\b|\byou can (?:see|observe|get|do|check|try|watch) (?:the same|it|this|that|for yourself)[^.]*\bby\b` + stepsMore)
	exampleTalk  = lower(`^(?:example|for example|exemple|par exemple|beispiel|zum beispiel)\b`)
	attachTalk   = lower(`\b(?:attach\w*|enclosed?|anhang|angehängt|ci-joint|pièce jointe|joint)\b`)
	attachSteps  = lower(`\b(?:steps?|poc|proof|reproduc\w*|everything|how to|demo\w*|walk-?through|script|video|schritte|étapes)\b`)
	attachDetail = lower(`\b(?:details?|everything|full report|whole report|complete report|the report|report\.\w+|description|write-?up|whitepaper|all information|rest of|alles|détails|rapport|bericht|technical)\b`)
	imperative   = lower(`^(?:then |now |first,? |next,? |as (?:the |an? )?\w+(?: \w+)?, )?(?:log ?(?:in|on|out)|sign in|prepare|power|feed|let|open|send|click|go|run|start|boot|copy|create|set|enter|use|visit|intercept|change|replace|select|call|connect|upload|download|install|make|put|take|type|press|navigate|browse|execute|submit|save|edit|insert|remove|wait|repeat|observe|look|note|compare|read|write|choose|add|delete|restart|reboot|capture|configure|get|request|post|point|finish|paste|modify|verify|check|ask|export|import|plug|pull|hold|mount|load|launch|build|compile|craft|forge|register|disable|enable|switch|turn|you (?:get|see|are)|ouvrir|copier|lancer|redémarrer|cliquer|envoyer|se connecter|changer|öffnen|starten|anmelden|klicken|senden)\b`)
	fixTalk      = lower(`\b(?:should|would|ought to) (?:do|help|solve (?:it|this|that)|fix (?:it|this|that))[.!]?$|\bshould only be\b|\bshould be (?:restricted|limited|checked|validated|escaped|removed|disabled|encrypted|required|protected|rejected|verified|hashed|sanitised|sanitized|signed)\b|^(?:please |just |simply )?(?:make|require|ask for|check|validate|verify|escape|restrict|limit|enforce|hash|encrypt|sign|bind|compare|refuse|reject) [^?]*\b(?:random|logins?|log in|authentication|owner|ownership|permissions?|roles?|server[- ]side|signature|input|output|session|length|rate|certificate|tokens?|passwords?)\b|\b(?:ought to|should|would|will) (?:already |probably )?(?:be (?:sufficient|enough)|suffice|do the trick)\b|\b(?:the|a|one) (?:\w+ )?(?:fix|remedy|correction|repair|solution|cure) (?:is|would be|could be|might be) (?:to\b|by\b)|\bwould be (?:the right|a better|the better|the proper|a safer) (?:place|way|choice|solution|approach|option)\b|\bil (?:faudrait|suffirait|conviendrait|serait (?:mieux|préférable))\b|\b(?:man|sie) (?:sollten?|müssten?|könnten?)\b|\b(?:jullie|men) (?:zou|zouden|moeten|kunnen)\b[^.?]{0,60}\b(?:controleren|nakijken|beperken|afschermen|gebruiken)|\b(?:kunnen|zouden) jullie\b[^.?]{0,60}\b(?:controleren|nakijken|beperken|afschermen|gebruiken)|^(?:you|the \w+|it|this|that) (?:\w+ )?(?:should|must|ought to|needs? to|has to|have to) (?:first |always |also |only |probably |never )?(?:be )?(?:check|verif|validat|escap|sanitis|sanitiz|restrict|requir|enforc|compar|reject|refus|limit|encod|filter|sign|bind|invalidat|rotat|remov|disabl|use|ignor|clear)(?:e|ed|y|ied|s|d)?\b|\b(?:possible|suggested|proposed|simple|simplest|easy|obvious|recommended|better|proper|quick|good) (?:fix|correction|repair|remedy|mitigation|solution|workaround|way out)\b|^as (?:for )?a (?:repair|fix|remedy|correction|workaround|mitigation|stop-?gap)\b|\b(?:i|we)(?: would| ['’]d|['’]d)? (?:suggest|recommend|propose|advise)\b|\b(?:should|could|can|may|might) (?:probably |easily |simply )?be (?:disabled|restricted|limited|checked|turned off|switched off|prevented|avoided|escaped|validated|fixed|corrected|repaired|remedied|mitigated|solved|closed) (?:by|with|if)\b|^to (?:fix|repair|correct|mitigate|remedy) (?:this|it|the)\b|\bwhat (?:i|we) would do\b|\bmy (?:suggestion|proposal|recommendation|advice)\b|\bour (?:suggestion|proposal|recommendation)\b|\bthe (?:fix|remedy|correction|repair) (?:is|would be|could be)\b|\b(?:je|nous) (?:suggère|propose|recommande)|\b(?:ich|wir) (?:schlage|empfehle|würde)|\bworkaround\b|\b(?:patch|diff|change)\b(?: (?:above|below|attached|that is attached))?,? (?:corrects?|fixes|solves|closes|cures)\b|^please (?:update|upgrade|replace) (?:the|your|that|this|it)\b|^please (?:end|expire|invalidate|revoke|sanitise|sanitize|escape|restrict|require|enforce|remove|disable|validate|verify|rotate)\b|^(?:please )?use (?:a |an )?(?:random|secure|strong|cryptographic\w*|constant|unique|unpredictable)\b|^(?:misschien|wellicht)\b[^.?]{0,40}\b(?:kan|kunnen|zou|zouden)\b|\b(?:ik|wij|we) (?:stel|raad|zou|zouden)\b[^.?]{0,40}\b(?:voor|aan|aanraden)\b|^(?:perhaps|maybe|ideally)\b[^.?]{0,60}\b(?:could|should|might)\b|\b(?:that|this|it|which) (?:would|should|will) (?:do (?:it|the job)|be enough)\b|\bwould (?:solve|fix|close|prevent|remove|stop|avoid|be enough|suffice|help)\b|^(?:please |just |simply )?(?:use|sanitise|sanitize|escape|validate|encode|parametri[sz]e|bind) (?:prepared|parameteri[sz]ed|proper|all|output|input|the (?:value|input|output|name))\b`)
	polite       = lower(`^(?:perhaps|maybe|misschien|wellicht|vielleicht|peut-être|why not)\b`)
	fixNot       = lower(`\?$|\bno (?:fix|workaround|suggestion|idea|mitigation)\b|\bwill be fixed\b|\bwhen you\b|\b(?:suggest|recommend|propose) (?:a |that we (?:talk|meet)|to (?:talk|meet|call|publish|disclose))`)
)

// passage is a text that a field takes, and whether it was taken out of the
// description: only what stands below a heading of its own is.
type passage struct {
	text  string
	taken []*section
}

// labelledPassage joins the sections of a path.
func (d *document) labelledPassage(path string) passage {
	var p passage
	var parts []string
	for _, s := range d.at(path) {
		text := d.body(s)
		if !s.exact { // the heading says more than the name of the field
			text = strings.TrimRight(d.lines[s.start].raw, " \t\r") + strings.TrimPrefix("\n"+text, "\n"+s.value)
			text = strings.TrimRight(text, "\n")
		}
		parts = append(parts, text)
		p.taken = append(p.taken, s)
	}
	p.text = strings.Join(parts, "\n\n")
	return p
}

// readSteps finds how to reproduce the weakness.
func (d *document) readSteps() passage {
	if p := d.labelledPassage(pathSteps); p.text != "" {
		return p
	}
	for _, find := range [...]func() string{
		func() string { return d.paragraphFrom(stepsTalk) },
		d.listOfSteps,
		d.countedFinding,
		d.toldSteps,
		d.attachedSteps,
		func() string { return d.paragraphFrom(exampleTalk) },
	} {
		if text := find(); text != "" {
			return passage{text: text}
		}
	}
	return passage{}
}

// readFix finds what the reporter thinks would help.
func (d *document) readFix() passage {
	if p := d.labelledPassage(pathFix); p.text != "" {
		return p
	}
	for _, s := range d.said {
		low := s.low
		if polite.in(low) {
			low = strings.TrimRight(low, " ?") // "perhaps you could check it?" asks nothing
		}
		if proseField(s.path) && tellsFix(low) && !fixNot.in(low) {
			return passage{text: s.text}
		}
	}
	return passage{}
}

// paragraphFrom is the rest of the paragraph from the first sentence that p
// matches, with the list or listing that follows.
func (d *document) paragraphFrom(p pattern) string {
	for i, s := range d.said {
		if !proseField(s.path) || !p.in(s.low) {
			continue
		}
		text := []string{s.text}
		for _, next := range d.said[i+1:] {
			if next.unit != s.unit {
				break
			}
			text = append(text, next.text)
		}
		if strings.HasSuffix(s.text, ":") {
			text = append(text, d.following(i)...)
		}
		return strings.Join(text, " ")
	}
	return ""
}

// following is the items of the list below sentence i.
func (d *document) following(i int) []string {
	var items []string
	for _, s := range d.said[i+1:] {
		if s.path != d.said[i].path || len(items) >= 40 {
			break
		}
		if s.unit != d.said[i].unit {
			items = append(items, "\n"+s.text)
		}
	}
	return items
}

// listOfSteps finds a list, without a heading, whose items tell what to do.
func (d *document) listOfSteps() string {
	var items []string
	for i, l := range d.lines {
		if l.zone != zoneBody || !l.isList() {
			continue
		}
		if at := d.owner[i]; at >= 0 && !proseField(d.sections[at].path) {
			continue
		}
		if imperative.in(strings.TrimSpace(l.low[len(listMark().FindString(l.low)):])) {
			items = append(items, l.text)
		}
	}
	if len(items) < 2 {
		return ""
	}
	return strings.Join(items, "\n")
}

// countedFinding is how the weakness was found where that is told as a counted
// list of what the reporter did: it shows how to do it again.
func (d *document) countedFinding() string {
	for _, s := range d.at(pathHow, pathDiscovery) {
		var items []string
		for _, i := range s.own {
			if l := d.lines[i]; leadingNumber(l.text) == len(items)+1 && l.isList() {
				items = append(items, l.text)
			}
		}
		if len(items) > 1 && ownAct.in(lowered(strings.Join(items, " "))) {
			return strings.Join(items, "\n")
		}
	}
	return ""
}

var outcome = lower(`\b(?:appears?|is (?:shown|created|accepted|opened|started|written|returned|executed|in)|shows?|you (?:get|see|are|have)|returns?|opens?|crash(?:es)?|runs?|pops? up|contains?)\b`)

// toldSteps is a sentence that says what to do, with the one behind it that says
// what then happens.
func (d *document) toldSteps() string {
	for i, s := range d.said {
		if i+1 == len(d.said) || s.path == pathFix || !proseField(s.path) || !imperative.in(s.low) || tellsFix(s.low) {
			continue
		}
		if next := d.said[i+1]; next.unit == s.unit && outcome.in(next.low) && !imperative.in(next.low) && !hypothesis.in(next.low) {
			return s.text + " " + next.text
		}
	}
	return ""
}

// attachedSteps is the sentence that says that an attachment has the steps.
func (d *document) attachedSteps() string {
	if len(d.in.Attachments) == 0 {
		return ""
	}
	for _, s := range d.said {
		if attachTalk.in(s.low) && attachSteps.in(s.low) {
			return d.naming(s.text)
		}
	}
	return ""
}

// naming adds the names of the attachments to a sentence that names none.
func (d *document) naming(text string) string {
	var names []string
	for _, a := range d.in.Attachments {
		if strings.Contains(text, a.Name) {
			return text
		}
		names = append(names, a.Name)
	}
	return text + " [" + strings.Join(names[:min(len(names), 20)], ", ") + "]"
}

// description is the text without what steps and fix took whole.
func (d *document) description(passages ...passage) string {
	taken := map[int]bool{}
	for _, p := range passages {
		for _, s := range p.taken {
			for n := 0; n < s.lines; n++ {
				taken[s.start+n] = true
			}
			for _, i := range s.own {
				taken[i] = true
			}
		}
	}
	var b strings.Builder
	blank := true
	for i, l := range d.lines {
		raw := strings.TrimRight(l.raw, " \t")
		if taken[i] || (blank && strings.TrimSpace(raw) == "") {
			continue
		}
		b.WriteString(raw)
		b.WriteByte('\n')
		blank = strings.TrimSpace(raw) == ""
	}
	return strings.TrimSpace(b.String() + d.rest)
}
