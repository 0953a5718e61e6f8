package forge

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/google/go-github/v60/github"
)

// GitHubOptions say which repository is meant, and who asks.
type GitHubOptions struct {
	// API is the base URL of the REST API: https://api.github.com/ when it is
	// empty, or https://HOST/api/v3/ of an Enterprise Server.
	API  string
	Repo string // OWNER/NAME
	Auth GitHubAuth

	// Board is where the issue numbers of cases are kept; nil keeps them in
	// memory, and then an issue is searched for in each process.
	Board Board
	// Branch is the commit that a branch has in git, fetched a moment ago, or
	// "" when there is no such branch; nil asks GitHub instead.
	Branch func(name string) (head string, err error)

	HTTP    http.RoundTripper // nil: http.DefaultTransport
	Timeout time.Duration     // of one request; 0: thirty seconds
	MaxWait time.Duration     // for a rate limit, at one time; 0: two minutes. Longer is a *LimitedError

	Now   func() time.Time                           // nil: time.Now
	Sleep func(context.Context, time.Duration) error // nil: a timer
}

// GitHubAuth is a token, or a GitHub App.
type GitHubAuth struct {
	Token string // a person's, or GITHUB_TOKEN

	AppID        int64
	AppKey       []byte // private key, PEM
	Installation int64  // 0: looked up
}

// GitHub is the forge on github.com or an Enterprise Server. It may be used
// from several goroutines.
//
// What it learned from an answer or an event stands in for asking again for
// two minutes, as long as git agrees about the branch. What people did on
// GitHub in the meantime is seen after that.
type GitHub struct {
	owner, repo string
	client      *github.Client
	auth        *authorizer
	wire        *wire
	board       Board
	branch      func(string) (string, error)
	now         func() time.Time
	sleep       func(context.Context, time.Duration) error
	known       known
	tracking    sync.Mutex // one new tracking issue at a time
	noApp       sync.Map   // names of checks that this token may not make check runs for
}

var (
	_ Forge  = (*GitHub)(nil)
	_ Merger = (*GitHub)(nil)
)

const (
	defaultAPI     = "https://api.github.com/"
	defaultTimeout = 30 * time.Second
	defaultMaxWait = 2 * time.Minute
)

// NewGitHub returns the forge of a repository on GitHub. It sends nothing yet.
// Errors are *InvalidError.
func NewGitHub(o GitHubOptions) (*GitHub, error) {
	base, err := apiURL(o.API)
	if err != nil {
		return nil, err
	}
	if !repoForm().MatchString(o.Repo) {
		return nil, &InvalidError{Field: "repo", Rule: "OWNER/NAME"}
	}
	if (o.Auth.Token == "") == (o.Auth.AppID == 0) {
		return nil, &InvalidError{Field: "auth", Rule: "a token or a GitHub App, and not both"}
	}
	if strings.ContainsFunc(o.Auth.Token, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return nil, &InvalidError{Field: "auth.token", Rule: "one word of printable ASCII"}
	}
	g := &GitHub{board: o.Board, branch: o.Branch, now: o.Now, sleep: o.Sleep}
	g.owner, g.repo, _ = strings.Cut(o.Repo, "/")
	if g.now == nil {
		g.now = time.Now
	}
	if g.sleep == nil {
		g.sleep = pause
	}
	if g.board == nil {
		g.board = &noBoard{}
	}
	g.wire = newWire(o, g.now, g.sleep)
	if g.auth, err = newAuthorizer(o.Auth, base, g.wire, o.Repo); err != nil {
		return nil, err
	}
	g.client = github.NewClient(&http.Client{Transport: g.auth, CheckRedirect: noRedirect})
	g.client.BaseURL, g.client.UserAgent = base, "docket"
	return g, nil
}

// apiURL reads the base URL of the API. Credentials go over TLS only, but for
// this machine's own.
func apiURL(text string) (*url.URL, error) {
	if text == "" {
		text = defaultAPI
	}
	u, err := url.Parse(strings.TrimRight(text, "/") + "/")
	bad := err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != ""
	if bad || u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())) {
		return nil, &InvalidError{Field: "api", Rule: "an https URL such as https://api.github.com/ or https://HOST/api/v3/"}
	}
	return u, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// noRedirect: a redirect would carry the credentials to a place that nobody
// has named. GitHub redirects after a repository was renamed.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Token returns a token for git over https, where the user is x-access-token.
// An App's is good for some minutes at least.
func (g *GitHub) Token(ctx context.Context) (string, error) {
	token, err := g.auth.token(ctx)
	if err != nil {
		return "", g.fail("get a token", err)
	}
	return token, nil
}

// Renew forgets an App's token, which git says is not taken any more. A plain
// token stays.
func (g *GitHub) Renew() { g.auth.renew() }

// Calls is the number of REST requests sent so far: all of them, those for
// tokens and those that were repeated too.
func (g *GitHub) Calls() int { return int(g.wire.calls.Load()) }

func (g *GitHub) moment() time.Time { return seconds(g.now()) }

// full is OWNER/NAME.
func (g *GitHub) full() string { return g.owner + "/" + g.repo }

// head is what git says about a branch; asked is false when nobody can say.
func (g *GitHub) head(branch string) (head string, asked bool, err error) {
	if g.branch == nil {
		return "", false, nil
	}
	head, err = g.branch(branch)
	return head, err == nil, err
}

// StatusError is an answer of GitHub that refuses a step for a reason that
// Docket has no own word for.
type StatusError struct {
	Step   string // as in "open the pull request of main"
	Status int    // HTTP
	Text   string // GitHub's message, one line
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("GitHub refused to %s (%d): %s", e.Step, e.Status, e.Text)
}

// Is reports that 401 and 403 are ErrDenied.
func (e *StatusError) Is(target error) bool {
	return target == ErrDenied && (e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden)
}

// fail gives an error of a step the form that callers see.
func (g *GitHub) fail(step string, err error) error {
	var answer *github.ErrorResponse
	var sent *url.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &answer):
		return &StatusError{Step: step, Status: statusOf(err), Text: answerText(answer)}
	case errors.As(err, &sent):
		err = sent.Err // the URL says nothing more
	}
	return fmt.Errorf("GitHub: %s: %w", step, err)
}

// failOn is fail for a step on something that has a number: 404 and 410 mean
// that it is not there, or not for this token.
func (g *GitHub) failOn(step string, err error) error {
	if status := statusOf(err); status == http.StatusNotFound || status == http.StatusGone {
		return fmt.Errorf("GitHub: %s: %w", step, ErrNotFound)
	}
	return g.fail(step, err)
}

// statusOf is the HTTP status of an answer that refuses, or 0.
func statusOf(err error) int {
	var answer *github.ErrorResponse
	var limited *github.AbuseRateLimitError
	switch {
	case errors.As(err, &answer) && answer.Response != nil:
		return answer.Response.StatusCode
	case errors.As(err, &limited):
		return http.StatusForbidden
	}
	return 0
}

// answerText is all that GitHub says about a refusal, on one line.
func answerText(answer *github.ErrorResponse) string {
	parts := []string{answer.Message}
	for _, e := range answer.Errors {
		if e.Message != "" {
			parts = append(parts, e.Message)
		} else if e.Field != "" {
			parts = append(parts, e.Field+" "+e.Code)
		}
	}
	if code := statusOf(answer); code >= 300 && code < 400 {
		parts = append(parts, "GitHub redirects, and credentials do not follow: was the repository renamed?")
	}
	return strings.ToValidUTF8(oneLine(strings.TrimSpace(strings.Join(parts, "; "))), "")
}
