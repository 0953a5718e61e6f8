package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
	"github.com/docket-psirt/docket/internal/store"
)

// soon is how long before a key expires that is said.
const soon = 30 * 24 * time.Hour

// PeopleChange is what became of a change of who is in a programme, or of a key.
type PeopleChange struct {
	*Proposed
	Program  string         `json:"program"`
	Name     string         `json:"name"`            // handle or role
	Key      string         `json:"key,omitempty"`   // full fingerprint of the new certificate
	Resealed []psirt.CaseID `json:"resealed"`        // open cases that come along, sealed anew
	Left     []Left         `json:"left"`            // open cases that do not, and why
	Files    []string       `json:"files,omitempty"` // secret key files that were written
	Read     []Readable     `json:"could_read,omitempty"`
	Warnings []string       `json:"warnings,omitempty"`
	Next     []string       `json:"next,omitempty"` // what is left to do for people
}

// NewPerson is who comes into a programme.
type NewPerson struct {
	Program string // may be empty where there is one
	Handle  string
	Login   string   // on the forge; empty: the handle
	Mail    string   // empty: the first address of the key
	Roles   []string // empty: team
	Key     []byte   // public certificate
}

// peopleWork is a change of people or keys in the making.
type peopleWork struct {
	d    *Desk
	s    *audit.Setting
	at   *store.Snapshot
	who  *actor
	path string // of program.yaml
	raw  []byte
	now  *psirt.Program // after the change
	out  *PeopleChange

	edits []store.Edit
}

func (d *Desk) changePeople(ctx context.Context, program, name string) (*peopleWork, error) {
	s, at, who, err := d.programmeOf(ctx, program)
	if err != nil {
		return nil, err
	}
	w := &peopleWork{d: d, s: s, at: at, who: who, path: psirt.ProgramPath(s.Program.Program), now: s.Program,
		out: &PeopleChange{Program: s.Program.Program, Name: name, Resealed: []psirt.CaseID{}, Left: []Left{}}}
	w.raw, err = at.Read(w.path, maxProgramFile)
	return w, err
}

// AddPerson brings somebody into a programme: one proposal, which also seals
// the open cases that they may then read, as far as the key of whoever adds them
// opens those.
func (d *Desk) AddPerson(ctx context.Context, p NewPerson) (*PeopleChange, error) {
	if !psirt.ValidName(p.Handle) || has(roleFiles, p.Handle) {
		return nil, usage(fmt.Sprintf("%q cannot be a handle", p.Handle), "it has lower-case letters, digits and hyphens, and is no role's name")
	}
	w, err := d.changePeople(ctx, p.Program, p.Handle)
	if err != nil {
		return nil, err
	}
	if _, there := w.s.Program.ByHandle(p.Handle); there {
		return nil, usage(fmt.Sprintf("%s has somebody called %s", w.s.Program.Program, p.Handle), "for a new key of theirs: docket keys rotate "+p.Handle+" --key FILE")
	}
	cert, err := publicKey(p.Handle, p.Key)
	if err != nil {
		return nil, err
	}
	x, err := person(p, cert)
	if err != nil {
		return nil, err
	}
	if err := w.vet(x.Handle, cert, x.Roles); err != nil {
		return nil, err
	}
	if err := w.place(x.Handle, cert); err != nil {
		return nil, err
	}
	err = w.edit(func(l *policyLines) bool { return l.add(x) }, func(to *psirt.Program) { to.People = append(to.People, x) })
	if err != nil {
		return nil, err
	}
	if x.HasRole(psirt.RoleTeam) {
		w.next("give %s the key of the role sender (sender.asc), with which words of their own to reporters are signed", x.Handle)
	}
	w.out.Key = cert.Fingerprint().Hex()
	return w.propose(ctx, "Add "+x.Handle, nil)
}

// person is the entry of somebody new.
func person(p NewPerson, cert *seal.Cert) (psirt.Person, error) {
	x := psirt.Person{Handle: p.Handle, Login: p.Login, Key: cert.Fingerprint(), Mail: p.Mail, Roles: p.Roles}
	if x.Login == "" {
		x.Login = x.Handle
	}
	if !loginForm().MatchString(x.Login) || strings.ContainsAny(x.Login, "[]") {
		return x, usage(fmt.Sprintf("%q cannot be a login", x.Login), "name them as the forge does, with --login")
	}
	if x.Mail == "" && len(cert.Addresses()) > 0 {
		x.Mail = cert.Addresses()[0]
	}
	if !plainWord().MatchString(strings.ReplaceAll(x.Mail, "@", "")) || strings.Count(x.Mail, "@") != 1 {
		return x, usage(fmt.Sprintf("%q is no address for %s", x.Mail, x.Handle), "notifications go there: name one with --mail")
	}
	if len(x.Roles) == 0 {
		x.Roles = []string{psirt.RoleTeam}
	}
	for i, role := range x.Roles {
		if !psirt.ValidName(role) || slices.Contains(x.Roles[:i], role) {
			return x, usage(fmt.Sprintf("%q cannot be among the roles", role), "name each once: --roles team,lead")
		}
	}
	return x, nil
}

