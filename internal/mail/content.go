package mail

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Content is what a mail says: a decrypted MIME entity, the body of a mail in
// clear, or the plaintext of an inline message.
type Content struct {
	// The header of the entity itself. Protected is true when it says that
	// these fields are the author's (protected-headers="v1", or hp of RFC
	// 9788); inside an encrypted mail they are so in either case.
	Protected bool
	Subject   string
	From      *Address
	ReplyTo   *Address
	To        []Address // and those of Cc
	Date      time.Time
	MessageID string // without angle brackets

	Text string // UTF-8, lines end with LF; format=flowed and HTML undone
	HTML bool   // Text was made from HTML: table cells are separated by tabs

	Attachments []Attachment
	Keys        [][]byte    // OpenPGP certificates, armored or binary, not checked
	Signed      *SignedPart // what a signature inside covers, or nil

	CharsetProblems bool // octets did not fit their charset; wrong ones are U+FFFD

	enclosed []Enclosed // what Enclosed found before Forget
	forgot   bool
}

// Attachment is one file, in the order of the mail; images that the text shows
// count. The text itself, certificates and signatures do not.
type Attachment struct {
	Name        string // made safe (SafeName)
	ContentType string // lower case, without parameters
	SHA256      string // of Data: lower-case hexadecimal
	Size        int64  // octets of Data
	Data        []byte // transfer encoding undone; may be a part of the input
	Inline      bool   // to be shown within the text
	Sniffed     string // type by the first octets (WHATWG MIME Sniffing), without parameters; "" when they tell nothing
}

// SignedPart is what a signature inside an encrypted or clear mail covers:
// multipart/signed at the root (RFC 3156 section 5), or a clear-signed text
// (RFC 9580 section 7). When a clear-signed text does not fill the whole text,
// there is no SignedPart: words that nobody signed must not look signed.
type SignedPart struct {
	Data      []byte // the exact octets, line ends CRLF
	Signature []byte // armored or binary detached signature
}

// ParseContent reads a MIME entity. It always returns a Content; the error is
// nil or a *MalformedError. An entity that does not begin with a header of
// mail is taken as a text in UTF-8.
func ParseContent(raw []byte, lim Limits) (*Content, error) {
	b := newBuilder(lim)
	if int64(len(raw)) > b.lim.Size {
		b.faults.limit("mail", "the content is longer than the limit; the rest was not read")
		raw = raw[:b.lim.Size]
	}
	if i := bytes.IndexByte(raw, '\n'); i == 0 || i > 0 && raw[i-1] != '\r' {
		raw = crlf(raw) // local line ends; digests are of the canonical form (RFC 2049 section 4)
	}
	root, found := b.root(raw)
	if !found || !isMailHeader(root.header) {
		b.plainText(raw, "")
		return b.finish()
	}
	b.open(root)
	return b.finish()
}

// ParseInline reads the plaintext of an inline message in the given charset;
// "" is UTF-8. The error is nil or a *MalformedError.
//
// Programs that encrypt what is in the window send HTML as it is; it is undone
// when the whole text is a page.
func ParseInline(plaintext []byte, charset string, lim Limits) (*Content, error) {
	b := newBuilder(lim)
	b.plainText(plaintext, charset)
	if n := len(b.texts) - 1; n >= 0 && isPage(b.texts[n]) {
		b.texts[n], b.c.HTML = htmlText(b.texts[n], b.lim.Text), true
	}
	return b.finish()
}

// isPage reports whether a text is an HTML page, or what programs send as one:
// a single block from the first tag to the last.
func isPage(s string) bool {
	s = strings.ToLower(strings.TrimSpace(s))
	switch {
	case strings.HasSuffix(s, "</html>"):
		return strings.HasPrefix(s, "<html") || strings.HasPrefix(s, "<!doctype html")
	case strings.HasPrefix(s, "<div"):
		return strings.HasSuffix(s, "</div>")
	case strings.HasPrefix(s, "<body"):
		return strings.HasSuffix(s, "</body>")
	}
	return false
}

