package forge

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"github.com/google/go-github/v60/github"
)

// Installation is what a GitHub App may do in a repository.
// https://docs.github.com/rest/apps/apps#get-a-repository-installation-for-the-authenticated-app
type Installation struct {
	ID          int64             `json:"id"`
	AppID       int64             `json:"app_id"`
	Slug        string            `json:"app_slug"`
	Suspended   *string           `json:"suspended_at"`
	Permissions map[string]string `json:"permissions"` // by name: read, write or admin
	Events      []string          `json:"events"`
}

// Lacks names the permissions of want (name: read or write) that the App does
// not have, sorted.
func (i Installation) Lacks(want map[string]string) []string {
	rank := map[string]int{"": 0, "read": 1, "write": 2, "admin": 3}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if rank[i.Permissions[name]] < rank[want[name]] {
			out = append(out, name+": "+want[name])
		}
	}
	return out
}

// Installation asks as the App itself how it is installed in the repository.
// ErrUnavailable when the login is no App, ErrNotFound when the App is not
// installed there.
func (g *GitHub) Installation(ctx context.Context) (Installation, error) {
	var out Installation
	if g.auth.app == nil {
		return out, ErrUnavailable
	}
	client := github.NewClient(&http.Client{Transport: g.auth.app, CheckRedirect: noRedirect})
	client.BaseURL, client.UserAgent = g.client.BaseURL, g.client.UserAgent
	_, err := newAdmin(client, g.full()).send(ctx, http.MethodGet, "/installation", nil, &out)
	return out, err
}
