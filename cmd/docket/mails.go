package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/mail"
	"github.com/docket-psirt/docket/internal/psirt"
)

func (a *app) mailCommands() []*cobra.Command {
	return []*cobra.Command{a.intakeCommand(), a.mailCommand(), a.deliverCommand()}
}

func (a *app) intakeCommand() *cobra.Command {
	var maildir, notify string
	c := a.jsonFlag(&cobra.Command{Use: "intake [FILE…|-]", Short: "Take mail in: each becomes a case, or joins one",
		Long: `Reads mails from files, standard input (-) or a Maildir. Each one becomes a sealed
case, or is put on record with the case that it answers; one that is on record
already is recognised. A mail that cannot be opened is kept too, and flagged. One
bad mail never stops the next. With --maildir a mail is marked as seen only once
its case is on main.

The host needs intake.asc, bot.asc and intake-secret in the directory of --keys.`,
		Example: "  docket -C cases.git --keys keys intake mail.eml\n  docket -C cases.git --keys keys intake --maildir ~/Maildir --notify smtps://psirt@mail.example.com"})
	c.Flags().StringVar(&maildir, "maildir", "", "take in the unseen mails of a Maildir")
	c.Flags().StringVar(&notify, "notify", "", "send each handler the mail, sealed to their own key: a URL (smtp://, smtps://) or a Maildir")
	c.RunE = func(c *cobra.Command, args []string) error {
		var src mail.Source
		switch {
		case maildir != "" && len(args) > 0 || maildir == "" && len(args) == 0:
			return &usageError{errors.New("name files, - for standard input, or --maildir DIR")}
		case maildir != "":
			var err error
			if src, err = mail.Maildir(maildir); err != nil {
				return err
			}
		default:
			src = mail.Files(args, a.in)
		}
		to, err := a.notifier(notify)
		if err != nil {
			return err
		}
		return a.with(func(d *desk.Desk) error {
			taken, err := d.Intake(c.Context(), src, to)
			return errors.Join(a.printTaken(taken), err)
		})
	}
	return c
}

// printTaken says what became of each mail. The error is set when one is not on
// record.
func (a *app) printTaken(taken []desk.Taken) error {
	failed := 0
	ok := []desk.Taken{}
	for _, t := range taken {
		if t.Err != nil {
			failed++
			fmt.Fprintf(a.err, "docket: %s was left where it is: %v\n", t.File, t.Err)
			continue
		}
		ok = append(ok, t)
		if t.Warn != nil {
			fmt.Fprintf(a.err, "docket: %s is on record as %s, but: %v\n", t.File, t.ID, t.Warn)
		}
		if a.json {
			continue
		}
		switch t.Action {
		case desk.ActionOpened:
			a.printf("%s: opened %s (%s)\n", t.File, t.ID, t.State)
		case desk.ActionAttached:
			a.printf("%s: put on record with %s (%s)\n", t.File, t.ID, t.State)
		case desk.ActionKnown:
			a.printf("%s: known, it is on record with %s\n", t.File, t.ID)
		default:
			a.printf("%s: %s\n", t.File, t.Action)
		}
	}
	var err error
	if a.json {
		err = a.printJSON(ok)
	}
	if failed > 0 {
		return errors.Join(err, fmt.Errorf("%d of %d mails are not on record", failed, len(taken)))
	}
	return err
}

func (a *app) mailCommand() *cobra.Command {
	var save string
	var clean bool
	c := a.jsonFlag(&cobra.Command{Use: "mail ID [N]", Short: "Show the mails of a case", Args: cobra.RangeArgs(1, 2),
		Long: `Opens the mails of a case with your key: what they say, what was read from them, and
their attachments. --save writes the untouched mail and its attachments to a
directory; with --clean the attachments alone, as copies to pass on: PNG and JPEG
pictures without metadata. Of other files that can have some it is said.`,
		Example: "  docket --as ada mail INGP-2026-0042\n  docket --as ada mail INGP-2026-0042 1 --save ./evidence\n  docket --as ada mail INGP-2026-0042 1 --save ./copies --clean"})
	c.Flags().StringVar(&save, "save", "", "write mails and attachments to this directory")
	c.Flags().BoolVar(&clean, "clean", false, "with --save: only attachments, without the metadata of pictures")
	c.RunE = func(_ *cobra.Command, args []string) error {
		n := 0
		if len(args) == 2 {
			var err error
			if n, err = strconv.Atoi(args[1]); err != nil || n < 1 {
				return &usageError{fmt.Errorf("%q is not the number of a mail", args[1])}
			}
		}
		return a.with(func(d *desk.Desk) error {
			list, err := d.Mails(caseID(args[0]), n)
			if err != nil {
				return err
			}
			if save != "" {
				if err := a.saveMails(save, list, clean); err != nil {
					return err
				}
			}
			return a.printMails(list, n, save)
		})
	}
	return c
}

