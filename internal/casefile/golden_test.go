package casefile

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docket-psirt/docket/internal/peer"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
)

var update = flag.Bool("update", false, "write testdata/golden anew")

const (
	goldenCase    = "INGP-2026-0042.yaml"
	goldenMail    = "mail-1.yaml"
	goldenReceipt = "1-1-sent.yaml"
	goldenID      = psirt.CaseID("INGP-2026-0042")

	goldenReport      = `{"docket":1,"id":"INGP-2026-0042","title":"overflow in the applet loader"}`
	goldenContactText = `{"docket":1,"id":"INGP-2026-0042","address":"reporter@example.org"}`
)

// The people of the golden files; their secret keys are checked in, without a
// passphrase, and are good for nothing else.
var goldenPeople = []string{"triage", "bot", "mailer", "escrow"}

func golden(t testing.TB, name string) []byte { t.Helper(); return fixture(t, "golden", name) }

func goldenKey(t testing.TB, name string) *seal.Key {
	t.Helper()
	return must(seal.ReadKey(golden(t, "test-key-"+name+".secret.asc"), nil))(t)
}

func goldenCert(t testing.TB, name string) *seal.Cert {
	t.Helper()
	return must(seal.ParseCert(golden(t, "test-key-"+name+".public.asc")))(t)
}

