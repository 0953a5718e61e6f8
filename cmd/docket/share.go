package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/docket-psirt/docket/internal/desk"
)

func (a *app) shareCommand() *cobra.Command {
	var o desk.Sharing
	var key, message, language string
	c := a.jsonFlag(&cobra.Command{Use: "share ID --with KEY --purpose PURPOSE", Short: "Pass named fields of a report on to a third party", Args: cobra.ExactArgs(1),
		Long: `Proposes an update of the kind share: an extract of the fields that are named,
encrypted to the third party's key, and sent to the address that it bears (--to says
which, where there are several). It goes out once approved, with docket deliver.
What was disclosed, to whom, for what and by whose leave is on record, sealed.

It takes one of the two:
  --consent consents[0]   the reporter's consent, which names recipient and fields
                          (docket consent, docket show)
  --legal-basis WORDS     an obligation by law, with somebody else who approves it
                          (--approver, where several could)

The purpose is one of those that the policy names. The reporter appears by pseudonym,
in every text, unless a field of theirs such as reporter.name is named itself.
Addresses of web pages are made harmless. --dry-run shows what would go out.`,
		Example: "  docket --as ada share INGP-2026-0042 --with vendor.asc --to psirt@vendor.example --purpose correction --consent consents[0]\n  docket --as ada share INGP-2026-0042 --with cert.asc --to cert@example.org --purpose reporting --legal-basis 'CRA Article 14' --approver ben --fields title,products --dry-run"})
	f := c.Flags()
	f.StringVar(&key, "with", "", "public certificate of the third party: a file, or -")
	f.StringVar(&o.To, "to", "", "address of the third party (default: the only one that the key bears)")
	f.StringVar(&o.Purpose, "purpose", "", "for what: one of the purposes of the policy")
	f.StringVar(&o.Consent, "consent", "", "the consent that allows it: consents[N]")
	f.StringVar(&o.LegalBasis, "legal-basis", "", "the obligation by law that makes consent unnecessary")
	f.StringVar(&o.Approver, "approver", "", "who approves it, with --legal-basis: a handle (default: the only one who could)")
	f.StringSliceVar(&o.Fields, "fields", nil, "what is passed on: paths as docket show prints them, with commas (default: what the consent names)")
	f.StringVar(&message, "message", "", "your words before the extract: a file, or -")
	languageFlag(c, &language)
	f.BoolVar(&o.Dry, "dry-run", false, "only show what would go out")
	c.RunE = func(c *cobra.Command, args []string) error {
		if key == "" || o.Purpose == "" {
			return &usageError{errors.New("say to whom and for what: --with KEY.asc --purpose PURPOSE")}
		}
		text, err := a.readFile(key)
		if err != nil {
			return err
		}
		o.Key = []byte(text)
		if message != "" {
			if o.Words, err = a.readFile(message); err != nil {
				return err
			}
		}
		for i, field := range o.Fields {
			o.Fields[i] = strings.TrimSpace(field)
		}
		return a.with(func(d *desk.Desk) error {
			if err := a.spoken(d, caseID(args[0]), o.Words, language, message); err != nil {
				return err
			}
			s, err := d.Share(c.Context(), caseID(args[0]), o)
			if err != nil {
				return err
			}
			return a.printShared(s)
		})
	}
	return c
}

func (a *app) printShared(s *desk.Shared) error {
	if a.json {
		return a.printJSON(s)
	}
	if s.Proposed == nil {
		a.printf("To: %s (key %s)\nSubject: %s\n\n%s", safe(s.To), s.Key, safe(s.Subject), safe(s.Text))
		return nil
	}
	if err := a.printProposed(s.Proposed); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "It passes %s on to %s (key %s), for: %s.\n", strings.Join(s.Fields, ", "), safe(s.To), s.Key, safe(s.Purpose))
	return nil
}
