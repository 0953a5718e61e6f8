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
	lines := store.CompareLines(before, after)
	var out []string
	a, b := 0, 0 // lines before the one that is looked at, on each side
	for at := 0; at < len(lines); {
		if lines[at].Sign == ' ' {
			at, a, b = at+1, a+1, b+1
			continue
		}
		from, to := max(0, at-around), at
		for k := at; k < len(lines) && k <= to+2*around; k++ {
			if lines[k].Sign != ' ' {
				to = k
			}
		}
		to = min(len(lines), to+around+1)
		a, b = a-(at-from), b-(at-from)
		head, olds, news := len(out), 0, 0
		out = append(out, "")
		for _, l := range lines[from:to] {
			out = append(out, string(l.Sign)+l.Text)
			if l.Sign != '+' {
				olds++
			}
			if l.Sign != '-' {
				news++
			}
		}
		out[head] = fmt.Sprintf("@@ -%d,%d +%d,%d @@", a+1, olds, b+1, news)
		at, a, b = to, a+olds, b+news
	}
	return out
}
