package desk_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"github.com/docket-psirt/docket/internal/mail"
	"github.com/docket-psirt/docket/internal/seal"
)

// canary stands in every bad mail, and must stand nowhere that is not sealed.
const canary = "CANARY-4711"

// badMaker makes bad mails for the published key of a repository.
type badMaker struct {
	t    *testing.T
	to   *openpgp.Entity
	dir  string
	made int
}

func newBadMaker(t *testing.T, armored, dir string) *badMaker {
	t.Helper()
	list, err := openpgp.ReadArmoredKeyRing(strings.NewReader(armored))
	if err != nil {
		t.Fatal(err)
	}
	return &badMaker{t: t, to: list[0], dir: dir}
}

// put keeps a mail in a file.
func (b *badMaker) put(raw []byte) string {
	b.t.Helper()
	b.made++
	name := filepath.Join(b.dir, fmt.Sprint(b.made))
	b.must(os.WriteFile(name, raw, 0o600))
	return name
}

func (b *badMaker) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// head is the beginning of a mail from one sender.
func head(from string) string {
	return "From: " + from + "@bad.example\r\nTo: psirt@ingroupe.com\r\nSubject: " + canary + "\r\nDate: Sun, 22 Nov 2026 09:00:00 +0000\r\nMIME-Version: 1.0\r\n"
}

func mixed(from, parts string) []byte {
	return []byte(head(from) + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n" + canary + "\r\n" + parts + "--b--\r\n")
}

func file(name string, data []byte) string {
	return "--b\r\nContent-Type: application/octet-stream; name=\"" + name + "\"\r\nContent-Disposition: attachment; filename=\"" + name +
		"\"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + wrapped(data) + "\r\n"
}

func wrapped(data []byte) string {
	code := base64.StdEncoding.EncodeToString(data)
	var out strings.Builder
	out.Grow(len(code) + len(code)/38)
	for ; len(code) > 76; code = code[76:] {
		out.WriteString(code[:76] + "\r\n")
	}
	out.WriteString(code)
	return out.String()
}

// raw makes one packet (RFC 9580 section 4.2).
func rawPacket(tag byte, body []byte) []byte {
	var out bytes.Buffer
	_ = (&packet.OpaquePacket{Tag: tag, Contents: body}).Serialize(&out) // a bytes.Buffer cannot fail
	return out.Bytes()
}

func literalPacket(text string) []byte {
	return rawPacket(11, append([]byte("b\x00\x00\x00\x00\x00"), text...))
}

// sealedTo encrypts packets of any kind: the packet with the session key, and
// the one with the data.
func (b *badMaker) sealedTo(to *openpgp.Entity, inside []byte) (key, data []byte) {
	b.t.Helper()
	enc, ok := to.EncryptionKey(time.Now(), nil)
	if !ok {
		b.t.Fatal("no encryption key")
	}
	session := bytes.Repeat([]byte{7}, 32)
	var k, d bytes.Buffer
	b.must(packet.SerializeEncryptedKey(&k, enc.PublicKey, packet.CipherAES256, session, nil))
	w, err := packet.SerializeSymmetricallyEncrypted(&d, packet.CipherAES256, false, packet.CipherSuite{}, session, nil)
	b.must(err)
	_, err = w.Write(inside)
	b.must(err)
	b.must(w.Close())
	return k.Bytes(), d.Bytes()
}

func (b *badMaker) sealed(inside []byte) []byte {
	k, d := b.sealedTo(b.to, inside)
	return append(k, d...)
}

func (b *badMaker) draft(from string) mail.Draft {
	return mail.Draft{From: mail.Address{Addr: from + "@bad.example"}, To: mail.Address{Addr: "psirt@ingroupe.com"}, Subject: canary,
		Date: time.Now(), MessageID: from + "@bad.example", Text: "Product: Sample product\n\n" + canary + "\n"}
}

// around is a PGP/MIME mail around a message.
func (b *badMaker) around(from string, message []byte) []byte {
	b.t.Helper()
	out, err := b.draft(from).Encrypted(seal.Armor("PGP MESSAGE", message), "...")
	b.must(err)
	return out
}

func (b *badMaker) entity(from string, keys ...mail.KeyFile) []byte {
	b.t.Helper()
	d := b.draft(from)
	d.Keys = keys
	out, err := d.Entity()
	b.must(err)
	return out
}

// within encrypts a MIME entity, unsigned.
func (b *badMaker) within(from, entity string) []byte {
	return b.around(from, b.sealed(literalPacket(entity)))
}

// person makes a key for a sender; age is how old it is.
func (b *badMaker) person(from string, age time.Duration, change func(*packet.Config)) *openpgp.Entity {
	b.t.Helper()
	c := &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA, Time: func() time.Time { return time.Now().Add(-age) }}
	if change != nil {
		change(c)
	}
	var e *openpgp.Entity
	var err error
	if from == "" {
		e, err = openpgp.NewEntityWithoutId(c)
	} else {
		e, err = openpgp.NewEntity("A", "", from+"@bad.example", c)
	}
	b.must(err)
	return e
}

