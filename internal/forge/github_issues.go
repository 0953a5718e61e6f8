package forge

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/google/go-github/v60/github"
)

// Track implements Issues. It takes one request, none when GitHub is known to
// show all this already, and one more when the labels that people added have
// to be asked for.
// https://docs.github.com/rest/issues/issues#create-an-issue
// https://docs.github.com/rest/issues/issues#update-an-issue
func (g *GitHub) Track(ctx context.Context, i Issue) error {
	now := g.moment()
	i.Labels, i.Created, i.Updated, i.Events, i.Comments = ordered(i.Labels), now, now, nil, nil
	if err := i.validate(); err != nil {
		return err
	}
	g.tracking.Lock()
	defer g.tracking.Unlock()
	for try := 1; ; try++ {
		number, made, err := g.numberFor(ctx, i)
		if made || err != nil {
			return err
		}
		err = g.refresh(ctx, number, i)
		if !errors.Is(err, ErrNotFound) || try == 2 {
			return err
		}
		// Somebody deleted it, or moved it elsewhere: there has to be another.
		g.forgetIssue(number, trackKey(i.Program, i.ID))
		if err := g.dropNumber(ctx, i.Program, i.ID, number); err != nil {
			return err
		}
	}
}

// ordered is tidy, but tells no labels from labels left alone.
func ordered(labels []string) []string {
	if labels == nil {
		return nil
	}
	return append([]string{}, tidy(labels)...)
}

func issueBody(i Issue) string {
	revision := ""
	if i.Revision > 0 {
		revision = strconv.Itoa(i.Revision)
	}
	return mark(i.Body, "case", i.ID, "revision", revision, "file", i.File)
}

// shownRevision is the revision of the case that an issue shows, by its
// marker; 0: it does not say.
func shownRevision(body string) int {
	n, err := number(bodyMarker(body)["revision"])
	if err != nil {
		return 0
	}
	return n
}

// issueOf reads an issue. Program and ID are empty when it tracks no case.
func (g *GitHub) issueOf(answer *github.Issue) Issue {
	raw := answer.GetBody()
	marker := bodyMarker(raw)
	e := Event{Issue: &Issue{
		Title: title(answer.GetTitle()), Body: unmark(raw), Labels: labelsOf(answer.Labels), Closed: answer.GetState() == StateClosed,
		Created: moment(answer.GetCreatedAt().Time), Updated: moment(answer.GetUpdatedAt().Time), Revision: shownRevision(raw),
	}}
	e.track(marker)
	for _, l := range e.Issue.Labels {
		if program, ok := strings.CutPrefix(l, "program/"); ok && programForm().MatchString(program) {
			e.Issue.Program = program
		}
	}
	if digestForm().MatchString(marker["file"]) {
		e.Issue.File = marker["file"]
	}
	return *e.Issue
}

// learn reads the tracking issue of a case and remembers it.
func (g *GitHub) learn(program, id string, answer *github.Issue) Issue {
	i := g.issueOf(answer)
	i.Program, i.ID = program, id
	return g.keepIssue(answer.GetNumber(), i, answer.GetBody())
}

// refresh brings an issue up to date. Labels are sent only where they change,
// and one by one while one asks for something: a list replaces all that there
// are, also what somebody has put on or taken off since we looked.
func (g *GitHub) refresh(ctx context.Context, number int, i Issue) error {
	step := "update the tracking issue of " + i.ID
	known, ok := g.recallIssue(number)
	if !ok && i.Labels != nil {
		have, err := g.fetchIssue(ctx, step, i.Program, i.ID, number)
		if err != nil {
			return err
		}
		known, ok = g.recallIssue(number)
		known.issue = have
	}
	body, state := issueBody(i), StateOpen
	if i.Closed {
		state = StateClosed
	}
	edit := &github.IssueRequest{Title: &i.Title, Body: &body, State: &state}
	labels := known.issue.Labels
	if i.Labels != nil {
		labels = append([]string{}, relabel(known.issue.Labels, i.Labels)...)
	}
	same := slices.Equal(known.issue.Labels, labels)
	alone := !same && slices.ContainsFunc(labels, asking)
	if !same && !alone {
		edit.Labels = &labels
	}
	if !ok || known.issue.Title != i.Title || known.raw != body || known.issue.Closed != i.Closed || edit.Labels != nil {
		answer, _, err := g.client.Issues.Edit(ctx, g.owner, g.repo, number, edit)
		if err != nil {
			g.forgetIssue(number, "")
			return g.failOn(step, err)
		}
		known.issue = g.learn(i.Program, i.ID, answer)
	}
	if !alone {
		return nil
	}
	labels = relabel(known.issue.Labels, i.Labels)
	_, err := g.Label(ctx, i.Program, i.ID, without(labels, known.issue.Labels), without(known.issue.Labels, labels), "")
	return err
}

