package main

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestHostedJobs: from a mail to a merged move by jobs of Actions, each a
// process that knows nothing of the others, within the budget of REST requests.
// What they do after the merge (a job for the head that the merge pushed) is
// counted as well.
func TestHostedJobs(t *testing.T) {
	t.Parallel()
	h := newHosted(t, "ingroupe")
	id := caseNumber(1)
	before := len(h.gh.Calls())
	h.takeIn(hostedReport)
	if n := h.calls(before); len(n) > 5 {
		t.Errorf("an intake took %d REST requests: %v", len(n), n)
	}
	h.settle()
	for _, state := range []string{"evaluating", "needs-info"} {
		before, h.ran = len(h.gh.Calls()), nil
		h.gh.ClickLabel("lead", h.issue(id).Number, "move/"+state)
		h.settle()
		list := h.proposals(id)
		pull := list[len(list)-1]
		if got := strings.Join(h.ran, " "); got != "docket-label docket-check docket-merge" || pull.Closed {
			t.Fatalf("after the label ran %s; the pull request is %+v", got, pull)
		}
		h.gh.ClickReview("triage", pull.Number, "approve")
		h.ran = nil
		h.settle()
		if pull = h.gh.Issue(pull.Number); !pull.Pull.Merged || !slices.Contains(h.issue(id).Labels, "state/"+state) || slices.Contains(h.issue(id).Labels, "move/"+state) {
			t.Fatalf("after the review, %v; the labels are %v", pull.Pull, h.issue(id).Labels)
		}
		calls := h.calls(before)
		if last := calls[len(calls)-1]; last != "pulls/get" || len(calls) > 7 { // the head that was pushed before the merge
			t.Errorf("a move took %d REST requests: %v", len(calls), calls)
		}
	}
	h.sound()
}

// TestHostedForeign: pull requests that are none of Docket's get a red check
// that says why, and the job ends well: the check says no.
func TestHostedForeign(t *testing.T) {
	t.Parallel()
	h := newHosted(t, "ingroupe")
	h.takeIn(hostedReport)
	h.settle()
	id := caseNumber(1)
	main := strings.TrimSpace(h.gitIn(h.gh.Dir(), "rev-parse", "main"))
	shell := "x;touch${IFS}pwned"
	h.propose("mallory", shell, "$(touch pwned)", map[string]string{"a": "b"})
	h.propose("mallory", "fix-readme", "::error::x", map[string]string{"README.md": "b"})
	h.propose("mallory", "case/"+id+"/next", "<script>", map[string]string{"cases/ingroupe/" + id[5:9] + "/00/" + id + ".yaml": "docket: 1\n"})
	h.gh.ForkPull("eve", "case/"+id+"/next", main, "`id`")
	for ; h.read < len(h.gh.Events()); h.read++ {
		e := h.gh.Events()[h.read]
		if e.Name != "pull_request" {
			continue
		}
		did, summary := h.start("pull_request_target", e.Payload)
		if did.Step != "check" || did.Result == "failed" || did.Verdict == "pass" || !strings.Contains(summary, "### docket: check, "+did.Result) {
			t.Errorf("the job says %+v, and in its summary\n%s", did, summary)
		}
		for _, bad := range []string{"touch", "::error", "<script>", "`id`"} {
			if strings.Contains(summary, bad) {
				t.Errorf("the summary quotes %q:\n%s", bad, summary)
			}
		}
	}
	n := 0
	for _, i := range h.gh.Issues() {
		if i.Pull == nil || i.Pull.Merged {
			continue
		}
		if n++; i.Pull.Checks["docket/check"] != "failure" {
			t.Errorf("%s: the checks are %v", i.Pull.Branch, i.Pull.Checks)
		}
	}
	if n != 4 {
		t.Errorf("%d pull requests are open", n)
	}
	// The one that changes a case shows at the case's file what is wrong.
	found := false
	for _, c := range h.gh.CheckRuns("docket/check") {
		for _, note := range c.Notes {
			found = found || note.Path == "cases/ingroupe/"+id[5:9]+"/00/"+id+".yaml" && note.Level == "failure" && note.Text != ""
		}
	}
	if !found {
		t.Errorf("no check has a note at the case's file: %+v", h.gh.CheckRuns("docket/check"))
	}
	// People see them listed, and none of them is in the way.
	var list []struct {
		Number  int
		Verdict string
	}
	if err := json.Unmarshal([]byte(h.person("triage").docket(exitDone, "pr", "list", "--json")), &list); err != nil {
		t.Fatal(err)
	}
	for _, p := range list {
		if h.gh.Issue(p.Number).Closed {
			continue
		}
		if said := h.person("triage").docket(exitDone, "pr", "show", strconv.Itoa(p.Number)); p.Verdict != "fail" || !strings.Contains(said, "the proposal is well formed") {
			t.Errorf("pull request %d passes: %s", p.Number, said)
		}
	}
	var tended struct{ Checked, Merged []int }
	bot := h.asBot()
	if err := json.Unmarshal([]byte(bot.docket(exitDone, "bot", "tend", "--json")), &tended); err != nil || len(tended.Merged) > 0 {
		t.Errorf("%+v %v", tended, err)
	}
	h.sound()
}

