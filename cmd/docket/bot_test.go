package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/forge/githubtest"
	"github.com/docket-psirt/docket/internal/mail"
	"github.com/docket-psirt/docket/internal/peer"
	"github.com/docket-psirt/docket/internal/psirt"
)

// botHouse is a case repository with its keys, for docket as its own process.
type botHouse struct {
	t    *testing.T
	root string
	env  []string
}

func newBotHouse(t *testing.T) *botHouse {
	t.Helper()
	h := &botHouse{t: t, root: t.TempDir()}
	if _, err := desk.Init(h.path("cases.git"), desk.InitOptions{Programs: []string{"ingroupe"}, Team: []string{"lead", "triage"}, Keys: h.path("keys")}); err != nil {
		t.Fatal(err)
	}
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); !strings.HasPrefix(name, "GITHUB_") && !strings.HasPrefix(name, "DOCKET_") && !strings.HasPrefix(name, "GH_") {
			h.env = append(h.env, v)
		}
	}
	h.env = append(h.env, "DOCKET_STATE="+h.path("state"))
	return h
}

func (h *botHouse) path(name string) string { return filepath.Join(h.root, name) }

func (h *botHouse) write(name, text string) string {
	h.t.Helper()
	if err := os.WriteFile(h.path(name), []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
	return h.path(name)
}

// command is docket, in the case repository repo.
func (h *botHouse) command(repo string, args ...string) *exec.Cmd {
	cmd := exec.Command("docket", append([]string{"-C", h.path(repo), "--keys", h.path("keys")}, args...)...)
	cmd.Dir, cmd.Env = h.root, h.env
	return cmd
}

// docket runs it to its end, which must be with this exit code.
func (h *botHouse) docket(code int, env []string, stdin string, args ...string) string {
	h.t.Helper()
	cmd := h.command("cases.git", args...)
	cmd.Env, cmd.Stdin = append(slices.Clone(h.env), env...), strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != code {
		h.t.Errorf("docket %v: %v, want exit code %d\n%s%s", args, err, code, out.String(), errs.String())
	}
	return out.String() + errs.String()
}

// TestBotUsage: what the daemon is not told, it asks for; and it never says a
// secret.
func TestBotUsage(t *testing.T) {
	t.Parallel()
	h := newBotHouse(t)
	short := h.write("short", "hunter2-hunter\n")
	for _, x := range []struct {
		code int
		args []string
		says string
	}{
		{exitUsage, []string{"bot"}, "--listen"},
		{exitUsage, []string{"bot", "--listen", "127.0.0.1:0"}, "--webhook-secret-file"},
		{exitUsage, []string{"bot", "--listen", "127.0.0.1:0", "--webhook-secret-file", short}, "at least 16 bytes"},
		{exitFailed, []string{"bot", "--listen", "127.0.0.1:0", "--webhook-secret-file", h.path("none")}, "none"},
		{exitUsage, []string{"bot", "--listen", "nowhere", "--webhook-secret-file", h.write("good", "0123456789abcdef\n")}, "--listen"},
		{exitUsage, []string{"bot", "event", h.write("e.json", "{}")}, "GITHUB_EVENT_NAME"},
		{exitFailed, []string{"bot", "event", "--name", "issues", h.path("e.json")}, "issue.number"},
		{exitFailed, []string{"bot", "event", "--name", "issues", h.path("none")}, "none"},
		{exitUsage, []string{"bot", "event"}, "arg"},
		{exitFailed, []string{"bot", "import"}, "GitHub"},
	} {
		if said := h.docket(x.code, nil, "", x.args...); !strings.Contains(said, x.says) || strings.Contains(said, "hunter2") {
			t.Errorf("%v: %s", x.args, said)
		}
	}
}

// TestBotEvent: one event, as Actions hands it over.
func TestBotEvent(t *testing.T) {
	t.Parallel()
	h := newBotHouse(t)
	file := h.write("event.json", `{"ref":"refs/heads/main","after":"ec26c3e57ca3a959ca5aad62de7213c562f8c821","sender":{"login":"ben"},"repository":{"full_name":"acme/cases"}}`)
	env := []string{"GITHUB_EVENT_NAME=push", "GITHUB_STEP_SUMMARY=" + h.path("summary.md")}
	if said := h.docket(exitDone, env, "", "bot", "event", file); !strings.HasPrefix(said, "push: tend, done") {
		t.Error(said)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var r struct{ Event, Step, Result string }
	said := h.docket(exitDone, env, string(raw), "bot", "event", "-", "--json")
	if err := json.Unmarshal([]byte(said), &r); err != nil || r.Event != "push" || r.Step != "tend" || r.Result != "done" {
		t.Error(said, err)
	}
	if said := h.docket(exitDone, env, "{}", "bot", "event", "-", "--name", "watch"); !strings.Contains(said, "nothing") {
		t.Error(said)
	}
	summary, err := os.ReadFile(h.path("summary.md"))
	if err != nil || strings.Count(string(summary), "### docket: ") != 3 {
		t.Errorf("%v\n%s", err, summary)
	}
	var tended desk.Tended
	if err := json.Unmarshal([]byte(h.docket(exitDone, nil, "", "bot", "tend", "--json")), &tended); err != nil {
		t.Error(err)
	}
	if said := h.docket(exitDone, nil, "", "bot", "tend"); !strings.Contains(said, "tend, done") {
		t.Error(said)
	}
}

// botDaemon is docket bot --listen as a process of its own.
type botDaemon struct {
	cmd     *exec.Cmd
	address string
	mu      sync.Mutex
	log     bytes.Buffer
}

func (d *botDaemon) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.log.Write(p)
}

func (d *botDaemon) said() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.log.String()
}

