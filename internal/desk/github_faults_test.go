package desk_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/forge"
	"github.com/docket-psirt/docket/internal/forge/githubtest"
	"github.com/docket-psirt/docket/internal/psirt"
)

// again repeats a step as rounds do, until it does not fail. What the policy
// refuses is not repeated.
func (h *hub) again(what string, step func() error) {
	h.t.Helper()
	defer h.gh.Heal()
	var err error
	for range 4 {
		if err = step(); err == nil {
			return
		}
		if errors.As(err, new(*desk.Refused)) {
			break
		}
	}
	h.t.Fatalf("%s: it fails again and again: %v", what, err)
}

// mailNo is the nth of many different mails in clear.
func mailNo(n int) string {
	return strings.Replace(clearMail, "<first@", fmt.Sprintf("<mail-%d@", n), 1) + fmt.Sprintf("number %d\n", n)
}

// only is the one tracking issue of a case, and its pull requests.
func (h *hub) only(id psirt.CaseID) (issue githubtest.Issue, pulls []githubtest.Issue) {
	h.t.Helper()
	for _, i := range h.gh.Issues() {
		switch {
		case i.Pull != nil && i.Pull.Branch == "case/"+string(id)+"/next":
			pulls = append(pulls, i)
		case i.Pull == nil && strings.Contains(i.Body, "case="+string(id)+" "):
			if issue.Number > 0 {
				h.t.Errorf("%s has two tracking issues", id)
			}
			issue = i
		}
	}
	return issue, pulls
}

// writesOfAMove are the requests by which an intake and a move change something,
// and some that read, as the fake names them.
var writesOfAMove = []string{"issues/create", "pulls/create", "checks/create", "issues/remove-label", "issues/create-comment", "issues/update",
	"pulls/get", "issues/get", "pulls/list-reviews", "git/refs", "git/upload-pack", "git/receive-pack", "apps/create-installation-access-token"}

// TestFaultsInAMove: an intake, a label that is refused, a move and its merge,
// where in each step the first request of every kind fails in one of the ways
// that GitHub knows: after it was applied, before, by a broken connection, for
// a token that has ended; and where one of the pushes fails after it was
// applied. Each step is repeated as rounds do. In the end there is one case, one
// pull request, one merge, one tracking issue, and nothing was said twice.
func TestFaultsInAMove(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	var ids []psirt.CaseID
	for _, fault := range []githubtest.Fault{githubtest.Status500AfterApply, githubtest.Status502Before, githubtest.DropConnection, githubtest.ExpireTokens} {
		ids = append(ids, h.troubled(len(ids)+1, func() {
			for _, operation := range writesOfAMove {
				h.gh.Fail(operation, fault)
			}
		}))
	}
	for n := 1; n <= 3; n++ { // the first push is done already
		ids = append(ids, h.troubled(len(ids)+1, func() {
			h.gh.Fail("git/receive-pack", append(make([]githubtest.Fault, n), githubtest.Status500AfterApply)...)
		}))
	}
	bot := h.bot()
	if tended, err := bot.Tend(t.Context()); err != nil || len(tended.Asked)+len(tended.Checked)+len(tended.Merged)+len(tended.Shown) != 0 {
		t.Errorf("something was left over: %+v %v", tended, err)
	}
	for _, id := range ids {
		issue, pulls := h.only(id)
		if len(pulls) != 2 || !pulls[0].Pull.Merged || !pulls[1].Pull.Merged {
			t.Errorf("%s has the pull requests %+v", id, pulls)
		}
		if len(issue.Comments) != 1 || strings.Join(issue.Labels, " ") != "program/ingroupe state/needs-info" {
			t.Errorf("%s has the labels %v and %d comments", id, issue.Labels, len(issue.Comments))
		}
	}
	m := h.mallory()
	m.run("fetch", "-q", m.remote(), "main")
	if list := m.run("ls-tree", "-r", "--name-only", "FETCH_HEAD", "cases/ingroupe/"); strings.Count(list, "/mail-1.yaml") != len(ids) {
		t.Errorf("main has other cases than %d:\n%s", len(ids), list)
	}
	h.sound(bot)
}

