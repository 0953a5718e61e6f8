package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/docket-psirt/docket/internal/peer"
	"github.com/docket-psirt/docket/internal/seal"
)

// ownGpg plays a team whose people use --gpg: the lead with a key without a
// passphrase, triage with one that the agent has been given before. The
// directory roles holds the keys of roles, people those of people, as files.
type ownGpg struct {
	*bench
	homes map[string]string
}

const triagePassphrase = "quagga-passphrase"

func newOwnGpg(t *testing.T) *ownGpg {
	t.Helper()
	o := &ownGpg{bench: newBench(t), homes: map[string]string{}}
	for _, name := range o.files("keys") {
		to := "roles"
		if base := filepath.Base(name); base == "lead.asc" || base == "triage.asc" {
			to = "people"
		}
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		o.write(to+"/"+filepath.Base(name), string(raw))
	}
	for _, handle := range []string{"lead", "triage"} {
		o.give(handle, handle)
	}
	o.preset("triage")
	return o
}

// give puts a person's key into somebody's GnuPG home.
func (o *ownGpg) give(handle, to string) {
	o.t.Helper()
	g, err := o.people.home("gpg of "+to, false)
	if err != nil {
		o.t.Fatal(err)
	}
	o.homes[to] = g.home
	raw, err := os.ReadFile(o.path("people/" + handle + ".asc"))
	if err != nil {
		o.t.Fatal(err)
	}
	if handle == "triage" {
		key, err := seal.ReadKey(raw, nil)
		if err == nil {
			raw, err = key.Export([]byte(triagePassphrase))
		}
		if err != nil {
			o.t.Fatal(err)
		}
	}
	if _, _, err := g.run(raw, "--import"); err != nil {
		o.t.Fatal(err)
	}
}

// preset gives the passphrase to the agent, as a person does once a day.
func (o *ownGpg) preset(handle string) {
	o.t.Helper()
	home := o.homes[handle]
	if err := os.WriteFile(filepath.Join(home, "gpg-agent.conf"), []byte("allow-preset-passphrase\n"), 0o600); err != nil {
		o.t.Fatal(err)
	}
	o.run("gpgconf", nil, "--homedir", home, "--reload", "gpg-agent")
	libexec := strings.TrimSpace(o.run("gpgconf", nil, "--list-dirs", "libexecdir"))
	listed := o.run("gpg", nil, "--homedir", home, "--batch", "--with-colons", "--with-keygrip", "--list-secret-keys")
	for line := range strings.Lines(listed) {
		if f := strings.Split(line, ":"); f[0] == "grp" {
			o.run(filepath.Join(libexec, "gpg-preset-passphrase"), []byte(triagePassphrase), "--homedir", home, "--preset", f[9])
		}
	}
}

func (o *ownGpg) run(program string, stdin []byte, args ...string) string {
	o.t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Env, cmd.Stdin = o.env, bytes.NewReader(stdin)
	for i, a := range args {
		if a == "--homedir" {
			cmd.Env = append(o.env[:len(o.env):len(o.env)], "GNUPGHOME="+args[i+1])
		}
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		o.t.Fatalf("%s: %v\n%s", program, err, out)
	}
	return string(out)
}

// tryMe runs docket as a person who has their key in gpg and no file of it.
func (o *ownGpg) tryMe(handle string, args ...string) (stdout, stderr string, code int) {
	o.t.Helper()
	b := *o.bench
	b.env = append(b.env[:len(b.env):len(b.env)], "GNUPGHOME="+o.homes[handle], "DOCKET_KEYS="+o.path("roles"))
	return b.try(append([]string{"--gpg"}, args...)...)
}

func (o *ownGpg) me(handle string, args ...string) string {
	o.t.Helper()
	out, errs, code := o.tryMe(handle, args...)
	if code != exitDone {
		o.t.Fatalf("%s, docket --gpg %s: exit code %d\n%s%s", handle, strings.Join(args, " "), code, out, errs)
	}
	return out
}

