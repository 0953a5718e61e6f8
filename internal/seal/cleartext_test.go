package seal

import (
	"strings"
	"testing"
	"time"
)

// Stock gpg takes a text that is signed to be read, whatever its lines begin
// and end with, and refuses it when a word is changed.
func TestSignText(t *testing.T) {
	t.Parallel()
	now := time.Now()
	team, err := NewPublished("Example PSIRT", "psirt@example.org", now.Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	g := newGnupg(t)
	g.run([]byte(team.Primary.Cert().Armor()), "--import")
	for _, text := range []string{"What: the übung\n", "-----BEGIN x\n- a\nFrom me \t\n\n  indented  \n\n\n", "one"} {
		doc, err := team.Sender.SignText(text, now)
		if err != nil {
			t.Fatal(err)
		}
		out, status, err := g.try([]byte(doc), "--decrypt")
		if err != nil || !strings.Contains(status, "GOODSIG") {
			t.Fatalf("%q: %v\n%s", text, err, status)
		}
		want := strings.TrimRight(strings.ReplaceAll(strings.ReplaceAll(text, " \t\n", "\n"), "  \n", "\n"), "\n")
		if strings.TrimRight(string(out), "\n") != want {
			t.Errorf("gpg reads %q of %q", out, text)
		}
		// The first e stands in the text: the header that names the hash has none.
		if _, status, _ := g.try([]byte(strings.Replace(doc, "e", "E", 1)), "--decrypt"); strings.Contains(status, "GOODSIG") {
			t.Errorf("a changed text passes: %s", status)
		}
	}
}
