package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/mail"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
)

// app is what all commands share: the global flags and the streams.
type app struct {
	in  io.Reader
	out io.Writer
	err io.Writer

	dir  string
	keys string
	as   string
	gpg  bool
	json bool

	passphrase []byte // read at most once

	now func() time.Time // nil: time.Now
}

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "docket",
		Short: "A GitOps case tracker for product security incident response teams",
		Long: `Docket keeps reports of vulnerabilities as sealed case files in a git repository.
Encrypted mail becomes a case, cases move through pull requests, and the
reporter hears exactly what was approved.

Secret keys come from the directory of --keys (or DOCKET_KEYS), their
passphrase from the file that DOCKET_PASSPHRASE_FILE names, or from a prompt.
With --gpg (or DOCKET_GPG=1) you act with the key in your own gpg: it decrypts and
signs through its agent, smartcards included, and asks for what it needs.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 the policy or the audit says no.`,
		Example:       "  docket demo\n  docket init cases.git --program ingroupe --team ada,ben --keys ./keys\n  docket -C cases.git list",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	f := root.PersistentFlags()
	f.StringVarP(&a.dir, "repo", "C", ".", "case repository: a bare one, or a clone")
	f.StringVar(&a.keys, "keys", os.Getenv("DOCKET_KEYS"), "directory of secret keys (DOCKET_KEYS)")
	f.StringVar(&a.as, "as", os.Getenv("DOCKET_AS"), "handle of the person who acts, when --keys holds several (DOCKET_AS)")
	f.BoolVar(&a.gpg, "gpg", os.Getenv("DOCKET_GPG") == "1", "open and sign as a person through your own gpg and its agent (DOCKET_GPG=1)")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	for _, group := range [][]*cobra.Command{a.setupCommands(), a.mailCommands(), a.caseCommands(), a.moveCommands(), a.agreementCommands(), a.pullCommands(), a.judgeCommands(), a.reportCommands(), a.botCommands()} {
		root.AddCommand(group...)
	}
	wrapArgs(root)
	root.SetHelpCommand(&cobra.Command{Use: "help [COMMAND]", Short: "Help about a command", Example: "  docket help intake",
		RunE: func(c *cobra.Command, args []string) error {
			cmd, rest, err := c.Root().Find(args)
			if err == nil && len(rest) > 0 {
				err = fmt.Errorf("there is no command %q; docket help lists all", "docket "+strings.Join(args, " "))
			}
			if err != nil {
				return &usageError{err}
			}
			return cmd.Help()
		}})
	completionExamples(root)
	group(root)
	return root
}

// completionExamples gives cobra's commands for shell completion the examples
// that all others have.
func completionExamples(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for shell, example := range map[string]string{
		"":           "  docket completion bash > docket.bash",
		"bash":       "  source <(docket completion bash)",
		"zsh":        "  docket completion zsh > \"${fpath[1]}/_docket\"",
		"fish":       "  docket completion fish | source",
		"powershell": "  docket completion powershell | Out-String | Invoke-Expression",
	} {
		if c, _, err := root.Find(strings.Fields("completion " + shell)); err == nil {
			c.Example = example
		}
	}
}

// wrapArgs makes wrong arguments a matter of usage.
func wrapArgs(c *cobra.Command) {
	if check := c.Args; check != nil {
		c.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err != nil {
				return &usageError{err}
			}
			return nil
		}
	}
	for _, sub := range c.Commands() {
		wrapArgs(sub)
	}
}

// jsonFlag adds --json to a reading command.
func (a *app) jsonFlag(c *cobra.Command) *cobra.Command {
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
	return c
}

// open opens the case repository.
func (a *app) open() (*desk.Desk, error) {
	github, err := githubEnv(os.Getenv)
	if err != nil {
		return nil, err
	}
	return desk.Open(a.dir, desk.Options{Keys: a.keys, As: a.as, Pass: a.pass(), Gpg: a.gpg, Forge: github, Now: a.now})
}

// with opens the case repository for a step.
func (a *app) with(step func(d *desk.Desk) error) error {
	d, err := a.open()
	if err != nil {
		return err
	}
	return errors.Join(step(d), d.Close())
}

