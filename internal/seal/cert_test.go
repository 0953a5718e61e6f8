package seal

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	v2 "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

func TestUsable(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file          string
		at            string
		encrypt, sign error
	}{
		{"expired.asc", "2020-06-01", nil, nil},
		{"expired.asc", "2021-06-01", ErrExpired, ErrExpired},
		{"expired.asc", "2019-12-31", ErrNotYet, ErrNotYet},
		{"sign-only.asc", "2026-01-01", ErrUnusable, nil},
		{"weak-rsa1024.asc", "2026-01-01", ErrWeakKey, ErrWeakKey},
		{"dsa-elgamal.asc", "2026-01-01", ErrWeakKey, ErrWeakKey},
		{"revoked-0.asc", "2022-01-01", ErrRevoked, ErrRevoked}, // no reason given: never to be trusted
		{"revoked-1.asc", "2022-01-01", ErrRevoked, ErrRevoked}, // compromised
		{"revoked-2.asc", "2022-01-01", nil, nil},               // superseded: good until then
		{"revoked-2.asc", "2023-01-02", ErrRevoked, ErrRevoked},
		{"revoked-3.asc", "2022-01-01", nil, nil}, // no longer used
		{"revoked-3.asc", "2024-01-01", ErrRevoked, ErrRevoked},
		{"moved.asc", "2024-06-01", ErrUnusable, nil},
		{"moved.asc", "2026-06-01", ErrUnusable, nil},
	} {
		cert := must(ParseCert(fixture(t, c.file)))(t)
		for _, u := range []struct{ got, want error }{
			{cert.UsableForEncryption(day(c.at)), c.encrypt}, {cert.UsableForSigning(day(c.at)), c.sign},
		} {
			if u.want == nil && u.got != nil {
				t.Errorf("%s on %s: %v", c.file, c.at, u.got)
			}
			if u.want != nil {
				t.Run(c.file, func(t *testing.T) { wantError(t, u.got, u.want) })
			}
		}
	}
}

// gpg replaces the self-signature when an expiry is moved; what was signed
// before stays good.
func TestMovedExpiry(t *testing.T) {
	t.Parallel()
	cert := must(ParseCert(fixture(t, "moved.asc")))(t)
	sig := fixture(t, "moved.sig")
	at := day("2024-06-01").Add(time.Minute)
	if err := VerifyDetached([]byte("an event of 2024"), sig, cert, at); err != nil {
		t.Fatal(err)
	}
	wantError(t, VerifyDetached([]byte("an event of 2025"), sig, cert, at), ErrBadSignature)
	wantError(t, VerifyDetached([]byte("an event of 2024"), sig, cert, day("2023-06-01")), ErrNotYet)
	wantError(t, VerifyDetached([]byte("an event of 2024"), sig, cert, day("2024-02-01")), ErrBadSignature)
	wantError(t, VerifyDetached([]byte("an event of 2024"), sig, cert, day("2030-02-01")), ErrExpired)
	wantError(t, VerifyDetached([]byte("an event of 2024"), sig, person("lead").Cert(), at), ErrOtherSigner)
	if end, ok := cert.Expires(); !ok || end.Year() != 2028 {
		t.Fatalf("expires %v %v", end, ok)
	}
}

func TestExpires(t *testing.T) {
	t.Parallel()
	if end, ok := person("lead").Cert().Expires(); ok {
		t.Errorf("a key without expiry expires %v", end)
	}
	team := must(ReadKey(fixture(t, "team-rsa.asc"), adoptPhrase))(t).Cert()
	if end, ok := team.Expires(); ok {
		t.Errorf("the newest encryption subkey does not expire, but: %v", end)
	}
	if end, ok := must(ParseCert(fixture(t, "expired.asc")))(t).Expires(); !ok || end.Format(time.DateOnly) != "2020-12-31" {
		t.Errorf("expires %v %v", end, ok)
	}
}

