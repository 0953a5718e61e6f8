package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestStockGitReadsWhatIsWritten(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	commit(t, r, mainRef, "Open the programme", "cases/ingroupe/program.yaml", "docket: 1\n", "README", "hello\n")
	commit(t, r, mainRef, "Open a case\n\nCase: INGP-2026-0001\nRevision: 1", casePath(1), "docket: 1\nid: INGP-2026-0001\n")
	b := r.NewBatch()
	u := propose(t, r, b, mainRef, "Remove and add", Edit{Path: "README", Delete: true},
		Edit{Path: casePath(2), Data: []byte("two\n")}, Edit{Path: casePath(101), Data: nil})
	if err := r.Publish(context.Background(), b, u); err != nil {
		t.Fatal(err)
	}
	fsck(t, r.Dir())
	want := "cases/ingroupe/2026/00/INGP-2026-0001.yaml\ncases/ingroupe/2026/00/INGP-2026-0002.yaml\n" +
		"cases/ingroupe/2026/01/INGP-2026-0101.yaml\ncases/ingroupe/program.yaml"
	if got := git(t, r.Dir(), "ls-tree", "-r", "--name-only", "HEAD"); got != want {
		t.Errorf("files:\n%s\nwant:\n%s", got, want)
	}
	if got := git(t, r.Dir(), "cat-file", "blob", "HEAD:"+casePath(1)); got != "docket: 1\nid: INGP-2026-0001" {
		t.Errorf("case file: %q", got)
	}
	if got := git(t, r.Dir(), "log", "--format=%s|%an|%ae|%at", "-1"); got != "Remove and add|Triage|triage@psirt.example|1795338843" {
		t.Errorf("log: %q", got)
	}
	if got := git(t, r.Dir(), "log", "--format=%(trailers:only)", "-1", "HEAD~1"); got != "Case: INGP-2026-0001\nRevision: 1\n" {
		t.Errorf("trailers: %q", got)
	}
	if got := git(t, r.Dir(), "symbolic-ref", "HEAD"); got != mainRef {
		t.Errorf("HEAD: %s", got)
	}
}

func TestInitRefusesWhatIsThere(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "mine"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Init(dir); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("Init in a folder with a file: %v", err)
	}
	if _, err := Open(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open of a folder that is no repository: %v", err)
	}
	if r, err := Init(t.TempDir()); err != nil {
		t.Errorf("Init in an empty folder: %v", err)
	} else if r.Remote() {
		t.Error("a new repository has no remote")
	}
}

func TestOpenRefusesForeignFormats(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	git(t, dir, "init", "-q", "--bare", "--object-format=sha256", ".")
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "objectformat") {
		t.Errorf("Open of a SHA-256 repository: %v", err)
	}
}

func TestOpenFindsTheRepository(t *testing.T) {
	t.Parallel()
	origin := newRepo(t)
	commit(t, origin, mainRef, "One", "a", "1\n")
	clone := newClone(t, origin)
	tree := filepath.Join(t.TempDir(), "linked")
	git(t, clone.Dir(), "worktree", "add", "-q", tree, "-b", "other")
	for _, dir := range []string{clone.Dir(), filepath.Join(clone.Dir(), ".git"), tree} {
		r := reopen(t, dir)
		if !r.Remote() || head(t, r, mainRef) != head(t, origin, mainRef) {
			t.Errorf("%s: remote %v, main %s", dir, r.Remote(), head(t, r, mainRef))
		}
	}
}

func TestReadsSurviveRepacking(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	var files []string
	for i := range 60 {
		files = append(files, casePath(i), strings.Repeat("a long and common text\n", 40)+casePath(i))
	}
	commit(t, r, mainRef, "Many", files...)
	for i := range 20 { // versions of one file become deltas
		commit(t, r, mainRef, "Again", "log", strings.Repeat("line of a log\n", 100+i))
	}
	check := func(when string) {
		t.Helper()
		s := must(r.At(head(t, r, mainRef)))
		for i := range 60 {
			got, err := s.Read(casePath(i), 1<<20)
			if err != nil || string(got) != files[2*i+1] {
				t.Fatalf("%s: %s: %v", when, casePath(i), err)
			}
		}
		n := 0
		for c, err := range r.FirstParents(head(t, r, mainRef), Hash{}) {
			if err != nil {
				t.Fatalf("%s: %v", when, err)
			}
			if _, err := must(r.At(c.Hash)).Read("log", 1<<20); err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatalf("%s: %v", when, err)
			}
			n++
		}
		if n != 21 {
			t.Fatalf("%s: %d commits", when, n)
		}
	}
	check("loose")
	git(t, r.Dir(), "gc", "-q", "--prune=now")
	check("after gc")
	if out := git(t, r.Dir(), "count-objects", "-v"); !strings.Contains(out, "count: 0") {
		t.Fatalf("gc left loose objects: %s", out)
	}
	commit(t, r, mainRef, "New after gc", "new", "new\n")
	git(t, r.Dir(), "repack", "-adfq", "--depth=50", "--window=50")
	r = reopen(t, r.Dir())
	commitCount := len(must(r.Between(head(t, r, mainRef), Hash{})))
	if commitCount != 22 {
		t.Fatalf("%d commits after repack", commitCount)
	}
	commit(t, r, mainRef, "New after repack", "new", "newer\n")
	fsck(t, r.Dir())
}

