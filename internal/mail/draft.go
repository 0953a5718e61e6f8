package mail

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"mime"
	"mime/quotedprintable"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	gomail "github.com/emersion/go-message/mail"
	"github.com/emersion/go-message/textproto"
)

// Draft is a mail that goes out. The same Draft gives the same octets: all
// line ends are CRLF, no line is longer than 998 octets, and boundaries follow
// from the Message-ID.
type Draft struct {
	From, To   Address
	ReplyTo    *Address // or nil
	Subject    string   // one line, UTF-8; inside the encryption for Entity
	Date       time.Time
	MessageID  string   // without angle brackets
	InReplyTo  string   // without angle brackets, or ""
	References []string // without angle brackets, oldest first
	Text       string   // UTF-8, lines end with LF
	Keys       []KeyFile

	// Auto marks the mail as a program's (RFC 3834 section 5), so that no other
	// program answers it.
	Auto bool
}

// KeyFile is an armored certificate that goes along (RFC 3156 section 7).
type KeyFile struct {
	Name string // of the file, such as "psirt.asc"
	Data string
}

// DraftError says which field of a Draft cannot be sent, and why. It does not
// hold the field's value.
type DraftError struct{ Field, Problem string }

func (e *DraftError) Error() string { return "mail to send: " + e.Field + " " + e.Problem }

// Entity is the MIME entity that is to be encrypted. Its header repeats
// Subject, From, To, Date, Message-ID and In-Reply-To, marked
// protected-headers="v1", so that the reader's program shows these and not
// the ones outside.
func (d Draft) Entity() ([]byte, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	fields, body, err := d.content(map[string]string{"protected-headers": "v1"})
	if err != nil {
		return nil, err
	}
	d.References = nil
	return d.write(d.Subject, fields, body)
}

// Encrypted is the whole mail around an armored OpenPGP message (RFC 3156
// section 4). outerSubject is what everybody on the way can read.
func (d Draft) Encrypted(armored, outerSubject string) ([]byte, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	if err := checkLine("outer subject", outerSubject); err != nil {
		return nil, err
	}
	message := bytes.TrimSpace(crlf([]byte(armored)))
	if b := armorBlocks(message, armorMessage); len(b) != 1 || b[0].start != 0 || b[0].end != len(message) {
		return nil, &DraftError{"the encrypted text", "is not one armored OpenPGP message"}
	}
	boundary := d.boundary("encrypted")
	fields := append(d.marks(), field{"Content-Type", mime.FormatMediaType("multipart/encrypted",
		map[string]string{"protocol": "application/pgp-encrypted", "boundary": boundary})})
	var b bytes.Buffer
	fmt.Fprintf(&b, "This is an OpenPGP/MIME encrypted message (RFC 3156).\r\n--%s\r\n", boundary)
	b.WriteString("Content-Type: application/pgp-encrypted\r\nContent-Description: PGP/MIME version identification\r\n\r\nVersion: 1\r\n")
	fmt.Fprintf(&b, "\r\n--%s\r\n", boundary)
	b.WriteString("Content-Type: application/octet-stream; name=\"encrypted.asc\"\r\n" +
		"Content-Description: OpenPGP encrypted message\r\nContent-Disposition: inline; filename=\"encrypted.asc\"\r\n\r\n")
	b.Write(message)
	fmt.Fprintf(&b, "\r\n\r\n--%s--\r\n", boundary)
	return d.write(outerSubject, fields, b.Bytes())
}

// Clear is the whole mail in clear: for notes that say nothing of a case's
// content.
func (d Draft) Clear() ([]byte, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	fields, body, err := d.content(nil)
	if err != nil {
		return nil, err
	}
	return d.write(d.Subject, append(d.marks(), fields...), body)
}

func list(a Address) []*gomail.Address {
	return []*gomail.Address{{Name: a.Name, Address: a.Addr}}
}

func brackets(ids []string) string { return "<" + strings.Join(ids, "> <") + ">" }

// marks are the fields of a whole mail, beside those of its content.
func (d Draft) marks() []field {
	fields := []field{{"MIME-Version", "1.0"}}
	switch {
	case d.Auto && d.InReplyTo != "":
		fields = append(fields, field{"Auto-Submitted", "auto-replied"})
	case d.Auto:
		fields = append(fields, field{"Auto-Submitted", "auto-generated"})
	}
	return fields
}

