package desk_test

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/forge"
	"github.com/docket-psirt/docket/internal/forge/githubtest"
	"github.com/docket-psirt/docket/internal/peer"
	"github.com/docket-psirt/docket/internal/psirt"
)

// hub is a case repository on a GitHub, with a team of two and the bot's App.
type hub struct {
	*counter
	gh     *githubtest.Server
	git    string
	app    desk.ForgeOptions
	tokens map[string]string
}

func newHub(t *testing.T) *hub {
	t.Helper()
	h := &hub{counter: newCounter(t), git: peer.Need(t, "git"), tokens: map[string]string{}}
	h.gh = githubtest.New(t, githubtest.Options{Dir: h.dir})
	id, key, installation := h.gh.App("docket")
	h.app = desk.ForgeOptions{API: h.gh.API(), AppID: id, AppKey: key, Installation: installation}
	for _, login := range []string{"lead", "triage", "mallory"} {
		h.tokens[login] = h.gh.User(login, githubtest.Write)
	}
	return h
}

// clone is somebody's own clone, with GitHub as its origin.
func (h *hub) clone(name string) string {
	h.t.Helper()
	dir := filepath.Join(h.t.TempDir(), name)
	for _, args := range [][]string{{"clone", "-q", "--no-checkout", h.dir, dir}, {"-C", dir, "remote", "set-url", "origin", h.gh.URL()}} {
		if out, err := exec.Command(h.git, args...).CombinedOutput(); err != nil {
			h.t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	return dir
}

func (h *hub) open(name string, o desk.Options) *desk.Desk {
	h.t.Helper()
	d, err := desk.Open(h.clone(name), o)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = d.Close() })
	if !d.OnGitHub() {
		h.t.Fatal("the desk does not see that its origin is on GitHub")
	}
	return d
}

func (h *hub) bot() *desk.Desk { return h.open("bot", desk.Options{Keys: h.keys, Forge: h.app}) }

func (h *hub) person(handle string) *desk.Desk {
	return h.open(handle, desk.Options{Keys: h.keys, As: handle, Forge: desk.ForgeOptions{API: h.gh.API(), Token: h.tokens[handle]}})
}

// event is the newest event of a name and action, as the bot gets it.
func (h *hub) event(name, action string) forge.Event {
	h.t.Helper()
	list := h.gh.Events()
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].Name == name && list[i].Action == action {
			e, err := forge.ParseEvent(name, list[i].Payload)
			if err != nil {
				h.t.Fatal(err)
			}
			return e
		}
	}
	h.t.Fatalf("nothing of the kind %s %s happened", name, action)
	return forge.Event{}
}

const clearMail = "From: a@example.org\nMessage-ID: <first@example.org>\nSubject: x\n\nin clear\n"

// intake opens a case on GitHub, from a mail.
func (h *hub) intake(bot *desk.Desk, mail string) psirt.CaseID {
	h.t.Helper()
	taken, err := bot.Intake(h.t.Context(), &letters{[][]byte{[]byte(strings.ReplaceAll(mail, "\n", "\r\n"))}}, nil)
	if err != nil || taken[0].Err != nil {
		h.t.Fatal(err, taken)
	}
	return taken[0].ID
}

// click puts a label on a case's issue and does what the bot does then.
func (h *hub) click(bot *desk.Desk, login string, issue int, label string) (*desk.Proposed, error) {
	h.t.Helper()
	h.gh.ClickLabel(login, issue, label)
	e := h.event("issues", "labeled")
	bot.Observe(e)
	return bot.LabelAsked(h.t.Context(), psirt.CaseID(e.Issue.ID), e.Label, e.Actor, psirt.Digest(e.Seen), e.At)
}

// opened is the issue or pull request with a title that begins so.
func (h *hub) opened(title string) githubtest.Issue {
	h.t.Helper()
	for _, i := range h.gh.Issues() {
		if strings.HasPrefix(i.Title, title) && !i.Closed {
			return i
		}
	}
	h.t.Fatalf("nothing is open whose title begins with %q", title)
	return githubtest.Issue{}
}

