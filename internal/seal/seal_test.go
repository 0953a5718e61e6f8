package seal

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	pgp "github.com/ProtonMail/gopenpgp/v2/crypto"

	"github.com/docket-psirt/docket/internal/psirt"
)

func TestSealOpen(t *testing.T) {
	t.Parallel()
	document := []byte(`{"docket":1,"title":"overflow in the applet loader"}`)
	sealed := must(person("bot").Seal(document, certs("lead", "triage", "lead"), testContext, event))(t)
	if err := CanonicalArmor(sealed.Armor); err != nil {
		t.Fatal(err)
	}
	ids := must(Recipients([]byte(sealed.Armor)))(t)
	if len(ids) != 2 || ids[0] != person("lead").Cert().EncryptionKeyIDs()[0] || ids[1] != person("triage").Cert().EncryptionKeyIDs()[0] {
		t.Fatalf("recipients %X", ids)
	}
	for _, name := range []string{"lead", "triage"} {
		o := must(Open(sealed.Armor, []Opener{person("escrow"), person(name)}, testContext, certs("lead", "bot"), event, plenty))(t)
		if !bytes.Equal(bytes.TrimRight(o.Plain, " \n"), document) || len(o.Plain) != 4096 {
			t.Fatalf("%s read %q", name, o.Plain)
		}
		if o.Signer != person("bot").Cert().Fingerprint() || o.SessionKey != sealed.SessionKey {
			t.Fatalf("signer %s, session key differs: %v", o.Signer, o.SessionKey != sealed.SessionKey)
		}
	}
	open := func(with string, ctx Context, signers Certs, at time.Time, limit int64) error {
		_, err := Open(sealed.Armor, []Opener{person(with)}, ctx, signers, at, limit)
		return err
	}
	wantError(t, open("escrow", testContext, certs("bot"), event, plenty), ErrNoKey)
	wantError(t, open("lead", "docket/1 INGP-2026-0043 sealed", certs("bot"), event, plenty), ErrWrongContext)
	wantError(t, open("lead", "", certs("bot"), event, plenty), ErrNoContext)
	wantError(t, open("lead", testContext, certs("lead"), event, plenty), ErrOtherSigner)
	wantError(t, open("lead", testContext, nil, event, plenty), ErrOtherSigner)
	wantError(t, open("lead", testContext, certs("bot"), event.Add(-time.Hour), plenty), ErrBadSignature)
	wantError(t, open("lead", testContext, certs("bot"), made.Add(-time.Hour), plenty), ErrNotYet)
	wantError(t, open("lead", testContext, certs("bot"), event, 4095), ErrTooLarge)
	if err := open("lead", testContext, certs("bot"), event, 4096); err != nil {
		t.Fatal(err)
	}
}

// Nothing comes out of a message that was changed, or cut short. (The first
// octet of an ephemeral point says nothing; a change there gives the same
// document or none.)
func TestOpenTampered(t *testing.T) {
	t.Parallel()
	sealed := must(person("bot").Seal([]byte(`{}`), certs("lead"), testContext, event))(t)
	data := must(canonicalOf(kindMessage, sealed.Armor))(t)
	open := func(data []byte) error {
		o, err := Open(Armor(kindMessage, data), []Opener{person("lead")}, testContext, certs("bot"), event, plenty)
		if err != nil && (o.Plain != nil || o.Signer != "") {
			t.Fatalf("something came out: %q", o.Plain)
		}
		return err
	}
	for i := range data {
		if i > 200 && i < len(data)-300 && i%7 != 0 {
			continue
		}
		changed := bytes.Clone(data)
		changed[i] ^= 0x20
		if open(changed) == nil && i != 14 {
			t.Fatalf("octet %d of %d changed, and still opened", i, len(data))
		}
	}
	for _, cut := range []int{1, 2, 20, 22, 23, 40, 600, len(data) - 100} {
		if open(data[:len(data)-cut]) == nil {
			t.Fatalf("%d octets cut off, and still opened", cut)
		}
	}
	wantError(t, open(data[:len(data)-1]), ErrTampered)
	changed := bytes.Clone(data)
	changed[len(changed)-40] ^= 1
	wantError(t, open(changed), ErrTampered)
	wantError(t, open(append(bytes.Clone(data), data...)), ErrMalformed)
	wantError(t, open(append(bytes.Clone(data), 0xca, 3, 'P', 'G', 'P')), ErrMalformed)
	wantError(t, open(append([]byte{0xca, 3, 'P', 'G', 'P'}, data...)), ErrMalformed)
	_, err := Open(strings.TrimSuffix(sealed.Armor, "\n"), []Opener{person("lead")}, testContext, certs("bot"), event, plenty)
	wantError(t, err, ErrMalformed)
}

