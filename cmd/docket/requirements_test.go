package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// stillToCome says of each line of IN Groupe's policy what the tests of this
// package do not show yet. A line that is not listed is shown in full.
var stillToCome = map[string]string{
	"IG-02": "metrics over many cases",
	"IG-04": "the reporting page and security.txt; so far the note tells how to report",
	"IG-05": "the reconciliation of an IMAP mailbox with history",
	"IG-07": "on whose behalf somebody reports",
	"IG-09": "purposes of exports and shares",
	"IG-10": "the state of the safe harbour",
	"IG-11": "the state of the safe harbour",
	"IG-12": "TLP labels",
	"IG-14": "reminders before an embargo ends",
	"IG-15": "mail that was forwarded from another address",
	"IG-16": "the request to write in English",
	"IG-17": "to refuse mail in clear, where a policy wants that",
	"IG-19": "a score of completeness",
	"IG-20": "a catalogue of products",
	"IG-23": "what follows from an exploitation for queue and statutory clocks",
	"IG-25": "publication as a counter-proposal for the embargo",
	"IG-37": "delivery to each audience",
}

// TestRequirementLines: each line of the policy is shown by a test that names
// it, or it is said what is still to come.
func TestRequirementLines(t *testing.T) {
	t.Parallel()
	shown := map[string]bool{}
	for _, pattern := range []string{"testdata/script/*.txtar", "*_test.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			raw, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if name == "requirements_test.go" {
				continue
			}
			for _, line := range strings.Split(string(raw), "\n") {
				if strings.HasPrefix(line, "//") || strings.HasPrefix(line, "#") {
					for _, id := range requirementLine.FindAllString(line, -1) {
						shown[id] = true
					}
				}
			}
		}
	}
	for n := 1; n <= 37; n++ {
		id := fmt.Sprintf("IG-%02d", n)
		if !shown[id] && stillToCome[id] == "" {
			t.Errorf("no test shows %s, and nothing is said of why", id)
		}
	}
	for id := range stillToCome {
		if !requirementLine.MatchString(id) {
			t.Errorf("%q is no line of a policy", id)
		}
	}
}
