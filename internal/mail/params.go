package mail

import (
	"strconv"
	"strings"
)

// mostParams bounds what one field gives.
const mostParams = 100

// section is one piece of a parameter (RFC 2231 section 3).
type section struct {
	value   string
	encoded bool // percent-encoded (RFC 2231 section 4)
}

// fieldParams reads a value with parameters, such as Content-Type (RFC 2045
// section 5.1, RFC 2231). Main value and names are in lower case; what cannot
// be read is left out; of a repeated parameter the first stands.
func fieldParams(value string) (main string, params map[string]string) {
	main, rest, _ := strings.Cut(value, ";")
	main = strings.ToLower(strings.TrimSpace(main))
	plain := map[string]string{}
	pieces := map[string]map[int]section{}
	for n := 0; rest != "" && n < mostParams; n++ {
		var name, v string
		name, v, rest = nextParam(rest)
		base, number, encoded, ok := splitName(name)
		switch {
		case name == "":
		case !ok:
			if _, there := plain[name]; !there {
				plain[name] = text(v)
			}
		default:
			if pieces[base] == nil {
				pieces[base] = map[int]section{}
			}
			if _, there := pieces[base][number]; !there {
				pieces[base][number] = section{v, encoded}
			}
		}
	}
	for base, sections := range pieces {
		if v, ok := joinSections(sections); ok {
			plain[base] = v // RFC 2231 is preferred to the old form beside it
		}
	}
	return main, plain
}

// nextParam reads "name=value" or `name="value"` up to the next semicolon.
func nextParam(s string) (name, value, rest string) {
	end := strings.IndexAny(s, "=;")
	if end < 0 {
		return "", "", ""
	}
	if s[end] == ';' {
		return "", "", s[end+1:]
	}
	name = strings.ToLower(strings.TrimSpace(s[:end]))
	s = strings.TrimLeft(s[end+1:], " \t")
	if !strings.HasPrefix(s, `"`) {
		value, rest, _ = strings.Cut(s, ";")
		return name, strings.TrimSpace(value), rest
	}
	var b strings.Builder
	i := 1
	for ; i < len(s) && s[i] != '"'; i++ {
		if s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\') {
			i++ // only these: some programs write Windows paths unescaped
		}
		b.WriteByte(s[i])
	}
	_, rest, _ = strings.Cut(s[i:], ";")
	return name, b.String(), rest
}

// splitName takes "filename*1*" apart; ok is false for a plain name.
func splitName(name string) (base string, number int, encoded, ok bool) {
	base, tail, ok := strings.Cut(name, "*")
	if !ok || base == "" {
		return "", 0, false, false
	}
	if tail == "" {
		return base, 0, true, true
	}
	digits, encoded := strings.CutSuffix(tail, "*")
	number, err := strconv.Atoi(digits)
	if err != nil || number < 0 || number >= mostParams {
		return "", 0, false, false
	}
	return base, number, encoded, true
}

func joinSections(sections map[int]section) (string, bool) {
	first, ok := sections[0]
	if !ok {
		return "", false
	}
	cs := "utf-8"
	if first.encoded {
		parts := strings.SplitN(first.value, "'", 3)
		if len(parts) == 3 {
			cs, first.value = parts[0], parts[2]
		}
		sections[0] = first
	}
	var octets []byte
	for n := 0; ; n++ {
		s, ok := sections[n]
		if !ok {
			break
		}
		if s.encoded {
			octets = append(octets, percentDecode(s.value)...)
		} else {
			octets = append(octets, s.value...)
		}
	}
	decoded, _ := decodeCharset(octets, cs)
	return text(decoded), true
}

func percentDecode(s string) []byte {
	var b []byte
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if c, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b = append(b, byte(c))
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return b
}
