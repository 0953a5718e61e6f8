package forge_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/docket-psirt/docket/internal/forge"
	"github.com/docket-psirt/docket/internal/peer"
)

// memoryBoard is a board in memory; its revisions are never changed, only
// replaced.
type memoryBoard struct {
	mu    sync.Mutex
	n     int
	files map[string]string
	log   []string
	reads atomic.Int64 // calls of Read and List
	saved atomic.Int64 // files in changes
}

type memoryView struct {
	board *memoryBoard
	n     int
	files map[string]string
}

func (b *memoryBoard) View(context.Context) (forge.BoardView, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return &memoryView{b, b.n, b.files}, nil
}

func (b *memoryBoard) Save(_ context.Context, base string, change forge.BoardChange) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if base != revision(b.n) {
		return forge.ErrLost
	}
	files := maps.Clone(b.files)
	if files == nil {
		files = map[string]string{}
	}
	for path, data := range change.Files {
		b.saved.Add(1)
		if data == nil {
			if _, ok := files[path]; !ok {
				return fmt.Errorf("deletes %s, which does not exist", path)
			}
			delete(files, path)
		} else {
			files[path] = string(data)
		}
	}
	b.n, b.files, b.log = b.n+1, files, append(b.log, change.Message)
	return nil
}

func (v *memoryView) Revision() string { return revision(v.n) }

func revision(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

func (v *memoryView) Read(path string) ([]byte, error) {
	v.board.reads.Add(1)
	data, ok := v.files[path]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return []byte(data), nil
}

func (v *memoryView) List(dir string) ([]string, error) {
	v.board.reads.Add(1)
	names := map[string]bool{}
	for path := range v.files {
		if rest, ok := strings.CutPrefix(path, dir+"/"); ok {
			name, _, _ := strings.Cut(rest, "/")
			names[name] = true
		}
	}
	var list []string
	for name := range names {
		list = append(list, name)
	}
	return list, nil
}

// gitBoard is a board in a bare repository, by stock git.
type gitBoard struct{ git, dir string }

const boardRef = "refs/docket/forge"

func newGitBoard(t *testing.T) *gitBoard {
	b := &gitBoard{peer.Need(t, "git"), filepath.Join(t.TempDir(), "cases.git")}
	if _, err := b.run(context.Background(), nil, "init", "--quiet", "--bare", b.dir); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *gitBoard) run(ctx context.Context, input []byte, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, b.git, append([]string{"--git-dir", b.dir}, args...)...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1")
	cmd.Stdin = bytes.NewReader(input)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("git %s: %w: %s", args[0], err, stderr.Bytes())
	}
	return out, nil
}

func (b *gitBoard) head(ctx context.Context) (string, error) {
	out, err := b.run(ctx, nil, "for-each-ref", "--format=%(objectname)", boardRef)
	return strings.TrimSpace(string(out)), err
}

func (b *gitBoard) View(ctx context.Context) (forge.BoardView, error) {
	head, err := b.head(ctx)
	return &gitView{b, head}, err
}

var drafts atomic.Int64

func (b *gitBoard) Save(ctx context.Context, base string, change forge.BoardChange) error {
	draft := fmt.Sprintf("refs/docket/draft-%d-%d", os.Getpid(), drafts.Add(1))
	var in bytes.Buffer
	fmt.Fprintf(&in, "commit %s\ncommitter Forge <forge@example.org> 1795338843 +0000\ndata %d\n%s\n", draft, len(change.Message), change.Message)
	if base != "" {
		fmt.Fprintf(&in, "from %s\n", base)
	}
	for path, data := range change.Files {
		if data == nil {
			fmt.Fprintf(&in, "D %s\n", path)
		} else {
			fmt.Fprintf(&in, "M 100644 inline %s\ndata %d\n%s\n", path, len(data), data)
		}
	}
	if _, err := b.run(ctx, in.Bytes(), "fast-import", "--quiet"); err != nil {
		return err
	}
	out, err := b.run(ctx, nil, "rev-parse", draft)
	if err != nil {
		return err
	}
	commit := strings.TrimSpace(string(out))
	if _, err := b.run(ctx, nil, "update-ref", "-d", draft); err != nil {
		return err
	}
	old := base
	if old == "" {
		old = strings.Repeat("0", 40)
	}
	if _, err := b.run(ctx, nil, "update-ref", boardRef, commit, old); err != nil {
		if strings.Contains(err.Error(), "cannot lock ref") { // moved, or just being moved
			return fmt.Errorf("%w (%v)", forge.ErrLost, err)
		}
		return err
	}
	return nil
}

type gitView struct {
	board    *gitBoard
	revision string
}

func (v *gitView) Revision() string { return v.revision }

func (v *gitView) Read(path string) ([]byte, error) {
	if v.revision == "" {
		return nil, fs.ErrNotExist
	}
	out, err := v.board.run(context.Background(), []byte(v.revision+":"+path+"\n"), "cat-file", "--batch")
	if err != nil {
		return nil, err
	}
	header, data, _ := bytes.Cut(out, []byte("\n"))
	if bytes.HasSuffix(header, []byte(" missing")) {
		return nil, fs.ErrNotExist
	}
	if !bytes.Contains(header, []byte(" blob ")) {
		return nil, errors.New("not a file")
	}
	return bytes.TrimSuffix(data, []byte("\n")), nil
}

func (v *gitView) List(dir string) ([]string, error) {
	if v.revision == "" {
		return nil, fs.ErrNotExist
	}
	out, err := v.board.run(context.Background(), nil, "ls-tree", "-z", "--name-only", v.revision, dir+"/")
	if err != nil {
		return nil, err
	}
	var names []string
	for path := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		if path != "" {
			names = append(names, strings.TrimPrefix(path, dir+"/"))
		}
	}
	return names, nil
}
