package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docket-psirt/docket/internal/peer"
)

// TestActHostile: what somebody who may push proposes gets nowhere by way of the
// workflows. The branch brings a validator, an action and workflows of its own;
// names and titles are shell; a label too. None of it runs, nothing is merged, and
// no check is green: it is red, or the job ends without one.
func TestActHostile(t *testing.T) {
	t.Parallel()
	peer.Need(t, "act")
	a, b, _ := newActions(t)
	mark := filepath.Join(a.kept, "it-ran")
	a.h.host().docket(exitDone, "--keys", "keys", "intake", b.mail("m.eml",
		"From: reporter@example.org\nTo: psirt@ingroupe.com\nSubject: Gate\nMessage-ID: <1@example.org>\n\nProduct: gate\nDescription: it opens.\n", outgoing{sign: true}))
	before := strings.TrimSpace(b.gitIn(a.h.gh.Dir(), "rev-parse", "main"))
	begin := len(a.h.gh.Events())
	a.seen, a.hostile = begin, true

	shell := "touch${IFS}" + mark
	for branch, title := range map[string]string{
		"case/" + caseNumber(1) + "/next": "$(" + shell + ")\"; " + shell + "; `" + shell + "`",
		"x;" + shell + ";":                "${{ secrets.DOCKET_BOT_KEY }}",
		"program/$(" + shell + ")":        "\n::set-env name=PATH::/tmp\n",
	} {
		a.h.propose("lead", branch, title, map[string]string{
			".github/actions/docket/install":          "touch '" + mark + "'\n",
			".github/actions/docket/action.yml":       "name: x\ndescription: x\nruns:\n  using: composite\n  steps:\n    - run: touch '" + mark + "'\n      shell: bash\n",
			".github/workflows/docket-check.yml":      "name: docket-check\non: pull_request_target\njobs:\n  check:\n    runs-on: ubuntu-latest\n    steps:\n      - run: touch '" + mark + "'\n",
			".github/workflows/docket-review.yml":     "name: docket-review\non: push\njobs:\n  check:\n    runs-on: ubuntu-latest\n    steps:\n      - run: touch '" + mark + "'\n",
			"cmd/docket/main.go":                      "package main\n\nfunc main() {}\n",
			"go.mod":                                  "module github.com/docket-psirt/docket\n",
			"cases/ingroupe/templates/evaluating.txt": "Subject: x\n\nx\n",
		})
		a.settle()
		if ran := a.took(); !strings.HasPrefix(ran, "docket-check") {
			t.Errorf("for %q ran: %s", branch, ran)
		}
	}
	a.h.gh.ClickLabel("lead", a.number("issues", "opened"), "move/$("+shell+")")
	a.settle()
	if ran := a.took(); !strings.HasPrefix(ran, "docket-label") {
		t.Errorf("for the label ran: %s", ran)
	}

	if _, err := os.Stat(mark); err == nil {
		t.Error("something of the proposal ran")
	}
	if now := strings.TrimSpace(b.gitIn(a.h.gh.Dir(), "rev-parse", "main")); now != before {
		t.Errorf("main has moved from %s to %s", before, now)
	}
	checks := 0
	for _, e := range a.h.gh.Events()[begin:] {
		var p struct {
			Check struct{ Name, Conclusion string } `json:"check_run"`
		}
		if e.Name != "check_run" || json.Unmarshal(e.Payload, &p) != nil || p.Check.Name != "docket/check" {
			continue
		}
		if checks++; p.Check.Conclusion != "failure" {
			t.Errorf("a check says %s", e.Payload)
		}
	}
	if checks == 0 {
		t.Error("there was no check")
	}
}
