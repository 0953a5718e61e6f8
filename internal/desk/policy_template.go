package desk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/docket-psirt/docket/internal/mail/extract"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/store"
)

// EditTemplate lets edit change a text that a programme sends, by its kind, and
// proposes the result as a change of the programme. edit gets the text that is
// in force, or the built-in one where the programme has none. What cannot be
// rendered, or is plainly in another language, is not proposed.
func (d *Desk) EditTemplate(ctx context.Context, name, kind string, edit func(text string) (string, error)) (*Proposed, error) {
	s, at, who, err := d.programmeOf(ctx, name)
	if err == nil {
		err = d.mayEdit(s, who)
	}
	if err != nil {
		return nil, err
	}
	path := fmt.Sprintf("cases/%s/templates/%s.txt", s.Program.Program, kind)
	c := &policyCheck{p: s.Program, out: &PolicyChecked{File: path}}
	use, err := c.use(kind)
	if err != nil {
		return nil, err
	}
	raw, err := at.Read(path, maxTemplateFile)
	if errors.Is(err, fs.ErrNotExist) {
		raw, err = []byte(defaults()[kind]), nil
	}
	if err != nil {
		return nil, err
	}
	text, err := edit(string(raw))
	if err != nil {
		return nil, err
	}
	switch {
	case text == string(raw):
		return nil, &Problem{Text: "nothing changed in " + path}
	case strings.TrimSpace(text) == "":
		return nil, &Problem{Text: "there is nothing in it", Do: "nothing was changed; docket policy text " + kind + " prints the built-in text, if there is one"}
	case len(text) > maxTemplateFile:
		return nil, &Problem{Text: path + " is too large for a template", Do: fmt.Sprintf("at most %d bytes", maxTemplateFile)}
	}
	if err := c.sayable(use, text); err != nil {
		return nil, err
	}
	return d.proposeProgram(ctx, s, who, []store.Edit{{Path: path, Data: []byte(text)}}, "Change "+path)
}

// use is where the programme sends a text.
func (c *policyCheck) use(kind string) (kindUse, error) {
	all := c.kinds()
	i := slices.IndexFunc(all, func(u kindUse) bool { return u.kind == kind })
	if i >= 0 {
		return all[i], nil
	}
	var kinds []string
	for _, u := range all {
		kinds = append(kinds, u.kind)
	}
	slices.Sort(kinds)
	do := "it sends " + strings.Join(kinds, ", ")
	if near, ok := psirt.Nearest(kind, kinds); ok {
		do = "did you mean " + near + "?"
	}
	return kindUse{}, usage(fmt.Sprintf("%s sends no text %q", c.p.Program, kind), do)
}

// sayable holds one text to what docket policy check asks of it.
func (c *policyCheck) sayable(u kindUse, text string) error {
	if err := c.renders(u, text); err != nil {
		c.unrendered(u, c.out.File, err)
	} else if f, ok := extract.OtherLanguage(withoutActions(text), c.p.Language); ok {
		c.out.Faults = append(c.out.Faults, PolicyFault{File: c.out.File, Line: f.Line, Path: u.path, Text: c.spoken(f),
			Do: "write it in the programme's language: reporters read it"})
	}
	for _, f := range c.out.Faults {
		return &Problem{Text: f.String(), Do: f.Do + "; nothing was changed"}
	}
	return nil
}
