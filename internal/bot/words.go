package bot

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// String says what was done, in a line or a few.
func (r Reaction) String() string {
	var b strings.Builder
	if r.Event != "" {
		b.WriteString(strings.TrimSpace(r.Event+" "+r.Action) + ": ")
	}
	b.WriteString(r.Step + ", " + r.Result)
	if r.Step == StepNone {
		b.WriteString(" (" + r.Why + ")")
	}
	if r.Case != "" {
		b.WriteString("; case " + string(r.Case))
	}
	for _, n := range r.Numbers {
		fmt.Fprintf(&b, "; pull request %d", n)
	}
	if r.Verdict != "" {
		b.WriteString("; verdict " + r.Verdict)
	}
	if r.Merged {
		b.WriteString("; merged")
	}
	for _, need := range r.Needs {
		b.WriteString("\n  - " + need)
	}
	for _, line := range r.tended() {
		b.WriteString("\n  " + line)
	}
	return b.String()
}

// tended says what a round has done.
func (r *Reaction) tended() []string {
	if r.Tended == nil {
		return nil
	}
	var lines []string
	add := func(n int, what string) {
		if n > 0 {
			lines = append(lines, fmt.Sprintf("%d %s", n, what))
		}
	}
	add(len(r.Tended.Asked), "label(s) followed or answered")
	add(len(r.Tended.Checked), "pull request(s) checked")
	add(len(r.Tended.Merged), "pull request(s) merged")
	add(len(r.Tended.Shown), "branch(es) shown as pull requests")
	add(len(r.Tended.Tracked), "tracking issue(s) looked at")
	if lines == nil {
		return []string{"nothing was left to do"}
	}
	return lines
}

// Markdown is the same for a step's summary. It names no more than the forge
// shows anyway, and nothing in it is markup but what stands here.
func (r Reaction) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "### docket: %s, %s\n\n%s\n\n", r.Step, r.Result, harmless(r.Why))
	if r.Case != "" {
		fmt.Fprintf(&b, "Case %s. ", harmless(string(r.Case)))
	}
	for _, n := range r.Numbers {
		fmt.Fprintf(&b, "Pull request #%d. ", n)
	}
	if r.Verdict != "" {
		fmt.Fprintf(&b, "Verdict: %s. ", harmless(r.Verdict))
	}
	if r.Merged {
		b.WriteString("Merged. ")
	}
	b.WriteString("\n\n")
	for _, line := range append(slices.Clone(r.Needs), r.tended()...) {
		b.WriteString("- " + harmless(line) + "\n")
	}
	return b.String()
}

// harmless keeps a text from being read as Markdown or HTML, and on one line.
func harmless(s string) string {
	var b strings.Builder
	for _, c := range s {
		switch {
		case unicode.IsControl(c):
			b.WriteRune(' ')
		case strings.ContainsRune("\\`*_{}[]()<>#+!|~&@", c):
			b.WriteString("\\" + string(c))
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}
