package mail

import (
	"bytes"
	"errors"
	netmail "net/mail"
	"strings"
	"testing"
	"time"
)

func draft() Draft {
	return Draft{
		From: Address{"Example PSIRT", "psirt@example.com"}, To: Address{"Søren, \"A\"", "reporter@example.org"},
		Subject: "Your report: counter is not decremented", Date: time.Date(2026, 11, 22, 9, 14, 3, 0, time.UTC),
		MessageID: "ingp-2026-0042.1.abcdefghijklmnop@psirt.example.com", InReplyTo: "first@example.org",
		References: []string{"zero@example.org", "first@example.org"}, Text: "Thank you.\n\nWe will look at it.\n", Auto: true,
	}
}

// TestEncryptedMail goes the whole way: composed, encrypted by GnuPG, parsed by
// us and by the standard library, decrypted, read.
func TestEncryptedMail(t *testing.T) {
	t.Parallel()
	g := newGPG(t)
	d := draft()
	d.Text = "Grüße, and a line that is " + strings.Repeat("very ", 300) + "long \n.\nFrom here on\n--=_x\n"
	d.Keys = []KeyFile{{"psirt.asc", string(g.run(t, nil, "--armor", "--export", g.user))}}
	entity, err := d.Entity()
	if err != nil {
		t.Fatal(err)
	}
	if err := checkWire(entity); err != nil {
		t.Error(err)
	}
	raw, err := d.Encrypted(string(g.encrypt(t, entity, "--armor")), "[INGP-2026-0042]")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(raw, []byte("counter")) || bytes.Contains(raw, []byte("Grüße")) {
		t.Errorf("the outside says what is inside:\n%s", raw)
	}
	std, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if got := std.Header.Get("Auto-Submitted"); got != "auto-replied" {
		t.Errorf("Auto-Submitted: %s", got)
	}
	m := mustParse(t, raw)
	if m.Subject != "[INGP-2026-0042]" || m.MessageID != d.MessageID || *m.From != d.From || m.To[0] != d.To ||
		!m.Date.Equal(d.Date) || m.InReplyTo[0] != d.InReplyTo || len(m.References) != 2 {
		t.Errorf("%+v", m)
	}
	if m.Layer.Kind != LayerPGPMIME || !m.Layer.Whole {
		t.Fatalf("layer %v, whole %v", m.Layer.Kind, m.Layer.Whole)
	}
	c, err := m.Content(g.decrypt(t, m.Layer.Message))
	if err != nil {
		t.Fatal(err)
	}
	if c.Text != d.Text || c.Subject != d.Subject || !c.Protected || *c.From != d.From || c.To[0] != d.To || c.MessageID != d.MessageID {
		t.Errorf("%+v", c)
	}
	if len(c.Keys) != 1 || len(c.Attachments) != 0 || strings.TrimSpace(lf(string(c.Keys[0]))) != strings.TrimSpace(d.Keys[0].Data) {
		t.Errorf("%d keys, %d attachments", len(c.Keys), len(c.Attachments))
	}
}

// TestSameDraftSameOctets: what was approved is what is sent.
func TestSameDraftSameOctets(t *testing.T) {
	t.Parallel()
	d := draft()
	d.Keys = []KeyFile{{"psirt.asc", "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n-----END PGP PUBLIC KEY BLOCK-----\n"}}
	for range 20 {
		a, err := d.Entity()
		b, err2 := d.Entity()
		if err != nil || err2 != nil || !bytes.Equal(a, b) {
			t.Fatalf("%v, %v:\n%s\n%s", err, err2, a, b)
		}
	}
}

// TestEntityOctets is the form that updates have; a change of it changes what
// reporters get.
func TestEntityOctets(t *testing.T) {
	t.Parallel()
	d := draft()
	got, err := d.Entity()
	want := string(lines("From: \"Example PSIRT\" <psirt@example.com>", "To: =?utf-8?b?U8O4cmVuLCAiQSI=?= <reporter@example.org>",
		"Subject: Your report: counter is not decremented", "Date: Sun, 22 Nov 2026 09:14:03 +0000",
		"Message-Id: <ingp-2026-0042.1.abcdefghijklmnop@psirt.example.com>", "In-Reply-To: <first@example.org>",
		`Content-Type: text/plain; charset=utf-8; protected-headers=v1`, "Content-Transfer-Encoding: 7bit",
		"", "Thank you.", "", "We will look at it."))
	if err != nil || string(got) != want {
		t.Errorf("%v:\n%s\nexpected:\n%s", err, got, want)
	}
}