// troubled takes a case from a mail to a move, each step by a process of its
// own that has trouble.
func (h *hub) troubled(n int, trouble func()) psirt.CaseID {
	h.t.Helper()
	var id psirt.CaseID
	var number int
	clone := h.clone(fmt.Sprint("troubled-", n))
	step := func(what string, do func(bot *desk.Desk) error) {
		h.t.Helper()
		bot, err := desk.Open(clone, desk.Options{Keys: h.keys, Forge: h.app})
		if err != nil {
			h.t.Fatal(err)
		}
		defer bot.Close()
		trouble()
		h.again(fmt.Sprintf("case %d, %s", n, what), func() error { return do(bot) })
	}
	step("intake", func(bot *desk.Desk) error {
		taken, err := bot.Intake(h.t.Context(), &letters{[][]byte{[]byte(strings.ReplaceAll(mailNo(n), "\n", "\r\n"))}}, nil)
		if err != nil {
			return err
		}
		id = taken[0].ID
		return taken[0].Err
	})
	step("round", func(bot *desk.Desk) error { _, err := bot.Tend(h.t.Context()); return err })
	issue, _ := h.only(id)
	if issue.Number == 0 {
		h.t.Fatalf("%s has no tracking issue", id)
	}
	ask := func(bot *desk.Desk, e forge.Event) error {
		bot.Observe(e)
		p, err := bot.LabelAsked(h.t.Context(), id, e.Label, e.Actor, psirt.Digest(e.Seen), e.At)
		if p != nil {
			number = p.Number
		}
		return err
	}
	h.gh.ClickLabel("mallory", issue.Number, "close/spam")
	e := h.event("issues", "labeled")
	step("a stranger's label", func(bot *desk.Desk) error {
		if err := ask(bot, e); !errors.As(err, new(*desk.Refused)) {
			return err
		}
		return nil
	})
	h.gh.ClickLabel("lead", issue.Number, "move/needs-info")
	e = h.event("issues", "labeled")
	step("a label", func(bot *desk.Desk) error { return ask(bot, e) })
	step("the check", func(bot *desk.Desk) error { _, err := bot.PublishCheck(h.t.Context(), number); return err })
	h.gh.ClickReview("triage", number, forge.Approve)
	step("the review", func(bot *desk.Desk) error { _, err := bot.Attest(h.t.Context(), number); return err })
	step("a round", func(bot *desk.Desk) error { _, err := bot.Tend(h.t.Context()); return err })
	return id
}

// TestLimitsInAnIntake: where GitHub takes no more requests, a mail stays where
// it is, and becomes one case later; once the case is on main, the mail is on
// record, whatever GitHub says then.
func TestLimitsInAnIntake(t *testing.T) {
	t.Parallel()
	h := newHub(t)
	h.intake(h.bot(), mailNo(1))
	for n, c := range []struct {
		operation string
		fault     githubtest.Fault
		taken     bool
	}{
		{"pulls/create", githubtest.PrimaryLimit(time.Hour), false},
		{"checks/create", githubtest.PrimaryLimit(time.Hour), false},
		{"issues/create", githubtest.PrimaryLimit(time.Hour), false},
		{"pulls/create", githubtest.SecondaryLimit(time.Second), true},
	} {
		text := [][]byte{[]byte(strings.ReplaceAll(mailNo(n+2), "\n", "\r\n"))}
		h.gh.Fail(c.operation, c.fault)
		taken, err := h.bot().Intake(t.Context(), &letters{text}, nil)
		var limited *forge.LimitedError
		if err != nil || (taken[0].Err == nil) != c.taken || !c.taken && !errors.As(taken[0].Err, &limited) {
			t.Errorf("%s: %+v %v", c.operation, taken, err)
		}
		taken, err = h.bot().Intake(t.Context(), &letters{text}, nil)
		if err != nil || taken[0].Err != nil || taken[0].ID == "" {
			t.Errorf("%s, once more: %+v %v", c.operation, taken, err)
		}
	}
	// Nothing is left over, and no number was lost.
	bot := h.bot()
	if _, err := bot.Tend(t.Context()); err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 5; n++ {
		id := psirt.CaseID(fmt.Sprintf("INGP-%d-%04d", time.Now().UTC().Year(), n))
		issue, pulls := h.only(id)
		if issue.Number == 0 || len(pulls) != 1 || !pulls[0].Pull.Merged {
			t.Errorf("%s: tracking issue %d, pull requests %+v", id, issue.Number, pulls)
		}
	}
	h.sound(bot)
}
