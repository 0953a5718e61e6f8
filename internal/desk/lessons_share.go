package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/mail"
	"github.com/docket-psirt/docket/internal/psirt"
)

// ShareLessons tells product teams what is to be learned from a case, and puts on
// record that they were told (feedback). They are the ones named, else those to
// whom a lesson goes and those under routing. As with NotifyTeams, only people
// who may open the case get the lessons themselves, sealed to their own key.
func (d *Desk) ShareLessons(ctx context.Context, id psirt.CaseID, named []string, to mail.Sender) (*TeamsTold, error) {
	t, who, open, err := d.asAnalyst(ctx, id)
	if err != nil {
		return nil, err
	}
	p := t.c.setting.Program
	if err := mayTell(p, who); err != nil {
		return nil, err
	}
	if len(open.report.Values("lessons.text")) == 0 {
		return nil, &Refused{What: "nobody was told", Verdict: psirt.Failed("no lessons of "+string(id)+" are on record", "add them under lessons with text and owner: docket edit "+string(id))}
	}
	routes := learners(open.report, named)
	if len(routes) == 0 {
		return nil, usage("no team is named", "name one with --team, or under lessons with to")
	}
	if err := reachable(p, routes); err != nil {
		return nil, err
	}
	out := &TeamsTold{ID: id, Teams: []TeamNotice{}}
	n := &notices{d: d, c: t.c, report: open.report, by: who.handle, learn: true, to: to, at: d.now()}
	var failed []error
	for _, r := range routes {
		done, err := n.tell(ctx, r)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		out.Teams = append(out.Teams, done)
	}
	if len(out.Teams) > 0 {
		failed = append(failed, n.onRecord(ctx, out, func(report psirt.Document) []string {
			n.shared(report, out.Teams)
			return []string{"feedback", "communications"}
		}))
	}
	return out, errors.Join(failed...)
}

// learners lists the teams that hear of the lessons of a case, each once.
func learners(report psirt.Document, named []string) []route {
	if len(named) == 0 {
		for _, path := range []string{"lessons.to", "routing.team"} {
			for _, v := range report.Values(path) {
				if name, ok := v.(string); ok {
					named = append(named, name)
				}
			}
		}
	}
	var out []route
	for _, name := range named {
		if !slices.ContainsFunc(out, func(r route) bool { return r.Team == name }) {
			out = append(out, route{Team: name})
		}
	}
	return out
}

// lessons is what a person of a team is told of them. reads: they may open the
// case.
func (n *notices) lessons(r route, reads bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "The case %s has lessons for the team %s.\n", n.c.ID, r.Team)
	if !reads {
		fmt.Fprintf(&b, "\nYou cannot open it: ask %s.\n", n.by)
		return b.String()
	}
	if title := wordUnder(n.report, "title"); title != "" {
		fmt.Fprintf(&b, "\nTitle: %s\n", psirt.Defang(title))
	}
	for _, v := range n.report.Values("assessment.cwe") {
		if id, ok := v.(string); ok {
			fmt.Fprintf(&b, "Weakness: %s %s\n", id, weaknesses()[id].Name)
		}
	}
	b.WriteByte('\n')
	list, _ := n.report["lessons"].([]any)
	for i, item := range list {
		lesson, _ := item.(map[string]any)
		fmt.Fprintf(&b, "%d. %s\n", i+1, psirt.Defang(wordUnder(lesson, "text")))
		for _, line := range [][2]string{{"Sees to it", wordUnder(lesson, "owner")}, {"Due", wordUnder(lesson, "due")}, {"Done", wordUnder(lesson, "done")}} {
			if line[1] != "" {
				fmt.Fprintf(&b, "   %s: %s\n", line[0], line[1])
			}
		}
	}
	fmt.Fprintf(&b, "\nCases with the same weakness: docket lessons %s\n", n.c.ID)
	return b.String()
}

// shared puts on record which teams were told of the lessons, and when.
func (n *notices) shared(report psirt.Document, told []TeamNotice) {
	feedback, _ := report["feedback"].(map[string]any)
	if feedback == nil {
		feedback = map[string]any{}
		report["feedback"] = feedback
	}
	var with []string
	if before := wordUnder(feedback, "with"); before != "" {
		with = strings.Split(before, ", ")
	}
	for _, done := range told {
		if !slices.Contains(with, done.Team) {
			with = append(with, done.Team)
		}
		said := "Lessons of the case, to " + strings.Join(done.To, ", ") + "."
		if len(done.Failed) > 0 {
			said += " They could not be sent to " + strings.Join(done.Failed, ", ") + "."
		}
		communicate(report, done.At, done.Team, "out", n.by, said)
	}
	feedback["with"], feedback["at"], feedback["by"] = strings.Join(with, ", "), n.at.Format(time.RFC3339), n.by
}
