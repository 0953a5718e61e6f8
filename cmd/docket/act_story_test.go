package main

import (
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/docket-psirt/docket/internal/peer"
)

// actions starts workflows as GitHub does: for every event that somebody else
// than GITHUB_TOKEN caused, those whose triggers it fits, from main.
type actions struct {
	*runner
	h       *hosted
	hostile bool     // jobs may fail
	seen    int      // events that were looked at
	ran     []string // workflows, in their order
	keys    map[string]map[string]string
	may     map[string]map[string]string // permissions of GITHUB_TOKEN, by workflow
}

// payload is what of an event decides which workflows start.
type payload struct {
	Ref     string
	Label   struct{ Name string }
	Commits []struct{ Added, Modified, Removed []string }
	Pull    struct {
		Base struct{ Ref string }
		Head struct{ Ref, SHA string }
	} `json:"pull_request"`
	Workflow struct{ Name string }
}

// settle runs workflows until nothing happens any more.
func (a *actions) settle() {
	a.t.Helper()
	for a.seen < len(a.h.gh.Events()) {
		e := a.h.gh.Events()[a.seen]
		a.seen++
		if e.Quiet {
			continue
		}
		var p payload
		if err := json.Unmarshal(e.Payload, &p); err != nil {
			a.t.Fatal(err)
		}
		switch {
		case e.Name == "issues" && e.Action == "labeled" && (strings.HasPrefix(p.Label.Name, "move/") || strings.HasPrefix(p.Label.Name, "close/")):
			a.start("issues", "docket-label", e.Payload)
		case e.Name == "pull_request" && p.Pull.Base.Ref == "main" && strings.Contains("opened synchronize reopened", e.Action):
			a.start("pull_request_target", "docket-check", e.Payload)
			a.h.gh.WorkflowRun("docket-check", "docket-check.yml", "pull_request_target", p.Pull.Head.Ref, p.Pull.Head.SHA, "success")
		case e.Name == "pull_request_review" && strings.Contains("submitted dismissed", e.Action):
			a.start("pull_request_review", "docket-review", e.Payload)
			a.h.gh.WorkflowRun("docket-review", "docket-review.yml", "pull_request_review", p.Pull.Head.Ref, p.Pull.Head.SHA, "success")
		case e.Name == "workflow_run" && e.Action == "completed":
			a.start("workflow_run", "docket-merge", e.Payload)
		case e.Name == "push" && p.Ref == "refs/heads/main":
			a.start("push", "docket-deliver", e.Payload)
		}
	}
}

// start runs a workflow with what its environment has, and a token that may
// what its job may.
func (a *actions) start(event, workflow string, payload any) string {
	a.t.Helper()
	a.checkOut(a.h.gh.Dir(), a.h.gh.URL())
	a.secrets = map[string]string{"GITHUB_TOKEN": a.h.gh.ActionsToken(a.may[workflow])}
	for name, text := range a.keys[workflow] {
		a.secrets[name] = text
	}
	a.ran = append(a.ran, workflow)
	if a.hostile {
		said, _ := a.run(event, workflow+".yml", payload)
		return said
	}
	return a.runs(event, workflow+".yml", payload)
}

// took answers which workflows ran since the last time.
func (a *actions) took() string {
	ran := strings.Join(a.ran, " ")
	a.t.Logf("ran: %s", ran)
	a.ran = nil
	return ran
}

