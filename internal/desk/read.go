package desk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/forge"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
	"github.com/docket-psirt/docket/internal/store"
)

// Row is a case in a list.
type Row struct {
	ID       psirt.CaseID  `json:"id"`
	Program  string        `json:"program"`
	State    string        `json:"state"`
	Label    string        `json:"label"`
	Phase    psirt.Phase   `json:"phase"`
	Outcome  psirt.Outcome `json:"outcome"`
	Opened   time.Time     `json:"opened"`
	Revision int           `json:"revision"`
	Due      *time.Time    `json:"due"` // the next deadline of the team
	Overdue  bool          `json:"overdue"`
	Title    string        `json:"title,omitempty"` // where a key at hand opens the case
	Owner    string        `json:"owner,omitempty"` // handle; likewise

	Exploited string `json:"exploited,omitempty"` // whether it was: yes, no or unknown; likewise
	Priority  string `json:"priority,omitempty"`  // likewise

	Completeness *Completeness `json:"completeness,omitempty"` // likewise
}

// Filter says which cases to list.
type Filter struct {
	Open    bool
	State   string
	Program string
	Overdue bool
	Mine    bool // only those that the person who acts answers for
}

// List lists cases, with titles for those whose key is at hand: for them, those come
// first that are open and of which there is evidence of exploitation. It reads one
// envelope per case. A case that cannot be read hides no other: the error names
// it, and comes with the rest of the list.
func (d *Desk) List(f Filter) ([]Row, error) {
	out := []Row{}
	titles := map[string][]seal.Opener{}
	var locked error
	err := d.each(func(c *one) error {
		state, _ := c.setting.Program.State(c.State)
		if f.Open && state.Phase == psirt.PhaseClosed || f.State != "" && f.State != c.State || f.Program != "" && f.Program != c.Program {
			return nil
		}
		var unclear error
		row := Row{ID: c.ID, Program: c.Program, State: c.State, Label: state.Label, Phase: state.Phase, Outcome: c.Outcome, Opened: c.Opened, Revision: c.Revision}
		if state.Phase != psirt.PhaseClosed {
			unclear = d.due(c, &row) // the row stands even so
		}
		if f.Overdue && !row.Overdue {
			return unclear
		}
		with, ok := titles[c.Program]
		if !ok {
			if with, locked = d.readers(c.setting); locked != nil {
				return fs.SkipAll // it would be the same, and asked for again, with each case
			}
			titles[c.Program] = with
		}
		if f.Mine && len(with) == 0 {
			locked = &Problem{Text: "who answers for a case is sealed", Do: "name the directory of your key with --keys DIR (DOCKET_KEYS)"}
			return fs.SkipAll
		}
		d.heading(c, with, &row)
		if f.Mine {
			mine, err := d.mine(c, row.Owner)
			if err != nil || !mine {
				return errors.Join(unclear, err)
			}
		}
		out = append(out, row)
		return unclear
	})
	if locked != nil {
		return nil, locked
	}
	slices.SortStableFunc(out, func(a, b Row) int { return a.rank() - b.rank() })
	return out, err
}

// rank is 0 for what comes first.
func (r Row) rank() int {
	if r.Exploited == "yes" && r.Phase != psirt.PhaseClosed {
		return 0
	}
	return 1
}

// each goes through all cases on main, in order. What is wrong with one case or
// programme stops none of the others: the error lists it all. fs.SkipAll from fn
// ends the way through a programme.
func (d *Desk) each(fn func(*one) error) error {
	if err := d.repo.Fetch(context.Background()); err != nil {
		return err
	}
	head, at, err := d.main()
	if err != nil {
		return err
	}
	names, err := d.judge.Programs(at)
	if err != nil {
		return err
	}
	var failed []error
	for _, name := range names {
		s, err := d.judge.Setting(at, name)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		err = at.Walk("cases/"+name, func(e store.Entry) error {
			id := psirt.CaseID(strings.TrimSuffix(e.Name, ".yaml"))
			if !id.Valid() || psirt.CasePath(name, id) != e.Path {
				return nil
			}
			c, err := loadAt(s, at, head, id)
			if err == nil {
				err = fn(c)
			}
			if errors.Is(err, fs.SkipAll) {
				return err
			}
			if err != nil {
				failed = append(failed, err)
			}
			return nil
		})
		if err != nil {
			failed = append(failed, err)
		}
	}
	return several(failed)
}

