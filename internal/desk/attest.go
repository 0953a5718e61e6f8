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

// PublishCheck judges an open pull request and publishes the result as the
// check docket/check of its head. It needs no key, and nothing of the branch is
// executed: it is read as data.
func (d *Desk) PublishCheck(ctx context.Context, number int) (*Pull, error) {
	if err := d.repo.Fetch(ctx); err != nil {
		return nil, err
	}
	p, err := d.forge.Peek(ctx, number)
	if err != nil {
		return nil, err
	}
	if p.State != forge.StateOpen {
		return d.judged(ctx, p)
	}
	if p.Branch == "" { // a name that no branch of Docket's has, and none is fetched
		return nil, d.foreign(ctx, p)
	}
	head, err := d.branch(p.Branch)
	if err != nil {
		return nil, err
	}
	if p.Base != "main" || head.IsZero() || head.String() != p.Head && !d.hasCommit(p.Head) {
		return nil, d.foreign(ctx, p)
	}
	base, err := d.repo.Ref(mainRef)
	if err != nil {
		return nil, err
	}
	g, err := d.judge.Proposal(base, head)
	if err != nil {
		return nil, err
	}
	if err := d.publishCheck(ctx, g); err != nil {
		return nil, err
	}
	p.Head = head.String()
	return d.judged(ctx, p)
}

func (d *Desk) hasCommit(commit string) bool {
	h, err := store.ParseHash(commit)
	if err != nil {
		return false
	}
	_, err = d.repo.Commit(h)
	return err == nil
}

// foreign fails a pull request that is none of Docket's: from another
// repository, or onto another branch.
func (d *Desk) foreign(ctx context.Context, p forge.Pull) error {
	text := "a proposal comes from a branch of this repository, and goes to main"
	err := d.forge.Check(ctx, forge.Check{Head: p.Head, Name: checkName, Conclusion: forge.Failure, Title: "not a proposal", Summary: text, At: d.now()})
	if err != nil {
		return err
	}
	return &Refused{What: fmt.Sprintf("pull request %d cannot be judged", p.Number), Verdict: psirt.Failed("it is none of this repository's proposals", text)}
}

// Attest records the reviews of a pull request that count as the bot's signed
// attestations, and merges what has all it needs. A review counts for the
// commit that was read: when the case's newest revision is another one, it
// counts nothing. A person's newest review asking for changes holds the merge.
func (d *Desk) Attest(ctx context.Context, number int) (*Proposed, error) {
	p, head, out, err := d.living(ctx, d.forge.Get, number)
	if err != nil || head.IsZero() {
		return out, err
	}
	base, at, err := d.main()
	if err != nil {
		return nil, err
	}
	g, err := d.judge.Proposal(base, head)
	if err != nil {
		return nil, err
	}
	if g.Program == "" || len(g.Findings) > 0 {
		out.Needs = g.Verdict.Public().Reasons()
		return out, d.leftOver(ctx, at, p.Branch, out)
	}
	s, err := d.judge.Setting(at, g.Program)
	if err != nil {
		return nil, err
	}
	who, err := d.bot(s)
	if err != nil {
		return nil, err
	}
	return d.attestAs(ctx, who, s, p, g, out)
}

// Checked does what a check that has ended calls for: a pull request that has
// all it needs is merged, unless somebody asks for changes. While something is
// missing it asks GitHub nothing: the review that brings it calls for Attest.
func (d *Desk) Checked(ctx context.Context, number int) (*Proposed, error) {
	_, head, out, err := d.living(ctx, d.forge.Peek, number)
	if err != nil || head.IsZero() {
		return out, err
	}
	base, err := d.repo.Ref(mainRef)
	if err != nil {
		return nil, err
	}
	g, err := d.judge.Proposal(base, head)
	if err != nil {
		return nil, err
	}
	if len(g.Findings) == 0 && !g.OK() {
		out.Needs = g.Verdict.Public().Reasons()
		return out, nil
	}
	return d.Attest(ctx, number)
}

// living reads a pull request, and the commit that its branch stands at: none
// when there is nothing left to do for it.
func (d *Desk) living(ctx context.Context, read func(context.Context, int) (forge.Pull, error), number int) (p forge.Pull, head store.Hash, out *Proposed, err error) {
	if err := d.repo.Fetch(ctx); err != nil {
		return p, head, nil, err
	}
	if p, err = read(ctx, number); err != nil {
		return p, head, nil, err
	}
	out = &Proposed{Number: p.Number, ID: caseOf(p.Branch)}
	if p.Branch == "" || p.State == forge.StateClosed || p.Base != "main" {
		return p, head, out, nil
	}
	if head, err = d.branch(p.Branch); err != nil {
		return p, head, nil, err
	}
	return p, head, out, nil
}

// Gone reports whether git knows that a branch is not there any more: then
// GitHub has closed its pull request, merged or not.
func (d *Desk) Gone(ctx context.Context, branch string) bool {
	if branch == "" || d.repo.Fetch(ctx) != nil {
		return false
	}
	head, err := d.branch(branch)
	return err == nil && head.IsZero()
}

