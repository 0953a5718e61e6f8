package store

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/peer"
)

// TestSignedCommits signs with gpg what git then verifies, and reads what git
// signed with gpg.
func TestSignedCommits(t *testing.T) {
	t.Parallel()
	gpg := peer.Need(t, "gpg")
	home, err := os.MkdirTemp("", "gpg") // short: the agent's socket is in it
	if err != nil {
		t.Fatal(err)
	}
	env := append(gitEnv(), "GNUPGHOME="+home)
	run := func(dir, in string, name string, args ...string) string {
		t.Helper()
		cmd := exec.Command(name, args...)
		cmd.Env, cmd.Dir, cmd.Stdin = env, dir, strings.NewReader(in)
		out, err := cmd.Output()
		if err != nil {
			var exit *exec.ExitError
			if errors.As(err, &exit) {
				out = exit.Stderr
			}
			t.Fatalf("%s %v: %v\n%s", name, args, err, out)
		}
		return string(out)
	}
	t.Cleanup(func() {
		_ = exec.Command("gpgconf", "--homedir", home, "--kill", "all").Run()
		_ = os.RemoveAll(home)
	})
	run("", "", gpg, "--batch", "--quiet", "--passphrase", "", "--quick-generate-key", "Triage <triage@psirt.example>", "ed25519", "sign", "never")
	r := newRepo(t)
	sign := func(payload []byte) (string, error) {
		return run("", string(payload), gpg, "--batch", "--quiet", "--armor", "--detach-sign", "--comment", "a header"), nil
	}
	b := r.NewBatch()
	h, err := b.Commit(CommitSpec{Author: someone, Committer: someone, Message: "Signed\n\nCase: INGP-2026-0001\n", Sign: sign})
	if err == nil {
		err = r.Publish(t.Context(), b, RefUpdate{Name: mainRef, New: h})
	}
	if err != nil {
		t.Fatal(err)
	}
	run(r.Dir(), "", "git", "verify-commit", "main")
	fsck(t, r.Dir())

	tree := must(r.Commit(h)).Tree.String()
	byGit := strings.TrimSpace(run(r.Dir(), "", "git", "commit-tree", "-Striage@psirt.example", "-m", "By git", "-p", "main", tree))
	for _, h := range []Hash{h, must(ParseHash(byGit))} {
		c := must(r.Commit(h))
		dir := t.TempDir()
		sig := filepath.Join(dir, "sig")
		if err := os.WriteFile(sig, []byte(c.Signature), 0o666); err != nil {
			t.Fatal(err)
		}
		run("", string(c.Payload), gpg, "--batch", "--quiet", "--verify", sig, "-")
		if strings.Contains(string(c.Payload), "gpgsig") || !strings.HasPrefix(string(c.Payload), "tree "+tree) {
			t.Errorf("payload: %s", c.Payload)
		}
	}
}

