package githubtest

import (
	"fmt"
	"strings"
	"testing"
)

// TestSettings goes through what `docket init --github` and `docket doctor`
// read and write; that the answers hold the description is the point.
func TestSettings(t *testing.T) {
	t.Parallel()
	s, ann, _ := scene(t)
	root := client{t, s, s.User("root", Admin)}
	for _, path := range []string{"/actions/permissions", "/actions/permissions/selected-actions", "/actions/permissions/workflow",
		"/environments", "/actions/secrets", "/actions/variables", "/rulesets", "/private-vulnerability-reporting", ""} {
		root.must(200, "GET", root.repo("%s", path), nil)
	}
	root.must(204, "PUT", root.repo("/actions/permissions"), object{"enabled": true, "allowed_actions": "selected", "sha_pinning_required": true})
	root.must(204, "PUT", root.repo("/actions/permissions/selected-actions"), object{"github_owned_allowed": true, "patterns_allowed": []string{"a/*"}})
	root.must(204, "PUT", root.repo("/actions/permissions/workflow"), object{"default_workflow_permissions": "read"})
	if out := root.must(200, "GET", root.repo("/actions/permissions"), nil); out["allowed_actions"] != "selected" || out["sha_pinning_required"] != true {
		t.Errorf("the permissions of Actions are %v", out)
	}
	ann.must(404, "PUT", ann.repo("/actions/permissions/workflow"), object{"default_workflow_permissions": "write"})
	root.must(204, "PUT", root.repo("/private-vulnerability-reporting"), nil)
	if out := root.must(200, "GET", root.repo("/private-vulnerability-reporting"), nil); out["enabled"] != true {
		t.Errorf("private reporting is %v", out)
	}
	if out := ann.must(200, "GET", ann.repo("/branches/main"), nil); out["protected"] != false {
		t.Errorf("main is %v", out)
	}
	ann.must(404, "GET", ann.repo("/branches/nothing"), nil)
}

func TestEnvironments(t *testing.T) {
	t.Parallel()
	s := New(t, Options{})
	root := client{t, s, s.User("root", Admin)}
	root.must(404, "GET", root.repo("/environments/bot"), nil)
	root.must(422, "PUT", root.repo("/environments/bot"), object{"deployment_branch_policy": object{"protected_branches": true, "custom_branch_policies": true}})
	env := root.must(200, "PUT", root.repo("/environments/bot"), object{"wait_timer": 5, "deployment_branch_policy": object{"protected_branches": false, "custom_branch_policies": true}})
	if env["deployment_branch_policy"].(object)["custom_branch_policies"] != true || len(env["protection_rules"].([]any)) != 2 {
		t.Errorf("the environment is %v", env)
	}
	root.must(200, "POST", root.repo("/environments/bot/deployment-branch-policies"), object{"name": "main"})
	root.must(200, "GET", root.repo("/environments/bot"), nil)
	if out := root.must(200, "GET", root.repo("/environments/bot/deployment-branch-policies"), nil); out["total_count"] != 1.0 {
		t.Errorf("the policies are %v", out)
	}
	s.SetSecret("bot", "DOCKET_BOT_KEY")
	s.SetSecret("", "OTHER")
	if out := root.must(200, "GET", root.repo("/environments/bot/secrets"), nil); out["secrets"].([]any)[0].(object)["name"] != "DOCKET_BOT_KEY" {
		t.Errorf("the secrets are %v", out)
	}
	root.must(200, "GET", root.repo("/actions/secrets"), nil)
	for _, path := range []string{"/environments/bot/variables", "/actions/variables"} {
		root.must(201, "POST", root.repo("%s", path), object{"name": "smtp", "value": "a"})
		root.must(204, "PATCH", root.repo("%s/SMTP", path), object{"value": "b"})
		root.must(404, "PATCH", root.repo("%s/OTHER", path), object{"value": "b"})
		if out := root.must(200, "GET", root.repo("%s", path), nil); !strings.Contains(fmt.Sprint(out["variables"]), "value:b") {
			t.Errorf("%s: %v", path, out)
		}
	}
	if out := root.must(200, "GET", root.repo("/environments"), nil); out["total_count"] != 1.0 {
		t.Errorf("the environments are %v", out)
	}
}

func TestLabels(t *testing.T) {
	t.Parallel()
	s := New(t, Options{})
	ann := client{t, s, s.User("ann", Write)}
	l := ann.must(201, "POST", ann.repo("/labels"), object{"name": "state/received", "color": "ff0000", "description": "d"})
	if l["color"] != "ff0000" {
		t.Errorf("the label is %v", l)
	}
	for _, bad := range []object{{"name": "STATE/received"}, {"name": strings.Repeat("x", 51)}, {"name": "x", "color": "#ff0000"}, {"name": "x", "description": strings.Repeat("x", 101)}} {
		ann.must(422, "POST", ann.repo("/labels"), bad)
	}
	ann.must(200, "PATCH", ann.repo("/labels/state%%2Freceived"), object{"color": "00ff00", "new_name": "state/new"})
	ann.must(404, "PATCH", ann.repo("/labels/state%%2Freceived"), object{"color": "00ff00"})
	if _, out := ann.do("GET", ann.repo("/labels"), nil); fmt.Sprint(out.([]any)[0].(object)["name"]) != "state/new" {
		t.Errorf("the labels are %v", out)
	}
	ann.must(422, "POST", ann.repo("/issues"), object{"title": "x", "labels": []string{strings.Repeat("x", 51)}})
}

