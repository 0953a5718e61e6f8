package seal

import (
	"io"
	"iter"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// Opener opens what is encrypted to one certificate. There are two: *Key holds
// the secrets itself, *GpgKey asks the user's own gpg for session keys. Either
// way the message is decrypted and judged here.
type Opener interface {
	Cert() *Cert
	// sessions yields what the secrets make of a recipient packet, one result
	// for each attempt: ErrNoKey where it does not fit. Nothing for the packet
	// of somebody else.
	sessions(ek *packet.EncryptedKey) iter.Seq2[sessionKey, error]
}

// Signer signs as one certificate. There are two: *Key holds the secrets
// itself, *GpgKey lets the user's own gpg sign. What they write has one form.
type Signer interface {
	Cert() *Cert
	Sign(data []byte, ctx Context, at time.Time) (armored string, err error)
	SignCommit(payload []byte, at time.Time) (armored string, err error)
	Seal(json []byte, to []*Cert, ctx Context, at time.Time) (Sealed, error)
	SealStream(w io.Writer, to []*Cert, ctx Context, at time.Time, session string) (io.WriteCloser, string, error)
}

var (
	_ Opener = (*Key)(nil)
	_ Opener = (*GpgKey)(nil)
	_ Signer = (*Key)(nil)
	_ Signer = (*GpgKey)(nil)
)

// sessionKey is a session key and its cipher.
type sessionKey struct {
	cipher packet.CipherFunction
	key    []byte
}

// maker begins signatures; ctx may be empty here.
type maker interface {
	begin(ctx Context, at time.Time) (signing, error)
}

// signing makes one signature over the data that is written to it.
type signing interface {
	io.Writer // never fails
	// onePass is the packet that announces the signature in front of the data.
	onePass() *packet.OnePassSignature
	// finish makes the signature and gives its packet.
	finish() ([]byte, error)
}
