package desk

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/forge"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/store"
)

// Proposed is what became of a step that makes a proposal.
type Proposed struct {
	Number  int           `json:"number"`
	ID      psirt.CaseID  `json:"id"`
	Merged  bool          `json:"merged"`
	State   string        `json:"state"`           // of the case, on main
	Needs   []string      `json:"needs,omitempty"` // what the proposal still needs
	Waits   string        `json:"waits,omitempty"` // it has all it needs, and waits for this
	Next    []string      `json:"next,omitempty"`  // what is left to do for people
	Verdict psirt.Verdict `json:"-"`
}

// tip is where the next revision of a case goes on top of: the person's queued
// edits, else the open proposal, else main.
type tip struct {
	c      *one
	branch store.Hash   // head of the open proposal, or zero
	queue  store.Hash   // head of the queue, or zero
	onMain psirt.Digest // of the case's file there
	left   store.Hash   // the queue, when it was taken along already
	mended string       // what mend answered
}

func queueRef(handle string, id psirt.CaseID) string {
	return "refs/docket/queue/" + handle + "/" + string(id)
}

func (d *Desk) tip(ctx context.Context, id psirt.CaseID, who *actor) (*tip, error) {
	if err := d.repo.Fetch(ctx); err != nil {
		return nil, err
	}
	c, err := d.onMain(id)
	if err != nil {
		return nil, err
	}
	if err := intact(c); err != nil {
		return nil, err
	}
	t := &tip{c: c, onMain: psirt.SHA256(c.file)}
	if t.branch, err = d.branch(nextBranch(id)); err != nil {
		return nil, err
	}
	if err := d.buildable(t, id); err != nil {
		return nil, err
	}
	if who.person {
		if t.queue, err = d.queued(who, id); err != nil {
			return nil, err
		}
		if taken, err := d.takenAlong(t); err != nil {
			return nil, err
		} else if taken {
			t.left, t.queue = t.queue, store.Hash{}
		}
	}
	at := t.branch
	if !t.queue.IsZero() {
		at = t.queue
	}
	if !at.IsZero() {
		t.c, err = d.load(c.setting, at, id)
	}
	return t, err
}

// buildable refuses to put a signature on top of a proposal that is not well
// formed: anybody who may push can have made it, and its envelope says who is
// to read what is sealed next.
func (d *Desk) buildable(t *tip, id psirt.CaseID) error {
	if t.branch.IsZero() {
		return nil
	}
	main, err := d.repo.Ref(mainRef)
	if err != nil {
		return err
	}
	if on, err := d.repo.IsAncestor(t.branch, main); err != nil || on {
		return err // merged, and about to go
	}
	g, err := d.judge.Proposal(main, t.branch)
	if err != nil || len(g.Findings) == 0 {
		return err
	}
	return &Problem{Text: fmt.Sprintf("the open proposal of %s is not well formed: %s", id, g.Findings[0].Text),
		Do: "look at it with docket pr list, and end it with docket pr close"}
}

// takenAlong reports whether a queue is part of a proposal or of main already: a
// process was killed before it could empty it.
func (d *Desk) takenAlong(t *tip) (bool, error) {
	if t.queue.IsZero() {
		return false, nil
	}
	for _, at := range []store.Hash{t.branch, t.c.commit} {
		if at.IsZero() {
			continue
		}
		if in, err := d.repo.IsAncestor(t.queue, at); err != nil || in {
			return in, err
		}
	}
	return false, nil
}

func closedState(s *audit.Setting) string {
	for _, st := range s.Program.States {
		if st.Phase == psirt.PhaseClosed {
			return st.Name
		}
	}
	return ""
}

func arrow(from, to string, outcome psirt.Outcome) string {
	s := from + " to " + to
	if outcome != "" {
		s += " (" + string(outcome) + ")"
	}
	return s
}

func moveSubject(c *psirt.Case, from, to string, outcome psirt.Outcome) string {
	return fmt.Sprintf("%s: %s", c.ID, arrow(from, to, outcome))
}

// splitWords takes an optional first line "Subject: …" off a message.
func splitWords(words string, id psirt.CaseID) (subject, body string) {
	words = strings.ReplaceAll(words, "\r\n", "\n")
	if rest, ok := strings.CutPrefix(words, "Subject: "); ok {
		if head, body, ok := strings.Cut(rest, "\n"); ok {
			return head, strings.TrimLeft(body, "\n")
		}
	}
	return fmt.Sprintf("[%s] Your report", id), words
}

