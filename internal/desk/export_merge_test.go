package desk

import (
	"context"

	"github.com/docket-psirt/docket/internal/psirt"
)

// MergeBranch merges the branch of a case as a process does that saw it a moment
// ago and waiting; merged is false when somebody else was faster.
func MergeBranch(d *Desk, id psirt.CaseID) (merged bool, err error) {
	ctx := context.Background()
	c, err := d.onMain(id)
	if err != nil {
		return false, err
	}
	who, err := d.bot(c.setting)
	if err != nil {
		return false, err
	}
	h, _, err := d.merge(ctx, who, nextBranch(id))
	return !h.IsZero(), err
}

// ShowBranch opens the pull request of a case's branch as a process does that
// saw it a moment ago and waiting.
func ShowBranch(d *Desk, id psirt.CaseID) error {
	c, err := d.onMain(id)
	if err != nil {
		return err
	}
	who, err := d.bot(c.setting)
	if err != nil {
		return err
	}
	return d.show(context.Background(), who, nextBranch(id))
}
