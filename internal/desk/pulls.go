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

// Pull is a pull request with what the programme says of it.
type Pull struct {
	Number    int            `json:"number"`
	ID        psirt.CaseID   `json:"id"`
	Kind      string         `json:"kind"`
	From      string         `json:"from"`
	To        string         `json:"to"`
	Outcome   psirt.Outcome  `json:"outcome,omitempty"`
	State     string         `json:"state"`
	Author    string         `json:"author"`
	Title     string         `json:"title"`
	Approvals []string       `json:"approvals"`
	Verdict   string         `json:"verdict"` // pass or fail
	Reasons   []string       `json:"reasons"`
	Tree      *psirt.Verdict `json:"tree,omitempty"`

	branch string
}

// Pulls lists pull requests: the open ones, or all of the newest.
func (d *Desk) Pulls(ctx context.Context, all bool) ([]Pull, error) {
	if err := d.repo.Fetch(ctx); err != nil {
		return nil, err
	}
	filter := forge.Filter{State: forge.StateOpen}
	if all {
		filter = forge.Filter{Limit: 200}
	}
	list, err := d.forge.List(ctx, filter)
	if err != nil {
		return nil, err
	}
	out := []Pull{}
	for _, p := range list {
		pull, err := d.judged(ctx, p)
		if err != nil {
			return nil, err
		}
		if all || pull.State == forge.StateOpen {
			out = append(out, *pull)
		}
	}
	return out, nil
}

// Pull is one pull request.
func (d *Desk) Pull(ctx context.Context, number int) (*Pull, error) {
	if err := d.repo.Fetch(ctx); err != nil {
		return nil, err
	}
	p, err := d.forge.Get(ctx, number)
	if errors.Is(err, forge.ErrNotFound) {
		return nil, &Problem{Text: fmt.Sprintf("there is no pull request %d", number), Do: "docket pr list --open shows those that wait"}
	}
	if err != nil {
		return nil, err
	}
	return d.judged(ctx, p)
}

// judged adds the programme's verdict. What the forge has as open although its
// branch is on main (a crash came between merge and forge) is shown as merged.
func (d *Desk) judged(ctx context.Context, p forge.Pull) (*Pull, error) {
	out := &Pull{Number: p.Number, ID: psirt.CaseID(p.Case), Kind: p.Kind, State: p.State, Author: p.Author, Title: p.Title,
		Approvals: []string{}, Reasons: []string{}, Verdict: "pass", branch: p.Branch}
	head, err := store.ParseHash(p.Head)
	if err != nil {
		return nil, err
	}
	base, err := d.baseOf(p, head)
	if err != nil {
		return nil, err
	}
	if base.IsZero() {
		out.State = forge.StateMerged
		return out, nil
	}
	if p.State == forge.StateClosed {
		return out, nil
	}
	g, err := d.judge.Proposal(base, head)
	if err != nil {
		return nil, err
	}
	out.From, out.To, out.Outcome = g.From, g.To, g.Outcome
	if g.Kind != "" {
		out.Kind = g.Kind
	}
	names, err := d.approvers(base, g)
	if err != nil {
		return nil, err
	}
	out.Approvals = append(out.Approvals, names...)
	if tree := g.Verdict.Public(); !g.OK() {
		out.Verdict, out.Reasons, out.Tree = "fail", g.Verdict.Public().Reasons(), &tree
	}
	return out, nil
}

// baseOf is the commit of main by which a pull request is judged: main's head
// while it is open, the first parent of its merge once it is merged. Zero: it
// is on main although the forge has it as open.
func (d *Desk) baseOf(p forge.Pull, head store.Hash) (store.Hash, error) {
	if p.State == forge.StateMerged {
		merge, err := store.ParseHash(p.MergedAs)
		if err != nil {
			return store.Hash{}, err
		}
		c, err := d.repo.Commit(merge)
		if err != nil || len(c.Parents) == 0 {
			return store.Hash{}, err
		}
		return c.Parents[0], nil
	}
	main, err := d.repo.Ref(mainRef)
	if err != nil {
		return store.Hash{}, err
	}
	on, err := d.repo.IsAncestor(head, main)
	if on || err != nil {
		return store.Hash{}, err
	}
	return main, nil
}

func (d *Desk) approvers(base store.Hash, g *audit.Judgement) ([]string, error) {
	if len(g.Approvals) == 0 {
		return nil, nil
	}
	at, err := d.repo.At(base)
	if err != nil {
		return nil, err
	}
	s, err := d.judge.Setting(at, g.Program)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, a := range g.Approvals {
		if name := s.Name(a.By); !has(out, name) {
			out = append(out, name)
		}
	}
	return out, nil
}

