package mail

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// lines makes a mail: its lines end with CRLF.
func lines(l ...string) []byte { return []byte(strings.Join(l, "\r\n") + "\r\n") }

func mustParse(t *testing.T, raw []byte) *Mail {
	t.Helper()
	m, err := Parse(raw, Limits{})
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	return m
}

func report(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "reports", name+".eml"))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestParseHeader(t *testing.T) {
	t.Parallel()
	m := mustParse(t, lines(
		"Delivered-To: psirt@example.com",
		"X-Original-To: security@example.com",
		"From: =?utf-8?q?S=C3=B8ren?= Akselbjerg <s@example.org>",
		"Sender: desk@example.org", "Reply-To: \"Real, One\" <real@example.net>",
		"To: PSIRT <psirt@example.com>, other@example.com", "Cc: third@example.com",
		"Subject: =?iso-8859-1?q?Vuln=E9rabilit=E9?=",
		" =?iso-8859-1?q?_grave?= in x",
		"Message-ID: <one.two@example.org>", "In-Reply-To: <a@b> (a comment)",
		"References: <x@y>", "\t<a@b>", "Date: Mon, 28 Sep 2026 10:22:41 +0200 (CEST)",
		"", "Hello.", ""))
	if *m.From != (Address{"Søren Akselbjerg", "s@example.org"}) {
		t.Errorf("From = %q", *m.From)
	}
	if m.Sender.Addr != "desk@example.org" || *m.ReplyTo != (Address{"Real, One", "real@example.net"}) {
		t.Errorf("Sender = %q, Reply-To = %q", *m.Sender, *m.ReplyTo)
	}
	if len(m.To) != 2 || m.To[0].Name != "PSIRT" || m.To[1].Addr != "other@example.com" || len(m.Cc) != 1 {
		t.Errorf("To = %q, Cc = %q", m.To, m.Cc)
	}
	if len(m.Delivered) != 2 || m.Delivered[1].Addr != "security@example.com" {
		t.Errorf("Delivered = %q", m.Delivered)
	}
	if m.Subject != "Vulnérabilité grave in x" {
		t.Errorf("Subject = %q", m.Subject)
	}
	if m.MessageID != "one.two@example.org" || strings.Join(m.InReplyTo, " ") != "a@b" || strings.Join(m.References, " ") != "x@y a@b" {
		t.Errorf("Message-ID = %q, In-Reply-To = %q, References = %q", m.MessageID, m.InReplyTo, m.References)
	}
	if want := time.Date(2026, 9, 28, 8, 22, 41, 0, time.UTC); !m.Date.Equal(want) {
		t.Errorf("Date = %v", m.Date)
	}
	if m.Automatic || m.Bounce != nil || m.Layer.Kind != LayerNone || string(m.Body) != "Hello.\r\n\r\n" {
		t.Errorf("Automatic %v, Bounce %v, Layer %v, Body %q", m.Automatic, m.Bounce, m.Layer.Kind, m.Body)
	}
}

func TestAddressesThatTheGrammarRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ value, name, addr string }{
		{"Dr. A. Person <a@example.org>", "Dr. A. Person", "a@example.org"},
		{"a@example.org (A Person)", "A Person", "a@example.org"},
		{"<a@example.org", "", "a@example.org"},
		{"[Desk] <a@example.org>", "[Desk]", "a@example.org"},
		{`"trusted@example.com" <a@example.org>`, "trusted@example.com", "a@example.org"},
		{"=?bogus?q?x?= <a@example.org>", "=?bogus?q?x?=", "a@example.org"},
		{"undisclosed-recipients:;", "", ""},
		{"a b@example.org c", "", ""},
		{"nobody", "", ""},
		{"x <a@example.org>\r\nBcc: y@example.org", "x", "a@example.org"},
	} {
		got := Address{}
		if a := firstAddress(unfold([]byte(c.value))); a != nil {
			got = *a
		}
		if got != (Address{c.name, c.addr}) {
			t.Errorf("%q: %q", c.value, got)
		}
	}
}

