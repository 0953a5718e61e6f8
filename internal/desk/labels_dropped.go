package desk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/forge"
	"github.com/docket-psirt/docket/internal/psirt"
)

// patience is how long a label's event may take: somebody may be about to
// follow it. It is well below lookBack, so that some look comes in between.
const patience = 5 * time.Minute

// dropper is a forge that loses labels: one that somebody puts on in the moment
// in which Docket brings the issue's labels up to date.
type dropper interface {
	Dropped(ctx context.Context, since time.Time, asks func(label string) bool) ([]forge.Event, error)
}

// tendDropped answers those whose label was lost with its event, so that they
// put it on once more: what they saw has changed in that moment.
func (d *Desk) tendDropped(ctx context.Context, since time.Time, out *Tended) error {
	from, ok := d.forge.(dropper)
	if !ok {
		return nil
	}
	list, err := from.Dropped(ctx, since, AsksForMove)
	failed := []error{err}
	for _, e := range list {
		if d.now().Sub(e.At) < patience || d.heard[hearing(e)] {
			continue
		}
		said, err := d.answerDropped(ctx, e)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		d.hearOf(hearing(e))
		if said {
			out.Asked = append(out.Asked, psirt.CaseID(e.Issue.ID))
		}
	}
	return errors.Join(failed...)
}

// hearing is by what a label that somebody put on is known again.
func hearing(e forge.Event) string {
	return fmt.Sprint(e.Issue.ID, " ", e.Label, " ", e.Actor, " ", e.At.Unix())
}

// hearOf remembers that a label was followed or answered, so that nobody asks
// the forge again.
func (d *Desk) hearOf(label string) {
	const most = 4096
	if d.heard == nil || len(d.heard) >= most {
		d.heard = map[string]bool{}
	}
	d.heard[label] = true
}

// answerDropped answers a label unless it was followed. One that was answered
// is not answered again: the marker sees to that.
func (d *Desk) answerDropped(ctx context.Context, e forge.Event) (said bool, err error) {
	c, err := d.onMain(psirt.CaseID(e.Issue.ID))
	if err != nil {
		return false, nil // no case here
	}
	who, err := d.bot(c.setting)
	if err != nil {
		return false, err
	}
	if followed, err := d.followedSince(ctx, c, e); err != nil || followed {
		return false, err
	}
	text := fmt.Sprintf("`%s` was not followed: it was put on in the moment in which this issue was brought up to date, and got lost. Look at %s again, and put the label on once more.\n",
		plainLabel(e.Label), c.ID)
	if person, known := c.setting.Program.ByLogin(e.Actor); !known || !person.HasRole(psirt.RoleTeam) {
		text = d.answerTo(c, e.Label, nil, notOfTeam(c, e.Actor))
	}
	d.acting(who)
	return true, d.forge.Answer(ctx, c.Program, string(c.ID),
		forge.Comment{By: who.login, At: d.now(), Body: text, Marker: askMarker(e.Label, e.Actor), Since: e.At})
}

// followedSince reports whether a label has led to a proposal, or asks for what
// is so already.
func (d *Desk) followedSince(ctx context.Context, c *one, e forge.Event) (bool, error) {
	kind, name, _ := strings.Cut(e.Label, "/")
	is := func(c *one) bool {
		return kind == "move" && c.State == name || kind == "close" && string(c.Outcome) == name
	}
	if is(c) {
		return true, nil
	}
	head, err := d.branch(nextBranch(c.ID))
	if err != nil {
		return false, err
	}
	if !head.IsZero() {
		if next, err := d.load(c.setting, head, c.ID); err == nil && is(next) {
			return true, nil
		}
	}
	list, err := d.forge.List(ctx, forge.Filter{Limit: 200})
	if err != nil {
		return false, err
	}
	end := " to " + name
	if kind == "close" {
		end = " (" + name + ")"
	}
	for _, p := range list {
		if p.Branch == nextBranch(c.ID) && strings.HasSuffix(p.Title, end) && !p.Created.Before(e.At) {
			return true, nil
		}
	}
	return false, nil
}
