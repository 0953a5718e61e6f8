package forge

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/go-github/v60/github"
)

// Get implements Reader. A pull request from a fork has a branch of the form
// OWNER:BRANCH, which is no branch of the repository. It takes two requests,
// one when an event told of the pull request, and one more for comments. An
// event of a workflow tells less: then title, body, labels and author are empty.
func (g *GitHub) Get(ctx context.Context, number int) (Pull, error) {
	p, err := g.peek(ctx, number, true)
	if err == nil {
		p.Reviews, err = g.reviews(ctx, number)
	}
	return p, err
}

// Peek implements Reader. It takes one request, or none, as Get says.
// https://docs.github.com/rest/pulls/pulls#get-a-pull-request
func (g *GitHub) Peek(ctx context.Context, number int) (Pull, error) {
	return g.peek(ctx, number, false)
}

func (g *GitHub) peek(ctx context.Context, number int, comments bool) (Pull, error) {
	step := fmt.Sprintf("read pull request %d", number)
	if number < 1 {
		return Pull{}, fmt.Errorf("GitHub: %s: %w", step, ErrNotFound)
	}
	if k, ok := g.recalled(true, func(p *Pull) bool { return p.Number == number }); ok {
		return k.pull, nil
	}
	answer, _, err := g.client.PullRequests.Get(ctx, g.owner, g.repo, number)
	if err != nil {
		return Pull{}, g.failOn(step, err)
	}
	p := g.pullOf(answer)
	g.keepPull(p)
	if comments && answer.GetComments() > 0 {
		p.Comments, err = g.comments(ctx, number)
	}
	return p, err
}

// Find implements Reader. It takes no request when git says that the branch is
// gone: GitHub closes pull requests of such branches.
// https://docs.github.com/rest/pulls/pulls#list-pull-requests
func (g *GitHub) Find(ctx context.Context, branch string) (Pull, error) {
	var r rules
	if r.branch("branch", branch); r.err != nil {
		return Pull{}, r.err
	}
	if p, ok := g.recallOpen(branch); ok {
		return p, nil
	}
	head, asked, err := g.head(branch)
	if err != nil {
		return Pull{}, err
	}
	if asked && head == "" {
		return Pull{}, noneOpen(branch)
	}
	return g.findOpen(ctx, branch)
}

func noneOpen(branch string) error {
	return fmt.Errorf("open pull request of branch %s: %w", branch, ErrNotFound)
}

// findOpen asks GitHub for the open pull request of a branch.
func (g *GitHub) findOpen(ctx context.Context, branch string) (Pull, error) {
	list, _, err := g.client.PullRequests.List(ctx, g.owner, g.repo, &github.PullRequestListOptions{
		State: StateOpen, Head: g.owner + ":" + branch, ListOptions: github.ListOptions{PerPage: perPage},
	})
	if err != nil {
		return Pull{}, g.fail("find the pull request of "+branch, err)
	}
	for _, answer := range list {
		if answer == nil {
			continue
		}
		// Without an owner that it knows, GitHub gives all there are.
		if p := g.pullOf(answer); p.Branch == branch && p.State == StateOpen {
			g.keepPull(p)
			return p, nil
		}
	}
	return Pull{}, noneOpen(branch)
}

// List implements Reader. Pull requests from forks are left out: Docket's own
// come from branches of the repository.
func (g *GitHub) List(ctx context.Context, f Filter) ([]Pull, error) {
	options := github.PullRequestListOptions{Sort: "created", Direction: "desc"}
	switch f.State {
	case "":
		options.State = "all"
	case StateOpen:
		options.State = "open"
	case StateMerged, StateClosed:
		options.State = "closed" // GitHub's word for both
	default:
		return nil, &InvalidError{Field: "filter.state", Rule: "open, merged, closed or empty"}
	}
	var list []Pull
	err := each(func(page github.ListOptions) ([]*github.PullRequest, *github.Response, error) {
		options.ListOptions = page
		return g.client.PullRequests.List(ctx, g.owner, g.repo, &options)
	}, func(answer *github.PullRequest) bool {
		p := g.pullOf(answer)
		if !strings.Contains(p.Branch, ":") && (f.State == "" || p.State == f.State) {
			list = append(list, p)
		}
		return f.Limit <= 0 || len(list) < f.Limit
	})
	if err != nil {
		return nil, g.fail("list pull requests", err)
	}
	return list, nil
}

// pullOf reads a pull request. Texts that break the rules of records are empty,
// as in events: people on GitHub may write anything.
func (g *GitHub) pullOf(answer *github.PullRequest) Pull {
	p := Pull{
		Number: answer.GetNumber(), Branch: branchName(answer.GetHead().GetRef()), Base: branchName(answer.GetBase().GetRef()),
		Head: answer.GetHead().GetSHA(), Title: title(answer.GetTitle()), Body: unmark(answer.GetBody()), State: StateOpen,
		Labels: labelsOf(answer.Labels), Author: login(answer.GetUser().GetLogin()),
		Created: moment(answer.GetCreatedAt().Time), Updated: moment(answer.GetUpdatedAt().Time),
	}
	p.Kind, p.Case = pullSubject(p.Branch, answer.GetBody())
	switch {
	case answer.GetMerged() || answer.MergedAt != nil:
		p.State, p.MergedAs = StateMerged, answer.GetMergeCommitSHA()
	case answer.GetState() == StateClosed:
		p.State = StateClosed
	}
	if head := answer.GetHead().GetRepo(); !sameRepo(head.GetFullName(), g.full()) {
		// A fork, or one that is gone: its branch must not pass for ours.
		p.Branch = answer.GetHead().GetUser().GetLogin() + ":" + p.Branch
	}
	return p
}

func sameRepo(a, b string) bool { return strings.EqualFold(a, b) }

func labelsOf(list []*github.Label) []string {
	names := make([]payloadLabel, len(list))
	for i, l := range list {
		names[i].Name = l.GetName()
	}
	return labelNames(names)
}

// reviews asks for the verdicts on a pull request, oldest first. Comments,
// pending and dismissed reviews are none.
// https://docs.github.com/rest/pulls/reviews#list-reviews-for-a-pull-request
func (g *GitHub) reviews(ctx context.Context, number int) ([]Review, error) {
	var list []Review
	err := g.eachReview(ctx, number, func(answer *github.PullRequestReview) bool {
		v := Review{By: login(answer.GetUser().GetLogin()), At: moment(answer.GetSubmittedAt().Time),
			Head: answer.GetCommitID(), Body: unmark(answer.GetBody())}
		switch answer.GetState() {
		case "APPROVED":
			v.Verdict = Approve
		case "CHANGES_REQUESTED":
			v.Verdict = Reject
		}
		if v.Verdict != "" && v.By != "" && commitForm().MatchString(v.Head) {
			list = append(list, v)
		}
		return true
	})
	return list, err
}

func (g *GitHub) eachReview(ctx context.Context, number int, take func(*github.PullRequestReview) bool) error {
	err := each(func(page github.ListOptions) ([]*github.PullRequestReview, *github.Response, error) {
		return g.client.PullRequests.ListReviews(ctx, g.owner, g.repo, number, &page)
	}, take)
	return g.failOn(fmt.Sprintf("read the reviews of pull request %d", number), err)
}
