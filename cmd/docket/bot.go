package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/docket-psirt/docket/internal/bot"
	"github.com/docket-psirt/docket/internal/desk"
)

// maxEvent is GitHub's limit of an event's payload.
const maxEvent = 25 << 20

func (a *app) botCommands() []*cobra.Command {
	var f botFlags
	c := &cobra.Command{Use: "bot", Short: "React to what happens on GitHub: as a daemon, or to one event", Args: cobra.NoArgs,
		Long: `With --listen it is a daemon that takes GitHub's webhooks at /webhook, and shows
/healthz and /metrics (Prometheus). Put a proxy that speaks TLS before it, and
let that pass on /webhook alone. Events are queued and done one after the other;
every few minutes a round finds what no event told of. No event has to arrive.

The webhook's secret is the first line of a file, of at least 16 bytes; it
verifies every delivery (HMAC-SHA-256). The daemon acts with the bot's key and
as the bot's GitHub App (DOCKET_GITHUB_APP_ID, DOCKET_GITHUB_APP_KEY_FILE).
With --smtp or --maildir it also delivers updates, as docket deliver does. A
signal ends it once the event that it is at is done.

` + tableOfReactions(),
		Example: "  docket -C cases.git --keys keys bot --listen 127.0.0.1:8080 --webhook-secret-file secret\n  docket -C cases.git --keys keys bot tend"}
	c.Flags().StringVar(&f.listen, "listen", "", "address to take webhooks at, such as 127.0.0.1:8080")
	c.Flags().DurationVar(&f.every, "every", 5*time.Minute, "time between rounds over everything that is open")
	c.Flags().StringVar(&f.secretFile, "webhook-secret-file", os.Getenv("DOCKET_WEBHOOK_SECRET_FILE"), "file with the webhook's secret (DOCKET_WEBHOOK_SECRET_FILE)")
	c.Flags().StringVar(&f.state, "state", "", "directory for the deliveries that are done (STATE_DIRECTORY, or with what docket remembers)")
	c.Flags().StringVar(&f.smtp, "smtp", "", "also deliver updates to this mail server")
	c.Flags().StringVar(&f.maildir, "maildir", "", "also deliver updates to this Maildir")
	c.Flags().StringVar(&f.imports.Program, "import", "", "also take in private vulnerability reports, for this programme (needs the intake key's secret)")
	c.Flags().StringArrayVar(&f.imports.Repos, "from", nil, "OWNER/NAME that takes such reports (the case repository); may be repeated")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if f.listen == "" {
			return &usageError{errors.New("say where to take webhooks with --listen ADDRESS, or name a command: event, tend or import")}
		}
		return a.serve(c.Context(), f)
	}
	c.AddCommand(a.botEventCommand(), a.botTendCommand(), a.botImportCommand())
	return []*cobra.Command{c}
}

// tableOfReactions is what the bot does upon which event.
func tableOfReactions() string {
	var b strings.Builder
	b.WriteString("Events, what they lead to, and why:\n\n")
	for _, r := range bot.Table() {
		name := r.Event
		if len(r.Actions) > 0 {
			name += " " + strings.Join(r.Actions, "|")
		}
		fmt.Fprintf(&b, "  %s: %s\n      %s\n", name, r.Step, r.Why)
	}
	return b.String() + "\nAll others lead to nothing."
}

// botFlags are what the daemon is told.
type botFlags struct {
	listen, secretFile, state string
	every                     time.Duration
	smtp, maildir             string
	imports                   desk.ImportOptions
}