func TestParseCommit(t *testing.T) {
	t.Parallel()
	const hex = "1111111111111111111111111111111111111111"
	text := "tree " + hex + "\nparent " + hex + "\nparent " + hex + "\nauthor A U. Thor <a@b.c> 1700000000 -0730\n" +
		"committer  <> 99999999999999999999 +0000\nencoding latin1\ngpgsig first\n \n second\nmergetag object x\n kept\n" +
		"gpgsig-sha256 other\n dropped\n\nTitle\n\nbody without LF"
	c, err := parseCommit(Hash{1}, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if c.Signature != "first\n\nsecond\n" || len(c.Parents) != 2 || c.Message != "Title\n\nbody without LF" {
		t.Errorf("%+v", c)
	}
	if c.Author.Name != "A U. Thor" || c.Author.Mail != "a@b.c" || c.Author.When.Format(time.RFC3339) != "2023-11-14T14:43:20-07:30" {
		t.Errorf("author: %+v", c.Author)
	}
	if c.Committer != (Ident{}) {
		t.Errorf("committer: %+v", c.Committer)
	}
	payload := strings.Replace(strings.Replace(text, "gpgsig first\n \n second\n", "", 1), "gpgsig-sha256 other\n dropped\n", "", 1)
	if string(c.Payload) != payload {
		t.Errorf("payload: %q", c.Payload)
	}
	for _, bad := range []string{"", "tree " + hex, "tree " + hex + "\n", "author x\n\n", "tree 11\n\n", "tree git:" + hex + "\n\n",
		"tree " + hex + "\nparent x\n\n", "tree " + hex + "\ntree " + hex + "\n\n"} {
		if _, err := parseCommit(Hash{1}, []byte(bad)); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func FuzzParseCommit(f *testing.F) {
	f.Add([]byte("tree 1111111111111111111111111111111111111111\nauthor a <b> 1 +0000\ngpgsig a\n b\n\nm\n\nCase: x\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parseCommit(Hash{}, data)
		if err != nil {
			return
		}
		if len(c.Payload) > len(data) || !strings.HasSuffix(string(data), c.Message) {
			t.Errorf("payload or message is not part of %q", data)
		}
		c.Trailers()
		if _, _, err := commitLinks(Hash{}, data); err != nil {
			t.Errorf("links: %v", err)
		}
	})
}

// TestTrailersAsGit lets git judge messages of all sorts.
func TestTrailersAsGit(t *testing.T) {
	t.Parallel()
	peer.Need(t, "git")
	messages := []string{
		"Title\n\nCase: A\nMove: B\n",
		"Title\n\nbody\n\nCase: A\nMove: B: C\n\n\n",
		"Case: title only\n",
		"Title\nCase: still title\n",
		"Title\n\nbody\nCase: A\n",
		"Title\n\nCase: A\nnot a trailer\n",
		"Title\n\nSigned-off-by: A\nnot one\nnor this\nnor that\n",
		"Title\n\nSigned-off-by: A\nnot one\nnor this\nnor that\nnor these\n",
		"Title\n\n(cherry picked from commit abc)\nCase: A\n",
		"Title\n\nCase: A\n  goes on\n\tand on\nMove: B\n",
		"Title\n\n  goes on from nothing\nCase: A\n",
		"Title\n\nCase : spaced\nEmpty:\nBad key: x\n",
		"Title\n\nCase : spaced\nEmpty:\n",
		"Title\n\n# comment\nCase: A\n# another\n",
		"Title\n\nCase: A\n \nMove: B\n",
		"Title\n\nCase: A\n---\nMove: B\n",
		"Title\n\n:no key\nCase: A\n",
		"Title\n\nCase: A\nUmlaut-\u00e4: B\n",
		"Title\n\nRequested-by: m.martin\nRequested-by: second\nApproves: sha256:00\n",
		"Title\r\n\r\nCase: A\r\n",
		"\n\nTitle\n\nCase: A\n",
	}
	r := newRepo(t)
	tree := gitIn(t, r.Dir(), nil, "mktree")
	for i, m := range messages {
		h := must(ParseHash(gitIn(t, r.Dir(), fmt.Appendf(nil, "tree %s\nauthor a <b> 1 +0000\ncommitter a <b> 1 +0000\n\n%s", tree, m),
			"hash-object", "-w", "-t", "commit", "--stdin")))
		want := git(t, r.Dir(), "log", "-1", "--format=%(trailers:only,unfold)", h.String())
		var got strings.Builder
		for _, tr := range must(r.Commit(h)).Trailers() {
			fmt.Fprintf(&got, "%s: %s\n", tr.Key, tr.Value)
		}
		if strings.TrimSpace(got.String()) != strings.TrimSpace(want) {
			t.Errorf("message %d %q:\n got %q\nwant %q", i, m, got.String(), want)
		}
	}
	c := Commit{Message: "T\n\nCase: A\ncase: B\n"}
	if c.Trailer("CASE") != "A" || c.Trailer("Move") != "" {
		t.Errorf("%q, %q", c.Trailer("CASE"), c.Trailer("Move"))
	}
}
