package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestPanicTellsNothing: a panic says where in the code it happened, and no
// word of what it was about.
func TestPanicTellsNothing(t *testing.T) {
	t.Parallel()
	const word = "quokka"
	report := map[string]any{"title": word}
	for name, fail := range map[string]func(secret string){
		"text":       func(s string) { panic("cannot read " + s) },
		"error":      func(s string) { panic(errors.New(s)) },
		"conversion": func(string) { _ = report["title"].(interface{ Title() string }) },
		"bounds":     func(s string) { _ = s[len(report)+len(s)] },
		"library":    func(s string) { report[strings.Repeat(s, -1)] = s },
		"nothing":    func(string) { var c *cobra.Command; c.Use = word },
	} {
		var out, errs bytes.Buffer
		root := newRoot(&app{in: strings.NewReader(""), out: &out, err: &errs})
		root.AddCommand(&cobra.Command{Use: "fail", Run: func(*cobra.Command, []string) { fail(word) }})
		code := execute(root, []string{"fail"}, strings.NewReader(""), &out, &errs)
		said := out.String() + errs.String()
		if code != exitFailed || strings.Contains(said, word) || strings.Contains(said, "goroutine") {
			t.Errorf("%s: exit code %d and %q", name, code, said)
		}
		if !strings.Contains(said, "at cmd/docket/leaks_test.go:") || strings.Count(said, "\n") != 1 {
			t.Errorf("%s: the place is not told: %q", name, said)
		}
	}
}

// TestChildren: programs that Docket starts, the editor and the user's own gpg,
// are told no secret by their arguments or environment, and leave no core dump
// of what they are given.
func TestChildren(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the programs here are scripts of a Unix shell")
	}
	o := newOwnGpg(t)
	gpg, err := exec.LookPath("gpg")
	if err != nil {
		t.Fatal(err)
	}
	dump := "{ echo \"$0 $*\"; env; echo \"cores $(ulimit -c)\"; } >> '" + o.path("told") + "'\n"
	o.write("shims/gpg", "#!/bin/sh\n"+dump+"exec '"+gpg+"' \"$@\"\n")
	o.write("editor", "#!/bin/sh\n"+dump+"sed 's/\"title\": \"[^\"]*\"/\"title\": \"numbat\"/' \"$1\" > \"$1.new\" && mv \"$1.new\" \"$1\"\n")
	for _, name := range []string{"shims/gpg", "editor"} {
		if err := os.Chmod(o.path(name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	secrets := []string{"quokka", "bilby", "numbat", "Holm", triagePassphrase, "dingo-password"}
	o.as("lead", "intake", o.mail("m.eml", "From: Dana Holm <dana@example.org>\nTo: psirt@ingroupe.com\nSubject: quokka\n\nProduct: gate\nDescription: it says bilby.\n",
		outgoing{sign: true, attachKey: true}))
	o.env = append(o.env, "DOCKET_SMTP_PASSWORD=dingo-password", "EDITOR="+o.path("editor"), "PATH="+o.path("shims")+string(filepath.ListSeparator)+os.Getenv("PATH"))
	if shown := o.me("triage", "show", caseNumber(1)); !strings.Contains(shown, "bilby") {
		t.Fatalf("the case was not opened:\n%s", shown)
	}
	o.me("triage", "edit", caseNumber(1))
	if shown := o.me("triage", "show", caseNumber(1)); !strings.Contains(shown, "numbat") {
		t.Fatalf("the case was not edited:\n%s", shown)
	}
	raw, err := os.ReadFile(o.path("told"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(raw, []byte("document.json")) || !bytes.Contains(raw, []byte("--decrypt")) || !bytes.Contains(raw, []byte("sign")) {
		t.Fatalf("editor and gpg were not both started:\n%s", raw)
	}
	for _, s := range secrets {
		if bytes.Contains(raw, []byte(s)) {
			t.Errorf("a program was told %q", s)
		}
	}
	if n := bytes.Count(raw, []byte("cores ")); n == 0 || n != bytes.Count(raw, []byte("cores 0\n")) {
		t.Error("a program may leave a core dump")
	}
}

// TestNoCore: core dumps are off whatever the limit was when Docket started.
func TestNoCore(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("there are no core dumps on Windows")
	}
	b := newBench(t)
	b.write("editor", "#!/bin/sh\nulimit -c > '"+b.path("limit")+"'\nexit 1\n")
	if err := os.Chmod(b.path("editor"), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-c", "ulimit -S -c unlimited && ulimit -c && exec docket -C cases.git --keys keys --as lead open")
	cmd.Dir, cmd.Env = b.dir, append(b.env, "EDITOR="+b.path("editor"))
	out, _ := cmd.CombinedOutput() // the editor ends with an error
	if !strings.HasPrefix(string(out), "unlimited") {
		t.Skipf("the limit of core dumps cannot be raised here: %s", out)
	}
	if raw, err := os.ReadFile(b.path("limit")); err != nil || string(raw) != "0\n" {
		t.Errorf("the limit of core dumps is %s (%v)\n%s", raw, err, out)
	}
}