// several joins the errors of many cases, the first of them in full.
func several(list []error) error {
	const most = 20
	if n := len(list); n > most {
		list = append(list[:most:most], fmt.Errorf("%d more like this; docket check lists them all", n-most))
	}
	return errors.Join(list...)
}

// heading fills in what is sealed: the title of a case, the handle of who answers
// for it, how urgent it is, and how complete the report is. It leaves that empty
// where no key at hand opens the case.
func (d *Desk) heading(c *one, with []seal.Opener, row *Row) {
	doc, err := d.reportOf(c, with)
	if err != nil {
		return
	}
	row.Title, row.Owner = wordUnder(doc, "title"), wordUnder(doc, "owner")
	row.Exploited, row.Priority = wordUnder(doc, "exploited"), wordUnder(doc, "priority")
	row.Completeness = completenessOf(doc, d.termsOf(c))
}

// readings derives the clocks of a case: from its log, its mails and the
// receipts of its updates.
func (d *Desk) readings(c *one) ([]psirt.Reading, error) {
	w, err := d.timeline(c)
	if err != nil {
		return nil, err
	}
	return c.setting.Program.Readings(w.Events, w.Now), nil
}

func (d *Desk) due(c *one, row *Row) error {
	list, err := d.readings(c)
	if err != nil {
		return err
	}
	for _, r := range list {
		if r.Party != "team" || r.Status != psirt.ClockRunning && r.Status != psirt.ClockOverdue {
			continue
		}
		if row.Due == nil || r.Due.Before(*row.Due) {
			due := r.Due
			row.Due = &due
		}
		row.Overdue = row.Overdue || r.Status == psirt.ClockOverdue
	}
	return nil
}

// Shown is a case: its envelope, and what the keys at hand open.
type Shown struct {
	Case     *psirt.Case
	Envelope map[string]any
	Label    string
	Contact  *psirt.Contact
	Report   psirt.Document
	Sealed   error // why the sealed parts were not opened, or nil
	Clocks   []psirt.Reading
	Receipts []*psirt.Receipt
	Words    map[int]*Words // updates in own words, by number
	Pending  bool           // a proposal is open
	Queued   int            // edits of the person who acts that wait for docket push
	Unfit    error          // why those do not fit any more, or nil
	Facts    psirt.Verdict  // every guard of every move from here
	Next     []Step         // what the report calls for

	Assessment *Assessment // nil unless the report is open

	Completeness *Completeness // likewise
	URLInScope   *bool         // whether where it occurs lies in the programme's domains; nil: nothing to tell
	Assets       []psirt.Asset // which of the programme's assets that is
}

// Show reads a case as main has it; for the person who acts, with the queued
// edits on top.
func (d *Desk) Show(ctx context.Context, id psirt.CaseID) (*Shown, error) {
	if err := d.repo.Fetch(ctx); err != nil {
		return nil, err
	}
	c, err := d.onMain(id)
	if err != nil {
		return nil, err
	}
	out := &Shown{Words: map[int]*Words{}}
	if who, err := d.me(c.setting); err == nil {
		t, err := d.tip(ctx, id, who)
		if err != nil {
			return nil, err
		}
		if !t.queue.IsZero() {
			c, out.Queued, out.Unfit = t.c, d.waiting(t), d.fits(t, id)
		}
	}
	out.Case, out.Envelope = c.Case, casefile.Document(c.Case)
	state, _ := c.setting.Program.State(c.State)
	out.Label = state.Label
	if out.Clocks, err = d.readings(c); err != nil {
		return nil, err
	}
	if out.Receipts, _, err = d.receiptsOf(c); err != nil {
		return nil, err
	}
	next, err := d.branch(nextBranch(id))
	if err != nil {
		return nil, err
	}
	out.Pending = !next.IsZero()
	return out, d.showSealed(c, out)
}

