package casefile

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/docket-psirt/docket/internal/psirt"
)

// Everything wrong with a file is said at once, each with the line it stands on:
// what the schema says and what Check says of the rest.
func TestReviewProgram(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../cases/ingroupe/program.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if r := ReviewProgram(raw); len(r.Faults) > 0 || r.Program == nil {
		t.Fatalf("a shipped programme has faults: %v", r.Faults)
	}
	bad := string(raw)
	for _, change := range [][2]string{
		{"    phase: solving", "    phase: dancing"},
		{"update: acknowledge # IG-30", "update: acknowledge\n  surprise: 1"},
		{"to: communicating", "to: nowhere"},
	} {
		if !strings.Contains(bad, change[0]) {
			t.Fatalf("the programme has no %q", change[0])
		}
		bad = strings.Replace(bad, change[0], change[1], 1)
	}
	lines := strings.Split(bad, "\n")
	r := ReviewProgram([]byte(bad))
	for path, holds := range map[string]string{"states[2].phase": "dancing", "transitions[2].to": "nowhere", "intake.surprise": "surprise"} {
		i := slices.IndexFunc(r.Faults, func(f psirt.Fault) bool { return f.Path == path })
		if i < 0 {
			t.Errorf("%s is not among %v", path, r.Faults)
			continue
		}
		if n := r.Line(path); n < 1 || !strings.Contains(lines[n-1], holds) {
			t.Errorf("%s: line %d does not hold %q", path, n, holds)
		}
	}
}

// One value that cannot be read hides nothing of what stands behind it, and
// makes up nothing.
func TestReviewGoesOn(t *testing.T) {
	t.Parallel()
	bad := strings.Replace(programYAML(t), "within: 24h", "within: 24 hours", 1)
	bad = strings.Replace(bad, "note_limit: 3", "note_limit: three", 1)
	r := ReviewProgram([]byte(bad))
	if len(r.Faults) != 2 || !strings.HasSuffix(r.Faults[0].Path, ".within") || r.Faults[1].Path != "intake.note_limit" {
		t.Errorf("two faults are %v", r.Faults)
	}
	if p, ok := RoughProgram([]byte(bad)); !ok || len(p.Clocks) != 9 || p.Clocks[8].Within == 0 && p.Clocks[8].Months == 0 || len(p.People) != 2 {
		t.Errorf("what stands behind them was not read: %+v", p)
	}
}

// A file that is no YAML, or none that is allowed, is one fault on its line.
func TestReviewUnreadable(t *testing.T) {
	t.Parallel()
	for text, line := range map[string]int{"docket: 1\nname: [\n": 2, "docket: 1\nname: &x y\n": 2, "": 0, "docket: 1\ndocket: 1\n": 2} {
		r := ReviewProgram([]byte(text))
		if len(r.Faults) != 1 || r.Program != nil {
			t.Errorf("%q: %v", text, r.Faults)
		}
		if got := r.Line("states[0]"); line > 0 && (got < line-1 || got > line+1) {
			t.Errorf("%q: line %d, want about %d", text, got, line)
		}
	}
}

// One slip is one fault: what was meant is read from there on, so nothing is said
// that only follows from it, and what stands behind it is looked at.
func TestReviewSlips(t *testing.T) {
	t.Parallel()
	good := programYAML(t)
	for _, x := range []struct{ was, is, path, do string }{
		{"note_limit:", "note_limits:", "intake.note_limits", "did you mean note_limit?"},
		{"\nclocks:", "\nclock:", "clock", "did you mean clocks?"},
		{"    to: solving", "    to: solvng", ".to", "did you mean solving?"},
		{"phase: solving", "phase: solvin", ".phase", "did you mean solving?"},
		{"guards: [", "guards: [not-a-fact-at-all, ", ".guards", "declare it under facts"},
		{"name: solving", "name: received", ".name", "did you mean solving?"},
	} {
		bad := strings.Replace(good, x.was, x.is, 1)
		r := ReviewProgram([]byte(bad))
		if bad == good || len(r.Faults) != 1 || !strings.HasSuffix(r.Faults[0].Path, x.path) || !strings.Contains(r.Faults[0].Do, x.do) {
			t.Errorf("%s: %v", x.is, r.Faults)
			continue
		}
		line := 1 + strings.Count(good[:strings.Index(good, x.was)+1], "\n")
		if got := r.Line(r.Faults[0].Path); got != line {
			t.Errorf("%s: line %d, want %d", x.is, got, line)
		}
	}
	if r := ReviewProgram([]byte(strings.Replace(good, "note_limit:", "note_limits: 3\n  note_limit:", 1))); len(r.Faults) != 1 || r.Faults[0].Path != "intake.note_limits" {
		t.Errorf("a field that nearly has the name of one that is there: %v", r.Faults)
	}
}

// What makes a file unreadable is named by the line that is to be put right.
func TestReviewUnreadableLines(t *testing.T) {
	t.Parallel()
	good := programYAML(t)
	for was, is := range map[string]string{
		"  clear: ":          "   clear: ",
		"    to: solving":    "  to: solving",
		"    phase: solving": "\tphase: solving",
		"    label: Solving": "    label: \"Solving",
		"    within: 24h":    "    within: a: b",
		"prefix: ":           "prefix: @",
	} {
		bad := strings.Replace(good, was, is, 1)
		r := ReviewProgram([]byte(bad))
		line := 1 + strings.Count(good[:strings.Index(good, was)+1], "\n")
		if bad == good || len(r.Faults) != 1 || r.Faults[0].Do == "" || r.Line(r.Faults[0].Path) != line {
			t.Errorf("%s: line %d, want %d: %v", is, r.Line(r.Faults[0].Path), line, r.Faults)
		}
	}
}
