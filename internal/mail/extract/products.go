package extract

import (
	"strings"
	"unicode"

	"github.com/docket-psirt/docket/internal/psirt"
)

const maxProducts = 50

var (
	articles    = lower(`^(?:(?:probably|possibly|perhaps|maybe|also|and|likely|vendor|the|a|an|our|your|my|all|le|la|les|l['’]|der|die|das|ihr|ihre|votre|notre)\s+)+`)
	descriptive = lower(`^\s*(?:the|a|an|which|that|this|all|version|versions|running|used|where|as|in|on|from|with|le|la|les|qui|die|der|das|welche|i|we|our|tested|not|both|hardware\b|version\w*|firmware|build|release|rev|reference|ref|part|product ref\w*|référence|system software|software)\b`)
	nameEnd     = lower(`\s(?:with )?(?:versions?|v\d|firmware|release|build|rev\.?|system software|software version|in version|ab version|running|for versions?|before|prior to|up to|bis)\b.*\d|\s[<>≤≥]=?\s*v?\d|\s(?:v?\d+(?:\.\d+)+)`)
)

// readProducts finds the affected products.
func (d *document) readProducts() []psirt.Product {
	products := d.tableProducts()
	if len(products) == 0 {
		products = d.turnedProducts()
	}
	if len(products) == 0 {
		products = d.labelledProducts()
	}
	if len(products) == 0 {
		products = d.issueProducts()
	}
	if len(products) == 0 || products[0].Name == "" {
		if found, ok := d.proseProduct(); ok {
			if len(products) == 0 {
				products = []psirt.Product{{}}
			}
			products[0] = merge(products[0], found)
		}
	}
	if len(products) == 0 {
		products = []psirt.Product{{}} // versions may be all that is said
	}
	if len(products) == 1 && len(products[0].Versions) == 0 {
		products[0].Versions = d.proseVersions(products[0].Name)
	}
	if len(products) == 1 && products[0].PartNumber == "" {
		products[0].PartNumber = d.prosePart(products[0].Name)
	}
	var out []psirt.Product
	for _, p := range products {
		if p.Name != "" || p.PartNumber != "" || len(p.Versions) > 0 {
			out = append(out, p)
		}
	}
	return out[:min(len(out), maxProducts)]
}

// merge fills what a lacks from b.
func merge(a, b psirt.Product) psirt.Product {
	a.Name = firstOf(a.Name, b.Name)
	a.PartNumber = firstOf(a.PartNumber, b.PartNumber)
	a.Type = firstOf(a.Type, b.Type)
	if len(a.Versions) == 0 {
		a.Versions = b.Versions
	}
	return a
}

// labelledProducts reads what stands behind labels: name, part number,
// versions and type, in the order of the text; another name is another product.
func (d *document) labelledProducts() []psirt.Product {
	var list productList
	var running []string
	affected := d.affectedSaid()
	for i := range d.sections {
		s := &d.sections[i]
		if !s.full || s.open {
			continue
		}
		text := d.body(s)
		switch s.path {
		case pathName, pathProducts:
			if len(list.all) > 0 && list.last().Name != "" && sideLabel.in(normalLabel(s.label)) {
				list.aside(collapse(text))
				continue
			}
			list.group = codeList(text)
			list.names(listed(d.items(s)), s.path == pathProducts || s.strong)
		case pathPart:
			if len(list.all) == 0 && anyReference.in(normalLabel(s.label)) && !d.nameNear(i) {
				continue // the sender's own, as forms begin with
			}
			list.last().PartNumber = firstOf(list.last().PartNumber, partNumber(text))
		case pathType:
			list.last().Type = firstOf(list.last().Type, productType(text))
		case pathVersions:
			if affected && runningLabel.in(normalLabel(s.label)) {
				running = append(running, readVersions(collapse(text), "", true)...)
				continue
			}
			list.versions(text)
		case pathRunning:
			running = append(running, readVersions(firstSentence(text), "", true)...)
		}
	}
	if len(running) > 0 && !list.hasVersions() {
		list.last().Versions = dropEnds(running)
	}
	list.share()
	return list.all
}

// anyReference may be the reference of a product, or of the report.
var anyReference = lower(`^(?:reference|references|ref|reference number|references? no)$`)

// nameNear reports whether one of the two sections behind section i names the
// product.
func (d *document) nameNear(i int) bool {
	for n := i + 1; n <= i+2 && n < len(d.sections); n++ {
		if d.sections[n].path == pathName || d.sections[n].path == pathProducts {
			return true
		}
	}
	return false
}

