package seal

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// Packet type IDs (RFC 9580 section 5).
const (
	tagPKESK        = 1
	tagSignature    = 2
	tagSKESK        = 3
	tagOnePass      = 4
	tagSecretKey    = 5
	tagPublicKey    = 6
	tagSecretSubkey = 7
	tagCompressed   = 8
	tagNoIntegrity  = 9
	tagMarker       = 10
	tagLiteral      = 11
	tagTrust        = 12
	tagUserID       = 13
	tagPublicSubkey = 14
	tagAttribute    = 17
	tagSEIPD        = 18
	tagAEAD         = 20 // GnuPG's, RFC 4880bis
	tagPadding      = 21
	firstIgnorable  = 40 // unknown packets from here on may be ignored
)

const (
	maxRecipients  = 512       // PKESK packets of a message
	maxMessageKeys = 64        // attempts to decrypt a session key
	maxCertBytes   = 2 << 20   // of certificates given together
	maxCertPackets = 5000      // of certificates given together
	maxSelfSigned  = 200       // signatures that claim to be a key's own
	maxPacketBytes = 256 << 10 // of a packet other than encrypted data
)

// rawPacket is one packet as it stands: raw with its header, body without.
// body is nil for encrypted data, which may come in parts (partial lengths).
type rawPacket struct {
	tag  byte
	raw  []byte
	body []byte
}

// packetTag is the type ID in the first octet of a packet.
func packetTag(first byte) byte {
	if first&0x40 != 0 {
		return first & 0x3f
	}
	return first & 0x3f >> 2
}

// nextPacket takes one packet off the front of data (RFC 9580 section 4.2).
func nextPacket(data []byte) (p rawPacket, rest []byte, err error) {
	if len(data) == 0 || data[0]&0x80 == 0 {
		return p, nil, fmt.Errorf("%w: expected a packet", ErrMalformed)
	}
	p.tag = packetTag(data[0])
	var head, length int
	ok := true
	if data[0]&0x40 == 0 {
		head, length, ok = oldLength(data)
	} else {
		var partial bool
		head, length, partial, ok = newLength(data[1:])
		head++
		if partial {
			return partialPacket(p.tag, data)
		}
	}
	if !ok || length < 0 || length > len(data)-head {
		return p, nil, fmt.Errorf("%w: packet of type %d is cut short", ErrMalformed, p.tag)
	}
	p.raw, p.body = data[:head+length], data[head:head+length]
	return p, data[head+length:], nil
}

// oldLength reads the header of an old-format packet; packets without a length
// of their own are not accepted here.
func oldLength(data []byte) (head, length int, ok bool) {
	octets := 1 << (data[0] & 3)
	if octets == 8 || len(data) < 1+octets {
		return 0, 0, false
	}
	for _, b := range data[1 : 1+octets] {
		length = length<<8 | int(b)
	}
	return 1 + octets, length, true
}

// newLength reads a new-format length; octets is how many it takes.
func newLength(data []byte) (octets, length int, partial, ok bool) {
	switch {
	case len(data) == 0:
	case data[0] < 192:
		return 1, int(data[0]), false, true
	case data[0] < 224 && len(data) > 1:
		return 2, int(data[0]-192)<<8 + int(data[1]) + 192, false, true
	case data[0] == 255 && len(data) > 4:
		return 5, int(binary.BigEndian.Uint32(data[1:5])), false, true
	case data[0] >= 224 && data[0] < 255:
		return 1, 1 << (data[0] & 0x1f), true, true
	}
	return 0, 0, false, false
}

// partialPacket takes a packet with partial lengths off the front; only
// encrypted data may have them here.
func partialPacket(tag byte, data []byte) (p rawPacket, rest []byte, err error) {
	cut := fmt.Errorf("%w: packet of type %d is cut short", ErrMalformed, tag)
	if tag != tagSEIPD && tag != tagAEAD {
		return p, nil, fmt.Errorf("%w: packet of type %d in parts", ErrMalformed, tag)
	}
	for at, partial := 1, true; partial; {
		var octets, length int
		var ok bool
		octets, length, partial, ok = newLength(data[at:])
		if !ok || length > len(data)-at-octets {
			return p, nil, cut
		}
		at += octets + length
		rest = data[at:]
	}
	raw := data[:len(data)-len(rest)]
	return rawPacket{tag: tag, raw: raw}, rest, nil
}

// version is the first octet of the packet's contents; the first part of a
// packet in parts has at least 512 octets.
func (p rawPacket) version() byte {
	if p.body != nil {
		if len(p.body) == 0 {
			return 0
		}
		return p.body[0]
	}
	return p.raw[2]
}

