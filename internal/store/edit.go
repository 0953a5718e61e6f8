package store

import (
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
)

// Edit changes one path. The bytes come from Data, or, when From is set, from
// a stream that must give exactly Size bytes. Files are written with mode
// 100644.
type Edit struct {
	Path   string
	Data   []byte
	From   func() (io.ReadCloser, error)
	Size   int64
	Delete bool // remove the path, which must be there
}

// treeEdit is a path and what shall stand there; a zero Hash removes it.
type treeEdit struct {
	names []string
	entry Entry
}

func (e treeEdit) path() string { return strings.Join(e.names, "/") }

// treeWriter makes new trees in a batch, reading unchanged ones through it.
type treeWriter struct{ b *Batch }

// apply returns the tree that edits make of base. All edits of one folder are
// applied at once, so that each tree on the way is written once.
func (w treeWriter) apply(base Hash, edits []treeEdit) (Hash, error) {
	slices.SortStableFunc(edits, func(a, b treeEdit) int { return slices.Compare(a.names, b.names) })
	for i := 1; i < len(edits); i++ {
		if slices.Equal(edits[i-1].names, edits[i].names) {
			return Hash{}, &BadPathError{edits[i].path(), "given twice in one commit"}
		}
	}
	return w.folder(base, edits, 0)
}

// folder applies edits that share their first depth names.
func (w treeWriter) folder(base Hash, edits []treeEdit, depth int) (Hash, error) {
	before, err := treeEntries(w.b, base)
	if err != nil {
		return Hash{}, err
	}
	entries := slices.Clone(before)
	for len(edits) > 0 {
		name := edits[0].names[depth]
		n := 1
		for n < len(edits) && edits[n].names[depth] == name {
			n++
		}
		if entries, err = w.name(entries, edits[:n], depth); err != nil {
			return Hash{}, err
		}
		edits = edits[n:]
	}
	if slices.Equal(before, entries) {
		return base, nil
	}
	return w.b.putTree(entries), nil
}

// name applies all edits that concern one name of a folder. A file may make
// room for a folder, or the other way round, when the same edits remove it.
func (w treeWriter) name(entries []Entry, edits []treeEdit, depth int) ([]Entry, error) {
	name := edits[0].names[depth]
	old, exists := findEntry(entries, name)
	var file *treeEdit // at this name; sorted first
	if len(edits[0].names) == depth+1 {
		file, edits = &edits[0], edits[1:]
	}
	var sub Hash
	if exists && old.IsDir() {
		sub = old.Hash
	}
	removes := file != nil && file.entry.Hash.IsZero()
	if removes && (!exists || old.IsDir()) {
		return nil, fmt.Errorf("remove %s: %w", file.path(), fs.ErrNotExist)
	}
	if len(edits) > 0 {
		if exists && !old.IsDir() && !removes {
			return nil, fmt.Errorf("%s: %s is a file: %w", edits[0].path(), strings.Join(edits[0].names[:depth+1], "/"), ErrPathConflict)
		}
		var err error
		if sub, err = w.folder(sub, edits, depth+1); err != nil {
			return nil, err
		}
	}
	folderLeft := !sub.IsZero() && sub != emptyTree
	if file != nil && !removes && folderLeft {
		return nil, fmt.Errorf("%s: a folder of that name exists: %w", file.path(), ErrPathConflict)
	}
	if exists {
		entries = slices.DeleteFunc(entries, func(e Entry) bool { return e.Name == name })
	}
	switch {
	case folderLeft:
		return insertEntry(entries, Entry{Path: name, Name: name, Mode: ModeDir, Hash: sub}), nil
	case file != nil && !removes:
		return insertEntry(entries, Entry{Path: name, Name: name, Mode: file.entry.Mode, Hash: file.entry.Hash}), nil
	}
	return entries, nil
}

func insertEntry(entries []Entry, e Entry) []Entry {
	i, _ := slices.BinarySearchFunc(entries, e, compareEntries)
	return slices.Insert(entries, i, e)
}

// encodeTree writes a tree object.
func encodeTree(entries []Entry) []byte {
	size := 0
	for _, e := range entries {
		size += len(e.Name) + 28
	}
	data := make([]byte, 0, size)
	for _, e := range entries {
		data = fmt.Appendf(data, "%o %s\x00", e.Mode, e.Name)
		data = append(data, e.Hash[:]...)
	}
	return data
}
