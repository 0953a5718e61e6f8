package seal

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
)

func octets(n int) []byte {
	random := rand.New(rand.NewPCG(1, uint64(n)))
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	return data
}

// Armor is what gopenpgp writes without headers, and the last line's end.
func TestArmorAsGopenpgp(t *testing.T) {
	t.Parallel()
	for n := 1; n < 300; n++ {
		data := octets(n)
		var want bytes.Buffer
		w := must(armor.Encode(&want, kindMessage, nil))(t)
		_, _ = w.Write(data)
		_ = w.Close()
		got := Armor(kindMessage, data)
		if got != want.String()+"\n" {
			t.Fatalf("%d octets:\n%s\nwant\n%s", n, got, want.String())
		}
		if err := CanonicalArmor(got); err != nil {
			t.Fatal(err)
		}
		back, err := dearmor(kindMessage, []byte(got))
		if err != nil || !bytes.Equal(back, data) && data[0]&0x80 == 0 {
			t.Fatalf("%d octets: %v", n, err)
		}
	}
}

func TestCanonicalArmorRefuses(t *testing.T) {
	t.Parallel()
	good := Armor(kindMessage, octets(100))
	lines := strings.Split(good, "\n")
	join := func(change func([]string) []string) string {
		return strings.Join(change(append([]string(nil), lines...)), "\n")
	}
	for name, bad := range map[string]string{
		"empty":               "",
		"no line end":         strings.TrimSuffix(good, "\n"),
		"another line end":    good + "\n",
		"text in front":       "x\n" + good,
		"white space":         strings.Replace(good, "\n\n", " \n\n", 1),
		"header":              strings.Replace(good, "\n\n", "\nVersion: 1\n\n", 1),
		"no empty line":       strings.Replace(good, "\n\n", "\n", 1),
		"CRLF":                strings.ReplaceAll(good, "\n", "\r\n"),
		"no CRC":              join(func(l []string) []string { return append(l[:len(l)-3], l[len(l)-2:]...) }),
		"wrong CRC":           join(func(l []string) []string { l[len(l)-3] = "=AAAA"; return l }),
		"shorter lines":       join(func(l []string) []string { l[2] = l[2][:60] + "\n" + l[2][60:]; return l }),
		"one long line":       strings.Replace(good, lines[2]+"\n", lines[2], 1),
		"another kind at end": join(func(l []string) []string { l[len(l)-2] = "-----END PGP SIGNATURE-----"; return l }),
		"unknown kind":        strings.ReplaceAll(good, "MESSAGE", "SOMETHING"),
		"no data":             Armor(kindMessage, nil),
		"two blocks":          good + good,
		"padding bits":        strings.Replace(Armor(kindMessage, []byte{1}), "AQ==", "AR==", 1),
	} {
		if err := CanonicalArmor(bad); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	for _, kind := range []string{kindMessage, kindSignature, kindPublic, kindSecret} {
		if err := CanonicalArmor(Armor(kind, octets(50))); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func FuzzCanonicalArmor(f *testing.F) {
	for _, n := range []int{1, 2, 3, 48, 49, 100} {
		f.Add(Armor(kindMessage, octets(n)))
	}
	f.Add(strings.ReplaceAll(Armor(kindSignature, octets(60)), "\n", "\r\n"))
	f.Fuzz(func(t *testing.T, s string) {
		if CanonicalArmor(s) != nil {
			return
		}
		kind, data, err := canonical(s)
		if err != nil || Armor(kind, data) != s {
			t.Fatal("accepted, and armored anew it is different")
		}
		if again, err := dearmor(kind, []byte(s)); err != nil || !bytes.Equal(again, data) {
			t.Fatal("the lenient reader reads something else")
		}
	})
}

func FuzzRecipients(f *testing.F) {
	data, err := canonicalOf(kindMessage, sealedSeed(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(Armor(kindMessage, data)))
	f.Add([]byte{0xc1, 12, 3, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0xd2, 0xe1, 1, 0, 0})
	lead := person("lead")
	f.Fuzz(func(t *testing.T, message []byte) {
		ids, err := Recipients(message)
		if err == nil && len(ids) == 0 {
			t.Fatal("a message to nobody")
		}
		opened, openErr := OpenForeign(message, []Opener{lead}, 1<<16)
		if openErr != nil && opened.Plain != nil {
			t.Fatal("plaintext with an error")
		}
		if kept, keepErr := KeepRecipient(string(message), lead.Cert()); keepErr == nil {
			if _, err := Recipients([]byte(kept)); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func sealedSeed(f *testing.F) string {
	s, err := person("bot").Seal([]byte(`{}`), certs("lead", "triage"), testContext, event)
	if err != nil {
		f.Fatal(err)
	}
	return s.Armor
}

func FuzzParseCert(f *testing.F) {
	for _, name := range []string{"expired.asc", "sign-only.asc", "revoked-3.asc", "dsa-elgamal.asc", "weak-rsa1024.asc"} {
		data, err := dearmor(kindPublic, fixture(f, name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _ = ReadKey(data, nil)
		c, err := ParseCert(data)
		if err != nil {
			return
		}
		again, err := ParseCert([]byte(c.Armor()))
		if err != nil || again.Armor() != c.Armor() || again.Fingerprint() != c.Fingerprint() {
			t.Fatalf("not stable: %v", err)
		}
		_, _ = c.Expires()
		_ = c.UsableForEncryption(event)
		_ = c.UsableForSigning(event)
		_ = c.Addresses()
		_ = c.Minimal().Armor()
	})
}
