package seal

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	pgp "github.com/ProtonMail/gopenpgp/v2/crypto"
)

func BenchmarkSeal(b *testing.B) {
	names := []string{"lead", "triage", "escrow", "bot", "reporter"}
	document := bytes.Repeat([]byte("x"), 4000)
	for _, n := range []int{1, 3, 5} {
		to := certs(names[:n]...)
		b.Run(fmt.Sprintf("recipients=%d", n), func(b *testing.B) {
			for b.Loop() {
				if _, err := person("bot").Seal(document, to, testContext, event); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	sealed := must(person("bot").Seal(bytes.Repeat([]byte("x"), 4000), certs("lead", "triage", "escrow"), testContext, event))(b)
	keys, signers := []Opener{person("escrow")}, certs("lead", "bot")
	for b.Loop() {
		if _, err := Open(sealed.Armor, keys, testContext, signers, event, plenty); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	data := bytes.Repeat([]byte("x"), 8000)
	sig := must(person("lead").Sign(data, testContext, event))(b)
	by := person("lead").Cert()
	for b.Loop() {
		if err := Verify(data, sig, testContext, by, event); err != nil {
			b.Fatal(err)
		}
	}
}

// Ours against gopenpgp's, for the same octets.
func BenchmarkArmor(b *testing.B) {
	data := octets(4600)
	b.Run("docket", func(b *testing.B) {
		for b.Loop() {
			_ = Armor(kindMessage, data)
		}
	})
	b.Run("canonical", func(b *testing.B) {
		s := Armor(kindMessage, data)
		for b.Loop() {
			if err := CanonicalArmor(s); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("gopenpgp", func(b *testing.B) {
		for b.Loop() {
			if _, err := pgp.NewPGPMessage(data).GetArmoredWithCustomHeaders("", ""); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkStream(b *testing.B) {
	const size = 25 << 20
	chunk := make([]byte, 32<<10)
	b.Run("seal", func(b *testing.B) {
		b.SetBytes(size)
		b.ReportAllocs()
		for b.Loop() {
			w, _, err := person("bot").SealStream(io.Discard, certs("lead", "triage", "escrow"), testContext, event, "")
			if err != nil {
				b.Fatal(err)
			}
			for range size / len(chunk) {
				_, _ = w.Write(chunk)
			}
			if err := w.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
	var file bytes.Buffer
	w, session, err := person("bot").SealStream(&file, certs("lead"), testContext, event, "")
	if err != nil {
		b.Fatal(err)
	}
	_, _ = w.Write(make([]byte, size))
	_ = w.Close()
	b.Run("open", func(b *testing.B) {
		b.SetBytes(size)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := OpenStream(bytes.NewReader(file.Bytes()), nil, session, testContext, certs("bot"), event, 32<<20); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkParseCert(b *testing.B) {
	data := []byte(person("lead").Cert().Armor())
	for b.Loop() {
		if _, err := ParseCert(data); err != nil {
			b.Fatal(err)
		}
	}
}
