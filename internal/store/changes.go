package store

import "fmt"

// maxChanges bounds what one comparison of trees may find.
const maxChanges = 100_000

// Change is one path that differs between two trees. An Entry with a zero
// Hash means that the path is absent on that side.
type Change struct {
	Path     string
	Old, New Entry
}

// Changes returns what differs between two trees, sorted by path (git's order
// of entries is the order of whole paths): files, and
// whatever else is no folder. It descends only where hashes differ. A zero
// Hash is the empty tree. More than 100,000 changes are ErrTooMany.
func (r *Repo) Changes(oldTree, newTree Hash) ([]Change, error) {
	return changes(r, oldTree, newTree)
}

func changes(src reader, oldTree, newTree Hash) ([]Change, error) {
	d := differ{src: src, seen: repeats{}}
	if err := d.trees(oldTree, newTree, "", 0); err != nil {
		return nil, err
	}
	return d.found, nil
}

type differ struct {
	src   reader
	seen  repeats
	found []Change
}

func (d *differ) trees(oldTree, newTree Hash, dir string, depth int) error {
	if oldTree == newTree {
		return nil
	}
	if depth > maxDepth {
		return inFolder(dir, corrupt(newTree, "folders more than %d deep", maxDepth))
	}
	before, err := treeEntries(d.src, oldTree)
	if err != nil {
		return inFolder(dir, err)
	}
	after, err := treeEntries(d.src, newTree)
	if err == nil {
		err = d.seen.visit(newTree, after)
	}
	if err != nil {
		return inFolder(dir, err)
	}
	for len(before) > 0 || len(after) > 0 {
		var o, n Entry
		order := 0
		switch {
		case len(before) == 0:
			order = 1
		case len(after) == 0:
			order = -1
		default:
			order = compareEntries(before[0], after[0])
		}
		if order <= 0 {
			o, before = before[0], before[1:]
		}
		if order >= 0 {
			n, after = after[0], after[1:]
		}
		if o.Hash == n.Hash && o.Mode == n.Mode {
			continue
		}
		if err := d.pair(o, n, dir, depth); err != nil {
			return err
		}
	}
	return nil
}

// pair takes entries of one name and one kind (folder or not), or a single one.
func (d *differ) pair(o, n Entry, dir string, depth int) error {
	path := joinPath(dir, max(o.Name, n.Name))
	if o.IsDir() || n.IsDir() {
		return d.trees(o.Hash, n.Hash, path, depth+1)
	}
	c := Change{Path: path, Old: o, New: n}
	if !o.Hash.IsZero() {
		c.Old.Path = path
	}
	if !n.Hash.IsZero() {
		c.New.Path = path
	}
	if d.found = append(d.found, c); len(d.found) > maxChanges {
		return inFolder(dir, fmt.Errorf("more than %d files differ: %w", maxChanges, ErrTooMany))
	}
	return nil
}
