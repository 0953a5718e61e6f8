package forge

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/google/go-github/v60/github"
)

// Open implements Pulls. The author is the token's, and the head is what the
// branch has on GitHub: it must have been pushed. It takes one request, one
// more for labels, and one or two more when there is an open one already.
// https://docs.github.com/rest/pulls/pulls#create-a-pull-request
func (g *GitHub) Open(ctx context.Context, p Proposal) (Pull, error) {
	if err := p.validate(g); err != nil {
		return Pull{}, err
	}
	if have, ok := g.recallOpen(p.Branch); ok {
		return g.revise(ctx, have, p)
	}
	var opened *Pull
	found := func() (bool, error) {
		have, err := g.findOpen(ctx, p.Branch)
		if errors.Is(err, ErrNotFound) {
			return false, nil
		}
		opened = &have
		return err == nil, err
	}
	step := "open the pull request of " + p.Branch
	for try := 1; ; try++ {
		err := g.once(ctx, func() error {
			answer, _, err := g.client.PullRequests.Create(ctx, g.owner, g.repo, &github.NewPullRequest{
				Title: &p.Title, Head: &p.Branch, Base: &p.Base, Body: github.String(p.body()),
			})
			if err == nil {
				made := g.pullOf(answer)
				opened = &made
			}
			return err
		}, found)
		if alreadyOpen(err) {
			var have bool
			if have, err = found(); err == nil && !have && try < maxTries {
				continue // closed in this moment
			}
		}
		switch {
		case err != nil:
			return Pull{}, g.fail(step, err)
		case opened == nil:
			return Pull{}, &StatusError{Step: step, Status: http.StatusUnprocessableEntity, Text: "there is one already, and it cannot be found"}
		}
		g.keepPull(*opened)
		return g.revise(ctx, *opened, p)
	}
}

// alreadyOpen: 422, with words that have been the same for years.
func alreadyOpen(err error) bool {
	var answer *github.ErrorResponse
	return errors.As(err, &answer) && statusOf(err) == http.StatusUnprocessableEntity &&
		strings.Contains(answerText(answer), "pull request already exists")
}

// validate holds a proposal to the rules of records.
func (p *Proposal) validate(g *GitHub) error {
	now := g.moment()
	pull := Pull{Number: 1, Branch: p.Branch, State: StateOpen, Author: "x", Created: now, Updated: now}
	if p.Author != "" {
		pull.Author = p.Author
	}
	pull.propose(*p)
	return pull.validate()
}

func (p *Proposal) body() string { return mark(p.Body, "kind", p.Kind, "case", p.Case) }

// revise brings an open pull request up to date with a proposal.
func (g *GitHub) revise(ctx context.Context, have Pull, p Proposal) (Pull, error) {
	want := have.clone()
	want.propose(p)
	want.Head = have.Head
	return g.write(ctx, have, want)
}

// write sends what differs between two states of a pull request.
// https://docs.github.com/rest/pulls/pulls#update-a-pull-request
// https://docs.github.com/rest/issues/labels#set-labels-for-an-issue
func (g *GitHub) write(ctx context.Context, have, want Pull) (Pull, error) {
	step := fmt.Sprintf("update pull request %d", have.Number)
	if have.Title != want.Title || have.Body != want.Body || have.Kind != want.Kind || have.Case != want.Case || have.Base != want.Base {
		edit := &github.PullRequest{Title: &want.Title, Body: github.String(mark(want.Body, "kind", want.Kind, "case", want.Case))}
		if have.Base != want.Base {
			edit.Base = &github.PullRequestBranch{Ref: &want.Base}
		}
		answer, _, err := g.client.PullRequests.Edit(ctx, g.owner, g.repo, have.Number, edit)
		if err != nil {
			return Pull{}, g.failOn(step, err)
		}
		labels := want.Labels
		want = g.pullOf(answer)
		have.Labels, want.Labels = want.Labels, labels
	}
	if want.Labels = tidy(want.Labels); !slices.Equal(have.Labels, want.Labels) {
		labels := append([]string{}, want.Labels...) // none is an empty list, and not null
		answer, _, err := g.client.Issues.ReplaceLabelsForIssue(ctx, g.owner, g.repo, have.Number, labels)
		if err != nil {
			g.forgetPull(have.Number)
			return Pull{}, g.failOn(step, err)
		}
		want.Labels = labelsOf(answer)
	}
	g.keepPull(want)
	return want, nil
}

