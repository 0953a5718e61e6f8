package desk

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/docket-psirt/docket/internal/psirt"
)

// productMark begins the term of a product's name or part number as a whole: the
// same product says more than a word of its name in a sentence.
const productMark = "product: "

// What a term counts for, by where it stands: what a report is about, its title
// and its products, says more than a word somewhere in its text; and two words
// in a row say less than the two words do apart, unless somebody copied.
const (
	likeProduct = 3.0
	likeVersion = 2.0
	likeTitle   = 2.0
	likeText    = 1.0
	likePair    = 0.5 // of what the place counts
)

// likeFields are the paths that are compared, what counts most first.
var likeFields = []struct {
	path  string
	count float64
}{
	{"products.name", likeProduct}, {"products.part_number", likeProduct}, {"products.versions", likeVersion},
	{"title", likeTitle}, {"description", likeText}, {"steps", likeText},
}

// likeTerms are the terms of a report, with what each counts for: the words of
// its title, description and steps, each two words in a row, its products and
// their versions.
func likeTerms(doc psirt.Document) map[string]float64 {
	out := map[string]float64{}
	left := maxLikeText
	for _, field := range likeFields {
		for _, v := range doc.Values(field.path) {
			text, _ := v.(string)
			if len(text) > left {
				text = strings.ToValidUTF8(text[:left], "")
			}
			left -= len(text)
			words := likeWords(withoutAddresses(text))
			if field.count == likeProduct && len(words) > 1 {
				addTerm(out, productMark+strings.Join(words, " "), field.count)
			}
			for i, word := range words {
				addTerm(out, word, field.count)
				if i > 0 {
					addTerm(out, words[i-1]+" "+word, field.count*likePair)
				}
			}
		}
	}
	return out
}

// likeSaid gives the words of a report as they are written first, by their common
// form.
func likeSaid(doc psirt.Document) map[string]string {
	out := map[string]string{}
	for _, field := range likeFields {
		for _, v := range doc.Values(field.path) {
			text, _ := v.(string)
			eachLikeWord(text[:min(len(text), maxLikeText)], func(form, written string) {
				if _, ok := out[form]; !ok && len(out) < maxLikeTerms {
					out[form] = written
				}
			})
		}
	}
	return out
}

func addTerm(set map[string]float64, term string, count float64) {
	if _, ok := set[term]; ok || len(set) >= maxLikeTerms || len(term) > 200 {
		return // where it counts most is seen first
	}
	set[term] = count
}

// withoutAddresses leaves out mail addresses: who writes is not what about.
func withoutAddresses(text string) string {
	if !strings.Contains(text, "@") {
		return text
	}
	words := strings.FieldsFunc(text, unicode.IsSpace)
	kept := words[:0]
	for _, w := range words {
		if !strings.Contains(w, "@") {
			kept = append(kept, w)
		}
	}
	return strings.Join(kept, " ")
}

// likeWords takes a text apart: lower-case words and numbers in their common
// form, without those that say nothing; of scripts that put no space between
// words, each two characters.
func likeWords(text string) []string {
	var out []string
	eachLikeWord(text, func(form, _ string) { out = append(out, form) })
	return out
}

// eachLikeWord calls f with each word of likeWords, and as it is written.
func eachLikeWord(text string, f func(form, written string)) {
	word := make([]rune, 0, 32)
	end := func() {
		if s := likeWord(string(word)); s != "" {
			f(s, strings.Trim(string(word), ".-_"))
		}
		word = word[:0]
	}
	var last rune // of a script without spaces
	for _, r := range text {
		switch {
		case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai):
			end()
			if last != 0 {
				f(string([]rune{last, r}), string([]rune{last, r}))
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
}

// likeWord gives a word its common form; empty for one that says nothing.
func likeWord(s string) string {
	s = strings.Trim(s, ".-_")
	n := utf8.RuneCountInString(s)
	if n < 2 || n > 60 || emptyWords[s] {
		return ""
	}
	if unicode.IsDigit(rune(s[0])) {
		if _, err := strconv.Atoi(s); err == nil && n < 4 {
			return "" // a count, or a part of a telephone number
		}
		return s
	}
	if s = stem(s, n); len(s) > 4 {
		s = strings.TrimSuffix(s, "e") // change and chang(ed)
	}
	return s
}

// stem takes the endings of English plurals and verbs off a word of n
// characters; of words of other languages both sides lose the same.
func stem(s string, n int) string {
	switch {
	case n > 5 && strings.HasSuffix(s, "ing"):
		return undouble(s[:len(s)-3])
	case n > 4 && strings.HasSuffix(s, "ed"):
		return undouble(s[:len(s)-2])
	case n > 4 && hasAnySuffix(s, "ses", "xes", "zes", "ches", "shes"):
		return s[:len(s)-2]
	case n > 3 && strings.HasSuffix(s, "s") && !hasAnySuffix(s, "ss", "us", "is"):
		return s[:len(s)-1]
	}
	return s
}

// undouble takes back the letter that an ending doubled: logg(ed) is log.
func undouble(s string) string {
	if n := len(s); n > 3 && s[n-1] == s[n-2] && strings.IndexByte("bdgmnprt", s[n-1]) >= 0 {
		return s[:n-1]
	}
	return s
}

func hasAnySuffix(s string, endings ...string) bool {
	return slices.ContainsFunc(endings, func(end string) bool { return strings.HasSuffix(s, end) })
}

// emptyWords stand in every report (English, French, German).
var emptyWords = func() map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(`
a about after all also am an and any are as at be been before being but by can could did do does for from get
had has have he her here him his how i if in into is it its just like may me more most my no nor not of on only
or other our out over own please she should so some such than that the their them then there these they this those
through to too under up upon us very was we were what when where which while who why will with would you your
again always another any anybody anyone anything ask because below both complete each else every everything few first
further give go here know known last let made make many much need never now nothing often once one part question say
second see send several since somebody something still take tell thing think third time try tried two use used using
want way well without yet attached evidence fyi http https www com org net
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
