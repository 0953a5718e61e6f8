package extract

import (
	"strings"
	"unicode"

	"github.com/docket-psirt/docket/internal/psirt"
)

var (
	address      = lower(`[a-z0-9._%+'-]{1,64}@(?:[a-z0-9-]{1,63}\.)+[a-z]{2,24}`)
	replyWish    = lower(`\b((?:reply to|answer|respond to|reach|contact|mail|write to) (?:him|her|them)|reply to|answer to|respond to|write to|contact (me|us)|reach (me|us)|reached|mail (me|us)|use this|best address|joindre|erreichen|erreichbar|écrivez)\b` + replyMore)
	organisation = lower(`\b(studios?|atelier|agentur|agence|recycling|banco|banque|banca|s\.a\b|(?:service|office|bureau|directorate|agency|administration|board) (?:of|for) \w|ltd|llc|inc|gmbh|ag|kg|sa|sas|sarl|bv|b\.v|nv|vzw|asbl|aps|ab|as|oy|plc|corp|corporation|company|limited|s\.r\.l|srl|spa|e\.v|group plc|university|universität|université|universiteit|college|polytechnic|school|institute|institut|laborator(?:y|ies)|labs?|agency|consult(?:ing|ancy|ants)|security|hosting|solutions|technologies|systems|software|networks|services|analytics|research|computing|compute|cyber\w*|infosec|pentest(?:ing)?|holdings?|industries|logistics|energy|electronics|robotics|pharma|informatics|informatique|informatik|media|airlines?|airports?|airways|railways?|soc|noc|advice|advies|audit|assurance|defen[cs]e|centre|center|bank|hospital|ministry|foundation|cert|csirt|commune|mairie|stadtwerke|stadt|council|association|society|centre hospitalier|hochschule|verein|telecom|insurance|museum|library|partners|llp|lp|pty|oyj|asa|kft|a\.s|s\.r\.o|d\.o\.o|zrt|s\.p\.a|sp\. z o\.o|pvt|co-op|cooperative|\w*(?:prüfstelle|meldestelle|stadtwerke|werke|verband|klinik|klinikum|krankenhaus|kanzlei|rechenzentrum|zentrum|behörde|verwaltung|gemeinde|landkreis|versicherung|sparkasse|akademie|gesellschaft|genossenschaft)|ziekenhuis|gemeente|stichting|hogeschool|waterschap|universidad|ayuntamiento|università|comune di|politecnico|hôpital|lycée|préfecture|conseil|mutuelle|authority|council|clinic|trust|airport|port of|county|township|ltda|eirl|ug)\b|\S & \S` + organisationMore)
	office       = lower(`\b(manager|professor|engineer|analyst|researcher|consultant|administrator|admin|developer|director|officer|head of|chief|ciso|cto|ceo|lead|lecturer|student|intern|architect|auditor|specialist|technician|tester|pentester|owner|founder|freelance(r)?|independent|department|dept|desk|team|group|chair|faculty|division|unit|operations|service informatique|abteilung|leiter(in)?|responsable|ingénieur|professeur|chercheur|mitarbeiter(in)?|weekdays|telephone|phone|tel|fax|mobile|best|regards)\b`)
	// sentElsewhere is said of addresses that the report went to.
	sentElsewhere = lower(`\b(?:sent|reported|forwarded|copied|wrote|written|submitted|cc)\b[^@]{0,40}\bto\b|^(?:to|cc)\s*:`)
	phoneNumber   = lower(`\+?\d[\d ()/.-]{5,}\d`)
)

