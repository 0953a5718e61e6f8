package seal

import (
	"bytes"
	"crypto"
	"fmt"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/ProtonMail/gopenpgp/v2/constants"

	"github.com/docket-psirt/docket/internal/psirt"
)

// How far a signature's own time may lie after the time that it is judged at.
const (
	skewOwn     = 10 * time.Minute // gpg and an agent may take a while
	skewForeign = 48 * time.Hour   // reporters' clocks and time zones
)

const maxSignatures = 16 // in one message, or in one detached block

// demand is what a signature has to satisfy.
type demand struct {
	ctx   Context // the one that must be there
	plain bool    // no context may be there
	text  bool    // canonical text signatures are accepted too
	skew  time.Duration
}

// messageHashes are those that a signature of data may use; those that are
// broken (SHA-1, MD5, RIPEMD-160) are accepted only in old self-signatures.
var messageHashes = map[crypto.Hash]bool{
	crypto.SHA224: true, crypto.SHA256: true, crypto.SHA384: true, crypto.SHA512: true,
	crypto.SHA3_256: true, crypto.SHA3_512: true,
}

// Verify checks a detached signature over data: made by a signing key of the
// certificate, for the context, and by a key that was valid at that time (the
// event's). The armor must be canonical and the packet in its one form, so
// that nobody can change a single byte of a signed file unnoticed.
func Verify(data []byte, armored string, ctx Context, by *Cert, at time.Time) error {
	if err := ctx.check(); err != nil {
		return err
	}
	body, err := canonicalOf(kindSignature, armored)
	if err != nil {
		return err
	}
	sig, err := oneSignature(body)
	if err != nil {
		return err
	}
	if err := exact(sig, body); err != nil {
		return err
	}
	return by.check(sig, data, at, demand{ctx: ctx, skew: skewOwn})
}

// VerifyCommit checks the signature of a git commit or tag over its payload
// (the object without its signature): a detached one without context by a key
// that was valid at that time. The armor may be anybody's.
func VerifyCommit(payload []byte, armored string, by *Cert, at time.Time) error {
	body, err := dearmor(kindSignature, []byte(armored))
	if err != nil {
		return err
	}
	sig, err := oneSignature(body)
	if err != nil {
		return err
	}
	return by.check(sig, payload, at, demand{plain: true, skew: skewOwn})
}

// VerifyDetached checks the signature of a multipart/signed mail (RFC 3156
// section 5); data is the signed part with CRLF line ends. Of several
// signatures one good one by the certificate is enough; ErrOtherSigner when
// none is by it.
func VerifyDetached(data []byte, armored []byte, by *Cert, at time.Time) error {
	sigs, err := detachedSignatures(armored)
	if err != nil {
		return err
	}
	return by.checkAny(sigs, data, at)
}

// checkAny looks for one good signature by the certificate.
func (c *Cert) checkAny(sigs []*packet.Signature, data []byte, at time.Time) error {
	if len(sigs) == 0 {
		return ErrNotSigned
	}
	verdict := error(ErrOtherSigner)
	for _, sig := range sigs {
		if c.find(sig.IssuerFingerprint, issuer(sig)) < 0 {
			continue
		}
		if verdict = c.check(sig, data, at, demand{text: true, skew: skewForeign}); verdict == nil {
			return nil
		}
	}
	return verdict
}

// SignerOf reads from a detached signature who it says made it and when:
// key ID, fingerprint (of the subkey, when one signed; empty when the
// signature does not name it) and time. Nothing of it is verified; it serves
// to find the certificate (Certs.ByFingerprint, Cert.HasKey).
func SignerOf(armored string) (keyID uint64, fpr psirt.Fingerprint, at time.Time, err error) {
	body, err := dearmor(kindSignature, []byte(armored))
	if err != nil {
		return 0, "", time.Time{}, err
	}
	sig, err := oneSignature(body)
	if err != nil {
		return 0, "", time.Time{}, err
	}
	if sig.IssuerFingerprint != nil {
		fpr = psirt.NewFingerprint(sig.IssuerFingerprint)
	}
	return issuer(sig), fpr, sig.CreationTime.UTC(), nil
}

func issuer(sig *packet.Signature) uint64 {
	if sig.IssuerKeyId == nil {
		return 0
	}
	return *sig.IssuerKeyId
}

