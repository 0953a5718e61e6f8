package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/docket-psirt/docket/internal/desk"
)

func (a *app) permitCommand() *cobra.Command {
	var o desk.Permission
	var earliest, message, language string
	c := a.jsonFlag(&cobra.Command{Use: "permit ID --scope WORDS --earliest TIME", Short: "Permit the reporter to publish, in a signed document", Args: cobra.ExactArgs(1),
		Long: `Proposes an update of the kind disclosure-consent: the team's written consent to a
publication by the reporter. Its document says what may be published and from when,
and is signed with the team's published key, so that anybody can check it with stock
gpg. It names the reporter by key, not by name. It goes out once approved, with
docket deliver, and is on record at disclosure.permission.

While an embargo lasts, nothing is permitted before its end. What the reporter
permits the team is docket consent. --dry-run shows what would go out, unsigned.`,
		Example: "  docket --as ada permit INGP-2026-0042 --scope 'the weakness and its fix, without the exploit' --earliest 2027-02-01T12:00:00Z\n  docket --as ada permit INGP-2026-0042 --scope 'the advisory' --earliest 2027-02-01 --message words.txt --dry-run"})
	f := c.Flags()
	languageFlag(c, &language)
	f.StringVar(&o.Scope, "scope", "", "what may be published, on one line")
	f.StringVar(&earliest, "earliest", "", "not before (RFC 3339, or a day in UTC)")
	f.StringVar(&message, "message", "", "your words before the document: a file, or -")
	f.BoolVar(&o.Dry, "dry-run", false, "only show what would go out")
	c.RunE = func(c *cobra.Command, args []string) error {
		if o.Scope == "" || earliest == "" {
			return &usageError{errors.New("say what may be published, and from when: --scope WORDS --earliest TIME")}
		}
		var err error
		if o.Earliest, err = timeFlag("earliest", earliest); err != nil {
			return &usageError{err}
		}
		if message != "" {
			if o.Words, err = a.readFile(message); err != nil {
				return err
			}
		}
		return a.with(func(d *desk.Desk) error {
			if err := a.spoken(d, caseID(args[0]), o.Words, language, message); err != nil {
				return err
			}
			p, err := d.Permit(c.Context(), caseID(args[0]), o)
			switch {
			case err != nil:
				return err
			case a.json:
				return a.printJSON(p)
			case p.Proposed == nil:
				a.printf("Subject: %s\n\n%s", safe(p.Subject), safe(p.Text))
				return nil
			}
			return a.printProposed(p.Proposed)
		})
	}
	return c
}