// readReporter finds who reports. What a label says wins over the end of the
// letter, and that over the header of the mail.
func (d *document) readReporter() psirt.Reporter {
	var r psirt.Reporter
	parts := d.contactParts()
	closing := d.closingParts()
	sender := displayName(d.in.From.Name)
	r.Email = d.readEmail()
	if d.original.Name != "" && (strings.EqualFold(r.Email, d.original.Address) || (d.original.Address == "" && r.Email != d.in.From.Addr)) {
		sender = displayName(d.original.Name)
	}
	r.Name = firstOf(d.labelledName(), firstName(parts), d.signedName(closing, sender))
	r.Pseudonym = firstOf(d.line(pathPseudonym), d.saidPseudonym())
	if handle := d.handleLabel(); r.Pseudonym == "" && r.Name == "" && handle != "" {
		r.Pseudonym = handle
		if !strings.EqualFold(r.Email, d.in.From.Addr) {
			sender = "" // who passes it on
		}
	}
	credited, place := d.credited()
	if r.Name == "" && (!personName(sender) || roleName.in(lowered(sender))) {
		r.Name = credited
	}
	team := ""
	if r.Name == "" && responseTeam.in(lowered(sender)) {
		team = sender // an institution writes, and names nobody
	} else if r.Name == "" {
		r.Name = sender
	}
	if bare := r.Name[len(honorific().FindString(lowered(r.Name))):]; wordCount(bare) > 1 {
		r.Name = bare
	}
	d.underHandle(&r)
	r.Organisation = firstOf(
		organisationLabel(d.line(pathOrganisation)),
		d.besideName(r.Name),
		organisationIn(without(parts, r.Name), r.Name, true),
		organisationIn(without(closing, r.Name), r.Name, false),
	)
	if r.Organisation == "" {
		r.Organisation = firstOf(d.saidOrganisation(), d.houseOf(closing, r.Name))
	}
	if r.Organisation == "" && sharesWord(credited, r.Name) {
		r.Organisation = place
	}
	r.Organisation = withoutTeam(firstOf(r.Organisation, team))
	r.OnBehalfOf = d.readBehalf()
	if low := lowered(sender); r.Organisation == "" && r.Name != "" && !sharesWord(sender, r.Name) && organisation.in(low) && !job.in(low) {
		r.Organisation = sender
	}
	if low := lowered(r.OnBehalfOf); r.Organisation == "" && d.line(pathBehalf) != "" && organisation.in(low) && wordCount(low) <= 7 {
		r.Organisation = r.OnBehalfOf // a person who names no other house is of the one that the label names
	}
	return r
}

var teamFirst = lower(`^(?:psirt|product security(?: team)?|security team)(?: of| at|,)? (?:the )?`)