// asAnalyst opens the newest revision of a case for the person who acts.
func (d *Desk) asAnalyst(ctx context.Context, id psirt.CaseID) (*tip, *actor, *contents, error) {
	c, err := d.onMain(id)
	if err != nil {
		return nil, nil, nil, err
	}
	who, err := d.me(c.setting)
	if err != nil {
		return nil, nil, nil, err
	}
	if person, _ := c.setting.Program.ByHandle(who.handle); !c.setting.Program.MayHandle(person) {
		return nil, nil, nil, &Refused{What: "nothing was changed", Verdict: psirt.Failed(who.handle+" is not of the team", "a member of the team must do this")}
	}
	mended, err := d.mend(ctx, who, id)
	if err != nil {
		return nil, nil, nil, err
	}
	t, err := d.tip(ctx, id, who)
	if err != nil {
		return nil, nil, nil, err
	}
	t.mended = mended
	if err := d.fits(t, id); err != nil {
		return nil, nil, nil, err
	}
	open, err := d.open(t.c, withKey(who))
	if err == nil {
		err = d.hear(t.c, open)
	}
	return t, who, open, err
}

// propose commits a revision on top of the tip, publishes it as the case's
// proposal, opens its pull request, and merges it when nothing more is needed.
func (d *Desk) propose(ctx context.Context, r *draft, t *tip, kind, subject string, trailers ...string) (*Proposed, error) {
	batch := d.repo.NewBatch()
	trailers = append([]string{"Case", string(r.now.ID), "Revision", strconv.Itoa(r.now.Revision)}, trailers...)
	for _, u := range r.now.Updates[len(r.from.Updates):] {
		trailers = append(trailers, "Update", fmt.Sprintf("%d %s", u.N, u.Kind))
	}
	head, err := r.commitTo(batch, t.c.commit, subject, trailers...)
	if err != nil {
		return nil, err
	}
	if err := d.publish(ctx, batch, r.who, t, r.now.ID, head); err != nil {
		return nil, err
	}
	return d.submit(ctx, r.who, proposal{id: r.now.ID, head: head, kind: kind, title: subject})
}

// publish makes a commit the head of the case's proposal, together with the
// queue that it stands on.
func (d *Desk) publish(ctx context.Context, batch *store.Batch, who *actor, t *tip, id psirt.CaseID, head store.Hash) error {
	err := d.claimProposal(ctx, batch, t, id, head)
	if errors.Is(err, store.ErrLost) {
		return &Problem{Text: fmt.Sprintf("somebody else changed the proposal of %s at the same moment", id), Do: "look at it with docket pr list, and try again", Err: store.ErrLost}
	}
	if err == nil && !t.queue.IsZero() {
		err = d.repo.SetLocalRef(queueRef(who.handle, id), t.queue, store.Hash{})
	}
	return err
}

// claimProposal moves the case's proposal. A new one must stand on what main
// has of the case at that very moment: somebody else's may have come to main,
// and its branch gone, since the case was read. Main may well move on with other
// cases meanwhile; then it is looked at again.
func (d *Desk) claimProposal(ctx context.Context, batch *store.Batch, t *tip, id psirt.CaseID, head store.Hash) error {
	update := store.RefUpdate{Name: heads + nextBranch(id), Old: t.branch, New: head}
	if !t.branch.IsZero() {
		return d.repo.Publish(ctx, batch, update)
	}
	for i := range attempts {
		c, err := d.onMain(id)
		if err != nil {
			return err
		}
		if psirt.SHA256(c.file) != t.onMain {
			return store.ErrLost
		}
		err = d.repo.Publish(ctx, batch, update, store.RefUpdate{Name: mainRef, Old: c.commit, New: c.commit})
		var lost *store.LostError
		if !errors.As(err, &lost) || lost.Ref != mainRef {
			return err
		}
		if err := pause(ctx, i); err != nil {
			return err
		}
		if err := d.repo.Fetch(ctx); err != nil {
			return err
		}
	}
	return store.ErrLost
}

