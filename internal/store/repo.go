package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/go-git/go-git/v5/config"
)

// Repo is a case repository, or a clone of one. It is safe for concurrent use
// by several goroutines, and by several processes.
type Repo struct {
	dir      string // as the caller named it
	gitDir   string // holds objects, refs and packed-refs
	checkout string // the branch that a work tree has checked out; empty when bare
	shallow  []Hash // commits whose parents were not cloned
	objects  *objectStore
	trees    *cache[Hash, []Entry]
	origin   *origin // nil: this repository is the origin of truth
	swept    sync.Once
}

const treeCacheBytes = 16 << 20

// initConfig asks git for what Docket itself does: objects and refs are on the
// disk before a push is answered, and broken objects are refused.
const initConfig = `[core]
	repositoryformatversion = 0
	filemode = true
	bare = true
	fsync = committed,reference
[receive]
	fsckObjects = true
[transfer]
	fsckObjects = true
`

// Init makes dir a bare repository whose HEAD is refs/heads/main. The folder
// must be empty or not yet exist.
func Init(dir string) (*Repo, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if len(entries) > 0 {
		return nil, fmt.Errorf("%s is not empty: choose a folder that is empty or does not exist yet", dir)
	}
	for _, sub := range []string{"objects/info", "objects/pack", "refs/heads", "refs/tags", "hooks", "info"} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.FromSlash(sub)), 0o777); err != nil {
			return nil, err
		}
	}
	// HEAD comes last: without it a folder is no repository.
	files := []struct{ name, text string }{
		{"config", initConfig},
		{"description", "Docket case repository\n"},
		{"HEAD", "ref: refs/heads/main\n"},
	}
	for _, f := range files {
		if err := writeSynced(filepath.Join(dir, f.name), []byte(f.text)); err != nil {
			return nil, err
		}
	}
	if err := syncDir(dir); err != nil {
		return nil, err
	}
	return Open(dir)
}

// Open opens a bare repository, or a clone by its folder or its .git folder.
// If the repository has a remote "origin", that one is the case repository.
func Open(dir string) (*Repo, error) {
	gitDir, workTree, err := findGitDir(dir)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(gitDir, "config"))
	if err != nil {
		return nil, fmt.Errorf("%s: the repository has no readable config: %w", dir, err)
	}
	settings := config.NewConfig()
	if err := settings.Unmarshal(text); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(gitDir, "config"), err)
	}
	if err := checkFormat(dir, settings); err != nil {
		return nil, err
	}
	r := &Repo{dir: dir, gitDir: gitDir, trees: newCache[Hash, []Entry](treeCacheBytes)}
	if r.objects, err = openObjects(filepath.Join(gitDir, "objects")); err != nil {
		return nil, err
	}
	if r.shallow, err = readShallow(gitDir); err != nil {
		return nil, err
	}
	if workTree != "" {
		r.checkout = checkedOut(workTree)
	}
	if remote := settings.Remotes["origin"]; remote != nil && len(remote.URLs) > 0 {
		base := gitDir
		if workTree != "" {
			base = filepath.Dir(workTree)
		}
		r.origin, err = newOrigin(remote.URLs[0], base)
	}
	return r, err
}

// findGitDir returns the folder that holds objects and refs, and the .git
// folder of the work tree when there is one.
func findGitDir(dir string) (gitDir, workTree string, err error) {
	if isGitDir(dir) {
		if filepath.Base(dir) == ".git" {
			return dir, dir, nil
		}
		return dir, "", nil
	}
	dot := filepath.Join(dir, ".git")
	if text, err := os.ReadFile(dot); err == nil {
		link, ok := strings.CutPrefix(strings.TrimSpace(string(text)), "gitdir: ")
		if !ok {
			return "", "", fmt.Errorf("%s: a line \"gitdir: FOLDER\" is expected", dot)
		}
		dot = resolve(dir, link)
	}
	common := dot
	if text, err := os.ReadFile(filepath.Join(dot, "commondir")); err == nil {
		common = resolve(dot, strings.TrimSpace(string(text)))
	}
	if !isGitDir(common) {
		return "", "", fmt.Errorf("%s is no git repository: name a bare case repository or a clone of one with -C, or make one with \"docket init\": %w", dir, fs.ErrNotExist)
	}
	return common, dot, nil
}

func isGitDir(dir string) bool {
	for _, name := range []string{"HEAD", "objects", "refs"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return false
		}
	}
	return true
}

func resolve(base, path string) string {
	if path = filepath.FromSlash(path); filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(base, path)
}

// checkFormat refuses repositories whose objects or refs are stored in ways
// that this package does not read: guessing would look like missing cases.
func checkFormat(dir string, settings *config.Config) error {
	extensions := settings.Raw.Section("extensions")
	for key, only := range map[string]string{"objectformat": "sha1", "refstorage": "files"} {
		if value := extensions.Option(key); value != "" && !strings.EqualFold(value, only) {
			return fmt.Errorf("%s has extensions.%s = %s; only %s is supported", dir, key, value, only)
		}
	}
	return nil
}

func readShallow(gitDir string) ([]Hash, error) {
	text, err := os.ReadFile(filepath.Join(gitDir, "shallow"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var hashes []Hash
	for line := range bytes.Lines(text) {
		h, err := ParseHash(string(bytes.TrimSpace(line)))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Join(gitDir, "shallow"), err)
		}
		hashes = append(hashes, h)
	}
	return hashes, err
}

func checkedOut(workTree string) string {
	text, err := os.ReadFile(filepath.Join(workTree, "HEAD"))
	if err != nil {
		return ""
	}
	name, _ := strings.CutPrefix(strings.TrimSpace(string(text)), "ref: ")
	return name
}

// Dir is the folder that Open or Init was given.
func (r *Repo) Dir() string { return r.dir }

// Remote reports whether the case repository is this one's remote "origin".
func (r *Repo) Remote() bool { return r.origin != nil }

// Close lets go of the pack files that are open. The Repo must not be used
// afterwards.
func (r *Repo) Close() error { return r.objects.close() }

// writeSynced writes a new file whose bytes are on the disk when it returns.
func writeSynced(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