func TestLayers(t *testing.T) {
	t.Parallel()
	armor := []string{"-----BEGIN PGP MESSAGE-----", "", "hQEMA0000000000000", "=AAAA", "-----END PGP MESSAGE-----"}
	message := strings.Join(armor, "\r\n")
	head := []string{"From: a@example.org", "To: b@example.org", "MIME-Version: 1.0"}
	with := func(rest ...string) []byte { return lines(append(append([]string{}, head...), rest...)...) }
	control := []string{"--b", "Content-Type: application/pgp-encrypted", "", "Version: 1", "", "--b", "Content-Type: application/octet-stream", ""}
	encrypted := func(kind string, before, after []string) []byte {
		l := append([]string{"Content-Type: " + kind + `; boundary="b"; protocol="application/pgp-encrypted"`, ""}, before...)
		l = append(append(append(l, control...), armor...), after...)
		return with(append(l, "--b--")...)
	}
	file := []string{"--b", "Content-Type: application/octet-stream; name=report.txt.asc", "Content-Disposition: attachment", ""}
	for _, c := range []struct {
		name  string
		raw   []byte
		kind  LayerKind
		whole bool
	}{
		{"RFC 3156", encrypted("multipart/encrypted", nil, nil), LayerPGPMIME, true},
		{"RFC 3156 with a footer of a list", encrypted("multipart/encrypted", nil, []string{"--b", "", "footer"}), LayerPGPMIME, false},
		{"mangled by Exchange", encrypted("multipart/mixed", []string{"--b", "Content-Type: text/plain", "", "", ""}, nil), LayerPGPMIME, true},
		{"mangled, with words", encrypted("multipart/mixed", []string{"--b", "Content-Type: text/plain", "", "Hello", ""}, nil), LayerPGPMIME, false},
		{"inside a mixed part", with(append(append([]string{"Content-Type: multipart/mixed; boundary=o", "", "--o",
			"Content-Type: multipart/encrypted; protocol=application/pgp-encrypted; boundary=b", ""},
			append(control, armor...)...), "--b--", "--o", "", "footer", "--o--")...), LayerPGPMIME, false},
		{"inline", with("Content-Type: text/plain", "", message), LayerInline, true},
		{"inline after a greeting", with("", "Hello,", "", message), LayerInline, false},
		{"inline before a word", with("", message, "", "Bye"), LayerInline, false},
		{"inline twice", with("", message, message), LayerInline, false},
		{"inline, cut short", with("", armor[0], "", armor[2]), LayerInline, false},
		{"inline, quoted-printable", with("Content-Transfer-Encoding: quoted-printable", "", strings.ReplaceAll(message, "=AAAA", "=3DAAAA")), LayerInline, true},
		{"inline in HTML", with("Content-Type: text/html", "", strings.Join(armor, "<br>\r\n")), LayerInline, true},
		{"one encrypted file", with(append(append([]string{"Content-Type: multipart/mixed; boundary=b", "", "--b", "", "", file[0], file[1], file[2], ""},
			armor...), "--b--")...), LayerAttachment, true},
		{"one encrypted file and words", with(append(append([]string{"Content-Type: multipart/mixed; boundary=b", "", "--b", "", "see file", file[0], file[1], file[2], ""},
			armor...), "--b--")...), LayerAttachment, false},
		{"quoted armor", with("", "> "+strings.Join(armor, "\r\n> ")), LayerNone, false},
		{"a certificate", with("", strings.ReplaceAll(message, "PGP MESSAGE", "PGP PUBLIC KEY BLOCK")), LayerNone, false},
		{"S/MIME signed", with(`Content-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary=b`, "", "--b", "", "x",
			"--b", "Content-Type: application/pkcs7-signature", "", "AAAA", "--b--"), LayerNone, false},
		{"signed", with(`Content-Type: multipart/signed; protocol="application/pgp-signature"; boundary=b`, "", "--b", "", "x",
			"--b", "Content-Type: application/pgp-signature", "", "AAAA", "--b--"), LayerSigned, true},
		{"forwarded", with("Content-Type: multipart/mixed; boundary=o", "", "--o", "", "look", "--o", "Content-Type: message/rfc822", "",
			string(with("", message)), "--o--"), LayerNone, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := mustParse(t, c.raw)
			if m.Layer.Kind != c.kind || m.Layer.Whole != c.whole {
				t.Fatalf("layer %s, whole %v; expected %s, %v", m.Layer.Kind, m.Layer.Whole, c.kind, c.whole)
			}
			switch c.kind {
			case LayerPGPMIME, LayerInline, LayerAttachment:
				if !bytes.HasPrefix(m.Layer.Message, []byte("-----BEGIN PGP MESSAGE-----\n")) && !bytes.HasPrefix(m.Layer.Message, []byte("-----BEGIN PGP MESSAGE-----\r\n")) {
					t.Errorf("message begins %.40q", m.Layer.Message)
				}
			}
		})
	}
}

