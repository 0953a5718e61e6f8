package mail

import (
	"path"
	"strings"
	"time"
)

// Enclosed is a text that came as a file: a mail that was forwarded whole, or a
// report in a document.
type Enclosed struct {
	Name string // of the attachment
	Text string // UTF-8, lines end with LF
	HTML bool   // Text was made from HTML: table cells are separated by tabs

	// Of a forwarded mail (message/rfc822); nil, empty and zero otherwise, or
	// where it does not say.
	Message bool
	From    *Address
	ReplyTo *Address
	Subject string
	Date    time.Time
}

// Bounds on what is read of files.
const (
	mostEnclosed     = 6
	mostEnclosedText = 256 << 10 // octets of each
)

// Enclosed reads the texts of attachments: forwarded mails, PDF and word
// processor documents, and files of plain text, Markdown and HTML. What cannot be read is left out; the
// attachment stays what it is. A forwarded mail that is encrypted is not
// opened, and of what such a mail encloses nothing is read.
func (c *Content) Enclosed() []Enclosed {
	if c.forgot {
		return c.enclosed
	}
	var found []Enclosed
	for _, a := range c.Attachments {
		if len(found) >= mostEnclosed {
			break
		}
		if e, ok := a.enclosed(); ok && strings.TrimSpace(e.Text) != "" {
			e.Name = a.Name
			found = append(found, e)
		}
	}
	return found
}

// Forget lets go of the octets of attachments. Their names and digests stay,
// and so does what Enclosed reads of them.
func (c *Content) Forget() {
	c.enclosed, c.forgot = c.Enclosed(), true
	for i := range c.Attachments {
		c.Attachments[i].Data = nil
	}
}

func (a *Attachment) enclosed() (Enclosed, bool) {
	lim := Limits{Text: mostEnclosedText}.orDefaults()
	ext := strings.ToLower(path.Ext(a.Name))
	switch {
	case a.ContentType == "message/rfc822", ext == ".eml":
		return forwarded(a.Data, lim)
	case a.ContentType == "application/pdf", ext == ".pdf":
		return Enclosed{Text: pdfText(a.Data, mostEnclosedText)}, true
	case ext == ".docx", ext == ".odt", a.ContentType == "application/vnd.openxmlformats-officedocument.wordprocessingml.document", a.ContentType == "application/vnd.oasis.opendocument.text":
		return Enclosed{Text: officeText(a.Data, mostEnclosedText)}, true
	case a.ContentType == "text/html", ext == ".html", ext == ".htm":
		s, _ := decodeCharset(a.Data[:min(len(a.Data), 4*mostEnclosedText)], "")
		return Enclosed{Text: htmlText(lf(s), mostEnclosedText), HTML: true}, true
	case a.ContentType == "text/plain", a.ContentType == "text/markdown", ext == ".txt", ext == ".md":
		s, _ := decodeCharset(a.Data[:min(len(a.Data), mostEnclosedText)], "")
		return Enclosed{Text: lf(s)}, true
	}
	return Enclosed{}, false
}

// forwarded reads a mail that is in clear.
func forwarded(raw []byte, lim Limits) (Enclosed, bool) {
	m, _ := Parse(raw, lim) // what could be read is there in any case
	if m == nil || m.Layer.Kind == LayerPGPMIME || m.Layer.Kind == LayerInline || m.Layer.Kind == LayerAttachment {
		return Enclosed{}, false
	}
	c, _ := m.Content(nil)
	if c == nil {
		return Enclosed{}, false
	}
	return Enclosed{Message: true, Text: c.Text, HTML: c.HTML, From: m.From, ReplyTo: m.ReplyTo, Subject: m.Subject, Date: m.Date}, true
}
