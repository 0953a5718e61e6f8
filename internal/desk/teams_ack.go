package desk

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/psirt"
)

// Acknowledge puts on record that a product team knows of a case: said by one
// of its people, over their own signature, or, with heard, written down by
// somebody of the PSIRT who was told so. It is proposed at once.
func (d *Desk) Acknowledge(ctx context.Context, id psirt.CaseID, team, heard string) (*Proposed, error) {
	c, err := d.onMain(id)
	if err != nil {
		return nil, err
	}
	who, err := d.me(c.setting)
	if err != nil {
		return nil, err
	}
	said, err := acknowledgement(c.setting, who.handle, team, heard)
	if err != nil {
		return nil, err
	}
	at := d.now()
	edited, err := d.Edit(ctx, id, func(report psirt.Document, _ *psirt.Contact) ([]string, error) {
		list, _ := report["routing"].([]any)
		i := slices.IndexFunc(list, func(x any) bool {
			entry, _ := x.(map[string]any)
			return wordUnder(entry, "team") == team && wordUnder(entry, "notified_at") != ""
		})
		if i < 0 {
			return nil, &Refused{What: "nothing was changed", Verdict: psirt.Failed("the team "+team+" was not told of "+string(id), "docket notify "+string(id)+" --team "+team)}
		}
		entry, _ := list[i].(map[string]any)
		if wordUnder(entry, "acknowledged_at") != "" {
			return nil, nil
		}
		entry["acknowledged_at"], entry["acknowledged_by"] = at.Format(time.RFC3339), who.handle
		delete(entryWith(report, "parties", "name", team), "next_due")
		communicate(report, at, team, "in", who.handle, said)
		return []string{fmt.Sprintf("routing[%d].acknowledged_at", i), "communications", "parties"}, nil
	})
	if err != nil {
		return nil, err
	}
	if len(edited.Changed) == 0 && edited.Queued == 0 {
		return nil, &Problem{Text: fmt.Sprintf("the team %s said so already", team), Do: "docket show " + string(id) + " has when"}
	}
	return d.Push(ctx, id)
}

// acknowledgement is what is put on record, if the person may say it.
func acknowledgement(s *audit.Setting, handle, team, heard string) (string, error) {
	p := s.Program
	if _, ok := p.Teams[team]; !ok {
		return "", usage(fmt.Sprintf("%s has no team %q", p.Program, team), "docket policy show lists the teams")
	}
	person, _ := p.ByHandle(handle)
	switch {
	case heard != "" && person.HasRole(psirt.RoleTeam):
		return "Written down by " + handle + ": " + heard, nil
	case slices.Contains(p.Teams[team].People, handle):
		return "The team knows of the case.", nil
	}
	return "", &Refused{What: "nothing was changed", Verdict: psirt.Failed(handle+" is not of the team "+team,
		"let one of its people say it, or write down how you heard of it with --heard WORDS")}
}
