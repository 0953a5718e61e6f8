package seal

import (
	"bytes"
	_ "crypto/sha512" // signHash
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"strconv"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	pgp "github.com/ProtonMail/gopenpgp/v2/crypto"
)

// Sealed is an encrypted message and the session key that opens it.
type Sealed struct {
	Armor      string // canonical
	SessionKey string // algorithm ID and key, "9:HEX", as gpg --override-session-key takes it
}

// Seal encrypts a JSON document to all of the certificates and signs it inside
// for the context: a sealed part of a case file. White space after the JSON
// pads it to a bucket (4 KiB steps to 64 KiB, Padmé above), so that its length
// says little about the report; it is not compressed. The keys are judged at
// that time, which is also the signature's.
func (k *Key) Seal(json []byte, to []*Cert, ctx Context, at time.Time) (Sealed, error) {
	if err := ctx.check(); err != nil {
		return Sealed{}, err
	}
	return sealed(k, padded(json), to, ctx, at)
}

// SealMail encrypts a MIME entity (RFC 3156 section 6.2) and signs it inside,
// as any OpenPGP mail program reads it: without context and without padding.
func (k *Key) SealMail(entity []byte, to []*Cert, at time.Time) (Sealed, error) {
	return sealed(k, entity, to, "", at)
}

func sealed(by maker, data []byte, to []*Cert, ctx Context, at time.Time) (Sealed, error) {
	var out bytes.Buffer
	out.Grow(len(data) + 512 + 128*len(to))
	w, session, err := sealTo(by, &out, to, ctx, at, "")
	if err != nil {
		return Sealed{}, err
	}
	if _, err := w.Write(data); err != nil {
		return Sealed{}, fmt.Errorf("seal: %w", err)
	}
	if err := w.Close(); err != nil {
		return Sealed{}, err
	}
	return Sealed{Armor: Armor(kindMessage, out.Bytes()), SessionKey: session}, nil
}

// SealStream writes a binary message to w: encrypted to all of the
// certificates, signed inside for the context, neither padded nor compressed.
// It returns where to write the plaintext and, before any is written, the
// session key. session gives the session key of AES-256 to use, "9:HEX"; empty
// makes a new one, as it should be wherever there is no reason against it.
// Close signs and ends the message; without it there is none.
func (k *Key) SealStream(w io.Writer, to []*Cert, ctx Context, at time.Time, session string) (io.WriteCloser, string, error) {
	if err := ctx.check(); err != nil {
		return nil, "", err
	}
	return sealTo(k, w, to, ctx, at, session)
}

func sealTo(by maker, w io.Writer, to []*Cert, ctx Context, at time.Time, session string) (io.WriteCloser, string, error) {
	s, err := by.begin(ctx, at)
	if err != nil {
		return nil, "", fmt.Errorf("seal: %w", err)
	}
	key, err := newSession(session)
	if err != nil {
		return nil, "", err
	}
	if err := writeRecipients(w, to, at, key); err != nil {
		return nil, "", err
	}
	body, err := packet.SerializeSymmetricallyEncrypted(w, packet.CipherAES256, false, packet.CipherSuite{}, key.Key, nil)
	if err != nil {
		return nil, "", fmt.Errorf("seal: %w", err)
	}
	out, err := newSealWriter(body, s)
	if err != nil {
		return nil, "", fmt.Errorf("seal: %w", err)
	}
	return out, formatSession(packet.CipherAES256, key.Key), nil
}

// newSession makes a session key of AES-256, or reads the given one.
func newSession(session string) (*pgp.SessionKey, error) {
	if session == "" {
		return pgp.GenerateSessionKey()
	}
	cipher, key, err := parseSession(session)
	if err != nil {
		return nil, err
	}
	if cipher != packet.CipherAES256 {
		return nil, fmt.Errorf("seal: %w: expected a session key of AES-256 (9:…)", ErrMalformed)
	}
	return pgp.NewSessionKeyFromToken(key, "aes256"), nil
}

