package desk

import (
	"context"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/psirt"
)

// ProposeUnchecked proposes what another program than Docket could sign: an
// edit of the report that nobody held against anything; with to, together with
// a move.
func ProposeUnchecked(ctx context.Context, d *Desk, id psirt.CaseID, to string, change func(psirt.Document)) (*Proposed, error) {
	t, who, open, err := d.asAnalyst(ctx, id)
	if err != nil {
		return nil, err
	}
	change(open.report)
	r := d.revise(t.c, who, open)
	r.reseal = true
	if err := r.takeMails(); err != nil {
		return nil, err
	}
	if to == "" {
		return d.propose(ctx, r, t, audit.KindEdit, "Edit", "Edit", "assessment")
	}
	r.moveTo(to, "", "")
	if err := r.standard(to); err != nil {
		return nil, err
	}
	return d.propose(ctx, r, t, audit.KindMove, moveSubject(r.now, t.c.State, to, ""), "Move", arrow(t.c.State, to, ""))
}
