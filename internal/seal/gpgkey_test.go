package seal

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// own is a GnuPG home of somebody who uses Docket with --gpg, as they find it
// at work: what gpg is asked for goes through a real gpg-agent.
type own struct {
	*gnupg
	cert *Cert
}

// newOwn puts a key into a GnuPG home, as import does; a passphrase protects it.
func newOwn(t testing.TB, key *Key, passphrase string) *own {
	t.Helper()
	var protect []byte
	if passphrase != "" {
		protect = []byte(passphrase)
	}
	o := &own{gnupg: newGnupg(t), cert: key.Cert()}
	o.run(must(key.Export(protect))(t), "--import")
	return o
}

// madeByGpg is a key on other curves than Docket's own.
func madeByGpg(t testing.TB) *Key {
	t.Helper()
	g := newGnupg(t)
	g.run(nil, "--quick-generate-key", "Ada <ada@example.org>", "nistp256", "sign,cert", "2y")
	cert := must(ParseCert(g.run(nil, "--export")))(t)
	g.run(nil, "--quick-add-key", cert.Fingerprint().Hex(), "nistp256", "encr", "1y")
	return must(ReadKey(g.run(nil, "--export-secret-keys"), nil))(t)
}

// conf writes a settings file of the home and lets the agent read it; it also
// forgets passphrases then.
func (o *own) conf(name, text string) {
	o.t.Helper()
	o.keep(name, []byte(text))
	o.agent("--reload")
}

func (o *own) agent(what string) {
	o.t.Helper()
	_, err := command(o.t, o.home, nil, "gpgconf", "--homedir", o.home, what, "gpg-agent")
	if err != nil {
		o.t.Fatal(err)
	}
}

// user is what Docket gets of the home.
func (o *own) user() (*Gpg, error) { return newGpg(append(os.Environ(), "GNUPGHOME="+o.home)) }

func (o *own) key() *GpgKey {
	o.t.Helper()
	return must(must(o.user())(o.t).Key(o.cert))(o.t)
}

// both opens with the file of the key what gpg's key sealed, and the reverse.
func TestGpgAndFile(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]*Key{
		"Curve25519":       person("lead"),
		"a signing subkey": must(NewPublished("Team", "team@example.org", made))(t).Primary,
		"RSA":              must(ReadKey(fixture(t, "team-rsa.asc"), adoptPhrase))(t),
		"NIST P-256":       madeByGpg(t),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOwn(t, file, "")
			gpg := o.key()
			signers := Certs{o.cert}
			now := time.Now()
			for _, by := range []Signer{file, gpg} {
				sealed := must(by.Seal([]byte(`{"id":"X"}`), signers, testContext, now))(t)
				if err := CanonicalArmor(sealed.Armor); err != nil {
					t.Fatal(err)
				}
				for _, with := range []Opener{file, gpg} {
					got := must(Open(sealed.Armor, []Opener{person("bot"), with}, testContext, signers, now, plenty))(t)
					if !strings.HasPrefix(string(got.Plain), `{"id":"X"}`) || len(got.Plain) != bucketStep || got.SessionKey != sealed.SessionKey || got.Signer != o.cert.Fingerprint() {
						t.Errorf("%T opens %T's wrongly: %d octets, signer %s", with, by, len(got.Plain), got.Signer)
					}
					_, err := Open(sealed.Armor, []Opener{with}, "docket/1 other", signers, now, plenty)
					wantError(t, err, ErrWrongContext)
				}
				signed := must(by.Sign([]byte("a case"), testContext, now))(t)
				if err := Verify([]byte("a case"), signed, testContext, o.cert, now); err != nil {
					t.Errorf("%T: %v", by, err)
				}
				wantError(t, Verify([]byte("a case"), signed, "docket/1 other", o.cert, now), ErrWrongContext)
				commit := must(by.SignCommit([]byte("a commit"), now))(t)
				if err := VerifyCommit([]byte("a commit"), commit, o.cert, now); err != nil {
					t.Errorf("%T: %v", by, err)
				}
				o.verifies("a case", signed)
				o.verifies("a commit", commit)
				o.run([]byte(sealed.Armor), "--decrypt")
			}
		})
	}
}

