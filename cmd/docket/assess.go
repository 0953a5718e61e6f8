package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/psirt"
)

const assessLong = `Records how serious a case is, and derives its priority by the programme's rules
(priority in program.yaml; the first that fits). Without flags it prints what is on
record, and what it rests on. It is a queued edit, like docket set; --dry-run only
prints what it would be.

--cvss takes vectors of v3.1 and v4.0. Docket computes score and severity, and holds
them against the vector in every edit, approval and audit with a key. --cwe takes
weaknesses of CWE 4.17; they replace those on record.

--ssvc takes a decision tree and its points, as POINT=VALUE; points on record need
not be given again, and unmistakable beginnings of their names will do. The trees:
  supplier     exploitation=none|public-poc|active automatable=no|yes
               value_density=diffuse|concentrated (or, for both, utility=laborious|
               efficient|super-effective) technical_impact=partial|total
               public_safety_impact=minimal|significant
               decides defer, scheduled, out-of-cycle or immediate
  deployer     exploitation system_exposure=small|controlled|open automatable
               human_impact=low|medium|high|very-high; decides the same
  coordinator  exploitation automatable technical_impact mission_well_being=
               low|medium|high; decides track, track*, attend or act (CISA)

--priority names another priority than the derived one. A less urgent one needs --why,
and stands until it is changed.`

func (a *app) assessCommand() *cobra.Command {
	var say desk.Assessing
	var dry bool
	c := a.jsonFlag(&cobra.Command{Use: "assess ID", Short: "Say how serious a case is: CVSS, CWE, SSVC, priority", Args: cobra.ExactArgs(1),
		Long: assessLong,
		Example: `  docket --as ada assess INGP-2026-0042 --cvss CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:N/VA:N/SC:N/SI:N/SA:N --cwe CWE-306
  docket --as ada assess INGP-2026-0042 --ssvc 'supplier exploitation=active automatable=yes value=diffuse technical=total public=minimal'
  docket --as ada assess INGP-2026-0042 --priority low --why 'It runs on our test bench only.'
  docket --as ada assess INGP-2026-0042 --json`})
	f := c.Flags()
	f.StringArrayVar(&say.CVSS, "cvss", nil, "a CVSS v3.1 or v4.0 vector; once for each")
	f.StringArrayVar(&say.CWE, "cwe", nil, "a weakness, CWE-NUMBER; once for each")
	f.StringVar(&say.SSVC, "ssvc", "", "an SSVC decision tree and its points: 'supplier exploitation=none …'")
	f.StringVar(&say.Impact, "impact", "", "what it means for customers, and what a remedy would: words, or @FILE")
	f.StringVar(&say.Customers, "customers", "", "how hard customers are hit: none, low, medium or high")
	f.StringVar(&say.Priority, "priority", "", "another priority than the derived one: "+strings.Join(psirt.Priorities, ", "))
	f.StringVar(&say.Why, "why", "", "why it is less urgent: words, or @FILE")
	f.BoolVar(&dry, "dry-run", false, "only print what the assessment would be")
	c.RunE = func(c *cobra.Command, args []string) error {
		given := false
		for _, name := range []string{"cvss", "cwe", "ssvc", "impact", "customers", "priority", "why"} {
			given = given || c.Flags().Changed(name)
		}
		if dry && !given {
			return &usageError{errors.New("there is nothing to try: add --cvss, --cwe, --ssvc, --impact, --customers or --priority")}
		}
		for _, words := range []*string{&say.Impact, &say.Why} {
			if name, ok := strings.CutPrefix(*words, "@"); ok {
				text, err := a.readFile(name)
				if err != nil {
					return err
				}
				*words = strings.TrimSpace(text)
			}
		}
		return a.with(func(d *desk.Desk) error {
			out, err := d.Assess(c.Context(), caseID(args[0]), say, dry)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(out)
			}
			a.printAssessment(out)
			if !given && len(out.CVSS)+len(out.CWE) == 0 && out.SSVC == nil && out.Priority == "" {
				a.printf("Nothing of an assessment is on record of %s yet; docket assess --help has examples.\n", out.ID)
			}
			if out.Edited != nil {
				return a.printEdited(out.Edited)
			}
			return nil
		})
	}
	return c
}

// printAssessment prints how serious a case is, and why.
func (a *app) printAssessment(s *desk.Assessment) {
	w := table(a.out)
	for _, v := range s.CVSS {
		by := ""
		if v.By != "" {
			by = " (" + safe(v.By) + ")"
		}
		fmt.Fprintf(w, "CVSS %s\t%s %s\t%s%s\n", v.Version, strconv.FormatFloat(v.Score, 'f', 1, 64), v.Severity, safe(v.Vector), by)
	}
	for _, weak := range s.CWE {
		fmt.Fprintf(w, "Weakness\t%s\t%s\n", safe(weak.ID), weak.Name)
	}
	if d := s.SSVC; d != nil {
		var points []string
		for _, name := range d.Order {
			points = append(points, name+"="+d.Points[name])
		}
		fmt.Fprintf(w, "SSVC %s\t%s\t%s\n", safe(d.Tree), safe(d.Decision), safe(strings.Join(points, " ")))
	}
	if s.CustomerImpact != "" || s.CustomerLevel != "" {
		fmt.Fprintf(w, "Customers\t%s\t%s\n", s.CustomerLevel, tame(strings.Join(strings.Fields(s.CustomerImpact), " ")))
	}
	if line := priorityLine(s); line != "" {
		level := s.Priority
		if level == "" {
			level = "none"
		}
		fmt.Fprintf(w, "Priority\t%s\t%s\n", level, tame(line))
	}
	w.Flush()
	for _, fault := range s.Faults {
		a.printf("Wrong: %s\n", tame(fault))
	}
	for _, hint := range s.Hints {
		a.printf("Hint: %s\n", safe(hint)) // the words of the list, whose address may be opened
	}
}

// priorityLine says what the priority rests on.
func priorityLine(s *desk.Assessment) string {
	switch {
	case s.Derived == "" && s.Priority == "":
		return ""
	case s.Derived == "":
		return "No rule of the programme fits; somebody has set it."
	case s.Derived == s.Priority:
		return s.Because
	case s.Why != "":
		return fmt.Sprintf("The programme gives %s (%s); since: %s", s.Derived, strings.TrimSuffix(s.Because, "."), s.Why)
	}
	return fmt.Sprintf("The programme gives %s: %s", s.Derived, s.Because)
}
