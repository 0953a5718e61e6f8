package desk

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"time"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/forge"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
	"github.com/docket-psirt/docket/internal/store"
)

// The names of branches and refs.
const (
	mainRef       = "refs/heads/main"
	deliveriesRef = "refs/heads/deliveries"
	forgeRef      = "refs/docket/forge"
	heads         = "refs/heads/"
)

//go:embed templates/*.txt
var templateFiles embed.FS

// defaults are the built-in templates by kind.
func defaults() map[string]string {
	out := map[string]string{}
	entries, err := templateFiles.ReadDir("templates")
	if err != nil {
		panic("desk: built-in templates: " + err.Error()) // embedded: cannot fail
	}
	for _, e := range entries {
		raw, err := templateFiles.ReadFile("templates/" + e.Name())
		if err != nil {
			panic("desk: built-in templates: " + err.Error())
		}
		out[strings.TrimSuffix(e.Name(), ".txt")] = string(raw)
	}
	return out
}

// Options say who acts and with what.
type Options struct {
	Keys  string           // directory of secret keys; empty: none
	As    string           // handle of the person who acts, when Keys holds several
	Pass  seal.Passphrase  // nil: keys must be unprotected
	Gpg   bool             // people's keys are in the user's own gpg; those of roles in Keys
	Now   func() time.Time // nil: time.Now
	Forge ForgeOptions
}

// Desk works on one case repository.
type Desk struct {
	repo   *store.Repo
	forge  forge.Forge
	github hosted          // nil: the local forge
	heard  map[string]bool // labels of tracking issues that were followed or answered (hearing)
	board  *board
	ring   *Ring
	judge  *audit.Judge
	as     string
	clock  func() time.Time

	terms sync.Map // digest of a programme's file: psirt.ReportForm (termsOf)
}

// Open opens a case repository: a bare one, or a clone of it.
func Open(dir string, o Options) (*Desk, error) {
	repo, err := store.Open(dir)
	if err != nil {
		return nil, err
	}
	d := newDesk(repo, o)
	if err := d.chooseForge(o.Forge); err != nil {
		return nil, err
	}
	if err := d.repo.Fetch(context.Background()); err != nil {
		return nil, err
	}
	if _, err := d.repo.Ref(mainRef); err != nil {
		return nil, &Problem{Text: dir + " is not a case repository: it has no branch main", Do: "make one with docket init, or name one with -C DIR"}
	}
	return d, nil
}

func newDesk(repo *store.Repo, o Options) *Desk {
	d := &Desk{repo: repo, ring: NewRing(o.Keys, o.Pass, o.Gpg), as: o.As, clock: o.Now,
		judge: &audit.Judge{Repo: repo, Defaults: defaults()}}
	if d.clock == nil {
		d.clock = time.Now
	}
	d.board = &board{d: d, ref: forgeRef}
	d.forge = forge.NewLocal(d.board, d.now)
	return d
}

// Close lets go of the repository.
func (d *Desk) Close() error { return d.repo.Close() }

// now is the time in whole seconds, as files and commits carry it.
func (d *Desk) now() time.Time { return d.clock().UTC().Truncate(time.Second) }

// main is the head of main, and its tree.
func (d *Desk) main() (store.Hash, *store.Snapshot, error) {
	h, err := d.repo.Ref(mainRef)
	if err != nil {
		return h, nil, err
	}
	at, err := d.repo.At(h)
	return h, at, err
}

// setting is the programme that a case belongs to, by the ID's prefix, as it
// stands on main.
func (d *Desk) settingOf(at *store.Snapshot, id psirt.CaseID) (*audit.Setting, error) {
	prefix, _, _, ok := id.Parts()
	if !ok {
		return nil, usage(fmt.Sprintf("%q is not a case ID", id), "one looks like INGP-2026-0042; docket list shows them")
	}
	names, err := d.judge.Programs(at)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		s, err := d.judge.Setting(at, name)
		if err != nil {
			return nil, err
		}
		if s.Program.Prefix == prefix {
			return s, nil
		}
	}
	return nil, &Problem{Text: fmt.Sprintf("no programme here has cases like %s", id), Do: "docket list shows the cases"}
}

// settings are all programmes on main.
func (d *Desk) settings(at *store.Snapshot) ([]*audit.Setting, error) {
	names, err := d.judge.Programs(at)
	if err != nil {
		return nil, err
	}
	var out []*audit.Setting
	for _, name := range names {
		s, err := d.judge.Setting(at, name)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// one is a case as it stands somewhere.
type one struct {
	*psirt.Case
	file    []byte
	at      *store.Snapshot
	commit  store.Hash
	setting *audit.Setting // on main
}

// load reads a case at a commit.
func (d *Desk) load(s *audit.Setting, commit store.Hash, id psirt.CaseID) (*one, error) {
	at, err := d.repo.At(commit)
	if err != nil {
		return nil, err
	}
	return loadAt(s, at, commit, id)
}

func loadAt(s *audit.Setting, at *store.Snapshot, commit store.Hash, id psirt.CaseID) (*one, error) {
	raw, err := at.Read(psirt.CasePath(s.Program.Program, id), casefile.MaxSize)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &Problem{Text: fmt.Sprintf("there is no case %s", id), Do: "docket list shows the cases", Err: fs.ErrNotExist}
	}
	if err != nil {
		return nil, err
	}
	c, err := casefile.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", psirt.CasePath(s.Program.Program, id), err)
	}
	return &one{Case: c, file: raw, at: at, commit: commit, setting: s}, nil
}

// onMain reads a case as main has it.
func (d *Desk) onMain(id psirt.CaseID) (*one, error) {
	h, at, err := d.main()
	if err != nil {
		return nil, err
	}
	s, err := d.settingOf(at, id)
	if err != nil {
		return nil, err
	}
	return d.load(s, h, id)
}

func nextBranch(id psirt.CaseID) string { return "case/" + string(id) + "/next" }

// branch is the head of a branch, or zero; also for a fork's (OWNER:BRANCH).
func (d *Desk) branch(name string) (store.Hash, error) {
	if strings.Contains(name, ":") {
		return store.Hash{}, nil
	}
	h, err := d.repo.Ref(heads + name)
	if errors.Is(err, fs.ErrNotExist) {
		return store.Hash{}, nil
	}
	return h, err
}
