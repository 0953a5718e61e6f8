package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// policyLines are the three published policies that the shipped programmes are
// made after, and how many lines their traces have.
var policyLines = []struct {
	prefix string
	lines  int
}{{"IG", 37}, {"IS", 40}, {"IM", 38}}

// later are the lines that wait for what is built later: publication, the
// reporting page, mailboxes. One that has a test leaves this list.
var later = map[string]string{
	"IG-04": "the reporting page and security.txt; so far the note tells how to report",
}

// stillToCome are the other lines that no test shows yet, and what is missing.
// One that has a test leaves this list.
var stillToCome = map[string]string{}

// inPart says of lines that are shown what their tests do not show yet.
// Nothing but reading tells when that is done.
var inPart = map[string]string{
	"IG-05": "the daily reconciliation of a mailbox with history",
	"IG-18": "the reporting page",
	"IG-37": "delivery to each audience",
	"IS-28": "categories of remediation in CSAF",
	"IS-30": "the delivery to customers",
	"IS-31": "the delivery to each recipient",
	"IS-32": "the advisory itself",
	"IS-33": "the notice itself",
}

// TestRequirements prints each line of the three policies with the tests that
// show it from the outside: scripts whose first comment names it, and tests of
// this package whose name or comment does. A line without a test fails, unless
// it is said why it has none.
func TestRequirements(t *testing.T) {
	t.Parallel()
	shown := shownBy(t)
	known := map[string]bool{}
	for _, policy := range policyLines {
		for n := 1; n <= policy.lines; n++ {
			id := fmt.Sprintf("%s-%02d", policy.prefix, n)
			known[id] = true
			line := requirementRow(t, id, shown[id])
			if testing.Verbose() {
				fmt.Println(line)
			}
		}
	}
	for id, by := range shown {
		if !known[id] {
			t.Errorf("%s name %s, which is no line of a policy", strings.Join(by, ", "), id)
		}
	}
	for _, list := range []map[string]string{later, stillToCome, inPart} {
		for id := range list {
			if !known[id] {
				t.Errorf("%q is no line of a policy", id)
			}
		}
	}
}

// requirementRow is the report's row of one line.
func requirementRow(t *testing.T, id string, by []string) string {
	waits, why := later[id] != "", later[id]
	if !waits {
		why = stillToCome[id]
	}
	switch {
	case len(by) > 0 && why != "":
		t.Errorf("%s is shown by %s: take it off the list of what is still to come", id, strings.Join(by, ", "))
	case len(by) == 0 && why == "":
		t.Errorf("no test shows %s, and nothing is said of why", id)
	case len(by) == 0 && inPart[id] != "":
		t.Errorf("%s is shown in part by no test", id)
	case len(by) == 0 && waits:
		return id + "  later: " + why
	case len(by) == 0:
		return id + "  STILL TO COME: " + why
	}
	row := id + "  " + strings.Join(by, " ")
	if inPart[id] != "" {
		row += "  (in part; not yet " + inPart[id] + ")"
	}
	return row
}

// shownBy lists the tests that show each line: names of scripts, and of Go
// tests.
func shownBy(t *testing.T) map[string][]string {
	t.Helper()
	shown := map[string][]string{}
	add := func(by, words string) {
		for _, id := range linesIn(words) {
			if !slices.Contains(shown[id], by) {
				shown[id] = append(shown[id], by)
			}
		}
	}
	for _, name := range glob(t, "testdata/script/*.txtar") {
		add(filepath.Base(name), firstComment(t, name))
	}
	for _, name := range glob(t, "*_test.go") {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && strings.HasPrefix(f.Name.Name, "Test") && f.Name.Name != "TestRequirements" {
				add(f.Name.Name, inName.ReplaceAllString(f.Name.Name, " $1-$2 ")+f.Doc.Text())
			}
		}
	}
	return shown
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no files %s: %v", pattern, err)
	}
	return files
}

// firstComment is what a script says of itself.
func firstComment(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(raw), "\n\n")
	return strings.ReplaceAll(first, "\n# ", " ")
}

var (
	inName    = regexp.MustCompile(`(I[GSM])([0-9][0-9])`)
	lineRange = regexp.MustCompile(`\b(I[GSM])-([0-9][0-9])(?:\s+to\s+(I[GSM])-([0-9][0-9]))?\b`)
)

// linesIn lists the lines of policies that words name: IG-01, IG-03 to IG-05.
func linesIn(words string) []string {
	var out []string
	for _, m := range lineRange.FindAllStringSubmatch(words, -1) {
		first, _ := strconv.Atoi(m[2])
		last := first
		if m[3] == m[1] {
			last, _ = strconv.Atoi(m[4])
		} else if m[3] != "" {
			out = append(out, m[3]+"-"+m[4])
		}
		for n := first; n <= last; n++ {
			out = append(out, fmt.Sprintf("%s-%02d", m[1], n))
		}
	}
	return out
}
