package forge

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Open implements Pulls.
func (l *Local) Open(ctx context.Context, p Proposal) (Pull, error) {
	var r rules
	if r.branch("branch", p.Branch); r.err != nil {
		return Pull{}, r.err
	}
	now := l.moment()
	var result Pull
	err := l.change(ctx, func(d *draft) error {
		numbers, err := d.index(branchPath(p.Branch))
		if err != nil {
			return err
		}
		if len(numbers) > 0 {
			before, err := d.openPull(p.Branch)
			if err != nil {
				return err
			}
			result = before.clone()
			result.propose(p)
			d.message = fmt.Sprintf("Update pull request %d\n", result.Number)
			return d.savePullIfChanged(before, &result, now)
		}
		number, err := d.newNumber()
		if err != nil {
			return err
		}
		result = Pull{
			Number: number, Branch: p.Branch, State: StateOpen,
			Author: p.Author, Created: now, Updated: now,
		}
		result.propose(p)
		d.message = fmt.Sprintf("Open pull request %d\n", number)
		return d.savePull(nil, result)
	})
	if err != nil {
		return Pull{}, err
	}
	return result, nil
}

// propose sets what a proposal may change of a pull request.
func (p *Pull) propose(q Proposal) {
	p.Kind, p.Case = q.Kind, q.Case
	p.Base, p.Head = q.Base, q.Head
	p.Title, p.Body = q.Title, q.Body
	if q.Labels != nil {
		p.Labels = tidy(q.Labels)
	}
}

// Update implements Pulls.
func (l *Local) Update(ctx context.Context, number int, change func(*Pull) error) error {
	return l.revise(ctx, number, "Update pull request %d\n", func(p *Pull) error {
		before := p.clone()
		if err := change(p); err != nil {
			return err
		}
		return updates(before, *p)
	})
}

// updates holds that a change is one that an update may make.
func updates(before, after Pull) error {
	after = after.clone()
	after.Kind, after.Case, after.Title, after.Body = before.Kind, before.Case, before.Title, before.Body
	after.Labels, after.Updated = before.Labels, before.Updated
	if before.State == StateOpen {
		after.Base, after.Head = before.Base, before.Head
	}
	if !reflect.DeepEqual(after, before) {
		return &InvalidError{Field: "update", Rule: "a change of kind, case, title, body and labels, or of base and head while the pull request is open, and of nothing else"}
	}
	return nil
}

// Close implements Pulls.
func (l *Local) Close(ctx context.Context, number int, merged string) error {
	state := StateClosed
	if merged != "" {
		state = StateMerged
	}
	return l.revise(ctx, number, "Close pull request %d as "+state+"\n", func(p *Pull) error {
		if p.State != StateOpen && (p.State != state || p.MergedAs != merged) {
			return fmt.Errorf("pull request %d is %s already: %w", number, p.State, ErrClosed)
		}
		p.State, p.MergedAs = state, merged
		return nil
	})
}

// Comment implements Talk.
func (l *Local) Comment(ctx context.Context, number int, c Comment) error {
	c.At = l.given(c.At)
	return l.revise(ctx, number, "Comment on pull request %d\n", func(p *Pull) error {
		p.Comments = said(p.Comments, c)
		return nil
	})
}

// said adds a comment, unless its marker stands there already.
func said(list []Comment, c Comment) []Comment {
	if c.Marker != "" && slices.ContainsFunc(list, func(have Comment) bool { return have.Marker == c.Marker && !have.At.Before(seconds(c.Since)) }) {
		return list
	}
	c.Since = time.Time{}
	return append(list, c)
}

// Review implements Talk.
func (l *Local) Review(ctx context.Context, number int, r Review) error {
	r.At = l.given(r.At)
	return l.revise(ctx, number, "Review pull request %d\n", func(p *Pull) error {
		if p.State != StateOpen {
			return fmt.Errorf("pull request %d is %s already: %w", number, p.State, ErrClosed)
		}
		p.Reviews = append(p.Reviews, r)
		return nil
	})
}

// Check implements Checks.
func (l *Local) Check(ctx context.Context, c Check) error {
	c.At = l.given(c.At)
	var r rules
	if c.validate(&r); r.err != nil {
		return r.err
	}
	c.Notes = nil
	return l.change(ctx, func(d *draft) error {
		numbers, err := d.index(headPath(c.Head))
		if err != nil {
			return err
		}
		if len(numbers) == 0 {
			return fmt.Errorf("open pull request with head %s: %w", c.Head, ErrNotFound)
		}
		for _, n := range numbers {
			before, err := d.pull(n)
			if err != nil {
				return err
			}
			after := before.clone()
			after.publish(c)
			if err := d.savePullIfChanged(before, &after, l.moment()); err != nil {
				return err
			}
		}
		d.message = fmt.Sprintf("Check pull request %d\n", numbers[0])
		return nil
	})
}

// Checked implements Checks.
func (l *Local) Checked(ctx context.Context, head string) ([]Check, error) {
	var r rules
	if r.commit("head", head); r.err != nil {
		return nil, r.err
	}
	d, err := l.look(ctx)
	if err != nil {
		return nil, err
	}
	numbers, err := d.index(headPath(head))
	if err != nil || len(numbers) == 0 {
		return nil, err
	}
	p, err := d.pull(numbers[0])
	return p.Checks, err
}

// publish puts a check in its place: one of each name, sorted by it. A result
// that only repeats the last one changes nothing.
func (p *Pull) publish(c Check) {
	i, found := slices.BinarySearchFunc(p.Checks, c.Name, func(have Check, name string) int {
		return strings.Compare(have.Name, name)
	})
	if !found {
		p.Checks = slices.Insert(p.Checks, i, c)
		return
	}
	same := c
	same.At = p.Checks[i].At
	if !reflect.DeepEqual(p.Checks[i], same) {
		p.Checks[i] = c
	}
}

// revise changes one pull request as one step.
func (l *Local) revise(ctx context.Context, number int, message string, change func(*Pull) error) error {
	return l.change(ctx, func(d *draft) error {
		before, err := d.pull(number)
		if err != nil {
			return err
		}
		after := before.clone()
		if err := change(&after); err != nil {
			return err
		}
		d.message = fmt.Sprintf(message, number)
		return d.savePullIfChanged(before, &after, l.moment())
	})
}

// savePullIfChanged puts a pull request that differs from before into the
// draft.
func (d *draft) savePullIfChanged(before Pull, after *Pull, now time.Time) error {
	after.Labels = tidy(after.Labels)
	after.Updated = before.Updated
	if after.Head != before.Head {
		after.Checks = nil
	}
	if reflect.DeepEqual(before, *after) {
		return nil
	}
	after.Updated = now
	return d.savePull(&before, *after)
}

// clone copies a pull request so that changing the copy's lists leaves the
// original alone.
func (p *Pull) clone() Pull {
	c := *p
	c.Labels = slices.Clone(p.Labels)
	c.Reviews = slices.Clone(p.Reviews)
	c.Comments = slices.Clone(p.Comments)
	c.Checks = slices.Clone(p.Checks)
	return c
}
