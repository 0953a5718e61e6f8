package desk_test

import (
	"os/exec"
	"testing"

	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/forge"
	"github.com/docket-psirt/docket/internal/peer"
	"github.com/docket-psirt/docket/internal/psirt"
)

// TestMergedAMomentAgo: who brings a branch to main moves main first, and the
// branch goes after that. Another process that comes between the two, such as
// the bot beside the intake host, finds its work done: that is no refusal, and
// no pull request is opened for what is merged.
func TestMergedAMomentAgo(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	id := c.take(clearMail)[0].ID
	d := c.as("")
	pulls := func() int {
		t.Helper()
		all, err := d.Pulls(t.Context(), true)
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	before := pulls()
	git, branch := peer.Need(t, "git"), "refs/heads/case/"+string(id)+"/next"
	if out, err := exec.Command(git, "-C", c.dir, "update-ref", branch, "main^2").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if merged, err := desk.MergeBranch(d, id); err != nil || merged {
		t.Errorf("what is merged: %v, merged once more: %v", err, merged)
	}
	if err := desk.ShowBranch(d, id); err != nil || pulls() != before {
		t.Errorf("what is merged is shown: %v, with %d pull requests, want %d", err, pulls(), before)
	}
}

// TestFollowedAMomentAgo: of two daemons that get the same label, one may follow
// it, and see its proposal merged, while the other one has just read the case.
// That one is done too: nobody is told that the label was not followed.
func TestFollowedAMomentAgo(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	one, other := h.bot(), h.bot()
	id := h.intake(other, clearMail)
	issue, _ := h.only(id)
	if _, err := one.Tend(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.gh.ClickLabel("lead", issue.Number, "move/needs-info")
	e := h.event("issues", "labeled")
	done, err := desk.FollowLabel(one, id, e.Label, e.Actor, psirt.Digest(e.Seen), e.At, func() {
		other.Observe(e)
		p, err := other.LabelAsked(t.Context(), id, e.Label, e.Actor, psirt.Digest(e.Seen), e.At)
		if err != nil {
			t.Fatal(err)
		}
		h.gh.ClickReview("triage", p.Number, forge.Approve)
		if p, err = other.Attest(t.Context(), p.Number); err != nil || !p.Merged {
			t.Fatal(p, err)
		}
	})
	if err != nil || !done.Merged || done.State != "needs-info" {
		t.Errorf("the second is told: %+v %v", done, err)
	}
}
