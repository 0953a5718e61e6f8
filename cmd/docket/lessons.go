package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/psirt"
)

func (a *app) lessonsCommand() *cobra.Command {
	c := a.jsonFlag(&cobra.Command{Use: "lessons [ID]", Short: "Say which weaknesses came again, and what was to be learned", Args: cobra.MaximumNArgs(1),
		Long: `Reads the cases that your key opens: weaknesses (CWE) that several of them have, and
the lessons on record, each with who sees to it and by when; what is open comes first.
With an ID it says which cases share a weakness with that one.`,
		Example: "  docket --as ada lessons\n  docket --as ada lessons INSP-2026-0042 --json"})
	c.RunE = func(_ *cobra.Command, args []string) error {
		only := psirt.CaseID("")
		if len(args) == 1 {
			only = caseID(args[0])
		}
		return a.with(func(d *desk.Desk) error {
			out, err := d.Lessons(only)
			if out == nil {
				return err
			}
			if a.json {
				return errors.Join(a.printJSON(out), err)
			}
			return errors.Join(a.printLessons(out), err)
		})
	}
	return c
}

func (a *app) printLessons(l *desk.Lessons) error {
	w := table(a.out)
	for _, r := range l.Recurring {
		fmt.Fprintf(w, "%s\t%d cases\t%s\n", safe(r.CWE), len(r.Cases), r.Name)
		for _, c := range r.Cases {
			learned := "no lesson on record"
			if c.Learned {
				learned = "lessons on record"
			}
			fmt.Fprintf(w, "  %s\t%s\t%s (%s; %s)\n", c.ID, c.Opened.Format(time.DateOnly), tame(c.Title), safe(strings.Join(c.Products, ", ")), learned)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if len(l.Recurring) == 0 {
		a.printf("No weakness came again.\n")
	}
	w = table(a.out)
	for _, item := range l.Items {
		when := "open"
		switch {
		case item.Done != "":
			when = "done " + item.Done
		case item.Overdue:
			when = "OVERDUE since " + item.Due
		case item.Due != "":
			when = "due " + item.Due
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", item.ID, when, safe(strings.TrimSpace(item.Owner+" "+item.To)), tame(strings.Join(strings.Fields(item.Text), " ")))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if l.Sealed > 0 {
		a.printf("%d case(s) could not be opened.\n", l.Sealed)
	}
	return nil
}
