package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/psirt"
)

func (a *app) pullCommands() []*cobra.Command {
	pr := &cobra.Command{Use: "pr", Short: "List, read, approve, merge and close pull requests", Args: cobra.NoArgs,
		Long: `Every change of a case or a programme is a pull request: on GitHub, or in the local
forge. docket diff, approve and merge are the same without pr.`,
		Example: "  docket pr list\n  docket pr show 12"}
	pr.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	pr.AddCommand(a.prListCommand(), a.prShowCommand(), a.diffCommand(), a.approveCommand(), a.mergeCommand(), a.closeCommand())
	for _, c := range pr.Commands() { // those that are there without pr, too
		if word := " " + c.Name() + " "; !strings.Contains(c.Example, " pr") {
			c.Example = strings.ReplaceAll(c.Example, word, " pr"+word)
		}
	}
	return []*cobra.Command{pr, a.diffCommand(), a.approveCommand(), a.mergeCommand()}
}

func (a *app) prListCommand() *cobra.Command {
	var open bool
	c := a.jsonFlag(&cobra.Command{Use: "list", Short: "List pull requests with the programme's verdict", Args: cobra.NoArgs,
		Long:    "Lists the newest 200 pull requests, or with --open only those that wait.",
		Example: "  docket -C cases.git pr list --open"})
	c.Flags().BoolVar(&open, "open", false, "only those that wait")
	c.RunE = func(c *cobra.Command, _ []string) error {
		return a.with(func(d *desk.Desk) error {
			list, err := d.Pulls(c.Context(), !open)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(list)
			}
			if len(list) == 0 {
				a.printf("There is no pull request.\n")
			}
			w := table(a.out)
			for _, p := range list {
				fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\tapproved by: %s\t%s\n", p.Number, p.State, p.Kind, p.Title, p.Author, orNobody(p.Approvals), p.Verdict)
			}
			return w.Flush()
		})
	}
	return c
}

func orNobody(names []string) string {
	if len(names) == 0 {
		return "nobody"
	}
	return strings.Join(names, ", ")
}

func (a *app) prShowCommand() *cobra.Command {
	c := a.jsonFlag(&cobra.Command{Use: "show N", Short: "Show a pull request and what it still needs", Args: cobra.ExactArgs(1),
		Long: `Shows the programme's verdict on a pull request, with reasons, and who has approved it.
No key is needed; docket diff shows what it changes. N is a number, or the ID of a
case with an open one.`,
		Example: "  docket -C cases.git pr show 12"})
	c.RunE = func(c *cobra.Command, args []string) error {
		return a.with(func(d *desk.Desk) error {
			n, err := openPull(c.Context(), d, args)
			if err != nil {
				return err
			}
			p, err := d.Pull(c.Context(), n)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(p)
			}
			a.printf("%d  %s (%s, %s), by %s, approved by: %s\n", p.Number, p.Title, p.Kind, p.State, p.Author, orNobody(p.Approvals))
			if p.Tree != nil {
				a.printf("\n%s", p.Tree.Text())
			}
			return nil
		})
	}
	return c
}

// openPull is the number that was given, or that of the open pull request of the
// case that was.
func openPull(ctx context.Context, d *desk.Desk, args []string) (int, error) {
	n, id, err := pullArg(args)
	if err != nil || n > 0 {
		return n, err
	}
	p, err := d.OpenPull(ctx, id)
	if err != nil {
		return 0, err
	}
	return p.Number, nil
}

func (a *app) diffCommand() *cobra.Command {
	c := a.jsonFlag(&cobra.Command{Use: "diff [N]", Short: "Read what a pull request changes, opened with your key", Args: cobra.MaximumNArgs(1),
		Long: `Shows for each revision what changes in the envelope and, where your key opens it, in
the report; and every update as the reporter will read it. Of a change of a
programme it shows the lines that change, which certificates come and go, and which
cases are sealed anew. N is a number or a case ID; without it, the only open one.`,
		Example: "  docket --as ben diff 12\n  docket --as ben diff INGP-2026-0042"})
	c.RunE = func(c *cobra.Command, args []string) error {
		n, id, err := pullArg(args)
		if err != nil {
			return err
		}
		return a.with(func(d *desk.Desk) error {
			diff, err := d.Diff(c.Context(), n, id)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(diff)
			}
			a.printDiff(diff)
			return nil
		})
	}
	return c
}

