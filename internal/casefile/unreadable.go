package casefile

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/docket-psirt/docket/internal/psirt"
)

// lineForm finds the line that an error of the YAML library, or of this
// package, names.
var lineForm = regexp.MustCompile(`line (\d+): `)

// badYAML says in plain words what the YAML library means. It looks at marks, and
// people at lines: nearly all of it is a line that stands too far in or out, or a
// colon in a text that has no quotes. What has no text here says itself what it
// means.
var badYAML = []struct{ means, text, do string }{
	{"mapping values are not allowed", "this line has a colon where no key can stand", indentOrQuote},
	{"did not find expected '-' indicator", "this line does not go on the list above it", indentOrQuote},
	{"did not find expected key", "this line does not go on what stands above it", indentOrQuote},
	{"could not find expected ':'", "this line is neither a key with its value nor an entry of a list", indentOrQuote},
	{"did not find expected ',' or", "a bracket or brace is not closed, or a comma is missing", "close it, and put commas between what stands in it"},
	{"found unexpected end of stream", "a quotation mark is not closed", "close it"},
	{"found character that cannot start any token", "a text begins with a character that YAML reads otherwise", "put the text into quotes"},
	{"found a tab character", "a tab stands where YAML wants spaces", "indent with spaces"},
	{"a tab indents this line", "", "indent with spaces"},
	{"stands once", "", "take one of the two out, or correct its name"},
	{"are not allowed", "", "write out what it stands for"}, // anchors, aliases, tags, merge keys
}

// LongProgram is what to do about a program.yaml that is too long.
const LongProgram = "a programme is a few hundred lines: what is long belongs into templates or into cases"

const indentOrQuote = "indent it exactly like the lines that it belongs with (an entry of a list begins with \"- \"); put a text that holds a colon into quotes; close quotes and brackets"

// unreadable is the one fault of a file that is no YAML, or none that is allowed.
func (r *Reviewed) unreadable(data []byte, err error) {
	r.root, r.Program = nil, nil
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if m := lineForm.FindStringSubmatch(text); m != nil {
		r.line, _ = strconv.Atoi(m[1])
		text = strings.Replace(text, m[0], "", 1)
	}
	f := psirt.Fault{Path: wholeFile, Text: strings.Join(strings.Fields(text), " "), Do: "docket policy new writes a valid programme to compare it with"}
	switch {
	case text == "the file is empty":
		f.Do = "docket policy new writes a valid programme from the answers to a dozen questions"
	case strings.Contains(text, "bytes are allowed"):
		f.Do = LongProgram
	}
	for _, bad := range badYAML {
		if strings.Contains(text, bad.means) {
			if f.Do = bad.do; bad.text != "" {
				f.Text = bad.text
				r.line = slipped(string(data), r.line)
			}
			break
		}
	}
	r.Faults = []psirt.Fault{f}
}

// linesBehind is how far slipped looks for the end of what is open on a line.
const linesBehind = 30

// slipped is the line that makes a file unreadable. The YAML library names the
// line on which it gave up, or the one on which the list or the mapping begins
// that it was in; people look for the first line up to which the file cannot be
// read. What is open at the end of a line, as a bracket is, may be closed on a
// later one, so lines behind are tried too.
func slipped(text string, named int) int {
	if len(text) > maxAgain { // each step reads the file up to a line
		return named
	}
	lines := strings.SplitAfter(text, "\n")
	reads := func(n int) bool {
		_, err := parseYAML([]byte(strings.Join(lines[:n], "")))
		return err == nil || n == 0
	}
	good, bad := 0, len(lines)
	for bad-good > 1 {
		if mid := (good + bad) / 2; reads(mid) {
			good = mid
		} else {
			bad = mid
		}
	}
	for n := good + 2; n <= min(good+linesBehind, len(lines)); n++ {
		if reads(n) {
			good = n
		}
	}
	return min(good+1, len(lines))
}
