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

// restorePage is what a person follows when all else is lost.
const restorePage = "../../.github/RESTORE.md"

var shellBlock = regexp.MustCompile("(?ms)^```sh\n(.*?)^```$")

// TestRestore follows the page on restoring, word for word, with nothing but a
// copy of the repository and the escrow key: every report, mail and update in
// own words is opened, first with stock tools, then with Docket (IM-01).
func TestRestore(t *testing.T) {
	t.Parallel()
	peer.Need(t, "gpg")
	peer.Need(t, "git")
	sh := peer.Need(t, "sh")
	told := benchAt(t, filepath.Join(t.TempDir(), "told"))
	cmd := exec.Command("docket", "demo", "--dir", told.path("demo"))
	cmd.Env = told.env
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("docket demo: %v\n%s", err, said)
	}

	page, err := os.ReadFile(restorePage)
	if err != nil {
		t.Fatal(err)
	}
	blocks := shellBlock.FindAllSubmatch(page, -1)
	if len(blocks) < 6 {
		t.Fatalf("the page has only %d blocks of commands", len(blocks))
	}
	var script strings.Builder
	script.WriteString("set -eu\n")
	for i, b := range blocks {
		fmt.Fprintf(&script, "echo \"block %d\" >&2\n%s", i+1, b[1])
	}

	// A new machine: nothing is there but the two things. Its path is short,
	// as the page asks.
	dir, err := os.MkdirTemp("", "rs")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = exec.Command("gpgconf", "--homedir", filepath.Join(dir, "gnupg"), "--kill", "all").Run() // none may run
		_ = os.RemoveAll(dir)
	})
	b := &bench{t: t, dir: dir, env: append(benchAt(t, filepath.Join(dir, "m")).env,
		"REPO="+filepath.Join(dir, "backup.git"), "ESCROW="+filepath.Join(dir, "escrow.asc"))}
	if out, err := exec.Command("cp", "-R", told.path("demo/cases.git"), b.path("backup.git")).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	key, err := os.ReadFile(told.path("demo/keys/escrow.asc"))
	if err != nil {
		t.Fatal(err)
	}
	b.write("escrow.asc", string(key))
	cmd = exec.Command(sh)
	cmd.Dir, cmd.Env, cmd.Stdin = dir, b.env, strings.NewReader(script.String())
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out.String(), errs.String())
	}
	restoredByHand(t, b, errs.String())
	restoredByDocket(t, b, out.String())
}

// restoredByHand holds what gpg opened against what Docket shows to an analyst
// who has lost nothing.
func restoredByHand(t *testing.T, b *bench, said string) {
	if strings.Contains(said, "BAD signature") || strings.Contains(said, "No public key") {
		t.Errorf("gpg doubts a signature:\n%s", said)
	}
	var files []string
	for _, name := range b.files("restored") {
		rel, err := filepath.Rel(b.path("restored"), name)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, filepath.ToSlash(rel))
	}
	all := strings.Join(files, "\n")
	for n := 1; n <= 3; n++ {
		raw, err := os.ReadFile(b.path("restored/" + caseNumber(n) + "/report.json"))
		var report map[string]any
		if err == nil {
			err = json.Unmarshal(raw, &report)
		}
		if err != nil || report["title"] == nil || report["id"] != caseNumber(n) {
			t.Errorf("report of %s: %v, %.200s", caseNumber(n), err, raw)
		}
	}
	// Every sealed file of the repository has been opened to something.
	sealed := 0
	for _, name := range b.files("archive/cases") {
		ending := map[string]string{".pgp": ".eml", ".asc": ".mime"}[filepath.Ext(name)]
		base := strings.TrimSuffix(filepath.Base(name), filepath.Ext(name))
		if !strings.HasPrefix(base, "mail-") && !strings.HasPrefix(base, "update-") || ending == "" {
			continue
		}
		sealed++
		opened := filepath.Base(filepath.Dir(name)) + "/" + base + ending
		info, err := os.Stat(b.path("restored/" + opened))
		if err != nil || info.Size() == 0 {
			t.Errorf("%s was not opened: %v\nthere is\n%s", name, err, all)
		}
	}
	if sealed < 5 {
		t.Errorf("only %d sealed files beside the cases", sealed)
	}
	for name, want := range map[string]string{
		"1/mail-1.mime": "PIN retry counter", "2/mail-2.mime": "Session Agent", "2/update-2.mime": "Which card software",
	} {
		n, rest, _ := strings.Cut(name, "/")
		raw, err := os.ReadFile(b.path("restored/" + caseNumber(int(n[0]-'0')) + "/" + rest))
		if err != nil || !bytes.Contains(raw, []byte(want)) {
			t.Errorf("%s: %v, no %q in it:\n%.2000s", name, err, want, raw)
		}
	}
	raw, err := os.ReadFile(b.path("restored/intake-secret"))
	if err != nil || len(raw) < 32 {
		t.Errorf("the intake hosts' secret: %d bytes, %v", len(raw), err)
	}
}

// restoredByDocket holds what Docket said with the escrow key, and that the new
// repository has all cases again.
func restoredByDocket(t *testing.T, b *bench, said string) {
	for _, want := range []string{"PIN retry counter", "Which card software", "Product: CardWeave Session Agent", "Audit: no findings"} {
		if !strings.Contains(said, want) {
			t.Errorf("docket did not say %q:\n%s", want, said)
		}
	}
	b.env = append(b.env, "DOCKET_KEYS="+b.path("new-keys"), "DOCKET_AS=eli")
	cmd := exec.Command("docket", "-C", "new.git", "list")
	cmd.Dir, cmd.Env = b.dir, b.env
	list, err := cmd.CombinedOutput()
	if err != nil || bytes.Count(list, []byte("INGP-")) != 4 || !bytes.Contains(list, []byte("PIN retry counter")) {
		t.Errorf("the new repository: %v\n%s", err, list)
	}
}
