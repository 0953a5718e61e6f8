package extract

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What the lint of outbound texts takes for another language, and where.
func TestOtherLanguage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		languages  []string
		line       int // 0: nothing is found
		language   string
	}{
		{"a French letter", "Bonjour,\n\nnous avons bien reçu votre rapport et nous vous remercions de\nnous l'avoir envoyé.\n", []string{"en"}, 3, "fr"},
		{"the same, in a French programme", "Bonjour,\n\nnous avons bien reçu votre rapport et nous vous remercions de\nnous l'avoir envoyé.\n", []string{"fr"}, 0, ""},
		{"one paragraph of two", "We have received your report and look at it.\n\nWir haben Ihre Meldung erhalten und sehen sie uns an.\n", []string{"en"}, 3, "de"},
		{"both are wanted", "We have received your report and look at it.\n\nWir haben Ihre Meldung erhalten und sehen sie uns an.\n", []string{"en", "de-AT"}, 0, ""},
		{"English in a Dutch programme", "Wij hebben uw melding ontvangen.\n\nThank you for your report. We will look at it this week.\n", []string{"nl"}, 3, "en"},
		{"Dutch in an English one", "Wij hebben uw melding ontvangen en kijken of er iets in de software is dat niet klopt.\n", []string{"en"}, 1, "nl"},
		{"English in a language without words here", "Thank you for your report. We will look at it this week.\n", []string{"fi"}, 1, "en"},
		{"that language", "Kiitos ilmoituksestanne. Tutkimme asian ja palaamme siihen tällä viikolla.\n", []string{"fi"}, 0, ""},
		{"one much like another", "Takk for rapporten. Vi har mottatt den og ser på saken, og du hører fra oss når vi vet mer om det.\n", []string{"nb"}, 0, ""},
		{"Cyrillic", "Спасибо за ваше сообщение. Мы его получили.\n", []string{"en"}, 1, "ru"},
		{"Cyrillic in a Ukrainian programme", "Дякуємо за ваше повідомлення. Ми його отримали.\n", []string{"uk"}, 0, ""},
		{"Japanese", "ご報告ありがとうございます。確認いたします。\n", []string{"en"}, 1, "ja"},
		{"Chinese characters in a Japanese programme", "報告確認中、脆弱性対応方針検討中。\n", []string{"ja"}, 0, ""},
		{"many short lines", "Bonjour,\n\nmerci pour tout.\n\nC'est bien noté.\n\nNous vous écrirons.\n\nBien à vous,\n\nvotre équipe\n", []string{"en"}, 1, "fr"},
		{"a short one", "Bonjour,\n\nmerci.\n", []string{"en"}, 0, ""},
		{"a name", "Thank you.\n\nBundesamt für Sicherheit in der Informationstechnik\nDie Beauftragte der Bundesregierung für Kultur und Medien\n", []string{"en"}, 0, ""},
		{"a name in a sentence", "Please turn to the Agence nationale de la sécurité des systèmes d'information.\n", []string{"en"}, 0, ""},
		{"quoted words", "You wrote “nous avons trouvé une faiblesse dans la borne et tout le monde peut passer” to us.\n", []string{"en"}, 0, ""},
		{"quoted lines", "Is this what you mean?\n\n> nous avons trouvé une faiblesse dans la borne\n> et tout le monde peut passer.\n\n    il ne faut pas le dire aux autres.\n", []string{"en"}, 0, ""},
		{"nothing is wanted", "Nous avons bien reçu votre rapport et nous vous remercions.\n", nil, 0, ""},
		{"nothing", "", []string{"en"}, 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f, ok := OtherLanguage(c.text, c.languages...)
			if ok != (c.line > 0) || f.Line != c.line || f.Language != c.language {
				t.Errorf("found %+v, %v; want line %d, %q", f, ok, c.line, c.language)
			}
			if ok && (f.Name == "" || f.Seen == "") {
				t.Errorf("it is not said what was seen: %+v", f)
			}
		})
	}
}

// Every text that is built in or shipped is in English, and none of them is
// taken for anything else.
func TestOwnTextsAreEnglish(t *testing.T) {
	t.Parallel()
	n := 0
	for _, pattern := range []string{"../../desk/templates/*.txt", "../../../cases/*/templates/*.txt"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			raw, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			n++
			if f, ok := OtherLanguage(string(raw), "en"); ok {
				t.Errorf("%s: %+v", name, f)
			}
			for _, other := range []string{"fr", "de", "nl", "it", "es", "pt", "pl", "sv", "da", "fi", "ja"} {
				if f, ok := OtherLanguage(string(raw), other); len(raw) > 600 && (!ok || f.Language != "en") {
					t.Errorf("%s in a programme in %q: %+v, %v", name, other, f, ok)
				}
			}
		}
	}
	if n < 60 {
		t.Errorf("only %d texts", n)
	}
	if _, ok := OtherLanguage(strings.Repeat("a ", 1<<16), "fr"); ok {
		t.Error("a row of letters is English")
	}
}
