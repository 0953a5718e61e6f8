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
	return []*cobra.Command{a.initCommand(), a.doctorCommand(), a.demoCommand(), a.keysCommand(), a.versionCommand()}
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Print the version",
		Long: `Prints the version of Docket, of the Go that built it, and the commit.`, Example: "  docket version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { a.printf("%s\n", version()); return nil }}
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

func (a *app) keysCommand() *cobra.Command {
	c := &cobra.Command{Use: "keys", Short: "Show, make and replace keys; say who is in a programme", Args: cobra.NoArgs,
		Long: `Capabilities follow keys: whose key a programme names, in which role, may do what that
role may. list and show need no key of your own; add, remove and rotate are changes
of the programme, signed by a lead.`,
		Example: "  docket keys list\n  docket keys show intake > psirt.asc"}
	list := a.jsonFlag(&cobra.Command{Use: "list", Short: "List every key that the programmes name", Args: cobra.NoArgs,
		Long: `Lists the keys of roles and people, with fingerprint and expiry.`, Example: "  docket -C cases.git keys list",
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
	show := a.jsonFlag(&cobra.Command{Use: "show ROLE|HANDLE", Short: "Print a public key", Args: cobra.ExactArgs(1),
		Long: `Prints an armored public certificate. intake and sender are one certificate: the
published one. With several programmes it is PROGRAM-ROLE.`,
		Example: "  docket -C cases.git keys show intake > psirt.asc\n  docket -C cases.git keys show ada | gpg --import",
		RunE: func(_ *cobra.Command, args []string) error {
			return a.with(func(d *desk.Desk) error {
				key, err := d.PublicKey(args[0])
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON(key)
				}
				a.printf("%s", key.Armor)
				return nil
			})
		}})
	c.AddCommand(list, show, a.keysNewCommand())
	c.AddCommand(a.peopleCommands()...)
	c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	return c
}

func (a *app) keysNewCommand() *cobra.Command {
	var address string
	var open bool
	c := &cobra.Command{Use: "new HANDLE", Short: "Make a key for a person", Args: cobra.ExactArgs(1),
		Long: `Writes HANDLE.asc to the directory of --keys and prints the public certificate. The
key has no role until a lead adds it to a programme.`,
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
		now := time.Now
		if a.now != nil {
			now = a.now
		}
		armor, err := desk.NewPersonKey(a.keys, args[0], address, pass, now())
		a.printf("%s", armor)
		return err
	}
	return c
}

// table aligns columns.
func table(w io.Writer) *tabwriter.Writer { return tabwriter.NewWriter(w, 0, 4, 2, ' ', 0) }
