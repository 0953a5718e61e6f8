package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/docket-psirt/docket/internal/peer"
)

// serve offers the repositories in dir by git's own smart HTTP server, to one
// user with a password.
func serve(t testing.TB, dir string) string {
	t.Helper()
	handler := &cgi.Handler{
		Path: peer.Need(t, "git"), Args: []string{"http-backend"},
		Env: append(gitEnv()[len(os.Environ()):], "GIT_PROJECT_ROOT="+dir, "GIT_HTTP_EXPORT_ALL=1", "REMOTE_USER=bot"),
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, secret, _ := r.BasicAuth(); user != "bot" || secret != "secret" {
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		body, err := io.ReadAll(r.Body) // git sends large pushes chunked, which CGI does not know
		if err != nil {
			return
		}
		r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// eachRemote runs a test against a clone by path, by file:// and over HTTP.
func eachRemote(t *testing.T, test func(t *testing.T, origin *Repo, clone func() *Repo)) {
	addresses := map[string]func(t *testing.T, origin *Repo) string{
		"path": func(_ *testing.T, origin *Repo) string { return origin.Dir() },
		"file": func(_ *testing.T, origin *Repo) string { return "file://" + filepath.ToSlash(origin.Dir()) },
		"http": func(t *testing.T, origin *Repo) string {
			return serve(t, filepath.Dir(origin.Dir())) + "/" + filepath.Base(origin.Dir())
		},
	}
	for name, address := range addresses {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			peer.Need(t, "git")
			origin := newRepo(t)
			commit(t, origin, mainRef, "One", "dir/a", "1\n")
			url := address(t, origin)
			test(t, origin, func() *Repo {
				dir := t.TempDir()
				git(t, dir, "clone", "-q", "--no-checkout", strings.Replace(url, "http://", "http://bot:secret@", 1), ".")
				git(t, dir, "remote", "set-url", "origin", url)
				r := reopen(t, dir)
				r.SetLogin(func(_ context.Context, refused bool) (string, string, error) { // as one whose token has just ended
					return "bot", map[bool]string{false: "old", true: "secret"}[refused], nil
				})
				return r
			})
		})
	}
}

func TestRemote(t *testing.T) {
	t.Parallel()
	eachRemote(t, func(t *testing.T, origin *Repo, clone func() *Repo) {
		ctx := context.Background()
		one, two := clone(), clone()
		if !one.Remote() || head(t, one, mainRef) != head(t, origin, mainRef) {
			t.Fatal("a fresh clone does not answer for its origin")
		}
		first := commit(t, one, mainRef, "By one", "dir/b", "2\n")
		if head(t, origin, mainRef) != first || head(t, one, mainRef) != first {
			t.Fatal("the push did not arrive, or is not remembered")
		}
		b := two.NewBatch()
		stale := propose(t, two, b, mainRef, "By two", Edit{Path: "dir/c", Data: []byte("3\n")})
		if err := two.Publish(ctx, b, stale); !errors.Is(err, ErrLost) {
			t.Fatalf("a stale push: %v", err)
		}
		if err := two.Fetch(ctx); err != nil {
			t.Fatal(err)
		}
		if head(t, two, mainRef) != first {
			t.Fatal("Fetch did not bring main")
		}
		second := propose(t, two, b, mainRef, "By two again", Edit{Path: "dir/c", Data: []byte("3\n")})
		claim := RefUpdate{Name: "refs/heads/case/A-2026-0001/next", New: second.New}
		forge := RefUpdate{Name: "refs/docket/forge", New: second.New}
		if err := two.Publish(ctx, b, second, claim, forge); err != nil {
			t.Fatal(err)
		}
		if err := one.Publish(ctx, nil, RefUpdate{claim.Name, Hash{}, first}); !errors.Is(err, ErrLost) {
			t.Errorf("claiming what is claimed: %v", err)
		}
		if err := one.Fetch(ctx); err != nil {
			t.Fatal(err)
		}
		for _, u := range []RefUpdate{second, claim, forge} {
			if head(t, one, u.Name) != u.New || head(t, origin, u.Name) != u.New {
				t.Errorf("%s did not arrive", u.Name)
			}
		}
		if got, err := must(one.At(second.New)).Read("dir/c", 10); err != nil || string(got) != "3\n" {
			t.Errorf("fetched file: %q, %v", got, err)
		}
		if err := one.Publish(ctx, nil, RefUpdate{Name: claim.Name, Old: claim.New}); err != nil {
			t.Fatal(err)
		}
		if err := two.Fetch(ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := two.Ref(claim.Name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a deleted branch after Fetch: %v", err)
		}
		refs := must(two.Refs("refs/heads/"))
		if len(refs) != 1 || refs[0] != (Ref{mainRef, second.New}) {
			t.Errorf("refs: %v", refs)
		}
		for _, r := range []*Repo{origin, one, two} {
			fsck(t, r.Dir())
		}
	})
}

func TestRemoteSeveralRefsAreAtomic(t *testing.T) {
	t.Parallel()
	eachRemote(t, func(t *testing.T, origin *Repo, clone func() *Repo) {
		r := clone()
		hook := "#!/bin/sh\nif [ \"$1\" = refs/heads/no ]; then echo 'the policy says no' >&2; exit 1; fi\n"
		if err := os.WriteFile(filepath.Join(origin.Dir(), "hooks", "update"), []byte(hook), 0o777); err != nil {
			t.Fatal(err)
		}
		before := head(t, origin, mainRef)
		b := r.NewBatch()
		u := propose(t, r, b, mainRef, "Two", Edit{Path: "x", Data: []byte("x\n")})
		err := r.Publish(context.Background(), b, u, RefUpdate{Name: "refs/heads/no", New: u.New})
		if !errors.Is(err, ErrRefused) || errors.Is(err, ErrLost) || !strings.Contains(err.Error(), "the policy says no") {
			t.Errorf("refused by a hook: %v", err)
		}
		if head(t, origin, mainRef) != before {
			t.Error("one of two refs moved")
		}
	})
}

func TestRemoteNoUpdateIsLost(t *testing.T) {
	t.Parallel()
	origin := newRepo(t)
	commit(t, origin, mainRef, "Zero", "zero", "0\n")
	const writers, each = 4, 4
	var clones []*Repo // before anybody pushes: git's local clone copies files that a push takes away
	for range writers {
		clones = append(clones, newClone(t, origin))
	}
	var wg sync.WaitGroup
	for w, r := range clones {
		wg.Go(func() {
			for i := range each {
				if err := addOne(r, fmt.Sprintf("w%d/f%d", w, i)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if n := git(t, origin.Dir(), "rev-list", "--count", "main"); n != fmt.Sprint(writers*each+1) {
		t.Errorf("%s commits", n)
	}
	fsck(t, origin.Dir())
}

func TestQueuedCommitsGoOutLater(t *testing.T) {
	t.Parallel()
	origin := newRepo(t)
	base := commit(t, origin, mainRef, "One", "a", "1\n")
	r := newClone(t, origin)
	const queue = "refs/docket/queue/A-2026-0001"
	tip := base
	for i := range 3 {
		b := r.NewBatch()
		h := must(b.Commit(CommitSpec{Base: must(r.Commit(tip)).Tree, Parents: []Hash{tip}, Author: someone, Committer: someone,
			Message: "Edit\n", Edits: []Edit{{Path: "a", Data: fmt.Appendf(nil, "edit %d\n", i)}}}))
		if err := r.Keep(b, h); err != nil {
			t.Fatal(err)
		}
		old := Hash{}
		if i > 0 {
			old = tip
		}
		if err := r.SetLocalRef(queue, old, h); err != nil {
			t.Fatal(err)
		}
		tip = h
	}
	if err := r.SetLocalRef(queue, base, tip); !errors.Is(err, ErrLost) {
		t.Errorf("a stale local ref: %v", err)
	}
	if err := r.SetLocalRef("refs/heads/mine", Hash{}, tip); !errors.Is(err, ErrBadRef) {
		t.Errorf("a local branch: %v", err)
	}
	commit(t, origin, mainRef, "Meanwhile", "b", "2\n")
	if err := r.Fetch(context.Background()); err != nil {
		t.Fatal(err)
	}
	if h, err := r.LocalRef(queue); err != nil || h != tip {
		t.Errorf("the queue after Fetch: %s, %v", h, err)
	}
	if _, err := r.Ref(queue); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the remote has no queue: %v", err)
	}
	again := reopen(t, r.Dir())
	if err := again.Publish(context.Background(), nil, RefUpdate{Name: "refs/heads/case/A-2026-0001/next", New: tip}); err != nil {
		t.Fatal(err)
	}
	if got := git(t, origin.Dir(), "cat-file", "blob", "case/A-2026-0001/next:a"); got != "edit 2" {
		t.Errorf("arrived: %q", got)
	}
	if n := git(t, origin.Dir(), "rev-list", "--count", "case/A-2026-0001/next"); n != "4" {
		t.Errorf("%s commits arrived", n)
	}
	fsck(t, origin.Dir())
}

// TestPushSendsNoMoreThanIsNew counts what a push adds to the origin.
func TestPushSendsNoMoreThanIsNew(t *testing.T) {
	t.Parallel()
	origin := newRepo(t)
	var files []string
	for i := range 150 {
		files = append(files, casePath(i), casePath(i))
	}
	commit(t, origin, mainRef, "Many", files...)
	r := newClone(t, origin)
	b := r.NewBatch()
	side := propose(t, r, b, mainRef, "Side", Edit{Path: casePath(5), Data: []byte("five")})
	main := commit(t, r, mainRef, "Main", casePath(7), "seven")
	if err := r.Publish(context.Background(), b, RefUpdate{Name: "refs/heads/side", New: side.New}); err != nil {
		t.Fatal(err)
	}
	base := must(r.Commit(side.Old)).Tree
	tree, conflicts, err := r.MergeTree(base, must(r.Commit(main)).Tree, must(r.Commit(side.New)).Tree, b)
	if err != nil || conflicts != nil {
		t.Fatal(conflicts, err)
	}
	merge := must(b.Commit(CommitSpec{Base: tree, Parents: []Hash{main, side.New}, Author: someone, Committer: someone, Message: "Merge\n"}))
	there := map[string]Hash{mainRef: main, "refs/heads/side": side.New}
	objects := must(missingThere(b, there, []RefUpdate{{mainRef, main, merge}}))
	if len(objects) != 6 { // commit and the five trees down to block 00
		t.Errorf("a merge needs %d objects, want 6", len(objects))
	}
	if err := r.Publish(context.Background(), b, RefUpdate{mainRef, main, merge}); err != nil {
		t.Fatal(err)
	}
	fsck(t, origin.Dir())
}

func TestLargeFetchBecomesAPack(t *testing.T) {
	t.Parallel()
	origin := newRepo(t)
	commit(t, origin, mainRef, "One", "a", "1\n")
	r := newClone(t, origin)
	for i := range 60 {
		commit(t, origin, mainRef, "More", casePath(i), strings.Repeat("common text\n", 50)+casePath(i))
	}
	git(t, origin.Dir(), "gc", "-q")
	if err := r.Fetch(context.Background()); err != nil {
		t.Fatal(err)
	}
	if out := git(t, r.Dir(), "count-objects", "-v"); !strings.Contains(out, "packs: 1") {
		t.Errorf("after a large fetch: %s", out)
	}
	if got, err := must(r.At(head(t, r, mainRef))).Read(casePath(59), 10000); err != nil || !strings.HasSuffix(string(got), casePath(59)) {
		t.Errorf("%v", err)
	}
	fsck(t, r.Dir())
	if left, _ := filepath.Glob(filepath.Join(r.gitDir, "objects", "pack", "tmp_*")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestRemoteProblemsAreTold(t *testing.T) {
	t.Parallel()
	origin := newRepo(t)
	commit(t, origin, mainRef, "One", "a", "1\n")
	r := newClone(t, origin)
	url := serve(t, filepath.Dir(origin.Dir())) + "/"
	for address, want := range map[string]string{
		url + "cases.git": "authentication",
		strings.Replace(url, "http://", "http://bot:wrong@", 1) + "cases.git": "authentication",
		strings.Replace(url, "http://", "http://bot:secret@", 1) + "nothing":  "not found",
		filepath.Join(filepath.Dir(origin.Dir()), "nothing"):                  "not found",
	} {
		git(t, r.Dir(), "remote", "set-url", "origin", address)
		c := reopen(t, r.Dir())
		err := c.Fetch(context.Background())
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "wrong") {
			t.Errorf("fetch: %v, want %q", err, want)
		}
		err = c.Publish(context.Background(), nil, RefUpdate{"refs/heads/x", Hash{}, head(t, c, mainRef)})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "wrong") {
			t.Errorf("push: %v, want %q", err, want)
		}
	}
	git(t, r.Dir(), "remote", "set-url", "origin", "ext::sh -c true")
	if c, err := Open(r.Dir()); err == nil {
		if err = c.Fetch(context.Background()); err == nil {
			t.Error("an origin that runs a program was accepted")
		}
	}
	stopped, cancel := context.WithCancel(context.Background())
	cancel()
	git(t, r.Dir(), "remote", "set-url", "origin", origin.Dir())
	if err := reopen(t, r.Dir()).Fetch(stopped); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled fetch: %v", err)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	origin := newRepo(t)
	commit(t, origin, mainRef, "One", "a", "1\n")
	asked := false
	thief := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	t.Cleanup(thief.Close)
	server := httptest.NewServer(http.RedirectHandler(thief.URL+"/cases.git/info/refs?service=git-upload-pack", http.StatusFound))
	t.Cleanup(server.Close)
	r := newClone(t, origin)
	git(t, r.Dir(), "remote", "set-url", "origin", server.URL+"/cases.git")
	r = reopen(t, r.Dir())
	r.SetLogin(func(context.Context, bool) (string, string, error) { return "bot", "secret", nil })
	if err := r.Fetch(context.Background()); err == nil || asked {
		t.Errorf("redirected: %v, asked %v", err, asked)
	}
}

func TestRelativeAndEmptyOrigins(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	origin := must(Init(filepath.Join(dir, "cases.git")))
	git(t, dir, "clone", "-q", "cases.git", "clone")
	git(t, filepath.Join(dir, "clone"), "remote", "set-url", "origin", "../cases.git")
	r := reopen(t, filepath.Join(dir, "clone"))
	if err := r.Fetch(context.Background()); err != nil {
		t.Fatalf("fetch from an empty repository: %v", err)
	}
	h := commit(t, r, mainRef, "First", "a", "1\n")
	if head(t, origin, mainRef) != h {
		t.Error("the first push into an empty repository did not arrive")
	}
	shallow := filepath.Join(dir, "shallow")
	commit(t, origin, mainRef, "Second", "a", "2\n")
	git(t, dir, "clone", "-q", "--depth=1", "file://"+filepath.ToSlash(origin.Dir()), shallow)
	s := reopen(t, shallow)
	for c, err := range s.FirstParents(head(t, s, mainRef), Hash{}) {
		if err != nil && (!errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), "unshallow")) {
			t.Error(err)
		}
		if err == nil && c.Message != "Second\n" {
			t.Errorf("a shallow clone gave %q", c.Message)
		}
	}
	commit(t, origin, mainRef, "Third", "a", "3\n")
	if err := s.Fetch(context.Background()); err != nil || head(t, s, mainRef) != head(t, origin, mainRef) {
		t.Errorf("fetch into a shallow clone: %v", err)
	}
	if h := commit(t, s, mainRef, "Fourth", "a", "4\n"); head(t, origin, mainRef) != h {
		t.Error("a push from a shallow clone did not arrive")
	}
	fsck(t, origin.Dir())
}
