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
	"github.com/docket-psirt/docket/internal/seal"
	"github.com/docket-psirt/docket/internal/store"
)

// Approve signs a proposal as the person who acts, after opening what it
// changes and judging what is sealed, and merges it when it has all it needs.
func (d *Desk) Approve(ctx context.Context, number int, id psirt.CaseID) (*Proposed, error) {
	if done, err := d.mergedBefore(ctx, number, id, true); err != nil || done != nil {
		return done, err
	}
	p, g, s, err := d.stillOpen(ctx, number, id)
	if err != nil {
		return nil, err
	}
	who, err := d.me(s)
	if err != nil {
		return nil, err
	}
	if g.OK() && approvedBy(g, who) {
		return d.afterApproval(ctx, who, p, g, g.Head) // killed before it was merged
	}
	if v := d.mayApprove(s, g, who); !v.OK() {
		return nil, &Refused{What: fmt.Sprintf("pull request %d was not approved", p.Number), Verdict: v}
	}
	if len(g.Steps) > 0 {
		if v, err := d.judgeSealed(g, s, who); err != nil {
			return nil, err
		} else if !v.OK() {
			return nil, &Refused{What: fmt.Sprintf("pull request %d was not approved", p.Number), Verdict: v}
		}
	}
	if v := d.judgeResealed(g, s, withKey(who)); !v.OK() {
		return nil, &Refused{What: fmt.Sprintf("pull request %d was not approved", p.Number), Verdict: v}
	}
	names := "git:" + g.HeadTree().String()
	if len(g.Steps) > 0 {
		names = string(psirt.SHA256(g.Steps[len(g.Steps)-1].File))
	}
	batch := d.repo.NewBatch()
	head, err := d.commit(batch, who, d.now(), g.HeadTree(), []store.Hash{g.Head}, nil,
		message(fmt.Sprintf("Approve %s", strings.TrimSuffix(p.branch, "/next")), "Case", string(g.Case), "Approves", names))
	if err != nil {
		return nil, err
	}
	err = d.repo.Publish(ctx, batch, store.RefUpdate{Name: heads + p.branch, Old: g.Head, New: head})
	if errors.Is(err, store.ErrLost) {
		return nil, &Problem{Text: fmt.Sprintf("pull request %d changed at the same moment", p.Number), Do: "look at it again (docket diff) before you approve it", Err: store.ErrLost}
	}
	if err != nil {
		return nil, err
	}
	return d.afterApproval(ctx, who, p, g, head)
}

// afterApproval brings the pull request up to date with its new head and merges
// it if it can be.
func (d *Desk) afterApproval(ctx context.Context, who *actor, p *Pull, g *audit.Judgement, head store.Hash) (*Proposed, error) {
	if g.Case != "" {
		return d.submit(ctx, who, proposal{id: g.Case, head: head, kind: p.Kind, title: p.Title, number: p.Number})
	}
	d.acting(who)
	if err := d.forge.Update(ctx, p.Number, func(f *forge.Pull) error { f.Head = head.String(); return nil }); err != nil {
		return nil, err
	}
	return d.finishProgram(ctx, who, p.Number, p.branch, g)
}

// approvedBy reports whether a person's signed approval counts already.
func approvedBy(g *audit.Judgement, who *actor) bool {
	by := who.key.Cert().Fingerprint()
	for _, a := range g.Approvals {
		if a.By == by && a.Kind == psirt.KindSigned {
			return true
		}
	}
	return false
}

// mayApprove answers whether a person's approval would count anywhere in the
// proposal.
func (d *Desk) mayApprove(s *audit.Setting, g *audit.Judgement, who *actor) psirt.Verdict {
	what := fmt.Sprintf("%s approves", who.handle)
	if len(g.Findings) > 0 {
		var of []psirt.Verdict
		for _, f := range g.Findings {
			of = append(of, psirt.Failed(f.Kind, f.Text))
		}
		return psirt.All(what, of...)
	}
	by := who.key.Cert().Fingerprint()
	for _, a := range g.Approvals {
		if a.By == by && a.Kind == psirt.KindSigned {
			return psirt.All(what, psirt.Failed(who.handle+" has approved this already", "somebody else must, if more is needed: docket pr show"))
		}
	}
	mine := psirt.Approval{By: by, Kind: psirt.KindSigned}
	v := psirt.Passed(what)
	for i, ask := range asksOf(s, g) {
		part := s.Program.Approved(ask.one(), []psirt.Approval{mine}, ask.not, ask.sealed)
		if part.OK() {
			return psirt.Passed(what)
		}
		if i == 0 {
			v = psirt.All(what, part)
		}
	}
	return v
}

// ask is a rule for approvals that a proposal is under, with those whose
// approval does not count for it.
type ask struct {
	psirt.ApprovalRule
	not    []psirt.Fingerprint
	sealed bool // what the forge attests counts nothing
}

// one is the rule as a single approval meets it.
func (a ask) one() psirt.ApprovalRule {
	return psirt.ApprovalRule{Count: 1, Role: a.Role, Kind: a.Kind}
}

