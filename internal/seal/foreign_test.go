package seal

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	pgp "github.com/ProtonMail/gopenpgp/v2/crypto"
)

// hostile encrypts packets of any kind to a certificate.
func hostile(t testing.TB, to *Cert, inside []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	key := must(pgp.GenerateSessionKey())(t)
	if err := writeRecipients(&out, Certs{to}, event, key); err != nil {
		t.Fatal(err)
	}
	w := must(packet.SerializeSymmetricallyEncrypted(&out, packet.CipherAES256, false, packet.CipherSuite{}, key.Key, nil))(t)
	if _, err := w.Write(inside); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func literal(text string) []byte {
	return canonicalRaw(tagLiteral, append([]byte("b\x00\x00\x00\x00\x00"), text...)).raw
}

func deflated(t testing.TB, data io.Reader) []byte {
	t.Helper()
	var out bytes.Buffer
	out.WriteByte(1)
	w := must(flate.NewWriter(&out, flate.BestCompression))(t)
	if _, err := io.Copy(w, data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return canonicalRaw(tagCompressed, out.Bytes()).raw
}

func TestForeignShapes(t *testing.T) {
	t.Parallel()
	lead := person("lead")
	lit, marker := literal("hello"), []byte{0xca, 3, 'P', 'G', 'P'}
	padding := canonicalRaw(tagPadding, make([]byte, 99)).raw
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	sig := must(canonicalOf(kindSignature, must(lead.SignCommit([]byte("hello"), event))(t)))(t)
	zip := deflated(t, bytes.NewReader(lit))
	open := func(message []byte) (Foreign, error) { return OpenForeign(message, []Opener{lead}, plenty) }

	good := map[string][]byte{
		"literal":                hostile(t, lead.Cert(), lit),
		"compressed":             hostile(t, lead.Cert(), zip),
		"marker and padding":     join(marker, padding, hostile(t, lead.Cert(), join(marker, lit, padding))),
		"signature in front":     hostile(t, lead.Cert(), join(sig, lit)),
		"compressed and signed":  hostile(t, lead.Cert(), deflated(t, bytes.NewReader(join(sig, lit)))),
		"to two, first not ours": join(hostileTo(t, person("bot").Cert()), hostile(t, lead.Cert(), lit)),
		"in parts":               hostile(t, lead.Cert(), join([]byte{0xcb, 0xe3}, []byte("b\x00\x00\x00\x00\x00he"), []byte{3}, []byte("llo"))),
	}
	for name, message := range good {
		for form, m := range map[string][]byte{"binary": message, "armored": []byte(Armor(kindMessage, message))} {
			f, err := open(m)
			if err != nil || string(f.Plain) != "hello" {
				t.Errorf("%s, %s: %q %v", name, form, f.Plain, err)
			}
		}
	}
	for name, inside := range map[string][]byte{
		"nothing":                      {},
		"two literals":                 join(lit, lit),
		"compressed twice":             deflated(t, bytes.NewReader(zip)),
		"literal after compressed":     join(zip, lit),
		"compressed after literal":     join(lit, zip),
		"two literals in compressed":   deflated(t, bytes.NewReader(join(lit, lit))),
		"one-pass without signature":   join(onePass(), lit),
		"one-pass after the literal":   join(lit, onePass()),
		"a key":                        join(lead.Cert().raw[0].raw, lit),
		"encrypted again":              hostile(t, lead.Cert(), lit),
		"rubbish after it":             join(lit, []byte{0, 1, 2}),
		"rubbish":                      []byte("hello"),
		"literal cut short":            lit[:len(lit)-2],
		"compressed cut short":         zip[:len(zip)-4],
		"unknown compression":          canonicalRaw(tagCompressed, []byte{77, 1, 2}).raw,
		"too many markers":             join(bytes.Repeat(marker, 100), lit),
		"too many signatures":          join(bytes.Repeat(sig, 40), lit),
		"an old integrity-free packet": canonicalRaw(tagNoIntegrity, make([]byte, 40)).raw,
	} {
		f, err := open(hostile(t, lead.Cert(), inside))
		if err == nil || f.Plain != nil {
			t.Errorf("%s: accepted, %q", name, f.Plain)
		} else if !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func hostileTo(t testing.TB, to *Cert) []byte {
	t.Helper()
	keys, _, err := splitMessage(hostile(t, to, nil))
	if err != nil {
		t.Fatal(err)
	}
	return keys[0].raw
}

func onePass() []byte {
	var out bytes.Buffer
	_ = (&packet.OnePassSignature{Version: 3, Hash: signHash, PubKeyAlgo: packet.PubKeyAlgoEdDSA, KeyId: 7, IsLast: true}).Serialize(&out)
	return out.Bytes()
}

func TestForeignRefuses(t *testing.T) {
	t.Parallel()
	lead := person("lead")
	message := hostile(t, lead.Cert(), literal("hello"))
	keys, inside, err := splitMessage(message)
	if err != nil {
		t.Fatal(err)
	}
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	passphrase := []byte{0xc3, 13, 4, 9, 3, 8, 1, 2, 3, 4, 5, 6, 7, 8, 96}
	for _, c := range []struct {
		name    string
		message []byte
		want    error
	}{
		{"not encrypted", literal("hello"), ErrNotEncrypted},
		{"compressed only", deflated(t, bytes.NewReader(literal("x"))), ErrNotEncrypted},
		{"no integrity protection", join(keys[0].raw, canonicalRaw(tagNoIntegrity, inside.raw[2:]).raw), ErrNoIntegrity},
		{"a passphrase only", join(passphrase, inside.raw), ErrSymmetric},
		{"another's", hostile(t, person("bot").Cert(), literal("x")), ErrNoKey},
		{"no recipient", inside.raw, ErrNoKey},
		{"followed by a packet", join(message, literal("x")), ErrMalformed},
		{"followed by rubbish", join(message, []byte{0}), ErrMalformed},
		{"followed by itself", join(message, message), ErrMalformed},
		{"cut short", message[:len(message)-1], ErrTampered},
		{"cut to the integrity check", message[:len(message)-22], ErrTampered},
		{"nothing", nil, ErrMalformed},
		{"text", []byte("hello"), ErrMalformed},
		{"armor without end", []byte(strings.TrimSuffix(Armor(kindMessage, message), "-----\n")), ErrTampered},
		{"two armored", []byte(Armor(kindMessage, message) + Armor(kindMessage, message)), ErrMalformed},
		{"too many recipients", join(bytes.Repeat(hostileTo(t, person("bot").Cert()), maxRecipients+1), message), ErrTooLarge},
		{"too many that may be ours", join(bytes.Repeat(broken(keys[0].raw), maxMessageKeys+1), message), ErrNoKey},
	} {
		f, err := OpenForeign(c.message, []Opener{lead}, plenty)
		if !errors.Is(err, c.want) || f.Plain != nil {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	// Mail programs and lists change armor; what is inside stays.
	armored := strings.ReplaceAll(Armor(kindMessage, message), "\n\n", "\nVersion: X\nComment: a: b\n  \n")
	armored = "Hello,\r\n\r\n" + strings.ReplaceAll(armored, "\n", " \r\n") + "\r\n-- \r\na mailing list"
	if f, err := OpenForeign([]byte(armored), []Opener{lead}, plenty); err != nil || string(f.Plain) != "hello" {
		t.Errorf("changed armor: %v", err)
	}
}

func broken(raw []byte) []byte {
	b := bytes.Clone(raw)
	b[len(b)-1] ^= 1
	return b
}

// Any octet of the encrypted data changed: nothing comes out, and it is called
// a change, whatever the packets inside look like then.
func TestForeignTampered(t *testing.T) {
	t.Parallel()
	lead := person("lead")
	message := hostile(t, lead.Cert(), deflated(t, strings.NewReader(string(literal(strings.Repeat("hello ", 50))))))
	_, inside, err := splitMessage(message)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(message) - len(inside.raw) + 3; i < len(message); i++ {
		changed := bytes.Clone(message)
		changed[i] ^= 4
		f, err := OpenForeign(changed, []Opener{lead}, plenty)
		if !errors.Is(err, ErrTampered) || f.Plain != nil {
			t.Fatalf("octet %d: %v", i, err)
		}
	}
}

// A mail of 2 kB that decompresses to gigabytes: refused at the limit, with
// little memory.
func TestForeignBomb(t *testing.T) {
	// Not parallel: it measures what it allocates.
	lead := person("lead")
	// 2 GiB of zeros in a literal packet, by bzip2.
	bomb := hostile(t, lead.Cert(), canonicalRaw(tagCompressed, append([]byte{3}, fixture(t, "bomb.bz2")...)).raw)
	markers := hostile(t, lead.Cert(), deflated(t, io.LimitReader(&cycle{of: []byte{0xca, 3, 'P', 'G', 'P'}}, 1<<22)))
	huge := hostile(t, lead.Cert(), deflated(t, io.MultiReader(bytes.NewReader([]byte{0xc2, 0xff, 0x40, 0, 0, 6, 4}), io.LimitReader(zeros{}, 1<<24))))
	for name, message := range map[string][]byte{"literal": bomb, "markers": markers, "signature": huge} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		f, err := OpenForeign(message, []Opener{lead}, plenty)
		runtime.ReadMemStats(&after)
		if f.Plain != nil || err == nil || name == "literal" && !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 16*uint64(plenty) {
			t.Errorf("%s: %d MiB allocated", name, used>>20)
		}
		t.Logf("%s: a message of %d octets, refused after %v: %v", name, len(message), time.Since(start), err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

type cycle struct {
	of []byte
	at int
}

func (c *cycle) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = c.of[c.at%len(c.of)]
		c.at++
	}
	return len(p), nil
}

func TestVerifyForeign(t *testing.T) {
	t.Parallel()
	lead, reporter := person("lead"), person("reporter")
	now := event.Add(20 * time.Hour) // a day in the queue
	mail := []byte(must(reporter.SealMail([]byte("report"), certs("lead", "bot"), event))(t).Armor)
	f := must(OpenForeign(mail, []Opener{lead}, plenty))(t)
	if !f.Signed || !slices.Equal(f.Issuers, []uint64{reporter.cert.keys[0].pub.KeyId}) {
		t.Fatalf("signed %v by %X", f.Signed, f.Issuers)
	}
	if err := VerifyForeign(mail, f.SessionKey, reporter.Cert(), now); err != nil {
		t.Fatal(err)
	}
	if err := VerifyForeign(mail, f.SessionKey, reporter.Cert(), event.Add(-10*time.Hour)); err != nil {
		t.Fatal("a clock that is ten hours off:", err)
	}
	wantError(t, VerifyForeign(mail, f.SessionKey, lead.Cert(), now), ErrOtherSigner)
	wantError(t, VerifyForeign(mail, f.SessionKey, reporter.Cert(), event.Add(-72*time.Hour)), ErrBadSignature)
	wantError(t, VerifyForeign(mail, "9:"+strings.Repeat("00", 32), reporter.Cert(), now), ErrTampered)

	if err := VerifyForeign(mail, f.SessionKey, reporter.Cert(), made.Add(-time.Hour)); !errors.Is(err, ErrNotYet) {
		t.Fatal(err)
	}
	young := must(NewKey("Young", "young@example.org", event))(t)
	early := []byte(must(young.SealMail([]byte("report"), certs("lead"), event))(t).Armor)
	e := must(OpenForeign(early, []Opener{lead}, plenty))(t)
	if err := VerifyForeign(early, e.SessionKey, young.Cert(), event.Add(-time.Minute)); err != nil {
		t.Fatal("a new key of a reporter whose clock is ahead:", err)
	}
	if again, err := ReopenForeign(mail, f.SessionKey, plenty); err != nil || string(again) != "report" {
		t.Fatalf("read %q again: %v", again, err)
	}
	_, err := ReopenForeign(mail, f.SessionKey, 5)
	wantError(t, err, ErrTooLarge)
	_, err = ReopenForeign(mail, "9:", plenty)
	wantError(t, err, ErrMalformed)

	unsigned := hostile(t, lead.Cert(), literal("report"))
	f = must(OpenForeign(unsigned, []Opener{lead}, plenty))(t)
	if f.Signed || len(f.Issuers) != 0 {
		t.Fatal("not signed")
	}
	wantError(t, VerifyForeign(unsigned, f.SessionKey, reporter.Cert(), now), ErrNotSigned)

	other := must(canonicalOf(kindSignature, must(reporter.SignCommit([]byte("another text"), event))(t)))(t)
	forged := hostile(t, lead.Cert(), append(bytes.Clone(other), literal("report")...))
	f = must(OpenForeign(forged, []Opener{lead}, plenty))(t)
	if !f.Signed {
		t.Fatal("signed, though badly")
	}
	wantError(t, VerifyForeign(forged, f.SessionKey, reporter.Cert(), now), ErrBadSignature)
	// A bad signature by somebody else does not spoil a good one.
	good := must(canonicalOf(kindSignature, must(reporter.SignCommit([]byte("report"), event))(t)))(t)
	both := hostile(t, lead.Cert(), bytes.Join([][]byte{other, good, literal("report")}, nil))
	f = must(OpenForeign(both, []Opener{lead}, plenty))(t)
	if err := VerifyForeign(both, f.SessionKey, reporter.Cert(), now); err != nil {
		t.Fatal(err)
	}
}

func TestReadErrorIsNoTampering(t *testing.T) {
	t.Parallel()
	var file bytes.Buffer
	w, _, err := person("bot").SealStream(&file, certs("lead"), testContext, event, "")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write(make([]byte, 100_000))
	_ = w.Close()
	disk := errors.New("disk on fire")
	r := io.MultiReader(io.LimitReader(&file, 50_000), iotest.ErrReader(disk))
	_, err = OpenStream(r, []Opener{person("lead")}, "", testContext, certs("bot"), event, plenty)
	wantError(t, err, disk)
	if errors.Is(err, ErrTampered) {
		t.Fatal(err)
	}
}

// Of several signatures in one block one good one is enough, and there is a
// bound on how many are looked at.
func TestSeveralDetachedSignatures(t *testing.T) {
	t.Parallel()
	one := must(canonicalOf(kindSignature, must(person("lead").SignCommit([]byte("x"), event))(t)))(t)
	two := must(canonicalOf(kindSignature, must(person("bot").SignCommit([]byte("x"), event))(t)))(t)
	both := []byte(Armor(kindSignature, append(bytes.Clone(one), two...)))
	for _, name := range []string{"lead", "bot"} {
		if err := VerifyDetached([]byte("x"), both, person(name).Cert(), event); err != nil {
			t.Error(name, err)
		}
	}
	wantError(t, VerifyDetached([]byte("x"), both, person("triage").Cert(), event), ErrOtherSigner)
	lead := person("lead").Cert()
	wantError(t, VerifyDetached([]byte("x"), bytes.Repeat(one, maxSignatures+1), lead, event), ErrTooLarge)
	wantError(t, VerifyDetached([]byte("x"), []byte(lead.Armor()), lead, event), ErrMalformed)
	wantError(t, VerifyDetached([]byte("x"), literal("x"), lead, event), ErrMalformed)
}