var listening = regexp.MustCompile(`msg=listening address=(\S+)`)

func (h *botHouse) daemon(repo string, args ...string) *botDaemon {
	h.t.Helper()
	d := &botDaemon{cmd: h.command(repo, append([]string{"bot", "--listen", "127.0.0.1:0", "--state", h.path("bot-state")}, args...)...)}
	d.cmd.Stdout, d.cmd.Stderr = d, d
	if err := d.cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = d.cmd.Process.Kill(); _ = d.cmd.Wait() })
	peer.Await(h.t, "the daemon to listen", func() bool { return listening.MatchString(d.said()) })
	d.address = listening.FindStringSubmatch(d.said())[1]
	return d
}

func (d *botDaemon) healthy() bool {
	resp, err := http.Get("http://" + d.address + "/healthz")
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// TestBotKilled kills the daemon with kill -9 while it is at one event, and
// others wait that GitHub was told are taken. Started again, it finds them all,
// and does each once.
func TestBotKilled(t *testing.T) {
	t.Parallel()
	h := newBotHouse(t)
	git := peer.Need(t, "git")
	gh := githubtest.New(t, githubtest.Options{Dir: h.path("cases.git")})
	id, key, installation := gh.App("docket")
	gh.User("lead", githubtest.Write)
	const secret = "0123456789abcdef0123456789abcdef"
	for _, args := range [][]string{{"clone", "-q", "--no-checkout", gh.Dir(), h.path("clone")}, {"-C", h.path("clone"), "remote", "set-url", "origin", gh.URL()}} {
		if out, err := exec.Command(git, args...).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	ids := intakeOnGitHub(t, h.path("clone"), desk.Options{Keys: h.path("keys"),
		Forge: desk.ForgeOptions{API: gh.API(), AppID: id, AppKey: key, Installation: installation}}, 3)
	h.env = append(h.env, "GITHUB_API_URL="+gh.API(), "DOCKET_GITHUB_APP_ID="+strconv.FormatInt(id, 10),
		"DOCKET_GITHUB_APP_KEY_FILE="+h.write("app.pem", string(key)), "DOCKET_GITHUB_INSTALLATION="+strconv.FormatInt(installation, 10),
		"DOCKET_WEBHOOK_SECRET_FILE="+h.write("secret", secret+"\n"))
	d := h.daemon("clone", "--every", "1h")
	peer.Await(t, "the first round", d.healthy)
	gh.Webhook("http://"+d.address+"/webhook", secret)
	gh.Fail("pulls/create", githubtest.HangAfterApply)
	ask := func(c psirt.CaseID) { gh.ClickLabel("lead", trackedBy(t, gh, c), "move/needs-info") }
	ask(ids[0])
	peer.Await(t, "the daemon to hang", func() bool { return len(proposals(gh, ids[0])) == 1 })
	ask(ids[1])
	ask(ids[2])
	gh.Settle()
	peer.Await(t, "the daemon to say that it has all three", func() bool { return strings.Count(d.said(), "event=issues result=queued") == 3 })
	if err := d.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = d.cmd.Wait()
	gh.Webhook("", "")
	d = h.daemon("clone", "--every", "1h")
	for _, c := range ids {
		peer.Await(t, "what "+string(c)+" was asked", func() bool {
			return len(proposals(gh, c)) > 0 && !slices.Contains(gh.Issue(trackedBy(t, gh, c)).Labels, "move/needs-info")
		})
	}
	peer.Await(t, "the round to end", d.healthy)
	for _, c := range ids {
		if n := len(proposals(gh, c)); n != 1 {
			t.Errorf("%s has %d proposals\n%s", c, n, d.said())
		}
	}
	if runtime.GOOS == "windows" {
		return // it has no signal that asks to end
	}
	if err := d.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := d.cmd.Wait(); err != nil || !strings.Contains(d.said(), "msg=ended waiting=0") {
		t.Errorf("%v\n%s", err, d.said())
	}
}

// intakeOnGitHub opens cases from mails.
func intakeOnGitHub(t *testing.T, dir string, o desk.Options, n int) []psirt.CaseID {
	t.Helper()
	d, err := desk.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var names []string
	for i := range n {
		name := filepath.Join(t.TempDir(), "mail.eml")
		text := fmt.Sprintf("From: a@example.org\r\nMessage-ID: <m%d@example.org>\r\nSubject: x\r\n\r\nin clear, %d\r\n", i, i)
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	taken, err := d.Intake(t.Context(), mail.Files(names, nil), nil)
	if err != nil || len(taken) != n {
		t.Fatal(err, taken)
	}
	var ids []psirt.CaseID
	for _, x := range taken {
		ids = append(ids, x.ID)
	}
	return ids
}

// trackedBy is the number of a case's tracking issue.
func trackedBy(t *testing.T, gh *githubtest.Server, id psirt.CaseID) int {
	t.Helper()
	for _, i := range gh.Issues() {
		if i.Pull == nil && i.Title == string(id) {
			return i.Number
		}
	}
	t.Fatalf("%s has no tracking issue", id)
	return 0
}

// proposals are the open pull requests of a case.
func proposals(gh *githubtest.Server, id psirt.CaseID) []githubtest.Issue {
	return slices.DeleteFunc(gh.Issues(), func(i githubtest.Issue) bool {
		return i.Closed || i.Pull == nil || i.Pull.Branch != "case/"+string(id)+"/next"
	})
}
