package forge

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
)

// Environment is where jobs with secrets run.
// https://docs.github.com/rest/deployments/environments
type Environment struct {
	Name     string
	Branches []string // patterns of branches whose jobs may use it; tags are written tag:PATTERN
	Anyone   bool     // jobs of every branch may use it
	Secrets  []string // names of its secrets; nobody can read their values
}

// Bound reports whether only jobs of that branch may use it.
func (e Environment) Bound(branch string) bool {
	return !e.Anyone && slices.Equal(e.Branches, []string{branch})
}

// rawEnvironment is an environment as the API has it.
type rawEnvironment struct {
	Rules []struct {
		Type              string `json:"type"`
		WaitTimer         int    `json:"wait_timer"`
		PreventSelfReview bool   `json:"prevent_self_review"`
		Reviewers         []struct {
			Type     string `json:"type"`
			Reviewer struct {
				ID int64 `json:"id"`
			} `json:"reviewer"`
		} `json:"reviewers"`
	} `json:"protection_rules"`
	Policy *branchPolicy `json:"deployment_branch_policy"`
}

type branchPolicy struct {
	Protected bool `json:"protected_branches"`
	Custom    bool `json:"custom_branch_policies"`
}

func environmentPath(name string) string { return "/environments/" + url.PathEscape(name) }

// Environment reads an environment, with the names of its secrets.
// ErrNotFound: there is none of that name.
func (a *Admin) Environment(ctx context.Context, name string) (Environment, error) {
	e, _, err := a.environment(ctx, name)
	if err != nil {
		return e, err
	}
	type page struct {
		Secrets []struct {
			Name string `json:"name"`
		} `json:"secrets"`
	}
	err = eachPage(ctx, a, environmentPath(name)+"/secrets", func(p *page) {
		for _, s := range p.Secrets {
			e.Secrets = append(e.Secrets, s.Name)
		}
	})
	return e, err
}

// environment reads an environment without its secrets, and as it came.
func (a *Admin) environment(ctx context.Context, name string) (Environment, rawEnvironment, error) {
	e, raw := Environment{Name: name}, rawEnvironment{}
	if _, err := a.send(ctx, http.MethodGet, environmentPath(name), nil, &raw); err != nil {
		return e, raw, err
	}
	switch {
	case raw.Policy == nil:
		e.Anyone = true
	case raw.Policy.Protected:
		e.Branches = []string{"every protected branch"}
	}
	if raw.Policy == nil || !raw.Policy.Custom {
		return e, raw, nil
	}
	type page struct {
		Policies []struct {
			Name string `json:"name"`
			Type string `json:"type"`
		} `json:"branch_policies"`
	}
	err := eachPage(ctx, a, environmentPath(name)+"/deployment-branch-policies", func(p *page) {
		for _, b := range p.Policies {
			if b.Type == "tag" {
				b.Name = "tag:" + b.Name
			}
			e.Branches = append(e.Branches, b.Name)
		}
	})
	slices.Sort(e.Branches)
	return e, raw, err
}

// SetEnvironment makes an environment that jobs of one branch may use. Wait
// timers and reviewers that people have set stay, and so do further branches:
// the error then names nothing, but Environment shows that it is not Bound.
func (a *Admin) SetEnvironment(ctx context.Context, name, branch string) ([]string, error) {
	what := []string{"environment " + name}
	return agree(ctx, func() (changed []string, err error) {
		e, raw, err := a.environment(ctx, name)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return nil, err
		}
		if raw.Policy == nil || !raw.Policy.Custom {
			if _, err := a.send(ctx, http.MethodPut, environmentPath(name), raw.withCustomBranches(), nil); err != nil {
				return nil, err
			}
			changed, e.Branches = what, nil
		}
		if slices.Contains(e.Branches, branch) {
			return changed, nil
		}
		_, err = a.send(ctx, http.MethodPost, environmentPath(name)+"/deployment-branch-policies", map[string]string{"name": branch, "type": "branch"}, nil)
		return what, err
	})
}

// withCustomBranches is the body that changes which branches may use an
// environment and nothing else: what PUT is not told it resets.
func (r rawEnvironment) withCustomBranches() map[string]any {
	body := map[string]any{"deployment_branch_policy": branchPolicy{Custom: true}}
	for _, rule := range r.Rules {
		switch rule.Type {
		case "wait_timer":
			body["wait_timer"] = rule.WaitTimer
		case "required_reviewers":
			body["prevent_self_review"] = rule.PreventSelfReview
			reviewers := []map[string]any{}
			for _, v := range rule.Reviewers {
				reviewers = append(reviewers, map[string]any{"type": v.Type, "id": v.Reviewer.ID})
			}
			body["reviewers"] = reviewers
		}
	}
	return body
}
