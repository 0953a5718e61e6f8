package forge

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// Settings are what a repository is set to.
// https://docs.github.com/rest/repos/repos#get-a-repository
type Settings struct {
	Private       bool   `json:"private"`
	Archived      bool   `json:"archived"`
	DefaultBranch string `json:"default_branch"`
	WebURL        string `json:"html_url"`
	Issues        bool   `json:"has_issues"`
	// Those that only people with write access are shown: nil when not.
	MergeCommit  *bool `json:"allow_merge_commit"`
	Squash       *bool `json:"allow_squash_merge"`
	Rebase       *bool `json:"allow_rebase_merge"`
	DeleteBranch *bool `json:"delete_branch_on_merge"`
	Permissions  struct {
		Admin bool `json:"admin"`
		Push  bool `json:"push"`
	} `json:"permissions"`
}

// Settings reads the repository's settings. ErrNotFound: there is no such
// repository, or the token may not know of it.
func (a *Admin) Settings(ctx context.Context) (Settings, error) {
	var s Settings
	_, err := a.send(ctx, http.MethodGet, "", nil, &s)
	return s, err
}

// Wrong names the settings under which signed merge commits would not be kept,
// each with what it must be. Branches go when Docket says so: a merged one tells
// it that a merge is done, and GitHub deleting it in between would race.
func (s Settings) Wrong() map[string]any {
	wrong := map[string]any{}
	for name, v := range map[string]struct {
		have *bool
		want bool
	}{
		"allow_merge_commit": {s.MergeCommit, true}, "allow_squash_merge": {s.Squash, false},
		"allow_rebase_merge": {s.Rebase, false}, "delete_branch_on_merge": {s.DeleteBranch, false}, "has_issues": {&s.Issues, true},
	} {
		if v.have == nil || *v.have != v.want {
			wrong[name] = v.want
		}
	}
	return wrong
}

// SetSettings lets pull requests be merged by merge commits only, since squash
// and rebase strip signatures, and keeps branches until Docket deletes them.
func (a *Admin) SetSettings(ctx context.Context) ([]string, error) {
	return agree(ctx, func() ([]string, error) {
		s, err := a.Settings(ctx)
		if err != nil {
			return nil, err
		}
		wrong := s.Wrong()
		if len(wrong) == 0 {
			return nil, nil
		}
		_, err = a.send(ctx, http.MethodPatch, "", wrong, nil)
		return []string{"repository settings"}, err
	})
}

// SetDefaultBranch makes a branch that is there the default one.
func (a *Admin) SetDefaultBranch(ctx context.Context, name string) ([]string, error) {
	return agree(ctx, func() ([]string, error) {
		s, err := a.Settings(ctx)
		if err != nil || s.DefaultBranch == name {
			return nil, err
		}
		_, err = a.send(ctx, http.MethodPatch, "", map[string]any{"default_branch": name}, nil)
		return []string{"default branch " + name}, err
	})
}

// WorkflowPermissions are what GITHUB_TOKEN may do where a workflow does not
// say. https://docs.github.com/rest/actions/permissions
type WorkflowPermissions struct {
	Default string `json:"default_workflow_permissions"` // read or write
	Approve bool   `json:"can_approve_pull_request_reviews"`
}

const workflowPermissions = "/actions/permissions/workflow"

// WorkflowPermissions reads them.
func (a *Admin) WorkflowPermissions(ctx context.Context) (WorkflowPermissions, error) {
	var p WorkflowPermissions
	_, err := a.send(ctx, http.MethodGet, workflowPermissions, nil, &p)
	return p, err
}

// SetWorkflowPermissions lets workflows read only, unless they ask for more,
// and approve nothing.
func (a *Admin) SetWorkflowPermissions(ctx context.Context) ([]string, error) {
	want := WorkflowPermissions{Default: "read"}
	return agree(ctx, func() ([]string, error) {
		have, err := a.WorkflowPermissions(ctx)
		if err != nil || have == want {
			return nil, err
		}
		_, err = a.send(ctx, http.MethodPut, workflowPermissions, want, nil)
		return []string{"workflow permissions"}, err
	})
}

const privateReporting = "/private-vulnerability-reporting"

// PrivateReporting says whether anybody may report a vulnerability privately in
// the repository's pages. GitHub offers that for public repositories only:
// ErrUnavailable for others.
// https://docs.github.com/rest/repos/repos#check-if-private-vulnerability-reporting-is-enabled-for-a-repository
func (a *Admin) PrivateReporting(ctx context.Context) (bool, error) {
	var out struct {
		Enabled bool `json:"enabled"`
	}
	_, err := a.send(ctx, http.MethodGet, privateReporting, nil, &out)
	return out.Enabled, unavailable(err)
}

// SetPrivateReporting enables it where GitHub offers it.
func (a *Admin) SetPrivateReporting(ctx context.Context) ([]string, error) {
	return agree(ctx, func() ([]string, error) {
		on, err := a.PrivateReporting(ctx)
		if err != nil || on {
			return nil, err
		}
		_, err = a.send(ctx, http.MethodPut, privateReporting, nil, nil)
		return []string{"private vulnerability reporting"}, unavailable(err)
	})
}

// unavailable: 422 is how GitHub says that a repository is not of the kind.
func unavailable(err error) error {
	var r *rejected
	if errors.As(err, &r) {
		return errors.Join(ErrUnavailable, err)
	}
	return err
}

// Permission is what a login may do with the repository: admin, write, read or
// none (also for a login that nobody has). maintain counts as write, triage as
// read. https://docs.github.com/rest/collaborators/collaborators
func (a *Admin) Permission(ctx context.Context, login string) (string, error) {
	var out struct {
		Permission string `json:"permission"`
	}
	_, err := a.send(ctx, http.MethodGet, "/collaborators/"+url.PathEscape(login)+"/permission", nil, &out)
	if errors.Is(err, ErrNotFound) {
		return "none", nil
	}
	return strings.ToLower(out.Permission), err
}
