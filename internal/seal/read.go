package seal

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"github.com/docket-psirt/docket/internal/psirt"
)

// Opened is what a sealed part or an evidence file holds.
type Opened struct {
	Plain      []byte
	Signer     psirt.Fingerprint // the certificate whose signature is inside
	SessionKey string            // "9:HEX"
	At         time.Time         // when the signature says it was made
}

// Open opens a sealed part with any of the keys and checks the signature
// inside: exactly one, for the context, by one of signers, judged at that time;
// a zero time is the signature's own, for what a signature around it dates.
// The armor must be canonical, the message exactly what Seal writes in form.
// The plaintext, which still has its padding, comes only after a clean end; it
// may have up to limit octets, else ErrTooLarge.
func Open(armor string, with []Opener, ctx Context, signers Certs, at time.Time, limit int64) (Opened, error) {
	data, err := canonicalOf(kindMessage, armor)
	if err != nil {
		return Opened{}, err
	}
	m := reading{keys: with, limit: limit, hint: len(data)}
	return m.open(bytes.NewReader(data), ctx, signers, at)
}

// OpenSession opens a sealed part like Open, with its session key ("9:HEX").
func OpenSession(armor, session string, ctx Context, signers Certs, at time.Time, limit int64) (Opened, error) {
	data, err := canonicalOf(kindMessage, armor)
	if err != nil {
		return Opened{}, err
	}
	m := reading{session: session, limit: limit, hint: len(data)}
	return m.open(bytes.NewReader(data), ctx, signers, at)
}

// OpenStream opens a binary message like Open, with keys or with a session key
// ("9:HEX"). It reads r to its end.
func OpenStream(r io.Reader, with []Opener, session string, ctx Context, signers Certs, at time.Time, limit int64) (Opened, error) {
	m := reading{keys: with, session: session, limit: limit}
	return m.open(r, ctx, signers, at)
}

func (m *reading) open(r io.Reader, ctx Context, signers Certs, at time.Time) (Opened, error) {
	if err := ctx.check(); err != nil {
		return Opened{}, err
	}
	if err := m.read(r); err != nil {
		return Opened{}, err
	}
	if len(m.sigs) != 1 || m.unread > 0 {
		return Opened{}, fmt.Errorf("%w: expected exactly one signature inside", ErrNotSigned)
	}
	sig := m.sigs[0]
	var by *Cert
	if sig.IssuerFingerprint != nil {
		by = signers.ByFingerprint(psirt.NewFingerprint(sig.IssuerFingerprint))
	} else {
		by = signers.ByKeyID(issuer(sig))
	}
	if by == nil {
		return Opened{}, fmt.Errorf("%w: key %016X is of none of the %d signers allowed here", ErrOtherSigner, issuer(sig), len(signers))
	}
	if at.IsZero() {
		at = sig.CreationTime
	}
	if err := by.check(sig, m.plain, at, demand{ctx: ctx, skew: skewOwn}); err != nil {
		return Opened{}, err
	}
	return Opened{Plain: m.plain, Signer: by.Fingerprint(), SessionKey: m.used, At: sig.CreationTime}, nil
}

// reading reads one encrypted message. The zero value of foreign demands the
// form that Seal gives; foreign accepts what other programs write.
type reading struct {
	keys    []Opener
	session string // instead of keys
	limit   int64  // octets of plaintext
	hint    int    // octets to reserve for it
	foreign bool

	plain   []byte
	used    string // the session key that opened it
	sigs    []*packet.Signature
	issuers []uint64 // issuers in one-pass signature packets
	unread  int      // signatures of unsupported kinds
}

// read opens the message and checks its integrity. Nothing of m is to be used
// after an error.
func (m *reading) read(r io.Reader) error {
	source := &watched{r: r}
	in := bufio.NewReaderSize(source, 32<<10)
	err := m.readFrom(in)
	if source.err != nil && !errors.Is(err, ErrTooLarge) {
		return fmt.Errorf("read message: %w", source.err)
	}
	return err
}

