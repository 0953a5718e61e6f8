package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/docket-psirt/docket/internal/forge/githubtest"
	"github.com/docket-psirt/docket/internal/peer"
)

// hosted is a case repository on a fake GitHub, set up as docket init --github
// does. The clone of the bench is the lead's, who administers the repository.
type hosted struct {
	*bench
	gh       *githubtest.Server
	bot      []string          // environment of what acts as the bot's App
	tokens   map[string]string // of people, by login
	appID    string
	programs []string
	read     int // events that jobs have read
	ran      []string
}

// newHosted sets a repository up, with programmes.
func newHosted(t *testing.T, programs ...string) *hosted { return setUpHosted(t, nil, programs...) }

// setUpHosted has docket init told more; files are written before.
func setUpHosted(t *testing.T, files map[string]string, programs ...string) *hosted {
	t.Helper()
	peer.Need(t, "gpg")
	h := &hosted{bench: benchAt(t, t.TempDir()), gh: githubtest.New(t, githubtest.Options{Repo: "acme/cases"}), tokens: map[string]string{}, programs: programs}
	for _, login := range []string{"lead", "triage", "mallory"} {
		role := githubtest.Write
		if login == "lead" {
			role = githubtest.Admin
		}
		h.tokens[login] = h.gh.User(login, role)
	}
	id, key, _ := h.gh.App("docket")
	h.write("app.pem", string(key))
	h.appID = strconv.FormatInt(id, 10)
	base := append(slices.Clone(h.env), "GITHUB_API_URL="+strings.TrimSuffix(h.gh.API(), "/"))
	h.env = append(slices.Clone(base), "GH_TOKEN="+h.tokens["lead"])
	h.bot = append(slices.Clone(base), "DOCKET_GITHUB_APP_ID="+h.appID, "DOCKET_GITHUB_APP_KEY_FILE="+h.path("app.pem"))
	args := []string{"init", "cases.git", "--program", strings.Join(programs, ","), "--team", "lead,triage", "--keys", "keys", "--no-passphrase",
		"--github", "acme/cases", "--app-id", h.appID}
	for name, text := range files {
		h.write(name, text)
		args = append(args, "--release", "v0.1.0", "--release-sums", name)
	}
	h.docket(exitDone, args...)
	h.psirt = []byte(h.docket(exitDone, "keys", "show", h.keyName(programs[0], "intake")))
	h.read = len(h.gh.Events())
	return h
}

// keyName is what a programme's key is called.
func (h *hosted) keyName(program, role string) string {
	if len(h.programs) == 1 {
		return role
	}
	return program + "-" + role
}

// keysOf makes a directory with the keys of some roles, as a host has them.
func (h *hosted) keysOf(name string, roles ...string) string {
	h.t.Helper()
	for _, program := range h.programs {
		for _, role := range roles {
			file := h.keyName(program, role)
			if role != "intake-secret" {
				file += ".asc"
			}
			raw, err := os.ReadFile(h.path("keys/" + file))
			if err != nil {
				h.t.Fatal(err)
			}
			h.write(name+"/"+file, string(raw))
		}
	}
	return h.path(name)
}

// person is somebody's own clone and token.
func (h *hosted) person(login string) *bench {
	h.t.Helper()
	b := *h.bench
	b.env = append(slices.Clone(h.bot[:len(h.bot)-2]), "GH_TOKEN="+h.tokens[login])
	b.dir = h.path("home-of-" + login)
	if _, err := os.Stat(b.dir); err != nil {
		h.clone(filepath.Join(b.dir, "cases.git"))
		if err := os.Symlink(h.path("keys"), filepath.Join(b.dir, "keys")); err != nil {
			h.t.Fatal(err)
		}
	}
	return &b
}

