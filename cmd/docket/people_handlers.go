package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/docket-psirt/docket/internal/desk"
)

func (a *app) handlersCommand() *cobra.Command {
	var reason string
	c := a.jsonFlag(&cobra.Command{Use: "handlers ID [set|add|remove|reseal] [HANDLE…]", Short: "Say who may open a case, or change it", Args: cobra.MinimumNArgs(1),
		Long: `Lists who may open a case: its handlers (the team, where it names none), auditors and
escrow. With a verb you sign a revision that seals the case anew:

  set HANDLE…      exactly these handle it; "set team" is the whole team
  add HANDLE…      these too
  remove HANDLE…   not these any more; older history stays readable to them
  reseal           the same people, with the keys that they have now

Who could not read the case before needs a reason (--reason, sealed with the case)
and the approval that messages need. A check refuses any other recipient.`,
		Example: "  docket -C cases.git handlers INGP-2026-0042\n  docket --as ada handlers INGP-2026-0042 set ada ben\n  docket --as ada handlers INGP-2026-0042 add dev --reason 'knows the parser'"})
	c.Flags().StringVar(&reason, "reason", "", "why somebody needs to know, or does not any more; it is sealed")
	c.RunE = func(c *cobra.Command, args []string) error {
		id := caseID(args[0])
		if len(args) == 1 && reason != "" {
			return &usageError{errors.New("--reason goes with set, add or remove")}
		}
		return a.with(func(d *desk.Desk) error {
			if len(args) > 1 {
				p, err := d.SetHandlers(c.Context(), id, args[1], args[2:], reason)
				if err != nil {
					return err
				}
				return a.printProposed(p)
			}
			list, err := d.Handlers(c.Context(), id)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(list)
			}
			w := table(a.out)
			for _, h := range list {
				fmt.Fprintf(w, "%s\t%s\t%s\n", h.Handle, h.Why, strings.Join(h.Roles, "+"))
			}
			return w.Flush()
		})
	}
	return c
}
