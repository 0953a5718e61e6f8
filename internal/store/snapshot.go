package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// Snapshot reads files at one revision.
type Snapshot struct {
	src  reader
	tree Hash
}

// At returns the snapshot of a commit.
func (r *Repo) At(commit Hash) (*Snapshot, error) { return snapshot(r, commit) }

// AtTree returns the snapshot of a tree.
func (r *Repo) AtTree(tree Hash) *Snapshot { return &Snapshot{src: r, tree: tree} }

func snapshot(src reader, commit Hash) (*Snapshot, error) {
	c, err := readCommit(src, commit)
	if err != nil {
		return nil, err
	}
	return &Snapshot{src: src, tree: c.Tree}, nil
}

// Tree is the snapshot's root tree.
func (s *Snapshot) Tree() Hash { return s.tree }

// Entry finds a path; fs.ErrNotExist when it is not there.
func (s *Snapshot) Entry(path string) (Entry, error) { return lookup(s.src, s.tree, path) }

// Read returns the bytes of a regular file of at most limit bytes. What is no
// regular file is a *ModeError.
func (s *Snapshot) Read(path string, limit int64) ([]byte, error) {
	e, err := s.regular(path)
	if err != nil {
		return nil, err
	}
	data, err := s.src.object(e.Hash, kindBlob, limit)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return data, nil
}

// Open streams a regular file of any size; see [Repo.OpenBlob].
func (s *Snapshot) Open(path string) (io.ReadCloser, int64, error) {
	e, err := s.regular(path)
	if err != nil {
		return nil, 0, err
	}
	stream, size, err := openBlob(s.src, e.Hash)
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", path, err)
	}
	return stream, size, nil
}

func (s *Snapshot) regular(path string) (Entry, error) {
	e, err := s.Entry(path)
	if err == nil && !e.Regular() {
		err = &ModeError{path, e.Mode}
	}
	return e, err
}

// List returns what is in one folder, sorted as git sorts; "" is the root. A
// folder that is not there is fs.ErrNotExist, except the root.
func (s *Snapshot) List(dir string) ([]Entry, error) {
	tree, err := s.dir(dir)
	if err != nil {
		return nil, err
	}
	entries, err := treeEntries(s.src, tree)
	if err != nil {
		return nil, inFolder(dir, err)
	}
	list := make([]Entry, len(entries))
	for i, e := range entries {
		e.Path = joinPath(dir, e.Name)
		list[i] = e
	}
	return list, nil
}

func (s *Snapshot) dir(dir string) (Hash, error) {
	if dir == "" {
		return s.tree, nil
	}
	e, err := s.Entry(dir)
	if err == nil && !e.IsDir() {
		err = fmt.Errorf("%s is %s, no folder: %w", dir, modeName(e.Mode), fs.ErrNotExist)
	}
	return e.Hash, err
}

// Walk calls fn for everything below dir that is no folder, in git's order,
// reading trees only. fs.SkipAll from fn ends it early without an error.
func (s *Snapshot) Walk(dir string, fn func(Entry) error) error {
	tree, err := s.dir(dir)
	if err != nil {
		return err
	}
	w := walker{s.src, fn, repeats{}}
	err = w.tree(tree, dir, 0)
	if errors.Is(err, fs.SkipAll) {
		return nil
	}
	return err
}

type walker struct {
	src  reader
	fn   func(Entry) error
	seen repeats
}

func (w *walker) tree(tree Hash, dir string, depth int) error {
	if depth > maxDepth {
		return inFolder(dir, corrupt(tree, "folders more than %d deep", maxDepth))
	}
	entries, err := treeEntries(w.src, tree)
	if err == nil {
		err = w.seen.visit(tree, entries)
	}
	if err != nil {
		return inFolder(dir, err)
	}
	for _, e := range entries {
		e.Path = joinPath(dir, e.Name)
		if e.IsDir() {
			err = w.tree(e.Hash, e.Path, depth+1)
		} else {
			err = w.fn(e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// repeats counts how often one walk meets the same folder of folders. A few
// small trees that hold each other many times would otherwise be a repository
// of more paths than anybody can walk; in a case repository no two folders of
// folders are the same.
type repeats map[Hash]int

const maxRepeats = 100

func (r repeats) visit(tree Hash, entries []Entry) error {
	for _, e := range entries {
		if e.IsDir() {
			if r[tree]++; r[tree] > maxRepeats {
				return corrupt(tree, "the same folder of folders at more than %d places", maxRepeats)
			}
			return nil
		}
	}
	return nil
}

// inFolder names the folder that an error is about.
func inFolder(dir string, err error) error {
	if dir == "" {
		dir = "/"
	}
	if len(dir) > 200 {
		dir = dir[:200] + "…"
	}
	return fmt.Errorf("folder %+q: %w", dir, err)
}
