package forge

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// await waits until GitHub takes requests again, for all requests alike: who
// goes on while limited may be banned.
func (w *wire) await(ctx context.Context) error {
	w.mu.Lock()
	until := w.until
	w.mu.Unlock()
	wait := until.Sub(w.now())
	if wait <= 0 {
		return nil
	}
	if wait > w.maxWait {
		return &LimitedError{Until: until}
	}
	return w.sleep(ctx, wait)
}

// limit returns until when an answer forbids further requests; zero: it does
// not. try counts the tries of the request.
// https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#handle-rate-limit-errors-appropriately
func (w *wire) limit(resp *http.Response, body []byte, try int) time.Time {
	header := resp.Header
	defer hideLimits(header)
	if resp.StatusCode != http.StatusForbidden && resp.StatusCode != http.StatusTooManyRequests {
		return time.Time{}
	}
	var wait time.Duration
	after, afterErr := strconv.ParseInt(header.Get("Retry-After"), 10, 32)
	reset, resetErr := strconv.ParseInt(header.Get("X-Ratelimit-Reset"), 10, 64)
	switch {
	case afterErr == nil:
		wait = max(time.Duration(after)*time.Second, time.Second)
	case header.Get("X-Ratelimit-Remaining") == "0" && resetErr == nil:
		// By GitHub's own clock, where it tells: ours may go wrong.
		clock := w.now()
		if date, err := http.ParseTime(header.Get("Date")); err == nil {
			clock = date
		}
		wait = max(time.Unix(reset, 0).Sub(clock), 0) + time.Second
	case resp.StatusCode == http.StatusTooManyRequests, secondary(body):
		wait = min(time.Minute<<(try-1), w.maxWait)
	default:
		return time.Time{}
	}
	until := w.now().Add(wait)
	w.mu.Lock()
	defer w.mu.Unlock()
	if until.After(w.until) {
		w.until = until
	}
	return w.until
}

// secondary reports whether a refusal is a secondary rate limit by its words,
// since it may come without Retry-After.
func secondary(body []byte) bool {
	var answer struct {
		Message string `json:"message"`
		URL     string `json:"documentation_url"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return false
	}
	return strings.Contains(answer.Message, "secondary rate limit") ||
		strings.Contains(answer.Message, "abuse detection") ||
		strings.HasSuffix(answer.URL, "secondary-rate-limits")
}

// hideLimits takes the limits out of an answer: go-github would remember them
// and refuse requests on its own, for up to an hour.
func hideLimits(header http.Header) {
	header.Del("Retry-After")
	for name := range header {
		if strings.HasPrefix(name, "X-Ratelimit-") {
			delete(header, name)
		}
	}
}
