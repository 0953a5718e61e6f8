package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/docket-psirt/docket/internal/desk"
)

func (a *app) reportCommands() []*cobra.Command {
	return []*cobra.Command{a.statsCommand(), a.similarCommand()}
}

func (a *app) statsCommand() *cobra.Command {
	var f desk.StatsFilter
	var since, dir string
	c := a.jsonFlag(&cobra.Command{Use: "stats", Short: "Count cases, and how long things take", Args: cobra.NoArgs,
		Long: `Says how long it took to acknowledge reports, to look at them, to fix and to close
(median, 90th percentile, longest; wall-clock time from the opening of a case), how
many cases are in which state and how they ended, and which deadlines were kept. All
of that is derived from what stands in clear, without a key: log, updates, receipts,
mail records and policy. Where a key in the directory of --keys opens cases, they are
counted by the kind of reporter too (reporter.type).

Times in JSON are whole seconds. With --svg each chart is written to a file of its
own: images that need nothing else, for light and dark pages.`,
		Example: "  docket -C cases.git stats\n  docket -C cases.git stats --program ingroupe --since 2026-01-01 --json\n  docket -C cases.git stats --svg charts"})
	c.Flags().StringVar(&f.Program, "program", "", "only cases of this programme")
	c.Flags().StringVar(&since, "since", "", "only cases opened on this day (UTC) or later: 2026-01-01")
	c.Flags().StringVar(&dir, "svg", "", "write charts to this directory")
	c.RunE = func(c *cobra.Command, _ []string) error {
		var err error
		if since != "" {
			if f.Since, err = time.Parse(time.DateOnly, since); err != nil {
				return &usageError{fmt.Errorf("--since takes a day such as 2026-01-01, not %q", since)}
			}
		}
		return a.with(func(d *desk.Desk) error {
			s, err := d.Stats(c.Context(), f)
			if s == nil {
				return err
			}
			return errors.Join(a.printStats(s), a.writeCharts(dir, s), err)
		})
	}
	return c
}

// writeCharts writes each chart to a file in a directory, if one is named.
func (a *app) writeCharts(dir string, s *desk.Stats) error {
	if dir == "" {
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var names []string
	for _, chart := range s.Charts() {
		if err := os.WriteFile(filepath.Join(dir, chart.Name+".svg"), chart.SVG, 0o644); err != nil {
			return err
		}
		names = append(names, chart.Name+".svg")
	}
	if !a.json {
		a.printf("\nCharts in %s: %s\n", dir, strings.Join(names, ", "))
	}
	return nil
}

func (a *app) printStats(s *desk.Stats) error {
	if a.json {
		return a.printJSON(s)
	}
	since := ""
	if s.Since != nil {
		since = " opened since " + s.Since.Format(time.DateOnly)
	}
	a.printf("%d case(s)%s: %d open, %d closed\n\n", s.Cases, since, s.Open, s.Closed)
	w := table(a.out)
	fmt.Fprintln(w, "TIME TO\tMEDIAN\t90 %\tLONGEST\tCASES\tOPEN, NOT YET\t")
	for _, t := range s.Times {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%d\t%s\n", t.Name, lasting(t.Median), lasting(t.P90), lasting(t.Max), t.N, t.Waiting, t.Means)
	}
	fmt.Fprintln(w)
	for _, part := range []struct {
		head string
		rows []desk.Count
	}{{"PROGRAMME", s.Programs}, {"PHASE", s.Phases}, {"STATE", s.States}, {"OUTCOME", s.Outcomes}, {"REPORTER", s.Reporters}} {
		if len(part.rows) == 0 {
			continue
		}
		fmt.Fprintf(w, "%s\tCASES\n", part.head)
		for _, r := range part.rows {
			name := r.Name
			if r.Program != "" && len(s.Programs) > 1 {
				name = r.Program + "/" + name
			}
			if r.Label != "" && !strings.EqualFold(r.Label, r.Name) {
				name += " (" + safe(r.Label) + ")"
			}
			fmt.Fprintf(w, "%s\t%d\n", name, r.N)
		}
		fmt.Fprintln(w)
	}
	clockRows(w, s)
	if s.Opened == 0 && s.Cases > 0 {
		fmt.Fprintln(w, "\nWho reported is sealed: with --keys those cases that your key opens are counted by it, too.")
	}
	return w.Flush()
}

// clockRows prints how the clocks stand; those that never ran stand in JSON alone.
func clockRows(w io.Writer, s *desk.Stats) {
	head := "CLOCK\tPARTY\tKEPT\tBROKEN\tOVERDUE\tRUNNING\tPAUSED\t\n"
	for _, c := range s.Clocks {
		if c.Runs() == 0 {
			continue
		}
		name := c.Clock
		if len(s.Programs) > 1 {
			name = c.Program + "/" + name
		}
		fmt.Fprintf(w, "%s%s\t%s\t%d\t%d\t%d\t%d\t%d\t%s\n", head, name, c.Party, c.Kept, c.Broken, c.Overdue, c.Running, c.Paused, safe(c.Means))
		head = ""
	}
}

// lasting is a length of time for a table; a dash where there is none.
func lasting(seconds *int64) string {
	if seconds == nil {
		return "-"
	}
	return desk.Lasting(*seconds)
}