// without is what the first list has and the second has not.
func without(list, other []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(other, s) })
}

// fetchIssue asks for an issue. One that was moved to another repository is
// not found: its redirect is not followed.
// https://docs.github.com/rest/issues/issues#get-an-issue
func (g *GitHub) fetchIssue(ctx context.Context, step, program, id string, number int) (Issue, error) {
	answer, _, err := g.client.Issues.Get(ctx, g.owner, g.repo, number)
	if statusOf(err) == http.StatusMovedPermanently {
		return Issue{}, fmt.Errorf("GitHub: %s: %w", step, ErrNotFound)
	}
	if err != nil {
		return Issue{}, g.failOn(step, err)
	}
	return g.learn(program, id, answer), nil
}

// Issue implements Issues. It takes one request, or none.
func (g *GitHub) Issue(ctx context.Context, program, id string) (Issue, error) {
	number, err := g.number(ctx, program, id)
	if err != nil {
		return Issue{}, err
	}
	if known, ok := g.recallIssue(number); ok {
		return known.issue, nil
	}
	return g.fetchIssue(ctx, "read the tracking issue of "+id, program, id, number)
}

// Label implements Issues, in the name of the token's owner. It takes one
// request for all labels that it adds and one for each that it takes off; none
// for those where it is known to be so already.
// https://docs.github.com/rest/issues/labels#add-labels-to-an-issue
// https://docs.github.com/rest/issues/labels#remove-a-label-from-an-issue
func (g *GitHub) Label(ctx context.Context, program, id string, add, remove []string, _ string) ([]string, error) {
	event := LabelEvent{At: g.moment(), By: "x", Add: tidy(add), Remove: tidy(remove)}
	var r rules
	if event.validate(&r); r.err != nil {
		return nil, r.err
	}
	if err := event.apart(); err != nil {
		return nil, err
	}
	number, err := g.number(ctx, program, id)
	if err != nil {
		return nil, err
	}
	step := "label the tracking issue of " + id
	known, ok := g.recallIssue(number)
	issue := known.issue
	missing := func(label string) bool { return !ok || !slices.Contains(issue.Labels, label) }
	if add := slices.DeleteFunc(event.Add, func(label string) bool { return !missing(label) }); len(add) > 0 {
		answer, _, err := g.client.Issues.AddLabelsToIssue(repeatable(ctx, true), g.owner, g.repo, number, add)
		if err != nil {
			return nil, g.failOn(step, err)
		}
		issue.Labels, ok = labelsOf(answer), true
	}
	for _, label := range event.Remove {
		if ok && missing(label) {
			continue
		}
		if issue.Labels, ok, err = g.unlabel(ctx, number, label); err != nil {
			return nil, g.failOn(step, err)
		}
	}
	if !ok {
		if issue, err = g.fetchIssue(ctx, step, program, id, number); err != nil {
			return nil, err
		}
		return issue.Labels, nil
	}
	g.relabelled(number, issue.Labels)
	return issue.Labels, nil
}

// unlabel takes a label off and returns those that are left; known is false
// when it was not there, since GitHub does not say then what is.
func (g *GitHub) unlabel(ctx context.Context, number int, label string) (left []string, known bool, err error) {
	path := fmt.Sprintf("repos/%s/issues/%d/labels/%s", g.full(), number, url.PathEscape(label))
	req, err := g.client.NewRequest(http.MethodDelete, path, nil)
	if err != nil {
		return nil, false, err
	}
	// go-github's own call neither escapes the name nor tells what is left.
	var answer []*github.Label
	if _, err = g.client.Do(ctx, req, &answer); statusOf(err) == http.StatusNotFound {
		return nil, false, nil
	}
	return labelsOf(answer), err == nil, err
}

// relabelled remembers the labels of an issue that is known otherwise.
func (g *GitHub) relabelled(number int, labels []string) {
	g.known.mu.Lock()
	defer g.known.mu.Unlock()
	if k, ok := g.known.issues[number]; ok {
		k.issue.Labels = slices.Clone(labels)
		g.known.issues[number] = k
	}
}
