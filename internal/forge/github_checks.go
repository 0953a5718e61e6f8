package forge

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/google/go-github/v60/github"
)

const (
	maxAnnotations = 50    // in one request
	maxSummary     = 65535 // characters
	maxDescription = 140   // characters of a commit status
)

// Check implements Checks: as a check run, or, where the token is no App's, as a
// commit status. It takes one request (two, the first time that a commit status
// is needed), and one more for each further fifty notes; a commit status has
// none. A commit without a pull request is taken too; one that GitHub does not
// have is ErrNotFound.
// https://docs.github.com/rest/checks/runs#create-a-check-run
func (g *GitHub) Check(ctx context.Context, c Check) error {
	if c.At.IsZero() {
		c.At = g.now()
	}
	c.At = seconds(c.At)
	var r rules
	if c.validate(&r); r.err != nil {
		return r.err
	}
	step := "publish the check " + c.Name
	if _, status := g.noApp.Load(c.Name); status {
		return g.publishStatus(ctx, step, c)
	}
	id, output := digestOf(c), outputOf(c)
	notes := annotationsOf(c.Notes)
	first := min(len(notes), maxAnnotations)
	output.Annotations = notes[:first]
	var run *github.CheckRun
	ask := github.CreateCheckRunOptions{Name: c.Name, HeadSHA: c.Head, ExternalID: &id, Output: output}
	if c.Conclusion == Waiting {
		ask.Status, ask.StartedAt = github.String("in_progress"), &github.Timestamp{Time: c.At}
	} else {
		ask.Status, ask.Conclusion, ask.CompletedAt = github.String("completed"), &c.Conclusion, &github.Timestamp{Time: c.At}
	}
	err := g.once(ctx, func() (err error) {
		run, _, err = g.client.Checks.CreateCheckRun(ctx, g.owner, g.repo, ask)
		return err
	}, func() (bool, error) {
		have, err := g.latest(ctx, c.Head, c.Name)
		if err != nil || have.GetExternalID() != id {
			return false, err
		}
		run = have
		return true, nil
	})
	switch {
	case noAppsToken(err):
		g.noApp.Store(c.Name, true)
		return g.publishStatus(ctx, step, c)
	case noCommit(err):
		return fmt.Errorf("GitHub: %s: commit %s: %w", step, c.Head, ErrNotFound)
	case err != nil:
		return g.fail(step, err)
	}
	return g.fail(step, g.annotate(ctx, run.GetID(), c.Name, output, notes, first))
}

// noAppsToken: check runs are for Apps, and this token is none of theirs.
func noAppsToken(err error) bool {
	var answer *github.ErrorResponse
	return statusOf(err) == http.StatusForbidden && errors.As(err, &answer) &&
		(strings.Contains(answer.Message, "authenticate via a GitHub App") || strings.Contains(answer.Message, "personal access token"))
}

// noCommit: the repository has no such commit.
func noCommit(err error) bool {
	var answer *github.ErrorResponse
	return statusOf(err) == http.StatusUnprocessableEntity && errors.As(err, &answer) &&
		strings.Contains(strings.ToLower(answerText(answer)), "no commit found")
}