func TestParseCertRefuses(t *testing.T) {
	t.Parallel()
	secret := must(person("lead").Export(nil))(t)
	_, err := ParseCert(secret)
	wantError(t, err, ErrSecretKey)
	_, err = ParseCert(must(dearmor(kindSecret, secret))(t))
	wantError(t, err, ErrSecretKey)

	lead, bot := person("lead").Cert(), person("bot").Cert()
	join := func(cs ...*Cert) (out []byte) {
		for _, c := range cs {
			for _, p := range c.raw {
				out = append(out, p.raw...)
			}
		}
		return out
	}
	both := join(lead, bot)
	_, err = ParseCert(both)
	wantError(t, err, ErrMalformed)
	if cs := must(ParseCerts(both))(t); len(cs) != 2 || cs[1].Fingerprint() != bot.Fingerprint() {
		t.Fatal("two certificates")
	}
	// One of several that cannot be read is an error.
	_, err = ParseCerts(append(both, 0xc6, 1, 9))
	wantError(t, err, ErrMalformed)
	_, err = ParseCerts(nil)
	wantError(t, err, ErrMalformed)
	_, err = ParseCert(make([]byte, maxCertBytes+1))
	wantError(t, err, ErrTooLarge)
	many := bytes.Clone(lead.raw[0].raw)
	for range maxCertPackets {
		many = append(many, 0xcd, 1, 'a')
	}
	_, err = ParseCert(many)
	wantError(t, err, ErrTooLarge)
	// A primary key alone, and one whose self-signature is another's.
	_, err = ParseCert(lead.raw[0].raw)
	wantError(t, err, ErrMalformed)
	_, err = ParseCert(bytes.Join([][]byte{lead.raw[0].raw, bot.raw[1].raw, bot.raw[2].raw}, nil))
	wantError(t, err, ErrMalformed)
}

// A stolen subkey does not bind, and a self-signature that does not hold goes.
func TestForgedSignaturesAreLeftOut(t *testing.T) {
	t.Parallel()
	lead, bot := person("lead").Cert(), person("bot").Cert()
	var data []byte
	for _, p := range append(slices.Clone(lead.raw), bot.raw[3:]...) {
		data = append(data, p.raw...)
	}
	c := must(ParseCert(data))(t)
	if ids := c.EncryptionKeyIDs(); len(ids) != 1 || ids[0] != lead.EncryptionKeyIDs()[0] {
		t.Fatalf("encryption keys %X", ids)
	}
	broken := bytes.Clone(data)
	at := bytes.Index(broken, []byte("lead@example.org"))
	broken[at] = 'L'
	if _, err := ParseCert(broken); err == nil {
		t.Fatal("a changed user ID was accepted")
	}
}

func TestArmorOfCert(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"expired.asc", "revoked-3.asc", "sign-only.asc"} {
		c := must(ParseCert(fixture(t, file)))(t)
		again := must(ParseCert([]byte(c.Armor())))(t)
		if err := CanonicalArmor(c.Armor()); err != nil || again.Armor() != c.Armor() || again.Fingerprint() != c.Fingerprint() {
			t.Errorf("%s: not stable: %v", file, err)
		}
	}
	team := must(ReadKey(fixture(t, "team-rsa.asc"), adoptPhrase))(t).Cert()
	small := team.Minimal()
	if len(small.Armor()) >= len(team.Armor()) {
		t.Error("Minimal is not smaller, though somebody else certified the key")
	}
	again := must(ParseCert([]byte(small.Armor())))(t)
	if !slices.Equal(again.EncryptionKeyIDs(), team.EncryptionKeyIDs()) || !slices.Equal(again.Addresses(), team.Addresses()) {
		t.Error("Minimal left out something of the key's own")
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"Ada <Ada@Example.org>":        "ada@example.org",
		"ada@example.org":              "ada@example.org",
		"<ada@example.org>":            "ada@example.org",
		"Ada (x) <ada@example.org>":    "ada@example.org",
		"a <b@c> <ada@example.org>":    "ada@example.org",
		"Ada":                          "",
		"":                             "",
		"@":                            "",
		"ada@":                         "",
		"Ada <ada@example.org> x":      "",
		"ada@example.org, b@c":         "",
		"Ada <ada@exa\nmple.org>":      "",
		"Ada <a\"b@example.org>":       "",
		"mallory ada@example.org":      "",
		"Ada <ada@example.org>\x00":    "",
		"x <ada@example.org <b@c.org>": "b@c.org",
	} {
		if got := address(id); got != want {
			t.Errorf("address(%q) = %q, want %q", id, got, want)
		}
	}
	team := must(ReadKey(fixture(t, "team-rsa.asc"), adoptPhrase))(t).Cert()
	if got := team.Addresses(); !slices.Equal(slices.Sorted(slices.Values(got)), []string{"psirt@example.com", "security@example.com"}) {
		t.Errorf("addresses %q", got)
	}
}

