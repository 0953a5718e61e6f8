package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
)

// leanDocket has a run of all tests start docket as it is shipped, but for
// docketMain, instead of this test binary under its name: libraries that only
// tests need take longer to begin than the program, and it is started thousands
// of times. It takes seconds to build, so a run of some tests goes without, and
// so does one that counts covered lines or looks for races.
func leanDocket() {
	flag.Parse()
	if flag.Lookup("test.run").Value.String() != "" || testing.CoverMode() != "" || raced() || runtime.GOOS == "windows" {
		return
	}
	stand, err := exec.LookPath("docket") // what testscript has put there
	if err == nil {
		err = buildLean(stand)
	}
	if err != nil { // the stand-in does the same
		fmt.Fprintf(os.Stderr, "docket is this test binary: %v\n", err)
	}
}

func raced() bool {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return false
	}
	for _, s := range info.Settings {
		if s.Key == "-race" && s.Value == "true" {
			return true
		}
	}
	return false
}

// buildLean builds docket with docketMain and puts it where its stand-in was.
func buildLean(stand string) error {
	dir, err := os.MkdirTemp("", "lean")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	here, err := os.Getwd()
	if err != nil {
		return err
	}
	begin, overlay, built := filepath.Join(dir, "begin.go"), filepath.Join(dir, "overlay.json"), filepath.Join(dir, "docket")
	files, err := json.Marshal(map[string]map[string]string{"Replace": {
		filepath.Join(here, "lean_main.go"): filepath.Join(here, "lean_main_test.go"),
		filepath.Join(here, "zz_begin.go"):  begin, // the last of this package that begins
	}})
	if err != nil {
		return err
	}
	if err := os.WriteFile(begin, []byte("package main\n\nfunc init() { docketMain() }\n"), 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(overlay, files, 0o600); err != nil {
		return err
	}
	out, err := exec.Command("go", "build", "-buildvcs=false", "-ldflags=-s -w", "-overlay", overlay, "-o", built, ".").CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(out)))
	}
	if err := os.Remove(stand); err != nil { // a copy or a link: never written through
		return err
	}
	raw, err := os.ReadFile(built)
	if err != nil {
		return err
	}
	return os.WriteFile(stand, raw, 0o755)
}
