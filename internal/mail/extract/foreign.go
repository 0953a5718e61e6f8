package extract

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// Foreign is a passage that is plainly in another language than a text is meant
// to be in.
type Foreign struct {
	Line     int    // of the text, from 1
	Language string // BCP 47 primary tag; of a script that several languages share, the commonest one
	Name     string // of the language, or of the script, in English
	Seen     string // how the passage begins
}

// OtherLanguage finds the first passage of a text (paragraphs stand between
// empty lines) that is plainly in none of the languages, which are BCP 47 tags.
// What is quoted is not judged: words in quotation marks, lines that begin with
// ">" or are set in by four columns, addresses, words with digits. Neither are
// names and the few words of a short text: it takes whole sentences. Of languages
// that have no list of words here nothing is told, but that English is none of them.
func OtherLanguage(text string, languages ...string) (Foreign, bool) {
	var wanted []string
	for _, l := range languages {
		if l != "" {
			wanted = append(wanted, primaryTag(l))
		}
	}
	if len(wanted) == 0 {
		return Foreign{}, false
	}
	var all tally
	first := map[string]paragraph{}
	for _, p := range paragraphs(text) {
		t := count(p.text)
		all.words += t.words
		all.common = append(all.common, t.common...)
		if f, ok := t.foreign(p, wanted); ok {
			return f, true
		}
		for _, tags := range t.common {
			for tag := range tags {
				if _, known := first[tag]; !known {
					first[tag] = p
				}
			}
		}
	}
	// Many short lines, none of which says enough.
	if tag, ok := all.other(wanted, wholeHits); ok {
		return first[tag].as(tag), true
	}
	return Foreign{}, false
}

// How many of the commonest words of a language say that a text is in it: in a
// paragraph with a sentence, in one without (a name, an address), and in a whole text.
const (
	sentenceHits = 4
	nameHits     = 8
	wholeHits    = 8
)

// paragraph is a passage without what is not judged.
type paragraph struct {
	line int
	text string // what is judged
	seen string // its first line
}

func (p paragraph) as(tag string) Foreign {
	return Foreign{Line: p.line, Language: tag, Name: languageNames[tag], Seen: p.seen}
}

var (
	quotedWords = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`"[^"\n]*"|“[^”]*”|„[^“”]*[“”]|«[^»]*»|‘[^’\n]*’`)
	})
	sentenceEnd = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)[.!?:;。！？]["”’»)]*(?:\s|$)`) })
)

// paragraphs cuts a text at its empty lines.
func paragraphs(text string) []paragraph {
	var out []paragraph
	var now paragraph
	flush := func() {
		if now.text = quotedWords().ReplaceAllString(now.text, " "); strings.TrimSpace(now.text) != "" {
			out = append(out, now)
		}
		now = paragraph{}
	}
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimRight(line, "\r\n")
		switch trimmed := strings.TrimSpace(line); {
		case trimmed == "":
			flush()
		case strings.HasPrefix(trimmed, ">"), strings.HasPrefix(line, "    "), strings.HasPrefix(line, "\t"):
		default:
			if now.line == 0 {
				now.line, now.seen = n, clip(collapse(line), 60)
			}
			now.text += line + "\n"
		}
	}
	flush()
	return out
}

// tally is what the words of a passage are.
type tally struct {
	words    int
	common   []map[string]bool // of each word that is common somewhere, where
	sentence bool
	latin    int    // letters
	script   string // tag of the commonest other script
	others   int    // letters of that
}

