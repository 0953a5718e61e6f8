package desk

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/docket-psirt/docket/internal/psirt"
)

// productMark begins the term of a product's name or part number as a whole: the
// same product says more than a word of its name in a sentence.
const productMark = "product: "

// likeTerms is the set of terms of a report: the words of its title,
// description and steps, each two words in a row, and its products.
func likeTerms(doc psirt.Document) map[string]bool {
	out := map[string]bool{}
	left := maxLikeText
	for _, path := range []string{"products.name", "products.part_number", "title", "description", "steps"} {
		for _, v := range doc.Values(path) {
			text, _ := v.(string)
			if len(text) > left {
				text = strings.ToValidUTF8(text[:left], "")
			}
			left -= len(text)
			words := likeWords(text)
			if strings.HasPrefix(path, "products.") && len(words) > 0 {
				addTerm(out, productMark+strings.Join(words, " "))
			}
			for i, word := range words {
				addTerm(out, word)
				if i > 0 {
					addTerm(out, words[i-1]+" "+word)
				}
			}
		}
	}
	return out
}

func addTerm(set map[string]bool, term string) {
	if len(set) < maxLikeTerms && len(term) <= 200 {
		set[term] = true
	}
}

// likeWords takes a text apart: lower-case words and numbers without those that
// say nothing; of scripts that put no space between words, each two characters.
func likeWords(text string) []string {
	var out []string
	word := make([]rune, 0, 32)
	end := func() {
		if s := likeWord(string(word)); s != "" {
			out = append(out, s)
		}
		word = word[:0]
	}
	var last rune // of a script without spaces
	for _, r := range text {
		switch {
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai):
			end()
			if last != 0 {
				out = append(out, string([]rune{last, r}))
			}
			last = r
			continue
		case unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_':
			word = append(word, unicode.ToLower(r))
		case (r == '.' || r == '-') && len(word) > 0 && unicode.IsDigit(word[len(word)-1]):
			word = append(word, r) // versions and dates stay whole
		default:
			end()
		}
		last = 0
	}
	end()
	return out
}

// likeWord gives a word its common form; empty for one that says nothing.
func likeWord(s string) string {
	s = strings.Trim(s, ".-_")
	n := utf8.RuneCountInString(s)
	if n < 2 || n > 60 || emptyWords[s] {
		return ""
	}
	if unicode.IsDigit(rune(s[0])) {
		return s
	}
	switch { // English plurals and the like; elsewhere both sides lose the same
	case n > 5 && strings.HasSuffix(s, "ing"):
		return s[:len(s)-3]
	case n > 4 && strings.HasSuffix(s, "ed"):
		return s[:len(s)-2]
	case n > 4 && strings.HasSuffix(s, "es"):
		return s[:len(s)-2]
	case n > 3 && strings.HasSuffix(s, "s") && !strings.HasSuffix(s, "ss"):
		return s[:len(s)-1]
	}
	return s
}

// emptyWords stand in every report (English, French, German).
var emptyWords = func() map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(`
a about after all also am an and any are as at be been before being but by can could did do does for from get
had has have he her here him his how i if in into is it its just like may me more most my no nor not of on only
or other our out over own please she should so some such than that the their them then there these they this those
through to too under up upon us very was we were what when where which while who why will with would you your
hello hi dear regards thanks thank sincerely best team kind
le la les un une des du de et est en dans pour par sur que qui ne pas ce cette il elle nous vous je sont avec au aux
bonjour merci cordialement
der die das den dem des ein eine einer eines und ist im in zu mit von auf für nicht es sich auch an als bei wir sie ich
hallo danke grüße gruß freundlichen mfg
product version versions description affected vulnerability security report issue found`) {
		out[w] = true
	}
	return out
}()
