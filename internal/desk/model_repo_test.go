package desk_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
	"github.com/docket-psirt/docket/internal/store"
)

// TestModelInRepository walks each programme in a real repository with real
// keys: edits, moves and approvals through the desk, and past it revisions that
// somebody with a key forges and pushes. Whatever is not allowed is refused with
// a reason, by the desk or by docket check; and what came to main has no
// findings, with keys and without.
func TestModelInRepository(t *testing.T) {
	t.Parallel()
	for _, name := range desk.Shipped() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWalk(t, name)
			steps, least := rounds(12, 500), rounds(1, 50)
			n := 0
			for ; n < steps || n < 20*steps && min(w.moved, w.refused, w.forged) < least; n++ { // chance may need more of them
				w.step()
			}
			w.t.Logf("%d steps: %d moved, %d refused, %d forged", n, w.moved, w.refused, w.forged)
			if min(w.moved, w.refused, w.forged) < least {
				t.Error("the walk does not reach enough")
			}
			w.clean()
		})
	}
}

// walk is a walk in a repository.
type walk struct {
	t     *testing.T
	r     *rand.Rand
	p     *psirt.Program
	full  psirt.Document
	dir   string
	keys  string
	repo  *store.Repo
	desks map[string]*desk.Desk
	now   time.Time
	id    psirt.CaseID

	moved, refused, forged int
}

// team are the people of the walk; the first is lead.
var team = []string{"lead", "triage", "third"}

func newWalk(t *testing.T, name string) *walk {
	t.Helper()
	w := &walk{t: t, r: chance(t, "repository "+name), dir: filepath.Join(t.TempDir(), "cases.git"), keys: filepath.Join(t.TempDir(), "keys"),
		desks: map[string]*desk.Desk{}, now: time.Now().UTC().Add(-10 * 24 * time.Hour).Truncate(time.Second)}
	_, w.full = modelProgramme(t, name)
	_, err := desk.Init(w.dir, desk.InitOptions{Programs: []string{name}, Team: team, Keys: w.keys, Now: w.clock})
	w.must(err)
	w.now = w.now.Add(100 * time.Hour) // what is dated back is younger than the keys
	for _, who := range team {
		w.desks[who], err = desk.Open(w.dir, desk.Options{Keys: w.keys, As: who, Now: w.clock})
		w.must(err)
		t.Cleanup(func() { w.desks[who].Close() })
	}
	w.repo, err = store.Open(w.dir)
	w.must(err)
	t.Cleanup(func() { w.repo.Close() })
	w.p = w.setting().Program
	// What is decided once and sealed for good stays open here.
	delete(w.full, "legal")
	w.id, err = w.desks["lead"].OpenCase(t.Context(), name, psirt.Document{"title": "A walk"})
	w.must(err)
	return w
}

func (w *walk) clock() time.Time { w.now = w.now.Add(3 * time.Second); return w.now }

func (w *walk) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *walk) main() store.Hash {
	w.t.Helper()
	h, err := w.repo.Ref("refs/heads/main")
	w.must(err)
	return h
}

func (w *walk) setting() *audit.Setting {
	w.t.Helper()
	at, err := w.repo.At(w.main())
	w.must(err)
	names, err := (&audit.Judge{Repo: w.repo}).Programs(at)
	w.must(err)
	s, err := (&audit.Judge{Repo: w.repo}).Setting(at, names[0])
	w.must(err)
	return s
}

// current is the case as main has it.
func (w *walk) current() (*psirt.Case, []byte) {
	w.t.Helper()
	at, err := w.repo.At(w.main())
	w.must(err)
	raw, err := at.Read(psirt.CasePath(w.p.Program, w.id), 1<<20)
	w.must(err)
	c, err := casefile.Parse(raw)
	w.must(err)
	return c, raw
}

func (w *walk) step() {
	switch n := w.r.IntN(10); {
	case n < 3:
		w.edit(pick(w.r, team))
	case n < 8:
		w.edit(pick(w.r, team))
		w.move(pick(w.r, team))
	default:
		w.forge()
	}
}

