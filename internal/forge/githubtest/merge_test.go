package githubtest

import (
	"fmt"
	"strings"
	"testing"
)

// TestMergeRules: a pull request is merged when the check of its head and its
// reviews are what the ruleset asks for.
func TestMergeRules(t *testing.T) {
	t.Parallel()
	s, ann, c := scene(t)
	root := client{t, s, s.User("root", Admin)}
	s.User("bob", Write)
	s.User("rod", Read)
	ruleFor(root, "main", "~DEFAULT_BRANCH", []object{}, pullRequests(1), checked("docket/check"))
	n, head := propose(ann, c, "case/A-1/next")
	merge := func(who client) (int, string) {
		status, out := who.do("PUT", who.repo("/pulls/%d/merge", n), object{"merge_method": "merge"})
		return status, fmt.Sprint(out.(object)["message"])
	}
	expect := func(what string, want ...string) {
		t.Helper()
		status, text := merge(ann)
		for _, w := range want {
			if status != 405 || !strings.Contains(text, w) {
				t.Errorf("%s: %d %s, want %s", what, status, text, w)
			}
		}
	}
	const missing, review = `Required status check "docket/check" is expected.`, "At least 1 approving review is required"
	expect("with nothing", missing, review)
	if got := s.ClickMerge("ann", n); !strings.Contains(got, missing) {
		t.Errorf("the button: %s", got)
	}
	id, key, number := s.App("other")
	other := installation(t, s, id, key, number)
	body := object{"name": "docket/check", "head_sha": head, "conclusion": "success"}
	other.must(201, "POST", other.repo("/check-runs"), body)
	expect("with the check of another App", missing)
	actions := client{t, s, s.ActionsToken(map[string]string{"checks": "write"})}
	actions.must(201, "POST", actions.repo("/check-runs"), body)
	expect("without a review", review)
	s.ClickReview("rod", n, "approve")
	expect("with a reader's review", review)
	s.ClickReview("bob", n, "reject")
	expect("with a review that rejects", "Changes have been requested.")
	s.ClickReview("bob", n, "approve")
	if status, text := merge(client{t, s, s.User("rod", Read)}); status != 403 {
		t.Errorf("a reader merges: %d %s", status, text)
	}
	c.git("checkout", "-q", "case/A-1/next")
	c.commit("more", "more")
	c.git("push", "-q", "origin", "case/A-1/next")
	expect("with a new head", missing, review)
	c.git("push", "-q", "-f", "origin", head+":case/A-1/next")
	if status, text := merge(ann); status != 200 {
		t.Errorf("with all it needs: %d %s", status, text)
	}
	expect("twice", "not mergeable")
}

func TestMergeSettings(t *testing.T) {
	t.Parallel()
	s, ann, c := scene(t)
	root := client{t, s, s.User("root", Admin)}
	one, _ := propose(ann, c, "one")
	two, _ := propose(ann, c, "two")
	root.must(200, "PATCH", root.repo(""), object{"allow_squash_merge": false, "allow_rebase_merge": false, "delete_branch_on_merge": true})
	root.must(422, "PATCH", root.repo(""), object{"allow_merge_commit": false})
	if status, out := ann.do("PUT", ann.repo("/pulls/%d/merge", one), object{"merge_method": "squash"}); status != 405 || !strings.Contains(fmt.Sprint(out), "Squash merges are not allowed") {
		t.Errorf("a squash: %d %v", status, out)
	}
	ann.must(200, "PUT", ann.repo("/pulls/%d/merge", one), nil)
	if s.tip("one") != "" || s.tip("two") == "" {
		t.Error("the branch of the merged pull request is still there, or another is gone")
	}
	c.git("checkout", "-q", "two")
	c.commit("one.txt", "something else\n")
	c.git("push", "-q", "origin", "two")
	if pull := ann.must(200, "GET", ann.repo("/pulls/%d", two), nil); pull["mergeable"] != false || pull["mergeable_state"] != "dirty" {
		t.Errorf("a conflict: %v %v", pull["mergeable"], pull["mergeable_state"])
	}
	ann.must(405, "PUT", ann.repo("/pulls/%d/merge", two), nil)
	root.must(403, "POST", root.repo("/check-runs"), object{"name": "x", "head_sha": s.tip("two"), "conclusion": "success"})
	ann.must(404, "GET", ann.repo("/pulls/%d/merge", two), nil)
	ann.must(204, "GET", ann.repo("/pulls/%d/merge", one), nil)
}

func TestReviews(t *testing.T) {
	t.Parallel()
	s, ann, c := scene(t)
	bob := client{t, s, s.User("bob", Write)}
	n, head := propose(ann, c, "one")
	if status, out := ann.do("POST", ann.repo("/pulls/%d/reviews", n), object{"event": "APPROVE"}); status != 422 || !strings.Contains(fmt.Sprint(out), "approve your own pull request") {
		t.Errorf("one's own: %d %v", status, out)
	}
	bob.must(422, "POST", bob.repo("/pulls/%d/reviews", n), object{"event": "APPROVE", "commit_id": strings.Repeat("1", 40)})
	r := bob.must(200, "POST", bob.repo("/pulls/%d/reviews", n), object{"event": "APPROVE", "commit_id": head})
	bob.must(200, "POST", bob.repo("/pulls/%d/reviews", n), object{"event": "COMMENT", "body": "hm"})
	bob.must(200, "PUT", bob.repo("/pulls/%d/reviews/%v/dismissals", n, r["id"]), object{"message": "no"})
	_, out := ann.do("GET", ann.repo("/pulls/%d/reviews", n), nil)
	var states []any
	for _, one := range out.([]any) {
		states = append(states, one.(object)["state"], one.(object)["commit_id"] == head)
	}
	if got := fmt.Sprint(states); got != "[DISMISSED true COMMENTED true]" {
		t.Errorf("the reviews are %s", got)
	}
	if name, payload := s.Event(-1); name != "pull_request_review" || !strings.Contains(string(payload), `"dismissed"`) {
		t.Errorf("the newest event is %s", name)
	}
	s.ClickReview("bob", n, "approve")
	s.ClickDismiss("ann", n, "bob")
	_, out = ann.do("GET", ann.repo("/pulls/%d/files", n), nil)
	if got := out.([]any)[0].(object)["filename"]; got != "one.txt" {
		t.Errorf("the files are %v", out)
	}
	remark := ann.must(201, "POST", ann.repo("/pulls/%d/comments", n), object{"body": "b", "commit_id": head, "path": "one.txt", "line": 1})
	ann.must(200, "PATCH", ann.repo("/pulls/comments/%v", remark["id"]), object{"body": "c"})
	ann.do("GET", ann.repo("/pulls/%d/comments", n), nil)
}
