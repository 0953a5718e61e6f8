package psirt

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// DueMove is a move that the bot makes because a clock has run out.
type DueMove struct {
	Clock   string
	Since   time.Time // when the clock ran out
	To      string
	Outcome Outcome // of a move that closes, else empty
	Rule    Transition
}

// Reminder is a standard text that the bot sends because a clock has run out.
type Reminder struct {
	Clock string
	Since time.Time // when the clock ran out
	Kind  string    // of the text
}

// DueMoves lists the moves that clocks call for: the clock of the rule has run
// out and no guard that can be judged forbids it. World needs Case, Events and
// Now.
func (p *Program) DueMoves(w World) []DueMove {
	w.Mover = &Entry{By: p.Keys.Bot}
	var out []DueMove
	for _, t := range p.Transitions {
		name := t.OnClock()
		if name == "" || !contains(t.From, p.Current(w.Case.State)) {
			continue
		}
		run, ok := p.ranOut(name, p.events(w), w.Now)
		if !ok {
			continue
		}
		outcome := Outcome("")
		if len(t.Outcomes) > 0 {
			outcome = t.Outcomes[0]
		}
		if rule, v := p.Transition(w, t.To, outcome); v.Result != Fail && rule.On == t.On {
			out = append(out, DueMove{Clock: name, Since: run.Due, To: t.To, Outcome: outcome, Rule: rule})
		}
	}
	return out
}

// DueReminders lists the texts that clocks call for: the clock has run out, and
// in this run of it the text was not sent yet, nor is it on its way. World
// needs Case, Events, Sent and Now.
func (p *Program) DueReminders(w World) []Reminder {
	var out []Reminder
	for _, c := range p.Clocks {
		if c.Remind == "" {
			continue
		}
		if run, ok := p.ranOut(c.Name, p.events(w), w.Now); ok && !w.reminded(c.Remind, run) {
			out = append(out, Reminder{Clock: c.Name, Since: run.Due, Kind: c.Remind})
		}
	}
	return out
}

func (p *Program) events(w World) []Event {
	if w.Events == nil && w.Case != nil {
		return w.Case.Events()
	}
	return w.Events
}

// ranOut is the run of a clock that has run out and was not stopped.
func (p *Program) ranOut(name string, events []Event, now time.Time) (Reading, bool) {
	c, ok := p.Clock(name)
	if !ok || c.Sealed() {
		return Reading{}, false
	}
	var known []Event
	for _, e := range events {
		if !e.At.After(now) {
			known = append(known, e)
		}
	}
	runs := c.readings(p.inOrder(known), now, p.timer(c))
	if len(runs) == 0 || runs[len(runs)-1].Status != ClockOverdue {
		return Reading{}, false
	}
	return runs[len(runs)-1], true
}

// RanOut answers whether a clock had run out at a time. Events that came later
// count nothing.
func (p *Program) RanOut(name string, events []Event, now time.Time) Verdict {
	if _, ok := p.ranOut(name, events, now); ok {
		return Passed("the clock " + name + " has run out")
	}
	return Failed("the clock "+name+" has not run out", "the bot acts once it has")
}

// NeedsReceipts reports whether it takes the receipts of updates to tell how a
// clock stands; others follow from the case and its mails alone.
func (c Clock) NeedsReceipts() bool {
	update := func(e string) bool { return strings.HasPrefix(e, "update:") }
	return slices.ContainsFunc(c.Starts, update) || slices.ContainsFunc(c.Stops, update)
}

// Clock finds a clock by name.
func (p *Program) Clock(name string) (Clock, bool) {
	for _, c := range p.Clocks {
		if c.Name == name {
			return c, true
		}
	}
	return Clock{}, false
}

// reminded reports whether an update of the kind belongs to a run: it came with
// a later revision than the move that began the run, or, where no move did, it
// was sent since, or is still on its way.
func (w World) reminded(kind string, run Reading) bool {
	began := 0
	for _, e := range w.Case.Log {
		if e.At.Equal(run.Started) {
			began = e.Revision
		}
	}
	for _, u := range w.Case.Updates {
		if u.Kind != kind {
			continue
		}
		sent, known := w.Sent[u.N]
		switch {
		case began > 0 && u.Revision > began:
			return true
		case began == 0 && (!known || sent.After(run.Started)):
			return true
		}
	}
	return false
}

// StandingText answers who may send a standard text outside of a move, and
// which approvals it then takes. World is the case as it was before, at the
// time of the sending. For the bot that is a text of Standing, or the text of a
// clock that has run out; people may send any text, under the programme's rule
// for messages where Standing has none.
func (p *Program) StandingText(w World, kind string, by Fingerprint) (ApprovalRule, Verdict) {
	bot := by == p.Keys.Bot
	for _, s := range p.Standing {
		if s.Kind != kind || bot && s.By != "bot" {
			continue
		}
		most := s.Most
		if bot && most == 0 {
			most = 1
		}
		sent := 0
		for _, u := range w.Case.Updates {
			if u.Kind == kind {
				sent++
			}
		}
		if most > 0 && sent >= most {
			return s.Approvals, Failed(fmt.Sprintf("the text %s was sent %d times, which is as often as it may be", kind, sent), "write words of your own (docket reply)")
		}
		return s.Approvals, Passed("the text " + kind + " may be sent without a move")
	}
	if !bot {
		return p.Messages, Passed("people may send standard texts")
	}
	for _, c := range p.Clocks {
		if c.Remind == kind {
			return ApprovalRule{}, p.mayRemind(c, w)
		}
	}
	return ApprovalRule{}, Failed("the bot may not send the text "+kind+" without a move", "a member of the team must send it")
}

// StandingGuards answers whether what a standard text says without a move is so:
// the guards of its entry in Standing. Facts that ask who signed a record are
// sealed here. It passes for a text that has none.
func (p *Program) StandingGuards(w World, kind string) Verdict {
	var of []Verdict
	for _, s := range p.Standing {
		if s.Kind == kind {
			for _, guard := range s.Guards {
				of = append(of, p.Judge(guard, w))
			}
		}
	}
	return All("the text "+kind+" says what is so", of...)
}

func (p *Program) mayRemind(c Clock, w World) Verdict {
	run, ok := p.ranOut(c.Name, p.events(w), w.Now)
	switch {
	case !ok:
		return Failed("the clock "+c.Name+" has not run out", "the bot reminds once it has")
	case w.reminded(c.Remind, run):
		return Failed("the text "+c.Remind+" was sent in this run of the clock "+c.Name, "it is sent once")
	}
	return Passed("the clock " + c.Name + " has run out, and calls for the text " + c.Remind)
}
