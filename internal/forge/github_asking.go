package forge

import (
	"context"
	"fmt"
	"time"

	"github.com/google/go-github/v60/github"
)

// Asking finds tracking issues that bear a label which asks for something and
// that changed since a time, as the events that told of the labels: each with
// Issue, Label, Seen, and Actor and At of the last time that it was put there. It is for
// events that got lost. One request for each hundred issues that changed, and
// one or more for each that asks.
// https://docs.github.com/rest/issues/issues#list-repository-issues
// https://docs.github.com/rest/issues/events#list-issue-events
func (g *GitHub) Asking(ctx context.Context, since time.Time, asks func(label string) bool) ([]Event, error) {
	options := github.IssueListByRepoOptions{State: "all", Sort: "updated", Direction: "desc", Since: since}
	var found []Event
	err := each(func(page github.ListOptions) ([]*github.Issue, *github.Response, error) {
		options.ListOptions = page
		return g.client.Issues.ListByRepo(ctx, g.owner, g.repo, &options)
	}, func(answer *github.Issue) bool {
		if answer.IsPullRequest() {
			return true
		}
		e := Event{Name: "issues", Action: "labeled", Repo: g.full(), Number: answer.GetNumber(),
			Issue: &Issue{Title: title(answer.GetTitle()), Labels: labelsOf(answer.Labels)}}
		e.track(bodyMarker(answer.GetBody()))
		for _, label := range e.Issue.Labels {
			if e.Issue.ID != "" && asks(label) {
				e.Label = label
				found = append(found, e)
			}
		}
		return true
	})
	if err != nil {
		return nil, g.fail("list the issues that changed", err)
	}
	out := found[:0]
	for _, e := range found {
		if e.Actor, e.At, err = g.labelledBy(ctx, e.Number, e.Label); err != nil {
			return out, err
		}
		if e.Actor != "" {
			out = append(out, e)
		}
	}
	return out, nil
}

// labelledBy is who put a label on an issue last, and when; empty when it is not
// known.
func (g *GitHub) labelledBy(ctx context.Context, number int, label string) (by string, at time.Time, err error) {
	err = each(func(page github.ListOptions) ([]*github.IssueEvent, *github.Response, error) {
		return g.client.Issues.ListIssueEvents(ctx, g.owner, g.repo, number, &page)
	}, func(e *github.IssueEvent) bool {
		if e.GetEvent() == "labeled" && e.GetLabel().GetName() == label {
			by, at = login(e.GetActor().GetLogin()), moment(e.GetCreatedAt().Time)
		}
		return true
	})
	return by, at, g.failOn(fmt.Sprintf("read the events of issue %d", number), err)
}

// Labelled lists the open tracking issues that bear a label, by case ID: one
// request for each hundred.
// https://docs.github.com/rest/issues/issues#list-repository-issues
func (g *GitHub) Labelled(ctx context.Context, label string) ([]string, error) {
	options := github.IssueListByRepoOptions{State: "open", Labels: []string{label}}
	var ids []string
	err := each(func(page github.ListOptions) ([]*github.Issue, *github.Response, error) {
		options.ListOptions = page
		return g.client.Issues.ListByRepo(ctx, g.owner, g.repo, &options)
	}, func(answer *github.Issue) bool {
		e := Event{Issue: &Issue{Title: title(answer.GetTitle())}}
		if e.track(bodyMarker(answer.GetBody())); e.Issue.ID != "" && !answer.IsPullRequest() {
			ids = append(ids, e.Issue.ID)
		}
		return true
	})
	return ids, g.fail("list the issues with the label "+label, err)
}