// isMailHeader tells a header from a text that happens to begin with a word
// and a colon.
func isMailHeader(h header) bool {
	for _, f := range h {
		switch f.name {
		case "mime-version", "subject", "from", "to", "date", "message-id", "received":
			return true
		}
		if strings.HasPrefix(f.name, "content-") {
			return true
		}
	}
	return len(h) == 0
}

// builder puts a Content together.
type builder struct {
	reader
	c        Content
	texts    []string
	unnamed  int
	tooMany  bool
	textSize int
}

func newBuilder(lim Limits) *builder {
	return &builder{reader: reader{lim: lim.orDefaults()}}
}

func (b *builder) finish() (*Content, error) {
	b.c.Text = strings.Join(b.texts, "\n")
	b.keysIn([]byte(b.c.Text))
	return &b.c, b.faults.err()
}

// open takes off what wraps the content at the root: a signature, and the
// message/rfc822 that some programs put protected headers into.
func (b *builder) open(root *entity) {
	content := root
	var extra []*entity
	if isPGPSigned(root) {
		content, extra = root.parts[0], root.parts[2:]
		b.c.Signed = &SignedPart{Data: content.raw, Signature: b.data(root.parts[1])}
	}
	b.readHeader(root.header)
	b.readHeader(content.header) // what was signed stands above what was not
	if content.media == "message/rfc822" && content.disposition != "attachment" && !content.header.has("subject") {
		h, body, found := readHeader(b.data(content), b.lim.Header, content.where()+" header", &b.faults)
		if found {
			b.readHeader(h)
			content = b.entity(h, content.body, body, content.path, 2)
		}
	}
	b.c.Protected = isProtected(content)
	b.body(content)
	for _, e := range extra {
		b.walk(e)
	}
}

// isPGPSigned knows multipart/signed as RFC 3156 section 5 has it.
func isPGPSigned(e *entity) bool {
	return e.media == "multipart/signed" && len(e.parts) >= 2 && e.parts[1].media == "application/pgp-signature"
}

func isProtected(e *entity) bool {
	return e.params["protected-headers"] != "" || e.params["hp"] == "cipher" || e.params["hp"] == "clear"
}

func (b *builder) readHeader(h header) {
	if h.has("subject") {
		b.c.Subject = text(h.get("subject"))
	}
	if a := firstAddress(h.get("from")); a != nil {
		b.c.From = a
	}
	if a := firstAddress(h.get("reply-to")); a != nil {
		b.c.ReplyTo = a
	}
	if to := append(addresses(h.get("to")), addresses(h.get("cc"))...); len(to) > 0 {
		b.c.To = to
	}
	if t := date(h.get("date")); !t.IsZero() {
		b.c.Date = t
	}
	if ids := messageIDs(h.get("message-id")); len(ids) > 0 {
		b.c.MessageID = ids[0]
	}
}

// body reads the content; a leaf at the root is text unless it says otherwise.
func (b *builder) body(e *entity) {
	if len(e.parts) == 0 && (e.media == "text/plain" || e.media == "text/html") && e.disposition != "attachment" {
		b.addText(e)
		return
	}
	b.walk(e)
}

// sniffed is the type that a file's first octets show, or "".
func sniffed(data []byte) string {
	kind, _, _ := strings.Cut(http.DetectContentType(data), ";")
	if kind == "application/octet-stream" || kind == "text/plain" {
		return "" // that is what nothing shows
	}
	return kind
}

// attach keeps a file, or says that there are too many.
func (b *builder) attach(name, contentType string, data []byte, inline bool) {
	if len(b.c.Attachments) >= b.lim.Attachments {
		if !b.tooMany {
			b.faults.limit("mail", "there are more attachments than the limit; the rest was not read")
		}
		b.tooMany = true
		return
	}
	if name == "" {
		b.unnamed++
		name = fmt.Sprintf("attachment-%d%s", b.unnamed, ending(contentType))
	}
	sum := sha256.Sum256(data)
	b.c.Attachments = append(b.c.Attachments, Attachment{
		Name: SafeName(name), ContentType: contentType, SHA256: hex.EncodeToString(sum[:]),
		Size: int64(len(data)), Data: data, Inline: inline, Sniffed: sniffed(data),
	})
}
