package desk

import (
	"context"
	"encoding/hex"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
	"github.com/docket-psirt/docket/internal/store"
)

// Rotation says how a key is replaced.
type Rotation struct {
	Key         []byte // public certificate that was made elsewhere, or nil
	Primary     []byte // secret export of the published key, with its primary, or nil
	PrimaryPass seal.Passphrase
	Out         string // new or empty directory for the secrets that are made here
	Passphrase  []byte // for those; nil leaves them unprotected
}

// rotated are the roles whose keys can be replaced. intake and sender are
// subkeys of one certificate.
var rotated = []string{"intake", "sender", "bot", "mailer", "escrow"}

// RotateKey replaces the key of a person (o.Key), or of a role, in one proposal
// that brings along the open cases whose readers change by it. A role's key is
// made here unless o.Key has the public part of one that was made elsewhere.
func (d *Desk) RotateKey(ctx context.Context, program, name string, o Rotation) (*PeopleChange, error) {
	if i := strings.LastIndex(name, "-"); program == "" && i > 0 && has(rotated, name[i+1:]) {
		program, name = name[:i], name[i+1:]
	}
	w, err := d.changePeople(ctx, program, name)
	if err != nil {
		return nil, err
	}
	var ready func() error
	switch {
	case !has(rotated, name):
		err = w.newPersonKey(name, o)
	case o.Key != nil:
		err = w.givenRoleKey(name, o.Key)
	case name == "intake" || name == "sender":
		ready, err = w.renew(name, o)
	default:
		ready, err = w.madeRoleKey(name, o)
	}
	if err != nil {
		return nil, err
	}
	if err := w.afterRotation(ctx, name); err != nil {
		return nil, err
	}
	return w.propose(ctx, "Replace the key of "+name, ready)
}

func (w *peopleWork) newPersonKey(handle string, o Rotation) error {
	x, _, err := w.former(handle)
	if err != nil {
		return err
	}
	if o.Key == nil {
		return usage("the new public key of "+handle+" is needed", "they make one (docket keys new, or gpg) and you name it with --key FILE")
	}
	cert, err := publicKey(handle, o.Key)
	if err != nil {
		return err
	}
	w.next("%s keeps the old secret key too, as long as older revisions are to be read with it", handle)
	return w.replace(handle, handle, cert, x.Roles, x.Key, func(to *psirt.Program) *psirt.Fingerprint {
		for i := range to.People {
			if to.People[i].Handle == handle {
				return &to.People[i].Key
			}
		}
		return nil
	})
}

// replace puts a certificate in the place of another, as a file and by name.
func (w *peopleWork) replace(name, file string, cert *seal.Cert, roles []string, old psirt.Fingerprint, field func(*psirt.Program) *psirt.Fingerprint) error {
	if err := w.vet(name, cert, roles); err != nil {
		return err
	}
	if err := w.place(file, cert); err != nil {
		return err
	}
	w.out.Key = cert.Fingerprint().Hex()
	if cert.Fingerprint() == old {
		return nil
	}
	return w.edit(func(l *policyLines) bool { return l.swap(old, cert.Fingerprint()) },
		func(to *psirt.Program) {
			if at := field(to); at != nil {
				*at = cert.Fingerprint()
			}
		})
}

// roleKey is where a programme names the key of a role.
func roleKey(p *psirt.Program, role string) *psirt.Fingerprint {
	switch role {
	case "bot":
		return &p.Keys.Bot
	case "mailer":
		return &p.Keys.Mailer
	case "escrow":
		return &p.Keys.Escrow
	}
	return &p.Keys.Intake
}

// roleFile is the name of the file in keys/ that has a role's certificate.
func roleFile(role string) string {
	if role == "sender" {
		return "intake"
	}
	return role
}

func (w *peopleWork) replaceRole(role string, cert *seal.Cert) error {
	return w.replace(role, roleFile(role), cert, []string{role}, *roleKey(w.s.Program, role), func(to *psirt.Program) *psirt.Fingerprint { return roleKey(to, role) })
}

