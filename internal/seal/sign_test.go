package seal

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"github.com/docket-psirt/docket/internal/peer"
)

func TestSignVerify(t *testing.T) {
	t.Parallel()
	data := []byte("docket: 1\nid: INGP-2026-0042\n")
	lead := person("lead")
	sig := must(lead.Sign(data, testContext, event))(t)
	if err := CanonicalArmor(sig); err != nil {
		t.Fatal(err)
	}
	if err := Verify(data, sig, testContext, lead.Cert(), event); err != nil {
		t.Fatal(err)
	}
	wantError(t, Verify(append(data, ' '), sig, testContext, lead.Cert(), event), ErrBadSignature)
	wantError(t, Verify(data, sig, "docket/1 INGP-2026-0042 contact", lead.Cert(), event), ErrWrongContext)
	wantError(t, Verify(data, sig, "", lead.Cert(), event), ErrNoContext)
	wantError(t, Verify(data, sig, testContext, person("triage").Cert(), event), ErrOtherSigner)
	wantError(t, Verify(data, sig, testContext, lead.Cert(), event.Add(-time.Hour)), ErrBadSignature)
	wantError(t, Verify(data, sig, testContext, lead.Cert(), made.Add(-time.Hour)), ErrNotYet)
	wantError(t, Verify(data, strings.ReplaceAll(sig, "\n", "\r\n"), testContext, lead.Cert(), event), ErrMalformed)
	_, err := lead.Sign(data, "", event)
	wantError(t, err, ErrNoContext)

	plain := must(lead.SignCommit(data, event))(t)
	if err := VerifyCommit(data, plain, lead.Cert(), event); err != nil {
		t.Fatal(err)
	}
	wantError(t, Verify(data, plain, testContext, lead.Cert(), event), ErrWrongContext)
	wantError(t, VerifyCommit(data, sig, lead.Cert(), event), ErrWrongContext)
	wantError(t, VerifyCommit(data, plain, lead.Cert(), event.Add(-time.Hour)), ErrBadSignature)
}

// Of a signature on a case file no octet can be changed: not the signed ones,
// and not those that OpenPGP leaves free.
func TestSignatureIsExact(t *testing.T) {
	t.Parallel()
	lead := person("lead")
	sig := must(canonicalOf(kindSignature, must(lead.Sign([]byte("data"), testContext, event))(t)))(t)
	verify := func(raw []byte) error {
		return Verify([]byte("data"), Armor(kindSignature, raw), testContext, lead.Cert(), event)
	}
	for i := range sig {
		for bit := range 8 {
			changed := bytes.Clone(sig)
			changed[i] ^= 1 << bit
			if verify(changed) == nil {
				t.Errorf("octet %d of %d, bit %d changed, and still verified", i, len(sig), bit)
			}
		}
	}
	p, _, err := nextPacket(sig)
	if err != nil {
		t.Fatal(err)
	}
	if err := verify(oldFormat(p.tag, p.body)); err != nil {
		t.Errorf("gpg's form of the header: %v", err)
	}
	long := append([]byte{0xc2, 0xff, 0, 0, byte(len(p.body) >> 8), byte(len(p.body))}, p.body...)
	wantError(t, verify(long), ErrMalformed)
	wantError(t, verify(canonicalRaw(p.tag, append(bytes.Clone(p.body), 0)).raw), ErrMalformed)
	wantError(t, verify(append(bytes.Clone(sig), 0xca, 3, 'P', 'G', 'P')), ErrMalformed)
	wantError(t, verify(append(bytes.Clone(sig), sig...)), ErrMalformed)

	// Another notation in the unhashed area, where anybody can put it.
	hashed := count(p.body[4:6])
	at := 6 + hashed
	unhashed := count(p.body[at : at+2])
	extra := append([]byte{byte((unhashed + 3) >> 8), byte(unhashed + 3), 2, 100, 7}, p.body[at+2:]...)
	wantError(t, verify(canonicalRaw(p.tag, append(bytes.Clone(p.body[:at]), extra...)).raw), ErrMalformed)
}

func TestVerifyRefusesOldHashes(t *testing.T) {
	t.Parallel()
	g := newGnupg(t)
	g.run(must(person("lead").Export(nil))(t), "--import")
	for _, c := range []struct {
		hash string
		ok   bool
	}{{"SHA1", false}, {"RIPEMD160", false}, {"SHA256", true}, {"SHA384", true}} {
		sig := g.run([]byte("data"), "--digest-algo", c.hash, "--armor", "--detach-sign")
		err := VerifyCommit([]byte("data"), string(sig), person("lead").Cert(), time.Now())
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", c.hash, err)
		}
	}
}

