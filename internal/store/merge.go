package store

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
)

// MergeTree brings what changed from base to theirs into ours, path by path,
// and returns the tree, whose new objects are in the batch. A path that both
// sides changed, and not to the same, is a conflict; with any conflict the
// tree is zero. The cost depends on what theirs changed, not on ours.
func (r *Repo) MergeTree(base, ours, theirs Hash, b *Batch) (tree Hash, conflicts []string, err error) {
	if b.r != r {
		return Hash{}, nil, errors.New("the batch belongs to another repository")
	}
	list, err := changes(b, base, theirs)
	if err != nil {
		return Hash{}, nil, err
	}
	var edits []treeEdit
	for _, c := range list {
		mine, err := lookup(b, ours, c.Path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return Hash{}, nil, err
		}
		switch {
		case sameContent(mine, c.New):
		case sameContent(mine, c.Old) || mine.IsDir() && !c.New.Hash.IsZero():
			// A folder in the way is a conflict unless other edits empty it,
			// which only applying them can tell.
			names, err := splitPath(c.Path)
			if err != nil {
				return Hash{}, nil, err
			}
			edits = append(edits, treeEdit{names, c.New})
		default:
			conflicts = append(conflicts, c.Path)
		}
	}
	if len(conflicts) > 0 {
		return Hash{}, conflicts, nil
	}
	return b.applyMerge(ours, edits)
}

// applyMerge applies edits one folder at a time; where a file and a folder
// collide it finds out which paths do.
func (b *Batch) applyMerge(ours Hash, edits []treeEdit) (Hash, []string, error) {
	tree, err := treeWriter{b}.apply(ours, slices.Clone(edits))
	if err == nil {
		return tree, nil, nil
	}
	if !errors.Is(err, ErrPathConflict) && !errors.Is(err, fs.ErrNotExist) {
		return Hash{}, nil, err
	}
	var conflicts []string
	for _, e := range edits {
		if e.entry.Hash.IsZero() {
			continue
		}
		if blocked, err := b.blocked(ours, e.names, edits); err != nil {
			return Hash{}, nil, err
		} else if blocked {
			conflicts = append(conflicts, e.path())
		}
	}
	if len(conflicts) == 0 {
		return Hash{}, nil, fmt.Errorf("merge: %w", err)
	}
	return Hash{}, conflicts, nil
}

// blocked reports whether a file of ours stands where a folder is needed, or a
// folder where a file is, and no edit removes it.
func (b *Batch) blocked(ours Hash, names []string, edits []treeEdit) (bool, error) {
	for depth := 1; depth <= len(names); depth++ {
		e, err := lookup(b, ours, treeEdit{names: names[:depth]}.path())
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		last := depth == len(names)
		removed := slices.ContainsFunc(edits, func(x treeEdit) bool {
			return x.entry.Hash.IsZero() && slices.Equal(x.names, names[:depth])
		})
		if (last && e.IsDir()) || (!last && !e.IsDir() && !removed) {
			return true, nil
		}
	}
	return false, nil
}

func sameContent(a, b Entry) bool { return a.Hash == b.Hash && a.Mode == b.Mode }
