package desk

import (
	"net/url"
	"strings"
)

// tenants are the hosts of GitHub Enterprise Cloud with data residency: git and
// the pages are on SUBDOMAIN.ghe.com, the REST API is on api.SUBDOMAIN.ghe.com.
// https://docs.github.com/enterprise-cloud@latest/admin/data-residency/network-details-for-ghecom
const tenants = ".ghe.com"

// gitHost is the host where git finds the repositories of an API: the API's own,
// but for github.com and tenants.
func gitHost(api *url.URL) string {
	host := strings.ToLower(api.Host)
	switch rest, ok := strings.CutPrefix(host, "api."); {
	case host == "", host == "api.github.com":
		return "github.com"
	case ok && strings.HasSuffix(rest, tenants):
		return rest
	}
	return host
}

// apiOf is the base URL of the API for an origin, where nobody has said it: a
// tenant's own host says where its API is. Empty: GitHub's usual one.
func apiOf(origin, api string) string {
	host, _ := gitPlace(origin)
	if sub, ok := strings.CutSuffix(strings.ToLower(host), tenants); api != "" || !ok || !subdomain().MatchString(sub) || sub == "api" {
		return api
	}
	return "https://api." + strings.ToLower(host) + "/"
}

var subdomain = form(`^[a-z0-9][a-z0-9-]{0,62}$`)

// gitPlace reads the host, with its port unless that is sshd's, and the path of
// an origin; both are empty for a directory.
func gitPlace(origin string) (host, path string) {
	if u, err := url.Parse(origin); err == nil && u.Host != "" {
		if host = u.Host; u.Scheme == "ssh" {
			host = u.Hostname()
		}
		return host, u.Path
	}
	if at, rest, ok := strings.Cut(origin, ":"); ok && !strings.Contains(at, "/") {
		return at[strings.LastIndex(at, "@")+1:], rest
	}
	return "", ""
}

// githubRepo reads OWNER/NAME out of an origin on the host of an API.
func githubRepo(origin, api string) (string, bool) {
	base, err := url.Parse(api)
	if err != nil {
		base = &url.URL{}
	}
	want := gitHost(base)
	host, path := gitPlace(origin)
	if u, err := url.Parse(origin); err != nil || u.Scheme == "ssh" || u.Host == "" {
		want, _, _ = strings.Cut(want, ":") // ssh has a port of its own
	}
	path = strings.TrimSuffix(strings.Trim(path, "/"), ".git")
	owner, name, ok := strings.Cut(path, "/")
	if !strings.EqualFold(host, want) || !ok || owner == "" || name == "" || strings.Contains(name, "/") {
		return "", false
	}
	return path, true
}
