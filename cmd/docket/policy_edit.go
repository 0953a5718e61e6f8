package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/docket-psirt/docket/internal/desk"
)

func (a *app) policyEdit() *cobra.Command {
	var kind, file string
	c := a.jsonFlag(&cobra.Command{Use: "edit [PROGRAM]", Short: "Change a programme, in your editor", Args: cobra.MaximumNArgs(1),
		Long: `Opens program.yaml in your editor, or with --text one of the texts that the
programme sends, and proposes the result, signed by you as a lead. It is merged
when it has the approvals that the programme, as it was before, demands. What is
not valid is not proposed: every fault of program.yaml is listed, and a text must
be one that can be rendered, in the programme's language. What you wrote is then
kept in a file, for --file.

Where it changes who may read, the open cases come along, sealed anew, as far as
your key opens them.`,
		Example: "  docket --as ada policy edit ingroupe\n  docket --as ada policy edit ingroupe --text acknowledge\n  docket --as ada policy edit ingroupe --file program.yaml"})
	c.Flags().StringVar(&kind, "text", "", "change this text, such as acknowledge, and not program.yaml")
	c.Flags().StringVar(&file, "file", "", "take what it becomes from this file, or -, and not from your editor")
	c.RunE = func(c *cobra.Command, args []string) error {
		e := policyEditor{a: a, file: file, name: "program.yaml"}
		program := ""
		if len(args) == 1 {
			program = args[0]
		}
		if c.Flags().Changed("text") {
			e.name = filepath.Base(kind) + ".txt"
		}
		return a.with(func(d *desk.Desk) error {
			p, err := e.change(c.Context(), d, program, kind, c.Flags().Changed("text"))
			if err != nil {
				e.keep()
				return err
			}
			if a.json {
				return a.printJSON(p)
			}
			if err := a.printProposed(p.Proposed); err != nil {
				return err
			}
			a.printResealed(p.Resealed, p.Left)
			return nil
		})
	}
	return c
}

// policyEditor is where a changed file of a programme comes from.
type policyEditor struct {
	a     *app
	file  string // given instead of an editor, or empty
	name  string // of the file in the editor
	wrote string // what came out of the editor
}

func (e *policyEditor) change(ctx context.Context, d *desk.Desk, program, kind string, text bool) (*desk.PolicyChange, error) {
	if !text {
		return d.EditPolicy(ctx, program, e.edit)
	}
	p, err := d.EditTemplate(ctx, program, kind, e.edit)
	return &desk.PolicyChange{Proposed: p}, err
}

func (e *policyEditor) edit(text string) (string, error) {
	if e.file != "" {
		return e.a.readFile(e.file)
	}
	out, err := e.a.editAs(e.name, text)
	if err == nil && out != text {
		e.wrote = out
	}
	return out, err
}

// keep saves what a person wrote from being lost when it is refused: a programme
// has no secrets.
func (e *policyEditor) keep() {
	if e.wrote == "" {
		return
	}
	dir, err := os.MkdirTemp("", "docket-")
	if err != nil {
		return // the refusal itself is what counts
	}
	file := filepath.Join(dir, e.name)
	if os.WriteFile(file, []byte(e.wrote), 0o600) == nil {
		fmt.Fprintf(e.a.err, "docket: what you wrote is kept: mend it, and go on with --file %s\n", file)
	}
}
