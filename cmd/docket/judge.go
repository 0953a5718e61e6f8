package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/desk"
)

func (a *app) judgeCommands() []*cobra.Command {
	return []*cobra.Command{a.checkCommand(), a.clockCommand(), a.auditCommand(), a.policyCommand()}
}

func (a *app) checkCommand() *cobra.Command {
	var base, head string
	c := a.jsonFlag(&cobra.Command{Use: "check", Short: "Judge a proposal, or the whole tree, without any key", Args: cobra.NoArgs,
		Long: `With --head (and --base, default main) it judges what merging head into base would
bring, or has brought. Without flags it judges everything that stands on main,
and the merge that made it. No key is needed. What is found gives exit code 3.`,
		Example: "  docket -C cases.git check\n  docket -C cases.git check --head case/INGP-2026-0042/next"})
	c.Flags().StringVar(&base, "base", "", "branch or commit to merge into (main)")
	c.Flags().StringVar(&head, "head", "", "branch or commit that is proposed (main)")
	c.RunE = func(c *cobra.Command, _ []string) error {
		return a.with(func(d *desk.Desk) error {
			r, err := d.Check(c.Context(), base, head)
			if err != nil {
				return err
			}
			if a.json {
				err = a.printJSON(r)
			} else {
				a.printChecked(r)
			}
			if err == nil && !r.OK() {
				err = errFound
			}
			return err
		})
	}
	return c
}

func (a *app) printChecked(r *desk.Checked) {
	for _, f := range r.Findings {
		a.printf("%s\n", f)
	}
	switch {
	case r.Verdict != nil:
		a.printf("%s", r.Verdict.Text())
	case len(r.Findings) == 0:
		a.printf("%d case(s) on main: all is as it must be.\n", r.Cases)
	default:
		a.printf("%d finding(s). docket audit tells when and by whom.\n", len(r.Findings))
	}
}

func (a *app) auditCommand() *cobra.Command {
	var o desk.AuditOptions
	var html, csv string
	var forget bool
	c := a.jsonFlag(&cobra.Command{Use: "audit", Short: "Replay all of history and prove it, without any key", Args: cobra.NoArgs,
		Long: `Replays history: the trust root, programme changes, the signatures of revisions,
approvals, mail records and receipts against the roles of their time, the chain of
revisions, legal moves, four eyes, claimed recipients, schemas and deadlines. No
key is needed. Where a key in the directory of --keys opens cases, it also opens
and validates what is sealed.

The heads of main and deliveries are remembered from one clean audit to the next
(DOCKET_STATE, by default docket in your configuration directory), so that a
history that was rewritten or cut is found. Findings give exit code 3.`,
		Example: "  docket -C cases.git audit --root 3f786850e387550fdab836ed7e6dc881de23001b\n  docket -C cases.git audit --html audit.html --csv audit.csv"})
	c.Flags().StringVar(&o.Root, "root", "", "the trust root that you wrote down")
	c.Flags().StringVar(&o.Since, "since", "", "a commit of main that you trust: replay from there")
	c.Flags().StringVar(&html, "html", "", "write a self-contained page to this file")
	c.Flags().StringVar(&csv, "csv", "", "write events and findings as CSV to this file")
	c.Flags().BoolVar(&forget, "no-memory", false, "neither read nor write remembered heads")
	c.AddCommand(a.acceptCommand())
	c.RunE = func(c *cobra.Command, _ []string) error {
		if !forget {
			o.Remember = stateDir()
		}
		return a.with(func(d *desk.Desk) error {
			r, err := d.Audit(c.Context(), o)
			if err != nil {
				return err
			}
			if err := errors.Join(writeFile(html, r.WriteHTML), writeFile(csv, r.WriteCSV)); err != nil {
				return err
			}
			if a.json {
				err = a.printJSON(r)
			} else {
				err = r.WriteText(a.out)
			}
			if err == nil && found(r) {
				err = errFound
			}
			return err
		})
	}
	return c
}

func (a *app) acceptCommand() *cobra.Command {
	var why, program string
	c := a.jsonFlag(&cobra.Command{Use: "accept FINDING", Short: "Put a finding on record as explained", Args: cobra.ExactArgs(1),
		Long: `Proposes, as a change of the programme that a lead signs, to put a finding of the
audit on record as explained. The finding stays visible, with the explanation, and
no longer gives exit code 3. The explanation is not sealed.`,
		Example: "  docket --as ada audit accept 1f2e3d4c5b6a --why 'Restored from a backup on 3 May, see ticket 12'"})
	c.Flags().StringVar(&why, "why", "", "the explanation: one line, in clear")
	c.Flags().StringVar(&program, "program", "", "programme that keeps the record; needed when there are several")
	c.RunE = func(c *cobra.Command, args []string) error {
		return a.with(func(d *desk.Desk) error {
			p, err := d.Accept(c.Context(), program, args[0], why)
			if err != nil {
				return err
			}
			return a.printProposed(p)
		})
	}
	return c
}

func (a *app) policyCommand() *cobra.Command {
	c := &cobra.Command{Use: "policy", Short: "Read, write, check and change programmes", Args: cobra.NoArgs,
		Long: `A programme is the policy of a PSIRT as one file, program.yaml: intake, questions,
facts, states, moves with their guards and approvals, deadlines, people.`,
		Example: "  docket -C cases.git policy show\n  docket --as ada policy edit ingroupe"}
	c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	c.AddCommand(append(a.policyReading(), a.policyEdit())...)
	return c
}

// found reports whether an audit found something that nobody has explained.
// Warnings count: a person has to look.
func found(r *audit.Report) bool { return audit.Open(r.Findings) > 0 }

func stateDir() string {
	if dir := os.Getenv("DOCKET_STATE"); dir != "" {
		return dir
	}
	base, err := os.UserConfigDir()
	if err != nil {
		return "" // without a home there is nothing to remember in
	}
	return filepath.Join(base, "docket")
}

// writeFile writes a report to a file, if one is named.
func writeFile(name string, write func(io.Writer) error) error {
	if name == "" {
		return nil
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}
