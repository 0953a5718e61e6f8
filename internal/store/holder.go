package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A process that is killed leaves its lock files behind, and git lets such a
// lock stand for ever: its own are empty, so nothing tells whose they are.
// Docket's are not. One is made complete before it gets its name (a hard link,
// which as O_EXCL fails when the name is taken), holds the line that a holder
// writes here, and its holder keeps it locked (flock) as long as it lives. The
// kernel lets go of that lock when the process ends, however it ends. So a lock
// file is taken from a dead process, and only then, when
//
//   - it says that Docket made it, on this boot of this kernel: then nobody
//     alive can hold it when flock gives it to us. Process numbers would not
//     do: they are used again, and each container counts its own.
//   - or it says that Docket made it on this host, and it is older than this
//     boot: a power cut. Flock must give it to us here too.
//
// Every other lock file is respected: of stock git, of another host that shares
// the disk, and of a system where one of the three cannot be had. To git, ours
// is a lock file like any other. It never becomes the ref: the new value is
// written beside it, so that what tells the holder stays to the end.

const (
	holderMark = "docket lock"
	maxHolder  = 512 // bytes of a holder's line
	tempPrefix = "docket-tmp-"
	tempAge    = time.Hour // a temporary file so old is nobody's
)

// holder is what a lock file says of its process.
type holder struct {
	pid  int
	host string
	boot string // of this kernel; empty: flock does not work, or nothing tells
}

func (h holder) line() string {
	return fmt.Sprintf("%s pid %d host %q boot %s\n", holderMark, h.pid, h.host, h.boot)
}

func parseHolder(text []byte) (h holder, ok bool) {
	n, err := fmt.Sscanf(string(text), holderMark+" pid %d host %q boot %s\n", &h.pid, &h.host, &h.boot)
	return h, n == 3 && err == nil
}

func (h holder) String() string {
	if h.pid == 0 {
		return "another program, such as git"
	}
	return fmt.Sprintf("process %d on %s", h.pid, h.host)
}

// newTemp makes a file in the git folder, where git minds none. Unlike
// os.CreateTemp it lets the umask say who may read what the file becomes.
func (r *Repo) newTemp() (*os.File, error) {
	for {
		name := filepath.Join(r.gitDir, fmt.Sprintf("%s%016x", tempPrefix, rand.Uint64()))
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, os.ErrExist) {
			return f, err
		}
	}
}

// newLockTemp makes a lock file that has no name yet. Nil: locks here cannot
// tell their holder.
func (r *Repo) newLockTemp() (*os.File, error) {
	boot := bootID()
	if boot == "" {
		return nil, nil
	}
	host, err := os.Hostname()
	if err != nil {
		return nil, nil
	}
	f, err := r.newTemp()
	if err != nil {
		return nil, err
	}
	if !tryFlock(f) {
		return nil, errors.Join(f.Close(), os.Remove(f.Name()))
	}
	if _, err = f.WriteString(holder{os.Getpid(), host, boot}.line()); err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	return f, nil
}

// breakDead removes a lock file whose holder is dead. Otherwise it answers
// whose it is, if it says so.
func breakDead(path string) (gone bool, by holder) {
	f, err := os.Open(path)
	if err != nil {
		return errors.Is(err, os.ErrNotExist), by
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxHolder))
	if err != nil {
		return false, by
	}
	by, ok := parseHolder(text)
	if !ok || by.boot != bootID() && !fromBefore(f, by) {
		return false, by
	}
	if !tryFlock(f) {
		return false, by // alive
	}
	// Whoever broke it before us may have made its own in its place. While we
	// hold the flock of the file that has the name, nobody else removes it.
	mine, err := f.Stat()
	if err != nil {
		return false, by
	}
	there, err := os.Stat(path)
	if err != nil || !os.SameFile(mine, there) {
		return true, by
	}
	return os.Remove(path) == nil, by
}

// fromBefore: this host made it and has been started anew since.
func fromBefore(f *os.File, by holder) bool {
	host, err := os.Hostname()
	if err != nil || host != by.host {
		return false
	}
	boot := bootTime()
	info, err := f.Stat()
	return err == nil && !boot.IsZero() && info.ModTime().Before(boot)
}

// sweep removes what killed processes left: temporary files in the git folder,
// and lock files of refs that nobody might ever lock again. It looks at loose
// refs only, of which there are as many as open proposals.
func (r *Repo) sweep() {
	entries, err := os.ReadDir(r.gitDir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), tempPrefix) {
			continue
		}
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > tempAge {
			_ = os.Remove(filepath.Join(r.gitDir, e.Name())) // it costs nothing to stay
		}
	}
	_ = filepath.WalkDir(r.refPath("refs"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(path, ".lock") {
			breakDead(path)
		}
		return nil // what cannot be read is left alone
	})
}

// bootLine reads "btime <seconds>" out of Linux's /proc/stat.
func bootLine(stat []byte) time.Time {
	for line := range bytes.Lines(stat) {
		var seconds int64
		if n, _ := fmt.Sscanf(string(line), "btime %d", &seconds); n == 1 {
			return time.Unix(seconds, 0)
		}
	}
	return time.Time{}
}