func TestRulesetsAndRefs(t *testing.T) {
	t.Parallel()
	s, ann, c := scene(t)
	root := client{t, s, s.User("root", Admin)}
	id := ruleFor(root, "cases", "refs/heads/case/**/*", []object{{"actor_id": 5, "actor_type": "RepositoryRole"}}, object{"type": "creation"})
	if status, _ := root.do("POST", root.repo("/rulesets"), object{"name": "cases", "enforcement": "active"}); status != 422 {
		t.Errorf("a second ruleset of that name: %d", status)
	}
	if status, _ := root.do("POST", root.repo("/rulesets"), object{"name": "x", "enforcement": "active", "bypass_actors": []object{{"actor_id": 1, "actor_type": "Integration"}}}); status != 422 {
		t.Errorf("an App that is not installed: %d", status)
	}
	if out := root.must(200, "GET", root.repo("/rulesets/%d", id), nil); out["current_user_can_bypass"] != "always" || len(out["bypass_actors"].([]any)) != 1 {
		t.Errorf("an administrator sees %v", out)
	}
	if out := ann.must(200, "GET", ann.repo("/rulesets/%d", id), nil); out["current_user_can_bypass"] != "never" || out["bypass_actors"] != nil {
		t.Errorf("others see %v", out)
	}
	sha := c.git("rev-parse", "main")
	refs := func(status int, method, path string, body any) {
		t.Helper()
		ann.must(status, method, ann.repo("/git/%s", path), body)
	}
	refs(422, "POST", "refs", object{"ref": "refs/heads/case/A/next", "sha": sha})
	root.must(200, "PUT", root.repo("/rulesets/%d", id), object{"enforcement": "disabled"})
	refs(201, "POST", "refs", object{"ref": "refs/heads/case/A/next", "sha": sha})
	refs(422, "POST", "refs", object{"ref": "refs/heads/case/A/next", "sha": sha})
	refs(422, "POST", "refs", object{"ref": "refs/heads/x", "sha": strings.Repeat("1", 40)})
	refs(200, "GET", "ref/heads/case/A/next", nil)
	refs(404, "GET", "ref/heads/case/A", nil)
	if _, out := ann.do("GET", ann.repo("/git/matching-refs/heads/case"), nil); len(out.([]any)) != 1 {
		t.Errorf("the refs are %v", out)
	}
	next := c.commit("a", "a")
	c.git("push", "-q", "origin", "main:x")
	refs(200, "PATCH", "refs/heads/case/A/next", object{"sha": next})
	refs(422, "PATCH", "refs/heads/case/A/next", object{"sha": sha})
	refs(200, "PATCH", "refs/heads/case/A/next", object{"sha": sha, "force": true})
	refs(204, "DELETE", "refs/heads/case/A/next", nil)
	refs(422, "DELETE", "refs/heads/case/A/next", nil)
}

func TestAdvisories(t *testing.T) {
	t.Parallel()
	s := New(t, Options{})
	root := client{t, s, s.User("root", Admin)}
	one := s.ReportAdvisory("eve", "first", "a description")
	s.ReportAdvisory("eve", "second", "another")
	if _, out := root.do("GET", root.repo("/security-advisories?state=triage"), nil); len(out.([]any)) != 2 || out.([]any)[1].(object)["ghsa_id"] != one {
		t.Errorf("the reports are %v", out)
	}
	if out := root.must(200, "GET", root.repo("/security-advisories/%s", one), nil); out["author"].(object)["login"] != "eve" || out["description"] != "a description" {
		t.Errorf("the report is %v", out)
	}
	root.must(200, "PATCH", root.repo("/security-advisories/%s", one), object{"state": "draft"})
	if _, out := root.do("GET", root.repo("/security-advisories?state=triage"), nil); len(out.([]any)) != 1 {
		t.Errorf("after one was accepted: %v", out)
	}
	root.must(404, "GET", root.repo("/security-advisories/GHSA-2222-2222-2222"), nil)
}

func TestSearch(t *testing.T) {
	t.Parallel()
	_, ann, _ := scene(t)
	ann.must(201, "POST", ann.repo("/issues"), object{"title": "A-1", "body": "case=A-1", "labels": []string{"program/a b"}})
	ann.must(201, "POST", ann.repo("/issues"), object{"title": "A-2", "body": "case=A-2"})
	for query, want := range map[string]float64{
		`repo:acme/cases+is:issue+in:body+%22case=A-1%22`:    1,
		`repo:acme/cases+is:issue+in:title+case`:             0,
		`repo:acme/cases+is:issue+case`:                      2,
		`repo:acme/cases+is:pr`:                              0,
		`repo:acme/other+is:issue`:                           0,
		`repo:acme/cases+label:%22program/a%20b%22+is:open`:  1,
		`repo:acme/cases+author:ann+state:closed+type:issue`: 0,
	} {
		if out := ann.must(200, "GET", "search/issues?q="+query, nil); out["total_count"] != want {
			t.Errorf("%s finds %v, want %v", query, out["total_count"], want)
		}
	}
}
