package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/docket-psirt/docket/internal/desk"
)

func (a *app) setupCommands() []*cobra.Command {
	return []*cobra.Command{a.initCommand(), a.demoCommand(), a.keysCommand(), a.versionCommand()}
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Print the version", Example: "  docket version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { a.printf("%s\n", version()); return nil }}
}

func (a *app) initCommand() *cobra.Command {
	var programs, team []string
	var intakeKey string
	var open, asJSON bool
	c := &cobra.Command{Use: "init DIR", Short: "Make a case repository, with its keys",
		Long: `Makes DIR a bare case repository with the local forge: policy, schema and
public keys in one signed commit. The new secret keys go to the directory of
--keys, which must be empty: intake and sender (one published certificate, whose
primary key is in primary.asc), bot, mailer, escrow, and one for each person of
the team. The first handle is lead.

Take primary.asc and escrow.asc offline. Give each analyst their own file and
sender.asc; give the intake host intake.asc, bot.asc and intake-secret; give the
host that delivers mailer.asc and sender.asc.`,
		Example: "  docket init cases.git --program ingroupe --team ada,ben --keys ./keys\n" +
			"  docket init cases.git --program ./program.yaml --team ada,ben --keys ./keys --intake-key our-published-key.asc",
		Args: cobra.ExactArgs(1)}
	f := c.Flags()
	f.StringSliceVar(&programs, "program", nil, "shipped programmes ("+strings.Join(desk.Shipped(), ", ")+") or program.yaml files")
	f.StringSliceVar(&team, "team", nil, "handles of the team; the first is lead")
	f.StringVar(&intakeKey, "intake-key", "", "secret export of the published key that you have already")
	f.BoolVar(&open, "no-passphrase", false, "leave the secret keys unprotected: for try-outs only")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	c.RunE = func(_ *cobra.Command, args []string) error {
		if len(programs) == 0 || len(team) == 0 || a.keys == "" { // before a passphrase is asked for
			return &usageError{errors.New("--program, --team and --keys are needed")}
		}
		o := desk.InitOptions{Programs: programs, Team: team, Keys: a.keys, IntakePass: a.pass(), Now: time.Now}
		var err error
		if intakeKey != "" {
			if o.IntakeKey, err = os.ReadFile(intakeKey); err != nil {
				return err
			}
		}
		if !open {
			if o.Passphrase, err = a.newPassphrase(); err != nil {
				return err
			}
		}
		r, err := desk.Init(args[0], o)
		if err != nil {
			return err
		}
		if open {
			fmt.Fprintln(a.err, "WARNING: the secret keys in "+r.Keys+" are NOT protected by a passphrase. Whoever reads them reads everything. For try-outs only.")
		}
		if asJSON {
			return a.printJSON(r)
		}
		return a.printInit(r)
	}
	return c
}

// newPassphrase asks for a passphrase, twice where a person types it.
func (a *app) newPassphrase() ([]byte, error) {
	p, err := a.askPassphrase("Passphrase for the new keys")
	if err == nil && len(p) < 8 {
		err = &usageError{errors.New("a passphrase has at least eight characters; --no-passphrase leaves the keys unprotected, for try-outs")}
	}
	if err != nil || os.Getenv("DOCKET_PASSPHRASE_FILE") != "" {
		return p, err
	}
	again, err := a.askPassphrase("The same again")
	if err == nil && string(again) != string(p) {
		err = &usageError{errors.New("the two are not the same")}
	}
	return p, err
}

func (a *app) printInit(r *desk.InitResult) error {
	a.printf("Made the case repository %s for %s.\n\n", r.Dir, strings.Join(r.Programs, ", "))
	a.printf("Trust root: commit %s\nsigned by   %s\n", r.Root, r.Signer.Hex())
	a.printf("Write both down: docket audit --root %s holds history to it.\n\n", r.Root)
	for _, p := range r.Programs {
		a.printf("Published certificate of %s: %s\n", p, r.Published[p])
	}
	for _, p := range r.Republish {
		a.printf("It has a new signing subkey: publish it again (%s).\n", p)
	}
	a.printf("\nSecret keys in %s: %s\n", r.Keys, strings.Join(r.Files, ", "))
	a.printf("Take primary.asc and escrow.asc offline; docket init --help says who gets which of the others.\n\n")
	role := "intake"
	if len(r.Programs) > 1 {
		role = r.Programs[0] + "-intake, and so on"
	}
	a.printf("Next: publish the certificate (docket -C %s keys show %s), then docket -C %s --keys %s intake MAIL.eml\n", r.Dir, role, r.Dir, r.Keys)
	return nil
}

func (a *app) keysCommand() *cobra.Command {
	c := &cobra.Command{Use: "keys", Short: "Show and make keys", Args: cobra.NoArgs,
		Example: "  docket keys list\n  docket keys show intake > psirt.asc"}
	list := a.jsonFlag(&cobra.Command{Use: "list", Short: "List every key that the programmes name", Args: cobra.NoArgs, Example: "  docket -C cases.git keys list",
		RunE: func(*cobra.Command, []string) error {
			return a.with(func(d *desk.Desk) error {
				rows, err := d.Keys()
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON(rows)
				}
				w := table(a.out)
				for _, r := range rows {
					expires := "never expires"
					if r.Expires != nil {
						expires = "expires " + r.Expires.Format(time.DateOnly)
					}
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", r.Program, r.Name, strings.Join(r.Roles, "+"), r.Fingerprint, expires, r.Problem)
				}
				return w.Flush()
			})
		}})
	show := &cobra.Command{Use: "show ROLE|HANDLE", Short: "Print a public key", Args: cobra.ExactArgs(1),
		Long:    "Prints an armored public certificate. intake and sender are one certificate: the published one.",
		Example: "  docket -C cases.git keys show intake > psirt.asc\n  docket -C cases.git keys show ada | gpg --import",
		RunE: func(_ *cobra.Command, args []string) error {
			return a.with(func(d *desk.Desk) error {
				armor, err := d.PublicKey(args[0])
				a.printf("%s", armor)
				return err
			})
		}}
	c.AddCommand(list, show, a.keysNewCommand())
	c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	return c
}

func (a *app) keysNewCommand() *cobra.Command {
	var address string
	var open bool
	c := &cobra.Command{Use: "new HANDLE", Short: "Make a key for a person", Args: cobra.ExactArgs(1),
		Long:    "Writes HANDLE.asc to the directory of --keys and prints the public certificate. The key has no role until a lead adds it to a programme.",
		Example: "  docket keys new cem --mail cem@example.com --keys ~/docket-keys > cem-public.asc"}
	c.Flags().StringVar(&address, "mail", "", "mail address of the person")
	c.Flags().BoolVar(&open, "no-passphrase", false, "leave the secret key unprotected: for try-outs only")
	c.RunE = func(_ *cobra.Command, args []string) error {
		if a.keys == "" || !strings.Contains(address, "@") {
			return &usageError{errors.New("a directory (--keys) and an address (--mail) are needed")}
		}
		var pass []byte
		if !open {
			var err error
			if pass, err = a.newPassphrase(); err != nil {
				return err
			}
		}
		armor, err := desk.NewPersonKey(a.keys, args[0], address, pass, time.Now())
		a.printf("%s", armor)
		return err
	}
	return c
}

// table aligns columns.
func table(w io.Writer) *tabwriter.Writer { return tabwriter.NewWriter(w, 0, 4, 2, ' ', 0) }
