package extract

import (
	"net/netip"
	"net/url"
	"strings"
)

var (
	webAddress = lower(`\b(?:https?|hxxps?)(?:://|\[:\]//)[^\s<>"“”` + "`" + `]+`)
	bareHost   = lower(`\b(?:[a-z0-9-]+(?:\.|\[\.\]))+[a-z]{2,24}(?:/[^\s<>"“”]*)?`)
	ipToken    = lower(`[0-9a-f:.]*[0-9a-f][0-9a-f:.]*[.:][0-9a-f:.]*`)
	ownIP      = lower(`^tested\b|\b(?:my|our|own|i|we|me|us|mine|mon|ma|notre|je|meine?r?|unsere?r?|ich|wir|ik|mijn|onze|wij)\b`)
	ipTalk     = lower(`\b(?:address|addresses|ip|ips|from|adresse|von|vanaf|ip-adres|desde|depuis)\b`)
	inLogs     = lower(`\b(?:first|last|earliest|latest|other|these|those|such|all|suspicious|unknown) (?:\w+ )?(?:requests?|hits?|access(?:es)?|logins?|connections?|attempts?|uploads?)\b|\bin (?:our|the|my) (?:\w+ )?logs?\b`)
	fromWhere  = lower(`\b(?:from where|where from|from which (?:address|ip)|von wo|d['’]où|vanwaar)\b`)
	attackTalk = lower(`\battack|\bmalicious|\bintrud|\bactor|\bthey\b|\bcriminal|\bexploit|\bfilter reported|\bconnections? to\b|\b(?:somebody|someone|strangers?|an unknown (?:person|party|client))\b[^.;]{0,40}\bfrom\b`)
)

// readURL finds where the weakness is. Without a label only an address that
// belongs to the programme's domains counts, or any when the programme asks
// for one and names no domains.
func (d *document) readURL() string {
	for _, s := range d.at(pathURL) {
		body := d.body(s)
		if found := trimURL(webAddress().FindString(firstLines(body))); found != "" {
			return found
		}
		low := lowered(firstLines(body))
		if found := bareHost().FindString(low); found != "" && !strings.Contains(low, "@") {
			return trimURL(body[strings.Index(low, found):][:len(found)])
		}
	}
	asked := d.asks(pathURL)
	best, fallback := "", "" // of a bare host and a page of it, the page
	for _, s := range d.said {
		for _, at := range webAddress().FindAllString(s.text, 5) {
			found := trimURL(at)
			switch {
			case s.path == pathReporter || s.path == pathUnaffected:
			case d.inDomains(found):
				if best == "" || (strings.HasPrefix(found, best) && hostOf(found) == hostOf(best) && !strings.Contains(strings.TrimPrefix(best, "https://"), "/")) {
					best = found
				}
			case asked && fallback == "":
				fallback = found
			}
		}
	}
	if best == "" && fallback == "" && asked {
		return d.listedURL()
	}
	return firstOf(best, fallback)
}

// asksServer is how requests are written down.
var asksServer = lower(`^[$#>]?\s*(?:curl|wget|httpie|https?|get|post|put|delete|patch)\s|\bfetch\(|\brequests\.\w+\(`)

// listedURL is the first address in what the reporter shows of a request, or
// that is one of the programme's; what a log names may be anything.
func (d *document) listedURL() string {
	for i, l := range d.lines {
		if !d.listing[i] {
			continue
		}
		found := trimURL(webAddress().FindString(l.text))
		if found != "" && (d.inDomains(found) || asksServer.in(l.low)) {
			return found
		}
	}
	return ""
}

func firstLines(s string) string { return clip(s, 4000) }

// asks reports whether the programme asks for a path.
func (d *document) asks(path string) bool {
	for _, a := range d.form.Asked {
		if a.Token == path {
			return true
		}
		for _, p := range a.Any {
			if p == path {
				return true
			}
		}
	}
	return false
}

// inDomains reports whether an address is in a domain of the programme.
func (d *document) inDomains(address string) bool {
	host := hostOf(address)
	for _, domain := range d.scope.Domains {
		domain = strings.TrimPrefix(lowered(domain), "*.")
		if host == domain || strings.HasSuffix(host, "."+domain) {
			return true
		}
	}
	return false
}

