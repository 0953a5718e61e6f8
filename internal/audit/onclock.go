package audit

import (
	"slices"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/store"
)

// mayRevise reports whether a person may sign revisions of a case: the team, and
// whoever the case names as a handler, with a role that allows it. A handler
// who is being added is none yet.
func (d *delta) mayRevise(c *psirt.Case) bool {
	program := d.setting.Program
	person, ok := program.ByKey(c.By)
	if !ok || person.HasRole(psirt.RoleTeam) {
		return ok
	}
	_, before, there := d.parse(d.before, d.file.Path)
	return there && program.MayHandle(person) && slices.Contains(before.Handlers, c.By) && slices.Contains(c.Handlers, c.By)
}

// outside judges what a revision sends without a move: the bot's standard texts
// must be called for, and some of those that people send have an approval rule
// of their own.
func (d *delta) outside(step *Step) {
	if step.Before == nil || len(step.Updates) == 0 {
		return
	}
	bot := step.Case.By == d.setting.Program.Keys.Bot
	own := slices.ContainsFunc(step.Updates, func(u psirt.Update) bool { return u.Sealed != "" })
	if bot && (own || len(step.Updates) != 1) {
		d.s.add("role", "the bot sends standard texts, one at a time, and nothing else")
		return
	}
	w := d.world(step)
	guards := d.guarded(w, step, bot)
	if own || len(step.Updates) != 1 {
		if !guards.OK() {
			d.s.add("update", "%s", strings.Join(guards.Reasons(), "; "))
		}
		return // the rule for messages
	}
	kind := step.Updates[0].Kind
	w.Events = d.events(w.Case)
	rule, v := d.setting.Program.StandingText(w, kind, step.Case.By)
	if bot && step.onReceipts(d.setting.Program) != "" {
		v = psirt.Passed("receipts tell whether a clock called for it: docket audit")
	}
	if !guards.OK() {
		v = guards
	}
	if !v.OK() {
		d.s.add("update", "%s", strings.Join(v.Reasons(), "; "))
	}
	step.Standing, step.Verdict = &rule, v
}

// guarded holds standard texts to their guards, whatever goes out with them.
// What is sealed is judged by those whose key opens it; the bot opens nothing,
// so it could not know.
func (d *delta) guarded(w psirt.World, step *Step, bot bool) psirt.Verdict {
	var wrong []psirt.Verdict
	for _, u := range step.Updates {
		if u.Sealed != "" {
			continue
		}
		switch v := d.setting.Program.StandingGuards(w, u.Kind); {
		case v.Result == psirt.Fail:
			wrong = append(wrong, v)
		case bot && !v.OK():
			wrong = append(wrong, psirt.Failed("guards of the text "+u.Kind+" are sealed", "a member of the team must send it"))
		}
	}
	return psirt.All("standard texts say what is so", wrong...)
}

// onClock holds a move that the bot made by itself to the clock of its rule.
func (d *delta) onClock(step *Step) {
	name := step.Transition.OnClock()
	if name == "" || step.onReceipts(d.setting.Program) != "" {
		return
	}
	w := d.world(step)
	if v := d.setting.Program.RanOut(name, d.events(w.Case), w.Now); !v.OK() {
		d.s.add("clock", "%s", strings.Join(v.Reasons(), "; "))
	}
}

// onReceipts is the clock that made the bot act, where only receipts tell how
// it stood; else empty. A check of one proposal does not have them, a replay
// does.
func (s Step) onReceipts(p *psirt.Program) string {
	name := s.Transition.OnClock()
	if !s.Move && len(s.Updates) == 1 {
		for _, c := range p.Clocks {
			if c.Remind == s.Updates[0].Kind {
				name = c.Name
			}
		}
	}
	if c, ok := p.Clock(name); ok && c.NeedsReceipts() {
		return name
	}
	return ""
}

// events are what clocks read of a case without receipts: its log, and the
// mails on record before the commit.
func (d *delta) events(c *psirt.Case) []psirt.Event {
	out := c.Events()
	dir := psirt.CaseDir(c.Program, c.ID)
	entries, err := d.before.List(dir)
	if err != nil {
		return out // no mails
	}
	for _, e := range entries {
		if placeOf(dir+"/"+e.Name).kind != placeRecord {
			continue
		}
		raw, err := d.before.Read(dir+"/"+e.Name, maxRecord)
		if err != nil {
			continue // a finding where it came
		}
		if r, err := casefile.ParseMail(raw); err == nil && !r.At.Equal(c.Opened) { // the one that opened the case is no answer
			out = append(out, psirt.Event{At: r.At, Name: "mail:" + string(r.Kind)})
		}
	}
	return out
}

// timed is something that the bot did on a clock, to be judged when the
// receipts are known.
type timed struct {
	commit store.Hash
	at     time.Time
	rules  *psirt.Program // as they were then
	before *psirt.Case
	clock  string
	remind string // kind of the reminder, or empty for a move
}

// timedStep notes a step of the bot that only receipts can judge.
func (a *replay) timedStep(step Step) {
	if step.Before == nil || step.Move && (step.Transition.OnClock() == "" || step.Case.Log[len(step.Case.Log)-1].RequestedBy != "") ||
		!step.Move && step.Standing == nil {
		return
	}
	setting := a.settingOf(step)
	if setting == nil || step.Case.By != setting.Program.Keys.Bot {
		return
	}
	if name := step.onReceipts(setting.Program); name != "" {
		t := timed{commit: step.Commit.Hash, at: eventTime(step.Commit), rules: setting.Program, before: step.Before, clock: name}
		if !step.Move {
			t.remind = step.Updates[0].Kind
		}
		a.timed = append(a.timed, t)
	}
}

// settingOf is the programme that a step was judged by.
func (a *replay) settingOf(step Step) *Setting {
	at, err := a.j.Repo.At(step.Commit.Parents[0])
	if err != nil {
		return nil
	}
	setting, err := a.j.Setting(at, step.Case.Program)
	if err != nil {
		return nil // a finding of its own
	}
	return setting
}

// onTime judges what the bot did on clocks, now that mails and receipts are
// known. A replay from a trusted commit has not seen older receipts, so it
// leaves that to a whole one.
func (a *replay) onTime() {
	if !a.o.Since.IsZero() {
		return
	}
	for _, t := range a.timed {
		story := a.stories[t.before.ID]
		if story == nil {
			continue
		}
		w := psirt.World{Case: t.before, Now: t.at, Sent: map[int]time.Time{}, Events: t.before.Events()}
		for _, e := range story.Events {
			if e.sent > 0 && !e.At.Before(t.at) {
				continue // of two things in one second the mail went out later: it may be this very reminder
			}
			if e.Name != "" && !e.At.After(t.at) && !(e.Kind == "mail" && e.At.Equal(t.before.Opened)) {
				w.Events = append(w.Events, psirt.Event{At: e.At, Name: e.Name})
			}
			if e.sent > 0 {
				w.Sent[e.sent] = e.At
			}
		}
		v := t.rules.RanOut(t.clock, w.Events, t.at)
		if t.remind != "" {
			_, v = t.rules.StandingText(w, t.remind, t.rules.Keys.Bot)
		}
		if !v.OK() {
			a.s.commit, a.s.id = t.commit, t.before.ID
			a.s.add("clock", "%s", strings.Join(v.Reasons(), "; "))
		}
	}
}
