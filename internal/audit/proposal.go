package audit

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/store"
)

// Kinds of proposal.
const (
	KindIntake  = "intake"  // a first revision
	KindMail    = "mail"    // a follow-up mail
	KindMove    = "move"    //
	KindUpdate  = "update"  // own words to the reporter, without a move
	KindEdit    = "edit"    //
	KindProgram = "program" // anything outside case folders
)

// maxBranch bounds the commits of one proposal.
const maxBranch = 1000

// Judgement is what is known of one proposal.
type Judgement struct {
	Kind     string
	Program  string
	Case     psirt.CaseID
	From, To string
	Outcome  psirt.Outcome

	Base, Head store.Hash
	Steps      []Step              // revisions, oldest first
	Approvals  []Approval          // all that name the newest revision
	Changers   []psirt.Fingerprint // who signed changes of a programme
	Resealed   []Step              // cases that a change of a programme seals anew; not among Steps
	Findings   []Finding
	Verdict    psirt.Verdict

	Fork store.Hash // the commit of main that the branch begins at

	paths map[string]store.Entry // every path that the branch brings, with its blob and mode
	line  []*store.Commit        // the branch's commits, oldest first
	tree  store.Hash             // of the head
}

// OK reports whether the proposal may be merged as far as can be told without
// a key: what is sealed was judged by those who signed.
func (g *Judgement) OK() bool { return g.Verdict.Result != psirt.Fail }

// Step is one revision of a proposal.
type Step struct {
	Commit     *store.Commit
	File       []byte
	Case       *psirt.Case
	Before     *psirt.Case // nil for a first revision
	Move       bool
	Transition psirt.Transition
	Rules      []psirt.Transition  // those that a move can have been made by; several where only a key can tell
	Verdict    psirt.Verdict       // of the transition's guards, or of what is sent without a move
	Standing   *psirt.ApprovalRule // of a standard text without a move; nil when there is none
	Sealed     bool                // a sealed part or an update in own words changes
	Updates    []psirt.Update
}

// Approval is a commit that approves.
type Approval struct {
	Commit *store.Commit
	By     psirt.Fingerprint
	Kind   string
	Names  string // what it approves: the revision's digest, or git:<tree>
}

// Proposal judges what merging head into main at base would bring. The error
// is for what could not be read; everything wrong with the proposal is in the
// judgement.
func (j *Judge) Proposal(base, head store.Hash) (*Judgement, error) {
	g := &Judgement{Base: base, Head: head, paths: map[string]store.Entry{}}
	baseCommit, err := j.Repo.Commit(base)
	if err != nil {
		return nil, err
	}
	commits, err := j.branch(base, head)
	if errors.Is(err, errBranch) {
		s := scribe{commit: head}
		s.add("branch", "%v", err)
		g.Findings, g.Verdict = s.findings, psirt.Failed("the branch can be judged", err.Error())
		return g, nil
	}
	if err != nil {
		return nil, err
	}
	p := &proposal{j: j, g: g, baseTree: baseCommit.Tree}
	if p.base, err = j.Repo.At(base); err != nil {
		return nil, err
	}
	g.line = commits
	for _, c := range commits {
		if err := p.commit(c); unreadable(err) {
			p.s.add("unreadable", "%v", err)
			break
		} else if err != nil {
			return nil, err
		}
	}
	if len(commits) == 0 {
		p.s.add("empty", "the proposal brings no commit")
	} else {
		g.tree = commits[len(commits)-1].Tree
		if len(commits[0].Parents) > 0 {
			g.Fork = commits[0].Parents[0]
		}
	}
	for i := range p.s.findings { // what was found before the case was known
		if p.s.findings[i].Case == "" {
			p.s.findings[i].Case = g.Case
		}
	}
	g.Findings = p.s.findings
	g.Verdict = p.verdict()
	return g, nil
}

// Empty reports whether head is on main already.
func (g *Judgement) Empty() bool {
	return slices.ContainsFunc(g.Findings, func(f Finding) bool { return f.Kind == "empty" })
}

// proposal is the state of judging one.
type proposal struct {
	j        *Judge
	g        *Judgement
	s        scribe
	base     *store.Snapshot
	baseTree store.Hash
	setting  *Setting
	claims   []Approval // every approval, whatever it names
	newest   string     // what an approval must name now
}

// errBranch: what a branch looks like, which is a finding and no failure.
var errBranch = errors.New("no branch of a proposal")

// branch lists the commits that head adds to main at base, oldest first. A
// branch is a line: a merge inside it is an error of form that the caller sees
// as a finding on that commit.
func (j *Judge) branch(base, head store.Hash) ([]*store.Commit, error) {
	var out []*store.Commit
	for at := head; len(out) <= maxBranch; {
		on, err := j.onMain(base, at)
		if err != nil {
			return nil, err
		}
		if on {
			for i, k := 0, len(out)-1; i < k; i, k = i+1, k-1 {
				out[i], out[k] = out[k], out[i]
			}
			return out, nil
		}
		c, err := j.Repo.Commit(at)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
		if len(c.Parents) == 0 {
			return nil, fmt.Errorf("%w: it does not begin on main", errBranch)
		}
		at = c.Parents[0]
	}
	return nil, fmt.Errorf("%w: it has more than %d commits", errBranch, maxBranch)
}

