package audit

import (
	"fmt"
	"maps"
	"slices"

	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/store"
)

// verdict puts the tree together.
func (p *proposal) verdict() psirt.Verdict {
	var parts []psirt.Verdict
	form := psirt.Passed("the proposal is well formed: signatures, chain, schema and recipients are as they must be")
	if len(p.s.findings) > 0 {
		var of []psirt.Verdict
		for _, f := range p.s.findings {
			of = append(of, psirt.Failed(f.Kind, f.Text))
		}
		form = psirt.All("the proposal is well formed", of...)
	}
	parts = append(parts, form)
	var approvals []psirt.Approval
	for _, a := range p.claims {
		if a.Names == p.newest {
			p.g.Approvals = append(p.g.Approvals, a)
			approvals = append(approvals, psirt.Approval{By: a.By, Kind: a.Kind})
		}
	}
	sealed := false
	for _, step := range p.g.Steps {
		sealed = sealed || step.Sealed
	}
	for _, step := range p.g.Steps {
		parts = append(parts, p.step(step, approvals, sealed))
	}
	if p.g.Kind == KindProgram && p.setting != nil {
		parts = append(parts, p.setting.Program.Approved(p.setting.Program.Changes, approvals, p.g.Changers, true))
	}
	return psirt.All(p.title(), parts...)
}

// step says what one revision needs and whether it has it.
func (p *proposal) step(s Step, approvals []psirt.Approval, sealed bool) psirt.Verdict {
	program := p.setting.Program
	not := []psirt.Fingerprint{s.Case.By}
	var parts []psirt.Verdict
	switch {
	case s.Move:
		entry := s.Case.Log[len(s.Case.Log)-1]
		if person, ok := program.ByLogin(entry.RequestedBy); ok && entry.RequestedBy != "" {
			not = append(not, person.Key)
		}
		if s.Before != nil {
			own := len(s.Updates) > 0 && s.Updates[0].Sealed != ""
			parts = append(parts, s.Verdict, program.MayMove(s.Transition, entry, own))
		}
	case s.Standing != nil:
		parts = append(parts, s.Verdict)
	}
	for _, rule := range s.Asks(program) {
		parts = append(parts, program.Approved(rule, approvals, not, sealed))
	}
	return psirt.All(fmt.Sprintf("revision %d, signed by %s", s.Case.Revision, p.setting.Name(s.Case.By)), parts...)
}

// Asks lists the approvals that a revision takes by a programme; a rule may ask
// for none. Who made the revision, or asked for it, gives none of them.
func (s Step) Asks(program *psirt.Program) []psirt.ApprovalRule {
	rules := []psirt.ApprovalRule{program.Edits}
	switch {
	case s.Move:
		rules = approvalsOf(s)
	case s.Standing != nil:
		rules = []psirt.ApprovalRule{*s.Standing}
	case len(s.Updates) > 0:
		rules = []psirt.ApprovalRule{program.Messages}
	}
	if s.Before != nil && len(Comers(program, s.Before.Handlers, s.Case.Handlers)) > 0 && !slices.Contains(rules, program.Messages) {
		rules = append(rules, program.Messages) // who comes in hears of the case, as whoever is written to does
	}
	return rules
}

// approvalsOf lists what a move takes: the approvals of each rule that it can
// have been made by, since without a key nobody can tell which it was.
func approvalsOf(s Step) []psirt.ApprovalRule {
	out := []psirt.ApprovalRule{s.Transition.Approvals}
	for _, rule := range s.Rules {
		if !slices.Contains(out, rule.Approvals) {
			out = append(out, rule.Approvals)
		}
	}
	return out
}

func (p *proposal) title() string {
	switch p.g.Kind {
	case KindProgram:
		return "a change of the programme " + p.g.Program
	case KindIntake:
		return "the new case " + string(p.g.Case)
	case KindMail:
		return "a mail to " + string(p.g.Case)
	case KindMove:
		to := p.g.To
		if p.g.Outcome != "" {
			to += " (" + string(p.g.Outcome) + ")"
		}
		return fmt.Sprintf("%s from %s to %s", p.g.Case, p.g.From, to)
	}
	return fmt.Sprintf("%s of %s", p.g.Kind, p.g.Case)
}

// Paths lists what the proposal changes, sorted.
func (g *Judgement) Paths() []string { return slices.Sorted(maps.Keys(g.paths)) }

// HeadTree is the tree of the proposal's newest commit.
func (g *Judgement) HeadTree() store.Hash { return g.tree }

// Brings reports whether a commit is one of the proposal's.
func (g *Judgement) Brings(h store.Hash) bool {
	return slices.ContainsFunc(g.line, func(c *store.Commit) bool { return c.Hash == h })
}
