package mail

import (
	"strings"
	"testing"
)

func attached(c *Content) string {
	var names []string
	for _, a := range c.Attachments {
		name := a.Name
		if a.Inline {
			name += " (inline)"
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

func TestRelated(t *testing.T) {
	t.Parallel()
	c := mustContent(t, lines("Content-Type: multipart/related; boundary=r", "", "--r", "Content-Type: multipart/alternative; boundary=a", "",
		"--a", "Content-Type: text/html", "", "see <img src=cid:x alt=picture>", "--a--",
		"--r", "Content-Type: image/jpeg", "", "JPEG", "--r", "Content-Type: image/svg+xml; name=y.svg", "Content-Disposition: attachment", "", "<svg>",
		"--r", "Content-Type: text/html; name=page.html", "", "<p>", "--r", "Content-Type: text/calendar", "", "BEGIN", "--r--"))
	if c.Text != "see picture\n" {
		t.Errorf("text %q", c.Text)
	}
	if got := attached(c); got != "attachment-1.jpg (inline), y.svg, page.html (inline), attachment-2.ics (inline)" {
		t.Errorf("attachments %s", got)
	}
}

// TestWrapped: some programs put a whole mail inside the encryption.
func TestWrapped(t *testing.T) {
	t.Parallel()
	c := mustContent(t, lines("Content-Type: message/rfc822; protected-headers=v1", "", "From: a@example.org", "Subject: inside",
		"Content-Type: multipart/mixed; boundary=b", "", "--b", "", "words", "--b", "Content-Type: x/y; name=f.bin", "", "f", "--b--"))
	if c.Subject != "inside" || c.From.Addr != "a@example.org" || c.Text != "words" || attached(c) != "f.bin" {
		t.Errorf("%+v", c)
	}
	c = mustContent(t, lines("Subject: Fwd", "Content-Type: message/rfc822", "", "From: a@example.org", "Subject: inside", "", "words"))
	if c.Subject != "Fwd" || c.Text != "" || attached(c) != "attachment-1.eml" {
		t.Errorf("a mail that was sent on: %+v", c)
	}
}

func TestSignedWithAListsFooter(t *testing.T) {
	t.Parallel()
	c := mustContent(t, lines("Content-Type: multipart/signed; boundary=s; protocol=\"application/pgp-signature\"", "", "--s", "", "words",
		"--s", "Content-Type: application/pgp-signature", "", "sig", "--s", "", "footer", "--s--"))
	if c.Signed == nil || string(c.Signed.Data) != "\r\nwords" || c.Text != "words\nfooter" {
		t.Errorf("%+v", c)
	}
}

func TestRawOctetsInAHeader(t *testing.T) {
	t.Parallel()
	m := mustParse(t, lines("From: S\xf8ren <s@example.org>", "Subject: caf\xc3\xa9", "", "x"))
	if m.From.Name != "Søren" || m.Subject != "café" {
		t.Errorf("%+v, %q", m.From, m.Subject)
	}
}

func TestBinaryEncryptedFile(t *testing.T) {
	t.Parallel()
	g := newGPG(t)
	message := string(wrapBase64(g.encrypt(t, []byte("The length is not checked.\n"))))
	part := []string{"--b", "Content-Type: application/octet-stream; name=REPORT.TXT.GPG", "Content-Transfer-Encoding: base64", "", message}
	head := []string{"From: a@example.org", "Content-Type: multipart/mixed; boundary=b", "", "--b", "Content-Type: text/html", "", "<p>&nbsp;</p>"}
	m := mustParse(t, lines(append(append(append([]string{}, head...), part...), "--b--")...))
	if m.Layer.Kind != LayerAttachment || !m.Layer.Whole || m.Layer.Name != "REPORT.TXT" {
		t.Fatalf("%v, whole %v, name %s", m.Layer.Kind, m.Layer.Whole, m.Layer.Name)
	}
	c, err := m.Content(g.decrypt(t, m.Layer.Message))
	if err != nil || c.Text != "The length is not checked.\n" || attached(c) != "" {
		t.Errorf("%v, text %q, attachments %s", err, c.Text, attached(c))
	}
	head[6] = "<img src=https://example.org/>"
	if m := mustParse(t, lines(append(append(append([]string{}, head...), part...), "--b--")...)); m.Layer.Whole {
		t.Error("a picture beside the file does not count")
	}
	twice := append(append(append(append([]string{}, head...), part...), part...), "--b--")
	if m := mustParse(t, lines(twice...)); m.Layer.Kind != LayerNone {
		t.Errorf("two encrypted files: %v", m.Layer.Kind)
	}
	signature := lines("From: a@example.org", "Content-Type: application/octet-stream; name=x.asc", "", "-----BEGIN PGP SIGNATURE-----")
	if m := mustParse(t, signature); m.Layer.Kind != LayerNone {
		t.Errorf("a file that is no message: %v", m.Layer.Kind)
	}
}
