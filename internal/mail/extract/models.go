package extract

import (
	"strings"

	"github.com/docket-psirt/docket/internal/psirt"
)

var deviceNoun = lower(`^ (?:rack )?(?:servers?|storage|arrays?|switch(?:es)?|readers?|cards?|terminals?|printers?|routers?|gateways?|appliances?|controllers?|kiosks?|stations?|cameras?)\b`)

// modelWithNoun is a model's code that a word for a device follows, or versions
// in parentheses.
func (d *document) modelWithNoun() psirt.Product {
	for _, s := range d.said[:min(len(d.said), 200)] {
		for _, at := range modelCode().FindAllStringIndex(s.text, 10) {
			code := s.text[at[0]:at[1]]
			if modelIn(code) != code {
				continue
			}
			if deviceNoun.in(s.low[at[1]:]) {
				return psirt.Product{Name: code}
			}
			note := noteNext().FindString(s.low[at[1]:])
			if versions := noteVersions(s.text[at[1]:][:len(note)]); len(versions) > 0 && proseField(s.path) {
				return psirt.Product{Name: code, Versions: versions}
			}
		}
	}
	return psirt.Product{}
}

// component are parts of a product that nobody would call the product.
var component = lower(`^(?:bmc|bios|uefi|firmware|web console|web interface|bootloader)(?: (?:firmware|image|software|update|web console|web interface))?$`)

// modelSaid is the first model's code that the text names.
func (d *document) modelSaid() string {
	for _, s := range d.said[:min(len(d.said), 200)] {
		if code := modelIn(s.text); code != "" && s.path != pathReporter && s.path != pathOther {
			return code
		}
	}
	return ""
}

// modelIn finds a model's code, such as AB1234C, in a subject.
func modelIn(s string) string {
	for _, at := range modelCode().FindAllStringIndex(s, 10) {
		m := s[at[0]:at[1]]
		tracking := at[0] > 0 && s[at[0]-1] == '-' // the end of a longer mark
		if !notModel.in(lowered(m)) && !caseNumber.in(lowered(m)) && len(m) >= 4 && !tracking {
			return m
		}
	}
	return ""
}

// codeSplit takes a list of codes apart: "NX10, NX20 and NX30".
func codeSplit(s string) []string {
	return strings.FieldsFunc(strings.ReplaceAll(collapse(s), " and ", ","), func(r rune) bool { return r == ',' || r == ' ' || r == '/' })
}

// codeList is how many models a text lists that has nothing but their codes, or 0.
func codeList(s string) int {
	parts := codeSplit(s)
	for _, p := range parts {
		if modelIn(p) != p {
			return 0
		}
	}
	return len(parts)
}

// share gives the versions that follow a list of models to each of them.
func (l *productList) share() {
	if l.group < 2 || l.group > len(l.all) {
		return
	}
	versions := l.last().Versions
	for i := len(l.all) - l.group; i < len(l.all); i++ {
		if len(l.all[i].Versions) == 0 {
			l.all[i].Versions = versions
		}
	}
}
