//go:build linux || darwin

package store

import (
	"os"
	"syscall"
)

// tryFlock takes the flock of an open file, which lasts until the file is
// closed or its process ends. False: somebody has it, or there is none here.
func tryFlock(f *os.File) bool {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
}
