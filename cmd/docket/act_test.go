package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/peer"
)

// runner runs the real workflow files with act, on this machine and without
// containers, as one of GitHub's machines would: in a checkout of main, with a
// home, a directory for temporary files and an environment of its own.
//
// Two things are not GitHub's. actions/checkout does nothing: the checkout is
// there. actions/upload-artifact is one that copies to kept. act also leaves out
// permissions, environments, concurrency and the filters of triggers; those are
// held by reading the files (workflows_rules_test.go). And it may lose the last lines
// of a step that fails, so what tests look for there stands in the step's summary too.
type runner struct {
	t        *testing.T
	checkout string            // clone of the case repository
	home     string            // of the runner: all that it leaves behind is below it
	kept     string            // what workflows keep as artifacts
	env      map[string]string // of the machine
	vars     map[string]string // of the repository and the job's environment
	secrets  map[string]string
	releases *releases
}

// artifactAction stands in for actions/upload-artifact.
const artifactAction = `name: keep
description: Copies to where the test looks
inputs:
  name: {description: folder, required: true}
  path: {description: file, required: true}
  if-no-files-found: {description: not used}
  retention-days: {description: not used}
runs:
  using: composite
  steps:
    - shell: bash
      env:
        NAME: ${{ inputs.name }}
        FILE: ${{ inputs.path }}
      run: mkdir -p "$KEPT/$NAME" && cp "$FILE" "$KEPT/$NAME/"
`

// newRunner is a runner with a checkout of a case repository, which gets the
// workflows that docket ships, with a pinned release that is this very program.
func newRunner(t *testing.T, origin string) *runner {
	t.Helper()
	r := idleRunner(t)
	r.checkOut(origin, origin)
	for name, text := range desk.Workflows() {
		r.writeFile(filepath.Join(r.checkout, filepath.FromSlash(name)), string(text))
	}
	r.pin("version v0.1.0\n" + r.releases.sum + "  " + r.releases.asset + "\n")
	return r
}

// idleRunner is a runner without a checkout.
func idleRunner(t *testing.T) *runner {
	t.Helper()
	for _, program := range []string{"act", "git", "bash", "curl", "awk"} {
		peer.Need(t, program)
	}
	if runtime.GOOS == "windows" {
		t.Skip("act on Windows runs steps in another shell")
	}
	dir := t.TempDir()
	r := &runner{t: t, checkout: filepath.Join(dir, "work"), home: filepath.Join(dir, "home"), kept: filepath.Join(dir, "kept"),
		vars: map[string]string{}, secrets: map[string]string{}, releases: newReleases(t)}
	r.env = map[string]string{"GITHUB_REPOSITORY": "acme/cases", "GITHUB_SERVER_URL": r.releases.server.URL, "KEPT": r.kept,
		"DOCKET_STATE": filepath.Join(r.home, "state"), "GIT_CONFIG_GLOBAL": os.DevNull, "GIT_CONFIG_NOSYSTEM": "1"}
	for _, d := range []string{r.home, r.kept, filepath.Join(dir, "artifact")} {
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	r.writeFile(filepath.Join(dir, "artifact", "action.yml"), artifactAction)
	return r
}

// checkOut does what actions/checkout does with fetch-depth 0 and without
// keeping credentials: a clone of main, whose origin is where docket goes to.
func (r *runner) checkOut(from, origin string) {
	r.t.Helper()
	if err := os.RemoveAll(r.checkout); err != nil {
		r.t.Fatal(err)
	}
	for _, args := range [][]string{{"clone", "--quiet", "--branch", "main", from, r.checkout}, {"-C", r.checkout, "remote", "set-url", "origin", origin}} {
		if out, err := exec.Command("git", args...).CombinedOutput(); err != nil {
			r.t.Fatalf("git %s: %v\n%s", args[0], err, out)
		}
	}
}

func (r *runner) writeFile(name, text string) {
	r.t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// pin says which release the workflows run.
func (r *runner) pin(text string) {
	r.t.Helper()
	r.writeFile(filepath.Join(r.checkout, ".github", "actions", "docket", "release"), text)
}

// run runs a workflow for an event, and answers what was said and whether the
// job succeeded. The payload is JSON, or what becomes JSON.
func (r *runner) run(event, workflow string, payload any) (said string, ok bool) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 5*time.Minute) // it may have to build
	defer cancel()
	if payload == nil {
		payload = map[string]any{"repository": map[string]any{"default_branch": "main", "full_name": r.env["GITHUB_REPOSITORY"]}}
	}
	raw, given := payload.([]byte)
	if !given {
		var err error
		if raw, err = json.Marshal(payload); err != nil {
			r.t.Fatal(err)
		}
	}
	file := filepath.Join(filepath.Dir(r.home), "event.json")
	r.writeFile(file, string(raw))
	args := []string{event, "--workflows", ".github/workflows/" + workflow, "--eventpath", file, "--pull=false", "--no-cache-server", "--use-gitignore=false",
		"--platform", "ubuntu-latest=-self-hosted", "--platform", "self-hosted=-self-hosted",
		"--local-repository", artifactPin(r.t) + "=" + filepath.Join(filepath.Dir(r.home), "artifact")}
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + r.home, "TMPDIR=" + r.home, "LANG=C.UTF-8"}
	for name, value := range r.env {
		args = append(args, "--env", name+"="+value)
	}
	for name, value := range r.vars {
		args = append(args, "--var", name+"="+value)
	}
	for name, value := range r.secrets { // not in arguments, which everybody on the machine can read
		args, env = append(args, "--secret", name), append(env, name+"="+value)
	}
	cmd := exec.CommandContext(ctx, "act", args...)
	cmd.Dir, cmd.Env = r.checkout, env
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	r.leftNothing()
	return out.String(), err == nil
}

