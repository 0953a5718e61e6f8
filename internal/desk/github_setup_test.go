package desk_test

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/forge"
	"github.com/docket-psirt/docket/internal/forge/githubtest"
)

const sums = "0000000000000000000000000000000000000000000000000000000000000001  docket-linux-amd64\n" +
	"0000000000000000000000000000000000000000000000000000000000000002  docket-darwin-arm64\n"

// hosted is a fake GitHub, and a case repository that goes there.
type hosted struct {
	t         *testing.T
	hub       *githubtest.Server
	dir, keys string
	root      string
	app       int64
	appKey    []byte
	admin     desk.ForgeOptions
}

func newHosted(t *testing.T) *hosted {
	t.Helper()
	h := &hosted{t: t, hub: githubtest.New(t, githubtest.Options{}), dir: filepath.Join(t.TempDir(), "cases.git"), keys: filepath.Join(t.TempDir(), "keys")}
	r, err := desk.Init(h.dir, desk.InitOptions{Programs: []string{"ingroupe"}, Team: []string{"lead=Ada-GH", "triage"}, Keys: h.keys, Release: "v1.2.3", ReleaseSums: []byte(sums)})
	if err != nil {
		t.Fatal(err)
	}
	h.root = r.Root
	h.app, h.appKey, _ = h.hub.App("docket")
	h.admin = desk.ForgeOptions{API: h.hub.API(), Token: h.hub.User("Ada-GH", githubtest.Admin)}
	h.hub.User("triage", githubtest.Write)
	return h
}

func (h *hosted) connect() ([]string, error) {
	return desk.Connect(h.t.Context(), h.dir, "acme/cases", desk.Options{Keys: h.keys, Forge: h.admin})
}

func (h *hosted) open(f desk.ForgeOptions) *desk.Desk {
	h.t.Helper()
	d, err := desk.Open(h.dir, desk.Options{Keys: h.keys, As: "lead", Forge: f})
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { d.Close() })
	return d
}

func (h *hosted) setUp() *desk.GitHubSetup {
	h.t.Helper()
	if _, err := h.connect(); err != nil {
		h.t.Fatal(err)
	}
	s, err := h.open(h.admin).SetupGitHub(h.t.Context(), desk.SetupOptions{AppID: h.app})
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}

// writes is how many REST requests wrote something so far.
func (h *hosted) writes() int {
	n := 0
	for _, c := range h.hub.Calls() {
		if c.Method != "GET" {
			n++
		}
	}
	return n
}

// missing are the conditions that are not as they should be.
func (h *hosted) missing(d *desk.Desk, o desk.DoctorOptions) []string {
	h.t.Helper()
	found, err := d.Doctor(h.t.Context(), o)
	if err != nil {
		h.t.Fatal(err)
	}
	var out []string
	for _, c := range found.Checks {
		if !c.OK && c.Required {
			out = append(out, c.What)
			if c.Do == "" {
				h.t.Errorf("%s: nothing says what to do", c.What)
			}
		}
	}
	if found.OK() != (len(out) == 0) {
		h.t.Error("OK is not what its conditions say")
	}
	return out
}

// TestSetupGitHub: from nothing, everything but secrets and mail is set up; the
// second run changes nothing, and neither does the third without the App's ID.
func TestSetupGitHub(t *testing.T) {
	t.Parallel()
	h := newHosted(t)
	s := h.setUp()
	for _, want := range []string{"ruleset docket: main", "label move/evaluating", "label program/ingroupe", "environment deliver", "variable DOCKET_ROOT"} {
		if !slices.Contains(s.Changed, want) {
			t.Errorf("%q was not set: %v", want, s.Changed)
		}
	}
	main, err := exec.Command("git", "-C", h.hub.Dir(), "rev-parse", "main").Output()
	if err != nil || strings.TrimSpace(string(main)) != h.root {
		t.Errorf("main is at %s, want %s (%v)", main, h.root, err)
	}
	before := h.writes()
	pushed, err := h.connect()
	if err != nil || len(pushed) != 0 {
		t.Errorf("again: %v, %v", pushed, err)
	}
	for _, o := range []desk.SetupOptions{{AppID: h.app}, {}} {
		if s, err := h.open(h.admin).SetupGitHub(t.Context(), o); err != nil || len(s.Changed) != 0 {
			t.Errorf("again: %+v, %v", s, err)
		}
	}
	if h.writes() != before {
		t.Errorf("%d writes the second time", h.writes()-before)
	}
}

