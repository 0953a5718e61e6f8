package githubtest

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
)

// ruleFor makes a ruleset over REST and returns its id.
func ruleFor(admin client, name, ref string, bypass []object, rules ...object) int {
	admin.t.Helper()
	out := admin.must(201, "POST", admin.repo("/rulesets"), object{
		"name": name, "target": "branch", "enforcement": "active", "bypass_actors": bypass, "rules": rules,
		"conditions": object{"ref_name": object{"include": []string{ref}, "exclude": []string{}}},
	})
	return int(out["id"].(float64))
}

// pullRequests is the rule that main is changed through pull requests only.
func pullRequests(approvals int) object {
	return object{"type": "pull_request", "parameters": object{
		"required_approving_review_count": approvals, "dismiss_stale_reviews_on_push": true, "require_code_owner_review": false,
		"require_last_push_approval": false, "required_review_thread_resolution": false, "allowed_merge_methods": []string{"merge"},
	}}
}

// checked is the rule that a check must have succeeded.
func checked(name string) object {
	return object{"type": "required_status_checks", "parameters": object{
		"strict_required_status_checks_policy": false, "required_status_checks": []object{{"context": name, "integration_id": actionsApp}},
	}}
}

// installation is a client with a fresh installation token.
func installation(t testing.TB, s *Server, id int64, key []byte, number int64) client {
	t.Helper()
	app := client{t, s, jwtOf(t, id, key, 0)}
	out := app.must(201, "POST", fmt.Sprintf("app/installations/%d/access_tokens", number), object{})
	return client{t, s, out["token"].(string)}
}

func TestGit(t *testing.T) {
	t.Parallel()
	s, ann, c := scene(t)
	big := make([]byte, 1<<20)
	_, _ = rand.Read(big)
	c.commit("big", hex.EncodeToString(big))
	c.git("-c", "http.postBuffer=65536", "push", "-q", "origin", "main") // chunked
	other := newClone(t, s, s.User("rod", Read))
	other.git("pull", "-q", "origin", "main")
	if got, want := other.git("rev-parse", "HEAD"), c.git("rev-parse", "main"); got != want {
		t.Errorf("a clone has %s, want %s", got, want)
	}
	n, head := propose(ann, c, "case/A-1/next")
	other.git("fetch", "-q", "origin", fmt.Sprintf("refs/pull/%d/head", n))
	if got := other.git("rev-parse", "FETCH_HEAD"); got != head {
		t.Errorf("refs/pull/%d/head is %s, want %s", n, got, head)
	}
	elsewhere, unknown := *c, *c
	elsewhere.url, unknown.url = s.Web()+"/acme/other.git", s.URL()
	for _, c := range []struct {
		who       *clone
		ref, want string
	}{
		{other, "refs/heads/x", "403"},
		{newClone(t, s, s.ActionsToken(map[string]string{"contents": "read"})), "refs/heads/x", "403"},
		{newClone(t, s, s.User("eve", "")), "refs/heads/x", "not found"},
		{newClone(t, s, "ghp_nobody"), "refs/heads/x", "Authentication failed"},
		{&unknown, "refs/heads/x", "could not read Username"},
		{&elsewhere, "refs/heads/x", "not found"},
		{c, "refs/pull/1/head", "hidden ref"},
	} {
		if _, err := c.who.try("rev-parse", "--verify", "HEAD"); err != nil {
			c.who.commit("x", "x")
		}
		if out, err := c.who.try("push", c.who.url, "HEAD:"+c.ref); err == nil || !strings.Contains(out, c.want) {
			t.Errorf("pushing %s to %s says %v: %s, want %s", c.ref, c.who.url, err, out, c.want)
		}
	}
}

// TestPushMovesPulls: a pull request follows its branch, is merged when main
// reaches it, and closed when its branch goes.
func TestPushMovesPulls(t *testing.T) {
	t.Parallel()
	s, ann, c := scene(t)
	one, first := propose(ann, c, "case/A-1/next")
	two, _ := propose(ann, c, "case/A-2/next")
	three, last := propose(ann, c, "case/A-3/next")
	c.git("checkout", "-q", "case/A-1/next")
	second := c.commit("more", "more")
	c.git("push", "-q", "origin", "case/A-1/next")
	if got := s.Issue(one); got.Pull.Head != second || got.Closed {
		t.Errorf("after a push: %+v", got.Pull)
	}
	found := false
	for _, e := range s.Events() {
		found = found || e.Action == "synchronize" && strings.Contains(string(e.Payload), `"before":"`+first+`"`)
	}
	if !found {
		t.Error("there is no event synchronize with the head before")
	}
	c.git("push", "-q", "origin", ":case/A-2/next")
	if got := s.Issue(two); !got.Closed || got.Pull.Merged {
		t.Errorf("after its branch was deleted: %+v", got.Pull)
	}
	ann.must(422, "PATCH", ann.repo("/pulls/%d", two), object{"state": "open"})
	c.git("checkout", "-q", "main")
	c.git("merge", "-q", "--no-ff", "-m", "merge three", "case/A-3/next")
	merge := c.commit("after", "after") // the merge is not the newest commit of the push
	c.git("push", "-q", "origin", "main", ":case/A-3/next")
	if got := s.Issue(three).Pull; !got.Merged || got.MergedAs != c.git("rev-parse", merge+"^") || got.Head != last || got.MergedBy != "ann" {
		t.Errorf("after main reached it and its branch went in one push: %+v", got)
	}
	c.git("push", "-q", "-f", "origin", merge+"^^:case/A-1/next")
	if got := s.Issue(one).Pull; !got.Merged {
		t.Errorf("a head that was put back into main's history: %+v", got)
	}
}

