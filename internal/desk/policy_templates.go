package desk

import (
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/docket-psirt/docket/internal/mail/extract"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/schema"
)

// words finds headings that lead to where nothing of a mail is ever put.
func (c *policyCheck) words() {
	for _, path := range slices.Sorted(maps.Keys(c.p.Report.Words)) {
		if !extract.Fills(path) {
			c.add("report.words."+path, "no part of a mail is read into "+path, "name one of "+strings.Join(extract.Fillable(), ", ")+", or a path of your own below extra")
		}
	}
}

// templateFields are what every template may name; Texts has words of the
// programme's own besides.
var templateFields = []string{"ID", "Program", "State", "Outcome", "Opened", "Address", "Fingerprint", "Language", "Texts"}

var (
	templatePlace = form(`^template: :(\d+):(?:\d+:)? ?`)
	templateKey   = form(`map has no entry for key "([^"]*)"`)
	templateField = form(`can't evaluate field (\w+) in type`)
)

// unrendered is the fault of a template: on its own line where it is the
// programme's own, and in words that name what a template may say.
func (c *policyCheck) unrendered(u kindUse, file string, err error) {
	f := PolicyFault{File: file, Path: u.path, Do: "correct it: a line \"Subject: …\", an empty line, the text; docket policy text prints a built-in one to begin with"}
	text := err.Error()
	if m := templatePlace().FindStringSubmatch(text); m != nil {
		f.Line, _ = strconv.Atoi(m[1])
		text = text[len(m[0]):]
	}
	if m := templateKey().FindStringSubmatch(text); m != nil {
		text = "there is no {{.Texts." + m[1] + "}}"
		f.Do = fmt.Sprintf("declare %s under texts, or correct the name; texts has: %s", m[1], orNone(sortedKeys(c.p.Texts)))
	} else if m := templateField().FindStringSubmatch(text); m != nil {
		text = "there is no {{." + m[1] + "}}"
		fields := templateFields
		if u.kind == psirt.KindAsk {
			fields = append(slices.Clone(fields), "Name", "Questions")
		}
		f.Do = "a template may name ." + strings.Join(fields, ", .") + " (.Texts.NAME for words of your own)"
	}
	f.Text = fmt.Sprintf("the template %s cannot be rendered: %s", u.kind, text)
	if file == "" {
		f.File, f.Line = c.out.File, c.r.Line(u.path)
	}
	c.out.Faults = append(c.out.Faults, f)
}

// missing is the fault of a text that is not there. Where the name of one that
// is built in was nearly written, that is read from now on.
func (c *policyCheck) missing(u kindUse, file string, builtIn []string) {
	do := "write that file, or name a built-in one (docket policy text lists them)"
	if name, ok := psirt.Nearest(u.kind, builtIn); ok {
		do = "write that file, or correct the name" + psirt.DidYouMean(name)
		defer c.r.Correct(psirt.Fault{Path: u.path, Name: u.kind, Meant: name}) // once its line is known
	}
	c.add(u.path, fmt.Sprintf("there is no template %s: none is built in, and %s is not there", u.kind, file), do)
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "nothing"
	}
	return strings.Join(list, ", ")
}

// PolicyText is the built-in template of a kind of update, as templates of a
// programme's own are written; without a kind it lists those that there are.
func PolicyText(kind string) (string, error) {
	texts := defaults()
	if kind == "" {
		return strings.Join(sortedKeys(texts), "\n") + "\n", nil
	}
	text, ok := texts[kind]
	if !ok {
		do := "there are " + strings.Join(sortedKeys(texts), ", ")
		if name, near := psirt.Nearest(kind, sortedKeys(texts)); near {
			do = "did you mean " + name + "? docket policy text lists them"
		}
		return "", usage(fmt.Sprintf("no text %q is built in", filepath.Base(kind)), do)
	}
	return text, nil
}

// PolicySchema is the JSON Schema of program.yaml.
func PolicySchema() ([]byte, error) { return fs.ReadFile(schema.Files(), "program.schema.json") }
