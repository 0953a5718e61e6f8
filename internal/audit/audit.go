package audit

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/store"
)

// Options say what to replay.
type Options struct {
	Main       store.Hash // head of main
	Deliveries store.Hash // head of deliveries; zero when there is none
	Root       store.Hash // expected first commit; zero: any
	Since      store.Hash // a commit of main that is trusted already; zero: the root
	Remembered map[string]store.Hash
	Now        time.Time
	// Sealed judges what is sealed in a proposal that came to main; nil: no key
	// is at hand.
	Sealed func(*Judgement) []Finding
}

// Report is what a replay found.
type Report struct {
	Root       string    `json:"root"`
	RootSigner string    `json:"root_signer"`
	Head       string    `json:"head"`
	Deliveries string    `json:"deliveries,omitempty"`
	Since      string    `json:"since,omitempty"`
	At         time.Time `json:"at"`
	Commits    int       `json:"commits"`
	Revisions  int       `json:"revisions"`
	Cases      int       `json:"cases"`
	Opened     int       `json:"opened"` // cases that a key at hand was tried on
	Findings   []Finding `json:"findings"`
	Stories    []*Story  `json:"stories,omitempty"`
}

// Story is what happened to one case, in order.
type Story struct {
	Case     psirt.CaseID    `json:"case"`
	Program  string          `json:"program"`
	State    string          `json:"state"`
	Label    string          `json:"label"`
	Phase    psirt.Phase     `json:"phase"`
	Outcome  psirt.Outcome   `json:"outcome,omitempty"`
	Opened   time.Time       `json:"opened"`
	Revision int             `json:"revision"`
	Events   []Event         `json:"events"`
	Clocks   []psirt.Reading `json:"clocks,omitempty"`

	setting *Setting
	now     *psirt.Case
}

// Event is one thing that happened to a case.
type Event struct {
	At       time.Time `json:"at"`
	Kind     string    `json:"kind"` // move, edit, update, mail, approval, receipt
	Text     string    `json:"text"`
	By       string    `json:"by"` // handle or role
	Commit   string    `json:"commit"`
	State    string    `json:"state,omitempty"` // after a move
	Name     string    `json:"-"`               // as clocks read it
	Attested bool      `json:"attested,omitempty"`
	sent     int       // the update that a receipt says was sent
}

// replay is an audit in progress.
type replay struct {
	j       *Judge
	o       Options
	r       *Report
	s       scribe
	stories map[psirt.CaseID]*Story
	order   []psirt.CaseID
	parts   map[psirt.Digest]bool // every sealed part and update so far
	heads   map[store.Hash]int    // main's heads, in order
	owed    []owed                // updates, in the order in which they came to main
	timed   []timed               // what the bot did on clocks that receipts stop or start
}

// Audit replays history from the root, or from a trusted commit, to the heads.
func (j *Judge) Audit(o Options) (*Report, error) {
	a := &replay{j: j, o: o, stories: map[psirt.CaseID]*Story{}, parts: map[psirt.Digest]bool{}, heads: map[store.Hash]int{},
		r: &Report{Head: o.Main.String(), At: o.Now.UTC().Truncate(time.Second), Findings: []Finding{}}}
	line, err := a.line()
	if err != nil {
		return nil, err
	}
	j.main, j.brought, j.since = map[store.Hash]bool{}, map[store.Hash]bool{}, o.Since
	defer func() { j.main, j.brought, j.since = nil, nil, store.Hash{} }()
	for i, m := range line {
		if i == 0 {
			err = a.begin(m)
		} else {
			err = a.merge(m)
		}
		if err != nil {
			return nil, err
		}
		j.main[m.Hash], a.heads[m.Hash] = true, i
	}
	if err := a.remembered(); err != nil {
		return nil, err
	}
	if !o.Deliveries.IsZero() {
		a.r.Deliveries = o.Deliveries.String()
		if err := a.deliveries(); err != nil {
			return nil, err
		}
	} else {
		a.undelivered(nil)
	}
	if err := a.close(line[len(line)-1]); err != nil {
		return nil, err
	}
	return a.r, nil
}

// line lists main's first-parent commits, oldest first, beginning with the
// root or the trusted commit.
func (a *replay) line() ([]*store.Commit, error) {
	var line []*store.Commit
	for c, err := range a.j.Repo.FirstParents(a.o.Main, a.o.Since) {
		if err != nil {
			return nil, err
		}
		line = append(line, c)
	}
	if !a.o.Since.IsZero() {
		a.r.Since = a.o.Since.String()
		c, err := a.j.Repo.Commit(a.o.Since)
		if err != nil {
			return nil, err
		}
		line = append(line, c)
		if len(line) > 1 && line[len(line)-2].Parents[0] != c.Hash {
			return nil, fmt.Errorf("%s is not on the first-parent line of main", short(a.r.Since))
		}
	}
	for i, k := 0, len(line)-1; i < k; i, k = i+1, k-1 {
		line[i], line[k] = line[k], line[i]
	}
	return line, nil
}

