package mail

import (
	"bytes"
	"os"
	"os/exec"
	"testing"

	"github.com/docket-psirt/docket/internal/peer"
)

// gnupg is a real GnuPG with a home and a key of its own.
type gnupg struct{ path, home, user string }

func newGPG(t *testing.T) *gnupg {
	t.Helper()
	path := peer.Need(t, "gpg")
	home, err := os.MkdirTemp("", "gpg") // short: the agent's socket has a limit
	if err != nil {
		t.Fatal(err)
	}
	g := &gnupg{path, home, "reporter@example.org"}
	t.Cleanup(func() {
		if err := exec.Command("gpgconf", "--homedir", home, "--kill", "all").Run(); err != nil {
			t.Logf("stop the agent: %v", err)
		}
		os.RemoveAll(home)
	})
	g.run(t, nil, "--quick-generate-key", g.user, "future-default", "default", "1y")
	return g
}

func (g *gnupg) run(t *testing.T, stdin []byte, args ...string) []byte {
	t.Helper()
	args = append([]string{"--homedir", g.home, "--batch", "--quiet", "--trust-model", "always",
		"--pinentry-mode", "loopback", "--passphrase", ""}, args...)
	cmd := exec.Command(g.path, args...)
	cmd.Stdin = bytes.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("gpg %v: %v\n%s", args, err, errs.String())
	}
	return out.Bytes()
}

func (g *gnupg) encrypt(t *testing.T, plain []byte, more ...string) []byte {
	t.Helper()
	return g.run(t, plain, append([]string{"--encrypt", "--recipient", g.user}, more...)...)
}

func (g *gnupg) decrypt(t *testing.T, message []byte) []byte {
	t.Helper()
	return g.run(t, message, "--decrypt")
}

// verifies reports whether gpg finds the detached signature good.
func (g *gnupg) verifies(t *testing.T, data, signature []byte) bool {
	t.Helper()
	dir := t.TempDir()
	for name, b := range map[string][]byte{"data": data, "sig": signature} {
		if err := os.WriteFile(dir+"/"+name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return exec.Command(g.path, "--homedir", g.home, "--batch", "--verify", dir+"/sig", dir+"/data").Run() == nil
}
