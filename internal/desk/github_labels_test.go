package desk_test

import (
	"strings"
	"testing"

	"github.com/docket-psirt/docket/internal/forge"
)

// TestGitHubReopen: a label closes a case and its issue; another one, on the
// closed issue, opens both again.
func TestGitHubReopen(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	bot := h.bot()
	id := h.intake(bot, clearMail)
	issue, _ := h.only(id)
	for _, c := range []struct {
		label, state string
		closed       bool
	}{{"close/spam", "closed", true}, {"move/evaluating", "evaluating", false}, {"move/needs-info", "needs-info", false}} {
		p, err := h.click(bot, "lead", issue.Number, c.label)
		if err != nil {
			t.Fatalf("%s: %v", c.label, err)
		}
		h.gh.ClickReview("triage", p.Number, forge.Approve)
		if p, err = bot.Attest(t.Context(), p.Number); err != nil || !p.Merged {
			t.Fatalf("%s: %+v %v", c.label, p, err)
		}
		got := h.gh.Issue(issue.Number)
		if labels := strings.Join(got.Labels, " "); got.Closed != c.closed || labels != "program/ingroupe state/"+c.state {
			t.Errorf("after %s the issue has the labels %s, closed: %v", c.label, labels, got.Closed)
		}
		if outcome := strings.Contains(got.Body, "| Outcome | `spam` |"); outcome != c.closed {
			t.Errorf("after %s the issue says\n%s", c.label, got.Body)
		}
	}
	h.sound(bot)
}