// writeGolden makes keys, a case file, a mail record and a receipt. They are
// checked in, so that files written by older versions stay readable.
func writeGolden(t *testing.T) {
	t.Helper()
	write := func(name string, data []byte) {
		if err := os.WriteFile(filepath.Join("testdata", "golden", name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	keys := map[string]*seal.Key{}
	for _, name := range goldenPeople {
		k := must(seal.NewKey("Test key "+name, name+"@example.org", made))(t)
		write("test-key-"+name+".secret.asc", must(k.Export(nil))(t))
		write("test-key-"+name+".public.asc", []byte(k.Cert().Armor()))
		keys[name] = k
	}
	cert := func(name string) *seal.Cert { return keys[name].Cert() }
	triage := keys["triage"]
	c := full()
	c.State, c.Outcome, c.Log[2].To = "solving", "", "solving"
	c.Handlers = []psirt.Fingerprint{cert("triage").Fingerprint()}
	c.Log[0].By, c.Log[1].By, c.Log[2].By = cert("bot").Fingerprint(), cert("bot").Fingerprint(), cert("triage").Fingerprint()
	c.Log[2].RequestedBy = ""
	c.Contact = must(triage.Seal([]byte(goldenContactText), seal.Certs{cert("triage"), cert("escrow"), cert("mailer")}, ContextOf(PartContact, goldenID), later))(t).Armor
	c.Sealed = must(triage.Seal([]byte(goldenReport), seal.Certs{cert("triage"), cert("escrow")}, ContextOf(PartSealed, goldenID), later))(t).Armor
	write(goldenCase, must(Sign(c, triage, later))(t))
	write(goldenMail, must(SignMail(fullMail(), keys["bot"], fullMail().At))(t))
	write(goldenReceipt, must(SignReceipt(fullReceipt(), keys["mailer"], fullReceipt().At))(t))
}

// Files of an older version are read, verified and opened.
func TestGolden(t *testing.T) {
	if *update {
		writeGolden(t)
	}
	file := golden(t, goldenCase)
	c := must(Parse(file))(t)
	triage := goldenCert(t, "triage")
	if err := Verify(file, c, triage, later); err != nil {
		t.Fatal(err)
	}
	if again := must(Format(c))(t); !bytes.Equal(again, file) {
		t.Fatal("written again, the case file is another one")
	}
	oracle(t, file, Document(c))

	escrow, mailer := goldenKey(t, "escrow"), goldenKey(t, "mailer")
	report := must(seal.Open(c.Sealed, []seal.Opener{escrow}, ContextOf(PartSealed, c.ID), seal.Certs{triage}, later, 1<<20))(t)
	if doc := must(DecodeReport(report.Plain, c.ID))(t); doc["title"] != "overflow in the applet loader" {
		t.Fatalf("the report is %v", doc)
	}
	contact := must(seal.Open(c.Contact, []seal.Opener{mailer}, ContextOf(PartContact, c.ID), seal.Certs{triage}, later, 1<<20))(t)
	if who := must(DecodeContact(contact.Plain, c.ID))(t); who.Address != "reporter@example.org" {
		t.Fatalf("the contact is %v", who)
	}
	if _, err := seal.Open(c.Sealed, []seal.Opener{mailer}, ContextOf(PartSealed, c.ID), seal.Certs{triage}, later, 1<<20); !errors.Is(err, seal.ErrNoKey) {
		t.Fatalf("the mailer opens the report: %v", err)
	}
	if _, err := seal.Open(c.Sealed, []seal.Opener{escrow}, ContextOf(PartContact, c.ID), seal.Certs{triage}, later, 1<<20); !errors.Is(err, seal.ErrWrongContext) {
		t.Fatalf("the report passes for a contact: %v", err)
	}

	mail := golden(t, goldenMail)
	if err := VerifyMail(mail, must(ParseMail(mail))(t), goldenCert(t, "bot")); err != nil {
		t.Fatal(err)
	}
	receipt := golden(t, goldenReceipt)
	if err := VerifyReceipt(receipt, must(ParseReceipt(receipt))(t), goldenCert(t, "mailer")); err != nil {
		t.Fatal(err)
	}
}

// No byte of a case file can be changed unnoticed, in the signature neither.
func TestGoldenChanged(t *testing.T) {
	t.Parallel()
	file, by := golden(t, goldenCase), goldenCert(t, "triage")
	end := len(must(SignedBytes(file))(t))
	for i := 0; i < len(file); i++ {
		if i < end && i%29 != 0 {
			continue // all of the signature, a sample of the rest
		}
		changed := bytes.Clone(file)
		changed[i] ^= 1
		c, err := Parse(changed)
		if err == nil {
			err = Verify(changed, c, by, later)
		}
		if err == nil {
			t.Fatalf("byte %d (%q) can be %q", i, file[i], changed[i])
		}
	}
}

// bash runs a script with the file's path as F and a gpg that knows all keys.
func bash(t *testing.T, script string, file []byte) (string, error) {
	t.Helper()
	shell, gpg := peer.Need(t, "bash"), peer.Need(t, "gpg")
	home := must(os.MkdirTemp("", "gpg"))(t) // a test's own directory makes socket names too long
	t.Cleanup(func() {
		_ = exec.Command("gpgconf", "--homedir", home, "--kill", "all").Run()
		_ = os.RemoveAll(home)
	})
	for _, name := range goldenPeople {
		out, err := exec.Command(gpg, "--homedir", home, "--batch", "--quiet", "--import", filepath.Join("testdata", "golden", "test-key-"+name+".secret.asc")).CombinedOutput()
		if err != nil {
			t.Fatalf("gpg --import: %v\n%s", err, out)
		}
	}
	path := filepath.Join(home, "F")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(shell, "-c", "set -o pipefail; "+script)
	cmd.Env = append(os.Environ(), "GNUPGHOME="+home, "F="+path, "LC_ALL=C")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// The line that people are told to run.
const verifyLine = `gpg --verify <(sed '1,/^signature:/d;s/^  //' $F) <(sed '/^signature:/,$d' $F)`

func TestStockTools(t *testing.T) {
	t.Parallel()
	for _, x := range []struct{ file, signer string }{{goldenCase, "triage"}, {goldenMail, "bot"}, {goldenReceipt, "mailer"}} {
		out, err := bash(t, verifyLine, golden(t, x.file))
		if err != nil || !strings.Contains(out, `Good signature from "Test key `+x.signer) {
			t.Errorf("%s: %v\n%s", x.file, err, out)
		}
		changed := bytes.Replace(golden(t, x.file), []byte("2026-0042"), []byte("2026-0043"), 1)
		out, err = bash(t, verifyLine, changed)
		if err == nil || !strings.Contains(out, "BAD signature") {
			t.Errorf("%s, changed: %v\n%s", x.file, err, out)
		}
	}
	for part, want := range map[string]string{"sealed": goldenReport, "contact": goldenContactText} {
		out, err := bash(t, `sed -n '/^`+part+`: |/,/^[a-z]*: /p' $F | sed '1d;$d;s/^  //' | gpg --quiet --status-fd 1 -d`, golden(t, goldenCase))
		if err != nil || !strings.Contains(out, want) || !strings.Contains(out, "GOODSIG") || !strings.Contains(out, "GOODMDC") {
			t.Errorf("%s: %v\n%s", part, err, out)
		}
	}
}
