package store

import (
	"bytes"
	"container/heap"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
)

const maxBetween = 10000 // commits that Between returns

// FirstParents walks from a commit back along first parents, until the commit
// named until (not included), or the root when until is zero. An error ends
// the walk; it comes with a nil commit.
func (r *Repo) FirstParents(from, until Hash) iter.Seq2[*Commit, error] {
	return func(yield func(*Commit, error) bool) {
		for h := from; !h.IsZero() && h != until; {
			c, err := r.Commit(h)
			if !yield(c, err) || err != nil {
				return
			}
			if len(c.Parents) == 0 {
				return
			}
			h = c.Parents[0]
		}
	}
}

// Between returns the commits that are reachable from head and not from
// exclude, parents before children; a zero exclude excludes nothing. Above
// 10,000 commits it is ErrTooMany. As in git, commits whose clocks are wrong
// by more than their neighbours may be reported although exclude reaches them;
// none is left out.
func (r *Repo) Between(head, exclude Hash) ([]*Commit, error) {
	var excludes []Hash
	if !exclude.IsZero() {
		excludes = []Hash{exclude}
	}
	hashes, err := between(r, []Hash{head}, excludes, nil)
	if err != nil {
		return nil, err
	}
	commits := make([]*Commit, len(hashes))
	for i, h := range hashes {
		if commits[i], err = r.Commit(h); err != nil {
			return nil, err
		}
	}
	return commits, nil
}

// IsAncestor reports whether b reaches a; a commit reaches itself. The answer
// is exact whatever the commits' clocks say. It reads the commits between a, b
// and their common ancestors.
func (r *Repo) IsAncestor(a, b Hash) (bool, error) { return isAncestor(r, a, b) }

func isAncestor(src reader, a, b Hash) (bool, error) {
	if a == b {
		return true, nil
	}
	w := newWalk(src)
	if err := w.paint(a, wanted); err != nil {
		return false, err
	}
	if err := w.paint(b, excluded); err != nil {
		return false, err
	}
	// Whatever lies on a way from b to a is no ancestor of a, so it cannot
	// have both colours: the walk does not end before it has passed there.
	for w.single > 0 {
		if _, err := w.step(); err != nil {
			return false, err
		}
		if w.nodes[a].colour&excluded != 0 {
			return true, nil
		}
	}
	return w.nodes[a].colour&excluded != 0, nil
}

const (
	wanted   = 1
	excluded = 2
)

type walkNode struct {
	hash    Hash
	parents []Hash
	date    int64 // of the committer
	colour  uint8
	queued  bool
}

// walk visits commits, latest first, and hands their colours down.
type walk struct {
	src    reader
	nodes  map[Hash]*walkNode
	queue  walkQueue
	ends   []Hash
	single int // nodes in the queue that do not have both colours
}

func newWalk(src reader) *walk { return &walk{src: src, nodes: map[Hash]*walkNode{}} }

func (w *walk) paint(h Hash, colour uint8) error {
	n := w.nodes[h]
	if n == nil {
		data, err := w.src.object(h, kindCommit, maxCommit)
		if err != nil {
			return err
		}
		n = &walkNode{hash: h}
		if n.parents, n.date, err = commitLinks(h, data); err != nil {
			return err
		}
		if slices.Contains(w.ends, h) {
			n.parents = nil
		}
		w.nodes[h] = n
	}
	if n.colour&colour == colour {
		return nil
	}
	both := n.colour|colour == wanted|excluded
	switch {
	case !n.queued:
		heap.Push(&w.queue, n)
		n.queued = true
		if !both {
			w.single++
		}
	case both:
		w.single--
	}
	n.colour |= colour
	return nil
}

// step takes the latest commit from the queue and paints its parents.
func (w *walk) step() (*walkNode, error) {
	n := heap.Pop(&w.queue).(*walkNode)
	n.queued = false
	if n.colour != wanted|excluded {
		w.single--
	}
	for _, p := range n.parents {
		if err := w.paint(p, n.colour); err != nil {
			return nil, err
		}
	}
	return n, nil
}