func (d *Desk) showSealed(c *one, out *Shown) error {
	with, err := d.readers(c.setting)
	if err != nil {
		return err
	}
	if len(with) == 0 {
		out.Sealed = &Problem{Text: "the report is sealed", Do: "name the directory of your key with --keys DIR (DOCKET_KEYS)"}
		return nil
	}
	open, err := d.open(c, with)
	if err != nil {
		out.Sealed = err
		return nil
	}
	if err := d.hear(c, open); err != nil {
		return err
	}
	out.Contact, out.Report = &open.contact, open.report
	out.Next = nextSteps(c, open, d.now())
	out.URLInScope = inScope(open.report, c.setting.Program.Scope)
	out.Assets = assetsOf(open.report, c.setting.Program.Scope)
	out.Completeness = completenessOf(open.report, d.termsOf(c))
	for _, u := range c.Updates {
		if u.Sealed == "" {
			continue
		}
		if words, err := d.ownWords(c, u, with); err == nil {
			out.Words[u.N] = words
		}
	}
	var moves []psirt.Verdict
	w := psirt.World{Case: c.Case, Report: open.report, Now: d.now()}
	out.Assessment = assessmentOf(c.setting.Program, w)
	for _, m := range c.setting.Program.Moves(c.State) {
		if w.History == nil && c.setting.Program.NeedsHistory(c.State, m.To) {
			w.History, _ = d.past(c, open.with) // without it such guards stay open, which is said
		}
		_, v := c.setting.Program.Transition(w, m.To, m.Outcome)
		moves = append(moves, v)
	}
	out.Facts = psirt.All("moves", moves...)
	return nil
}

// Log is the story of a case: who moved, edited, approved and delivered what,
// from history and without a key.
func (d *Desk) Log(ctx context.Context, id psirt.CaseID) ([]audit.Event, error) {
	if err := d.repo.Fetch(ctx); err != nil {
		return nil, err
	}
	c, err := d.onMain(id)
	if err != nil {
		return nil, err
	}
	story, err := d.judge.Story(c.commit, id)
	if err != nil {
		return nil, err
	}
	receipts, _, err := d.receiptsOf(c)
	if err != nil {
		return nil, err
	}
	for _, r := range receipts {
		story.Events = append(story.Events, audit.Event{At: r.At, Kind: "receipt", By: "mailer", Text: fmt.Sprintf("update %d: %s", r.Update, r.Status)})
	}
	sort.SliceStable(story.Events, func(i, j int) bool { return story.Events[i].At.Before(story.Events[j].At) })
	return story.Events, nil
}

func meansOf(p *psirt.Program, name string) string {
	for _, c := range p.Clocks {
		if c.Name == name {
			return c.Means
		}
	}
	return ""
}

// overdue is the label of a case whose clock has run out.
const overdue = "due/overdue"

func (d *Desk) labelLate(ctx context.Context, cases []*one, late map[psirt.CaseID]bool) error {
	labelled, err := d.labelled(ctx, overdue)
	if err != nil {
		return err
	}
	for _, c := range cases {
		who, err := d.bot(c.setting)
		if err != nil {
			return nil // reading needs no key; labelling is the bot's
		}
		if labelled != nil && labelled[c.ID] == late[c.ID] {
			continue
		}
		add, remove := []string{overdue}, []string(nil)
		if !late[c.ID] {
			add, remove = nil, add
		}
		d.acting(who)
		if _, err := d.forge.Label(ctx, c.Program, string(c.ID), add, remove, who.login); err != nil && !errors.Is(err, forge.ErrNotFound) {
			return err
		}
	}
	return nil
}

// labelled asks a forge that can be asked at once which open cases bear a
// label; nil: each case has to be looked at.
func (d *Desk) labelled(ctx context.Context, label string) (map[psirt.CaseID]bool, error) {
	from, ok := d.forge.(interface {
		Labelled(ctx context.Context, label string) ([]string, error)
	})
	if !ok || !d.ActsAsBot() {
		return nil, nil
	}
	list, err := from.Labelled(ctx, label)
	out := map[psirt.CaseID]bool{}
	for _, id := range list {
		out[psirt.CaseID(id)] = true
	}
	return out, err
}