// content makes the body and the fields that describe it. params are added to
// the content type of the root.
func (d Draft) content(params map[string]string) (fields []field, body []byte, err error) {
	encoding, body, err := encodeText(d.Text)
	if err != nil {
		return nil, nil, err
	}
	typed := map[string]string{}
	maps.Copy(typed, params)
	if len(d.Keys) == 0 {
		typed["charset"] = "utf-8"
		return []field{
			{"Content-Type", mime.FormatMediaType("text/plain", typed)},
			{"Content-Transfer-Encoding", encoding},
		}, body, nil
	}
	boundary := d.boundary("mixed")
	typed["boundary"] = boundary
	var b bytes.Buffer
	fmt.Fprintf(&b, "--%s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: %s\r\n\r\n%s", boundary, encoding, body)
	for _, key := range d.Keys {
		name := strings.Map(quotable, SafeName(key.Name))
		fmt.Fprintf(&b, "\r\n--%s\r\nContent-Type: application/pgp-keys; name=\"%s\"\r\n", boundary, name)
		fmt.Fprintf(&b, "Content-Disposition: attachment; filename=\"%s\"\r\n\r\n", name)
		b.Write(bytes.TrimSpace(crlf([]byte(key.Data))))
		b.WriteString("\r\n")
	}
	fmt.Fprintf(&b, "\r\n--%s--\r\n", boundary)
	return []field{{"Content-Type", mime.FormatMediaType("multipart/mixed", typed)}}, b.Bytes(), nil
}

// quotable keeps what can stand in a quoted string without an escape.
func quotable(r rune) rune {
	if r < ' ' || r > '~' || r == '"' || r == '\\' {
		return '_'
	}
	return r
}

// boundary follows from the Message-ID, and cannot stand in quoted-printable
// text or armor ("=_", RFC 2045 section 6.7).
func (d Draft) boundary(use string) string {
	sum := sha256.Sum256([]byte(use + " " + d.MessageID))
	return "=_" + hex.EncodeToString(sum[:16])
}

// encodeText makes CRLF lines of a text: as it is where that is safe on every
// way, else quoted-printable, or base64 where that is half as long.
func encodeText(text string) (encoding string, body []byte, err error) {
	text = strings.TrimRight(lf(text), "\n") + "\n"
	if plainLines(text) {
		return "7bit", []byte(strings.ReplaceAll(text, "\n", "\r\n")), nil
	}
	var b bytes.Buffer
	w := quotedprintable.NewWriter(&b)
	if _, err = w.Write([]byte(text)); err == nil {
		err = w.Close()
	}
	if err != nil {
		return "", nil, fmt.Errorf("encode the text: %w", err)
	}
	if b.Len() > 2*len(text) {
		return "base64", wrapBase64([]byte(strings.ReplaceAll(text, "\n", "\r\n"))), nil
	}
	return "quoted-printable", b.Bytes(), nil
}

func wrapBase64(data []byte) []byte {
	coded := base64.StdEncoding.EncodeToString(data)
	var b bytes.Buffer
	for len(coded) > 76 {
		b.WriteString(coded[:76] + "\r\n")
		coded = coded[76:]
	}
	b.WriteString(coded + "\r\n")
	return b.Bytes()
}

// plainLines reports whether no transport will change the text: ASCII, lines
// of at most 78, no blank at a line's end (RFC 3156 section 3), and no line
// that mbox files or boundaries would claim.
func plainLines(text string) bool {
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if len(line) > 78 || strings.HasSuffix(line, " ") || strings.HasSuffix(line, "\t") ||
			strings.HasPrefix(line, "From ") || strings.HasPrefix(line, "--=_") || line == "." {
			return false
		}
		for i := 0; i < len(line); i++ {
			if c := line[i]; c < ' ' && c != '\t' || c > '~' {
				return false
			}
		}
	}
	return true
}

