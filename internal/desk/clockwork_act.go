package desk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/forge"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/store"
)

// wind does what clocks call for in every open case whose programme's bot is at
// hand. A case that fails stops no other.
func (d *Desk) wind(ctx context.Context) ([]Due, error) {
	var due []*one
	err := d.each(func(c *one) error {
		if _, err := d.bot(c.setting); err != nil {
			return nil // reading needs no key; acting is the bot's
		}
		if state, _ := c.setting.Program.State(c.State); state.Phase != psirt.PhaseClosed {
			due = append(due, c)
		}
		return nil
	})
	if len(due) == 0 {
		return nil, err
	}
	proposed, err2 := d.proposals(ctx)
	failed := []error{err, err2}
	if err2 != nil {
		return nil, errors.Join(failed...)
	}
	var out []Due
	for _, c := range due {
		list, err := d.windOne(ctx, c, proposed[c.ID])
		out, failed = append(out, list...), append(failed, err)
	}
	return out, errors.Join(failed...)
}

// proposals are the cases with something open, on a branch or as a pull
// request: asked for once, since a forge may be far away.
func (d *Desk) proposals(ctx context.Context) (map[psirt.CaseID]bool, error) {
	out := map[psirt.CaseID]bool{}
	refs, err := d.repo.Refs(heads + "case/")
	if err != nil {
		return nil, err
	}
	for _, ref := range refs {
		if branch := strings.TrimPrefix(ref.Name, heads); strings.HasSuffix(branch, "/next") {
			out[caseOf(branch)] = true
		}
	}
	pulls, err := d.forge.List(ctx, forge.Filter{State: forge.StateOpen})
	for _, p := range pulls {
		if strings.HasSuffix(p.Branch, "/next") {
			out[caseOf(p.Branch)] = true
		}
	}
	return out, err
}

// windOne does what the clocks of one case call for. A proposal of somebody's
// comes first: what clocks call for then waits, and that is said.
func (d *Desk) windOne(ctx context.Context, c *one, proposed bool) ([]Due, error) {
	who, err := d.bot(c.setting)
	if err != nil {
		return nil, err
	}
	if proposed {
		again, err := d.finishWinding(ctx, who, c.ID)
		if err != nil {
			return nil, err
		}
		if again != nil {
			return again, nil
		}
		if c, err = d.onMain(c.ID); err != nil {
			return nil, err
		}
	}
	w, err := d.timeline(c)
	if err != nil {
		return nil, err
	}
	if texts := d.dueTexts(c, w); len(texts) > 0 {
		return d.remind(ctx, who, c, w, texts)
	}
	moves := c.setting.Program.DueMoves(w)
	if len(moves) == 0 {
		return nil, nil
	}
	return d.clockMove(ctx, who, c, w, moves[0])
}

// finishWinding looks at the open proposal of a case. One that the bot made by
// itself was left by a process that was killed, and is brought home. Nil:
// nothing is open any more, and the case is looked at as it is.
func (d *Desk) finishWinding(ctx context.Context, who *actor, id psirt.CaseID) ([]Due, error) {
	if _, err := d.mend(ctx, who, id); err != nil {
		return nil, err
	}
	t, err := d.tip(ctx, id, who)
	if err != nil || t.branch.IsZero() {
		return nil, err
	}
	if t.c.By != who.key.Cert().Fingerprint() || t.c.requested() {
		return d.held(t.c)
	}
	done, err := d.resume(ctx, who, t, id)
	var refused *Refused
	if err != nil && !errors.As(err, &refused) {
		return nil, err
	}
	if done != nil && done.Merged {
		return nil, nil // the case is looked at anew
	}
	return d.held(t.c)
}

// requested reports whether somebody's label asked for the newest revision.
func (c *one) requested() bool {
	last := c.Log[len(c.Log)-1]
	return last.Revision == c.Revision && last.RequestedBy != ""
}

// held says what would be done in a case if nothing were proposed.
func (d *Desk) held(tip *one) ([]Due, error) {
	c, err := d.onMain(tip.ID)
	if err != nil {
		return nil, err
	}
	w, err := d.timeline(c)
	if err != nil {
		return nil, err
	}
	const why = ", once the proposal that is open for this case is decided: docket pr list --open"
	out := []Due{}
	for _, text := range d.dueTexts(c, w) {
		out = append(out, d.called(c, w, text.Clock, Due{Waits: "the reminder " + text.Kind + why}))
	}
	for _, m := range c.setting.Program.DueMoves(w) {
		out = append(out, d.called(c, w, m.Clock, Due{Waits: "the move to " + target(m.To, m.Outcome) + why}))
	}
	return out, nil
}

func target(to string, outcome psirt.Outcome) string {
	if outcome == "" {
		return to
	}
	return to + " (" + string(outcome) + ")"
}

// called is what is said of a clock that ran out and calls for something.
func (d *Desk) called(c *one, w psirt.World, clock string, what Due) Due {
	reading, _ := latest(c.setting.Program, w, clock)
	out := dueOf(c, reading, false)
	out.Did, out.Waits = what.Did, what.Waits
	return out
}

// latest is the newest run of a clock that anyone can derive.
func latest(p *psirt.Program, w psirt.World, clock string) (out psirt.Reading, ok bool) {
	for _, r := range p.Readings(w.Events, w.Now) {
		if r.Clock == clock {
			out, ok = r, true
		}
	}
	return out, ok
}

// dueTexts are the reminders to send now. Of several that began together and
// have all run out, since nobody looked for a while, only the last one goes:
// two reminders on one day are none.
func (d *Desk) dueTexts(c *one, w psirt.World) []psirt.Reminder {
	p := c.setting.Program
	var out []psirt.Reminder
next:
	for _, text := range p.DueReminders(w) {
		run, _ := latest(p, w, text.Clock)
		for _, other := range p.Clocks {
			r, ok := latest(p, w, other.Name)
			if ok && other.Remind != "" && r.Status == psirt.ClockOverdue && r.Started.Equal(run.Started) && r.Due.After(run.Due) {
				continue next
			}
		}
		out = append(out, text)
	}
	return out
}

