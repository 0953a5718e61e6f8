package githubtest

import (
	"fmt"
	"net/http"
	"time"
)

// Fault is one way in which GitHub fails.
type Fault struct {
	kind  string
	after time.Duration
}

// Faults without a parameter.
var (
	// Status500AfterApply: what was asked is done, and the answer is 500.
	Status500AfterApply = Fault{kind: "500"}
	// Status502Before: nothing is done, and the answer is 502.
	Status502Before = Fault{kind: "502"}
	// Hang: nothing is done, and there is no answer until the client gives up
	// or the test ends.
	Hang = Fault{kind: "hang"}
	// HangAfterApply: what was asked is done, and there is no answer.
	HangAfterApply = Fault{kind: "hang after"}
	// DropConnection: what was asked is done, and the connection breaks before
	// the answer.
	DropConnection = Fault{kind: "drop"}
	// ExpireTokens: every installation token ends just before the request.
	ExpireTokens = Fault{kind: "expire"}
)

// PrimaryLimit: 403, the hourly limit is used up until reset from now.
func PrimaryLimit(reset time.Duration) Fault { return Fault{"primary", reset} }

// SecondaryLimit: 429 with Retry-After; or, when it is 0, 403 without that
// header. GitHub does both.
func SecondaryLimit(retryAfter time.Duration) Fault { return Fault{"secondary", retryAfter} }

// failure is a fault that waits for its request.
type failure struct {
	operation string
	fault     Fault
}

// Fail has the next request for an operation fail, once: GitHub's operationId
// (pulls/create), git/refs, git/upload-pack, git/receive-pack, or "" for any. Faults wait
// in line: each takes one request.
func (s *Server) Fail(operation string, faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range faults {
		s.fails = append(s.fails, failure{operation, f})
	}
}

// Heal forgets the faults that still wait in line.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fails = nil
}

// nextFault takes the first fault that fits off the list, and writes what it
// answers to the list of calls; call is -1 for git.
func (s *Server) nextFault(call int, operation string) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, f := range s.fails {
		if f.operation != "" && f.operation != operation {
			continue
		}
		s.fails = append(s.fails[:k:k], s.fails[k+1:]...)
		if f.fault.kind == "expire" {
			s.expireTokens()
		}
		if call >= 0 {
			s.calls[call].Operation, s.calls[call].Status = operation, f.fault.status()
		}
		return f.fault
	}
	return Fault{}
}

// status of the answer that the fault gives before anything is done.
func (f Fault) status() int {
	switch {
	case f.kind == "502":
		return http.StatusBadGateway
	case f.kind == "secondary" && f.after > 0:
		return http.StatusTooManyRequests
	case f.kind == "primary" || f.kind == "secondary":
		return http.StatusForbidden
	}
	return 0
}

// told is the status that the client hears of an answer.
func (f Fault) told(status int) int {
	switch f.kind {
	case "500":
		return http.StatusInternalServerError
	case "drop", "hang after":
		return 0
	}
	return status
}

// lost says that what is done must not be told.
func (f Fault) lost() bool { return f.kind == "500" || f.kind == "drop" || f.kind == "hang after" }

// before does the faults that come before anything is done, and says whether
// the request has ended with it.
func (f Fault) before(s *Server, w http.ResponseWriter, r *http.Request) bool {
	a := refuse(f.status(), "Server Error")
	switch f.kind {
	case "502":
	case "hang":
		f.hang(s, r)
		return true
	case "primary":
		a = refuse(http.StatusForbidden, "API rate limit exceeded for installation.")
		a.header = http.Header{"X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Used": {"5000"},
			"X-Ratelimit-Reset": {fmt.Sprint(time.Now().Add(f.after).Unix())}}
	case "secondary":
		a = refuse(f.status(), "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.")
		a.header = http.Header{}
		if f.after > 0 {
			a.header.Set("Retry-After", fmt.Sprint(int(f.after.Seconds())))
		}
	default:
		return false
	}
	s.write(w, a)
	return true
}

// finish does the faults that come when all is done.
func (f Fault) finish(s *Server, w http.ResponseWriter, r *http.Request) bool {
	switch f.kind {
	case "500":
		s.write(w, refuse(http.StatusInternalServerError, "Server Error"))
	case "hang after":
		f.hang(s, r)
	case "drop":
		panic(http.ErrAbortHandler)
	default:
		return false
	}
	return true
}

// Hung counts the requests so far that a fault left without an answer. It goes
// up when all is done that the fault lets be done.
func (s *Server) Hung() int64 { return s.hung.Load() }

// hang waits until the client has gone or the test ends.
func (f Fault) hang(s *Server, r *http.Request) {
	s.hung.Add(1)
	select {
	case <-r.Context().Done():
	case <-s.ended:
	}
}
