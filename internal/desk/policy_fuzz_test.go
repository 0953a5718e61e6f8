package desk

import (
	"testing"

	"github.com/docket-psirt/docket/internal/casefile"
)

// FuzzCheckPolicy: no file stops the check, and one in which it finds nothing can
// be shown, explained and drawn.
func FuzzCheckPolicy(f *testing.F) {
	text, err := NewPolicy(PolicyAnswers{Name: "X", Program: "x", Prefix: "XX", Addresses: []string{"a@x.example"}, Language: "en",
		Stages: stagePresets["five"], FourEyes: "all", FirstLook: "24h", Verdict: "14d", Solution: "90d", Silence: "14d", Safe: true, Reward: true, CRA: true})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte("docket: 1\nfacts:\n  a: {means: x, do: y, fact: a}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := checkPolicyText("x.yaml", text)
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Faults) > 0 {
			return
		}
		full, _ := withPlaceholders(text)
		p, err := casefile.ParseProgram(full)
		if err != nil {
			t.Fatalf("nothing was found, but it is refused: %v", err)
		}
		v := newPolicyView(p)
		if len(v.SVG()) == 0 || v.Text() == "" {
			t.Error("nothing is shown")
		}
		for _, s := range v.States {
			if _, err := v.Explain(s.Name); err != nil {
				t.Error(err)
			}
		}
	})
}
