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
	indent, counted := d.lines[i].indent, belowNumber.in(d.lines[i].low)
	if (indent == 0 && !counted) || h.strong {
		return
	}
	for n := len(d.sections) - 1; n >= 0 && n >= len(d.sections)-12; n-- {
		above := &d.sections[n]
		if above.strong && counted {
			h.place(above.path)
			return
		}
		if counted || d.lines[above.start].indent >= indent {
			continue
		}
		if above.strong || above.value != "" || len(above.own) > 0 {
			return
		}
		h.place(above.path)
		return
	}
}

// belowNumber is the number of a line below a numbered heading, such as 2.1 or
// II.1.
var belowNumber = lower(`^(?:\d{1,2}|[ivx]{1,4})\.\d{1,2}[.)]?\s`)

// place leads a label to what it means below a heading of path.
func (h *heading) place(path string) {
	if path == pathName {
		path = pathProducts
	}
	if path, ok := within[path][strings.Trim(normalLabel(h.label), "- ")]; ok {
		h.path, h.exact = path, true
	}
}
