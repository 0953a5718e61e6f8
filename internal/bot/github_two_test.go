package bot_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/bot"
	"github.com/docket-psirt/docket/internal/peer"
)

// fork hands each delivery to several daemons at once.
func fork(t testing.TB, urls ...string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		var all sync.WaitGroup
		for _, url := range urls {
			all.Go(func() {
				again := r.Clone(r.Context())
				again.RequestURI, again.Body = "", io.NopCloser(bytes.NewReader(body))
				again.URL.Scheme, again.URL.Host = "http", strings.TrimPrefix(url, "http://")
				if resp, err := http.DefaultClient.Do(again); err == nil {
					resp.Body.Close()
				}
			})
		}
		all.Wait()
		w.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// TestGitHubTwoDaemons: two daemons on one repository get the same webhooks at
// the same moment, and look around all the time. A label leads to one pull
// request, a stranger's to one answer, and each proposal is merged once.
func TestGitHubTwoDaemons(t *testing.T) {
	t.Parallel()
	h := newHub(t, time.Second)
	other := serve(t, bot.Options{Repo: "acme/cases", Every: time.Second, Open: func() (*bot.Tools, error) {
		d, err := h.open("other bot")
		if err != nil {
			return nil, err
		}
		return &bot.Tools{Desk: d, Remote: d, Merges: d.ActsAsBot(), Close: d.Close}, nil
	}})
	h.gh.Webhook(fork(t, h.d.url, other.url)+"/webhook", secret)
	t.Cleanup(func() {
		if t.Failed() {
			for _, i := range h.gh.Issues() {
				t.Logf("%+v", i)
			}
			t.Logf("one says\n%s\nthe other says\n%s", h.d.log, other.log)
		}
	})
	id := h.intake(1)
	asked := []string{"evaluating", "needs-info", "evaluating"} // the last needs no approval
	for n, state := range asked {
		h.gh.ClickLabel("mallory", h.issue(id).Number, "close/spam")
		h.gh.ClickLabel("lead", h.issue(id).Number, "move/"+state)
		peer.Await(t, "the pull request", func() bool { return len(h.pulls(id)) > n+1 })
		if n+1 < len(asked) {
			h.gh.ClickReview("triage", h.pulls(id)[n+1].Number, "approve")
		}
		peer.Await(t, "the merge to "+state, func() bool {
			i := h.issue(id)
			return h.has(id, "state/"+state) && len(i.Labels) == 2 && len(i.Comments) == n+1
		})
		time.Sleep(1100 * time.Millisecond) // GitHub's times have whole seconds: the next label is another one
	}
	for range 2 { // both have looked around since
		rounds := strings.Count(h.d.log.String(), "round=tend") + strings.Count(other.log.String(), "round=tend")
		peer.Await(t, "rounds", func() bool {
			return strings.Count(h.d.log.String(), "round=tend")+strings.Count(other.log.String(), "round=tend") > rounds+1
		})
	}
	i := h.issue(id)
	if len(i.Comments) != len(asked) || len(i.Labels) != 2 || !h.has(id, "state/evaluating") {
		t.Errorf("the labels are %v, and there are %d comments: %+v", i.Labels, len(i.Comments), i.Comments)
	}
	for _, c := range i.Comments {
		if !strings.Contains(c.Body, "`mallory` is not of the team") {
			t.Errorf("somebody was told\n%s", c.Body)
		}
	}
	pulls := h.pulls(id)
	for _, p := range pulls {
		if !p.Pull.Merged {
			t.Errorf("pull request %d, %q, is not merged", p.Number, p.Title)
		}
	}
	out, err := exec.Command("git", "-C", filepath.Join(h.root, "cases.git"), "log", "--first-parent", "--format=%s", "main").Output()
	if merges := strings.Count(string(out), "Merge case/"+string(id)+"/next"); err != nil || merges != len(asked)+1 || len(pulls) != len(asked)+1 {
		t.Errorf("%d pull requests and %d merges of %d moves and an intake (%v)", len(pulls), merges, len(asked), err)
	}
	tracking := 0
	for _, i := range h.gh.Issues() {
		if i.Pull == nil {
			tracking++
		}
	}
	if tracking != 1 {
		t.Errorf("there are %d tracking issues", tracking)
	}
	h.audited()
}
