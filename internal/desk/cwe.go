package desk

import (
	_ "embed" // the list
	"fmt"
	"strings"
	"sync"
)

// cweVersion is that of the embedded list.
const cweVersion = "4.17"

//go:embed cwe.txt
var cweText string

// Weakness is an entry of the Common Weakness Enumeration.
type Weakness struct {
	ID   string `json:"id"` // CWE-79
	Name string `json:"name"`
	Hint string `json:"hint,omitempty"` // why another may be better

	mapping byte
}

// weaknesses are all entries of the list, by ID.
var weaknesses = sync.OnceValue(func() map[string]Weakness {
	out := make(map[string]Weakness, 1000)
	for line := range strings.Lines(cweText) {
		number, rest, ok := strings.Cut(strings.TrimSpace(line), " ")
		mapping, name, named := strings.Cut(rest, " ")
		if !ok || !named || strings.HasPrefix(number, "#") {
			continue
		}
		id := "CWE-" + number
		out[id] = Weakness{ID: id, Name: name, mapping: mapping[0], Hint: mappingHint(mapping[0], number)}
	}
	return out
})

// mappingHint says what MITRE says of naming an entry as the cause of a
// vulnerability.
func mappingHint(mapping byte, number string) string {
	see := ": https://cwe.mitre.org/data/definitions/" + number + ".html"
	switch mapping {
	case 'X':
		return "it is deprecated; name the weakness that took its place" + see
	case 'P':
		return "it is a group of weaknesses and not meant for single vulnerabilities; name one of the group" + see
	case 'D':
		return "its use is discouraged; name a more precise one below it" + see
	}
	return ""
}

// weakness finds an entry of the list, which people write CWE-79, cwe-79 or 79.
func weakness(s string) (Weakness, error) {
	written := s
	s = "CWE-" + strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(s)), "CWE-")
	if strings.Trim(s[4:], "0123456789") != "" || s == "CWE-" {
		return Weakness{}, fmt.Errorf("%.40q is no number of a weakness, such as CWE-79", written)
	}
	w, ok := weaknesses()[s]
	if !ok {
		return Weakness{}, fmt.Errorf("CWE %s has no weakness %s (a view or a category is none)", cweVersion, s)
	}
	return w, nil
}