// newActions sets a case repository on a fake GitHub up, as docket init does.
func newActions(t *testing.T) (*actions, *bench, peer.MailServer) {
	t.Helper()
	a := &actions{runner: idleRunner(t)}
	post := peer.Postfix(t)
	a.h = setUpHosted(t, map[string]string{"sums": a.releases.sum + "  " + a.releases.asset + "\n"}, "ingroupe")
	b := a.h.bench
	appKey, err := os.ReadFile(b.path("app.pem"))
	if err != nil {
		t.Fatal(err)
	}

	key := func(name string) string {
		raw, err := os.ReadFile(b.path("keys/" + name + ".asc"))
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	bot := map[string]string{"DOCKET_APP_KEY": string(appKey), "DOCKET_BOT_KEY": key("bot")}
	a.keys = map[string]map[string]string{"docket-label": bot, "docket-merge": bot, "docket-clock": bot,
		"docket-deliver": {"DOCKET_MAILER_KEY": key("mailer"), "DOCKET_SENDER_KEY": key("sender"), "DOCKET_SMTP_PASSWORD": peer.Password}}
	read := map[string]string{"contents": "read"}
	a.may = map[string]map[string]string{"docket-check": {"contents": "read", "checks": "write", "pull-requests": "read"}, "docket-review": {},
		"docket-merge": read, "docket-label": read, "docket-clock": read, "docket-audit": read, "docket-deliver": {"contents": "write"}}
	a.env["GITHUB_API_URL"] = strings.TrimSuffix(a.h.gh.API(), "/")
	a.vars["DOCKET_APP_ID"] = a.h.appID
	ca, err := os.ReadFile(post.CA)
	if err != nil {
		t.Fatal(err)
	}
	a.vars["DOCKET_SMTP_URL"], a.vars["DOCKET_SMTP_CA"] = "smtp://psirt@"+post.Address["scram-sha-256"], string(ca)
	a.vars["DOCKET_ROOT"] = strings.TrimSpace(b.git("rev-parse", "origin/main"))
	a.seen = len(a.h.gh.Events())
	return a, b, post
}

// TestActStory: from an encrypted mail to the reporter's update, on a fake GitHub
// and driven by the real workflow files.
func TestActStory(t *testing.T) {
	t.Parallel()
	peer.Need(t, "act")
	peer.Need(t, "gpg")
	a, b, post := newActions(t)

	// The intake host takes a mail in; the reporter is answered.
	report := b.mail("m.eml", "From: reporter@example.org\nTo: psirt@ingroupe.com\nSubject: Gate\nMessage-ID: <1@example.org>\n\nProduct: gate\nDescription: it opens.\n",
		outgoing{sign: true, attachKey: true})
	a.h.host().docket(exitDone, "--keys", "keys", "intake", report)
	a.settle()
	if ran := a.took(); !strings.Contains(ran, "docket-deliver") {
		t.Errorf("after intake ran: %s", ran)
	}
	a.reads(b, post, 1)

	// An analyst clicks a label, another one approves.
	a.h.gh.ClickLabel("lead", a.number("issues", "opened"), "move/evaluating")
	a.settle()
	if ran := a.took(); !strings.HasPrefix(ran, "docket-label docket-check docket-merge") {
		t.Errorf("after the label ran: %s", ran)
	}
	a.h.gh.ClickReview("triage", a.number("pull_request", "opened"), "approve")
	a.settle()
	if ran := a.took(); !strings.HasPrefix(ran, "docket-review docket-merge") || !strings.Contains(ran, "docket-deliver") {
		t.Errorf("after the review ran: %s", ran)
	}
	a.reads(b, post, 2)
	if out := b.docket(exitDone, "show", caseNumber(1)); !strings.Contains(out, "evaluating") {
		t.Errorf("the case is\n%s", out)
	}

	// The clock finds nothing left to do, and history is proved.
	if said := a.start("schedule", "docket-clock", map[string]any{"schedule": "7 * * * *"}); !strings.Contains(said, caseNumber(1)) {
		t.Errorf("the clock says:\n%s", said)
	}
	if said := a.start("schedule", "docket-audit", map[string]any{"schedule": "21 3 * * *"}); !strings.Contains(said, "Audit: no findings") {
		t.Errorf("the audit says:\n%s", said)
	}
	a.took()
	a.settle()
	if ran := a.took(); ran != "" {
		t.Errorf("after the clock and the audit ran: %s", ran)
	}
}

// number is that of the newest issue or pull request with such an event.
func (a *actions) number(name, action string) int {
	a.t.Helper()
	events := a.h.gh.Events()
	for i := len(events) - 1; i >= 0; i-- {
		var p struct {
			Issue struct{ Number int }
			Pull  struct{ Number int } `json:"pull_request"`
		}
		if events[i].Name == name && events[i].Action == action && json.Unmarshal(events[i].Payload, &p) == nil {
			return max(p.Issue.Number, p.Pull.Number)
		}
	}
	a.t.Fatalf("there was no %s %s", name, action)
	return 0
}

// reads holds that so many mails came to the reporter, who opens the newest.
func (a *actions) reads(b *bench, post peer.MailServer, n int) {
	a.t.Helper()
	var list []delivered
	peer.Await(a.t, strconv.Itoa(n)+" mails", func() bool {
		var err error
		list, err = maildir(post.Box, "reporter@example.org")
		return err == nil && len(list) >= n
	})
	g, err := b.people.home("reporter@example.org", true)
	if err != nil {
		a.t.Fatal(err)
	}
	if len(list) != n {
		a.t.Fatalf("%d mails, want %d", len(list), n)
	}
	for _, d := range list {
		if _, text, err := g.opens(d, b.psirt); err != nil || d.subject != "["+caseNumber(1)+"]" || !strings.Contains(text, "IN Groupe PSIRT") {
			a.t.Errorf("the reporter reads, under %q,\n%s\n%v", d.subject, text, err)
		}
	}
}
