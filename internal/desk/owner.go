package desk

import (
	"context"
	"fmt"
	"slices"

	"github.com/docket-psirt/docket/internal/psirt"
)

// Take makes somebody answer for a case: the person who acts, or the one whose
// handle is given. It is an edit that is proposed at once, with what is queued.
// Whoever answers for a case is of the team and can open it.
func (d *Desk) Take(ctx context.Context, id psirt.CaseID, handle string) (*Proposed, error) {
	c, err := d.onMain(id)
	if err != nil {
		return nil, err
	}
	p := c.setting.Program
	if handle == "" {
		who, err := d.me(c.setting)
		if err != nil {
			return nil, err
		}
		handle = who.handle
	}
	person, ok := p.ByHandle(handle)
	refuse := func(why, do string) error {
		return &Refused{What: fmt.Sprintf("nobody new answers for %s", id), Verdict: psirt.Failed(why, do)}
	}
	switch {
	case !ok:
		return nil, usage(fmt.Sprintf("%s has nobody called %s", p.Program, handle), "docket keys list shows the people")
	case !person.HasRole(psirt.RoleTeam):
		return nil, refuse(handle+" is not of the team", "somebody of the team must answer for a case")
	case !slices.Contains(p.SealedReaders(c.Handlers), person.Key):
		return nil, refuse(handle+" is no handler of the case, and cannot open it", "make them a handler first")
	}
	edited, err := d.Edit(ctx, id, func(report psirt.Document, _ *psirt.Contact) ([]string, error) {
		if report["owner"] == handle {
			return nil, nil
		}
		report["owner"] = handle
		return []string{"owner"}, nil
	})
	if err != nil {
		return nil, err
	}
	if len(edited.Changed) == 0 && edited.Queued == 0 {
		return nil, &Problem{Text: fmt.Sprintf("%s answers for %s already", handle, id), Do: "somebody else takes it with docket take " + string(id) + " --for HANDLE"}
	}
	return d.Push(ctx, id)
}

// mine reports whether an owner is the person who acts.
func (d *Desk) mine(c *one, owner string) (bool, error) {
	if owner == "" {
		return false, nil
	}
	who, err := d.me(c.setting)
	return err == nil && who.handle == owner, err
}
