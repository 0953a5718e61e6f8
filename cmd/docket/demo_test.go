package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/peer"
)

// TestDemo: what docket demo leaves is sound to stock git and stock gpg. It
// shows from the outside: IG-29 (the process), IG-30 and IG-36 (the reporter is
// told, encrypted and signed), IG-17 (all mail is encrypted).
func TestDemo(t *testing.T) {
	t.Parallel()
	peer.Need(t, "gpg")
	peer.Need(t, "git")
	b := benchAt(t, filepath.Join(t.TempDir(), "demo"))
	cmd := exec.Command("docket", "demo", "--dir", b.path("left"))
	cmd.Env = b.env
	said, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("docket demo: %v\n%s", err, said)
	}
	// From here on the case repository is the demo's.
	b.dir = b.path("left")
	t.Run("told honestly", func(t *testing.T) { demoTold(t, string(said)) })
	t.Run("fsck", func(t *testing.T) {
		if out := b.git("fsck", "--full", "--strict"); strings.TrimSpace(out) != "" {
			t.Errorf("git fsck says:\n%s", out)
		}
	})
	team := demoTeam(t, b)
	t.Run("trailers", func(t *testing.T) { demoTrailers(t, b) })
	t.Run("commits", func(t *testing.T) { demoCommits(t, b, team) })
	t.Run("case files", func(t *testing.T) { demoCaseFiles(t, b, team) })
	t.Run("inboxes", func(t *testing.T) { demoInboxes(t, b) })
	t.Run("audit", func(t *testing.T) { demoAudit(t, b) })
}

func demoTold(t *testing.T, said string) {
	for _, want := range []string{"$ docket init", "$ docket intake", "known", "exit code 3", "$ docket --as ben approve",
		"reads, decrypted: The retry counter is fixed", "0001  evaluating  PIN retry counter",
		"Audit: no findings", "Look around in"} {
		if !strings.Contains(said, want) {
			t.Errorf("the demo does not show %q", want)
		}
	}
	if strings.Contains(said, "PRIVATE KEY") {
		t.Error("the demo shows a secret key")
	}
}

// demoTeam is a GnuPG home that knows the team's public keys.
func demoTeam(t *testing.T, b *bench) *gnupg {
	t.Helper()
	g, err := b.people.home("the team", false)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ada", "ben", "bot", "mailer", "intake"} {
		if _, err := g.imports([]byte(b.docket(exitDone, "keys", "show", name))); err != nil {
			t.Fatal(err)
		}
	}
	return g
}

// demoTrailers: the story, as stock git tells it.
func demoTrailers(t *testing.T, b *bench) {
	story := b.git("log", "--reverse", "--no-merges", "--format=%(trailers:unfold)", "main")
	id := caseNumber(1)
	at := 0
	for _, want := range []string{
		"Case: " + id + "\nMove: received\nRevision: 1\nUpdate: 1 acknowledge",
		"Move: received to evaluating\nRequested-by: ada",
		"Approves: sha256:",
		"Edit: assessment, priority",
		"Move: evaluating to solving",
		"Move: communicating to closed (fixed)",
	} {
		for _, line := range strings.Split(want, "\n") {
			i := strings.Index(story[at:], line)
			if i < 0 {
				t.Fatalf("after %d bytes of the trailers there is no %q:\n%s", at, line, story)
			}
		}
		at += strings.Index(story[at:], strings.Split(want, "\n")[len(strings.Split(want, "\n"))-1])
	}
	// Moves are counted once: merge commits name the case, and nothing else.
	for _, line := range strings.Split(b.git("log", "--merges", "--format=%(trailers:unfold)", "main"), "\n") {
		if line != "" && !strings.HasPrefix(line, "Case: ") {
			t.Errorf("a merge commit has the trailer %q", line)
		}
	}
	if receipts := b.git("log", "--format=%(trailers:unfold)", "deliveries"); !strings.Contains(receipts, "Receipt: 1 sent") {
		t.Errorf("the trailers of deliveries tell of no receipt:\n%s", receipts)
	}
}

// demoCommits: git verify-commit accepts every commit of every branch.
func demoCommits(t *testing.T, b *bench, team *gnupg) {
	env := []string{"GNUPGHOME=" + team.home}
	commits := strings.Fields(b.git("rev-list", "--branches"))
	if len(commits) < 40 {
		t.Fatalf("only %d commits", len(commits))
	}
	b.gitWith(nil, env, append([]string{"verify-commit"}, commits...)...)
	// It would not accept one without a signature.
	bare := strings.TrimSpace(b.gitWith(nil, []string{"GIT_AUTHOR_NAME=x", "GIT_AUTHOR_EMAIL=x@x", "GIT_COMMITTER_NAME=x", "GIT_COMMITTER_EMAIL=x@x"},
		"commit-tree", "-m", "x", "main^{tree}"))
	cmd := exec.Command("git", "--git-dir", b.path("cases.git"), "verify-commit", bare)
	cmd.Env = append(b.env, env...)
	if cmd.Run() == nil {
		t.Error("git verify-commit accepts a commit without a signature")
	}
}