// The other way of swapping sealed parts: the inside of one with the
// recipients of another.
func TestOpenOtherInside(t *testing.T) {
	t.Parallel()
	one := must(person("bot").Seal([]byte(`{}`), certs("lead"), testContext, event))(t)
	two := must(person("bot").Seal([]byte(`{}`), certs("lead"), testContext, event))(t)
	keys, _, err := splitMessage(must(canonicalOf(kindMessage, one.Armor))(t))
	_, inside, err2 := splitMessage(must(canonicalOf(kindMessage, two.Armor))(t))
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	mixed := Armor(kindMessage, append(bytes.Clone(keys[0].raw), inside.raw...))
	_, err = Open(mixed, []Opener{person("lead")}, testContext, certs("bot"), event, plenty)
	wantError(t, err, ErrTampered)
}

func TestSealStream(t *testing.T) {
	t.Parallel()
	mail := bytes.Repeat([]byte("0123456789abcdef"), 100_000)
	var file bytes.Buffer
	w, session, err := person("bot").SealStream(&file, certs("lead", "escrow"), testContext, event, "")
	if err != nil {
		t.Fatal(err)
	}
	for rest := mail; len(rest) > 0; {
		n := min(len(rest), 4000)
		if _, err := w.Write(rest[:n]); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	if _, err := OpenStream(bytes.NewReader(file.Bytes()), nil, session, testContext, certs("bot"), event, 1<<22); err == nil {
		t.Fatal("opened before it was closed")
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal("second Close:", err)
	}
	if _, err := w.Write([]byte("x")); err == nil {
		t.Fatal("written after Close")
	}
	if overhead := file.Len() - len(mail); overhead > 8000 {
		t.Fatalf("%d octets more than the mail", overhead)
	}
	o := must(OpenStream(bytes.NewReader(file.Bytes()), []Opener{person("escrow")}, "", testContext, certs("bot"), event, 1<<22))(t)
	if !bytes.Equal(o.Plain, mail) || o.SessionKey != session {
		t.Fatal("another mail came out")
	}
	o = must(OpenStream(bytes.NewReader(file.Bytes()), nil, session, testContext, certs("bot"), event, 1<<22))(t)
	if !bytes.Equal(o.Plain, mail) {
		t.Fatal("another mail came out")
	}
	_, err = OpenStream(bytes.NewReader(file.Bytes()), nil, session, testContext, certs("bot"), event, 1000)
	wantError(t, err, ErrTooLarge)
	_, err = OpenStream(bytes.NewReader(file.Bytes()), nil, "9:00", testContext, certs("bot"), event, 1<<22)
	wantError(t, err, ErrMalformed)
	_, err = OpenStream(bytes.NewReader(file.Bytes()), nil, "9:"+strings.Repeat("A5", 32), testContext, certs("bot"), event, 1<<22)
	wantError(t, err, ErrTampered)

	var again bytes.Buffer
	if _, got, err := person("bot").SealStream(&again, certs("lead"), testContext, event, session); err != nil || got != session {
		t.Fatal("a given session key is not used", err)
	}
	_, _, err = person("bot").SealStream(&again, certs("lead"), testContext, event, "7:"+strings.Repeat("A5", 16))
	wantError(t, err, ErrMalformed)
}

func TestSealRefusesRecipients(t *testing.T) {
	t.Parallel()
	bot := person("bot")
	_, err := bot.Seal([]byte(`{}`), certs("lead", "triage"), testContext, made.Add(-time.Minute))
	wantError(t, err, ErrNotYet)
	if _, err = bot.Seal([]byte(`{}`), nil, testContext, event); err == nil {
		t.Fatal("sealed to nobody")
	}
	_, err = bot.Seal([]byte(`{}`), certs("lead"), "", event)
	wantError(t, err, ErrNoContext)
	p := must(NewPublished("P", "p@example.org", made))(t)
	_, err = p.Intake.Seal([]byte(`{}`), certs("lead"), testContext, event)
	wantError(t, err, ErrUnusable)
}

func TestKeepRecipient(t *testing.T) {
	t.Parallel()
	entity := []byte("Content-Type: text/plain\r\n\r\nDear reporter\r\n")
	mail := must(person("bot").SealMail(entity, certs("lead", "reporter", "escrow"), event))(t)
	kept := must(KeepRecipient(mail.Armor, person("reporter").Cert()))(t)
	if ids := must(Recipients([]byte(kept)))(t); len(ids) != 1 || ids[0] != person("reporter").Cert().EncryptionKeyIDs()[0] {
		t.Fatalf("recipients %X", ids)
	}
	if err := CanonicalArmor(kept); err != nil {
		t.Fatal(err)
	}
	f := must(OpenForeign([]byte(kept), []Opener{person("reporter")}, plenty))(t)
	if !bytes.Equal(f.Plain, entity) || !f.Signed || f.SessionKey != mail.SessionKey {
		t.Fatalf("read %q", f.Plain)
	}
	if err := VerifyForeign([]byte(kept), f.SessionKey, person("bot").Cert(), event); err != nil {
		t.Fatal(err)
	}
	_, err := KeepRecipient(mail.Armor, person("triage").Cert())
	wantError(t, err, ErrNoKey)
}

func TestRecipientsRefuses(t *testing.T) {
	t.Parallel()
	data := must(canonicalOf(kindMessage, must(person("bot").Seal([]byte(`{}`), certs("lead"), testContext, event))(t).Armor))(t)
	keys, inside, err := splitMessage(data)
	if err != nil {
		t.Fatal(err)
	}
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	for name, bad := range map[string][]byte{
		"nothing":            {},
		"no recipient":       inside.raw,
		"no data":            keys[0].raw,
		"trailing packet":    join(data, keys[0].raw),
		"trailing octet":     join(data, []byte{0}),
		"cut":                data[:len(data)-1],
		"marker in front":    join([]byte{0xca, 3, 'P', 'G', 'P'}, data),
		"passphrase":         join([]byte{0xc3, 4, 4, 9, 0, 8}, data),
		"recipient cut":      join([]byte{0xc1, 3, 3, 0, 0}, inside.raw),
		"unknown version":    join(keys[0].raw, []byte{0xd2, 2, 7, 7}),
		"recipient in parts": join([]byte{0xc1, 0xe1, 3, 0, 0}, inside.raw),
		"text":               []byte("hello"),
	} {
		if ids, err := Recipients(bad); err == nil {
			t.Errorf("%s: accepted, %X", name, ids)
		}
	}
	_, err = Recipients(join(keys[0].raw, []byte{0xc9, 2, 0, 0}))
	wantError(t, err, ErrNoIntegrity)
	_, err = Recipients(join(bytes.Repeat(keys[0].raw, maxRecipients+1), inside.raw))
	wantError(t, err, ErrTooLarge)
}

func TestBucket(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]int{
		1: 4096, 4096: 4096, 4097: 8192, 65536: 65536, 65537: 67584, 67585: 69632, 100_000: 100_352, 1 << 20: 1 << 20, 1<<20 + 1: 1<<20 + 32768,
	} {
		if got := bucket(n); got != want {
			t.Errorf("bucket(%d) = %d, want %d", n, got, want)
		}
	}
	for n := 1; n < 1<<21; n += 997 {
		if b := bucket(n); b < n || n > bucketTop && float64(b) > 1.12*float64(n) || bucket(b) != b {
			t.Fatalf("bucket(%d) = %d", n, b)
		}
	}
	if json := padded(bytes.Repeat([]byte("x"), 4096)); len(json) != 8192 || json[8191] != '\n' || json[4096] != ' ' {
		t.Fatal("padding")
	}
}

