package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	lockPatience = 5 * time.Second // how long a lock of somebody else is waited for
	busyPatience = time.Second     // how long a file that Windows holds is tried again
)

func isNotDir(err error) bool { return errors.Is(err, syscall.ENOTDIR) }

// createLock makes a lock file that must not exist yet, as git does, and waits
// a while for one that does. It never takes a lock away: whether its holder is
// dead cannot be known.
func createLock(ctx context.Context, path string) (*os.File, error) {
	deadline := time.Now().Add(lockPatience)
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		switch {
		case err == nil:
			return f, nil
		case errors.Is(err, fs.ErrNotExist):
			// The folder is not there yet, or somebody removed it just now
			// since it was empty.
			if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil && !errors.Is(err, fs.ErrNotExist) && !isBusy(err) {
				return nil, err
			}
			pause = time.Millisecond
		case !errors.Is(err, fs.ErrExist) && !isBusy(err):
			return nil, err
		}
		if time.Now().After(deadline) {
			if errors.Is(err, fs.ErrExist) {
				return nil, &LockError{path}
			}
			return nil, err
		}
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause + rand.N(pause)):
		}
	}
}

// patiently repeats a file operation that fails only because Windows lets
// nobody touch a file that somebody has open.
func patiently(do func() error) error {
	deadline := time.Now().Add(busyPatience)
	for {
		err := do()
		if err == nil || !isBusy(err) || time.Now().After(deadline) {
			return err
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func readPatiently(path string) (data []byte, err error) {
	err = patiently(func() error {
		data, err = os.ReadFile(path)
		return err
	})
	return data, err
}

// refLock holds git's lock of one ref.
type refLock struct {
	r      *Repo
	name   string
	file   *os.File // nil when it is closed
	placed bool     // the lock file has become the ref
}

func (r *Repo) lockRef(ctx context.Context, name string) (*refLock, error) {
	f, err := createLock(ctx, r.refPath(name)+".lock")
	if isNotDir(err) {
		return nil, fmt.Errorf("%s: a ref has the name of one of its folders: %w", name, ErrRefConflict)
	}
	if err != nil {
		return nil, err
	}
	return &refLock{r: r, name: name, file: f}, nil
}

// expect compares the ref with what the caller saw; zero is "does not exist".
func (l *refLock) expect(want Hash) error { return l.r.expectRef(l.name, l.name, want) }

// expectRef compares; the error calls the ref by the name that the caller
// knows.
func (r *Repo) expectRef(name, called string, want Hash) error {
	have, err := r.readRef(name)
	if errors.Is(err, fs.ErrNotExist) {
		have, err = Hash{}, nil
	}
	if err == nil && have != want {
		err = &LostError{Ref: called, Want: want, Have: have}
	}
	return err
}

// free reports with an error that a new ref would have the name of a folder of
// refs, or stand below a ref.
func (l *refLock) free() error {
	packed, err := l.r.readPacked()
	if err != nil {
		return err
	}
	taken := func(other string) error {
		return fmt.Errorf("%s cannot be made, since %s exists: %w", l.name, other, ErrRefConflict)
	}
	for at := len(l.name); ; {
		if at = strings.LastIndexByte(l.name[:at], '/'); strings.Count(l.name[:at], "/") < 2 {
			break
		}
		if parent := l.name[:at]; bytes.Contains(packed, []byte(" "+parent+"\n")) {
			return taken(parent)
		}
	}
	if bytes.Contains(packed, []byte(" "+l.name+"/")) {
		return taken("a ref below it")
	}
	removeEmpty(l.r.refPath(l.name))
	if info, err := os.Stat(l.r.refPath(l.name)); err == nil && info.IsDir() {
		return taken("a ref below it")
	}
	return nil
}

// removeEmpty removes a folder that holds nothing but empty folders.
func removeEmpty(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !e.IsDir() {
			return
		}
		removeEmpty(filepath.Join(dir, e.Name()))
	}
	_ = os.Remove(dir) // fails when it is not empty, and then shall stay
}

// prepare writes the new value into the lock file and onto the disk.
func (l *refLock) prepare(h Hash, durable bool) error {
	_, err := l.file.WriteString(h.String() + "\n")
	if err == nil && durable {
		err = l.file.Sync()
	}
	err = errors.Join(err, l.file.Close())
	l.file = nil
	return err
}

// place makes the prepared lock file the ref.
func (l *refLock) place() error {
	path := l.r.refPath(l.name)
	removeEmpty(path) // a folder that git left behind when its last ref went
	err := patiently(func() error { return os.Rename(path+".lock", path) })
	l.placed = err == nil
	return err
}

// remove deletes the ref: first from packed-refs, so that it never comes back
// with an old value, then the loose file.
func (l *refLock) remove(ctx context.Context) error {
	if err := l.r.unpackRef(ctx, l.name); err != nil {
		return err
	}
	err := patiently(func() error { return os.Remove(l.r.refPath(l.name)) })
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// release lets go of the lock. Folders that were made only for it, or held
// only the ref that was deleted, are removed as git does.
func (l *refLock) release() {
	if l.file != nil {
		_ = l.file.Close()
	}
	path := l.r.refPath(l.name)
	if !l.placed {
		_ = patiently(func() error { return os.Remove(path + ".lock") })
	}
	for dir := filepath.Dir(l.name); strings.Count(filepath.ToSlash(dir), "/") >= 2; dir = filepath.Dir(dir) {
		if os.Remove(filepath.Join(l.r.gitDir, dir)) != nil {
			return
		}
	}
}

// unpackRef removes a ref from packed-refs under git's lock of that file.
func (r *Repo) unpackRef(ctx context.Context, name string) error {
	needle := []byte(" " + name + "\n")
	if text, err := r.readPacked(); err != nil || !bytes.Contains(text, needle) {
		return err
	}
	lock := r.packedPath() + ".lock"
	f, err := createLock(ctx, lock)
	if err != nil {
		return err
	}
	text, err := r.readPacked()
	if err == nil {
		_, err = f.Write(withoutRef(text, needle))
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = patiently(func() error { return os.Rename(lock, r.packedPath()) })
	}
	if err != nil {
		return errors.Join(err, os.Remove(lock))
	}
	return syncDir(r.gitDir)
}

// withoutRef leaves out the line that ends in needle, and the line "^<hash>"
// that follows it when the ref is an annotated tag.
func withoutRef(text, needle []byte) []byte {
	out := make([]byte, 0, len(text))
	dropped := false
	for line := range bytes.Lines(text) {
		if dropped && line[0] == '^' {
			continue
		}
		if dropped = bytes.HasSuffix(line, needle); !dropped {
			out = append(out, line...)
		}
	}
	return out
}
