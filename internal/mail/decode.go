package mail

import (
	"bytes"
	"encoding/base64"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/emersion/go-message/charset"
)

// decodeTransfer undoes a Content-Transfer-Encoding (RFC 2045 section 6). ok is
// false when the body is not what the encoding says; then as much is returned
// as can be read. The result may be a part of body itself.
func decodeTransfer(body []byte, encoding string) (data []byte, ok bool) {
	encoding, _ = fieldParams(encoding)
	switch encoding {
	case "", "7bit", "8bit", "binary":
		return body, true
	case "base64":
		return decodeBase64(body)
	case "quoted-printable":
		return decodeQuoted(body)
	}
	return body, false
}

// base64Value says which octets belong to the alphabet; RFC 2045 section 6.8
// has all others ignored.
var base64Value = func() (in [256]bool) {
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/" {
		in[c] = true
	}
	return in
}()

func decodeBase64(body []byte) ([]byte, bool) {
	kept := make([]byte, 0, len(body))
	ok, ended := true, false
	for _, c := range body {
		switch {
		case base64Value[c]:
			if ended { // more after the padding: a footer, or pieces put together
				return finishBase64(kept, false)
			}
			kept = append(kept, c)
		case c == '=':
			ended = true
		case c != '\r' && c != '\n' && c != ' ' && c != '\t':
			ok = false
		}
	}
	return finishBase64(kept, ok)
}

func finishBase64(kept []byte, ok bool) ([]byte, bool) {
	if len(kept)%4 == 1 {
		kept, ok = kept[:len(kept)-1], false
	}
	n, err := base64.RawStdEncoding.Decode(kept, kept) // in place: it writes behind what it reads
	return kept[:n], ok && err == nil
}

// decodeQuoted reads quoted-printable (RFC 2045 section 6.7), and leaves an
// equals sign that encodes nothing as it is.
func decodeQuoted(body []byte) ([]byte, bool) {
	out, ok := make([]byte, 0, len(body)), true
	for len(body) > 0 {
		line, rest := cutLine(body)
		ending := body[len(line) : len(body)-len(rest)]
		body = rest
		line = bytes.TrimRight(line, " \t") // transports may add blanks
		soft := false
		if n := len(line); n > 0 && line[n-1] == '=' {
			line, soft = line[:n-1], true
		}
		for i := 0; i < len(line); i++ {
			if line[i] != '=' {
				out = append(out, line[i])
				continue
			}
			if c, hex := unhex(line[i+1:]); hex {
				out = append(out, c)
				i += 2
				continue
			}
			out, ok = append(out, '='), false
		}
		if !soft {
			out = append(out, ending...)
		}
	}
	return out, ok
}

func unhex(b []byte) (byte, bool) {
	if len(b) < 2 {
		return 0, false
	}
	high, ok1 := hexDigit(b[0])
	low, ok2 := hexDigit(b[1])
	return high<<4 | low, ok1 && ok2
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	}
	return 0, false
}

// decodeCharset makes UTF-8 of octets. ok is false when they are not what the
// charset says; then each wrong octet is U+FFFD, or the octets were read as
// windows-1252 where nothing better is known. NUL becomes U+FFFD too: it can
// stand in no text that people or JSON work with.
func decodeCharset(b []byte, name string) (s string, ok bool) {
	name = strings.ToLower(strings.Trim(strings.TrimSpace(name), `"'`))
	switch name {
	case "", "utf-8", "utf8", "us-ascii", "ascii", "unknown-8bit", "x-unknown", "unknown":
		switch {
		case wideMark(b):
			name, ok = "utf-16", name == ""
		case utf8.Valid(b):
			return clean(string(b), true)
		case anyUTF8(b):
			return clean(string(b), false)
		default:
			name, ok = "windows-1252", false
		}
	case "iso-8859-1", "iso8859-1", "iso_8859-1", "latin1", "latin-1":
		name, ok = "windows-1252", true // as the Encoding Standard of the WHATWG has it: what they differ in are no letters
	default:
		ok = true
	}
	r, err := charset.Reader(name, bytes.NewReader(b))
	if err != nil {
		if utf8.Valid(b) {
			return clean(string(b), false)
		}
		if r, err = charset.Reader("windows-1252", bytes.NewReader(b)); err != nil {
			return clean(string(b), false)
		}
		ok = false
	}
	decoded, err := io.ReadAll(r)
	return clean(string(decoded), ok && err == nil)
}

// wideMark reports whether octets begin with the byte order mark of UTF-16, in
// either order, as files of Windows have it.
func wideMark(b []byte) bool {
	return len(b) >= 2 && len(b)%2 == 0 && (b[0] == 0xff && b[1] == 0xfe || b[0] == 0xfe && b[1] == 0xff)
}

// anyUTF8 reports whether octets that are no UTF-8 as a whole have a letter of it
// beyond ASCII; where there is none, another charset was meant.
func anyUTF8(b []byte) bool {
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		if r >= utf8.RuneSelf && r != utf8.RuneError {
			return true
		}
		b = b[size:]
	}
	return false
}

func clean(s string, ok bool) (string, bool) {
	s = strings.TrimPrefix(s, "\uFEFF") // a byte order mark is no text
	if !utf8.ValidString(s) {
		s, ok = strings.ToValidUTF8(s, "\uFFFD"), false
	}
	if strings.IndexByte(s, 0) >= 0 {
		s, ok = strings.ReplaceAll(s, "\x00", "\uFFFD"), false
	}
	return s, ok
}