func (j *Judge) onMain(base, at store.Hash) (bool, error) {
	if at == base || j.main[at] || j.brought[at] {
		return true, nil
	}
	if j.main != nil && j.since.IsZero() { // replaying: all of main up to base is known
		return false, nil
	}
	return j.Repo.IsAncestor(at, base)
}

// commit judges one commit of the branch by what it changes.
func (p *proposal) commit(c *store.Commit) error {
	p.s.commit = c.Hash
	if len(c.Parents) != 1 {
		p.s.add("merge-in-branch", "a branch of a proposal is a line of single commits")
		return nil
	}
	parent, err := p.j.Repo.Commit(c.Parents[0])
	if err != nil {
		return err
	}
	changes, err := p.j.Repo.Changes(parent.Tree, c.Tree)
	if err != nil {
		return err
	}
	if len(changes) == 0 {
		p.approval(c)
		return nil
	}
	p.dated(c, parent)
	before, err := p.j.Repo.At(parent.Hash)
	if err != nil {
		return err
	}
	after, err := p.j.Repo.At(c.Hash)
	if err != nil {
		return err
	}
	for _, ch := range changes {
		p.g.paths[ch.Path] = ch.New
	}
	d := &delta{proposal: p, c: c, before: before, after: after}
	d.sort(changes)
	return d.judge()
}

// skew is by how much two machines' clocks may differ.
const skew = 15 * time.Minute

// dated holds that a commit is not older than the one that it stands on, so
// that nobody keeps a deadline by dating a step back.
func (p *proposal) dated(c, parent *store.Commit) {
	if eventTime(c).Add(skew).Before(eventTime(parent)) {
		p.s.add("time", "the commit is dated before the one that it stands on")
	}
}

// set makes the programme of the proposal known; all its commits must be of
// one programme and one case.
func (p *proposal) set(program string, id psirt.CaseID) bool {
	if p.setting != nil {
		if p.g.Program != program || p.g.Case != id {
			p.s.add("mixed", "one proposal is about one case or one programme")
			return false
		}
		return true
	}
	setting, err := p.j.Setting(p.base, program)
	if err != nil {
		// Without the rules nothing can be judged, so nothing passes.
		p.s.add("programme", "%v", err)
		return false
	}
	p.setting, p.g.Program, p.g.Case = setting, program, id
	p.s.id = id
	return true
}

// delta is one commit's changes, sorted by place.
type delta struct {
	*proposal
	c             *store.Commit
	before, after *store.Snapshot

	file    *store.Change
	items   map[place]store.Change // mails, records, updates
	seen    []store.Change
	program []store.Change
	owner   place
}

func (d *delta) sort(changes []store.Change) {
	d.items = map[place]store.Change{}
	for _, ch := range changes {
		at := placeOf(ch.Path)
		if !ch.New.Hash.IsZero() && ch.New.Mode != regular {
			d.s.add("mode", "%s: only plain files are allowed", ch.Path)
		}
		switch at.kind {
		case placeProgram:
			d.program = append(d.program, ch)
			continue
		case placeStray:
			d.s.add("stray", "%s: nothing belongs there", ch.Path)
			continue
		case placeSeen:
			d.seen = append(d.seen, ch)
		case placeCase:
			d.file = &ch
		default:
			d.items[at] = ch
		}
		if at.id != "" && d.owner.id != "" && d.owner.id != at.id || d.owner.program != "" && d.owner.program != at.program {
			d.s.add("mixed", "one commit changes one case")
		}
		if d.owner.program == "" || at.id != "" {
			d.owner = at
		}
	}
}

// regular is the mode of a plain file in a git tree.
const regular = 0o100644

func (d *delta) judge() error {
	switch {
	case len(d.program) > 0:
		return d.programme()
	case d.g.Kind == KindProgram && d.owner.program != "":
		return d.resealed()
	case d.owner.program == "":
		return nil // strays only; they are findings already
	case !d.set(d.owner.program, d.owner.id):
		return nil
	case d.file != nil:
		return d.revision()
	}
	return d.mail()
}

// approval takes a commit that changes nothing: a signature over a digest.
func (p *proposal) approval(c *store.Commit) {
	names := c.Trailer("Approves")
	if names == "" {
		p.s.add("empty-commit", "a commit that changes nothing names what it approves")
		return
	}
	if p.setting == nil {
		p.s.add("approval", "there is nothing before it that it could approve")
		return
	}
	p.s.says(c, map[string][]string{"Case": one(string(p.g.Case))}, "Approves", "Attested-by")
	by, err := p.setting.signer(c)
	if err != nil {
		p.s.add("signature", "%v", err)
		return
	}
	a := Approval{Commit: c, By: by, Kind: psirt.KindSigned, Names: names}
	if login := c.Trailer("Attested-by"); login != "" {
		person, ok := p.setting.Program.ByLogin(login)
		if by != p.setting.Program.Keys.Bot || !ok {
			p.s.add("attestation", "only the bot records reviews, of people whom the programme knows")
			return
		}
		a.By, a.Kind = person.Key, psirt.KindAttested
	}
	p.claims = append(p.claims, a)
}