// TestHostedEdit: a person's edit needs nobody's approval. The bot merges it
// upon its check, by jobs and as a daemon.
func TestHostedEdit(t *testing.T) {
	t.Parallel()
	h := newHosted(t, "ingroupe")
	h.takeIn(hostedReport)
	h.settle()
	id := caseNumber(1)
	lead := h.person("lead")
	lead.as("lead", "set", id, "owner=lead")
	said := lead.as("lead", "push", id)
	if !strings.Contains(said, "the bot merges it when docket/check is green") {
		t.Errorf("docket push says %s", said)
	}
	h.ran = nil
	h.settle()
	list := h.proposals(id)
	if len(list) != 1 || !list[0].Pull.Merged || !strings.HasPrefix(strings.Join(h.ran, " "), "docket-check docket-merge") {
		t.Errorf("after %v: %+v", h.ran, list)
	}
	h.sound()
}

// TestHostedTwoProgrammes: two programmes in one repository, with teams of
// their own. Whoever is of one team asks nothing of the other's cases.
func TestHostedTwoProgrammes(t *testing.T) {
	t.Parallel()
	h := newHosted(t, "ingroupe", "inspur")
	h.takeIn(hostedReport)
	h.psirt = []byte(h.docket(exitDone, "keys", "show", "inspur-intake"))
	h.takeIn(strings.NewReplacer("psirt@ingroupe.com", "sec@inspur.com", "<1@", "<2@", "Gate", "Server").Replace(hostedReport))
	h.settle()
	ids := []string{caseNumber(1), strings.Replace(caseNumber(1), "INGP", "INSP", 1)}
	for _, id := range ids {
		if n := len(h.issue(id).Labels); n < 2 {
			t.Errorf("%s has the labels %v", id, h.issue(id).Labels)
		}
		state := "evaluating"
		if strings.HasPrefix(id, "INSP") {
			state = h.labelFrom(id)
		}
		h.gh.ClickLabel("lead", h.issue(id).Number, "move/"+state)
		h.settle()
		list := h.proposals(id)
		if len(list) != 1 {
			t.Fatalf("%s: %+v", id, h.issue(id))
		}
		h.gh.ClickReview("triage", list[0].Number, "approve")
		h.settle()
		if !slices.Contains(h.issue(id).Labels, "state/"+state) {
			t.Errorf("%s has the labels %v", id, h.issue(id).Labels)
		}
	}
	h.sound()
}

// labelFrom is a state that a label of the tracking issue's list asks for.
func (h *hosted) labelFrom(id string) string {
	h.t.Helper()
	_, rest, ok := strings.Cut(h.issue(id).Body, "- label `move/")
	state, _, _ := strings.Cut(rest, "`")
	if !ok {
		h.t.Fatalf("no label moves %s:\n%s", id, h.issue(id).Body)
	}
	return state
}
