package desk_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/store"
)

// forgery is a revision that somebody makes past the desk, with a key of their
// own, and pushes as the case's proposal.
type forgery struct {
	name   string
	by     string // whose key signs it
	assent bool   // a second person signs an approval
	at     time.Duration
	change func(w *walk, c *psirt.Case) (possible bool)
}

// forgeries are steps that no programme allows.
var forgeries = []forgery{
	{name: "a move that the table does not have", by: "lead", assent: true, change: func(w *walk, c *psirt.Case) bool {
		want := wish{to: pick(w.r, w.p.States).Name}
		if closes(w.p, want.to) {
			want.outcome = pick(w.r, psirt.Outcomes)
		}
		if len(rulesFor(w.p, c.State, want.to, want.outcome)) > 0 {
			return false
		}
		w.goes(c, "lead", want)
		return true
	}},
	{name: "a move that nobody approved", by: "triage", change: func(w *walk, c *psirt.Case) bool {
		rule, ok := w.ruleFrom(c, func(t psirt.Transition) bool { return t.Approvals.Count > 0 })
		return ok && w.follows(c, "triage", rule)
	}},
	{name: "a move whose clear guards do not hold", by: "lead", assent: true, change: func(w *walk, c *psirt.Case) bool {
		rule, ok := w.ruleFrom(c, func(t psirt.Transition) bool {
			return slices.ContainsFunc(t.Guards, func(g string) bool { return w.p.Facts[g].Clear && !slices.Contains(c.Facts, g) })
		})
		others := rulesFor(w.p, c.State, rule.To, outcomeOf(rule))
		return ok && len(others) == 1 && w.follows(c, "lead", rule)
	}},
	{name: "a move without its letter", by: "lead", assent: true, change: func(w *walk, c *psirt.Case) bool {
		rule, ok := w.ruleFrom(c, func(t psirt.Transition) bool { return t.Update != psirt.Silent })
		if ok {
			w.goes(c, "lead", wish{rule.To, outcomeOf(rule)})
		}
		return ok
	}},
	{name: "signed by the mailer", by: "mailer", assent: true, change: func(w *walk, c *psirt.Case) bool {
		rule, ok := w.ruleFrom(c, func(psirt.Transition) bool { return true })
		return ok && w.follows(c, "mailer", rule)
	}},
	{name: "made by the bot, whom nobody asked", by: "bot", assent: true, change: func(w *walk, c *psirt.Case) bool {
		rule, ok := w.ruleFrom(c, func(t psirt.Transition) bool { return t.On == "" })
		return ok && w.follows(c, "bot", rule)
	}},
	{name: "a log that says another state", by: "lead", assent: true, change: func(w *walk, c *psirt.Case) bool {
		rule, ok := w.ruleFrom(c, func(psirt.Transition) bool { return true })
		if !ok || !w.follows(c, "lead", rule) {
			return false
		}
		c.Log[len(c.Log)-1].From = "elsewhere"
		return true
	}},
	{name: "a state that changes without a move", by: "lead", assent: true, change: func(w *walk, c *psirt.Case) bool {
		was := c.State
		c.State = pick(w.r, w.p.States).Name
		return c.State != was
	}},
	{name: "an outcome of an open case", by: "lead", assent: true, change: func(w *walk, c *psirt.Case) bool {
		if closes(w.p, c.State) {
			return false
		}
		c.Outcome = pick(w.r, psirt.Outcomes)
		return true
	}},
	{name: "a revision left out", by: "lead", assent: true, change: func(_ *walk, c *psirt.Case) bool { c.Revision++; return true }},
	{name: "another past", by: "lead", assent: true, change: func(_ *walk, c *psirt.Case) bool {
		c.Previous = psirt.SHA256([]byte("another file"))
		return true
	}},
	{name: "a line of the log less", by: "lead", assent: true, change: func(_ *walk, c *psirt.Case) bool {
		if len(c.Log) < 2 {
			return false
		}
		c.Log = c.Log[:len(c.Log)-1]
		return true
	}},
	{name: "an update less", by: "lead", assent: true, change: func(_ *walk, c *psirt.Case) bool {
		if len(c.Updates) == 0 {
			return false
		}
		c.Updates = c.Updates[1:]
		return true
	}},
	{name: "a stranger among the handlers", by: "lead", assent: true, change: func(_ *walk, c *psirt.Case) bool {
		c.Handlers = []psirt.Fingerprint{psirt.NewFingerprint(make([]byte, 20))}
		return true
	}},
	{name: "dated back", by: "lead", assent: true, at: -90 * time.Hour, change: func(w *walk, c *psirt.Case) bool {
		rule, ok := w.ruleFrom(c, func(psirt.Transition) bool { return true })
		return ok && w.follows(c, "lead", rule)
	}},
}

