package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestHostedKilled kills the daemon with kill -9 at random moments, while
// labels, reviews and merges of several cases are under way; webhooks that come
// while it is dead are lost. In the end each label has led to one pull request,
// which is merged once; each case has one tracking issue; nobody was answered
// twice; and the audit finds nothing.
func TestHostedKilled(t *testing.T) {
	t.Parallel()
	kills := 6
	if os.Getenv("DOCKET_LONG") != "" {
		kills = 100
	}
	h := newHosted(t, "ingroupe")
	p := &killing{h: h, asked: map[string][]string{}, strangers: map[string]int{}, last: map[string]time.Time{}, log: &logged{}}
	for n := 1; n <= 3; n++ {
		h.takeIn(strings.ReplaceAll(hostedReport, "<1@", fmt.Sprintf("<%d@", n)))
		p.ids = append(p.ids, caseNumber(n))
	}
	d := h.listen(p.log, nil, "--every", "1s")
	for range kills {
		p.click()
		time.Sleep(time.Duration(rand.Int64N(int64(700 * time.Millisecond))))
		p.click()
		d.kill()
		h.gh.Quiet()
		d = h.listen(p.log, nil, "--every", "1s")
	}
	defer func() {
		if t.Failed() {
			p.shows()
		}
	}()
	d.await("all that was asked", func() bool {
		p.review()
		return !slices.ContainsFunc(p.ids, func(id string) bool { return !p.settled(id) })
	})
	p.ends()
	h.sound()
}

// killing is what was asked for while a daemon was killed.
type killing struct {
	h         *hosted
	ids       []string
	asked     map[string][]string  // states that labels asked for, by case
	strangers map[string]int       // labels by somebody who may not ask
	last      map[string]time.Time // when all strangers were seen answered; zero: they are not, or it was not looked
	log       *logged
}

// click asks for the next move of each case that waits for nothing, and reviews
// what is proposed. Before some, a stranger asks: while nothing goes on, since a
// label that comes in the moment in which Docket replaces them is found after
// minutes only (TestGitHubLabelLost).
func (p *killing) click() {
	for _, id := range p.ids {
		if !p.settled(id) {
			continue
		}
		i := p.h.issue(id)
		// GitHub's times have whole seconds: a label that comes back in the second of
		// its answer is answered already.
		switch answered := len(i.Comments) == p.strangers[id]; {
		case !answered:
			p.last[id] = time.Time{}
		case p.last[id].IsZero():
			p.last[id] = time.Now()
		case time.Since(p.last[id]) > 2*time.Second && rand.IntN(2) == 0:
			p.strangers[id]++
			p.last[id] = time.Time{}
			p.h.gh.ClickLabel("mallory", i.Number, "close/spam")
		}
		next := "evaluating"
		if n := len(p.asked[id]); n > 0 && p.asked[id][n-1] == next {
			next = "needs-info"
		}
		p.asked[id] = append(p.asked[id], next)
		p.h.gh.ClickLabel("lead", i.Number, "move/"+next)
	}
	p.review()
}

func (p *killing) review() {
	for _, id := range p.ids {
		if i := p.h.open(id); i.Number > 0 && len(i.Pull.Reviews) == 0 {
			p.h.gh.ClickReview("triage", i.Number, "approve")
		}
	}
}

// settled reports whether the newest label has led to its state, and nothing is
// left over.
func (p *killing) settled(id string) bool {
	i := p.h.issue(id)
	if slices.ContainsFunc(i.Labels, func(l string) bool { return strings.HasPrefix(l, "move/") || strings.HasPrefix(l, "close/") }) {
		return false
	}
	state := "received"
	if n := len(p.asked[id]); n > 0 {
		state = p.asked[id][n-1]
	}
	return slices.Contains(i.Labels, "state/"+state) && p.h.open(id).Number == 0
}

// shows is for who looks into a failure.
func (p *killing) shows() {
	for _, dir := range []string{p.h.gh.Dir(), p.h.path("watched")} {
		p.h.t.Logf("%s has\n%s", dir, p.h.gitIn(dir, "for-each-ref"))
	}
	for _, id := range p.ids {
		i := p.h.issue(id)
		p.h.t.Logf("%s was asked for %v; its labels are %v, it has %d comments", id, p.asked[id], i.Labels, len(i.Comments))
		for _, pull := range p.h.proposals(id) {
			p.h.t.Logf("%d %q, closed %v, merged %v, %v, %v", pull.Number, pull.Title, pull.Closed, pull.Pull.Merged, pull.Pull.Reviews, pull.Pull.Checks)
		}
		p.h.t.Logf("what happened to it:\n%s", p.story(id))
	}
}

// story is what GitHub told of a case's issue and pull requests.
func (p *killing) story(id string) string {
	var b strings.Builder
	for _, e := range p.h.gh.Events() {
		var x struct {
			Label   struct{ Name string }
			Issue   struct{ Title, Body string }
			Pull    struct{ Title string } `json:"pull_request"`
			Comment struct{ Body string }
			Ref     string
		}
		if err := json.Unmarshal(e.Payload, &x); err != nil {
			return err.Error()
		}
		if !strings.Contains(x.Issue.Title+x.Pull.Title+x.Ref, id) {
			continue
		}
		_, marker, _ := strings.Cut(x.Issue.Body, "<!-- docket: ")
		fmt.Fprintln(&b, e.Name, e.Action, e.Sender, x.Label.Name, x.Pull.Title, x.Comment.Body, x.Ref, marker)
	}
	return b.String()
}

// ends holds what must be so in the end.
func (p *killing) ends() {
	t := p.h.t
	t.Helper()
	for _, id := range p.ids {
		list := p.h.proposals(id)
		for k, pull := range list {
			if want := id + ": "; !pull.Pull.Merged || k < len(p.asked[id]) && !strings.Contains(pull.Title, want) || !strings.HasSuffix(pull.Title, "to "+p.asked[id][min(k, len(p.asked[id])-1)]) {
				t.Errorf("pull request %d, %q, merged: %v", pull.Number, pull.Title, pull.Pull.Merged)
			}
		}
		if len(list) != len(p.asked[id]) {
			t.Errorf("%s: %d labels led to %d pull requests", id, len(p.asked[id]), len(list))
		}
		tracking := 0
		for _, i := range p.h.gh.Issues() {
			if i.Pull == nil && strings.Contains(i.Body, "case="+id+" ") {
				tracking++
			}
		}
		if tracking != 1 {
			t.Errorf("%s has %d tracking issues", id, tracking)
		}
		var others []string
		answers := 0
		for _, c := range p.h.issue(id).Comments {
			if strings.Contains(c.Body, "`mallory` is not of the team") {
				answers++
			} else {
				others = append(others, c.Body)
			}
		}
		if answers != p.strangers[id] || len(others) > 0 {
			t.Errorf("%s: %d strangers were answered %d times; and otherwise: %q", id, p.strangers[id], answers, others)
		}
		merges := strings.Count(p.h.gitIn(p.h.gh.Dir(), "log", "--first-parent", "--format=%s", "main"), "Merge case/"+id+"/next\n")
		if merges != len(list)+1 {
			t.Errorf("%s: %d merges of %d pull requests", id, merges, len(list)+1)
		}
	}
	if t.Failed() {
		t.Log(p.log)
	}
}
