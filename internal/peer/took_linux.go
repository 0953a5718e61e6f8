package peer

import (
	"runtime"
	"syscall"
	"time"
)

// Took is the processor time that f takes on its own thread: a machine that is
// busy with other things makes no difference. What f starts elsewhere, and the
// collection of garbage, is not in it.
func Took(f func()) time.Duration {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := threadTime()
	f()
	return threadTime() - before
}

func threadTime() time.Duration {
	const thread = 1 // RUSAGE_THREAD, getrusage(2)
	var use syscall.Rusage
	_ = syscall.Getrusage(thread, &use) // it cannot fail with this argument
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}