func TestReadRefusesWhatIsNoRegularFile(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	blob := gitIn(t, r.Dir(), []byte("target"), "hash-object", "-w", "--stdin")
	sub := gitIn(t, r.Dir(), []byte("100644 blob "+blob+"\tinside\n"), "mktree")
	tree := gitIn(t, r.Dir(), []byte("120000 blob "+blob+"\tlink\n100755 blob "+blob+"\trun\n"+
		"100644 blob "+blob+"\tfile\n040000 tree "+sub+"\tdir\n160000 commit "+strings.Repeat("1", 40)+"\tmodule\n"), "mktree", "--missing")
	h := must(ParseHash(git(t, r.Dir(), "commit-tree", "-m", "odd", tree)))
	s := must(r.At(h))
	for path, mode := range map[string]uint32{"link": ModeSymlink, "run": ModeExecutable, "dir": ModeDir, "module": ModeGitlink} {
		_, err := s.Read(path, 100)
		var odd *ModeError
		if !errors.As(err, &odd) || odd.Mode != mode || !errors.Is(err, ErrNotRegular) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if got, err := s.Read("file", 6); err != nil || string(got) != "target" {
		t.Errorf("file: %q, %v", got, err)
	}
	if _, err := s.Read("file", 5); !errors.Is(err, ErrTooLarge) {
		t.Errorf("file of six bytes, five allowed: %v", err)
	}
	for _, path := range []string{"nothing", "file/below", "link/below", "dir/nothing"} {
		if _, err := s.Entry(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", path, err)
		}
	}
	for _, path := range []string{"", "/file", "dir//inside", "dir/../file", "./file", "dir/"} {
		if _, err := s.Entry(path); !errors.Is(err, ErrBadPath) {
			t.Errorf("%q: %v", path, err)
		}
	}
	var seen []string
	if err := s.Walk("", func(e Entry) error { seen = append(seen, e.Path); return nil }); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(seen, " "); got != "dir/inside file link module run" {
		t.Errorf("walk: %s", got)
	}
	list := must(s.List("dir"))
	if len(list) != 1 || list[0].Path != "dir/inside" || list[0].Name != "inside" || !list[0].Regular() {
		t.Errorf("list: %v", list)
	}
}

func TestMissingObjectIsNoMissingPath(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	h := commit(t, r, mainRef, "One", "dir/file", "text\n")
	s := must(r.At(h))
	e := must(s.Entry("dir/file"))
	dir := must(s.Entry("dir"))
	if err := os.Remove(loosePath(r.objects.dirs[0], e.Hash)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read("dir/file", 100); !errors.Is(err, ErrMissing) || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("file whose blob is gone: %v", err)
	}
	if err := os.Remove(loosePath(r.objects.dirs[0], dir.Hash)); err != nil {
		t.Fatal(err)
	}
	fresh := must(reopen(t, r.Dir()).At(h))
	if _, err := fresh.Entry("dir/file"); !errors.Is(err, ErrMissing) || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("file whose folder is gone: %v", err)
	}
}

func TestDamagedObjectsAreNoticed(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	h := commit(t, r, mainRef, "One", "a", "right\n", "b", "wrong\n")
	objects := r.objects.dirs[0]
	a, b := loosePath(objects, BlobHash([]byte("right\n"))), loosePath(objects, BlobHash([]byte("wrong\n")))
	if err := os.Rename(b, a); err != nil { // a well-formed object under another's name
		t.Fatal(err)
	}
	s := must(r.At(h))
	if _, err := s.Read("a", 100); !errors.Is(err, ErrCorrupt) {
		t.Errorf("swapped object: %v", err)
	}
	in, _, err := s.Open("a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := in.Read(make([]byte, 100)); !errors.Is(err, ErrCorrupt) {
		t.Errorf("swapped object, streamed: %v", err)
	}
	_ = in.Close()
	if err := os.Chmod(a, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(a, 9); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read("a", 100); !errors.Is(err, ErrCorrupt) {
		t.Errorf("truncated object: %v", err)
	}
}

func TestAmbiguousTreesAreRefused(t *testing.T) {
	t.Parallel()
	entry := func(mode, name string) string { return mode + " " + name + "\x00" + strings.Repeat("h", 20) }
	for name, data := range map[string]string{
		"twice":              entry("100644", "a") + entry("100644", "a"),
		"file and folder":    entry("100644", "a") + entry("100644", "a.b") + entry("40000", "a"),
		"out of order":       entry("100644", "b") + entry("100644", "a"),
		"zero-padded mode":   entry("040000", "a"),
		"no mode":            entry("", "a"),
		"mode of letters":    entry("1006x4", "a"),
		"dot dot":            entry("40000", ".."),
		"dot git":            entry("40000", ".GIT"),
		"slash":              entry("100644", "a/b"),
		"no name":            entry("100644", ""),
		"null object":        "100644 a\x00" + strings.Repeat("\x00", 20),
		"ends within a hash": "100644 a\x00short",
		"no end of name":     "100644 a",
	} {
		if _, err := parseTree(Hash{}, []byte(data)); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
	good := entry("100644", "a") + entry("100644", "a-b") + entry("40000", "a.b") + entry("100644", "a0") + entry("40000", "b")
	found, err := parseTree(Hash{}, []byte(good))
	if err != nil || string(encodeTree(found)) != good {
		t.Errorf("a proper tree: %v", err)
	}
}

func FuzzParseTree(f *testing.F) {
	f.Add([]byte("100644 a\x00aaaaaaaaaaaaaaaaaaaa40000 b\x00bbbbbbbbbbbbbbbbbbbb"))
	f.Fuzz(func(t *testing.T, data []byte) {
		found, err := parseTree(Hash{}, data)
		if err == nil && string(encodeTree(found)) != string(data) {
			t.Errorf("accepted, but written differently: %q", data)
		}
	})
}
