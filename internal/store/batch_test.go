package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestBadPathsAreNotWritten(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	for _, path := range []string{
		"", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "./a",
		".git", ".GIT", ".git/config", "a/.Git/b", "git~1", "GIT~2", ".git ", ".git.", ".git::$INDEX_ALLOCATION",
		".g\u200cit", "a\\b", "a\x00b", "a\nb", "a\x7f", "caf\u00e9", "a:b", "nul", "COM1.txt", "a.", "a ",
		strings.Repeat("a", 256), strings.Repeat("a/", 2100) + "a", strings.Repeat("a/", 70) + "a",
	} {
		b := r.NewBatch()
		_, err := b.Commit(CommitSpec{Author: someone, Committer: someone, Message: "x\n", Edits: []Edit{{Path: path}}})
		if !errors.Is(err, ErrBadPath) {
			t.Errorf("%.40q: %v", path, err)
		}
	}
	for _, path := range []string{".github/workflows/docket-check.yml", ".gitattributes", "a/b.c-d_e", "console", "com0", "git~x"} {
		if err := checkWritePath(path); err != nil {
			t.Errorf("%q: %v", path, err)
		}
	}
}

func TestEditsThatCannotBe(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	tip := commit(t, r, mainRef, "One", "file", "1\n", "dir/inside", "2\n")
	tree := must(r.Commit(tip)).Tree
	try := func(edits ...Edit) error {
		_, err := r.NewBatch().Commit(CommitSpec{Base: tree, Author: someone, Committer: someone, Message: "x\n", Edits: edits})
		return err
	}
	for name, c := range map[string]struct {
		err  error
		want error
	}{
		"below a file":       {try(Edit{Path: "file/a"}), ErrPathConflict},
		"over a folder":      {try(Edit{Path: "dir"}), ErrPathConflict},
		"twice":              {try(Edit{Path: "a"}, Edit{Path: "a"}), ErrBadPath},
		"both":               {try(Edit{Path: "a"}, Edit{Path: "a/b"}), ErrPathConflict},
		"remove nothing":     {try(Edit{Path: "a", Delete: true}), fs.ErrNotExist},
		"remove a folder":    {try(Edit{Path: "dir", Delete: true}), fs.ErrNotExist},
		"file to folder":     {try(Edit{Path: "file", Delete: true}, Edit{Path: "file/a"}), nil},
		"folder to file":     {try(Edit{Path: "dir/inside", Delete: true}, Edit{Path: "dir"}), nil},
		"neighbours in sort": {try(Edit{Path: "dir.a"}, Edit{Path: "dir-a"}, Edit{Path: "dir/b"}, Edit{Path: "dir0"}), nil},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: %v, want %v", name, c.err, c.want)
		}
	}
}

func TestCommitsThatCannotBe(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	good := CommitSpec{Author: someone, Committer: someone, Message: "x\n"}
	for name, change := range map[string]func(*CommitSpec){
		"no LF":            func(s *CommitSpec) { s.Message = "x" },
		"empty":            func(s *CommitSpec) { s.Message = "\n" },
		"NUL":              func(s *CommitSpec) { s.Message = "a\x00\n" },
		"name with LF":     func(s *CommitSpec) { s.Author.Name = "a\nparent " },
		"name with <":      func(s *CommitSpec) { s.Author.Name = "a <b" },
		"no mail":          func(s *CommitSpec) { s.Committer.Mail = "" },
		"no time":          func(s *CommitSpec) { s.Committer.When = time.Time{} },
		"failed signature": func(s *CommitSpec) { s.Sign = func([]byte) (string, error) { return "", errors.New("no key") } },
		"empty signature":  func(s *CommitSpec) { s.Sign = func([]byte) (string, error) { return "\n", nil } },
	} {
		spec := good
		change(&spec)
		if h, err := r.NewBatch().Commit(spec); err == nil {
			t.Errorf("%s: made %s", name, h)
		}
	}
	h, err := r.NewBatch().Commit(good)
	if err != nil || h.IsZero() {
		t.Errorf("an empty tree: %v", err)
	}
}

