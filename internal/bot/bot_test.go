package bot_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
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
	"github.com/docket-psirt/docket/internal/forge"
	"github.com/docket-psirt/docket/internal/peer"
	"github.com/docket-psirt/docket/internal/psirt"
)

// house is a case repository with the local forge, made once for all tests.
var house struct {
	sync.Once
	root string
	err  error
}

func TestMain(m *testing.M) {
	peer.Plain()
	remove := peer.InMemory()
	code := m.Run()
	remove()
	if house.root != "" {
		os.RemoveAll(house.root)
	}
	os.Exit(code)
}

// newDesk opens the case repository of all tests: nothing here changes it.
func newDesk(t testing.TB) *desk.Desk {
	t.Helper()
	house.Do(func() {
		if house.root, house.err = os.MkdirTemp("", "bot"); house.err != nil {
			return
		}
		if _, house.err = desk.Init(filepath.Join(house.root, "cases.git"),
			desk.InitOptions{Programs: []string{"ingroupe"}, Team: []string{"lead", "triage"}, Keys: filepath.Join(house.root, "keys")}); house.err != nil {
			return
		}
		var d *desk.Desk
		if d, house.err = desk.Open(filepath.Join(house.root, "cases.git"), desk.Options{Keys: filepath.Join(house.root, "keys")}); house.err == nil {
			_, house.err = d.Tend(context.Background()) // remembers when it was, for a while
			house.err = errors.Join(house.err, d.Close())
		}
	})
	if house.err != nil {
		t.Fatal(house.err)
	}
	d, err := desk.Open(filepath.Join(house.root, "cases.git"), desk.Options{Keys: filepath.Join(house.root, "keys")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// refs are all refs of the case repository, and what they point to.
func refs(t testing.TB) string {
	t.Helper()
	out, err := exec.Command(peer.Need(t, "git"), "-C", filepath.Join(house.root, "cases.git"), "for-each-ref").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// witness is a real desk that also notes which steps were taken. before is
// called ahead of each, in the worker's goroutine.
type witness struct {
	*desk.Desk
	before func(ctx context.Context, step string) error

	mu    sync.Mutex
	steps []string
}

func (w *witness) note(ctx context.Context, format string, args ...any) error {
	step := fmt.Sprintf(format, args...)
	w.mu.Lock()
	w.steps = append(w.steps, step)
	w.mu.Unlock()
	if w.before != nil {
		return w.before(ctx, step)
	}
	return nil
}

// taken are the steps so far, without the rounds.
func (w *witness) taken() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(w.steps), func(s string) bool { return s == "tend" })
}

func (w *witness) rounds() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.steps) - len(slices.DeleteFunc(slices.Clone(w.steps), func(s string) bool { return s == "tend" }))
}

func (w *witness) LabelAsked(ctx context.Context, id psirt.CaseID, label, login string, seen psirt.Digest, at time.Time) (*desk.Proposed, error) {
	if err := w.note(ctx, "label %s %s %s %s", id, label, login, seen); err != nil {
		return nil, err
	}
	return w.Desk.LabelAsked(ctx, id, label, login, seen, at)
}

func (w *witness) PublishCheck(ctx context.Context, number int) (*desk.Pull, error) {
	if err := w.note(ctx, "check %d", number); err != nil {
		return nil, err
	}
	return w.Desk.PublishCheck(ctx, number)
}

func (w *witness) Attest(ctx context.Context, number int) (*desk.Proposed, error) {
	if err := w.note(ctx, "attest %d", number); err != nil {
		return nil, err
	}
	return w.Desk.Attest(ctx, number)
}

func (w *witness) Checked(ctx context.Context, number int) (*desk.Proposed, error) {
	if err := w.note(ctx, "checked %d", number); err != nil {
		return nil, err
	}
	return w.Desk.Checked(ctx, number)
}

func (w *witness) Tend(ctx context.Context) (*desk.Tended, error) {
	if err := w.note(ctx, "tend"); err != nil {
		return nil, err
	}
	return w.Desk.Tend(ctx)
}

func newWitness(t testing.TB) *witness { return &witness{Desk: newDesk(t)} }

func (w *witness) tools() *bot.Tools { return &bot.Tools{Desk: w, Remote: w} }

type example struct {
	Event   string
	Payload json.RawMessage
}

