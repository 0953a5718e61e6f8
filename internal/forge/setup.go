package forge

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/google/go-github/v60/github"
)

// Errors of setting up that callers tell apart with errors.Is.
var (
	// ErrDenied: the token may not do or see this (401 or 403).
	ErrDenied = errors.New("forge: the token may not do this")
	// ErrUnavailable: GitHub does not offer this for the repository, by its
	// kind or the owner's plan.
	ErrUnavailable = errors.New("forge: GitHub does not offer this for the repository")
)

// Admin reads and writes what a repository on GitHub is set to. Every method
// that writes reads first and sends only what differs, so a second run sends
// nothing; it answers what it changed. After an error of the server it reads
// again before it repeats.
type Admin struct {
	client *github.Client
	repo   string // OWNER/NAME
	writes int
}

// newAdmin is for the repository OWNER/NAME, through a client that has its
// token and its limits.
func newAdmin(client *github.Client, repo string) *Admin { return &Admin{client: client, repo: repo} }

// Writes is how many requests that write were sent so far.
func (a *Admin) Writes() int { return a.writes }

// send sends one request below repos/OWNER/NAME. A body of the answer is
// decoded into out unless that is nil.
func (a *Admin) send(ctx context.Context, method, path string, in, out any) (*github.Response, error) {
	req, err := a.client.NewRequest(method, "repos/"+a.repo+path, in)
	if err != nil {
		return nil, err
	}
	if method != http.MethodGet {
		a.writes++
	}
	resp, err := a.client.Do(ctx, req, out)
	return resp, adminError(err)
}

// adminError gives an error of GitHub the kind that callers ask for.
func adminError(err error) error {
	var answer *github.ErrorResponse
	if !errors.As(err, &answer) || answer.Response == nil {
		return err
	}
	what := fmt.Sprintf("%s %s: %s", answer.Response.Request.Method, answer.Response.Request.URL.Path, oneLine(answer.Message))
	upgrade := strings.Contains(answer.Message, "Upgrade to") || strings.Contains(answer.Message, "upgrade")
	switch code := answer.Response.StatusCode; {
	case code == http.StatusNotFound:
		return fmt.Errorf("%w: %s", ErrNotFound, what)
	case code == http.StatusForbidden && upgrade:
		return fmt.Errorf("%w: %s", ErrUnavailable, what)
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		return fmt.Errorf("%w: %s", ErrDenied, what)
	case code == http.StatusUnprocessableEntity:
		return &rejected{what: what, err: err}
	}
	return err
}

// rejected is a request that GitHub understood and does not follow (422).
type rejected struct {
	what string
	err  error
}

func (r *rejected) Error() string { return "forge: GitHub refused " + r.what }
func (r *rejected) Unwrap() error { return r.err }

func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
	return s[:min(len(s), 300)]
}

// agree brings about what step finds missing. step reads, writes what differs
// and answers what that was; it is run again when the server failed, and then
// finds what was applied nevertheless.
func agree(ctx context.Context, step func() ([]string, error)) ([]string, error) {
	var changed []string
	for i := 0; ; i++ {
		now, err := step()
		for _, c := range now {
			if !slices.Contains(changed, c) {
				changed = append(changed, c)
			}
		}
		if i == 2 || !mayPass(err) || ctx.Err() != nil {
			return changed, err
		}
	}
}

// mayPass: the same request may go well a moment later, or has been applied
// already: the server failed, the connection broke, or somebody else was faster.
func mayPass(err error) bool {
	var answer *github.ErrorResponse
	if errors.As(err, &answer) && answer.Response != nil {
		code := answer.Response.StatusCode
		return code >= 500 || code == http.StatusConflict || code == http.StatusUnprocessableEntity && strings.Contains(err.Error(), "already") ||
			code == http.StatusUnprocessableEntity && alreadyThere(answer)
	}
	var broken *url.Error
	return errors.As(err, &broken)
}

// alreadyThere: what was to be created is there.
func alreadyThere(answer *github.ErrorResponse) bool {
	for _, e := range answer.Errors {
		if e.Code == "already_exists" || strings.Contains(e.Message, "must be unique") {
			return true
		}
	}
	return strings.Contains(answer.Message, "must be unique")
}

// eachPage asks for all pages of a list.
// https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api
func eachPage[T any](ctx context.Context, a *Admin, path string, page func(*T)) error {
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	next := path + separator + "per_page=100"
	for range maxPages {
		var list T
		resp, err := a.send(ctx, http.MethodGet, next, nil, &list)
		if err != nil {
			return err
		}
		page(&list)
		switch {
		case resp.After != "": // lists by cursor
			next = path + separator + "per_page=100&after=" + url.QueryEscape(resp.After)
		case resp.NextPage != 0:
			next = fmt.Sprintf("%s%sper_page=100&page=%d", path, separator, resp.NextPage)
		default:
			return nil
		}
	}
	return fmt.Errorf("%s: more than %d pages", path, maxPages)
}

const maxPages = 200

// Admin is for the settings of a repository that the same login may see:
// OWNER/NAME, or empty for the forge's own.
func (g *GitHub) Admin(repo string) *Admin {
	if repo == "" {
		repo = g.full()
	}
	return newAdmin(g.client, repo)
}
