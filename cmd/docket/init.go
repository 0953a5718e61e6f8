package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/docket-psirt/docket/internal/desk"
)

// initFlags are the flags of docket init.
type initFlags struct {
	programs, team []string
	intakeKey      string
	open           bool

	github, api                string
	appID, checkApp, mailerApp int64
	release, sums              string
}

// initReport is what docket init prints as JSON: without GitHub, what was made.
type initReport struct {
	*desk.InitResult
	GitHub    *desk.GitHubSetup `json:"github,omitempty"`
	Proposed  int               `json:"proposed,omitempty"` // number of the pull request that brings the workflows up to date
	Checklist []desk.Condition  `json:"checklist"`
}

func (a *app) initCommand() *cobra.Command {
	var f initFlags
	c := &cobra.Command{Use: "init DIR", Short: "Make a case repository, with its keys",
		Long: `Makes DIR a bare case repository with the local forge: policy, schema, workflows
and public keys in one signed commit. The new secret keys go to the directory of
--keys, which must be empty: intake and sender (one published certificate, whose
primary key is in primary.asc), bot, mailer, escrow, and one for each person of
the team. The first handle is lead; HANDLE=LOGIN names who has another name on
the forge. Everybody is of the team; where a programme declares roles of its own,
HANDLE:ROLE+ROLE says what somebody is instead (team, lead, auditor, and those), and
what nobody was given the lead has.

Take primary.asc and escrow.asc offline. Give each analyst their own file and
sender.asc; give the intake host intake.asc, bot.asc and intake-secret; give the
host that delivers mailer.asc and sender.asc.

With --github the repository goes to GitHub: OWNER/REPO must be there, private
and empty. All branches are pushed, then settings, labels, rulesets, environments
and variables are set, and what is left to a person is printed: secrets above
all, each with its command. DIR becomes a clone of it. The token (GH_TOKEN, or the
file that DOCKET_GITHUB_TOKEN_FILE names) must be allowed to administer the
repository and to push workflows. Run it again at any time, also on a DIR that is
there: it does what is missing, and changes nothing when all is there.`,
		Example: "  docket init cases.git --program ingroupe --team ada,ben --keys ./keys\n" +
			"  docket init cases.git --program ./program.yaml --team ada,ben --keys ./keys --intake-key our-published-key.asc\n" +
			"  docket init cases.git --program ./program.yaml --team ada,ben,mia:product,eva:legal+auditor --keys ./keys\n" +
			"  docket init cases.git --program ingroupe --team ada=ada-on-github,ben --keys ./keys --github acme/cases --app-id 123456\n" +
			"  docket init cases.git --github acme/cases",
		Args: cobra.ExactArgs(1)}
	a.initFlags(c, &f)
	c.RunE = func(c *cobra.Command, args []string) error { return a.init(c.Context(), args[0], &f) }
	return c
}

func (a *app) initFlags(c *cobra.Command, f *initFlags) {
	fs := c.Flags()
	fs.StringSliceVar(&f.programs, "program", nil, "shipped programmes ("+strings.Join(desk.Shipped(), ", ")+") or program.yaml files")
	fs.StringSliceVar(&f.team, "team", nil, "handles of the team; the first is lead; HANDLE=LOGIN where the name on the forge is another, HANDLE:ROLE+ROLE for other roles than team")
	fs.StringVar(&f.intakeKey, "intake-key", "", "secret export of the published key that you have already")
	fs.BoolVar(&f.open, "no-passphrase", false, "leave the secret keys unprotected: for try-outs only")
	fs.StringVar(&f.github, "github", "", "OWNER/REPO on GitHub that the repository goes to")
	fs.StringVar(&f.api, "api", "", "base URL of the REST API of an Enterprise Server, https://HOST/api/v3/, or of a host at ghe.com, https://api.SUBDOMAIN.ghe.com/ (GITHUB_API_URL)")
	fs.Int64Var(&f.appID, "app-id", 0, "ID of the bot's GitHub App, which may push to main")
	fs.Int64Var(&f.checkApp, "check-app-id", 0, "ID of the GitHub App whose docket/check counts, and nobody else's (GitHub Actions on github.com: 15368)")
	fs.Int64Var(&f.mailerApp, "mailer-app-id", 0, "ID of a GitHub App of the mailer, which then alone may write receipts")
	fs.StringVar(&f.release, "release", "", "release of Docket that the workflows run, such as v1.2.3")
	fs.StringVar(&f.sums, "release-sums", "", "SHA256SUMS of that release, whose signature you have verified")
	fs.BoolVar(&a.json, "json", false, "print JSON")
}

