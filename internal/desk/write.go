package desk

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/forge"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/store"
)

// attempts bounds how often a step begins anew after a lost race.
const attempts = 200

// pause waits a little, and longer each time, so that processes which lost a
// race do not meet again.
func pause(ctx context.Context, attempt int) error {
	limit := min(time.Duration(attempt+1)*5*time.Millisecond, 200*time.Millisecond)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Duration(rand.Int64N(int64(limit)) + int64(time.Millisecond))):
		return nil
	}
}

// trailers puts a commit message together; lines with empty values are left
// out.
func message(subject string, trailers ...string) string {
	var b strings.Builder
	b.WriteString(subject + "\n\n")
	for i := 0; i+1 < len(trailers); i += 2 {
		if trailers[i+1] != "" {
			b.WriteString(trailers[i] + ": " + trailers[i+1] + "\n")
		}
	}
	return b.String()
}

// commit makes a commit that who signs.
func (d *Desk) commit(b *store.Batch, who *actor, at time.Time, tree store.Hash, parents []store.Hash, edits []store.Edit, msg string) (store.Hash, error) {
	ident := store.Ident{Name: who.handle, Mail: who.mail, When: at}
	return b.Commit(store.CommitSpec{Base: tree, Edits: edits, Parents: parents, Author: ident, Committer: ident, Message: msg,
		Sign: func(payload []byte) (string, error) { return who.key.SignCommit(payload, at) }})
}

// acting lets the forge know who makes the changes that follow.
func (d *Desk) acting(who *actor) { d.board.who = who }

// proposal is a branch that is there, and what its pull request says.
type proposal struct {
	branch string
	kind   string
	id     psirt.CaseID
	head   store.Hash
	title  string
	author string // login; empty: who opens it
	number int    // of its pull request, when that was open a moment ago; else it is opened
}

// pull opens the pull request of a branch, or brings it up to date, and
// publishes the check of its head.
func (d *Desk) pull(ctx context.Context, who *actor, p proposal, g *audit.Judgement) (forge.Pull, error) {
	d.acting(who)
	if p.author == "" {
		p.author = who.login
	}
	pull, err := d.current(ctx, p, pullText(g)+d.reference(ctx, g))
	if err != nil {
		return pull, err
	}
	// On GitHub the event of the pull request calls for its check: here it is
	// published only before what is merged at once.
	if d.github != nil && (who.person || !g.OK()) {
		return pull, nil
	}
	return pull, d.publishCheck(ctx, g)
}

// current opens a pull request, or brings it up to date. One that is known is never
// opened a second time: somebody else may merge it in this moment.
func (d *Desk) current(ctx context.Context, p proposal, body string) (forge.Pull, error) {
	if p.number == 0 || d.github != nil { // GitHub opens none for a branch that is gone
		return d.forge.Open(ctx, forge.Proposal{Kind: p.kind, Case: string(p.id), Branch: p.branch, Base: "main",
			Head: p.head.String(), Title: p.title, Body: body, Author: p.author})
	}
	var now forge.Pull
	err := d.forge.Update(ctx, p.number, func(f *forge.Pull) error {
		if f.State == forge.StateOpen {
			f.Kind, f.Title, f.Head, f.Body = p.kind, p.title, p.head.String(), body
		}
		now = *f
		return nil
	})
	return now, err
}

func (d *Desk) publishCheck(ctx context.Context, g *audit.Judgement) error {
	c := forge.Check{Head: g.Head.String(), Name: checkName, Conclusion: forge.Success, Title: checkTitle(g),
		Summary: checkSummary(g), At: d.now()}
	if !g.OK() {
		c.Conclusion = forge.Waiting // whoever can merge by a button must not yet
	}
	for _, f := range g.Findings {
		c.Conclusion = forge.Failure
		if path := findingPath(g); path != "" {
			c.Notes = append(c.Notes, forge.Note{Path: path, Line: 1, Level: forge.LevelFailure, Title: f.Kind, Text: f.Text})
		}
	}
	err := d.forge.Check(ctx, c)
	if errors.Is(err, forge.ErrNotFound) {
		return nil // merged meanwhile
	}
	return err
}

// pullText is what a pull request says: the verdict on what is clear, and
// which sealed parts change.
func pullText(g *audit.Judgement) string {
	var b strings.Builder
	b.WriteString(g.Verdict.Public().Text())
	for _, step := range g.Steps {
		fmt.Fprintf(&b, "\nRevision %d, %s\n", step.Case.Revision, psirt.SHA256(step.File))
		if step.Before != nil && step.Case.Sealed != step.Before.Sealed {
			b.WriteString("The report changes: docket diff shows how, to those whose key opens it.\n")
		}
		if step.Before != nil && step.Case.Contact != step.Before.Contact {
			b.WriteString("The contact changes.\n")
		}
		for _, u := range step.Updates {
			fmt.Fprintf(&b, "Update %d (%s) goes to %s after the merge.\n", u.N, u.Kind, u.Whom())
		}
	}
	return b.String()
}

// merge brings a branch to main when the programme lets it: it answers the
// merge commit, or a *Refused. When somebody else has merged the branch
// meanwhile it answers a zero hash.
func (d *Desk) merge(ctx context.Context, who *actor, branch string) (store.Hash, *audit.Judgement, error) {
	for i := range attempts {
		if err := d.repo.Fetch(ctx); err != nil {
			return store.Hash{}, nil, err
		}
		head, err := d.branch(branch)
		if err != nil || head.IsZero() {
			return store.Hash{}, nil, err
		}
		base, err := d.repo.Ref(mainRef)
		if err != nil {
			return store.Hash{}, nil, err
		}
		g, err := d.judge.Proposal(base, head)
		if err != nil {
			return store.Hash{}, nil, err
		}
		if g.Empty() { // it is on main, and only the branch has still to go
			return store.Hash{}, g, nil
		}
		if !g.OK() {
			return store.Hash{}, g, &Refused{What: "not merged", Verdict: g.Verdict, superseded: isSuperseded(g)}
		}
		h, err := d.mergeInto(ctx, who, branch, g)
		if errors.Is(err, store.ErrLost) {
			if err := pause(ctx, i); err != nil {
				return store.Hash{}, nil, err
			}
			continue
		}
		return h, g, err
	}
	return store.Hash{}, nil, &Problem{Text: "main changes faster than " + branch + " can be merged", Do: "try again"}
}

