package desk

import (
	"context"
	"errors"
	"strconv"

	"github.com/docket-psirt/docket/internal/psirt"
)

// HalfReminder does as much of sending a due reminder as a process does that is
// killed on the way: its revision is published on the case's branch, and, with
// merged, on main, and the forge knows nothing of either.
func HalfReminder(d *Desk, id psirt.CaseID, merged bool) error {
	ctx := context.Background()
	c, err := d.onMain(id)
	if err != nil {
		return err
	}
	who, err := d.bot(c.setting)
	if err != nil {
		return err
	}
	w, err := d.timeline(c)
	if err != nil {
		return err
	}
	texts := d.dueTexts(c, w)
	if len(texts) != 1 {
		return errors.New("not one reminder is due")
	}
	t, err := d.tip(ctx, id, who)
	if err != nil {
		return err
	}
	r := d.revise(t.c, who, nil)
	if err := r.standard(texts[0].Kind); err != nil {
		return err
	}
	batch := d.repo.NewBatch()
	head, err := r.commitTo(batch, t.c.commit, string(id)+": "+texts[0].Kind, "Case", string(id),
		"Revision", strconv.Itoa(r.now.Revision), "Edit", "updates", "Update", strconv.Itoa(len(r.now.Updates))+" "+texts[0].Kind)
	if err != nil {
		return err
	}
	if err := d.publish(ctx, batch, who, t, id, head); err != nil || !merged {
		return err
	}
	_, _, err = d.merge(ctx, who, nextBranch(id))
	return err
}
