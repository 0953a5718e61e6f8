package bot_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/bot"
	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/forge/githubtest"
	"github.com/docket-psirt/docket/internal/mail"
	"github.com/docket-psirt/docket/internal/peer"
	"github.com/docket-psirt/docket/internal/psirt"
)

// hub is a case repository on a GitHub, and the daemon that takes its webhooks.
type hub struct {
	t    testing.TB
	root string
	gh   *githubtest.Server
	app  desk.ForgeOptions
	d    *daemon
}

func newHub(t testing.TB, every time.Duration) *hub {
	t.Helper()
	h := &hub{t: t, root: t.TempDir()}
	dir := filepath.Join(h.root, "cases.git")
	if _, err := desk.Init(dir, desk.InitOptions{Programs: []string{"ingroupe"}, Team: []string{"lead", "triage"}, Keys: filepath.Join(h.root, "keys")}); err != nil {
		t.Fatal(err)
	}
	h.gh = githubtest.New(t, githubtest.Options{Dir: dir})
	id, key, installation := h.gh.App("docket")
	h.app = desk.ForgeOptions{API: h.gh.API(), AppID: id, AppKey: key, Installation: installation}
	for _, login := range []string{"lead", "triage", "mallory"} {
		h.gh.User(login, githubtest.Write)
	}
	h.listen(every)
	return h
}

// open opens a clone of its own.
func (h *hub) open(name string) (*desk.Desk, error) {
	dir := filepath.Join(h.root, name)
	if _, err := os.Stat(dir); err != nil {
		for _, args := range [][]string{{"clone", "-q", "--no-checkout", h.gh.Dir(), dir}, {"-C", dir, "remote", "set-url", "origin", h.gh.URL()}} {
			if out, err := exec.Command(peer.Need(h.t, "git"), args...).CombinedOutput(); err != nil {
				return nil, fmt.Errorf("git %v: %w\n%s", args, err, out)
			}
		}
	}
	return desk.Open(dir, desk.Options{Keys: filepath.Join(h.root, "keys"), Forge: h.app})
}

// listen starts the daemon and lets GitHub deliver to it.
func (h *hub) listen(every time.Duration) {
	h.t.Helper()
	h.d = serve(h.t, bot.Options{Repo: "Acme/Cases", Every: every, Open: func() (*bot.Tools, error) {
		d, err := h.open("bot")
		if err != nil {
			return nil, err
		}
		return &bot.Tools{Desk: d, Remote: d, Merges: d.ActsAsBot(), Close: d.Close}, nil
	}})
	h.gh.Webhook(h.d.url+"/webhook", secret)
	peer.Await(h.t, "the first round", func() bool { code, _ := h.d.get("/healthz"); return code == 200 })
}

// intake opens a case from a mail, as the intake host does.
func (h *hub) intake(n int) psirt.CaseID {
	h.t.Helper()
	d, err := h.open("intake")
	if err != nil {
		h.t.Fatal(err)
	}
	defer d.Close()
	name := filepath.Join(h.root, fmt.Sprintf("%d.eml", n))
	text := fmt.Sprintf("From: a@example.org\r\nMessage-ID: <m%d@example.org>\r\nSubject: x\r\n\r\nin clear, %d\r\n", n, n)
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
	taken, err := d.Intake(context.Background(), mail.Files([]string{name}, nil), nil)
	if err != nil || len(taken) != 1 || taken[0].Err != nil {
		h.t.Fatal(err, taken)
	}
	return taken[0].ID
}

// issue is the tracking issue of a case.
func (h *hub) issue(id psirt.CaseID) githubtest.Issue {
	h.t.Helper()
	for _, i := range h.gh.Issues() {
		if i.Pull == nil && i.Title == string(id) {
			return i
		}
	}
	h.t.Fatalf("%s has no tracking issue", id)
	return githubtest.Issue{}
}

