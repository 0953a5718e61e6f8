package mail

import (
	"bytes"
	"encoding/base64"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/docket-psirt/docket/internal/peer"
)

func mustContent(t *testing.T, raw []byte) *Content {
	t.Helper()
	c, err := ParseContent(raw, Limits{})
	if err != nil {
		t.Fatalf("ParseContent: %v", err)
	}
	return c
}

// TestSampleReports reads whole reports as mail programs write them, with CRLF
// and with a Maildir's LF: the digests of what is attached are the same.
func TestSampleReports(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, says  string
		attachments []string
		html        bool
	}{
		{"01-ingroupe-labelled-applet", "one of your card applets. I follow", []string{
			"apdu-trace.txt text/plain 0fcd3420269c5a13a59bec4573430182e2951e865411966a438654ed30085538",
			"timing-200-runs.png image/png 2b2ec163b90da4cbd69664fdc58c64f522adcdcbe29b4f0556b4d2b4b1f2aa34"}, false},
		{"02-ingroupe-prose-talk", "", []string{
			"nordcrypt-2027-abstract-draft.pdf application/pdf cab0b5c12f036f2fc076b004236f37ddcd0cb951fc3e822ac6af8d3e28da049b"}, false},
		{"04-ingroupe-french", "Comment reproduire :\n 1. ouvrir une session", nil, false},
		{"06-inspur-keyvalue-bmc", "", []string{
			"token_demo.py text/x-python 0c05556f04227fe9b5e049d710bc1a99b0c6e3f41a2677a2a21353588d556370",
			"thirty-of-thirty.png image/png cf76a9bf387c7c7257274ebb6b9fd89b44fdd90eeccb9b3e05342a340a2419b3"}, false},
		{"07-inspur-exploited-incloudos", "", nil, false},
		{"11-imengine-pseudonym-idor", "", []string{
			"certificate-of-second-account.png image/png cbea3d12ff8dcfd373202dbe0f375843d369904c957560987ced9baea8af62cc"}, false},
		{"12-imengine-html-only-xss", "\nFrom IP\t203.0.113.88\n", nil, true},
		{"15-imengine-rtl-search", "    \u200fטיוטה\n", nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			crlfed := report(t, c.name)
			for _, raw := range [][]byte{crlfed, bytes.ReplaceAll(crlfed, []byte("\r\n"), []byte("\n"))} {
				got := mustContent(t, raw)
				var attachments []string
				for _, a := range got.Attachments {
					attachments = append(attachments, a.Name+" "+a.ContentType+" "+a.SHA256)
				}
				if strings.Join(attachments, "\n") != strings.Join(c.attachments, "\n") {
					t.Errorf("attachments:\n%s", strings.Join(attachments, "\n"))
				}
				if !strings.Contains(got.Text, c.says) || len(got.Text) < 500 || got.HTML != c.html || got.CharsetProblems {
					t.Errorf("HTML %v, charset problems %v, text:\n%s", got.HTML, got.CharsetProblems, got.Text)
				}
			}
		})
	}
}

func TestFlowed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, in, out string
		delsp         bool
	}{
		{"joined", "a \nb\nc\n", "a b\nc\n", false},
		{"stuffed", " From here\n >no quote\n", "From here\n>no quote\n", false},
		{"quoted", "> a \n> b\n>> c \n> d\ne\n", "> a b\n>> c\n> d\ne\n", false},
		{"signature", "a \n-- \nme \nyou\n", "a\n-- \nme you\n", false},
		{"signature in a quote", "> a \n> -- \n> me\n", "> a\n>-- \n> me\n", false},
		{"delsp", "ab \ncd\n", "abcd\n", true},
		{"no end", "a \n", "a\n", false},
		{"empty lines", "a\n\n\nb", "a\n\n\nb\n", false},
	} {
		if got := unflow(c.in, c.delsp); got != c.out {
			t.Errorf("%s: %q, expected %q", c.name, got, c.out)
		}
	}
}

