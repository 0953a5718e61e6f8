package peer

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// What the tests of a package must find free in the memory of /dev/shm, and the
// names of their directories there. They are short: sockets stand in them.
const (
	shared     = "/dev/shm"
	wanted     = 2 << 30 // bytes: ten times what they use
	sharedName = "dk"
)

// InMemory has the tests that follow make their files in memory where there is
// enough of it: thousands of real fsyncs are what they wait for most, on a disk
// that others use too. No power is cut in any test, and what a killed process
// has written stays either way. It does nothing where TMPDIR says where files
// belong, with DOCKET_TEST_DISK=1, and for benchmarks. The function that it
// returns removes what was made; what killed tests leave goes a day later.
func InMemory() (remove func()) {
	remove = func() {}
	var fs syscall.Statfs_t
	const noExec, tmpfs = 0x8, 0x01021994 // statfs(2)
	if os.Getenv("TMPDIR") != "" || os.Getenv("DOCKET_TEST_DISK") != "" || benchmarking() {
		return remove
	}
	if syscall.Statfs(shared, &fs) != nil || fs.Type != tmpfs || fs.Flags&noExec != 0 || uint64(fs.Bsize)*fs.Bavail < wanted {
		return remove
	}
	sweep()
	dir, err := os.MkdirTemp(shared, sharedName)
	if err != nil {
		return remove
	}
	// Mail servers, which run as users of their own, must reach what is theirs.
	if os.Chmod(dir, 0o711) != nil || os.Setenv("TMPDIR", dir) != nil {
		return remove
	}
	return func() { _ = os.RemoveAll(dir) }
}

func benchmarking() bool {
	for _, arg := range os.Args {
		if strings.HasPrefix(arg, "-test.bench=") {
			return true
		}
	}
	return false
}

// sweep removes the directories of tests that ended without a word.
func sweep() {
	old, _ := filepath.Glob(filepath.Join(shared, sharedName+"[0-9]*"))
	for _, dir := range old {
		if info, err := os.Lstat(dir); err == nil && info.IsDir() && time.Since(info.ModTime()) > 24*time.Hour {
			_ = os.RemoveAll(dir)
		}
	}
}