func (a *app) serve(ctx context.Context, f botFlags) error {
	secret, err := webhookSecret(f.secretFile)
	if err != nil {
		return err
	}
	here := &station{a: a, imports: f.imports}
	o := bot.Options{Secret: secret, Every: f.every, Open: here.open, Log: slog.New(slog.NewTextHandler(a.err, nil)),
		Passes: []bot.Pass{{Name: "clock", Every: time.Hour, Run: here.clock}}}
	if f.smtp != "" || f.maildir != "" {
		if here.out, err = a.sender(f.maildir, f.smtp); err != nil {
			return err
		}
		o.Passes = append(o.Passes, bot.Pass{Name: "deliver", Run: here.deliver})
	}
	if f.imports.Program != "" {
		o.Passes = append(o.Passes, bot.Pass{Name: bot.StepImport, Run: here.importAll})
	}
	if o.State, err = botState(f.state, a.dir); err != nil {
		return err
	}
	if err := a.with(func(d *desk.Desk) error { o.Repo = d.GitHubRepo(); return nil }); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", f.listen)
	if err != nil {
		return &usageError{fmt.Errorf("--listen: %w", err)}
	}
	return bot.Serve(ctx, listener, o)
}

// webhookSecret reads the first line of a file.
func webhookSecret(name string) ([]byte, error) {
	if name == "" {
		return nil, &usageError{errors.New("name the file with the webhook's secret: --webhook-secret-file FILE, or DOCKET_WEBHOOK_SECRET_FILE")}
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	line, _, _ := strings.Cut(string(raw), "\n")
	line = strings.TrimSuffix(line, "\r")
	if len(line) < bot.MinSecret {
		return nil, &usageError{fmt.Errorf("%s: the webhook's secret needs at least %d bytes; make one with openssl rand -hex 32", name, bot.MinSecret)}
	}
	return []byte(line), nil
}

// botState is a directory of the case repository's own, so that daemons for
// several repositories do not mix.
func botState(dir, repo string) (string, error) {
	if dir != "" {
		return dir, nil
	}
	if dir = os.Getenv("STATE_DIRECTORY"); dir == "" { // systemd's
		dir = stateDir()
	}
	if dir == "" {
		return "", &usageError{errors.New("name a directory for what is remembered with --state DIR")}
	}
	repo, err := filepath.Abs(repo)
	sum := sha256.Sum256([]byte(repo))
	return filepath.Join(dir, "bot-"+hex.EncodeToString(sum[:6])), err
}

// station is what the daemon works with: the desk that is open just now.
type station struct {
	a       *app
	d       *desk.Desk
	out     desk.Outgoing
	imports desk.ImportOptions
}

// open opens the case repository, anew after a fault.
func (s *station) open() (*bot.Tools, error) {
	d, err := s.a.open()
	if err != nil {
		return nil, err
	}
	s.d = d
	t := &bot.Tools{Desk: d, Remote: d, Merges: d.ActsAsBot(), Close: d.Close}
	if s.imports.Program != "" {
		t.Import = s.importAll
	}
	return t, nil
}

func (s *station) clock(ctx context.Context) error {
	_, err := s.d.Clock(ctx)
	return err
}

func (s *station) deliver(ctx context.Context) error {
	_, err := s.d.Deliver(ctx, s.out)
	return err
}

func (s *station) importAll(ctx context.Context) error {
	taken, err := s.d.ImportAdvisories(ctx, s.imports)
	errs := []error{err}
	for _, t := range taken {
		if t.Err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", t.File, t.Err))
		}
	}
	return errors.Join(errs...)
}

