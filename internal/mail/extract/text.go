package extract

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// bases lists letters with marks behind the letter that they are made of.
var bases = [...]string{
	"aàáâãäåāăąæ", "cçćĉċč", "dďđð", "eèéêëēĕėęě", "gĝğġģ", "hĥħ", "iìíîïĩīĭįı", "jĵ", "kķ", "lĺļľŀł", "nñńņňŋ",
	"oòóôõöøōŏőœ", "rŕŗř", "sśŝşšß", "tţťŧþ", "uùúûüũūŭůűų", "wŵ", "yýÿŷ", "zźżž",
}

// unmarked leads from each letter of bases to its first.
var unmarked = func() map[rune]byte {
	m := map[rune]byte{}
	for _, list := range bases {
		for _, r := range list[1:] {
			m[r] = list[0]
		}
	}
	return m
}()

// lowered is s in the form that patterns see: in lower case, and with every
// byte offset kept. A letter with a mark, two bytes long, becomes its base and
// an underscore ("é" is "e_"), because word boundaries (RE2's \b) know ASCII
// only. A letter whose lower case has another length stays as it is.
func lowered(s string) string {
	out := make([]byte, 0, len(s))
	for _, r := range s {
		if r < utf8.RuneSelf {
			if r >= 'A' && r <= 'Z' {
				r += 'a' - 'A'
			}
			out = append(out, byte(r))
			continue
		}
		l := unicode.ToLower(r)
		if base, ok := unmarked[l]; ok && utf8.RuneLen(r) == 2 {
			out = append(out, base, '_')
			continue
		}
		if utf8.RuneLen(l) != utf8.RuneLen(r) {
			l = r
		}
		out = utf8.AppendRune(out, l)
	}
	return string(out)
}

// collapse makes a line of s: runs of white space become one space.
func collapse(s string) string { return strings.Join(strings.Fields(s), " ") }

// clip is the first n bytes of s, or fewer where a letter would be cut.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

// quotedText is what stands between the first pair of quotation marks in s.
func quotedText(s string) string {
	pairs := [...][2]string{{"“", "”"}, {"„", "“"}, {"«", "»"}, {"\"", "\""}, {"‘", "’"}}
	for _, pair := range pairs {
		_, rest, ok := strings.Cut(s, pair[0])
		if !ok {
			continue
		}
		if inside, _, ok := strings.Cut(rest, pair[1]); ok && strings.TrimSpace(inside) != "" {
			return strings.TrimSpace(inside)
		}
	}
	return ""
}

// wordCount counts the words of s; where words are not set apart, two letters
// count as one.
func wordCount(s string) int {
	east := 0
	for _, r := range s {
		if r >= 0x3040 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) {
			east++
		}
	}
	return len(strings.Fields(s)) + east/2
}

// upperStart reports whether s begins like a sentence: with a capital, a
// digit, or a letter of a script that has no capitals.
func upperStart(s string) bool {
	r := firstRune(s)
	return unicode.IsUpper(r) || unicode.IsDigit(r) || (unicode.IsLetter(r) && !unicode.IsLower(r))
}

// dayBeforeMonth reports whether the token before a full stop is a day before a
// month, as in "1. Februar".
func dayBeforeMonth(before, after string) bool {
	day := before[strings.LastIndexAny(before, " (")+1:]
	if len(day) == 0 || len(day) > 2 || strings.Trim(day, "0123456789") != "" {
		return false
	}
	word, _, _ := strings.Cut(strings.TrimSpace(after), " ")
	_, isMonth := months[strings.Trim(lowered(word), ".,")]
	return isMonth
}

var abbreviations = map[string]bool{
	"e.g": true, "i.e": true, "etc": true, "approx": true, "ca": true, "rev": true, "no": true, "vs": true,
	"fig": true, "p.m": true, "a.m": true, "incl": true, "resp": true, "z.b": true, "d.h": true, "bzw": true, "nr": true, "mr": true,
	"mrs": true, "ms": true, "dr": true, "prof": true, "st": true, "v": true, "ver": true, "art": true, "ref": true,
	"p.ex": true, "re_f": true, "env": true, "cf": true, "inc": true, "co": true, "hw": true, "sw": true, "fw": true, "tel": true, "ext": true,
}

// splitSentences cuts a collapsed text after its full stops.
func splitSentences(s string) []string {
	var out []string
	start := 0
	for i := 0; i < len(s); i++ {
		if c := s[i]; c >= utf8.RuneSelf {
			if r, size := utf8.DecodeRuneInString(s[i:]); r == '。' || r == '！' || r == '？' {
				out = append(out, strings.TrimSpace(s[start:i+size]))
				start, i = i+size, i+size-1
			}
			continue
		} else if c != '.' && c != '!' && c != '?' {
			continue
		}
		end := i + 1
		for end < len(s) && strings.ContainsRune(".!?\")'", rune(s[end])) {
			end++
		}
		if strings.HasPrefix(s[end:], "”") || strings.HasPrefix(s[end:], "’") {
			end += len("”")
		}
		if end < len(s) && s[end] == ' ' && ends(s[start:i], s[end+1:]) {
			out = append(out, strings.TrimSpace(s[start:end]))
			start = end + 1
		}
		i = end - 1
	}
	if rest := strings.TrimSpace(s[start:]); rest != "" {
		out = append(out, rest)
	}
	return out
}

// ends reports whether a full stop between before and after ends a sentence.
func ends(before, after string) bool {
	if len(before) > 40 {
		before = before[len(before)-40:]
	}
	token := strings.TrimLeft(before[strings.LastIndexAny(before, " (\"")+1:], "“„«‘'")
	if _, month := months[lowered(token)]; month && unicode.IsDigit(firstRune(after)) {
		return false // "Nov. 6"
	}
	if abbreviations[lowered(token)] || dayBeforeMonth(before, after) {
		return false
	}
	if len(token) == 1 && token[0] >= 'A' && token[0] <= 'Z' && token != "I" {
		return false // an initial
	}
	if listNumber(before) {
		return false
	}
	return upperStart(strings.TrimLeft(after, "\"'“„«([")) || len(token) > 2
}

// listNumber reports whether s is nothing but the number of a list item.
func listNumber(s string) bool {
	s = strings.TrimSpace(s)
	return len(s) > 0 && len(s) <= 2 && strings.Trim(s, "0123456789") == ""
}

// containsWords reports whether s has the words of part in it, whole.
func containsWords(s, part string) bool {
	if part == "" {
		return false
	}
	for from := 0; ; {
		i := strings.Index(s[from:], part)
		if i < 0 {
			return false
		}
		i += from
		end := i + len(part)
		if (i == 0 || !wordByte(s[i-1])) && (end == len(s) || !wordByte(s[end])) {
			return true
		}
		from = i + 1
	}
}

func wordByte(b byte) bool {
	return b >= 0x80 || b == '_' || unicode.IsLetter(rune(b)) || unicode.IsDigit(rune(b))
}
