package desk_test

import (
	"bytes"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/forge"
	"github.com/docket-psirt/docket/internal/psirt"
)

// between is the way to GitHub of a process, on which something else happens
// before each request that match likes.
type between struct {
	match func(r *http.Request, body string) bool
	then  func()
}

// RoundTrip implements http.RoundTripper.
func (b *between) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	if b.match(r, string(body)) {
		b.then()
	}
	return http.DefaultTransport.RoundTrip(r)
}

// through is the bot in a process of its own that knows nothing yet.
func (h *hub) through(name string, now func() time.Time, way http.RoundTripper) *desk.Desk {
	o := h.app
	o.HTTP = way
	return h.open(name, desk.Options{Keys: h.keys, Forge: o, Now: now})
}

// TestGitHubLabelStays: a label that comes while the bot brings tracking issues
// up to date, and whose event is lost, stays until somebody has looked at it. So
// do people's own labels.
func TestGitHubLabelStays(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	id := h.intake(h.bot(), clearMail)
	issue, _ := h.only(id)
	clicks := 0
	bot := h.through("a", nil, &between{ // after it looked which labels ask
		match: func(r *http.Request, _ string) bool { return strings.HasSuffix(r.URL.Path, "/pulls") && clicks == 0 },
		then: func() {
			clicks++
			h.gh.ClickLabel("lead", issue.Number, "move/needs-info")
			h.gh.ClickLabel("triage", issue.Number, "ask legal")
		}})
	tended, err := bot.Tend(t.Context())
	if err != nil || len(tended.Asked) > 0 || clicks != 1 {
		t.Fatalf("%+v %v, %d clicks", tended, err, clicks)
	}
	h.labelled(id, "ask legal", "move/needs-info", "program/ingroupe", "state/received")
	if tended, err = bot.Tend(t.Context()); err != nil || len(tended.Asked) != 1 {
		t.Fatalf("%+v %v", tended, err)
	}
	h.labelled(id, "ask legal", "program/ingroupe", "state/received")
	// A stranger's label is there while the proposal is merged.
	_, pulls := h.only(id)
	h.gh.ClickLabel("mallory", issue.Number, "close/spam")
	h.gh.ClickReview("triage", pulls[len(pulls)-1].Number, forge.Approve)
	if p, err := h.bot().Attest(t.Context(), pulls[len(pulls)-1].Number); err != nil || !p.Merged {
		t.Fatal(p, err)
	}
	h.labelled(id, "ask legal", "close/spam", "program/ingroupe", "state/needs-info")
	if tended, err = bot.Tend(t.Context()); err != nil || len(tended.Asked) != 1 {
		t.Fatalf("%+v %v", tended, err)
	}
	h.labelled(id, "ask legal", "program/ingroupe", "state/needs-info")
	if issue, pulls = h.only(id); len(issue.Comments) != 1 || len(pulls) != 2 {
		t.Errorf("%d pull requests, and %+v", len(pulls), issue.Comments)
	}
	h.sound(bot)
}

func (h *hub) labelled(id psirt.CaseID, want ...string) {
	h.t.Helper()
	if issue, _ := h.only(id); strings.Join(issue.Labels, ", ") != strings.Join(want, ", ") {
		h.t.Errorf("the labels are %v, want %v", issue.Labels, want)
	}
}

var sendsLabels = regexp.MustCompile(`"labels":\[`)

// TestGitHubLabelLost: GitHub replaces all labels of an issue with the list that
// it is sent. A label that somebody puts on in that moment is gone, and its
// event was lost: they are told, once, by whomever looks. Those whose labels
// were followed or answered hear nothing more.
func TestGitHubLabelLost(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	id := h.intake(h.bot(), clearMail)
	issue, _ := h.only(id)
	p, err := h.click(h.bot(), "lead", issue.Number, "move/needs-info")
	if err != nil {
		t.Fatal(err)
	}
	h.gh.ClickReview("triage", p.Number, forge.Approve)
	clicks := 0
	bot := h.through("a", nil, &between{
		match: func(r *http.Request, body string) bool {
			return r.Method == http.MethodPatch && sendsLabels.MatchString(body)
		},
		then: func() {
			clicks++
			h.gh.ClickLabel("mallory", issue.Number, "close/spam")
			h.gh.ClickLabel("lead", issue.Number, "move/evaluating")
		}})
	if p, err := bot.Attest(t.Context(), p.Number); err != nil || !p.Merged || clicks != 1 {
		t.Fatal(p, err, clicks)
	}
	h.labelled(id, "program/ingroupe", "state/needs-info")
	for i, c := range []struct {
		later time.Duration
		asked int
	}{{0, 0}, {6 * time.Minute, 2}, {2 * time.Hour, 0}} {
		late := h.through("late", func() time.Time { return time.Now().Add(c.later) }, nil)
		tended, err := late.Tend(t.Context())
		if err != nil || i < 2 && len(tended.Asked) != c.asked {
			t.Fatalf("after %v: %+v %v", c.later, tended, err)
		}
		// The same process does not ask twice.
		if tended, err = late.Tend(t.Context()); err != nil || len(tended.Asked) != 0 {
			t.Fatalf("after %v, again: %+v %v", c.later, tended, err)
		}
		if issue, _ = h.only(id); len(issue.Comments) != min(2, i*2) {
			t.Fatalf("after %v there are %+v", c.later, issue.Comments)
		}
	}
	var said strings.Builder
	for _, c := range issue.Comments {
		said.WriteString(c.Body)
	}
	for _, want := range []string{"`close/spam` was not followed", "`move/evaluating` was not followed: it was put on in the moment", "put the label on once more"} {
		if strings.Count(said.String(), want) != 1 {
			t.Errorf("%q was said %d times in\n%s", want, strings.Count(said.String(), want), &said)
		}
	}
	// Put on once more, it is followed.
	if p, err = h.click(bot, "lead", issue.Number, "move/evaluating"); err != nil || !p.Merged {
		t.Error(p, err)
	}
	h.sound(bot)
}
