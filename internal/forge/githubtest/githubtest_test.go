package githubtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// client is somebody with a token.
type client struct {
	t     testing.TB
	s     *Server
	token string
}

// do sends a request and returns the status and the decoded answer.
func (c client) do(method, path string, body any) (int, any) {
	c.t.Helper()
	var data io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		data = bytes.NewReader(b)
	}
	r, err := http.NewRequest(method, c.s.API()+path, data)
	if err != nil {
		c.t.Fatal(err)
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	var out any
	if len(text) > 0 {
		if err := json.Unmarshal(text, &out); err != nil {
			c.t.Fatalf("%s %s: %v: %s", method, path, err, text)
		}
	}
	return answer.StatusCode, out
}

// must sends a request whose answer must have the status.
func (c client) must(status int, method, path string, body any) object {
	c.t.Helper()
	got, out := c.do(method, path, body)
	if got != status {
		c.t.Fatalf("%s %s: %d, want %d: %v", method, path, got, status, out)
	}
	o, _ := out.(object)
	return o
}

// repo is the path of the repository in the API.
func (c client) repo(format string, args ...any) string {
	return "repos/" + c.s.repo() + fmt.Sprintf(format, args...)
}

// recorder is a testing.TB that keeps what it is told instead of failing.
type recorder struct {
	testing.TB
	mu     sync.Mutex
	errors []string
}

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

func (r *recorder) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.errors
	r.errors = nil
	return out
}

// clone is a work tree of the server's repository.
type clone struct {
	t   testing.TB
	dir string
	url string
}

func newClone(t testing.TB, s *Server, token string) *clone {
	t.Helper()
	url := strings.Replace(s.URL(), "http://", "http://x-access-token:"+token+"@", 1)
	c := &clone{t: t, dir: t.TempDir(), url: url}
	c.git("init", "-q", "-b", "main")
	c.git("remote", "add", "origin", url)
	return c
}

