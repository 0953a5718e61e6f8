package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Ref is a ref by its full name.
type Ref struct {
	Name string
	Hash Hash
}

// Where a clone keeps what it last saw on the remote. Heads are where git
// keeps them too. The second place is Docket's own: git has none for other
// refs, and below refs/docket a clone has refs of its own.
const (
	headsPrefix    = "refs/heads/"
	docketPrefix   = "refs/docket/"
	trackedHeads   = "refs/remotes/origin/"
	trackedDocket  = "refs/docket-origin/"
	maxSymbolic    = 5 // as git
	maxPackedBytes = 256 << 20
)

// tracked returns the name under which this repository holds a ref of the case
// repository.
func (r *Repo) tracked(name string) string {
	if r.origin == nil {
		return name
	}
	if rest, ok := strings.CutPrefix(name, headsPrefix); ok {
		return trackedHeads + rest
	}
	if rest, ok := strings.CutPrefix(name, docketPrefix); ok {
		return trackedDocket + rest
	}
	return name
}

// Ref returns where a ref of the case repository is, by its full name;
// fs.ErrNotExist when it does not exist. In a clone it answers for
// refs/heads/ and refs/docket/ what the last Fetch or Publish saw.
func (r *Repo) Ref(name string) (Hash, error) {
	h, err := r.LocalRef(r.tracked(name))
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	}
	return h, err
}

// Refs returns the refs of the case repository whose full names begin with
// prefix ("refs/heads/" or longer), sorted by name.
func (r *Repo) Refs(prefix string) ([]Ref, error) {
	local := r.tracked(prefix)
	refs, err := r.LocalRefs(local)
	if err != nil || local == prefix {
		return refs, err
	}
	refs = slices.DeleteFunc(refs, func(ref Ref) bool { return ref.Name == trackedHeads+"HEAD" })
	for i := range refs {
		refs[i].Name = prefix + refs[i].Name[len(local):]
	}
	return refs, nil
}

// LocalRef returns where a ref of this repository itself is; fs.ErrNotExist
// when it does not exist. Unless Remote, it is the same as Ref.
func (r *Repo) LocalRef(name string) (Hash, error) {
	if err := checkRefName(name); err != nil {
		return Hash{}, err
	}
	return r.readRef(name)
}

// readRef looks for a loose ref first and for a packed one then: git packs a
// ref before it removes the loose file, so one of both is there.
func (r *Repo) readRef(name string) (Hash, error) {
	first := name
	for range maxSymbolic {
		h, next, err := r.readLooseRef(name)
		if errors.Is(err, fs.ErrNotExist) {
			return r.readPackedRef(name)
		}
		if err != nil || next == "" {
			return h, err
		}
		name = next
	}
	return Hash{}, fmt.Errorf("ref %s: symbolic refs without end: %w", first, ErrCorrupt)
}

func (r *Repo) refPath(name string) string {
	return filepath.Join(r.gitDir, filepath.FromSlash(name))
}

func (r *Repo) readLooseRef(name string) (h Hash, symbolic string, err error) {
	text, err := readPatiently(r.refPath(name))
	if err != nil {
		if info, statErr := os.Stat(r.refPath(name)); (statErr == nil && info.IsDir()) || isNotDir(err) {
			err = fs.ErrNotExist // a folder of refs, or below a ref
		}
		return h, "", err
	}
	line := string(bytes.TrimRight(text, "\n"))
	if target, ok := strings.CutPrefix(line, "ref: "); ok {
		target = strings.TrimSpace(target)
		return h, target, checkRefName(target)
	}
	if h, err = ParseHash(line); err != nil {
		return h, "", fmt.Errorf("ref %s: %w: %w", name, err, ErrCorrupt)
	}
	return h, "", nil
}

func (r *Repo) packedPath() string { return filepath.Join(r.gitDir, "packed-refs") }

func (r *Repo) readPacked() ([]byte, error) {
	path := r.packedPath()
	if info, err := os.Stat(path); err == nil && info.Size() > maxPackedBytes {
		return nil, fmt.Errorf("%s: %d bytes: %w", path, info.Size(), ErrTooLarge)
	}
	text, err := readPatiently(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return text, err
}

func (r *Repo) readPackedRef(name string) (Hash, error) {
	text, err := r.readPacked()
	if err != nil {
		return Hash{}, err
	}
	// Lines are "<hash> <name>"; looking for the bytes is faster than parsing.
	at := bytes.Index(text, []byte(" "+name+"\n"))
	if at < 40 {
		return Hash{}, fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	}
	h, err := ParseHash(string(text[at-40 : at]))
	if err != nil {
		return h, fmt.Errorf("%s: %w: %w", r.packedPath(), err, ErrCorrupt)
	}
	return h, nil
}

// LocalRefs returns the refs of this repository itself whose full names begin
// with prefix, sorted by name. Symbolic refs that lead nowhere are left out.
func (r *Repo) LocalRefs(prefix string) ([]Ref, error) {
	if !strings.HasPrefix(prefix, "refs/") {
		return nil, fmt.Errorf("prefix %q: \"refs/\" and more is expected: %w", prefix, ErrBadRef)
	}
	found := map[string]Hash{}
	// Loose refs first: what is packed meanwhile is then found there.
	loose := map[string]bool{}
	if err := r.looseNames(prefix, loose); err != nil {
		return nil, err
	}
	if err := r.packedRefs(prefix, found); err != nil {
		return nil, err
	}
	for name := range loose {
		h, err := r.readRef(name)
		if errors.Is(err, fs.ErrNotExist) {
			delete(found, name)
			continue
		}
		if err != nil {
			return nil, err
		}
		found[name] = h
	}
	refs := make([]Ref, 0, len(found))
	for name, h := range found {
		refs = append(refs, Ref{name, h})
	}
	slices.SortFunc(refs, func(a, b Ref) int { return strings.Compare(a.Name, b.Name) })
	return refs, nil
}

func (r *Repo) looseNames(prefix string, into map[string]bool) error {
	top := prefix[:strings.LastIndexByte(prefix, '/')]
	return filepath.WalkDir(r.refPath(top), func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || isNotDir(err) {
			return nil // removed meanwhile
		}
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(r.gitDir, path)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		if strings.HasPrefix(name, prefix) && checkRefName(name) == nil {
			into[name] = true
		}
		return nil
	})
}

func (r *Repo) packedRefs(prefix string, into map[string]Hash) error {
	text, err := r.readPacked()
	if err != nil {
		return err
	}
	for line := range bytes.Lines(text) {
		if len(line) < 42 || line[0] == '#' || line[0] == '^' {
			continue
		}
		name := string(bytes.TrimRight(line[41:], "\n"))
		if !strings.HasPrefix(name, prefix) || checkRefName(name) != nil {
			continue
		}
		h, err := ParseHash(string(line[:40]))
		if err != nil {
			return fmt.Errorf("%s: %w: %w", r.packedPath(), err, ErrCorrupt)
		}
		into[name] = h
	}
	return nil
}
