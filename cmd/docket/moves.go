package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/mail"
	"github.com/docket-psirt/docket/internal/psirt"
)

func (a *app) moveCommands() []*cobra.Command {
	return []*cobra.Command{a.moveCommand(), a.labelCommand(), a.setCommand(), a.editCommand(), a.attachCommand(), a.pushCommand(),
		a.messageCommand(psirt.KindAsk, "Ask the reporter something", "Without --message the question is drafted from what the report lacks, with the\nprogramme's template ask, for your editor; where none is set (VISUAL, EDITOR), the\ndraft is proposed as it is."),
		a.messageCommand("reply", "Write to the reporter", "Without --message your editor opens."),
		a.handlersCommand(), a.splitCommand(), a.shareCommand()}
}

// printProposed says what became of a step that makes a proposal.
func (a *app) printProposed(p *desk.Proposed) error {
	if a.json {
		return a.printJSON(p)
	}
	switch {
	case p.Merged && p.ID != "":
		a.printf("%d\nPull request %d of %s is merged; the case is in %s. Updates go out with docket deliver.\n", p.Number, p.Number, p.ID, p.State)
	case p.Merged:
		a.printf("%d\nPull request %d is merged.\n", p.Number, p.Number)
	case p.Waits != "" && p.Number == 0:
		a.printf("%s: %s.\n", p.ID, p.Waits)
	case p.Waits != "":
		a.printf("%d\nPull request %d is open and has all it needs: %s.\n", p.Number, p.Number, p.Waits)
	default:
		of := ""
		if p.ID != "" {
			of = " of " + string(p.ID)
		}
		a.printf("%d\nPull request %d%s is open. It still needs:\n", p.Number, p.Number, of)
		for _, n := range p.Needs {
			a.printf("  - %s\n", n)
		}
		a.printf("Others read it with docket diff %d and sign it with docket approve %d.\n", p.Number, p.Number)
	}
	for _, text := range p.Next {
		a.printf("Next: %s\n", safe(text))
	}
	return nil
}

func (a *app) moveCommand() *cobra.Command {
	var outcome, file, update, language string
	var dry bool
	c := a.jsonFlag(&cobra.Command{Use: "move ID STATE", Short: "Propose to move a case to another state", Args: cobra.ExactArgs(2),
		Long: `Signs the next revision of the case with its update to the reporter, and opens a
pull request, whose number is printed. The update is the standard text, another one
that the programme offers for this move (--update), or your own words (--message).
Own words are in the programme's language, or in the one that --language names.
Queued edits of the case go along. When the programme's guards do not hold, each is
named with what to do (exit code 3).`,
		Example: "  docket --as ada move INGP-2026-0042 evaluating\n  docket --as ada move INGP-2026-0042 closed --outcome fixed --message words.txt\n  docket --as ada move INGP-2026-0042 solving --dry-run"})
	c.Flags().StringVar(&outcome, "outcome", "", "why the case is closed: "+outcomes())
	c.Flags().StringVar(&file, "message", "", "own words to the reporter instead of the standard text: a file, or -")
	c.Flags().StringVar(&update, "update", "", "which of the updates that the move offers goes to the reporter")
	languageFlag(c, &language)
	c.Flags().BoolVar(&dry, "dry-run", false, "only say whether the guards hold")
	c.RunE = func(c *cobra.Command, args []string) error {
		words := ""
		if file != "" {
			var err error
			if words, err = a.readFile(file); err != nil {
				return err
			}
			if strings.TrimSpace(words) == "" {
				return &usageError{errors.New("the message is empty")}
			}
		}
		return a.with(func(d *desk.Desk) error {
			if err := a.spoken(d, caseID(args[0]), words, language, file); err != nil {
				return err
			}
			p, err := d.MoveBy(c.Context(), caseID(args[0]), desk.Moving{To: args[1], Outcome: psirt.Outcome(outcome), Update: update, Words: words, Dry: dry})
			if err != nil {
				return err
			}
			if dry {
				if a.json {
					return a.printJSON(p.Verdict)
				}
				a.printf("%s", p.Verdict.Text())
				return nil
			}
			defer a.linkDuplicate(c, d, caseID(args[0]), outcome)
			return a.printProposed(p)
		})
	}
	return c
}

func outcomes() string {
	var list []string
	for _, o := range psirt.Outcomes {
		list = append(list, string(o))
	}
	return strings.Join(list, ", ")
}

