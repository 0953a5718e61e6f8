package desk

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
	"github.com/docket-psirt/docket/internal/store"
	"github.com/docket-psirt/docket/schema"
)

// The shipped programmes: copies of cases/<program> without keys and people,
// which a test holds to the originals (go test -run Shipped -update writes
// them). A Go file cannot embed a folder beside its own, and cases/ holds data
// only.
//
//go:embed programs
var shipped embed.FS

// InitOptions say what docket init makes.
type InitOptions struct {
	Programs   []string // names of shipped programmes, or files
	Team       []string // HANDLE[=LOGIN][:ROLE+ROLE]: LOGIN where the name on the forge is another, roles where they are not team alone; the first is lead
	Keys       string   // directory that the new secret keys go to
	Passphrase []byte   // nil: unprotected, for try-outs
	IntakeKey  []byte   // secret export of the published key that the team has already, or nil
	IntakePass seal.Passphrase
	Now        func() time.Time

	Release     string // version of Docket that the workflows run, as v1.2.3; empty: none is pinned yet
	ReleaseSums []byte // that release's SHA256SUMS
}

// InitResult is what docket init made.
type InitResult struct {
	Dir       string            `json:"dir"`
	Root      string            `json:"root"`   // the trust root: hash of the first commit
	Signer    psirt.Fingerprint `json:"signer"` // of the trust root
	Programs  []string          `json:"programs"`
	Keys      string            `json:"keys"`
	Files     []string          `json:"files"`               // the secret files, without the directory
	Published map[string]string `json:"published"`           // programme: full fingerprint of its certificate
	Republish []string          `json:"republish,omitempty"` // programmes whose published key has a new signing subkey
	Notes     []string          `json:"notes,omitempty"`     // what the programmes ask for and the team cannot give
}

// maxProgramFile bounds a program.yaml, in bytes.
const maxProgramFile = 1 << 20

// Init makes a bare case repository with policy, schema, workflows and public
// keys in one commit that the lead signs, and the secret keys in a directory of
// their own.
func Init(dir string, o InitOptions) (*InitResult, error) {
	m := &maker{o: o, out: &InitResult{Dir: dir, Keys: o.Keys, Published: map[string]string{}}, people: map[string]*seal.Key{}, secrets: map[string][]byte{}}
	if m.o.Now == nil {
		m.o.Now = time.Now
	}
	m.at = m.o.Now().UTC().Truncate(time.Second)
	if err := m.check(dir); err != nil {
		return nil, err
	}
	for _, name := range o.Programs {
		if err := m.program(name); err != nil {
			return nil, err
		}
	}
	if err := m.rolesUsed(); err != nil {
		return nil, err
	}
	if err := m.schemas(); err != nil {
		return nil, err
	}
	// Keys first: a repository whose keys are lost is worth nothing, keys
	// without a repository only have to be removed.
	if err := m.writeSecrets(); err != nil {
		return nil, err
	}
	if err := m.writeRepo(dir); err != nil {
		return nil, err
	}
	return m.out, nil
}

// CheckInit finds what would keep Init from making anything: team, places and
// programmes are as they must be. Nothing is made.
func CheckInit(dir string, o InitOptions) error {
	return (&maker{o: o}).check(dir)
}

func (m *maker) check(dir string) error {
	if err := m.checkTeam(); err != nil {
		return err
	}
	for _, place := range []string{dir, m.o.Keys} {
		if err := emptyPlace(place); err != nil {
			return err
		}
	}
	for _, name := range m.o.Programs {
		if err := fitForUse(name); err != nil {
			return err
		}
	}
	return nil
}

type maker struct {
	o       InitOptions
	out     *InitResult
	at      time.Time
	people  map[string]*seal.Key
	logins  map[string]string   // by handle
	roles   map[string][]string // by handle, as the team gives them; none: what everybody has
	unused  map[string]bool     // HANDLE:ROLE as the team gives them, which no programme has had yet
	secrets map[string][]byte   // file name: content
	edits   []store.Edit
}

// roleFiles are names that a person cannot have.
var roleFiles = []string{"intake", "sender", "bot", "mailer", "escrow", "primary", secretFile}

