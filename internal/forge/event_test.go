package forge_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/docket-psirt/docket/internal/forge"
)

// example is one of GitHub's own example payloads.
type example struct {
	Event   string
	Payload json.RawMessage
}

func examples(t testing.TB) []example {
	t.Helper()
	f, err := os.Open("testdata/webhooks.jsonl.gz")
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
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestParseEventExamples reads every example of GitHub, and finds in it what
// go-github finds, where that can read it.
func TestParseEventExamples(t *testing.T) {
	t.Parallel()
	list, refused, compared := examples(t), 0, map[string]int{}
	for i, x := range list {
		e, err := forge.ParseEvent(x.Event, x.Payload)
		if err != nil {
			t.Errorf("%d %s: %v", i, x.Event, err)
			continue
		}
		var common struct {
			Action     string
			Repository struct {
				Name string `json:"full_name"`
			}
			Sender struct{ Login string }
		}
		if err := json.Unmarshal(x.Payload, &common); err != nil {
			t.Fatal(err)
		}
		if e.Name != x.Event || e.Action != common.Action || e.Repo != common.Repository.Name || e.Actor != common.Sender.Login || e.Delivery != "" {
			t.Errorf("%d %s: %+v", i, x.Event, e)
		}
		oracle, err := github.ParseWebHook(x.Event, x.Payload)
		if err != nil {
			refused++
			continue
		}
		if want, ok := asGitHub(oracle); ok {
			compared[x.Event]++
			same(t, i, e, want)
		}
	}
	if len(list) != 329 || refused == 0 {
		t.Errorf("%d examples, of which go-github refuses %d; there were 329, and some that it refuses", len(list), refused)
	}
	for _, name := range []string{"issues", "issue_comment", "pull_request", "pull_request_review", "push", "workflow_run", "check_run", "check_suite"} {
		if compared[name] == 0 {
			t.Errorf("no %s was compared with go-github", name)
		}
	}
}

// asGitHub is what go-github's types say of an event.
func asGitHub(v any) (forge.Event, bool) {
	var e forge.Event
	switch v := v.(type) {
	case *github.IssuesEvent:
		e.Number, e.Label, e.Issue = v.GetIssue().GetNumber(), v.GetLabel().GetName(), issueOf(v.GetIssue())
		if e.Issue != nil {
			e.At = e.Issue.Updated
		}
	case *github.IssueCommentEvent:
		if e.Number, e.Issue = v.GetIssue().GetNumber(), issueOf(v.GetIssue()); e.Issue != nil {
			e.At = e.Issue.Updated
		}
	case *github.PullRequestEvent:
		e.Number, e.Label, e.Pull = v.GetNumber(), v.GetLabel().GetName(), pullOf(v.GetPullRequest())
		e.Fork = forked(v.GetPullRequest())
	case *github.PullRequestReviewEvent:
		r := v.GetReview()
		e.Number, e.Pull, e.Fork = v.GetPullRequest().GetNumber(), pullOf(v.GetPullRequest()), forked(v.GetPullRequest())
		e.Review = &forge.Review{By: r.GetUser().GetLogin(), At: r.GetSubmittedAt().UTC(), Head: r.GetCommitID(), Body: r.GetBody(),
			Verdict: map[string]string{"approved": forge.Approve, "changes_requested": forge.Reject}[r.GetState()]}
	case *github.PushEvent:
		if e.Ref, e.After = v.GetRef(), v.GetAfter(); v.GetDeleted() {
			e.After = ""
		}
	case *github.WorkflowRunEvent:
		r := v.GetWorkflowRun()
		path := strings.Split(v.GetWorkflow().GetPath(), "/")
		e.Workflow, e.Conclusion = path[len(path)-1], r.GetConclusion()
		e.Fork = r.GetHeadRepository().GetFullName() != v.GetRepo().GetFullName()
		e.Branches, e.Numbers = heads(r.PullRequests, r.GetHeadBranch())
		for _, p := range r.PullRequests {
			if p.GetHead().GetRepo().GetID() == p.GetBase().GetRepo().GetID() {
				e.Pulls = append(e.Pulls, forge.Pull{Number: p.GetNumber(), Branch: p.GetHead().GetRef(), Base: p.GetBase().GetRef(),
					Head: p.GetHead().GetSHA(), State: forge.StateOpen, Updated: r.GetUpdatedAt().UTC()})
			}
		}
	case *github.CheckRunEvent:
		r := v.GetCheckRun()
		e.Conclusion = r.GetConclusion()
		e.Branches, e.Numbers = heads(r.PullRequests, r.GetCheckSuite().GetHeadBranch())
	case *github.CheckSuiteEvent:
		r := v.GetCheckSuite()
		e.Conclusion = r.GetConclusion()
		e.Branches, e.Numbers = heads(r.PullRequests, r.GetHeadBranch())
	default:
		return e, false
	}
	return e, true
}

func issueOf(i *github.Issue) *forge.Issue {
	if i.IsPullRequest() {
		return nil
	}
	return &forge.Issue{Title: i.GetTitle(), Body: strings.ReplaceAll(i.GetBody(), "\r\n", "\n"), Labels: names(i.Labels), Closed: i.GetState() == "closed",
		Created: i.GetCreatedAt().UTC(), Updated: i.GetUpdatedAt().UTC()}
}

func pullOf(p *github.PullRequest) *forge.Pull {
	out := &forge.Pull{Number: p.GetNumber(), Branch: p.GetHead().GetRef(), Base: p.GetBase().GetRef(), Head: p.GetHead().GetSHA(),
		Title: p.GetTitle(), Body: strings.ReplaceAll(p.GetBody(), "\r\n", "\n"), State: p.GetState(), Labels: names(p.Labels),
		Author: p.GetUser().GetLogin(), Created: p.GetCreatedAt().UTC(), Updated: p.GetUpdatedAt().UTC()}
	if p.GetMerged() {
		out.State, out.MergedAs = forge.StateMerged, p.GetMergeCommitSHA()
	}
	return out
}

func forked(p *github.PullRequest) bool {
	return p.GetHead().GetRepo().GetFullName() != p.GetBase().GetRepo().GetFullName()
}

func names(labels []*github.Label) []string {
	var out []string
	for _, l := range labels {
		out = append(out, l.GetName())
	}
	slices.Sort(out)
	return out
}

func heads(pulls []*github.PullRequest, branches ...string) (list []string, numbers []int) {
	for _, p := range pulls {
		branches, numbers = append(branches, p.GetHead().GetRef()), append(numbers, p.GetNumber())
	}
	slices.Sort(branches)
	slices.Sort(numbers)
	branches = slices.DeleteFunc(slices.Compact(branches), func(s string) bool { return s == "" })
	if len(branches) == 0 {
		branches = nil
	}
	return branches, slices.Compact(numbers)
}

// same compares what Docket reads of an event with what go-github does.
func same(t *testing.T, i int, got, want forge.Event) {
	t.Helper()
	want.Name, want.Action, want.Repo, want.Actor = got.Name, got.Action, got.Repo, got.Actor
	a, errA := json.Marshal(got)
	b, errB := json.Marshal(want)
	if string(a) != string(b) || errA != nil || errB != nil {
		t.Errorf("%d %s:\n got %s\nwant %s", i, got.Name, a, b)
	}
}

const (
	tip      = "ec26c3e57ca3a959ca5aad62de7213c562f8c821"
	fileSeen = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)

func trackingIssue(title, body string) string {
	return `{"action":"labeled","issue":{"number":7,"title":` + quote(title) + `,"body":` + quote(body) + `,"state":"open","labels":[{"name":"state/received"},{"name":"move/evaluating"},{"name":"program/ingroupe"}]},` +
		`"label":{"name":"move/evaluating"},"sender":{"login":"ada-psirt"},"repository":{"full_name":"acme/cases"}}`
}

func quote(s string) string {
	raw, _ := json.Marshal(s)
	return string(raw)
}

// TestParseEventTrackingIssue: which case an issue is about.
func TestParseEventTrackingIssue(t *testing.T) {
	t.Parallel()
	marker := "<!-- docket: case=INGP-2026-0042 revision=7 file=" + fileSeen + " -->"
	for _, x := range []struct{ title, body, id, seen string }{
		{"INGP-2026-0042", "| a | table |\r\n\r\n" + marker, "INGP-2026-0042", fileSeen},
		{"INGP-2026-0042", "", "INGP-2026-0042", ""},
		{"please look", "text\n" + marker + "\n", "INGP-2026-0042", fileSeen},
		{"INGP-2026-0041", marker, "", ""}, // it says two things
		{"INGP-2026-0042", "inside a line " + marker, "INGP-2026-0042", ""},
		{"INGP-2026-0042", "<!-- docket: case=INGP-2026-0042 file=sha256:12 -->", "INGP-2026-0042", ""},
		{"INGP-2026-0042", "<!-- docket: case=INGP-2026-0042", "INGP-2026-0042", ""},
		{"It broke", "help", "", ""},
		{"ingp-2026-0042; rm -rf /", "", "", ""},
	} {
		e, err := forge.ParseEvent("issues", []byte(trackingIssue(x.title, x.body)))
		if err != nil {
			t.Fatal(err)
		}
		if e.Issue.ID != x.id || e.Seen != x.seen || e.Issue.Program != "ingroupe" || e.Number != 7 || e.Label != "move/evaluating" ||
			e.Actor != "ada-psirt" || e.Repo != "acme/cases" || e.Action != "labeled" {
			t.Errorf("%q, %q: %+v of %+v", x.title, x.body, e, e.Issue)
		}
	}
}

// TestParseEventPull: what a pull request says of itself, and what is left out.
func TestParseEventPull(t *testing.T) {
	t.Parallel()
	pull := func(branch, body, headRepo string) string {
		return `{"action":"opened","pull_request":{"number":12,"title":"t","state":"open","body":` + quote(body) + `,"head":{"ref":` + quote(branch) + `,"sha":"` + tip +
			`","repo":` + headRepo + `},"base":{"ref":"main","repo":{"full_name":"Acme/cases"}}},"sender":{"login":"x y"},"repository":{"full_name":"../x"}}`
	}
	const own, marker = `{"full_name":"acme/cases"}`, "text\n<!-- docket: kind=move case=INGP-2026-0001 -->"
	for _, x := range []struct {
		branch, body, repo string
		want               forge.Pull
		fork               bool
	}{
		{"case/INGP-2026-0042/next", marker, own, forge.Pull{Branch: "case/INGP-2026-0042/next", Kind: "move", Case: "INGP-2026-0042"}, false},
		{"program/ingroupe", "", own, forge.Pull{Branch: "program/ingroupe"}, false},
		{"elsewhere", marker, own, forge.Pull{Branch: "elsewhere", Kind: "move", Case: "INGP-2026-0001"}, false},
		{"case/INGP-2026-0042/next", "", "null", forge.Pull{Branch: "case/INGP-2026-0042/next", Case: "INGP-2026-0042"}, true},
		{"case/INGP-2026-0042/next", "", `{"full_name":"mallory/cases"}`, forge.Pull{Branch: "case/INGP-2026-0042/next", Case: "INGP-2026-0042"}, true},
		{"$(touch x);`id`", "<!-- docket: kind=$(id) case=' -->", own, forge.Pull{}, false},
		{"case/../next", "a\x1b[31m\u202eb", own, forge.Pull{}, false},
	} {
		for _, name := range []string{"pull_request", "pull_request_target"} {
			e, err := forge.ParseEvent(name, []byte(pull(x.branch, x.body, x.repo)))
			if err != nil {
				t.Fatal(err)
			}
			if e.Name != name || e.Number != 12 || e.Fork != x.fork || e.Actor != "" || e.Repo != "" {
				t.Errorf("%s: %+v", x.branch, e)
			}
			x.want.Number, x.want.Base, x.want.Head, x.want.Title, x.want.State = 12, "main", tip, "t", forge.StateOpen
			if x.want.Body = x.body; strings.Contains(x.body, "\x1b") {
				x.want.Body = ""
			}
			if got, want := quoteAny(e.Pull), quoteAny(x.want); got != want {
				t.Errorf("%s:\n got %s\nwant %s", x.branch, got, want)
			}
		}
	}
}

func quoteAny(v any) string {
	raw, _ := json.Marshal(v)
	return string(raw)
}

// TestParseEventOthers: the events that the examples lack or show once.
func TestParseEventOthers(t *testing.T) {
	t.Parallel()
	const reviewed = `"pull_request":{"number":3,"state":"open","head":{"ref":"a","sha":"` + tip + `"},"base":{"ref":"main"}}`
	for name, x := range map[string]struct {
		event, payload string
		ok             func(forge.Event) bool
	}{
		"advisory": {"repository_advisory", `{"action":"reported","repository_advisory":{"ghsa_id":"GHSA-2qrg-x229-3v8q","summary":"secret"}}`,
			func(e forge.Event) bool { return e.Advisory == "GHSA-2qrg-x229-3v8q" && e.Action == "reported" }},
		"rejected": {"pull_request_review", `{"review":{"state":"CHANGES_REQUESTED","commit_id":"` + tip + `","user":{"login":"ben"},"submitted_at":"2026-11-22T09:14:03.5+01:00"},` + reviewed + `}`,
			func(e forge.Event) bool {
				return *e.Review == forge.Review{By: "ben", Head: tip, Verdict: forge.Reject, At: time.Date(2026, 11, 22, 8, 14, 3, 0, time.UTC)}
			}},
		"dismissed": {"pull_request_review", `{"review":{"state":"dismissed","commit_id":"` + tip + `"},` + reviewed + `}`,
			func(e forge.Event) bool { return e.Review.Verdict == "" && e.Review.At.IsZero() }},
		"deleted":  {"push", `{"ref":"refs/heads/case/INGP-2026-0042/next","after":"0000000000000000000000000000000000000000","deleted":true}`, func(e forge.Event) bool { return e.After == "" && e.Ref != "" }},
		"schedule": {"schedule", `{"schedule":"7 * * * *"}`, func(e forge.Event) bool { return e.Name == "schedule" }},
		"unheard":  {"brand_new", `{"action":["a"],"repository":3}`, func(e forge.Event) bool { return e.Name == "brand_new" && e.Action == "" }},
		"run": {"workflow_run", `{"action":"completed","repository":{"full_name":"acme/cases"},"workflow":{"path":".github/workflows/docket-check.yml"},"workflow_run":{"conclusion":"success",
			"head_branch":"case/INGP-2026-0042/next","head_repository":{"full_name":"mallory/cases"},"pull_requests":[{"number":9,"head":{"ref":"b"}},{"number":4,"head":{"ref":"a"}},{"number":9,"head":{"ref":"b"}}]}}`,
			func(e forge.Event) bool {
				return e.Workflow == "docket-check.yml" && e.Fork && slices.Equal(e.Numbers, []int{4, 9}) && slices.Equal(e.Branches, []string{"a", "b", "case/INGP-2026-0042/next"})
			}},
	} {
		e, err := forge.ParseEvent(x.event, []byte(x.payload))
		if err != nil || !x.ok(e) {
			t.Errorf("%s: %+v, %v", name, e, err)
		}
	}
}

// TestParseEventRefuses: what cannot be read is ErrEvent, names the field, and
// quotes nothing.
func TestParseEventRefuses(t *testing.T) {
	t.Parallel()
	for _, x := range []struct{ event, payload, names string }{
		{"issues", ``, "no JSON"},
		{"brand_new", `[]`, "no JSON"},
		{"brand_new", `{"secret`, "no JSON"},
		{"issues", `null`, "issue.number"},
		{"issues", `{"issue":{"number":"secret"}}`, "issue.number"},
		{"issues", `{"issue":{"number":-1}}`, "issue.number"},
		{"issues", strings.Repeat(`{"issue":`, 20000), "no JSON"},
		{"pull_request", `{"pull_request":{"number":1,"head":{"sha":"secret"}}}`, "pull_request.head.sha"},
		{"pull_request", `{"pull_request":{"number":1,"merged":true,"head":{"sha":"` + tip + `"}}}`, "merge_commit_sha"},
		{"pull_request_review", `{"pull_request":{"number":1,"head":{"sha":"` + tip + `"}}}`, "review"},
		{"push", `{"ref":"secret","after":"` + tip + `"}`, "ref"},
		{"push", `{"ref":"refs/heads/main","after":"secret"}`, "after"},
		{"workflow_run", `{}`, "workflow_run"},
		{"repository_advisory", `{"repository_advisory":{"ghsa_id":"secret"}}`, "ghsa_id"},
		{"../secret", `{}`, "the event's name"},
		{"", `{}`, "the event's name"},
	} {
		_, err := forge.ParseEvent(x.event, []byte(x.payload))
		if !errors.Is(err, forge.ErrEvent) || !strings.Contains(err.Error(), x.names) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s %.40s: %v; want one that names %s", x.event, x.payload, err, x.names)
		}
	}
}