// Stock gpg verifies signatures with a context, and makes ones that are
// accepted.
func TestContextAndGpg(t *testing.T) {
	t.Parallel()
	g := newGnupg(t)
	lead := person("lead")
	g.run(must(lead.Export(nil))(t), "--import")
	data := []byte("docket: 1\n")
	sig := must(lead.Sign(data, testContext, event))(t)
	_, status, err := g.try(data, "--verify", g.keep("sig", []byte(sig)), "-")
	if err != nil || !strings.Contains(status, "GOODSIG") || !strings.Contains(status, "NOTATION_NAME context@proton.ch") {
		t.Fatalf("%v\n%s", err, status)
	}
	now := time.Now()
	notation := fmt.Sprintf("context@proton.ch=%s", testContext)
	theirs := g.run(data, "--set-notation", notation, "--armor", "--detach-sign")
	if err := Verify(data, string(theirs), testContext, lead.Cert(), now); err != nil {
		t.Errorf("gpg's signature with context: %v", err)
	}
	critical := g.run(data, "--set-notation", "!unknown@example.org=x", "--armor", "--detach-sign")
	wantError(t, VerifyDetached(data, critical, lead.Cert(), now), ErrBadSignature)
	twice := g.run(data, "--set-notation", notation, "--set-notation", "context@proton.ch=other", "--armor", "--detach-sign")
	wantError(t, Verify(data, string(twice), testContext, lead.Cert(), now), ErrWrongContext)
	brief := g.run(data, "--default-sig-expire", "20200101T000000", "--faked-system-time", "20251201T000000", "--armor", "--detach-sign")
	if err := VerifyDetached(data, brief, lead.Cert(), now); err == nil {
		t.Log("this gpg takes no expiry in the past")
	}
	text := g.run([]byte("one\ntwo\n"), "--textmode", "--armor", "--detach-sign")
	if err := VerifyDetached([]byte("one\r\ntwo\r\n"), text, lead.Cert(), now); err != nil {
		t.Errorf("text signature: %v", err)
	}
	wantError(t, VerifyCommit([]byte("one\ntwo\n"), string(text), lead.Cert(), now), ErrBadSignature)
}

// git itself accepts a commit that is signed here, and what git signs with gpg
// is accepted.
func TestCommitAndGit(t *testing.T) {
	t.Parallel()
	git := peer.Need(t, "git")
	g := newGnupg(t)
	lead := person("lead")
	g.run(must(lead.Export(nil))(t), "--import")
	repo := t.TempDir()
	run := func(input []byte, args ...string) ([]byte, error) {
		cmd := exec.Command(git, append([]string{"-C", repo, "-c", "user.name=lead", "-c", "user.email=lead@example.org",
			"-c", "gpg.program=" + g.path, "-c", "commit.gpgsign=false"}, args...)...)
		cmd.Stdin = bytes.NewReader(input)
		cmd.Env = append(cmd.Environ(), "GNUPGHOME="+g.home, "GIT_CONFIG_GLOBAL="+filepath.Join(repo, "none"), "GIT_CONFIG_NOSYSTEM=1")
		return cmd.CombinedOutput()
	}
	if out, err := run(nil, "init", "-q"); err != nil {
		t.Fatal(err, string(out))
	}
	tree := must(run(nil, "write-tree"))(t)
	stamp := event.Unix()
	head := fmt.Sprintf("tree %sauthor lead <lead@example.org> %d +0000\ncommitter lead <lead@example.org> %d +0000\n", tree, stamp, stamp)
	body := "\nMove INGP-2026-0042\n"
	sig := must(lead.SignCommit([]byte(head+body), event))(t)
	signed := head + "gpgsig " + strings.ReplaceAll(strings.TrimSuffix(sig, "\n"), "\n", "\n ") + "\n" + body
	id, err := run([]byte(signed), "hash-object", "-t", "commit", "-w", "--stdin")
	if err != nil {
		t.Fatal(err, string(id))
	}
	if out, err := run(nil, "verify-commit", strings.TrimSpace(string(id))); err != nil {
		t.Fatalf("git does not accept the commit: %v\n%s", err, out)
	}

	if out, err := run(nil, "commit", "-q", "-S", "--allow-empty", "-m", "by git"); err != nil {
		t.Fatal(err, string(out))
	}
	raw := string(must(run(nil, "cat-file", "commit", "HEAD"))(t))
	before, rest, _ := strings.Cut(raw, "gpgsig ")
	block, after, _ := strings.Cut(rest, "\n\n")
	armored := strings.ReplaceAll(block, "\n ", "\n") + "\n"
	if err := VerifyCommit([]byte(before+"\n"+after), armored, lead.Cert(), time.Now()); err != nil {
		t.Fatalf("git's own commit: %v", err)
	}
}

// A signing subkey without back-signature may be anybody's.
func TestBackSignatureIsNeeded(t *testing.T) {
	t.Parallel()
	p := must(NewPublished("P", "p@example.org", made))(t)
	var data []byte
	for _, raw := range p.Primary.Cert().raw {
		parsed, err := raw.parse()
		if sig, ok := parsed.(*packet.Signature); ok && err == nil && sig.EmbeddedSignature != nil {
			sig.EmbeddedSignature = nil
			secret := p.Primary.secrets[string(p.Primary.cert.keys[0].pub.Fingerprint)]
			if err := sig.SignKey(p.Primary.cert.keys[2].pub, secret, nil); err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err := sig.Serialize(&out); err != nil {
				t.Fatal(err)
			}
			data = append(data, out.Bytes()...)
			continue
		}
		data = append(data, raw.raw...)
	}
	c := must(ParseCert(data))(t)
	wantError(t, c.UsableForSigning(event), ErrUnusable)
}
