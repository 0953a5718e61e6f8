package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/docket-psirt/docket/internal/desk"
)

func (a *app) splitCommand() *cobra.Command {
	var o desk.Splitting
	var taken []string
	var edit bool
	c := a.jsonFlag(&cobra.Command{Use: "split ID --take FIELDS|--edit", Short: "Make a case of a part of another: one mail, two issues", Args: cobra.ExactArgs(1),
		Long: `Opens a case with fields that are taken from the report of another (--take), with
what you write (--edit opens your editor on a draft), or both. The new report has the
reporter, the consent and what else is about the mail as a whole; it names the case
and the mail that it comes from, with the session key of that mail, so that docket
mail shows it to whoever handles the new case. The other report lets go of what was
taken and names the new case, in an edit of its own. Handlers are the same.

A reporter whose key is known gets the acknowledgement of the new case, unless
--silent.`,
		Example: "  docket --as ada split INGP-2026-0042 --take products[1],steps --title 'Debug port stays open'\n  docket --as ada split INGP-2026-0042 --take url --edit"})
	c.Flags().StringSliceVar(&taken, "take", nil, "fields that go over: paths as docket show prints them, with commas")
	c.Flags().StringVar(&o.Title, "title", "", "title of the new case (default: that of the other, and that it is a part)")
	c.Flags().IntVar(&o.Mail, "mail", 0, "number of the mail that reports it (default: the first)")
	c.Flags().BoolVar(&edit, "edit", false, "write the new report in your editor")
	c.Flags().BoolVar(&o.Silent, "silent", false, "tell the reporter nothing")
	c.RunE = func(c *cobra.Command, args []string) error {
		if o.Mail < 0 {
			return &usageError{errors.New("mails are numbered from 1")}
		}
		for _, path := range taken {
			o.Take = append(o.Take, strings.TrimSpace(path))
		}
		if edit {
			o.Edit = a.edit
		}
		return a.with(func(d *desk.Desk) error {
			s, err := d.Split(c.Context(), caseID(args[0]), o)
			if s == nil {
				return err
			}
			if a.json {
				return errors.Join(a.printJSON(s), err)
			}
			a.printSplit(s)
			return err
		})
	}
	return c
}

func (a *app) printSplit(s *desk.Split) {
	a.printf("Opened %s, split from %s.\n", s.ID, s.Origin)
	if s.Told {
		a.printf("The reporter gets its acknowledgement with docket deliver.\n")
	}
	switch {
	case s.Waits:
		a.printf("%s names it in an edit that waits behind yours: docket push %[1]s\n", s.Origin)
	case s.Push != nil && !s.Push.Merged:
		a.printf("%s names it once pull request %d is approved.\n", s.Origin, s.Push.Number)
	}
	a.printf("Next: docket show %s\n", s.ID)
}
