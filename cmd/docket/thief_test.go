package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/docket-psirt/docket/internal/peer"
)

// TestStolenDeliver takes exactly the secrets of the environment "deliver" and
// tries stock gpg on every OpenPGP message that any commit ever held. A thief
// gets addresses, keys and the templates' texts, and can sign as the team; no
// report, no mail and no word of an analyst.
func TestStolenDeliver(t *testing.T) {
	t.Parallel()
	peer.Need(t, "gpg")
	peer.Need(t, "git")
	b := benchAt(t, filepath.Join(t.TempDir(), "thief"))
	cmd := exec.Command("docket", "demo", "--dir", b.path("demo"))
	cmd.Env = b.env
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("docket demo: %v\n%s", err, said)
	}
	b.dir = b.path("demo")
	thief, err := b.people.home("the thief", false)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"mailer.asc", "sender.asc"} {
		raw, err := os.ReadFile(b.path("keys/" + secret))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := thief.run(raw, "--import"); err != nil {
			t.Fatal(err)
		}
	}
	// Public keys are in the repository; with them gpg checks what it opens.
	for _, path := range strings.Fields(b.git("ls-tree", "-r", "--name-only", "main", "cases/ingroupe/keys")) {
		if strings.HasSuffix(path, ".asc") {
			_, _, _ = thief.run([]byte(b.git("cat-file", "blob", "main:"+path)), "--import") // the intake hosts' secret is no key
		}
	}
	got := thief.steals(t, b)
	for kind, opens := range map[string]bool{"contact": true, "update": true, "words": false, "sealed": false, "mail": false} {
		if n := got[kind]; n.tried == 0 || opens != (n.opened > 0) || opens && n.opened != n.tried {
			t.Errorf("of %d messages of the kind %s the thief opens %d", n.tried, kind, n.opened)
		}
	}
	if _, status, err := thief.run([]byte("we are the team\n"), "--clearsign"); err != nil || !strings.Contains(status, "SIG_CREATED") {
		t.Errorf("a thief of the sender's key can sign, and this test does not see it: %v", err)
	}
}

// loot counts messages of one kind.
type loot struct{ tried, opened int }

var armored = regexp.MustCompile(`(?s)-----BEGIN PGP MESSAGE-----.*?-----END PGP MESSAGE-----`)

// steals tries every message of every blob of the history.
func (g *gnupg) steals(t *testing.T, b *bench) map[string]loot {
	t.Helper()
	got := map[string]loot{}
	try := func(kind string, message []byte) []byte {
		n := got[kind]
		n.tried++
		plain, _, err := g.run(message, "--decrypt")
		if err == nil {
			n.opened++
		}
		got[kind] = n
		return plain
	}
	for _, line := range strings.Split(strings.TrimSpace(b.git("rev-list", "--objects", "--all")), "\n") {
		blob, path, _ := strings.Cut(line, " ")
		switch {
		case strings.HasSuffix(path, ".pgp"):
			try("mail", []byte(b.git("cat-file", "blob", blob)))
		case strings.HasSuffix(path, ".asc") && strings.Contains(path, "/update-"):
			try("words", inner(t, try("update", []byte(b.git("cat-file", "blob", blob)))))
		case strings.HasPrefix(path, "cases/") && strings.HasSuffix(path, ".yaml"):
			parts := armored.FindAll([]byte(strings.ReplaceAll(b.git("cat-file", "blob", blob), "\n  ", "\n")), -1)
			if len(parts) == 2 { // a case file; contact comes first
				try("contact", parts[0])
				try("sealed", parts[1])
			}
		}
	}
	return got
}

// inner is the message that the reporter gets, out of the mailer's layer.
func inner(t *testing.T, plain []byte) []byte {
	t.Helper()
	var layer map[string]any
	if err := json.Unmarshal(bytes.TrimSpace(plain), &layer); err != nil {
		t.Fatal(fmt.Errorf("the mailer's layer is no JSON: %w", err))
	}
	for _, v := range layer {
		if s, ok := v.(string); ok && strings.Contains(s, "BEGIN PGP MESSAGE") {
			return []byte(s)
		}
	}
	t.Fatal("the mailer's layer holds no message")
	return nil
}
