package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/psirt"
)

func (a *app) caseCommands() []*cobra.Command {
	return []*cobra.Command{a.listCommand(), a.showCommand(), a.logCommand(), a.openCommand(),
		a.assessCommand(), a.takeCommand(), a.notifyCommand(), a.ackCommand(), a.lessonsCommand()}
}

// safe takes out of a reporter's text what a terminal would act on: control and
// direction characters. Line feeds and tabs stay.
func safe(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return '\uFFFD'
		}
		return r
	}, s)
}

// tame is safe, and no address of a web page in it can be opened by accident. It
// is for what a reporter wrote; words that go out are shown as they are.
func tame(s string) string { return psirt.Defang(safe(s)) }

// cell is tame, on one line, and no longer than anybody reads: for the row of a
// table, and for a subject, which may be as long as its sender likes.
func cell(s string) string {
	const most = 200 // characters
	runes := []rune(strings.Join(strings.Fields(s), " "))
	if len(runes) > most {
		runes = append(runes[:most-1:most-1], '…')
	}
	return tame(string(runes))
}

func (a *app) listCommand() *cobra.Command {
	var f desk.Filter
	c := a.jsonFlag(&cobra.Command{Use: "list", Short: "List cases", Args: cobra.NoArgs,
		Long: `Lists the cases on main. Titles are sealed: they are shown where a key in the
directory of --keys opens the case. There, open cases with evidence of exploitation
come first, and are marked so.`,
		Example: "  docket -C cases.git list --open\n  docket -C cases.git --as ada list --overdue\n  docket -C cases.git --as ada list --mine --open"})
	c.Flags().BoolVar(&f.Open, "open", false, "only cases that are not closed")
	c.Flags().BoolVar(&f.Overdue, "overdue", false, "only cases of which a deadline of the team has passed")
	c.Flags().BoolVar(&f.Mine, "mine", false, "only cases that you answer for")
	c.Flags().StringVar(&f.State, "state", "", "only cases in this state")
	c.Flags().StringVar(&f.Program, "program", "", "only cases of this programme")
	c.RunE = func(*cobra.Command, []string) error {
		return a.with(func(d *desk.Desk) error {
			rows, err := d.List(f)
			if rows == nil {
				return err
			}
			if a.json {
				return errors.Join(a.printJSON(rows), err)
			}
			w := table(a.out)
			for _, r := range rows {
				due := ""
				if r.Due != nil {
					due = "due " + r.Due.Format(time.RFC3339)
				}
				if r.Overdue {
					due = "OVERDUE since " + r.Due.Format(time.RFC3339)
				}
				state := r.State
				if r.Outcome != "" {
					state += " (" + string(r.Outcome) + ")"
				}
				title := r.Title
				if r.Exploited == "yes" && r.Phase != psirt.PhaseClosed {
					title = "EXPLOITED: " + title
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", r.ID, state, r.Opened.Format(time.DateOnly), due, cell(title))
			}
			return errors.Join(w.Flush(), err)
		})
	}
	return c
}

func (a *app) showCommand() *cobra.Command {
	c := a.jsonFlag(&cobra.Command{Use: "show ID", Short: "Show a case: its envelope, and what your key opens", Args: cobra.ExactArgs(1),
		Long: `Shows a case as main has it: envelope, moves, updates with what became of them, and
deadlines. Where your key opens it, also the contact, the report with the paths that
docket set takes, your queued edits on top, and what each move still needs.`,
		Example: "  docket -C cases.git show INGP-2026-0042\n  docket --as ada show INGP-2026-0042 --json"})
	c.RunE = func(c *cobra.Command, args []string) error {
		return a.with(func(d *desk.Desk) error {
			s, err := d.Show(c.Context(), caseID(args[0]))
			if err != nil {
				return err
			}
			if a.json {
				out := s.Envelope
				if s.Report != nil {
					out["report"], out["contact"], out["next"] = s.Report, s.Contact, s.Next
					if s.Completeness != nil {
						out["completeness"] = s.Completeness
					}
					if s.URLInScope != nil {
						out["url_in_scope"] = *s.URLInScope
					}
					if ready := psirt.FixReady(s.Report); len(ready) > 0 {
						out["fix_ready"] = ready
					}
					if len(s.Assets) > 0 {
						out["assets"] = assetRows(s.Assets)
					}
				}
				out["clocks"], out["receipts"] = s.Clocks, receiptRows(s.Receipts)
				return a.printJSON(out)
			}
			a.printShown(s)
			return nil
		})
	}
	return c
}

// receiptRows is what became of a case's updates, oldest first, as JSON has it.
func receiptRows(list []*psirt.Receipt) []map[string]any {
	out := []map[string]any{}
	for _, r := range list {
		row := map[string]any{"update": r.Update, "attempt": r.Attempt, "status": r.Status, "at": r.At}
		if r.Code != "" {
			row["code"] = r.Code
		}
		out = append(out, row)
	}
	return out
}

// printWaiting says what waits to be pushed or merged.
func (a *app) printWaiting(s *desk.Shown) {
	switch {
	case s.Unfit != nil:
		a.printf("Below are edits of yours that wait, and cannot go out: %s\n", safe(s.Unfit.Error()))
	case s.Queued > 0:
		a.printf("%d edit(s) of yours wait: docket push %s\n", s.Queued, s.Case.ID)
	}
	if s.Pending {
		a.printf("A proposal is open: docket pr list --open\n")
	}
}

func (a *app) printShown(s *desk.Shown) {
	c := s.Case
	a.printf("%s  %s (%s)", c.ID, s.Label, c.State)
	if c.Outcome != "" {
		a.printf(", %s", c.Outcome)
	}
	a.printf("\nOpened %s, revision %d, %d mail(s) taken into account\n", c.Opened.Format(time.RFC3339), c.Revision, len(c.Mails))
	if len(c.Facts) > 0 {
		a.printf("Facts: %s\n", strings.Join(c.Facts, ", "))
	}
	a.printWaiting(s)
	for _, e := range c.Log {
		from := e.From
		if from == "" {
			from = "(new)"
		}
		a.printf("  %s  %s to %s\n", e.At.Format(time.RFC3339), from, e.To)
	}
	for _, u := range c.Updates {
		status := "not sent yet"
		for _, r := range s.Receipts {
			if r.Update == u.N {
				status = strings.TrimSpace(string(r.Status)+" "+r.Code) + " " + r.At.Format(time.RFC3339)
			}
		}
		a.printf("Update %d (%s): %s\n", u.N, u.Kind, status)
		if w := s.Words[u.N]; w != nil {
			a.printf("  To: %s\n  Subject: %s\n%s\n", safe(w.Outer.To), safe(w.Subject), indent(safe(w.Text)))
		}
	}
	for _, r := range s.Clocks {
		switch r.Status {
		case psirt.ClockRunning, psirt.ClockOverdue, psirt.ClockBroken:
			a.printf("Clock %s: %s, due %s\n", r.Clock, r.Status, r.Due.Format(time.RFC3339))
		case psirt.ClockPaused:
			a.printf("Clock %s: paused; were it to go on now, due %s\n", r.Clock, r.Due.Format(time.RFC3339))
		}
	}
	if s.Sealed != nil {
		a.printf("\nSealed: %v\n", s.Sealed)
		return
	}
	a.printf("\nContact: %s", safe(s.Contact.Address))
	if s.Contact.Key == "" {
		a.printf(" (no key: nothing but the content-free note can be sent)")
	}
	a.printf("\n\n")
	printTree(a.out, "", map[string]any(s.Report))
	a.printf("\n")
	if m := s.Completeness; m != nil {
		a.printf("Complete: %d of %d things that the policy asks for\n", m.Present, m.Asked)
	}
	if s.URLInScope != nil && !*s.URLInScope {
		a.printf("The URL lies outside of the programme's domains\n")
	}
	if ready := psirt.FixReady(s.Report); len(ready) > 0 {
		a.printf("A fix is ready for: %s\n", tame(strings.Join(ready, ", ")))
	}
	for _, x := range s.Assets {
		a.printf("The URL is of %s (%s)\n", safe(x.Name), safe(x.Is))
	}
	a.printAssessment(s.Assessment)
	a.printf("\n%s", s.Facts.Text())
	for _, step := range s.Next {
		a.printf("Next: %s (%s)\n", step.Do, tame(step.Why))
	}
}

func indent(s string) string {
	return "  | " + strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n  | ")
}

// printTree prints a document as paths and values, which are those that docket
// set takes.
func printTree(w io.Writer, path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		keys := make([]string, 0, len(v))
		for k := range v {
			if path == "" && (k == "docket" || k == "id" || k == "session_keys") {
				continue
			}
			keys = append(keys, k)
		}
		sort.Strings(keys)
		for _, k := range keys {
			printTree(w, strings.TrimPrefix(path+"."+k, "."), v[k])
		}
	case []any:
		for i, item := range v {
			printTree(w, fmt.Sprintf("%s[%d]", path, i), item)
		}
	case string:
		if strings.Contains(v, "\n") {
			fmt.Fprintf(w, "%s:\n%s\n", path, indent(tame(v)))
			return
		}
		fmt.Fprintf(w, "%s: %s\n", path, tame(v))
	default:
		fmt.Fprintf(w, "%s: %v\n", path, v)
	}
}

