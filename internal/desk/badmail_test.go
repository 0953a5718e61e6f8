package desk_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/mail"
	"github.com/docket-psirt/docket/internal/psirt"
)

// badMail is a mail that means harm, and what must become of it.
type badMail struct {
	name   string
	file   string // where it is: in memory, large ones would let the collector be lazy
	stays  bool   // it is not taken in; there is a clear error
	flags  string // of the report, sorted
	signed psirt.SignatureState
	answer string // kind of the update, "" for none
	deep   bool   // what it says stands deeper than anything is read
}

// badMails are the bad mails that are encrypted badly, or to nobody.
func badCiphertexts(b *badMaker) []badMail {
	other := b.person("other", time.Hour, nil)
	lit := literalPacket(string(b.entity("literal")))
	key, data := b.sealedTo(b.to, lit)
	otherKey, otherData := b.sealedTo(other, lit)
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	tampered := join(key, data)
	tampered[len(tampered)-40] ^= 1
	bomb := b.sealed(rawPacket(8, append([]byte{3}, b.fixture("bomb.bz2")...)))
	if len(bomb) >= 2000 {
		b.t.Fatalf("the bomb has %d octets", len(bomb))
	}
	layers := lit
	for range 128 {
		layers = b.sealed(layers)
	}
	squeezed := lit
	for range 128 {
		squeezed = rawPacket(8, append([]byte{0}, squeezed...))
	}
	unopened := func(name string, message []byte) badMail {
		from := strings.ReplaceAll(name, " ", "-")
		return badMail{name: name, file: b.put(b.around(from, message)), flags: "unopened", answer: "note"}
	}
	return []badMail{
		unopened("wrong key", join(otherKey, otherData)),
		unopened("symmetric only", join([]byte{0xc3, 13, 4, 9, 3, 8, 1, 2, 3, 4, 5, 6, 7, 8, 96}, data)),
		unopened("no integrity protection", join(key, rawPacket(9, data[8:]))),
		unopened("tampered", tampered),
		unopened("trailing packets", join(key, data, lit)),
		unopened("several literals", b.sealed(join(lit, lit))),
		unopened("decompression bomb", bomb),
		unopened("128 layers of encryption", layers),
		unopened("128 layers of compression", b.sealed(squeezed)),
	}
}

func badShapes(b *badMaker) []badMail {
	noise := make([]byte, 36<<20)
	_, _ = rand.Read(noise)
	part := func(n int) string { return strings.Repeat("--b\r\n\r\n"+canary+"\r\n", n) }
	rfc822 := strings.Repeat("Content-Type: message/rfc822\r\n\r\n", 128) + "Subject: x\r\n\r\n" + canary + "\r\n"
	mime := func(name, flags string, raw []byte) badMail {
		return badMail{name: name, file: b.put(raw), flags: flags, answer: "note"}
	}
	deep := func(name, flags string, raw []byte) badMail {
		m := mime(name, flags, raw)
		m.deep = true
		return m
	}
	const clear, bad = "received-in-clear", "malformed-mail received-in-clear"
	return []badMail{
		mime("zip quine", clear, mixed("quine", file("r.zip", b.fixture("quine.zip")))),
		mime("zip quine, encrypted", "", b.within("quine2", string(mixed("quine2", file("r.zip", b.fixture("quine.zip")))))),
		deep("128 layers of MIME", bad, []byte(head("layers")+nestedParts(128))),
		deep("128 layers of mails", clear, []byte(head("mails")+rfc822)),
		deep("128 layers of MIME, encrypted", "malformed-mail", b.within("layers2", head("layers2")+nestedParts(128))),
		mime("50 MB", clear, mixed("large", file("x", noise))),
		mime("50 MB, encrypted", "", b.within("large2", string(mixed("large2", file("x", noise[:26<<20]))))),
		deep("1,000 nested parts", bad, []byte(head("nested")+nestedParts(1000))),
		mime("10,000 parts", bad, mixed("parts", part(10_000))),
		mime("10,000 parts, encrypted", "malformed-mail", b.within("parts2", string(mixed("parts2", part(10_000))))),
		mime("no boundary", bad, []byte(head("boundary")+"Content-Type: multipart/mixed\r\n\r\n--b\r\n\r\n"+canary+"\r\n")),
		mime("a boundary that never comes", bad, []byte(head("never")+"Content-Type: multipart/mixed; boundary=x\r\n\r\n--b\r\n\r\n"+canary+"\r\n")),
		mime("broken charsets", bad, []byte(head("broken")+"Content-Type: text/plain; charset=utf-8\r\n\r\n"+canary+" \xc3( \xff\xfe \xed\xa0\x80\r\n")),
		deep("another charset than it says", "not-in-english received-in-clear rtl-text", []byte(head("charset")+"Content-Type: text/plain; charset=utf-16\r\n\r\n"+canary+"\xff\xfe\xd8\x00\x80\xc3("+"\r\n")),
		mime("an unknown charset", bad, []byte(head("charset2")+"Content-Type: text/plain; charset=\"x-\x80-none\"\r\n\r\n"+canary+" \xe9\xff\r\n")),
		mime("CR, LF and CRLF", clear, []byte(head("ends")+"\r\n"+canary+"\r\ra\n\rb\r\r\nc\n\n\rd\r")),
		mime("LF only", clear, []byte(strings.ReplaceAll(head("lf"), "\r\n", "\n")+"\n"+canary+"\n")),
		mime("NUL and bidi", "bidi-controls malformed-mail pseudonymous received-in-clear", []byte(strings.Replace(strings.Replace(head("nul"), "From: nul@bad.example",
			"From: \"a\x00\u202eb\" <nul@bad.example>", 1), "Subject: ", "Subject: \x00\u202e =?utf-8?q?=00=E2=80=AE=0D=0ABcc:_x?= ", 1)+
			"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n"+canary+"\x00\u202e\r\n"+file("\x00\u202egpj..\\../../x\x1b[2J", []byte("x"))+"--b--\r\n")),
		{name: "larger than the limit", file: b.put(mixed("huge", strings.Repeat("x", 61<<20))), stays: true},
	}
}

