package audit

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/docket-psirt/docket/internal/psirt"
)

// maxLate bounds the late runs of clocks that the text lists one by one.
const maxLate = 40

// WriteText writes the report for a person at a terminal: the verdict and every
// finding, then what the audit began and ended at, then the clocks. Control
// characters are replaced, so nothing in a repository can act on the terminal.
func (r *Report) WriteText(w io.Writer) error {
	out := bufio.NewWriter(w)
	r.textFindings(out)
	r.textGround(out)
	r.textClocks(out)
	return out.Flush()
}

func (r *Report) textFindings(w io.Writer) {
	verdict, detail := r.verdict()
	fmt.Fprintf(w, "Audit: %s", verdict)
	if detail != "" {
		fmt.Fprintf(w, " (%s)", detail)
	}
	if r.Commits == 0 {
		fmt.Fprint(w, "; nothing was replayed")
	}
	fmt.Fprint(w, "\n\n")
	for _, f := range r.ordered() {
		fmt.Fprintf(w, "  %-7s  %s", strings.ToUpper(plain(f.Severity)), plain(f.Kind))
		if f.Case != "" {
			fmt.Fprintf(w, "  %s", plain(string(f.Case)))
		}
		if f.Commit != "" {
			fmt.Fprintf(w, "  in %s", plain(short(f.Commit)))
		}
		if f.ID != "" {
			fmt.Fprintf(w, "  (%s)", plain(f.ID))
		}
		fmt.Fprintf(w, "\n           %s\n", plain(f.Said()))
	}
	if len(r.Findings) > 0 {
		fmt.Fprintln(w)
	}
}

func (r *Report) textGround(w io.Writer) {
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "%-12s  %s\n", name, plain(value))
		}
	}
	line("Trust root", r.Root)
	line("  signed by", r.RootSigner)
	line("Since", r.Since)
	line("main", r.Head)
	line("deliveries", r.Deliveries)
	line("At", r.At.UTC().Format("2006-01-02 15:04:05 UTC"))
	line("Replayed", fmt.Sprintf("%s, %s; main has %s", counted(r.Commits, "commit"), counted(r.Revisions, "revision"), counted(r.Cases, "case")))
	line("Judged", r.judged())
}

func (r *Report) textClocks(w io.Writer) {
	all, each, late := r.clocks()
	if all.Runs() == 0 {
		fmt.Fprintf(w, "\nClocks: none has run\n")
		return
	}
	fmt.Fprintf(w, "\nClocks: %s kept, %s broken, %s overdue, %s running\n\n", number(all.Kept), number(all.Broken), number(all.Overdue), number(all.Running))
	width := len("clock")
	for _, c := range each {
		width = max(width, len([]rune(c.name())))
	}
	fmt.Fprintf(w, "  %-*s  %7s  %7s  %7s  %7s\n", width, "clock", "kept", "broken", "overdue", "running")
	for _, c := range each {
		fmt.Fprintf(w, "  %-*s  %7d  %7d  %7d  %7d\n", width, c.name(), c.Kept, c.Broken, c.Overdue, c.Running)
	}
	if len(late) == 0 {
		return
	}
	fmt.Fprintln(w)
	for i, l := range late {
		if i == maxLate {
			fmt.Fprintf(w, "  and %s more, which the JSON report lists\n", number(len(late)-i))
			return
		}
		word := "broken, late by"
		if l.Status == psirt.ClockOverdue {
			word = "OVERDUE by"
		}
		fmt.Fprintf(w, "  %s  %s: %s %s, was due %s\n", plain(string(l.Case)), clockName(l.Clock, l.Party), word, lasting(l.By), stamp(l.Due))
	}
}

func (c clockTally) name() string { return clockName(c.Clock, c.Party) }

// clockName is the name of a clock, and who owes the step when it is not the
// team.
func clockName(clock, party string) string {
	if party != "" && party != "team" {
		return plain(clock + " (" + party + ")")
	}
	return plain(clock)
}
