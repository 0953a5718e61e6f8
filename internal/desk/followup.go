package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

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
	branch := mailBranch(id, n)
	if held, err := d.branch(branch); err != nil {
		return false, err
	} else if !held.IsZero() {
		return false, d.helpMail(ctx, who, branch, held)
	}
	batch := d.repo.NewBatch()
	defer batch.Close() // what a large mail left on the disk, published or not
	head, err := d.mailCommit(batch, who, c, in, n, update)
	if err != nil {
		return false, err
	}
	err = d.repo.Publish(ctx, batch, store.RefUpdate{Name: heads + branch, New: head},
		store.RefUpdate{Name: mainRef, Old: c.commit, New: c.commit}) // as in claimAndMerge
	if err != nil {
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
	done, err := d.bringClaim(ctx, who, branch)
	if err != nil || !done {
		return false, err
	}
	return true, d.replied(ctx, who, c, in.signed == psirt.SignedGood, in.m.Bounce != nil || in.m.Automatic)
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
	return d.finishClaim(ctx, who, branch)
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
func (d *Desk) replied(ctx context.Context, who *actor, c *one, verified, automatic bool) error {
	label := "needs/reply"
	if automatic {
		label = "needs/delivery"
	}
	d.acting(who)
	if _, err := d.forge.Label(ctx, c.Program, string(c.ID), []string{label}, nil, who.login); err != nil && !errors.Is(err, forge.ErrNotFound) {
		return err
	}
	if !verified || automatic {
		return nil
	}
	open, err := d.branch(nextBranch(c.ID))
	if err != nil || !open.IsZero() {
		return err // a person's proposal is under way; it takes the mail into account
	}
	for _, t := range c.setting.Program.Transitions {
		if t.On == "reply" && has(t.From, c.setting.Program.Current(c.State)) {
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

// finishMails completes what brought a case's mails to main.
func (d *Desk) finishMails(ctx context.Context, who *actor, c *one) error {
	branches := []string{nextBranch(c.ID)}
	left, err := d.repo.Refs(heads + "case/" + string(c.ID) + "/mail-")
	if err != nil {
		return err
	}
	for _, ref := range left {
		branches = append(branches, strings.TrimPrefix(ref.Name, heads))
	}
	records, err := d.records(c)
	if err != nil {
		return err
	}
	for _, rec := range records {
		if branch := mailBranch(c.ID, rec.N); rec.N > 1 && !slices.Contains(c.Mails, rec.digest) && !has(branches, branch) {
			branches = append(branches, branch)
		}
	}
	for _, branch := range branches {
		if _, err := d.finishMerged(ctx, who, branch); err != nil {
			return err
		}
	}
	return nil
}

func mailBranch(id psirt.CaseID, n int) string { return fmt.Sprintf("case/%s/mail-%d", id, n) }

// repliedBefore does what replied does for mails that a killed process put on
// record and did not come to: those that no revision has taken into account.
func (d *Desk) repliedBefore(ctx context.Context, who *actor, c *one) error {
	records, err := d.records(c)
	if err != nil {
		return err
	}
	for _, rec := range records {
		if rec.N == 1 || slices.Contains(c.Mails, rec.digest) {
			continue
		}
		if err := d.replied(ctx, who, c, rec.Signed == psirt.SignedGood, rec.Kind == psirt.MailBounce); err != nil {
			return err
		}
		if rec.Signed == psirt.SignedGood && rec.Kind != psirt.MailBounce {
			return nil // it takes all mails into account
		}
	}
	return nil
}
