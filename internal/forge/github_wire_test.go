package forge_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/forge"
	"github.com/docket-psirt/docket/internal/forge/githubtest"
	"github.com/docket-psirt/docket/internal/peer"
)

// serve is a server of one's own words.
func serve(t *testing.T, answer http.HandlerFunc) (api string, seen *atomic.Int64) {
	t.Helper()
	seen = new(atomic.Int64)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen.Add(1)
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL + "/api/v3", seen
}

func plain(t *testing.T, o forge.GitHubOptions) *forge.GitHub {
	t.Helper()
	if o.Repo == "" {
		o.Repo = "acme/cases"
	}
	if o.Auth.AppID == 0 {
		o.Auth.Token = "ghp_secret"
	}
	g, err := forge.NewGitHub(o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestLongLimit: a limit beyond what one wants to wait for is told at once, and
// nothing more is sent until then.
func TestLongLimit(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	var now atomic.Int64
	now.Store(time.Now().Unix())
	f := h.forgeWith(t, forge.GitHubOptions{
		Auth: h.actions(t), Now: func() time.Time { return time.Unix(now.Load(), 0) },
		Sleep: func(context.Context, time.Duration) error { t.Error("it waits"); return nil },
	})
	h.Fail("pulls/list", githubtest.PrimaryLimit(time.Hour))
	for range 3 {
		var limited *forge.LimitedError
		_, err := f.List(context.Background(), forge.Filter{})
		if !errors.As(err, &limited) || time.Until(limited.Until) < 59*time.Minute || time.Until(limited.Until) > 61*time.Minute {
			t.Fatalf("the error is %v, want until when", err)
		}
	}
	if f.Calls() != 1 {
		t.Errorf("%d requests were sent, want one", f.Calls())
	}
	now.Add(3602)
	if _, err := f.List(context.Background(), forge.Filter{}); err != nil {
		t.Errorf("after the limit: %v", err)
	}
}

// TestLimitWaits: how long each kind of limit is waited for.
func TestLimitWaits(t *testing.T) {
	t.Parallel()
	date := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	const words = `{"message": "You have exceeded a secondary rate limit."}`
	for name, c := range map[string]struct {
		status int
		header map[string]string
		body   string
		times  int
		waits  []time.Duration // nil: it is no limit
	}{
		"Retry-After":             {403, map[string]string{"Retry-After": "7"}, words, 1, []time.Duration{7 * time.Second}},
		"Retry-After of 429":      {429, map[string]string{"Retry-After": "7"}, "", 2, []time.Duration{7 * time.Second, 7 * time.Second}},
		"Retry-After of nothing":  {403, map[string]string{"Retry-After": "0"}, words, 1, []time.Duration{time.Second}},
		"reset, by their clock":   {403, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": fmt.Sprint(date.Unix() + 20)}, "", 1, []time.Duration{21 * time.Second}},
		"reset that has been":     {403, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": fmt.Sprint(date.Unix() - 20)}, "", 1, []time.Duration{time.Second}},
		"secondary without time":  {403, nil, words, 3, []time.Duration{time.Minute, 2 * time.Minute, 2 * time.Minute}},
		"429 without anything":    {429, nil, "no JSON", 1, []time.Duration{time.Minute}},
		"a refusal":               {403, map[string]string{"X-RateLimit-Remaining": "4999"}, `{"message": "Resource not accessible"}`, 1, nil},
		"a refusal without words": {403, nil, "", 1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var sent atomic.Int64
			api, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Date", date.Format(http.TimeFormat))
				if sent.Add(1) > int64(c.times) {
					fmt.Fprint(w, "[]")
					return
				}
				for k, v := range c.header {
					w.Header().Set(k, v)
				}
				w.WriteHeader(c.status)
				fmt.Fprint(w, c.body)
			})
			var waits []time.Duration
			// A clock that is wrong by a day, and that goes on with the waits.
			now := date.Add(24 * time.Hour)
			f := plain(t, forge.GitHubOptions{API: api, Now: func() time.Time { return now }, Sleep: func(_ context.Context, d time.Duration) error {
				waits = append(waits, d)
				now = now.Add(d)
				return nil
			}})
			_, err := f.List(context.Background(), forge.Filter{})
			if (err != nil) != (c.waits == nil) || fmt.Sprint(waits) != fmt.Sprint(c.waits) {
				t.Errorf("it waits %v (%v), want %v", waits, err, c.waits)
			}
			if c.waits == nil && !errors.Is(err, forge.ErrDenied) {
				t.Errorf("the refusal gives %v", err)
			}
		})
	}
}

// TestUsedUpLimit: the headers of a good answer must not keep go-github from
// asking again.
func TestUsedUpLimit(t *testing.T) {
	t.Parallel()
	api, seen := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-RateLimit-Remaining", "0")
		w.Header().Set("X-RateLimit-Limit", "5000")
		w.Header().Set("X-RateLimit-Reset", fmt.Sprint(time.Now().Add(time.Hour).Unix()))
		fmt.Fprint(w, "[]")
	})
	f := plain(t, forge.GitHubOptions{API: api})
	for range 2 {
		if _, err := f.List(context.Background(), forge.Filter{}); err != nil {
			t.Fatal(err)
		}
	}
	if seen.Load() != 2 {
		t.Errorf("%d requests came through", seen.Load())
	}
}

// TestRedirect: credentials go nowhere else.
func TestRedirect(t *testing.T) {
	t.Parallel()
	elsewhere, seen := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "[]") })
	for _, status := range []int{301, 302, 307, 308} {
		api, _ := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere, status) })
		f := plain(t, forge.GitHubOptions{API: api})
		_, err := f.List(context.Background(), forge.Filter{})
		var refused *forge.StatusError
		if !errors.As(err, &refused) || refused.Status != status || !strings.Contains(err.Error(), "renamed") {
			t.Errorf("%d gives %v", status, err)
		}
	}
	if seen.Load() != 0 {
		t.Error("a redirect was followed")
	}
}