// TestEncryptedByGnuPG takes real messages in every way they are sent.
func TestEncryptedByGnuPG(t *testing.T) {
	t.Parallel()
	g := newGPG(t)
	inner := lines(`Content-Type: text/plain; charset=utf-8; protected-headers="v1"`, "Subject: Überlauf im Zähler", "",
		"The length is not checked.", "", "-- ", "me")
	head := "From: reporter@example.org\r\nTo: psirt@example.com\r\nSubject: ...\r\nMIME-Version: 1.0\r\n"
	mime := func(body string) string {
		return head + "Content-Type: multipart/encrypted; boundary=pgp; protocol=\"application/pgp-encrypted\"\r\n\r\n--pgp\r\n" +
			"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n--pgp\r\nContent-Type: application/octet-stream\r\n" + body + "\r\n--pgp--\r\n"
	}
	armored := string(g.encrypt(t, inner, "--armor", "--sign"))
	binary := g.encrypt(t, inner)
	inlined := string(g.encrypt(t, []byte("The length is not checked.\n"), "--armor"))
	latin := string(g.encrypt(t, []byte("Die L\xe4nge wird nicht gepr\xfcft.\n"), "--armor"))
	for name, c := range map[string]struct{ raw, text, subject string }{
		"armored":          {mime("\r\n" + armored), "The length is not checked.", "Überlauf im Zähler"},
		"binary in base64": {mime("Content-Transfer-Encoding: base64\r\n\r\n" + string(wrapBase64(binary))), "The length is not checked.", "Überlauf im Zähler"},
		"inline":           {head + "\r\n" + inlined, "The length is not checked.", ""},
		"inline, latin-1":  {head + "Content-Type: text/plain; charset=iso-8859-1\r\n\r\n" + latin, "Die Länge wird nicht geprüft.", ""},
	} {
		for _, ending := range []string{"\r\n", "\n"} {
			raw := strings.ReplaceAll(strings.ReplaceAll(c.raw, "\r\n", "\n"), "\n", ending)
			m := mustParse(t, []byte(raw))
			if !m.Layer.Whole {
				t.Errorf("%s: the layer is not whole: %v", name, m.Layer.Kind)
			}
			content, err := m.Content(g.decrypt(t, m.Layer.Message))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if !strings.HasPrefix(content.Text, c.text+"\n") || content.Subject != c.subject || content.Protected != (c.subject != "") {
				t.Errorf("%s: text %q, subject %q, protected %v", name, content.Text, content.Subject, content.Protected)
			}
		}
	}
}

// TestEncryptedFile: what is in the file decides what it is.
func TestEncryptedFile(t *testing.T) {
	t.Parallel()
	armor := "-----BEGIN PGP MESSAGE-----\r\n\r\nAAAA\r\n-----END PGP MESSAGE-----\r\n"
	mail := func(name string) *Mail {
		return mustParse(t, []byte("From: a@example.org\r\nContent-Type: application/octet-stream; name=\""+name+"\"\r\nContent-Disposition: attachment\r\n\r\n"+armor))
	}
	c, err := mail("report.txt.asc").Content([]byte("The length is not checked.\n"))
	if err != nil || c.Text != "The length is not checked.\n" || len(c.Attachments) != 0 {
		t.Errorf("text: %v, %q, %d attachments", err, c.Text, len(c.Attachments))
	}
	c, err = mail("encrypted.asc").Content(lines("Content-Type: text/plain", "", "MIME inside"))
	if err != nil || c.Text != "MIME inside\n" {
		t.Errorf("entity: %v, %q", err, c.Text)
	}
	c, err = mail("crash.bin.pgp").Content([]byte{0x7f, 'E', 'L', 'F', 0, 0xff})
	if err != nil || c.Text != "" || len(c.Attachments) != 1 || c.Attachments[0].Name != "crash.bin" || c.Attachments[0].Size != 6 {
		t.Errorf("file: %v, %q, %+v", err, c.Text, c.Attachments)
	}
}

