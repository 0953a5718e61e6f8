package forge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	maxTries  = 5        // of one request
	maxAnswer = 32 << 20 // bytes; a full page of a hundred is below ten million
)

// wire sends requests to GitHub and gives each the time and the tries that it
// may have. It stands below the authorizer, so that tokens are fetched the same
// way. It answers with whole bodies: one that broke off is a failed try.
//
// Which failed tries are repeated: those that a rate limit refused, since
// GitHub has done nothing; and after lost connections, timeouts and answers
// from 500 on, requests that may be applied twice with the same outcome (GET,
// PUT, PATCH, DELETE). For others the error is a *lostError, and GitHub.once
// looks whether they were applied.
type wire struct {
	inner   http.RoundTripper
	timeout time.Duration
	maxWait time.Duration
	now     func() time.Time
	sleep   func(context.Context, time.Duration) error
	calls   atomic.Int64

	mu    sync.Mutex
	until time.Time // nothing is sent before
}

func newWire(o GitHubOptions, now func() time.Time, sleep func(context.Context, time.Duration) error) *wire {
	w := &wire{inner: o.HTTP, timeout: o.Timeout, maxWait: o.MaxWait, now: now, sleep: sleep}
	if w.inner == nil {
		w.inner = http.DefaultTransport
	}
	if w.timeout <= 0 {
		w.timeout = defaultTimeout
	}
	if w.maxWait <= 0 {
		w.maxWait = defaultMaxWait
	}
	return w
}

// lostError: nobody knows whether GitHub did what it was asked for.
type lostError struct{ cause error }

func (e *lostError) Error() string { return "no answer: " + e.cause.Error() }
func (e *lostError) Unwrap() error { return e.cause }

func isLost(err error) bool {
	var lost *lostError
	return errors.As(err, &lost)
}

var errTooLong = fmt.Errorf("the answer is longer than %d bytes", maxAnswer)

type repeatKey struct{}

// repeatable marks a request that may be applied twice with the same outcome,
// or, with false, one that may not.
func repeatable(ctx context.Context, yes bool) context.Context {
	return context.WithValue(ctx, repeatKey{}, yes)
}

func mayRepeat(req *http.Request) bool {
	if strings.HasSuffix(req.URL.Path, "/access_tokens") {
		return true // one more token than needed does no harm: it expires
	}
	if yes, ok := req.Context().Value(repeatKey{}).(bool); ok {
		return yes
	}
	return req.Method != http.MethodPost
}

// RoundTrip implements http.RoundTripper.
func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	content, err := contentOf(req)
	if err != nil {
		return nil, err
	}
	ctx := req.Context()
	for try := 1; ; try++ {
		if err := w.await(ctx); err != nil {
			return nil, err
		}
		resp, body, err := w.attempt(req, content)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err == nil {
			if until := w.limit(resp, body, try); !until.IsZero() {
				if try == maxTries {
					return nil, &LimitedError{Until: until}
				}
				continue
			}
			if resp.StatusCode < 500 {
				return resp, nil
			}
		}
		switch {
		case errors.Is(err, errTooLong):
			return nil, err
		case !mayRepeat(req):
			return nil, &lostError{cause: reason(resp, err)}
		case try == maxTries:
			return nil, reason(resp, err)
		}
		if err := w.sleep(ctx, backoff(try)); err != nil {
			return nil, err
		}
	}
}

// reason says why a try failed.
func reason(resp *http.Response, err error) error {
	if err != nil {
		return err
	}
	return fmt.Errorf("the server says %d", resp.StatusCode)
}

// backoff is how long to wait after so many tries: half a second, doubling,
// and half of that by chance, so that many who failed together do not come
// back together.
func backoff(try int) time.Duration {
	full := 500 * time.Millisecond << (try - 1)
	return full/2 + rand.N(full)
}

// contentOf reads a request's body, so that it can be sent more than once.
func contentOf(req *http.Request) ([]byte, error) {
	if req.Body == nil {
		return nil, nil
	}
	defer req.Body.Close()
	return io.ReadAll(req.Body)
}

// attempt sends a request once and reads the whole answer.
func (w *wire) attempt(req *http.Request, content []byte) (*http.Response, []byte, error) {
	ctx, cancel := context.WithTimeout(req.Context(), w.timeout)
	defer cancel()
	one := req.Clone(ctx)
	one.Body, one.GetBody = nil, nil
	if content != nil {
		one.Body = io.NopCloser(bytes.NewReader(content))
		one.ContentLength = int64(len(content))
	}
	w.calls.Add(1)
	resp, err := w.inner.RoundTrip(one)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, nil, err
	}
	if len(body) > maxAnswer {
		return nil, nil, errTooLong
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	resp.Request = req
	return resp, body, nil
}
