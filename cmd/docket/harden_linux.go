package main

import "syscall"

// notDumpable is for systems that hand core dumps to a program, which no limit
// on their size stops (core(5), prctl(2)).
func notDumpable() {
	const setDumpable, no = 4, 0
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, setDumpable, no, 0) // without it the limit still stands
}