// hostOf is the host of an address that may be written so that nobody can
// click on it: hxxps://example[.]org.
func hostOf(address string) string {
	plain := strings.NewReplacer("[.]", ".", "[:]", ":").Replace(lowered(address))
	if strings.HasPrefix(plain, "hxxp") {
		plain = "http" + plain[4:]
	}
	if !strings.Contains(plain, "://") {
		plain = "https://" + plain
	}
	parsed, err := url.Parse(plain)
	if err != nil {
		return ""
	}
	return parsed.Hostname()
}

// trimURL drops what a sentence put behind an address.
func trimURL(s string) string {
	for s != "" {
		last := s[len(s)-1]
		if strings.IndexByte(".,;:!?'*_", last) >= 0 ||
			(last == ')' && strings.Count(s, "(") < strings.Count(s, ")")) || (last == ']' && strings.Count(s, "[") < strings.Count(s, "]")) {
			s = s[:len(s)-1]
			continue
		}
		break
	}
	return s
}

// readSourceIP finds the reporter's own addresses. Those of attackers are
// never taken for them: without a label the sentence must say "my".
func (d *document) readSourceIP() string {
	for _, s := range d.at(pathSourceIP) {
		if found := addresses(withoutStrangers(d.body(s))); len(found) > 0 {
			return strings.Join(found, ", ")
		}
	}
	for _, s := range d.at(pathReporter) { // "Me: Ada Ruiz, 192.0.2.7"
		if found := addresses(withoutStrangers(webAddress().ReplaceAllString(d.body(s), " "))); len(found) > 0 && d.asks(pathSourceIP) {
			return strings.Join(found, ", ")
		}
	}
	for i := range d.sections { // "When and from where"
		if s := &d.sections[i]; s.full && fromWhere.in(lowered(s.label)) {
			if found := addresses(webAddress().ReplaceAllString(withoutStrangers(d.body(s)), " ")); len(found) > 0 {
				return strings.Join(found, ", ")
			}
		}
	}
	for _, s := range d.said {
		if s.path == pathExploited || !ownIP.in(s.low) || !ipTalk.in(s.low) || attackTalk.in(s.low) || inLogs.in(s.low) {
			continue
		}
		if found := addresses(webAddress().ReplaceAllString(s.text, " ")); len(found) > 0 {
			return strings.Join(found, ", ")
		}
	}
	return ""
}

// stranger is whose addresses are not the reporter's.
var stranger = lower(`\b(?:strangers?|attackers?|intruders?|hackers?|criminals?|(?:some|any)(?:body|one) else|not mine|the other (?:person|party|one))\b`)

// withoutStrangers leaves out the sentences that speak of others.
func withoutStrangers(text string) string {
	if !stranger.in(lowered(text)) {
		return text
	}
	var own []string
	for _, s := range splitSentences(collapse(text)) {
		if !stranger.in(lowered(s)) {
			own = append(own, s)
		}
	}
	return strings.Join(own, " ")
}

// addresses lists the IP addresses in a text, once each.
func addresses(s string) []string {
	var found []string
	for _, token := range ipToken().FindAllString(lowered(clip(s, 4000)), 50) {
		token = strings.Trim(token, ".")
		for strings.HasSuffix(token, ":") && !strings.HasSuffix(token, "::") {
			token = strings.TrimSuffix(token, ":")
		}
		if ip, err := netip.ParseAddr(token); err == nil && strings.Count(token, ".")+strings.Count(token, ":") >= 2 {
			if !contains(found, ip.String()) {
				found = append(found, token)
			}
		}
	}
	return found
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}

var (
	sawVerb    = lower(`^since\b.*\b(?:something|someone|somebody|attackers?|we see|we have seen|we have been seeing|are being|is being|is spreading)\b|^(?:checked|verified|reproduced|confirmed|happened|tried|tested|noticed|observed|seen|found|saw)\b|\b(?:i|we|je|j['’]ai|nous|ich|wir)\b[^.;]{0,80}\b(?:followed|landed|clicked|came upon|happened upon|saw|seen|noticed|observed|tried|tested|found|did|reproduced|discovered|visited|opened|remarqué|constaté|testé|gesehen|bemerkt|getestet|entdeckt)\b|\b(?:noticed|observed|seen|tested|happened|occurred) (?:it |this )?(?:on|at|yesterday|today|last|this)\b|\b(?:merkte|zag|ontdekte|vond|testte|probeerde) (?:ik|we|wij)\b|\b(?:ik|we|wij)\b[^.;]{0,80}\b(?:merkte|merkten|zag|zagen|ontdekt\w*|vond|getest|geprobeerd|opgemerkt)\b|\b(?:he|hemos|vi|noté|probé|ho|abbiamo)\b[^.;]{0,60}\b(?:visto|probado|notado|encontrado|provato|notato|trovato)\b`)
	removeVerb = lower(`\b(?:removed|deleted|stopped|closed|restarted) [^.;]{0,40}\bat\b`)
)

