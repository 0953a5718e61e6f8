package seal

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/peer"
)

// The times of the tests: keys are made at made, things happen at event.
var (
	made  = time.Date(2025, 11, 3, 8, 0, 0, 0, time.UTC)
	event = time.Date(2026, 2, 14, 9, 30, 0, 0, time.UTC)
)

const (
	testContext = Context("docket/1 INGP-2026-0042 sealed")
	plenty      = int64(1 << 20)
)

// people are keys that tests share; Key is immutable.
var people = sync.OnceValue(func() map[string]*Key {
	keys := map[string]*Key{}
	for _, name := range []string{"lead", "triage", "bot", "reporter", "escrow"} {
		k, err := NewKey(name, name+"@example.org", made)
		if err != nil {
			panic(err)
		}
		keys[name] = k
	}
	return keys
})

func person(name string) *Key { return people()[name] }

func certs(names ...string) Certs {
	var out Certs
	for _, n := range names {
		out = append(out, person(n).Cert())
	}
	return out
}

func must[T any](value T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func wantError(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error is %v, want %v", err, want)
	}
}

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	return must(os.ReadFile(filepath.Join("testdata", name)))(t)
}

// gnupg is a stock gpg with a home of its own.
type gnupg struct {
	t    testing.TB
	path string
	home string
}

func newGnupg(t testing.TB) *gnupg {
	t.Helper()
	g := &gnupg{t: t, path: peer.Need(t, "gpg")}
	g.home = must(os.MkdirTemp("", "gpg"))(t) // a test's own directory makes socket names too long
	t.Cleanup(func() {
		_ = exec.Command("gpgconf", "--homedir", g.home, "--kill", "all").Run()
		_ = os.RemoveAll(g.home)
	})
	return g
}

// try runs gpg and returns its output, its status lines and its exit code.
func (g *gnupg) try(input []byte, args ...string) (out []byte, status string, err error) {
	fixed := []string{
		"--homedir", g.home, "--batch", "--yes", "--quiet", "--no-tty", "--trust-model", "always",
		"--pinentry-mode", "loopback", "--passphrase", "", "--status-fd", "2",
	}
	cmd := exec.Command(g.path, append(fixed, args...)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), &stdout, &stderr
	err = cmd.Run()
	return stdout.Bytes(), stderr.String(), err
}

// run is try for what has to succeed.
func (g *gnupg) run(input []byte, args ...string) []byte {
	g.t.Helper()
	out, status, err := g.try(input, args...)
	if err != nil {
		g.t.Fatalf("gpg %s: %v\n%s", strings.Join(args, " "), err, status)
	}
	return out
}

// keep writes a file into gpg's home and returns its path.
func (g *gnupg) keep(name string, data []byte) string {
	g.t.Helper()
	path := filepath.Join(g.home, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		g.t.Fatal(err)
	}
	return path
}

// command runs another peer program in dir.
func command(t testing.TB, dir string, input []byte, path string, args ...string) ([]byte, error) {
	t.Helper()
	cmd := exec.Command(path, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), &stdout, &stderr
	err := cmd.Run()
	if err != nil {
		t.Logf("%s %s: %v\n%s", filepath.Base(path), strings.Join(args, " "), err, stderr.String())
	}
	return stdout.Bytes(), err
}