// examples are GitHub's own.
func examples(t testing.TB) []example {
	t.Helper()
	f, err := os.Open("../forge/testdata/webhooks.jsonl.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var out []example
	lines := bufio.NewScanner(z)
	for lines.Buffer(nil, 1<<20); lines.Scan(); {
		var x example
		if err := json.Unmarshal(lines.Bytes(), &x); err != nil {
			t.Fatal(err)
		}
		out = append(out, x)
	}
	if err := lines.Err(); err != nil || len(out) < 300 {
		t.Fatal(len(out), err)
	}
	return out
}

const tip = "ec26c3e57ca3a959ca5aad62de7213c562f8c821"

// labeled is the payload of a label on a tracking issue.
func labeled(label, login, repo string, at time.Time) string {
	return fmt.Sprintf(`{"action":"labeled","issue":{"number":7,"title":"INGP-2026-0042","body":"","state":"open","updated_at":%q,"labels":[{"name":%q}]},
		"label":{"name":%q},"sender":{"login":%q},"repository":{"full_name":%q}}`, at.Format(time.RFC3339), label, label, login, repo)
}

func pullEvent(action string, number int) string {
	return fmt.Sprintf(`{"action":%q,"pull_request":{"number":%d,"title":"t","state":"open","head":{"ref":"case/INGP-2026-0042/next","sha":%q,"repo":{"full_name":"acme/cases"}},
		"base":{"ref":"main","repo":{"full_name":"acme/cases"}}},"sender":{"login":"docket[bot]"},"repository":{"full_name":"acme/cases"}}`, action, number, tip)
}

func reviewEvent(action, state string, number int) string {
	return fmt.Sprintf(`{"action":%q,"review":{"state":%q,"commit_id":%q,"user":{"login":"ben"}},%s`, action, state, tip, strings.TrimPrefix(pullEvent("", number), `{"action":"",`))
}

func runEvent(action, file, head string, numbers ...int) string {
	var pulls []string
	for _, n := range numbers {
		pulls = append(pulls, fmt.Sprintf(`{"number":%d,"head":{"ref":"b"}}`, n))
	}
	return fmt.Sprintf(`{"action":%q,"workflow":{"path":".github/workflows/%s"},"workflow_run":{"head_branch":"b","conclusion":"success","head_repository":{"full_name":%q},
		"pull_requests":[%s]},"sender":{"login":"ben"},"repository":{"full_name":"acme/cases"}}`, action, file, head, strings.Join(pulls, ","))
}

func pushEvent(ref, repo string) string {
	return fmt.Sprintf(`{"ref":%q,"after":%q,"sender":{"login":"ben"},"repository":{"full_name":%q}}`, ref, tip, repo)
}

// TestTableIsExplained holds that each line says why, in one line, and that
// what it names exists.
func TestTableIsExplained(t *testing.T) {
	t.Parallel()
	steps := []string{bot.StepNone, bot.StepLabel, bot.StepCheck, bot.StepAttest, bot.StepTend, bot.StepImport, bot.StepNote}
	for _, r := range bot.Table() {
		if r.Event == "" || r.Why == "" || strings.Contains(r.Why, "\n") || len(r.Why) > 100 || !slices.Contains(steps, r.Step) {
			t.Errorf("%+v", r)
		}
	}
}

// TestHandle: which steps an event leads to, for a real desk.
func TestHandle(t *testing.T) {
	t.Parallel()
	now, old := time.Now(), time.Now().Add(-2*time.Hour)
	for _, x := range []struct {
		name, event, payload string
		steps, result        string
	}{
		{"ping", "ping", `{"zen":"Design for failure."}`, "", bot.ResultIgnored},
		{"label", "issues", labeled("move/evaluating", "ada", "acme/cases", now), "label INGP-2026-0042 move/evaluating ada ", bot.ResultLate},
		{"closing label", "issues", labeled("close/spam", "ada", "Acme/Cases", now), "label INGP-2026-0042 close/spam ada ", bot.ResultLate},
		{"other label", "issues", labeled("bug", "ada", "acme/cases", now), "", bot.ResultIgnored},
		{"state label of the bot", "issues", labeled("state/received", "docket[bot]", "acme/cases", now), "", bot.ResultIgnored},
		{"label of an App", "issues", labeled("move/evaluating", "renovate[bot]", "acme/cases", now), "", bot.ResultIgnored},
		{"label without a name", "issues", labeled("move/", "ada", "acme/cases", now), "", bot.ResultIgnored},
		{"label elsewhere", "issues", labeled("move/evaluating", "ada", "mallory/cases", now), "", bot.ResultIgnored},
		{"old label", "issues", labeled("move/evaluating", "ada", "acme/cases", old), "tend", bot.ResultDone},
		{"unlabeled", "issues", strings.Replace(labeled("move/evaluating", "ada", "acme/cases", now), "labeled", "unlabeled", 1), "", bot.ResultIgnored},
		{"label on another issue", "issues", strings.Replace(labeled("move/evaluating", "ada", "acme/cases", now), "INGP-2026-0042", "help", 1), "", bot.ResultIgnored},
		{"opened", "pull_request", pullEvent("opened", 12), "check 12", bot.ResultLate},
		{"in Actions", "pull_request_target", pullEvent("synchronize", 12), "check 12", bot.ResultLate},
		{"reopened", "pull_request", pullEvent("reopened", 12), "check 12", bot.ResultLate},
		{"closed", "pull_request", pullEvent("closed", 12), "", bot.ResultIgnored},
		{"edited", "pull_request", pullEvent("edited", 12), "", bot.ResultIgnored},
		{"approved", "pull_request_review", reviewEvent("submitted", "approved", 12), "attest 12", bot.ResultLate},
		{"rejected", "pull_request_review", reviewEvent("submitted", "changes_requested", 12), "attest 12", bot.ResultLate},
		{"commented", "pull_request_review", reviewEvent("submitted", "commented", 12), "", bot.ResultIgnored},
		{"dismissed", "pull_request_review", reviewEvent("dismissed", "dismissed", 12), "attest 12", bot.ResultLate},
		{"checked", "workflow_run", runEvent("completed", "docket-check.yml", "acme/cases", 12, 9), "checked 9, checked 12", bot.ResultDone},
		{"reviewed", "workflow_run", runEvent("completed", "docket-review.yml", "acme/cases", 12), "attest 12", bot.ResultDone},
		{"checked, and its branch is gone", "workflow_run", runEvent("completed", "docket-check.yml", "acme/cases"), "", bot.ResultLate},
		{"checked, nobody knows what", "workflow_run", strings.Replace(runEvent("completed", "docket-check.yml", "acme/cases"), `"head_branch":"b"`, `"head_branch":"main"`, 1), "tend", bot.ResultDone},
		{"checked, nobody knows where", "workflow_run", strings.Replace(runEvent("completed", "docket-check.yml", "acme/cases"), `"head_branch":"b"`, `"head_branch":null`, 1), "tend", bot.ResultDone},
		{"checked a fork's", "workflow_run", runEvent("completed", "docket-check.yml", "mallory/cases", 12), "", bot.ResultIgnored},
		{"began", "workflow_run", runEvent("requested", "docket-check.yml", "acme/cases", 12), "", bot.ResultIgnored},
		{"another workflow", "workflow_run", runEvent("completed", "ci.yml", "acme/cases", 12), "", bot.ResultIgnored},
		{"pushed", "push", pushEvent("refs/heads/main", "acme/cases"), "tend", bot.ResultDone},
		{"pushed by the bot", "push", strings.Replace(pushEvent("refs/heads/main", "acme/cases"), `"ben"`, `"docket[bot]"`, 1), "", bot.ResultIgnored},
		{"pushed elsewhere", "push", pushEvent("refs/heads/main", "acme/widget"), "", bot.ResultIgnored},
		{"pushed a proposal", "push", pushEvent("refs/heads/case/INGP-2026-0042/next", "acme/cases"), "", bot.ResultIgnored},
		{"a clock", "schedule", `{"schedule":"7 * * * *"}`, "tend", bot.ResultDone},
		{"a button", "workflow_dispatch", `{"repository":{"full_name":"acme/cases"}}`, "tend", bot.ResultDone},
		{"advisory", "repository_advisory", `{"action":"reported","repository_advisory":{"ghsa_id":"GHSA-2qrg-x229-3v8q"}}`, "", bot.ResultIgnored},
		{"unheard of", "brand_new", `{}`, "", bot.ResultIgnored},
	} {
		w := newWitness(t)
		b := bot.Bot{Tools: w.tools(), Repo: "acme/cases"}
		r, err := b.HandlePayload(context.Background(), x.event, []byte(x.payload))
		steps := strings.Join(w.steps, ", ")
		if err != nil || steps != x.steps || r.Result != x.result || r.Event != x.event || r.Why == "" {
			t.Errorf("%s: steps %q, want %q; %+v, %v", x.name, steps, x.steps, r, err)
		}
	}
}

// TestPlanNotes: which labels of a tracking issue are news.
func TestPlanNotes(t *testing.T) {
	t.Parallel()
	for _, x := range []struct{ label, login, want string }{
		{"ask legal", "ada", bot.StepNote}, {"state/received", "ada", bot.StepNote}, {"needs/reply", "docket[bot]", bot.StepNote}, {"due/overdue", "docket[bot]", bot.StepNote},
		{"state/received", "docket[bot]", bot.StepNone}, {"move/evaluating", "ada", bot.StepLabel}, {"move/evaluating", "docket[bot]", bot.StepNone},
	} {
		e, err := forge.ParseEvent("issues", []byte(labeled(x.label, x.login, "acme/cases", time.Now())))
		if err != nil {
			t.Fatal(err)
		}
		b := bot.Bot{Repo: "acme/cases"}
		if row := b.Plan(e); row.Step != x.want {
			t.Errorf("%s by %s: %s, want %s", x.label, x.login, row.Step, x.want)
		}
	}
}

// TestHandleImports: an advisory is taken in where the key for it is.
func TestHandleImports(t *testing.T) {
	t.Parallel()
	w, imported := newWitness(t), 0
	tools := w.tools()
	tools.Import = func(context.Context) error { imported++; return nil }
	b := bot.Bot{Tools: tools, Repo: "acme/cases"}
	const payload = `{"action":"reported","repository_advisory":{"ghsa_id":"GHSA-2qrg-x229-3v8q"},"repository":{"full_name":"acme/widget"}}`
	r, err := b.HandlePayload(context.Background(), "repository_advisory", []byte(payload))
	if err != nil || imported != 1 || r.Result != bot.ResultDone {
		t.Errorf("%+v, %v, %d", r, err, imported)
	}
	r, err = b.HandlePayload(context.Background(), "repository_advisory", []byte(strings.Replace(payload, "reported", "published", 1)))
	if err != nil || imported != 1 || r.Result != bot.ResultIgnored {
		t.Errorf("published: %+v, %v, %d", r, err, imported)
	}
}

// TestHandleErrors: what of an error is the event's own, and what a round has to
// try again.
func TestHandleErrors(t *testing.T) {
	t.Parallel()
	broken := errors.New("the network is gone")
	for _, x := range []struct {
		err    error
		result string
		same   bool
	}{
		{nil, bot.ResultLate, false}, // the real desk has no such pull request
		{&desk.Refused{What: "no"}, bot.ResultRefused, false},
		{fmt.Errorf("x: %w", forge.ErrClosed), bot.ResultLate, false},
		{broken, bot.ResultFailed, true},
		{&forge.LimitedError{Until: time.Now()}, bot.ResultFailed, true},
		{context.DeadlineExceeded, bot.ResultFailed, true},
	} {
		w := newWitness(t)
		w.before = func(context.Context, string) error { return x.err }
		b := bot.Bot{Tools: w.tools(), Repo: "acme/cases"}
		r, err := b.HandlePayload(context.Background(), "pull_request", []byte(pullEvent("opened", 3)))
		if r.Result != x.result || (err != nil) != x.same || x.same && !errors.Is(err, x.err) {
			t.Errorf("%v: %+v, %v", x.err, r, err)
		}
		// Of several pull requests, one that fails does not stop the others.
		w.steps = nil
		r, err = b.HandlePayload(context.Background(), "workflow_run", []byte(runEvent("completed", "docket-check.yml", "acme/cases", 1, 2)))
		if len(w.steps) != 2 || (err != nil) != x.same || (r.Result == bot.ResultFailed) != x.same {
			t.Errorf("%v: steps %q, %+v, %v", x.err, w.steps, r, err)
		}
	}
	if _, err := (&bot.Bot{}).HandlePayload(context.Background(), "issues", []byte(`{}`)); !errors.Is(err, forge.ErrEvent) {
		t.Errorf("no payload: %v", err)
	}
}

// TestReactionIsHarmless: what somebody chose shows as text in a summary.
func TestReactionIsHarmless(t *testing.T) {
	t.Parallel()
	r := bot.Reaction{Event: "issues", Action: "labeled", Step: bot.StepLabel, Result: bot.ResultRefused, Why: "why", Case: "INGP-2026-0042", Numbers: []int{4},
		Needs: []string{"<img src=x> [a](b) `c`\n# d @ben"}, Tended: &desk.Tended{Merged: []int{1}}}
	md := r.Markdown()
	for _, bad := range []string{" <img", " [a", " `c`", "\n# d", " # d", " @ben"} {
		if strings.Contains(md, bad) {
			t.Errorf("%q stands in\n%s", bad, md)
		}
	}
	if !strings.Contains(md, "Pull request #4.") || !strings.Contains(md, "1 pull request\\(s\\) merged") {
		t.Error(md)
	}
	if s := r.String(); !strings.Contains(s, "issues labeled: label, refused; case INGP-2026-0042; pull request 4") {
		t.Error(s)
	}
}