func (a *app) labelCommand() *cobra.Command {
	c := a.jsonFlag(&cobra.Command{Use: "label ID LABEL", Short: "Do what a click on a label does", Args: cobra.ExactArgs(2),
		Long: `On the tracking issue of a case the labels move/<state> and close/<outcome> ask the
bot for a move. This does the same for the local forge and for scripts. The bot
sends standard texts only; where guards are sealed it says: run docket move.`,
		Example: "  docket -C cases.git --keys keys --as ada label INGP-2026-0042 move/evaluating"})
	c.RunE = func(c *cobra.Command, args []string) error {
		return a.with(func(d *desk.Desk) error {
			p, err := d.Label(c.Context(), caseID(args[0]), args[1])
			if err != nil {
				return err
			}
			return a.printProposed(p)
		})
	}
	return c
}

func (a *app) printEdited(e *desk.Edited) error {
	if a.json {
		return a.printJSON(e)
	}
	if len(e.Changed) == 0 {
		a.printf("Nothing changed in %s.\n", e.ID)
		return nil
	}
	a.printf("Revision %d of %s changes %s. It waits with %d edit(s): docket push %s, or the next move takes them along.\n",
		e.Revision, e.ID, strings.Join(e.Changed, ", "), e.Queued, e.ID)
	return nil
}

func (a *app) setCommand() *cobra.Command {
	c := a.jsonFlag(&cobra.Command{Use: "set ID PATH=VALUE…", Short: "Change what is sealed, from a script", Args: cobra.MinimumNArgs(2),
		Long: `Changes values of the report document (paths as docket show prints them) or of the
contact (contact.address, contact.key). A value is JSON where it parses as a
number, true, false, a list or an object and the schema wants no text there, else
text; @FILE reads it from a file; empty removes it. A path that ends in [] adds to
a list.`,
		Example: "  docket --as ada set INGP-2026-0042 analysis.verdict=valid analysis.text=@analysis.txt priority=high\n  docket --as ada set INGP-2026-0042 'remediation[]={\"kind\":\"fix\",\"status\":\"available\",\"text\":\"Update to 4.2\"}'"})
	c.RunE = func(c *cobra.Command, args []string) error {
		var set []desk.Assignment
		for _, arg := range args[1:] {
			path, value, ok := strings.Cut(arg, "=")
			if !ok || path == "" {
				return &usageError{fmt.Errorf("%q is not PATH=VALUE", path)}
			}
			if name, ok := strings.CutPrefix(value, "@"); ok {
				text, err := a.readFile(name)
				if err != nil {
					return err
				}
				value = strings.TrimSuffix(text, "\n")
			}
			set = append(set, desk.Assignment{Path: path, Value: value})
		}
		return a.with(func(d *desk.Desk) error {
			e, err := d.Set(c.Context(), caseID(args[0]), set)
			if err != nil {
				return err
			}
			return a.printEdited(e)
		})
	}
	return c
}

func (a *app) editCommand() *cobra.Command {
	c := a.jsonFlag(&cobra.Command{Use: "edit ID", Short: "Change what is sealed, in your editor", Args: cobra.ExactArgs(1),
		Long: `Opens the report document in your editor (VISUAL, EDITOR), as JSON. What you change
is queued as a signed edit: docket push sends it, or the next move takes it along.`,
		Example: "  EDITOR=vim docket --as ada edit INGP-2026-0042"})
	c.RunE = func(c *cobra.Command, args []string) error {
		return a.with(func(d *desk.Desk) error {
			e, err := d.EditText(c.Context(), caseID(args[0]), a.edit)
			if err != nil {
				return err
			}
			return a.printEdited(e)
		})
	}
	return c
}

func (a *app) attachCommand() *cobra.Command {
	var asIs bool
	c := a.jsonFlag(&cobra.Command{Use: "attach ID FILE…", Short: "Seal files into a case, as evidence", Args: cobra.MinimumNArgs(2),
		Long: `Seals files (at most 4 MiB together) into the report document, under evidence. PNG
and JPEG pictures are cleaned of metadata first, such as the place where they were
taken, since they may be passed on; --as-is keeps it.`,
		Example: "  docket --as ada attach INGP-2026-0042 crash.log trace.pcap"})
	c.RunE = func(c *cobra.Command, args []string) error {
		var files []desk.Evidence
		total := int64(0)
		for _, name := range args[1:] {
			info, err := os.Stat(name)
			if err != nil {
				return err
			}
			if total += info.Size(); total > desk.MaxEvidence {
				return &usageError{fmt.Errorf("the files are larger than %d MiB together", desk.MaxEvidence>>20)}
			}
			data, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			if !asIs {
				if data, err = a.cleaned(filepath.Base(name), data); err != nil {
					return err
				}
			}
			files = append(files, desk.Evidence{Name: filepath.Base(name), Data: data})
		}
		return a.with(func(d *desk.Desk) error {
			e, err := d.Attach(c.Context(), caseID(args[0]), files)
			if err != nil {
				return err
			}
			return a.printEdited(e)
		})
	}
	c.Flags().BoolVar(&asIs, "as-is", false, "leave metadata in pictures")
	return c
}