func (m *maker) checkTeam() error {
	if len(m.o.Team) == 0 || len(m.o.Programs) == 0 {
		return usage("a programme and a team are needed", "docket init DIR --program ingroupe --team HANDLE,HANDLE --keys KEYDIR")
	}
	m.logins, m.roles, m.unused = map[string]string{}, map[string][]string{}, map[string]bool{}
	m.o.Team = slices.Clone(m.o.Team)
	for i, member := range m.o.Team {
		name, roles, given := strings.Cut(member, ":")
		h, login, named := strings.Cut(name, "=")
		if !named {
			login = h
		}
		if _, seen := m.logins[h]; !psirt.ValidName(h) || seen || has(roleFiles, h) {
			return usage(fmt.Sprintf("%q cannot be a handle", h), "each has lower-case letters, digits and hyphens, is no role's name, and stands once")
		}
		if !loginForm().MatchString(login) || strings.ContainsAny(login, "[]") {
			return usage(fmt.Sprintf("%q cannot be a login", login), "write HANDLE=LOGIN with the name on the forge")
		}
		m.o.Team[i], m.logins[h] = h, login
		if !given {
			continue
		}
		for _, role := range strings.Split(roles, "+") {
			if !psirt.ValidName(role) {
				return usage(fmt.Sprintf("%q cannot be a role of %s", role, h), "write HANDLE:ROLE+ROLE with team, lead, auditor, or what the programme declares")
			}
			m.roles[h], m.unused[h+":"+role] = append(m.roles[h], role), true
		}
	}
	return nil
}

// emptyPlace holds that a directory is new or empty: nothing that is there is
// ever overwritten, and nothing is written before both places are known good.
func emptyPlace(dir string) error {
	if dir == "" {
		return usage("a directory for the new secret keys is needed", "name it with --keys KEYDIR")
	}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && len(entries) > 0 {
		return usage(dir+" is not empty", "the repository and the secret keys each go to a directory of their own")
	}
	return err
}

// program makes the keys and files of one programme.
func (m *maker) program(name string) error {
	text, templates, err := source(name)
	if err != nil {
		return err
	}
	head := withoutKeys(text)
	p, err := identity(head)
	if err != nil {
		return notValid(name, err)
	}
	keys, err := m.roleKeys(p)
	if err != nil {
		return err
	}
	full := append(bytes.TrimRight(head, "\n"), []byte("\n\n"+m.keysSection(keys)+m.peopleSection(p))...)
	made, err := casefile.ParseProgram(full)
	if err != nil {
		return notValid(name, err)
	}
	m.out.Notes = append(m.out.Notes, shortages(made)...)
	dir := "cases/" + p.Program
	m.add(dir+"/program.yaml", placed(full))
	for kind, raw := range templates {
		m.add(dir+"/templates/"+kind, raw)
	}
	for role, k := range keys {
		m.add(dir+"/keys/"+role+".asc", []byte(k.Cert().Armor()))
	}
	for _, x := range made.People {
		m.add(dir+"/keys/"+x.Handle+".asc", []byte(m.people[x.Handle].Cert().Armor()))
		for _, role := range x.Roles {
			delete(m.unused, x.Handle+":"+role)
		}
	}
	m.out.Programs = append(m.out.Programs, p.Program)
	m.out.Published[p.Program] = keys["intake"].Cert().Fingerprint().Hex()
	return m.intakeSecret(p.Program, keys["escrow"])
}

// withoutKeys takes keys and people out of a program.yaml, wherever they stand,
// with the comments right above them. docket init puts its own at the end.
func withoutKeys(text []byte) []byte {
	var out []string
	ours := false
	for _, line := range strings.Split(string(text), "\n") {
		switch {
		case strings.HasPrefix(line, "keys:") || strings.HasPrefix(line, "people:"):
			ours = true
			for len(out) > 0 && strings.HasPrefix(out[len(out)-1], "#") {
				out = out[:len(out)-1]
			}
		case line != "" && !strings.ContainsAny(line[:1], " \t\r-"):
			ours = false // the next key, or a comment on it
		}
		if !ours {
			out = append(out, line)
		}
	}
	return []byte(strings.TrimRight(strings.Join(out, "\n"), "\n") + "\n")
}

// schemaLine names the schema as a file in cases/PROGRAM finds it.
const schemaLine = "# yaml-language-server: $schema="

