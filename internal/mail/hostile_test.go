package mail

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/peer"
)

// both reads a mail as intake does, and returns all that was said.
func both(raw []byte, lim Limits) (*Mail, *Content, error) {
	m, err := Parse(raw, lim)
	c, err2 := m.Content(m.Layer.Message)
	return m, c, errors.Join(err, err2)
}

// hostile are mails that mean harm; each must be read in little time and
// memory. limit says that a limit must be told of.
func hostile() map[string]struct {
	raw   []byte
	limit bool
} {
	head := "From: a@example.org\r\n"
	nested := head
	for i := range 1000 {
		nested += fmt.Sprintf("Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	mixed := head + "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
	type c = struct {
		raw   []byte
		limit bool
	}
	repeat := func(s string, n int) []byte { return bytes.Repeat([]byte(s), n) }
	return map[string]c{
		"1,000 nested parts":          {[]byte(nested), true},
		"the same boundary all along": {append([]byte(head), repeat("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n", 1000)...), true},
		"10,000 parts":                {append([]byte(mixed), repeat("--b\r\n\r\nx\r\n", 10_000)...), true},
		"10,000 empty parts":          {append([]byte(mixed), repeat("--b\n", 10_000)...), true},
		"400 attachments":             {append([]byte(mixed), repeat("--b\r\nContent-Type: x/y\r\n\r\nx\r\n", 400)...), true},
		"header bomb":                 {append(repeat("X: y\r\n", 200_000), "\r\ntext"...), true},
		"one long field":              {append(append([]byte(head+"Subject: "), repeat("x", 1<<20)...), "\r\n\r\ntext"...), true},
		"folded for ever":             {append([]byte(head+"Subject: x\r\n"), repeat(" \r\n", 1<<18)...), true},
		"addresses":                   {append(append([]byte("From: "), repeat("a@b.example,", 20_000)...), "\r\n\r\ntext"...), false},
		"comments in comments":        {append(append([]byte("From: "), repeat("(", 200_000)...), "\r\n\r\ntext"...), false},
		"quotes":                      {append(append([]byte("From: "), repeat("\"", 200_001)...), "\r\n\r\ntext"...), false},
		"encoded words":               {append(append([]byte(head+"Subject: "), repeat("=?utf-8?q?=00=E2=80=AE?= ", 10_000)...), "\r\n\r\ntext"...), false},
		"parameters":                  {append(append([]byte(head+"Content-Type: text/plain"), repeat("; a*99*=%00", 20_000)...), "\r\n\r\ntext"...), false},
		"identifiers":                 {append(append([]byte(head+"References: "), repeat("<a@b> ", 40_000)...), "\r\n\r\ntext"...), false},
		"half boundaries":             {append([]byte(mixed), repeat("--b-\r\n--", 500_000)...), false},
		"armor without end":           {append([]byte(head+"\r\n"), repeat("-----BEGIN PGP MESSAGE-----\r\n", 100_000)...), false},
		"armor marks in blanks":       {append([]byte(head+"\r\n"), repeat("-----BEGIN PGP MESSAGE-----          ", 100_000)...), false},
		"clear-signed for ever":       {append([]byte(head+"\r\n"), repeat("-----BEGIN PGP SIGNED MESSAGE-----\r\n\r\n-----BEGIN PGP SIGNATURE-----\r\n", 50_000)...), false},
		"HTML nested":                 {append([]byte(head+"Content-Type: text/html\r\n\r\n"), repeat("<table><tr><td><blockquote>x", 100_000)...), false},
		"HTML tag without end":        {append([]byte(head+"Content-Type: text/html\r\n\r\n<a "), repeat("x=y ", 500_000)...), false},
		"HTML anchors":                {append([]byte(head+"Content-Type: text/html\r\n\r\n"), repeat("<a href=//x>y</a>", 100_000)...), false},
		"HTML cells":                  {append([]byte(head+"Content-Type: text/html\r\n\r\n<table><tr>"), repeat("<td>x", 300_000)...), false},
		"HTML lists":                  {append([]byte(head+"Content-Type: text/html\r\n\r\n"), repeat("<ol start=999999999999><li>", 100_000)...), false},
		"flowed":                      {append([]byte(head+"Content-Type: text/plain; format=flowed\r\n\r\n"), repeat(">> x \r\n", 300_000)...), false},
		"quote marks":                 {append([]byte(head+"Content-Type: text/plain; format=flowed\r\n\r\n"), repeat(">", 2<<20)...), false},
		"long text":                   {append([]byte(head+"\r\n"), repeat("words\r\n", 1<<20)...), true},
		"utf-16":                      {append([]byte(head+"Content-Type: text/plain; charset=utf-16\r\n\r\n"), repeat("\xd8", 4<<20)...), true},
		"NUL":                         {repeat("\x00", 1<<20), false},
		"line ends":                   {repeat("\r", 1<<20), false},
		"nothing":                     {nil, false},
		"50 MiB and more":             {append([]byte(mixed+"--b\r\nContent-Type: x/y\r\nContent-Transfer-Encoding: base64\r\n\r\n"), repeat("QUJD", 13<<20)...), true},
		"bounces":                     {append([]byte(head+"Content-Type: message/delivery-status\r\n\r\n"), repeat("Action: failed\r\n\r\n", 100_000)...), false},
		"autocrypt":                   {append(append([]byte(head+"Autocrypt: addr=a@example.org; keydata="), repeat("QUJD ", 50_000)...), "\r\n\r\nx"...), false},
	}
}

func TestHostile(t *testing.T) {
	lim := DefaultLimits()
	for name, c := range hostile() {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			var content *Content
			var err error
			took := peer.Took(func() { _, content, err = both(c.raw, Limits{}) })
			runtime.ReadMemStats(&after)
			if took > 5*time.Second {
				t.Errorf("took %v", took)
			}
			if grown := after.TotalAlloc - before.TotalAlloc; grown > uint64(len(c.raw))*20+128<<20 {
				t.Errorf("%d octets of mail took %d octets of memory", len(c.raw), grown)
			}
			if errors.Is(err, ErrLimit) != c.limit {
				t.Errorf("limit told: %v; error %v", !c.limit, err)
			}
			if len(content.Text) > lim.Text+1024 || len(content.Attachments) > lim.Attachments || len(content.Keys) > mostKeys {
				t.Errorf("text of %d octets, %d attachments, %d keys", len(content.Text), len(content.Attachments), len(content.Keys))
			}
			if err != nil && len(err.Error()) > 8000 {
				t.Errorf("the error has %d octets", len(err.Error()))
			}
		})
	}
}

