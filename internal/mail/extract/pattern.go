package extract

import (
	"regexp"
	"strings"
	"sync"
)

// pattern is a regular expression that is compiled when it is first used, so
// that a program that reads no mail does not pay for it. Go's regular
// expressions take time in proportion to the text (RE2).
type pattern func() *expression

// expression is a compiled pattern.
type expression struct {
	*regexp.Regexp
	need []string // a match holds at least one of these; nil when that is not known
}

// lower makes a pattern over text that went through lowered. Letters with
// marks may be written as they are.
func lower(expr string) pattern {
	return sync.OnceValue(func() *expression { return compile(markedLetters(expr)) })
}

// exactly makes a pattern over text as it is written.
func exactly(expr string) pattern {
	return sync.OnceValue(func() *expression { return compile(expr) })
}

func compile(expr string) *expression { return &expression{regexp.MustCompile(expr), required(expr)} }

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

// possible reports whether s may hold a match.
func (e *expression) possible(s string) bool {
	if e.need == nil {
		return true
	}
	for _, literal := range e.need {
		if strings.Contains(s, literal) {
			return true
		}
	}
	return false
}

func (p pattern) in(s string) bool {
	e := p()
	return e.possible(s) && e.MatchString(s)
}

// at is where p stands in s, or nil.
func (p pattern) at(s string) []int {
	if e := p(); e.possible(s) {
		return e.FindStringIndex(s)
	}
	return nil
}

// groupsAt is where p and its groups stand in s, or nil.
func (p pattern) groupsAt(s string) []int {
	if e := p(); e.possible(s) {
		return e.FindStringSubmatchIndex(s)
	}
	return nil
}

// groups is what p's groups hold, or nil.
func (p pattern) groups(s string) []string {
	if e := p(); e.possible(s) {
		return e.FindStringSubmatch(s)
	}
	return nil
}

// after is the text of s behind p's first match in low, which is s in lower
// case with the same offsets.
func (p pattern) after(s, low string) (string, bool) {
	at := p.at(low)
	if at == nil {
		return "", false
	}
	return s[at[1]:], true
}
