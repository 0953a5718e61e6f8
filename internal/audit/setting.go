package audit

import (
	"errors"
	"fmt"
	"io/fs"
	"sort"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
	"github.com/docket-psirt/docket/internal/store"
)

// Bounds on what a programme may hold, in bytes and files.
const (
	maxProgramFile = 1 << 20
	maxKeyFile     = 1 << 20
	maxKeys        = 500
	maxTemplate    = 64 << 10
)

// Setting is a programme as it stood at a commit: policy, certificates and
// templates.
type Setting struct {
	Program   *psirt.Program
	Blob      psirt.ObjectID
	Certs     seal.Certs
	templates map[string]template
}

type template struct {
	blob psirt.ObjectID
	text string
}

// Judge judges proposals and history of one repository. It is for one
// goroutine.
type Judge struct {
	Repo     *store.Repo
	Defaults map[string]string // built-in templates by kind

	settings map[string]*Setting
	main     map[store.Hash]bool // while replaying: commits known to be of main's first-parent line
	brought  map[store.Hash]bool // while replaying: commits that merges brought to main
	since    store.Hash          // while replaying from a trusted commit: that commit
}

// Programs lists the programmes of a tree.
func (j *Judge) Programs(at *store.Snapshot) ([]string, error) {
	entries, err := at.List("cases")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		// One that cannot be read is one too, so that reading it says why.
		if _, err := at.Entry(psirt.ProgramPath(e.Name)); !errors.Is(err, fs.ErrNotExist) {
			out = append(out, e.Name)
		}
	}
	sort.Strings(out)
	return out, nil
}

// Setting reads a programme as it stands in a tree. Settings are cached by the
// objects that they are made of, so the cost does not grow with history.
func (j *Judge) Setting(at *store.Snapshot, program string) (*Setting, error) {
	if !psirt.ValidName(program) {
		return nil, fmt.Errorf("%q is no name of a programme", program)
	}
	dir := "cases/" + program
	policy, err := at.Entry(psirt.ProgramPath(program))
	if err != nil {
		return nil, fmt.Errorf("programme %s: %w", program, err)
	}
	key := program + "/" + policy.Hash.String()
	for _, part := range []string{"/keys", "/templates"} {
		if e, err := at.Entry(dir + part); err == nil {
			key += e.Hash.String()
		}
		key += "/"
	}
	if s := j.settings[key]; s != nil {
		return s, nil
	}
	s := &Setting{Blob: policy.Hash.ObjectID()}
	raw, err := at.Read(psirt.ProgramPath(program), maxProgramFile)
	if err != nil {
		return nil, err
	}
	if s.Program, err = casefile.ParseProgram(raw); err != nil {
		return nil, fmt.Errorf("cases/%s: %w", program, err)
	}
	if s.Program.Program != program {
		return nil, fmt.Errorf("cases/%s/program.yaml: program: expected the name of its folder", program)
	}
	if err := s.readKeys(at, dir+"/keys"); err != nil {
		return nil, err
	}
	if s.templates, err = j.readTemplates(at, dir+"/templates"); err != nil {
		return nil, err
	}
	if j.settings == nil {
		j.settings = map[string]*Setting{}
	}
	j.settings[key] = s
	return s, nil
}

func (s *Setting) readKeys(at *store.Snapshot, dir string) error {
	entries, err := at.List(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(entries) > maxKeys {
		return fmt.Errorf("%s: at most %d keys are allowed", dir, maxKeys)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name, ".asc") {
			continue
		}
		raw, err := at.Read(dir+"/"+e.Name, maxKeyFile)
		if err != nil {
			return err
		}
		cert, err := seal.ParseCert(raw)
		if err != nil {
			return fmt.Errorf("%s/%s: %w", dir, e.Name, err)
		}
		s.Certs = append(s.Certs, cert)
	}
	return nil
}

