package desk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
)

// Ring reads secret keys from a directory: <role>.asc, <program>-<role>.asc or
// <handle>.asc, and the intake hosts' shared secret. Each file is read, and
// unlocked, at most once, and only when it is needed. The keys of people may be
// in their own gpg instead; those of roles are always files.
type Ring struct {
	dir  string
	pass seal.Passphrase
	keys map[string]*seal.Key

	own    bool // people's keys are in gpg
	gpg    *seal.Gpg
	people map[psirt.Fingerprint]secret // of gpg's
}

// secret is a key that acts and opens: a key file, or one in gpg.
type secret interface {
	seal.Opener
	seal.Signer
}

// NewRing is the ring of a directory; an empty name is a ring without keys.
// With gpg, people's keys are those of the user's own gpg.
func NewRing(dir string, pass seal.Passphrase, gpg bool) *Ring {
	return &Ring{dir: dir, pass: pass, keys: map[string]*seal.Key{}, own: gpg, people: map[psirt.Fingerprint]secret{}}
}

// errNoKeyFile: the directory has no such key.
var errNoKeyFile = errors.New("no such key file")

// secretFile is the name of the intake hosts' shared secret.
const secretFile = "intake-secret"

func (r *Ring) load(name string) (*seal.Key, error) {
	if k := r.keys[name]; k != nil {
		return k, nil
	}
	if r.dir == "" {
		return nil, errNoKeyFile
	}
	raw, err := readKeyFile(filepath.Join(r.dir, name+".asc"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNoKeyFile
	}
	if err != nil {
		return nil, err
	}
	k, err := seal.ReadKey(raw, r.pass)
	if err != nil {
		return nil, &Problem{Text: "the key file " + filepath.Join(r.dir, name+".asc") + " cannot be used", Err: err,
			Do: "a passphrase comes from DOCKET_PASSPHRASE_FILE or a prompt"}
	}
	r.keys[name] = k
	return k, nil
}

// maxKeyFile bounds a file of keys, in bytes.
const maxKeyFile = 4 << 20

func readKeyFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	raw, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err == nil && len(raw) > maxKeyFile {
		err = fmt.Errorf("%s is too large for a key", path)
	}
	return raw, err
}

// role reads the key of a role, which must be the one that the programme names.
func (r *Ring) role(s *audit.Setting, role string, want psirt.Fingerprint) (*seal.Key, error) {
	for _, name := range []string{s.Program.Program + "-" + role, role} {
		k, err := r.load(name)
		if errors.Is(err, errNoKeyFile) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if k.Cert().Fingerprint() == want {
			return k, nil
		}
	}
	where := r.dir
	if where == "" {
		where = "(no directory given)"
	}
	return nil, &Problem{Text: fmt.Sprintf("the key of the role %s of %s is not in %s", role, s.Program.Program, where),
		Do: "name the directory with --keys DIR or DOCKET_KEYS; the programme wants " + want.Hex()}
}

// person is the key of a person of the programme.
func (r *Ring) person(s *audit.Setting, p psirt.Person) (secret, error) {
	if r.own {
		return r.inGpg(s, p)
	}
	k, err := r.load(p.Handle)
	if err != nil {
		return nil, err
	}
	if k.Cert().Fingerprint() != p.Key {
		return nil, &Problem{Text: fmt.Sprintf("the key in %s.asc is not the one that the programme has for %s", filepath.Join(r.dir, p.Handle), p.Handle),
			Do: "the programme wants " + p.Key.Hex()}
	}
	return k, nil
}

// openGpg asks gpg once which secret keys it has.
func (r *Ring) openGpg() error {
	if r.gpg != nil {
		return nil
	}
	var err error
	r.gpg, err = seal.NewGpg()
	if err != nil {
		return &Problem{Text: "the keys of --gpg are not at hand", Err: err}
	}
	return nil
}

// inGpg is the key of a person in the user's gpg.
func (r *Ring) inGpg(s *audit.Setting, p psirt.Person) (secret, error) {
	if err := r.openGpg(); err != nil {
		return nil, err
	}
	k, err := r.fromGpg(s, p.Key)
	if err != nil {
		return nil, &Problem{Text: "the key of " + p.Handle + " is not at hand", Err: err}
	}
	return k, nil
}

// fromGpg is the same key each time, since it remembers what a person has
// answered.
func (r *Ring) fromGpg(s *audit.Setting, want psirt.Fingerprint) (secret, error) {
	if k := r.people[want]; k != nil {
		return k, nil
	}
	cert, err := s.Cert(want)
	if err != nil {
		return nil, err
	}
	k, err := r.gpg.Key(cert)
	if err != nil {
		return nil, err
	}
	r.people[want] = k
	return k, nil
}

// escrow is the key that opens when all else is lost; nil when it is not at
// hand.
func (r *Ring) escrow(s *audit.Setting) (seal.Opener, error) {
	want := s.Program.Keys.Escrow
	if r.own {
		if cert, err := s.Cert(want); err == nil && r.gpg.Has(cert) {
			return r.fromGpg(s, want)
		}
	}
	for _, name := range []string{s.Program.Program + "-escrow", "escrow"} {
		k, err := r.load(name)
		if err == nil && k.Cert().Fingerprint() == want {
			return k, nil
		}
		if err != nil && !errors.Is(err, errNoKeyFile) {
			return nil, err
		}
	}
	return nil, nil
}