// commitLinks reads what a walk needs of a commit.
func commitLinks(h Hash, data []byte) (parents []Hash, date int64, err error) {
	for line := range bytes.Lines(data) {
		if value, ok := bytes.CutPrefix(line, []byte("parent ")); ok {
			p, err := ParseHash(string(bytes.TrimSuffix(value, []byte{'\n'})))
			if err != nil {
				return nil, 0, corrupt(h, "a commit with a malformed parent")
			}
			parents = append(parents, p)
		} else if value, ok := bytes.CutPrefix(line, []byte("committer ")); ok {
			fields := bytes.Fields(value[bytes.LastIndexByte(value, '>')+1:])
			if len(fields) > 0 {
				date, _ = strconv.ParseInt(string(fields[0]), 10, 64)
			}
		} else if len(line) == 1 {
			break
		}
	}
	return parents, date, nil
}

// between lists commits that heads reach and excludes do not, parents first.
// Like git's limit_list it goes on a little (slop) after only excluded commits
// are left, in case clocks were wrong.
//
// At the commits named ends the walk stops as if they had no parents.
func between(src reader, heads, excludes, ends []Hash) ([]Hash, error) {
	const slop = 5
	w := newWalk(src)
	w.ends = ends
	for _, h := range excludes {
		if err := w.paint(h, excluded); err != nil {
			return nil, err
		}
	}
	for _, h := range heads {
		if err := w.paint(h, wanted); err != nil {
			return nil, err
		}
	}
	var found []*walkNode
	for left := slop; len(w.queue) > 0 && left > 0; {
		n, err := w.step()
		if err != nil {
			return nil, err
		}
		if n.colour&excluded == 0 {
			if found = append(found, n); len(found) > 2*maxBetween {
				return nil, fmt.Errorf("more than %d: %w", maxBetween, ErrTooMany)
			}
		}
		if w.wanting() || len(found) > 0 && len(w.queue) > 0 && w.queue[0].date >= found[len(found)-1].date {
			left = slop
		} else {
			left--
		}
	}
	found = slices.DeleteFunc(found, func(n *walkNode) bool { return n.colour&excluded != 0 })
	if len(found) > maxBetween {
		return nil, fmt.Errorf("%d: %w", len(found), ErrTooMany)
	}
	return parentsFirst(found), nil
}

// wanting reports whether a commit in the queue may still be an answer.
func (w *walk) wanting() bool {
	return slices.ContainsFunc(w.queue, func(n *walkNode) bool { return n.colour == wanted })
}

// parentsFirst sorts commits topologically; among equals the latest come last.
func parentsFirst(nodes []*walkNode) []Hash {
	const open, done = 1, 2
	in := make(map[Hash]*walkNode, len(nodes))
	for _, n := range nodes {
		in[n.hash] = n
	}
	state := make(map[Hash]int, len(nodes))
	out := make([]Hash, 0, len(nodes))
	for _, root := range slices.Backward(nodes) {
		// A stack of its own: a hundred thousand commits in a row must not be
		// as many calls.
		stack := []*walkNode{root}
		for len(stack) > 0 {
			n := stack[len(stack)-1]
			if state[n.hash] != 0 {
				stack = stack[:len(stack)-1]
				if state[n.hash] == open {
					state[n.hash] = done
					out = append(out, n.hash)
				}
				continue
			}
			state[n.hash] = open
			for _, p := range slices.Backward(n.parents) {
				if next := in[p]; next != nil && state[p] == 0 {
					stack = append(stack, next)
				}
			}
		}
	}
	return out
}

type walkQueue []*walkNode

func (q walkQueue) Len() int           { return len(q) }
func (q walkQueue) Less(i, j int) bool { return q[i].date > q[j].date }
func (q walkQueue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *walkQueue) Push(x any)        { *q = append(*q, x.(*walkNode)) }
func (q *walkQueue) Pop() any {
	old := *q
	n := old[len(old)-1]
	*q = old[:len(old)-1]
	return n
}

// explain adds to a missing object what a shallow clone has to do with it.
func (r *Repo) explain(err error) error {
	if len(r.shallow) > 0 && errors.Is(err, ErrMissing) {
		return fmt.Errorf("%w (the clone is shallow: run \"git fetch --unshallow\" in %s)", err, r.dir)
	}
	return err
}
