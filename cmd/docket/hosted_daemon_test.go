package main

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/docket-psirt/docket/internal/forge/githubtest"
	"github.com/docket-psirt/docket/internal/peer"
)

const hookSecret = "0123456789abcdef0123456789abcdef"

// logged is what a process says, readable meanwhile.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// watch is docket bot --listen as a process of its own, which takes the
// webhooks of the fake GitHub.
type watch struct {
	h   *hosted
	cmd *exec.Cmd
	log *logged
	url string
}

var listensAt = regexp.MustCompile(`msg=listening address=(\S+)`)

// listen starts the daemon with the keys of the bot, and more. What it says is
// added to the log.
func (h *hosted) listen(log *logged, keys []string, args ...string) *watch {
	h.t.Helper()
	if _, err := os.Stat(h.path("watched")); err != nil {
		h.clone(h.path("watched"))
		h.write("hook-secret", hookSecret+"\n")
	}
	d := &watch{h: h, log: log}
	d.cmd = exec.Command("docket", append([]string{"-C", "watched", "--keys", h.keysOf("keys-of-daemon", append(keys, "bot")...), "bot", "--listen", "127.0.0.1:0",
		"--webhook-secret-file", "hook-secret", "--state", "bot-state"}, args...)...)
	d.cmd.Dir, d.cmd.Env, d.cmd.Stdout, d.cmd.Stderr = h.dir, h.bot, log, log
	if err := d.cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(d.kill)
	started := len(log.String())
	peer.Await(h.t, "the daemon to listen", func() bool { return strings.Contains(log.String()[started:], "msg=listening") })
	all := listensAt.FindAllStringSubmatch(log.String(), -1)
	d.url = "http://" + all[len(all)-1][1]
	h.gh.Webhook(d.url+"/webhook", hookSecret)
	return d
}

// kill is kill -9.
func (d *watch) kill() {
	_ = d.cmd.Process.Kill() // it may have ended
	_ = d.cmd.Wait()
}

// await waits for something that the daemon is to do, and shows its log where
// that does not come.
func (d *watch) await(what string, done func() bool) {
	d.h.t.Helper()
	came := false
	defer func() {
		if !came {
			d.h.t.Logf("the daemon says\n%s", d.log)
		}
	}()
	peer.Await(d.h.t, what, done)
	came = true
}

// open is the case's open proposal; its number is 0 while there is none.
func (h *hosted) open(id string) githubtest.Issue {
	for _, p := range h.proposals(id) {
		if !p.Closed {
			return p
		}
	}
	return githubtest.Issue{}
}

