package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/peer"
)

const mainRef = "refs/heads/main"

var someone = Ident{Name: "Triage", Mail: "triage@psirt.example", When: time.Unix(1795338843, 0).UTC()}

// gitEnv keeps the tests from the configuration of whoever runs them.
func gitEnv() []string {
	return append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_SYSTEM="+os.DevNull,
		"GIT_AUTHOR_NAME=G", "GIT_AUTHOR_EMAIL=g@example.org",
		"GIT_COMMITTER_NAME=G", "GIT_COMMITTER_EMAIL=g@example.org")
}

func git(t testing.TB, dir string, args ...string) string {
	t.Helper()
	return gitIn(t, dir, nil, args...)
}

func gitIn(t testing.TB, dir string, in []byte, args ...string) string {
	t.Helper()
	cmd := exec.Command(peer.Need(t, "git"), args...)
	cmd.Dir, cmd.Env, cmd.Stdin = dir, gitEnv(), bytes.NewReader(in)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git %s: %v\n%s%s", strings.Join(args, " "), err, out, stderr.Bytes())
	}
	return strings.TrimSuffix(string(out), "\n")
}

func fsck(t testing.TB, dir string) {
	t.Helper()
	out := git(t, dir, "fsck", "--full", "--strict", "--no-dangling")
	if strings.Contains(out, "error") || strings.Contains(out, "warning") {
		t.Fatalf("git fsck: %s", out)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func newRepo(t testing.TB) *Repo {
	t.Helper()
	return reopen(t, must(Init(filepath.Join(t.TempDir(), "cases.git"))).Dir())
}

func reopen(t testing.TB, dir string) *Repo {
	t.Helper()
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func newClone(t testing.TB, of *Repo) *Repo {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "clone")
	git(t, t.TempDir(), "clone", "-q", of.Dir(), dir)
	return reopen(t, dir)
}

// head is where a ref is; zero when it does not exist.
func head(t testing.TB, r *Repo, ref string) Hash {
	t.Helper()
	h, err := r.Ref(ref)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return h
}

// propose makes a commit on top of a ref, without publishing it.
func propose(t testing.TB, r *Repo, b *Batch, ref, message string, edits ...Edit) RefUpdate {
	t.Helper()
	u := RefUpdate{Name: ref, Old: head(t, r, ref)}
	spec := CommitSpec{Edits: edits, Author: someone, Committer: someone, Message: message + "\n"}
	if !u.Old.IsZero() {
		spec.Parents = []Hash{u.Old}
		spec.Base = must(r.Commit(u.Old)).Tree
	}
	h, err := b.Commit(spec)
	if err != nil {
		t.Fatal(err)
	}
	u.New = h
	return u
}

// commit puts files (path, text, path, text …) on a ref.
func commit(t testing.TB, r *Repo, ref, message string, files ...string) Hash {
	t.Helper()
	var edits []Edit
	for i := 0; i < len(files); i += 2 {
		edits = append(edits, Edit{Path: files[i], Data: []byte(files[i+1])})
	}
	b := r.NewBatch()
	u := propose(t, r, b, ref, message, edits...)
	if err := r.Publish(context.Background(), b, u); err != nil {
		t.Fatal(err)
	}
	return u.New
}

func casePath(n int) string {
	return fmt.Sprintf("cases/ingroupe/2026/%02d/INGP-2026-%04d.yaml", n/100, n)
}

// noise is what ciphertext looks like.
func noise(seed uint64, n int) []byte {
	data := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), 1})
	_, _ = r.Read(data)
	return data
}
