package forge

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Local is the embedded forge: pull requests and issues as files on a Board.
// It may be used from several goroutines, and several processes may share the
// board.
type Local struct {
	board Board
	now   func() time.Time
}

var _ Forge = (*Local)(nil)

// NewLocal returns the forge that is kept on the board. now tells the time.
func NewLocal(b Board, now func() time.Time) *Local { return &Local{board: b, now: now} }

func (l *Local) moment() time.Time { return seconds(l.now()) }

// seconds is t as records keep it: UTC, no fraction.
func seconds(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

// given is at, or now when the caller left it out.
func (l *Local) given(at time.Time) time.Time {
	if at.IsZero() {
		return l.moment()
	}
	return seconds(at)
}

// Peek implements Reader.
func (l *Local) Peek(ctx context.Context, number int) (Pull, error) { return l.Get(ctx, number) }

// Get implements Reader.
func (l *Local) Get(ctx context.Context, number int) (Pull, error) {
	d, err := l.look(ctx)
	if err != nil {
		return Pull{}, err
	}
	return d.pull(number)
}

// Find implements Reader.
func (l *Local) Find(ctx context.Context, branch string) (Pull, error) {
	d, err := l.look(ctx)
	if err != nil {
		return Pull{}, err
	}
	return d.openPull(branch)
}

// List implements Reader. Listing open pull requests reads those only; any
// other list reads backwards from the newest, so set a limit.
func (l *Local) List(ctx context.Context, f Filter) ([]Pull, error) {
	switch f.State {
	case "", StateOpen, StateMerged, StateClosed:
	default:
		return nil, &InvalidError{Field: "filter.state", Rule: "open, merged, closed or empty"}
	}
	d, err := l.look(ctx)
	if err != nil {
		return nil, err
	}
	numbers, err := d.candidates(f.State)
	if err != nil {
		return nil, err
	}
	var list []Pull
	for n := range numbers {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		p, err := d.pull(n)
		if err != nil {
			return nil, err
		}
		if f.State == "" || p.State == f.State {
			list = append(list, p)
		}
		if f.Limit > 0 && len(list) == f.Limit {
			break
		}
	}
	return list, nil
}

func (l *Local) look(ctx context.Context) (*draft, error) {
	view, err := l.board.View(ctx)
	if err != nil {
		return nil, err
	}
	return &draft{view: view}, nil
}

// candidates gives the numbers of the pull requests that may be in the state,
// the highest first.
func (d *draft) candidates(state string) (func(yield func(int) bool), error) {
	if state == StateOpen {
		numbers, err := d.openNumbers("open")
		slices.Sort(numbers)
		slices.Reverse(numbers)
		return slices.Values(numbers), err
	}
	last, err := d.last()
	return func(yield func(int) bool) {
		for n := last; n > 0 && yield(n); n-- {
		}
	}, err
}

// openNumbers reads the numbers of open pull requests out of the folder's file
// names; the folders below it are blocks.
func (d *draft) openNumbers(dir string) ([]int, error) {
	names, err := d.view.List(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var numbers []int
	for _, name := range names {
		path := dir + "/" + strings.TrimSuffix(name, "/")
		if digits, isFile := strings.CutSuffix(name, ".yaml"); isFile {
			n, err := strconv.Atoi(digits)
			if err != nil || openPath(n) != path {
				return nil, &RecordError{Path: path, Problem: "not the place of an open pull request"}
			}
			numbers = append(numbers, n)
			continue
		}
		// Numbers have at most ten digits, so blocks are at most four deep.
		if strings.Count(path, "/") > 4 {
			return nil, &RecordError{Path: path, Problem: "folders deeper than any pull request's"}
		}
		below, err := d.openNumbers(path)
		if err != nil {
			return nil, err
		}
		numbers = append(numbers, below...)
	}
	return numbers, nil
}

// last is the highest number given so far.
func (d *draft) last() (int, error) {
	data, err := d.read(numbersPath)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	var n int
	if err := decode(numbersPath, data, []field{count("pull", &n)}); err != nil {
		return 0, err
	}
	return n, nil
}

// pull reads a pull request.
func (d *draft) pull(n int) (Pull, error) {
	if n < 1 {
		return Pull{}, fmt.Errorf("pull request %d: %w", n, ErrNotFound)
	}
	data, err := d.read(pullPath(n))
	if errors.Is(err, fs.ErrNotExist) {
		return Pull{}, fmt.Errorf("pull request %d: %w", n, ErrNotFound)
	}
	if err != nil {
		return Pull{}, err
	}
	return decodePull(pullPath(n), data, n)
}

// openPull reads the open pull request of a branch.
func (d *draft) openPull(branch string) (Pull, error) {
	var r rules
	if r.branch("branch", branch); r.err != nil {
		return Pull{}, r.err
	}
	numbers, err := d.index(branchPath(branch))
	if err != nil {
		return Pull{}, err
	}
	if len(numbers) == 0 {
		return Pull{}, fmt.Errorf("open pull request of branch %s: %w", branch, ErrNotFound)
	}
	p, err := d.pull(numbers[0])
	if err != nil {
		return Pull{}, err
	}
	if p.Branch != branch || p.State != StateOpen {
		return Pull{}, &RecordError{Path: branchPath(branch), Problem: "it names a pull request that is not open or not of that branch"}
	}
	return p, nil
}
