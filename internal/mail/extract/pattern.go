package extract

import (
	"regexp"
	"strings"
	"sync"
)

// pattern is a regular expression that is compiled when it is first used, so
// that a program that reads no mail does not pay for it. Go's regular
// expressions take time in proportion to the text (RE2).
type pattern func() *regexp.Regexp

// lower makes a pattern over text that went through lowered. Letters with
// marks may be written as they are.
func lower(expr string) pattern {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(markedLetters(expr)) })
}

// exactly makes a pattern over text as it is written.
func exactly(expr string) pattern {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}

// markedLetters writes the letters with marks in an expression as lowered does.
func markedLetters(expr string) string {
	var b strings.Builder
	for _, r := range expr {
		if base, ok := unmarked[r]; ok {
			b.WriteByte(base)
			b.WriteByte('_')
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func (p pattern) in(s string) bool { return p().MatchString(s) }

// at is where p stands in s, or nil.
func (p pattern) at(s string) []int { return p().FindStringIndex(s) }

// groups is what p's groups hold, or nil.
func (p pattern) groups(s string) []string { return p().FindStringSubmatch(s) }

// after is the text of s behind p's first match in low, which is s in lower
// case with the same offsets.
func (p pattern) after(s, low string) (string, bool) {
	at := p.at(low)
	if at == nil {
		return "", false
	}
	return s[at[1]:], true
}
