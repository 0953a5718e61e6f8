//go:build ignore

// Cut writes the part of GitHub's OpenAPI description that the fake is held to:
//
//	go run cut.go PACKAGE/generated/api.github.com.json > testdata/openapi.json
//
// where PACKAGE is the unpacked npm package @octokit/openapi.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"maps"
	"os"
	"slices"
	"strings"
)

// operations by their operationId.
var operations = strings.Fields(`
	apps/get-authenticated apps/get-repo-installation apps/create-installation-access-token
	repos/get repos/update users/get-authenticated rate-limit/get
	repos/get-branch repos/get-collaborator-permission-level repos/check-collaborator
	pulls/list pulls/create pulls/get pulls/update pulls/merge pulls/check-if-merged
	pulls/list-reviews pulls/create-review pulls/dismiss-review pulls/list-files
	issues/list-for-repo issues/create issues/get issues/update search/issues-and-pull-requests
	issues/list-comments issues/create-comment issues/get-comment issues/update-comment issues/delete-comment
	pulls/list-review-comments pulls/create-review-comment pulls/update-review-comment
	issues/list-events issues/list-events-for-repo issues/list-labels-on-issue issues/add-labels issues/set-labels issues/remove-label
	issues/list-labels-for-repo issues/create-label issues/update-label
	checks/create checks/update checks/get checks/list-for-ref checks/list-annotations
	repos/create-commit-status repos/list-commit-statuses-for-ref repos/get-combined-status-for-ref
	git/get-ref git/list-matching-refs git/create-ref git/update-ref git/delete-ref
	repos/get-repo-rulesets repos/create-repo-ruleset repos/get-repo-ruleset repos/update-repo-ruleset
	repos/get-all-environments repos/get-environment repos/create-or-update-environment
	repos/list-deployment-branch-policies repos/create-deployment-branch-policy
	actions/list-environment-secrets actions/list-environment-variables actions/create-environment-variable actions/update-environment-variable
	actions/list-repo-secrets actions/list-repo-variables actions/create-repo-variable actions/update-repo-variable
	actions/get-github-actions-permissions-repository actions/set-github-actions-permissions-repository
	actions/get-allowed-actions-repository actions/set-allowed-actions-repository
	actions/get-github-actions-default-workflow-permissions-repository actions/set-github-actions-default-workflow-permissions-repository
	security-advisories/list-repository-advisories security-advisories/get-repository-advisory security-advisories/update-repository-advisory
	repos/check-private-vulnerability-reporting repos/enable-private-vulnerability-reporting
`)

// webhooks that the fake sends; each is the name of a schema without its
// prefix webhook-.
var webhooks = strings.Fields(`
	issues-opened issues-labeled issues-unlabeled issues-edited issues-closed issues-reopened issue-comment-created issue-comment-deleted
	pull-request-opened pull-request-synchronize pull-request-closed pull-request-reopened
	pull-request-edited pull-request-labeled pull-request-unlabeled
	pull-request-review-submitted pull-request-review-dismissed
	push check-run-completed check-run-created repository-advisory-reported workflow-run-completed
`)

type object = map[string]any

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: go run cut.go api.github.com.json > testdata/openapi.json")
	}
	data, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	var whole object
	if err := json.Unmarshal(data, &whole); err != nil {
		log.Fatal(err)
	}
	c := &cutter{whole: whole["components"].(object), kept: object{}}
	paths, err := c.paths(whole["paths"].(object))
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range webhooks {
		c.follow("#/components/schemas/webhook-" + name)
	}
	info := whole["info"].(object)
	out, err := json.Marshal(object{
		"openapi": whole["openapi"],
		"info": object{
			"title": info["title"], "version": info["version"], "license": info["license"],
			"description": "A part of npm @octokit/openapi " + info["version"].(string) + ", cut by cut.go. Patched: {ref} takes several segments; the bodies that add or set labels may be a plain array.",
		},
		"paths": paths, "components": c.kept,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(out))
}

// cutter collects what is kept of the components.
type cutter struct {
	whole, kept object
}

// paths keeps the operations of the list, and complains about those that are
// not there.
func (c *cutter) paths(all object) (object, error) {
	paths, missing := object{}, slices.Clone(operations)
	for _, path := range slices.Sorted(maps.Keys(all)) {
		item := all[path].(object)
		kept := object{}
		for _, method := range []string{"get", "put", "post", "patch", "delete"} {
			operation, ok := item[method].(object)
			if !ok || !slices.Contains(operations, operation["operationId"].(string)) {
				continue
			}
			id := operation["operationId"].(string)
			missing = slices.DeleteFunc(missing, func(m string) bool { return m == id })
			kept[method] = c.clean(patch(id, operation), false)
		}
		if len(kept) > 0 {
			paths[strings.ReplaceAll(path, "{ref}", "{ref:.+}")] = kept
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("the description has no %s", strings.Join(missing, " "))
	}
	return paths, nil
}

// patch corrects what the description leaves out and GitHub's documentation
// shows: labels as a plain array.
func patch(id string, operation object) object {
	if id != "issues/add-labels" && id != "issues/set-labels" {
		return operation
	}
	media := operation["requestBody"].(object)["content"].(object)["application/json"].(object)
	media["schema"] = object{"anyOf": []any{
		media["schema"],
		object{"type": "array", "items": object{"type": "string"}},
	}}
	return operation
}

// clean copies a value without what validation does not need, and keeps every
// component that it refers to. names says that the keys of the value are names
// (of properties), not words of the description's own.
func (c *cutter) clean(value any, names bool) any {
	switch v := value.(type) {
	case object:
		out := object{}
		for key, inner := range v {
			if !names && (strings.HasPrefix(key, "x-") || slices.Contains([]string{"description", "summary", "example", "examples", "externalDocs", "tags", "deprecated", "title", "headers"}, key)) {
				continue
			}
			if key == "$ref" && !names {
				c.follow(inner.(string))
			}
			out[key] = c.clean(inner, !names && slices.Contains([]string{"properties", "responses"}, key))
		}
		if _, ok := v["content"]; ok && !names {
			out["description"] = "" // responses must have one
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, inner := range v {
			out[i] = c.clean(inner, false)
		}
		return out
	}
	return value
}

// follow keeps a component, once.
func (c *cutter) follow(ref string) {
	parts := strings.Split(strings.TrimPrefix(ref, "#/components/"), "/")
	kind, name := parts[0], parts[1]
	if c.kept[kind] == nil {
		c.kept[kind] = object{}
	}
	group := c.kept[kind].(object)
	if _, ok := group[name]; ok {
		return
	}
	group[name] = nil
	value, ok := c.whole[kind].(object)[name]
	if !ok {
		log.Fatalf("the description has no %s", ref)
	}
	group[name] = c.clean(value, false)
}