// submit opens the pull request of a case's proposal, or brings it up to date,
// and merges it if it has all that it needs.
func (d *Desk) submit(ctx context.Context, who *actor, p proposal) (*Proposed, error) {
	id := p.id
	base, err := d.repo.Ref(mainRef)
	if err != nil {
		return nil, err
	}
	g, err := d.judge.Proposal(base, p.head)
	if err != nil {
		return nil, err
	}
	if g.Kind != "" {
		p.kind = g.Kind
	}
	p.branch = nextBranch(id)
	pull, err := d.pull(ctx, who, p, g)
	if err != nil {
		return nil, err
	}
	if pull.State == forge.StateClosed {
		return nil, &Problem{Text: fmt.Sprintf("pull request %d was closed at the same moment", pull.Number), Do: "docket pr list shows what is open"}
	}
	out := &Proposed{Number: pull.Number, ID: id, Verdict: g.Verdict}
	already := pull.State == forge.StateMerged || g.Empty() // somebody else was faster
	switch {
	case !g.OK() && !already:
		out.Needs = g.Verdict.Reasons()
	case d.leaves(who) && !already:
		out.Waits = waitsForBot
	default:
		if err := d.bring(ctx, who, nextBranch(id)); err != nil {
			return out, err
		}
		out.Merged = true
	}
	c, err := d.onMain(id)
	if err == nil {
		out.State = c.State
	}
	return out, err
}

// botMove is a move that the bot makes: on a label, a reply or a clock, with
// standard texts only.
func (d *Desk) botMove(ctx context.Context, who *actor, id psirt.CaseID, to string, outcome psirt.Outcome, requestedBy string) (*Proposed, error) {
	mended, err := d.mend(ctx, who, id)
	if err != nil {
		return nil, err
	}
	t, err := d.tip(ctx, id, who)
	if err != nil {
		return nil, err
	}
	t.mended = mended
	if t.unfinished() && movedTo(t.c, to, outcome) && d.again(t, who, "", "") {
		return d.resume(ctx, who, t, id)
	}
	entry := psirt.Entry{By: who.key.Cert().Fingerprint(), RequestedBy: requestedBy}
	rule, v := t.c.setting.Program.Transition(psirt.World{Case: t.c.Case, Now: d.now(), Mover: &entry}, to, outcome)
	v = psirt.All(v.What, append(v.Of, t.c.setting.Program.MayMove(rule, entry, false))...)
	if v.OK() && rule.Words == "required" {
		v = psirt.All(v.What, psirt.Failed("this move needs words of somebody's own", "run docket move"))
	}
	if !v.OK() {
		if v.Result == psirt.Sealed {
			v = psirt.All(v.What, psirt.Failed("guards of this move are sealed", fmt.Sprintf("run docket move %s %s", id, to)))
		}
		return nil, &Refused{What: fmt.Sprintf("%s was not moved", id), Verdict: v}
	}
	r := d.revise(t.c, who, nil)
	if err := r.takeMails(); err != nil {
		return nil, err
	}
	r.moveTo(to, outcome, requestedBy)
	if rule.Update != psirt.Silent {
		if err := r.standard(rule.Update); err != nil {
			return nil, err
		}
	}
	return d.propose(ctx, r, t, audit.KindMove, moveSubject(r.now, t.c.State, to, outcome), "Move", arrow(t.c.State, to, outcome), "Requested-by", requestedBy)
}

// Label does what a click on a label of the tracking issue does: move/<state>
// and close/<outcome> ask the bot for a move.
func (d *Desk) Label(ctx context.Context, id psirt.CaseID, label string) (*Proposed, error) {
	c, err := d.onMain(id)
	if err != nil {
		return nil, err
	}
	if d.github != nil {
		return d.labelThere(ctx, c, label)
	}
	login, err := d.login(c.setting)
	if err != nil {
		return nil, err
	}
	who, err := d.bot(c.setting)
	if err != nil {
		return nil, err
	}
	kind, name, _ := strings.Cut(label, "/")
	switch kind {
	case "move":
		return d.botMove(ctx, who, id, name, "", login)
	case "close":
		return d.botMove(ctx, who, id, closedState(c.setting), psirt.Outcome(name), login)
	}
	return nil, usage(fmt.Sprintf("%q asks for nothing", label), "labels that do are move/<state> and close/<outcome>")
}

// login is the forge login of the person who clicks: no key is needed, since
// the bot acts and the request is only attested.
func (d *Desk) login(s *audit.Setting) (string, error) {
	if d.as != "" {
		if p, ok := s.Program.ByHandle(d.as); ok {
			return p.Login, nil
		}
		return "", &Refused{What: "the label was not followed", Verdict: psirt.Failed(d.as+" is not of "+s.Program.Program, "a member of the team must ask")}
	}
	who, err := d.me(s)
	if err != nil {
		return "", err
	}
	return who.login, nil
}