// writeRecipients writes one PKESK packet for each certificate; one that is
// given twice gets one.
func writeRecipients(w io.Writer, to []*Cert, at time.Time, key *pgp.SessionKey) error {
	if len(to) == 0 {
		return errors.New("seal: no recipient given")
	}
	done := map[string]bool{}
	for _, c := range to {
		chosen, err := c.choose(toEncrypt, at, nil)
		if err != nil {
			return fmt.Errorf("seal: %w", err)
		}
		if done[string(chosen.pub.Fingerprint)] {
			continue
		}
		done[string(chosen.pub.Fingerprint)] = true
		if err := packet.SerializeEncryptedKeyAEAD(w, chosen.pub, packet.CipherAES256, false, key.Key, nil); err != nil {
			return fmt.Errorf("seal: certificate %s: %w", c.Fingerprint().Hex(), err)
		}
	}
	return nil
}

// sealWriter signs the plaintext while it encrypts it.
type sealWriter struct {
	body    io.WriteCloser // the encrypted data packet
	literal io.WriteCloser // in it
	signing signing
	closed  bool
}

// keepOpen keeps the literal data packet from closing what it stands in.
type keepOpen struct{ io.Writer }

func (keepOpen) Close() error { return nil }

func newSealWriter(body io.WriteCloser, by signing) (*sealWriter, error) {
	if err := by.onePass().Serialize(body); err != nil {
		return nil, err
	}
	literal, err := packet.SerializeLiteral(keepOpen{body}, true, "", 0)
	return &sealWriter{body: body, literal: literal, signing: by}, err
}

// Write encrypts p.
func (s *sealWriter) Write(p []byte) (int, error) {
	if s.closed {
		return 0, errors.New("seal: write after close")
	}
	_, _ = s.signing.Write(p)
	return s.literal.Write(p)
}

// Close signs, and writes the end of the message.
func (s *sealWriter) Close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	if err := s.literal.Close(); err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	sig, err := s.signing.finish()
	if err == nil {
		_, err = s.body.Write(sig)
	}
	if err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	if err := s.body.Close(); err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	return nil
}

// padded adds white space and a line end up to the bucket.
func padded(json []byte) []byte {
	out := make([]byte, bucket(len(json)+1))
	n := copy(out, json)
	for i := n; i < len(out)-1; i++ {
		out[i] = ' '
	}
	out[len(out)-1] = '\n'
	return out
}

const (
	bucketStep = 4 << 10
	bucketTop  = 64 << 10 // from here on Padmé
)

// bucket is the size that n is padded to: a multiple of 4 KiB up to 64 KiB,
// and above that Padmé (Nikitin et al., PETS 2019), which leaks no more than
// O(log log n) bits for at most 12 % of padding.
func bucket(n int) int {
	step := bucketStep
	if n > bucketTop {
		exponent := bits.Len(uint(n)) - 1
		step = 1 << (exponent - bits.Len(uint(exponent)))
	}
	return (n + step - 1) / step * step
}

// formatSession is a session key as gpg --override-session-key takes it.
func formatSession(cipher packet.CipherFunction, key []byte) string {
	return fmt.Sprintf("%d:%X", cipher, key)
}

// parseSession reads what formatSession gives.
func parseSession(session string) (packet.CipherFunction, []byte, error) {
	bad := fmt.Errorf("%w: expected a session key as ALGORITHM:HEX", ErrMalformed)
	algorithm, digits, ok := strings.Cut(session, ":")
	id, err := strconv.ParseUint(algorithm, 10, 8)
	if err != nil || !ok || strconv.FormatUint(id, 10) != algorithm {
		return 0, nil, bad
	}
	key, err := hex.DecodeString(digits)
	cipher := packet.CipherFunction(id)
	if err != nil || !cipher.IsSupported() || cipher.KeySize() != len(key) || strings.ToUpper(digits) != digits {
		return 0, nil, bad
	}
	return cipher, key, nil
}