// has holds that a text says something.
func (o *ownGpg) has(text string, want ...string) {
	o.t.Helper()
	for _, w := range want {
		if !strings.Contains(text, w) {
			o.t.Errorf("there is no %q in:\n%s", w, text)
		}
	}
}

const gpgReport = `From: Petra Quill <petra@example.org>
To: psirt@ingroupe.com
Subject: Zanzibar driver hangs
Message-ID: <lamp@example.org>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

Product: BrightPath lamp driver
Version: 8

Description:
When two commands arrive at once, the zanzibar driver takes the same lock twice
and hangs. Anybody on the local network can send the two commands.

Petra Quill
`

// TestGpg: analysts whose keys are in their own gpg do all that those with key
// files do, and nobody can tell the difference from what they write.
func TestGpg(t *testing.T) {
	t.Parallel()
	o := newOwnGpg(t)
	calls := o.shim()
	id := caseNumber(1)
	o.docket(exitDone, "--keys", "roles", "intake", o.mail("mail.eml", gpgReport, outgoing{style: styleMIME, sign: true, attachKey: true}))

	o.has(o.me("lead", "list"), "Zanzibar driver hangs")
	o.has(o.me("lead", "show", id), "takes the same lock twice")
	o.has(o.me("triage", "mail", id), "zanzibar driver")
	o.me("lead", "set", id, "analysis.text=reproduced with zanzibar 8")
	o.me("lead", "move", id, "evaluating")
	o.has(o.me("triage", "diff", id), "reproduced with zanzibar 8")
	o.me("triage", "approve", id)
	o.write("words.txt", "Subject: A question\n\nWhich zanzibar is it?\n")
	o.me("triage", "ask", id, "--message", "words.txt")
	o.has(o.me("lead", "diff", id), "Which zanzibar is it?")
	o.me("lead", "approve", id)
	o.docket(exitDone, "--keys", "roles", "deliver", "--maildir", "out")

	o.interop(id)
	o.bare(calls)
	o.judged(id)
}

// judged: what gpg signed stands before check, audit with and without keys,
// stock git and stock gpg.
func (o *ownGpg) judged(id string) {
	t := o.t
	o.docket(exitDone, "check")
	o.has(o.docket(exitDone, "audit", "--no-memory"), "no findings")
	o.has(o.me("triage", "audit", "--no-memory"), "no findings")
	stock, err := o.people.home("stock", false)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"lead", "triage", "bot", "mailer", "intake"} {
		if _, err := stock.imports([]byte(o.docket(exitDone, "keys", "show", name))); err != nil {
			t.Fatal(err)
		}
	}
	o.gitWith(nil, []string{"GNUPGHOME=" + stock.home}, append([]string{"verify-commit"}, strings.Fields(o.git("rev-list", "--branches"))...)...)
	file := o.git("show", "main:cases/ingroupe/"+id[5:9]+"/00/"+id+".yaml")
	body, signature, ok := strings.Cut(file, "\nsignature: |\n")
	if !ok {
		t.Fatalf("no signature in\n%s", file)
	}
	o.write("body", body+"\n")
	o.write("body.asc", strings.ReplaceAll(strings.TrimPrefix(signature, "  "), "\n  ", "\n"))
	if _, status, err := stock.run(nil, "--verify", o.path("body.asc"), o.path("body")); err != nil || !strings.Contains(status, "GOODSIG") {
		t.Errorf("stock gpg on the revision: %v\n%s", err, status)
	}
}

// interop: file keys open what gpg sealed, and gpg what file keys sealed.
func (o *ownGpg) interop(id string) {
	both := func(args ...string) string {
		return o.docket(exitDone, append([]string{"--keys", "people", "--as", "triage"}, args...)...)
	}
	o.has(both("show", id), "reproduced with zanzibar 8", "Which zanzibar is it?")
	both("set", id, "analysis.text=seen again")
	both("push", id)
	o.has(o.me("lead", "show", id), "seen again", "Which zanzibar is it?")
	o.has(o.docket(exitDone, "audit", "--no-memory"), "no findings")
}

