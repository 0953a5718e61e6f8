package extract

import (
	"strings"
	"sync"
	"unicode"
)

// stopWords are the commonest words of a language that are words of no other
// one here.
var stopWords = map[string]string{
	"en": "the and is of to that it for with this was be are not have you i from at by which we as on or an my your can could will would should when after before then than there also into over only see use used open need tested found attacker please has been were their what where without any every",
	"fr": "le la les des et est une un du que qui dans pour pas avec sur par je nous vous ce cette au aux il a été sont ne",
	"de": "der die das und ist nicht ein eine den dem mit von zu auf für ich wir sie wird werden im des als auch bei nach einer sich",
	"es": "el los las una y que es en por para con del no se su al como está pero este esta más",
	"it": "il gli una di che è per con non del della sono si nel questo anche ho alla da",
	"nl": "het een en van is dat niet met voor op aan zijn ik we wij deze door bij naar ook wordt te",
	"pt": "o os uma e que é em por para com do da não se no na ao como está mas este esta foi",
	"pl": "i w nie na się że z do to jest jak po co tak za od przez",
	"sv": "och att det som en är på av för med inte den till har jag vi",
	"da": "og at det som en er på af for med ikke den til har jeg vi",
}

var scripts = []struct {
	tag   string
	table *unicode.RangeTable
}{
	{"he", unicode.Hebrew}, {"ar", unicode.Arabic}, {"ru", unicode.Cyrillic}, {"el", unicode.Greek}, {"ja", unicode.Hiragana},
	{"ja", unicode.Katakana}, {"ko", unicode.Hangul}, {"th", unicode.Thai}, {"zh", unicode.Han}, {"hi", unicode.Devanagari},
}

// languageWords is how many words decide.
const languageWords = 3000

// readLanguage is the BCP 47 primary tag of the language that most of the
// body is written in, or empty when there is too little of it.
func (d *document) readLanguage() string {
	latin, other := 0, map[string]int{}
	counts := map[string]int{}
	words := 0
	for _, s := range d.said {
		for _, r := range s.low {
			if r < unicode.MaxASCII {
				if unicode.IsLetter(r) {
					latin++
				}
				continue
			}
			for _, script := range scripts {
				if unicode.Is(script.table, r) {
					other[script.tag]++
					break
				}
			}
		}
		for _, w := range strings.FieldsFunc(s.low, func(r rune) bool { return !unicode.IsLetter(r) && r != '_' }) {
			words++
			for tag := range stopIndex()[w] {
				counts[tag]++
			}
		}
		if words > languageWords {
			break
		}
	}
	if tag, n := most(other); n > latin {
		if tag == "zh" && other["ja"] > n/20 {
			return "ja"
		}
		return tag
	}
	tag, n := most(counts)
	if n < 3 {
		return ""
	}
	return tag
}

// most is the key with the highest count; the first in the alphabet wins.
func most(counts map[string]int) (string, int) {
	best, n := "", 0
	for tag, c := range counts {
		if c > n || (c == n && tag < best) {
			best, n = tag, c
		}
	}
	return best, n
}

var stopIndex = sync.OnceValue(func() map[string]map[string]bool {
	index := map[string]map[string]bool{}
	for tag, list := range stopWords {
		for _, w := range strings.Fields(list) {
			w = lowered(w)
			if index[w] == nil {
				index[w] = map[string]bool{}
			}
			index[w][tag] = true
		}
	}
	return index
})
