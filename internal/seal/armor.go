package seal

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
)

// The kinds of armor (RFC 4880 section 6.2).
const (
	kindMessage   = "PGP MESSAGE"
	kindSignature = "PGP SIGNATURE"
	kindPublic    = "PGP PUBLIC KEY BLOCK"
	kindSecret    = "PGP PRIVATE KEY BLOCK"
)

const (
	armorBegin  = "-----BEGIN "
	armorEnd    = "-----END "
	armorDashes = "-----"
	armorLine   = 64 // columns; 48 octets
)

// crcTables are tables of CRC-24 (RFC 4880 section 6.1), four octets a step,
// with the sum in the upper 24 bits; go-crypto's goes bit by bit and costs ten
// times the base64 around it.
var crcTables = func() (t [4][256]uint32) {
	for i := range t[0] {
		crc := uint32(i) << 24
		for range 8 {
			if crc&0x80000000 != 0 {
				crc = crc<<1 ^ 0x864cfb00
			} else {
				crc <<= 1
			}
		}
		t[0][i] = crc
	}
	for k := 1; k < len(t); k++ {
		for i, crc := range t[k-1] {
			t[k][i] = crc<<8 ^ t[0][crc>>24]
		}
	}
	return t
}()

// crc24 is the checksum in its three octets.
func crc24(data []byte) []byte {
	crc := uint32(0xb704ce00)
	t := &crcTables
	for ; len(data) >= 4; data = data[4:] {
		crc ^= binary.BigEndian.Uint32(data)
		crc = t[3][crc>>24] ^ t[2][byte(crc>>16)] ^ t[1][byte(crc>>8)] ^ t[0][byte(crc)]
	}
	for _, b := range data {
		crc = crc<<8 ^ t[0][byte(crc>>24)^b]
	}
	return []byte{byte(crc >> 24), byte(crc >> 16), byte(crc >> 8)}
}

// Armor is the canonical ASCII armor of data (RFC 4880 section 6.2): no armor
// headers, 64 columns, CRC-24 (gpg 2.2 needs it), LF line ends, also after the
// last line. kind is what stands after BEGIN, such as "PGP MESSAGE".
func Armor(kind string, data []byte) string {
	code := base64.StdEncoding
	body := code.EncodedLen(len(data))
	out := make([]byte, 0, 2*len(kind)+body+body/armorLine+48)
	out = append(out, armorBegin+kind+armorDashes+"\n\n"...)
	for rest := data; len(rest) > 0; {
		n := min(len(rest), armorLine/4*3)
		out = append(code.AppendEncode(out, rest[:n]), '\n')
		rest = rest[n:]
	}
	out = code.AppendEncode(append(out, '='), crc24(data))
	out = append(out, "\n"+armorEnd+kind+armorDashes+"\n"...)
	return string(out)
}

// CanonicalArmor says whether s is what Armor gives for the bytes in it: nil,
// or what is different. Armor is malleable; where it stands in a signed or
// compared file, only this one form is accepted.
func CanonicalArmor(s string) error {
	_, _, err := canonical(s)
	return err
}

// canonical undoes canonical armor of one of the known kinds.
func canonical(s string) (kind string, data []byte, err error) {
	kind, _, ok := strings.Cut(strings.TrimPrefix(s, armorBegin), armorDashes+"\n\n")
	known := kind == kindMessage || kind == kindSignature || kind == kindPublic || kind == kindSecret
	if !ok || !strings.HasPrefix(s, armorBegin) || !known {
		return "", nil, fmt.Errorf("%w: armor must begin with a BEGIN line and an empty line, without armor headers", ErrMalformed)
	}
	body := s[len(armorBegin)+len(kind)+len(armorDashes)+2:]
	end := strings.Index(body, "\n=")
	if end <= 0 {
		return "", nil, fmt.Errorf("%w: armor has no data, or no CRC-24 line after it", ErrMalformed)
	}
	data = make([]byte, 0, base64.StdEncoding.DecodedLen(end))
	for line := range strings.SplitSeq(body[:end], "\n") {
		if data, err = base64.StdEncoding.AppendDecode(data, []byte(line)); err != nil {
			return "", nil, fmt.Errorf("%w: armor is not base64", ErrMalformed)
		}
	}
	if Armor(kind, data) != s {
		return "", nil, fmt.Errorf("%w: armor is not canonical (64 columns, right CRC-24, LF at the end, nothing else)", ErrMalformed)
	}
	return kind, data, nil
}

// canonicalOf is canonical for one kind.
func canonicalOf(kind, s string) ([]byte, error) {
	got, data, err := canonical(s)
	if err == nil && got != kind {
		err = fmt.Errorf("%w: expected %s, found %s", ErrMalformed, kind, got)
	}
	return data, err
}

// dearmor undoes anybody's armor, or returns binary data as it is. Text before
// and after the one block is ignored, and so is a missing or wrong CRC (RFC
// 9580 section 6.1): what is inside is integrity protected or signed.
func dearmor(kind string, data []byte) ([]byte, error) {
	if len(data) > 0 && data[0]&0x80 != 0 {
		return data, nil
	}
	rest, ok := afterLine(data, armorBegin+kind+armorDashes)
	if !ok {
		return nil, fmt.Errorf("%w: no %s in it, neither armored nor binary", ErrMalformed, kind)
	}
	block, tail, ok := bytes.Cut(rest, []byte("\n"+armorEnd+kind+armorDashes))
	if !ok {
		return nil, fmt.Errorf("%w: the armor of the %s has no end", ErrTampered, kind)
	}
	if _, second := afterLine(tail, armorBegin+kind+armorDashes); second {
		return nil, fmt.Errorf("%w: more than one %s", ErrMalformed, kind)
	}
	return decodeBlock(block)
}

// afterLine returns what follows the first line that is want, up to white
// space at its end; the line end before what follows is kept.
func afterLine(data []byte, want string) ([]byte, bool) {
	for from := 0; ; {
		i := bytes.Index(data[from:], []byte(want))
		if i < 0 {
			return nil, false
		}
		i += from
		from = i + len(want)
		lineEnd := bytes.IndexByte(data[from:], '\n')
		starts := i == 0 || data[i-1] == '\n'
		if starts && lineEnd >= 0 && len(bytes.TrimSpace(data[from:from+lineEnd])) == 0 {
			return data[from+lineEnd:], true
		}
	}
}

// decodeBlock decodes what stands between the BEGIN and END lines.
func decodeBlock(block []byte) ([]byte, error) {
	text := make([]byte, 0, len(block))
	inHeader := true
	for line := range bytes.Lines(bytes.TrimPrefix(block, []byte("\n"))) {
		line = bytes.TrimSpace(line)
		switch {
		case inHeader && bytes.Contains(line, []byte(":")):
		case len(line) == 0:
			inHeader = false
		case line[0] == '=' && len(line) == 5:
			return decodeBase64(text)
		default:
			inHeader = false
			text = append(text, line...)
		}
	}
	return decodeBase64(text)
}

func decodeBase64(text []byte) ([]byte, error) {
	n, err := base64.StdEncoding.Decode(text, text)
	if err != nil || n == 0 {
		return nil, fmt.Errorf("%w: armor without data, or not base64", ErrMalformed)
	}
	return text[:n], nil
}
