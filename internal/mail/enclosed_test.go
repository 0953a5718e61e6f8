package mail

import (
	"os"
	"strings"
	"testing"
)

// TestEnclosed reads the texts of attachments, and leaves out what is none.
func TestEnclosed(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile("testdata/pdf/report.pdf")
	if err != nil {
		t.Fatal(err)
	}
	forwarded := "From: Ada Fictitious <ada@example.org>\r\nSubject: =?utf-8?q?L=C3=BCcke?=\r\nDate: Mon, 1 Mar 2027 10:00:00 +0100\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nit leaks\r\n"
	c := &Content{Attachments: []Attachment{
		{Name: "report.pdf", ContentType: "application/octet-stream", Data: document},
		{Name: "broken.pdf", ContentType: "application/pdf", Data: document[:200]},
		{Name: "forwarded.eml", ContentType: "message/rfc822", Data: []byte(forwarded)},
		{Name: "sealed.eml", ContentType: "message/rfc822", Data: []byte("From: a@example.org\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n\r\nwcBMAw==\r\n=AAAA\r\n-----END PGP MESSAGE-----\r\n")},
		{Name: "notes.md", ContentType: "text/markdown", Data: []byte("# Notes\r\nx\r\n")},
		{Name: "page.html", ContentType: "text/html", Data: []byte("<p>a</p><p>b</p>")},
		{Name: "picture.png", ContentType: "image/png", Data: []byte("\x89PNG")},
	}}
	want := []struct{ name, text, from, subject string }{
		{"report.pdf", "Report of a weakness", "", ""},
		{"forwarded.eml", "it leaks", "ada@example.org", "Lücke"},
		{"notes.md", "# Notes\nx\n", "", ""},
		{"page.html", "a\n\nb\n", "", ""},
	}
	found := c.Enclosed()
	if len(found) != len(want) {
		t.Fatalf("%d texts, want %d: %+v", len(found), len(want), found)
	}
	for i, w := range want {
		e, from := found[i], ""
		if e.From != nil {
			from = e.From.Addr
		}
		if e.Name != w.name || !strings.HasPrefix(e.Text, w.text) || from != w.from || e.Subject != w.subject || e.Message != (from != "") {
			t.Errorf("%+v, want %+v", e, w)
		}
	}
	c.Forget()
	if again := c.Enclosed(); len(again) != len(found) || again[0].Text != found[0].Text || c.Attachments[0].Data != nil || c.Attachments[0].Name == "" {
		t.Errorf("once the octets are forgotten: %d texts of %d, %d octets left", len(again), len(found), len(c.Attachments[0].Data))
	}
}

// TestPageInline: a program that encrypts the text in its window sends HTML as
// it is.
func TestPageInline(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"<html><body><p>a</p><table><tr><td>b</td><td>c</td></tr></table></body></html>\n": "a\n\nb\tc\n",
		"<div dir=\"ltr\">a<div>b</div></div>\n":                                           "a\nb\n",
		"<div>is a tag, </p> too\n":                                                        "<div>is a tag, </p> too\n",
		"Look at this: <html>x</html>\n":                                                   "Look at this: <html>x</html>\n",
		"<html>\nis a tag\n":                                                               "<html>\nis a tag\n",
	} {
		c, err := ParseInline([]byte(text), "", DefaultLimits())
		if err != nil || c.Text != want || c.HTML != (want[0] == 'a') {
			t.Errorf("%q: %q, HTML %v, %v", text, c.Text, c.HTML, err)
		}
	}
}

// TestStubBesideHTML: a plain form that says only that there is a better one
// is not the text.
func TestStubBesideHTML(t *testing.T) {
	t.Parallel()
	page := "<p>" + strings.Repeat("The page says what is the matter. ", 20) + "</p>"
	for plain, stub := range map[string]bool{
		"This message needs an HTML mail program.": true,
		"": true,
		strings.Repeat("The text says the same again. ", 20): false,
	} {
		raw := "From: a@example.org\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n" + plain +
			"\r\n--b\r\nContent-Type: text/html\r\n\r\n" + page + "\r\n--b--\r\n"
		c, err := ParseContent([]byte(raw), DefaultLimits())
		if err != nil || c.HTML != stub {
			t.Errorf("%.20q: HTML %v, want %v (%v)", plain, c.HTML, stub, err)
		}
	}
}
