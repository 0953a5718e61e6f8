package desk_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docket-psirt/docket/internal/desk"
)

// A programme's texts are held to its language, wherever they stand; of built-in
// ones it is said that they are in English.
func TestCheckPolicyLanguage(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../cases/ingroupe/program.yaml")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	name := filepath.Join(dir, "program.yaml")
	write := func(path, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	check := func() (faults []string, notes string) {
		t.Helper()
		r, err := desk.CheckPolicy(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range r.Faults {
			rel, err := filepath.Rel(dir, f.File)
			if err != nil {
				t.Fatal(err)
			}
			faults = append(faults, rel+" "+f.Path+" "+f.Text)
			if f.Line == 0 || f.Do == "" {
				t.Errorf("where, or what to do, is not said: %+v", f)
			}
		}
		return faults, strings.Join(r.Notes, "\n")
	}
	write(name, string(raw))
	if faults, notes := check(); len(faults) > 0 || notes != "" {
		t.Errorf("in English: %v, %q", faults, notes)
	}

	// A branch that is rarely taken, and a text that nothing sends, count too.
	write(filepath.Join(dir, "templates/solving.txt"), "Subject: [{{.ID}}] {{/* la, le\n */}}A solution\n\nHello,\n\n{{if eq .Outcome \"fixed\"}}Nous avons trouvé une faiblesse dans la carte, et nous\nvous écrirons.{{end}}\n")
	write(filepath.Join(dir, "templates/unused.txt"), "Subject: x\n\nWir haben Ihre Meldung erhalten und sehen sie uns in den nächsten Tagen an.\n")
	write(name, strings.Replace(string(raw), "How was the weakness discovered?", "Comment est-ce que vous avez trouvé la faiblesse, et avec quoi? Merci de nous le dire.", 1))
	faults, _ := check()
	if len(faults) != 3 || !strings.HasPrefix(faults[0], "program.yaml report.asked[3].question ") || !strings.HasPrefix(faults[1], "templates/solving.txt transitions[1].update ") ||
		!strings.HasPrefix(faults[2], "templates/unused.txt templates ") || !strings.Contains(faults[2], `reads as German: "Wir haben`) {
		t.Errorf("the faults are:\n%s", strings.Join(faults, "\n"))
	}

	// In a French programme it is the other way round.
	write(name, strings.Replace(string(raw), "language: en", "language: fr", 1))
	faults, notes := check()
	said := strings.Join(faults, "\n")
	if strings.Contains(said, "solving.txt") || !strings.Contains(said, "texts.consent") || !strings.Contains(said, "report.asked[2].question") || !strings.Contains(notes, "built in, in English: acknowledge") {
		t.Errorf("in French: %s\n%s", said, notes)
	}
}
