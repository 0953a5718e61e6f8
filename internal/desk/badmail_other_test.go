//go:build !unix

package desk_test

import "time"

var processBegan = time.Now()

// cpuTime is the clock where the system has no simple answer.
func cpuTime() time.Duration { return time.Since(processBegan) }