// shim puts a program in front of gpg that notes how Docket calls it.
func (o *ownGpg) shim() (calls string) {
	if runtime.GOOS == "windows" {
		return ""
	}
	calls = o.path("calls")
	o.write("shims/gpg", "#!/bin/sh\n{ echo \"ARGS $*\"; env; } >> '"+calls+"'\nexec '"+peer.Need(o.t, "gpg")+"' \"$@\"\n")
	if err := os.Chmod(o.path("shims/gpg"), 0o700); err != nil {
		o.t.Fatal(err)
	}
	for i, v := range o.env {
		if rest, ok := strings.CutPrefix(v, "PATH="); ok {
			o.env[i] = "PATH=" + o.path("shims") + string(filepath.ListSeparator) + rest
		}
	}
	return calls
}

// bare: neither arguments nor environment of gpg tell more than anybody may
// know.
func (o *ownGpg) bare(calls string) {
	if calls == "" {
		return
	}
	raw, err := os.ReadFile(calls)
	if err != nil || !bytes.Contains(raw, []byte("--detach-sign")) || !bytes.Contains(raw, []byte("--show-session-key")) {
		o.t.Fatalf("gpg was not called as expected (%v):\n%s", err, raw)
	}
	for _, secret := range []string{"anzibar", "lock twice", "petra", triagePassphrase, "DOCKET_"} {
		if bytes.Contains(bytes.ToLower(raw), bytes.ToLower([]byte(secret))) {
			at := bytes.Index(bytes.ToLower(raw), bytes.ToLower([]byte(secret)))
			o.t.Errorf("gpg was called with %q: %q", secret, raw[max(0, at-60):min(len(raw), at+6)])
		}
	}
	if key := regexp.MustCompile(`\b[0-9]{1,2}:[0-9A-Fa-f]{32,}`).Find(raw); key != nil {
		o.t.Error("gpg was called with a session key")
	}
}

// TestGpgRefusals: what is wrong with the user's gpg is said, with what to do.
func TestGpgRefusals(t *testing.T) {
	t.Parallel()
	o := newOwnGpg(t)
	o.docket(exitDone, "--keys", "roles", "intake", o.mail("mail.eml", gpgReport, outgoing{style: styleMIME, sign: true, attachKey: true}))
	id := caseNumber(1)
	refused := func(code int, handle, want string, args ...string) {
		t.Helper()
		out, errs, got := o.tryMe(handle, args...)
		if got != code || !strings.Contains(errs, want) {
			t.Errorf("%s: exit code %d, want %d with %q:\n%s%s", strings.Join(args, " "), got, code, want, out, errs)
		}
	}
	refused(exitFailed, "lead", "gpg has no secret key of it", "--as", "triage", "move", id, "evaluating")

	o.homes["nobody"] = t.TempDir()
	refused(exitFailed, "nobody", "no person's key is at hand", "move", id, "evaluating")

	// The agent has forgotten the passphrase, and has nowhere to ask.
	conf := filepath.Join(o.homes["triage"], "gpg-agent.conf")
	if err := os.WriteFile(conf, []byte("pinentry-program /nowhere/pinentry\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o.run("gpgconf", nil, "--homedir", o.homes["triage"], "--reload", "gpg-agent")
	refused(exitFailed, "triage", "pinentry program", "move", id, "evaluating")
	refused(exitFailed, "triage", "pinentry program", "audit", "--no-memory")
	o.has(o.me("triage", "list"), id) // without a title, and without a second question

	o.give("lead", "triage")
	refused(exitUsage, "triage", "lead, triage", "move", id, "evaluating")
	o.has(o.me("triage", "--as", "lead", "show", id), "takes the same lock twice")

	o.env = []string{"PATH=" + t.TempDir(), "HOME=" + o.path("home"), "TMPDIR=" + o.path("tmp"), "DOCKET_STATE=" + o.path("state")}
	docket, err := exec.LookPath("docket")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(docket, "-C", "cases.git", "show", id)
	cmd.Dir, cmd.Env = o.dir, append(o.env, "DOCKET_GPG=1")
	said, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || !strings.Contains(string(said), "gpg is not installed") {
		t.Errorf("without gpg: %v\n%s", err, said)
	}
}
