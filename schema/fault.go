package schema

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Fault is one place where a document is not as its schema says.
type Fault struct {
	// Path leads to the place: names joined by dots, places in lists in
	// brackets from 0, such as products[0].versions. The document itself is
	// "(document)". A name that could not be a field's is shown as "?", since
	// it may be something that a reporter wrote.
	Path string `json:"path"`
	// Want is what was expected there: a phrase that follows "expected". What
	// was found is never part of it.
	Want string `json:"want"`
	// Known are the names or the values to choose from there, where the schema
	// lists them, and Means is what it says of the place; both may be empty.
	Known []string `json:"-"`
	Means string   `json:"-"`
}

// String is one line: the path and what was expected there.
func (f Fault) String() string { return f.Path + ": expected " + f.Want }

// Error says that a document is not valid, with every fault, sorted by path.
type Error struct {
	Kind   string // case, report, contact, mail, program or receipt
	Faults []Fault
}

// maxShown bounds the lines of an error's text; Faults has them all.
const maxShown = 50

// Error is a line for each fault.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Kind + " is not valid:")
	for i, f := range e.Faults {
		if i == maxShown {
			b.WriteString("\n  and " + strconv.Itoa(len(e.Faults)-i) + " more")
			break
		}
		b.WriteString("\n  " + f.String())
	}
	return b.String()
}

var fieldName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,63}$`)

// member is the path of an object's member.
func member(path, name string) string {
	if !fieldName.MatchString(name) {
		name = "?"
	}
	if path == "" {
		return name
	}
	return path + "." + name
}

// element is the path of a list's item.
func element(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }

// tidy sorts faults by path, names the document, and drops repetitions.
func tidy(faults []Fault) []Fault {
	for i := range faults {
		if faults[i].Path == "" {
			faults[i].Path = "(document)"
		}
	}
	slices.SortFunc(faults, func(a, b Fault) int {
		return cmp.Or(natural(a.Path, b.Path), strings.Compare(a.Want, b.Want))
	})
	return slices.CompactFunc(faults, func(a, b Fault) bool { return a.Path == b.Path && a.Want == b.Want })
}

// natural compares paths so that log[2] stands before log[10].
func natural(a, b string) int {
	as, bs := strings.Split(a, "["), strings.Split(b, "[")
	for i := range min(len(as), len(bs)) {
		x, restX, okX := strings.Cut(as[i], "]")
		y, restY, okY := strings.Cut(bs[i], "]")
		if okX && okY && len(x) != len(y) {
			return cmp.Compare(len(x), len(y))
		}
		if c := cmp.Or(strings.Compare(x, y), strings.Compare(restX, restY)); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(as), len(bs))
}