// TestRules: rulesets that were made over REST hold for git's pushes, and the
// App that may pass by passes.
func TestRules(t *testing.T) {
	t.Parallel()
	s, ann, c := scene(t)
	root := client{t, s, s.User("root", Admin)}
	id, key, number := s.App("docket")
	bypass := []object{{"actor_id": id, "actor_type": "Integration", "bypass_mode": "always"}}
	ruleFor(root, "main", "~DEFAULT_BRANCH", bypass, pullRequests(0), checked("docket/check"), object{"type": "deletion"}, object{"type": "non_fast_forward"})
	ruleFor(root, "deliveries", "refs/heads/deliveries", bypass, object{"type": "creation"}, object{"type": "update"}, object{"type": "deletion"})
	ruleFor(root, "cases", "refs/heads/case/**/*", []object{}, object{"type": "non_fast_forward"})
	ann.must(404, "POST", ann.repo("/rulesets"), object{"name": "x", "enforcement": "active"})
	old := c.git("rev-parse", "main")
	c.commit("a", "a")
	refused := func(what, want string, args ...string) {
		t.Helper()
		if out, err := c.try(append([]string{"push", "origin"}, args...)...); err == nil || !strings.Contains(out, want) {
			t.Errorf("%s: %v: %s, want %s", what, err, out, want)
		}
	}
	refused("a push to main", "Changes must be made through a pull request.", "main")
	refused("a push to main", `Required status check "docket/check" is expected.`, "main")
	refused("deleting main", "Cannot delete this branch", ":main")
	refused("deliveries", "creations being restricted", "main:deliveries")
	c.git("push", "-q", "origin", "main:refs/heads/case/A-1/next")
	refused("a forced push", "Cannot force-push", "-f", old+":refs/heads/case/A-1/next")
	c.git("push", "-q", "-f", "origin", "main:refs/heads/program/a")
	app := installation(t, s, id, key, number)
	bot := strings.Replace(s.URL(), "http://", "http://x-access-token:"+app.token+"@", 1)
	c.git("push", "-q", bot, "main", "main:deliveries")
	if got := s.tip("main"); got != c.git("rev-parse", "main") {
		t.Errorf("the App's push left main at %s", got)
	}
	if status, out := ann.do("PATCH", ann.repo("/git/refs/heads/main"), object{"sha": old, "force": true}); status != 422 || !strings.Contains(fmt.Sprint(out), "Cannot force-push") {
		t.Errorf("moving main over REST: %d %v", status, out)
	}
}

// TestWorkflowFiles: an App without the permission does not push workflows.
func TestWorkflowFiles(t *testing.T) {
	t.Parallel()
	s, _, c := scene(t)
	c.git("checkout", "-q", "-b", "x")
	c.git("config", "core.quotepath", "false")
	c.commit("plain", "plain")
	c.git("update-index", "--add", "--cacheinfo", "100644,"+c.git("hash-object", "-w", "plain")+",.github/workflows/x.yml")
	c.git("commit", "-q", "-m", "a workflow")
	id, key, number := s.App("docket")
	push := func() (string, error) {
		token := installation(t, s, id, key, number).token
		return c.try("push", strings.Replace(s.URL(), "http://", "http://x-access-token:"+token+"@", 1), "x")
	}
	if out, err := push(); err == nil || !strings.Contains(out, "without `workflows` permission") {
		t.Errorf("an App pushes a workflow: %v: %s", err, out)
	}
	s.Grant("docket", "workflows", "write")
	if out, err := push(); err != nil {
		t.Errorf("with the permission: %v: %s", err, out)
	}
}

func TestPatterns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"refs/heads/main", "refs/heads/main", true},
		{"refs/heads/case/**", "refs/heads/case/A-1", true},
		{"refs/heads/case/**", "refs/heads/case/A-1/next", false}, // only **/ crosses a slash
		{"refs/heads/case/**/*", "refs/heads/case/A-1/next", true},
		{"refs/heads/case/**/*", "refs/heads/case/A-1", true},
		{"refs/heads/case/**/*", "refs/heads/cases/A-1", false},
		{"refs/heads/case/*/next", "refs/heads/case/A-1/next", true},
		{"refs/heads/*", "refs/heads/a/b", false},
		{"refs/heads/**/*", "refs/heads/a/b/c", true},
	} {
		if got := fnmatch(c.pattern, c.name); got != c.want {
			t.Errorf("%s and %s: %v", c.pattern, c.name, got)
		}
	}
}
