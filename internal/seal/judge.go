package seal

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// use is what a key is wanted for.
type use int

const (
	toSign use = iota
	toEncrypt
)

// minRSABits is the least size of an RSA modulus.
const minRSABits = 2048

// UsableForEncryption says whether the certificate can be encrypted to at the
// time: nil, or why not (ErrExpired, ErrNotYet, ErrRevoked, ErrWeakKey,
// ErrUnusable).
func (c *Cert) UsableForEncryption(at time.Time) error {
	_, err := c.choose(toEncrypt, at, nil)
	return err
}

// UsableForSigning says whether the certificate could sign at the time: nil,
// or why not, like UsableForEncryption.
func (c *Cert) UsableForSigning(at time.Time) error {
	_, err := c.choose(toSign, at, nil)
	return err
}

// Expires returns when the certificate stops being complete: the time at which
// its primary key, the last of its encryption keys or the last of its signing
// keys expires, whichever comes first; false when none does. Revoked keys do
// not count.
func (c *Cert) Expires() (time.Time, bool) {
	end := time.Unix(1<<62, 0)
	never := end
	if self, err := c.self(never); err == nil {
		end = earlier(end, c.keys[0].expiry(self))
	}
	if t, ok := c.keys[0].directExpiry(c.direct); ok {
		end = earlier(end, t)
	}
	for _, want := range []use{toSign, toEncrypt} {
		var last time.Time
		for i := range c.keys {
			if bound, err := c.bound(i, never); err == nil && c.allows(i, bound, want) && len(c.keys[i].revocations) == 0 {
				last = later(last, c.keys[i].expiry(bound))
			}
		}
		if !last.IsZero() {
			end = earlier(end, last)
		}
	}
	return end.UTC(), end != never
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// choose picks the newest key that is usable for want at the time. have, when
// given, further restricts the choice (to keys whose secret is at hand).
func (c *Cert) choose(want use, at time.Time, have func(*component) bool) (*component, error) {
	if err := c.primaryHolds(at); err != nil {
		return nil, err
	}
	var best *component
	why := fmt.Errorf("certificate %s: %w: it has no key to %s", c.Fingerprint().Hex(), ErrUnusable, want)
	for i := range c.keys {
		k := &c.keys[i]
		if err := c.holds(i, want, at); err != nil {
			if !errors.Is(err, ErrUnusable) {
				why = err
			}
			continue
		}
		if have != nil && !have(k) {
			why = fmt.Errorf("certificate %s: %w: the secret to %s is not at hand", c.Fingerprint().Hex(), ErrUnusable, want)
			continue
		}
		// The primary key comes first and gives way to any subkey.
		if best == nil || best == &c.keys[0] || !k.pub.CreationTime.Before(best.pub.CreationTime) {
			best = k
		}
	}
	if best == nil {
		return nil, why
	}
	return best, nil
}

func (u use) String() string {
	if u == toSign {
		return "sign"
	}
	return "encrypt"
}

// holds says whether key i is usable for want at the time; the primary key is
// judged apart (primaryHolds).
func (c *Cert) holds(i int, want use, at time.Time) error {
	k := &c.keys[i]
	bound, err := c.bound(i, at)
	if err != nil {
		return err
	}
	if !c.allows(i, bound, want) {
		return fmt.Errorf("key %s: %w: it may not %s", k.pub.KeyIdString(), ErrUnusable, want)
	}
	if i == 0 {
		return nil
	}
	return k.holds(bound, at)
}

// primaryHolds judges the primary key and the user ID that speaks for it.
func (c *Cert) primaryHolds(at time.Time) error {
	self, err := c.self(at)
	if err != nil {
		return err
	}
	primary := &c.keys[0]
	if err := primary.holds(self, at); err != nil {
		return err
	}
	if t, ok := primary.directExpiry(c.direct); ok && at.After(t) {
		return fmt.Errorf("key %s: %w on %s", primary.pub.KeyIdString(), ErrExpired, t.UTC().Format(time.DateOnly))
	}
	return nil
}

// holds judges a key by the self-signature in force.
func (k *component) holds(self *packet.Signature, at time.Time) error {
	name := k.pub.KeyIdString()
	for _, r := range k.revocations {
		if hard(r) || !r.CreationTime.After(at) {
			return fmt.Errorf("key %s: %w on %s", name, ErrRevoked, r.CreationTime.UTC().Format(time.DateOnly))
		}
	}
	if k.pub.CreationTime.After(at) {
		return fmt.Errorf("key %s: %w: made on %s", name, ErrNotYet, k.pub.CreationTime.UTC().Format(time.DateTime))
	}
	if t := k.expiry(self); at.After(t) {
		return fmt.Errorf("key %s: %w on %s", name, ErrExpired, t.UTC().Format(time.DateOnly))
	}
	return k.strong()
}

// hard says whether a revocation counts for the past too: the key may have
// been in other hands, or no reason is given (RFC 9580 section 5.2.3.31).
func hard(r *packet.Signature) bool {
	if r.RevocationReason == nil {
		return true
	}
	return *r.RevocationReason != packet.KeySuperseded && *r.RevocationReason != packet.KeyRetired &&
		*r.RevocationReason != packet.UserIDNotValid
}

// strong refuses RSA below 2048 bits, DSA and ElGamal.
func (k *component) strong() error {
	switch k.pub.PubKeyAlgo {
	case packet.PubKeyAlgoDSA, packet.PubKeyAlgoElGamal:
		return fmt.Errorf("key %s: %w: DSA and ElGamal are not accepted", k.pub.KeyIdString(), ErrWeakKey)
	}
	if pub, ok := k.pub.PublicKey.(*rsa.PublicKey); ok && pub.N.BitLen() < minRSABits {
		return fmt.Errorf("key %s: %w: RSA of %d bits, at least %d are needed", k.pub.KeyIdString(), ErrWeakKey, pub.N.BitLen(), minRSABits)
	}
	return nil
}

// expiry is when the key expires by that self-signature.
func (k *component) expiry(self *packet.Signature) time.Time {
	if self.KeyLifetimeSecs == nil || *self.KeyLifetimeSecs == 0 {
		return time.Unix(1<<62, 0)
	}
	return k.pub.CreationTime.Add(time.Duration(*self.KeyLifetimeSecs) * time.Second)
}

// directExpiry is the expiry that the newest direct-key signature sets.
func (k *component) directExpiry(direct []*packet.Signature) (time.Time, bool) {
	if len(direct) == 0 {
		return time.Time{}, false
	}
	last := direct[len(direct)-1]
	if last.KeyLifetimeSecs == nil || *last.KeyLifetimeSecs == 0 {
		return time.Time{}, false
	}
	return k.expiry(last), true
}

// inForce is the newest of the self-signatures made by that time which has not
// expired itself. Where all of them are younger (programs drop old ones when a
// key's expiry is moved), the oldest speaks for the time before. nil when all
// have expired.
func inForce(sigs []*packet.Signature, at time.Time) *packet.Signature {
	for i := len(sigs) - 1; i >= 0; i-- {
		if !sigs[i].CreationTime.After(at) && !sigs[i].SigExpired(at) {
			return sigs[i]
		}
	}
	if len(sigs) > 0 && sigs[0].CreationTime.After(at) {
		return sigs[0]
	}
	return nil
}

// self is the self-signature that holds the primary key's properties at the
// time: for version 6 the direct-key signature, else that of the primary user
// ID (RFC 9580 section 5.2.3.10), else the direct-key signature.
func (c *Cert) self(at time.Time) (*packet.Signature, error) {
	var best *packet.Signature
	revoked := false
	if c.keys[0].pub.Version < 6 {
		for i := range c.ids {
			sig, gone := c.ids[i].at(at)
			revoked = revoked || gone
			if sig != nil && (best == nil || preferred(sig, best)) {
				best = sig
			}
		}
	}
	if best == nil && !revoked {
		best = inForce(c.direct, at)
	}
	if best == nil {
		reason := ErrExpired
		if revoked {
			reason = ErrRevoked
		}
		return nil, fmt.Errorf("certificate %s: %w: no user ID is in force", c.Fingerprint().Hex(), reason)
	}
	return best, nil
}

// at is the user ID's self-signature in force, or whether it was revoked.
func (u *userID) at(at time.Time) (sig *packet.Signature, revoked bool) {
	sig = inForce(u.sigs, at)
	for _, r := range u.revocations {
		if sig != nil && !r.CreationTime.After(at) && !sig.CreationTime.After(r.CreationTime) {
			return nil, true
		}
	}
	return sig, false
}

func preferred(a, b *packet.Signature) bool {
	first := func(s *packet.Signature) bool { return s.IsPrimaryId != nil && *s.IsPrimaryId }
	if first(a) != first(b) {
		return first(a)
	}
	return a.CreationTime.After(b.CreationTime)
}

// bound is the self-signature that gives key i its capabilities at the time.
func (c *Cert) bound(i int, at time.Time) (*packet.Signature, error) {
	if i == 0 {
		return c.self(at)
	}
	sig := inForce(c.keys[i].bindings, at)
	if sig == nil {
		return nil, fmt.Errorf("key %s: %w: it is not bound to its certificate", c.keys[i].pub.KeyIdString(), ErrUnusable)
	}
	return sig, nil
}

// allows reads the key flags (RFC 9580 section 5.2.3.29). Keys from before
// there were flags: the primary key signs, subkeys encrypt.
func (c *Cert) allows(i int, bound *packet.Signature, want use) bool {
	algo := c.keys[i].pub.PubKeyAlgo
	switch {
	case want == toSign && bound.FlagsValid:
		return algo.CanSign() && bound.FlagSign
	case want == toSign:
		return algo.CanSign() && i == 0
	case bound.FlagsValid:
		return algo.CanEncrypt() && (bound.FlagEncryptCommunications || bound.FlagEncryptStorage)
	}
	return algo.CanEncrypt() && i != 0
}

// every is all self-signatures that give key i its capabilities.
func (c *Cert) every(i int) []*packet.Signature {
	if i != 0 {
		return c.keys[i].bindings
	}
	sigs := append([]*packet.Signature(nil), c.direct...)
	for _, id := range c.ids {
		sigs = append(sigs, id.sigs...)
	}
	return sigs
}

// everEncrypts says whether any self-signature lets key i encrypt.
func (c *Cert) everEncrypts(i int) bool {
	for _, s := range c.every(i) {
		if c.allows(i, s, toEncrypt) {
			return true
		}
	}
	return false
}

// find returns the key with that fingerprint or, where it is nil, that ID.
func (c *Cert) find(fingerprint []byte, id uint64) int {
	for i := range c.keys {
		if fingerprint != nil && string(c.keys[i].pub.Fingerprint) == string(fingerprint) {
			return i
		}
		if fingerprint == nil && c.keys[i].pub.KeyId == id {
			return i
		}
	}
	return -1
}