// sideLabel are words that name the product only where no other label does.
var sideLabel = lower(`^(domain|domain name|subdomain|hostname|host name|hardware|software|system|application|app|model|target|component|affected component)$`)

var (
	runningLabel  = lower(`^(version|versions|build|builds|release|releases|version number|product version|software version|tested versions?)$`)
	affectedLabel = lower(`\b(affected|vulnerable|impacted|concernée?s?|affectée?s?|betroffen\w*)\b`)
)

// affectedSaid reports whether a label says which versions are affected, so
// that a plain "version" is the one that the reporter happens to have.
func (d *document) affectedSaid() bool {
	for _, s := range d.at(pathVersions) {
		if affectedLabel.in(normalLabel(s.label)) {
			return true
		}
	}
	return false
}

// emphasis takes the marks of Markdown off.
var emphasis = strings.NewReplacer("**", "", "__", "", "`", "")

// items are the entries of a products section: the items of its list, or its
// lines and sentences.
func (d *document) items(s *section) []string {
	var items []string
	if s.value != "" {
		items = append(items, s.value)
	}
	width := 0
	for n, i := range s.own {
		l := d.lines[i]
		if l.text == "" {
			continue
		}
		text := emphasis.Replace(l.text[len(listMark().FindString(l.low)):])
		joined := len(items) > 0 && (n > 0 || s.value != "") && !l.isList() &&
			i > 0 && d.lines[i-1].text != "" && !hardBreak(d.lines[i-1].text, text, width)
		if joined {
			items[len(items)-1] += " " + text
		} else {
			items = append(items, text)
		}
		width = max(width, len(l.text))
	}
	return items
}

// productList is the products that labels have named so far.
type productList struct {
	all   []psirt.Product
	group int // how many of the last ones a label lists by their codes
}

func (l *productList) last() *psirt.Product {
	if len(l.all) == 0 {
		l.all = append(l.all, psirt.Product{})
	}
	return &l.all[len(l.all)-1]
}

func (l *productList) hasVersions() bool {
	for _, p := range l.all {
		if len(p.Versions) > 0 {
			return true
		}
	}
	return false
}

// names reads the entries of a products section. Where the section may say
// other things too (mixed), an entry is a product only if it looks like one.
func (l *productList) names(items []string, mixed bool) {
	for n, item := range items {
		if len(l.all) > maxProducts {
			return
		}
		for m, text := range splitSentences(collapse(item)) {
			p := readProduct(text)
			if len(l.all) > 0 && len(p.Versions) > 0 && strings.IndexFunc(p.Name, unicode.IsLetter) < 0 { // "Affected: < 2.3"
				l.versions(text)
				continue
			}
			sameItem := m > 0 || (n > 0 && mixed && !nameLike(p.Name))
			switch {
			case negated.in(lowered(text)) && len(p.Versions) == 0 && p.Name != "" && (n > 0 || m > 0) && !strings.Contains(lowered(text), "not tested"):
			case sameItem && len(l.all) > 0:
				last := l.last()
				last.PartNumber = firstOf(last.PartNumber, p.PartNumber)
				last.Versions = dropEnds(append(last.Versions, readVersions(text, last.Name, false)...))
			default:
				l.add(p)
			}
		}
	}
}

// aside reads what stands behind "software" or "model" beside a product: a
// version alone, or a code.
func (l *productList) aside(text string) {
	switch {
	case onlyVersion.in(lowered(text)):
		l.versions(text)
	case l.last().PartNumber == "" && wordCount(text) == 1 && codeLike(text) && strings.Contains(text, "-"):
		l.last().PartNumber = text
	}
}

var onlyVersion = lower(`^v?\d+(?:\.\w+)+$`)

// listed is the items, and of an item that lists several products with their
// versions, "Door 1.2; Gate 3.4", each of them.
func listed(items []string) []string {
	var out []string
	for _, item := range items {
		if codeList(item) > 1 {
			out = append(out, codeSplit(item)...)
			continue
		}
		parts := strings.Split(item, ";")
		for i, part := range parts {
			parts[i] = strings.TrimSpace(part)
			p := readProduct(part)
			if !nameLike(p.Name) || strings.IndexFunc(p.Name, unicode.IsLetter) < 0 || len(p.Versions) == 0 || negated.in(lowered(part)) {
				parts = []string{item}
				break
			}
		}
		out = append(out, parts...)
	}
	return out
}