func TestHTML(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, out string }{
		{"paragraphs", "<p>a\n b</p><p>c&amp;d<br>e", "a b\n\nc&d\ne\n"},
		{"inline", "a <b>b</b> c<i>d</i>", "a b cd\n"},
		{"hidden", "<head><title>t</title><style>s</style></head><script>x</script>a<!-- c -->b", "ab\n"},
		{"escaped", "&lt;script&gt;alert(1)&lt;/script&gt;", "<script>alert(1)</script>\n"},
		{"list", "<ol start=3><li>a</li><li><p>b</p></li></ol><ul><li>c", "3. a\n4. b\n\n- c\n"},
		{"facts", "<table><tr><th>Where<td><p>there</p></tr><tr><td>IP</td><td></td><td>::1</td></tr></table>", "Where\tthere\nIP\t::1\n"},
		{"facts, long", "<table><tr><td>Steps<td>one<br>two</table>end", "Steps\tone\ntwo\n\nend\n"},
		{"layout", "<table><tr><td><p>a</p><p>b</p></td><td>c</td></tr></table>", "a\n\nb\nc\n"},
		{"nested", "<table><tr><td><table><tr><td>k<td>v</table></table>", "k\tv\n"},
		{"link", `<a href="https://x.example/">here</a>, <a href="mailto:a@b.example">a@b.example</a>`, "here <https://x.example/>, a@b.example\n"},
		{"set in", `<p>a<blockquote style="margin: 0 0 0 40px; border: none; padding: 0px;">b<br>c</blockquote>d`, "a\n\nb\nc\n\nd\n"},
		{"cited", `<p>a<blockquote type="cite" style="border: none">b</blockquote>`, "a\n\n> b\n"},
		{"quote", "<p>a<blockquote>b<br>c<blockquote>d</blockquote></blockquote>e", "a\n\n> b\n> c\n>\n> > d\n\ne\n"},
		{"pre", "<pre>a\n  b</pre>c", "a\n  b\n\nc\n"},
		{"image", `a<img alt="a dog">b`, "a a dog b\n"},
		{"broken", "</td></table><tr>a<td", "a\n"},
		{"no break space", "a&nbsp;&nbsp;b", "a b\n"},
	} {
		if got := htmlText(c.in, 1<<20); got != c.out {
			t.Errorf("%s: %q, expected %q", c.name, got, c.out)
		}
	}
}

func TestMultiparts(t *testing.T) {
	t.Parallel()
	png := base64.StdEncoding.EncodeToString([]byte("\x89PNG"))
	c := mustContent(t, lines("Content-Type: multipart/mixed; boundary=m", "", "preamble", "--m",
		"Content-Type: multipart/alternative; boundary=a", "", "--a", "Content-Type: text/plain", "", "plain words", "--a",
		"Content-Type: multipart/related; boundary=r", "", "--r", "Content-Type: text/html", "", "<p>html words", "--r",
		"Content-Type: image/png", "Content-Transfer-Encoding: base64", "Content-ID: <x>", "", png, "--r--", "--a--", "--m",
		"Content-Type: text/plain; name*=iso-8859-1''gr%FC%DFe.txt", "Content-Disposition: attachment", "", "file", "--m",
		"Content-Type: text/plain", "Content-Disposition: inline", "", "more words", "--m",
		"Content-Type: message/rfc822", "", "From: x@y.example", "", "forwarded", "--m",
		`Content-Type: application/zip; name="=?utf-8?q?p=C3=B6c.zip?="`, "", "PK", "--m",
		"Content-Type: application/pgp-signature; name=signature.asc", "", "-----BEGIN PGP SIGNATURE-----", "--m--", "epilogue"))
	if c.Text != "plain words\nmore words" || c.HTML {
		t.Errorf("text %q", c.Text)
	}
	var names []string
	for _, a := range c.Attachments {
		names = append(names, a.Name)
	}
	if got := strings.Join(names, ", "); got != "attachment-1.png, grüße.txt, attachment-2.eml, pöc.zip" {
		t.Errorf("attachments %s", got)
	}
	if a := c.Attachments[0]; !a.Inline || string(a.Data) != "\x89PNG" || c.Attachments[1].Inline {
		t.Errorf("%+v", a)
	}
}

func TestAlternativeWithoutPlainWords(t *testing.T) {
	t.Parallel()
	c := mustContent(t, lines("Content-Type: multipart/alternative; boundary=a", "", "--a", "", "", "--a",
		"Content-Type: text/html; charset=iso-8859-15", "", "<p>\xa4 5", "--a--"))
	if c.Text != "€ 5\n" || !c.HTML {
		t.Errorf("text %q, HTML %v", c.Text, c.HTML)
	}
}