func TestBodyForHash(t *testing.T) {
	t.Parallel()
	a := mustParse(t, []byte("From: a@example.org\r\nReceived: one\r\n\r\nline \r\n\r\nend\r\n\r\n\r\n"))
	b := mustParse(t, []byte("Received: other\nFrom: a@example.org\n\nline \n\nend"))
	before := string(a.Body)
	if got := a.BodyForHash(); !bytes.Equal(got, b.BodyForHash()) || string(got) != "line \r\n\r\nend\r\n" {
		t.Errorf("%q and %q", got, b.BodyForHash())
	}
	if string(a.Body) != before {
		t.Errorf("the body was changed to %q", a.Body)
	}
	c := mustParse(t, []byte("From: a@example.org\r\n\r\nline\r\n\r\nend\r\n"))
	if bytes.Equal(a.BodyForHash(), c.BodyForHash()) {
		t.Error("other words, same octets")
	}
}

func TestAutomatic(t *testing.T) {
	t.Parallel()
	for field, want := range map[string]bool{
		"Auto-Submitted: auto-replied (vacation)":      true,
		"Auto-Submitted: no":                           false,
		"Auto-Submitted: no; owner=\"x\"":              false,
		"Auto-Submitted: auto-generated":               true,
		"Precedence: Bulk":                             true,
		"Precedence: first-class":                      false,
		"List-Id: <x.example.org>":                     true,
		"List-Unsubscribe: <mailto:x@example.org>":     true,
		"Return-Path: <>":                              true,
		"Return-Path: <a@example.org>":                 false,
		"X-Auto-Response-Suppress: DR, OOF, AutoReply": true,
		"X-Auto-Response-Suppress: DR":                 false,
		"Content-Type: multipart/report; report-type=disposition-notification; boundary=b": true,
		"X-Other: y": false,
	} {
		m, _ := Parse(lines("From: a@example.org", field, "", "--b", "", "x", "--b--"), Limits{})
		if m.Automatic != want {
			t.Errorf("%s: %v", field, m.Automatic)
		}
	}
	for addr, want := range map[string]bool{
		"MAILER-DAEMON@example.org": true, "no-reply@example.org": true, "noreply+x@example.org": true, "do_not_reply@example.org": true,
		"owner-list@example.org": true, "list-request@example.org": true, "list-bounces@example.org": true,
		"norep@example.org": false, "ownership@example.org": false, "request@example.org": false,
	} {
		if m := mustParse(t, lines("From: "+addr, "", "x")); m.Automatic != want {
			t.Errorf("%s: %v", addr, m.Automatic)
		}
	}
}

func TestBounce(t *testing.T) {
	t.Parallel()
	m := mustParse(t, lines("From: MAILER-DAEMON@mx.example.net (Mail Delivery System)", "Return-Path: <>",
		`Content-Type: multipart/report; report-type=delivery-status; boundary="b"`, "",
		"--b", "", "I'm sorry.", "--b", "Content-Type: message/delivery-status", "",
		"Reporting-MTA: dns; mx.example.net", "", "Final-Recipient: rfc822; fine@example.org", "Action: relayed", "Status: 2.0.0", "",
		"Final-Recipient: rfc822; gone@example.org", "Original-Recipient: rfc822;old@example.org", "Action: failed", "Status: 5.1.1 (no such user)", "",
		"--b", "Content-Type: message/rfc822", "", "Message-ID: <ingp-2026-0042.2.abc@psirt.example.com>", "Subject: x", "", "body", "--b--"))
	if !m.Automatic || m.Bounce == nil {
		t.Fatalf("automatic %v, bounce %v", m.Automatic, m.Bounce)
	}
	if want := (Bounce{"gone@example.org", "failed", "5.1.1", "ingp-2026-0042.2.abc@psirt.example.com"}); *m.Bounce != want {
		t.Errorf("%+v", *m.Bounce)
	}
	m = mustParse(t, lines("From: mailer-daemon@example.net", "X-Failed-Recipients: gone@example.org", "", "x"))
	if m.Bounce == nil || m.Bounce.Recipient != "gone@example.org" || m.Bounce.Action != "failed" {
		t.Errorf("Exim: %+v", m.Bounce)
	}
	m = mustParse(t, lines("From: a@example.org", "", "Status: 5.1.1"))
	if m.Bounce != nil {
		t.Errorf("no bounce: %+v", *m.Bounce)
	}
}

