package seal

import (
	"bytes"
	"fmt"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// Renewal says which subkeys of a published certificate are replaced.
type Renewal struct {
	Sign    bool // a new signing subkey; the ones before are revoked as superseded
	Decrypt bool // a new encryption subkey; the ones before stay, so that mail to them still opens
}

// RotatePublished gives a published certificate new subkeys, on Curve25519 like
// NewPublished's. secret is its export with the primary key's secret
// (ErrNoPrimary without it) and, where a decryption subkey is added, with the
// secrets of those before (ErrUnusable). What the old signing subkeys signed
// before at stays good (RFC 9580 section 5.2.3.31: superseded).
func RotatePublished(secret []byte, pass Passphrase, what Renewal, at time.Time) (*Published, error) {
	k, err := ReadKey(secret, pass)
	if err != nil {
		return nil, err
	}
	if !k.has(&k.cert.keys[0]) {
		return nil, fmt.Errorf("key %s: %w: only it can bind a new subkey", k.cert.Fingerprint().Hex(), ErrNoPrimary)
	}
	if what.Decrypt {
		for i := range k.cert.keys {
			if c := &k.cert.keys[i]; i != 0 && k.cert.everEncrypts(i) && !k.has(c) {
				return nil, fmt.Errorf("key %s: %w: the secret of encryption subkey %s is not in the file, and mail to it must still open",
					k.cert.Fingerprint().Hex(), ErrUnusable, c.pub.KeyIdString())
			}
		}
		if k, err = k.withSubkey(at, (*openpgp.Entity).AddEncryptionSubkey); err != nil {
			return nil, err
		}
	}
	if what.Sign {
		old := k.cert.signingSubkeys(at)
		if k, err = k.withSubkey(at, (*openpgp.Entity).AddSigningSubkey); err != nil {
			return nil, err
		}
		if k, err = k.supersede(old, at); err != nil {
			return nil, err
		}
	}
	p, err := publish(k, at)
	if err != nil {
		return nil, err
	}
	p.Republish = true
	return p, nil
}

// signingSubkeys are the indexes of the subkeys that may sign at the time.
func (c *Cert) signingSubkeys(at time.Time) []int {
	var out []int
	for i := range c.keys {
		if bound, err := c.bound(i, at); i != 0 && err == nil && c.allows(i, bound, toSign) && len(c.keys[i].revocations) == 0 {
			out = append(out, i)
		}
	}
	return out
}

// withSubkey adds a subkey that go-crypto makes.
func (k *Key) withSubkey(at time.Time, add func(*openpgp.Entity, *packet.Config) error) (*Key, error) {
	primary := k.secrets[string(k.cert.keys[0].pub.Fingerprint)]
	config := keyConfig(at)
	config.V6Keys = primary.Version == 6
	entity := &openpgp.Entity{PrimaryKey: &primary.PublicKey, PrivateKey: primary}
	if err := add(entity, config); err != nil {
		return nil, fmt.Errorf("key %s: add a subkey: %w", k.cert.Fingerprint().Hex(), err)
	}
	added := entity.Subkeys[0]
	var out bytes.Buffer
	if err := added.PublicKey.Serialize(&out); err != nil {
		return nil, fmt.Errorf("add a subkey: %w", err)
	}
	if err := added.Sig.Serialize(&out); err != nil {
		return nil, fmt.Errorf("add a subkey: %w", err)
	}
	packets, err := keyPackets(kindPublic, out.Bytes())
	if err != nil {
		return nil, err
	}
	cert, err := newCert(append(append([]rawPacket(nil), k.cert.raw...), packets...))
	if err != nil {
		return nil, err
	}
	both := (&Key{cert: cert, secrets: k.secrets}).only(func(int) bool { return true })
	both.secrets[string(added.PrivateKey.Fingerprint)] = added.PrivateKey
	return both, nil
}

// supersede revokes subkeys as superseded from the time on.
func (k *Key) supersede(old []int, at time.Time) (*Key, error) {
	primary := k.secrets[string(k.cert.keys[0].pub.Fingerprint)]
	after := map[int][]rawPacket{}
	for _, i := range old {
		bound, err := k.cert.bound(i, at)
		if err != nil {
			return nil, err
		}
		entity := &openpgp.Entity{PrimaryKey: &primary.PublicKey, PrivateKey: primary}
		sub := &openpgp.Subkey{PublicKey: k.cert.keys[i].pub, Sig: bound}
		if err := entity.RevokeSubkey(sub, packet.KeySuperseded, "", keyConfig(at)); err != nil {
			return nil, fmt.Errorf("key %s: revoke a subkey: %w", k.cert.Fingerprint().Hex(), err)
		}
		var out bytes.Buffer
		if err := sub.Revocations[0].Serialize(&out); err != nil {
			return nil, fmt.Errorf("revoke a subkey: %w", err)
		}
		if after[i], err = keyPackets(kindPublic, out.Bytes()); err != nil {
			return nil, err
		}
	}
	var raw []rawPacket
	i := -1
	for _, p := range k.cert.raw {
		if p.tag == tagPublicKey || p.tag == tagPublicSubkey {
			raw = append(raw, after[i]...)
			i++
		}
		raw = append(raw, p)
	}
	cert, err := newCert(append(raw, after[i]...))
	if err != nil {
		return nil, err
	}
	return (&Key{cert: cert, secrets: k.secrets}).only(func(int) bool { return true }), nil
}

// Holds reports whether every key of old is in the certificate too, so that
// what was signed with, or sealed to, old can still be judged by it.
func (c *Cert) Holds(old *Cert) bool {
	for _, k := range old.keys {
		if c.find(k.pub.Fingerprint, 0) < 0 {
			return false
		}
	}
	return true
}

// SignsFor says whether the key holds a secret with which a certificate, newer
// than the key's own copy perhaps, can sign at the time: nil, or why not. A
// sender whose subkey was replaced does not.
func (k *Key) SignsFor(c *Cert, at time.Time) error {
	_, err := c.choose(toSign, at, k.has)
	return err
}