// begin judges the trust root: the first commit, signed by a lead of each
// programme that it brings. A trusted commit is taken as it is.
func (a *replay) begin(c *store.Commit) error {
	a.s.commit = c.Hash
	a.r.Commits++
	if !a.o.Since.IsZero() {
		return nil
	}
	a.r.Root = c.Hash.String()
	if len(c.Parents) != 0 {
		return fmt.Errorf("history of main is cut off at %s: fetch all of it (git fetch --unshallow)", short(a.r.Root))
	}
	if !a.o.Root.IsZero() && a.o.Root != c.Hash {
		a.s.add("root", "the first commit is not the trust root that was expected")
	}
	at, err := a.j.Repo.At(c.Hash)
	if err != nil {
		return err
	}
	names, err := a.j.Programs(at)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		a.s.add("root", "the first commit holds no programme")
	}
	for _, name := range names {
		setting, err := a.j.Setting(at, name)
		if err != nil {
			a.s.add("root", "%v", err)
			continue
		}
		by, err := setting.signer(c)
		if err != nil {
			a.s.add("root", "%v", err)
			continue
		}
		a.r.RootSigner = string(by)
		if person, ok := setting.Program.ByKey(by); !ok || !person.HasRole(psirt.RoleLead) {
			a.s.add("root", "the first commit is not signed by a lead of %s", name)
		}
		for _, fault := range setting.faults() {
			a.s.add("programme", "%s: %s", name, fault)
		}
	}
	err = at.Walk("cases", func(e store.Entry) error {
		if placeOf(e.Path).kind != placeProgram {
			a.s.add("root", "%s: the first commit brings programmes only", e.Path)
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it holds no programme, and that was said
	}
	return err
}

// merge judges one merge and writes down what it brought.
func (a *replay) merge(m *store.Commit) error {
	g, err := a.j.Merge(m)
	if err != nil {
		return err
	}
	a.r.Commits++
	a.r.Findings = append(a.r.Findings, g.Findings...)
	if a.o.Sealed != nil {
		a.r.Findings = append(a.r.Findings, a.o.Sealed(g)...)
	}
	a.r.Commits += len(g.Steps) + len(g.Resealed) + len(g.Approvals)
	a.r.Revisions += len(g.Steps) + len(g.Resealed)
	for _, step := range g.Resealed {
		a.replayed(step)
	}
	for _, step := range g.Steps {
		a.replayed(step)
		a.timedStep(step)
		for _, u := range step.Updates {
			a.owed = append(a.owed, owed{head: len(a.heads), id: step.Case.ID, n: u.N})
		}
	}
	return a.tell(g, m)
}

// owed is an update that main's head number head brought.
type owed struct {
	head int
	id   psirt.CaseID
	n    int
}

// replayed holds that what is sealed is sealed anew: a part that stood in an
// older revision, or in another case, was put back by somebody. Who signs a
// revision may do that without leaving any other trace.
func (a *replay) replayed(step Step) {
	a.s.commit, a.s.id = step.Commit.Hash, step.Case.ID
	before := step.Before
	if before == nil {
		before = &psirt.Case{}
	}
	add := func(name string, digest psirt.Digest) {
		if a.parts[digest] {
			a.s.add("replayed", "%s is not new: it stood in an older revision, or in another case", name)
		}
		a.parts[digest] = true
	}
	if step.Case.Sealed != before.Sealed {
		add("sealed", psirt.SHA256([]byte(step.Case.Sealed)))
	}
	if step.Case.Contact != before.Contact {
		add("contact", psirt.SHA256([]byte(step.Case.Contact)))
	}
	for _, u := range step.Updates {
		if u.Sealed != "" {
			add(fmt.Sprintf("update-%d.asc", u.N), u.Sealed)
		}
	}
}

// remembered holds heads that were seen before against what is there now.
func (a *replay) remembered() error {
	a.s.commit, a.s.id = store.Hash{}, ""
	for name, head := range map[string]store.Hash{"main": a.o.Main, "deliveries": a.o.Deliveries} {
		old, ok := a.o.Remembered[name]
		if !ok || old == head {
			continue
		}
		is := false
		if !head.IsZero() {
			var err error
			if is, err = a.j.Repo.IsAncestor(old, head); err != nil {
				is = false // what was there is gone, which is the finding
			}
		}
		if !is {
			a.s.add("rewritten", "the branch %s was at %s when it was last audited; its history now leaves that out", name, short(old.String()))
		}
	}
	return nil
}

// close finishes the report.
func (a *replay) close(head *store.Commit) error {
	a.onTime()
	a.r.Findings = append(a.r.Findings, a.s.findings...)
	for _, id := range a.order {
		story := a.stories[id]
		if story.setting != nil && story.now != nil {
			story.finish(a.o.Now)
		}
		a.r.Stories = append(a.r.Stories, story)
	}
	at, err := a.j.Repo.At(head.Hash)
	if err != nil {
		return err
	}
	err = at.Walk("cases", func(e store.Entry) error {
		if placeOf(e.Path).kind == placeCase {
			a.r.Cases++
		}
		return nil
	})
	if unreadable(err) || errors.Is(err, fs.ErrNotExist) {
		s := scribe{commit: head.Hash}
		s.add("unreadable", "%v", err)
		a.r.Findings = append(a.r.Findings, s.findings...)
		return nil
	}
	return err
}
