package githubtest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// raw sends a request and, when its answer does not come, gives up.
func raw(c client, method, path, body string) (int, http.Header, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	hung := c.s.Hung()
	go func() {
		for ctx.Err() == nil && c.s.Hung() == hung {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	r, err := http.NewRequestWithContext(ctx, method, c.s.API()+path, bytes.NewReader([]byte(body)))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	r.Header.Set("Content-Type", "application/json")
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	answer, err := transport.RoundTrip(r)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, answer.Header, err
}

func TestFaults(t *testing.T) {
	t.Parallel()
	s, ann, _ := scene(t)
	for _, c := range []struct {
		name    string
		fault   Fault
		status  int
		applied bool
	}{
		{"Status500AfterApply", Status500AfterApply, 500, true},
		{"Status502Before", Status502Before, 502, false},
		{"Hang", Hang, 0, false},
		{"HangAfterApply", HangAfterApply, 0, true},
		{"DropConnection", DropConnection, 0, true},
		{"PrimaryLimit", PrimaryLimit(time.Hour), 403, false},
		{"SecondaryLimit", SecondaryLimit(2 * time.Second), 429, false},
		{"SecondaryLimit without Retry-After", SecondaryLimit(0), 403, false},
		{"ExpireTokens", ExpireTokens, 201, true}, // ann has no App's token
	} {
		before := len(s.Issues())
		s.Fail("issues/create", c.fault)
		ann.must(200, "GET", ann.repo(""), nil) // another operation is not touched
		status, header, err := raw(ann, "POST", ann.repo("/issues"), `{"title": "x"}`)
		if status != c.status || (err != nil) != (c.status == 0) {
			t.Errorf("%s: %d %v, want %d", c.name, status, err, c.status)
		}
		if got := len(s.Issues()) > before; got != c.applied {
			t.Errorf("%s: applied is %v", c.name, got)
		}
		if all := s.Calls(); all[len(all)-1].Status != c.status || all[len(all)-1].Operation != "issues/create" {
			t.Errorf("%s: the call is %+v", c.name, all[len(all)-1])
		}
		reset, _ := strconv.ParseInt(header.Get("X-RateLimit-Reset"), 10, 64)
		if c.name == "PrimaryLimit" && (header.Get("X-RateLimit-Remaining") != "0" || time.Until(time.Unix(reset, 0)) < 59*time.Minute) {
			t.Errorf("the headers of the primary limit are %v", header)
		}
		if want := map[string]string{"SecondaryLimit": "2"}[c.name]; header.Get("Retry-After") != want {
			t.Errorf("%s: Retry-After is %q, want %q", c.name, header.Get("Retry-After"), want)
		}
		ann.must(201, "POST", ann.repo("/issues"), object{"title": "x"}) // once only
	}
}

func TestGitFaults(t *testing.T) {
	t.Parallel()
	s, _, c := scene(t)
	s.Fail("git/refs", Status502Before)
	if out, err := c.try("push", "origin", "main:a"); err == nil || !strings.Contains(out, "502") || s.tip("a") != "" {
		t.Errorf("502: %v: %s", err, out)
	}
	s.Fail("git/receive-pack", Status500AfterApply)
	if out, err := c.try("push", "origin", "main:b"); err == nil || !strings.Contains(out, "500") || s.tip("b") == "" {
		t.Errorf("500 after: %v: %s", err, out)
	}
	c.git("push", "origin", "main:c")
}

// TestTokenExpires: a token that ends in the middle of a job.
func TestTokenExpires(t *testing.T) {
	t.Parallel()
	s, _, _ := scene(t)
	id, key, number := s.App("docket")
	bot := installation(t, s, id, key, number)
	s.Fail("issues/create", ExpireTokens)
	bot.must(401, "POST", bot.repo("/issues"), object{"title": "x"})
	bot = installation(t, s, id, key, number)
	bot.must(201, "POST", bot.repo("/issues"), object{"title": "x"})
}

func TestRelease(t *testing.T) {
	t.Parallel()
	s := New(t, Options{Repo: "docket-psirt/docket"})
	s.Release("v1", map[string][]byte{"a.txt": []byte("text")})
	for path, want := range map[string]int{"v1/a.txt": 200, "v1/b.txt": 404, "v2/a.txt": 404} {
		answer, err := http.Get(s.Web() + "/docket-psirt/docket/releases/download/" + path)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if answer.StatusCode != want || want == 200 && string(text) != "text" {
			t.Errorf("%s: %d %s", path, answer.StatusCode, text)
		}
	}
}
