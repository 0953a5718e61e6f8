package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/psirt"
)

// Embargo is how the agreement not to publish stands, from its events.
type Embargo struct {
	Until    time.Time `json:"until,omitzero"` // end in force; zero: none was agreed on or proposed
	Lasts    bool      `json:"lasts"`          // now: nothing is to be published
	Accepted bool      `json:"accepted"`       // by the other side, as it stands now
	Ended    time.Time `json:"ended,omitzero"` // when somebody ended it before its time, or said that it is over
	Events   []any     `json:"events"`         // as the report has them, oldest first
}

// Over reports whether nothing stands against publication by way of an embargo.
func (e Embargo) Over(now time.Time) bool {
	return e.Until.IsZero() || !e.Ended.IsZero() && !e.Ended.After(now) || !now.Before(e.Until)
}

// embargoOf reads the embargo of a report.
func embargoOf(report psirt.Document) Embargo {
	e := Embargo{Until: timeAt(report, "disclosure.embargo_until"), Ended: timeAt(report, "disclosure.lifted_at"), Events: []any{}}
	section, _ := report["disclosure"].(map[string]any)
	list, _ := section["embargo"].([]any)
	for _, item := range list {
		e.Events = append(e.Events, item)
		event, _ := item.(map[string]any)
		switch event["event"] {
		case "accepted":
			e.Accepted = true
		case "proposed", "revised", "refused":
			e.Accepted = false
		}
	}
	return e
}

// proposer is who proposed the end in force; empty when the events do not say.
func (e Embargo) proposer() string {
	for _, item := range slices.Backward(e.Events) {
		if event, _ := item.(map[string]any); event["event"] == "proposed" || event["event"] == "revised" {
			by, _ := event["by"].(string)
			return by
		}
	}
	return ""
}

// sideOf is the side that somebody is on who takes a step: all people of the
// programme are the team; the reporter, and any coordinator, are themselves.
func sideOf(p *psirt.Program, by string) string {
	if _, ok := p.ByHandle(by); ok {
		return "team"
	}
	return by
}

// timeAt is the time, or the day in UTC, at a path; zero when there is none.
func timeAt(report psirt.Document, path string) time.Time {
	for _, v := range report.Values(path) {
		s, _ := v.(string)
		for _, form := range []string{time.RFC3339, time.DateOnly} {
			if t, err := time.Parse(form, s); err == nil {
				return t.UTC()
			}
		}
	}
	return time.Time{}
}

// EmbargoEvent is one step of an embargo.
type EmbargoEvent struct {
	Event  string    // propose, accept, refuse, revise or end
	By     string    // whose step it is: reporter, team, a coordinator; empty: the reporter with Mail, else who acts
	At     time.Time // zero: now
	Until  time.Time // of propose and revise; propose without it takes the programme's rule
	Mail   int       // number of the mail that shows it, or 0
	Text   string
	Breach string // with end: where it was published without leave

	byRule bool // Until follows from the programme's rule, and from when this was run
}

// steps are the events as the report names them.
var steps = map[string]string{"propose": "proposed", "accept": "accepted", "refuse": "refused", "revise": "revised", "end": "ended"}

// Embargo puts an event of a case's embargo on record, signed and sealed, and
// what follows from it: the end in force, that it was lifted, a breach that is
// to be reviewed. What is on record already is not written twice.
func (d *Desk) Embargo(ctx context.Context, id psirt.CaseID, e EmbargoEvent) (*Recorded, error) {
	if steps[e.Event] == "" {
		return nil, usage(fmt.Sprintf("%q is no step of an embargo", e.Event), "steps are propose, accept, refuse, revise and end")
	}
	if says := e.Event == "propose" || e.Event == "revise"; !says && !e.Until.IsZero() || e.Event == "revise" && e.Until.IsZero() {
		return nil, usage("propose and revise say until when, and nothing else does", "add --until TIME, or leave it out")
	}
	return d.writeDown(ctx, id, func(x *recording) ([]string, error) {
		if e.At.IsZero() {
			e.At = x.at
		}
		if err := x.happened(e.At); err != nil {
			return nil, err
		}
		if err := x.mailThere(e.Mail); err != nil {
			return nil, err
		}
		if e.By == "" {
			if e.By = x.who.handle; e.Mail > 0 {
				e.By = "reporter"
			}
		}
		if e.Event == "propose" && e.Until.IsZero() {
			rule := time.Duration(x.c.setting.Program.Embargo)
			if rule == 0 {
				return nil, usage("the programme has no rule for how long an embargo lasts", "add --until TIME")
			}
			e.Until, e.byRule = e.At.Add(rule), true
		}
		return e.into(x)
	})
}

