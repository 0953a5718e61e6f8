package extract

import (
	"strings"
	"sync"
)

// People mistype headings. A label that nobody knows is read once more with
// each word replaced by the one word of the vocabulary that a single slip leads
// to: a letter too many, too few, another one, or two in the wrong order
// (Damerau's four errors, CACM 7(3), 1964). Only a label that then is a phrase
// of the vocabulary counts.

// shortestSlip is how many letters a word has in which a slip is looked for: of
// shorter ones, too many are a letter apart.
const shortestSlip = 6

// ownRight are words a letter away from one of the vocabulary that mean
// something else.
var ownRight = map[string]bool{
	"contract": true, "contracts": true, "preference": true, "preferences": true, "deference": true, "diversion": true,
	"production": true, "selection": true, "mission": true, "session": true, "sessions": true, "station": true, "passion": true,
}

// slips leads from each word of the vocabulary, and from each such word with one
// letter left out, to the words that it may be meant for.
var slips = sync.OnceValue(func() map[string][]string {
	index, seen := map[string][]string{}, map[string]bool{}
	for phrase := range baseWords() {
		for _, w := range strings.Fields(phrase) {
			if len(w) < shortestSlip || seen[w] || !plainASCII(w) {
				continue
			}
			seen[w] = true
			for _, key := range withOneLess(w) {
				index[key] = append(index[key], w)
			}
		}
	}
	return index
})

// withOneLess is w, and w without each of its letters.
func withOneLess(w string) []string {
	list := make([]string, 0, len(w)+1)
	list = append(list, w)
	for i := range len(w) {
		list = append(list, w[:i]+w[i+1:])
	}
	return list
}

func plainASCII(w string) bool {
	for i := range len(w) {
		if w[i] < 'a' || w[i] > 'z' {
			return false
		}
	}
	return true
}

// corrected is a label with its slips mended; ok when that made it a phrase of
// the vocabulary.
func (v vocabulary) corrected(label string) (path string, ok bool) {
	if len(label) > 60 {
		return "", false
	}
	words := strings.Fields(label)
	if len(words) > 4 {
		return "", false
	}
	changed := false
	for i, w := range words {
		if len(w) < shortestSlip-1 || ownRight[w] || !plainASCII(w) {
			continue
		}
		if meant := meantWord(w); meant != w {
			words[i], changed = meant, true
		}
	}
	if !changed {
		return "", false
	}
	return v.exact(strings.Join(words, " "))
}

// meantWord is the word of the vocabulary that w is a slip away from, or w.
func meantWord(w string) string {
	best := w
	for _, key := range withOneLess(w) {
		for _, candidate := range slips()[key] {
			switch {
			case candidate == w:
				return w
			case oneSlip(w, candidate) && (best == w || candidate < best):
				best = candidate
			}
		}
	}
	return best
}

// oneSlip reports whether one of the four errors leads from a to b.
func oneSlip(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	switch len(b) - len(a) {
	case 0:
		return i == len(a) || a[i+1:] == b[i+1:] ||
			(i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:])
	case 1:
		return a[i:] == b[i+1:]
	}
	return false
}
