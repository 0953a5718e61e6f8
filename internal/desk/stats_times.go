package desk

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/psirt"
)

// The steps whose times docket stats measures, in their order.
var measured = []struct{ name, means string }{
	{"acknowledge", "the first message to the reporter went out, the automatic one included"},
	{"contact", "the first message that a person wrote or asked for went out"},
	{"triage", "a person had looked: moved the case on, or written to the reporter"},
	{"fix", "a solution was available: the case reached communication, or was closed as fixed or mitigated"},
	{"close", "the case was closed"},
}

// times measures one case. A step that a case was taken back from counts with
// its last time: fix and close; the others with their first.
func (t *tally) times(c *one, closed bool, receipts []*psirt.Receipt) {
	p := c.setting.Program
	reached := map[string]time.Time{}
	first := func(step string, at time.Time) {
		if have := reached[step]; have.IsZero() || at.Before(have) {
			reached[step] = at
		}
	}
	for _, r := range receipts {
		if r.Status != psirt.ReceiptSent || r.Update < 1 || r.Update > len(c.Updates) {
			continue
		}
		first("acknowledge", r.At)
		if byPerson(c, c.Updates[r.Update-1]) {
			first("contact", r.At)
			first("triage", r.At)
		}
	}
	solved := c.Outcome == "fixed" || c.Outcome == "mitigated"
	for _, e := range c.Log {
		from, _ := p.State(e.From)
		to, _ := p.State(e.To)
		if from.Phase == psirt.PhaseReceived && to.Phase != psirt.PhaseReceived {
			first("triage", e.At)
		}
		after := from.Phase == psirt.PhaseCommunicating || from.Phase == psirt.PhaseFeedback
		switch {
		case to.Phase == psirt.PhaseCommunicating && !after:
			reached["fix"] = e.At
		case to.Phase == psirt.PhaseClosed:
			reached["close"] = e.At
			if closed && solved && reached["fix"].IsZero() {
				reached["fix"] = e.At
			}
		}
	}
	if !closed {
		delete(reached, "close") // it was, and is open again
	} else if !solved {
		delete(reached, "fix")
	}
	for _, step := range measured {
		if at, ok := reached[step.name]; ok {
			t.took[step.name] = append(t.took[step.name], max(0, int64(at.Sub(c.Opened)/time.Second)))
		} else if !closed {
			t.waiting[step.name]++
		}
	}
}

// byPerson reports whether a person wrote an update or asked for it: own words
// always, standard texts by who signed or asked for the move that brought them.
func byPerson(c *one, u psirt.Update) bool {
	if u.Sealed != "" {
		return true
	}
	for _, e := range c.Log {
		if e.Revision == u.Revision && u.Revision > 1 {
			return e.RequestedBy != "" || e.By != c.setting.Program.Keys.Bot
		}
	}
	return false
}

// finish puts the numbers in order.
func (t *tally) finish() {
	o := t.out
	for _, step := range measured {
		o.Times = append(o.Times, newTimeStat(step.name, step.means, t.took[step.name], t.waiting[step.name]))
	}
	o.Programs, o.Phases, o.States, o.Outcomes = []Count{}, []Count{}, []Count{}, []Count{}
	for _, key := range t.order {
		c := t.counts[key]
		switch key.kind {
		case "program":
			o.Programs = append(o.Programs, *c)
		case "phase":
			o.Phases = append(o.Phases, *c)
		case "state":
			o.States = append(o.States, *c)
		case "outcome":
			o.Outcomes = append(o.Outcomes, *c)
		case "reporter":
			o.Reporters = append(o.Reporters, *c)
		}
	}
	byNumber := func(a, b Count) int { return cmp.Or(cmp.Compare(b.N, a.N), strings.Compare(a.Name, b.Name)) }
	slices.SortFunc(o.Phases, func(a, b Count) int { return cmp.Compare(phaseRank(a.Name), phaseRank(b.Name)) })
	slices.SortFunc(o.Outcomes, byNumber)
	slices.SortFunc(o.Reporters, byNumber)
	for i, c := range o.Clocks {
		o.Clocks[i] = *t.clocks[[3]string{c.Program, c.Clock, c.Party}]
	}
	if o.Clocks == nil {
		o.Clocks = []ClockStat{}
	}
}

// phaseRank is the place of a phase in the usual order, the waiting ones last.
func phaseRank(name string) int {
	if i := slices.Index(psirt.Phases, psirt.Phase(name)); i >= 0 {
		return i
	}
	return len(psirt.Phases)
}

func newTimeStat(name, means string, took []int64, waiting int) TimeStat {
	out := TimeStat{Name: name, Means: means, N: len(took), Waiting: waiting}
	if len(took) == 0 {
		return out
	}
	slices.Sort(took)
	median, p90, most := (took[(len(took)-1)/2]+took[len(took)/2])/2, nearestRank(took, 90), took[len(took)-1]
	out.Median, out.P90, out.Max = &median, &p90, &most
	return out
}

// nearestRank is the p-th percentile of a sorted list: the smallest value that
// at least p percent of the values do not exceed.
func nearestRank(list []int64, p int) int64 {
	return list[max(0, (len(list)*p+99)/100-1)]
}
