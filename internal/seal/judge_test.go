package seal

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	v2 "github.com/ProtonMail/go-crypto/openpgp/v2"
)

// resigned is a key whose self-signatures change changes and its primary key
// signs anew.
func resigned(t *testing.T, k *Key, change func(sig *packet.Signature)) *Key {
	t.Helper()
	primary := k.secrets[string(k.cert.keys[0].pub.Fingerprint)]
	var packets []rawPacket
	var id string
	subkey := 0
	for _, p := range k.cert.raw {
		switch p.tag {
		case tagUserID:
			id = string(p.body)
		case tagPublicSubkey:
			subkey++
		case tagSignature:
			parsed := must(p.parse())(t)
			sig := parsed.(*packet.Signature)
			change(sig)
			var err error
			if subkey > 0 {
				err = sig.SignKey(k.cert.keys[subkey].pub, primary, nil)
			} else {
				err = sig.SignUserId(id, &primary.PublicKey, primary, nil)
			}
			if err != nil {
				t.Fatal(err)
			}
			p = signaturePacket(t, sig)
		}
		packets = append(packets, p)
	}
	return &Key{cert: must(newCert(packets))(t), secrets: k.secrets}
}

func signaturePacket(t *testing.T, sig *packet.Signature) rawPacket {
	t.Helper()
	var out bytes.Buffer
	if err := sig.Serialize(&out); err != nil {
		t.Fatal(err)
	}
	p, _, err := nextPacket(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Keys from before there were key flags.
func TestNoKeyFlags(t *testing.T) {
	t.Parallel()
	k := resigned(t, person("lead"), func(sig *packet.Signature) { sig.FlagsValid = false })
	if err := k.Cert().UsableForEncryption(event); err != nil {
		t.Error(err)
	}
	if err := k.Cert().UsableForSigning(event); err != nil {
		t.Error(err)
	}
	if ids := k.Cert().EncryptionKeyIDs(); len(ids) != 1 || ids[0] != k.cert.keys[1].pub.KeyId {
		t.Errorf("encryption keys %X", ids)
	}
}

// revocation makes a self-revocation by the primary key.
func revocation(k *Key, kind packet.SignatureType, why packet.ReasonForRevocation, at time.Time) *packet.Signature {
	sig := newSignature(k.secrets[string(k.cert.keys[0].pub.Fingerprint)], "", at)
	sig.SigType, sig.RevocationReason = kind, &why
	return sig
}

func TestSubkeyRevoked(t *testing.T) {
	t.Parallel()
	lead := person("lead")
	primary := lead.secrets[string(lead.cert.keys[0].pub.Fingerprint)]
	for _, c := range []struct {
		why            packet.ReasonForRevocation
		before, after  error
		revokedMonthAt time.Time
	}{
		{packet.KeyRetired, nil, ErrRevoked, event},
		{packet.KeySuperseded, nil, ErrRevoked, event},
		{packet.KeyCompromised, ErrRevoked, ErrRevoked, event},
		{packet.NoReason, ErrRevoked, ErrRevoked, event},
	} {
		sig := revocation(lead, packet.SigTypeSubkeyRevocation, c.why, c.revokedMonthAt)
		if err := sig.RevokeSubkey(lead.cert.keys[1].pub, primary, nil); err != nil {
			t.Fatal(err)
		}
		cert := must(newCert(append(slices.Clone(lead.cert.raw), signaturePacket(t, sig))))(t)
		for at, want := range map[time.Time]error{event.Add(-time.Hour): c.before, event.Add(time.Hour): c.after} {
			err := cert.UsableForEncryption(at)
			if want == nil && err != nil {
				t.Errorf("reason %d: %v", c.why, err)
			} else if want != nil {
				wantError(t, err, want)
			}
			if err := cert.UsableForSigning(at); err != nil {
				t.Errorf("the primary key is not revoked: %v", err)
			}
		}
		if ids := cert.EncryptionKeyIDs(); len(ids) != 1 {
			t.Errorf("a revoked key had the capability: %X", ids)
		}
	}
}

func TestUserIDRevoked(t *testing.T) {
	t.Parallel()
	lead := person("lead")
	primary := lead.secrets[string(lead.cert.keys[0].pub.Fingerprint)]
	id := lead.cert.ids[0].id
	sig := revocation(lead, packet.SigTypeCertificationRevocation, packet.UserIDNotValid, event)
	if err := sig.SignUserId(id, &primary.PublicKey, primary, nil); err != nil {
		t.Fatal(err)
	}
	packets := slices.Insert(slices.Clone(lead.cert.raw), 3, signaturePacket(t, sig))
	cert := must(newCert(packets))(t)
	if len(cert.Addresses()) != 0 {
		t.Errorf("addresses %q", cert.Addresses())
	}
	if err := cert.UsableForSigning(event.Add(-time.Hour)); err != nil {
		t.Error(err)
	}
	wantError(t, cert.UsableForSigning(event.Add(time.Hour)), ErrRevoked)

	// Certified again later, it is in force again.
	again := lead.cert.ids[0].sigs[0]
	copied := *again
	copied.CreationTime = event.Add(24 * time.Hour)
	if err := copied.SignUserId(id, &primary.PublicKey, primary, nil); err != nil {
		t.Fatal(err)
	}
	cert = must(newCert(slices.Insert(packets, 4, signaturePacket(t, &copied))))(t)
	if err := cert.UsableForSigning(event.Add(48 * time.Hour)); err != nil || len(cert.Addresses()) != 1 {
		t.Errorf("%v, addresses %q", err, cert.Addresses())
	}
}

// A direct-key signature can set an expiry of its own; a version 4 key may
// have no other self-signature.
func TestDirectKeySignature(t *testing.T) {
	t.Parallel()
	lead := person("lead")
	primary := lead.secrets[string(lead.cert.keys[0].pub.Fingerprint)]
	year := uint32(365 * 24 * 3600)
	sig := newSignature(primary, "", made)
	sig.SigType, sig.KeyLifetimeSecs = packet.SigTypeDirectSignature, &year
	sig.FlagsValid, sig.FlagSign, sig.FlagCertify = true, true, true
	if err := sig.SignDirectKeyBinding(&primary.PublicKey, primary, nil); err != nil {
		t.Fatal(err)
	}
	direct := signaturePacket(t, sig)
	for name, packets := range map[string][]rawPacket{
		"with user ID":    slices.Insert(slices.Clone(lead.cert.raw), 1, direct),
		"without user ID": slices.Concat([]rawPacket{lead.cert.raw[0], direct}, lead.cert.raw[3:]),
	} {
		cert := must(newCert(packets))(t)
		if err := cert.UsableForEncryption(event); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		wantError(t, cert.UsableForEncryption(event.AddDate(1, 0, 0)), ErrExpired)
		if end, ok := cert.Expires(); !ok || !end.Equal(made.Add(time.Duration(year)*time.Second)) {
			t.Errorf("%s: expires %v", name, end)
		}
	}
}

// RFC 9580's AEAD (SEIPD version 2, PKESK version 6), as newer programs send
// it to keys that say they know it.
func TestVersion2Encryption(t *testing.T) {
	t.Parallel()
	for _, v6 := range []bool{false, true} {
		config := &packet.Config{
			Algorithm: packet.PubKeyAlgoEd25519, V6Keys: v6, AEADConfig: &packet.AEADConfig{}, Time: func() time.Time { return made },
		}
		entity := must(v2.NewEntity("New", "", "new@example.org", config))(t)
		var secret bytes.Buffer
		if err := entity.SerializePrivateWithoutSigning(&secret, config); err != nil {
			t.Fatal(err)
		}
		k := must(ReadKey(secret.Bytes(), nil))(t)
		var out bytes.Buffer
		w := must(v2.Encrypt(&out, []*v2.Entity{entity}, nil, []*v2.Entity{entity}, nil, config))(t)
		_, _ = w.Write(report)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		ids := must(Recipients(out.Bytes()))(t)
		if !slices.Equal(ids, k.Cert().EncryptionKeyIDs()) {
			t.Errorf("v6 %v: recipients %X", v6, ids)
		}
		f := must(OpenForeign(out.Bytes(), []Opener{person("bot"), k}, plenty))(t)
		if !bytes.Equal(f.Plain, report) {
			t.Fatalf("read %q", f.Plain)
		}
		if err := VerifyForeign(out.Bytes(), f.SessionKey, k.Cert(), event); err != nil {
			t.Fatal(err)
		}
		for i := out.Len() - 60; i < out.Len(); i++ {
			changed := bytes.Clone(out.Bytes())
			changed[i] ^= 1
			_, err := OpenForeign(changed, []Opener{k}, plenty)
			wantError(t, err, ErrTampered)
		}
	}
}