func (e EmbargoEvent) into(x *recording) ([]string, error) {
	now := embargoOf(x.report)
	event := e.event(x)
	but := []string{"at"}
	if e.byRule {
		but = append(but, "until")
	}
	if n := len(now.Events); n > 0 && sameBut(now.Events[n-1], event, but...) {
		return nil, nil // on record already
	}
	if v := e.fits(now, x.at, func(by string) string { return sideOf(x.c.setting.Program, by) }); !v.OK() {
		return nil, &Refused{What: "the embargo of " + string(x.id) + " stays as it is", Verdict: v}
	}
	var changed []string
	set := map[string]any{}
	if !now.Until.IsZero() || e.Event == "propose" {
		changed = []string{fmt.Sprintf("disclosure.embargo[%d]", len(now.Events))}
		set["disclosure.embargo[]"] = event
	}
	switch {
	case len(set) == 0: // a breach where nothing was agreed on: there is no embargo to end
		if firstOf(x.report, "disclosure.breach.where") == e.Breach {
			return nil, nil // on record already
		}
	case e.Event == "propose" || e.Event == "revise":
		set["disclosure.embargo_until"] = event["until"]
		set["disclosure.proposed_by"] = e.By
		if !now.Ended.IsZero() {
			set["disclosure.lifted_at"] = nil
		}
	case e.Event == "end":
		set["disclosure.lifted_at"] = event["at"]
		set["disclosure.embargo_until"] = event["at"] // the end in force
	}
	if e.Breach != "" {
		day := e.At.UTC().Format(time.DateOnly)
		set["disclosure.breach"] = map[string]any{"seen_at": event["at"], "where": e.Breach, "by": x.who.handle}
		set["disclosure.published_at"], set["disclosure.public"] = day, true
		set["conduct.status"] = "review"
	}
	more, err := x.set(set)
	return append(changed, more...), err
}

// event is the step as the report has it.
func (e EmbargoEvent) event(x *recording) map[string]any {
	out := map[string]any{"event": steps[e.Event], "at": e.At.UTC().Format(time.RFC3339), "by": e.By}
	x.put(out, "text", e.Text)
	if e.Mail > 0 {
		out["mail"] = float64(e.Mail)
	}
	if !e.Until.IsZero() {
		out["until"] = e.Until.UTC().Format(time.RFC3339)
	}
	return out
}

// fits answers whether an event makes sense as the embargo stands.
func (e EmbargoEvent) fits(now Embargo, at time.Time, side func(by string) string) psirt.Verdict {
	what := "this is a step of an embargo"
	switch {
	case !e.Until.IsZero() && !e.Until.After(at):
		return psirt.All(what, psirt.Failed("the end "+e.Until.UTC().Format(time.RFC3339)+" lies in the past", "name a later one, or end the embargo"))
	case e.Event == "propose" && !now.Until.IsZero() && !now.Over(at):
		return psirt.All(what, psirt.Failed("there is an embargo until "+now.Until.Format(time.RFC3339), "change it with docket embargo ID revise --until TIME"))
	case e.Event != "propose" && e.Breach == "" && now.Until.IsZero():
		return psirt.All(what, psirt.Failed("no embargo was proposed", "propose one with docket embargo ID propose --until TIME"))
	case e.Event != "propose" && e.Event != "end" && !now.Ended.IsZero():
		return psirt.All(what, psirt.Failed("the embargo has ended at "+now.Ended.Format(time.RFC3339), "propose another one"))
	case e.Event == "accept" && side(e.By) == side(now.proposer()):
		return psirt.All(what, psirt.Failed("the "+side(e.By)+" itself proposed this end, so the other side accepts it", "name the mail that shows it with --mail N, or whose step it is with --by reporter or --by team"))
	case e.Breach != "" && e.Event != "end":
		return psirt.All(what, psirt.Failed("a publication against the embargo ends it", "use docket embargo ID end --breach WHERE"))
	}
	return psirt.Passed(what)
}

// sameBut compares two objects without some of their fields.
func sameBut(a any, b map[string]any, but ...string) bool {
	x, ok := a.(map[string]any)
	if !ok {
		return false
	}
	left := func(m map[string]any) string {
		var out []string
		for k, v := range m {
			if !slices.Contains(but, k) {
				out = append(out, fmt.Sprintf("%s=%v", k, v))
			}
		}
		slices.Sort(out)
		return strings.Join(out, "\x00")
	}
	return left(x) == left(b)
}

// EmbargoOf reads how the embargo of a case stands, with the keys at hand.
func (d *Desk) EmbargoOf(ctx context.Context, id psirt.CaseID) (Embargo, error) {
	report, err := d.openReport(ctx, id)
	e := embargoOf(report)
	e.Lasts = !e.Over(d.now())
	return e, err
}
