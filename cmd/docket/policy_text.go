package main

import (
	"github.com/spf13/cobra"

	"github.com/docket-psirt/docket/internal/desk"
)

// policyWriting are the commands below policy for whoever writes a programme by
// hand.
func (a *app) policyWriting() []*cobra.Command {
	text := &cobra.Command{Use: "text [KIND]", Short: "Print a built-in text to reporters, to write your own after", Args: cobra.MaximumNArgs(1),
		Long: `Prints the built-in template of a kind of update, or, without KIND, which ones there
are. A programme's own stand in templates/KIND.txt beside its file (in a case
repository in cases/PROGRAMME/templates) and count instead of these.

A template is a line "Subject: …", an empty line, and the text. It may name

  {{.ID}} {{.Program}} {{.State}} {{.Outcome}} {{.Opened}} {{.Language}}
  {{.Address}} {{.Fingerprint}}   where to write to, and the key to encrypt to
  {{.Record}}                     digest of the record of the mail that began the case
  {{.Texts.NAME}}                 words of the programme (texts in its file)
  {{.Name}} {{.Questions}}        in ask alone: the reporter, and what is missing

and use if, else, with, and, or, not, eq and ne. Nothing of a report is among it.`,
		Example: "  docket policy text acknowledge > templates/acknowledge.txt"}
	text.RunE = func(_ *cobra.Command, args []string) error {
		kind := ""
		if len(args) == 1 {
			kind = args[0]
		}
		out, err := desk.PolicyText(kind)
		a.printf("%s", out)
		return err
	}
	schema := &cobra.Command{Use: "schema", Short: "Print the JSON Schema of programme files, for your editor", Args: cobra.NoArgs,
		Long: `Prints the JSON Schema (draft 2020-12) of program.yaml. It says of every key what it
means and what it may be. An editor that speaks it completes keys and marks faults as
you write: save it beside your file, which names it in its first line,
"# yaml-language-server: $schema=program.schema.json".`,
		Example: "  docket policy schema > program.schema.json"}
	schema.RunE = func(*cobra.Command, []string) error {
		raw, err := desk.PolicySchema()
		a.printf("%s", raw)
		return err
	}
	return []*cobra.Command{text, schema}
}