// publicKey reads a certificate that somebody hands in.
func publicKey(whose string, raw []byte) (*seal.Cert, error) {
	cert, err := seal.ParseCert(raw)
	if errors.Is(err, seal.ErrSecretKey) {
		return nil, usage("that is a secret key", "it stays with "+whose+"; give the public one (gpg --armor --export, or what docket keys new printed)")
	}
	if err != nil {
		return nil, &Problem{Text: "the key of " + whose + " cannot be read", Err: err, Do: "give the file of one public certificate"}
	}
	return cert.Minimal(), nil
}

// vet holds that a key can do what its roles ask of it, and is nobody else's.
func (w *peopleWork) vet(name string, cert *seal.Cert, roles []string) error {
	refuse := func(why, do string) error {
		return &Refused{What: "the key for " + name + " was not taken", Verdict: psirt.Failed(why, do)}
	}
	var example *Refused
	if errors.As(refuseExampleCert(name, cert), &example) {
		return refuse("it is an example that comes with Docket, so its secret is not theirs alone", "make a new one: docket keys new HANDLE")
	}
	at := w.d.now()
	if err := cert.UsableForEncryption(at); err != nil {
		return refuse("nothing can be encrypted to it: "+err.Error(), "ask for a key with a subkey that encrypts")
	}
	if err := cert.UsableForSigning(at); err != nil && !slices.Equal(roles, []string{psirt.RoleAuditor}) && name != "escrow" {
		return refuse("it cannot sign: "+err.Error(), "ask for a key that signs; an auditor's needs not")
	}
	for _, id := range cert.EncryptionKeyIDs() {
		if other := w.s.Certs.ByKeyID(id); other != nil && other.Fingerprint() != cert.Fingerprint() {
			return refuse(fmt.Sprintf("it has a subkey with the ID %016X, as the key of %s has", id, w.s.Name(other.Fingerprint())), "ask for a key of their own")
		}
	}
	if ends, ok := cert.Expires(); ok && ends.Sub(at) < soon {
		w.warn("the key of %s expires on %s: ask for it with a later date, then docket keys rotate %s --key FILE", name, ends.Format(time.DateOnly), name)
	}
	return nil
}

func (w *peopleWork) warn(format string, args ...any) {
	w.out.Warnings = append(w.out.Warnings, fmt.Sprintf(format, args...))
}

func (w *peopleWork) next(format string, args ...any) {
	w.out.Next = append(w.out.Next, fmt.Sprintf(format, args...))
}

// place puts a certificate into keys/ under a name. One that stands there stays,
// under another name: what was signed with it is judged by it for ever.
func (w *peopleWork) place(name string, cert *seal.Cert) error {
	dir := "cases/" + w.s.Program.Program + "/keys/"
	path := dir + name + ".asc"
	files, err := w.at.List(strings.TrimSuffix(dir, "/"))
	if err != nil {
		return err
	}
	for _, e := range files {
		if !strings.HasSuffix(e.Name, ".asc") {
			continue
		}
		raw, err := w.at.Read(dir+e.Name, maxKeyFile)
		if err != nil {
			return err
		}
		old, err := seal.ParseCert(raw)
		if err != nil {
			return err
		}
		same := old.Fingerprint() == cert.Fingerprint()
		switch {
		case same && !cert.Holds(old):
			return &Refused{What: "the key for " + name + " was not taken", Verdict: psirt.Failed(
				"it lacks a subkey that the copy in use has, and what that signed could not be judged any more", "export the whole key, expired subkeys included")}
		case same && dir+e.Name != path:
			w.edits = append(w.edits, store.Edit{Path: dir + e.Name, Delete: true})
		case !same && dir+e.Name == path:
			print := strings.ToLower(old.Fingerprint().Hex())
			w.edits = append(w.edits, store.Edit{Path: dir + name + "-was-" + print[len(print)-16:] + ".asc", Data: raw})
		}
	}
	w.edits = append(w.edits, store.Edit{Path: path, Data: []byte(cert.Armor())})
	return nil
}