func (b *badMaker) public(e *openpgp.Entity) []byte {
	b.t.Helper()
	var out bytes.Buffer
	b.must(e.Serialize(&out))
	return out.Bytes()
}

// signed is a mail that is signed by a key, some time ago, with a certificate
// attached.
func (b *badMaker) signed(from string, by *openpgp.Entity, ago time.Duration, cert []byte) []byte {
	b.t.Helper()
	return b.signedMail(from, by, ago, b.entity(from, mail.KeyFile{Name: "key.asc", Data: seal.Armor("PGP PUBLIC KEY BLOCK", cert)}))
}

func (b *badMaker) signedMail(from string, by *openpgp.Entity, ago time.Duration, entity []byte) []byte {
	b.t.Helper()
	var out bytes.Buffer
	w, err := openpgp.Sign(&out, []*openpgp.Entity{by}, nil, &packet.Config{Time: func() time.Time { return time.Now().Add(-ago) }})
	b.must(err)
	_, err = w.Write(entity)
	b.must(err)
	b.must(w.Close())
	return b.around(from, b.sealed(out.Bytes()))
}

// signedLarge is a mail with several certificates and an attachment of a size.
func (b *badMaker) signedLarge(from string, by *openpgp.Entity, certs [][]byte, size int) []byte {
	var parts strings.Builder
	for i, c := range certs {
		fmt.Fprintf(&parts, "--b\r\nContent-Type: application/pgp-keys; name=%d.asc\r\n\r\n%s\r\n", i, seal.Armor("PGP PUBLIC KEY BLOCK", c))
	}
	parts.WriteString(file("x", bytes.Repeat([]byte("x"), size)))
	return b.signedMail(from, by, time.Minute, mixed(from, parts.String()))
}

// forgedLarge is a large mail with many signatures that its key made of
// something else, and that key five times.
func (b *badMaker) forgedLarge(from string, by *openpgp.Entity, n, size int) []byte {
	b.t.Helper()
	var sig, parts bytes.Buffer
	b.must(openpgp.DetachSign(&sig, []*openpgp.Entity{by}, strings.NewReader("x"), nil))
	for i := range 5 {
		fmt.Fprintf(&parts, "--b\r\nContent-Type: application/pgp-keys; name=%d.asc\r\n\r\n%s\r\n", i, seal.Armor("PGP PUBLIC KEY BLOCK", b.public(by)))
	}
	parts.WriteString(file("x", bytes.Repeat([]byte("x"), size)))
	inside := bytes.Repeat(sig.Bytes(), n)
	return b.around(from, b.sealed(append(inside, literalPacket(string(mixed(from, parts.String())))...)))
}

// revoke is the certificate of a key after it was revoked as compromised.
func (b *badMaker) revoke(e *openpgp.Entity) []byte {
	b.t.Helper()
	list, err := openpgp.ReadKeyRing(bytes.NewReader(b.public(e)))
	b.must(err)
	list[0].PrivateKey = e.PrivateKey
	b.must(list[0].Revoke(packet.KeyCompromised, "", nil))
	return b.public(list[0])
}

// certified adds certifications by others to a certificate, right after its
// user ID's own signature.
func (b *badMaker) certified(e *openpgp.Entity, n int) []byte {
	b.t.Helper()
	var out bytes.Buffer
	r := packet.NewOpaqueReader(bytes.NewReader(b.public(e)))
	var friend bytes.Buffer
	f := b.person("friend", time.Hour, nil)
	for name := range e.Identities {
		b.must(e.SignIdentity(name, f, &packet.Config{}))
		sigs := e.Identities[name].OtherCertifications
		b.must(sigs[len(sigs)-1].Packet.Serialize(&friend))
	}
	done := false
	for p, err := r.Next(); err == nil; p, err = r.Next() {
		b.must(p.Serialize(&out))
		if p.Tag == 2 && !done {
			done = true
			for range n {
				out.Write(friend.Bytes())
			}
		}
	}
	return out.Bytes()
}

func (b *badMaker) fixture(name string) []byte {
	b.t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "bad-mail", name))
	b.must(err)
	return raw
}

// nested are so many multiparts, each in the one before.
func nestedParts(n int) string {
	var out strings.Builder
	for i := range n {
		fmt.Fprintf(&out, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	return out.String() + "\r\n" + canary + "\r\n"
}