func (a *app) init(ctx context.Context, dir string, f *initFlags) error {
	if (f.release == "") != (f.sums == "") {
		return &usageError{errors.New("--release and --release-sums go together")}
	}
	var sums []byte
	var err error
	if f.sums != "" {
		if sums, err = os.ReadFile(f.sums); err != nil {
			return err
		}
	}
	out := initReport{}
	made := f.github != "" && !empty(dir)
	if !made {
		if out.InitResult, err = a.makeRepository(dir, f, sums); err != nil {
			return err
		}
	}
	if f.github == "" {
		if out.Checklist, err = a.checklist(dir); err != nil {
			return err
		}
	} else if err := a.toGitHub(ctx, dir, f, made, sums, &out); err != nil {
		return err
	}
	if a.json {
		return a.printJSON(out)
	}
	return a.printInit(dir, f, &out)
}

// empty: there is nothing in dir, or no dir.
func empty(dir string) bool {
	entries, err := os.ReadDir(dir)
	return errors.Is(err, os.ErrNotExist) || err == nil && len(entries) == 0
}

func (a *app) makeRepository(dir string, f *initFlags, sums []byte) (*desk.InitResult, error) {
	if len(f.programs) == 0 || len(f.team) == 0 || a.keys == "" { // before a passphrase is asked for
		return nil, &usageError{errors.New("--program, --team and --keys are needed")}
	}
	o := desk.InitOptions{Programs: f.programs, Team: f.team, Keys: a.keys, IntakePass: a.pass(), Now: a.now, Release: f.release, ReleaseSums: sums}
	var err error
	if f.intakeKey != "" {
		if o.IntakeKey, err = os.ReadFile(f.intakeKey); err != nil {
			return nil, err
		}
	}
	if err := desk.CheckInit(dir, o); err != nil { // before a passphrase is asked for
		return nil, err
	}
	if !f.open {
		if o.Passphrase, err = a.newPassphrase(); err != nil {
			return nil, err
		}
	}
	r, err := desk.Init(dir, o)
	if err == nil && f.open {
		fmt.Fprintln(a.err, "WARNING: the secret keys in "+r.Keys+" are NOT protected by a passphrase. Whoever reads them reads everything. For try-outs only.")
	}
	return r, err
}

// checklist is what is to be done on GitHub by hand.
func (a *app) checklist(dir string) (list []desk.Condition, err error) {
	d, err := desk.Open(dir, desk.Options{Keys: a.keys, Pass: a.pass()})
	if err != nil {
		return nil, err
	}
	list, err = d.Checklist(desk.DoctorOptions{Keys: a.keys})
	return list, errors.Join(err, d.Close())
}

