package mail

import "bytes"

// The kinds of ASCII armor (RFC 9580 section 6.2) that are looked for.
const (
	armorMessage   = "PGP MESSAGE"
	armorKey       = "PGP PUBLIC KEY BLOCK"
	armorSigned    = "PGP SIGNED MESSAGE"
	armorSignature = "PGP SIGNATURE"
)

// block is one armored block: text[start:end], both header and tail line
// included. whole is false when the tail line is missing.
type block struct {
	start, end int
	whole      bool
}

// armorBlocks finds the blocks of one kind. Header and tail must be lines of
// their own; blanks around them are suffered. A clear-signed message ends with
// the tail of its signature (RFC 9580 section 7).
func armorBlocks(text []byte, kind string) []block {
	const most = 100
	begin := []byte("-----BEGIN " + kind + "-----")
	end := []byte("-----END " + kind + "-----")
	if kind == armorSigned {
		end = []byte("-----END " + armorSignature + "-----")
	}
	var found []block
	for at := 0; len(found) < most; {
		start, after := armorLine(text, begin, at)
		if start < 0 {
			break
		}
		_, stop := armorLine(text, end, after)
		if stop < 0 {
			return append(found, block{start, len(text), false})
		}
		found = append(found, block{start, stop, true})
		at = stop
	}
	return found
}

// armorLine finds the line that consists of mark, from at on, and returns
// where the mark and where the rest after it begins; -1 when there is none.
func armorLine(text, mark []byte, at int) (start, after int) {
	for {
		i := bytes.Index(text[at:], mark)
		if i < 0 {
			return -1, -1
		}
		i += at
		at = i + len(mark)
		if blankBefore(text[:i]) && blankAfter(text[at:]) {
			return i, at
		}
	}
}

// The blanks that may stand on an armor line are few, so that a line of
// blanks and marks costs no more than its length.
const mostBlanks = 64

func blankBefore(b []byte) bool {
	for n := 0; len(b) > 0 && n < mostBlanks; n++ {
		switch b[len(b)-1] {
		case '\n':
			return true
		case ' ', '\t':
			b = b[:len(b)-1]
		default:
			return false
		}
	}
	return len(b) == 0
}

func blankAfter(b []byte) bool {
	for n := 0; len(b) > 0 && n < mostBlanks; n++ {
		switch b[0] {
		case '\n':
			return true
		case ' ', '\t', '\r':
			b = b[1:]
		default:
			return false
		}
	}
	return len(b) == 0
}

// only reports whether nothing but white space stands outside the block.
func (b block) only(text []byte) bool {
	return b.whole && isBlank(text[:b.start]) && isBlank(text[b.end:])
}

func isBlank(b []byte) bool {
	return len(bytes.Trim(b, " \t\r\n\v\f\u00a0\u200b\ufeff")) == 0
}

// armorCharset is what the armor header "Charset" says (RFC 9580 section
// 6.2.2.5), or "".
func armorCharset(message []byte) string {
	_, rest := cutLine(message)
	for range 20 {
		line, next := cutLine(rest)
		if len(line) == 0 {
			break
		}
		if value, ok := bytes.CutPrefix(line, []byte("Charset: ")); ok && len(value) < 40 {
			return string(bytes.TrimSpace(value))
		}
		rest = next
	}
	return ""
}

// isOpenPGP reports whether data looks like an encrypted message: armor, or a
// binary packet with which one begins (RFC 9580 section 4.2: PKESK, SKESK,
// encrypted data).
func isOpenPGP(data []byte) bool {
	if len(armorBlocks(data, armorMessage)) > 0 {
		return true
	}
	if len(data) < 20 || data[0]&0x80 == 0 {
		return false
	}
	tag := data[0] & 0x3f
	if data[0]&0x40 == 0 {
		tag = data[0] >> 2 & 0x0f
	}
	switch tag {
	case 1, 3, 9, 18, 20:
		return true
	}
	return false
}