// givenRoleKey takes the public part of a key that was made elsewhere.
func (w *peopleWork) givenRoleKey(role string, raw []byte) error {
	cert, err := publicKey(role, raw)
	if err != nil {
		return err
	}
	w.next("put the secret key of %s where it is used (%s.asc), once this is merged", role, role)
	if roleFile(role) == "intake" && cert.Fingerprint() != w.s.Program.Keys.Intake {
		w.warn("it is another certificate: mail to the old one cannot be opened once this is merged, so take in what waits before")
	}
	return w.replaceRole(role, cert)
}

// madeRoleKey makes a new key for a role that no reporter knows.
func (w *peopleWork) madeRoleKey(role string, o Rotation) (func() error, error) {
	p := w.s.Program
	k, err := seal.NewKey(p.Name+" "+role, role+"@"+p.Intake.Domain, w.d.now())
	if err != nil {
		return nil, err
	}
	if err := w.replaceRole(role, k.Cert()); err != nil {
		return nil, err
	}
	return w.secrets(o, map[string]*seal.Key{role: k})
}

// renew gives the published certificate a new subkey for the role.
func (w *peopleWork) renew(role string, o Rotation) (func() error, error) {
	if o.Primary == nil {
		return nil, usage("the primary key of the published certificate is needed", "it is offline: name its secret export with --primary FILE (docket init called it primary.asc), or give the new public certificate with --key FILE")
	}
	p, err := seal.RotatePublished(o.Primary, o.PrimaryPass, seal.Renewal{Sign: role == "sender", Decrypt: role == "intake"}, w.d.now())
	if err != nil {
		return nil, &Problem{Text: "the key of --primary cannot be used", Err: err, Do: "it must be the secret export of the published key, primary and all (gpg --export-secret-keys)"}
	}
	if p.Primary.Cert().Fingerprint() != w.s.Program.Keys.Intake {
		return nil, usage("the key of --primary is not that of the published certificate", "the programme has "+w.s.Program.Keys.Intake.Hex())
	}
	if err := w.replaceRole(role, p.Primary.Cert().Minimal()); err != nil {
		return nil, err
	}
	keys := map[string]*seal.Key{"primary": p.Primary, "sender": p.Sender}
	if role == "intake" {
		keys = map[string]*seal.Key{"primary": p.Primary, "intake": p.Intake}
	}
	return w.secrets(o, keys)
}

