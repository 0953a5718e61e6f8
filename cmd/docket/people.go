package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/psirt"
)

// peopleCommands are the commands below keys that change who is in a programme.
func (a *app) peopleCommands() []*cobra.Command {
	return []*cobra.Command{a.keysAddCommand(), a.keysRemoveCommand(), a.keysRotateCommand()}
}

const oneProposal = `

It is one proposal to change the programme: a lead signs it, and it is merged once
approved as the programme asks. program.yaml is edited line by line, so comments
stay.`

func (a *app) keysAddCommand() *cobra.Command {
	var p desk.NewPerson
	var key, roles string
	c := a.jsonFlag(&cobra.Command{Use: "add HANDLE --key FILE", Short: "Bring somebody into a programme", Args: cobra.ExactArgs(1),
		Long: `Adds a person with their public key. The open cases that they may then read come
along, sealed anew, as far as your key opens them; those that do not are listed.
Closed cases stay as they are.` + oneProposal,
		Example: "  docket --as ada keys add cem --key cem.asc\n  docket --as ada keys add dev --key dev.asc --login dev-on-github --roles product --program inspur"})
	c.Flags().StringVar(&key, "key", "", "their public certificate: a file, or -")
	c.Flags().StringVar(&p.Login, "login", "", "their name on the forge (default: the handle)")
	c.Flags().StringVar(&p.Mail, "mail", "", "where notifications go (default: the address in the key)")
	c.Flags().StringVar(&roles, "roles", "team", "what they are: team, lead, auditor, or what the programme declares; several with commas")
	c.Flags().StringVar(&p.Program, "program", "", "programme; needed when there are several")
	c.RunE = func(c *cobra.Command, args []string) error {
		if key == "" {
			return &usageError{errors.New("their public key is needed: --key FILE")}
		}
		text, err := a.readFile(key)
		if err != nil {
			return err
		}
		p.Handle, p.Key = args[0], []byte(text)
		for _, role := range strings.Split(roles, ",") {
			p.Roles = append(p.Roles, strings.TrimSpace(role))
		}
		return a.changePeople(func(d *desk.Desk) (*desk.PeopleChange, error) { return d.AddPerson(c.Context(), p) })
	}
	return c
}

func (a *app) keysRemoveCommand() *cobra.Command {
	var program string
	var r rotationFlags
	c := a.jsonFlag(&cobra.Command{Use: "remove HANDLE", Short: "Take somebody out of a programme, and list what they could read", Args: cobra.ExactArgs(1),
		Long: `Whatever is sealed later excludes them. The open cases that they may read come along,
sealed anew without them, as far as your key opens those. Every case of which
anything was ever sealed to them is listed: copies that they have stay readable to
them, and so does the history of this repository.

With --primary the subkey that signs mail to reporters is replaced in the same
proposal, since they have it too; without, you are told how to do that.` + oneProposal,
		Example: "  docket --as ada keys remove cem\n  docket --as ada keys remove cem --primary /media/offline/primary.asc --out new-keys --json"})
	c.Flags().StringVar(&program, "program", "", "programme; needed when there are several")
	r.register(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		o, err := r.rotation(a, r.primary != "")
		if err != nil {
			return err
		}
		return a.changePeople(func(d *desk.Desk) (*desk.PeopleChange, error) {
			return d.RemovePerson(c.Context(), program, args[0], o)
		})
	}
	return c
}

