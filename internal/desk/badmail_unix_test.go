//go:build unix

package desk_test

import (
	"syscall"
	"time"
)

// cpuTime is what this process has spent so far. On a busy machine it tells
// more than the clock does.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