// Update implements Pulls. The head is what git has: a change of it sends
// nothing, since the push has told GitHub. Updating what is known takes no
// request to read, and one or two to write.
func (g *GitHub) Update(ctx context.Context, number int, change func(*Pull) error) error {
	k, ok := g.recall(func(p *Pull) bool { return p.Number == number })
	have := k.pull
	if !ok {
		step := fmt.Sprintf("read pull request %d", number)
		if number < 1 {
			return fmt.Errorf("GitHub: %s: %w", step, ErrNotFound)
		}
		answer, _, err := g.client.PullRequests.Get(ctx, g.owner, g.repo, number)
		if err != nil {
			return g.failOn(step, err)
		}
		have = g.pullOf(answer)
	}
	want := have.clone()
	if err := change(&want); err != nil {
		return err
	}
	if err := updates(have, want); err != nil {
		return err
	}
	want.Labels = tidy(want.Labels)
	if err := want.validate(); err != nil {
		return err
	}
	if want.Head != have.Head {
		g.forgetPull(number)
		want.Head = have.Head
	}
	if reflect.DeepEqual(have, want) {
		return nil
	}
	_, err := g.write(ctx, have, want)
	return err
}

// Close implements Pulls. GitHub itself marks a pull request merged once its
// head is on the base branch, so that closing as merged writes nothing: it
// takes one request to read, or none when git says that the branch is gone.
// https://docs.github.com/rest/pulls/pulls#update-a-pull-request
func (g *GitHub) Close(ctx context.Context, number int, merged string) error {
	step := fmt.Sprintf("close pull request %d", number)
	if number < 1 {
		return fmt.Errorf("GitHub: %s: %w", step, ErrNotFound)
	}
	k, ok := g.recall(func(p *Pull) bool { return p.Number == number })
	if ok && k.pull.State != StateOpen {
		return closedAs(k.pull, merged)
	}
	if merged != "" {
		return g.closeMerged(ctx, step, number, merged)
	}
	answer, _, err := g.client.PullRequests.Edit(ctx, g.owner, g.repo, number, &github.PullRequest{State: github.String(StateClosed)})
	if err != nil {
		return g.failOn(step, err)
	}
	p := g.pullOf(answer)
	g.keepPull(p)
	return closedAs(p, merged)
}

// closedAs holds that a pull request which is closed was closed as meant.
func closedAs(p Pull, merged string) error {
	if p.State == StateMerged && p.MergedAs == merged && merged != "" || p.State == StateClosed && merged == "" {
		return nil
	}
	return fmt.Errorf("pull request %d is %s already: %w", p.Number, p.State, ErrClosed)
}

func (g *GitHub) closeMerged(ctx context.Context, step string, number int, merged string) error {
	g.known.mu.Lock()
	branch := g.known.pulls[number].pull.Branch
	g.known.mu.Unlock()
	defer g.forgetPull(number) // GitHub changes it now
	if branch != "" {
		head, asked, err := g.head(branch)
		if err != nil {
			return err
		}
		if asked && head == "" {
			return nil
		}
	}
	answer, _, err := g.client.PullRequests.Get(ctx, g.owner, g.repo, number)
	if err != nil {
		return g.failOn(step, err)
	}
	p := g.pullOf(answer)
	if p.State == StateOpen {
		return nil // GitHub has not looked at the push yet; when it has, it will be merged
	}
	return closedAs(p, merged)
}
