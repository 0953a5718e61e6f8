package store

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// The modes of tree entries that git writes. Only ModeFile and ModeDir have a
// place in a case repository.
const (
	ModeDir        uint32 = 0o040000
	ModeFile       uint32 = 0o100644
	ModeExecutable uint32 = 0o100755
	ModeSymlink    uint32 = 0o120000
	ModeGitlink    uint32 = 0o160000
)

const maxTree = 16 << 20 // bytes of one tree object

// Entry is one file or folder of a tree. A zero Entry stands for "absent".
type Entry struct {
	Path string // from the root of the tree that was asked, with slashes
	Name string // the last part of Path
	Mode uint32
	Hash Hash
}

// IsDir reports whether the entry is a folder.
func (e Entry) IsDir() bool { return e.Mode == ModeDir }

// Regular reports whether the entry is a regular file (mode 100644).
func (e Entry) Regular() bool { return e.Mode == ModeFile }

// reader reads objects: a repository, or a batch on top of one.
type reader interface {
	object(h Hash, want kind, limit int64) ([]byte, error)
	entries(tree Hash) ([]Entry, error)
	openObject(h Hash) (objectStream, error)
}

// object reads an object that must be of the kind wanted.
func (r *Repo) object(h Hash, want kind, limit int64) ([]byte, error) {
	o, err := r.objects.read(h, limit)
	if err != nil {
		return nil, r.explain(err)
	}
	return o.want(h, want)
}

func (o object) want(h Hash, want kind) ([]byte, error) {
	if o.kind != want {
		return nil, corrupt(h, "it is a %s, and a %s is expected", o.kind, want)
	}
	return o.data, nil
}

// Tree lists one tree object: names only, sorted as git sorts them. The result
// is shared and must not be changed.
func (r *Repo) Tree(h Hash) ([]Entry, error) { return r.entries(h) }

func (r *Repo) entries(tree Hash) ([]Entry, error) {
	if found, ok := r.trees.get(tree); ok {
		return found, nil
	}
	data, err := r.object(tree, kindTree, maxTree)
	if err != nil {
		return nil, err
	}
	found, err := parseTree(tree, data)
	if err != nil {
		return nil, err
	}
	r.trees.put(tree, found, int64(len(data)+56*len(found)))
	return found, nil
}

// parseTree reads a tree object, and refuses what two programs could read
// differently: modes with leading zeros, names out of order or given twice,
// and names that name git's own folder or another one.
func parseTree(h Hash, data []byte) ([]Entry, error) {
	text := string(data) // names are parts of this one copy
	found := make([]Entry, 0, len(text)/36)
	for len(text) > 0 {
		end := strings.IndexByte(text, 0)
		if end < 0 || len(text) < end+21 {
			return nil, corrupt(h, "a tree that ends within an entry")
		}
		digits, name, ok := strings.Cut(text[:end], " ")
		mode, modeOK := parseMode(digits)
		if !ok || !modeOK {
			return nil, corrupt(h, "a tree entry without a proper mode")
		}
		e := Entry{Path: name, Name: name, Mode: mode}
		copy(e.Hash[:], text[end+1:])
		if name == "" || name == "." || name == ".." || strings.ContainsRune(name, '/') || isDotGit(name) {
			return nil, corrupt(h, "a tree with an entry named %q", name)
		}
		if e.Hash.IsZero() {
			return nil, corrupt(h, "a tree whose entry %q names no object", name)
		}
		if n := len(found); n > 0 && compareEntries(found[n-1], e) >= 0 || sameName(found, e) {
			return nil, corrupt(h, "a tree with %q out of order or twice", name)
		}
		found = append(found, e)
		text = text[end+21:]
	}
	return found, nil
}

func parseMode(digits string) (uint32, bool) {
	if len(digits) == 0 || len(digits) > 6 || digits[0] == '0' {
		return 0, false
	}
	var mode uint32
	for _, c := range digits {
		if c < '0' || c > '7' {
			return 0, false
		}
		mode = mode<<3 | uint32(c-'0')
	}
	return mode, true
}

// sameName reports whether a folder has the name of a file that came before:
// git's order can put only names that begin with it between the two.
func sameName(before []Entry, e Entry) bool {
	if !e.IsDir() {
		return false
	}
	for _, b := range slices.Backward(before) {
		if !strings.HasPrefix(b.Name, e.Name) {
			return false
		}
		if b.Name == e.Name {
			return true
		}
	}
	return false
}

// compareEntries is git's order: names by bytes, folders as if they ended in a
// slash.
func compareEntries(a, b Entry) int {
	n := min(len(a.Name), len(b.Name))
	if c := strings.Compare(a.Name[:n], b.Name[:n]); c != 0 {
		return c
	}
	return int(nextByte(a, n)) - int(nextByte(b, n))
}

func nextByte(e Entry, i int) byte {
	if i < len(e.Name) {
		return e.Name[i]
	}
	if e.IsDir() {
		return '/'
	}
	return 0
}

// findEntry looks for a name, whatever its mode.
func findEntry(entries []Entry, name string) (Entry, bool) {
	for _, mode := range []uint32{ModeFile, ModeDir} {
		key := Entry{Name: name, Mode: mode}
		if i, ok := slices.BinarySearchFunc(entries, key, compareEntries); ok {
			return entries[i], true
		}
	}
	return Entry{}, false
}

// emptyTree is the name of the tree without entries, which git knows without
// having it.
var emptyTree = hashObject(kindTree, nil)

// lookup finds a path in a tree. It is fs.ErrNotExist when the tree is whole
// and the path is not in it.
func lookup(src reader, tree Hash, path string) (Entry, error) {
	names, err := splitPath(path)
	if err != nil {
		return Entry{}, err
	}
	for i, name := range names {
		entries, err := treeEntries(src, tree)
		if err != nil {
			return Entry{}, inFolder(strings.Join(names[:i], "/"), err)
		}
		e, ok := findEntry(entries, name)
		if ok && i == len(names)-1 {
			e.Path = path
			return e, nil
		}
		if !ok || !e.IsDir() {
			break
		}
		tree = e.Hash
	}
	return Entry{}, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
}

// treeEntries lists a tree; zero and the empty tree are empty.
func treeEntries(src reader, tree Hash) ([]Entry, error) {
	if tree.IsZero() || tree == emptyTree {
		return nil, nil
	}
	return src.entries(tree)
}

func joinPath(dir, name string) string {
	if dir == "" {
		return name
	}
	return dir + "/" + name
}
