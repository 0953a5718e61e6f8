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
With an ID it says which cases share a weakness with that one.

With --smtp or --maildir it tells product teams the lessons of the case: those of
--team, else those to whom a lesson goes (lessons.to) and those under routing. People
who may open the case get the lessons, sealed to their own key; others, and addresses
of a team, the case ID alone. Who was told, and when, is put on record under feedback,
proposed at once.`,
		Example: "  docket --as ada lessons\n  docket --as ada lessons INSP-2026-0042 --json\n  docket --as ada lessons INSP-2026-0042 --smtp smtps://psirt@mail.example.com"})
	var teams []string
	var maildir, smtp string
	f := c.Flags()
	f.StringArrayVar(&teams, "team", nil, "a team to tell; once for each")
	f.StringVar(&smtp, "smtp", "", "tell the teams, over a mail server: smtp:// or smtps:// URL")
	f.StringVar(&maildir, "maildir", "", "tell the teams, into this Maildir")
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(teams) > 0 || maildir != "" || smtp != "" {
			return a.shareLessons(c, args, teams, maildir, smtp)
		}
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

func (a *app) shareLessons(c *cobra.Command, args, teams []string, maildir, smtp string) error {
	if len(args) == 0 {
		return &usageError{errors.New("the teams are told of one case: name it")}
	}
	to, err := a.sender(maildir, smtp)
	if err != nil {
		return err
	}
	return a.with(func(d *desk.Desk) error {
		told, err := d.ShareLessons(c.Context(), caseID(args[0]), teams, to.Sender)
		if told == nil {
			return err
		}
		if a.json {
			return errors.Join(a.printJSON(told), err)
		}
		return errors.Join(a.printTold(told), err)
	})
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
			fmt.Fprintf(w, "  %s\t%s\t%s (%s; %s)\n", c.ID, c.Opened.Format(time.DateOnly), cell(c.Title), safe(strings.Join(c.Products, ", ")), learned)
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
