package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// RefUpdate moves one ref from Old to New. Zero Old: it must not exist; zero
// New: it is deleted; Old equal to New: it only must still be there (which a
// remote does not hold together with the others; it is only looked at before).
type RefUpdate struct {
	Name     string
	Old, New Hash
}

// Publish makes the batch's objects, as far as the updates need them, durable
// and then moves the refs. b may be nil when nothing new is needed.
//
// A ref that is not at Old is ErrLost (a *LostError naming it), and then no
// ref has moved. Several refs move together: in a bare repository all are
// locked and compared before the first moves, in the order given, so that only
// a kill or a power cut can part them, and then the first have moved; on a remote they are one atomic push where the
// server can do that.
//
// When it fails for another reason than ErrLost or ErrRefused, a remote may
// have moved the refs nevertheless: Fetch and look.
func (r *Repo) Publish(ctx context.Context, b *Batch, updates ...RefUpdate) error {
	if b == nil {
		b = r.NewBatch()
	}
	if b.r != r {
		return errors.New("the batch belongs to another repository")
	}
	if err := r.checkUpdates(b, updates); err != nil {
		return err
	}
	if r.origin != nil {
		return r.push(ctx, b, updates)
	}
	for _, u := range updates { // a race lost already costs no write
		if err := r.expectRef(u.Name, u.Name, u.Old); err != nil {
			return err
		}
	}
	if err := b.store(b.needed(tips(updates))); err != nil {
		return err
	}
	return r.moveRefs(ctx, updates, true)
}

// Keep makes the batch's objects that the commits need durable in this
// repository, without publishing anything: a local ref may then name them
// (SetLocalRef), and a later Publish takes them along.
func (r *Repo) Keep(b *Batch, commits ...Hash) error {
	if b.r != r {
		return errors.New("the batch belongs to another repository")
	}
	return b.store(b.needed(commits))
}

// SetLocalRef moves a ref below refs/docket/ that is kept in this repository
// only, by compare-and-swap as in RefUpdate. Unless Remote it is a ref like
// the others. The object must be in the repository (Publish or Keep).
func (r *Repo) SetLocalRef(name string, old, new Hash) error {
	if !strings.HasPrefix(name, docketPrefix) {
		return fmt.Errorf("ref %q: local refs are below %s: %w", name, docketPrefix, ErrBadRef)
	}
	if err := checkRefName(name); err != nil {
		return err
	}
	if err := r.checkTip(r.NewBatch(), name, new); err != nil {
		return err
	}
	return r.moveRefs(context.Background(), []RefUpdate{{name, old, new}}, true)
}

func tips(updates []RefUpdate) []Hash {
	hashes := make([]Hash, len(updates))
	for i, u := range updates {
		hashes[i] = u.New
	}
	return hashes
}

// checkUpdates refuses what no repository should be asked for.
func (r *Repo) checkUpdates(b *Batch, updates []RefUpdate) error {
	seen := map[string]bool{}
	for _, u := range updates {
		if err := checkRefName(u.Name); err != nil {
			return err
		}
		if seen[u.Name] {
			return fmt.Errorf("ref %q is given twice: %w", u.Name, ErrBadRef)
		}
		seen[u.Name] = true
		if u.Old.IsZero() && u.New.IsZero() {
			return fmt.Errorf("ref %q: nothing to do, neither an old nor a new place is given: %w", u.Name, ErrBadRef)
		}
		if r.origin != nil && r.tracked(u.Name) == u.Name {
			return fmt.Errorf("ref %q: only refs below %s and %s are published: %w", u.Name, headsPrefix, docketPrefix, ErrBadRef)
		}
		if r.origin == nil && u.Name == r.checkout {
			return fmt.Errorf("ref %q is checked out in the work tree of %s, which would no longer fit: use a bare repository: %w", u.Name, r.dir, ErrBadRef)
		}
		if err := r.checkTip(b, u.Name, u.New); err != nil {
			return err
		}
	}
	return nil
}

// checkTip refuses a ref to an object that is not there, and a branch that is
// no commit.
func (r *Repo) checkTip(b *Batch, name string, h Hash) error {
	if h.IsZero() || b.own(h) {
		return nil
	}
	var err error
	if strings.HasPrefix(name, headsPrefix) {
		_, err = r.Commit(h)
	} else {
		var there bool
		if there, err = r.objects.has(h); err == nil && !there {
			err = missing(h)
		}
	}
	if err != nil {
		return fmt.Errorf("ref %s: %w", name, err)
	}
	return nil
}

// moveRefs moves refs of this repository under git's locks. Power cut, in
// order: the objects are durable before this is called; the new values are on
// the disk before the renames that make them refs, so that no ref is ever empty
// or torn; the folders are synced before the caller hears that it is done. The
// locks are let go before that last sync: others may then see, and build on, a
// move that a power cut takes back, but as the file system keeps the order of
// renames, it takes what they built back too. So no disk is waited for under a
// lock, and eight processes wait for each other's renames only.
func (r *Repo) moveRefs(ctx context.Context, updates []RefUpdate, durable bool) error {
	temps := make(map[string]string, len(updates))
	defer func() {
		for _, path := range temps {
			_ = os.Remove(path) // not placed; what stays is swept
		}
	}()
	for _, u := range updates {
		if u.New.IsZero() || u.New == u.Old {
			continue
		}
		temp, err := r.writeTemp([]byte(u.New.String()+"\n"), durable)
		if err != nil {
			return fmt.Errorf("%s: %w", u.Name, err)
		}
		temps[u.Name] = temp
	}
	dirs, err := r.commitRefs(ctx, updates, temps)
	if err != nil || !durable {
		return err
	}
	return syncDirs(dirs)
}

// commitRefs locks, compares and moves. What it placed it takes out of temps.
// It answers the folders that have changed.
func (r *Repo) commitRefs(ctx context.Context, updates []RefUpdate, temps map[string]string) (dirs []string, err error) {
	locks := make(map[string]*refLock, len(updates))
	defer func() {
		for _, l := range locks {
			l.release()
		}
	}()
	// One order for everybody, so that two of us never wait for each other.
	for _, name := range slices.Sorted(names(updates)) {
		l, err := r.lockRef(ctx, name)
		if err != nil {
			return nil, err
		}
		locks[name] = l
	}
	for _, u := range updates {
		l := locks[u.Name]
		if err := l.expect(u.Old); err != nil {
			return nil, err
		}
		if u.Old.IsZero() {
			if err := l.free(); err != nil {
				return nil, err
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return r.placeRefs(updates, locks, temps)
}

// placeRefs is past the point where one could turn back: it does not listen to
// a cancelled context.
func (r *Repo) placeRefs(updates []RefUpdate, locks map[string]*refLock, temps map[string]string) ([]string, error) {
	touched := map[string]bool{}
	for _, u := range updates {
		var err error
		switch l := locks[u.Name]; {
		case u.New == u.Old:
			continue
		case u.New.IsZero():
			err = l.remove(context.Background())
		default:
			if err = l.place(temps[u.Name]); err == nil {
				delete(temps, u.Name)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", u.Name, err)
		}
		// Folders above are new or not; all are on the way of the name.
		for dir := filepath.Dir(r.refPath(u.Name)); len(dir) > len(r.gitDir); dir = filepath.Dir(dir) {
			touched[dir] = true
		}
	}
	return slices.Collect(maps.Keys(touched)), nil
}

func names(updates []RefUpdate) func(func(string) bool) {
	return func(yield func(string) bool) {
		for _, u := range updates {
			if !yield(u.Name) {
				return
			}
		}
	}
}
