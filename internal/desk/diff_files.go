package desk

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
	"github.com/docket-psirt/docket/internal/store"
)

// FileDiff is what a change of a programme does to one file, for whoever is to
// approve it.
type FileDiff struct {
	Path  string   `json:"path"`
	Is    string   `json:"is,omitempty"`    // what a file without lines is: a certificate, a case that is sealed anew
	Lines []string `json:"lines,omitempty"` // as in a unified diff: "@@ -12,5 +12,6 @@", and lines after " ", "-" or "+"
}

// Anybody who may push can make a proposal, so what is shown of one is bounded:
// the bytes of a file, the lines of all, and the files that are opened.
const (
	maxDiffFile  = 1 << 20
	maxDiffLines = 10_000
	maxDiffFiles = 500
)

// fileDiffs compares the files that a change of a programme touches with those
// of the branch that it goes to.
func (d *Desk) fileDiffs(g *audit.Judgement, head store.Hash) ([]FileDiff, error) {
	was, err := d.repo.At(g.Base)
	if err != nil {
		return nil, err
	}
	is, err := d.repo.At(head)
	if err != nil {
		return nil, err
	}
	anew := map[string]string{}
	for _, step := range g.Resealed {
		anew[psirt.CasePath(step.Case.Program, step.Case.ID)] = fmt.Sprintf("revision %d, sealed anew", step.Case.Revision)
	}
	var out []FileDiff
	lines, opened := 0, 0
	for _, name := range g.Paths() {
		f := FileDiff{Path: name, Is: anew[name]}
		switch {
		case f.Is != "":
		case lines > maxDiffLines || opened >= maxDiffFiles:
			f.Is = "not shown: this is more than anybody reads; git diff has it"
		default:
			opened++
			f.compareAt(was, is)
			lines += len(f.Lines)
		}
		out = append(out, f)
	}
	return out, nil
}

// compareAt reads a file before and after. What cannot be read (a link, say, which
// the verdict objects to) is said.
func (f *FileDiff) compareAt(was, is *store.Snapshot) {
	before, err := readOrNone(was, f.Path)
	var after []byte
	if err == nil {
		after, err = readOrNone(is, f.Path)
	}
	if err != nil {
		f.Is = "cannot be read: " + err.Error()
		return
	}
	f.compare(before, after)
}

// readOrNone reads a file; one that is not there is empty.
func readOrNone(at *store.Snapshot, name string) ([]byte, error) {
	raw, err := at.Read(name, maxDiffFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case errors.Is(err, store.ErrTooLarge):
		return []byte{0}, nil // shown as no text
	}
	return raw, err
}

func (f *FileDiff) compare(before, after []byte) {
	switch {
	case path.Ext(f.Path) == ".asc" && path.Base(path.Dir(f.Path)) == "keys":
		f.Is = certificateDiff(before, after)
	case path.Ext(f.Path) == ".pgp":
		f.Is = "sealed"
	case !isText(before) || !isText(after):
		f.Is = "no text"
	default:
		f.Lines = diffLines(string(before), string(after), 2)
	}
}

func isText(raw []byte) bool { return utf8.Valid(raw) && !strings.ContainsRune(string(raw), 0) }

// certificateDiff says whose certificate comes or goes.
func certificateDiff(before, after []byte) string {
	of := func(raw []byte) string {
		cert, err := seal.ParseCert(raw)
		if err != nil {
			return "no certificate"
		}
		return strings.TrimSpace(cert.Fingerprint().Hex() + " " + strings.Join(cert.Addresses(), " "))
	}
	switch {
	case len(before) == 0:
		return "new certificate " + of(after)
	case len(after) == 0:
		return "removed certificate " + of(before)
	case of(before) == of(after):
		return "certificate " + of(after) + ", with other subkeys or signatures"
	}
	return "certificate " + of(after) + " instead of " + of(before)
}

// diffLines compares two texts line by line, and answers the lines that differ
// with some around them, as a unified diff does.
func diffLines(before, after string, around int) []string {
	a, b := splitLines(before), splitLines(after)
	type op struct {
		sign byte
		text string
		a, b int // lines before it, on each side
	}
	var ops []op
	keep := common(a, b)
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && keep[i] == j:
			ops = append(ops, op{' ', a[i], i, j})
			i, j = i+1, j+1
		case i < len(a) && keep[i] < 0:
			ops = append(ops, op{'-', a[i], i, j})
			i++
		default:
			ops = append(ops, op{'+', b[j], i, j})
			j++
		}
	}
	var out []string
	for at := 0; at < len(ops); {
		if ops[at].sign == ' ' {
			at++
			continue
		}
		from, to := max(0, at-around), at
		for k := at; k < len(ops) && k <= to+2*around; k++ {
			if ops[k].sign != ' ' {
				to = k
			}
		}
		to = min(len(ops), to+around+1)
		head, olds, news := len(out), 0, 0
		out = append(out, "")
		for _, o := range ops[from:to] {
			out = append(out, string(o.sign)+o.text)
			if o.sign != '+' {
				olds++
			}
			if o.sign != '-' {
				news++
			}
		}
		out[head] = fmt.Sprintf("@@ -%d,%d +%d,%d @@", ops[from].a+1, olds, ops[from].b+1, news)
		at = to
	}
	return out
}

func splitLines(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(s, "\n"), "\n")
}

// maxCompared bounds the table of a comparison; what differs more is shown as
// taken out and put in as a whole.
const maxCompared = 4 << 20

// common finds a longest common subsequence of lines: for each of a's the one of
// b's that it stays, or -1.
func common(a, b []string) []int {
	keep := make([]int, len(a))
	for i := range keep {
		keep[i] = -1
	}
	from := 0
	for from < len(a) && from < len(b) && a[from] == b[from] {
		keep[from] = from
		from++
	}
	n, m := len(a), len(b)
	for n > from && m > from && a[n-1] == b[m-1] {
		n, m = n-1, m-1
		keep[n] = m
	}
	w, h := n-from, m-from
	if w == 0 || h == 0 || w > maxCompared/h {
		return keep
	}
	long := make([]int32, (w+1)*(h+1)) // of what is left of both from here on
	at := func(i, j int) int { return i*(h+1) + j }
	for i := w - 1; i >= 0; i-- {
		for j := h - 1; j >= 0; j-- {
			if a[from+i] == b[from+j] {
				long[at(i, j)] = long[at(i+1, j+1)] + 1
			} else {
				long[at(i, j)] = max(long[at(i+1, j)], long[at(i, j+1)])
			}
		}
	}
	for i, j := 0, 0; i < w && j < h; {
		switch {
		case a[from+i] == b[from+j]:
			keep[from+i] = from + j
			i, j = i+1, j+1
		case long[at(i+1, j)] >= long[at(i, j+1)]:
			i++
		default:
			j++
		}
	}
	return keep
}