// TestHostileAnswers: nothing that a server answers panics, hangs or fills the
// memory, and the token is in no error.
func TestHostileAnswers(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 1<<20)
	for name, answer := range map[string]http.HandlerFunc{
		"endless": func(w http.ResponseWriter, _ *http.Request) {
			for range 40 {
				if _, err := fmt.Fprint(w, long); err != nil {
					return
				}
			}
		},
		"no JSON":       func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") },
		"another shape": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"number": "x"}`) },
		"nulls": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `[null, {}, {"head": null, "user": null, "labels": [null]}]`)
		},
		"an error of lines": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(400)
			fmt.Fprintf(w, `{"message": "a\nb\u001b[31m", "errors": ["c", {"field": "d", "code": "e"}, null]}`)
		},
		"no body": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) },
		"a page that ends": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, "[")
		},
		"an upgrade": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(101) },
		"202":        func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(202) },
		"pages without end": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Link", fmt.Sprintf(`<http://%s%s?page=2>; rel="next"`, r.Host, r.URL.Path))
			fmt.Fprint(w, "[]")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api, _ := serve(t, answer)
			f := plain(t, forge.GitHubOptions{API: api, Timeout: peer.Patience, Sleep: func(context.Context, time.Duration) error { return nil }})
			ctx := context.Background()
			_, listed := f.List(ctx, forge.Filter{})
			_, got := f.Get(ctx, 1)
			_, checked := f.Checked(ctx, strings.Repeat("a", 40))
			for _, err := range []error{listed, got, checked, f.Track(ctx, forge.Issue{Program: "p", ID: "INGP-2026-0001", Title: "t", Revision: 1})} {
				if err != nil && (strings.Contains(err.Error(), "ghp_") || strings.ContainsAny(err.Error(), "\n\x1b") || len(err.Error()) > 600) {
					t.Errorf("the error is %q", err)
				}
			}
		})
	}
}

// TestCancelled: who asked has gone.
func TestCancelled(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	api, seen := serve(t, func(http.ResponseWriter, *http.Request) { cancel(); <-release })
	defer close(release)
	_, err := plain(t, forge.GitHubOptions{API: api}).List(ctx, forge.Filter{})
	if !errors.Is(err, context.Canceled) || seen.Load() != 1 {
		t.Errorf("%v after %d requests", err, seen.Load())
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	good := forge.GitHubOptions{Repo: "acme/cases", Auth: forge.GitHubAuth{Token: "x"}}
	if _, err := forge.NewGitHub(good); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*forge.GitHubOptions){
		"plain http":      func(o *forge.GitHubOptions) { o.API = "http://github.example.org/api/v3/" },
		"no URL":          func(o *forge.GitHubOptions) { o.API = "github.com" },
		"user in URL":     func(o *forge.GitHubOptions) { o.API = "https://u:p@github.example.org/" },
		"no repository":   func(o *forge.GitHubOptions) { o.Repo = "" },
		"a path":          func(o *forge.GitHubOptions) { o.Repo = "acme/cases/more" },
		"no login":        func(o *forge.GitHubOptions) { o.Auth.Token = "" },
		"two logins":      func(o *forge.GitHubOptions) { o.Auth.AppID = 7 },
		"token of a file": func(o *forge.GitHubOptions) { o.Auth.Token = "x\n" },
		"no key":          func(o *forge.GitHubOptions) { o.Auth = forge.GitHubAuth{AppID: 7, AppKey: []byte("PEM? no")} },
	} {
		o := good
		spoil(&o)
		var invalid *forge.InvalidError
		if _, err := forge.NewGitHub(o); !errors.As(err, &invalid) {
			t.Errorf("%s gives %v", name, err)
		}
	}
}

// TestAppTokens: an installation is looked up, its token serves git too, and is
// renewed when GitHub refuses it in the middle of the work.
func TestAppTokens(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	auth := h.app()
	auth.Installation = 0
	f := h.forgeWith(t, forge.GitHubOptions{Auth: auth})
	ctx := context.Background()
	first, err := f.Token(ctx)
	if err != nil || first == "" || f.Calls() != 2 {
		t.Fatalf("the token is %q (%v) after %d requests, want two", first, err, f.Calls())
	}
	if again, err := f.Token(ctx); again != first || err != nil || f.Calls() != 2 {
		t.Errorf("it changes by itself (%v)", err)
	}
	h.ExpireTokens()
	if _, err := f.List(ctx, forge.Filter{}); err != nil {
		t.Errorf("after the token has expired: %v", err)
	}
	if second, err := f.Token(ctx); second == first || err != nil || f.Calls() != 5 {
		t.Errorf("the token is the old one, or %d requests were sent, want 5 (%v)", f.Calls(), err)
	}

	wrong := h.app()
	wrong.Installation++
	_, err = h.forgeWith(t, forge.GitHubOptions{Auth: wrong}).Token(ctx)
	var refused *forge.StatusError
	if !errors.As(err, &refused) || refused.Status != http.StatusNotFound {
		t.Errorf("another installation gives %v", err)
	}
	stranger := h.forgeWith(t, forge.GitHubOptions{Auth: forge.GitHubAuth{Token: "ghp_nobody"}})
	if _, err := stranger.List(ctx, forge.Filter{}); !errors.Is(err, forge.ErrDenied) || stranger.Calls() != 1 {
		t.Errorf("a wrong token gives %v after %d requests", err, stranger.Calls())
	}
}
