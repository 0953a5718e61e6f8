package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/schema"
)

// builtInStamps are those of the texts that come with Docket; a programme says
// more, or others, under stamps.
var builtInStamps = map[string]string{"deletion": "conduct.deletion.asked_at"}

// stamp puts on record when a text was first sent that begins something, such as
// a clock: at the path that the programme names for it. The text and the time
// come in one revision. It reports whether the report changed; one that the
// schema would not take stays as it is.
func stamp(p *psirt.Program, kind string, report psirt.Document, at time.Time) bool {
	path, ok := p.Stamps[kind]
	if !ok {
		path = builtInStamps[kind]
	}
	if path == "" || len(report.Values(path)) > 0 {
		return false
	}
	trial := report.Clone()
	if setPath(trial, path, at.Format(time.RFC3339)) != nil || schema.Validate("report", map[string]any(trial)) != nil {
		return false
	}
	return setPath(report, path, at.Format(time.RFC3339)) == nil
}

// Send sends a standard text of the programme to the reporter without moving the
// case, with the approvals that the programme asks for it (standing). A text
// that says that an embargo has ended is refused while it lasts.
func (d *Desk) Send(ctx context.Context, id psirt.CaseID, kind string) (*Proposed, error) {
	t, who, open, err := d.asAnalyst(ctx, id)
	if err != nil {
		return nil, err
	}
	p := t.c.setting.Program
	if !slices.Contains(p.StandardTexts(), kind) {
		return nil, usage(fmt.Sprintf("the programme has no standard text %q", kind), "those that go out without a move are "+standingKinds(p))
	}
	if t.unfinished() && newestKind(t.c) == kind && len(t.c.Log) > 0 && t.c.Log[len(t.c.Log)-1].Revision < t.c.Revision && d.again(t, who, kind, "") {
		return d.resume(ctx, who, t, id)
	}
	w, err := d.timeline(t.c)
	if err != nil {
		return nil, err
	}
	w.Report = open.report
	_, v := p.StandingText(w, kind, who.key.Cert().Fingerprint())
	if v.OK() {
		v = p.StandingGuards(w, kind)
	}
	if v.OK() {
		v = d.mayTell(v, p, kind, open.report)
	}
	if !v.OK() {
		return nil, &Refused{What: "nothing was sent to the reporter of " + string(id), Verdict: v}
	}
	r := d.revise(t.c, who, open)
	if stamp(p, kind, open.report, d.now()) {
		r.reseal = true
	}
	if err := r.takeMails(); err != nil {
		return nil, err
	}
	if err := r.standard(kind); err != nil {
		return nil, err
	}
	return d.propose(ctx, r, t, audit.KindUpdate, fmt.Sprintf("%s: %s", id, kind), "Edit", "updates")
}

// mayTell refuses texts that belong to a move, or that would not be true.
func (d *Desk) mayTell(v psirt.Verdict, p *psirt.Program, kind string, report psirt.Document) psirt.Verdict {
	if !slices.ContainsFunc(p.Standing, func(s psirt.Standing) bool { return s.Kind == kind }) {
		for _, t := range p.Transitions {
			if slices.Contains(t.Kinds(), kind) {
				return psirt.All(v.What, psirt.Failed("the text "+kind+" says that the case moves", "move it with docket move; without a move the programme sends "+standingKinds(p)))
			}
		}
	}
	if no := untrue(kind, report, d.now()); !no.OK() {
		return psirt.All(v.What, no)
	}
	return v
}

// untrue answers whether a standard text would say what is not so: that an
// embargo has ended, that the safe harbour stands.
func untrue(kind string, report psirt.Document, now time.Time) psirt.Verdict {
	switch kind {
	case kindLifted:
		if e := embargoOf(report); !e.Over(now) {
			return psirt.Failed("the embargo lasts until "+e.Until.Format(time.RFC3339), "wait, or end it with docket embargo ID end")
		}
	case safeHarbourText:
		switch firstOf(report, "legal.safe_harbour") {
		case "withdrawn":
			return psirt.Failed("the safe harbour was withdrawn", "write in your own words with docket reply ID --message FILE")
		case "review":
			return psirt.Failed("the safe harbour is under review", "decide first, with docket set ID legal.safe_harbour=granted or withdrawn")
		}
	}
	return psirt.Passed("the text " + kind + " says what is so")
}

// kindLifted is the text that tells the reporter of the end of an embargo.
const kindLifted = "embargo-lifted"

func standingKinds(p *psirt.Program) string {
	var kinds []string
	for _, s := range p.Standing {
		kinds = append(kinds, s.Kind)
	}
	for _, c := range p.Clocks {
		if c.Remind != "" && !slices.Contains(kinds, c.Remind) {
			kinds = append(kinds, c.Remind)
		}
	}
	if len(kinds) == 0 {
		return "none"
	}
	return strings.Join(kinds, ", ")
}
