package forge

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"
)

// Comment implements Talk. With a marker, the comments that are there are read
// before and after: three requests, and one more for each further hundred
// comments. Where two say the same at the same moment, the later one is taken
// back.
// https://docs.github.com/rest/issues/comments#create-an-issue-comment
func (g *GitHub) Comment(ctx context.Context, number int, c Comment) error {
	step := fmt.Sprintf("comment on pull request %d", number)
	if number < 1 {
		return fmt.Errorf("GitHub: %s: %w", step, ErrNotFound)
	}
	defer g.forgetPull(number)
	return g.say(ctx, step, number, c)
}

// Answer implements Talk. It takes as many requests as Comment.
func (g *GitHub) Answer(ctx context.Context, program, id string, c Comment) error {
	number, err := g.number(ctx, program, id)
	if err != nil {
		return err
	}
	return g.say(ctx, "answer on the tracking issue of "+id, number, c)
}

// Answers implements Talk.
func (g *GitHub) Answers(ctx context.Context, program, id string) ([]Comment, error) {
	number, err := g.number(ctx, program, id)
	if err != nil {
		return nil, err
	}
	return g.comments(ctx, number)
}

// say posts a comment, once. By and At are the token's and GitHub's.
func (g *GitHub) say(ctx context.Context, step string, number int, c Comment) error {
	c.By, c.At = "x", g.moment()
	var r rules
	if c.validate(&r); r.err != nil {
		return r.err
	}
	if c.Marker == "" {
		_, err := g.post(ctx, step, number, "once", nonce(), c)
		return err
	}
	first, err := g.said(ctx, number, "answer", c.Marker, c.Since)
	if first != 0 || err != nil {
		return err
	}
	mine, err := g.post(ctx, step, number, "answer", c.Marker, c)
	if err != nil {
		return err
	}
	if first, err = g.said(ctx, number, "answer", c.Marker, c.Since); err != nil || first == 0 || first == mine {
		return err
	}
	// https://docs.github.com/rest/issues/comments#delete-an-issue-comment
	if _, err := g.client.Issues.DeleteComment(ctx, g.owner, g.repo, mine); statusOf(err) != http.StatusNotFound {
		return g.failOn(step, err)
	}
	return nil
}

// post posts a comment with a marker, and answers its ID.
func (g *GitHub) post(ctx context.Context, step string, number int, kind, word string, c Comment) (id int64, err error) {
	err = g.once(ctx, func() error {
		answer, _, err := g.client.Issues.CreateComment(ctx, g.owner, g.repo, number, &github.IssueComment{Body: github.String(mark(c.Body, kind, word))})
		id = answer.GetID()
		return err
	}, func() (bool, error) {
		have, err := g.said(ctx, number, kind, word, c.Since)
		id = have
		return have != 0, err
	})
	return id, g.failOn(step, err)
}

// said is the ID of the first comment with a marker since a time; 0: there is
// none.
func (g *GitHub) said(ctx context.Context, number int, kind, word string, since time.Time) (id int64, err error) {
	err = g.eachComment(ctx, number, func(answer *github.IssueComment) bool {
		if bodyMarker(answer.GetBody())[kind] == word && !answer.GetCreatedAt().Before(seconds(since)) && (id == 0 || answer.GetID() < id) {
			id = answer.GetID()
		}
		return true
	})
	return id, err
}

// comments asks for all that was said on an issue or pull request.
func (g *GitHub) comments(ctx context.Context, number int) ([]Comment, error) {
	var list []Comment
	err := g.eachComment(ctx, number, func(answer *github.IssueComment) bool {
		c := Comment{By: login(answer.GetUser().GetLogin()), At: moment(answer.GetCreatedAt().Time), Body: unmark(answer.GetBody())}
		if word := bodyMarker(answer.GetBody())["answer"]; markerForm().MatchString(word) {
			c.Marker = word
		}
		list = append(list, c)
		return true
	})
	return list, err
}

// https://docs.github.com/rest/issues/comments#list-issue-comments
func (g *GitHub) eachComment(ctx context.Context, number int, take func(*github.IssueComment) bool) error {
	err := each(func(page github.ListOptions) ([]*github.IssueComment, *github.Response, error) {
		return g.client.Issues.ListComments(ctx, g.owner, g.repo, number, &github.IssueListCommentsOptions{ListOptions: page})
	}, take)
	return g.failOn(fmt.Sprintf("read the comments of %d", number), err)
}

// Review implements Talk, in the name of the token's owner: GitHub lets nobody
// review what is their own.
// https://docs.github.com/rest/pulls/reviews#create-a-review-for-a-pull-request
func (g *GitHub) Review(ctx context.Context, number int, v Review) error {
	step := fmt.Sprintf("review pull request %d", number)
	if number < 1 {
		return fmt.Errorf("GitHub: %s: %w", step, ErrNotFound)
	}
	v.By, v.At = "x", g.moment()
	var r rules
	if v.validate(&r); r.err != nil {
		return r.err
	}
	answer, _, err := g.client.PullRequests.Get(ctx, g.owner, g.repo, number)
	if err != nil {
		return g.failOn(step, err)
	}
	if p := g.pullOf(answer); p.State != StateOpen {
		return fmt.Errorf("pull request %d is %s already: %w", number, p.State, ErrClosed)
	}
	event := "APPROVE"
	if v.Verdict == Reject {
		event = "REQUEST_CHANGES"
	}
	word := nonce()
	return g.failOn(step, g.once(ctx, func() error {
		_, _, err := g.client.PullRequests.CreateReview(ctx, g.owner, g.repo, number, &github.PullRequestReviewRequest{
			CommitID: &v.Head, Event: &event, Body: github.String(mark(v.Body, "once", word)),
		})
		return err
	}, func() (have bool, err error) {
		err = g.eachReview(ctx, number, func(answer *github.PullRequestReview) bool {
			have = strings.Contains(answer.GetBody(), word)
			return !have
		})
		return have, err
	}))
}
