package extract

// ownPseudonym is said by those who would not give their name.
var ownPseudonym = lower(`\b(pseudonym|under (this|the|my) (handle|alias|nick|nickname)|keep my (real )?name to myself|(prefer|like|want|wish) to (stay|remain|be) anonymous|not (give|share|tell|reveal) (you )?my (real )?name|(my|this) (handle|alias) (is|only)|sous (un |ce )?pseudonyme|unter (einem |diesem )?pseudonym)\b`)

// inPublic is said of a wish that concerns what is published only.
var inPublic = lower(`\b(?:publication|publicly|publish|public|advisory|credits?|hall of fame|acknowledgements?)\b`)

// goesBy is how people say which made-up name they use.
var goesBy = exactly(`\b(?:I go by|I(?: am|['’]m) (?:better )?known (?:online )?as|[Kk]nown online as|[Mm]y (?:handle|alias|nick|nickname|pseudonym) is|I use the (?:handle|alias|nick|nickname|pseudonym)|[Cc]all me)(?: the (?:name|handle|nick|nickname|alias))?(?: of)?:? ["“„'‘]?([\p{L}\d_.-]{2,30}[\p{L}\d_])`)

// saidPseudonym is the made-up name that a sentence says the reporter uses.
func (d *document) saidPseudonym() string {
	for _, s := range d.said {
		if g := goesBy.groups(s.text); g != nil && isHandle(g[1]) && s.path != pathCredit && !inPublic.in(s.low) {
			return g[1]
		}
	}
	return ""
}

// handleLabel is the made-up name that stands alone behind a label for who
// reports.
func (d *document) handleLabel() string {
	for _, s := range d.at(pathReporter) {
		if v := collapse(d.body(s)); isHandle(v) && !noHandle.in(lowered(v)) && len(v) <= 40 {
			return v
		}
	}
	return ""
}

// noHandle is said of somebody who has no name here.
var noHandle = lower(`^(?:anonym\w*|unknown|none|me|myself|self|us|nobody|private|independent|student|https?:.*|www\..*)[.]?$|[/:]`)

// wantsPseudonym reports whether the reporter would stay without a name.
func (d *document) wantsPseudonym() bool {
	for _, s := range d.said {
		if ownPseudonym.in(s.low) && !inPublic.in(s.low) {
			return true
		}
	}
	return false
}
