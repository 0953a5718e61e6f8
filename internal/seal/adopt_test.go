package seal

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

func adoptPhrase(string) ([]byte, error) { return []byte("adopt"), nil }

// A team's RSA key from 2014 is taken as it is; only a signing subkey is added.
func TestAdoptRSA(t *testing.T) {
	t.Parallel()
	old := must(ReadKey(fixture(t, "team-rsa.asc"), adoptPhrase))(t)
	p := must(AdoptPublished(fixture(t, "team-rsa.asc"), adoptPhrase, event))(t)
	if !p.Republish {
		t.Error("a signing subkey was added; the certificate has to be republished")
	}
	cert := p.Primary.Cert()
	if cert.Fingerprint() != old.Cert().Fingerprint() || !slices.Equal(cert.EncryptionKeyIDs(), old.Cert().EncryptionKeyIDs()) ||
		!slices.Equal(cert.Addresses(), old.Cert().Addresses()) {
		t.Error("something of the certificate changed")
	}
	for _, packet := range old.Cert().raw {
		if !slices.ContainsFunc(cert.raw, func(q rawPacket) bool { return bytes.Equal(packet.raw, q.raw) }) {
			t.Errorf("a packet of type %d is gone", packet.tag)
		}
	}
	if p.Intake.CanSign() || !p.Intake.CanDecrypt() || len(p.Intake.secrets) != 2 {
		t.Errorf("intake: CanSign %v, %d secrets", p.Intake.CanSign(), len(p.Intake.secrets))
	}
	if !p.Sender.CanSign() || p.Sender.CanDecrypt() || len(p.Sender.secrets) != 1 {
		t.Errorf("sender: CanDecrypt %v, %d secrets", p.Sender.CanDecrypt(), len(p.Sender.secrets))
	}
	// Mail to the subkey that expired in 2016 still opens.
	f, err := OpenForeign(fixture(t, "to-old-subkey.asc"), []Opener{p.Intake}, plenty)
	if err != nil || string(f.Plain) != "To the first subkey.\r\n" || f.Signed {
		t.Fatalf("%q %v", f.Plain, err)
	}
	// Stock gpg accepts the new certificate, and what its sender signs.
	g := newGnupg(t)
	g.run([]byte(cert.Armor()), "--import")
	sig := must(p.Sender.SignCommit([]byte("data"), event))(t)
	_, status, err := g.try([]byte("data"), "--verify", g.keep("sig", []byte(sig)), "-")
	if err != nil || !strings.Contains(status, "GOODSIG") {
		t.Fatalf("%v\n%s", err, status)
	}
	// Adopting what was adopted changes nothing any more.
	again := must(AdoptPublished(must(p.Primary.Export(nil))(t), nil, event))(t)
	if again.Republish || again.Primary.Cert().Armor() != cert.Armor() {
		t.Error("adopted twice, changed twice")
	}
}

func TestAdoptWithOfflinePrimary(t *testing.T) {
	t.Parallel()
	_, err := AdoptPublished(fixture(t, "team-rsa-subkeys.asc"), adoptPhrase, event)
	wantError(t, err, ErrNoPrimary)
	_, err = AdoptPublished(fixture(t, "team-rsa.asc"), nil, event)
	wantError(t, err, ErrLocked)
	_, err = AdoptPublished(fixture(t, "team-rsa.asc"), func(string) ([]byte, error) { return nil, errors.New("no terminal") }, event)
	wantError(t, err, ErrLocked)

	p := must(AdoptPublished(fixture(t, "team-curve-subkeys.asc"), nil, event))(t)
	if p.Republish || len(p.Sender.secrets) != 1 || len(p.Intake.secrets) != 1 || p.Sender.CanDecrypt() || p.Intake.CanSign() {
		t.Errorf("republish %v, sender %d, intake %d", p.Republish, len(p.Sender.secrets), len(p.Intake.secrets))
	}
}

func TestAdoptRefuses(t *testing.T) {
	t.Parallel()
	p := must(NewPublished("P", "p@example.org", made))(t)
	_, err := AdoptPublished(must(p.Sender.Export(nil))(t), nil, event)
	wantError(t, err, ErrUnusable)
	_, err = AdoptPublished(must(p.Intake.Export(nil))(t), nil, event)
	wantError(t, err, ErrNoPrimary)
	_, err = AdoptPublished(must(p.Primary.Export(nil))(t), nil, made.AddDate(-1, 0, 0))
	wantError(t, err, ErrNotYet)
	// NewKey's primary key signs, which is no signing subkey.
	own := must(AdoptPublished(must(person("triage").Export(nil))(t), nil, event))(t)
	if !own.Republish || own.Sender.Cert().Fingerprint() != person("triage").Cert().Fingerprint() {
		t.Error("a signing subkey was expected")
	}
}
