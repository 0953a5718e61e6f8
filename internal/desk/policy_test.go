package desk_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/docket-psirt/docket/internal/desk"
)

// TestShippedPoliciesAreClean: whatever docket policy check finds, the shipped
// programmes do not have.
func TestShippedPoliciesAreClean(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(casesDir, "*", "program.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no programmes: %v", err)
	}
	for _, name := range files {
		r, err := desk.CheckPolicy(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range r.Faults {
			t.Error(f)
		}
	}
}

// TestNewPolicyIsValid: whatever the answers, the file is one that can be used.
func TestNewPolicyIsValid(t *testing.T) {
	t.Parallel()
	for _, stages := range []string{"four", "five", "Rein, Prüfen, Lösen, Sagen"} {
		for _, eyes := range []string{"all", "verdict", "none"} {
			for flags := range 8 {
				if flags%7 != 0 && (stages != "four" || eyes != "all") {
					continue // each once is enough
				}
				a := answered(t, map[int]string{0: "Ex: \"PSIRT\" #1", 1: "ex", 3: "psirt@example.com", 4: []string{"en", "de", "fr"}[flags%3], 7: stages, 8: eyes,
					13: word(flags & 1), 14: word(flags & 2), 15: word(flags & 4)})
				text, err := desk.NewPolicy(a)
				if err != nil {
					t.Fatalf("%s, %s, %d: %v", stages, eyes, flags, err)
				}
				name := filepath.Join(t.TempDir(), "program.yaml")
				if err := os.WriteFile(name, text, 0o600); err != nil {
					t.Fatal(err)
				}
				r, err := desk.CheckPolicy(name)
				if err != nil || len(r.Faults) > 0 || !r.Draft {
					t.Fatalf("%s, %s, %d: %v, %v", stages, eyes, flags, r, err)
				}
			}
		}
	}
}

func word(flag int) string {
	if flag != 0 {
		return "yes"
	}
	return "no"
}

// answered gives the answers by number, and what is offered for all others.
func answered(t *testing.T, answers map[int]string) desk.PolicyAnswers {
	t.Helper()
	var a desk.PolicyAnswers
	for i, q := range desk.PolicyQuestions() {
		answer := answers[i]
		if answer == "" && q.Default != nil {
			answer = q.Default(&a)
		}
		if err := q.Set(&a, answer); err != nil {
			t.Fatalf("%s: %q: %v", q.Text, answer, err)
		}
	}
	return a
}

var (
	discForm = regexp.MustCompile(`<circle cx="([0-9.]+)" cy="([0-9.]+)" r="9.5"`)
	lineForm = regexp.MustCompile(`<path d="M([0-9.]+) ([0-9.]+)V([0-9.]+)H([0-9.]+)V([0-9.]+)" class="line"/>`)
	boxForm  = regexp.MustCompile(`<rect x="([0-9.]+)" y="([0-9.]+)" width="([0-9.]+)" height="54"`)
)

// TestDiagramsAreReadable: in the diagrams of all programmes, and of one in which
// every state leads to every other, no number lies on another, on a line of
// another move, or on a box, and the image is well-formed.
func TestDiagramsAreReadable(t *testing.T) {
	t.Parallel()
	names := desk.Shipped()
	wild := filepath.Join(t.TempDir(), "wild.yaml")
	if err := os.WriteFile(wild, []byte(wildPolicy(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range append(names, wild) {
		v, err := desk.PolicyFile(name)
		if err != nil {
			t.Fatal(err)
		}
		svg := string(v.SVG())
		wellFormed(t, svg)
		discs, boxes := numbers(discForm, svg), numbers(boxForm, svg)
		if len(boxes) != len(v.States) || len(discs) < len(boxes) {
			t.Errorf("%s: %d boxes and %d numbers for %d states", name, len(boxes), len(discs), len(v.States))
		}
		for i, d := range discs {
			for _, other := range discs[:i] {
				if math.Hypot(d[0]-other[0], d[1]-other[1]) < 19 {
					t.Errorf("%s: numbers lie on each other at %v", name, d)
				}
			}
			for _, b := range boxes {
				if d[0] > b[0]-9 && d[0] < b[0]+b[2]+9 && d[1] > b[1]-9 && d[1] < b[1]+54+9 {
					t.Errorf("%s: a number lies on a box at %v", name, d)
				}
			}
		}
		lines := numbers(lineForm, svg)
		if len(lines) == 0 {
			t.Errorf("%s: no lines", name)
		}
		for _, l := range lines {
			for _, d := range discs {
				own := math.Abs(d[1]-l[2]) < 0.2 && d[0] >= min(l[0], l[3])-10 && d[0] <= max(l[0], l[3])+10
				for _, leg := range [][3]float64{{l[0], l[1], l[2]}, {l[3], l[2], l[4]}} {
					if !own && math.Abs(d[0]-leg[0]) < 5 && d[1] > min(leg[1], leg[2]) && d[1] < max(leg[1], leg[2]) {
						t.Errorf("%s: a line runs through the number at %v", name, d)
					}
				}
			}
		}
	}
}

func numbers(form *regexp.Regexp, svg string) (out [][]float64) {
	for _, m := range form.FindAllStringSubmatch(svg, -1) {
		var row []float64
		for _, s := range m[1:] {
			v, _ := strconv.ParseFloat(s, 64)
			row = append(row, v)
		}
		out = append(out, row)
	}
	return out
}

func wellFormed(t *testing.T, svg string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// wildPolicy is a programme in which every state leads to every other one.
func wildPolicy(t *testing.T) string {
	t.Helper()
	text, err := desk.NewPolicy(answered(t, map[int]string{0: "Wild <&> Team", 3: "psirt@example.com", 7: "five"}))
	if err != nil {
		t.Fatal(err)
	}
	head, rest, _ := strings.Cut(string(text), "\ntransitions:\n")
	_, tail, _ := strings.Cut(rest, "\nclocks:\n")
	states := []string{"received", "evaluating", "solving", "communicating", "feedback", "needs-info", "deferred"}
	var b strings.Builder
	for _, to := range states {
		fmt.Fprintf(&b, "  - {from: [%s], to: %s, update: silent}\n", strings.Join(append(states, "closed"), ", "), to)
	}
	fmt.Fprintf(&b, "  - {from: [%s], to: closed, outcomes: [fixed], update: silent}\n", strings.Join(states, ", "))
	return head + "\ntransitions:\n" + b.String() + "\nclocks:\n" + tail
}