// clone does what actions/checkout does with fetch-depth 0 and without keeping
// credentials: a clone of main, whose origin is where docket goes to.
func (h *hosted) clone(dir string) {
	h.t.Helper()
	for _, args := range [][]string{{"clone", "-q", "--branch", "main", h.gh.Dir(), dir}, {"-C", dir, "remote", "set-url", "origin", h.gh.URL()}} {
		if out, err := exec.Command("git", args...).CombinedOutput(); err != nil {
			h.t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
}

// job is one job of Actions: its process starts in a checkout of its own, with
// nothing but what the environment of its workflow has.
type job struct {
	workflow string
	keys     []string
	perms    map[string]string // of GITHUB_TOKEN; nil: it acts as the App
}

// jobs are those that an event starts, by the triggers of the workflows.
var jobs = map[string]job{
	"issues":              {workflow: "docket-label", keys: []string{"bot"}},
	"pull_request_target": {workflow: "docket-check", perms: map[string]string{"contents": "read", "checks": "write", "pull-requests": "read"}},
	"workflow_run":        {workflow: "docket-merge", keys: []string{"bot"}},
}

// start runs docket bot event in a job, and answers what it did and the step's
// summary.
func (h *hosted) start(event string, payload []byte) (did struct{ Step, Result, Verdict string }, summary string) {
	h.t.Helper()
	j := jobs[event]
	dir, err := os.MkdirTemp(h.path("tmp"), "job")
	if err != nil {
		h.t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	h.clone(filepath.Join(dir, "work"))
	h.write("event.json", string(payload))
	env := append(slices.Clone(h.bot), "DOCKET_KEYS="+h.keysOf("keys-of-"+j.workflow, j.keys...))
	if j.perms != nil {
		env = append(slices.Clone(h.bot[:len(h.bot)-2]), "GITHUB_TOKEN="+h.gh.ActionsToken(j.perms))
	}
	cmd := exec.Command("docket", "bot", "event", "--json", h.path("event.json"))
	cmd.Dir = filepath.Join(dir, "work")
	cmd.Env = append(env, "GITHUB_EVENT_NAME="+event, "GITHUB_STEP_SUMMARY="+filepath.Join(dir, "summary.md"), "DOCKET_STATE="+filepath.Join(dir, "state"))
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		h.t.Errorf("%s: %v\n%s%s", j.workflow, err, out.String(), errs.String())
	}
	if err := json.Unmarshal(out.Bytes(), &did); err != nil {
		h.t.Errorf("%s says %q", j.workflow, out.String())
	}
	h.ran = append(h.ran, j.workflow)
	raw, err := os.ReadFile(filepath.Join(dir, "summary.md"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		h.t.Fatal(err)
	}
	return did, string(raw)
}

// settle starts jobs until nothing happens any more: what GitHub does for events
// that somebody else than GITHUB_TOKEN caused.
func (h *hosted) settle() {
	h.t.Helper()
	for ; h.read < len(h.gh.Events()); h.read++ {
		e := h.gh.Events()[h.read]
		var p payload
		if err := json.Unmarshal(e.Payload, &p); err != nil {
			h.t.Fatal(err)
		}
		run := func(name string) {
			h.gh.WorkflowRun(name, name+".yml", e.Name, p.Pull.Head.Ref, p.Pull.Head.SHA, "success")
		}
		switch {
		case e.Quiet:
		case e.Name == "issues" && e.Action == "labeled" && (strings.HasPrefix(p.Label.Name, "move/") || strings.HasPrefix(p.Label.Name, "close/")):
			h.start("issues", e.Payload)
		case e.Name == "pull_request" && p.Pull.Base.Ref == "main" && slices.Contains([]string{"opened", "synchronize", "reopened"}, e.Action):
			h.start("pull_request_target", e.Payload)
			run("docket-check")
		case e.Name == "pull_request_review" && slices.Contains([]string{"submitted", "dismissed"}, e.Action):
			run("docket-review")
		case e.Name == "workflow_run" && e.Action == "completed":
			h.start("workflow_run", e.Payload)
		}
	}
}

// calls are the operations since the nth REST request. Those for tokens are
// left out: a token is for an hour.
func (h *hosted) calls(n int) []string {
	var out []string
	for _, c := range h.gh.Calls()[n:] {
		if !strings.HasPrefix(c.Operation, "apps/") {
			out = append(out, c.Operation)
		}
	}
	return out
}

// issue is the tracking issue of a case.
func (h *hosted) issue(id string) githubtest.Issue {
	h.t.Helper()
	for _, i := range h.gh.Issues() {
		if i.Pull == nil && i.Title == id {
			return i
		}
	}
	h.t.Fatalf("%s has no tracking issue", id)
	return githubtest.Issue{}
}

// proposals are the pull requests of a case's branch, without that of its
// intake.
func (h *hosted) proposals(id string) []githubtest.Issue {
	list := slices.DeleteFunc(h.gh.Issues(), func(i githubtest.Issue) bool { return i.Pull == nil || i.Pull.Branch != "case/"+id+"/next" })
	return list[min(1, len(list)):]
}

// sound holds that the audit finds nothing.
func (h *hosted) sound() {
	h.t.Helper()
	if said := h.docket(exitDone, "audit", "--no-memory"); !strings.Contains(said, "no findings") {
		h.t.Error(said)
	}
}

// asBot is the bench of what acts as the App, with the bot's key.
func (h *hosted) asBot() *bench {
	b := *h.person("mallory")
	b.env = append(slices.Clone(h.bot), "DOCKET_KEYS="+h.keysOf("keys-of-docket-merge", "bot"))
	return &b
}

// propose pushes a branch with files changed and opens a pull request, as
// somebody with a token who has no Docket.
func (h *hosted) propose(login, branch, title string, files map[string]string) {
	h.t.Helper()
	clone := filepath.Join(h.t.TempDir(), "clone")
	h.gitIn(h.dir, "clone", "--quiet", "--branch", "main", h.gh.Dir(), clone)
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(clone, name)), 0o700); err != nil {
			h.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(clone, name), []byte(text), 0o600); err != nil {
			h.t.Fatal(err)
		}
	}
	h.gitIn(clone, "add", "--all", "--force")
	h.gitIn(clone, "commit", "--quiet", "--message", title)
	h.gitIn(clone, "push", "--quiet", strings.Replace(h.gh.URL(), "://", "://x:"+h.tokens[login]+"@", 1), "HEAD:refs/heads/"+branch)
	raw, err := json.Marshal(map[string]string{"title": title, "head": branch, "base": "main", "body": title})
	if err != nil {
		h.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(h.t.Context(), http.MethodPost, h.gh.API()+"repos/acme/cases/pulls", bytes.NewReader(raw))
	if err != nil {
		h.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+h.tokens[login])
	req.Header.Set("Accept", "application/vnd.github+json")
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		h.t.Fatalf("the pull request is refused: %s", resp.Status)
	}
}

// gitIn runs stock git in a repository.
func (b *bench) gitIn(dir string, args ...string) string {
	b.t.Helper()
	cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=x", "-c", "user.email=x@example.org"}, args...)...)
	cmd.Env = b.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		b.t.Fatalf("git %s: %v\n%s", args, err, out)
	}
	return string(out)
}

const hostedReport = "From: reporter@example.org\nTo: psirt@ingroupe.com\nSubject: Gate\nMessage-ID: <1@example.org>\n\nProduct: gate\nDescription: it opens.\n"

// host is the bench of the intake host, which acts as the App.
func (h *hosted) host() *bench {
	b := *h.bench
	b.env = h.bot
	return &b
}

// takeIn takes a report in, as the intake host does.
func (h *hosted) takeIn(report string) {
	h.t.Helper()
	h.host().docket(exitDone, "--keys", h.keysOf("keys-of-intake", "intake", "bot", "intake-secret"), "intake", h.mail("m.eml", report, outgoing{sign: true, attachKey: true}))
}
