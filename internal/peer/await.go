package peer

import (
	"testing"
	"time"
)

// Patience is how long a test waits for what another process or goroutine is to
// do, before it says that this does not come. It is minutes, and not the moment
// that it takes: on a machine that is busy with other things a moment may be
// long, and a test that waits for nothing in vain loses no time by it. What a
// daemon finds by itself after two minutes only comes within it.
const Patience = 4 * time.Minute

// Await waits until something is done, for Patience at most, and asks done again
// and again.
func Await(t testing.TB, what string, done func() bool) {
	t.Helper()
	begun := time.Now()
	for !done() {
		if time.Since(begun) > Patience {
			t.Fatalf("waited %v in vain for %s", Patience, what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
