package seal

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// A signing subkey whose primary key is offline signs mail that stock gpg
// accepts; gpg imports the file, and what gpg itself exports is read again.
func TestOfflinePrimary(t *testing.T) {
	t.Parallel()
	g := newGnupg(t)
	p := must(NewPublished("Example PSIRT", "psirt@example.org", made))(t)
	sender := must(p.Sender.Export(nil))(t)
	g.run(sender, "--import")
	listed := string(g.run(nil, "-K"))
	if !strings.Contains(listed, "sec#") || !strings.Contains(listed, "ssb#") || !strings.Contains(listed, "ssb ") {
		t.Fatalf("gpg does not see stubs and one secret:\n%s", listed)
	}
	g.run(must(person("reporter").Export(nil))(t), "--import")

	again := must(ReadKey(sender, nil))(t)
	mail := must(again.SealMail([]byte("Subject: hello\r\n\r\nhello\r\n"), certs("reporter"), event))(t)
	out, status, err := g.try([]byte(mail.Armor), "--decrypt")
	if err != nil || !strings.Contains(status, "GOODSIG") || !strings.Contains(status, p.Sender.Cert().Fingerprint().Hex()) {
		t.Fatalf("gpg does not accept the mail: %v\n%s", err, status)
	}
	if string(out) != "Subject: hello\r\n\r\nhello\r\n" {
		t.Fatalf("gpg read %q", out)
	}

	subkeys := must(ReadKey(g.run(nil, "--export-secret-subkeys", "psirt@example.org"), nil))(t)
	if !subkeys.CanSign() || subkeys.CanDecrypt() {
		t.Fatalf("gpg's export of the sender's key: CanSign %v, CanDecrypt %v", subkeys.CanSign(), subkeys.CanDecrypt())
	}
	if subkeys.Cert().Fingerprint() != p.Sender.Cert().Fingerprint() {
		t.Fatal("gpg's export has another fingerprint")
	}
}

func TestPublishedDividesSecrets(t *testing.T) {
	t.Parallel()
	p := must(NewPublished("Example PSIRT", "psirt@example.org", made))(t)
	for _, role := range []struct {
		name          string
		key           *Key
		sign, decrypt bool
		secrets       int
	}{
		{"primary", p.Primary, true, true, 3},
		{"intake", p.Intake, false, true, 1},
		{"sender", p.Sender, true, false, 1},
	} {
		k := must(ReadKey(must(role.key.Export(nil))(t), nil))(t)
		if k.CanSign() != role.sign || k.CanDecrypt() != role.decrypt || len(k.secrets) != role.secrets {
			t.Errorf("%s: CanSign %v, CanDecrypt %v, %d secrets", role.name, k.CanSign(), k.CanDecrypt(), len(k.secrets))
		}
		if k.Cert().Armor() != p.Primary.Cert().Armor() {
			t.Errorf("%s: the public part differs", role.name)
		}
	}
	if _, err := p.Intake.SignCommit([]byte("x"), event); err == nil {
		t.Error("intake signs")
	}
	// The primary key certifies only.
	if p.Primary.only(func(i int) bool { return i == 0 }).CanSign() {
		t.Error("the primary key signs")
	}
}

func TestExportIsForGpgAndBack(t *testing.T) {
	t.Parallel()
	g := newGnupg(t)
	phrase := []byte("correct horse")
	ask := func(string) ([]byte, error) { return phrase, nil }
	exported := must(person("lead").Export(phrase))(t)
	if err := CanonicalArmor(string(exported)); err != nil {
		t.Fatal(err)
	}
	packets := string(g.run(exported, "--list-packets"))
	if !strings.Contains(packets, "iter+salt S2K, algo: 9, SHA1 protection, hash: 8") || !strings.Contains(packets, "protect count: 65011712 (255)") {
		t.Fatalf("weak protection:\n%s", packets)
	}
	g.run(exported, "--import", "--passphrase", string(phrase))
	back := g.run(nil, "--passphrase", string(phrase), "--export-secret-keys", "lead@example.org")
	k := must(ReadKey(back, ask))(t)
	signed := must(k.Sign([]byte("data"), testContext, event))(t)
	if err := Verify([]byte("data"), signed, testContext, person("lead").Cert(), event); err != nil {
		t.Fatal(err)
	}
}