func TestAutocrypt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fields []string
		want   string
	}{
		"folded":           {[]string{"Autocrypt: addr=A@example.org; prefer-encrypt=mutual; keydata=", " bXkg", "\ta2V5"}, "my key"},
		"optional":         {[]string{"Autocrypt: addr=a@example.org; _x=y; keydata=bXkga2V5"}, "my key"},
		"critical":         {[]string{"Autocrypt: addr=a@example.org; x=y; keydata=bXkga2V5"}, ""},
		"of another":       {[]string{"Autocrypt: addr=b@example.org; keydata=bXkga2V5"}, ""},
		"two":              {[]string{"Autocrypt: addr=a@example.org; keydata=bXkga2V5", "Autocrypt: addr=a@example.org; keydata=b3RoZXI="}, ""},
		"one valid of two": {[]string{"Autocrypt: addr=b@example.org; keydata=b3RoZXI=", "Autocrypt: addr=a@example.org; keydata=bXkga2V5"}, "my key"},
		"no base64":        {[]string{"Autocrypt: addr=a@example.org; keydata=%%%"}, ""},
	} {
		m := mustParse(t, lines(append(append([]string{"From: a@example.org"}, c.fields...), "", "x")...))
		if string(m.AutocryptKey) != c.want {
			t.Errorf("%s: %q", name, m.AutocryptKey)
		}
	}
}

// TestMalformedIsToldAndRead: a defect is said, and all else is read.
func TestMalformedIsToldAndRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		raw   []byte
		where string
		text  string
	}{
		"no header":       {[]byte("\x00\xff secret words\nand more: words\n"), "header: the mail has no header", "\uFFFDÿ secret words\nand more: words\n"},
		"no boundary":     {lines("From: a@b.example", "Content-Type: multipart/mixed", "", "secret words"), "mail: a multipart without a boundary", "secret words\n"},
		"wrong boundary":  {lines("From: a@b.example", "Content-Type: multipart/mixed; boundary=b", "", "secret words"), "mail: the closing boundary", "secret words\n"},
		"cut short":       {lines("From: a@b.example", "Content-Type: multipart/mixed; boundary=b", "", "--b", "", "secret words"), "mail: the closing boundary", "secret words\n"},
		"a line":          {lines("From: a@b.example", "secret words", "Subject: s", "", "text"), "header: a line is no header field", "text\n"},
		"two senders":     {lines("From: a@b.example", "From: secret@words.example", "", "text"), "header: the field from is there more than once", "text\n"},
		"no sender":       {lines("Subject: s", "", "text"), "header: the field from names no mailbox", "text\n"},
		"unknown coding":  {lines("From: a@b.example", "Content-Transfer-Encoding: secret", "", "text"), "mail: the body is not what its transfer encoding says", "text\n"},
		"no base64":       {lines("From: a@b.example", "Content-Transfer-Encoding: base64", "", "dGV4d!Ao="), "mail: the body is not what its transfer encoding says", "text\n"},
		"part's encoding": {lines("From: a@b.example", "Content-Type: multipart/mixed; boundary=b", "", "--b", "Content-Transfer-Encoding: quoted-printable", "", "te=XXxt=", "", "--b--"), "part 1: the body", "te=XXxt"},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := Parse(c.raw, Limits{})
			content, err2 := m.Content(nil)
			var malformed *MalformedError
			if !errors.As(errors.Join(err, err2), &malformed) || !strings.Contains(errors.Join(err, err2).Error(), c.where) {
				t.Errorf("said %v and %v; expected %q", err, err2, c.where)
			}
			if strings.Contains(errors.Join(err, err2).Error(), "secret") {
				t.Errorf("the error repeats the mail: %v", err)
			}
			if content.Text != c.text {
				t.Errorf("read %q", content.Text)
			}
		})
	}
}
