package seal

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/peer"
)

var report = []byte("Content-Type: text/plain; charset=utf-8\r\n\r\nThe applet loader overflows.\r\n")

// Both directions with gpg, for the kinds of key that reporters have.
func TestGpgBothWays(t *testing.T) {
	t.Parallel()
	team := must(NewPublished("Example PSIRT", "psirt@example.org", made))(t)
	for _, kind := range []struct{ name, algo, subkey string }{
		{"rsa3072", "rsa3072", "rsa3072"}, {"curve25519", "future-default", ""}, {"p256", "nistp256", "nistp256"},
	} {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			g := newGnupg(t)
			g.run([]byte(team.Primary.Cert().Armor()), "--import")
			g.run(nil, "--quick-generate-key", "Reporter <rep@example.net>", kind.algo, "default", "2y")
			if kind.subkey != "" {
				listed := string(g.run(nil, "--with-colons", "-K"))
				_, after, _ := strings.Cut(listed, "fpr:::::::::")
				g.run(nil, "--quick-add-key", after[:40], kind.subkey, "encrypt")
			}
			theirs := must(ParseCert(g.run(nil, "--armor", "--export", "rep@example.net")))(t)
			now := time.Now()

			mail := g.run(report, "--armor", "--sign", "--encrypt", "--recipient", "psirt@example.org")
			f := must(OpenForeign(mail, []Opener{team.Intake}, plenty))(t)
			if !bytes.Equal(f.Plain, report) || !f.Signed || !theirs.HasKeyID(f.Issuers[0]) {
				t.Fatalf("read %q, issuers %X", f.Plain, f.Issuers)
			}
			if err := VerifyForeign(mail, f.SessionKey, theirs, now); err != nil {
				t.Fatal(err)
			}
			if out := g.run(mail, "--override-session-key", f.SessionKey, "--decrypt"); !bytes.Equal(out, report) {
				t.Fatal("gpg takes another session key")
			}

			answer := must(team.Sender.SealMail(report, Certs{theirs}, now))(t)
			out, status, err := g.try([]byte(answer.Armor), "--decrypt")
			if err != nil || !bytes.Equal(out, report) || !strings.Contains(status, "GOODSIG") {
				t.Fatalf("%v\n%s", err, status)
			}
			detached := g.run(report, "--armor", "--detach-sign")
			if err := VerifyDetached(report, detached, theirs, now); err != nil {
				t.Fatal(err)
			}
			own := must(ReadKey(g.run(nil, "--export-secret-keys", "rep@example.net"), nil))(t)
			sealed := must(own.Seal([]byte(`{}`), Certs{theirs, team.Intake.Cert()}, testContext, now))(t)
			if _, err := Open(sealed.Armor, []Opener{own}, testContext, Certs{theirs}, now, plenty); err != nil {
				t.Fatal(err)
			}
			if out := g.run([]byte(sealed.Armor), "--decrypt"); len(out) != 4096 || !bytes.HasPrefix(out, []byte("{} ")) {
				t.Fatalf("gpg read %d octets of a sealed part", len(out))
			}
		})
	}
}