func (a *app) logCommand() *cobra.Command {
	c := a.jsonFlag(&cobra.Command{Use: "log ID", Short: "Tell a case's story, with who signed what", Args: cobra.ExactArgs(1),
		Long:    "Tells from history, without any key, who moved, edited, approved and delivered what.",
		Example: "  docket -C cases.git log INGP-2026-0042"})
	c.RunE = func(c *cobra.Command, args []string) error {
		return a.with(func(d *desk.Desk) error {
			events, err := d.Log(c.Context(), caseID(args[0]))
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(events)
			}
			w := table(a.out)
			for _, e := range events {
				fmt.Fprintf(w, "%s\t%s\t%s\t%.10s\n", e.At.Format(time.RFC3339), e.By, e.Text, e.Commit)
			}
			return w.Flush()
		})
	}
	return c
}

func (a *app) openCommand() *cobra.Command {
	var program string
	c := a.jsonFlag(&cobra.Command{Use: "open [FILE]", Short: "Open a case without a mail: a phone call, an own finding", Args: cobra.MaximumNArgs(1),
		Long: `Opens a case from a report document (JSON; schema/report.schema.json without docket
and id), from standard input (-), or from your editor. You sign it.`,
		Example: "  docket --as ada open --program ingroupe report.json\n  echo '{\"title\":\"Own finding\"}' | docket --as ada open --program ingroupe -"})
	c.Flags().StringVar(&program, "program", "", "programme of the case; needed when there are several")
	c.RunE = func(c *cobra.Command, args []string) error {
		var text string
		var err error
		if len(args) == 1 {
			text, err = a.readFile(args[0])
		} else {
			text, err = a.edit("{\n  \"title\": \"\",\n  \"description\": \"\",\n  \"products\": [{\"name\": \"\", \"versions\": []}],\n  \"discovery\": {\"how\": \"\", \"when\": \"\"},\n  \"exploited\": \"unknown\",\n  \"reporter\": {\"name\": \"\", \"email\": \"\"}\n}\n")
		}
		if err != nil {
			return err
		}
		var doc psirt.Document
		if err := json.Unmarshal([]byte(text), &doc); err != nil || doc == nil {
			return &usageError{errors.New("the report document is not a JSON object")}
		}
		prune(map[string]any(doc))
		return a.with(func(d *desk.Desk) error {
			id, err := d.OpenCase(c.Context(), program, doc)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(map[string]any{"id": id})
			}
			a.printf("Opened %s. Next: docket show %s\n", id, id)
			return nil
		})
	}
	return c
}

// prune takes out what was left empty in a form.
func prune(v any) (empty bool) {
	switch v := v.(type) {
	case map[string]any:
		for k, item := range v {
			if prune(item) {
				delete(v, k)
			}
		}
		return len(v) == 0
	case []any:
		for _, item := range v {
			if !prune(item) {
				return false
			}
		}
		return true
	case string:
		return strings.TrimSpace(v) == ""
	}
	return v == nil
}

// assetRows are the programme's assets that a report is about, for JSON.
func assetRows(list []psirt.Asset) []map[string]string {
	out := []map[string]string{}
	for _, x := range list {
		out = append(out, map[string]string{"name": x.Name, "is": x.Is})
	}
	return out
}