func (m *reading) readFrom(in *bufio.Reader) error {
	data, keys, err := m.header(in)
	if err != nil {
		return err
	}
	plain, err := m.decrypt(data, keys)
	if err != nil {
		return err
	}
	if err := m.inside(plain); err != nil {
		return err
	}
	if _, err := in.Peek(1); err != io.EOF {
		return fmt.Errorf("%w: something follows the encrypted message", ErrMalformed)
	}
	return nil
}

// watched remembers the first error of a reader other than its end.
type watched struct {
	r   io.Reader
	err error
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if err != nil && err != io.EOF && w.err == nil {
		w.err = err
	}
	return n, err
}

// header reads the packets in front of the encrypted data, and its beginning.
func (m *reading) header(in *bufio.Reader) (packet.EncryptedDataPacket, []*packet.EncryptedKey, error) {
	var keys []*packet.EncryptedKey
	passphrases := 0
	for n := 0; n <= maxRecipients; n++ {
		first, err := in.Peek(1)
		if err != nil || first[0]&0x80 == 0 {
			return nil, nil, fmt.Errorf("%w: expected an encrypted message", ErrMalformed)
		}
		tag := packetTag(first[0])
		switch tag {
		case tagNoIntegrity:
			return nil, nil, ErrNoIntegrity
		case tagCompressed, tagLiteral, tagOnePass, tagSignature:
			return nil, nil, ErrNotEncrypted
		case tagPKESK, tagSEIPD:
		case tagSKESK, tagMarker, tagPadding, tagAEAD:
			if !m.foreign {
				return nil, nil, fmt.Errorf("%w: packet of type %d in a sealed part", ErrMalformed, tag)
			}
		default:
			return nil, nil, fmt.Errorf("%w: packet of type %d in an encrypted message", ErrMalformed, tag)
		}
		p, err := packet.Read(in)
		switch p := p.(type) {
		case *packet.EncryptedKey:
			if err == nil {
				keys = append(keys, p)
			} else if !m.foreign {
				return nil, nil, fmt.Errorf("%w: recipient packet: %v", ErrMalformed, err)
			}
		case *packet.SymmetricKeyEncrypted:
			passphrases++
		case packet.EncryptedDataPacket:
			if err != nil {
				return nil, nil, fmt.Errorf("%w: encrypted data of an unsupported kind", ErrMalformed)
			}
			if len(keys) == 0 && passphrases > 0 && m.session == "" {
				return nil, nil, ErrSymmetric
			}
			return p, keys, nil
		}
	}
	return nil, nil, fmt.Errorf("%w: more than %d recipients", ErrTooLarge, maxRecipients)
}

// decrypt finds the session key and begins to decrypt.
func (m *reading) decrypt(data packet.EncryptedDataPacket, keys []*packet.EncryptedKey) (io.ReadCloser, error) {
	if m.session != "" {
		cipher, key, err := parseSession(m.session)
		if err != nil {
			return nil, err
		}
		return m.begin(data, cipher, key)
	}
	attempts, why := 0, error(ErrNoKey)
	for _, ek := range keys {
		for _, k := range m.keys {
			for session, err := range k.sessions(ek) {
				if attempts++; attempts > maxMessageKeys {
					return nil, fmt.Errorf("%w: it names too many recipients that may be these keys", ErrNoKey)
				}
				if err != nil {
					if !errors.Is(err, ErrNoKey) {
						why = err
					}
					continue
				}
				if plain, err := m.begin(data, session.cipher, session.key); !errors.Is(err, errKeySize) {
					return plain, err
				}
			}
		}
	}
	return nil, why
}

// errKeySize: the session key does not fit the cipher, so try the next one.
var errKeySize = errors.New("session key of the wrong size")

// begin starts the decryption with a session key. In versions of the packet
// that name the cipher themselves, that one counts.
func (m *reading) begin(data packet.EncryptedDataPacket, cipher packet.CipherFunction, key []byte) (io.ReadCloser, error) {
	if seipd, ok := data.(*packet.SymmetricallyEncrypted); ok && seipd.Version == 2 {
		cipher = seipd.Cipher
	} else if _, aead := data.(*packet.AEADEncrypted); aead && cipher == 0 {
		return nil, errKeySize // a version 6 PKESK does not go with it
	}
	if !cipher.IsSupported() || cipher.KeySize() != len(key) {
		return nil, errKeySize
	}
	plain, err := data.Decrypt(cipher, key)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrTampered, err)
	}
	m.used = formatSession(cipher, key)
	return plain, nil
}