// pulls are the pull requests of a case's branch, open or not: the intake's is
// the first.
func (h *hub) pulls(id psirt.CaseID) []githubtest.Issue {
	return slices.DeleteFunc(h.gh.Issues(), func(i githubtest.Issue) bool {
		return i.Pull == nil || i.Pull.Branch != "case/"+string(id)+"/next"
	})
}

// proposal waits for the one pull request that a label asked for.
func (h *hub) proposal(id psirt.CaseID) int {
	h.t.Helper()
	var open []githubtest.Issue
	peer.Await(h.t, "the pull request of "+string(id), func() bool {
		open = slices.DeleteFunc(h.pulls(id), func(i githubtest.Issue) bool { return i.Closed })
		return len(open) > 0
	})
	return open[0].Number
}

func (h *hub) has(id psirt.CaseID, label string) bool {
	return slices.Contains(h.issue(id).Labels, label)
}

// still waits until GitHub has nothing to deliver and the daemon nothing to do:
// twice, since what the daemon did may be something to deliver.
func (h *hub) still() {
	h.t.Helper()
	quiet := 0
	peer.Await(h.t, "quiet", func() bool {
		events := len(h.gh.Events())
		h.gh.Settle()
		if quiet++; h.d.metric("docket_busy") != "0" || len(h.gh.Events()) != events {
			quiet = 0
		}
		return quiet >= 2
	})
}

// restCalls are the operations so far, without those for tokens.
func (h *hub) restCalls() []string {
	var out []string
	for _, c := range h.gh.Calls() {
		if !strings.HasPrefix(c.Operation, "apps/") {
			out = append(out, c.Operation)
		}
	}
	return out
}

// audited holds that the audit finds nothing in what came about.
func (h *hub) audited() {
	h.t.Helper()
	d, err := h.open("auditor")
	if err != nil {
		h.t.Fatal(err)
	}
	defer d.Close()
	r, err := d.Audit(context.Background(), desk.AuditOptions{})
	if err != nil || len(r.Findings) > 0 {
		h.t.Error(r, err)
	}
}

// TestGitHubStory: from a label to the merge by webhooks alone, then all
// deliveries once more, in the other order: nothing more happens. A label that a
// person puts on meanwhile stays.
func TestGitHubStory(t *testing.T) {
	t.Parallel()
	h := newHub(t, time.Hour)
	id := h.intake(1)
	h.still()
	before := len(h.restCalls())
	h.gh.ClickLabel("lead", h.issue(id).Number, "move/needs-info")
	number := h.proposal(id)
	h.still()
	h.gh.ClickLabel("triage", h.issue(id).Number, "ask legal")
	h.gh.ClickReview("triage", number, "approve")
	peer.Await(t, "the merge", func() bool { return h.gh.Issue(number).Pull.Merged })
	h.still()
	calls := h.restCalls()[before:]
	if len(calls) > 6 {
		t.Errorf("%d REST calls from label to merge, and all that the daemon did upon it: %v", len(calls), calls)
	}
	if h.has(id, "move/needs-info") || !h.has(id, "state/needs-info") || !h.has(id, "ask legal") {
		t.Errorf("labels: %v", h.issue(id).Labels)
	}
	for i := len(h.gh.Events()) - 1; i >= 0; i-- {
		h.gh.Redeliver(i)
	}
	h.still()
	if again := h.restCalls()[before+len(calls):]; len(again) > 0 {
		t.Errorf("deliveries that came before led to %v", again)
	}
	// The same again for a daemon that has forgotten them.
	if err := h.d.stop(); err != nil {
		t.Fatal(err)
	}
	head := refsOf(t, h.gh.Dir())
	h.listen(time.Hour)
	for i := len(h.gh.Events()) - 1; i >= 0; i-- {
		h.gh.Redeliver(i)
	}
	h.still()
	if len(h.pulls(id)) != 2 || h.issue(id).Closed || refsOf(t, h.gh.Dir()) != head {
		t.Errorf("deliveries to a daemon that forgot them changed something:\n%s\nbefore\n%s\n%s", refsOf(t, h.gh.Dir()), head, h.d.log)
	}
	h.audited()
}