// verifies holds that stock gpg finds the signature good.
func (o *own) verifies(text, armored string) {
	o.t.Helper()
	sig := o.keep(fmt.Sprintf("%x.asc", len(armored)), []byte(armored))
	_, status, err := o.try([]byte(text), "--verify", sig, "-")
	if err != nil || !strings.Contains(status, "GOODSIG") {
		o.t.Errorf("stock gpg: %v\n%s", err, status)
	}
}

// What gpg's key seals has packet for packet the form of what Key seals.
func TestGpgForm(t *testing.T) {
	t.Parallel()
	file := person("lead")
	o := newOwn(t, file, "")
	var shapes []string
	for _, by := range []Signer{file, o.key()} {
		sealed := must(by.Seal([]byte(`{}`), Certs{o.cert}, testContext, time.Now()))(t)
		shape := ""
		for line := range strings.Lines(string(o.run([]byte(sealed.Armor), "--list-packets"))) {
			if _, tag, ok := strings.Cut(line, " tag="); ok {
				shape += strings.Fields(tag)[0] + newFormat(line) + " "
			}
		}
		shapes = append(shapes, shape)
	}
	if shapes[0] != shapes[1] || !strings.HasPrefix(shapes[0], "1n 18n 4n 11n 2n") {
		t.Errorf("packets are %q by file and %q by gpg", shapes[0], shapes[1])
	}
}

func newFormat(line string) string {
	if strings.Contains(line, "new-ctb") {
		return "n"
	}
	return "o"
}

