package desk

import (
	"context"
	"errors"
	"strings"

	"github.com/docket-psirt/docket/internal/forge"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/store"
)

// A step is a few compare-and-swaps one after the other: the branch, the pull
// request, main (and the branch goes), the pull request again, the tracking
// issue. A process may be killed between any two. What is there then is valid,
// only not finished, and whoever comes next to the case finishes it: the same
// command, or another one. Everything here does no harm when the first process
// is alive after all: each step changes nothing the second time.

// mergeOf finds the merge commit that brought a branch's head to main, alone or
// below approvals that came after it; zero when the head is not on main.
func (d *Desk) mergeOf(head store.Hash, id psirt.CaseID) (store.Hash, error) {
	main, err := d.repo.Ref(mainRef)
	if err != nil {
		return store.Hash{}, err
	}
	if on, err := d.repo.IsAncestor(head, main); err != nil || !on {
		return store.Hash{}, err
	}
	const most = 10000 // what is left over is recent
	n := 0
	for c, err := range d.repo.FirstParents(main, store.Hash{}) {
		if err != nil {
			return store.Hash{}, err
		}
		if len(c.Parents) == 2 && c.Trailer("Case") == string(id) {
			if brought, err := d.brought(c, head); err != nil || brought {
				return c.Hash, err
			}
		}
		if n++; n > most {
			break
		}
	}
	return main, nil // on main by another way than a merge of Docket's
}

// brought reports whether a merge is the one that brought a commit.
func (d *Desk) brought(merge *store.Commit, head store.Hash) (bool, error) {
	if merge.Parents[1] == head {
		return true, nil
	}
	in, err := d.repo.IsAncestor(head, merge.Parents[1])
	if err != nil || !in {
		return false, err
	}
	before, err := d.repo.IsAncestor(head, merge.Parents[0])
	return !before, err
}

// caseOf reads the case ID out of a branch's name.
func caseOf(branch string) psirt.CaseID {
	parts := strings.Split(branch, "/")
	if len(parts) == 3 && parts[0] == "case" && psirt.CaseID(parts[1]).Valid() {
		return psirt.CaseID(parts[1])
	}
	return ""
}

// finishMerged completes the merge of a branch that is on main, or gone: the
// branch goes, its pull request is closed as merged, the tracking issue shows
// the state. done is false when the branch waits to be merged.
func (d *Desk) finishMerged(ctx context.Context, who *actor, branch string) (done bool, err error) {
	head, err := d.branch(branch)
	if err != nil {
		return false, err
	}
	if !head.IsZero() {
		merge, err := d.mergeOf(head, caseOf(branch))
		if err != nil || merge.IsZero() {
			return false, err
		}
		err = d.repo.Publish(ctx, nil, store.RefUpdate{Name: heads + branch, Old: head})
		if err != nil && !errors.Is(err, store.ErrLost) {
			return false, err
		}
	}
	pull, err := d.forge.Find(ctx, branch)
	if errors.Is(err, forge.ErrNotFound) {
		return true, d.trackQuietly(ctx, who, caseOf(branch))
	}
	if err != nil {
		return false, err
	}
	if head, err = store.ParseHash(pull.Head); err != nil {
		return false, err
	}
	// Somebody may have proposed anew since we looked.
	if now, err := d.branch(branch); err != nil || !now.IsZero() {
		return false, err
	}
	merge, err := d.mergeOf(head, caseOf(branch))
	if err != nil {
		return false, err
	}
	as := "" // a branch that was taken back
	if !merge.IsZero() {
		as = merge.String()
	}
	d.acting(who)
	if err := d.forge.Close(ctx, pull.Number, as); err != nil && !errors.Is(err, forge.ErrClosed) {
		return false, err
	}
	return true, d.trackQuietly(ctx, who, caseOf(branch))
}

// trackQuietly brings the tracking issue of a case up to date, if there is such
// a case.
func (d *Desk) trackQuietly(ctx context.Context, who *actor, id psirt.CaseID) error {
	if id == "" {
		return nil
	}
	if _, err := d.onMain(id); err != nil {
		return nil // taken back before it was a case
	}
	d.acting(who)
	return d.track(ctx, id)
}

// mend finishes what a killed process left of a case's proposal, before
// somebody builds on it. A proposal that no pull request shows gets one. It
// answers the state that the forge had not known: open, merged, or "" when
// nothing was left over.
func (d *Desk) mend(ctx context.Context, who *actor, id psirt.CaseID) (string, error) {
	if err := d.repo.Fetch(ctx); err != nil {
		return "", err
	}
	branch := nextBranch(id)
	head, err := d.branch(branch)
	if err != nil {
		return "", err
	}
	pull, err := d.forge.Find(ctx, branch)
	shown := err == nil
	if err != nil && !errors.Is(err, forge.ErrNotFound) {
		return "", err
	}
	switch {
	case head.IsZero() && !shown:
		return "", nil
	case shown && pull.Head == head.String():
		if merge, err := d.mergeOf(head, id); err != nil || merge.IsZero() {
			return "", err
		}
	}
	if merged, err := d.finishMerged(ctx, who, branch); err != nil || merged {
		return forge.StateMerged, err
	}
	return forge.StateOpen, d.show(ctx, who, branch)
}

