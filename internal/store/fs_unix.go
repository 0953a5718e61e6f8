//go:build unix

package store

import (
	"errors"
	"os"
	"syscall"
)

// syncDir makes renames in a folder durable. Some file systems cannot do that
// for folders, and say so.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = f.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		err = nil
	}
	return errors.Join(err, f.Close())
}

// isBusy reports whether a file operation failed only because somebody else
// has the file open, which does not happen here.
func isBusy(error) bool { return false }
