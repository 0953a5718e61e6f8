package forge

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"time"
)

// Board is where the local forge keeps its files: a tree under one ref,
// changed by compare-and-swap.
type Board interface {
	// View returns the newest state. A board that holds nothing yet has the
	// revision "".
	View(ctx context.Context) (BoardView, error)
	// Save makes one commit on top of base. It returns ErrLost (errors.Is) when
	// base is no longer the newest revision, and then nothing was changed.
	Save(ctx context.Context, base string, change BoardChange) error
}

// BoardView is one state of a board; it does not change while it is read.
type BoardView interface {
	Revision() string
	// Read returns a file; fs.ErrNotExist (errors.Is) when there is none.
	Read(path string) ([]byte, error)
	// List returns the names in a folder, of files and of folders, in any
	// order; a folder that does not exist is empty or fs.ErrNotExist.
	List(dir string) ([]string, error)
}

// BoardChange is what one commit changes.
type BoardChange struct {
	Message string            // the commit's message, ending in LF; ASCII
	Files   map[string][]byte // new content by path; nil deletes
}

// How often a change is tried again after a lost race. Each lost race means
// that somebody else's change went through, so that the last of n waiting
// processes needs n tries, not luck.
const (
	saveTries = 200
	firstWait = 2 * time.Millisecond
	longWait  = 100 * time.Millisecond
)

// draft is a change in the making: a view, and what will be different.
type draft struct {
	view    BoardView
	files   map[string][]byte
	message string
}

func (d *draft) read(path string) ([]byte, error) {
	if data, ok := d.files[path]; ok {
		if data == nil {
			return nil, fs.ErrNotExist
		}
		return data, nil
	}
	return d.view.Read(path)
}

func (d *draft) put(path string, data []byte) { d.files[path] = data }
func (d *draft) drop(path string)             { d.files[path] = nil }

// change runs edit on the newest state and saves what it put into the draft,
// as often as it takes. An edit that puts nothing saves nothing.
func (l *Local) change(ctx context.Context, edit func(*draft) error) error {
	wait := firstWait
	for range saveTries {
		view, err := l.board.View(ctx)
		if err != nil {
			return err
		}
		d := &draft{view: view, files: map[string][]byte{}}
		if err := edit(d); err != nil {
			return err
		}
		if len(d.files) == 0 {
			return nil
		}
		err = l.board.Save(ctx, view.Revision(), BoardChange{Message: d.message, Files: d.files})
		if !errors.Is(err, ErrLost) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait/2 + rand.N(wait)):
		}
		wait = min(2*wait, longWait)
	}
	return fmt.Errorf("the board was changed by others %d times in a row; try again: %w", saveTries, ErrLost)
}