// detachedSignatures reads the signature packets of a block; those of
// unsupported kinds are left out as long as one is left.
func detachedSignatures(armored []byte) ([]*packet.Signature, error) {
	data, err := dearmor(kindSignature, armored)
	if err != nil {
		return nil, err
	}
	var sigs []*packet.Signature
	for n := 0; len(data) > 0; n++ {
		var p rawPacket
		if p, data, err = nextPacket(data); err != nil {
			return nil, err
		}
		if n >= maxSignatures {
			return nil, fmt.Errorf("%w: more than %d signatures", ErrTooLarge, maxSignatures)
		}
		if p.tag == tagMarker || p.tag == tagPadding {
			continue
		}
		if p.tag != tagSignature {
			return nil, fmt.Errorf("%w: packet of type %d in a detached signature", ErrMalformed, p.tag)
		}
		if parsed, err := p.parse(); err == nil {
			sigs = append(sigs, parsed.(*packet.Signature))
		}
	}
	if len(sigs) == 0 {
		return nil, fmt.Errorf("%w: no signature of a supported kind", ErrMalformed)
	}
	return sigs, nil
}

// oneSignature reads exactly one signature packet.
func oneSignature(data []byte) (*packet.Signature, error) {
	p, rest, err := nextPacket(data)
	if err != nil {
		return nil, err
	}
	if p.tag != tagSignature || len(rest) > 0 {
		return nil, fmt.Errorf("%w: expected exactly one signature packet", ErrMalformed)
	}
	parsed, err := p.parse()
	if err != nil {
		return nil, fmt.Errorf("%w: signature of an unsupported kind: %v", ErrMalformed, err)
	}
	return parsed.(*packet.Signature), nil
}

// check judges one signature over data.
func (c *Cert) check(sig *packet.Signature, data []byte, at time.Time, want demand) error {
	i := c.find(sig.IssuerFingerprint, issuer(sig))
	if i < 0 {
		return fmt.Errorf("%w: key %016X is not of certificate %s", ErrOtherSigner, issuer(sig), c.Fingerprint().Hex())
	}
	if !messageHashes[sig.Hash] {
		return fmt.Errorf("%w: hash %v is not accepted", ErrBadSignature, sig.Hash)
	}
	digest, err := sig.PrepareVerify()
	if err != nil {
		return fmt.Errorf("%w: %v", ErrBadSignature, err)
	}
	switch {
	case sig.SigType == packet.SigTypeBinary:
		digest.Write(data)
	case sig.SigType == packet.SigTypeText && want.text:
		openpgp.NewCanonicalTextHash(digest).Write(data)
	default:
		return fmt.Errorf("%w: signature of type %#x", ErrBadSignature, uint8(sig.SigType))
	}
	if err := c.keys[i].pub.VerifySignature(digest, sig); err != nil {
		return fmt.Errorf("%w by key %016X", ErrBadSignature, issuer(sig))
	}
	// go-crypto leaves the hash's first octets unchecked in version 4; it has
	// completed the hash.
	if !bytes.HasPrefix(digest.Sum(nil), sig.HashTag[:]) {
		return fmt.Errorf("%w by key %016X", ErrBadSignature, issuer(sig))
	}
	if err := c.inTime(i, sig, at, want.skew); err != nil {
		return err
	}
	return checkNotations(sig, want)
}

// inTime judges the signing key at the time, and the signature's own times.
// One made a little after the event, by another clock, is judged at its own.
func (c *Cert) inTime(i int, sig *packet.Signature, at time.Time, skew time.Duration) error {
	made := sig.CreationTime
	if made.After(at) && !made.After(at.Add(skew)) {
		at = made
	}
	if err := c.primaryHolds(at); err != nil {
		return err
	}
	if err := c.holds(i, toSign, at); err != nil {
		return err
	}
	if made.After(at) || made.Before(c.keys[i].pub.CreationTime) {
		return fmt.Errorf("%w: made on %s, which does not fit its key or the event of %s",
			ErrBadSignature, made.UTC().Format(time.RFC3339), at.UTC().Format(time.RFC3339))
	}
	if life := sig.SigLifetimeSecs; life != nil && *life != 0 && at.After(made.Add(time.Duration(*life)*time.Second)) {
		return fmt.Errorf("signature of %s: %w", made.UTC().Format(time.RFC3339), ErrExpired)
	}
	return nil
}

// checkNotations compares the context and refuses critical notations that are
// not known (RFC 9580 section 5.2.3.24).
func checkNotations(sig *packet.Signature, want demand) error {
	var contexts []*packet.Notation
	for _, n := range sig.Notations {
		switch {
		case n.Name == constants.SignatureContextName:
			contexts = append(contexts, n)
		case n.IsCritical:
			return fmt.Errorf("%w: critical notation that is not known", ErrBadSignature)
		}
	}
	if want.ctx == "" && (!want.plain || len(contexts) == 0) {
		return nil
	}
	if want.ctx == "" || len(contexts) != 1 || !contexts[0].IsHumanReadable || string(contexts[0].Value) != string(want.ctx) {
		return fmt.Errorf("%w: expected %q", ErrWrongContext, want.ctx)
	}
	return nil
}