func TestClear(t *testing.T) {
	t.Parallel()
	d := draft()
	d.InReplyTo = ""
	d.ReplyTo = &Address{"", "psirt+x@example.com"}
	raw, err := d.Clear()
	if err != nil {
		t.Fatal(err)
	}
	m := mustParse(t, raw)
	c, err := m.Content(nil)
	if err != nil || c.Text != d.Text || c.Protected || !m.Automatic || m.ReplyTo.Addr != "psirt+x@example.com" {
		t.Errorf("%v, %+v", err, c)
	}
	if !bytes.Contains(raw, []byte("Auto-Submitted: auto-generated\r\n")) || checkWire(raw) != nil {
		t.Errorf("%s", raw)
	}
}

func TestTextsSurvive(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"a\n", "", "trailing \n", "tab\t\n", "From x\n", ".\n", "ü\n", strings.Repeat("x", 2000) + "\n", "=20\n", "\x1b[0m\n",
		"日本語のテキスト。これは長い行です。\n", "a\r\nb\n", "--=_a\n", strings.Repeat("汉", 500) + "\n", "no end",
	} {
		d := draft()
		d.Text = text
		raw, err := d.Entity()
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		c, err := ParseContent(raw, Limits{})
		if want := strings.TrimRight(lf(text), "\n") + "\n"; err != nil || c.Text != want || c.CharsetProblems {
			t.Errorf("%q: read %q, %v", text, c.Text, err)
		}
		if err := checkWire(raw); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestSubjectsSurvive: folding and encoded words change nothing.
func TestSubjectsSurvive(t *testing.T) {
	t.Parallel()
	for _, subject := range []string{
		"", "[INGP-2026-0042]", "ü", strings.Repeat("word ", 60) + "end", strings.Repeat("ü ", 100) + "end", strings.Repeat("x", 200), "=?utf-8?q?no?=", "a: b; c", "a  b", strings.Repeat("ü", 300),
	} {
		d := draft()
		d.Subject = subject
		raw, err := d.Clear()
		if err != nil {
			t.Errorf("%q: %v", subject, err)
			continue
		}
		if m := mustParse(t, raw); m.Subject != subject {
			t.Errorf("%q: read %q", subject, m.Subject)
		}
	}
}

func TestDraftsThatAreRefused(t *testing.T) {
	t.Parallel()
	for field, change := range map[string]func(*Draft){
		"subject":                               func(d *Draft) { d.Subject = "a\r\nBcc: x@example.org" },
		"name in to":                            func(d *Draft) { d.To.Name = "a\nBcc: x@example.org" },
		"to":                                    func(d *Draft) { d.To.Addr = "a@b.example>\r\nBcc: <x@example.org" },
		"from":                                  func(d *Draft) { d.From.Addr = "" },
		"reply-to":                              func(d *Draft) { d.ReplyTo = &Address{Addr: "nobody"} },
		"message-id, in-reply-to or references": func(d *Draft) { d.References = []string{"a> <b@c"} },
		"date":                                  func(d *Draft) { d.Date = time.Time{} },
		"text":                                  func(d *Draft) { d.Text = "\xff" },
	} {
		d := draft()
		change(&d)
		var refused *DraftError
		if _, err := d.Entity(); !errors.As(err, &refused) || refused.Field != field {
			t.Errorf("%s: Entity says %v", field, err)
		}
		if _, err := d.Clear(); !errors.As(err, &refused) || refused.Field != field {
			t.Errorf("%s: Clear says %v", field, err)
		}
	}
	armor := "-----BEGIN PGP MESSAGE-----\n\nAAAA\n-----END PGP MESSAGE-----\n"
	for _, text := range []string{"words", "words\n" + armor, armor + "words", armor + armor} {
		if _, err := draft().Encrypted(text, "s"); err == nil {
			t.Errorf("sent as encrypted: %q", text)
		}
	}
	if _, err := draft().Encrypted(armor, "a\nb"); err == nil {
		t.Error("an outer subject of two lines was taken")
	}
}