func outcomeOf(t psirt.Transition) psirt.Outcome {
	if len(t.Outcomes) == 0 {
		return ""
	}
	return t.Outcomes[0]
}

// ruleFrom draws a rule that leaves the case's state.
func (w *walk) ruleFrom(c *psirt.Case, is func(psirt.Transition) bool) (psirt.Transition, bool) {
	var list []psirt.Transition
	for _, t := range w.p.Transitions {
		if slices.Contains(t.From, c.State) && is(t) {
			list = append(list, t)
		}
	}
	if len(list) == 0 {
		return psirt.Transition{}, false
	}
	return pick(w.r, list), true
}

// goes writes a move into a revision.
func (w *walk) goes(c *psirt.Case, by string, to wish) {
	c.Log = append(slices.Clone(c.Log), psirt.Entry{Revision: c.Revision, At: w.now, From: c.State, To: to.to, By: w.signer(by).Cert().Fingerprint()})
	c.State, c.Outcome = to.to, to.outcome
}

// follows writes a move by a rule, with the letter that it sends.
func (w *walk) follows(c *psirt.Case, by string, rule psirt.Transition) bool {
	w.goes(c, by, wish{rule.To, outcomeOf(rule)})
	if rule.Update == psirt.Silent {
		return true
	}
	subject, text, blob, err := w.setting().Text(rule.Update, c)
	w.must(err)
	n := len(c.Updates) + 1
	c.Updates = append(slices.Clone(c.Updates), psirt.Update{N: n, Kind: rule.Update, Revision: c.Revision, Template: blob, Text: psirt.TextDigest(subject, text),
		MessageID: fmt.Sprintf("%s.%d.aaaaaaaaaaaaaaaa@%s", strings.ToLower(string(c.ID)), n, w.p.Intake.Domain)})
	return true
}

// forge pushes a forged revision, which check must refuse with a reason, and
// takes it away again.
func (w *walk) forge() {
	f := pick(w.r, forgeries)
	before, raw := w.current()
	c := *before
	c.Revision++
	c.Previous = psirt.SHA256(raw)
	c.By = w.signer(f.by).Cert().Fingerprint()
	at := w.clock().Add(f.at)
	if !f.change(w, &c) {
		return
	}
	if f.at != 0 {
		c.Log[len(c.Log)-1].At = at
	}
	file, err := casefile.Sign(&c, w.signer(f.by), at)
	w.must(err)
	msg := fmt.Sprintf("%s\n\nCase: %s\nRevision: %d\n", w.id, w.id, c.Revision)
	if len(c.Log) > len(before.Log) {
		msg += "Move: " + audit.Arrow(before.State, c.State, c.Outcome) + "\n"
	}
	if len(c.Updates) > len(before.Updates) {
		u := c.Updates[len(c.Updates)-1]
		msg += fmt.Sprintf("Update: %d %s\n", u.N, u.Kind)
	}
	head := w.push(f.by, store.Hash{}, w.main(), at, msg, store.Edit{Path: psirt.CasePath(w.p.Program, w.id), Data: file})
	if f.assent {
		head = w.push("triage", head, head, w.clock(), fmt.Sprintf("Approve\n\nCase: %s\nApproves: %s\n", w.id, psirt.SHA256(file)))
		head = w.push("third", head, head, w.clock(), fmt.Sprintf("Approve\n\nCase: %s\nApproves: %s\n", w.id, psirt.SHA256(file)))
	}
	checked, err := w.desks["lead"].Check(w.t.Context(), "main", "case/"+string(w.id)+"/next")
	w.must(err)
	if checked.OK() || len(checked.Findings) == 0 && len(checked.Verdict.Reasons()) == 0 {
		w.t.Fatalf("check lets pass, or gives no reason for: %s, from %s to %s (%s)", f.name, before.State, c.State, c.Outcome)
	}
	w.must(w.repo.Publish(w.t.Context(), nil, store.RefUpdate{Name: "refs/heads/case/" + string(w.id) + "/next", Old: head}))
	w.forged++
}

// push makes a signed commit the head of the case's proposal.
func (w *walk) push(by string, old, parent store.Hash, at time.Time, msg string, edits ...store.Edit) store.Hash {
	w.t.Helper()
	on, err := w.repo.Commit(parent)
	w.must(err)
	key := w.signer(by)
	who := store.Ident{Name: by, Mail: by + "@example.org", When: at}
	batch := w.repo.NewBatch()
	head, err := batch.Commit(store.CommitSpec{Base: on.Tree, Edits: edits, Parents: []store.Hash{parent}, Author: who, Committer: who, Message: msg,
		Sign: func(payload []byte) (string, error) { return key.SignCommit(payload, at) }})
	w.must(err)
	w.must(w.repo.Publish(w.t.Context(), batch, store.RefUpdate{Name: "refs/heads/case/" + string(w.id) + "/next", Old: old, New: head}))
	return head
}