// refsOf are main, the proposals and the receipts, and what they point to.
func refsOf(t testing.TB, dir string) string {
	t.Helper()
	out, err := exec.Command(peer.Need(t, "git"), "-C", dir, "for-each-ref", "refs/heads").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestGitHubLost: no delivery arrives, and rounds find it all.
func TestGitHubLost(t *testing.T) {
	t.Parallel()
	h := newHub(t, time.Second)
	id := h.intake(1)
	h.gh.Drop(1000)
	h.gh.ClickLabel("lead", h.issue(id).Number, "move/needs-info")
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(h.d.log, h.restCalls())
		}
	})
	number := h.proposal(id)
	h.gh.ClickReview("triage", number, "approve")
	peer.Await(t, "the merge", func() bool { return h.gh.Issue(number).Pull.Merged })
	peer.Await(t, "the labels", func() bool { return !h.has(id, "move/needs-info") && h.has(id, "state/needs-info") })
	for _, line := range []string{`docket_deliveries_total{event="issues",result="queued"}`, `docket_deliveries_total{event="pull_request_review",result="queued"}`} {
		if n := h.d.metric(line); n != "" {
			t.Errorf("%s: %s although nothing is delivered", line, n)
		}
	}
	h.audited()
}

// TestGitHubShuffled: what two people do at once, delivered in the other order
// and twice, leads to one proposal each, and both are merged.
func TestGitHubShuffled(t *testing.T) {
	t.Parallel()
	h := newHub(t, 2*time.Second)
	ids := []psirt.CaseID{h.intake(1), h.intake(2)}
	h.still()
	h.gh.Pause()
	for _, id := range ids {
		h.gh.ClickLabel("lead", h.issue(id).Number, "move/needs-info")
	}
	n := len(h.gh.Events())
	for i := range n {
		h.gh.Redeliver(i)
	}
	h.gh.Reorder()
	var wg sync.WaitGroup
	numbers := make([]int, len(ids))
	for i, id := range ids {
		wg.Go(func() { numbers[i] = h.proposal(id) })
	}
	wg.Wait()
	h.gh.Pause()
	for _, number := range numbers {
		h.gh.ClickReview("triage", number, "approve")
	}
	h.gh.Reorder()
	for i, id := range ids {
		peer.Await(t, "the merges", func() bool { return h.gh.Issue(numbers[i]).Pull.Merged })
		if len(h.pulls(id)) != 2 {
			t.Errorf("%s has %d pull requests", id, len(h.pulls(id)))
		}
	}
	h.still()
	h.audited()
}

// TestGitHubStranger: who is not of the team is told so, and a fork's pull
// request gets a red check and nothing more.
func TestGitHubStranger(t *testing.T) {
	t.Parallel()
	h := newHub(t, time.Hour)
	id := h.intake(1)
	h.still()
	before := refsOf(t, h.gh.Dir())
	h.gh.ClickLabel("mallory", h.issue(id).Number, "move/needs-info")
	peer.Await(t, "the label to be taken off", func() bool { return !h.has(id, "move/needs-info") })
	out, err := exec.Command(peer.Need(t, "git"), "-C", h.gh.Dir(), "rev-parse", "main").Output()
	if err != nil {
		t.Fatal(err)
	}
	h.gh.ForkPull("mallory", "case/"+string(id)+"/next", strings.TrimSpace(string(out)), "$(touch /tmp/x) <script>")
	h.still()
	if after := refsOf(t, h.gh.Dir()); after != before {
		t.Errorf("refs:\n%s\nbefore:\n%s", after, before)
	}
	log := h.d.log.String()
	if !strings.Contains(log, "step=label result=refused") || !strings.Contains(log, "step=check result=refused") || strings.Contains(log, "mallory") || strings.Contains(log, "script") {
		t.Error(log)
	}
}
