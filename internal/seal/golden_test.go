package seal

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/golden anew")

const (
	goldenDocument = `{"docket":1,"id":"INGP-2026-0042","title":"overflow in the applet loader"}`
	goldenEnvelope = "docket: 1\nid: INGP-2026-0042\n"
)

func golden(t testing.TB, name string) []byte {
	t.Helper()
	return fixture(t, filepath.Join("golden", name))
}

// writeGolden makes keys, a sealed part and a signature. They are checked in,
// so that files written by older versions stay readable.
func writeGolden(t *testing.T) {
	t.Helper()
	write := func(name string, data []byte) {
		if err := os.WriteFile(filepath.Join("testdata", "golden", name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	bot := must(NewKey("Docket bot", "bot@example.org", made))(t)
	lead := must(NewKey("Lead", "lead@example.org", made))(t)
	team := must(NewPublished("Example PSIRT", "psirt@example.org", made))(t)
	write("bot.asc", must(bot.Export(nil))(t))
	write("lead.asc", must(lead.Export([]byte("golden")))(t))
	write("sender.asc", must(team.Sender.Export(nil))(t))
	write("sealed.asc", []byte(must(bot.Seal([]byte(goldenDocument), Certs{lead.Cert(), bot.Cert()}, testContext, event))(t).Armor))
	write("signature.asc", []byte(must(bot.Sign([]byte(goldenEnvelope), testContext, event))(t)))
	write("mail.asc", []byte(must(team.Sender.SealMail(report, Certs{lead.Cert()}, event))(t).Armor))
}

// Files of an older version are read, by this package and by stock gpg.
func TestGolden(t *testing.T) {
	if *update {
		writeGolden(t)
	}
	phrase := func(string) ([]byte, error) { return []byte("golden"), nil }
	bot := must(ReadKey(golden(t, "bot.asc"), nil))(t)
	lead := must(ReadKey(golden(t, "lead.asc"), phrase))(t)
	sender := must(ReadKey(golden(t, "sender.asc"), nil))(t)
	o := must(Open(string(golden(t, "sealed.asc")), []Opener{lead}, testContext, Certs{bot.Cert()}, event, plenty))(t)
	if string(bytes.TrimRight(o.Plain, " \n")) != goldenDocument {
		t.Fatalf("read %q", o.Plain)
	}
	if err := Verify([]byte(goldenEnvelope), string(golden(t, "signature.asc")), testContext, bot.Cert(), event); err != nil {
		t.Fatal(err)
	}
	f := must(OpenForeign(golden(t, "mail.asc"), []Opener{lead}, plenty))(t)
	if err := VerifyForeign(golden(t, "mail.asc"), f.SessionKey, sender.Cert(), event); err != nil {
		t.Fatal(err)
	}

	g := newGnupg(t)
	for name, file := range map[string]string{"bot": "bot.asc", "lead": "lead.asc", "sender": "sender.asc"} {
		_, status, err := g.try(golden(t, file), "--import", "--passphrase", "golden")
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, status)
		}
	}
	for file, want := range map[string]string{"sealed.asc": string(o.Plain), "mail.asc": string(report)} {
		out, status, err := g.try(golden(t, file), "--decrypt", "--passphrase", "golden")
		if err != nil || string(out) != want || !strings.Contains(status, "GOODSIG") || !strings.Contains(status, "GOODMDC") {
			t.Fatalf("gpg and %s: %v\n%s", file, err, status)
		}
	}
	_, status, err := g.try([]byte(goldenEnvelope), "--verify", filepath.Join("testdata", "golden", "signature.asc"), "-")
	if err != nil || !strings.Contains(status, "GOODSIG") {
		t.Fatalf("gpg and signature.asc: %v\n%s", err, status)
	}
}