func TestGpgStream(t *testing.T) {
	t.Parallel()
	o := newOwn(t, person("lead"), "")
	key := o.key()
	var out bytes.Buffer
	data := octets(200_000)
	w, session, err := key.SealStream(&out, Certs{o.cert}, testContext, time.Now(), "")
	if err != nil {
		t.Fatal(err)
	}
	for chunk := range slices.Chunk(data, 7000) {
		if _, err := w.Write(chunk); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, with := range [][]Opener{{key}, nil} {
		given := ""
		if with == nil {
			given = session
		}
		got := must(OpenStream(bytes.NewReader(out.Bytes()), with, given, testContext, Certs{o.cert}, time.Now(), plenty))(t)
		if !bytes.Equal(got.Plain, data) {
			t.Error("the stream opens to something else")
		}
	}
	if plain := o.run(out.Bytes(), "--decrypt"); !bytes.Equal(plain, data) {
		t.Error("stock gpg opens the stream to something else")
	}
}

// A passphrase that the agent knows (from before, or preset) is not asked for;
// one that it can ask for in a loopback neither.
func TestGpgPassphrase(t *testing.T) {
	t.Parallel()
	const secret = "correct horse"
	work := func(o *own) error {
		key := o.key()
		sealed, err := key.Seal([]byte(`{}`), Certs{o.cert}, testContext, time.Now())
		if err != nil {
			return err
		}
		_, err = Open(sealed.Armor, []Opener{key}, testContext, Certs{o.cert}, time.Now(), plenty)
		return err
	}
	t.Run("loopback", func(t *testing.T) {
		t.Parallel()
		o := newOwn(t, person("lead"), secret)
		file := o.keep("passphrase", []byte(secret+"\n"))
		o.conf("gpg.conf", "pinentry-mode loopback\npassphrase-file "+file+"\n")
		if err := work(o); err != nil {
			t.Fatal(err)
		}
		o.keep("passphrase", []byte("wrong\n"))
		o.agent("--reload")
		wantError(t, work(o), ErrLocked)
	})
	t.Run("preset", func(t *testing.T) {
		t.Parallel()
		o := newOwn(t, person("lead"), secret)
		preset := "/usr/lib/gnupg/gpg-preset-passphrase"
		if _, err := os.Stat(preset); err != nil {
			t.Skip("gpg-preset-passphrase is not where Debian has it")
		}
		o.conf("gpg-agent.conf", "allow-preset-passphrase\n")
		for line := range strings.Lines(string(o.run(nil, "--with-colons", "--with-keygrip", "--list-secret-keys"))) {
			if f := strings.Split(line, ":"); f[0] == "grp" {
				cmd, err := command(t, o.home, []byte(secret), "env", "GNUPGHOME="+o.home, preset, "--preset", f[9])
				if err != nil {
					t.Fatal(err, string(cmd))
				}
			}
		}
		if err := work(o); err != nil {
			t.Fatal(err)
		}
	})
}

// pinentry is a program that answers gpg-agent's question for a passphrase in
// one way, and counts how often it was asked.
func (o *own) pinentry(answer string) (asked func() int) {
	o.t.Helper()
	count := filepath.Join(o.home, "asked")
	script := o.keep("pinentry", []byte("#!/bin/sh\necho OK\nwhile read line; do case $line in\nGETPIN) echo x >>"+count+"; echo '"+answer+"';;\nBYE*) echo OK; exit;;\n*) echo OK;;\nesac; done\n"))
	if err := os.Chmod(script, 0o700); err != nil {
		o.t.Fatal(err)
	}
	o.conf("gpg-agent.conf", "pinentry-program "+script+"\n")
	return func() int {
		raw, _ := os.ReadFile(count)
		return bytes.Count(raw, []byte("x"))
	}
}

// Failures say what they are and what to do, and hold nothing of gpg's own
// text. Whoever declines is not asked again by the next case of a list. gpg 2.2
// tells less when it cannot decrypt than when it cannot sign.
func TestGpgFailures(t *testing.T) {
	t.Parallel()
	answer := func(text string) func(*own) func() int {
		return func(o *own) func() int { return o.pinentry(text) }
	}
	for name, c := range map[string]struct {
		prepare  func(o *own) func() int
		decrypts []error // one of them
		signs    error
		asked    int
	}{
		"cancelled":       {answer("ERR 83886179 Operation cancelled <Pinentry>"), []error{ErrCancelled}, ErrCancelled, 2},
		"fully cancelled": {answer("ERR 83886278 Operation fully cancelled <Pinentry>"), []error{ErrCancelled}, ErrCancelled, 2},
		"no answer":       {answer("ERR 83886142 Timeout <Pinentry>"), []error{ErrCancelled}, ErrCancelled, 2},
		"no terminal":     {answer("ERR 83918950 Inappropriate ioctl for device <Pinentry>"), []error{ErrCancelled, ErrNoPinentry}, ErrNoPinentry, 2},
		"no pinentry": {func(o *own) func() int {
			o.conf("gpg-agent.conf", "pinentry-program /nowhere/pinentry\n")
			return func() int { return 0 }
		}, []error{ErrLocked, ErrNoPinentry}, ErrNoPinentry, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOwn(t, person("lead"), "correct horse")
			asked := c.prepare(o)
			sealed := must(person("bot").Seal([]byte(`{}`), Certs{o.cert}, testContext, event))(t)
			key := o.key()
			for range 2 {
				_, err := Open(sealed.Armor, []Opener{key}, testContext, certs("bot"), event, plenty)
				o.isOneOf(err, c.decrypts)
			}
			key = o.key()
			for range 2 {
				_, err := key.Sign([]byte("x"), testContext, time.Now())
				o.isOneOf(err, []error{c.signs})
			}
			if n := asked(); n != c.asked {
				t.Errorf("asked %d times, want %d", n, c.asked)
			}
		})
	}
}

func (o *own) isOneOf(err error, want []error) {
	o.t.Helper()
	if !slices.ContainsFunc(want, func(w error) bool { return errors.Is(err, w) }) {
		o.t.Errorf("error is %v, want %v", err, want)
	}
	for _, leak := range []string{"lead", o.home, "Pinentry>"} {
		if err != nil && strings.Contains(err.Error(), leak) {
			o.t.Errorf("the error says %q: %v", leak, err)
		}
	}
}

