package desk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/docket-psirt/docket/internal/forge"
	"github.com/docket-psirt/docket/internal/store"
)

// board keeps a forge's files in the tree of a ref: all that the local forge
// has, or what Docket remembers of GitHub. Its commits are signed by whoever
// acts.
type board struct {
	d   *Desk
	ref string // refs/docket/forge, or githubRef
	who *actor // set before each step (Desk.acting)
}

const maxBoardFile = 1 << 20

// View implements forge.Board.
func (b *board) View(ctx context.Context) (forge.BoardView, error) {
	if err := b.d.repo.Fetch(ctx); err != nil {
		return nil, err
	}
	h, err := b.d.repo.Ref(b.ref)
	if errors.Is(err, fs.ErrNotExist) {
		return &boardView{at: b.d.repo.AtTree(store.Hash{})}, nil
	}
	if err != nil {
		return nil, err
	}
	at, err := b.d.repo.At(h)
	return &boardView{revision: h.String(), at: at}, err
}

// Save implements forge.Board.
func (b *board) Save(ctx context.Context, base string, change forge.BoardChange) error {
	if b.who == nil {
		return errors.New("desk: the forge was changed by nobody") // a programming error
	}
	var old, tree store.Hash
	var parents []store.Hash
	if base != "" {
		var err error
		if old, err = store.ParseHash(base); err != nil {
			return err
		}
		c, err := b.d.repo.Commit(old)
		if err != nil {
			return err
		}
		tree, parents = c.Tree, []store.Hash{old}
	}
	var edits []store.Edit
	for path, data := range change.Files {
		edits = append(edits, store.Edit{Path: path, Data: data, Delete: data == nil})
	}
	batch := b.d.repo.NewBatch()
	h, err := b.d.commit(batch, b.who, b.d.now(), tree, parents, edits, change.Message)
	if err != nil {
		return err
	}
	err = b.d.repo.Publish(ctx, batch, store.RefUpdate{Name: b.ref, Old: old, New: h})
	if errors.Is(err, store.ErrLost) {
		return fmt.Errorf("%w: %v", forge.ErrLost, err)
	}
	return err
}

type boardView struct {
	revision string
	at       *store.Snapshot
}

// Revision implements forge.BoardView.
func (v *boardView) Revision() string { return v.revision }

// Read implements forge.BoardView.
func (v *boardView) Read(path string) ([]byte, error) { return v.at.Read(path, maxBoardFile) }

// List implements forge.BoardView.
func (v *boardView) List(dir string) ([]string, error) {
	entries, err := v.at.List(dir)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name
	}
	return names, nil
}
