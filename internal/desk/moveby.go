package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/psirt"
)

// Moving says which move a person wants.
type Moving struct {
	To      string        // state; empty with an outcome: the first one that closes
	Outcome psirt.Outcome // of a move that closes
	Update  string        // which of the rule's updates goes to the reporter; empty: its own
	Words   string        // own words instead of the standard text
	Dry     bool          // only answer whether the guards hold
}

// choose is the kind of update that a move sends, or the verdict with why not.
func choose(v psirt.Verdict, rule psirt.Transition, kind string) (string, psirt.Verdict) {
	chosen, ok := rule.Choose(kind)
	if ok || rule.To == "" { // no rule: that is said already
		return chosen, v
	}
	do := "leave --update out"
	if len(rule.Updates) > 0 {
		do = "it sends " + strings.Join(rule.Kinds(), " or ")
	}
	return chosen, psirt.All(v.What, append(v.Of, psirt.Failed("this move does not send the update "+kind, do))...)
}

// Move proposes to move a case to another state, as the person who acts.
// With dry it only answers whether the guards hold.
func (d *Desk) Move(ctx context.Context, id psirt.CaseID, to string, outcome psirt.Outcome, words string, dry bool) (*Proposed, error) {
	return d.MoveBy(ctx, id, Moving{To: to, Outcome: outcome, Words: words, Dry: dry})
}

// MoveBy is Move, with all that a person may choose.
func (d *Desk) MoveBy(ctx context.Context, id psirt.CaseID, m Moving) (*Proposed, error) {
	t, who, open, err := d.asAnalyst(ctx, id)
	if err != nil {
		return nil, err
	}
	if m.To == "" && m.Outcome != "" {
		m.To = closedState(t.c.setting)
	}
	if !m.Dry && t.unfinished() && movedTo(t.c, m.To, m.Outcome) && d.again(t, who, newestKind(t.c), m.Words) {
		return d.resume(ctx, who, t, id)
	}
	w, err := d.moveWorld(t.c, open, m.To)
	if err != nil {
		return nil, err
	}
	w.Mover = &psirt.Entry{By: who.key.Cert().Fingerprint()}
	rule, v := t.c.setting.Program.Transition(w, m.To, m.Outcome)
	kind, v := choose(v, rule, m.Update)
	v = wordsVerdict(v, rule, m.Words)
	if !v.OK() {
		return nil, &Refused{What: fmt.Sprintf("%s was not moved", id), Verdict: explained(v, t, w.History)}
	}
	if err := d.checkOriginal(id, m.Outcome, open.report); err != nil {
		return nil, err
	}
	if m.Dry {
		return &Proposed{ID: id, State: t.c.State, Verdict: v}, nil
	}
	r := d.revise(t.c, who, open)
	if err := r.takeMails(); err != nil {
		return nil, err
	}
	r.moveTo(m.To, m.Outcome, "")
	switch {
	case m.Words != "":
		subject, body := splitWords(m.Words, id)
		err = r.own(kind, subject, body)
	case kind != psirt.Silent:
		err = r.standard(kind)
	}
	if err != nil {
		return nil, err
	}
	return d.propose(ctx, r, t, audit.KindMove, moveSubject(r.now, t.c.State, m.To, m.Outcome), "Move", arrow(t.c.State, m.To, m.Outcome))
}

func newestKind(c *one) string {
	if len(c.Updates) == 0 {
		return ""
	}
	return c.Updates[len(c.Updates)-1].Kind
}

// wordsVerdict adds what the rule says of words of one's own.
func wordsVerdict(v psirt.Verdict, rule psirt.Transition, words string) psirt.Verdict {
	if !v.OK() {
		return v
	}
	silent := rule.Update == psirt.Silent
	switch {
	case words == "" && rule.Words == "required":
		v.Of = append(v.Of, psirt.Failed("this move needs words of your own to the reporter", "write them to a file and add --message FILE"))
	case words != "" && (rule.Words == "forbidden" || silent):
		v.Of = append(v.Of, psirt.Failed("this move takes no words of your own", "leave --message out"))
	}
	return psirt.All(v.What, v.Of...)
}

// explained adds to why a case was not moved what its guards do not say: what
// they were asked about, and what the person's key could not show them.
func explained(v psirt.Verdict, t *tip, history []psirt.Past) psirt.Verdict {
	parts := v.Of
	if len(parts) == 0 {
		parts = []psirt.Verdict{v}
	}
	if t.mended == "" && !t.branch.IsZero() {
		parts = append(parts, psirt.Failed(fmt.Sprintf("a pull request of the case is open: it was judged as that leaves it, in %s", t.c.State),
			"docket pr list --open shows it; close it with docket pr close, if it is to go another way"))
	}
	return psirt.All(v.What, append(parts, unseen(history)...)...)
}

// unseen says, once, that a guard on who signed a record may fail for what a
// person's key does not open: they came to the case after it was recorded.
func unseen(history []psirt.Past) []psirt.Verdict {
	i := slices.IndexFunc(history, func(p psirt.Past) bool { return p.Report == nil })
	if i < 0 {
		return nil
	}
	return []psirt.Verdict{psirt.Failed(fmt.Sprintf("your key does not open revision %d: who signed what stood there, it cannot tell", history[i].Revision),
		"where a guard asks for that, let whoever recorded it do so again, in other words; or let somebody do this who handled the case then")}
}
