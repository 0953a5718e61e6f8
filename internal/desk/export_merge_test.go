package desk

import (
	"context"
	"time"

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

// FollowLabel follows a label as a process does that read the case before
// something else happened.
func FollowLabel(d *Desk, id psirt.CaseID, label, login string, seen psirt.Digest, at time.Time, then func()) (*Proposed, error) {
	c, err := d.onMain(id)
	if err != nil {
		return nil, err
	}
	who, err := d.bot(c.setting)
	if err != nil {
		return nil, err
	}
	then()
	return d.followLabel(context.Background(), c, who, label, login, seen, at)
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
