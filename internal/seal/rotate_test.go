package seal_test

import (
	"errors"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/seal"
)

// A published certificate with new subkeys keeps its fingerprint, opens what was
// sealed to the old ones, and no longer signs with what a former holder has.
func TestRotatePublished(t *testing.T) {
	t.Parallel()
	made := time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)
	later := made.Add(30 * 24 * time.Hour)
	old, err := seal.NewPublished("PSIRT", "psirt@example.org", made)
	if err != nil {
		t.Fatal(err)
	}
	reader, err := seal.NewKey("reader", "reader@example.org", made)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := old.Primary.Export([]byte("a passphrase"))
	if err != nil {
		t.Fatal(err)
	}
	pass := func(string) ([]byte, error) { return []byte("a passphrase"), nil }
	rotated, err := seal.RotatePublished(secret, pass, seal.Renewal{Sign: true, Decrypt: true}, later)
	if err != nil {
		t.Fatal(err)
	}
	now := rotated.Primary.Cert()
	if now.Fingerprint() != old.Intake.Cert().Fingerprint() || !now.Holds(old.Intake.Cert()) || old.Intake.Cert().Holds(now) || !rotated.Republish {
		t.Error("the certificate is not the old one with something added")
	}
	if err := old.Sender.SignsFor(now, later); err == nil {
		t.Error("the old signing subkey still signs")
	}
	if err := old.Sender.SignsFor(now, later.Add(-time.Hour)); err != nil {
		t.Errorf("what it signed before is bad: %v", err)
	}
	if err := rotated.Sender.SignsFor(now, later); err != nil {
		t.Errorf("the new one does not sign: %v", err)
	}
	if rotated.Sender.CanDecrypt() || rotated.Intake.CanSign() {
		t.Error("sender decrypts, or intake signs")
	}
	entity := []byte("Content-Type: text/plain\r\n\r\nhello\r\n")
	for name, to := range map[string]*seal.Cert{"old": old.Intake.Cert(), "new": now} {
		m, err := reader.SealMail(entity, []*seal.Cert{to}, later.Add(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := seal.OpenForeign([]byte(m.Armor), []seal.Opener{rotated.Intake}, 1<<20); err != nil {
			t.Errorf("mail to the %s certificate does not open: %v", name, err)
		}
		_, err = seal.OpenForeign([]byte(m.Armor), []seal.Opener{old.Intake}, 1<<20)
		if opens := err == nil; opens != (name == "old") {
			t.Errorf("mail to the %s certificate opens with the old key: %v", name, err)
		}
	}
	m, err := old.Sender.SealMail(entity, []*seal.Cert{reader.Cert()}, later.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	opened, err := seal.OpenForeign([]byte(m.Armor), []seal.Opener{reader}, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if err := opened.VerifiedBy(now, later.Add(time.Hour)); !errors.Is(err, seal.ErrRevoked) {
		t.Errorf("mail of a former sender: %v", err)
	}
}

func TestRotatePublishedNeedsThePrimary(t *testing.T) {
	t.Parallel()
	made := time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)
	old, err := seal.NewPublished("PSIRT", "psirt@example.org", made)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []*seal.Key{old.Intake, old.Sender} {
		secret, err := k.Export(nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := seal.RotatePublished(secret, nil, seal.Renewal{Sign: true}, made.Add(time.Hour)); !errors.Is(err, seal.ErrNoPrimary) {
			t.Errorf("got %v", err)
		}
	}
}