func TestSmallLimits(t *testing.T) {
	t.Parallel()
	raw := report(t, "01-ingroupe-labelled-applet")
	for name, lim := range map[string]Limits{
		"size": {Size: 2000}, "depth": {Depth: 1}, "parts": {Parts: 2}, "header": {Header: 100}, "text": {Text: 100}, "attachments": {Attachments: 1},
	} {
		if _, _, err := both(raw, lim); !errors.Is(err, ErrLimit) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := both(raw, Limits{Depth: 2, Parts: 3, Attachments: 2}); err != nil {
		t.Errorf("limits that are just kept: %v", err)
	}
}

// TestInvisible: what a person sees of a header must be what is there.
func TestInvisible(t *testing.T) {
	t.Parallel()
	m := mustParse(t, lines("From: =?utf-8?q?A=0D=0ABcc:_x?= <a@example.org>", "Subject: =?utf-8?q?a=00b=1B[31mc=0D=0ABcc:_x@example.org?=", "", "x"))
	for _, s := range []string{m.From.Name, m.Subject} {
		if strings.ContainsAny(s, "\x00\x1b\r\n") {
			t.Errorf("%q", s)
		}
	}
}

// addSeeds adds small mails of every kind; large ones only slow fuzzing down.
func addSeeds(f *testing.F) {
	armor := "-----BEGIN PGP MESSAGE-----\r\n\r\nAAAA\r\n-----END PGP MESSAGE-----"
	for _, s := range []string{
		"From: A =?utf-8?q?=C3=BC?= <a@b.example>, c@d\r\nMessage-ID: <x@y>\r\n\r\nx",
		"Content-Type: text/plain; format=flowed; delsp=yes\r\n\r\n> a \r\n>b\r\n-- \r\nc",
		"Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\nContent-Type: application/pgp-signature\r\n\r\ny\r\n--b--",
		"Content-Type: multipart/encrypted; boundary=b; protocol=\"application/pgp-encrypted\"\r\n\r\n--b\r\n\r\n\r\n--b\n\n" + armor + "\n--b--",
		"Content-Type: multipart/alternative; boundary=\"b\"\n\n--b\n\nx\n--b\nContent-Type: text/html; charset=iso-8859-1\n\n<table><tr><td>a<td>b\n--b--",
		"Content-Type: text/html\n\n<ol><li>a<blockquote><pre> b\n</pre><a href=c>d</a><table><tr><td>",
		"Content-Transfer-Encoding: base64\n\nQUJD=QUJD", "Content-Transfer-Encoding: quoted-printable\n\n=C3=BC=\n=x",
		"Subject: x\n\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n- -x \n-----BEGIN PGP SIGNATURE-----\n\nAA\n-----END PGP SIGNATURE-----\n",
		"From: a@b.example\nAutocrypt: addr=a@b.example; keydata=QUJD\nAuto-Submitted: no\n\n" + armor,
		"Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\nAction: failed\nStatus: 5.1.1\n--b--",
		"Content-Type: a/b; name*0*=utf-8''%C3; name*1*=%BC; x=\"y\\\"z\"\nContent-Disposition: attachment\n\n" + armor,
		"Content-Type: text/plain; protected-headers=v1; hp-legacy-display=1\n\nSubject: x\n\ny",
	} {
		f.Add([]byte(s))
	}
}

func FuzzParse(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		kept := bytes.Clone(raw)
		m, _ := Parse(raw, Limits{})
		m.BodyForHash()
		if !bytes.Equal(raw, kept) {
			t.Fatal("the input was changed")
		}
		if len(m.Body) > len(raw) || !bytes.Contains(raw, m.Body) {
			t.Fatal("the body is not a part of the mail")
		}
		for _, a := range m.To {
			if !validAddr(a.Addr) {
				t.Fatalf("address %q", a.Addr)
			}
		}
	})
}

