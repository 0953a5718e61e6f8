package psirt

import (
	"slices"
	"strings"
)

// CatalogueEntry is one product of a programme.
type CatalogueEntry struct {
	Name        string   `yaml:"name"`
	Also        []string `yaml:"also"`         // other names that reporters use
	Type        string   `yaml:"type"`         // hardware or software
	PartNumbers []string `yaml:"part_numbers"` // empty: any; "*" at the end stands for any ending
	Versions    []string `yaml:"versions"`     // likewise
}

// What the catalogue does not know of a product, as flags of a report have it.
const (
	FlagUnknownProduct    = "unknown-product"
	FlagUnknownPartNumber = "unknown-part-number"
	FlagUnknownVersion    = "unknown-version"
)

// Unlisted is something in a report that the catalogue does not have.
type Unlisted struct {
	Flag  string   `json:"flag"`  // one of FlagUnknown…
	Value string   `json:"value"` // as the report has it
	Known []string `json:"known"` // what the catalogue has in its place
}

// Unlisted lists what the catalogue does not know of the products of a report.
// A product without name and part number is none that could be looked up. A
// version counts as known when one that is listed stands in it as a whole, so
// that "2.4 and earlier" is known where 2.4 is.
func (s Scope) Unlisted(products []Product) []Unlisted {
	var out []Unlisted
	if len(s.Catalogue) == 0 {
		return nil
	}
	add := func(flag, value string, known []string) {
		if !slices.ContainsFunc(out, func(u Unlisted) bool { return u.Flag == flag && u.Value == value }) {
			out = append(out, Unlisted{flag, value, known})
		}
	}
	for _, p := range products {
		if p.Name == "" && p.PartNumber == "" {
			continue
		}
		e := s.lookUp(p)
		if e == nil {
			add(FlagUnknownProduct, firstOf(p.Name, p.PartNumber), s.names())
			continue
		}
		if p.PartNumber != "" && len(e.PartNumbers) > 0 && !listed(e.PartNumbers, p.PartNumber) {
			add(FlagUnknownPartNumber, p.PartNumber, e.PartNumbers)
		}
		for _, v := range p.Versions {
			if len(e.Versions) > 0 && !listed(e.Versions, v) {
				add(FlagUnknownVersion, v, e.Versions)
			}
		}
	}
	return out
}

// lookUp finds the entry that a product is: by part number, then by the longest
// name that is its own, or that stands in it as a whole.
func (s Scope) lookUp(p Product) *CatalogueEntry {
	for i, e := range s.Catalogue {
		if p.PartNumber != "" && len(e.PartNumbers) > 0 && listed(e.PartNumbers, p.PartNumber) {
			return &s.Catalogue[i]
		}
	}
	var best *CatalogueEntry
	length := 0
	for i, e := range s.Catalogue {
		for _, name := range append([]string{e.Name}, e.Also...) {
			if len(name) > length && standsIn(p.Name, name) {
				best, length = &s.Catalogue[i], len(name)
			}
		}
	}
	return best
}

// ProductIn is the product that a text names, by a name of the programme's:
// those of the scope, the catalogue and the routing, in the programme's own
// spelling. The longest that stands in the text; empty when none does.
func (p *Program) ProductIn(text string) string {
	known := slices.Clone(p.Scope.Products)
	for _, e := range p.Scope.Catalogue {
		known = append(append(known, e.Name), e.Also...)
	}
	for _, r := range p.Routing {
		known = append(known, r.Products...)
	}
	best := ""
	for _, name := range known {
		if len(name) > len(best) && strings.Trim(name, "* ") != "" && standsIn(text, name) {
			best = name
		}
	}
	return strings.TrimSuffix(best, "*")
}

func (s Scope) names() []string {
	var out []string
	for _, e := range s.Catalogue {
		out = append(out, e.Name)
	}
	return out
}

// listed reports whether a value is one of those listed, or one of them stands
// in it as a whole.
func listed(list []string, value string) bool {
	return slices.ContainsFunc(list, func(known string) bool { return standsIn(value, known) })
}

// standsIn reports whether words stand in a text with nothing of a word around
// them, in whatever case. A star at the end of the words stands for any ending.
func standsIn(text, words string) bool {
	text, words = strings.ToLower(strings.Join(strings.Fields(text), " ")), strings.ToLower(strings.Join(strings.Fields(words), " "))
	open := strings.HasSuffix(words, "*")
	if words = strings.TrimSuffix(words, "*"); words == "" {
		return open
	}
	for from := 0; ; {
		i := strings.Index(text[from:], words)
		if i < 0 {
			return false
		}
		i += from
		end := i + len(words)
		begins := i == 0 || !inWord(text[:i], true) || text[i-1] == 'v' && (i == 1 || !inWord(text[:i-1], true)) // v2.4
		if begins && (open || end == len(text) || !inWord(text[end:], false)) {
			return true
		}
		from = i + 1
	}
}

// inWord reports whether a text ends, or begins, within a word or a number: a
// dot between digits is part of a version.
func inWord(text string, ends bool) bool {
	c, next := text[0], byte(0)
	if ends {
		c = text[len(text)-1]
		if len(text) > 1 {
			next = text[len(text)-2]
		}
	} else if len(text) > 1 {
		next = text[1]
	}
	letter := func(c byte) bool { return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 0x80 }
	return letter(c) || (c == '.' || c == '-') && letter(next)
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// AttachmentLimits say which attached files count as evidence.
type AttachmentLimits struct {
	MaxSize int64    `yaml:"max_size"` // of one file, in bytes; 0: no limit
	Types   []string `yaml:"types"`    // MIME types, image/* for any of a kind; empty: any

	NotTypes []string `yaml:"not_types"` // MIME types that do not count, whatever Types says
}

// Admits answers "" for a file that counts as evidence, else why it does not:
// size or type. kinds are what the mail calls its type, and what its bytes are
// as far as that is known; each must be admitted.
func (l AttachmentLimits) Admits(size int64, kinds ...string) string {
	if l.MaxSize > 0 && size > l.MaxSize {
		return "size"
	}
	for _, kind := range kinds {
		kind, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(kind)), ";")
		family, _, _ := strings.Cut(kind, "/")
		in := func(list []string) bool { return slices.Contains(list, kind) || slices.Contains(list, family+"/*") }
		if kind != "" && (len(l.Types) > 0 && !in(l.Types) || in(l.NotTypes)) {
			return "type"
		}
	}
	return ""
}
