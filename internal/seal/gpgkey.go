package seal

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/ProtonMail/gopenpgp/v2/constants"
)

// GpgKey is a certificate whose secrets the user's own gpg keeps. gpg does two
// things with them: it decrypts session keys, and it signs. It never sees what
// is encrypted, and what it signs is checked before anybody else sees it. Times
// are the machine's, since gpg takes them from its clock. It is safe for
// concurrent use.
type GpgKey struct {
	cert *Cert
	gpg  *Gpg

	// Guarded by gpg.mu. A person is asked again for nothing that was answered,
	// and not a second time when they declined.
	opened map[string]sessionKey // by recipient packet
	broken error
}

// Key is the key of a certificate, of which gpg must have a secret, else
// ErrUnusable.
func (g *Gpg) Key(c *Cert) (*GpgKey, error) {
	if !g.Has(c) {
		return nil, fmt.Errorf("certificate %s: %w: gpg has no secret key of it, or no agent (see gpg --list-secret-keys; gpg --card-status makes a smartcard known)", c.Fingerprint().Hex(), ErrUnusable)
	}
	return &GpgKey{cert: c, gpg: g, opened: map[string]sessionKey{}}, nil
}

// Cert is the key's public certificate.
func (k *GpgKey) Cert() *Cert { return k.cert }

// ask runs gpg with a secret. It has done its work when there is a session key
// (it fails nevertheless: nothing, in the message's place, is not well
// encrypted) or an exit code of 0. What a person has to put right first is
// reported again without asking.
func (k *GpgKey) ask(what string, input []byte, args ...string) (*result, error) {
	if k.broken != nil {
		return nil, k.broken
	}
	r, err := k.gpg.run(input, args...)
	if err != nil || r.value("SESSION_KEY") != "" {
		return r, err
	}
	err = r.failure(what)
	for _, lasting := range []error{ErrCancelled, ErrLocked, ErrNoAgent, ErrNoPinentry, ErrNoCard} {
		if errors.Is(err, lasting) {
			k.broken = err
		}
	}
	return r, err
}

// nothing is an encrypted data packet (RFC 9580 section 5.13.1) without
// content. gpg is given it in the place of a message's own, so that it decrypts
// the session key and nothing else.
var nothing = canonicalRaw(tagSEIPD, append([]byte{1}, make([]byte, 40)...)).raw

// sessions asks gpg for the session key of a packet that names one of the
// certificate's keys; anonymous recipients are nobody's here.
func (k *GpgKey) sessions(ek *packet.EncryptedKey) iter.Seq2[sessionKey, error] {
	return func(yield func(sessionKey, error) bool) {
		i := k.cert.find(nil, ek.KeyId)
		if ek.Version != 3 || i < 0 || !k.cert.everEncrypts(i) || !k.gpg.secrets[string(k.cert.keys[i].pub.Fingerprint)] {
			return
		}
		var wrapped bytes.Buffer
		if ek.Serialize(&wrapped) != nil {
			return
		}
		yield(k.unwrap(wrapped.Bytes()))
	}
}

func (k *GpgKey) unwrap(wrapped []byte) (sessionKey, error) {
	k.gpg.mu.Lock()
	defer k.gpg.mu.Unlock()
	if s, ok := k.opened[string(wrapped)]; ok {
		return s, nil
	}
	r, err := k.ask("decrypt", append(bytes.Clone(wrapped), nothing...), "--show-session-key", "--decrypt")
	if err != nil {
		return sessionKey{}, err
	}
	cipher, key, err := parseSession(r.value("SESSION_KEY"))
	if err != nil {
		return sessionKey{}, ErrNoKey
	}
	s := sessionKey{cipher: cipher, key: key}
	k.opened[string(wrapped)] = s
	return s, nil
}

// Sign is like Key.Sign. The time must be the present.
func (k *GpgKey) Sign(data []byte, ctx Context, at time.Time) (armored string, err error) {
	if err := ctx.check(); err != nil {
		return "", err
	}
	return detached(k, data, ctx, at)
}

