package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/docket-psirt/docket/internal/desk"
)

// agreementCommands are those about what was agreed on with the reporter.
func (a *app) agreementCommands() []*cobra.Command {
	return []*cobra.Command{a.embargoCommand(), a.consentCommand(), a.permitCommand(), a.craCommand(), a.retentionCommand(), a.redactCommand()}
}

func (a *app) embargoCommand() *cobra.Command {
	var e desk.EmbargoEvent
	var until, at string
	c := a.jsonFlag(&cobra.Command{Use: "embargo ID [propose|accept|refuse|revise|end]", Short: "Agree with the reporter on when nothing is published", Args: cobra.RangeArgs(1, 2),
		Long: `Puts an event of the embargo on record: a signed, sealed edit that says who, when,
until when, and which mail shows it. Without an event it tells how the embargo
stands. While it lasts, Docket refuses the text that says that it was lifted, and
moves whose guards ask for its end; docket clock reminds of it ahead.

Without --until, propose takes what the programme's policy sets as a rule (embargo).
A publication that nobody permitted ends it, and is put on record where there is no
embargo, too: end --breach WHERE also says that the weakness is public and asks for a
review of the conduct. What the team permits is docket permit.`,
		Example: "  docket --as ada embargo INGP-2026-0042 propose --until 2027-02-01T12:00:00Z\n  docket --as ada embargo INGP-2026-0042 accept --mail 3\n  docket --as ada embargo INGP-2026-0042 end --text 'The fix is out.'\n  docket --as ada embargo INGP-2026-0042 --json"})
	c.Flags().StringVar(&until, "until", "", "with propose and revise: nothing is published before (RFC 3339, or a day in UTC)")
	c.Flags().StringVar(&at, "at", "", "when it happened (RFC 3339); default: now")
	c.Flags().StringVar(&e.By, "by", "", "whose step it is: reporter, team, a coordinator; default: the reporter with --mail, else you")
	c.Flags().IntVar(&e.Mail, "mail", 0, "number of the mail that shows it")
	c.Flags().StringVar(&e.Text, "text", "", "why, or what was said")
	c.Flags().StringVar(&e.Breach, "breach", "", "with end: where it was published without leave")
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) == 1 {
			return a.showEmbargo(c, args[0])
		}
		e.Event = args[1]
		var err, err2 error
		e.Until, err = timeFlag("until", until)
		e.At, err2 = timeFlag("at", at)
		if err = errors.Join(err, err2); err != nil {
			return &usageError{err}
		}
		return a.with(func(d *desk.Desk) error {
			r, err := d.Embargo(c.Context(), caseID(args[0]), e)
			if err != nil {
				return err
			}
			return a.printRecorded(r)
		})
	}
	return c
}

func (a *app) showEmbargo(c *cobra.Command, id string) error {
	return a.with(func(d *desk.Desk) error {
		e, err := d.EmbargoOf(c.Context(), caseID(id))
		if err != nil {
			return err
		}
		if a.json {
			return a.printJSON(e)
		}
		switch {
		case e.Until.IsZero():
			a.printf("No embargo was proposed.\n")
		case !e.Lasts && !e.Ended.IsZero():
			a.printf("The embargo ended at %s.\n", e.Ended.Format(time.RFC3339))
		case !e.Lasts:
			a.printf("The embargo ended at %s.\n", e.Until.Format(time.RFC3339))
		case e.Accepted:
			a.printf("Nothing is published before %s, as agreed.\n", e.Until.Format(time.RFC3339))
		default:
			a.printf("Nothing is published before %s, as proposed; nobody has accepted it yet.\n", e.Until.Format(time.RFC3339))
		}
		for _, item := range e.Events {
			if m, ok := item.(map[string]any); ok {
				a.printf("  %s", eventLine(m, "at", "event", "by", "until", "mail", "text"))
			}
		}
		return nil
	})
}

// eventLine is an event with its values in an order.
func eventLine(m map[string]any, names ...string) string {
	var out []string
	for _, name := range names {
		if v, ok := m[name]; ok {
			s := fmt.Sprint(v)
			if name != "at" && name != "event" && name != "about" {
				s = name + " " + s
			}
			out = append(out, s)
		}
	}
	return tame(strings.Join(out, ", ")) + "\n"
}

func (a *app) consentCommand() *cobra.Command {
	var k desk.Consent
	var at string
	c := a.jsonFlag(&cobra.Command{Use: "consent ID [record|withdraw ABOUT]", Short: "Record what the reporter permits, or no longer permits", Args: cobra.RangeArgs(1, 3),
		Long: `Puts on record, signed and sealed, what the reporter permits: ABOUT is analysis,
share, credit, contact, forward or publish. A consent names what shows it: a mail
(--mail N) or words (--text); one to share or forward also names with whom (--to),
and which fields it covers.

withdraw records that it was taken back, for one party (--to) or all. What was
passed on before stays passed on. Without more it lists what is on record.`,
		Example: "  docket --as ada consent INGP-2026-0042 record share --to 'CERT Vendor' --field steps --field products --purpose coordination --mail 3\n  docket --as ada consent INGP-2026-0042 record credit --mail 4\n  docket --as ada consent INGP-2026-0042 withdraw share --to 'CERT Vendor' --mail 6\n  docket --as ada consent INGP-2026-0042 --json"})
	c.Flags().StringVar(&k.To, "to", "", "with whom, or where")
	c.Flags().StringArrayVar(&k.Fields, "field", nil, "which part of the report, by path; repeat it for more")
	c.Flags().StringVar(&k.Purpose, "purpose", "", "for what")
	c.Flags().StringVar(&at, "at", "", "when it was given, or taken back (RFC 3339); default: now")
	c.Flags().IntVar(&k.Mail, "mail", 0, "number of the mail that says so")
	c.Flags().StringVar(&k.Text, "text", "", "in whose words, or how it was said")
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) == 1 {
			return a.listConsents(c, args[0])
		}
		if len(args) != 3 || args[1] != "record" && args[1] != "withdraw" {
			return &usageError{errors.New("say record ABOUT or withdraw ABOUT")}
		}
		k.About = args[2]
		var err error
		if k.At, err = timeFlag("at", at); err != nil {
			return err
		}
		return a.with(func(d *desk.Desk) error {
			step := d.RecordConsent
			if args[1] == "withdraw" {
				step = d.WithdrawConsent
			}
			r, err := step(c.Context(), caseID(args[0]), k)
			if err != nil {
				return err
			}
			return a.printRecorded(r)
		})
	}
	return c
}

func (a *app) listConsents(c *cobra.Command, id string) error {
	return a.with(func(d *desk.Desk) error {
		list, err := d.Consents(c.Context(), caseID(id))
		if err != nil {
			return err
		}
		if a.json {
			return a.printJSON(list)
		}
		if len(list) == 0 {
			a.printf("No consent is on record.\n")
		}
		for _, m := range list {
			a.printf("%s", eventLine(m, "about", "to", "fields", "purpose", "given_at", "mail", "text", "revoked_at"))
		}
		return nil
	})
}
