package desk_test

import (
	"testing"

	"github.com/docket-psirt/docket/internal/desk"
)

// TestGitHubHosts: which origins are on which GitHub, and which API is asked. A
// token goes to the API of the host that the origin names, and nowhere else.
func TestGitHubHosts(t *testing.T) {
	t.Parallel()
	const tenant = "https://api.octocorp.ghe.com/"
	for _, c := range []struct{ origin, api, repo, asked string }{
		{"https://github.com/acme/cases.git", "", "acme/cases", ""},
		{"https://github.com/acme/cases", "https://api.github.com/", "acme/cases", "https://api.github.com/"},
		{"git@github.com:acme/cases.git", "", "acme/cases", ""},
		{"ssh://git@github.com:22/acme/cases.git", "", "acme/cases", ""},
		{"https://ghe.example.org:8443/acme/cases.git", "https://ghe.example.org:8443/api/v3/", "acme/cases", "https://ghe.example.org:8443/api/v3/"},
		{"git@ghe.example.org:acme/cases.git", "https://ghe.example.org:8443/api/v3/", "acme/cases", "https://ghe.example.org:8443/api/v3/"},
		{"https://octocorp.ghe.com/acme/cases.git", "https://api.octocorp.ghe.com", "acme/cases", "https://api.octocorp.ghe.com"},
		{"https://octocorp.ghe.com/acme/cases.git", "", "acme/cases", tenant},
		{"https://Octocorp.GHE.com/acme/cases.git", "", "acme/cases", tenant},
		{"octocorp@octocorp.ghe.com:acme/cases.git", "", "acme/cases", tenant},
		{"ssh://octocorp@octocorp.ghe.com:22/acme/cases.git", "", "acme/cases", tenant},
		{"https://other.ghe.com/acme/cases.git", tenant, "", tenant},
		{"https://github.com/acme/cases.git", tenant, "", tenant},
		{"https://octocorp.ghe.com/acme/cases.git", "https://api.github.com/", "", "https://api.github.com/"},
		{"https://ghe.com/acme/cases.git", "", "", ""},
		{"https://api.ghe.com/acme/cases.git", "", "", ""},
		{"https://a.b.ghe.com/acme/cases.git", "", "", ""},
		{"https://evil.example.org/x.ghe.com/cases.git", "", "", ""},
		{"https://octocorp.ghe.com.example.org/acme/cases.git", "", "", ""},
		{"https://octocorp.ghe.com/acme", "", "", tenant},
		{"/srv/octocorp.ghe.com/cases.git", "", "", ""},
	} {
		if repo, asked, ok := desk.RepoOf(c.origin, c.api); repo != c.repo || ok != (c.repo != "") || asked != c.asked {
			t.Errorf("%s with API %q: %q at %q, %v; want %q at %q", c.origin, c.api, repo, asked, ok, c.repo, c.asked)
		}
	}
	for api, want := range map[string]string{
		"":                               "https://github.com/acme/cases.git",
		"https://api.github.com":         "https://github.com/acme/cases.git",
		tenant:                           "https://octocorp.ghe.com/acme/cases.git",
		"https://ghe.example.org/api/v3": "https://ghe.example.org/acme/cases.git",
		"http://127.0.0.1:8080/api/v3/":  "http://127.0.0.1:8080/acme/cases.git",
		"octocorp.ghe.com":               "",
	} {
		if have, err := desk.GitAddress("acme/cases", api); have != want || (err == nil) != (want != "") {
			t.Errorf("git's address for API %q is %q, %v; want %q", api, have, err, want)
		}
	}
}