// show opens the pull request of a branch that has none, or brings it up to
// the branch's head. Its author is who made the newest revision.
func (d *Desk) show(ctx context.Context, who *actor, branch string) error {
	base, at, err := d.main()
	if err != nil {
		return err
	}
	head, err := d.branch(branch)
	if err != nil || head.IsZero() {
		return err // merged meanwhile
	}
	g, err := d.judge.Proposal(base, head)
	if err != nil || g.Empty() {
		return err
	}
	p := proposal{branch: branch, kind: g.Kind, id: g.Case, head: head, title: strings.TrimSuffix(branch, "/next"), author: who.login}
	if len(g.Steps) > 0 {
		last := g.Steps[len(g.Steps)-1]
		p.title, _, _ = strings.Cut(last.Commit.Message, "\n")
		if s, err := d.judge.Setting(at, g.Program); err == nil {
			if person, ok := s.Program.ByKey(last.Case.By); ok {
				p.author = person.Login
			}
		}
	}
	_, err = d.pull(ctx, who, p, g)
	return err
}

// unfinished: the newest revision is still proposed, or was merged by mend a
// moment ago. Then the command that made it may have been killed.
func (t *tip) unfinished() bool { return t.mended != "" || !t.branch.IsZero() && t.queue.IsZero() }

// again reports whether the newest revision of an open proposal is what the
// person asks for once more, with the same words: then the command was killed
// before it ended, and the reporter must not hear it twice.
func (d *Desk) again(t *tip, who *actor, kind, words string) bool {
	if t.c.By != who.key.Cert().Fingerprint() || !t.queue.IsZero() {
		return false
	}
	var made []psirt.Update
	for _, u := range t.c.Updates {
		if u.Revision == t.c.Revision {
			made = append(made, u)
		}
	}
	if words == "" {
		return len(made) == 0 || made[0].Sealed == ""
	}
	if len(made) != 1 || made[0].Kind != kind || made[0].Sealed == "" {
		return false
	}
	have, err := d.ownWords(t.c, made[0], withKey(who))
	if err != nil {
		return false
	}
	subject, body := splitWords(words, t.c.ID)
	if kind != psirt.KindShare {
		body, err = footed(t.c.setting, t.c.Case, body)
	}
	return err == nil && have.Subject == subject && strings.TrimSpace(have.Text) == strings.TrimSpace(body)
}

// movedTo reports whether a revision is the move to a state.
func movedTo(c *one, to string, outcome psirt.Outcome) bool {
	last := c.Log[len(c.Log)-1]
	return last.Revision == c.Revision && c.State == to && c.Outcome == outcome
}

// resume ends a command that was killed: what it proposed is there, and only
// the rest is left to do.
func (d *Desk) resume(ctx context.Context, who *actor, t *tip, id psirt.CaseID) (*Proposed, error) {
	if t.branch.IsZero() { // it is on main
		list, err := d.forge.List(ctx, forge.Filter{Limit: 200})
		if err != nil {
			return nil, err
		}
		out := &Proposed{ID: id, Merged: true, State: t.c.State}
		for _, p := range list {
			if p.Branch == nextBranch(id) {
				out.Number = p.Number
				break // the newest comes first
			}
		}
		return out, nil
	}
	pull, err := d.forge.Find(ctx, nextBranch(id))
	if err != nil {
		return nil, err
	}
	return d.submit(ctx, who, proposal{id: id, head: t.branch, kind: pull.Kind, title: pull.Title})
}

// mergedBefore answers for a pull request that is merged when a person asks to
// approve or merge it: the command was killed before it could say so, or before
// it had told the forge, which is made good. Nil: it is not merged, or by is
// to be an approver and the person is none.
func (d *Desk) mergedBefore(ctx context.Context, number int, id psirt.CaseID, approver bool) (*Proposed, error) {
	if err := d.repo.Fetch(ctx); err != nil {
		return nil, err
	}
	var p forge.Pull
	var err error
	switch {
	case number > 0:
		p, err = d.forge.Get(ctx, number)
	case id != "":
		p, err = d.forge.Find(ctx, nextBranch(id))
	default:
		return nil, nil
	}
	if errors.Is(err, forge.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	shown, err := d.judged(ctx, p)
	if err != nil || shown.State != forge.StateMerged {
		return nil, err
	}
	_, at, err := d.main()
	if err != nil {
		return nil, err
	}
	all, err := d.settings(at)
	if err != nil {
		return nil, err
	}
	who, err := d.anyone(all)
	if err != nil {
		return nil, err
	}
	if p.State == forge.StateOpen {
		if _, err := d.finishMerged(ctx, who, p.Branch); err != nil {
			return nil, err
		}
	}
	if p, err = d.forge.Get(ctx, p.Number); err != nil {
		return nil, err
	}
	if approver {
		if signed, err := d.signedMerge(p, who); err != nil || !signed {
			return nil, err
		}
	}
	out := &Proposed{Number: p.Number, ID: psirt.CaseID(p.Case), Merged: true}
	if c, err := d.onMain(out.ID); err == nil {
		out.State = c.State
	}
	return out, nil
}

// signedMerge reports whether somebody's approval is in what was merged.
func (d *Desk) signedMerge(p forge.Pull, who *actor) (bool, error) {
	h, err := store.ParseHash(p.MergedAs)
	if err != nil {
		return false, nil // closed meanwhile
	}
	merge, err := d.repo.Commit(h)
	if err != nil || len(merge.Parents) != 2 {
		return false, err
	}
	g, err := d.judge.Proposal(merge.Parents[0], merge.Parents[1])
	return err == nil && approvedBy(g, who), err
}
