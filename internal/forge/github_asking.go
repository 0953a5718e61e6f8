package forge

import (
	"context"
	"fmt"
	"strings"
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
		g.seenAgain(e, answer)
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

// seenAgain brings what is known of a tracking issue up to what a list says.
func (g *GitHub) seenAgain(e Event, answer *github.Issue) {
	g.known.mu.Lock()
	k, known := g.known.issues[e.Number]
	g.known.mu.Unlock()
	if known && k.issue.ID == e.Issue.ID {
		g.learn(k.issue.Program, k.issue.ID, answer)
	}
}

// labelAt is a label of an issue.
type labelAt struct {
	number int
	label  string
}

// Dropped finds labels that ask for something, that a person put on an issue
// since a time and an App took off, as the events that told of the labels: each
// with Issue (its case), Label, Actor and At. Whether they were followed or
// answered then, it does not tell. A list of labels that an App sends replaces
// them all, and so one that somebody puts on at that moment is gone, unheard
// where its event is lost too. One request for each hundred events since.
// https://docs.github.com/rest/issues/events#list-issue-events-for-a-repository
func (g *GitHub) Dropped(ctx context.Context, since time.Time, asks func(label string) bool) ([]Event, error) {
	var out []Event
	off, settled := map[labelAt]bool{}, map[labelAt]bool{}
	err := each(func(page github.ListOptions) ([]*github.IssueEvent, *github.Response, error) {
		return g.client.Issues.ListRepositoryEvents(ctx, g.owner, g.repo, &page)
	}, func(e *github.IssueEvent) bool { // the newest comes first
		at := labelAt{e.GetIssue().GetNumber(), e.GetLabel().GetName()}
		name := e.GetEvent()
		if name != "labeled" && name != "unlabeled" || settled[at] || !asks(at.label) || e.GetIssue().IsPullRequest() {
			return !e.GetCreatedAt().Before(since)
		}
		app := strings.HasSuffix(e.GetActor().GetLogin(), "[bot]")
		switch {
		case name == "unlabeled" && app && !off[at]:
			off[at] = true
		case name == "labeled" && off[at] && !app && !e.GetCreatedAt().Before(since):
			found := Event{Name: EventIssues, Action: "labeled", Repo: g.full(), Number: at.number, Label: at.label,
				Actor: login(e.GetActor().GetLogin()), At: moment(e.GetCreatedAt().Time), Issue: &Issue{Title: title(e.GetIssue().GetTitle())}}
			if found.track(bodyMarker(e.GetIssue().GetBody())); found.Issue.ID != "" && found.Actor != "" {
				out = append(out, found)
			}
			settled[at] = true
		default:
			settled[at] = true
		}
		return !e.GetCreatedAt().Before(since)
	})
	return out, g.fail("list the events of issues", err)
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