// badKeys are mails whose attached key cannot be written to; the last one can.
func badKeys(b *badMaker) []badMail {
	v6 := b.person("", time.Hour, func(c *packet.Config) { c.V6Keys, c.Algorithm = true, packet.PubKeyAlgoEd25519 })
	flooded := b.person("flooded", time.Hour, nil)
	expired := b.person("expired", 3*time.Hour, func(c *packet.Config) { c.KeyLifetimeSecs = 3600 })
	revoked := b.person("revoked", 3*time.Hour, nil)
	signOnly := b.person("sign-only", time.Hour, nil)
	signOnly.Subkeys = nil
	good := b.person("usable", time.Hour, nil)
	var strangers [][]byte
	for range 4 {
		strangers = append(strangers, b.public(b.person("usable2", time.Hour, nil)))
	}
	many := b.person("usable2", time.Hour, nil)
	row := func(name string, signed psirt.SignatureState, answer string, raw []byte) badMail {
		return badMail{name: name, file: b.put(raw), signed: signed, answer: answer}
	}
	return []badMail{
		row("v6 key without user ID", psirt.SignedOtherKey, "note", b.signed("v6", v6, time.Minute, b.public(v6))),
		row("key with 50,000 certifications", psirt.SignedUnknownKey, "note", b.signed("flooded", flooded, time.Minute, b.certified(flooded, 50_000))),
		row("expired key", psirt.SignedUnknownKey, "note", b.signed("expired", expired, 150*time.Minute, b.public(expired))),
		row("revoked key", psirt.SignedUnknownKey, "note", b.signed("revoked", revoked, time.Minute, b.revoke(revoked))),
		row("sign-only key", psirt.SignedGood, "note", b.signed("sign-only", signOnly, time.Minute, b.public(signOnly))),
		row("usable key of another address", psirt.SignedOtherKey, "note", b.signed("someone", good, time.Minute, b.public(good))),
		row("50 MB with five keys", psirt.SignedGood, "acknowledge", b.signedLarge("usable2", many, append(strangers, b.public(many)), 26<<20)),
		row("50 MB with forged signatures", psirt.SignedBad, "note", b.forgedLarge("forged", many, 16, 26<<20)),
		row("usable key", psirt.SignedGood, "acknowledge", b.signed("usable", good, time.Minute, b.public(good))),
	}
}

