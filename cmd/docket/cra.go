package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/docket-psirt/docket/internal/desk"
)

func (a *app) craCommand() *cobra.Command {
	var f desk.Filed
	var out, at, document string
	c := a.jsonFlag(&cobra.Command{Use: "cra ID early-warning|notification|final | cra ID filed KIND", Short: "Notify as the Cyber Resilience Act asks: draft a filing, record that it was made",
		Args: cobra.RangeArgs(2, 3),
		Long: `Article 14 of Regulation (EU) 2024/2847 asks for three filings on an actively
exploited vulnerability: an early warning 24 hours and a notification 72 hours after
the manufacturer became aware, and a final report 14 days after a corrective or
mitigating measure is available. Of a severe incident (--incident) the final report
follows one month after the notification.

docket cra ID KIND writes what a person submits, filled in from the sealed case, to
standard output or to a file that only you can read (--out). What the law asks for
and the case lacks is marked MISSING, and named with how to add it. Docket submits
nothing itself.

docket cra ID filed KIND --reference REF puts on record that it was submitted: a
signed, sealed edit, which stops its clock. --document keeps the digest of the file
that was sent.

The clocks run from exploitation.aware_at (or aware_at; of incidents
cra.incident.aware_at), not from when a report came in: docket clock lists them for
those whose key opens the case.`,
		Example: "  docket --as ada cra INGP-2026-0042 early-warning --out warning.txt\n  docket --as ada cra INGP-2026-0042 filed early-warning --reference SRP-2026-118 --document warning.txt\n  docket --as ada cra INGP-2026-0042 final --incident --json"})
	c.Flags().BoolVar(&f.Incident, "incident", false, "it is about a severe incident")
	c.Flags().StringVar(&out, "out", "", "write the draft to this file")
	c.Flags().StringVar(&f.Reference, "reference", "", "with filed: the reference that the receiver gave it")
	c.Flags().StringVar(&at, "at", "", "with filed: when it was submitted (RFC 3339); default: now")
	c.Flags().StringVar(&f.To, "to", "", "with filed: who received it; default: the programme's authority")
	c.Flags().StringVar(&document, "document", "", "with filed: the file that was submitted, whose digest is kept")
	c.Flags().StringVar(&f.Text, "text", "", "with filed: where it is kept, or what was said")
	c.RunE = func(c *cobra.Command, args []string) error {
		if args[1] != "filed" {
			if len(args) > 2 {
				return &usageError{errors.New("name one filing: early-warning, notification or final")}
			}
			return a.draftFiling(c, args[0], args[1], f.Incident, out)
		}
		if len(args) < 3 {
			return &usageError{errors.New("say which filing was made: filed early-warning, filed notification or filed final")}
		}
		f.Kind = args[2]
		var err error
		if f.At, err = timeFlag("at", at); err != nil {
			return err
		}
		if document != "" {
			if f.Document, err = os.ReadFile(document); err != nil {
				return err
			}
		}
		return a.with(func(d *desk.Desk) error {
			r, err := d.RecordFiling(c.Context(), caseID(args[0]), f)
			if err != nil {
				return err
			}
			return a.printRecorded(r)
		})
	}
	return c
}

// draftFiling writes a draft. The file is plaintext of a sealed case: only its
// owner can read it, and what is there is not overwritten.
func (a *app) draftFiling(c *cobra.Command, id, kind string, incident bool, out string) error {
	return a.with(func(d *desk.Desk) error {
		f, err := d.Filing(c.Context(), caseID(id), kind, incident)
		if err != nil {
			return err
		}
		if out == "" {
			if a.json {
				return a.printJSON(f)
			}
			return f.WriteText(safeWriter{a.out})
		}
		file, err := os.OpenFile(out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, os.ErrExist) {
			return fmt.Errorf("%s is there already: name another file, or remove it", out)
		}
		if err != nil {
			return err
		}
		if err := errors.Join(f.WriteText(file), file.Close()); err != nil {
			return err
		}
		if a.json {
			return a.printJSON(f)
		}
		a.printf("%s of %s is in %s, readable by you alone.\n", f.Title, f.ID, out)
		if !f.Due.IsZero() {
			a.printf("It is due at %s.\n", f.Due.Format(time.RFC3339))
		}
		for _, m := range f.Remaining {
			a.printf("Missing: %s\n", m)
		}
		a.printf("Once it is submitted: docket cra %s filed %s --reference REF --document %s\n", f.ID, f.Kind, out)
		return nil
	})
}

// safeWriter keeps what a report says from acting on the terminal.
type safeWriter struct{ w io.Writer }

func (s safeWriter) Write(p []byte) (int, error) {
	if _, err := io.WriteString(s.w, safe(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// timeFlag reads a time with its zone, or a day (its beginning in UTC); empty is
// the zero time.
func timeFlag(name, value string) (time.Time, error) {
	if value == "" {
		return time.Time{}, nil
	}
	for _, form := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(form, value); err == nil {
			return t.UTC().Truncate(time.Second), nil
		}
	}
	return time.Time{}, &usageError{fmt.Errorf("--%s %q is no time: write 2026-11-22T10:00:00+01:00, or a day", name, value)}
}

// printRecorded says what was put on record.
func (a *app) printRecorded(r *desk.Recorded) error {
	if a.json {
		return a.printJSON(r)
	}
	if len(r.Changed) == 0 {
		a.printf("Nothing changed in %s: it is on record already.\n", r.ID)
	}
	for _, path := range r.Changed {
		a.printf("On record: %s\n", path)
	}
	if r.Proposed != nil {
		return a.printProposed(r.Proposed)
	}
	return nil
}
