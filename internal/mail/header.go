package mail

import (
	"bytes"
	"mime"
	netmail "net/mail"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/emersion/go-message/charset"
)

// field is one header field, unfolded; when it was read, its name is in lower
// case.
type field struct{ name, value string }

// header is a header block, in the order of the mail.
type header []field

// get returns the first field of that name (lower case), or "".
func (h header) get(name string) string {
	for _, f := range h {
		if f.name == name {
			return f.value
		}
	}
	return ""
}

func (h header) all(name string) []string {
	var values []string
	for _, f := range h {
		if f.name == name {
			values = append(values, f.value)
		}
	}
	return values
}

func (h header) has(name string) bool {
	for _, f := range h {
		if f.name == name {
			return true
		}
	}
	return false
}

// single are the fields that RFC 5322 section 3.6 and RFC 2045 allow once.
// Where one is repeated, readers disagree about which of them holds, which is
// a way to show one sender to a person and another to a program.
var single = []string{
	"from", "sender", "reply-to", "to", "cc", "subject", "date", "message-id",
	"in-reply-to", "references", "content-type", "content-transfer-encoding", "mime-version",
}

// readHeader splits raw into its header block and its body. found is false
// when raw does not begin with a header field; then all of it is body.
func readHeader(raw []byte, max int, where string, fs *faults) (h header, body []byte, found bool) {
	rest := raw
	if bytes.HasPrefix(rest, []byte("From ")) || bytes.HasPrefix(rest, []byte(">From ")) {
		_, rest = cutLine(rest) // a line that mbox files begin mails with
	}
	first, _ := cutLine(rest)
	if len(first) > 0 && !isField(first) {
		return nil, raw, false
	}
	used, bad := 0, false
	for len(rest) > 0 {
		line, next := cutLine(rest)
		if len(line) == 0 {
			rest = next
			break
		}
		for len(next) > 0 && (next[0] == ' ' || next[0] == '\t') {
			_, next = cutLine(next)
		}
		whole := rest[:len(rest)-len(next)]
		if used += len(whole); used > max {
			fs.limit(where, "the header is longer than the limit; the rest of it was not read")
			rest = afterEmptyLine(next)
			break
		}
		rest = next
		if !isField(line) {
			bad = true
			continue
		}
		name, value, _ := bytes.Cut(whole, []byte(":"))
		h = append(h, field{strings.ToLower(string(bytes.TrimRight(name, " \t"))), unfold(value)})
	}
	if bad {
		fs.add(where, "a line is no header field")
	}
	h.checkSingle(where, fs)
	return h, rest, true
}

func (h header) checkSingle(where string, fs *faults) {
	count := map[string]int{}
	for _, f := range h {
		count[f.name]++
	}
	for _, name := range single {
		if count[name] > 1 {
			fs.add(where, "the field "+name+" is there more than once; the first was taken")
		}
	}
}

// cutLine returns the first line without its end (CRLF or LF), and the rest.
func cutLine(b []byte) (line, rest []byte) {
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		return b, nil
	}
	return bytes.TrimSuffix(b[:i], []byte("\r")), b[i+1:]
}

func afterEmptyLine(b []byte) []byte {
	for len(b) > 0 {
		line, rest := cutLine(b)
		if len(line) == 0 {
			return rest
		}
		b = rest
	}
	return nil
}

// isField reports whether a line begins like a header field: a name of
// printable ASCII (RFC 5322 section 2.2), perhaps blanks, and a colon.
func isField(line []byte) bool {
	name, _, ok := bytes.Cut(line, []byte(":"))
	name = bytes.TrimRight(name, " \t")
	if !ok || len(name) == 0 || len(name) > 200 {
		return false
	}
	for _, c := range name {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return true
}

// unfold undoes folding (RFC 5322 section 2.2.3) and takes out what no field
// may hold, so that no value can smuggle a line end on.
func unfold(value []byte) string {
	s := strings.Map(func(r rune) rune {
		switch r {
		case '\r', '\n', 0:
			return -1
		}
		return r
	}, decodeBytes(value))
	return strings.TrimSpace(s)
}

// decodeBytes makes UTF-8 of raw octets in a header: as such if they are
// valid, else as windows-1252, which old programs sent.
func decodeBytes(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	s, _ := decodeCharset(b, "windows-1252")
	return s
}

var words = &mime.WordDecoder{CharsetReader: charset.Reader}

// text decodes the encoded words of a value (RFC 2047). What cannot be decoded
// stays as it is.
func text(value string) string {
	decoded, err := words.DecodeHeader(value)
	if err != nil {
		return value
	}
	decoded = strings.Map(func(r rune) rune {
		switch {
		case r == '\t', r == '\n', r == '\r':
			return ' '
		case r < ' ', r == 0x7f:
			return -1
		}
		return r
	}, decoded)
	return strings.TrimSpace(strings.ToValidUTF8(decoded, "\uFFFD"))
}

// date reads a date (RFC 5322 section 3.3); the zero time when there is none
// or it cannot be read.
func date(value string) time.Time {
	t, err := netmail.ParseDate(value)
	if err != nil {
		return time.Time{}
	}
	return t
}

// messageIDs finds the identifiers between angle brackets (RFC 5322 section
// 3.6.4), and takes no offence at what stands around them.
func messageIDs(value string) []string {
	const most = 1000
	var ids []string
	for len(ids) < most {
		_, after, ok := strings.Cut(value, "<")
		if !ok {
			break
		}
		id, rest, ok := strings.Cut(after, ">")
		if !ok {
			break
		}
		if id = strings.TrimSpace(id); validID(id) {
			ids = append(ids, id)
		}
		value = rest
	}
	if len(ids) == 0 && validID(value) {
		ids = append(ids, value) // written without brackets
	}
	return ids
}

// validID reports whether id can be a message identifier.
func validID(id string) bool {
	if id == "" || len(id) > 900 {
		return false
	}
	return !strings.ContainsFunc(id, func(r rune) bool {
		return r <= ' ' || r > '~' || r == '<' || r == '>'
	})
}
