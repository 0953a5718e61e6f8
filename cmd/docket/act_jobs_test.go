package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docket-psirt/docket/internal/peer"
)

// TestActInstall: the action runs the release that is pinned, and nothing else.
func TestActInstall(t *testing.T) {
	t.Parallel()
	peer.Need(t, "act")
	b := newBench(t)
	r := newRunner(t, b.path("cases.git"))
	good := "version v0.1.0\n" + r.releases.sum + "  " + r.releases.asset + "\n"
	if said := r.runs("schedule", "docket-audit.yml", nil); !strings.Contains(said, "Audit: no findings") {
		t.Errorf("the audit says:\n%s", said)
	}
	if asked := r.releases.asks(); len(asked) != 1 {
		t.Errorf("asked for %q", asked)
	}
	page, err := os.ReadFile(filepath.Join(r.kept, "audit", "audit.html"))
	if err != nil || !strings.Contains(string(page), "<html") {
		t.Errorf("the page was not kept: %v, %.100s", err, page)
	}

	// Nothing is fetched, far less run, where nothing is pinned, or not well.
	other := strings.Repeat("0", 64) + "  docket-plan9-mips\n"
	for _, bad := range []struct{ pin, why string }{
		{"# nothing yet\n", "No release is pinned"},
		{good + "version v0.1.1\n", "one line with a version"},
		{strings.Replace(good, "v0.1.0", "main/../v0.1.0", 1), "one line with a version"},
		{"version v0.1.0\n" + other, "one line with the SHA-256 of " + r.releases.asset},
		{good + strings.Repeat("0", 64) + "  " + r.releases.asset + "\n", "one line with the SHA-256"},
		{strings.Replace(good, r.releases.sum, r.releases.sum[:40], 1), "one line with the SHA-256"},
	} {
		r.pin(bad.pin)
		r.fails("schedule", "docket-audit.yml", bad.why)
		if asked := r.releases.asks(); len(asked) != 0 {
			t.Errorf("with %q pinned it asked for %q", bad.pin, asked)
		}
	}
	r.pin(strings.Replace(good, "v0.1.0", "v0.1.1", 1))
	r.fails("schedule", "docket-audit.yml", "could not be fetched")

	// Somebody put another binary into the release.
	mark := filepath.Join(r.kept, "it-ran")
	r.releases.serve = []byte("#!/bin/sh\ntouch '" + mark + "'\n")
	r.pin(strings.ReplaceAll(good, "\n", "\r\n"))
	r.fails("schedule", "docket-audit.yml", "It was not run")
	if _, err := os.Stat(mark); err == nil {
		t.Error("what was fetched ran before its checksum was held against the pin")
	}
}