func (a *app) printMails(list []desk.Letter, n int, save string) error {
	if a.json {
		if n > 0 {
			return a.printJSON(list[0])
		}
		return a.printJSON(list)
	}
	if len(list) == 0 {
		a.printf("There is no mail: the case was opened without one.\n")
	}
	for _, l := range list {
		a.printf("Mail %d, %s, %s, signature %s\n", l.N, l.At, l.Kind, l.Signed)
		if l.From != "" {
			a.printf("From:    %s\n", safe(l.From))
			if l.Sent != "" {
				a.printf("Date:    %s\n", l.Sent)
			}
			a.printf("Subject: %s\n\n%s\n", cell(l.Subject), tame(l.Text))
		}
		for _, f := range l.SetAside {
			a.printf("Set aside: %s (%s, %d bytes), for its %s\n", safe(f.Name), safe(f.ContentType), f.Size, f.Why)
		}
		for _, f := range l.Attachments {
			a.printf("Attached: %s (%s, %d bytes, sha256 %s)\n", safe(f.Name), safe(f.ContentType), f.Size, f.SHA256)
		}
		a.printf("\n")
	}
	if save != "" {
		a.printf("Saved to %s.\n", save)
	}
	return nil
}

// saveMails writes mails and attachments, readable by their owner only; cleaned,
// the attachments alone. Names are made safe already; one that is taken gets a
// number.
func (a *app) saveMails(dir string, list []desk.Letter, clean bool) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for _, l := range list {
		if !clean {
			if err := saveNew(dir, fmt.Sprintf("mail-%d.eml", l.N), l.Raw); err != nil {
				return err
			}
		}
		for _, f := range l.Files {
			if clean {
				var err error
				if f.Data, err = a.cleaned(f.Name, f.Data); err != nil {
					return err
				}
				if kind := http.DetectContentType(f.Data); !strings.HasPrefix(kind, "text/") && kind != "image/png" && kind != "image/jpeg" {
					fmt.Fprintf(a.err, "docket: %s: Docket takes no metadata out of such a file: look at what it tells before you pass it on\n", safe(f.Name))
				}
			}
			if err := saveNew(dir, fmt.Sprintf("mail-%d-%s", l.N, f.Name), f.Data); err != nil {
				return err
			}
		}
	}
	return nil
}

func saveNew(dir, name string, data []byte) error {
	ext := filepath.Ext(name)
	for i := range 1000 {
		path := filepath.Join(dir, name)
		if i > 0 {
			path = filepath.Join(dir, fmt.Sprintf("%s-%d%s", name[:len(name)-len(ext)], i+1, ext))
		}
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			return err
		}
		_, err = f.Write(data)
		return errors.Join(err, f.Close())
	}
	return fmt.Errorf("%s: too many files of this name", name)
}

func (a *app) deliverCommand() *cobra.Command {
	var maildir, smtp, resolve string
	var sent bool
	c := a.jsonFlag(&cobra.Command{Use: "deliver", Short: "Send the approved updates that are not sent yet",
		Long: `Works from the repository's state: every approved update without a final receipt
is claimed, sent, and put on record, once. What the audit objects to is not sent.
STARTTLS is required (smtp://) unless the URL says ?tls=none; a password comes
from the file that DOCKET_SMTP_PASSWORD_FILE names, or DOCKET_SMTP_PASSWORD.

An update whose fate is unknown (the connection died after the last byte), or that
the server refused, waits for a person who finds out whether the reporter has it:
--resolve ID/N --sent, or without --sent to send it again with the next run.

The host needs mailer.asc and sender.asc in the directory of --keys.`,
		Example: "  docket -C cases.git --keys keys deliver --smtp smtp://psirt@mail.example.com\n  docket -C cases.git --keys keys deliver --maildir ./out",
		Args:    cobra.NoArgs})
	c.Flags().StringVar(&maildir, "maildir", "", "deliver to a Maildir")
	c.Flags().StringVar(&smtp, "smtp", "", "hand over to a mail server: smtp://[USER@]HOST[:PORT] or smtps://…")
	c.Flags().StringVar(&resolve, "resolve", "", "say what became of an update: ID/N")
	c.Flags().BoolVar(&sent, "sent", false, "with --resolve: the reporter has it")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if resolve != "" {
			return a.resolve(c, resolve, sent)
		}
		out, err := a.sender(maildir, smtp)
		if err != nil {
			return err
		}
		return a.with(func(d *desk.Desk) error {
			list, err := d.Deliver(c.Context(), out)
			return errors.Join(a.printDeliveries(list), err)
		})
	}
	return c
}

func (a *app) resolve(c *cobra.Command, what string, sent bool) error {
	id, number := filepath.Split(what)
	n, err := strconv.Atoi(number)
	if err != nil || id == "" {
		return &usageError{fmt.Errorf("%q is not ID/N, such as INGP-2026-0042/3", what)}
	}
	return a.with(func(d *desk.Desk) error {
		r, err := d.Resolve(c.Context(), caseID(id[:len(id)-1]), n, sent)
		if err != nil {
			return err
		}
		return a.printDeliveries([]desk.Delivery{*r})
	})
}

func (a *app) printDeliveries(list []desk.Delivery) error {
	if a.json {
		return a.printJSON(list)
	}
	if len(list) == 0 {
		a.printf("Nothing waits to be delivered.\n")
	}
	for _, l := range list {
		a.printf("%s: update %d (%s): %s", l.ID, l.Update, l.Kind, l.Status)
		if l.Why != "" {
			a.printf(": %s", l.Why)
		}
		switch l.Status {
		case psirt.ReceiptHeld:
			a.printf(" (it is tried again with the next run)")
		case psirt.ReceiptUnknown, psirt.ReceiptRefused:
			a.printf(" (find out whether the reporter has it, then: docket deliver --resolve %s/%d, with --sent if so)", l.ID, l.Update)
		}
		a.printf("\n")
	}
	return nil
}