// runs is run for a job that must succeed.
func (r *runner) runs(event, workflow string, payload any) string {
	r.t.Helper()
	said, ok := r.run(event, workflow, payload)
	if !ok || !strings.Contains(said, "Job succeeded") {
		r.t.Fatalf("%s on %s failed:\n%s", workflow, event, said)
	}
	return said
}

// fails is run for a job that must fail, and say why.
func (r *runner) fails(event, workflow, why string) string {
	r.t.Helper()
	said, ok := r.run(event, workflow, nil)
	if ok || !strings.Contains(said, why) {
		r.t.Fatalf("%s on %s did not fail with %q:\n%s", workflow, event, why, said)
	}
	return said
}

// leftNothing holds that no secret is on the runner's disk after a job, nor a
// line of one.
func (r *runner) leftNothing() {
	r.t.Helper()
	var lines [][]byte
	for _, text := range r.secrets {
		for line := range bytes.Lines([]byte(text)) {
			if line = bytes.TrimSpace(line); len(line) > 8 && !bytes.HasPrefix(line, []byte("-----")) {
				lines = append(lines, line)
			}
		}
	}
	err := filepath.WalkDir(r.home, func(name string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if strings.HasPrefix(e.Name(), "docket-keys.") {
			r.t.Errorf("%s was not removed", name)
		}
		if e.Name() == "docket" || !e.Type().IsRegular() {
			return nil // the program, which knows the tests' own password
		}
		raw, err := os.ReadFile(name)
		for _, line := range lines {
			if bytes.Contains(raw, line) {
				r.t.Errorf("%s has a secret", name)
			}
		}
		return err
	})
	if err != nil {
		r.t.Error(err)
	}
}

// artifactPin is the pin of actions/upload-artifact in the workflows.
func artifactPin(t *testing.T) string {
	t.Helper()
	_, rest, found := strings.Cut(string(desk.Workflows()[".github/workflows/docket-audit.yml"]), "uses: actions/upload-artifact@")
	if !found {
		t.Fatal("docket-audit keeps no artifact")
	}
	hash, _, _ := strings.Cut(rest, " ")
	return "actions/upload-artifact@" + hash
}

// releases serves the releases of Docket: one, whose binary is this program.
type releases struct {
	server *httptest.Server
	asset  string // name of this machine's binary
	sum    string // its SHA-256

	mu    sync.Mutex
	asked []string // paths
	serve []byte
}

func newReleases(t *testing.T) *releases {
	t.Helper()
	r := &releases{asset: "docket-" + runtime.GOOS + "-" + runtime.GOARCH}
	path, err := exec.LookPath("docket")
	if err != nil {
		t.Fatal(err)
	}
	if r.serve, err = os.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(r.serve)
	r.sum = hex.EncodeToString(sum[:])
	r.server = httptest.NewServer(r)
	t.Cleanup(r.server.Close)
	return r
}

func (r *releases) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	r.asked = append(r.asked, req.URL.Path)
	body := r.serve
	r.mu.Unlock()
	if req.URL.Path != "/docket-psirt/docket/releases/download/v0.1.0/"+r.asset {
		http.NotFound(w, req)
		return
	}
	_, _ = w.Write(body) // who asked is gone: nothing to do
}

// asks answers what was asked for since the last time.
func (r *releases) asks() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	asked := slices.Clone(r.asked)
	r.asked = nil
	return asked
}