// parse gives the packet to go-crypto.
func (p rawPacket) parse() (packet.Packet, error) {
	return packet.Read(bytes.NewReader(p.raw))
}

// canonicalRaw is the packet with a new-format header of the shortest form.
func canonicalRaw(tag byte, body []byte) rawPacket {
	var out bytes.Buffer
	opaque := packet.OpaquePacket{Tag: tag, Contents: body}
	_ = opaque.Serialize(&out) // a bytes.Buffer cannot fail
	raw := out.Bytes()
	return rawPacket{tag: tag, raw: raw, body: raw[len(raw)-len(body):]}
}

// splitMessage takes an encrypted message apart: exactly PKESK packets and one
// integrity-protected data packet, and nothing after it.
func splitMessage(data []byte) (keys []rawPacket, sealed rawPacket, err error) {
	for {
		var p rawPacket
		if p, data, err = nextPacket(data); err != nil {
			return nil, p, err
		}
		switch p.tag {
		case tagPKESK:
			if keys = append(keys, p); len(keys) > maxRecipients {
				return nil, p, fmt.Errorf("%w: more than %d recipients", ErrTooLarge, maxRecipients)
			}
		case tagSEIPD:
			if v := p.version(); v != 1 && v != 2 {
				return nil, p, fmt.Errorf("%w: encrypted data of unknown version %d", ErrMalformed, v)
			}
			if len(keys) == 0 || len(data) != 0 {
				return nil, p, fmt.Errorf("%w: expected recipients, encrypted data and nothing after it", ErrMalformed)
			}
			return keys, p, nil
		case tagNoIntegrity:
			return nil, p, ErrNoIntegrity
		default:
			return nil, p, fmt.Errorf("%w: packet of type %d in an encrypted message", ErrMalformed, p.tag)
		}
	}
}

// recipient is the key ID that a PKESK packet names: version 3 (RFC 9580
// section 5.1.1) or version 6 (section 5.1.2). 0 stands for an anonymous one.
func (p rawPacket) recipient() (uint64, error) {
	b := p.body
	switch {
	case len(b) > 9 && b[0] == 3:
		return binary.BigEndian.Uint64(b[1:9]), nil
	case len(b) > 2 && b[0] == 6 && b[1] == 0:
		return 0, nil
	case len(b) > 23 && b[0] == 6 && b[1] == 21 && b[2] == 4:
		return binary.BigEndian.Uint64(b[15:23]), nil
	case len(b) > 35 && b[0] == 6 && b[1] == 33 && b[2] == 6:
		return binary.BigEndian.Uint64(b[3:11]), nil
	}
	return 0, fmt.Errorf("%w: recipient packet of unknown form", ErrMalformed)
}

// Recipients returns the key IDs that an armored or binary message claims to
// be encrypted to, in order; 0 stands for an anonymous recipient. No key is
// needed, so it is a claim: whoever opens the message verifies it. The packets
// must be exactly one PKESK for each recipient and one integrity-protected
// data packet (RFC 9580 section 5.13), with nothing before, between or after.
func Recipients(message []byte) ([]uint64, error) {
	data, err := dearmor(kindMessage, message)
	if err != nil {
		return nil, err
	}
	keys, _, err := splitMessage(data)
	if err != nil {
		return nil, err
	}
	ids := make([]uint64, len(keys))
	for i, p := range keys {
		if ids[i], err = p.recipient(); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// KeepRecipient takes every recipient off an armored message whose key is not
// an encryption key of keep, and returns what is left in canonical armor. The
// encrypted data stays byte for byte the same, and so does the signature in
// it. It fails with ErrNoKey when no recipient is left.
func KeepRecipient(message string, keep *Cert) (string, error) {
	data, err := dearmor(kindMessage, []byte(message))
	if err != nil {
		return "", err
	}
	keys, sealed, err := splitMessage(data)
	if err != nil {
		return "", err
	}
	wanted := keep.EncryptionKeyIDs()
	var out []byte
	for _, p := range keys {
		id, err := p.recipient()
		if err != nil {
			return "", err
		}
		for _, w := range wanted {
			if w == id {
				out = append(out, p.raw...)
				break
			}
		}
	}
	if len(out) == 0 {
		return "", fmt.Errorf("%w: it is not encrypted to certificate %s", ErrNoKey, keep.Fingerprint().Hex())
	}
	return Armor(kindMessage, append(out, sealed.raw...)), nil
}
