package forge_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/docket-psirt/docket/internal/forge"
	"github.com/docket-psirt/docket/internal/forge/githubtest"
)

func TestMerge(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	ctx := context.Background()
	admin := h.forgeWith(t, forge.GitHubOptions{Auth: forge.GitHubAuth{Token: h.User("admin", githubtest.Admin)}})
	f := h.forge(t, forge.GitHubAuth{Token: h.User("ann", githubtest.Write)})
	s := &scene{hub: h, f: f, id: "INGP-2026-0042", branch: "case/INGP-2026-0042/next", head: h.Commit(t)}
	h.Point(t, s.branch, s.head)
	opened(t, s)
	merge := func(head string) (string, error) {
		return f.Merge(ctx, s.number, head, "Merge "+s.id, "Case: "+s.id+"\n")
	}
	if _, err := f.Merge(ctx, 99, s.head, "t", ""); !errors.Is(err, forge.ErrNotFound) {
		t.Errorf("what is not there: %v", err)
	}
	if _, err := merge(h.root); !errors.Is(err, forge.ErrChanged) {
		t.Errorf("another head: %v", err)
	}
	if _, err := admin.Admin("").SetRulesets(ctx, []forge.Ruleset{forge.MainRules("docket/check", 0)}); err != nil {
		t.Fatal(err)
	}
	if _, err := merge(s.head); !errors.Is(err, forge.ErrBlocked) || !strings.Contains(err.Error(), `"docket/check" is expected`) {
		t.Errorf("without the check: %v", err)
	}
	job := h.forge(t, h.actions(t))
	if err := job.Check(ctx, forge.Check{Head: s.head, Name: "docket/check", Conclusion: forge.Success}); err != nil {
		t.Fatal(err)
	}
	commit, err := merge(s.head)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := merge(s.head); again != commit || err != nil {
		t.Errorf("once more: %s (%v), want %s", again, err, commit)
	}
	if text := h.git(t, "log", "-1", "--format=%B", commit); text != "Merge "+s.id+"\n\nCase: "+s.id {
		t.Errorf("the message is %q", text)
	}
	if p, err := f.Get(ctx, s.number); err != nil || p.State != forge.StateMerged || p.MergedAs != commit {
		t.Errorf("it is %+v (%v)", p, err)
	}

	closed := &scene{hub: h, f: f, id: "INGP-2026-0043", branch: "case/INGP-2026-0043/next", head: h.Commit(t)}
	h.Point(t, closed.branch, closed.head)
	opened(t, closed)
	if err := f.Close(ctx, closed.number, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Merge(ctx, closed.number, closed.head, "t", ""); !errors.Is(err, forge.ErrClosed) {
		t.Errorf("a closed one: %v", err)
	}
}