// TestGitHubMove: from a mail to a merged move, with labels and reviews alone,
// and within the budget of REST calls.
func TestGitHubMove(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	ctx := t.Context()
	bot := h.bot()
	before := len(h.gh.Calls())
	id := h.intake(bot, clearMail)
	if n := rest(h.gh.Calls()[before:]); len(n) > 5 {
		t.Errorf("an intake took %d REST calls: %v", len(n), n)
	}
	issue := h.opened(string(id))
	if !strings.Contains(issue.Body, "`received`") || !strings.Contains(issue.Body, "move/needs-info") {
		t.Errorf("the tracking issue says:\n%s", issue.Body)
	}
	before = len(h.gh.Calls())
	asked, err := h.click(bot, "lead", issue.Number, "move/needs-info")
	if err != nil {
		t.Fatal(err)
	}
	if body := h.gh.Issue(asked.Number).Body; !strings.Contains(body, fmt.Sprintf("Tracking issue: #%d\n", issue.Number)) {
		t.Errorf("the pull request does not refer to the tracking issue:\n%s", body)
	}
	e := h.event("pull_request", "opened")
	bot.Observe(e)
	if p, err := bot.PublishCheck(ctx, e.Number); err != nil || p.Number != asked.Number {
		t.Fatal(p, err)
	}
	h.gh.ClickReview("lead", asked.Number, forge.Approve) // who asked for it does not count
	bot.Observe(h.event("pull_request_review", "submitted"))
	if p, err := bot.Attest(ctx, asked.Number); err != nil || p.Merged {
		t.Fatal("the mover's own review merged it", p, err)
	}
	h.gh.ClickReview("triage", asked.Number, forge.Approve)
	bot.Observe(h.event("pull_request_review", "submitted"))
	p, err := bot.Attest(ctx, asked.Number)
	if err != nil || !p.Merged || p.State != "needs-info" {
		t.Fatal(p, err)
	}
	if n := rest(h.gh.Calls()[before:]); len(n) > 7 { // one is for the review that counted nothing
		t.Errorf("a move took %d REST calls: %v", len(n), n)
	}
	if pull := h.gh.Issue(asked.Number); !pull.Pull.Merged {
		t.Errorf("GitHub does not show the pull request as merged: %+v", pull)
	}
	issue = h.gh.Issue(issue.Number)
	if got := strings.Join(issue.Labels, " "); got != "program/ingroupe state/needs-info" {
		t.Errorf("the labels are %q", got)
	}
	h.sound(bot)
}

// sound holds that the audit finds nothing in what came about on GitHub.
func (h *hub) sound(d *desk.Desk) {
	h.t.Helper()
	r, err := d.Audit(h.t.Context(), desk.AuditOptions{})
	if err != nil || len(r.Findings) > 0 {
		h.t.Fatal(r, err)
	}
}

// rest lists the calls but those for tokens, which are for an hour.
func rest(calls []githubtest.Call) []string {
	var out []string
	for _, c := range calls {
		if !strings.HasPrefix(c.Operation, "apps/") {
			out = append(out, c.Operation)
		}
	}
	return out
}

// TestGitHubPerson: an analyst's own steps go through pull requests that the
// bot merges, or GitHub's API once the check is green.
func TestGitHubPerson(t *testing.T) {
	t.Parallel()
	h := guarded(t)
	ctx := t.Context()
	bot := h.bot()
	id := h.intake(bot, clearMail)
	lead, triage := h.person("lead"), h.person("triage")
	if _, err := lead.Edit(ctx, id, func(r psirt.Document, _ *psirt.Contact) ([]string, error) {
		r["owner"] = "lead"
		return []string{"owner"}, nil
	}); err != nil {
		t.Fatal(err)
	}
	pushed, err := lead.Push(ctx, id)
	if err != nil || pushed.Merged || pushed.Waits == "" {
		t.Fatal(pushed, err)
	}
	var problem *desk.Problem
	if _, err := lead.Merge(ctx, pushed.Number, ""); !errors.As(err, &problem) || !strings.Contains(problem.Error(), "docket/check") {
		t.Fatal("GitHub merged what has no check", err)
	}
	if _, err := bot.PublishCheck(ctx, pushed.Number); err != nil {
		t.Fatal(err)
	}
	if merged, err := lead.Merge(ctx, pushed.Number, ""); err != nil || !merged.Merged {
		t.Fatal(merged, err)
	}
	moved, err := lead.Move(ctx, id, "needs-info", "", "", false)
	if err != nil {
		t.Fatal(err)
	}
	if p, err := triage.Approve(ctx, moved.Number, ""); err != nil || p.Waits == "" {
		t.Fatal(p, err)
	}
	tended, err := bot.Tend(ctx)
	if err != nil || len(tended.Checked) != 1 || len(tended.Merged) != 1 {
		t.Fatalf("%+v %v", tended, err)
	}
	// docket label is a click like another.
	if p, err := h.person("triage").Label(ctx, id, "close/spam"); err != nil || p.Waits == "" {
		t.Fatal(p, err)
	}
	if tended, err = h.bot().Tend(ctx); err != nil || len(tended.Asked) != 1 {
		t.Fatalf("%+v %v", tended, err)
	}
	h.opened(string(id) + ": needs-info to closed (spam)")
	h.sound(bot)
}

