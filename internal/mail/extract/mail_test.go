package extract

import (
	"os"
	"testing"

	"github.com/docket-psirt/docket/internal/mail"
	"github.com/docket-psirt/docket/internal/psirt"
)

// readMail makes an Input of a message file, as intake does of a mail that was
// decrypted.
func readMail(t testing.TB, path string) Input {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := mail.Parse(data, mail.DefaultLimits())
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	c, err := m.Content(nil)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	in := Input{Subject: m.Subject, Date: m.Date, Text: c.Text, HTML: c.HTML, Followup: len(m.InReplyTo) > 0}
	if m.From != nil {
		in.From.Name, in.From.Addr = m.From.Name, m.From.Addr
	}
	if m.ReplyTo != nil {
		in.ReplyTo = m.ReplyTo.Addr
	}
	for _, a := range c.Attachments {
		in.Attachments = append(in.Attachments, psirt.Attached{Mail: 1, Name: a.Name, ContentType: a.ContentType, SHA256: a.SHA256, Size: a.Size})
	}
	in.Enclosed = c.Enclosed()
	return in
}
