package desk_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/forge"
	"github.com/docket-psirt/docket/internal/forge/githubtest"
	"github.com/docket-psirt/docket/internal/peer"
	"github.com/docket-psirt/docket/internal/psirt"
)

// TestGitHubReopen: a label closes a case and its issue; another one, on the
// closed issue, opens both again.
func TestGitHubReopen(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	bot := h.bot()
	id := h.intake(bot, clearMail)
	issue, _ := h.only(id)
	for _, c := range []struct {
		label, state string
		closed       bool
	}{{"close/spam", "closed", true}, {"move/evaluating", "evaluating", false}, {"move/needs-info", "needs-info", false}} {
		p, err := h.click(bot, "lead", issue.Number, c.label)
		if err != nil {
			t.Fatalf("%s: %v", c.label, err)
		}
		h.gh.ClickReview("triage", p.Number, forge.Approve)
		if p, err = bot.Attest(t.Context(), p.Number); err != nil || !p.Merged {
			t.Fatalf("%s: %+v %v", c.label, p, err)
		}
		got := h.gh.Issue(issue.Number)
		if labels := strings.Join(got.Labels, " "); got.Closed != c.closed || labels != "program/ingroupe state/"+c.state {
			t.Errorf("after %s the issue has the labels %s, closed: %v", c.label, labels, got.Closed)
		}
		if outcome := strings.Contains(got.Body, "| Outcome | `spam` |"); outcome != c.closed {
			t.Errorf("after %s the issue says\n%s", c.label, got.Body)
		}
	}
	h.sound(bot)
}

// TestGitHubSealedGuards: where guards are sealed, the bot cannot tell, and says
// what to run; where clear ones fail, it says which and what to do. Neither
// quotes anything that is sealed.
func TestGitHubSealedGuards(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../cases/ingroupe/program.yaml")
	if err != nil {
		t.Fatal(err)
	}
	// A programme whose lead lets labels ask for what they cannot tell.
	file := filepath.Join(t.TempDir(), "program.yaml")
	text := strings.Replace(string(raw), "\ntransitions:\n", "\ntransitions:\n"+
		"  - {from: [evaluating], to: solving, guards: [analysed], update: solving, label: true}\n"+
		"  - {from: [evaluating], to: communicating, guards: [complete, analysed], update: communicating, label: true}\n", 1)
	text, _, found := strings.Cut(text, "\nkeys:")
	if strings.Count(text, "label: true") != strings.Count(string(raw), "label: true")+2 || !found {
		t.Fatal("the programme has other rules than it had")
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	h := &hub{counter: &counter{t: t, dir: filepath.Join(dir, "cases.git"), keys: filepath.Join(dir, "keys")}, git: peer.Need(t, "git"), tokens: map[string]string{}}
	if _, err := desk.Init(h.dir, desk.InitOptions{Programs: []string{file}, Team: []string{"lead", "triage"}, Keys: h.keys}); err != nil {
		t.Fatal(err)
	}
	h.gh = githubtest.New(t, githubtest.Options{Dir: h.dir})
	app, key, installation := h.gh.App("docket")
	h.app = desk.ForgeOptions{API: h.gh.API(), AppID: app, AppKey: key, Installation: installation}
	h.tokens["lead"], h.tokens["triage"] = h.gh.User("lead", githubtest.Write), h.gh.User("triage", githubtest.Write)
	bot := h.bot()
	id := h.intake(bot, strings.Replace(clearMail, "in clear", "Product: zanzibar\nzanzibar in clear", 1))
	issue, _ := h.only(id)
	p, err := h.click(bot, "lead", issue.Number, "move/evaluating")
	if err != nil {
		t.Fatal(err)
	}
	h.gh.ClickReview("triage", p.Number, forge.Approve)
	if p, err = bot.Attest(t.Context(), p.Number); err != nil || !p.Merged {
		t.Fatal(p, err)
	}
	for n, c := range []struct{ label, says string }{
		{"move/solving", "run docket move " + string(id) + " solving"},
		{"move/communicating", "docket ask"},
	} {
		_, err := h.click(bot, "lead", issue.Number, c.label)
		var refused *desk.Refused
		got := h.gh.Issue(issue.Number)
		if !errors.As(err, &refused) || len(got.Comments) != n+1 || !strings.Contains(got.Comments[n].Body, c.says) || strings.Contains(strings.Join(got.Labels, " "), c.label) {
			t.Errorf("%s: %v; the issue has %v and %+v", c.label, err, got.Labels, got.Comments)
		}
	}
	if strings.Contains(string(h.gh.Told()), "zanzibar") {
		t.Error("GitHub was told what was reported")
	}
}

// deadly is the way to GitHub of a process that is killed when it would send the
// first request of a method about an issue.
type deadly struct {
	method string
	kill   func()
}

// RoundTrip implements http.RoundTripper.
func (d deadly) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == d.method && strings.Contains(r.URL.Path, "/issues/") {
		d.kill()
		return nil, context.Canceled
	}
	return http.DefaultTransport.RoundTrip(r)
}

