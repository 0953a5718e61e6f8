package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/docket-psirt/docket/internal/desk"
)

// policyReading are the commands below policy that read and write files; edit
// stands with the commands that propose.
func (a *app) policyReading() []*cobra.Command {
	return append([]*cobra.Command{a.policyShowCommand(), a.policyExplainCommand(), a.policyCheckCommand(), a.policyNewCommand()}, a.policyWriting()...)
}

// programmeFlag names a programme: of the repository, a file, or a shipped one.
func programmeFlag(c *cobra.Command, into *string) {
	c.Flags().StringVar(into, "program", "", "programme: a name, or the path of a program.yaml; needed when there are several")
}

// policyView reads the programme that --program names.
func (a *app) policyView(c *cobra.Command, name string) (*desk.PolicyView, error) {
	if desk.IsPolicyFile(name) {
		return desk.PolicyFile(name)
	}
	var v *desk.PolicyView
	err := a.with(func(d *desk.Desk) (err error) {
		v, err = d.PolicyOf(c.Context(), name)
		return err
	})
	if err != nil && name != "" {
		if shipped, err := desk.PolicyFile(name); err == nil {
			return shipped, nil
		}
	}
	return v, err
}

func (a *app) policyShowCommand() *cobra.Command {
	var name, image string
	c := a.jsonFlag(&cobra.Command{Use: "show [PROGRAM]", Short: "Show a programme's lifecycle, as text or as a diagram", Args: cobra.MaximumNArgs(1),
		Long: `Prints states with phase and label, moves with guards, approvals, updates and the
clocks that they wind, the clocks, the rules that give a case its priority, and what
else the programme says of approvals, texts, working hours and limits. --svg writes
lifecycle, clocks and priority rules as a state diagram: one image that needs nothing
else. No key is needed, and no repository for a file.

PROGRAM is what --program may be: a name, or the path of a program.yaml.`,
		Example: "  docket -C cases.git policy show --program ingroupe\n  docket policy show my-program.yaml --svg lifecycle.svg"})
	programmeFlag(c, &name)
	c.Flags().StringVar(&image, "svg", "", "write the state diagram to this file")
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) == 1 && name != "" && name != args[0] {
			return &usageError{fmt.Errorf("%s and --program %s are two programmes: name one", args[0], name)}
		}
		if len(args) == 1 {
			name = args[0]
		}
		v, err := a.policyView(c, name)
		if err != nil {
			return err
		}
		if image != "" {
			if err := os.WriteFile(image, v.SVG(), 0o644); err != nil {
				return err
			}
		}
		if a.json {
			return a.printJSON(v)
		}
		a.printf("%s", safe(v.Text()))
		return nil
	}
	return c
}

func (a *app) policyExplainCommand() *cobra.Command {
	var name string
	c := a.jsonFlag(&cobra.Command{Use: "explain STATE", Short: "Say what may happen to a case in a state, and what each move needs", Args: cobra.ExactArgs(1),
		Long: `Says in sentences how a case comes to a state, where it may go from there, which
facts must hold for that and how to make them hold, who must agree, and what the
reporter is told.`,
		Example: "  docket -C cases.git policy explain solving\n  docket policy explain Analyzation --program inspur"})
	programmeFlag(c, &name)
	c.RunE = func(c *cobra.Command, args []string) error {
		v, err := a.policyView(c, name)
		if err != nil {
			return err
		}
		if a.json {
			at, err := v.Place(args[0])
			if err != nil {
				return err
			}
			return a.printJSON(at)
		}
		text, err := v.Explain(args[0])
		a.printf("%s", safe(text))
		return err
	}
	return c
}

func (a *app) policyCheckCommand() *cobra.Command {
	c := a.jsonFlag(&cobra.Command{Use: "check FILE…", Short: "Find everything that is wrong with programme files", Args: cobra.MinimumNArgs(1),
		Long: `Lists every fault at once, each with file, line, path, what was expected and what to
do: fields that the schema does not know, names that refer to nothing, states that
cannot be reached or left, guards that nobody can meet, templates that are missing or
cannot be rendered, texts to reporters that are plainly not in the programme's
language. Templates of the programme's own stand in templates/ beside the file; all
others are built in, in English. Faults give exit code 3.`,
		Example: "  docket policy check my-program.yaml\n  docket policy check cases/*/program.yaml --json"})
	c.RunE = func(_ *cobra.Command, args []string) error {
		var list []*desk.PolicyChecked
		found := false
		for _, name := range args {
			r, err := desk.CheckPolicy(name)
			if err != nil {
				return err
			}
			found = found || len(r.Faults) > 0
			list = append(list, r)
		}
		if a.json {
			if err := a.printJSON(list); err != nil {
				return err
			}
		} else {
			a.printPolicyChecked(list)
		}
		if found {
			return errFound
		}
		return nil
	}
	return c
}

