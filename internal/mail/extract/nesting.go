package extract

import (
	"strings"
	"unicode"
)

// within says what a name means below another one, as data in YAML is nested:
// "product:" and, further in, "name: ...".
var within = map[string]map[string]string{
	pathProducts: {"name": pathName, "title": pathName, "product": pathName, "version": pathVersions, "versions": pathVersions, "number": pathPart, "id": pathPart, "type": pathType},
	pathTitle:    {"name": pathTitle, "title": pathTitle, "summary": pathDescription},
	pathDiscovery: {
		"how": pathHow, "method": pathHow, "by": pathHow, "description": pathHow, "details": pathHow, "circumstances": pathHow,
		"when": pathWhen, "date": pathWhen, "time": pathWhen, "on": pathWhen,
	},
	pathReporter: {"name": pathReporterName, "contact": pathEmail, "mail": pathEmail, "address": pathEmail, "organisation": pathOrganisation, "organization": pathOrganisation, "company": pathOrganisation, "handle": pathPseudonym},
}

// nest leads a heading to where it belongs below the heading that it is
// indented under, when that one has no value of its own.
func (d *document) nest(h *heading, i int) {
	switch h.value { // a text that the next lines hold (YAML 1.2 section 8.1)
	case ">", "|", ">-", "|-", ">+", "|+":
		h.value = ""
	}
	if unicode.IsLower(firstRune(h.label)) && !h.strong { // a key, not a heading
		h.value = unquoted(h.value)
	}
	indent := d.lines[i].indent
	if indent == 0 || h.strong {
		return
	}
	for n := len(d.sections) - 1; n >= 0 && n >= len(d.sections)-12; n-- {
		above := &d.sections[n]
		if d.lines[above.start].indent >= indent {
			continue
		}
		if above.strong || above.value != "" || len(above.own) > 0 {
			return
		}
		key := above.path
		if key == pathName {
			key = pathProducts
		}
		if path, ok := within[key][strings.Trim(normalLabel(h.label), "- ")]; ok {
			h.path, h.exact = path, true
		}
		return
	}
}