func (c *clone) try(args ...string) (string, error) {
	cmd := exec.Command("git", append([]string{"-C", c.dir, "-c", "user.name=Ann", "-c", "user.email=ann@example.org", "-c", "commit.gpgsign=false"}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_TERMINAL_PROMPT=0")
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func (c *clone) git(args ...string) string {
	c.t.Helper()
	out, err := c.try(args...)
	if err != nil {
		c.t.Fatalf("git %s: %v: %s", args[0], err, out)
	}
	return out
}

// commit writes a file and commits it; the commit is returned.
func (c *clone) commit(name, text string) string {
	c.t.Helper()
	if err := os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o600); err != nil {
		c.t.Fatal(err)
	}
	c.git("add", ".")
	c.git("commit", "-q", "-m", "add "+name)
	return c.git("rev-parse", "HEAD")
}

// scene is a server with a first commit on main, and ann, who may write.
func scene(t testing.TB) (*Server, client, *clone) {
	t.Helper()
	s := New(t, Options{})
	ann := client{t, s, s.User("ann", Write)}
	c := newClone(t, s, ann.token)
	c.commit("README.md", "cases\n")
	c.git("push", "-q", "origin", "main")
	return s, ann, c
}

// propose pushes a branch with one commit and opens its pull request.
func propose(who client, c *clone, branch string) (number int, head string) {
	who.t.Helper()
	c.git("checkout", "-q", "-b", branch, "main")
	head = c.commit(strings.ReplaceAll(branch, "/", "-")+".txt", branch+"\n")
	c.git("push", "-q", "origin", branch)
	c.git("checkout", "-q", "main")
	pull := who.must(201, "POST", who.repo("/pulls"), object{"title": branch, "head": branch, "base": "main", "body": "text"})
	return int(pull["number"].(float64)), head
}

func TestPullRequest(t *testing.T) {
	t.Parallel()
	_, ann, c := scene(t)
	n, head := propose(ann, c, "case/A-1/next")
	if status, out := ann.do("POST", ann.repo("/pulls"), object{"title": "x", "head": "case/A-1/next", "base": "main"}); status != 422 ||
		!strings.Contains(fmt.Sprint(out), "A pull request already exists for acme:case/A-1/next.") {
		t.Errorf("a second pull request of the branch: %d %v", status, out)
	}
	pull := ann.must(200, "GET", ann.repo("/pulls/%d", n), nil)
	if pull["head"].(object)["sha"] != head || pull["mergeable"] != true {
		t.Errorf("the pull request is %v", pull)
	}
	if status, _ := ann.do("PUT", ann.repo("/pulls/%d/merge", n), object{"sha": strings.Repeat("a", 40)}); status != 409 {
		t.Errorf("merging another head: %d", status)
	}
	merged := ann.must(200, "PUT", ann.repo("/pulls/%d/merge", n), object{"sha": head, "merge_method": "merge", "commit_title": "Merge A-1", "commit_message": "Case: A-1"})
	c.git("fetch", "-q", "origin")
	if parents := c.git("log", "-1", "--format=%H %P %s %b", "origin/main"); parents != merged["sha"].(string)+" "+c.git("rev-parse", "main")+" "+head+" Merge A-1 Case: A-1" {
		t.Errorf("the merge commit is %s", parents)
	}
	if pull := ann.must(200, "GET", ann.repo("/pulls/%d", n), nil); pull["merged"] != true || pull["merge_commit_sha"] != merged["sha"] {
		t.Errorf("after the merge: %v", pull)
	}
}

func TestIssue(t *testing.T) {
	t.Parallel()
	s, ann, _ := scene(t)
	issue := ann.must(201, "POST", ann.repo("/issues"), object{"title": "A-1", "body": "b", "labels": []string{"program/a", "state/received"}})
	n := int(issue["number"].(float64))
	s.ClickLabel("ann", n, "move/evaluating")
	if name, payload := s.Event(-1); name != "issues" || !strings.Contains(string(payload), `"action":"labeled"`) {
		t.Errorf("the event is %s %s", name, payload)
	}
	ann.must(200, "DELETE", ann.repo("/issues/%d/labels/move%%2Fevaluating", n), nil)
	ann.must(404, "DELETE", ann.repo("/issues/%d/labels/move%%2Fevaluating", n), nil)
	ann.must(200, "POST", ann.repo("/issues/%d/labels", n), []string{"x"})
	ann.must(200, "PUT", ann.repo("/issues/%d/labels", n), object{"labels": []string{"y"}})
	ann.must(201, "POST", ann.repo("/issues/%d/comments", n), object{"body": "hello"})
	ann.must(200, "PATCH", ann.repo("/issues/%d", n), object{"state": "closed", "labels": []string{"z"}, "title": "A-1b"})
	if got := ann.must(200, "GET", ann.repo("/issues/%d", n), nil); got["state"] != "closed" || got["title"] != "A-1b" || got["comments"] != 1.0 {
		t.Errorf("the issue is %v", got)
	}
}

func TestChecks(t *testing.T) {
	t.Parallel()
	s, ann, c := scene(t)
	_, head := propose(ann, c, "case/A-1/next")
	body := object{"name": "docket/check", "head_sha": head, "status": "completed", "conclusion": "success", "output": object{"title": "t", "summary": "s"}}
	if status, out := ann.do("POST", ann.repo("/check-runs"), body); status != 403 || !strings.Contains(fmt.Sprint(out), "You must authenticate via a GitHub App.") {
		t.Errorf("a person's check run: %d %v", status, out)
	}
	actions := client{t, s, s.ActionsToken(map[string]string{"checks": "write"})}
	actions.must(201, "POST", actions.repo("/check-runs"), body)
	actions.must(403, "POST", actions.repo("/issues"), object{"title": "x"})
	if got := ann.must(200, "GET", ann.repo("/commits/case/A-1/next/check-runs"), nil); got["total_count"] != 1.0 {
		t.Errorf("the check runs are %v", got)
	}
	ann.must(201, "POST", ann.repo("/statuses/%s", head), object{"state": "success", "context": "other"})
	ann.must(200, "GET", ann.repo("/commits/%s/status", head), nil)
}
