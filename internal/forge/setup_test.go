package forge_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/docket-psirt/docket/internal/forge"
	"github.com/docket-psirt/docket/internal/forge/githubtest"
)

// on is the forge of the fake as somebody with a role.
func on(t *testing.T, s *githubtest.Server, token string) *forge.GitHub {
	t.Helper()
	g, err := forge.NewGitHub(forge.GitHubOptions{API: s.API(), Repo: "acme/cases", Auth: forge.GitHubAuth{Token: token}})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// setUp does all that setting up does.
func setUp(ctx context.Context, a *forge.Admin, app int64, labels []forge.Label) ([]string, error) {
	var all []string
	for _, step := range []func() ([]string, error){
		func() ([]string, error) { return a.SetSettings(ctx) },
		func() ([]string, error) { return a.SetDefaultBranch(ctx, "main") },
		func() ([]string, error) { return a.SetWorkflowPermissions(ctx) },
		func() ([]string, error) { return a.SetLabels(ctx, labels) },
		func() ([]string, error) {
			return a.SetRulesets(ctx, []forge.Ruleset{forge.MainRules("docket/check", 15368, forge.App(app)), forge.ProposalRules(forge.App(app)), forge.DeliveriesRules(0)})
		},
		func() ([]string, error) { return a.SetEnvironment(ctx, "bot", "main") },
		func() ([]string, error) { return a.SetVariable(ctx, "DOCKET_APP_ID", "7") },
		func() ([]string, error) { return a.SetPrivateReporting(ctx) },
	} {
		changed, err := step()
		all = append(all, changed...)
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

// manyLabels are more than a page of them.
func manyLabels() []forge.Label {
	var out []forge.Label
	for i := range 120 {
		out = append(out, forge.Label{Name: "state/s" + strings.Repeat("x", i%9) + string(rune('a'+i/9)), Color: "0e8a16", Description: "The case is there"})
	}
	return out
}

// TestSetUpOnce: the second run sends nothing that writes, and finds all as it
// should be, whatever page it is on.
func TestSetUpOnce(t *testing.T) {
	t.Parallel()
	s := githubtest.New(t, githubtest.Options{})
	app, _, _ := s.App("docket")
	a := on(t, s, s.User("ada", githubtest.Admin)).Admin("")
	ctx := t.Context()
	if _, err := setUp(ctx, a, app, manyLabels()); err != nil {
		t.Fatal(err)
	}
	before := a.Writes()
	if changed, err := setUp(ctx, a, app, manyLabels()); err != nil || len(changed) != 0 || a.Writes() != before {
		t.Errorf("the second run changed %v with %d writes (%v)", changed, a.Writes()-before, err)
	}
	if env, err := a.Environment(ctx, "bot"); err != nil || !env.Bound("main") {
		t.Errorf("environment %+v, %v", env, err)
	}
}

// TestSetUpAgain: what somebody has changed is put right, and what is theirs
// stays.
func TestSetUpAgain(t *testing.T) {
	t.Parallel()
	s := githubtest.New(t, githubtest.Options{})
	app, _, _ := s.App("docket")
	a := on(t, s, s.User("ada", githubtest.Admin)).Admin("")
	ctx := t.Context()
	labels := []forge.Label{{Name: "move/evaluating", Color: "1d76db", Description: "Asks"}}
	if _, err := setUp(ctx, a, app, labels); err != nil {
		t.Fatal(err)
	}
	theirs := forge.Label{Name: "theirs", Color: "ff00ff", Description: "mine"}
	weaker := forge.MainRules("docket/check", 0)
	weaker.Enforcement, weaker.Rules = "disabled", weaker.Rules[1:]
	if _, err := a.SetLabels(ctx, []forge.Label{theirs, {Name: "move/evaluating", Color: "000000"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.SetRulesets(ctx, []forge.Ruleset{weaker}); err != nil {
		t.Fatal(err)
	}
	changed, err := setUp(ctx, a, app, labels)
	if want := []string{"label move/evaluating", "ruleset docket: main"}; err != nil || !slices.Equal(changed, want) {
		t.Errorf("changed %v, want %v (%v)", changed, want, err)
	}
	have, err := a.Labels(ctx)
	if err != nil || !slices.Contains(have, theirs) {
		t.Errorf("labels %v, %v", have, err)
	}
}

// TestSetUpThroughFaults: an answer that got lost does not make anything twice.
func TestSetUpThroughFaults(t *testing.T) {
	t.Parallel()
	s := githubtest.New(t, githubtest.Options{})
	a := on(t, s, s.User("ada", githubtest.Admin)).Admin("")
	for _, op := range []string{"issues/create-label", "repos/create-repo-ruleset", "repos/create-or-update-environment", "actions/create-repo-variable"} {
		s.Fail(op, githubtest.Status500AfterApply)
	}
	if _, err := setUp(t.Context(), a, 0, manyLabels()[:2]); err == nil {
		t.Error("an App that is not there was taken as a bypass actor")
	}
	s2 := githubtest.New(t, githubtest.Options{})
	app, _, _ := s2.App("docket")
	a = on(t, s2, s2.User("ada", githubtest.Admin)).Admin("")
	for _, op := range []string{"issues/create-label", "repos/create-repo-ruleset", "repos/create-or-update-environment", "actions/create-repo-variable"} {
		s2.Fail(op, githubtest.Status500AfterApply)
	}
	if _, err := setUp(t.Context(), a, app, manyLabels()[:2]); err != nil {
		t.Fatal(err)
	}
	rules, err := a.Rulesets(t.Context())
	if err != nil || len(rules) != 3 {
		t.Errorf("%d rulesets (%v)", len(rules), err)
	}
}

// TestNoAdmin: who may not administer is told so, by a kind of error.
func TestNoAdmin(t *testing.T) {
	t.Parallel()
	s := githubtest.New(t, githubtest.Options{})
	a := on(t, s, s.User("ben", githubtest.Write)).Admin("")
	if _, err := a.SetEnvironment(t.Context(), "bot", "main"); !errors.Is(err, forge.ErrDenied) && !errors.Is(err, forge.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if p, err := a.Permission(t.Context(), "nobody"); p != "none" || err != nil {
		t.Errorf("nobody may %q (%v)", p, err)
	}
}

// TestRulesHold: with the rules of setting up, git takes from each just what is
// theirs.
func TestRulesHold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		have forge.Ruleset
		want []string
	}{
		{forge.MainRules("docket/check", 0, forge.App(7)), nil},
		{forge.MainRules("docket/check", 0), []string{"who may bypass it"}},
		{forge.MainRules("other", 0, forge.App(7)), []string{"rule required_status_checks"}},
		{forge.DeliveriesRules(0), []string{"branches", "who may bypass it", "rule pull_request", "rule required_status_checks"}},
	} {
		if got := c.have.Differs(forge.MainRules("docket/check", 0, forge.App(7))); !slices.Equal(got, c.want) {
			t.Errorf("%s differs in %v, want %v", c.have.Name, got, c.want)
		}
	}
}

// TestAdvisoriesInTriage: all pages of those in triage, and each whole.
func TestAdvisoriesInTriage(t *testing.T) {
	t.Parallel()
	s := githubtest.New(t, githubtest.Options{})
	s.User("finder", githubtest.Read)
	var want []string
	for range 105 {
		want = append(want, s.ReportAdvisory("finder", "Overflow in the parser", "Send it a long line."))
	}
	g := on(t, s, s.User("ada", githubtest.Admin))
	list, err := g.Admin("").Advisories(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range list {
		got = append(got, a.GHSA)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d advisories, want %d, the oldest first", len(got), len(want))
	}
	one, err := g.Admin("").Advisory(t.Context(), want[3])
	if err != nil || one.Author.Login != "finder" || !strings.Contains(string(one.Raw), want[3]) {
		t.Errorf("%+v, %v", one, err)
	}
	if _, err := g.Admin("").Advisory(t.Context(), "../../user"); err == nil {
		t.Error("a path was taken for an ID")
	}
}
