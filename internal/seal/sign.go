package seal

import (
	"bytes"
	"crypto"
	"fmt"
	"hash"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/ProtonMail/gopenpgp/v2/constants"
)

// Context says what a signature is for, such as "docket/1 case INGP-2026-0042
// sealed"; a signature made for one context is refused in any other. It is
// written as a notation (RFC 9580 section 5.2.3.24) under gopenpgp's name for
// it, not critical, so that stock gpg verifies the signature too. The empty
// Context is a programming error and refused with ErrNoContext.
type Context string

func (ctx Context) check() error {
	if ctx == "" {
		return ErrNoContext
	}
	return nil
}

// signHash is the hash of every signature made here.
const signHash = crypto.SHA512

// newSignature prepares a signature of binary data; ctx may be empty here.
func newSignature(by *packet.PrivateKey, ctx Context, at time.Time) *packet.Signature {
	sig := &packet.Signature{
		Version:           by.Version,
		SigType:           packet.SigTypeBinary,
		PubKeyAlgo:        by.PubKeyAlgo,
		Hash:              signHash,
		CreationTime:      at.UTC().Truncate(time.Second),
		IssuerKeyId:       &by.KeyId,
		IssuerKeyVersion:  uint8(by.Version),
		IssuerFingerprint: by.Fingerprint,
	}
	if ctx != "" {
		sig.Notations = []*packet.Notation{{
			Name:            constants.SignatureContextName,
			Value:           []byte(ctx),
			IsHumanReadable: true,
		}}
	}
	return sig
}

// Sign makes a detached signature over data for the context (RFC 9580 section
// 10.4), in canonical armor. The signing key must be usable at that time,
// which is also the signature's; whole seconds.
func (k *Key) Sign(data []byte, ctx Context, at time.Time) (armored string, err error) {
	if err := ctx.check(); err != nil {
		return "", err
	}
	return detached(k, data, ctx, at)
}

// SignCommit makes the signature of a git commit or tag over its payload: a
// plain detached one without context, in canonical armor, as git stores and
// gpg verifies it.
func (k *Key) SignCommit(payload []byte, at time.Time) (armored string, err error) {
	return detached(k, payload, "", at)
}

func detached(by maker, data []byte, ctx Context, at time.Time) (string, error) {
	s, err := by.begin(ctx, at)
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	_, _ = s.Write(data)
	sig, err := s.finish()
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	return Armor(kindSignature, sig), nil
}

// keySigning signs with a secret that is at hand.
type keySigning struct {
	hash.Hash
	sig *packet.Signature
	by  *packet.PrivateKey
}

func (k *Key) begin(ctx Context, at time.Time) (signing, error) {
	by, err := k.signer(at)
	if err != nil {
		return nil, err
	}
	s := &keySigning{sig: newSignature(by, ctx, at), by: by}
	s.Hash, err = s.sig.PrepareSign(nil)
	return s, err
}

func (s *keySigning) onePass() *packet.OnePassSignature {
	ops := announce(&s.by.PublicKey)
	if s.by.Version == 6 {
		ops.Version, ops.KeyFingerprint, ops.Salt = 6, s.by.Fingerprint, s.sig.Salt()
	}
	return ops
}

func announce(by *packet.PublicKey) *packet.OnePassSignature {
	return &packet.OnePassSignature{Version: 3, SigType: packet.SigTypeBinary, Hash: signHash, PubKeyAlgo: by.PubKeyAlgo, KeyId: by.KeyId, IsLast: true}
}

// finish signs what was hashed. go-crypto adds a random salt as a notation, so
// that a fault while signing gives away nothing about an Ed25519 key.
func (s *keySigning) finish() ([]byte, error) {
	if err := s.sig.Sign(s.Hash, s.by, nil); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err := s.sig.Serialize(&out)
	return out.Bytes(), err
}