// cleaned is a file without the metadata of a picture; what was taken out is
// said.
func (a *app) cleaned(name string, data []byte) ([]byte, error) {
	clean, removed, ok, err := mail.WithoutMetadata(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w, so its metadata could not be taken out (attach takes it with --as-is, mail without --clean)", name, err)
	}
	if ok && len(removed) > 0 {
		fmt.Fprintf(a.err, "docket: %s: metadata was taken out (%s)\n", safe(name), strings.Join(removed, ", "))
	}
	return clean, nil
}

func (a *app) pushCommand() *cobra.Command {
	var drop bool
	c := a.jsonFlag(&cobra.Command{Use: "push [ID]", Short: "Send queued edits as one pull request", Args: cobra.MaximumNArgs(1),
		Long: `Proposes your queued edits of a case, or without ID those of every case. The pull
request is merged at once where the programme asks no approval for edits.`,
		Example: "  docket --as ada push INGP-2026-0042\n  docket --as ada push"})
	c.Flags().BoolVar(&drop, "drop", false, "throw the queued edits of the case away instead")
	c.RunE = func(c *cobra.Command, args []string) error {
		return a.with(func(d *desk.Desk) error {
			if drop {
				if len(args) == 0 {
					return &usageError{errors.New("name the case whose edits are to be dropped")}
				}
				return d.Drop(c.Context(), caseID(args[0]))
			}
			ids, err := d.Waiting()
			if err != nil {
				return err
			}
			if len(args) == 1 {
				ids = []psirt.CaseID{caseID(args[0])}
			}
			if len(ids) == 0 && !a.json {
				a.printf("No edits wait.\n")
			}
			for _, id := range ids {
				p, err := d.Push(c.Context(), id)
				if err != nil {
					return err
				}
				if err := a.printProposed(p); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return c
}

func (a *app) messageCommand(kind, short, without string) *cobra.Command {
	var file, update, language string
	c := a.jsonFlag(&cobra.Command{Use: kind + " ID", Short: short, Args: cobra.ExactArgs(1),
		Long: `Seals your words to the reporter, the case's handlers, auditors and escrow, and
opens a pull request, whose number is printed. They go out once approved. A first
line "Subject: …" becomes the protected subject. A message that is plainly not in the
programme's language is refused (exit code 3), unless --language names the one that
is meant.

` + without,
		Example: "  docket --as ada " + kind + " INGP-2026-0042 --message words.txt"})
	c.Flags().StringVar(&file, "message", "", "the words: a file, or -")
	languageFlag(c, &language)
	if kind == "reply" {
		c.Flags().StringVar(&update, "update", "", "send this standard text of the programme instead")
		c.Example += "\n  docket --as ada reply INGP-2026-0042 --update language"
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		id := caseID(args[0])
		if update != "" && file != "" {
			return &usageError{errors.New("send either your own words or a standard text: leave --message or --update out")}
		}
		return a.with(func(d *desk.Desk) error {
			if update != "" {
				p, err := d.Send(c.Context(), id, update)
				if err != nil {
					return err
				}
				return a.printProposed(p)
			}
			words, err := a.words(c, d, id, kind, file)
			if err == nil {
				err = a.spoken(d, id, words, language, file)
			}
			if err != nil {
				return err
			}
			p, err := d.Message(c.Context(), id, kind, words)
			if err != nil {
				return err
			}
			return a.printProposed(p)
		})
	}
	return c
}

// words reads the words of a message, or lets the person write them.
func (a *app) words(c *cobra.Command, d *desk.Desk, id psirt.CaseID, kind, file string) (string, error) {
	if file != "" {
		return a.readFile(file)
	}
	if kind != psirt.KindAsk {
		return a.editAs("message.txt", fmt.Sprintf("Subject: [%s] Your report\n\n", id))
	}
	question, err := d.Questions(c.Context(), id)
	if err != nil {
		return "", err
	}
	if question.Asks && os.Getenv("VISUAL")+os.Getenv("EDITOR") == "" {
		return question.Words, nil // ready to send; somebody else reads it before it is sent
	}
	words, err := a.editAs("message.txt", question.Words)
	if err == nil && !question.Asks && words == question.Words {
		return "", &usageError{fmt.Errorf("the report of %s lacks nothing, and nothing else was asked: write your question into the draft", id)}
	}
	return words, err
}
