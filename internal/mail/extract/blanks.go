package extract

// A form that is sent with fields not filled in says nothing in them.
var (
	unfilled = lower(`^(?:<[^<>:/=@\d]{1,60}>|\[[^\]\[:/@\d]{2,60}\]|\{\{?[^{}:/@\d]{1,60}\}?\}|_{2,}|\.{2,}|…|[-–—?]{1,3}|n\.?/?a\.?|tb[adc]|todo|to be (?:determined|defined|added|completed|confirmed|assigned|filled in)|(?:please )?(?:fill(?: this)? in|specify|describe|complete)(?: here)?|not (?:applicable|filled in|specified|provided|given)|(?:left )?(?:blank|empty)|entfällt|k\.?\s?a\.?|sans objet|à compléter|n\.?v\.?t\.?|in te vullen)[.]?$`)
	// nobody is said of an organisation by those who have none.
	nobody = lower(`^(?:none|no(?: company| organi[sz]ation)?|(?:an? )?independent(?: (?:security )?(?:researcher|consultant|person))?|private(?: person| individual)?|personal|myself|self|self-employed|individual|freelance(?:r)?|not affiliated|unaffiliated|(?:a )?student|hobbyist|keine?|privat(?:person)?|aucune?|particulier|geen)(?:[,;(/–-].{0,40})?[.]?$`)
)

// leaves reports whether a value leaves its field open. To the question about
// exploitation "not applicable" is an answer.
func (h heading) leaves() bool {
	if h.value == "" || !unfilled.in(lowered(h.value)) {
		return h.path == pathOrganisation && nobody.in(lowered(h.value))
	}
	low := lowered(h.value)
	return h.path != pathExploited && h.path != pathKnown || low[0] != 'n'
}