// add takes a product in; one of the same name adds its versions to it.
func (l *productList) add(p psirt.Product) {
	if p.Name == "" && p.PartNumber == "" && len(p.Versions) == 0 || webAddress.in(lowered(p.Name)) {
		return
	}
	for i := range l.all {
		if l.all[i].Name == "" || strings.EqualFold(l.all[i].Name, p.Name) {
			versions := dropEnds(append(l.all[i].Versions, p.Versions...))
			l.all[i] = merge(l.all[i], p)
			l.all[i].Versions = versions
			return
		}
	}
	l.all = append(l.all, p)
}

// versions adds those of a version label to the product named last.
func (l *productList) versions(text string) {
	last := l.last()
	var found []string
	for _, row := range strings.Split(text, "\n") {
		row = collapse(row)
		found = append(found, readVersions(withoutParenthesis(row), last.Name, true)...)
		if len(found) == 0 && wordCount(row) <= 4 && row != "" && !negated.in(lowered(row)) {
			found = append(found, strings.TrimRight(row, ".")) // "all", "latest"
		}
	}
	last.Versions = dropEnds(append(last.Versions, found...))
}

// withoutParenthesis leaves out what stands in parentheses.
func withoutParenthesis(s string) string {
	var b strings.Builder
	depth := 0
	for _, r := range s {
		switch {
		case r == '(':
			depth++
		case r == ')' && depth > 0:
			depth--
		case depth == 0:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// readProduct takes "name (reference), version" apart.
func readProduct(s string) psirt.Product {
	var p psirt.Product
	s = strings.TrimSpace(s)
	s = s[len(articles().FindString(lowered(s))):]
	p.PartNumber = firstOf(partIn(s), codeIn(s), codeBehind(s))
	p.Type = typeIn(s)
	p.Name = productName(s)
	p.Versions = readVersions(withoutParenthesis(s), p.Name, true)
	p.Versions = withoutName(p.Versions, p.Name)
	return p
}

// withoutName drops numbers that belong to the product's name.
func withoutName(versions []string, name string) []string {
	var out []string
	for _, v := range versions {
		if !strings.Contains(name, v) {
			out = append(out, v)
		}
	}
	return out
}

// productName is s up to where it begins to say something else.
func productName(s string) string {
	s = collapse(s)
	low := lowered(s)
	if at := webAddress.at(low); at != nil && at[0] > 0 {
		s, low = s[:at[0]], low[:at[0]]
	}
	if at := nameEnd.at(low); at != nil && at[0] > 0 {
		s, low = s[:at[0]], low[:at[0]]
	}
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '(' || s[i] == '[' || s[i] == ';':
		case s[i] == ',' && aside(s[i+1:]):
		case s[i] == ',' && (descriptive.in(low[i+1:]) || versionForm.in(low[i+1:])):
		case strings.HasPrefix(s[i:], " – "), strings.HasPrefix(s[i:], " - "), strings.HasPrefix(s[i:], ". "):
		default:
			continue
		}
		s = s[:i]
		break
	}
	return strings.Trim(s, " .,:;/-–*\"“”")
}

// aside reports whether what follows a comma only describes: several words that
// begin small, and no number.
func aside(s string) bool {
	s = strings.TrimSpace(s)
	return unicode.IsLower(firstRune(s)) && wordCount(s) >= 3 && !strings.ContainsAny(s, "0123456789")
}

// nameLike reports whether a line in a products section begins with a name:
// a capital in it or a digit, and few words.
func nameLike(s string) bool {
	if s == "" || wordCount(s) > 8 || clauseStart.in(lowered(s)) {
		return false
	}
	return strings.IndexFunc(s, func(r rune) bool { return unicode.IsUpper(r) || unicode.IsDigit(r) }) >= 0
}

func productType(text string) string {
	low := lowered(text)
	hard, soft := strings.Contains(low, "hardware") || strings.Contains(low, "matériel"), strings.Contains(low, "software") || strings.Contains(low, "logiciel")
	switch {
	case hard && !soft:
		return "hardware"
	case soft && !hard:
		return "software"
	}
	return ""
}

var typeNote = lower(`\((hardware|software)\)|\b(hardware|software) product\b`)

func typeIn(s string) string {
	g := typeNote.groups(lowered(s))
	if g == nil {
		return ""
	}
	return firstOf(g[1], g[2])
}
