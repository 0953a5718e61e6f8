//go:build windows

package store

import (
	"errors"
	"os"
	"syscall"
)

// syncDir does nothing: Windows offers no such call, NTFS journals renames.
func syncDir(string) error { return nil }

const errSharingViolation = syscall.Errno(32)

// isBusy reports whether a file operation failed only because somebody else
// has the file open or is just removing it.
func isBusy(err error) bool {
	return errors.Is(err, errSharingViolation) || errors.Is(err, os.ErrPermission)
}
