package forge

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/go-github/v60/github"
)

// Merge implements Merger. The head in the request makes it safe to repeat:
// what is merged already, GitHub refuses, and then the commit is read.
// https://docs.github.com/rest/pulls/pulls#merge-a-pull-request
func (g *GitHub) Merge(ctx context.Context, number int, head, title, message string) (string, error) {
	var r rules
	r.commit("head", head)
	r.line("title", title, maxTitle)
	if r.body("message", message); r.err != nil {
		return "", r.err
	}
	step := fmt.Sprintf("merge pull request %d", number)
	if number < 1 {
		return "", fmt.Errorf("GitHub: %s: %w", step, ErrNotFound)
	}
	defer g.forgetPull(number)
	answer, _, err := g.client.PullRequests.Merge(ctx, g.owner, g.repo, number, message, &github.PullRequestOptions{
		CommitTitle: title, SHA: head, MergeMethod: "merge", DontDefaultIfBlank: true,
	})
	if err == nil && answer.GetMerged() && commitForm().MatchString(answer.GetSHA()) {
		return answer.GetSHA(), nil
	}
	var refused *github.ErrorResponse
	switch status := statusOf(err); {
	case err == nil:
		return "", fmt.Errorf("GitHub: %s: %w: %s", step, ErrBlocked, oneLine(answer.GetMessage()))
	case status == http.StatusNotFound:
		return "", g.failOn(step, err)
	case errors.As(err, &refused) && (status == http.StatusConflict || status == http.StatusMethodNotAllowed ||
		status == http.StatusForbidden || status == http.StatusUnprocessableEntity):
		return g.mergedBefore(ctx, step, number, head, refused)
	}
	return "", g.fail(step, err)
}

// mergedBefore finds out why a merge was refused: it was done already (by a
// request whose answer was lost, say), the head has moved, or rules forbid it.
func (g *GitHub) mergedBefore(ctx context.Context, step string, number int, head string, refused *github.ErrorResponse) (string, error) {
	answer, _, err := g.client.PullRequests.Get(ctx, g.owner, g.repo, number)
	if err != nil {
		return "", g.failOn(step, err)
	}
	p := g.pullOf(answer)
	switch {
	case p.Head != head:
		return "", fmt.Errorf("GitHub: %s: %w", step, ErrChanged)
	case p.State == StateMerged:
		return p.MergedAs, nil
	case p.State == StateClosed:
		return "", fmt.Errorf("GitHub: %s: %w", step, ErrClosed)
	case statusOf(refused) == http.StatusConflict:
		return "", fmt.Errorf("GitHub: %s: %w", step, ErrChanged)
	}
	return "", fmt.Errorf("GitHub: %s: %w: %s", step, ErrBlocked, answerText(refused))
}
