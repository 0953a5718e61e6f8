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
	"runtime"
	"strings"
	"syscall"
	"time"
)

const (
	lockPatience = 5 * time.Second // how long a lock of somebody unknown is waited for
	livePatience = time.Minute     // and one whose holder is alive, for all that can be told
	busyPatience = time.Second     // how long a file that Windows holds is tried again
)

func isNotDir(err error) bool { return errors.Is(err, syscall.ENOTDIR) }

// lockFile is a lock file in git's sense, held.
type lockFile struct {
	path string
	file *os.File // keeps its flock
}

// lock makes a lock file that must not exist yet, as git does, and waits a
// while for one that does. It takes one away only from the dead (holder.go).
func (r *Repo) lock(ctx context.Context, path string) (*lockFile, error) {
	r.swept.Do(r.sweep)
	temp, err := r.newLockTemp()
	if err != nil {
		return nil, err
	}
	if temp != nil {
		defer os.Remove(temp.Name())
	}
	l, err := waitForLock(ctx, temp, path)
	if err != nil && temp != nil {
		_ = temp.Close()
	}
	return l, err
}

func waitForLock(ctx context.Context, temp *os.File, path string) (*lockFile, error) {
	begun := time.Now()
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		l, err := takeLock(temp, path)
		if err == nil {
			return l, nil
		}
		patience := lockPatience
		switch {
		case errors.Is(err, fs.ErrNotExist):
			// The folder is not there yet, or somebody removed it just now
			// since it was empty.
			if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil && !errors.Is(err, fs.ErrNotExist) && !isBusy(err) {
				return nil, err
			}
			pause = time.Millisecond
		case errors.Is(err, fs.ErrExist):
			gone, by := breakDead(path)
			if by.boot != "" && by.boot == bootID() {
				patience = livePatience
			}
			err = &LockError{File: path, Holder: by.String()}
			if gone {
				continue
			}
		case !isBusy(err):
			return nil, err
		}
		if time.Since(begun) > patience {
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

// takeLock tries once. A file system that has no links gets a lock file that
// does not tell its holder.
func takeLock(temp *os.File, path string) (*lockFile, error) {
	if temp != nil {
		err := os.Link(temp.Name(), path)
		if err == nil {
			return &lockFile{path, temp}, nil
		}
		if errors.Is(err, fs.ErrExist) || errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err
	}
	return &lockFile{path, f}, nil
}

// release removes the lock file, and only then lets go of its flock.
func (l *lockFile) release() {
	if runtime.GOOS == "windows" {
		_ = l.file.Close() // what is open cannot be removed there
	}
	_ = patiently(func() error { return os.Remove(l.path) })
	_ = l.file.Close()
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
	r    *Repo
	name string
	*lockFile
}

func (r *Repo) lockRef(ctx context.Context, name string) (*refLock, error) {
	l, err := r.lock(ctx, r.refPath(name)+".lock")
	if isNotDir(err) {
		return nil, fmt.Errorf("%s: a ref has the name of one of its folders: %w", name, ErrRefConflict)
	}
	if err != nil {
		return nil, err
	}
	return &refLock{r, name, l}, nil
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

// place makes a finished file the ref.
func (l *refLock) place(temp string) error {
	path := l.r.refPath(l.name)
	removeEmpty(path) // a folder that git left behind when its last ref went
	return patiently(func() error { return os.Rename(temp, path) })
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
	l.lockFile.release()
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
	lock, err := r.lock(ctx, r.packedPath()+".lock")
	if err != nil {
		return err
	}
	defer lock.release()
	text, err := r.readPacked()
	if err != nil {
		return err
	}
	temp, err := r.writeTemp(withoutRef(text, needle), true)
	if err != nil {
		return err
	}
	if err := patiently(func() error { return os.Rename(temp, r.packedPath()) }); err != nil {
		return errors.Join(err, os.Remove(temp))
	}
	return syncDir(r.gitDir)
}

// writeTemp writes what is to become a ref, or packed-refs, by a rename.
func (r *Repo) writeTemp(data []byte, durable bool) (string, error) {
	f, err := r.newTemp()
	if err != nil {
		return "", err
	}
	_, err = f.Write(data)
	if err == nil && durable {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
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
