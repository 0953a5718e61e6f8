package store

import (
	"strings"
	"time"

	"github.com/go-git/go-git/v5/utils/diff"
	"github.com/sergi/go-diff/diffmatchpatch"
)

// Line is a line of a comparison of two texts.
type Line struct {
	Sign byte   // ' ' in both, '-' in the first only, '+' in the second only
	Text string // without its line end
}

// mostCompare bounds how long texts are compared: what is left then is taken out
// and put in as a whole.
const mostCompare = time.Second

// CompareLines compares two texts line by line: the lines that are not '+' make
// the first, those that are not '-' the second.
func CompareLines(before, after string) []Line {
	signs := map[diffmatchpatch.Operation]byte{diffmatchpatch.DiffEqual: ' ', diffmatchpatch.DiffDelete: '-', diffmatchpatch.DiffInsert: '+'}
	var out []Line
	for _, d := range diff.DoWithTimeout(before, after, mostCompare) {
		for text := range strings.Lines(d.Text) {
			out = append(out, Line{signs[d.Type], strings.TrimSuffix(text, "\n")})
		}
	}
	return out
}
