// Package peer finds the real programs that tests work against, and starts
// those that must run beside them.
//
// It promises that a missing peer is never a silent pass: the test is skipped
// with the program's name, or fails where DOCKET_PEERS=required says that all
// peers are installed (.ci/run does). It also says where tests make their files,
// and what a step takes on a machine that is busy with other things.
package peer

import (
	"os"
	"os/exec"
	"testing"
)

// Need returns the path of the program, or ends the test.
func Need(t testing.TB, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err == nil {
		return path
	}
	if os.Getenv("DOCKET_PEERS") == "required" {
		t.Fatalf("%s is not installed, and DOCKET_PEERS=required says that it must be", program)
	}
	t.Skipf("%s is not installed", program)
	return ""
}