// edit changes program.yaml.
func (w *peopleWork) edit(edit func(*policyLines) bool, meant func(*psirt.Program)) error {
	text, now, err := editPeople(w.path, w.raw, edit, meant)
	if err != nil {
		return err
	}
	if string(text) != string(w.raw) {
		w.edits = append(w.edits, store.Edit{Path: w.path, Data: text})
	}
	w.now = now
	return nil
}

// propose proposes the change, unless it would leave the programme with rules
// that nobody can meet.
func (w *peopleWork) propose(ctx context.Context, subject string, ready func() error) (*PeopleChange, error) {
	if err := w.stranded(); err != nil {
		return nil, err
	}
	c := &programChange{edits: w.edits, subject: subject + " (" + w.out.Program + ")", readers: true, ready: ready}
	p, err := w.d.proposeChange(ctx, w.s, w.who, c)
	if c.sealed != nil {
		w.out.Resealed, w.out.Left = c.sealed.done, c.sealed.left
		for _, id := range c.sealed.answer {
			w.next("somebody else must answer for %s: docket take %[1]s --for HANDLE", id)
		}
	}
	w.out.Proposed = p
	if err != nil {
		return nil, err
	}
	return w.out, nil
}

// stranded refuses a change after which somebody is missing whom the programme
// asks for.
func (w *peopleWork) stranded() error {
	of := newFaults(w.s.Program, w.now, psirt.Around{})
	if len(of) == 0 {
		return nil
	}
	return &Refused{What: "nothing was changed", Verdict: psirt.All("the programme can go on without them", of...)}
}

// newFaults are the faults that a review finds in a programme after a change and
// did not find before. Places and numbers do not count: a rule that comes in
// above moves those below it.
func newFaults(was, now *psirt.Program, around psirt.Around) []psirt.Verdict {
	kind := func(f psirt.Finding) string {
		return strings.Map(func(r rune) rune {
			if unicode.IsDigit(r) {
				return -1
			}
			return r
		}, f.Path+f.Text)
	}
	before := map[string]int{}
	for _, f := range was.Review(around) {
		before[kind(f)]++
	}
	var of []psirt.Verdict
	for _, f := range now.Review(around) {
		if before[kind(f)]--; before[kind(f)] < 0 {
			of = append(of, psirt.Failed(f.Path+": "+f.Text, f.Do))
		}
	}
	return of
}

// former is a person who is to go.
func (w *peopleWork) former(handle string) (psirt.Person, *seal.Cert, error) {
	x, ok := w.s.Program.ByHandle(handle)
	if !ok {
		return x, nil, usage(fmt.Sprintf("%s has nobody called %s", w.s.Program.Program, handle), "docket keys list shows the people")
	}
	cert, err := w.s.Cert(x.Key)
	return x, cert, err
}

// RemovePerson takes somebody out of a programme. What is sealed later excludes
// them, and so do the open cases, sealed anew; what they could read until then
// is listed. With the published key's primary at hand (o.Primary) the subkey that
// signs mail to reporters is replaced in the same proposal.
func (d *Desk) RemovePerson(ctx context.Context, program, handle string, o Rotation) (*PeopleChange, error) {
	w, err := d.changePeople(ctx, program, handle)
	if err != nil {
		return nil, err
	}
	x, cert, err := w.former(handle)
	if err != nil {
		return nil, err
	}
	var ready func() error
	if o.Primary != nil {
		if ready, err = w.renew("sender", o); err != nil {
			return nil, err
		}
	} else if x.HasRole(psirt.RoleTeam) {
		w.next("replace the key of the role sender, which %s has too: docket keys rotate sender --primary FILE --out DIR", handle)
	}
	err = w.edit(func(l *policyLines) bool { l.leave(handle); return l.remove(handle) }, func(to *psirt.Program) {
		to.People = slices.DeleteFunc(to.People, func(p psirt.Person) bool { return p.Handle == handle })
		for name, team := range to.Teams {
			team.People = slices.DeleteFunc(team.People, func(h string) bool { return h == handle })
			to.Teams[name] = team
		}
	})
	if err != nil {
		return nil, err
	}
	if w.out.Read, err = d.couldRead(ctx, w.s, cert); err != nil {
		return nil, err
	}
	return w.propose(ctx, "Remove "+handle, ready)
}
