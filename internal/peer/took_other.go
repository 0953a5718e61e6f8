//go:build !linux

package peer

import "time"

// Took is the time that f takes.
func Took(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}