// peopleHere lists those people of the programme whose keys are at hand.
func (r *Ring) peopleHere(s *audit.Setting) ([]psirt.Person, error) {
	if r.own {
		if err := r.openGpg(); err != nil {
			return nil, err
		}
	}
	var out []psirt.Person
	for _, p := range s.Program.People {
		if r.own {
			if cert, err := s.Cert(p.Key); err == nil && r.gpg.Has(cert) {
				out = append(out, p)
			}
		} else if r.dir != "" {
			if _, err := os.Stat(filepath.Join(r.dir, p.Handle+".asc")); err == nil {
				out = append(out, p)
			}
		}
	}
	return out, nil
}

// secret reads the intake hosts' shared secret.
func (r *Ring) secret(s *audit.Setting) ([]byte, error) {
	for _, name := range []string{s.Program.Program + "-" + secretFile, secretFile} {
		raw, err := readKeyFile(filepath.Join(r.dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		secret := []byte(strings.TrimSpace(string(raw)))
		if len(secret) < 32 {
			return nil, &Problem{Text: filepath.Join(r.dir, name) + " is too short to be the intake hosts' secret"}
		}
		return secret, nil
	}
	return nil, &Problem{Text: "the intake hosts' shared secret (" + secretFile + ") is not in " + r.dir,
		Do: "copy it from the directory that docket init wrote"}
}

// actor is who signs a step.
type actor struct {
	key    secret
	handle string // or role
	login  string // on the forge
	mail   string
	person bool
}

// bot acts for the programme.
func (d *Desk) bot(s *audit.Setting) (*actor, error) {
	k, err := d.ring.role(s, "bot", s.Program.Keys.Bot)
	if err != nil {
		return nil, err
	}
	return &actor{key: k, handle: "bot", login: "docket-bot", mail: "bot@" + s.Program.Intake.Domain}, nil
}

// mailer acts for deliveries.
func (d *Desk) mailer(s *audit.Setting) (*actor, error) {
	k, err := d.ring.role(s, "mailer", s.Program.Keys.Mailer)
	if err != nil {
		return nil, err
	}
	return &actor{key: k, handle: "mailer", login: "docket-mailer", mail: "mailer@" + s.Program.Intake.Domain}, nil
}

// bring says how a key file comes to hand.
func (r *Ring) bring(file string) string {
	if r.dir == "" {
		return "name the directory with " + file + " in it: --keys (DOCKET_KEYS)"
	}
	if _, err := os.Stat(r.dir); errors.Is(err, fs.ErrNotExist) {
		return "there is no directory " + r.dir + ": name the one with " + file + " in it with --keys (DOCKET_KEYS)"
	}
	return "put " + file + " into the directory of --keys (DOCKET_KEYS), " + r.dir
}

// me is the person who acts: the one named with --as, or the only one whose
// key is at hand.
func (d *Desk) me(s *audit.Setting) (*actor, error) {
	if d.as != "" {
		p, ok := s.Program.ByHandle(d.as)
		if !ok {
			return nil, &Problem{Text: fmt.Sprintf("%s has nobody called %s", s.Program.Program, d.as), Do: "docket keys list shows the people"}
		}
		k, err := d.ring.person(s, p)
		if errors.Is(err, errNoKeyFile) {
			return nil, &Problem{Text: "the key of " + d.as + " is not at hand", Do: d.ring.bring(d.as + ".asc")}
		}
		if err != nil {
			return nil, err
		}
		return &actor{key: k, handle: p.Handle, login: p.Login, mail: p.Mail, person: true}, nil
	}
	here, err := d.ring.peopleHere(s)
	if err != nil {
		return nil, err
	}
	switch len(here) {
	case 0:
		return nil, &Problem{Text: "no person's key is at hand", Do: "name the directory of your key with --keys DIR (DOCKET_KEYS), or use your own gpg with --gpg"}
	case 1:
		k, err := d.ring.person(s, here[0])
		if err != nil {
			return nil, err
		}
		return &actor{key: k, handle: here[0].Handle, login: here[0].Login, mail: here[0].Mail, person: true}, nil
	}
	var names []string
	for _, p := range here {
		names = append(names, p.Handle)
	}
	return nil, usage("the keys of several people are at hand: "+strings.Join(names, ", "), "say who acts with --as HANDLE (DOCKET_AS)")
}

// readers are the keys at hand that may open sealed parts: the person's who
// acts, or those of all people whose keys are here, or, where there is no
// person's, escrow's. None is no error: what needs a key then says so.
func (d *Desk) readers(s *audit.Setting) ([]seal.Opener, error) {
	if d.as != "" {
		a, err := d.me(s)
		if err != nil {
			return nil, err
		}
		return withKey(a), nil
	}
	here, err := d.ring.peopleHere(s)
	if err != nil {
		return nil, err
	}
	var out []seal.Opener
	for _, p := range here {
		k, err := d.ring.person(s, p)
		if err != nil {
			return nil, err
		}
		out = append(out, k)
	}
	if len(out) > 0 {
		return out, nil
	}
	k, err := d.ring.escrow(s)
	if err != nil || k == nil {
		return nil, err
	}
	return []seal.Opener{k}, nil
}
