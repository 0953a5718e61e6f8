package extract

import (
	"strings"
	"unicode"

	"github.com/docket-psirt/docket/internal/psirt"
)

// callMe is how somebody wants to be called.
var callMe = exactly(`\b(?:[Cc]all me|[Ii] am known as|[Mm]y (?:handle|nick|nickname|alias) is|[Ii] go by) ["“'‘]?([\p{L}\d_.-]{2,30}[\p{L}\d_])`)

// underHandle makes the name of a reporter who goes by another one a pseudonym.
func (d *document) underHandle(r *psirt.Reporter) {
	if g := callMe.groups(d.asSaid()); g != nil && smallName(r.Name) {
		r.Pseudonym, r.Name = firstOf(r.Pseudonym, g[1]), ""
	}
	if isHandle(r.Name) || (r.Pseudonym == "" && d.wantsPseudonym()) {
		r.Pseudonym, r.Name = firstOf(r.Pseudonym, r.Name), ""
	}
}

// asSaid is the beginning of what the mail says, as one text.
func (d *document) asSaid() string {
	var b strings.Builder
	for _, s := range d.said[:min(len(d.said), 60)] {
		b.WriteString(s.text)
		b.WriteByte('\n')
	}
	return b.String()
}

// smallName reports whether a name is written in small letters only, as people
// write those that they gave themselves.
func smallName(name string) bool {
	return strings.IndexFunc(name, unicode.IsLetter) >= 0 && strings.IndexFunc(name, func(r rune) bool { return unicode.IsUpper(r) || unicode.Is(unicode.Lo, r) }) < 0
}

// isHandle reports whether a name is a made-up one: a single word with digits,
// underscores, no capital at its beginning, or one in its middle.
func isHandle(name string) bool {
	if name == "" || strings.ContainsAny(name, " @") {
		return false
	}
	if strings.ContainsAny(name, "_0123456789") || unicode.IsLower(firstRune(name)) {
		return true
	}
	inner := false
	for i, r := range name {
		inner = inner || (i > 0 && unicode.IsUpper(r))
	}
	return inner && strings.ToUpper(name) != name
}