// TestVerifySignature takes GitHub's own example, and nothing near it.
// https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation
func TestVerifySignature(t *testing.T) {
	t.Parallel()
	const sum = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
	payload, secret := []byte("Hello, World!"), []byte("It's a Secret to Everybody")
	if err := forge.VerifySignature(payload, "sha256="+sum, secret); err != nil {
		t.Error(err)
	}
	for what, err := range map[string]error{
		"no header":     forge.VerifySignature(payload, "", secret),
		"no prefix":     forge.VerifySignature(payload, sum, secret),
		"SHA-1":         forge.VerifySignature(payload, "sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59", secret),
		"SHA-512":       forge.VerifySignature(payload, "sha512="+sum, secret),
		"half":          forge.VerifySignature(payload, "sha256="+sum[:32], secret),
		"other payload": forge.VerifySignature([]byte("Hello, World"), "sha256="+sum, secret),
		"other secret":  forge.VerifySignature(payload, "sha256="+sum, []byte("It's a secret to everybody")),
		// HMAC-SHA-256 of the payload with an empty key
		"no secret": forge.VerifySignature([]byte(""), "sha256=b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad", nil),
	} {
		if !errors.Is(err, forge.ErrSignature) {
			t.Errorf("%s: %v, want ErrSignature", what, err)
		}
	}
}

