package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/docket-psirt/docket/internal/peer"
)

// source is a copy of Docket's source, and a release that was built from it,
// once for all tests that build: somebody may be at work on the original, and
// the compiler's cache then has all packages, whichever directory they stand in.
var source struct {
	sync.Once
	root  string // removed by TestMain
	built bool
}

func builtSource(t *testing.T) string {
	t.Helper()
	for _, program := range []string{"bash", "go", "awk", "sha256sum"} {
		peer.Need(t, program)
	}
	source.Do(func() {
		var err error
		if source.root, err = os.MkdirTemp("", "source"); err != nil {
			t.Fatal(err)
		}
		copySource(t, "../..", filepath.Join(source.root, "here"))
		buildRelease(t, filepath.Join(source.root, "here"), filepath.Join(source.root, "dist"))
		source.built = true
	})
	if !source.built {
		t.Fatal("the source was not built: see the first test that tried")
	}
	return source.root
}

// buildRelease builds a release for this system from the source in a directory.
func buildRelease(t *testing.T, from, dist string) {
	t.Helper()
	cmd := exec.Command("bash", filepath.Join(from, ".ci", "release"), "v1.2.3-rc.1", dist, runtime.GOOS+"/"+runtime.GOARCH)
	cmd.Dir = t.TempDir()
	// A toolchain that is not here would have to be fetched.
	cmd.Env = append(os.Environ(), "GOTOOLCHAIN=local", "GOFLAGS=-buildvcs=true", "CGO_ENABLED=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// TestRelease builds a release twice, in two directories, and holds the two
// against each other, byte for byte; then the SBOM and the pin against the binary.
func TestRelease(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it builds everything")
	}
	root := builtSource(t)
	one, two := filepath.Join(root, "dist"), filepath.Join(t.TempDir(), "dist")
	elsewhere := filepath.Join(t.TempDir(), "in", "another", "place")
	copySource(t, filepath.Join(root, "here"), elsewhere)
	buildRelease(t, elsewhere, two)
	binary := "docket-" + runtime.GOOS + "-" + runtime.GOARCH
	for _, name := range []string{binary, "docket.cdx.json", "pin", "SHA256SUMS"} {
		a, errA := os.ReadFile(filepath.Join(one, name))
		b, errB := os.ReadFile(filepath.Join(two, name))
		if errA != nil || errB != nil || len(a) == 0 || !bytes.Equal(a, b) {
			t.Errorf("%s is not the same twice: %d and %d bytes, %v, %v", name, len(a), len(b), errA, errB)
		}
	}
	out, err := exec.Command(filepath.Join(one, binary), "version").Output()
	if err != nil || !strings.HasPrefix(string(out), "docket v1.2.3-rc.1 "+runtime.Version()) {
		t.Errorf("its version is %q, %v", out, err)
	}
	sums := exec.Command("sha256sum", "--check", "--strict", "SHA256SUMS")
	sums.Dir = one
	if out, err := sums.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("pin: OK")) {
		t.Errorf("%v\n%s", err, out)
	}
	raw, err := os.ReadFile(filepath.Join(one, "docket.cdx.json"))
	if err != nil {
		t.Fatal(err)
	}
	holdSBOM(t, raw, filepath.Join(one, binary))
}

// holdSBOM holds an SBOM against what Go says is in a binary.
func holdSBOM(t *testing.T, raw []byte, binary string) {
	t.Helper()
	var sbom struct {
		BomFormat, SpecVersion string
		Components             []struct{ Type, Name, Version, Purl string }
	}
	if err := json.Unmarshal(raw, &sbom); err != nil || sbom.BomFormat != "CycloneDX" || sbom.SpecVersion != "1.5" {
		t.Fatalf("%v\n%s", err, raw)
	}
	listed := map[string]string{}
	for _, c := range sbom.Components {
		listed[c.Name] = c.Version
		if c.Type != "library" || c.Purl != "pkg:golang/"+c.Name+"@"+strings.ReplaceAll(c.Version, "+", "%2B") {
			t.Errorf("component %+v", c)
		}
	}
	out, err := exec.Command("go", "version", "-m", binary).Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := 0
	for _, line := range strings.Split(string(out), "\n") {
		if f := strings.Fields(line); len(f) == 4 && f[0] == "dep" {
			deps++
			if listed[f[1]] != f[2] {
				t.Errorf("%s %s is in the binary, the SBOM has %q", f[1], f[2], listed[f[1]])
			}
		}
	}
	if deps < 10 || len(listed) != deps+1 || "go"+listed["std"] != runtime.Version() {
		t.Errorf("%d modules in the binary, %d in the SBOM, Go %q", deps, len(listed), listed["std"])
	}
}
