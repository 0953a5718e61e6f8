package desk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/docket-psirt/docket/internal/mail/extract"
)

// builtInLanguage is what the built-in templates are written in.
const builtInLanguage = "en"

// languages finds texts to reporters that are plainly not in the programme's
// language: templates of its own, its questions and its words for templates. Of
// built-in texts it is said only which language they are in, since they are right
// in every other way.
func (c *policyCheck) languages(dir string) error {
	files, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	own := map[string]bool{}
	for _, f := range files {
		kind, ok := strings.CutSuffix(f.Name(), ".txt")
		if !ok || f.IsDir() {
			continue
		}
		own[kind] = true
		if err := c.template(filepath.Join(dir, f.Name()), kind); err != nil {
			return err
		}
	}
	for i, q := range c.p.Report.Asked {
		c.inLanguage(fmt.Sprintf("report.asked[%d].question", i), q.Question)
	}
	for _, name := range sortedKeys(c.p.Texts) {
		c.inLanguage("texts."+name, c.p.Texts[name])
	}
	var english []string
	builtIn := defaults()
	for _, u := range c.kinds() {
		if _, ok := builtIn[u.kind]; ok && !own[u.kind] {
			english = append(english, u.kind)
		}
	}
	if language, _, _ := strings.Cut(c.p.Language, "-"); len(english) > 0 && language != "" && language != builtInLanguage {
		c.out.Notes = append(c.out.Notes, fmt.Sprintf("the programme's language is %s, and these texts are built in, in English: %s; write your own to %s",
			c.p.Language, strings.Join(english, ", "), filepath.Join(dir, "KIND.txt")))
	}
	return nil
}

// template judges a template of the programme's own. Its place in the programme is
// the first one that names its kind.
func (c *policyCheck) template(name, kind string) error {
	raw, err := readTemplate(name)
	if err != nil {
		return err
	}
	f, ok := extract.OtherLanguage(withoutActions(string(raw)), c.p.Language)
	if !ok {
		return nil
	}
	path := "templates"
	if i := slices.IndexFunc(c.kinds(), func(u kindUse) bool { return u.kind == kind }); i >= 0 {
		path = c.kinds()[i].path
	}
	c.out.Faults = append(c.out.Faults, PolicyFault{File: name, Line: f.Line, Path: path, Text: c.spoken(f),
		Do: "write it in the programme's language; what is quoted stands in quotation marks or behind \">\""})
	return nil
}

// inLanguage judges a text of the file itself.
func (c *policyCheck) inLanguage(path, text string) {
	if f, ok := extract.OtherLanguage(text, c.p.Language); ok {
		c.add(path, c.spoken(f), "write it in the programme's language: reporters read it")
	}
}

// spoken says what was seen.
func (c *policyCheck) spoken(f extract.Foreign) string {
	return fmt.Sprintf("expected the programme's language, %s: this reads as %s: \"%s\"", c.p.Language, f.Name, f.Seen)
}

var templateAction = form(`(?s)\{\{.*?\}\}`)

// withoutActions is a template's words, in its lines: all branches of it.
func withoutActions(text string) string {
	return templateAction().ReplaceAllStringFunc(text, func(action string) string {
		return " " + strings.Repeat("\n", strings.Count(action, "\n"))
	})
}