// write puts header and body together, and holds what Draft promises. fields
// stand after those of the envelope.
func (d Draft) write(subject string, fields []field, body []byte) ([]byte, error) {
	var h gomail.Header // writes first what was added last
	for _, f := range slices.Backward(fields) {
		h.Add(f.name, f.value)
	}
	if len(d.References) > 0 {
		h.Add("References", brackets(d.References))
	}
	if d.InReplyTo != "" {
		h.Add("In-Reply-To", brackets([]string{d.InReplyTo}))
	}
	h.Add("Message-ID", brackets([]string{d.MessageID}))
	h.Add("Date", d.Date.UTC().Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	h.Add("Subject", encodeWords(subject))
	if d.ReplyTo != nil {
		h.SetAddressList("Reply-To", list(*d.ReplyTo))
	}
	h.SetAddressList("To", list(d.To))
	h.SetAddressList("From", list(d.From))
	var b bytes.Buffer
	if err := textproto.WriteHeader(&b, h.Header.Header); err != nil {
		return nil, fmt.Errorf("write the header: %w", err)
	}
	b.Write(body)
	if err := checkWire(b.Bytes()); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// encodeWords makes encoded words (RFC 2047) where they are needed: also for
// ASCII that looks like one, and for words that no line could hold.
func encodeWords(s string) string {
	long := slices.ContainsFunc(strings.Fields(s), func(word string) bool { return len(word) > 60 })
	if !long && !strings.Contains(s, "=?") && !strings.Contains(s, "  ") {
		return mime.QEncoding.Encode("utf-8", s)
	}
	var words []string
	for len(s) > 0 {
		n := min(len(s), 42) // 56 in base64, 68 as an encoded word; at most 75
		for n < len(s) && !utf8.RuneStart(s[n]) {
			n--
		}
		words = append(words, "=?utf-8?b?"+base64.StdEncoding.EncodeToString([]byte(s[:n]))+"?=")
		s = s[n:]
	}
	return strings.Join(words, " ")
}

// check refuses what would break a header or let words into another field.
func (d Draft) check() error {
	if err := checkLine("subject", d.Subject); err != nil {
		return err
	}
	if d.Date.IsZero() {
		return &DraftError{"date", "is missing"}
	}
	named := map[string]*Address{"from": &d.From, "to": &d.To, "reply-to": d.ReplyTo}
	for _, field := range []string{"from", "to", "reply-to"} {
		a := named[field]
		if a == nil {
			continue
		}
		if !validAddr(a.Addr) {
			return &DraftError{field, "is no mail address (local-part@domain)"}
		}
		if err := checkLine("name in "+field, a.Name); err != nil {
			return err
		}
	}
	ids := append([]string{d.MessageID}, d.References...)
	if d.InReplyTo != "" {
		ids = append(ids, d.InReplyTo)
	}
	for _, id := range ids {
		if !validID(id) {
			return &DraftError{"message-id, in-reply-to or references", "is no message identifier (printable ASCII, no brackets)"}
		}
	}
	if !utf8.ValidString(d.Text) {
		return &DraftError{"text", "is not UTF-8"}
	}
	return nil
}

func checkLine(field, value string) error {
	switch {
	case !utf8.ValidString(value):
		return &DraftError{field, "is not UTF-8"}
	case len(value) > 900:
		return &DraftError{field, "is longer than 900 octets"}
	case strings.ContainsFunc(value, unicode.IsControl):
		return &DraftError{field, "holds a control character or a line end"}
	}
	return nil
}

// errWire is why a mail is not handed to a server as it is.
var errWire = errors.New("the mail is not in the form for SMTP: every line must end with CRLF and have at most 998 octets (RFC 5321 section 4.5.3.1.6)")

// checkWire holds what SMTP would otherwise change or refuse: line ends, the
// length of lines, NUL, and the end of the last line.
func checkWire(data []byte) error {
	if !bytes.HasSuffix(data, []byte("\r\n")) || bytes.IndexByte(data, 0) >= 0 {
		return errWire
	}
	for len(data) > 0 {
		i := bytes.IndexByte(data, '\n')
		if i < 1 || data[i-1] != '\r' || i > 999 || bytes.IndexByte(data[:i-1], '\r') >= 0 {
			return errWire
		}
		data = data[i+1:]
	}
	return nil
}
