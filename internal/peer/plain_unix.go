//go:build unix

package peer

import "syscall"

// plainUmask lets others read what is made: mail servers run as users of their
// own. What must be private says so where it is made.
func plainUmask() { syscall.Umask(0o022) }
