package store

import (
	"errors"
	"fmt"
	"strings"
)

// Errors that callers tell apart with errors.Is.
var (
	// ErrLost: a ref is no longer where the caller saw it. Read again, build
	// again, try again.
	ErrLost = errors.New("somebody else moved the ref first")
	// ErrMissing: an object is not in the repository.
	ErrMissing = errors.New("the object is missing")
	// ErrCorrupt: an object or a pack is not what its name says.
	ErrCorrupt = errors.New("the object is damaged")
	// ErrTooLarge: an object is larger than the caller allows.
	ErrTooLarge = errors.New("the object is too large")
	// ErrTooMany: more commits than Between, or changes than Changes returns.
	ErrTooMany = errors.New("too many")
	// ErrNotRegular: the path is no regular file (mode 100644).
	ErrNotRegular = errors.New("not a regular file")
	// ErrBadPath: the path must not be written.
	ErrBadPath = errors.New("the path is not allowed")
	// ErrBadRef: the ref's name is not allowed.
	ErrBadRef = errors.New("the name of the ref is not allowed")
	// ErrRefConflict: a ref and a folder of refs cannot have the same name.
	ErrRefConflict = errors.New("a ref stands in the way")
	// ErrPathConflict: a file and a folder cannot have the same name.
	ErrPathConflict = errors.New("a file or folder stands in the way")
	// ErrLocked: a lock file did not go away.
	ErrLocked = errors.New("the repository is locked")
	// ErrRefused: the remote refused the update for another reason than a race.
	ErrRefused = errors.New("the remote refused the update")
)

// LostError says which ref moved, and to what. It is an ErrLost.
type LostError struct {
	Ref        string
	Want, Have Hash // zero: the ref does not exist
}

func (e *LostError) Error() string {
	return fmt.Sprintf("%s is at %s, expected %s: somebody else moved it first", e.Ref, place(e.Have), place(e.Want))
}

// Is makes it an ErrLost.
func (e *LostError) Is(target error) bool { return target == ErrLost }

func place(h Hash) string {
	if h.IsZero() {
		return "nothing"
	}
	return h.String()
}

// RefusedError says which ref the remote did not update, and the remote's own
// reason. It is an ErrRefused.
type RefusedError struct {
	Ref    string
	Reason string
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("the remote refused to update %s: %s", e.Ref, e.Reason)
}

// Is makes it an ErrRefused.
func (e *RefusedError) Is(target error) bool { return target == ErrRefused }

// locked: the server names a lock file of the ref that did not go away in time
// (in git's own words, whatever the language of the rest).
func (e *RefusedError) locked() bool { return strings.Contains(e.Reason, ".lock': ") }

// LockError names the lock file that did not go away. It is an ErrLocked.
type LockError struct {
	File   string
	Holder string // who holds it, as far as the file tells
}

func (e *LockError) Error() string {
	return fmt.Sprintf("%s exists for too long: it is held by %s; if nothing works here, a process was killed, and the file may be removed", e.File, e.Holder)
}

// Is makes it an ErrLocked.
func (e *LockError) Is(target error) bool { return target == ErrLocked }

// ModeError says that a path is no regular file. It is an ErrNotRegular.
type ModeError struct {
	Path string
	Mode uint32
}

func (e *ModeError) Error() string {
	return fmt.Sprintf("%s is %s, expected a regular file (mode 100644)", e.Path, modeName(e.Mode))
}

// Is makes it an ErrNotRegular.
func (e *ModeError) Is(target error) bool { return target == ErrNotRegular }

func modeName(mode uint32) string {
	switch mode {
	case ModeDir:
		return "a folder"
	case ModeExecutable:
		return "an executable file"
	case ModeSymlink:
		return "a symbolic link"
	case ModeGitlink:
		return "a submodule"
	}
	return fmt.Sprintf("an entry of mode %o", mode)
}

// BadPathError says why a path must not be written or read. It is an
// ErrBadPath.
type BadPathError struct{ Path, Why string }

func (e *BadPathError) Error() string { return fmt.Sprintf("path %q: %s", e.Path, e.Why) }

// Is makes it an ErrBadPath.
func (e *BadPathError) Is(target error) bool { return target == ErrBadPath }

func missing(h Hash) error { return fmt.Errorf("object %s: %w", h, ErrMissing) }

func corrupt(h Hash, format string, args ...any) error {
	return fmt.Errorf("object %s: %s: %w", h, fmt.Sprintf(format, args...), ErrCorrupt)
}

func tooLarge(h Hash, size, limit int64) error {
	return fmt.Errorf("object %s has %d bytes, at most %d are allowed: %w", h, size, limit, ErrTooLarge)
}
