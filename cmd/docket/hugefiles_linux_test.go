package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// text is so many bytes of YAML.
func text(n int64) io.Reader {
	return io.LimitReader(&pattern{[]byte("a: [x, x, x, x]\n")}, n)
}

type pattern struct{ p []byte }

func (p *pattern) Read(b []byte) (int, error) {
	n := copy(b, p.p)
	for n < len(b) {
		n += copy(b[n:], b[:n])
	}
	return n, nil
}

// TestHugeFiles: a file of 100 MB in any place costs neither time nor memory.
// Docket runs as a process of its own, so that its memory can be told, in the
// way that Linux tells it.
func TestHugeFiles(t *testing.T) {
	t.Parallel()
	r := newBadRepo(t)
	refs := r.refs()
	const size = 100 << 20
	huge := r.object("blob", size, text(size))
	two := casePath(2)
	for _, at := range []badCase{{"main", two + ".yaml", true}, {"main", two + "/mail-1.yaml", true}, {"main", two + "/mail-1.pgp", true}, {"main", two + "/update-1.asc", true},
		{"main", "cases/ingroupe/program.yaml", false}, {"main", "cases/ingroupe/keys/lead.asc", false}, {"main", "cases/ingroupe/templates/acknowledge.txt", false},
		{"main", "cases/ingroupe/seen/0/0/0/" + strings.Repeat("0", 64), true}, {"deliveries", strings.TrimPrefix(two, "cases/") + "/1-1-sent.yaml", true}} {
		r.put(at.branch, at.path, row{mode: "100644", hash: huge})
		for _, args := range [][]string{{"check"}, {"audit", "--no-memory"}, {"list"}, {"show", caseNumber(2)}, {"mail", caseNumber(2)}, {"deliver", "--maildir", r.path("out")}, {"intake", r.mail(3)}} {
			cmd := exec.Command("docket", append([]string{"-C", r.path("cases.git"), "--keys", r.path("keys"), "--as", "lead"}, args...)...)
			var out bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &out
			start := time.Now()
			err := cmd.Run()
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			took, peak := time.Since(start), cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss>>10
			code := cmd.ProcessState.ExitCode()
			if took > 2*time.Second && cmd.ProcessState.UserTime() > time.Second || peak > max(256, inherited(t)) || strings.Contains(out.String(), faultWords) {
				t.Errorf("%s, %s: took %v and %d MB, exit code %d\n%.500s", at.path, args[0], took, peak, code, &out)
			}
			if (args[0] == "audit" || args[0] == "check" && at.branch == "main") && code != exitRefused && code != exitFailed {
				t.Errorf("%s, %s: exit code %d\n%.500s", at.path, args[0], code, &out)
			}
		}
		r.reset(refs)
	}
}

// inherited is the peak of this process's own memory in MB: until it runs its
// program, a child counts it as its own.
func inherited(t *testing.T) int64 {
	t.Helper()
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(raw), "VmHWM:")
	var kb int64
	if _, err := fmt.Sscan(rest, &kb); err != nil {
		t.Fatal(err)
	}
	return kb>>10 + 1
}