func TestProtectedHeaders(t *testing.T) {
	t.Parallel()
	c := mustContent(t, lines(`Content-Type: multipart/mixed; boundary=b; protected-headers="v1"`, "Subject: real",
		"From: A <a@example.org>", "To: b@example.org", "Date: Mon, 28 Sep 2026 10:22:41 +0200", "Message-ID: <x@y>", "",
		"--b", `Content-Type: text/plain; protected-headers="v1"`, "Content-Disposition: inline", "", "Subject: real", "",
		"--b", "Content-Type: text/plain", "", "words", "--b--"))
	if !c.Protected || c.Subject != "real" || c.From.Addr != "a@example.org" || len(c.To) != 1 || c.Date.IsZero() || c.MessageID != "x@y" {
		t.Errorf("%+v", c)
	}
	if c.Text != "words" {
		t.Errorf("text %q", c.Text)
	}
	c = mustContent(t, lines(`Content-Type: text/plain; hp="cipher"; hp-legacy-display="1"`, "Subject: real", "", "Subject: real", "", "words"))
	if !c.Protected || c.Subject != "real" || c.Text != "words\n" {
		t.Errorf("RFC 9788: %+v", c)
	}
	c = mustContent(t, lines(`Content-Type: multipart/mixed; boundary=b`, "", "--b", `Content-Type: text/plain; protected-headers="v1"`, "",
		"Subject: said here", "", "and words", "--b--"))
	if !strings.Contains(c.Text, "and words") {
		t.Errorf("words beside the copied header are lost: %q", c.Text)
	}
}

// TestNoHeader: what was encrypted need not be an entity of MIME.
func TestNoHeader(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"just words\n", "Product: CardWeave\nVersion: 3\n\nIt breaks.\n", "\nwords\n"} {
		c, err := ParseContent([]byte(text), Limits{})
		if err != nil || strings.TrimLeft(c.Text, "\n") != strings.TrimLeft(text, "\n") {
			t.Errorf("%q: %q, %v", text, c.Text, err)
		}
	}
}

func TestSignedInside(t *testing.T) {
	t.Parallel()
	g := newGPG(t)
	part := lines("Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: quoted-printable", "Subject: inside", "", "W=C3=B6rter =20", "")
	signature := string(g.run(t, part, "--armor", "--detach-sign"))
	entity := []byte("Content-Type: multipart/signed; micalg=pgp-sha512; protocol=\"application/pgp-signature\"; boundary=\"s\"\r\nSubject: outside\r\n\r\n--s\r\n" +
		string(part) + "\r\n--s\r\nContent-Type: application/pgp-signature; name=\"signature.asc\"\r\n\r\n" + signature + "\r\n--s--\r\n")
	for _, raw := range [][]byte{entity, bytes.ReplaceAll(entity, []byte("\r\n"), []byte("\n"))} {
		c := mustContent(t, raw)
		if c.Signed == nil || !g.verifies(t, c.Signed.Data, c.Signed.Signature) {
			t.Fatalf("gpg refuses the signature: %+v", c.Signed)
		}
		if g.verifies(t, append([]byte("x"), c.Signed.Data...), c.Signed.Signature) {
			t.Error("gpg accepts other octets")
		}
		if c.Text != "Wörter  \n\n" && c.Text != "Wörter  \n" || c.Subject != "inside" || len(c.Attachments) != 0 {
			t.Errorf("text %q, subject %q, %d attachments", c.Text, c.Subject, len(c.Attachments))
		}
	}
}

