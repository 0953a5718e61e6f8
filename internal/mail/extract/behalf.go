package extract

// pathBehalf is for whom somebody says that they report, too.
const pathBehalf = "reporter.on_behalf_of"

var (
	// reportsFor is said by those who report for somebody; that a program acts on
	// behalf of its user is said of no reporter.
	reportsFor = exactly(`\b(?:[Rr]eport(?:ing)?|[Ww]rit(?:e|ing)|[Ss]ubmit(?:ting)?|[Cc]ontact(?:ing)?|[Ss]end(?:ing)?|[Ss]peak(?:ing)?|[Dd]isclos(?:e|ing)|[Dd]o(?:ing)? this)\b[^.;:]{0,40}\bon behalf of\s+([^,.;:()\n]{2,120})`)
	behalfEnds = lower(`\s+(?:and (?:i|we)|who|which|that|because|to (?:tell|inform|report|let)|about|concerning|regarding|since|as|with regard to)\b`)
)

// readBehalf is for whom the reporter says to report, in the reporter's words.
func (d *document) readBehalf() string {
	if v := d.line(pathBehalf); v != "" {
		return trimPart(v)
	}
	for _, s := range d.said[:min(len(d.said), 40)] {
		at := reportsFor.groupsAt(s.text)
		if at == nil || !proseField(s.path) || !ownAct.in(s.low) || notDone.in(lowered(s.text[:at[2]])) {
			continue
		}
		who := s.text[at[2]:at[3]]
		if end := behalfEnds.at(lowered(who)); end != nil {
			who = who[:min(end[0], len(who))]
		}
		if who = trimPart(who); who != "" && wordCount(who) <= 14 {
			return who
		}
	}
	return ""
}
