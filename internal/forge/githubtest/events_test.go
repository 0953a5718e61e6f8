package githubtest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// receiver is a webhook that keeps what it gets.
type receiver struct {
	mu  sync.Mutex
	got []string // EVENT ACTION DELIVERY
	bad int      // with a wrong signature
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, _ := io.ReadAll(q.Body)
	mac := hmac.New(sha256.New, []byte("secret"))
	mac.Write(body)
	var payload struct{ Action string }
	err := json.Unmarshal(body, &payload)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil || q.Header.Get("X-Hub-Signature-256") != "sha256="+hex.EncodeToString(mac.Sum(nil)) {
		r.bad++
	}
	r.got = append(r.got, q.Header.Get("X-GitHub-Event")+" "+payload.Action+" "+q.Header.Get("X-GitHub-Delivery"))
	w.WriteHeader(http.StatusAccepted)
}

// take returns what came, without the delivery IDs.
func (r *receiver) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []string
	for _, line := range r.got {
		out = append(out, strings.TrimSpace(line[:strings.LastIndex(line, " ")]))
	}
	r.got = nil
	return out
}

func TestWebhook(t *testing.T) {
	t.Parallel()
	s, ann, c := scene(t)
	r := &receiver{}
	hook := httptest.NewServer(r)
	defer hook.Close()
	s.Webhook(hook.URL, "secret")
	expect := func(what string, want ...string) {
		t.Helper()
		s.Settle()
		if got := r.take(); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	n, _ := propose(ann, c, "case/A-1/next")
	expect("a pull request", "push", "pull_request opened")
	s.User("bob", Write)
	s.ClickReview("bob", n, "approve")
	s.ClickMerge("bob", n)
	expect("review and merge", "pull_request_review submitted", "push", "pull_request closed")
	i := ann.must(201, "POST", ann.repo("/issues"), object{"title": "A-1", "labels": []string{"x"}})
	number := int(i["number"].(float64))
	expect("an issue", "issues opened", "issues labeled")
	s.Drop(1)
	s.ClickLabel("bob", number, "lost")
	s.ClickLabel("bob", number, "kept")
	s.ClickUnlabel("bob", number, "kept")
	expect("one dropped", "issues labeled", "issues unlabeled")
	s.Pause()
	s.ClickComment("bob", number, "hello")
	s.ClickClose("bob", number)
	s.ClickReopen("bob", number)
	s.EditTitle("bob", number, "A-2")
	s.EditBody("bob", number, "b")
	expect("held back")
	s.Reorder()
	expect("in reverse", "issues edited", "issues edited", "issues reopened", "issues closed", "issue_comment created")
	events := s.Events()
	s.Redeliver(len(events) - 1)
	expect("again", "issues edited")
	all := s.Deliveries()
	if a, b := all[len(all)-1], all[len(all)-6]; a.ID != b.ID || a.Event != b.Event || a.Status != http.StatusAccepted {
		t.Errorf("a redelivery is %+v, and the delivery was %+v", a, b)
	}
	actions := client{t, s, s.ActionsToken(map[string]string{"issues": "write", "checks": "write"})}
	actions.must(200, "POST", actions.repo("/issues/%d/labels", number), []string{"quiet"})
	expect("by GITHUB_TOKEN")
	if events = s.Events(); !events[len(events)-1].Quiet || events[len(events)-1].Sender != "github-actions[bot]" {
		t.Errorf("the newest event is %+v", events[len(events)-1])
	}
	s.ReportAdvisory("eve", "summary", "description")
	s.WorkflowRun("docket-check", "docket-check.yml", "pull_request_target", "case/A-1/next", s.tip("main"), "success")
	expect("a report and a run", "repository_advisory reported", "workflow_run completed")
	if r.bad > 0 {
		t.Errorf("%d signatures are wrong", r.bad)
	}
}

// TestPayloads: what a receiver reads of the payloads is there.
func TestPayloads(t *testing.T) {
	t.Parallel()
	s, ann, c := scene(t)
	n, head := propose(ann, c, "case/A-1/next")
	number := s.ForkPull("eve", "patch", head, "from a fork")
	for _, want := range []struct{ name, path, value string }{
		{"pull_request", "pull_request.head.repo.full_name", `"eve/cases"`},
		{"pull_request", "pull_request.head.sha", `"` + head + `"`},
		{"pull_request", "pull_request.author_association", `"NONE"`},
		{"pull_request", "repository.full_name", `"acme/cases"`},
		{"pull_request", "sender.login", `"eve"`},
	} {
		name, payload := s.Event(-1)
		if got := at(t, payload, want.path); name != want.name || got != want.value {
			t.Errorf("%s: %s is %s, want %s", name, want.path, got, want.value)
		}
	}
	if got := s.Issue(number); got.Pull.Branch != "patch" || got.Author != "eve" {
		t.Errorf("the fork's pull request is %+v", got)
	}
	c.git("checkout", "-q", "case/A-1/next")
	next := c.commit("more", "more")
	c.git("push", "-q", "origin", "case/A-1/next")
	_, payload := s.Event(-2)
	for path, want := range map[string]string{"ref": `"refs/heads/case/A-1/next"`, "before": `"` + head + `"`, "after": `"` + next + `"`,
		"head_commit.id": `"` + next + `"`, "head_commit.message": `"add more"`, "forced": "false", "deleted": "false"} {
		if got := at(t, payload, path); got != want {
			t.Errorf("push: %s is %s, want %s", path, got, want)
		}
	}
	c.git("push", "-q", "-f", "origin", head+":case/A-1/next")
	_, payload = s.Event(-2)
	if at(t, payload, "forced") != "true" || at(t, payload, "head_commit.id") != `"`+head+`"` {
		t.Errorf("a forced push: %s", payload)
	}
	if got := s.Issue(n).Pull.Head; got != head {
		t.Errorf("the head is %s", got)
	}
}

// at returns a value in a JSON document.
func at(t testing.TB, data []byte, path string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	for _, key := range strings.Split(path, ".") {
		v = v.(object)[key]
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