// TestHostedStory: the whole story on GitHub, with the daemon as a process:
// encrypted mail, tracking issue, label, check, review, merge, delivery, the
// reporter's gpg; then a question in own words, whose answer comes encrypted. No
// word of what was reported, asked or answered is in anything that GitHub was
// ever given, nor in the daemon's log.
func TestHostedStory(t *testing.T) {
	t.Parallel()
	h := newHosted(t, "ingroupe")
	c := canary{}
	log := &logged{}
	d := h.listen(log, []string{"mailer", "sender"}, "--maildir", "out", "--every", "1s")
	reporter := c.word("address") + "@example.org"
	h.takeIn("From: " + c.word("name") + " <" + reporter + ">\nTo: psirt@ingroupe.com\nSubject: " + c.word("subject") + "\nMessage-ID: <" + c.word("message id") +
		"@example.org>\n\nProduct: " + c.word("product") + "\nDescription: it " + c.word("description") + ".\n")
	id := caseNumber(1)
	h.issueOf(id)
	h.reads(d, reporter, 1, "IN Groupe PSIRT")

	h.gh.ClickLabel("mallory", h.issue(id).Number, "move/evaluating")
	d.await("the answer to a stranger", func() bool {
		return len(h.issue(id).Comments) == 1 && !slices.Contains(h.issue(id).Labels, "move/evaluating")
	})
	h.moves(d, id, "move/evaluating", "state/evaluating")
	h.reads(d, reporter, 2, "evaluat")

	h.person("lead").as("lead", "set", id, "analysis.text="+c.word("analysis"))
	h.write("question.txt", "Subject: "+c.word("own subject")+"\n\nWhat of "+c.word("question")+"?\n")
	h.person("lead").as("lead", "ask", id, "--message", h.path("question.txt"))
	asked := h.open(id)
	h.person("triage").as("triage", "approve", id)
	d.await("the question's merge", func() bool { return h.gh.Issue(asked.Number).Pull.Merged })
	h.reads(d, reporter, 3, c.word("question"))

	host := h.host()
	answer := h.reply("answer.eml", "out", reporter, "It is "+c.word("answer")+".\n")
	host.docket(exitDone, "--keys", h.keysOf("keys-of-intake", "intake", "bot", "intake-secret"), "intake", answer)
	d.await("the label of the reply", func() bool { return slices.Contains(h.issue(id).Labels, "needs/reply") })
	if said := h.person("triage").as("triage", "mail", id); !strings.Contains(said, c.word("answer")) {
		t.Errorf("the answer is not on record:\n%s", said)
	}

	h.sound()
	d.cmd.Process.Signal(os.Interrupt)
	if err := d.cmd.Wait(); err != nil {
		t.Errorf("the daemon ended with %v\n%s", err, log)
	}
	for where, data := range map[string][]byte{"GitHub": h.gh.Told(), "the daemon's log": []byte(log.String())} {
		if found := c.found(data); len(found) > 0 {
			t.Errorf("%s has the words of: %s", where, strings.Join(found, ", "))
		}
	}
	if told := string(h.gh.Told()); !strings.Contains(told, "move/evaluating") || !strings.Contains(told, "BEGIN PGP MESSAGE") {
		t.Error("what GitHub was told is not all that it was told")
	}
}

// issueOf holds what a new case's tracking issue shows: the envelope as a table,
// the guards of the next moves as a checklist, labels.
func (h *hosted) issueOf(id string) {
	h.t.Helper()
	i := h.issue(id)
	for _, want := range []string{"| State | Reporting (`received`) |", "| Revision | 1, signed by ", "| Opened | 20", "- label `move/evaluating`\n", "  - [x] ", "  - [ ] 1 approval(s) by team",
		"docket show " + id, "<!-- docket: case=" + id + " revision=1 file=sha256:"} {
		if !strings.Contains(i.Body, want) {
			h.t.Errorf("the tracking issue has no %q:\n%s", want, i.Body)
		}
	}
	if got := strings.Join(i.Labels, " "); got != "program/ingroupe state/received" {
		h.t.Errorf("the tracking issue has the labels %q", got)
	}
}

// moves clicks a label and a review, and waits for what comes of it.
func (h *hosted) moves(d *watch, id, label, state string) {
	h.t.Helper()
	h.gh.ClickLabel("lead", h.issue(id).Number, label)
	d.await("the pull request", func() bool { return h.open(id).Number > 0 })
	p := h.open(id)
	d.await("its check", func() bool { return len(h.gh.Issue(p.Number).Pull.Checks) > 0 })
	h.gh.ClickReview("triage", p.Number, "approve")
	d.await("the merge", func() bool {
		i := h.issue(id)
		return h.gh.Issue(p.Number).Pull.Merged && slices.Contains(i.Labels, state) && !slices.Contains(i.Labels, label)
	})
}

// reads waits for the nth mail to the reporter, whose gpg opens it.
func (h *hosted) reads(d *watch, reporter string, n int, want string) {
	h.t.Helper()
	var list []delivered
	d.await("mail to the reporter", func() bool {
		var err error
		list, err = maildir(h.path("out"), reporter)
		return err == nil && len(list) >= n
	})
	g, err := h.people.home(reporter, true)
	if err != nil {
		h.t.Fatal(err)
	}
	for i, m := range list {
		_, text, err := g.opens(m, h.psirt)
		if err != nil || m.subject != "["+caseNumber(1)+"]" {
			h.t.Errorf("mail %d, under %q: %v", i, m.subject, err)
		}
		if strings.Contains(text, want) {
			want = ""
		}
	}
	if len(list) != n || want != "" {
		h.t.Errorf("%d mails, want %d, and one with %q", len(list), n, want)
	}
}
