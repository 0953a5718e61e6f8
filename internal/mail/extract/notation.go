package extract

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode"
)

// Some write reports as data, or begin lines with a picture. What such a line
// says is read without the notation; the line itself stays as it is.

// undress takes the notation off the lines.
func undress(lines []line) {
	pictures := map[rune]int{}
	members := 0
	for _, l := range lines {
		if r, _ := picture(l.text); r != 0 {
			pictures[r]++
		}
		if strings.HasPrefix(l.text, `"`) && strings.Contains(l.text, `":`) {
			members++
		}
	}
	for i := range lines {
		l := &lines[i]
		text := l.text
		if r, rest := picture(text); r != 0 {
			if text = rest; pictures[r] > 1 {
				text = "- " + rest // a list has the same one before each item
			}
		} else if members >= fewestLabels {
			text = member(text)
		}
		if text != l.text {
			l.text, l.low = text, lowered(text)
		}
	}
}

// unquoted is a value of YAML without its quotation marks (YAML 1.2 section 7.3).
func unquoted(v string) string {
	if n := len(v); n > 2 && (v[0] == '"' || v[0] == '\'') && v[n-1] == v[0] && strings.IndexByte(v[1:n-1], v[0]) < 0 {
		return strings.TrimSpace(v[1 : n-1])
	}
	return v
}

// picture is the emoji or arrow that a line begins with, and the line without it.
func picture(text string) (rune, string) {
	first := firstRune(text)
	if first < 0x2190 || !unicode.In(first, unicode.So, unicode.Sm) {
		return 0, text
	}
	rest := strings.TrimLeftFunc(text, func(r rune) bool {
		return r >= 0x2190 && unicode.In(r, unicode.So, unicode.Sm, unicode.Sk) || r == 0xfe0f || r == 0x200d
	})
	if trimmed := strings.TrimSpace(rest); trimmed != "" && trimmed != rest { // a blank stands behind it
		return first, trimmed
	}
	return 0, text
}

// member is a line of JSON (RFC 8259) as "name: value"; of arrays and objects
// the values alone, and of brackets nothing.
func member(text string) string {
	bare := strings.TrimRight(text, " ,")
	if strings.Trim(bare, "{}[] ") == "" {
		return ""
	}
	if !strings.HasPrefix(bare, `"`) || len(bare) > maxSentence {
		return text
	}
	if opened, ok := strings.CutSuffix(strings.TrimRight(bare, " {["), ":"); ok {
		return strings.Trim(opened, `"`) + ":"
	}
	var object map[string]any
	if json.Unmarshal([]byte("{"+bare+"}"), &object) == nil && len(object) == 1 {
		for name, value := range object {
			return name + ": " + collapse(strings.Join(leaves(value, 0), ", "))
		}
	}
	var item string
	if json.Unmarshal([]byte(bare), &item) == nil {
		return collapse(item)
	}
	return text
}

// leaves lists the strings and numbers in a value of JSON.
func leaves(value any, depth int) []string {
	var list []string
	switch v := value.(type) {
	case string:
		list = append(list, v)
	case []any:
		for _, e := range v {
			if depth < 4 {
				list = append(list, leaves(e, depth+1)...)
			}
		}
	case map[string]any:
		names := make([]string, 0, len(v))
		for name := range v {
			names = append(names, name)
		}
		slices.SortFunc(names, byPart)
		for _, name := range names {
			if depth < 4 {
				list = append(list, leaves(v[name], depth+1)...)
			}
		}
	case nil:
	default:
		if data, err := json.Marshal(v); err == nil {
			list = append(list, string(data))
		}
	}
	return list
}

// byPart puts the name of a person or thing before what else is said of it.
func byPart(a, b string) int {
	rank := func(s string) int {
		if s = lowered(s); strings.Contains(s, "name") {
			return 0
		}
		return 1
	}
	if x, y := rank(a), rank(b); x != y {
		return x - y
	}
	return strings.Compare(a, b)
}