// readObserved finds when the weakness was seen: a day with a time of day, in
// ISO 8601. The moment is the day alone.
func (d *document) readObserved() (string, moment) {
	var dayOnly moment
	for _, s := range d.at(pathObserved, pathWhen) {
		if s.path == pathWhen && !ownFind.in(normalLabel(s.label)) {
			continue // see asAsked: such a moment is both where it has a time of day
		}
		text := d.first(s)
		if iso, m, ok := d.observation(text+" ("+s.label+")", moment{}); ok {
			return iso, m
		}
		if m, ok := firstMoment(text, lowered(text), d.in.Date); ok && !dayOnly.known() && s.path == pathObserved {
			dayOnly = m
		}
	}
	for _, s := range d.at(pathObserved, pathSourceIP, pathURL) { // day and time may stand in lines of their own
		if iso, m, ok := d.observation(d.first(s)+" ("+s.label+")", dayOnly); ok {
			return iso, m
		}
	}
	day := dayOnly
	for _, s := range d.said {
		if !proseField(s.path) || s.path == pathExploited || s.path == pathPublic || removeVerb.in(s.low) || !(sawVerb.in(s.low) || day.known() && itWas.in(s.low)) {
			continue
		}
		m, ok := firstMoment(s.text, s.low, d.in.Date)
		if ok && m.known() {
			day = m
		}
		if iso, m, ok := d.observation(s.text, day); ok {
			return iso, m
		}
	}
	attacked := d.readExploited() == exploitedYes
	if iso, m, ok := d.toldMoment(); ok && !attacked {
		return iso, m
	}
	for _, s := range d.said { // of an attack, the first moment
		if (s.path == pathExploited && !saysNo.in(s.low)) || (attacked && firstHit.in(s.low)) {
			if iso, _, ok := d.observation(s.text, moment{}); ok {
				return iso, dayOnly
			}
		}
	}
	return "", dayOnly
}

var itWas = lower(`\bit (?:was|happened|occurred)\b|^(?:that|this|dat|het|dit) was\b|\b(?:min(?:ute)?s?|hours?|hrs?) ago\b|^das war\b|^c['’]était\b`)

// toldMoment is the first moment, day and time of day, that the reporter tells of
// where the programme asks for it, whatever the verb is.
func (d *document) toldMoment() (string, moment, bool) {
	if !d.asks(pathObserved) {
		return "", moment{}, false
	}
	for _, s := range d.said {
		own := ownAct.in(s.low) || itWas.in(s.low)
		if !own || !proseField(s.path) || s.path == pathExploited || s.path == pathPublic || removeVerb.in(s.low) ||
			attackTalk.in(s.low) || publicTalk.in(s.low) || deadlineSet(s) || strings.HasSuffix(s.text, "?") {
			continue
		}
		if m, ok := firstMoment(s.text, s.low, d.in.Date); !ok || !m.known() || m.day.After(d.in.Date) {
			continue
		}
		if iso, m, ok := d.observation(s.text, moment{}); ok {
			return iso, m, true
		}
	}
	return "", moment{}, false
}

var firstHit = lower(`\b(?:first|earliest) (?:\w+ )?(?:requests?|attacks?|hits?|access|login|connection|attempt|upload|exploitation)\b`)

// sharedZone is the name of a time that several countries use for their own.
var sharedZone = lower(`\bist\b`)

// senderZone is the offset of the mail's date, if it is that of one of these
// countries: India, Ireland, Israel.
func (d *document) senderZone() string {
	_, seconds := d.in.Date.Zone()
	switch seconds {
	case 19800, 3600, 7200, 10800:
		return offset(seconds)
	}
	return ""
}

// observation reads day and time of day from a text; known is the day when
// the text names none.
func (d *document) observation(text string, known moment) (string, moment, bool) {
	low := lowered(text)
	m, ok := firstMoment(text, low, d.in.Date)
	if !ok || !m.known() {
		if m = known; !m.known() {
			return "", moment{}, false
		}
		m.clock = ""
	}
	o, ok := clockIn(low, m)
	if !ok {
		return "", moment{}, false
	}
	if o.zone == "" && sharedZone.in(low) {
		o.zone = d.senderZone()
	}
	return o.ISO(m.day), m, true
}