// edit changes the report and brings that to main. What the schema or a rule of
// the desk refuses is said so, and the queue stays empty.
func (w *walk) edit(who string) {
	d := w.desks[who]
	e, err := d.Edit(w.t.Context(), w.id, func(report psirt.Document, _ *psirt.Contact) ([]string, error) {
		before := report.Clone()
		for range 1 + w.r.IntN(4) {
			vary(w.r, w.p, report, w.full)
		}
		own(w.r, w.p, report, before, who)
		return []string{"title"}, nil
	})
	var problem *desk.Problem
	var refused *desk.Refused
	if errors.As(err, &problem) || errors.As(err, &refused) {
		return
	}
	w.must(err)
	if e.Queued == 0 {
		return
	}
	p, err := d.Push(w.t.Context(), w.id)
	w.must(err)
	if !p.Merged {
		w.t.Fatalf("an edit by %s is not merged: %v", who, p.Needs)
	}
}

// move asks for a move, tries to bring it past its approvals, and then gets
// them, or gives it up.
func (w *walk) move(who string) {
	before, _ := w.current()
	want := wishes(w.r, w.p, before.State)
	p, err := w.desks[who].Move(w.t.Context(), w.id, want.to, want.outcome, "", false)
	if err != nil {
		w.isRefused(err)
		return
	}
	rules := rulesFor(w.p, before.State, want.to, want.outcome)
	if len(rules) == 0 {
		w.t.Fatalf("the desk proposes a move from %s to %+v, which the table does not have", before.State, want)
	}
	for i := 0; !p.Merged && i < len(team); i++ {
		w.unapproved(who, p.Number)
		other := team[(slices.Index(team, who)+1+i)%len(team)]
		if other == who || w.r.IntN(6) == 0 {
			w.must(w.desks[who].ClosePull(w.t.Context(), p.Number))
			return
		}
		p, err = w.desks[other].Approve(w.t.Context(), p.Number, "")
		if err != nil {
			w.isRefused(err)
			p = &desk.Proposed{Number: w.open()}
		}
	}
	if after, _ := w.current(); after.State != want.to || after.Outcome != want.outcome {
		w.t.Fatalf("moved from %s to %s (%s), and not to %+v", before.State, after.State, after.Outcome, want)
	}
	w.moved++
}

// open is the number of the open pull request.
func (w *walk) open() int {
	list, err := w.desks["lead"].Pulls(w.t.Context(), false)
	w.must(err)
	if len(list) != 1 {
		w.t.Fatalf("%d pull requests are open", len(list))
	}
	return list[0].Number
}

// unapproved holds that a proposal which still needs something is not merged,
// that its author does not approve it, and that check says what it needs.
func (w *walk) unapproved(author string, number int) {
	_, err := w.desks[author].Merge(w.t.Context(), number, "")
	w.isRefused(err)
	_, err = w.desks[author].Approve(w.t.Context(), number, "")
	w.isRefused(err)
	checked, err := w.desks[author].Check(w.t.Context(), "main", "case/"+string(w.id)+"/next")
	w.must(err)
	if checked.OK() || len(checked.Verdict.Reasons()) == 0 {
		w.t.Fatalf("check lets an unapproved proposal pass, or gives no reason: %+v", checked)
	}
}

// isRefused holds that somebody was told no, and why.
func (w *walk) isRefused(err error) {
	w.t.Helper()
	var refused *desk.Refused
	if !errors.As(err, &refused) || len(refused.Verdict.Reasons()) == 0 {
		w.t.Fatalf("what is not allowed is answered with: %v", err)
	}
	w.refused++
}

// clean holds that neither check nor audit object to what came of it all.
func (w *walk) clean() {
	keyless, err := desk.Open(w.dir, desk.Options{Now: w.clock})
	w.must(err)
	defer keyless.Close()
	for name, d := range map[string]*desk.Desk{"without keys": keyless, "with keys": w.desks["lead"]} {
		r, err := d.Audit(w.t.Context(), desk.AuditOptions{})
		w.must(err)
		for _, f := range r.Findings {
			w.t.Errorf("audit %s: %v", name, f)
		}
		checked, err := d.Check(w.t.Context(), "", "")
		w.must(err)
		if !checked.OK() {
			w.t.Errorf("check %s: %v", name, checked.Findings)
		}
	}
}

// signer is the secret key of a person or role.
func (w *walk) signer(name string) *seal.Key {
	w.t.Helper()
	raw, err := os.ReadFile(filepath.Join(w.keys, name+".asc"))
	w.must(err)
	k, err := seal.ReadKey(raw, nil)
	w.must(err)
	return k
}
