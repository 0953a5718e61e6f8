package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/psirt"
)

func (a *app) clockCommand() *cobra.Command {
	var notify string
	var dry bool
	c := a.jsonFlag(&cobra.Command{Use: "clock", Short: "Do what deadlines call for, and say what is due and what is late", Args: cobra.NoArgs,
		Long: `Derives the deadlines of open cases from log, mails, receipts and policy. Where the
bot's key is at hand it also acts: it sends the reminders and makes the moves that
the programme's clocks call for, once, and brings the label due/overdue of
tracking issues up to date. A move waits until a reminder that went out late has
had its time. Running it again does nothing more; what a killed run left is
finished. Run it every hour or so (the workflow docket-clock does).

Where your key opens a case, its sealed clocks are listed too: targets by priority,
embargo, retention, and what the law asks for, also for 90 days after the case was
closed. Times are UTC; of clocks that count working time, in their calendar's zone.

With --notify the handlers of late cases get an alarm, sealed to their own keys,
and of what the law asks for as soon as its clock runs. What was told is noted in
DOCKET_STATE (by default docket in your configuration directory), and is told once.`,
		Example: "  docket -C cases.git clock --dry-run\n  docket -C cases.git --keys keys clock --notify smtps://psirt@mail.example.com\n  docket --as ada clock --json"})
	c.Flags().StringVar(&notify, "notify", "", "send alarms: a URL (smtp://, smtps://) or a Maildir")
	c.Flags().BoolVar(&dry, "dry-run", false, "only list: make no move, send nothing, change no label")
	c.RunE = func(c *cobra.Command, args []string) error {
		if dry && notify != "" {
			return &usageError{errors.New("--dry-run sends no alarms: leave --notify out")}
		}
		to, err := a.notifier(notify)
		if err != nil {
			return err
		}
		return a.with(func(d *desk.Desk) error {
			look := d.Clock
			if dry {
				look = d.Clocks
			}
			list, err := look(c.Context())
			told := 0
			if to != nil {
				var failed error
				told, failed = d.NotifyOverdue(c.Context(), list, to, stateDir())
				err = errors.Join(err, failed)
			}
			return errors.Join(a.printClocks(list, told, err == nil), err)
		})
	}
	return c
}

func (a *app) printClocks(list []desk.Due, told int, whole bool) error {
	if a.json {
		return a.printJSON(list)
	}
	if len(list) == 0 && whole {
		a.printf("No deadline runs.\n")
	}
	w := table(a.out)
	for _, due := range list {
		status := "due"
		if due.Status == psirt.ClockOverdue {
			status = "OVERDUE"
		}
		by := due.Party
		if due.Statutory {
			by += ", by law"
		}
		if due.Sealed {
			by += ", sealed"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s (%s)\t%s\n", due.ID, status, due.Local(), due.Clock, by, due.Means)
	}
	err := w.Flush()
	for _, due := range list {
		if due.Evidence != "" {
			a.printf("%s, %s: since %s, shown by: %s\n", due.ID, due.Clock, due.Started.Format("2006-01-02T15:04:05Z07:00"), tame(due.Evidence))
		}
		if due.Lacks != "" {
			a.printf("%s, %s: since %s, and nothing on record shows that: docket set %s %s=WORDS\n", due.ID, due.Clock, due.Started.Format("2006-01-02T15:04:05Z07:00"), due.ID, due.Lacks)
		}
		if due.Did != "" {
			a.printf("%s: the bot %s, since %s ran out.\n", due.ID, due.Did, due.Clock)
		}
		if due.Waits != "" {
			a.printf("%s: %s calls for %s.\n", due.ID, due.Clock, due.Waits)
		}
	}
	if told > 0 {
		a.printf("Handlers of %d case(s) were told.\n", told)
	}
	return err
}