func (a *app) printDiff(diff *desk.Diff) {
	a.printf("Pull request %d: %s\n", diff.Pull.Number, diff.Pull.Title)
	for _, f := range diff.Changes {
		a.printf("  changes %s\n", safe(f.Path))
		if f.Is != "" {
			a.printf("    %s\n", safe(f.Is))
		}
		for _, line := range f.Lines {
			a.printf("    %s\n", safe(line))
		}
	}
	for _, s := range diff.Steps {
		a.printf("\nRevision %d, signed by %s\n", s.Revision, s.By)
		a.printChanges("envelope", s.Envelope)
		a.printChanges("report", s.Report)
		a.printChanges("contact", s.Contact)
		if s.Sealed != "" {
			a.printf("  sealed: %s\n", s.Sealed)
		}
		for _, u := range s.Updates {
			kind := "standard text"
			if u.Own {
				kind = "own words"
			}
			whom := "the reporter"
			if u.Kind == psirt.KindShare {
				whom = "a third party, " + safe(u.To)
			}
			a.printf("\n  Update %d to %s (%s, %s)\n", u.N, whom, u.Kind, kind)
			if u.Text == "" {
				a.printf("  Your key does not open it.\n")
				continue
			}
			a.printf("  Subject: %s\n%s\n", safe(u.Subject), indent(safe(u.Text)))
		}
	}
	a.printf("\n%s", diff.Verdict.Text())
}

func (a *app) printChanges(part string, list []desk.Changed) {
	for _, ch := range list {
		if strings.HasPrefix(ch.Path, "session_keys") {
			continue // they open old mails; nobody reads them
		}
		a.printf("  %s  %s\n", part, ch.Path)
		if ch.Before != "" {
			a.printf("    - %s\n", strings.ReplaceAll(tame(ch.Before), "\n", "\n      "))
		}
		if ch.After != "" {
			a.printf("    + %s\n", strings.ReplaceAll(tame(ch.After), "\n", "\n      "))
		}
	}
}

func (a *app) approveCommand() *cobra.Command {
	c := a.jsonFlag(&cobra.Command{Use: "approve [N]", Short: "Sign a pull request; it merges when it has all it needs", Args: cobra.MaximumNArgs(1),
		Long: `Opens what the proposal changes, validates it, judges every guard with your key, and
signs the newest revision's digest. Whoever made a change, or asked for it, does
not approve it. With enough approvals the proposal is merged at once.`,
		Example: "  docket --as ben approve 12\n  docket --as ben approve INGP-2026-0042"})
	c.RunE = func(c *cobra.Command, args []string) error {
		n, id, err := pullArg(args)
		if err != nil {
			return err
		}
		return a.with(func(d *desk.Desk) error {
			p, err := d.Approve(c.Context(), n, id)
			if err != nil {
				return err
			}
			return a.printProposed(p)
		})
	}
	return c
}

func (a *app) mergeCommand() *cobra.Command {
	c := a.jsonFlag(&cobra.Command{Use: "merge [N]", Short: "Merge a pull request that has all it needs", Args: cobra.MaximumNArgs(1),
		Long:    "Merges when the programme lets it, else names what is missing (exit code 3).",
		Example: "  docket --as ada merge 12"})
	c.RunE = func(c *cobra.Command, args []string) error {
		n, id, err := pullArg(args)
		if err != nil {
			return err
		}
		return a.with(func(d *desk.Desk) error {
			p, err := d.Merge(c.Context(), n, id)
			if err != nil {
				return err
			}
			return a.printProposed(p)
		})
	}
	return c
}

func (a *app) closeCommand() *cobra.Command {
	return &cobra.Command{Use: "close N", Short: "End a pull request without merging it", Args: cobra.ExactArgs(1),
		Long: `Closes a pull request and removes its branch. The case stays as it is on main, and
the next proposal begins there. Edits of yours that were made on top of it and wait
(docket push) would propose it anew: docket push ID --drop throws them away. N is a
number, or the ID of a case with an open one.`,
		Example: "  docket --as ada pr close 12\n  docket --as ada pr close INGP-2026-0042",
		RunE: func(c *cobra.Command, args []string) error {
			return a.with(func(d *desk.Desk) error {
				n, err := openPull(c.Context(), d, args)
				if err != nil {
					return err
				}
				if err := d.ClosePull(c.Context(), n); err != nil {
					return err
				}
				a.printf("Pull request %d is closed, and its branch is gone.\n", n)
				return nil
			})
		}}
}