func (a *app) keysRotateCommand() *cobra.Command {
	var program, key string
	var r rotationFlags
	c := a.jsonFlag(&cobra.Command{Use: "rotate ROLE|HANDLE", Short: "Replace the key of a role or a person", Args: cobra.ExactArgs(1),
		Long: `A person's new public key is named with --key. For a role:

  sender   a new signing subkey of the published certificate; the old one is
           revoked as superseded. Needs --primary.
  intake   a new decryption subkey of it; mail to the old one still opens.
           Needs --primary.
  bot, mailer, escrow   a new key. One that was made elsewhere (escrow, offline)
           is named with --key, as its public certificate.

New secret keys go to the new directory --out, for you to carry to where they are
used once the change is merged. Open cases whose readers change come along, sealed
anew, as far as your key opens them.` + oneProposal,
		Example: "  docket --as ada keys rotate cem --key cem-2027.asc\n  docket --as ada keys rotate sender --primary primary.asc --out new-keys\n  docket --as ada keys rotate inspur-escrow --key escrow.asc"})
	c.Flags().StringVar(&program, "program", "", "programme; needed when there are several")
	c.Flags().StringVar(&key, "key", "", "the new public certificate: a file, or -")
	r.register(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		o, err := r.rotation(a, key == "" && r.out != "")
		if err != nil {
			return err
		}
		if key != "" {
			text, err := a.readFile(key)
			if err != nil {
				return err
			}
			o.Key = []byte(text)
		}
		return a.changePeople(func(d *desk.Desk) (*desk.PeopleChange, error) { return d.RotateKey(c.Context(), program, args[0], o) })
	}
	return c
}

// rotationFlags say where secret keys come from and go to.
type rotationFlags struct {
	primary, out string
	open         bool
}

func (r *rotationFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&r.primary, "primary", "", "secret export of the published key, with its primary")
	c.Flags().StringVar(&r.out, "out", "", "new directory for the new secret keys")
	c.Flags().BoolVar(&r.open, "no-passphrase", false, "leave the new secret keys unprotected: for try-outs only")
}

// rotation reads the flags; makes says that new secret keys are made, which takes
// a passphrase.
func (r *rotationFlags) rotation(a *app, makes bool) (desk.Rotation, error) {
	o := desk.Rotation{Out: r.out, PrimaryPass: a.pass()}
	if r.primary != "" {
		raw, err := os.ReadFile(r.primary)
		if err != nil {
			return o, err
		}
		o.Primary = raw
	}
	if !makes || r.open {
		return o, nil
	}
	if r.out == "" {
		return o, &usageError{errors.New("a new directory for the new secret keys is needed: --out DIR")}
	}
	var err error
	o.Passphrase, err = a.newPassphrase()
	return o, err
}

// changePeople makes a change and says what became of it.
func (a *app) changePeople(change func(*desk.Desk) (*desk.PeopleChange, error)) error {
	return a.with(func(d *desk.Desk) error {
		p, err := change(d)
		if err != nil {
			return err
		}
		if a.json {
			return a.printJSON(p)
		}
		return a.printPeople(p)
	})
}

func (a *app) printPeople(p *desk.PeopleChange) error {
	if err := a.printProposed(p.Proposed); err != nil {
		return err
	}
	if p.Key != "" {
		a.printf("New key of %s: %s\n", p.Name, p.Key)
	}
	a.printResealed(p.Resealed, p.Left)
	if p.Read != nil && len(p.Read) == 0 {
		a.printf("%s could read no case.\n", p.Name)
	}
	if len(p.Read) > 0 {
		a.printf("%s could read something of %d case(s). Copies that they have stay readable to them, and so does older history:\n", p.Name, len(p.Read))
		w := table(a.out)
		for _, r := range p.Read {
			now := "an older revision"
			if r.Now {
				now = "as it stands"
			}
			fmt.Fprintf(w, "  %s\t%s\t%s\n", r.ID, r.State, now)
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	for _, text := range p.Warnings {
		fmt.Fprintf(a.err, "docket: %s\n", safe(text))
	}
	for _, text := range p.Next {
		a.printf("Next: %s\n", safe(text))
	}
	return nil
}

// printResealed says which open cases a change of a programme brings along.
func (a *app) printResealed(done []psirt.CaseID, left []desk.Left) {
	if len(done) > 0 {
		a.printf("%d open case(s) come along, sealed anew.\n", len(done))
	}
	for _, l := range left {
		a.printf("%s is left as it is: %s. Later: docket handlers %s reseal\n", l.ID, safe(l.Why), l.ID)
	}
}
