package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/psirt"
)

func (a *app) similarCommand() *cobra.Command {
	most := 10
	c := a.jsonFlag(&cobra.Command{Use: "similar ID", Short: "Rank other cases by how much their content is like this one's", Args: cobra.ExactArgs(1),
		Long: `Opens every case that your key opens and ranks them by title, products and their
versions, description and steps: the more words two cases share, and the rarer they
are, the higher the score (0 to 1). What stands in titles and products counts most.
Nothing of it is kept on disk. A score proves nothing: a duplicate in other words has
a low one, too. Read both.

A duplicate names its original, and is closed:
  docket set ID duplicate_of=CASE
  docket move ID closed --outcome duplicate
The original then names its duplicates, too; both are sealed.`,
		Example: "  docket --as ada similar INGP-2026-0042\n  docket --as ada similar INGP-2026-0042 --limit 3 --json"})
	c.Flags().IntVar(&most, "limit", most, "how many cases to list")
	c.RunE = func(c *cobra.Command, args []string) error {
		if most < 1 || most > 1000 {
			return &usageError{errors.New("--limit is between 1 and 1000")}
		}
		return a.with(func(d *desk.Desk) error {
			s, err := d.Similar(c.Context(), caseID(args[0]), most)
			if s == nil {
				return err
			}
			if a.json {
				return errors.Join(a.printJSON(s), err)
			}
			a.printf("%s  %s\n\n", s.ID, cell(s.Title))
			w := table(a.out)
			for _, l := range s.Cases {
				state := l.State
				if l.Outcome != "" {
					state += " (" + string(l.Outcome) + ")"
				}
				fmt.Fprintf(w, "%.2f\t%s\t%s\t%s\t%s\n", l.Score, l.ID, state, cell(l.Title), cell(strings.Join(l.Shared, ", ")))
			}
			if len(s.Cases) == 0 {
				fmt.Fprintln(w, "No other case has anything in common with it.")
			}
			fmt.Fprintf(w, "\nCompared with %d case(s); %d more are not for your key.\n", s.Looked, s.Closed)
			return errors.Join(w.Flush(), err)
		})
	}
	return c
}

// linkDuplicate makes the original of a case that is closed as a duplicate name
// it. The move stands whatever becomes of that, so it is only said.
func (a *app) linkDuplicate(c *cobra.Command, d *desk.Desk, id psirt.CaseID, outcome string) {
	if outcome != "duplicate" {
		return
	}
	l, err := d.LinkDuplicate(c.Context(), id)
	switch {
	case err != nil:
		fmt.Fprintf(a.err, "docket: %v\n", err)
	case l == nil || a.json:
	case l.Waits:
		a.printf("%s names it among its duplicates, in an edit that waits behind yours: docket push %[1]s\n", l.Original)
	case l.Push != nil && l.Push.Merged:
		a.printf("%s names it among its duplicates.\n", l.Original)
	case l.Push != nil:
		a.printf("%s names it among its duplicates once pull request %d is approved.\n", l.Original, l.Push.Number)
	}
}