// TestGitHubAnsweredOnce: a label that was followed or answered before a kill,
// before it could be taken off, is not answered (again): neither by a round nor
// by an event that comes once more. Put on anew, it is.
func TestGitHubAnsweredOnce(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	bot := h.bot()
	id := h.intake(bot, clearMail)
	issue, _ := h.only(id)
	killed := func(login, label, method string) forge.Event { // by the first such request for the issue
		h.gh.ClickLabel(login, issue.Number, label)
		e := h.event("issues", "labeled")
		ctx, kill := context.WithCancel(t.Context())
		o := h.app
		o.HTTP = deadly{method, kill}
		_, err := h.open("doomed", desk.Options{Keys: h.keys, Forge: o}).LabelAsked(ctx, id, e.Label, e.Actor, psirt.Digest(e.Seen), e.At)
		if got := h.gh.Issue(issue.Number); !errors.Is(err, context.Canceled) || !slices.Contains(got.Labels, label) {
			t.Fatalf("%s: %v, and the issue has %v", label, err, got.Labels)
		}
		return e
	}
	e := killed("mallory", "close/spam", http.MethodDelete)
	if tended, err := bot.Tend(t.Context()); err != nil || len(tended.Asked) != 1 {
		t.Fatalf("%+v %v", tended, err)
	}
	if _, err := bot.LabelAsked(t.Context(), id, e.Label, e.Actor, psirt.Digest(e.Seen), e.At); !errors.As(err, new(*desk.Refused)) {
		t.Error(err)
	}
	if issue, _ = h.only(id); len(issue.Comments) != 1 || strings.Contains(strings.Join(issue.Labels, " "), "close/spam") {
		t.Fatalf("%v %+v", issue.Labels, issue.Comments)
	}
	// needs-info to evaluating needs no approval: it is merged before the kill.
	ask := func(label string) {
		p, err := h.click(bot, "lead", issue.Number, label)
		if err != nil {
			t.Fatal(err)
		}
		h.gh.ClickReview("triage", p.Number, forge.Approve)
		if p, err = bot.Attest(t.Context(), p.Number); err != nil || !p.Merged {
			t.Fatal(p, err)
		}
	}
	ask("move/needs-info")
	// Before the issue shows the merge, and after.
	var events []forge.Event
	for n, method := range []string{http.MethodPatch, http.MethodDelete} {
		if n > 0 {
			ask("move/needs-info")
		}
		e = killed("lead", "move/evaluating", method)
		events = append(events, e)
		bot = h.bot()
		if tended, err := bot.Tend(t.Context()); err != nil || len(tended.Asked) != 1 {
			t.Fatalf("%s: %+v %v", method, tended, err)
		}
		if _, err := bot.LabelAsked(t.Context(), id, e.Label, e.Actor, psirt.Digest(e.Seen), e.At); err != nil {
			t.Errorf("%s: %v", method, err)
		}
		issue, pulls := h.only(id)
		if len(issue.Comments) != 1 || len(pulls) != 3+2*n || strings.Join(issue.Labels, " ") != "program/ingroupe state/evaluating" {
			t.Errorf("%s: %v %+v, %d pull requests", method, issue.Labels, issue.Comments, len(pulls))
		}
	}
	// An event that comes when the case has moved on is no news either.
	ask("move/needs-info")
	for _, e := range events {
		if _, err := bot.LabelAsked(t.Context(), id, e.Label, e.Actor, psirt.Digest(e.Seen), e.At); err != nil {
			t.Error(err)
		}
	}
	if issue, pulls := h.only(id); len(issue.Comments) != 1 || len(pulls) != 6 {
		t.Errorf("%+v, %d pull requests", issue.Comments, len(pulls))
	}
	h.sound(bot)
}