// cutShort are the mails that end within their armor.
func cutShort(b *badMaker) []badMail {
	whole := b.around("cut", b.sealed(literalPacket("\r\n"+canary+" whole")))
	from := bytes.Index(whole, []byte("-----BEGIN PGP"))
	to := bytes.Index(whole, []byte("-----END PGP"))
	step := rounds(61, 1)
	var out []badMail
	for n := from; n < to; n += step {
		out = append(out, badMail{name: fmt.Sprintf("armor cut at %d", n-from), file: b.put(whole[:n])})
	}
	return out
}

// mailbox is a Maildir with mails in this order.
func mailbox(t *testing.T, mails []string) string {
	t.Helper()
	dir := t.TempDir()
	for _, sub := range []string{"new", "cur", "tmp"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for i, name := range mails {
		if err := os.Rename(name, filepath.Join(dir, "new", fmt.Sprintf("%06d", i))); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Not parallel: it measures. Each bad mail comes between two good ones.
func TestBadMail(t *testing.T) {
	home, untouched := t.TempDir(), t.TempDir()
	c := newCounterIn(t, home)
	if err := os.CopyFS(untouched, os.DirFS(home)); err != nil {
		t.Fatal(err)
	}
	published, err := c.as("lead").PublicKey("intake")
	if err != nil {
		t.Fatal(err)
	}
	b := newBadMaker(t, published.Armor, t.TempDir())
	good := 0
	goodMail := func() []byte {
		good++
		return []byte(fmt.Sprintf("From: good%d@good.example\r\nSubject: a report\r\n\r\nProduct: number %d\r\n", good, good))
	}
	answers := map[string]string{} // by address
	row := func(t *testing.T, bad ...badMail) {
		mails := []string{b.put(goodMail())}
		for _, m := range bad {
			mails = append(mails, m.file)
		}
		mails = append(mails, b.put(goodMail()))
		box := mailbox(t, mails)
		src, err := mail.Maildir(box)
		if err != nil {
			t.Fatal(err)
		}
		m := &metered{Source: src}
		taken, err := c.as("").Intake(t.Context(), m, nil)
		if err != nil || len(taken) != len(mails) {
			t.Fatal(len(taken), err)
		}
		for _, i := range []int{0, len(mails) - 1} {
			if taken[i].Err != nil || taken[i].Action != desk.ActionOpened {
				t.Errorf("good mail: %+v", taken[i])
			}
		}
		for i, want := range bad {
			matches, err := filepath.Glob(filepath.Join(box, "*", fmt.Sprintf("%06d*", i+1)))
			if err != nil || len(matches) != 1 {
				t.Fatal(matches, err)
			}
			want.file = matches[0]
			c.holdBad(t, want, taken[i+1], answers)
			holdCost(t, want, m.costs[i+1], untouched)
		}
		left, _ := os.ReadDir(filepath.Join(box, "new"))
		if stay := len(bad) == 1 && bad[0].stays; stay != (len(left) == 1) {
			t.Errorf("%d mails stay in the mailbox", len(left))
		}
	}
	for _, list := range [][]badMail{badCiphertexts(b), badShapes(b), badKeys(b)} {
		for _, bad := range list {
			t.Run(bad.name, func(t *testing.T) { row(t, bad) })
		}
	}
	t.Run("truncated armor", func(t *testing.T) { row(t, cutShort(b)...) })
	t.Run("afterwards", func(t *testing.T) { c.holdAfter(t, answers) })
}

// holdBad holds what became of one bad mail.
func (c *counter) holdBad(t *testing.T, m badMail, got desk.Taken, answers map[string]string) {
	t.Helper()
	for _, err := range []error{got.Err, got.Warn} {
		if err != nil && (strings.Contains(err.Error(), canary) || strings.Contains(err.Error(), "bad.example")) {
			t.Errorf("%s: the error holds words of the mail: %v", m.name, err)
		}
	}
	if m.stays {
		if !errors.Is(got.Err, mail.ErrLimit) || got.ID != "" {
			t.Errorf("%s: %+v", m.name, got)
		}
		return
	}
	if got.Err != nil || got.Warn != nil || got.Action != desk.ActionOpened {
		t.Errorf("%s: %+v", m.name, got)
		return
	}
	lead := c.as("lead")
	mails, err := lead.Mails(got.ID, 1)
	if err != nil {
		t.Errorf("%s: %v", m.name, err)
		return
	}
	if came, err := os.ReadFile(m.file); err != nil || !bytes.Equal(mails[0].Raw, came) {
		t.Errorf("%s: kept are %d octets, not the %d that came (%v)", m.name, len(mails[0].Raw), len(came), err)
	}
	shown, err := lead.Show(t.Context(), got.ID)
	if err != nil || shown.Sealed != nil {
		t.Errorf("%s does not open: %v %v", m.name, err, shown)
		return
	}
	flags := flagsOf(shown)
	if strings.HasPrefix(m.name, "armor cut") {
		// With all of the ciphertext there is, it may open; else it is told of.
		if mails[0].Kind == "unopened" != slices.Contains(flags, "unopened") || mails[0].Kind != "unopened" && !strings.Contains(mails[0].Text, canary) {
			t.Errorf("%s: %s, %v, %q", m.name, mails[0].Kind, flags, mails[0].Text)
		}
		return
	}
	if have := strings.Join(flags, " "); have != m.flags {
		t.Errorf("%s: flags %q, expected %q", m.name, have, m.flags)
	}
	unopened := strings.Contains(m.flags, "unopened")
	if unopened != (mails[0].Kind == "unopened") || !unopened && strings.Contains(mails[0].Text, canary) == m.deep {
		t.Errorf("%s: %s, %.80q", m.name, mails[0].Kind, mails[0].Text)
	}
	if want := m.signed; want != "" && mails[0].Signed != string(want) {
		t.Errorf("%s: signature %s, expected %s", m.name, mails[0].Signed, want)
	}
	kinds := ""
	for _, u := range shown.Case.Updates {
		kinds += u.Kind
	}
	if kinds != m.answer {
		t.Errorf("%s: answered by %q, expected %q", m.name, kinds, m.answer)
	}
	if (shown.Contact.Key != "") != (m.answer == "acknowledge") {
		t.Errorf("%s: the contact has a key: %v", m.name, shown.Contact.Key != "")
	}
	answers[shown.Contact.Address] = m.answer
}

func flagsOf(s *desk.Shown) []string {
	var out []string
	list, _ := s.Report["flags"].([]any)
	for _, f := range list {
		if f != "description-insufficient" { // all of these say little
			out = append(out, fmt.Sprint(f))
		}
	}
	slices.Sort(out)
	return out
}

// holdAfter delivers, reads what reporters get, and judges the repository
// without a key.
func (c *counter) holdAfter(t *testing.T, answers map[string]string) {
	out := filepath.Join(t.TempDir(), "out")
	sender, err := mail.NewMaildirSender(out)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.as("").Deliver(t.Context(), desk.Outgoing{Sender: sender, Repeatable: true}); err != nil {
		t.Fatal(err)
	}
	src, err := mail.Maildir(out)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for {
		item, err := src.Next(t.Context())
		if errors.Is(err, io.EOF) {
			break
		}
		raw, err2 := item.Read(0)
		m, err3 := mail.Parse(raw, mail.DefaultLimits())
		if err := errors.Join(err, err2, err3); err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(raw, []byte(canary)) || bytes.Contains(raw, []byte("Sample product")) {
			t.Errorf("%s gets words of the mail in clear", m.To[0].Addr)
		}
		kind := "note"
		if m.Layer.Kind == mail.LayerPGPMIME && m.Layer.Whole {
			kind = "acknowledge"
		}
		got[m.To[0].Addr] = kind
	}
	for address, want := range answers {
		if got[address] != want {
			t.Errorf("%s gets %q, expected %q", address, got[address], want)
		}
	}
	keyless, err := desk.Open(c.dir, desk.Options{})
	if err != nil {
		t.Fatal(err)
	}
	checked, err := keyless.Check(t.Context(), "", "")
	if err != nil || !checked.OK() {
		t.Error(checked, err)
	}
	report, err := keyless.Audit(t.Context(), desk.AuditOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range report.Findings {
		t.Error(f)
	}
	if report.Opened != 0 || report.Cases == 0 {
		t.Errorf("%d cases, %d opened", report.Cases, report.Opened)
	}
}