func TestReadKeyLocked(t *testing.T) {
	t.Parallel()
	exported := must(person("lead").Export([]byte("right")))(t)
	_, err := ReadKey(exported, nil)
	wantError(t, err, ErrLocked)
	asked := ""
	_, err = ReadKey(exported, func(what string) ([]byte, error) { asked = what; return []byte("wrong"), nil })
	wantError(t, err, ErrLocked)
	if !strings.Contains(asked, "lead@example.org") || !strings.Contains(asked, person("lead").Cert().Fingerprint().Hex()) {
		t.Fatalf("asked for %q", asked)
	}
	if strings.Contains(err.Error(), "wrong") && !strings.Contains(err.Error(), "missing or wrong") {
		t.Fatalf("the passphrase is in the error: %v", err)
	}
}

func TestReadKeyRefuses(t *testing.T) {
	t.Parallel()
	lead := person("lead")
	stubs := must((&Key{cert: lead.cert}).Export(nil))(t)
	_, err := ReadKey(stubs, nil)
	wantError(t, err, ErrUnusable)
	_, err = ReadKey([]byte(lead.Cert().Armor()), nil)
	wantError(t, err, ErrMalformed)

	a := must(dearmor(kindSecret, must(lead.Export(nil))(t)))(t)
	b := must(dearmor(kindSecret, must(person("bot").Export(nil))(t)))(t)
	_, err = ReadKey(append(bytes.Clone(a), b...), nil)
	wantError(t, err, ErrMalformed)
	for cut := range len(a) {
		if k, err := ReadKey(a[:cut], nil); err == nil && k.CanSign() && k.CanDecrypt() {
			t.Fatalf("a key cut to %d of %d octets was read whole", cut, len(a))
		}
	}
}

// A gpg key on a smartcard is a stub too (GNU specifier 2), with a serial
// number after it.
func TestSmartcardStub(t *testing.T) {
	t.Parallel()
	lead := person("lead")
	var file []byte
	for i, p := range must(keyPackets(kindPublic, []byte(lead.Cert().Armor())))(t) {
		switch {
		case i == 0:
			card := append(bytes.Clone(p.body), "\xff\x00\x65\x00GNU\x02\x10\xd2\x76\x00\x01\x24\x01\x02\x01\x00\x06\x01\x02\x03\x04\x05\x06"...)
			file = append(file, canonicalRaw(tagSecretKey, card).raw...)
		case p.tag == tagPublicSubkey:
			secret := lead.secrets[string(lead.cert.keys[1].pub.Fingerprint)]
			var out bytes.Buffer
			if err := secret.Serialize(&out); err != nil {
				t.Fatal(err)
			}
			file = append(file, out.Bytes()...)
		default:
			file = append(file, p.raw...)
		}
	}
	k := must(ReadKey(file, nil))(t)
	if k.CanSign() || !k.CanDecrypt() {
		t.Fatalf("CanSign %v, CanDecrypt %v", k.CanSign(), k.CanDecrypt())
	}
}

func TestNewKeyRefusesNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"A <b@c>", "A (b)", "A\nB", "A\x00"} {
		if _, err := NewKey(name, "a@example.org", made); err == nil {
			t.Errorf("%q was accepted", name)
		}
	}
	k := must(NewKey("Zoë Ünïcode", "Zoe@Example.org", made.Add(300*time.Millisecond)))(t)
	if got := k.Cert().Addresses(); len(got) != 1 || got[0] != "zoe@example.org" {
		t.Fatalf("addresses %q", got)
	}
	if !k.Cert().Created().Equal(made) {
		t.Fatalf("created %v", k.Cert().Created())
	}
}

func TestKeySharedByGoroutines(t *testing.T) {
	t.Parallel()
	done := make(chan error)
	const workers = 8
	sealed := must(person("bot").Seal([]byte(`{"a":1}`), certs("lead", "triage"), testContext, event))(t)
	for range workers {
		go func() {
			for range 10 {
				if _, err := Open(sealed.Armor, []Opener{person("lead")}, testContext, certs("bot", "lead"), event, plenty); err != nil {
					done <- err
					return
				}
				s, err := person("bot").Seal([]byte(`{"b":2}`), certs("lead", "triage", "escrow"), testContext, event)
				if err == nil {
					_, err = Open(s.Armor, []Opener{person("escrow"), person("triage")}, testContext, certs("bot"), event, plenty)
				}
				if err == nil {
					err = person("escrow").Cert().UsableForEncryption(event)
				}
				if err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range workers {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
