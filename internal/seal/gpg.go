package seal

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
)

// Gpg is the user's own GnuPG: the program gpg on the path, the agent that it
// starts, and through that pinentry and smartcards. The user's settings
// (gpg.conf, GNUPGHOME) apply; what gpg hands back is checked here as if a
// stranger had sent it. It is safe for concurrent use, and asks for one thing
// at a time.
//
// No text of a message, no passphrase and no session key stands in an argument
// or in the environment of the process; its messages for people are read by
// nobody.
type Gpg struct {
	path    string
	environ []string
	secrets map[string]bool // raw fingerprints of primary keys and subkeys
	mu      sync.Mutex
}

// NewGpg finds gpg and asks it which secret keys it has, cards that it knows
// among them. ErrNoGpg and ErrNoAgent tell why not.
func NewGpg() (*Gpg, error) { return newGpg(os.Environ()) }

func newGpg(environ []string) (*Gpg, error) {
	path, err := exec.LookPath("gpg")
	if err != nil {
		return nil, ErrNoGpg
	}
	g := &Gpg{path: path, environ: gpgEnvironment(environ)}
	r, err := g.run(nil, "--with-colons", "--with-subkey-fingerprint", "--list-secret-keys")
	if err == nil {
		err = r.failure("list secret keys")
	}
	if err != nil {
		return nil, err
	}
	g.secrets = listed(r.out)
	return g, nil
}

// listed reads gpg --with-colons --list-secret-keys (GnuPG's doc/DETAILS):
// field 15 of "sec" and "ssb" is "#" where the secret is absent, and the
// record "fpr" after it has the fingerprint in field 10.
func listed(out []byte) map[string]bool {
	found := map[string]bool{}
	here := false
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		fields := strings.Split(lines.Text(), ":")
		switch {
		case (fields[0] == "sec" || fields[0] == "ssb") && len(fields) > 14:
			here = fields[14] != "#"
		case fields[0] == "fpr" && len(fields) > 9:
			if raw, err := hex.DecodeString(fields[9]); err == nil && here {
				found[string(raw)] = true
			}
			here = false
		}
	}
	return found
}

// Has reports whether gpg has a secret of the certificate.
func (g *Gpg) Has(c *Cert) bool {
	for i := range c.keys {
		if g.secrets[string(c.keys[i].pub.Fingerprint)] {
			return true
		}
	}
	return false
}

// maxGpgOutput bounds what is kept of gpg's output, in octets: a listing of
// some ten thousand keys.
const maxGpgOutput = 16 << 20

// bufferUpTo keeps what is written to it until there is too much.
type bufferUpTo struct {
	bytes.Buffer
	full bool
}

func (b *bufferUpTo) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxGpgOutput {
		b.full = true
		return len(p), nil
	}
	return b.Buffer.Write(p)
}

// result is what a run of gpg gave.
type result struct {
	out    []byte
	status [][]string // status lines, in words
	code   int        // exit code
}

// run runs gpg with the input on its standard input.
func (g *Gpg) run(input []byte, args ...string) (*result, error) {
	// The status goes to standard error: other descriptors do not reach a
	// child process on Windows.
	fixed := []string{"--batch", "--no-tty", "--quiet", "--status-fd", "2", "--disable-dirmngr", "--no-auto-key-retrieve"}
	cmd := exec.Command(g.path, append(fixed, args...)...)
	cmd.Env = g.environ
	var out, errs bufferUpTo
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && cmd.ProcessState == nil {
		return nil, fmt.Errorf("%w: it cannot be started", ErrGpg)
	}
	if out.full || errs.full {
		return nil, fmt.Errorf("%w: it printed more than %d octets", ErrTooLarge, maxGpgOutput)
	}
	return &result{out: out.Bytes(), status: statusLines(errs.Bytes()), code: cmd.ProcessState.ExitCode()}, nil
}

const statusPrefix = "[GNUPG:] "

func statusLines(text []byte) [][]string {
	var out [][]string
	for line := range strings.Lines(string(text)) {
		if words, ok := strings.CutPrefix(line, statusPrefix); ok {
			out = append(out, strings.Fields(words))
		}
	}
	return out
}

// has reports whether there is a status line of the keyword.
func (r *result) has(keyword string) bool {
	return slices.ContainsFunc(r.status, func(s []string) bool { return len(s) > 0 && s[0] == keyword })
}

// value is what follows a keyword in its first status line.
func (r *result) value(keyword string) string {
	for _, s := range r.status {
		if len(s) > 1 && s[0] == keyword {
			return s[1]
		}
	}
	return ""
}

// forGpg are the variables that gpg, its agent and pinentry work with; nothing
// else of the environment is handed on.
var forGpg = []string{
	"PATH", "HOME", "GNUPGHOME", "GPG_TTY", "TERM", "LANG", "LC_ALL", "LC_CTYPE", "LC_MESSAGES", "TMPDIR",
	"DISPLAY", "XAUTHORITY", "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR", "XDG_SESSION_TYPE", "DBUS_SESSION_BUS_ADDRESS",
	"INSIDE_EMACS", "PINENTRY_USER_DATA",
	"SYSTEMROOT", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "TEMP", "TMP", // Windows
}

func gpgEnvironment(all []string) []string {
	out := []string{}
	for _, v := range all {
		name, _, _ := strings.Cut(v, "=")
		for _, known := range forGpg {
			if strings.EqualFold(name, known) {
				out = append(out, v)
			}
		}
	}
	return out
}
