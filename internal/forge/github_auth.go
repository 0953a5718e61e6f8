package forge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/google/go-github/v60/github"
)

// authorizer puts the credentials on requests. An App's token is good for an
// hour; it is renewed a minute before, and once more when GitHub refuses it.
type authorizer struct {
	wire *wire
	base *url.URL
	repo string
	auth GitHubAuth
	app  *ghinstallation.AppsTransport // nil: a plain token

	mu    sync.Mutex
	id    int64                     // of the installation; 0: not looked up yet
	fresh *ghinstallation.Transport // nil: no token yet
	last  string                    // the token that fresh gave last
}

func newAuthorizer(auth GitHubAuth, base *url.URL, w *wire, repo string) (*authorizer, error) {
	a := &authorizer{wire: w, base: base, repo: repo, auth: auth, id: auth.Installation}
	if auth.AppID == 0 {
		return a, nil
	}
	var err error
	if a.app, err = ghinstallation.NewAppsTransport(w, auth.AppID, auth.AppKey); err != nil {
		return nil, &InvalidError{Field: "auth.app_key", Rule: "the private key of the GitHub App: RSA, in PEM"}
	}
	a.app.BaseURL = strings.TrimRight(base.String(), "/")
	return a, nil
}

// token is the one to use now.
func (a *authorizer) token(ctx context.Context) (string, error) {
	if a.app == nil {
		return a.auth.Token, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.id == 0 {
		client := github.NewClient(&http.Client{Transport: a.app, CheckRedirect: noRedirect})
		client.BaseURL = a.base
		owner, name, _ := strings.Cut(a.repo, "/")
		found, _, err := client.Apps.FindRepositoryInstallation(ctx, owner, name)
		if err != nil {
			return "", fmt.Errorf("installation of App %d: %w", a.auth.AppID, err)
		}
		a.id = found.GetID()
	}
	if a.fresh == nil {
		a.fresh = ghinstallation.NewFromAppsTransport(a.app, a.id)
	}
	token, err := a.fresh.Token(ctx)
	var refused *ghinstallation.HTTPError
	if errors.As(err, &refused) && refused.RootCause == nil && refused.Response != nil {
		// As go-github gives it, so that it is told like any other refusal.
		err = github.CheckResponse(refused.Response)
	}
	a.last = token
	return token, err
}

// drop forgets a token that GitHub refused, and reports whether there can be
// another.
func (a *authorizer) drop(token string) bool {
	if a.app == nil {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.last == token {
		a.fresh = nil
	}
	return true
}

func (a *authorizer) renew() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.fresh = nil
}

// RoundTrip implements http.RoundTripper.
func (a *authorizer) RoundTrip(req *http.Request) (*http.Response, error) {
	content, err := contentOf(req)
	if err != nil {
		return nil, err
	}
	for try := 1; ; try++ {
		token, err := a.token(req.Context())
		if err != nil {
			return nil, err
		}
		one := req.Clone(req.Context())
		one.Header.Set("Authorization", "Bearer "+token)
		if content != nil {
			one.Body = io.NopCloser(bytes.NewReader(content))
		}
		resp, err := a.wire.RoundTrip(one)
		if err != nil || resp.StatusCode != http.StatusUnauthorized || try == 2 || !a.drop(token) {
			return resp, err
		}
	}
}
