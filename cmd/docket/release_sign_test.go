package main_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/docket-psirt/docket/internal/peer"
)

// TestReleaseIsSigned runs the step of release.yml that signs, with a real key
// that has a passphrase: stock gpg verifies what it leaves, and no key is left.
func TestReleaseIsSigned(t *testing.T) {
	t.Parallel()
	bash := peer.Need(t, "bash")
	for _, program := range []string{"gpg", "gpgconf", "sha256sum"} {
		peer.Need(t, program)
	}
	short, err := os.MkdirTemp("", "rl") // gpg-agent's socket may not have a long path
	if err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(short, "own")
	t.Cleanup(func() {
		_ = exec.Command("gpgconf", "--homedir", own, "--kill", "all").Run() // none may run
		_ = os.RemoveAll(short)
	})
	for _, d := range []string{own, filepath.Join(short, "tmp"), filepath.Join(short, "work"), filepath.Join(short, "work", "dist")} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	gpg := func(args ...string) []byte {
		t.Helper()
		cmd := exec.Command("gpg", append([]string{"--homedir", own, "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "a b$c"}, args...)...)
		var errs bytes.Buffer
		cmd.Stderr = &errs
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("gpg %v: %v\n%s", args, err, errs.String())
		}
		return out
	}
	gpg("--quick-generate-key", "Release <release@example.org>", "ed25519", "sign", "never")
	key := gpg("--armor", "--export-secret-keys")

	dist := filepath.Join(short, "work", "dist")
	binary := []byte("a binary")
	for name, data := range map[string][]byte{"docket-linux-amd64": binary, "SHA256SUMS": fmt.Appendf(nil, "%x  docket-linux-amd64\n", sha256.Sum256(binary))} {
		if err := os.WriteFile(filepath.Join(dist, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	sign := func() (string, error) {
		cmd := exec.Command(bash, "--noprofile", "--norc", "-eo", "pipefail", "-c", stepOf(t, "release.yml", "publish", "Sign"))
		cmd.Dir = filepath.Join(short, "work")
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + short, "RUNNER_TEMP=" + filepath.Join(short, "tmp"),
			"DOCKET_RELEASE_KEY=" + string(key), "DOCKET_RELEASE_PASSPHRASE=a b$c"}
		out, err := cmd.CombinedOutput()
		if left, _ := filepath.Glob(filepath.Join(short, "tmp", "*")); len(left) > 0 {
			t.Errorf("left behind: %q", left)
		}
		return string(out), err
	}
	if said, err := sign(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	gpg("--verify", filepath.Join(dist, "SHA256SUMS.asc"), filepath.Join(dist, "SHA256SUMS"))

	// What is not what was built is not signed.
	if err := os.Remove(filepath.Join(dist, "SHA256SUMS.asc")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dist, "docket-linux-amd64"), []byte("another"), 0o600); err != nil {
		t.Fatal(err)
	}
	if said, err := sign(); err == nil || !strings.Contains(said, "FAILED") {
		t.Errorf("another binary was signed: %v\n%s", err, said)
	}
	if _, err := os.Stat(filepath.Join(dist, "SHA256SUMS.asc")); err == nil {
		t.Error("there is a signature")
	}
}

// stepOf is what a step of a workflow runs.
func stepOf(t *testing.T, file, job, name string) string {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(readFlows(t)[file]), &doc); err != nil || len(doc.Content) != 1 {
		t.Fatalf("%s: %v", file, err)
	}
	for _, step := range list(at(doc.Content[0], "jobs", job, "steps")) {
		if run := value(at(step, "run")); value(at(step, "name")) == name && run != "" {
			return run
		}
	}
	t.Fatalf("%s: the job %s has no step %q", file, job, name)
	return ""
}
