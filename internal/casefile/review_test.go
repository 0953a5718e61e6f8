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