// demoCaseFiles: the one line by which anybody checks a revision by hand.
func demoCaseFiles(t *testing.T, b *bench, team *gnupg) {
	bash := peer.Need(t, "bash")
	for n := 1; n <= 4; n++ {
		id := caseNumber(n)
		file := b.git("show", fmt.Sprintf("main:cases/ingroupe/%s/00/%s.yaml", id[5:9], id))
		for _, c := range []struct {
			text string
			good bool
		}{{file, true}, {strings.Replace(file, "state: ", "state: not-", 1), false}} {
			name := b.path(fmt.Sprintf("F%d", n))
			if err := os.WriteFile(name, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(bash, "-c", `gpg --verify <(sed '1,/^signature:/d;s/^  //' "$F") <(sed '/^signature:/,$d' "$F")`)
			cmd.Env = append(b.env, "GNUPGHOME="+team.home, "F="+name)
			out, err := cmd.CombinedOutput()
			if (err == nil && bytes.Contains(out, []byte("Good signature"))) != c.good {
				t.Errorf("%s: gpg --verify (want good: %v): %v\n%s", id, c.good, err, out)
			}
		}
	}
}

// demoInboxes: every mail in every reporter's inbox opens with gpg and that
// reporter's key, with a good signature of the published certificate.
func demoInboxes(t *testing.T, b *bench) {
	published := []byte(b.docket(exitDone, "keys", "show", "intake"))
	reporters, err := os.ReadDir(b.path("reporters"))
	if err != nil || len(reporters) != 4 {
		t.Fatalf("%d reporters: %v", len(reporters), err)
	}
	for _, r := range reporters {
		g, err := b.people.home(r.Name(), false)
		if err != nil {
			t.Fatal(err)
		}
		key, err := os.ReadFile(b.path("reporters/" + r.Name() + "/key.asc"))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := g.run(key, "--import"); err != nil {
			t.Fatal(err)
		}
		list, err := maildir(b.path("reporters/"+r.Name()+"/inbox"), "")
		if err != nil || len(list) < 2 {
			t.Fatalf("%s has %d mails: %v", r.Name(), len(list), err)
		}
		for _, d := range list {
			subject, text, err := g.opens(d, published)
			if err != nil {
				t.Errorf("%s: %v", r.Name(), err)
				continue
			}
			if !caseIDForm.MatchString(d.subject) || len(d.subject) > 20 || subject == "" || len(text) < 80 {
				t.Errorf("%s: outside it says %q, inside %q and %q", r.Name(), d.subject, subject, text)
			}
			if !strings.HasSuffix(d.to, "@example.org") && !strings.HasSuffix(d.to, "@example.net") && !strings.HasSuffix(d.to, "@example.com") {
				t.Errorf("%s: a mail to %s", r.Name(), d.to)
			}
		}
		// Another reporter's key does not open it.
		if stranger, err := b.people.home("stranger@example.org", true); err != nil {
			t.Fatal(err)
		} else if _, _, err := stranger.opens(list[0], published); err == nil {
			t.Errorf("%s: a stranger opens the mail", r.Name())
		}
	}
}

// demoAudit: without any key, the audit has nothing to say, and the page that
// the demo leaves is there.
func demoAudit(t *testing.T, b *bench) {
	out := b.docket(exitDone, "audit", "--no-memory")
	if !strings.Contains(out, "no findings") || !strings.Contains(out, "main has 4 cases") {
		t.Errorf("the audit says:\n%s", out)
	}
	page, err := os.ReadFile(b.path("audit.html"))
	if err != nil || !bytes.Contains(page, []byte(caseNumber(1))) || bytes.Contains(page, []byte("<script")) {
		t.Errorf("audit.html has %d bytes: %v", len(page), err)
	}
}

// TestDemoInAnyYear: the cases of the demo bear the year in which it runs, and
// none is named by another one.
func TestDemoInAnyYear(t *testing.T) {
	t.Parallel()
	d := &demo{began: time.Date(2031, 1, 1, 0, 30, 0, 0, time.FixedZone("", 3600))}
	if got := d.id(4); got != "INGP-2030-0004" {
		t.Errorf("at the end of 2030 the fourth case is %s", got)
	}
	files, err := filepath.Glob("demo*.go")
	if err != nil || len(files) < 2 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if found := regexp.MustCompile(`INGP-2[0-9]{3}-000[1-9]`).Find(raw); found != nil && !strings.HasSuffix(name, "_test.go") {
			t.Errorf("%s names %s", name, found)
		}
	}
}