func TestGpgWithout(t *testing.T) {
	t.Parallel()
	o := newOwn(t, person("lead"), "")
	g := must(o.user())(t)
	stranger := person("triage").Cert()
	if g.Has(stranger) || !g.Has(o.cert) {
		t.Error("gpg has the wrong keys")
	}
	_, err := g.Key(stranger)
	wantError(t, err, ErrUnusable)

	// Sealed to somebody else.
	key := o.key()
	sealed := must(person("bot").Seal([]byte(`{}`), certs("triage"), testContext, event))(t)
	_, err = Open(sealed.Armor, []Opener{key}, testContext, certs("bot"), event, plenty)
	wantError(t, err, ErrNoKey)

	// The secrets go away after Docket has looked.
	mine := must(person("bot").Seal([]byte(`{}`), Certs{o.cert}, testContext, event))(t)
	if err := os.RemoveAll(filepath.Join(o.home, "private-keys-v1.d")); err != nil {
		t.Fatal(err)
	}
	o.agent("--reload")
	_, err = Open(mine.Armor, []Opener{key}, testContext, certs("bot"), event, plenty)
	wantError(t, err, ErrUnusable)
	_, err = key.Sign([]byte("x"), testContext, time.Now())
	wantError(t, err, ErrUnusable)

	// No agent, and none may be started.
	o.keep("gpg.conf", []byte("no-autostart\n"))
	o.agent("--kill")
	_, err = key.Sign([]byte("x"), testContext, time.Now())
	wantError(t, err, ErrNoAgent)
}

// A certificate whose primary secret is elsewhere signs with the subkey that is
// there; one without any signing secret says so.
func TestGpgSubkeysOnly(t *testing.T) {
	t.Parallel()
	o := newOwn(t, must(NewPublished("Team", "team@example.org", made))(t).Sender, "")
	signed := must(o.key().Sign([]byte("x"), testContext, time.Now()))(t)
	if err := Verify([]byte("x"), signed, testContext, o.cert, time.Now()); err != nil {
		t.Error(err)
	}

	o = newOwn(t, must(NewPublished("Team", "team@example.org", made))(t).Intake, "")
	_, err := o.key().Sign([]byte("x"), testContext, time.Now())
	wantError(t, err, ErrUnusable)
}

// Settings in gpg.conf change nothing of what is written, or stop it.
func TestGpgConf(t *testing.T) {
	t.Parallel()
	o := newOwn(t, person("lead"), "")
	o.conf("gpg.conf", "armor\ntextmode\ndigest-algo SHA256\ndefault-sig-expire 1d\nthrow-keyids\ncomment hello\nemit-version\n")
	signed := must(o.key().Sign([]byte("x\n"), testContext, time.Now()))(t)
	if err := Verify([]byte("x\n"), signed, testContext, o.cert, time.Now().AddDate(1, 0, 0)); err != nil {
		t.Error(err)
	}
	o.conf("gpg.conf", "sig-notation context@proton.ch=other\n")
	_, err := o.key().Sign([]byte("x\n"), testContext, time.Now())
	wantError(t, err, ErrWrongContext)
	_, err = o.key().SignCommit([]byte("x\n"), time.Now())
	wantError(t, err, ErrWrongContext)

	// A time that is not the present cannot be had from gpg.
	o.conf("gpg.conf", "")
	_, err = o.key().Sign([]byte("x\n"), testContext, time.Now().Add(time.Hour))
	wantError(t, err, ErrCancelled)
}

// The child process gets nothing of the environment that it does not need.
func TestGpgEnvironment(t *testing.T) {
	t.Parallel()
	got := gpgEnvironment([]string{"HOME=/h", "DOCKET_PASSPHRASE_FILE=/p", "GNUPGHOME=/g", "GITHUB_TOKEN=t", "Path=/bin", "DOCKET_SMTP_PASSWORD=s"})
	if want := []string{"HOME=/h", "GNUPGHOME=/g", "Path=/bin"}; strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("environment is %q", got)
	}
}

func BenchmarkGpg(b *testing.B) {
	file := person("lead")
	o := newOwn(b, file, "")
	gpg := must(o.user())(b)
	document := bytes.Repeat([]byte("x"), 4000)
	for name, key := range map[string]func() interface {
		Opener
		Signer
	}{
		"file": func() interface {
			Opener
			Signer
		} {
			return file
		},
		// A new one each time: it remembers session keys.
		"gpg": func() interface {
			Opener
			Signer
		} {
			return must(gpg.Key(o.cert))(b)
		},
	} {
		sealed := must(file.Seal(document, Certs{o.cert}, testContext, time.Now()))(b)
		b.Run(name+"/open", func(b *testing.B) {
			for b.Loop() {
				if _, err := Open(sealed.Armor, []Opener{key()}, testContext, Certs{o.cert}, time.Now(), plenty); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/seal", func(b *testing.B) {
			for b.Loop() {
				if _, err := key().Seal(document, Certs{o.cert}, testContext, time.Now()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