func TestUnchangedTreesAreKept(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	tip := commit(t, r, mainRef, "One", "a/b/file", "1\n", "c/other", "2\n")
	tree := must(r.Commit(tip)).Tree
	b := r.NewBatch()
	h, err := b.Commit(CommitSpec{Base: tree, Author: someone, Committer: someone, Message: "x\n",
		Edits: []Edit{{Path: "a/b/file", Data: []byte("1\n")}}})
	if err != nil || must(b.CommitObject(h)).Tree != tree {
		t.Errorf("writing the same again makes another tree: %v", err)
	}
	b = r.NewBatch()
	h = must(b.Commit(CommitSpec{Base: tree, Author: someone, Committer: someone, Message: "x\n",
		Edits: []Edit{{Path: "a/b/new", Data: []byte("3\n")}}}))
	if n := len(b.needed([]Hash{h})); n != 5 { // commit, three trees, blob
		t.Errorf("%d new objects, want 5", n)
	}
	if got, err := must(b.At(h)).Read("a/b/new", 10); err != nil || string(got) != "3\n" {
		t.Errorf("read through the batch: %q, %v", got, err)
	}
	if got, err := must(b.At(h)).Read("c/other", 10); err != nil || string(got) != "2\n" {
		t.Errorf("read an old file through the batch: %q, %v", got, err)
	}
	if _, err := r.Commit(h); !errors.Is(err, ErrMissing) {
		t.Errorf("a commit is visible before Publish: %v", err)
	}
}

// endless gives n bytes that no memory holds.
type endless struct {
	left int64
	next byte
}

func (e *endless) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), e.left))
	for i := range p[:n] {
		e.next = e.next*5 + 3
		p[i] = e.next ^ byte(e.left>>13)
	}
	e.left -= int64(n)
	return n, nil
}

func TestLargeBlobIsStreamed(t *testing.T) {
	const size = 25 << 20
	r := newRepo(t)
	b := r.NewBatch()
	edit := Edit{Path: "mail-1.pgp", Size: size, From: func() (io.ReadCloser, error) {
		return io.NopCloser(&endless{left: size}), nil
	}}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	u := propose(t, r, b, mainRef, "Large", edit)
	if err := r.Publish(context.Background(), b, u); err != nil {
		t.Fatal(err)
	}
	in, n, err := must(r.At(u.New)).Open("mail-1.pgp")
	if err != nil || n != size {
		t.Fatalf("%d bytes, %v", n, err)
	}
	got := sha256.New()
	if _, err := io.Copy(got, in); err != nil {
		t.Fatal(err)
	}
	_ = in.Close()
	runtime.ReadMemStats(&after)
	want := sha256.New()
	_, _ = io.Copy(want, &endless{left: size})
	if !bytes.Equal(got.Sum(nil), want.Sum(nil)) {
		t.Error("other bytes came back")
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 4<<20 {
		t.Errorf("%d bytes were allocated", grown)
	}
	if got := git(t, r.Dir(), "cat-file", "-s", "main:mail-1.pgp"); got != "26214400" {
		t.Errorf("git sees %s bytes", got)
	}
	if _, err := must(r.At(u.New)).Read("mail-1.pgp", 1<<20); !errors.Is(err, ErrTooLarge) {
		t.Errorf("beyond the limit: %v", err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	git(t, r.Dir(), "repack", "-adq")
	in, _, err = must(reopen(t, r.Dir()).At(u.New)).Open("mail-1.pgp")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, in); n != size || err != nil {
		t.Errorf("from a pack: %d bytes, %v", n, err)
	}
	_ = in.Close()
}

func TestSpoolsAreRemoved(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	b := r.NewBatch()
	stream := func(n int64) func() (io.ReadCloser, error) {
		return func() (io.ReadCloser, error) { return io.NopCloser(&endless{left: n}), nil }
	}
	spec := CommitSpec{Author: someone, Committer: someone, Message: "x\n"}
	for _, size := range []int64{3 << 20, 10} {
		for _, actual := range []int64{size - 1, size + 1} {
			spec.Edits = []Edit{{Path: "a", From: stream(actual), Size: size}}
			if _, err := b.Commit(spec); !errors.Is(err, errStreamSize) {
				t.Errorf("%d bytes announced, %d given: %v", size, actual, err)
			}
		}
	}
	spec.Edits = []Edit{{Path: "a", From: stream(3 << 20), Size: 3 << 20}, {Path: "b", From: stream(3 << 20), Size: 3 << 20}}
	h := must(b.Commit(spec))
	if got, err := must(b.At(h)).Read("a", 3<<20); err != nil || len(got) != 3<<20 {
		t.Errorf("read from the spool: %d bytes, %v", len(got), err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(r.objects.dirs[0], "tmp_*")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	if _, err := os.Stat(filepath.Join(r.Dir(), "refs", "heads", "main")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestStoredStreamIsZlib(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 65534, 65535, 65536, 200000} {
		var out bytes.Buffer
		z := newStoredWriter(&out)
		data := noise(1, n)
		for rest := data; len(rest) > 0; { // in uneven pieces
			k := min(len(rest), 40961)
			if _, err := z.Write(rest[:k]); err != nil {
				t.Fatal(err)
			}
			rest = rest[k:]
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		in, err := newInflater(bytes.NewReader(out.Bytes()), 0)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := in.full(int64(n)); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}
