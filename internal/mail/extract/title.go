package extract

import (
	"strings"
)

var (
	subjectPrefix = lower(`^\s*(?:(?:re|fw|fwd|aw|wg|tr|rv|antw|sv|vs|ref)(?:\[\d+\])?\s*:|\[[^\]]{1,40}\]|\([^)]{1,20}\)\s*:|(?:very |most )?urgent[e]?\s*[:!–-]+|dringend\s*[:!–-]+|wichtig\s*:|important\s*:|confidential\s*:|vertraulich\s*:|\*+|tlp\s*:\s*\w+\s*[-:–]*|(?:security )?vulnerability\s*:|(?:security )?(?:vulnerability|bug|weakness) (?:report|disclosure|notification|submission)\s*(?:[:–—]|-\s)\s*)\s*`)
	emptySubject  = lower(`^(?:\(?no subject\)?|\(?kein betreff\)?|\(?(?:sans|pas d['’]) ?objet\)?|\.{1,5}|…|encrypted (?:message|mail|e-?mail)|verschlüsselte nachricht|message chiffré|(?:(?:see|attached|attachment|enclosed|document|file|pdf|e-?mail|mail|encrypted|pgp|please find|as discussed|regarding|concerning|about|new|a|my|our|potential|possible|security|vulnerability|vuln|bug|issue|problem|report|reports|disclosure|submission|responsible|psirt|finding|notification|hello|hi|help|question|information|important|your|product|signalement|meldung|sicherheitslücke|schwachstelle|vulnérabilité|rapport|bericht|eine|une|de|sécurité|d['’]une|neue|einer|for|to|of|in)[\s:,.!-]*)+)$`)
)

// readTitle is the subject without what mail programs and senders put before
// it, or, where the subject says nothing, what a label in the text calls the
// weakness.
func (d *document) readTitle() string {
	if d.subject != "" && !emptySubject.in(lowered(d.subject)) {
		return d.subject
	}
	for _, s := range d.at(pathTitle) {
		if v := d.first(s); v != "" && len(v) <= 300 {
			return v
		}
	}
	for _, s := range d.sections {
		if strings.HasPrefix(d.lines[s.start].text, "# ") && !emptySubject.in(lowered(s.label)) {
			return s.label
		}
	}
	return ""
}

// cleanSubject drops the prefixes of a subject.
func (d *document) cleanSubject() string {
	s := collapse(d.in.Subject)
	for range 10 { // senders stack them
		before := s
		if at := subjectPrefix.at(lowered(s)); at != nil {
			s = s[at[1]:]
		}
		for _, prefix := range d.form.Subjects {
			prefix = strings.TrimRight(lowered(prefix), " :")
			if low := lowered(s); prefix != "" && strings.HasPrefix(low, prefix) {
				rest := strings.TrimSpace(s[len(prefix):])
				if rest == "" || strings.ContainsAny(rest[:1], ":-") || strings.HasPrefix(rest, "–") {
					s = strings.TrimLeft(rest, ":–- ")
				}
			}
		}
		if s == before {
			break
		}
	}
	return strings.TrimSpace(s)
}