// withoutTeam is a house without the name of its response team before it.
func withoutTeam(name string) string {
	if rest := name[len(teamFirst().FindString(lowered(name))):]; wordCount(rest) > 1 {
		return rest
	}
	return name
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// line is the value of the first section of a path, up to its first line end.
func (d *document) line(path string) string {
	for _, s := range d.at(path) {
		value, _, _ := strings.Cut(d.body(s), "\n")
		if value = collapse(value); value != "" {
			return value
		}
	}
	return ""
}

func (d *document) labelledName() string {
	name := firstOf(d.twoLabels(), d.line(pathReporterName))
	name, _, _ = strings.Cut(name, ",")
	name = cutParenthesis(name)
	if name == "" || address.in(lowered(name)) || wordCount(name) > 6 {
		return ""
	}
	return name
}

// readEmail finds the address to answer to: the one that the reporter asks to
// use, or else that of the mail's header.
func (d *document) readEmail() string {
	for _, s := range d.at(pathEmail, pathReporter) {
		for _, l := range strings.Split(lowered(d.body(s)), "\n") {
			if found := address().FindString(l); found != "" && !sentElsewhere.in(l) && !d.ours(found) {
				return d.asWritten(found)
			}
		}
	}
	for _, s := range d.said {
		if s.path == pathSteps || !replyWish.in(s.low) {
			continue
		}
		if found := address().FindString(s.low); found != "" && !d.ours(found) {
			return d.asWritten(found)
		}
	}
	return firstOf(d.original.Address, d.in.ReplyTo, d.in.From.Addr)
}

// asWritten gives a known address in the letters of the header.
func (d *document) asWritten(addr string) string {
	addr = strings.Trim(addr, ".'")
	for _, known := range [...]string{d.in.ReplyTo, d.in.From.Addr} {
		if strings.EqualFold(addr, known) {
			return known
		}
	}
	return addr
}

// ours reports whether an address is in a domain of the programme.
func (d *document) ours(addr string) bool {
	_, host, _ := strings.Cut(addr, "@")
	for _, domain := range d.scope.Domains {
		if strings.EqualFold(host, domain) {
			return true
		}
	}
	return false
}

// contactParts are the names, offices and organisations that a contact
// section lists.
func (d *document) contactParts() []string {
	var parts []string
	for _, s := range d.at(pathReporter) {
		if finder.in(normalLabel(s.label)) && d.signedBySomebodyElse(d.body(s)) {
			continue
		}
		parts = append(parts, splitParts(d.body(s))...)
	}
	return parts
}

var finder = lower(`^(?:finders?|discoverers?|researchers?|authors?|found by|discovered by)(?: ?/ ?(?:finders?|discoverers?|researchers?|authors?))*$`)

// signedBySomebodyElse reports whether the letter ends with the name of a person
// that a text does not name: who found the weakness need not be who reports it.
func (d *document) signedBySomebodyElse(text string) bool {
	for i, p := range d.closingParts() {
		if low := lowered(p); i < 3 && personName(p) && !organisation.in(low) && !responseTeam.in(low) {
			return !sharesWord(p, text)
		}
	}
	return false
}

// closingParts are those of the letter's end and of its signature.
func (d *document) closingParts() []string {
	var text strings.Builder
	for _, l := range d.lines {
		if (l.zone == zoneClosing || l.zone == zoneSignature) && !endsLetter(l.low) {
			if disclaimerRule.in(l.text) || strings.HasPrefix(l.low, "ps:") || strings.HasPrefix(l.low, "p.s.") {
				break
			}
			text.WriteString(l.text)
			text.WriteByte('\n')
		}
		if text.Len() > 2000 {
			break
		}
	}
	return splitParts(text.String())
}

var disclaimerRule = lower(`^_{5,}$`)

// splitParts cuts lines of a contact block where its writer did.
func splitParts(text string) []string {
	var parts []string
	for _, l := range strings.Split(text, "\n") {
		l = strings.TrimSpace(l)
		if mark := listMark.at(lowered(l)); mark != nil {
			l = l[mark[1]:]
		}
		for _, sep := range [...]string{" | ", " / ", " – ", " — ", " - ", " · ", "; "} {
			l = strings.ReplaceAll(l, sep, "\x00")
		}
		for _, group := range strings.Split(l, "\x00") {
			for _, s := range splitSentences(collapse(group)) {
				parts = append(parts, splitCommas(s)...)
			}
		}
	}
	return parts
}

// namedAt is "Name (Organisation)".
var namedAt = lower(`^([^()]+)\(([^()]{3,60})\)\s*$`)

var legalForm = lower(`^\s*(llc|ltd|inc|gmbh|limited|plc|s\.?a\.?|s\.?r\.?l\.?|s\.?l\.?u?\.?|s\.?p\.?a\.?|b\.?v\.?|n\.?v\.?|corp|co|kft|bt|zrt|e\.?v|d\.?o\.?o|s\.?r\.?o|a\.?[sş]|ltda|lda|pty|pvt|bhd)\b\.?`)

// splitCommas cuts at commas, but not before the legal form of a company.
func splitCommas(s string) []string {
	var parts []string
	for _, p := range strings.Split(s, ",") {
		if legalForm.in(lowered(p)) && len(parts) > 0 {
			parts[len(parts)-1] += "," + p
			continue
		}
		parts = append(parts, p)
	}
	if at := namedAt.groups(lowered(s)); at != nil && len(parts) == 1 && personName(strings.TrimSpace(s[:len(at[1])])) && unicode.IsUpper(firstRune(s[len(at[1])+1:])) {
		parts = []string{s[:len(at[1])], s[len(at[1])+1 : len(at[1])+1+len(at[2])]}
	}
	for i, p := range parts {
		p = strings.TrimSpace(p)
		if label, value, ok := strings.Cut(p, ": "); ok && wordCount(label) <= 3 {
			p = value
		}
		parts[i] = trimPart(p)
	}
	return parts
}

// trimPart drops what stands around a part, but not the full stop of "Inc.".
func trimPart(p string) string {
	p = strings.Trim(p, " *_")
	if word := p[strings.LastIndexByte(p, ' ')+1:]; len(word) > 7 || !strings.HasSuffix(word, ".") || !legalForm.in(lowered(word)) {
		p = strings.TrimRight(p, ".")
	}
	return p
}

// onDuty stands before the name of whoever of a team writes.
var onDuty = lower(`^(?:(?:officer|analyst|handler|person) on duty|on duty|duty officer|case handler|handler|attn\.?|c/o)[: ]+`)

func firstName(parts []string) string {
	for i, p := range parts {
		if i > 4 {
			break
		}
		p = p[len(onDuty().FindString(lowered(p))):]
		if p = cutParenthesis(p); personName(p) && !organisation.in(lowered(p)) {
			return p
		}
	}
	return ""
}

// signedName is the name below the letter, when it is that of the sender or
// says more than the header does.
func (d *document) signedName(closing []string, sender string) string {
	for i, p := range closing {
		if i > 3 {
			break
		}
		low := lowered(p)
		if !personName(p) || organisation.in(low) || office.in(low) || responseTeam.in(low) {
			continue
		}
		if sender == "" || sharesWord(p, sender) || (i == 0 && !personName(sender) && !isHandle(sender)) ||
			(organisation.in(lowered(sender)) && i == 0) || office.in(lowered(sender)) || roleName.in(lowered(sender)) {
			if wordCount(p) >= wordCount(sender) || !sharesWord(p, sender) {
				return p
			}
		}
	}
	return ""
}

// displayName is the name of a From field in the order in which it is spoken.
func displayName(name string) string {
	name = strings.Trim(collapse(cutParenthesis(name)), "\"' ")
	name = name[len(honorific().FindString(lowered(name))):]
	if last, first, ok := strings.Cut(name, ","); ok && wordCount(last) == 1 && wordCount(first) == 1 {
		name = strings.TrimSpace(first) + " " + last
	}
	if address.in(lowered(name)) {
		return ""
	}
	return name
}

// responseTeam is the name of a response team or an authority, as in "CERT-XY" or
// "NCSC Ruritania".
var responseTeam = lower(`^(?:the |national )?(?:[a-z]{0,8}-?(?:cert|csirt|cirt|ncsc|cisa|psirt)\b|cert(?:[-/.]|\b))|\b(?:cert|csirt|cirt|ncsc) (?:of|for|at) |\b(?:cert|csirt|cirt|ncsc|cert/cc|coordination cent(?:er|re)|cyber security (?:agency|cent(?:er|re))|soc)$`)

// roleName is the name of a mailbox rather than of a person.
var roleName = lower(`\b(coordinat(ion|or)|security|response|disclosure|disclosures|reports?|reporting|support|sales|service|helpdesk|info|office|noreply|no-reply|psirt|cert|csirt|soc|vulnerability|vulnerabilities|vulns?|discovery|research|scanner|bot|list|mailing|secretary|secretariat|contact|bug (?:hunter|bounty)|bounty hunter)\b`)

var honorific = lower(`^(?:(?:dr|prof|mr|mrs|ms|herr|frau|dipl|ing)\b[.-]*\s*)+`)

func cutParenthesis(s string) string {
	if i := strings.IndexAny(s, "(["); i > 0 {
		s = s[:i]
	}
	return strings.TrimSpace(s)
}

// personName reports whether s looks like the name of a person: two to four
// words that begin with capitals, with particles between.
func personName(s string) bool {
	words := strings.Fields(s)
	if len(words) < 2 || len(words) > 5 {
		return false
	}
	capitals := 0
	for _, w := range words {
		r := firstRune(w)
		switch {
		case strings.IndexFunc(w, func(r rune) bool { return !unicode.IsLetter(r) && !strings.ContainsRune(".'’-", r) }) >= 0:
			return false
		case unicode.IsUpper(r), unicode.Is(unicode.Lo, r):
			capitals++
		case len(w) > 4:
			return false
		}
	}
	low := lowered(s)
	return capitals >= 2 && !office.in(low) && !salutation.in(low)
}

// sharesWord reports whether two names have a word of three letters or more in
// common.
func sharesWord(a, b string) bool {
	words := map[string]bool{}
	for _, w := range strings.FieldsFunc(lowered(b), notLetter) {
		words[w] = len([]rune(w)) >= 2
	}
	for _, w := range strings.FieldsFunc(lowered(a), notLetter) {
		if words[w] {
			return true
		}
	}
	return false
}

func notLetter(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' }

func localPart(addr string) string {
	local, _, _ := strings.Cut(addr, "@")
	return local
}