// inside reads the decrypted packets to their end and then checks integrity.
// Whatever is wrong in a message that was changed is a change, so the check
// comes first also when the packets made no sense.
func (m *reading) inside(plain io.ReadCloser) error {
	source := &watched{r: plain}
	in := bufio.NewReaderSize(source, 32<<10)
	err := m.packets(in, false)
	if errors.Is(err, ErrTooLarge) {
		return err
	}
	if err != nil {
		if _, copyErr := io.Copy(io.Discard, in); copyErr != nil && source.err == nil {
			source.err = copyErr
		}
	}
	if closeErr := plain.Close(); closeErr != nil || source.err != nil {
		return ErrTampered
	}
	if err != nil && !errors.Is(err, ErrMalformed) {
		err = fmt.Errorf("%w: inside the encrypted message: %v", ErrMalformed, err)
	}
	return err
}

// packets reads a signed message (RFC 9580 section 10.3) to its end: one-pass
// signatures, one literal, signatures. Foreign messages may be compressed, once
// and as a whole, and may have signatures of the old style in front.
func (m *reading) packets(in *bufio.Reader, compressed bool) error {
	literal, announced, signed := false, 0, 0
	for n := 0; ; n++ {
		first, err := in.Peek(1)
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		tag := packetTag(first[0])
		if n > 4*maxSignatures || !m.fits(tag, literal, compressed, n) {
			return fmt.Errorf("%w: packet of type %d out of place in an encrypted message", ErrMalformed, tag)
		}
		p, err := packet.Read(in)
		switch p := p.(type) {
		case *packet.OnePassSignature:
			announced++
			if err == nil {
				m.issuers = append(m.issuers, p.KeyId)
			}
		case *packet.Signature:
			signed++
			if err != nil {
				m.unread++
			} else {
				m.sigs = append(m.sigs, p)
			}
		case *packet.LiteralData:
			literal = true
			if err == nil {
				err = m.body(p.Body)
			}
			if err != nil {
				return err
			}
		case *packet.Compressed:
			if err != nil {
				return fmt.Errorf("%w: compressed data of an unsupported kind", ErrMalformed)
			}
			return m.compressed(in, p.Body)
		}
	}
	if !literal || announced > signed || announced+signed > 2*maxSignatures || !m.foreign && (announced != 1 || signed != 1) {
		return fmt.Errorf("%w: expected one signed text in an encrypted message", ErrMalformed)
	}
	return nil
}

// fits says whether a packet of that type may come now.
func (m *reading) fits(tag byte, literal, compressed bool, n int) bool {
	switch tag {
	case tagOnePass, tagLiteral:
		return !literal
	case tagSignature:
		return literal || m.foreign
	case tagCompressed:
		return m.foreign && !compressed && n == 0
	case tagMarker, tagPadding:
		return m.foreign
	}
	return false
}

// compressed reads what a compressed packet holds, behind a limit that leaves
// some room for signatures, and expects the message to end with it.
func (m *reading) compressed(in *bufio.Reader, body io.Reader) error {
	bounded := &bounded{r: body, left: m.limit + maxPacketBytes}
	err := m.packets(bufio.NewReader(bounded), true)
	if bounded.left < 0 {
		return ErrTooLarge
	}
	if err != nil {
		return err
	}
	if _, err := in.Peek(1); err != io.EOF {
		return fmt.Errorf("%w: something follows the compressed data", ErrMalformed)
	}
	return nil
}

// bounded fails once more than left octets were read.
type bounded struct {
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, ErrTooLarge
	}
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.r.Read(p)
	b.left -= int64(n)
	return n, err
}

// body reads the literal data.
func (m *reading) body(r io.Reader) error {
	buffer := bytes.NewBuffer(make([]byte, 0, min(int64(m.hint), m.limit)+bytes.MinRead))
	_, err := buffer.ReadFrom(io.LimitReader(r, m.limit+1))
	if int64(buffer.Len()) > m.limit {
		return fmt.Errorf("%w: more than %d octets inside", ErrTooLarge, m.limit)
	}
	m.plain = buffer.Bytes()
	return err
}