// FuzzParseEvent: no payload panics, and what is read is in the form that the
// rest of Docket relies on.
func FuzzParseEvent(f *testing.F) {
	seen := map[string]int{}
	for _, x := range examples(f) {
		if seen[x.Event]++; seen[x.Event] <= 2 {
			f.Add(x.Event, []byte(x.Payload))
		}
	}
	f.Add("issues", []byte(trackingIssue("INGP-2026-0042", "<!-- docket: case=INGP-2026-0042 file="+fileSeen+" -->")))
	f.Add("repository_advisory", []byte(`{"repository_advisory":{"ghsa_id":"GHSA-2qrg-x229-3v8q"}}`))
	f.Fuzz(func(t *testing.T, name string, raw []byte) {
		e, err := forge.ParseEvent(name, raw)
		if err != nil {
			if !errors.Is(err, forge.ErrEvent) || e.Issue != nil || e.Pull != nil || e.Number != 0 {
				t.Fatalf("%+v with %v", e, err)
			}
			return
		}
		texts := append([]string{e.Action, e.Repo, e.Actor, e.Label, e.Seen, e.Ref, e.After, e.Workflow, e.Conclusion, e.Advisory}, e.Branches...)
		if e.Pull != nil {
			texts = append(texts, e.Pull.Branch, e.Pull.Base, e.Pull.Head, e.Pull.Title, e.Pull.Kind, e.Pull.Case, e.Pull.Author)
		}
		if e.Issue != nil {
			texts = append(texts, e.Issue.Title, e.Issue.ID, e.Issue.Program)
		}
		for _, s := range texts {
			if strings.ContainsAny(s, "\n\x00\x1b\u202e") || len(s) > 4*256 {
				t.Fatalf("%q came through", s)
			}
		}
	})
}