// target finds the open pull request that an approval or merge is about: by
// number, or by case, or the only one that is open.
func (d *Desk) target(ctx context.Context, number int, id psirt.CaseID) (*Pull, error) {
	if number > 0 {
		return d.Pull(ctx, number)
	}
	list, err := d.Pulls(ctx, false)
	if err != nil {
		return nil, err
	}
	var found []Pull
	for _, p := range list {
		if id == "" || p.ID == id {
			found = append(found, p)
		}
	}
	switch len(found) {
	case 0:
		return nil, &Problem{Text: "there is no open pull request", Do: "docket pr list shows the ended ones too"}
	case 1:
		return &found[0], nil
	}
	return nil, usage("several pull requests are open", "name one by its number; docket pr list shows them")
}

// opened is a pull request that is still open, with its judgement.
func (d *Desk) stillOpen(ctx context.Context, number int, id psirt.CaseID) (*Pull, *audit.Judgement, *audit.Setting, error) {
	p, err := d.target(ctx, number, id)
	if err != nil {
		return nil, nil, nil, err
	}
	if p.State != forge.StateOpen {
		return nil, nil, nil, &Problem{Text: fmt.Sprintf("pull request %d is %s already", p.Number, p.State)}
	}
	base, at, err := d.main()
	if err != nil {
		return nil, nil, nil, err
	}
	head, err := d.branch(p.branch)
	if err != nil {
		return nil, nil, nil, err
	}
	if head.IsZero() {
		return nil, nil, nil, &Problem{Text: fmt.Sprintf("the branch of pull request %d is gone", p.Number), Do: "docket pr close ends it"}
	}
	g, err := d.judge.Proposal(base, head)
	if err != nil {
		return nil, nil, nil, err
	}
	name := g.Program
	if name == "" {
		return nil, nil, nil, &Refused{What: fmt.Sprintf("pull request %d cannot be judged", p.Number), Verdict: g.Verdict}
	}
	s, err := d.judge.Setting(at, name)
	return p, g, s, err
}

// Merge merges a pull request that has all it needs.
func (d *Desk) Merge(ctx context.Context, number int, id psirt.CaseID) (*Proposed, error) {
	if done, err := d.mergedBefore(ctx, number, id, false); err != nil || done != nil {
		return done, err
	}
	p, g, s, err := d.stillOpen(ctx, number, id)
	if err != nil {
		return nil, err
	}
	if !g.OK() {
		return nil, &Refused{What: fmt.Sprintf("pull request %d was not merged", p.Number), Verdict: g.Verdict}
	}
	who, err := d.me(s)
	if err != nil {
		return nil, err
	}
	if err := d.bring(ctx, who, p.branch); err != nil {
		return nil, err
	}
	out := &Proposed{Number: p.Number, ID: g.Case, Merged: true}
	if g.Case != "" {
		c, err := d.onMain(g.Case)
		if err != nil {
			return nil, err
		}
		out.State = c.State
	}
	return out, nil
}

// ClosePull ends a pull request without merging it; its branch goes. A first
// revision or a mail is not closed: that would lose a mail that has left its
// mailbox, so it takes one that main has already.
func (d *Desk) ClosePull(ctx context.Context, number int) error {
	p, err := d.Pull(ctx, number)
	if err != nil {
		return err
	}
	_, at, err := d.main()
	if err != nil {
		return err
	}
	all, err := d.settings(at)
	if err != nil {
		return err
	}
	who, err := d.anyone(all)
	if err != nil {
		return err
	}
	if p.State == forge.StateMerged {
		return &Problem{Text: fmt.Sprintf("pull request %d is merged already", number)}
	}
	head, err := d.branch(p.branch)
	if err != nil {
		return err
	}
	if !head.IsZero() && p.State == forge.StateOpen {
		if err := d.repo.Publish(ctx, nil, store.RefUpdate{Name: heads + p.branch, Old: head}); err != nil {
			return err
		}
	}
	d.acting(who)
	return d.forge.Close(ctx, number, "")
}

// OpenPull is the open pull request of a case.
func (d *Desk) OpenPull(ctx context.Context, id psirt.CaseID) (*Pull, error) {
	return d.target(ctx, 0, id)
}

// anyone is the person who acts, whatever the programme.
func (d *Desk) anyone(all []*audit.Setting) (*actor, error) {
	var last error
	for _, s := range all {
		who, err := d.me(s)
		if err == nil {
			return who, nil
		}
		last = err
	}
	return nil, last
}
