package desk

import (
	"context"
	"errors"
	"fmt"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/forge"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/store"
)

// attach puts a follow-up mail on record, on a branch of its own that waits for
// nobody: an open move is not disturbed. done is false when somebody else was
// faster.
func (d *Desk) attach(ctx context.Context, in *inbound, id psirt.CaseID, update int) (bool, error) {
	c, err := d.onMain(id)
	if err != nil {
		return false, err
	}
	who, err := d.bot(c.setting)
	if err != nil {
		return false, err
	}
	highest, err := highestMail(c.at, c.Program, id)
	if err != nil {
		return false, err
	}
	n := highest + 1
	branch := fmt.Sprintf("case/%s/mail-%d", id, n)
	if held, err := d.branch(branch); err != nil {
		return false, err
	} else if !held.IsZero() {
		return false, d.helpMail(ctx, who, branch, held)
	}
	batch := d.repo.NewBatch()
	head, err := d.mailCommit(batch, who, c, in, n, update)
	if err != nil {
		return false, err
	}
	if err := d.repo.Publish(ctx, batch, store.RefUpdate{Name: heads + branch, New: head}); err != nil {
		return false, err
	}
	g, err := d.judge.Proposal(c.commit, head)
	if err != nil {
		return false, err
	}
	if _, err := d.pull(ctx, who, proposal{branch: branch, kind: audit.KindMail, id: id, head: head,
		title: fmt.Sprintf("%s: mail %d", id, n)}, g); err != nil {
		return false, err
	}
	err = d.bring(ctx, who, branch)
	var clash *conflict
	if errors.As(err, &clash) {
		return false, d.drop(ctx, who, branch, head)
	}
	if err != nil {
		return false, err
	}
	return true, d.replied(ctx, who, c, in)
}

// helpMail finishes a mail that another process began to put on record.
func (d *Desk) helpMail(ctx context.Context, who *actor, branch string, held store.Hash) error {
	for i := range 20 {
		if err := pause(ctx, i); err != nil {
			return err
		}
		if err := d.repo.Fetch(ctx); err != nil {
			return err
		}
		if now, err := d.branch(branch); err != nil || now != held {
			return err
		}
	}
	return d.bring(ctx, who, branch)
}

// mailCommit is the commit that adds a follow-up mail.
func (d *Desk) mailCommit(b *store.Batch, who *actor, c *one, in *inbound, n, update int) (store.Hash, error) {
	at := d.now()
	kind := psirt.MailFollowUp
	switch {
	case in.m.Bounce != nil || in.m.Automatic:
		kind = psirt.MailBounce
	case !in.opened:
		kind = psirt.MailUnopened
	}
	rec := d.newRecord(in, c.ID, n, kind, at)
	rec.Update = update
	edits, _, _, err := d.recordMail(who, c.setting, c.Handlers, in, rec)
	if err != nil {
		return store.Hash{}, err
	}
	edits = append(edits, seenEdits(c.setting, c.at, in, c.ID)...)
	main, err := d.repo.Commit(c.commit)
	if err != nil {
		return store.Hash{}, err
	}
	return d.commit(b, who, at, main.Tree, []store.Hash{c.commit}, edits,
		message(fmt.Sprintf("%s: mail %d, %s", c.ID, n, kind), "Case", string(c.ID), "Mail", fmt.Sprintf("%d %s", n, kind)))
}

// replied tells the team that a reply has come, and, when it is verified and
// the programme says so, moves the case on.
func (d *Desk) replied(ctx context.Context, who *actor, c *one, in *inbound) error {
	label := "needs/reply"
	if in.m.Bounce != nil || in.m.Automatic {
		label = "needs/delivery"
	}
	d.acting(who)
	if _, err := d.forge.Label(ctx, c.Program, string(c.ID), []string{label}, nil, who.login); err != nil && !errors.Is(err, forge.ErrNotFound) {
		return err
	}
	if in.signed != psirt.SignedGood || label != "needs/reply" {
		return nil
	}
	open, err := d.branch(nextBranch(c.ID))
	if err != nil || !open.IsZero() {
		return err // a person's proposal is under way; it takes the mail into account
	}
	for _, t := range c.setting.Program.Transitions {
		if t.On == "reply" && has(t.From, c.State) {
			_, err := d.botMove(ctx, who, c.ID, t.To, "", "")
			var refused *Refused
			if errors.As(err, &refused) {
				return nil // a guard asks for a person, and the label calls one
			}
			return err
		}
	}
	return nil
}