func FuzzContent(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, raw []byte) {
		kept := bytes.Clone(raw)
		c, _ := ParseContent(raw, Limits{})
		if !bytes.Equal(raw, kept) {
			t.Fatal("the input was changed")
		}
		if strings.ContainsAny(c.Text, "\r\x00") || strings.ToValidUTF8(c.Text, "") != c.Text {
			t.Fatalf("text %q", c.Text)
		}
		for _, a := range c.Attachments {
			if SafeName(a.Name) != a.Name || a.Size != int64(len(a.Data)) || len(a.SHA256) != 64 {
				t.Fatalf("attachment %q of %d octets", a.Name, a.Size)
			}
		}
	})
}

// FuzzParams holds the reading of parameters against the standard library's,
// where that accepts them.
func FuzzParams(f *testing.F) {
	for _, s := range []string{`text/plain; charset=utf-8`, `a/b; name="x; y"; z=1`, `a/b; n*0=a; n*1*=%20b`, `a/b; n*=utf-8'en'%C3%BC`, `a/b;;c=d`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		media, params := fieldParams(s)
		want, wantParams, err := mime.ParseMediaType(s)
		if err != nil || strings.ContainsAny(s, `*?\`) { // RFC 2231, encoded words, escapes: read more freely
			return
		}
		if media != want {
			t.Fatalf("%q: %q, expected %q", s, media, want)
		}
		for k, v := range wantParams {
			if text(v) == v && params[k] != v {
				t.Fatalf("%q: %s is %q, expected %q", s, k, params[k], v)
			}
		}
	})
}

// FuzzQuoted holds our quoted-printable against the standard library's, where
// that accepts it.
func FuzzQuoted(f *testing.F) {
	f.Add([]byte("a=C3=BC=\r\nb  \r\n=3D"))
	f.Fuzz(func(t *testing.T, b []byte) {
		want, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(b)))
		got, ok := decodeQuoted(b)
		if err != nil || !ok || bytes.ContainsAny(b, "\r") {
			return
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("%q: %q, expected %q", b, got, want)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	raw := report(b, "01-ingroupe-labelled-applet")
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(raw, Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseContent(b *testing.B) {
	raw := report(b, "01-ingroupe-labelled-applet")
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseContent(raw, Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAttachment reads a mail with an attachment of 25 MiB in base64.
func BenchmarkAttachment(b *testing.B) {
	raw := append(lines("From: a@example.org", "Content-Type: multipart/mixed; boundary=b", "", "--b", "", "text", "--b",
		"Content-Type: application/zip", "Content-Transfer-Encoding: base64", ""), wrapBase64(bytes.Repeat([]byte{1, 2, 3, 4, 5}, 5<<20))...)
	raw = append(raw, "--b--\r\n"...)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if c, err := ParseContent(raw, Limits{}); err != nil || c.Attachments[0].Size != 25<<20 {
			b.Fatal(err)
		}
	}
}