// asksOf lists the rules of a proposal that ask for an approval. Where none does,
// whoever is of the team may approve all the same: the rules are answered as
// they are.
func asksOf(s *audit.Setting, g *audit.Judgement) []ask {
	var all, needed []ask
	if g.Kind == audit.KindProgram {
		all = append(all, ask{s.Program.Changes, g.Changers, true})
	}
	sealed := slices.ContainsFunc(g.Steps, func(step audit.Step) bool { return step.Sealed })
	for _, step := range g.Steps {
		for _, rule := range step.Asks(s.Program) {
			all = append(all, ask{rule, makers(s, step), sealed})
		}
	}
	for _, a := range all {
		if a.Count > 0 {
			needed = append(needed, a)
		}
	}
	if len(needed) == 0 {
		return all
	}
	return needed
}

// makers are those who made a revision or asked for it.
func makers(s *audit.Setting, step audit.Step) []psirt.Fingerprint {
	out := []psirt.Fingerprint{step.Case.By}
	if step.Move {
		login := step.Case.Log[len(step.Case.Log)-1].RequestedBy
		if p, ok := s.Program.ByLogin(login); ok && login != "" {
			out = append(out, p.Key)
		}
	}
	return out
}

// judgeSealed opens what a proposal changes, validates it, and judges sealed
// guards and clear facts again. It fails closed: what cannot be opened cannot
// be approved.
func (d *Desk) judgeSealed(g *audit.Judgement, s *audit.Setting, who *actor) (psirt.Verdict, error) {
	var parts []psirt.Verdict
	end := &atEnd{}
	for _, step := range g.Steps {
		at, err := d.repo.At(step.Commit.Hash)
		if err != nil {
			return psirt.Verdict{}, err
		}
		c := &one{Case: step.Case, file: step.File, at: at, commit: step.Commit.Hash, setting: s}
		open, err := d.open(c, withKey(who))
		if err != nil {
			do := err.Error()
			if errors.Is(err, seal.ErrNoKey) {
				do = fmt.Sprintf("it is not sealed to %s: close it (docket pr close), let somebody who handles the case bring them in with docket handlers %s add %[1]s, and propose it again", who.handle, step.Case.ID)
			}
			parts = append(parts, psirt.Failed(fmt.Sprintf("revision %d cannot be opened and read", step.Case.Revision), do))
			continue
		}
		var history []psirt.Past
		if step.Move && step.Before != nil && s.Program.NeedsHistory(step.Before.State, step.Case.State) {
			if history, err = d.past(c, open.with); err != nil {
				return psirt.Verdict{}, err
			}
		}
		parts = append(parts, sealedVerdict(s, step, open, history))
		for _, u := range step.Updates {
			if u.Sealed == "" {
				continue
			}
			words, err := d.ownWords(c, u, withKey(who))
			if err != nil {
				parts = append(parts, psirt.Failed(fmt.Sprintf("update %d cannot be opened and read", u.N), err.Error()))
			} else if u.Kind == psirt.KindShare {
				parts = append(parts, shareVerdict(s, u, words, open.report, step.Case.By, approversWith(g, who)))
				end.shares = append(end.shares, pendingShare{u, words, step.Case.By})
			}
		}
		end.take(step, open)
	}
	more, err := d.judgeEnd(end, s, approversWith(g, who))
	return psirt.All("what is sealed is as the programme asks", append(parts, more...)...), err
}

// sealedVerdict judges one revision by its open report, and by those before it
// where a guard asks who signed a record.
func sealedVerdict(s *audit.Setting, step audit.Step, open *contents, history []psirt.Past) psirt.Verdict {
	when := step.Commit.Committer.When
	var parts []psirt.Verdict
	facts := s.Program.ClearFacts(psirt.World{Case: step.Case, Report: open.report, Now: when})
	if strings.Join(facts, " ") != strings.Join(step.Case.Facts, " ") && (step.Case.By != s.Program.Keys.Bot || step.Before == nil) {
		parts = append(parts, psirt.Failed("the clear facts are not those of the sealed report", "make the move again"))
	}
	if step.Move && step.Before != nil {
		before, entry := *step.Before, step.Case.Log[len(step.Case.Log)-1]
		w := psirt.World{Case: &before, Report: open.report, Now: when, History: history, Mover: &entry}
		rule, v := s.Program.Transition(w, step.Case.State, step.Case.Outcome)
		if v.OK() && !step.Sends(rule) {
			v = psirt.All(v.What, psirt.Failed("the rule whose guards hold sends "+rule.Update, "make the move again"))
		}
		if !v.OK() && len(v.Of) > 0 {
			v = psirt.All(v.What, append(slices.Clone(v.Of), unseen(history)...)...)
		}
		parts = append(parts, v)
	}
	for _, u := range step.Updates {
		if u.Sealed == "" && !step.Move && step.Before != nil {
			parts = append(parts, s.Program.StandingGuards(psirt.World{Case: step.Before, Report: open.report, Now: when}, u.Kind))
		}
	}
	parts = append(parts, assessmentStep(step, open)...)
	return psirt.All(fmt.Sprintf("revision %d, opened", step.Case.Revision), parts...)
}