func (a *app) printPolicyChecked(list []*desk.PolicyChecked) {
	for _, r := range list {
		for _, f := range r.Faults {
			a.printf("%s\n", safe(f.String()))
			if f.Do != "" {
				a.printf("    %s\n", safe(f.Do))
			}
		}
		for _, note := range r.Notes {
			a.printf("%s: note: %s\n", r.File, safe(note))
		}
		draft := ""
		if r.Draft {
			draft = "; keys and people are added by docket init"
		}
		if len(r.Faults) == 0 {
			a.printf("%s: no faults: %d states, %d moves, %d clocks%s\n", r.File, r.States, r.Moves, r.Clocks, draft)
		} else {
			a.printf("%s: %d fault(s)\n", r.File, len(r.Faults))
		}
	}
}

func (a *app) policyNewCommand() *cobra.Command {
	c := &cobra.Command{Use: "new [FILE]", Short: "Write a programme of your own, from the answers to some questions", Args: cobra.MaximumNArgs(1),
		Long: `Asks a PSIRT lead who they are, what they promise and how strict they are, and writes
a valid program.yaml with comments, to make your own. Without FILE it is named after
the programme; - is standard output. Nothing is overwritten.

A script gives the answers on standard input, one a line; an empty line, or none
where the input ends, takes the answer that is offered.`,
		Example: "  docket policy new my-program.yaml\n  docket policy new - < answers.txt > my-program.yaml"}
	c.RunE = func(_ *cobra.Command, args []string) error {
		answers, err := a.askPolicy()
		if err != nil {
			return err
		}
		text, err := desk.NewPolicy(answers)
		if err != nil {
			return err
		}
		name := answers.Program + ".yaml"
		if len(args) == 1 {
			name = args[0]
		}
		if name == "-" {
			_, err := a.out.Write(text)
			return err
		}
		if err := writeNew(name, text); err != nil {
			return err
		}
		file := name
		if !filepath.IsAbs(name) {
			file = "./" + strings.TrimPrefix(name, "./") // a name alone could be a programme's
		}
		a.printf("Wrote %s. Read it through, and make it yours. Next:\n  docket policy check %s\n  docket policy show %[2]s\n  docket init cases.git --program %[2]s --team HANDLE,HANDLE --keys ./keys\n", name, file)
		return nil
	}
	return c
}

// writeNew writes a file that is not there yet.
func writeNew(name string, text []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) {
		return &usageError{fmt.Errorf("%s is there already; name another file", name)}
	}
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}

// askPolicy asks the questions. A person at a terminal is asked again after an
// answer that cannot be; a script is told.
func (a *app) askPolicy() (desk.PolicyAnswers, error) {
	var out desk.PolicyAnswers
	in := bufio.NewReader(io.LimitReader(a.in, 1<<20))
	f, isFile := a.in.(*os.File)
	person := isFile && term.IsTerminal(int(f.Fd()))
	for _, q := range desk.PolicyQuestions() {
		for {
			err := a.askOne(in, q, &out, person)
			if err == nil {
				break
			}
			if !person || errors.Is(err, io.EOF) {
				return out, &usageError{fmt.Errorf("%s: %w", q.Text, err)}
			}
			fmt.Fprintf(a.err, "  %v\n", err)
		}
	}
	return out, nil
}

func (a *app) askOne(in *bufio.Reader, q desk.PolicyQuestion, out *desk.PolicyAnswers, person bool) error {
	offered := ""
	if q.Default != nil {
		offered = q.Default(out)
	}
	prompt := q.Text
	if offered != "" {
		prompt += " [" + offered + "]"
	}
	fmt.Fprintf(a.err, "%s: ", prompt)
	line, err := in.ReadString('\n')
	if !person {
		fmt.Fprintln(a.err, strings.TrimSpace(line)) // as a terminal would show it
	}
	answer := strings.TrimSpace(line)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if answer == "" {
		answer = offered
	}
	if answer == "" && !q.Empty {
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("an answer is needed, and the input has ended: %w", io.EOF)
		}
		return errors.New("an answer is needed")
	}
	return q.Set(out, answer)
}