// What gpg makes besides: compression of every kind, no compression, large
// mails, hidden recipients.
func TestGpgForms(t *testing.T) {
	t.Parallel()
	g := newGnupg(t)
	lead := person("lead")
	g.run(must(lead.Export(nil))(t), "--import")
	big := bytes.Repeat(report, 3000)
	for name, args := range map[string][]string{
		"none": {"-z", "0"}, "zip": {"--compress-algo", "zip"}, "zlib": {"--compress-algo", "zlib"}, "bzip2": {"--compress-algo", "bzip2"},
		"hidden": {"--throw-keyids"}, "3des": {"--cipher-algo", "3DES"}, "aes128": {"--cipher-algo", "AES128"},
		"text": {"--textmode"}, "symmetric too": {"--symmetric", "--passphrase", "pw"},
	} {
		message := g.run(big, append(args, "--sign", "--encrypt", "--recipient", "lead@example.org")...)
		f, err := OpenForeign(message, []Opener{person("bot"), lead}, 1<<20)
		if err != nil || !bytes.Equal(f.Plain, big) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := VerifyForeign(message, f.SessionKey, lead.Cert(), time.Now()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	message, _, err := g.try(report, "--symmetric", "--passphrase", "pw")
	if err != nil {
		t.Fatal(err)
	}
	_, err = OpenForeign(message, []Opener{lead}, plenty)
	wantError(t, err, ErrSymmetric)
	message = g.run(report, "--sign")
	_, err = OpenForeign(message, []Opener{lead}, plenty)
	wantError(t, err, ErrNotEncrypted)
	if message, _, err = g.try(report, "--rfc2440", "--cipher-algo", "CAST5", "--disable-mdc", "--encrypt", "--recipient", "lead@example.org"); err == nil {
		if _, err = OpenForeign(message, []Opener{lead}, plenty); err == nil {
			t.Log("this gpg protects integrity whatever it is told")
		}
	}
}

// A sealed part can be made with stock gpg, for keys that only its agent has.
func TestGpgSeals(t *testing.T) {
	t.Parallel()
	g := newGnupg(t)
	lead := person("lead")
	g.run(must(lead.Export(nil))(t), "--import")
	g.run([]byte(person("triage").Cert().Armor()), "--import")
	binary := g.run(padded([]byte(`{}`)), "-z", "0", "--set-notation", "context@proton.ch="+string(testContext),
		"--sign", "--encrypt", "--recipient", "lead@example.org", "--recipient", "triage@example.org")
	o := must(Open(Armor(kindMessage, binary), []Opener{person("triage")}, testContext, certs("lead"), time.Now(), plenty))(t)
	if len(o.Plain) != 4096 || o.Signer != lead.Cert().Fingerprint() {
		t.Fatalf("%d octets by %s", len(o.Plain), o.Signer)
	}
}

// peerKeys writes the files that peer programs read.
func peerKeys(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	write := func(name string, data []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"lead", "reporter"} {
		write(name+".key", must(person(name).Export(nil))(t))
		write(name+".cert", []byte(person(name).Cert().Armor()))
	}
	write("report", report)
	write("mail", []byte(must(person("lead").SealMail(report, certs("reporter", "bot"), event))(t).Armor))
	write("report.sig", []byte(must(person("lead").Sign(report, testContext, event))(t)))
	return dir
}

// accept checks what a peer sent from reporter to lead.
func accept(t *testing.T, message []byte) {
	t.Helper()
	f := must(OpenForeign(message, []Opener{person("lead")}, plenty))(t)
	if !bytes.Equal(f.Plain, report) || !f.Signed {
		t.Fatalf("read %q, signed %v", f.Plain, f.Signed)
	}
	if err := VerifyForeign(message, f.SessionKey, person("reporter").Cert(), time.Now()); err != nil {
		t.Fatal(err)
	}
}

// Programs with the Stateless OpenPGP interface.
func TestSOPBothWays(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"gosop", "sqop"} {
		t.Run(program, func(t *testing.T) {
			t.Parallel()
			path := peer.Need(t, program)
			dir := peerKeys(t)
			run := func(input []byte, args ...string) []byte { return must(command(t, dir, input, path, args...))(t) }
			accept(t, run(report, "encrypt", "--sign-with=reporter.key", "lead.cert"))
			mail := must(os.ReadFile(filepath.Join(dir, "mail")))(t)
			out := run(mail, "decrypt", "--verify-out=verified", "--verify-with=lead.cert", "reporter.key")
			verified := must(os.ReadFile(filepath.Join(dir, "verified")))(t)
			out = bytes.ReplaceAll(bytes.ReplaceAll(out, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n")) // gosop drops CRs
			if !bytes.Equal(out, report) || !bytes.Contains(verified, []byte(person("lead").Cert().Fingerprint().Hex())) {
				t.Fatalf("read %q, verified %q", out, verified)
			}
			if out := run(report, "verify", "report.sig", "lead.cert"); len(out) == 0 {
				t.Fatal("the signature with context is not verified")
			}
			sig := run(report, "sign", "reporter.key")
			if err := VerifyDetached(report, sig, person("reporter").Cert(), time.Now()); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestSequoiaBothWays(t *testing.T) {
	t.Parallel()
	sq := peer.Need(t, "sq")
	dir := peerKeys(t)
	run := func(args ...string) []byte { return must(command(t, dir, nil, sq, args...))(t) }
	accept(t, run("encrypt", "--recipient-cert", "lead.cert", "--signer-key", "reporter.key", "report"))
	accept(t, run("encrypt", "--binary", "--compression", "none", "--recipient-cert", "lead.cert", "--signer-key", "reporter.key", "report"))
	if out := run("decrypt", "--recipient-key", "reporter.key", "--signer-cert", "lead.cert", "mail"); !bytes.Equal(out, report) {
		t.Fatalf("read %q", out)
	}
	run("verify", "--signer-cert", "lead.cert", "--detached", "report.sig", "report")
	sig := run("sign", "--detached", "--signer-key", "reporter.key", "report")
	if err := VerifyDetached(report, sig, person("reporter").Cert(), time.Now()); err != nil {
		t.Fatal(err)
	}
}

func TestRnpBothWays(t *testing.T) {
	t.Parallel()
	rnp, rnpkeys := peer.Need(t, "rnp"), peer.Need(t, "rnpkeys")
	dir := peerKeys(t)
	run := func(path string, args ...string) []byte {
		return must(command(t, dir, nil, path, append([]string{"--homedir", dir, "--notty"}, args...)...))(t)
	}
	run(rnpkeys, "--import", "lead.cert")
	run(rnpkeys, "--import", "reporter.key")
	for _, more := range [][]string{{"--armor"}, {"--aead=OCB"}, {"--aead=EAX"}} {
		args := append(more, "--sign", "--encrypt", "-u", "reporter@example.org", "-r", "lead@example.org", "--password", "", "--output", "-", "report")
		accept(t, run(rnp, args...))
	}
	if out := run(rnp, "--decrypt", "--password", "", "--output", "-", "mail"); !bytes.Equal(out, report) {
		t.Fatalf("read %q", out)
	}
	run(rnp, "--verify", "--source", "report", "report.sig")
	sig := run(rnp, "--sign", "--detach", "--armor", "-u", "reporter@example.org", "--password", "", "--output", "-", "report")
	if err := VerifyDetached(report, sig, person("reporter").Cert(), time.Now()); err != nil {
		t.Fatal(err)
	}
}