// SignCommit is like Key.SignCommit. The time must be the present.
func (k *GpgKey) SignCommit(payload []byte, at time.Time) (armored string, err error) {
	return detached(k, payload, "", at)
}

// Seal is like Key.Seal. The time must be the present.
func (k *GpgKey) Seal(json []byte, to []*Cert, ctx Context, at time.Time) (Sealed, error) {
	if err := ctx.check(); err != nil {
		return Sealed{}, err
	}
	return sealed(k, padded(json), to, ctx, at)
}

// SealStream is like Key.SealStream. The time must be the present. What is
// written is kept in memory until Close, when gpg signs it.
func (k *GpgKey) SealStream(w io.Writer, to []*Cert, ctx Context, at time.Time, session string) (io.WriteCloser, string, error) {
	if err := ctx.check(); err != nil {
		return nil, "", err
	}
	return sealTo(k, w, to, ctx, at, session)
}

// gpgSigning collects what gpg is to sign.
type gpgSigning struct {
	bytes.Buffer
	key *GpgKey
	by  *component
	ctx Context
	at  time.Time
}

func (k *GpgKey) begin(ctx Context, at time.Time) (signing, error) {
	by, err := k.cert.choose(toSign, at, func(c *component) bool { return k.gpg.secrets[string(c.pub.Fingerprint)] })
	if err != nil {
		return nil, err
	}
	if by.pub.Version != 4 {
		return nil, fmt.Errorf("certificate %s: %w: gpg signs with version 4 keys only", k.cert.Fingerprint().Hex(), ErrUnusable)
	}
	return &gpgSigning{key: k, by: by, ctx: ctx, at: at}, nil
}

func (s *gpgSigning) onePass() *packet.OnePassSignature { return announce(s.by.pub) }

// finish lets gpg sign and holds that the signature is of the one form that
// Key makes, whatever stands in gpg.conf.
func (s *gpgSigning) finish() ([]byte, error) {
	args := []string{
		"--no-armor", "--no-textmode", "--digest-algo", "SHA512", "--disable-signer-uid", "--default-sig-expire", "0",
		"--local-user", hex.EncodeToString(s.by.pub.Fingerprint) + "!",
	}
	if s.ctx != "" {
		// Not critical, since there is no "!" in front; gpg expands "%".
		args = append(args, "--set-notation", constants.SignatureContextName+"="+strings.ReplaceAll(string(s.ctx), "%", "%%"))
	}
	s.key.gpg.mu.Lock()
	r, err := s.key.ask("sign", s.Bytes(), append(args, "--detach-sign")...)
	s.key.gpg.mu.Unlock()
	if err != nil {
		return nil, err
	}
	sig, err := oneSignature(r.out)
	if err != nil {
		return nil, fmt.Errorf("gpg's signature (is there a local-user in gpg.conf?): %w", err)
	}
	p, _, err := nextPacket(r.out)
	if err != nil {
		return nil, err
	}
	written := canonicalRaw(tagSignature, p.body).raw
	return written, s.check(sig, written)
}

func (s *gpgSigning) check(sig *packet.Signature, written []byte) error {
	if late := sig.CreationTime.Sub(s.at); late > skewOwn || late < -skewOwn {
		return fmt.Errorf("%w: it took too long to sign, or the clock was set: try again", ErrCancelled)
	}
	if sig.Hash != signHash || s.key.cert.find(sig.IssuerFingerprint, issuer(sig)) != s.key.cert.find(s.by.pub.Fingerprint, 0) {
		return fmt.Errorf("%w: it signed with another key or hash than it was asked to", ErrGpg)
	}
	if err := exact(sig, written); err != nil {
		return fmt.Errorf("gpg's signature (does gpg.conf add to signatures?): %w", err)
	}
	return s.key.cert.check(sig, s.Bytes(), s.at, demand{ctx: s.ctx, plain: s.ctx == "", skew: skewOwn})
}