func (j *Judge) readTemplates(at *store.Snapshot, dir string) (map[string]template, error) {
	out := map[string]template{}
	for kind, text := range j.Defaults {
		out[kind] = template{store.BlobHash([]byte(text)).ObjectID(), text}
	}
	entries, err := at.List(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, e := range entries {
		kind, ok := strings.CutSuffix(e.Name, ".txt")
		if !ok {
			continue
		}
		raw, err := at.Read(dir+"/"+e.Name, maxTemplate)
		if err != nil {
			return nil, err
		}
		out[kind] = template{e.Hash.ObjectID(), string(raw)}
	}
	return out, nil
}

// Text gives a standard text for a case as it stands, with the object ID of
// its template.
func (s *Setting) Text(kind string, c *psirt.Case) (subject, text string, blob psirt.ObjectID, err error) {
	t, ok := s.templates[kind]
	if !ok {
		return "", "", "", fmt.Errorf("the programme has no template %s: add cases/%s/templates/%s.txt", kind, s.Program.Program, kind)
	}
	subject, text, err = psirt.Render(t.text, s.Program.TextData(c))
	if err != nil {
		return "", "", "", fmt.Errorf("template %s: %w", kind, err)
	}
	return subject, text, t.blob, nil
}

// Question drafts a question to the reporter of a case with the template
// psirt.KindAsk: the programme's own, or the built-in one. The errors are those of Text.
func (s *Setting) Question(c *psirt.Case, name, questions string) (subject, text string, err error) {
	t, ok := s.templates[psirt.KindAsk]
	if !ok {
		return "", "", fmt.Errorf("the programme has no template %s: add cases/%s/templates/%s.txt", psirt.KindAsk, s.Program.Program, psirt.KindAsk)
	}
	subject, text, err = psirt.RenderQuestion(t.text, psirt.QuestionData{TextData: s.Program.TextData(c), Name: name, Questions: questions})
	if err != nil {
		return "", "", fmt.Errorf("template %s: %w", psirt.KindAsk, err)
	}
	return subject, text, nil
}

// Footer gives what own words to the reporter of a case end with: the template
// psirt.KindFooter, or empty where the programme has none.
func (s *Setting) Footer(c *psirt.Case) (string, error) {
	t, ok := s.templates[psirt.KindFooter]
	if !ok {
		return "", nil
	}
	text, err := psirt.RenderFooter(t.text, s.Program.TextData(c))
	if err != nil {
		return "", fmt.Errorf("template %s: %w", psirt.KindFooter, err)
	}
	return text, nil
}

// Cert finds the certificate of a fingerprint, or says what is missing.
func (s *Setting) Cert(f psirt.Fingerprint) (*seal.Cert, error) {
	if c := s.Certs.ByFingerprint(f); c != nil {
		return c, nil
	}
	return nil, fmt.Errorf("no certificate %s in cases/%s/keys", f, s.Program.Program)
}

// CertsOf finds the certificates of several readers.
func (s *Setting) CertsOf(list []psirt.Fingerprint) ([]*seal.Cert, error) {
	var out []*seal.Cert
	for _, f := range list {
		c, err := s.Cert(f)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

// Name is the handle or role of a key, for people to read.
func (s *Setting) Name(f psirt.Fingerprint) string {
	if person, ok := s.Program.ByKey(f); ok {
		return person.Handle
	}
	k := s.Program.Keys
	switch f {
	case k.Bot:
		return "bot"
	case k.Mailer:
		return "mailer"
	case k.Intake:
		return "intake"
	case k.Escrow:
		return "escrow"
	}
	return string(f)
}

// signer verifies the signature of a commit as of the commit's own time.
func (s *Setting) signer(c *store.Commit) (psirt.Fingerprint, error) {
	if c.Signature == "" {
		return "", errors.New("the commit is not signed")
	}
	id, _, _, err := seal.SignerOf(c.Signature)
	if err != nil {
		return "", fmt.Errorf("the commit's signature cannot be read: %w", err)
	}
	cert := s.Certs.ByKeyID(id)
	if cert == nil {
		return "", errors.New("the commit is signed by a key that is not in the programme's keys")
	}
	if err := seal.VerifyCommit(c.Payload, c.Signature, cert, c.Committer.When); err != nil {
		return "", fmt.Errorf("the commit's signature is not good: %w", err)
	}
	return cert.Fingerprint(), nil
}

// readable holds that a message claims to be for these readers and for nobody
// else. Keyless: what the message really opens for, holders find by opening.
func (s *Setting) readable(message []byte, readers []psirt.Fingerprint) error {
	ids, err := seal.Recipients(message)
	if err != nil {
		return err
	}
	return s.sealedFor(ids, readers)
}

// sealedFor holds key IDs to the readers that there should be.
func (s *Setting) sealedFor(ids []uint64, readers []psirt.Fingerprint) error {
	if len(ids) > len(readers) {
		// Two packets may name one reader, and be for two.
		return fmt.Errorf("it is sealed %d times, for %d readers", len(ids), len(readers))
	}
	used := map[uint64]bool{}
	for _, f := range readers {
		cert, err := s.Cert(f)
		if err != nil {
			return err
		}
		found := false
		for _, id := range cert.EncryptionKeyIDs() {
			for _, claimed := range ids {
				if id == claimed {
					found, used[id] = true, true
				}
			}
		}
		if !found {
			return fmt.Errorf("%s cannot open it and should", s.Name(f))
		}
	}
	for _, id := range ids {
		if !used[id] {
			return fmt.Errorf("somebody else can open it: key ID %016X", id)
		}
	}
	return nil
}

// eventTime is the time by which a commit's keys are judged.
func eventTime(c *store.Commit) time.Time { return c.Committer.When.UTC().Truncate(time.Second) }