// pass answers for the passphrase of a key: from a file, or a prompt.
func (a *app) pass() seal.Passphrase {
	return func(what string) ([]byte, error) {
		if a.passphrase != nil {
			return a.passphrase, nil
		}
		p, err := a.askPassphrase("Passphrase for " + what)
		a.passphrase = p
		return p, err
	}
}

func (a *app) askPassphrase(prompt string) ([]byte, error) {
	if name := os.Getenv("DOCKET_PASSPHRASE_FILE"); name != "" {
		raw, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		line, _, _ := strings.Cut(string(raw), "\n")
		return []byte(strings.TrimSuffix(line, "\r")), nil
	}
	f, ok := a.in.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil, errors.New("a passphrase is needed and there is nobody to ask: put it into a file and name that in DOCKET_PASSPHRASE_FILE")
	}
	fmt.Fprintf(a.err, "%s: ", prompt)
	p, err := term.ReadPassword(int(f.Fd()))
	fmt.Fprintln(a.err)
	return p, err
}

func (a *app) printf(format string, args ...any) { fmt.Fprintf(a.out, format, args...) }

func (a *app) printJSON(v any) error {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return err
	}
	_, err := io.WriteString(a.out, escapeJSON(b.String()))
	return err
}

// escapeJSON writes what a terminal would act on, or show in another order, as
// JSON's own escapes, which mean the same: JSON itself lets DEL, C1 controls and
// bidi marks stand as they are.
func escapeJSON(s string) string {
	if !strings.ContainsFunc(s, acts) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if acts(r) {
			for _, unit := range utf16.Encode([]rune{r}) {
				fmt.Fprintf(&b, "\\u%04x", unit)
			}
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func acts(r rune) bool { return r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) }

// readFile reads a file that a flag names; "-" is standard input.
func (a *app) readFile(name string) (string, error) {
	var raw []byte
	var err error
	if name == "-" {
		raw, err = io.ReadAll(io.LimitReader(a.in, 4<<20))
	} else {
		raw, err = os.ReadFile(name)
	}
	return string(raw), err
}

// sender makes a sender of the flags --maildir and --smtp.
func (a *app) sender(maildir, smtp string) (desk.Outgoing, error) {
	switch {
	case maildir != "" && smtp != "":
		return desk.Outgoing{}, &usageError{errors.New("name either --maildir or --smtp")}
	case maildir != "":
		s, err := mail.NewMaildirSender(maildir)
		return desk.Outgoing{Sender: s, Repeatable: true}, err
	case smtp != "":
		s, err := mail.NewSMTPSender(mail.SMTP{URL: smtp, PasswordFile: os.Getenv("DOCKET_SMTP_PASSWORD_FILE"), CAFile: os.Getenv("DOCKET_SMTP_CA_FILE")})
		return desk.Outgoing{Sender: s}, err
	}
	return desk.Outgoing{}, &usageError{errors.New("say where mail goes: --smtp URL or --maildir DIR")}
}

// notifier makes a sender of --notify: a URL of a mail server, or a Maildir.
func (a *app) notifier(where string) (mail.Sender, error) {
	if where == "" {
		return nil, nil
	}
	var out desk.Outgoing
	var err error
	if strings.Contains(where, "://") {
		out, err = a.sender("", where)
	} else {
		out, err = a.sender(where, "")
	}
	return out.Sender, err
}

// caseID reads a case ID as people type it.
func caseID(s string) psirt.CaseID { return psirt.CaseID(strings.ToUpper(strings.TrimSpace(s))) }

// pullArg reads "12", "#12", "!12" or a case ID.
func pullArg(args []string) (int, psirt.CaseID, error) {
	if len(args) == 0 {
		return 0, "", nil
	}
	s := strings.TrimLeft(args[0], "#!")
	if n, err := strconv.Atoi(s); err == nil && n > 0 {
		return n, "", nil
	}
	if id := caseID(s); id.Valid() {
		return 0, id, nil
	}
	return 0, "", &usageError{fmt.Errorf("%q is neither the number of a pull request nor a case ID", args[0])}
}

// release is the version of a release; .ci/release sets it.
var release string

// version is what docket version prints.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "docket (unknown build)"
	}
	if release != "" {
		info.Main.Version = release
	}
	out := "docket " + info.Main.Version + " " + info.GoVersion
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			out += " " + s.Value
		}
	}
	return out
}
