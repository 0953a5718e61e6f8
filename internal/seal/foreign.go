package seal

import (
	"bytes"
	"slices"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// verifyLimit is how large a text VerifyForeign reads, in octets.
const verifyLimit = 128 << 20

// Foreign is what a mail from outside holds. Whether a signature in it is good
// is VerifyForeign's to say, once there is a certificate to ask.
type Foreign struct {
	Plain      []byte
	SessionKey string   // algorithm ID and key, "9:HEX"
	Signed     bool     // there is a signature inside
	Issuers    []uint64 // key IDs that the signatures say they are by

	sigs   []*packet.Signature
	unread int // signatures in a form that is not supported
}

// OpenForeign opens an encrypted message of any OpenPGP program, armored or
// binary, with any of the keys. It must be integrity protected (MDC, RFC 9580's
// AEAD or GnuPG's), hold one text, and end where it ends: ErrNoIntegrity,
// ErrMalformed. It may be compressed once. Plain may have up to limit octets,
// else ErrTooLarge, and no more memory than a small multiple of that and of the
// message is used, whatever it would decompress to. Other errors: ErrNoKey,
// ErrSymmetric, ErrNotEncrypted, ErrTampered.
func OpenForeign(message []byte, with []Opener, limit int64) (Foreign, error) {
	m := reading{keys: with, limit: limit, foreign: true}
	if err := m.readForeign(message); err != nil {
		return Foreign{}, err
	}
	f := Foreign{Plain: m.plain, SessionKey: m.used, Signed: len(m.sigs)+m.unread > 0, Issuers: m.issuers, sigs: m.sigs, unread: m.unread}
	for _, sig := range m.sigs {
		f.Issuers = append(f.Issuers, issuer(sig))
	}
	slices.Sort(f.Issuers)
	f.Issuers = slices.Compact(f.Issuers)
	return f, nil
}

// ReopenForeign opens a message again with the session key that OpenForeign
// returned, under the same rules and with the same errors.
func ReopenForeign(message []byte, session string, limit int64) ([]byte, error) {
	m := reading{session: session, limit: limit, foreign: true}
	if err := m.readForeign(message); err != nil {
		return nil, err
	}
	return m.plain, nil
}

func (m *reading) readForeign(message []byte) error {
	data, err := dearmor(kindMessage, message)
	if err != nil {
		return err
	}
	m.hint = len(data)
	return m.read(bytes.NewReader(data))
}

// VerifyForeign opens a message with its session key, as OpenForeign returned
// it, and checks that one of the signatures inside is a good one by the
// certificate, judged at that time. ErrNotSigned, ErrOtherSigner (by others
// only) and ErrBadSignature tell why not. The text may have up to 128 MiB.
func VerifyForeign(message []byte, session string, by *Cert, at time.Time) error {
	m := reading{session: session, limit: verifyLimit, foreign: true}
	if err := m.readForeign(message); err != nil {
		return err
	}
	return Foreign{Plain: m.plain, sigs: m.sigs, unread: m.unread}.VerifiedBy(by, at)
}

// VerifiedBy is VerifyForeign for a message that is open: a large one with
// many certificates to try need not be opened again for each.
func (f Foreign) VerifiedBy(by *Cert, at time.Time) error {
	if len(f.sigs) == 0 && f.unread > 0 {
		return ErrOtherSigner
	}
	return by.checkAny(f.sigs, f.Plain, at)
}
