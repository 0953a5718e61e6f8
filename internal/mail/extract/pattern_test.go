package extract

import (
	"regexp"
	"slices"
	"testing"
)

func TestRequiredLiterals(t *testing.T) {
	t.Parallel()
	for expr, want := range map[string][]string{
		`\b(?:publish|public)(?:ed)?\b`:  {"publi"},
		`\bp(?:ay|ublish)\b`:             {"pay", "publish"},
		`^(?:a|bc)d*[0-9]+xyz`:           {"xyz"},
		`\d+`:                            nil,
		`(?:abc)?`:                       nil,
		`colou?r`:                        {"colo"},
		`(?i)abc`:                        nil,
		`abc|\d`:                         nil,
		`(?:ab){2}`:                      {"ab"},
		`\b(?:i|we) (?:suggest|propose)`: {"propose", "suggest"},
	} {
		if got := required(expr); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", expr, got, want)
		}
	}
}

// FuzzRequired holds that looking for literals first changes no answer.
func FuzzRequired(f *testing.F) {
	f.Add(`\b(?:publish|public)(?:ed)?\b`, "it was published")
	f.Add(`a(b|c+)?d{2,3}[xy]`, "abddy")
	f.Add(`(?:|a)b*c|^d$`, "d")
	f.Fuzz(func(t *testing.T, expr, s string) {
		if len(expr) > 60 || len(s) > 200 {
			return
		}
		re, err := regexp.Compile(expr)
		if err != nil {
			return
		}
		e := &expression{re, required(expr)}
		if re.MatchString(s) && !e.possible(s) {
			t.Errorf("%q matches %q, which has none of %q", expr, s, e.need)
		}
	})
}