func TestClearSigned(t *testing.T) {
	t.Parallel()
	g := newGPG(t)
	signed := g.run(t, []byte("- a list  \n- of Wörter\n\nend"), "--clearsign")
	m := mustParse(t, append([]byte("From: a@example.org\nContent-Type: text/plain; charset=utf-8; format=flowed\n\n"), signed...))
	if m.Layer.Kind != LayerSigned || !m.Layer.Whole {
		t.Errorf("layer %v, whole %v", m.Layer.Kind, m.Layer.Whole)
	}
	c, err := m.Content(nil)
	if err != nil || c.Text != "- a list\n- of Wörter\n\nend\n" {
		t.Errorf("%v, text %q", err, c.Text)
	}
	if c.Signed == nil || !g.verifies(t, c.Signed.Data, c.Signed.Signature) {
		t.Errorf("gpg refuses the signature: %+v", c.Signed)
	}
	c, _ = ParseInline(append([]byte("unsigned words\n"), signed...), "", Limits{})
	if c.Signed != nil || !strings.HasPrefix(c.Text, "unsigned words\n-----BEGIN PGP SIGNED") {
		t.Errorf("words outside look signed: %q", c.Text)
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	g := newGPG(t)
	armored := string(g.run(t, nil, "--armor", "--export", g.user))
	binary := g.run(t, nil, "--export", g.user)
	again := strings.ReplaceAll(strings.TrimSpace(armored), "\n", "\r\n")
	c := mustContent(t, lines("Content-Type: multipart/mixed; boundary=m", "", "--m", "", "My key:", again, "", "--m",
		"Content-Type: application/pgp-keys; name=key.asc", "Content-Disposition: attachment", "", again, "", "--m",
		"Content-Type: application/pgp-keys; name=key.pgp", "Content-Transfer-Encoding: base64", "", string(wrapBase64(binary)), "--m",
		"Content-Type: application/octet-stream; name=mykey.asc", "", again, "", "--m",
		"Content-Type: text/plain; name=notes.txt", "", "Use this:", again, "--m--"))
	if len(c.Keys) < 2 || len(c.Attachments) != 1 || c.Attachments[0].Name != "notes.txt" {
		t.Fatalf("%d keys, attachments %+v", len(c.Keys), c.Attachments)
	}
	for i, key := range c.Keys {
		shown := g.run(t, key, "--show-keys", "--with-colons")
		if !bytes.Contains(shown, []byte("<"+g.user+">")) && !bytes.Contains(shown, []byte(g.user)) {
			t.Errorf("gpg does not read key %d: %s", i, shown)
		}
	}
	if !strings.Contains(c.Text, "My key:") {
		t.Errorf("text %q", c.Text)
	}
}

func TestSafeName(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ü", 200)
	for in, want := range map[string]string{
		"report.pdf": "report.pdf", "../../etc/passwd": "passwd", `C:\temp\x.txt`: "x.txt", "": "attachment", "/": "attachment",
		"..": "attachment", ".bashrc": "bashrc", "a\x00b\nc.txt": "abc.txt", "evil\u202efdp.exe": "evilfdp.exe", "a\u200bb": "ab",
		"con.txt": "_con.txt", "LPT1": "_LPT1", "console": "console", "a<b>:\"|?*.txt": "a_b______.txt", "x. . ": "x", "\xff.txt": "\uFFFD.txt",
		"a\u00a0b.txt": "a b.txt", "  p c.py": "p c.py",
	} {
		if got := SafeName(in); got != want {
			t.Errorf("%q: %q, expected %q", in, got, want)
		}
	}
	if got := SafeName(long + ".pdf"); len(got) > 120 || !strings.HasSuffix(got, "ü.pdf") {
		t.Errorf("long: %q, %d octets", got, len(got))
	}
}

func TestCharsets(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		charset, octets, text string
		problem               bool
	}{
		{"utf-8", "ü", "ü", false}, {"utf-8", "ä\xff", "ä\uFFFD", true}, {"", "ä\xc3", "ä\uFFFD", true}, {"iso-8859-1", "\xfc", "ü", false},
		{"windows-1251", "\xcf\xf0", "Пр", false}, {"iso-2022-jp", "\x1b$B$\"\x1b(B", "あ", false}, {"gb18030", "\xc4\xe3", "你", false},
		{"iso-8859-1", "\x80 \x96 \xfc", "€ – ü", false}, {"utf-8", "\x80 \xfc", "€ ü", true}, {"utf-8", "ü \xfc", "ü \uFFFD", true},
		{"", "\xff\xfeA\x00\xac\x20", "A€", false}, {"", "\xfe\xff\x00A\x20\xac", "A€", false},
		{"", "ü", "ü", false}, {"us-ascii", "\xfc", "ü", true}, {"no-such-charset", "ü", "ü", true}, {"no-such-charset", "\xfc", "ü", true},
		{"utf-8", "a\x00b", "a\uFFFDb", true}, {"utf-16", "\xfe\xff\x00a", "a", false}, {"utf-8", "\ufeffa", "a", false},
	} {
		got, err := ParseInline([]byte(c.octets), c.charset, Limits{})
		if err != nil || got.Text != c.text || got.CharsetProblems != c.problem {
			t.Errorf("%s %q: %q, problems %v, %v", c.charset, c.octets, got.Text, got.CharsetProblems, err)
		}
	}
}

func TestParseInlineLimit(t *testing.T) {
	t.Parallel()
	c, err := ParseInline([]byte("aäö"), "utf-8", Limits{Text: 4})
	if !errors.Is(err, ErrLimit) || !strings.HasPrefix(c.Text, "aä") {
		t.Errorf("%q, %v", c.Text, err)
	}
}

func TestMain(m *testing.M) {
	peer.Plain()
	os.Unsetenv(PasswordVariable) // tests say themselves which password there is
	os.Exit(m.Run())
}