// TestDoctorGitHub: doctor finds what is missing, each thing, until nothing is.
func TestDoctorGitHub(t *testing.T) {
	t.Parallel()
	h := newHosted(t)
	if _, err := h.connect(); err != nil {
		t.Fatal(err)
	}
	d := h.open(h.admin)
	bare := h.missing(d, desk.DoctorOptions{Keys: h.keys})
	for _, want := range []string{"settings", "labels", "ruleset docket: main", "ruleset docket: deliveries", "environment bot", "bot's App in the ruleset of main"} {
		if !slices.Contains(bare, want) {
			t.Errorf("%q is missing, and doctor does not say so: %v", want, bare)
		}
	}
	h.setUp()
	want := []string{"secret DOCKET_APP_KEY in bot", "secret DOCKET_BOT_KEY in bot", "secret DOCKET_MAILER_KEY in deliver", "secret DOCKET_SENDER_KEY in deliver", "variable DOCKET_SMTP_URL"}
	if got := h.missing(d, desk.DoctorOptions{Keys: h.keys}); !slices.Equal(got, want) {
		t.Errorf("after setting up: %v, want %v", got, want)
	}
	if got := h.missing(d, desk.DoctorOptions{NoActions: true}); len(got) != 0 {
		t.Errorf("without Actions: %v", got)
	}
	for _, s := range [][2]string{{"bot", "DOCKET_APP_KEY"}, {"bot", "DOCKET_BOT_KEY"}, {"deliver", "DOCKET_MAILER_KEY"}, {"deliver", "DOCKET_SENDER_KEY"}} {
		h.hub.SetSecret(s[0], s[1])
	}
	if got := h.missing(d, desk.DoctorOptions{}); !slices.Equal(got, want[4:]) {
		t.Errorf("with secrets: %v", got)
	}
	h.hub.User("triage", githubtest.Read)
	if got := h.missing(d, desk.DoctorOptions{}); !slices.Contains(got, "access of triage") {
		t.Errorf("triage may no longer write, and doctor says: %v", got)
	}
	app := h.open(desk.ForgeOptions{API: h.hub.API(), AppID: h.app, AppKey: h.appKey})
	found, err := app.Doctor(t.Context(), desk.DoctorOptions{})
	if err != nil || !slices.ContainsFunc(found.Checks, func(c desk.Condition) bool { return c.What == "bot's App permissions" && c.OK }) {
		t.Errorf("as the App: %+v, %v", found, err)
	}
	if !slices.Contains(bare, "secret DOCKET_BOT_KEY in bot") && !slices.Contains(bare, "environment bot") {
		t.Errorf("%v", bare)
	}
}

