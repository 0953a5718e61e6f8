package seal

import (
	"bytes"
	"fmt"
	"math/bits"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// exact refuses what could be changed in a signature packet without breaking
// the signature: the form of its header, octets after its end, and what is in
// its unhashed area besides the issuer.
func exact(sig *packet.Signature, data []byte) error {
	var again bytes.Buffer
	if err := sig.Serialize(&again); err != nil {
		return fmt.Errorf("%w: signature: %v", ErrMalformed, err)
	}
	written, _, err := nextPacket(again.Bytes())
	if err != nil {
		return err
	}
	p, _, err := nextPacket(data)
	if err != nil {
		return err
	}
	if !bytes.Equal(p.body, written.body) || !bytes.Equal(p.raw, again.Bytes()) && !bytes.Equal(p.raw, oldFormat(p.tag, p.body)) {
		return fmt.Errorf("%w: the signature packet is not in its shortest form", ErrMalformed)
	}
	return exactRest(sig, p.body)
}

// oldFormat is the packet as gpg 2.2 writes it: an old-format header of the
// shortest form (RFC 9580 section 4.2.2).
func oldFormat(tag byte, body []byte) []byte {
	head := []byte{0x80 | tag<<2, byte(len(body))}
	if len(body) > 0xff {
		head = []byte{0x80 | tag<<2 | 1, byte(len(body) >> 8), byte(len(body))}
	}
	return append(head, body...)
}

// exactRest allows issuer key ID (16) and issuer fingerprint (33) in the
// unhashed area of a signature, once each and in agreement, and numbers in one
// form only.
func exactRest(sig *packet.Signature, body []byte) error {
	odd := fmt.Errorf("%w: the signature packet holds more than signature and issuer", ErrMalformed)
	wide := 0 // octets of an area's length
	switch sig.Version {
	case 4:
		wide = 2
	case 6:
		wide = 4
	default:
		return odd
	}
	area := body[4:]
	area = area[wide+count(area[:wide]):]
	length := count(area[:wide])
	subpackets, err := packet.OpaqueSubpackets(area[wide : wide+length])
	numbers := area[wide+length+2:] // after the first octets of the hash
	if sig.Version == 6 {
		numbers = numbers[1+int(numbers[0]):] // and the salt
	}
	if err != nil || !exactNumbers(sig.PubKeyAlgo, numbers) {
		return odd
	}
	seen := map[uint8]bool{}
	for _, s := range subpackets {
		id := fmt.Sprintf("%016x", issuer(sig))
		agrees := s.SubType == 16 && fmt.Sprintf("%x", s.Contents) == id ||
			s.SubType == 33 && len(s.Contents) > 1 && bytes.Equal(s.Contents[1:], sig.IssuerFingerprint)
		if !agrees || seen[s.SubType] {
			return odd
		}
		seen[s.SubType] = true
	}
	return nil
}

// count reads a big-endian number; go-crypto has parsed the packet, so that it
// is within the packet.
func count(octets []byte) (n int) {
	for _, b := range octets {
		n = n<<8 | int(b)
	}
	return n
}

// exactNumbers says whether the numbers (MPI, RFC 9580 section 3.2) at the end of
// a signature give their exact length in bits. The newer algorithms have octets
// of a fixed length instead.
func exactNumbers(algo packet.PublicKeyAlgorithm, mpis []byte) bool {
	switch algo {
	case packet.PubKeyAlgoRSA, packet.PubKeyAlgoRSASignOnly, packet.PubKeyAlgoDSA, packet.PubKeyAlgoECDSA, packet.PubKeyAlgoEdDSA:
	default:
		return true
	}
	for len(mpis) > 2 {
		length := count(mpis[:2])
		octets := (length + 7) / 8
		if octets == 0 || len(mpis) < 2+octets || 8*(octets-1)+bits.Len8(mpis[2]) != length {
			return false
		}
		mpis = mpis[2+octets:]
	}
	return len(mpis) == 0
}