func isSuperseded(g *audit.Judgement) bool {
	for _, f := range g.Findings {
		if f.Kind == "superseded" {
			return true
		}
	}
	return false
}

func (d *Desk) mergeOnto(ctx context.Context, who *actor, branch string, g *audit.Judgement) (store.Hash, error) {
	base, err := d.repo.Commit(g.Base)
	if err != nil {
		return store.Hash{}, err
	}
	head, err := d.repo.Commit(g.Head)
	if err != nil {
		return store.Hash{}, err
	}
	fork, err := d.repo.Commit(g.Fork)
	if err != nil {
		return store.Hash{}, err
	}
	batch := d.repo.NewBatch()
	tree, conflicts, err := d.repo.MergeTree(fork.Tree, base.Tree, head.Tree, batch)
	if err != nil {
		return store.Hash{}, err
	}
	if len(conflicts) > 0 {
		return store.Hash{}, &conflict{paths: conflicts}
	}
	at := d.now()
	h, err := d.commit(batch, who, at, tree, []store.Hash{g.Base, g.Head}, nil, message("Merge "+branch, "Case", string(g.Case)))
	if err != nil {
		return store.Hash{}, err
	}
	gone := store.RefUpdate{Name: heads + branch, Old: g.Head}
	if d.github == nil {
		return h, d.repo.Publish(ctx, batch, store.RefUpdate{Name: mainRef, Old: g.Base, New: h}, gone)
	}
	if err := d.repo.Publish(ctx, batch, store.RefUpdate{Name: mainRef, Old: g.Base, New: h}); err != nil {
		return h, err
	}
	if err := d.repo.Publish(ctx, nil, gone); !errors.Is(err, store.ErrLost) {
		return h, err
	}
	return h, nil // somebody has pushed to it, or removed it: what was judged is merged
}

// mergeInto merges what was judged: by a signed merge commit, or, for a person
// on GitHub, through its API.
func (d *Desk) mergeInto(ctx context.Context, who *actor, branch string, g *audit.Judgement) (store.Hash, error) {
	if d.leaves(who) {
		return d.mergeThere(ctx, branch, g)
	}
	return d.mergeOnto(ctx, who, branch, g)
}

// conflict says that main has other content at paths that the branch brings.
type conflict struct{ paths []string }

func (c *conflict) Error() string {
	return "main has changed what the proposal changes: " + strings.Join(c.paths, ", ")
}

// settle brings the forge up to date after a merge: the pull request is
// closed as merged, and the case's tracking issue shows its state.
func (d *Desk) settle(ctx context.Context, who *actor, branch string, merged store.Hash, id psirt.CaseID) error {
	d.acting(who)
	pull, err := d.forge.Find(ctx, branch)
	if err == nil {
		err = d.forge.Close(ctx, pull.Number, merged.String())
	}
	if err != nil && !errors.Is(err, forge.ErrNotFound) && !errors.Is(err, forge.ErrClosed) {
		return err
	}
	if id == "" {
		return nil
	}
	return d.track(ctx, id)
}

// track brings the tracking issue of a case up to date. On GitHub nothing orders
// those who do so at once: whoever wrote what has become old meanwhile writes
// again, so that the last word is true.
func (d *Desk) track(ctx context.Context, id psirt.CaseID) error {
	for range attempts {
		c, err := d.onMain(id)
		if err != nil {
			return err
		}
		if err := d.trackAs(ctx, c); err != nil || d.github == nil {
			return err
		}
		if err := d.repo.Fetch(ctx); err != nil {
			return err
		}
		if now, err := d.onMain(id); err != nil || now.Revision == c.Revision {
			return err
		}
	}
	return nil // who changes it all the time tracks it as well
}

// trackAs writes the tracking issue: labels say programme and state, the body
// shows the envelope.
func (d *Desk) trackAs(ctx context.Context, c *one) error {
	program := c.setting.Program.Program
	labels := []string{"program/" + program, "state/" + c.State}
	state, _ := c.setting.Program.State(c.State)
	closed := state.Phase == psirt.PhaseClosed
	if c.Revision > 1 && !closed { // a new case has no issue yet
		kept, err := d.callsForPeople(ctx, program, c.ID)
		if err != nil {
			return err
		}
		labels = append(labels, kept...)
	}
	return d.forge.Track(ctx, forge.Issue{Program: program, ID: string(c.ID), Title: string(c.ID), Body: issueText(c, d.now()), Labels: labels, Closed: closed,
		Revision: c.Revision, File: string(psirt.SHA256(c.file))})
}

// callsForPeople are the labels by which a case's issue calls for somebody.
func (d *Desk) callsForPeople(ctx context.Context, program string, id psirt.CaseID) ([]string, error) {
	old, err := d.forge.Issue(ctx, program, string(id))
	if errors.Is(err, forge.ErrNotFound) {
		return nil, nil
	}
	var kept []string
	for _, l := range old.Labels {
		if strings.HasPrefix(l, "needs/") || strings.HasPrefix(l, "due/") {
			kept = append(kept, l)
		}
	}
	return kept, err
}

func has(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}