// placed is a program.yaml as it stands in a case repository: its first line may
// name the schema, which is elsewhere from there.
func placed(text []byte) []byte {
	first, rest, ok := bytes.Cut(text, []byte("\n"))
	if !ok || !bytes.HasPrefix(first, []byte(schemaLine)) {
		return text
	}
	return append([]byte(schemaLine+"../../schema/program.schema.json\n"), rest...)
}

func (m *maker) add(path string, data []byte) {
	m.edits = append(m.edits, store.Edit{Path: path, Data: data})
}

// Shipped lists the names of the shipped programmes.
func Shipped() []string {
	entries, err := shipped.ReadDir("programs")
	if err != nil {
		panic("desk: shipped programmes: " + err.Error()) // embedded: cannot fail
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

// source reads a shipped programme, or a file.
func source(name string) (text []byte, templates map[string][]byte, err error) {
	templates = map[string][]byte{}
	if has(Shipped(), name) {
		if text, err = shipped.ReadFile("programs/" + name + "/program.yaml"); err != nil {
			return nil, nil, err
		}
		files, err := fs.Glob(shipped, "programs/"+name+"/templates/*.txt")
		if err != nil {
			return nil, nil, err
		}
		for _, f := range files {
			if templates[filepath.Base(f)], err = shipped.ReadFile(f); err != nil {
				return nil, nil, err
			}
		}
		return text, templates, nil
	}
	info, err := os.Stat(name)
	if err != nil {
		return nil, nil, usage(fmt.Sprintf("there is no programme %q", name), "name a shipped one ("+strings.Join(Shipped(), ", ")+") or the path of a program.yaml")
	}
	if info.Size() > maxProgramFile {
		return nil, nil, usage(name+" is too large for a program.yaml", "")
	}
	return ownPolicy(name)
}

// identity reads the values that keys are named after.
func identity(head []byte) (*psirt.Program, error) {
	p, err := casefile.PeekProgram(head)
	if err == nil && (len(p.Intake.Addresses) == 0 || p.Program == "" || p.Intake.Domain == "") {
		err = errors.New("program, intake.addresses and intake.domain are needed")
	}
	return p, err
}

// schemas adds what every case repository has: schema, a word to people who
// meet it, and the workflows that run where it is on GitHub.
func (m *maker) schemas() error {
	files, err := fs.Glob(schema.Files(), "*.schema.json")
	if err != nil {
		return err
	}
	for _, name := range files {
		raw, err := fs.ReadFile(schema.Files(), name)
		if err != nil {
			return err
		}
		m.add("schema/"+name, raw)
	}
	m.add("README.md", []byte(caseReadme))
	workflows, err := workflowFiles(m.o.Release, m.o.ReleaseSums)
	for name, raw := range workflows {
		m.add(name, raw)
	}
	return err
}

const caseReadme = `# A case repository

Reports of vulnerabilities, sealed with OpenPGP, and who decided what about
them. Docket wrote it; git, gpg and an editor are enough to read it.

    git log --show-signature                     who did what
    git log --format='%h %s%n%(trailers)' main   the story of every case
    docket audit                                 proves it, without any key
    docket list                                  the cases

A case is one file, cases/<program>/<year>/<block>/<ID>.yaml. To check the
signature of a revision F by hand, with the keys in cases/<program>/keys:

    gpg --verify <(sed '1,/^signature:/d;s/^  //' F) <(sed '/^signature:/,$d' F)
`

func (m *maker) writeRepo(dir string) error {
	repo, err := store.Init(dir)
	if err != nil {
		return err
	}
	defer repo.Close()
	d := newDesk(repo, Options{Now: func() time.Time { return m.at }})
	lead := m.o.Team[0]
	key := m.people[lead]
	who := &actor{key: key, handle: lead, mail: key.Cert().Addresses()[0]}
	batch := repo.NewBatch()
	root, err := d.commit(batch, who, m.at, store.Hash{}, nil, m.edits, message("Begin: "+strings.Join(m.out.Programs, ", "), "Program", strings.Join(m.out.Programs, ", ")))
	if err != nil {
		return err
	}
	m.out.Root, m.out.Signer = root.String(), key.Cert().Fingerprint()
	return repo.Publish(context.Background(), batch, store.RefUpdate{Name: mainRef, New: root})
}
