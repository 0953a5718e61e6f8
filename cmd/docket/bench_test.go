package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/peer"
)

// bench is a case repository to try things on. Docket is started as a process
// of its own, with a home, a TMPDIR and a memory of audits of its own.
type bench struct {
	t      *testing.T
	dir    string // work directory: cases.git, keys …
	env    []string
	people *people
	psirt  []byte // the published certificate
}

// newBench makes a case repository in an empty directory.
func newBench(t *testing.T) *bench {
	t.Helper()
	peer.Need(t, "gpg")
	peer.Need(t, "git")
	b := benchAt(t, t.TempDir())
	b.docket(exitDone, "init", "cases.git", "--program", "ingroupe", "--team", "lead,triage", "--keys", "keys", "--no-passphrase")
	b.psirt = []byte(b.docket(exitDone, "keys", "show", "intake"))
	return b
}

func benchAt(t *testing.T, dir string) *bench {
	t.Helper()
	b := &bench{t: t, dir: dir, people: testPeople(t)}
	for _, name := range []string{"tmp", "home", "state"} {
		if err := os.MkdirAll(b.path(name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	b.env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + b.path("home"), "TMPDIR=" + b.path("tmp"), "DOCKET_STATE=" + b.path("state"),
		"LANG=C.UTF-8", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull}
	return b
}

func (b *bench) path(name string) string { return filepath.Join(b.dir, filepath.FromSlash(name)) }

// try runs docket on the case repository without any key and answers what it
// prints on both streams, and its exit code.
func (b *bench) try(args ...string) (stdout, stderr string, code int) {
	b.t.Helper()
	if args[0] != "init" {
		args = append([]string{"-C", "cases.git"}, args...)
	}
	cmd := exec.Command("docket", args...)
	cmd.Dir, cmd.Env = b.dir, b.env
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		b.t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// docket runs docket, which must end with an exit code.
func (b *bench) docket(want int, args ...string) string {
	b.t.Helper()
	out, errs, code := b.try(args...)
	if code != want {
		b.t.Fatalf("docket %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), code, want, out, errs)
	}
	return out
}

// as runs docket with the keys of a person at hand.
func (b *bench) as(handle string, args ...string) string {
	b.t.Helper()
	return b.docket(exitDone, append([]string{"--keys", "keys", "--as", handle}, args...)...)
}

// write writes a file in the work directory.
func (b *bench) write(name string, data string) {
	b.t.Helper()
	if err := os.MkdirAll(filepath.Dir(b.path(name)), 0o700); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(b.path(name), []byte(data), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// mail makes what a mail program sends of a message, in a file.
func (b *bench) mail(name, message string, o outgoing) string {
	b.t.Helper()
	if o.to == nil {
		o.to = b.psirt
	}
	raw, err := b.people.mailProgram([]byte("Date: "+now()+"\n"+message), o)
	if err != nil {
		b.t.Fatal(err)
	}
	b.write(name, string(raw))
	return name
}

// reply answers the newest mail to an address, in a file.
func (b *bench) reply(name, maildirName, address, words string) string {
	b.t.Helper()
	list, err := maildir(b.path(maildirName), address)
	if err != nil {
		b.t.Fatal(err)
	}
	d, ok := newest(list)
	if !ok {
		b.t.Fatalf("there is no mail to %s", address)
	}
	raw, err := b.people.mailProgram(d.answer("", words, time.Now()), outgoing{to: b.psirt, sign: true})
	if err != nil {
		b.t.Fatal(err)
	}
	b.write(name, string(raw))
	return name
}

// git runs stock git on the case repository.
func (b *bench) git(args ...string) string {
	b.t.Helper()
	return b.gitWith(nil, nil, args...)
}

func (b *bench) gitWith(stdin []byte, env []string, args ...string) string {
	b.t.Helper()
	cmd := exec.Command("git", append([]string{"--git-dir", b.path("cases.git")}, args...)...)
	cmd.Dir, cmd.Env, cmd.Stdin = b.dir, append(b.env[:len(b.env):len(b.env)], env...), bytes.NewReader(stdin)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		b.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return string(out)
}

// files lists all files below a directory of the bench.
func (b *bench) files(name string) []string {
	b.t.Helper()
	var out []string
	err := filepath.WalkDir(b.path(name), func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			out = append(out, path)
		}
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return out
}