// TestActBuilds: where the repository holds Docket's source, that is built.
func TestActBuilds(t *testing.T) {
	t.Parallel()
	peer.Need(t, "act")
	b := newBench(t)
	r := newRunner(t, b.path("cases.git"))
	r.pin("# nothing\n")
	copySource(t, filepath.Join(builtSource(t), "here"), r.checkout)
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOFLAGS", "GOPROXY", "GOTOOLCHAIN"} {
		r.env[name] = goEnv(t, name)
	}
	r.env["CGO_ENABLED"] = "0" // as a release has it: its packages are compiled
	if said := r.runs("schedule", "docket-audit.yml", nil); !strings.Contains(said, "docket (devel)") || !strings.Contains(said, "Audit: no findings") {
		t.Errorf("the job says:\n%s", said)
	}
	if asked := r.releases.asks(); len(asked) != 0 {
		t.Errorf("asked for %q", asked)
	}
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command(peer.Need(t, "go"), "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// copySource copies what is needed to build Docket from one directory to another.
func copySource(t *testing.T, from, to string) {
	t.Helper()
	for _, name := range []string{"go.mod", "go.sum", "cmd", "internal", "schema", ".ci"} {
		err := filepath.WalkDir(filepath.Join(from, name), func(path string, e os.DirEntry, err error) error {
			if err != nil || strings.HasSuffix(path, "_test.go") {
				return err
			}
			if e.IsDir() {
				if e.Name() == "testdata" {
					return filepath.SkipDir
				}
				return nil
			}
			raw, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			rel, err := filepath.Rel(from, path)
			if err != nil {
				return err
			}
			target := filepath.Join(to, rel)
			if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
				return err
			}
			return os.WriteFile(target, raw, 0o700)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestActAudit: a finding fails the job, and the page is kept nevertheless.
func TestActAudit(t *testing.T) {
	t.Parallel()
	peer.Need(t, "act")
	b := newBench(t)
	tree := strings.TrimSpace(b.git("rev-parse", "main^{tree}"))
	by := []string{"GIT_AUTHOR_NAME=x", "GIT_AUTHOR_EMAIL=x@example.org", "GIT_COMMITTER_NAME=x", "GIT_COMMITTER_EMAIL=x@example.org"}
	commit := strings.TrimSpace(string(b.gitWith([]byte("not signed\n"), by, "commit-tree", tree, "-p", "main")))
	root := strings.TrimSpace(b.git("rev-parse", "main"))
	b.git("update-ref", "refs/heads/main", commit)
	r := newRunner(t, b.path("cases.git"))
	r.fails("schedule", "docket-audit.yml", "exit status 3")
	if _, err := os.Stat(filepath.Join(r.kept, "audit", "audit.html")); err != nil {
		t.Errorf("the page was not kept: %v", err)
	}
	// The trust root comes from a variable.
	b.git("update-ref", "refs/heads/main", root)
	r = newRunner(t, b.path("cases.git"))
	r.vars["DOCKET_ROOT"] = root
	r.runs("workflow_dispatch", "docket-audit.yml", map[string]any{"ref": "refs/heads/main"})
	r.vars["DOCKET_ROOT"] = strings.Repeat("1", 40)
	r.fails("schedule", "docket-audit.yml", "Failure - Main Audit")
}

// TestActIntake: mail is taken in on a machine of one's own, and on no other.
func TestActIntake(t *testing.T) {
	t.Parallel()
	peer.Need(t, "act")
	b := newBench(t)
	for _, d := range []string{"box/new", "box/cur", "box/tmp"} {
		if err := os.MkdirAll(b.path(d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	b.mail("box/new/1", "From: reporter@example.org\nTo: psirt@ingroupe.com\nSubject: Gate\nMessage-ID: <1@example.org>\n\nProduct: gate\nDescription: it opens.\n",
		outgoing{sign: true, attachKey: true})
	r := newRunner(t, b.path("cases.git"))
	r.env["DOCKET_KEYS"], r.env["DOCKET_INTAKE_MAILDIR"] = b.path("keys"), b.path("box")
	for _, where := range []string{"github-hosted", ""} {
		r.env["RUNNER_ENVIRONMENT"] = where
		said := r.fails("schedule", "docket-intake.yml", "must never be on GitHub")
		if strings.Contains(said, "Main Install docket") || strings.Contains(said, "Main Take mail in") {
			t.Errorf("on a machine that is %q it went on:\n%s", where, said)
		}
	}
	if out := b.as("lead", "list"); strings.Contains(out, "INGP") {
		t.Fatalf("mail was taken in there:\n%s", out)
	}
	r.env["RUNNER_ENVIRONMENT"] = "self-hosted"
	r.runs("schedule", "docket-intake.yml", nil)
	if out := b.as("lead", "list"); !strings.Contains(out, caseNumber(1)) {
		t.Errorf("the list is:\n%s", out)
	}
}

// TestActDeliver: a push to main sends what was approved, through a real mail
// server, and a second run sends nothing.
func TestActDeliver(t *testing.T) {
	t.Parallel()
	peer.Need(t, "act")
	server := peer.Postfix(t)
	b := newBench(t)
	b.as("lead", "intake", b.mail("m.eml", "From: reporter@example.org\nTo: psirt@ingroupe.com\nSubject: Gate\nMessage-ID: <1@example.org>\n\nProduct: gate\nDescription: it opens.\n",
		outgoing{sign: true, attachKey: true}))
	r := newRunner(t, b.path("cases.git"))
	for _, name := range []string{"mailer", "sender"} {
		raw, err := os.ReadFile(b.path("keys/" + name + ".asc"))
		if err != nil {
			t.Fatal(err)
		}
		r.secrets["DOCKET_"+strings.ToUpper(name)+"_KEY"] = string(raw)
	}
	ca, err := os.ReadFile(server.CA)
	if err != nil {
		t.Fatal(err)
	}
	r.secrets["DOCKET_SMTP_PASSWORD"] = peer.Password
	r.vars["DOCKET_SMTP_URL"], r.vars["DOCKET_SMTP_CA"] = "smtp://psirt@"+server.Address["scram-sha-256"], string(ca)
	push := map[string]any{"ref": "refs/heads/main", "repository": map[string]any{"default_branch": "main"}}
	if said := r.runs("push", "docket-deliver.yml", push); !strings.Contains(said, caseNumber(1)+": update 1 (acknowledge): sent") {
		t.Errorf("deliver says:\n%s", said)
	}
	peer.Await(t, "the mail", func() bool {
		list, err := maildir(server.Box, "reporter@example.org")
		return err == nil && len(list) == 1
	})
	list, err := maildir(server.Box, "reporter@example.org")
	if err != nil {
		t.Fatal(err)
	}
	g, err := b.people.home("reporter@example.org", true)
	if err != nil {
		t.Fatal(err)
	}
	if _, text, err := g.opens(list[0], b.psirt); err != nil || !strings.Contains(text, caseNumber(1)) {
		t.Errorf("the reporter reads %q, %v", text, err)
	}
	if said := r.runs("schedule", "docket-deliver.yml", nil); !strings.Contains(said, "Nothing waits to be delivered") {
		t.Errorf("a second run says:\n%s", said)
	}
	delete(r.secrets, "DOCKET_SENDER_KEY")
	r.fails("schedule", "docket-deliver.yml", "DOCKET_SENDER_KEY is not set")
}

// TestActLabels: labels that ask for nothing start nothing.
func TestActLabels(t *testing.T) {
	t.Parallel()
	peer.Need(t, "act")
	b := newBench(t)
	r := newRunner(t, b.path("cases.git"))
	label := func(name string) map[string]any {
		return map[string]any{"action": "labeled", "label": map[string]any{"name": name}, "issue": map[string]any{"number": 1},
			"repository": map[string]any{"default_branch": "main", "full_name": "acme/cases"}}
	}
	for _, name := range []string{"state/received", "program/ingroupe", "bug", "remove/close/", "move", "$(touch it-ran)"} {
		if said, ok := r.run("issues", "docket-label.yml", label(name)); !ok || strings.Contains(said, "Install docket") {
			t.Errorf("the label %q started something, %v:\n%s", name, ok, said)
		}
	}
	for _, name := range []string{"move/evaluating", "close/spam"} {
		// Without its secrets it says so; that it started is what counts here.
		said, ok := r.run("issues", "docket-label.yml", label(name))
		if ok || !strings.Contains(said, "DOCKET_APP_KEY is not set") {
			t.Errorf("the label %q did not start the bot:\n%s", name, said)
		}
	}
	// In the project itself no case is handled.
	r.env["GITHUB_REPOSITORY"] = "docket-psirt/docket"
	if said, ok := r.run("issues", "docket-label.yml", label("move/evaluating")); !ok || strings.Contains(said, "Install docket") {
		t.Errorf("it runs in the project itself:\n%s", said)
	}
}

// TestActReview: the workflow of a review does nothing, with nothing.
func TestActReview(t *testing.T) {
	t.Parallel()
	peer.Need(t, "act")
	b := newBench(t)
	r := newRunner(t, b.path("cases.git"))
	r.runs("pull_request_review", "docket-review.yml", map[string]any{"action": "submitted", "number": 1})
}

// TestActKeys: secrets of several programmes, each with the name of its file, and
// a name that would leave the directory.
func TestActKeys(t *testing.T) {
	t.Parallel()
	bash := peer.Need(t, "bash")
	dir := t.TempDir()
	script := `. ../../.github/actions/docket/keys
keep ONE bot.asc
keep MANY bot.asc
keep_if_set NONE passphrase PASS_FILE
keep PASSWORD password PASS_FILE
[ -z "${ONE+set}${MANY+set}${PASSWORD+set}${NONE+set}" ] || echo "still in the environment"
cd "$DOCKET_KEYS"; for f in *; do echo "$f: $(tr '\n' ' ' <"$f")"; done; stat -c '%a %n' . * 2>/dev/null || true; echo "${PASS_FILE##*/}"
exit 7`
	run := func(script string, env ...string) (string, int) {
		cmd := exec.Command(bash, "--noprofile", "--norc", "-eo", "pipefail", "-c", script)
		cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "RUNNER_TEMP=" + dir}, env...)
		out, err := cmd.CombinedOutput()
		if left, globErr := filepath.Glob(filepath.Join(dir, "*")); globErr != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, globErr)
		}
		if _, isExit := err.(*exec.ExitError); err != nil && !isExit {
			t.Fatal(err)
		}
		return string(out), cmd.ProcessState.ExitCode()
	}
	out, code := run(script, "ONE=first\r\nkey\r\n", "MANY== == ingroupe-bot.asc", "PASSWORD=p w*")
	if code != 7 || !strings.Contains(out, "bot.asc: first key ") || !strings.Contains(out, "password: p w* ") || !strings.HasSuffix(out, "password\n") || strings.Contains(out, "still") {
		t.Errorf("code %d:\n%s", code, out)
	}
	out, code = run(script, "ONE=1", "MANY=== ingroupe-bot.asc\nA\nB\n== inspur-bot.asc\nC", "PASSWORD=p")
	for _, want := range []string{"ingroupe-bot.asc: A B ", "inspur-bot.asc: C ", "bot.asc: 1 ", "700 .", "600 inspur-bot.asc"} {
		if code != 7 || !strings.Contains(out, want) {
			t.Errorf("code %d, no %q:\n%s", code, want, out)
		}
	}
	for _, bad := range []struct{ env, want string }{{"ONE=== ../out\nx", "outside of its directory"}, {"ONE=", "ONE is not set"}, {"TWO=x", "ONE is not set"}} {
		if out, code := run(script, bad.env, "MANY=x", "PASSWORD=x"); code != 1 || !strings.Contains(out, bad.want) {
			t.Errorf("%s: code %d:\n%s", bad.env, code, out)
		}
	}
}