// TestGitHubLabels: what the bot answers when a label cannot be followed. Each
// time the label is taken off, and nothing is proposed.
func TestGitHubLabels(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	bot := h.bot()
	id := h.intake(bot, clearMail)
	issue := h.opened(string(id)).Number
	for _, c := range []struct{ login, label, says string }{
		{"mallory", "move/needs-info", "`mallory` is not of the team of ingroupe"},
		{"lead", "move/nowhere", "the programme has no state nowhere"},
		{"lead", "move/solving", "does not know this move"},
		{"lead", "close/fixed", "does not know this move"},
		{"lead", "close/spam\"><img", "does not know this move"},
	} {
		_, err := h.click(bot, c.login, issue, c.label)
		var refused *desk.Refused
		if !errors.As(err, &refused) {
			t.Errorf("%s: %v", c.label, err)
		}
		got := h.gh.Issue(issue)
		if len(got.Comments) == 0 || !strings.Contains(got.Comments[len(got.Comments)-1].Body, c.says) {
			t.Errorf("%s: the bot says %+v", c.label, got.Comments)
		}
		for _, l := range got.Labels {
			if desk.AsksForMove(l) {
				t.Errorf("%s is still there", l)
			}
		}
	}
	for _, i := range h.gh.Issues() {
		if i.Pull != nil && !i.Pull.Merged {
			t.Errorf("something was proposed: %+v", i)
		}
	}
	h.sound(bot)
}

// TestGitHubLostEvents: nothing depends on an event. A label and a review that
// no event told of are found.
func TestGitHubLostEvents(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	ctx := t.Context()
	bot := h.bot()
	id := h.intake(bot, clearMail)
	issue := h.opened(string(id)).Number
	h.gh.ClickLabel("lead", issue, "move/needs-info")
	tended, err := h.bot().Tend(ctx)
	if err != nil || len(tended.Asked) != 1 || len(tended.Checked) != 1 {
		t.Fatalf("%+v %v", tended, err)
	}
	pull := h.opened(string(id) + ": received to needs-info")
	h.gh.ClickReview("triage", pull.Number, forge.Approve)
	tended, err = h.bot().Tend(ctx)
	if err != nil || len(tended.Merged) != 1 {
		t.Fatalf("%+v %v", tended, err)
	}
	// Once more, and nothing is left to do.
	tended, err = h.bot().Tend(ctx)
	if err != nil || len(tended.Asked)+len(tended.Checked)+len(tended.Merged)+len(tended.Shown) != 0 {
		t.Fatalf("%+v %v", tended, err)
	}
	h.sound(bot)
}

// TestGitHubOldLabel: a label that was put on before the case changed is
// answered, not followed.
func TestGitHubOldLabel(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	ctx := t.Context()
	bot := h.bot()
	id := h.intake(bot, clearMail)
	lead := h.person("lead")
	issue := h.opened(string(id)).Number
	h.gh.ClickLabel("triage", issue, "move/needs-info")
	e := h.event("issues", "labeled")
	if _, err := lead.Edit(ctx, id, func(r psirt.Document, _ *psirt.Contact) ([]string, error) {
		r["owner"] = "lead"
		return []string{"owner"}, nil
	}); err != nil {
		t.Fatal(err)
	}
	p, err := lead.Push(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	if p, err := bot.Attest(ctx, p.Number); err != nil || !p.Merged {
		t.Fatal(p, err)
	}
	_, err = bot.LabelAsked(ctx, id, e.Label, e.Actor, psirt.Digest(e.Seen), e.At)
	var refused *desk.Refused
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), "has changed since") {
		t.Fatal(err)
	}
}
