package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/psirt"
)

func (a *app) retentionCommand() *cobra.Command {
	c := a.jsonFlag(&cobra.Command{Use: "retention [ID]", Short: "List what is to be deleted, and when", Args: cobra.MaximumNArgs(1),
		Long: `Lists what cases keep for a limited time, the most urgent first: the reporter's
personal data and IP address, our copies of attached files, and data that a reporter
obtained and has not confirmed to have deleted. Limits come from the programme
(retention) and stand in the sealed part of a case, so this takes a key.`,
		Example: "  docket --as ada retention\n  docket --as ada retention INGP-2026-0042 --json"})
	c.RunE = func(c *cobra.Command, args []string) error {
		id := psirt.CaseID("")
		if len(args) == 1 {
			id = caseID(args[0])
		}
		return a.with(func(d *desk.Desk) error {
			list, err := d.Retention(c.Context(), id)
			if list == nil {
				return err
			}
			if a.json {
				return errors.Join(a.printJSON(list), err)
			}
			if len(list) == 0 && err == nil {
				a.printf("Nothing is kept for a limited time, as far as your key opens.\n")
			}
			w := table(a.out)
			for _, k := range list {
				when := "until"
				if k.Late {
					when = "LATE since"
				}
				fmt.Fprintf(w, "%s\t%s %s\t%s\t%s\n", k.ID, when, k.Until.Format(time.DateOnly), k.What, k.Do)
			}
			return errors.Join(w.Flush(), err)
		})
	}
	return c
}

func (a *app) redactCommand() *cobra.Command {
	var why string
	c := a.jsonFlag(&cobra.Command{Use: "redact ID [PATH…]", Short: "Take the reporter's personal data out of later revisions", Args: cobra.MinimumNArgs(1),
		Long: `Takes values out of the newest revision of a case and of all that follow: the paths
named, or all that say who the reporter is. What was taken out is noted, by path,
under retention. Address and key of the contact go only when they are named
(contact.address, contact.key), and only of a closed case: nobody can be written to
then. Frozen evidence is not touched.

History keeps what it has: earlier revisions and the mails that are kept as evidence
still hold it, sealed to those who could open them then. Free text (description,
notes) is not changed; where a value that was taken out still stands in it, that is
said.`,
		Example: "  docket --as ada redact INGP-2026-0042\n  docket --as ada redact INGP-2026-0042 source_ip contact.address contact.key --why 'Retention limit'"})
	c.Flags().StringVar(&why, "why", "", "what asks for it")
	c.RunE = func(c *cobra.Command, args []string) error {
		return a.with(func(d *desk.Desk) error {
			r, err := d.Redact(c.Context(), caseID(args[0]), args[1:], why)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(r)
			}
			if len(r.Changed) == 0 {
				a.printf("Nothing of that is in %s.\n", r.ID)
			}
			for _, path := range r.Changed {
				if path == "retention" {
					a.printf("On record: what was taken out, when and why, under retention.\n")
					continue
				}
				a.printf("Taken out: %s\n", path)
			}
			for _, path := range r.AlsoIn {
				a.printf("It still stands in %s: look at it, and edit it with docket edit %s\n", path, r.ID)
			}
			if len(r.Changed) > 0 {
				a.printf("History keeps what it has: earlier revisions and kept mails still hold it, sealed.\n")
			}
			if r.Proposed != nil {
				return a.printProposed(r.Proposed)
			}
			return nil
		})
	}
	return c
}
