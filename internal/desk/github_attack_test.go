package desk_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/forge"
	"github.com/docket-psirt/docket/internal/forge/githubtest"
	"github.com/docket-psirt/docket/internal/mail"
	"github.com/docket-psirt/docket/internal/psirt"
)

// guarded is a hub with the rules that docket init --github sets.
func guarded(t *testing.T) *hub {
	t.Helper()
	h := newHub(t)
	root := desk.ForgeOptions{API: h.gh.API(), Token: h.gh.User("root", githubtest.Admin)}
	admin := h.open("admin", desk.Options{Forge: root})
	if _, err := admin.SetupGitHub(t.Context(), desk.SetupOptions{AppID: h.app.AppID}); err != nil {
		t.Fatal(err)
	}
	return h
}

// mallory may push and open pull requests, and is of no programme's team.
type mallory struct {
	*hub
	dir string
}

func (h *hub) mallory() *mallory { return &mallory{h, h.clone("mallory")} }

func (m *mallory) run(args ...string) string {
	m.t.Helper()
	cmd := exec.Command(m.git, append([]string{"-C", m.dir, "-c", "user.name=mallory", "-c", "user.email=mallory@example.org"}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_TERMINAL_PROMPT=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		m.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// remote is the repository, with mallory's token.
func (m *mallory) remote() string {
	return strings.Replace(m.gh.URL(), "http://", "http://mallory:"+m.tokens["mallory"]+"@", 1)
}

// propose changes files on top of main, or of a branch, pushes that as branch
// and opens a pull request.
func (m *mallory) propose(from, branch, title string, files map[string]string) int {
	m.t.Helper()
	m.push(from, branch, files)
	body, err := json.Marshal(map[string]string{"head": branch, "base": "main", "title": title, "body": "please"})
	if err != nil {
		m.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(m.t.Context(), http.MethodPost, m.gh.API()+"repos/acme/cases/pulls", bytes.NewReader(body))
	if err != nil {
		m.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+m.tokens["mallory"])
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		m.t.Fatal(err)
	}
	defer resp.Body.Close()
	var made struct{ Number int }
	if err := json.NewDecoder(resp.Body).Decode(&made); err != nil || made.Number == 0 {
		m.t.Fatal(resp.Status, err)
	}
	return made.Number
}

func (m *mallory) push(from, branch string, files map[string]string) {
	m.t.Helper()
	m.run("fetch", "-q", m.remote(), from)
	m.run("checkout", "-q", "--force", "--detach", "FETCH_HEAD")
	for name, text := range files {
		path := filepath.Join(m.dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			m.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			m.t.Fatal(err)
		}
		m.run("add", "--", name)
	}
	m.run("commit", "-q", "--allow-empty", "-m", "A fix")
	m.run("push", "-q", m.remote(), "+HEAD:refs/heads/"+branch)
}

func (m *mallory) read(path string) string {
	m.t.Helper()
	m.run("fetch", "-q", m.remote(), "main")
	return m.run("show", "FETCH_HEAD:"+path) + "\n"
}

// nowhere holds that a pull request has a red check, cannot be merged by anybody,
// and changes nothing on main.
func (m *mallory) nowhere(bot *desk.Desk, number int) {
	m.t.Helper()
	main := m.run("ls-remote", m.remote(), "refs/heads/main")
	var refused *desk.Refused
	if _, err := bot.PublishCheck(m.t.Context(), number); err != nil && !errors.As(err, &refused) {
		m.t.Fatal(err)
	}
	if got := m.gh.Issue(number).Pull.Checks["docket/check"]; got == "success" {
		m.t.Error("its check is green")
	}
	m.gh.ClickReview("lead", number, forge.Approve)
	m.gh.ClickReview("triage", number, forge.Approve)
	if p, err := bot.Attest(m.t.Context(), number); err == nil && p.Merged {
		m.t.Error("the bot merged it")
	}
	if reason := m.gh.ClickMerge("lead", number); reason == "" {
		m.t.Error("GitHub's button merges it")
	}
	if now := m.run("ls-remote", m.remote(), "refs/heads/main"); now != main {
		m.t.Error("main has moved")
	}
}

// TestHostileProposals: pull requests by somebody who may push, and nothing
// else, get nowhere, also when the whole team approves them.
func TestHostileProposals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, branch, title string
		files               func(m *mallory, id psirt.CaseID) map[string]string
	}{
		{"the workflow of the check is changed", "fix-ci", "Faster check", func(m *mallory, _ psirt.CaseID) map[string]string {
			return map[string]string{".github/workflows/docket-check.yml": "on: pull_request_target\n"}
		}},
		{"the action that installs Docket is changed", "fix-action", "Newer action", func(*mallory, psirt.CaseID) map[string]string {
			return map[string]string{".github/actions/docket/action.yml": "runs: {using: composite, steps: []}\n"}
		}},
		{"the schema is changed", "schema", "Wider schema", func(*mallory, psirt.CaseID) map[string]string {
			return map[string]string{"schema/case.schema.json": "{}\n"}
		}},
		{"the programme asks for no approvals any more", "program/ingroupe", "Simpler", func(m *mallory, _ psirt.CaseID) map[string]string {
			path := psirt.ProgramPath("ingroupe")
			return map[string]string{path: strings.ReplaceAll(m.read(path), "count: 1", "count: 0")}
		}},
		{"mallory joins the team", "program/ingroupe", "New colleague", func(m *mallory, _ psirt.CaseID) map[string]string {
			path := psirt.ProgramPath("ingroupe")
			return map[string]string{path: strings.Replace(m.read(path), "login: lead", "login: mallory", 1)}
		}},
		{"a case is moved without a signature", "", "Done", func(m *mallory, id psirt.CaseID) map[string]string {
			path := psirt.CasePath("ingroupe", id)
			return map[string]string{path: strings.Replace(m.read(path), "state: received", "state: solving", 1)}
		}},
		{"a case of another programme comes along", "", "Two at once", func(m *mallory, _ psirt.CaseID) map[string]string {
			return map[string]string{"cases/inspur/2026/00/INSP-2026-0001.yaml": "docket: 1\n"}
		}},
		{"branch and title are made for a shell", "case/$(touch${IFS}pwned)`id`;x", "$(touch pwned) `id` ${{ github.token }}\"; exit 0 #", func(*mallory, psirt.CaseID) map[string]string {
			return map[string]string{"pwned": "x\n"}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := guarded(t)
			bot := h.bot()
			id := h.intake(bot, clearMail)
			m := h.mallory()
			branch := c.branch
			if branch == "" {
				branch = "case/" + string(id) + "/next"
			}
			m.nowhere(bot, m.propose("main", branch, c.title, c.files(m, id)))
			h.sound(bot)
		})
	}
}

// TestPushAfterApproval: what is pushed after a review is not what was reviewed.
func TestPushAfterApproval(t *testing.T) {
	t.Parallel()
	h := guarded(t)
	bot := h.bot()
	id := h.intake(bot, clearMail)
	asked, err := h.click(bot, "lead", h.opened(string(id)).Number, "move/needs-info")
	if err != nil {
		t.Fatal(err)
	}
	h.gh.ClickReview("triage", asked.Number, forge.Approve)
	m := h.mallory()
	branch := "case/" + string(id) + "/next"
	path := psirt.CasePath("ingroupe", id)
	m.run("fetch", "-q", m.remote(), branch)
	m.push(branch, branch, map[string]string{path: m.run("show", "FETCH_HEAD:"+path) + "\n# \n"})
	m.nowhere(bot, asked.Number)
}

// TestEmptyPushAfterApproval: even a commit that changes nothing, on top of
// what was approved, holds the merge until somebody looks: it is signed by
// nobody.
func TestEmptyPushAfterApproval(t *testing.T) {
	t.Parallel()
	h := guarded(t)
	bot := h.bot()
	id := h.intake(bot, clearMail)
	asked, err := h.click(bot, "lead", h.opened(string(id)).Number, "move/needs-info")
	if err != nil {
		t.Fatal(err)
	}
	h.gh.ClickReview("triage", asked.Number, forge.Approve)
	h.mallory().push("case/"+string(id)+"/next", "case/"+string(id)+"/next", nil)
	h.mallory().nowhere(bot, asked.Number)
}

// TestForgedCheck: whoever can write checks can have an unapproved move merged.
// deliver then sends nothing of it, and the audit names it.
func TestForgedCheck(t *testing.T) {
	t.Parallel()
	h := guarded(t)
	ctx := t.Context()
	bot := h.bot()
	id := h.intake(bot, clearMail)
	asked, err := h.click(bot, "lead", h.opened(string(id)).Number, "move/needs-info")
	if err != nil {
		t.Fatal(err)
	}
	if reason := h.gh.ClickMerge("lead", asked.Number); reason == "" {
		t.Fatal("GitHub merges without docket/check")
	}
	forger, err := forge.NewGitHub(forge.GitHubOptions{API: h.gh.API(), Repo: "acme/cases",
		Auth: forge.GitHubAuth{Token: h.gh.ActionsToken(map[string]string{"checks": "write", "contents": "read"})}})
	if err != nil {
		t.Fatal(err)
	}
	head := h.gh.Issue(asked.Number).Pull.Head
	if err := forger.Check(ctx, forge.Check{Head: head, Name: "docket/check", Conclusion: forge.Success, Title: "fine", Summary: "fine"}); err != nil {
		t.Fatal(err)
	}
	if reason := h.gh.ClickMerge("lead", asked.Number); reason != "" {
		t.Fatal(reason)
	}
	auditor := h.bot()
	r, err := auditor.Audit(ctx, desk.AuditOptions{})
	if err != nil || len(r.Findings) != 1 || r.Findings[0].Kind != "unapproved" || r.Findings[0].Case != id {
		t.Fatalf("%+v %v", r, err)
	}
	sender, err := mail.NewMaildirSender(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	sent, err := auditor.Deliver(ctx, desk.Outgoing{Sender: sender, Repeatable: true})
	if err != nil && !errors.As(err, new(*desk.Refused)) {
		t.Fatal(err)
	}
	if i := slices.IndexFunc(sent, func(s desk.Delivery) bool {
		return s.ID == id && s.Kind == "needs-info" && s.Status == psirt.ReceiptSent
	}); i >= 0 {
		t.Errorf("deliver sent what nobody approved: %+v", sent[i])
	}
}

// TestNothingOnTopOfHostile: whoever may push puts an envelope on a case's
// branch that names other handlers. Nobody builds on it: the next person who
// seals would seal to them.
func TestNothingOnTopOfHostile(t *testing.T) {
	t.Parallel()
	h := guarded(t)
	bot := h.bot()
	id := h.intake(bot, clearMail)
	m := h.mallory()
	path := psirt.CasePath("ingroupe", id)
	lead := h.person("lead")
	program := m.read(psirt.ProgramPath("ingroupe"))
	_, rest, _ := strings.Cut(program[strings.Index(program, "handle: triage"):], "key: ")
	key, _, _ := strings.Cut(rest, ",")
	text := strings.Replace(m.read(path), "revision: 1\n", "handlers: ["+key+"]\nrevision: 2\n", 1)
	m.push("main", "case/"+string(id)+"/next", map[string]string{path: text})
	_, err := lead.Edit(t.Context(), id, func(r psirt.Document, _ *psirt.Contact) ([]string, error) {
		r["owner"] = "lead"
		return []string{"owner"}, nil
	})
	if err == nil || !strings.Contains(err.Error(), "not well formed") {
		t.Fatalf("the lead signs on top of what mallory pushed: %v", err)
	}
	if _, err := h.click(bot, "lead", h.opened(string(id)).Number, "move/needs-info"); err == nil {
		t.Fatal("the bot signs on top of what mallory pushed")
	}
}