// TestSecretCommands: a value stands in no argument, and the files are those of
// each programme.
func TestSecretCommands(t *testing.T) {
	t.Parallel()
	dir, keys := filepath.Join(t.TempDir(), "cases.git"), filepath.Join(t.TempDir(), "the keys")
	if _, err := desk.Init(dir, desk.InitOptions{Programs: []string{"ingroupe", "inspur"}, Team: []string{"lead", "triage"}, Keys: keys}); err != nil {
		t.Fatal(err)
	}
	d, err := desk.Open(dir, desk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	list, err := d.Checklist(desk.DoctorOptions{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	file := "'" + filepath.ToSlash(filepath.Join(keys, "inspur-bot.asc")) + "'"
	i := slices.IndexFunc(list, func(c desk.Condition) bool { return c.What == "secret DOCKET_BOT_KEY" })
	if i < 0 || !strings.Contains(list[i].Do, "echo '== inspur-bot.asc'; cat "+file) || !strings.HasSuffix(list[i].Do, "| gh secret set DOCKET_BOT_KEY --env bot --repo OWNER/REPO") {
		t.Errorf("%+v", list)
	}
}

// TestSecretsAreTheWorkflows holds doctor's list to what the workflows use.
func TestSecretsAreTheWorkflows(t *testing.T) {
	t.Parallel()
	uses := regexp.MustCompile(`secrets\.([A-Z_]+)`)
	in := regexp.MustCompile(`(?m)^    environment: ([a-z]+)`)
	want := map[string]bool{}
	for name, raw := range desk.Workflows() {
		for _, m := range uses.FindAllSubmatch(raw, -1) {
			e := in.FindSubmatch(raw)
			if e == nil {
				t.Fatalf("%s uses a secret of no environment", name)
			}
			want[string(e[1])+" "+string(m[1])] = true
		}
	}
	got := map[string]bool{}
	for _, s := range desk.SecretNames() {
		got[s] = true
		if !want[s] {
			t.Errorf("no workflow uses %s", s)
		}
	}
	for s := range want {
		if !got[s] {
			t.Errorf("doctor does not know %s", s)
		}
	}
}

// TestConnectRefuses: nothing is pushed to where it does not belong.
func TestConnectRefuses(t *testing.T) {
	t.Parallel()
	h := newHosted(t)
	other := newHosted(t)
	other.hub, other.admin = h.hub, h.admin
	for _, c := range []struct{ repo, why string }{{"acme/nothing", "no repository"}, {"no repository", "OWNER/REPO"}, {"../..", "OWNER/REPO"}} {
		if _, err := desk.Connect(t.Context(), h.dir, c.repo, desk.Options{Forge: h.admin}); err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %v", c.repo, err)
		}
	}
	if _, err := h.connect(); err != nil {
		t.Fatal(err)
	}
	if _, err := other.connect(); err == nil || !strings.Contains(err.Error(), "is not this repository's main") {
		t.Errorf("another repository's main was taken: %v", err)
	}
	out, err := exec.Command("git", "-C", h.hub.Dir(), "for-each-ref", "--format=%(objectname)").Output()
	if err != nil || strings.TrimSpace(string(out)) != h.root {
		t.Errorf("refs are %s, %v", out, err)
	}
}

// TestReleasePin: only checksums of that release, with the binary that the
// workflows run, are pinned.
func TestReleasePin(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ version, sums string }{
		{"v1.2.3", ""}, {"", sums}, {"1.2.3", sums}, {"v1.2.3; true", sums}, {"v1.2.3", "version v1.2.4\n" + sums},
		{"v1.2.3", strings.Replace(sums, "linux", "plan9", 1)}, {"v1.2.3", strings.Replace(sums, "1  docket", "  docket", 1)},
	} {
		_, err := desk.Init(filepath.Join(t.TempDir(), "r"), desk.InitOptions{Programs: []string{"ingroupe"}, Team: []string{"lead"}, Keys: filepath.Join(t.TempDir(), "k"), Release: c.version, ReleaseSums: []byte(c.sums)})
		if err == nil {
			t.Errorf("%q with %q was pinned", c.version, c.sums)
		}
	}
}

// TestWorkflowsAreProposed: a lead brings workflows of another version up to
// date through a pull request, and doctor tells until they are.
func TestWorkflowsAreProposed(t *testing.T) {
	t.Parallel()
	h := newHosted(t)
	h.setUp()
	d := h.open(h.admin)
	if p, err := d.ProposeWorkflows(t.Context(), "", nil); err != nil || p != nil {
		t.Fatalf("all is there, and this was proposed: %+v, %v", p, err)
	}
	p, err := d.ProposeWorkflows(t.Context(), "v1.3.0", []byte(sums))
	if err != nil || p == nil || p.Number == 0 || p.Merged {
		t.Fatalf("%+v, %v", p, err)
	}
	out, err := exec.Command("git", "-C", h.hub.Dir(), "show", "program/ingroupe:.github/actions/docket/release").Output()
	if err != nil || !strings.Contains(string(out), "\nversion v1.3.0\n") {
		t.Errorf("%s, %v", out, err)
	}
}

// TestRootThatDiffers: another trust root on GitHub is told, and never
// overwritten.
func TestRootThatDiffers(t *testing.T) {
	t.Parallel()
	h := newHosted(t)
	h.setUp()
	g, err := forge.NewGitHub(forge.GitHubOptions{API: h.hub.API(), Repo: "acme/cases", Auth: forge.GitHubAuth{Token: h.admin.Token}})
	if err != nil {
		t.Fatal(err)
	}
	other := strings.Repeat("ab", 20)
	if _, err := g.Admin("").SetVariable(t.Context(), "DOCKET_ROOT", other); err != nil {
		t.Fatal(err)
	}
	h.setUp()
	if got := h.missing(h.open(h.admin), desk.DoctorOptions{}); !slices.Contains(got, "variable DOCKET_ROOT") {
		t.Errorf("doctor says %v", got)
	}
	if have, err := g.Admin("").Variables(t.Context(), ""); err != nil || have["DOCKET_ROOT"] != other {
		t.Errorf("%v, %v", have, err)
	}
}

// TestOpenProposalsGoAlong: what is open on the local forge is a branch, and
// goes to GitHub with the others; one that is gone there is not pushed again.
func TestOpenProposalsGoAlong(t *testing.T) {
	t.Parallel()
	h := newHosted(t)
	local := h.open(desk.ForgeOptions{})
	id, err := local.OpenCase(t.Context(), "", map[string]any{"title": "Found by ourselves"})
	if err != nil {
		t.Fatal(err)
	}
	git := func(args ...string) string {
		out, err := exec.Command("git", append([]string{"-C", h.dir}, args...)...).Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(out))
	}
	branch := "case/" + string(id) + "/next"
	git("update-ref", "refs/heads/"+branch, "main")
	done, err := h.connect()
	if err != nil || !slices.Contains(done, "branch "+branch) || !slices.Contains(done, "branch main") {
		t.Fatalf("%v, %v", done, err)
	}
	if out, err := exec.Command("git", "-C", h.hub.Dir(), "update-ref", "-d", "refs/heads/"+branch).CombinedOutput(); err != nil {
		t.Fatalf("%s", out)
	}
	if done, err := h.connect(); err != nil || len(done) != 0 {
		t.Errorf("again: %v, %v", done, err)
	}
	if rows, err := h.open(h.admin).List(desk.Filter{}); err != nil || len(rows) != 1 || rows[0].ID != id {
		t.Errorf("%+v, %v", rows, err)
	}
}