// remind sends standard texts that clocks call for, each as a revision of its
// own, since the bot sends one thing at a time.
func (d *Desk) remind(ctx context.Context, who *actor, c *one, w psirt.World, texts []psirt.Reminder) ([]Due, error) {
	var out []Due
	for _, text := range texts {
		done, err := d.botText(ctx, who, c.ID, text.Kind)
		var refused *Refused
		if errors.As(err, &refused) {
			out = append(out, d.called(c, w, text.Clock, Due{Waits: "the reminder " + text.Kind + ": " + strings.Join(refused.Verdict.Reasons(), "; ")}))
			continue
		}
		if err != nil {
			return out, err
		}
		out = append(out, d.called(c, w, text.Clock, Due{Did: "sent the reminder " + text.Kind + inPull(done)}))
	}
	return out, nil
}

func inPull(p *Proposed) string {
	if p.Merged {
		return fmt.Sprintf(" (pull request %d, merged)", p.Number)
	}
	return fmt.Sprintf(" (pull request %d, open)", p.Number)
}

// botText sends a standard text by the bot, without a move.
func (d *Desk) botText(ctx context.Context, who *actor, id psirt.CaseID, kind string) (*Proposed, error) {
	t, err := d.tip(ctx, id, who)
	if err != nil {
		return nil, err
	}
	if !t.branch.IsZero() {
		return nil, &Refused{What: "nothing was sent", Verdict: psirt.Failed("a proposal of the case is open", "decide it first: docket pr list --open")}
	}
	w, err := d.timeline(t.c)
	if err != nil {
		return nil, err
	}
	if _, v := t.c.setting.Program.StandingText(w, kind, who.key.Cert().Fingerprint()); !v.OK() {
		return nil, &Refused{What: "nothing was sent", Verdict: v} // somebody was faster
	}
	if v := t.c.setting.Program.StandingGuards(w, kind); !v.OK() {
		if v.Result == psirt.Sealed {
			v = psirt.Failed("guards of this text are sealed", fmt.Sprintf("docket reply %s --update %s", id, kind))
		}
		return nil, &Refused{What: "nothing was sent", Verdict: v}
	}
	r := d.revise(t.c, who, nil)
	if err := r.standard(kind); err != nil {
		return nil, err
	}
	return d.propose(ctx, r, t, audit.KindUpdate, fmt.Sprintf("%s: %s", id, kind), "Edit", "updates")
}

// clockMove makes a move that a clock calls for, unless reminders of the same
// run went out too late for it.
func (d *Desk) clockMove(ctx context.Context, who *actor, c *one, w psirt.World, m psirt.DueMove) ([]Due, error) {
	what := target(m.To, m.Outcome)
	if until, err := d.grace(c, w, m.Clock); err != nil {
		return nil, err
	} else if until != "" {
		return []Due{d.called(c, w, m.Clock, Due{Waits: "the move to " + what + ": " + until})}, nil
	}
	done, err := d.botMove(ctx, who, c.ID, m.To, m.Outcome, "")
	var refused *Refused
	switch {
	case errors.As(err, &refused):
		return []Due{d.called(c, w, m.Clock, Due{Waits: "the move to " + what + ": " + strings.Join(refused.Verdict.Reasons(), "; ")})}, nil
	case errors.Is(err, store.ErrLost):
		return nil, nil // somebody moved it at the same moment; the next look tells
	case err != nil:
		return nil, err
	}
	return []Due{d.called(c, w, m.Clock, Due{Did: "moved it to " + what + inPull(done)})}, nil
}

// grace says why a move by a clock must wait, or is empty. Between a reminder
// and the move the reporter has as long as the policy gives, counted from when
// the reminder went out: the bot may have been away, or the mail server.
func (d *Desk) grace(c *one, w psirt.World, clock string) (string, error) {
	p := c.setting.Program
	run, _ := latest(p, w, clock)
	gone, err := d.gone(c)
	if err != nil {
		return "", err
	}
	for _, other := range p.Clocks {
		r, ok := latest(p, w, other.Name)
		if !ok || other.Remind == "" || !r.Started.Equal(run.Started) || !r.Due.Before(run.Due) {
			continue
		}
		for _, u := range c.Updates {
			if u.Kind != other.Remind || madeAt(c, u).Before(run.Started) {
				continue
			}
			at, ok := gone[u.N]
			if !ok {
				return "the reminder " + u.Kind + " has not gone out yet: docket deliver", nil
			}
			if until := at.Add(run.Due.Sub(r.Due)); w.Now.Before(until) {
				return fmt.Sprintf("the reminder %s went out late; the reporter has until %s", u.Kind, until.Format(time.RFC3339)), nil
			}
		}
	}
	return "", nil
}

// gone says when each update of a case went out, or was given up since there is
// nobody to send it to.
func (d *Desk) gone(c *one) (map[int]time.Time, error) {
	receipts, _, err := d.receiptsOf(c)
	out := map[int]time.Time{}
	for _, r := range receipts {
		if r.Status != psirt.ReceiptSending && r.Status != psirt.ReceiptHeld {
			out[r.Update] = r.At
		}
	}
	return out, err
}

// madeAt is when an update was written, as far as the log tells: not before the
// last move that its revision follows.
func madeAt(c *one, u psirt.Update) time.Time {
	at := c.Opened
	for _, e := range c.Log {
		if e.Revision <= u.Revision {
			at = e.At
		}
	}
	return at
}