// secrets answers what writes the new secret keys, which happens before anything
// names them.
func (w *peopleWork) secrets(o Rotation, keys map[string]*seal.Key) (func() error, error) {
	if err := emptyPlace(o.Out); err != nil {
		return nil, err
	}
	all, err := w.d.settings(w.at)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for role, k := range keys {
		name := role + ".asc"
		if len(all) > 1 {
			name = w.s.Program.Program + "-" + name
		}
		if files[name], err = k.Export(o.Passphrase); err != nil {
			return nil, err
		}
	}
	w.out.Files = slices.Sorted(maps.Keys(files))
	for _, name := range w.out.Files {
		switch {
		case strings.HasSuffix(name, "primary.asc"):
			w.next("keep %s offline, in the place of the old one", filepath.Join(o.Out, name))
		case strings.HasSuffix(name, "sender.asc"):
			w.next("put %s into the key directories of the intake host, the mailer and the team, once this is merged", filepath.Join(o.Out, name))
		default:
			w.next("put %s into the place of the old file, once this is merged", filepath.Join(o.Out, name))
		}
	}
	return func() error {
		if err := os.MkdirAll(o.Out, 0o700); err != nil {
			return err
		}
		for name, raw := range files {
			if err := writeSecret(filepath.Join(o.Out, name), raw); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// writeSecret writes a new file that its owner alone can read.
func writeSecret(name string, raw []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	return errors.Join(err, f.Sync(), f.Close())
}

// afterRotation sees to what else hangs on a role's key.
func (w *peopleWork) afterRotation(ctx context.Context, role string) error {
	switch role {
	case "intake", "sender":
		w.next("publish the certificate again, so that reporters can verify and encrypt: docket keys show intake")
	case "escrow":
		return w.resealSecret()
	case "mailer":
		return w.undelivered(ctx)
	case "bot":
		refs, err := w.d.repo.Refs(heads + "case/" + w.s.Program.Prefix + "-")
		if err != nil {
			return err
		}
		if len(refs) > 0 {
			w.warn("%d proposals of cases are open; what the old key signed in them has to be made again once this is merged", len(refs))
		}
	}
	return nil
}

// resealSecret seals the intake hosts' secret to the new escrow key.
func (w *peopleWork) resealSecret() error {
	raw, err := w.d.ring.secret(w.s)
	if err != nil {
		w.warn("the intake hosts' secret stays sealed to the old escrow key: keep that, or do this where %s is at hand", secretFile)
		return nil
	}
	if _, err := hex.DecodeString(string(raw)); err != nil {
		return &Problem{Text: secretFile + " is not what docket init wrote", Do: "find the right one before the escrow key is replaced"}
	}
	doc, err := casefile.Encode(map[string]any{"docket": casefile.FormatVersion, "program": w.s.Program.Program, "secret": string(raw)})
	if err != nil {
		return err
	}
	cert, err := seal.ParseCert(w.placed("escrow"))
	if err != nil {
		return err
	}
	sealed, err := w.who.key.Seal(doc, []*seal.Cert{cert}, casefile.ContextOf(casefile.PartSecret, psirt.CaseID(w.s.Program.Program)), w.d.now())
	w.edits = append(w.edits, store.Edit{Path: "cases/" + w.s.Program.Program + "/keys/" + secretFile + ".pgp", Data: []byte(sealed.Armor)})
	return err
}

// placed is the certificate that the change puts into keys/ under a name.
func (w *peopleWork) placed(name string) []byte {
	path := "cases/" + w.s.Program.Program + "/keys/" + name + ".asc"
	for _, e := range w.edits {
		if e.Path == path {
			return e.Data
		}
	}
	return nil
}

// undelivered warns of words that only the old mailer can send.
func (w *peopleWork) undelivered(ctx context.Context) error {
	main, _, err := w.d.main()
	if err != nil {
		return err
	}
	var waiting []psirt.CaseID
	err = w.d.casesOf(w.s, main, func(c *one) error {
		receipts, _, err := w.d.receiptsOf(c)
		if err != nil {
			return err
		}
		status := map[int]psirt.ReceiptStatus{}
		for _, r := range receipts {
			status[r.Update] = r.Status
		}
		for _, u := range c.Updates {
			if s := status[u.N]; u.Sealed != "" && (s == "" || s == psirt.ReceiptHeld || s == psirt.ReceiptSending) && !slices.Contains(waiting, c.ID) {
				waiting = append(waiting, c.ID)
			}
		}
		return ctx.Err()
	})
	if len(waiting) > 0 {
		w.warn("words to the reporters of %s wait, and only the old mailer can send them: run docket deliver before this is merged", idList(waiting))
	}
	return err
}

// sender is the key that signs mail to reporters, if it still may: a copy whose
// subkey was replaced signs what no reporter could verify.
func (d *Desk) sender(s *audit.Setting) (*seal.Key, error) {
	k, err := d.ring.role(s, "sender", s.Program.Keys.Intake)
	if err != nil {
		return nil, err
	}
	cert, err := s.Cert(s.Program.Keys.Intake)
	if err != nil {
		return nil, err
	}
	if err := k.SignsFor(cert, d.now()); err != nil {
		return nil, &Problem{Text: "the key of the role sender is not the one in use", Err: err, Do: "put the new sender.asc into the directory of --keys: it was replaced (docket keys rotate)"}
	}
	return k, nil
}