// toGitHub brings the repository to GitHub and sets it up.
func (a *app) toGitHub(ctx context.Context, dir string, f *initFlags, made bool, sums []byte, out *initReport) (err error) {
	o := desk.Options{Keys: a.keys, As: a.as, Pass: a.pass(), Gpg: a.gpg}
	if o.Forge, err = githubEnv(os.Getenv); err != nil {
		return err
	}
	if f.api != "" {
		o.Forge.API = f.api
	}
	done, err := desk.Connect(ctx, dir, f.github, o)
	if err != nil {
		return err
	}
	d, err := desk.Open(dir, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	setup, err := d.SetupGitHub(ctx, desk.SetupOptions{AppID: f.appID, CheckApp: f.checkApp, MailerApp: f.mailerApp})
	if err != nil {
		return err
	}
	setup.Changed = append(done, setup.Changed...)
	if out.GitHub = setup; made && a.keys != "" {
		p, err := d.ProposeWorkflows(ctx, f.release, sums)
		if err != nil {
			return err
		}
		if p != nil {
			out.Proposed = p.Number
		}
	}
	found, err := d.Doctor(ctx, desk.DoctorOptions{Keys: a.keys})
	if err != nil {
		return err
	}
	for _, c := range found.Checks {
		if !c.OK {
			out.Checklist = append(out.Checklist, c)
		}
	}
	return nil
}

func (a *app) printInit(dir string, f *initFlags, out *initReport) error {
	if r := out.InitResult; r != nil {
		a.printMade(r)
	}
	if out.GitHub == nil {
		a.printf("\nOn GitHub (docket init %s --github OWNER/REPO does all of it but the App and the secrets):\n", dir)
		for _, c := range out.Checklist {
			a.printf("  [ ] %s: %s\n", c.What, c.Do)
		}
		return nil
	}
	a.printf("%s\n", out.GitHub.Repo)
	if len(out.GitHub.Changed) == 0 {
		a.printf("Nothing was changed: all was set up.\n")
	}
	for _, c := range out.GitHub.Changed {
		a.printf("  set   %s\n", c)
	}
	if out.Proposed != 0 {
		a.printf("Pull request %d brings the workflows up to date. It needs the approvals of a change of the programme.\n", out.Proposed)
	}
	if len(out.Checklist) > 0 {
		a.printf("\nLeft to you (docket -C %s doctor says what is still missing):\n", dir)
	}
	for _, c := range out.Checklist {
		a.printf("  [ ] %s: %s\n        %s\n", c.What, c.Why, c.Do)
	}
	return nil
}

func (a *app) printMade(r *desk.InitResult) {
	a.printf("Made the case repository %s for %s.\n\n", r.Dir, strings.Join(r.Programs, ", "))
	a.printf("Trust root: commit %s\nsigned by   %s\n", r.Root, r.Signer.Hex())
	a.printf("Write both down: docket audit --root %s holds history to it.\n\n", r.Root)
	for _, p := range r.Programs {
		a.printf("Published certificate of %s: %s\n", p, r.Published[p])
	}
	for _, p := range r.Republish {
		a.printf("It has a new signing subkey: publish it again (%s).\n", p)
	}
	for _, note := range r.Notes {
		a.printf("Note: %s.\n", note)
	}
	a.printf("\nSecret keys in %s: %s\n", r.Keys, strings.Join(r.Files, ", "))
	a.printf("Take primary.asc and escrow.asc offline; docket init --help says who gets which of the others.\n\n")
	role := "intake"
	if len(r.Programs) > 1 {
		role = r.Programs[0] + "-intake, and so on"
	}
	a.printf("Next: publish the certificate (docket -C %s keys show %s), then docket -C %s --keys %s intake MAIL.eml\n", r.Dir, role, r.Dir, r.Keys)
}

func (a *app) doctorCommand() *cobra.Command {
	var noActions bool
	c := a.jsonFlag(&cobra.Command{Use: "doctor", Short: "Compare a live repository with what Docket needs", Args: cobra.NoArgs,
		Long: `Looks whether the repository has what Docket needs, and says what is missing and
how it is put right. Nothing is changed. On GitHub that is: settings, labels,
rulesets, environments and which of their secrets are missing, the App, workflows,
the pinned release, and who has access; a token that may administer the repository
sees all of it. With a local forge: keys, main, deliveries, and the forge's records.

Exit code 3 when something that is required is missing.`,
		Example: "  docket -C cases.git doctor\n  docket -C cases.git --keys ./keys doctor --json"})
	c.Flags().BoolVar(&noActions, "no-actions", false, "a daemon (docket bot --listen) and cron do what the workflows would: do not ask for those and their secrets")
	c.RunE = func(c *cobra.Command, _ []string) error {
		return a.with(func(d *desk.Desk) error {
			found, err := d.Doctor(c.Context(), desk.DoctorOptions{Keys: a.keys, NoActions: noActions})
			if err != nil {
				return err
			}
			if a.json {
				err = a.printJSON(found)
			} else {
				a.printDiagnosis(found)
			}
			if err == nil && !found.OK() {
				err = errFound
			}
			return err
		})
	}
	return c
}

func (a *app) printDiagnosis(found *desk.Diagnosis) {
	a.printf("%s\n", found.Repository)
	for _, c := range found.Checks {
		mark := "ok     "
		switch {
		case !c.OK && c.Required:
			mark = "MISSING"
		case !c.OK:
			mark = "advice "
		}
		a.printf("%s  %s: %s\n", mark, c.What, c.Why)
		if !c.OK && c.Do != "" {
			a.printf("         %s\n", c.Do)
		}
	}
}
