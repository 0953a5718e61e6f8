package desk

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/psirt"
)

// Step is something that a report calls for, ready to be done: a person decides.
type Step struct {
	Do  string `json:"do"`  // a command
	Why string `json:"why"` // what calls for it
}

// supportOutcome closes what is no report but a question for somebody else.
const supportOutcome = "support-redirect"

// nextSteps lists what a report calls for, for those who can open it.
func nextSteps(c *one, open *contents, now time.Time) []Step {
	p, report, id := c.setting.Program, open.report, string(c.ID)
	out := []Step{}
	add := func(why, format string, args ...any) {
		out = append(out, Step{Do: fmt.Sprintf("docket "+format, args...), Why: why})
	}
	state, _ := p.State(c.State)
	if state.Phase == psirt.PhaseClosed {
		return out
	}
	if spoken := firstOf(report, "language"); spoken != "" && p.Language != "" && spoken != p.Language && mayStill(p, c, "language") {
		add("it is written in "+spoken+", and the programme's language is "+p.Language, "reply %s --update language", id)
	}
	if firstOf(report, "reporter.reachable") == "no" {
		add("mail to the reporter came back", "set %s contact.address=ADDRESS reporter.reachable=unknown", id)
	}
	out = append(out, statutorySteps(p, report, id)...)
	if others := report.Values("sent_to"); len(others) > 0 && len(c.Updates) < 2 {
		add("the mail also went to "+spokenList(others), "ask %s", id)
	}
	if firstOf(report, "arrival.held") != "" && firstOf(report, "arrival.released_at") == "" {
		add("it came in clear, and the policy holds it back", "set %s arrival.released_at=TIME arrival.released_by=HANDLE", id)
	}
	if within := inScope(report, p.Scope); within != nil && !*within && firstOf(report, "analysis.in_scope") == "" {
		add("the URL lies outside of the programme's domains", "set %s analysis.in_scope=false", id)
	}
	if at := assetsOf(report, p.Scope); len(at) > 0 && firstOf(report, "analysis.in_scope") == "" && firstOf(report, "analysis.asset") == "" {
		add("the URL is of "+at[0].Name, "set %s analysis.in_scope=true analysis.asset=%s", id, isOf(at))
	}
	for _, u := range unlisted(report, p) {
		add("the catalogue does not have "+u.Value, "ask %s", id)
	}
	if support(c, report) {
		for _, kind := range redirects(p, c) {
			add("it seems to be a question for support, not a report", "move %s %s --outcome %s --update %s", id, closedState(c.setting), supportOutcome, kind)
		}
	} else if missing := report.Values("missing"); len(missing) > 0 && !slices.ContainsFunc(c.Updates, func(u psirt.Update) bool { return u.Kind == "ask" }) {
		add("it lacks "+spokenList(missing), "ask %s", id)
	}
	if firstOf(report, "conduct.data_accessed") == "" && state.Phase == psirt.PhaseEvaluating && p.Asks("conduct.data_accessed") {
		add("nobody has said whether data of others was accessed", "set %s conduct.data_accessed=no", id)
	}
	until := deletionUntil(p, report)
	switch late := !until.IsZero() && now.After(until); {
	case late && mayStill(p, c, "deletion"):
		add("the reporter has not confirmed that obtained data is deleted", "reply %s --update deletion", id)
	case late:
		add("the reporter has not confirmed that obtained data is deleted", "set %s conduct.deletion.confirmed_at=TIME", id)
	case firstOf(report, "conduct.data_accessed") == "yes" && mayStill(p, c, "deletion"):
		add("data of others was accessed", "reply %s --update deletion", id)
	}
	return out
}

// statutorySteps are what evidence of exploitation calls for where the programme
// names a law: a decision, and when the team became aware, without which none of
// the law's deadlines runs.
func statutorySteps(p *psirt.Program, report psirt.Document, id string) []Step {
	var out []Step
	decision := firstOf(report, "exploitation.statutory.decision")
	if firstOf(report, "exploited") != "yes" || decision == "none" {
		return nil
	}
	when := ""
	if at, _ := aware(report, false); at.IsZero() {
		when = " exploitation.aware_at=TIME"
	}
	for _, r := range p.Regulation {
		switch {
		case decision == "":
			out = append(out, Step{Do: "docket set " + id + when + " exploitation.statutory.decision=notify exploitation.statutory.why=WORDS",
				Why: "there is evidence of exploitation: does " + r.Title + " ask for a notification?"})
		case when != "":
			out = append(out, Step{Do: "docket set " + id + when, Why: "the deadlines of " + r.Title + " run from when the team became aware, which is not on record"})
		}
	}
	return out
}

// mayStill reports whether the programme has a text that goes out without a
// move, and it has not gone out in this case.
func mayStill(p *psirt.Program, c *one, kind string) bool {
	return slices.ContainsFunc(p.Standing, func(s psirt.Standing) bool { return s.Kind == kind }) &&
		!slices.ContainsFunc(c.Updates, func(u psirt.Update) bool { return u.Kind == kind })
}

// support reports whether a mail that nobody has looked at yet seems to be no
// report: a person said so, or it was read as one that asks for nothing of what
// a report has.
func support(c *one, report psirt.Document) bool {
	if firstOf(report, "analysis.verdict") == "not-security" {
		return true
	}
	fresh := c.State == c.setting.Program.Initial().Name && len(report.Values("analysis")) == 0
	flags := report.Values("flags")
	return fresh && firstOf(report, "channel") == "mail" && len(report.Values("missing")) == 0 && len(missingOf(report, c.setting.Program.Report)) > 0 &&
		!slices.Contains(flags, any("advertising")) && !slices.Contains(flags, any("unopened"))
}

// redirects are the texts with which such a case can be closed from where it is.
func redirects(p *psirt.Program, c *one) []string {
	for _, t := range p.Transitions {
		if slices.Contains(t.From, p.Current(c.State)) && slices.Contains(t.Outcomes, psirt.Outcome(supportOutcome)) {
			return t.Kinds()
		}
	}
	return nil
}

// spokenList joins values for a sentence.
func spokenList(values []any) string {
	var out []string
	for _, v := range values {
		out = append(out, fmt.Sprint(v))
	}
	return strings.Join(out, ", ")
}