// gopenpgp as a peer, with its own idea of contexts.
func TestGopenpgpOpens(t *testing.T) {
	t.Parallel()
	sealed := must(person("bot").Seal([]byte(`{}`), certs("lead"), testContext, event))(t)
	key := must(pgp.NewKeyFromArmored(string(must(person("lead").Export(nil))(t))))(t)
	signer := must(pgp.NewKeyFromArmored(person("bot").Cert().Armor()))(t)
	ring, verify := must(pgp.NewKeyRing(key))(t), must(pgp.NewKeyRing(signer))(t)
	message := must(pgp.NewPGPMessageFromArmored(sealed.Armor))(t)
	plain := must(ring.DecryptWithContext(message, verify, event.Unix(), pgp.NewVerificationContext(string(testContext), true, 0)))(t)
	if len(plain.Data) != 4096 {
		t.Fatalf("%d octets", len(plain.Data))
	}
	if _, err := ring.DecryptWithContext(message, verify, event.Unix(), pgp.NewVerificationContext("other", true, 0)); err == nil {
		t.Fatal("gopenpgp sees no context")
	}
}

// HMACs of different lists differ, also where their octets together do not.
func TestHMAC(t *testing.T) {
	t.Parallel()
	secret := must(NewHMACSecret())(t)
	if len(secret) != 32 || bytes.Equal(secret, must(NewHMACSecret())(t)) {
		t.Fatal("secret")
	}
	b := func(s string) []byte { return []byte(s) }
	seen := map[string]bool{}
	for _, k := range []string{
		string(HMAC(secret, "body", b("ab"), b("c"))), string(HMAC(secret, "body", b("a"), b("bc"))), string(HMAC(secret, "body", b("abc"))),
		string(HMAC(secret, "bodya", b("bc"))), string(HMAC(secret, "body")), string(HMAC(secret, "body", nil)), string(HMAC(b("other"), "body", b("abc"))),
	} {
		if seen[k] {
			t.Fatal("two lists, one hash")
		}
		seen[k] = true
	}
	// RFC 2104 over the documented encoding, computed with Python's hmac.
	got := HMAC([]byte("secret"), "label", []byte("part"))
	if want := psirt.Keyed("hmac:767fcb33004a6ba0062d2f936aacd49c99a62bbf5d937fda16bfd7c352319cef"); got != want || !got.Valid() {
		t.Fatalf("got %s, want %s", got, want)
	}
}

func TestSessionKeyForm(t *testing.T) {
	t.Parallel()
	good := "9:" + strings.Repeat("0F", 32)
	cipher, key, err := parseSession(good)
	if err != nil || cipher != packet.CipherAES256 || formatSession(cipher, key) != good {
		t.Fatal(err)
	}
	for _, bad := range []string{"", "9", "9:", ":0F", "9:" + strings.Repeat("0f", 32), "09:" + strings.Repeat("0F", 32), "9:" + strings.Repeat("0F", 31), good + " ", "200:00", "-9:00"} {
		if _, _, err := parseSession(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}