// leftOver finishes a branch that is on main already: somebody merged it with
// GitHub's button.
func (d *Desk) leftOver(ctx context.Context, at *store.Snapshot, branch string, out *Proposed) error {
	id := caseOf(branch)
	if id == "" {
		return nil
	}
	s, err := d.settingOf(at, id)
	if err != nil {
		return nil // no case of a programme here: nothing to finish
	}
	who, err := d.bot(s)
	if err != nil {
		return err
	}
	done, err := d.finishMerged(ctx, who, branch)
	if done && err == nil {
		out.Merged, out.Needs = true, nil
	}
	return err
}

func (d *Desk) attestAs(ctx context.Context, who *actor, s *audit.Setting, p forge.Pull, g *audit.Judgement, out *Proposed) (*Proposed, error) {
	head, against, err := d.record(ctx, who, s, p, g)
	if err != nil {
		return nil, err
	}
	if head != g.Head {
		if g, err = d.judge.Proposal(g.Base, head); err != nil {
			return nil, err
		}
	}
	out.Verdict = g.Verdict
	switch {
	case against != "":
		out.Needs = []string{against + " asks for changes"}
		return out, nil
	case !g.OK():
		out.Needs = g.Verdict.Public().Reasons()
		return out, nil
	}
	if err := d.bring(ctx, who, p.Branch); err != nil {
		return nil, err
	}
	out.Merged = true
	if c, err := d.onMain(g.Case); err == nil {
		out.State = c.State
	}
	return out, nil
}

// record adds an attestation to the branch for each review that counts and is
// not on record, and answers the branch's head and who asks for changes.
func (d *Desk) record(ctx context.Context, who *actor, s *audit.Setting, p forge.Pull, g *audit.Judgement) (store.Hash, string, error) {
	last, against, err := d.lastReviews(s, p, g)
	if err != nil || against != "" {
		return g.Head, against, err
	}
	names := namesOf(g)
	batch := d.repo.NewBatch()
	head := g.Head
	for _, r := range last {
		person, _ := s.Program.ByLogin(r.By)
		if g.OK() || !d.wouldCount(s, g, person) {
			continue
		}
		head, err = d.commit(batch, who, d.now(), g.HeadTree(), []store.Hash{head}, nil,
			message("Approve "+strings.TrimSuffix(p.Branch, "/next"), "Case", string(g.Case), "Approves", names, "Attested-by", person.Login))
		if err != nil {
			return head, "", err
		}
	}
	if head == g.Head {
		return head, "", nil
	}
	err = d.repo.Publish(ctx, batch, store.RefUpdate{Name: heads + p.Branch, Old: g.Head, New: head})
	if errors.Is(err, store.ErrLost) {
		return head, "", &Problem{Text: fmt.Sprintf("pull request %d changed at the same moment", p.Number), Do: "it is looked at again", Err: store.ErrLost}
	}
	return head, "", err
}

// namesOf is what an approval of a proposal names: the newest revision, or,
// of a programme's change, the tree.
func namesOf(g *audit.Judgement) string {
	if len(g.Steps) > 0 {
		return string(psirt.SHA256(g.Steps[len(g.Steps)-1].File))
	}
	return "git:" + g.HeadTree().String()
}

// lastReviews are the newest reviews, one a person, of those whom the programme
// knows and who read what is proposed now. against is one of them who asks for
// changes.
func (d *Desk) lastReviews(s *audit.Setting, p forge.Pull, g *audit.Judgement) (approving []forge.Review, against string, err error) {
	seen := map[string]bool{}
	for i := len(p.Reviews) - 1; i >= 0; i-- {
		r := p.Reviews[i]
		person, ok := s.Program.ByLogin(r.By)
		if !ok || seen[person.Handle] || !d.readNow(r.Head, g) {
			continue
		}
		seen[person.Handle] = true
		switch {
		case r.Verdict == forge.Reject && person.HasRole(psirt.RoleTeam):
			return nil, person.Handle, nil
		case r.Verdict == forge.Approve:
			approving = append(approving, r)
		}
	}
	return approving, "", nil
}

// readNow reports whether a commit is one of the proposal's and has the tree of
// its head: approvals are commits that change nothing.
func (d *Desk) readNow(commit string, g *audit.Judgement) bool {
	h, err := store.ParseHash(commit)
	if err != nil || !g.Brings(h) {
		return false
	}
	c, err := d.repo.Commit(h)
	return err == nil && c.Tree == g.HeadTree()
}

// wouldCount reports whether a person's attestation would count and is not on
// record.
func (d *Desk) wouldCount(s *audit.Setting, g *audit.Judgement, person psirt.Person) bool {
	for _, a := range g.Approvals {
		if a.By == person.Key {
			return false
		}
	}
	mine := []psirt.Approval{{By: person.Key, Kind: psirt.KindAttested}}
	return slices.ContainsFunc(asksOf(s, g), func(a ask) bool {
		return a.Count > 0 && s.Program.Approved(a.one(), mine, a.not, a.sealed).OK()
	})
}