// count looks at the words of a passage.
func count(text string) tally {
	t := tally{sentence: sentenceEnd().MatchString(text)}
	others := map[string]int{}
	for _, word := range strings.Fields(text) {
		bare := strings.TrimFunc(word, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		if bare == "" || strings.ContainsAny(bare, "@/\\_.<>=0123456789") {
			continue
		}
		for _, r := range bare {
			if tag := scriptOf(r); tag != "" {
				others[tag]++
			} else if unicode.IsLetter(r) {
				t.latin++
			}
		}
		t.words++
		for _, part := range strings.FieldsFunc(bare, func(r rune) bool { return !unicode.IsLetter(r) }) {
			if tags := commonIndex()[strings.ToLower(part)]; tags != nil {
				t.common = append(t.common, tags)
			}
		}
	}
	t.script, t.others = most(others)
	return t
}

func scriptOf(r rune) string {
	if r <= unicode.MaxLatin1 {
		return ""
	}
	for _, s := range scripts {
		if unicode.Is(s.table, r) {
			return s.tag
		}
	}
	return ""
}

// foreign judges one paragraph.
func (t tally) foreign(p paragraph, wanted []string) (Foreign, bool) {
	need := nameHits
	if t.sentence {
		need = sentenceHits
	}
	if tag, ok := t.other(wanted, need); ok {
		return p.as(tag), true
	}
	if t.others >= 2*need && t.others > t.latin && !slices.ContainsFunc(wanted, func(l string) bool { return writtenIn(l, t.script) }) {
		f := p.as(t.script)
		f.Name = scriptNames[t.script]
		return f, true
	}
	return Foreign{}, false
}

// other is the language that a passage is in plainly, when it is in none of those
// that are wanted: a quarter of its words and more are among the commonest of
// that language, and of those that are common in one of the two only, three
// times as many are of that one.
func (t tally) other(wanted []string, need int) (string, bool) {
	known := slices.ContainsFunc(wanted, func(tag string) bool { return commonWords()[tag] != "" })
	best, most := "", 0
	for tag := range commonWords() {
		if slices.Contains(wanted, tag) || !known && tag != "en" {
			continue
		}
		both, theirs, own := 0, 0, 0
		for _, tags := range t.common {
			ours := slices.ContainsFunc(wanted, func(w string) bool { return tags[w] })
			switch {
			case tags[tag] && ours:
				both++
			case tags[tag]:
				theirs++
			case ours:
				own++
			}
		}
		if theirs >= need && 4*(theirs+both) >= t.words && theirs >= 3*own && (theirs > most || theirs == most && tag < best) {
			best, most = tag, theirs
		}
	}
	return best, best != ""
}

// writtenIn reports whether a language may be written in a script; of one that is
// not known here nobody can tell.
func writtenIn(language, script string) bool {
	east := []string{"zh", "ja", "ko"}
	if slices.Contains(east, script) {
		return slices.Contains(east, language)
	}
	return language == script || commonWords()[language] == "" && scriptNames[language] == ""
}

// moreWords are common in letters; with stopWords they say which language a
// text is in. A word may be of several languages.
var moreWords = map[string]string{
	"en": "a in hello dear thank thanks about our us if but so has had do does did will all any more no who here now well its they them",
	"fr": "de à en votre vos notre nos avons avez être mais ou plus bien merci bonjour cela leur son ses si où comme fait tout très veuillez merci cordialement",
	"de": "in an am bitte danke ihre ihr ihnen ihren unser unsere haben hat oder wenn noch mehr kann können vielen guten tag aber über durch uns sie dass ob",
	"es": "de la a lo le usted sus nuestro hemos gracias hola si pero más cuando también ha son sobre",
	"it": "la le i e a in da lo grazie vostro nostro abbiamo questa della sul dei delle ci se ma più come",
	"nl": "de in uw u ons onze hebben heeft bedankt beste als maar kunt of er wat",
	"pt": "de a obrigado seu sua nosso nossa temos você ao ou mais",
	"pl": "dziękujemy państwa prosimy oraz jestem są lub tego dla",
	"sv": "i en ett tack ni er vår kan om så vid",
	"da": "i en et tak vores kan jer om så ved",
}

// commonWords are all words that tell a language, by its tag.
var commonWords = sync.OnceValue(func() map[string]string {
	all := map[string]string{}
	for tag, list := range stopWords {
		all[tag] = list + " " + moreWords[tag]
	}
	return all
})

var commonIndex = sync.OnceValue(func() map[string]map[string]bool {
	index := map[string]map[string]bool{}
	for tag, list := range commonWords() {
		for _, w := range strings.Fields(list) {
			if index[w] == nil {
				index[w] = map[string]bool{}
			}
			index[w][tag] = true
		}
	}
	return index
})

var languageNames = map[string]string{
	"en": "English", "fr": "French", "de": "German", "es": "Spanish", "it": "Italian", "nl": "Dutch",
	"pt": "Portuguese", "pl": "Polish", "sv": "Swedish", "da": "Danish",
}

var scriptNames = map[string]string{
	"he": "Hebrew script", "ar": "Arabic script", "ru": "Cyrillic script", "el": "Greek script", "ja": "Japanese script",
	"ko": "Korean script", "th": "Thai script", "zh": "Chinese script", "hi": "Devanagari script",
}
