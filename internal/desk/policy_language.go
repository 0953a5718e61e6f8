package desk

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/docket-psirt/docket/internal/mail/extract"
	"github.com/docket-psirt/docket/internal/psirt"
)

// builtInLanguage is what the built-in templates are written in.
const builtInLanguage = "en"

// languages finds texts to reporters that are plainly not in the programme's
// language: templates of its own, its questions and its words for templates. Of
// built-in texts it is said only which language they are in, since they are right
// in every other way.
func (c *policyCheck) languages(dir string) error {
	var english []string
	for _, u := range c.kinds() {
		if !psirt.ValidName(u.kind) {
			continue
		}
		name := filepath.Join(dir, u.kind+".txt")
		raw, err := readTemplate(name)
		if errors.Is(err, fs.ErrNotExist) {
			english = append(english, u.kind)
			continue
		}
		if err != nil {
			return err
		}
		if f, ok := extract.OtherLanguage(withoutActions(string(raw)), c.p.Language); ok {
			c.out.Faults = append(c.out.Faults, PolicyFault{File: name, Line: f.Line, Path: u.path, Text: c.spoken(f),
				Do: "write it in the programme's language; what is quoted stands in quotation marks or behind \">\""})
		}
	}
	for i, q := range c.p.Report.Asked {
		c.inLanguage(fmt.Sprintf("report.asked[%d].question", i), q.Question)
	}
	for _, name := range sortedKeys(c.p.Texts) {
		c.inLanguage("texts."+name, c.p.Texts[name])
	}
	if language, _, _ := strings.Cut(c.p.Language, "-"); len(english) > 0 && language != "" && language != builtInLanguage {
		c.out.Notes = append(c.out.Notes, fmt.Sprintf("the programme's language is %s, and these texts are built in, in English: %s; write your own to %s",
			c.p.Language, strings.Join(english, ", "), filepath.Join(dir, "KIND.txt")))
	}
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

var templateAction = regexp.MustCompile(`(?s)\{\{.*?\}\}`)

// withoutActions is a template's words, in its lines: all branches of it.
func withoutActions(text string) string {
	return templateAction.ReplaceAllStringFunc(text, func(action string) string {
		return " " + strings.Repeat("\n", strings.Count(action, "\n"))
	})
}
