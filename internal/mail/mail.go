package mail

import (
	"bytes"
	"path"
	"slices"
	"strings"
	"time"
)

// Mail is the outside of a mail, before anything is decrypted. Nothing in it
// is proven: anybody can write any header.
type Mail struct {
	From, ReplyTo, Sender *Address // the first mailbox of each, or nil
	To, Cc                []Address
	Delivered             []Address // Delivered-To, X-Original-To, Envelope-To
	Subject               string    // UTF-8, one line
	MessageID             string    // without angle brackets
	InReplyTo, References []string  // without angle brackets
	Date                  time.Time // zero when there is none

	// Automatic says that no answer may be sent (RFC 3834 section 2): the mail
	// was made by a program, or sent to a list.
	Automatic bool
	Bounce    *Bounce // the mail reports a failed or delayed delivery, or nil
	Layer     Layer

	// Body is the octets after the header's empty line, as received. It is a
	// part of what Parse was given.
	Body []byte

	// AutocryptKey is the sender's certificate (binary) from the header field
	// Autocrypt, when that is valid and its address is From's, or nil.
	AutocryptKey []byte

	raw []byte
	lim Limits
}

// Parse reads the outside of a mail (RFC 5322, RFC 2045, RFC 3156). It always
// returns a Mail; the error is nil or a *MalformedError.
func Parse(raw []byte, lim Limits) (*Mail, error) {
	lim = lim.orDefaults()
	r := &reader{lim: lim}
	if int64(len(raw)) > lim.Size {
		r.faults.limit("mail", "the mail is longer than the limit; the rest was not read")
		raw = raw[:lim.Size]
	}
	root, found := r.root(raw)
	if !found {
		r.faults.add("header", "the mail has no header")
	}
	m := &Mail{Body: root.body, raw: raw, lim: lim}
	m.readHeader(root.header)
	if m.From == nil && found {
		r.faults.add("header", "the field from names no mailbox")
	}
	m.Automatic = isAutomatic(root, m.From)
	m.Bounce = r.bounce(root)
	m.AutocryptKey = autocryptKey(root.header, m.From)
	m.Layer = r.findLayer(root)
	return m, r.faults.err()
}

func (m *Mail) readHeader(h header) {
	m.From = firstAddress(h.get("from"))
	m.ReplyTo = firstAddress(h.get("reply-to"))
	m.Sender = firstAddress(h.get("sender"))
	m.To = addresses(h.get("to"))
	m.Cc = addresses(h.get("cc"))
	for _, name := range []string{"delivered-to", "x-original-to", "envelope-to"} {
		for _, value := range h.all(name) {
			m.Delivered = append(m.Delivered, addresses(value)...)
		}
	}
	m.Subject = text(h.get("subject"))
	if ids := messageIDs(h.get("message-id")); len(ids) > 0 {
		m.MessageID = ids[0]
	}
	m.InReplyTo = messageIDs(h.get("in-reply-to"))
	m.References = messageIDs(h.get("references"))
	m.Date = date(h.get("date"))
}

// BodyForHash is the body in the form that survives transport: line ends are
// CRLF, and empty lines at the end are gone. Two copies of a mail that came
// over different ways give the same octets, whatever their headers say.
func (m *Mail) BodyForHash() []byte {
	all := crlf(m.Body)
	body := bytes.TrimRight(all, "\r\n")
	if bytes.HasPrefix(all[len(body):], []byte("\r\n")) {
		return all[:len(body)+2]
	}
	return append(slices.Clip(body), '\r', '\n') // clipped: the body itself stays as it is
}

// Content reads what the mail says. plaintext is what Layer.Message held once
// opened; it is not looked at when the mail is in clear or only signed.
func (m *Mail) Content(plaintext []byte) (*Content, error) {
	switch m.Layer.Kind {
	case LayerPGPMIME:
		return ParseContent(plaintext, m.lim)
	case LayerInline:
		return ParseInline(plaintext, m.Layer.Charset, m.lim)
	case LayerAttachment:
		return m.fileContent(plaintext)
	}
	return ParseContent(m.raw, m.lim)
}

// fileContent reads the plaintext of a mail that is one encrypted file: a MIME
// entity, else a text, else a file.
func (m *Mail) fileContent(plaintext []byte) (*Content, error) {
	h, _, found := readHeader(plaintext, m.lim.orDefaults().Header, "", &faults{})
	if found && h.has("content-type") {
		return ParseContent(plaintext, m.lim)
	}
	if s, ok := decodeCharset(plaintext, ""); ok && !strings.ContainsRune(s, '\uFFFD') {
		switch strings.ToLower(path.Ext(m.Layer.Name)) {
		case "", ".txt", ".text", ".md", ".eml":
			return ParseInline(plaintext, "", m.lim)
		}
	}
	b := newBuilder(m.lim)
	b.attach(SafeName(m.Layer.Name), "application/octet-stream", plaintext, false)
	return b.finish()
}

// crlf makes every line end CRLF. It returns b itself when they all are.
func crlf(b []byte) []byte {
	if bytes.Count(b, []byte("\n")) == bytes.Count(b, []byte("\r\n")) {
		return b
	}
	out := make([]byte, 0, len(b)+len(b)/32)
	for len(b) > 0 {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			return append(out, b...)
		}
		out = append(append(out, bytes.TrimSuffix(b[:i], []byte("\r"))...), '\r', '\n')
		b = b[i+1:]
	}
	return out
}
