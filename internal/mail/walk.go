package mail

import (
	"bytes"
	"strings"
)

// isText reports whether a leaf is part of the text for people: a text in a
// form that can be read as such, and no file.
func (e *entity) isText() bool {
	switch e.media {
	case "text/plain", "text/html", "text/markdown":
		return len(e.parts) == 0 && e.disposition != "attachment" && e.filename == ""
	}
	return false
}

// walk reads an entity that stands beside others (RFC 2046 section 5.1).
func (b *builder) walk(e *entity) {
	switch {
	case len(e.parts) == 0:
		b.leaf(e)
	case e.media == "multipart/alternative":
		b.alternative(e)
	case e.media == "multipart/related":
		b.related(e)
	default:
		for _, p := range e.parts {
			b.walk(p)
		}
	}
}

// alternative takes the text of the plainest form that says anything, and the
// files of every form.
func (b *builder) alternative(e *entity) {
	chosen := -1
	for i, p := range e.parts {
		if p.media == "text/plain" && p.isText() && !b.isBlankText(p) {
			chosen = i
			break
		}
	}
	if chosen >= 0 && b.isStub(e.parts[chosen], e.parts[chosen+1:]) {
		chosen = -1
	}
	if chosen < 0 {
		for i, p := range e.parts { // RFC 2046 section 5.1.4: the last is the best
			if holdsText(p) {
				chosen = i
			}
		}
	}
	for i, p := range e.parts {
		if i == chosen {
			b.walk(p)
			continue
		}
		for _, leaf := range p.leaves() {
			if !leaf.isText() {
				b.leaf(leaf)
			}
		}
	}
}

// Sizes of texts, in octets, between which a plain form says only that there is
// a better one.
const (
	stubText    = 200
	stubsFactor = 4
)

// isStub reports whether a plain text is but a line, and the HTML beside it is
// the mail.
func (b *builder) isStub(plain *entity, others []*entity) bool {
	said, _ := b.text(plain)
	if said = strings.TrimSpace(said); len(said) > stubText {
		return false
	}
	for _, o := range others {
		for _, leaf := range o.leaves() {
			if leaf.media == "text/html" && leaf.isText() {
				page, _ := b.text(leaf)
				return len(htmlText(page, b.lim.Text)) > stubsFactor*max(len(said), 40)
			}
		}
	}
	return false
}

func holdsText(e *entity) bool {
	for _, leaf := range e.leaves() {
		if leaf.isText() {
			return true
		}
	}
	return false
}

// related reads a root and what it shows (RFC 2387).
func (b *builder) related(e *entity) {
	for i, p := range e.parts {
		if i == 0 || len(p.parts) > 0 {
			b.walk(p)
			continue
		}
		b.file(p, p.disposition != "attachment")
	}
}

func (b *builder) leaf(e *entity) {
	switch {
	case isProtected(e) && b.isHeaderCopy(e):
		// For programs that cannot show protected headers; see readHeader.
	case e.isText():
		b.addText(e)
	default:
		// What has a Content-ID is there to be shown (RFC 2392).
		b.file(e, e.disposition == "inline" || e.disposition == "" && e.header.has("content-id"))
	}
}

// isHeaderCopy reports whether a leaf holds header fields and nothing else.
func (b *builder) isHeaderCopy(e *entity) bool {
	if e.media != "text/rfc822-headers" && e.media != "text/plain" {
		return false
	}
	var fs faults
	h, rest, found := readHeader(b.data(e), b.lim.Header, "", &fs)
	if !found || len(h) == 0 || len(fs.list) > 0 || !isBlank(rest) {
		return false
	}
	if b.c.Subject == "" {
		b.readHeader(h)
	}
	return true
}

// file keeps a leaf that is not text: a key, a signature or an attachment.
func (b *builder) file(e *entity, inline bool) {
	switch e.media {
	case "application/pgp-signature", "application/pgp-encrypted",
		"application/pkcs7-signature", "application/x-pkcs7-signature":
		return // wrapping; the mail itself is kept as evidence
	}
	data := b.data(e)
	keys, only := keyBlocks(data)
	b.addKeys(keys)
	if e.media == "application/pgp-keys" {
		if len(keys) == 0 {
			b.addKeys([][]byte{data})
		}
		return
	}
	if !only {
		b.attach(e.filename, e.media, data, inline)
	}
}

// keyBlocks finds armored certificates; only is true when data is nothing
// else.
func keyBlocks(data []byte) (keys [][]byte, only bool) {
	rest, at := 0, 0
	for _, block := range armorBlocks(data, armorKey) {
		if !block.whole {
			continue
		}
		keys = append(keys, data[block.start:block.end])
		if !isBlank(data[at:block.start]) {
			rest++
		}
		at = block.end
	}
	return keys, len(keys) > 0 && rest == 0 && isBlank(data[at:])
}

// mostKeys bounds what a mail can have us look at.
const mostKeys = 20

func (b *builder) addKeys(keys [][]byte) {
	for _, key := range keys {
		if len(b.c.Keys) >= mostKeys {
			return
		}
		if !b.hasKey(key) {
			b.c.Keys = append(b.c.Keys, key)
		}
	}
}

func (b *builder) hasKey(key []byte) bool {
	for _, k := range b.c.Keys {
		if bytes.Equal(k, key) {
			return true
		}
	}
	return false
}

func (b *builder) keysIn(text []byte) {
	keys, _ := keyBlocks(text)
	b.addKeys(keys)
}

// addText adds a text part to the text.
func (b *builder) addText(e *entity) {
	s, ok := b.text(e)
	b.c.CharsetProblems = b.c.CharsetProblems || !ok
	s = lf(s)
	switch {
	case e.media == "text/html":
		b.c.HTML = true
		s = htmlText(s, b.lim.Text)
	case strings.EqualFold(e.params["format"], "flowed") && !strings.Contains(s, "-----BEGIN PGP"):
		s = unflow(s, strings.EqualFold(e.params["delsp"], "yes"))
	}
	if head, rest, ok := strings.Cut(s, "\n\n"); ok && e.params["hp-legacy-display"] == "1" && isField([]byte(head)) {
		s = rest // RFC 9788 section 4.5.3: a copy of the protected headers
	}
	b.say(s, e.where())
}

// plainText takes a whole plaintext as text.
func (b *builder) plainText(data []byte, charset string) {
	if len(data) > b.lim.Text {
		b.faults.limit("mail", "the text is longer than the limit; the rest was not read")
		data = data[:b.lim.Text]
	}
	s, ok := decodeCharset(data, charset)
	b.c.CharsetProblems = b.c.CharsetProblems || !ok
	b.say(lf(s), "mail")
}

// say adds to the text, up to the limit, and opens a clear-signed text.
func (b *builder) say(s, where string) {
	if len(b.texts) > 0 && strings.TrimSpace(s) == "" {
		return
	}
	if b.c.Signed == nil && len(b.texts) == 0 {
		if inner, signed := clearSigned(s); signed != nil {
			s, b.c.Signed = inner, signed
		}
	}
	if b.textSize+len(s) > b.lim.Text {
		b.faults.limit(where, "the text is longer than the limit; the rest was not read")
		s = strings.ToValidUTF8(s[:b.lim.Text-b.textSize], "")
	}
	b.textSize += len(s)
	b.texts = append(b.texts, s)
}

// lf makes every line end LF.
func lf(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.ReplaceAll(s, "\r", "\n")
}
