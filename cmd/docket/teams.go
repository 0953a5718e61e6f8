package main

import (
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/docket-psirt/docket/internal/desk"
)

func (a *app) takeCommand() *cobra.Command {
	var handle string
	c := a.jsonFlag(&cobra.Command{Use: "take ID", Short: "Answer for a case, or say who does", Args: cobra.ExactArgs(1),
		Long: `Puts on record who answers for a case: you, or the person of --for. Each case has
one such person, its owner, of the team; where the programme asks for one, no case
leaves its first state without. It is proposed at once, with your queued edits.`,
		Example: "  docket --as ada take INGP-2026-0042\n  docket --as ada take INGP-2026-0042 --for ben"})
	c.Flags().StringVar(&handle, "for", "", "handle of who is to answer for it (you)")
	c.RunE = func(c *cobra.Command, args []string) error {
		return a.with(func(d *desk.Desk) error {
			p, err := d.Take(c.Context(), caseID(args[0]), strings.TrimSpace(handle))
			if err != nil {
				return err
			}
			return a.printProposed(p)
		})
	}
	return c
}

func (a *app) notifyCommand() *cobra.Command {
	var teams []string
	var maildir, smtp, file string
	c := a.jsonFlag(&cobra.Command{Use: "notify ID", Short: "Tell product teams that a case is theirs", Args: cobra.ExactArgs(1),
		Long: `Tells the product teams of a case: those under routing, those that the programme
routes its products to, and those of --team. Each person of a team gets a notice
sealed to their own key, with title, product and your words where they may open the
case, and no more than its ID where they may not. Addresses of a team, which have no
key, get the ID alone.

Then it puts on record who was told, proposed at once: under routing, which guards
of moves read, in communications, and among the parties, with the day by which the
team is to answer (docket ack). An unanswered notice shows in docket clock. A team
that was told before is told again only when --team names it.`,
		Example: "  docket --as ada notify INSP-2026-0042 --smtp smtps://psirt@mail.example.com\n  docket --as ada notify INSP-2026-0042 --team storage --message words.txt --maildir out"})
	f := c.Flags()
	f.StringArrayVar(&teams, "team", nil, "a team to tell, also again; once for each")
	f.StringVar(&file, "message", "", "words for those who may open the case: a file, or -")
	f.StringVar(&smtp, "smtp", "", "mail server: smtp:// or smtps:// URL")
	f.StringVar(&maildir, "maildir", "", "put the mail into this Maildir instead")
	c.RunE = func(c *cobra.Command, args []string) error {
		words := ""
		if file != "" {
			var err error
			if words, err = a.readFile(file); err != nil {
				return err
			}
		}
		to, err := a.sender(maildir, smtp)
		if err != nil {
			return err
		}
		return a.with(func(d *desk.Desk) error {
			told, err := d.NotifyTeams(c.Context(), caseID(args[0]), teams, words, to.Sender)
			if told == nil {
				return err
			}
			if a.json {
				return errors.Join(a.printJSON(told), err)
			}
			return errors.Join(a.printTold(told), err)
		})
	}
	return c
}

func (a *app) printTold(told *desk.TeamsTold) error {
	for _, team := range told.Teams {
		switch {
		case team.Status == "known":
			a.printf("The team %s was told at %s.\n", team.Team, team.At.Format(time.RFC3339))
			continue
		case team.Due != nil:
			a.printf("The team %s is told (%s); it is to answer by %s.\n", team.Team, strings.Join(team.To, ", "), team.Due.UTC().Format(time.RFC3339))
		default:
			a.printf("The team %s is told (%s).\n", team.Team, strings.Join(team.To, ", "))
		}
		if len(team.Failed) > 0 {
			a.printf("It could not be sent to %s.\n", strings.Join(team.Failed, ", "))
		}
	}
	if told.Proposal == nil {
		return nil
	}
	return a.printProposed(told.Proposal)
}

func (a *app) ackCommand() *cobra.Command {
	var team, heard string
	c := a.jsonFlag(&cobra.Command{Use: "ack ID", Short: "Say for a product team that it knows of a case", Args: cobra.ExactArgs(1),
		Long: `Puts on record, over your signature, that a product team knows of a case that it was
told of (docket notify): its people say it for themselves. Who is of the PSIRT may
write it down for them with --heard. It is proposed at once.`,
		Example: "  docket --as kim ack INSP-2026-0042 --team storage\n  docket --as ada ack INSP-2026-0042 --team storage --heard 'Kim called at noon.'"})
	c.Flags().StringVar(&team, "team", "", "the team that knows")
	c.Flags().StringVar(&heard, "heard", "", "how you heard of it, when it is not you who knows")
	c.RunE = func(c *cobra.Command, args []string) error {
		if team == "" {
			return &usageError{errors.New("name the team with --team")}
		}
		return a.with(func(d *desk.Desk) error {
			p, err := d.Acknowledge(c.Context(), caseID(args[0]), team, strings.TrimSpace(heard))
			if err != nil {
				return err
			}
			return a.printProposed(p)
		})
	}
	return c
}