// digestOf is the same for checks that say the same of the same commit.
func digestOf(c Check) string {
	data, _ := json.Marshal([]any{c.Head, c.Name, c.Conclusion, c.Title, c.Summary, c.Notes}) // texts and numbers only
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// outputOf fills in what GitHub requires: a title and a summary.
func outputOf(c Check) *github.CheckRunOutput {
	title, summary := c.Title, cut(c.Summary, maxSummary)
	if title == "" {
		title = c.Name
	}
	if summary == "" {
		summary = title
	}
	return &github.CheckRunOutput{Title: &title, Summary: &summary}
}

func annotationsOf(notes []Note) []*github.CheckRunAnnotation {
	list := make([]*github.CheckRunAnnotation, len(notes))
	for i := range notes {
		n := &notes[i]
		list[i] = &github.CheckRunAnnotation{Path: &n.Path, StartLine: &n.Line, EndLine: &n.Line, AnnotationLevel: &n.Level, Message: &n.Text}
		if n.Title != "" {
			list[i].Title = &n.Title
		}
	}
	return list
}

// annotate adds the notes from done on. GitHub appends those of each request,
// so that a lost answer needs a count of those that are there.
// https://docs.github.com/rest/checks/runs#update-a-check-run
func (g *GitHub) annotate(ctx context.Context, run int64, name string, output *github.CheckRunOutput, notes []*github.CheckRunAnnotation, done int) error {
	once := repeatable(ctx, false)
	for done < len(notes) {
		next := min(done+maxAnnotations, len(notes))
		err := g.once(ctx, func() error {
			part := *output
			part.Annotations = notes[done:next]
			_, _, err := g.client.Checks.UpdateCheckRun(once, g.owner, g.repo, run, github.UpdateCheckRunOptions{Name: name, Output: &part})
			return err
		}, func() (bool, error) {
			have, _, err := g.client.Checks.GetCheckRun(ctx, g.owner, g.repo, run)
			return err == nil && have.GetOutput().GetAnnotationsCount() >= next, err
		})
		if err != nil {
			return err
		}
		done = next
	}
	return nil
}

// latest is the newest check run of a name on a commit; nil: there is none.
func (g *GitHub) latest(ctx context.Context, head, name string) (*github.CheckRun, error) {
	var newest *github.CheckRun
	err := g.eachRun(ctx, head, name, func(run *github.CheckRun) bool {
		if run.GetID() > newest.GetID() {
			newest = run
		}
		return true
	})
	return newest, err
}

// https://docs.github.com/rest/checks/runs#list-check-runs-for-a-git-reference
func (g *GitHub) eachRun(ctx context.Context, head, name string, take func(*github.CheckRun) bool) error {
	options := github.ListCheckRunsOptions{Filter: github.String("latest")}
	if name != "" {
		options.CheckName = &name
	}
	return each(func(page github.ListOptions) ([]*github.CheckRun, *github.Response, error) {
		options.ListOptions = page
		list, resp, err := g.client.Checks.ListCheckRunsForRef(ctx, g.owner, g.repo, head, &options)
		if err != nil {
			return nil, resp, err
		}
		return list.CheckRuns, resp, nil
	}, take)
}

// publishStatus publishes a check as a commit status.
// https://docs.github.com/rest/commits/statuses#create-a-commit-status
func (g *GitHub) publishStatus(ctx context.Context, step string, c Check) error {
	text := c.Title
	if text == "" {
		text, _, _ = strings.Cut(c.Summary, "\n")
	}
	if runes := []rune(text); len(runes) > maxDescription {
		text = string(runes[:maxDescription-1]) + "…"
	}
	state := c.Conclusion
	if state == Waiting {
		state = "pending"
	}
	err := g.once(ctx, func() error {
		_, _, err := g.client.Repositories.CreateStatus(ctx, g.owner, g.repo, c.Head,
			&github.RepoStatus{State: &state, Context: &c.Name, Description: &text})
		return err
	}, func() (have bool, err error) {
		err = g.eachStatus(ctx, c.Head, func(s *github.RepoStatus) bool {
			if s.GetContext() != c.Name {
				return true
			}
			have = s.GetState() == state && s.GetDescription() == text
			return false
		})
		return have, err
	})
	if noCommit(err) {
		return fmt.Errorf("GitHub: %s: commit %s: %w", step, c.Head, ErrNotFound)
	}
	return g.fail(step, err)
}

// eachStatus gives the commit statuses of a commit, the newest first.
// https://docs.github.com/rest/commits/statuses#list-commit-statuses-for-a-reference
func (g *GitHub) eachStatus(ctx context.Context, head string, take func(*github.RepoStatus) bool) error {
	return each(func(page github.ListOptions) ([]*github.RepoStatus, *github.Response, error) {
		return g.client.Repositories.ListStatuses(ctx, g.owner, g.repo, head, &page)
	}, take)
}

// Checked implements Checks, out of check runs and commit statuses alike; of
// the latter GitHub keeps the title only. What
// is not finished waits; what neither succeeded nor failed, failed. Where
// several publish under one name, the newest stands.
func (g *GitHub) Checked(ctx context.Context, head string) ([]Check, error) {
	var r rules
	if r.commit("head", head); r.err != nil {
		return nil, r.err
	}
	found := map[string]Check{}
	newer := func(c Check) {
		if have, ok := found[c.Name]; !ok || !have.At.After(c.At) {
			found[c.Name] = c
		}
	}
	seen := map[string]int64{}
	err := g.eachRun(ctx, head, "", func(run *github.CheckRun) bool {
		if name := title(run.GetName()); name != "" && run.GetID() > seen[name] {
			seen[name] = run.GetID()
			delete(found, name)
			newer(checkOf(head, name, run))
		}
		return true
	})
	if err == nil {
		had := map[string]bool{}
		err = g.eachStatus(ctx, head, func(s *github.RepoStatus) bool {
			if name := title(s.GetContext()); name != "" && !had[name] {
				had[name] = true
				newer(Check{Head: head, Name: name, Conclusion: conclusion(s.GetState()), Title: title(s.GetDescription()), At: moment(s.GetUpdatedAt().Time)})
			}
			return true
		})
	}
	if status := statusOf(err); status == http.StatusNotFound || noCommit(err) {
		return nil, nil
	}
	if err != nil {
		return nil, g.fail("read the checks of "+head, err)
	}
	var list []Check
	for _, name := range slices.Sorted(maps.Keys(found)) {
		list = append(list, found[name])
	}
	return list, nil
}

func conclusion(word string) string {
	switch word {
	case Success:
		return Success
	case "pending", "": // of a commit status; of a check run that is not finished
		return Waiting
	}
	return Failure
}

func checkOf(head, name string, run *github.CheckRun) Check {
	c := Check{Head: head, Name: name, Conclusion: conclusion(run.GetConclusion()), At: moment(run.GetCompletedAt().Time),
		Title: title(run.GetOutput().GetTitle()), Summary: bodyText(run.GetOutput().GetSummary())}
	if c.Conclusion == Waiting {
		c.At = moment(run.GetStartedAt().Time)
	}
	// What outputOf filled in says nothing.
	if c.Summary == c.Title {
		c.Summary = ""
	}
	if c.Title == c.Name {
		c.Title = ""
	}
	return c
}