func (a *app) botEventCommand() *cobra.Command {
	var name string
	c := a.jsonFlag(&cobra.Command{Use: "event FILE", Short: "React to one event, in Actions", Args: cobra.ExactArgs(1),
		Long: `Reads the payload of one event (- is standard input) and does what it leads to;
docket bot --help has the table. In Actions the file is GITHUB_EVENT_PATH, the
event's name comes from GITHUB_EVENT_NAME, and what was done is written to the
step's summary. Exit code 0 also when the policy said no: the person who asked
was told on the issue, and a check says it of a pull request.`,
		Example: "  docket bot event \"$GITHUB_EVENT_PATH\"\n  docket -C cases.git --keys keys bot event --name issues event.json"})
	c.Flags().StringVar(&name, "name", os.Getenv("GITHUB_EVENT_NAME"), "the event's name, such as issues (GITHUB_EVENT_NAME)")
	c.RunE = func(c *cobra.Command, args []string) error {
		if name == "" {
			return &usageError{errors.New("say which event it is: --name NAME, or GITHUB_EVENT_NAME")}
		}
		raw, err := a.readEvent(args[0])
		if err != nil {
			return err
		}
		return a.with(func(d *desk.Desk) error {
			b := bot.Bot{Tools: &bot.Tools{Desk: d, Remote: d, Merges: d.ActsAsBot()}, Repo: d.GitHubRepo()}
			r, err := b.HandlePayload(c.Context(), name, raw)
			if r.Step == "" {
				return err
			}
			return errors.Join(a.printReaction(r), appendSummary(os.Getenv("GITHUB_STEP_SUMMARY"), r.Markdown()), err)
		})
	}
	return c
}

// readEvent reads a payload, of GitHub's size at most.
func (a *app) readEvent(name string) ([]byte, error) {
	from := a.in
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		from = f
	}
	raw, err := io.ReadAll(io.LimitReader(from, maxEvent+1))
	if err == nil && len(raw) > maxEvent {
		err = fmt.Errorf("%s: an event has at most 25 MiB", name)
	}
	return raw, err
}

func (a *app) printReaction(r bot.Reaction) error {
	if a.json {
		return a.printJSON(r)
	}
	a.printf("%s\n", r)
	return nil
}

// appendSummary adds to the summary that GitHub shows with a step.
// https://docs.github.com/actions/reference/workflow-commands-for-github-actions#adding-a-job-summary
func appendSummary(name, text string) error {
	if name == "" {
		return nil
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("GITHUB_STEP_SUMMARY: %w", err)
	}
	_, err = io.WriteString(f, text)
	return errors.Join(err, f.Close())
}

func (a *app) botTendCommand() *cobra.Command {
	c := a.jsonFlag(&cobra.Command{Use: "tend", Short: "Find and do what no event told of", Args: cobra.NoArgs,
		Long: `Looks at everything that is open: labels that ask for a move, pull requests
without a check or with reviews that are not on record, branches that a killed
process left, tracking issues that are behind. Without the bot's key it publishes
missing checks alone. It can be run at any time, and by several at once.`,
		Example: "  docket -C cases.git --keys keys bot tend"})
	c.RunE = func(c *cobra.Command, _ []string) error {
		return a.with(func(d *desk.Desk) error {
			t, err := d.Tend(c.Context())
			if t == nil {
				return err
			}
			if a.json {
				return errors.Join(a.printJSON(t), err)
			}
			a.printf("%s\n", bot.Reaction{Step: bot.StepTend, Result: bot.ResultDone, Tended: t})
			return err
		})
	}
	return c
}

func (a *app) botImportCommand() *cobra.Command {
	var o desk.ImportOptions
	c := a.jsonFlag(&cobra.Command{Use: "import", Short: "Take in private vulnerability reports from GitHub's pages", Args: cobra.NoArgs,
		Long: `Security advisories in triage, which anybody can file in GitHub's pages, become
sealed cases like mails do, each once. GitHub has their text in clear; from here
on Docket's copy is sealed. The host needs bot.asc and intake-secret in the
directory of --keys, and a token that may read repository security advisories.`,
		Example: "  docket -C cases.git --keys keys bot import --program ingroupe --from acme/widget"})
	c.Flags().StringVar(&o.Program, "program", "", "programme that they are for; needed when there are several")
	c.Flags().StringArrayVar(&o.Repos, "from", nil, "OWNER/NAME that takes reports (the case repository); may be repeated")
	c.RunE = func(c *cobra.Command, _ []string) error {
		return a.with(func(d *desk.Desk) error {
			taken, err := d.ImportAdvisories(c.Context(), o)
			return errors.Join(a.printTaken(taken), err)
		})
	}
	return c
}