// A version 6 key needs no user ID (RFC 9580 section 10.1.1).
func TestVersion6WithoutUserID(t *testing.T) {
	t.Parallel()
	config := &packet.Config{V6Keys: true, Algorithm: packet.PubKeyAlgoEd25519, Time: func() time.Time { return made }}
	entity := must(v2.NewEntityWithoutId(config))(t)
	var public, secret bytes.Buffer
	if err := entity.Serialize(&public); err != nil {
		t.Fatal(err)
	}
	if err := entity.SerializePrivateWithoutSigning(&secret, config); err != nil {
		t.Fatal(err)
	}
	c := must(ParseCert(public.Bytes()))(t)
	if !c.Fingerprint().Valid() || len(c.Fingerprint().Hex()) != 64 || len(c.Addresses()) != 0 {
		t.Fatalf("%s %q", c.Fingerprint(), c.Addresses())
	}
	if _, ok := c.Expires(); ok {
		t.Fatal("expires")
	}
	for _, err := range []error{c.UsableForEncryption(event), c.UsableForSigning(event)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	wantError(t, c.UsableForEncryption(made.Add(-time.Hour)), ErrNotYet)
	sealed := must(person("bot").Seal([]byte(`{}`), []*Cert{c}, testContext, event))(t)
	k := must(ReadKey(secret.Bytes(), nil))(t)
	if _, err := Open(sealed.Armor, []Opener{k}, testContext, certs("bot"), event, plenty); err != nil {
		t.Fatal(err)
	}
	back := must(k.Seal([]byte(`{}`), certs("lead"), testContext, event))(t)
	if _, err := Open(back.Armor, []Opener{person("lead")}, testContext, Certs{c}, event, plenty); err != nil {
		t.Fatal(err)
	}
	sig := must(k.Sign([]byte("x"), testContext, event))(t)
	if err := Verify([]byte("x"), sig, testContext, c, event); err != nil {
		t.Fatal(err)
	}
	if _, f, _, err := SignerOf(sig); err != nil || !c.HasKey(f) {
		t.Fatal(f, err)
	}
}

func TestFinding(t *testing.T) {
	t.Parallel()
	all := certs("lead", "bot")
	p := must(NewPublished("P", "p@example.org", made))(t)
	all = append(all, p.Sender.Cert())
	sig := must(p.Sender.SignCommit([]byte("x"), event))(t)
	id, f, at, err := SignerOf(sig)
	if err != nil || !at.Equal(event) {
		t.Fatal(at, err)
	}
	if f == p.Sender.Cert().Fingerprint() {
		t.Fatal("a subkey signs")
	}
	for _, c := range []*Cert{all.ByFingerprint(f), all.ByKeyID(id), all.ByFingerprint(p.Primary.Cert().Fingerprint())} {
		if c != p.Sender.Cert() {
			t.Fatal("another certificate was found")
		}
	}
	if all.ByKeyID(1) != nil || all.ByFingerprint(person("escrow").Cert().Fingerprint()) != nil {
		t.Fatal("found what is not there")
	}
	if !strings.HasPrefix(string(f), "openpgp4fpr:") {
		t.Fatal(f)
	}
}
