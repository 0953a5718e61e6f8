package forge

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"slices"
	"strings"
)

// Track implements Issues. Created, Updated and Events of i are not looked at.
func (l *Local) Track(ctx context.Context, i Issue) error {
	now := l.moment()
	return l.change(ctx, func(d *draft) error {
		before, err := d.issue(i.Program, i.ID)
		known := err == nil
		if !known && !errors.Is(err, ErrNotFound) {
			return err
		}
		after := Issue{
			Program: i.Program, ID: i.ID, Title: i.Title, Body: i.Body, Closed: i.Closed, Revision: i.Revision, File: i.File,
			Labels: before.Labels, Events: before.Events, Comments: before.Comments, Created: before.Created, Updated: before.Updated,
		}
		if i.Labels != nil {
			after.Labels = relabel(before.Labels, i.Labels)
		}
		if !known {
			after.Created = now
		} else if reflect.DeepEqual(before, after) {
			return nil
		}
		after.Updated = now
		d.message = fmt.Sprintf("Track %s\n", i.ID)
		return d.saveIssue(after)
	})
}

// ownLabels are the beginnings of the labels that say what Docket knows, and
// askingLabels those of labels by which people ask for something: whoever has
// done it or answered takes that one off, and nobody else does.
var (
	ownLabels    = []string{"program/", "state/", "due/", "needs/"}
	askingLabels = []string{"move/", "close/"}
)

func asking(label string) bool {
	return slices.ContainsFunc(askingLabels, func(begin string) bool { return strings.HasPrefix(label, begin) })
}

// relabel is what an issue's labels become when Docket's own are to be these.
func relabel(have, own []string) []string {
	kept := slices.DeleteFunc(slices.Clone(have), func(label string) bool {
		return slices.ContainsFunc(ownLabels, func(begin string) bool { return strings.HasPrefix(label, begin) })
	})
	return tidy(append(kept, own...))
}

// Issue implements Issues.
func (l *Local) Issue(ctx context.Context, program, id string) (Issue, error) {
	d, err := l.look(ctx)
	if err != nil {
		return Issue{}, err
	}
	return d.issue(program, id)
}

// Label implements Issues.
func (l *Local) Label(ctx context.Context, program, id string, add, remove []string, by string) ([]string, error) {
	event := LabelEvent{At: l.moment(), By: by, Add: tidy(add), Remove: tidy(remove)}
	var r rules
	if event.validate(&r); r.err != nil {
		return nil, r.err
	}
	if err := event.apart(); err != nil {
		return nil, err
	}
	var result []string
	err := l.change(ctx, func(d *draft) error {
		issue, err := d.issue(program, id)
		if err != nil {
			return err
		}
		kept := slices.DeleteFunc(slices.Clone(issue.Labels), func(label string) bool {
			return slices.Contains(event.Remove, label)
		})
		result = tidy(append(kept, event.Add...))
		if slices.Equal(result, issue.Labels) {
			return nil
		}
		issue.Labels, issue.Updated = result, event.At
		issue.Events = append(issue.Events, event)
		if over := len(issue.Events) - maxEvents; over > 0 {
			issue.Events = issue.Events[over:]
		}
		d.message = fmt.Sprintf("Label %s\n", id)
		return d.saveIssue(issue)
	})
	if err != nil {
		return nil, err
	}
	return slices.Clone(result), nil
}

// apart holds that no label is both added and removed.
func (e *LabelEvent) apart() error {
	for _, label := range e.Add {
		if slices.Contains(e.Remove, label) {
			return &InvalidError{Field: "labels", Rule: "either added or removed, not both"}
		}
	}
	return nil
}

// Answer implements Talk.
func (l *Local) Answer(ctx context.Context, program, id string, c Comment) error {
	c.At = l.given(c.At)
	var r rules
	if c.validate(&r); r.err != nil {
		return r.err
	}
	return l.change(ctx, func(d *draft) error {
		issue, err := d.issue(program, id)
		if err != nil {
			return err
		}
		before := len(issue.Comments)
		if issue.Comments = said(issue.Comments, c); len(issue.Comments) == before {
			return nil
		}
		issue.Updated = l.moment()
		d.message = fmt.Sprintf("Answer on %s\n", id)
		issue.Comments = issue.Comments[max(0, len(issue.Comments)-maxEvents):]
		for {
			// An issue must not refuse to be talked on because of what was said
			// long ago: the oldest makes room.
			err := d.saveIssue(issue)
			if !errors.Is(err, ErrTooLarge) || len(issue.Comments) < 2 {
				return err
			}
			issue.Comments = issue.Comments[1:]
		}
	})
}

// Answers implements Talk.
func (l *Local) Answers(ctx context.Context, program, id string) ([]Comment, error) {
	issue, err := l.Issue(ctx, program, id)
	return issue.Comments, err
}

// issue reads a tracking issue.
func (d *draft) issue(program, id string) (Issue, error) {
	var r rules
	if r.issueName(program, id); r.err != nil {
		return Issue{}, r.err
	}
	path := issuePath(program, id)
	data, err := d.read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Issue{}, fmt.Errorf("tracking issue of %s: %w", id, ErrNotFound)
	}
	if err != nil {
		return Issue{}, err
	}
	return decodeIssue(path, data, program, id)
}

func (d *draft) saveIssue(i Issue) error {
	data, err := encodeIssue(i)
	if err != nil {
		return err
	}
	d.put(issuePath(i.Program, i.ID), data)
	return nil
}
