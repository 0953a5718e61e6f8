//go:build unix

package main

import "syscall"

// noCore keeps the kernel from writing what is in this process's memory to a
// file: it is plaintext of reports, and keys. It holds for child processes too.
func noCore() {
	_ = syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}) // lowering a limit of one's own never fails
	notDumpable()
}
