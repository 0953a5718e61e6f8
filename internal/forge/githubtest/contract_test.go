package githubtest

import (
	"net/http"
	"strings"
	"testing"
)

// TestEveryOperation: what is described is built, and its callers are held.
func TestEveryOperation(t *testing.T) {
	t.Parallel()
	d, err := loadDescription()
	if err != nil {
		t.Fatal(err)
	}
	described := map[string]bool{}
	for path, item := range d.doc.Paths.Map() {
		for method, operation := range item.Operations() {
			id := operation.OperationID
			described[id] = true
			if handlers[id] == nil {
				t.Errorf("%s %s (%s) is not built", method, path, id)
			}
			if _, held := needs[id]; held != strings.HasPrefix(path, "/repos/{owner}/{repo}") && id != "search/issues-and-pull-requests" && id != "apps/get-repo-installation" {
				t.Errorf("%s: who may call it is not said", id)
			}
		}
	}
	for id := range handlers {
		if !described[id] {
			t.Errorf("%s is built and not described", id)
		}
	}
	for id := range needs {
		if !described[id] {
			t.Errorf("%s has permissions and is not described", id)
		}
	}
	if d.doc.Info.Version != "23.0.2" {
		t.Errorf("the description is of version %s, and the file beside it says another", d.doc.Info.Version)
	}
}

// TestWrongRequests: each breaks the description once, and the test that sent
// it is told the operation and the reason.
func TestWrongRequests(t *testing.T) {
	t.Parallel()
	r := &recorder{TB: t}
	s := New(r, Options{})
	ann := client{t, s, s.User("ann", Admin)}
	for _, c := range []struct {
		method, path string
		body         any
		want         []string
	}{
		{"POST", ann.repo("/pulls"), object{"title": "x", "head": "y"}, []string{"pulls/create", `"base" is missing`}},
		{"POST", ann.repo("/pulls"), object{"title": 5, "head": "y", "base": "main"}, []string{"pulls/create", "title", "string"}},
		{"POST", ann.repo("/issues/1/labels"), object{"labels": 5}, []string{"issues/add-labels"}},
		{"POST", ann.repo("/check-runs"), object{"name": "x", "head_sha": "y", "conclusion": "good"}, []string{"checks/create", "conclusion"}},
		{"POST", ann.repo("/check-runs"), object{"name": "x", "head_sha": "y", "output": object{"title": "t", "summary": "s", "annotations": many(51)}}, []string{"checks/create", "maximum number of items is 50"}},
		{"GET", ann.repo("/pulls?stat=open"), nil, []string{"pulls/list", `no parameter "stat"`}},
		{"GET", ann.repo("/pulls?state=merged"), nil, []string{"pulls/list", "state"}},
		{"GET", ann.repo("/pulls/first"), nil, []string{"pulls/get", "pull_number"}},
		{"GET", ann.repo("/pullz"), nil, []string{"/pullz", "no matching operation"}},
		{"DELETE", ann.repo("/issues/1/labels/move/evaluating"), nil, []string{"/labels/move/evaluating", "no matching operation"}},
		{"DELETE", ann.repo("/pulls/1"), nil, []string{"method not allowed"}},
		{"PUT", ann.repo("/environments/deliver"), object{"deployment_policy": nil}, []string{"repos/create-or-update-environment", "deployment_policy"}},
	} {
		status, _ := ann.do(c.method, c.path, c.body)
		got := r.take()
		text := strings.Join(got, "\n")
		for _, want := range c.want {
			if len(got) == 0 || !strings.Contains(text, want) {
				t.Errorf("%s %s: %d, and the test is told %q, want %q", c.method, c.path, status, got, want)
			}
		}
	}
	ann.must(200, "GET", ann.repo("/pulls?state=all&per_page=100"), nil)
	if got := r.take(); len(got) > 0 {
		t.Errorf("a good request is refused: %q", got)
	}
}

func many(n int) []object {
	out := make([]object, n)
	for k := range out {
		out[k] = object{"path": "a", "start_line": 1, "end_line": 1, "annotation_level": "failure", "message": "m"}
	}
	return out
}

// TestWrongAnswers: the fake's own mistakes are found too.
func TestWrongAnswers(t *testing.T) {
	t.Parallel()
	d, err := loadDescription()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		method, path string
		status       int
		body, want   string
	}{
		{"GET", "/repos/a/b/issues/1", 200, `{"id": 1}`, "missing"},
		{"GET", "/repos/a/b/issues/1", 200, `[]`, "object"},
		{"GET", "/repos/a/b/issues/1", 201, `{}`, "status is not supported"},
		{"DELETE", "/repos/a/b/git/refs/heads/x", 204, `{}`, "204 with a body"},
		{"PUT", "/repos/a/b/pulls/1/merge", 200, `{"sha": "x", "merged": "yes", "message": ""}`, "merged"},
		{"PUT", "/repos/a/b/pulls/1/merge", 405, `{"message": 5}`, "message"},
	} {
		r, err := http.NewRequest(c.method, "http://127.0.0.1"+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		x, err := d.find(r)
		if err != nil {
			t.Fatal(err)
		}
		err = x.response(t.Context(), c.status, http.Header{"Content-Type": {"application/json"}}, []byte(c.body))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s: the answer %d %s: %v, want %s", c.method, c.path, c.status, c.body, err, c.want)
		}
	}
}

// TestPages: lists come in pages, and the header Link leads through them.
func TestPages(t *testing.T) {
	t.Parallel()
	s, ann, _ := scene(t)
	for range 5 {
		ann.must(201, "POST", ann.repo("/issues"), object{"title": "x"})
	}
	r, err := http.NewRequest("GET", s.API()+ann.repo("/issues?per_page=2&page=2&direction=asc"), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "token "+ann.token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	link := answer.Header.Get("Link")
	for _, want := range []string{`page=1&per_page=2>; rel="prev"`, `page=3&per_page=2>; rel="next"`, `page=3&per_page=2>; rel="last"`, s.API() + "repos/acme/cases/issues"} {
		if !strings.Contains(link, want) {
			t.Errorf("the header Link is %s, want %s", link, want)
		}
	}
	for path, want := range map[string]int{"/issues": 5, "/issues?per_page=2": 2, "/issues?per_page=2&page=3": 1, "/issues?page=9": 0} {
		if _, out := ann.do("GET", ann.repo("%s", path), nil); len(out.([]any)) != want {
			t.Errorf("%s has %d, want %d", path, len(out.([]any)), want)
		}
	}
}
