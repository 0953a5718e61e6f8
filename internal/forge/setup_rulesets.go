package forge

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
)

// Ruleset is a set of rules for branches. GitHub's rulesets cover branches and
// tags only: for other refs, such as refs/docket/*, it has no rules at all, and
// whoever may push may change them.
// https://docs.github.com/rest/repos/rules
type Ruleset struct {
	ID          int64         `json:"id,omitempty"`
	Name        string        `json:"name"`
	Target      string        `json:"target"`
	Enforcement string        `json:"enforcement"`
	Bypass      []BypassActor `json:"bypass_actors"` // nil in an answer: the token may not see them
	Conditions  struct {
		Refs RefCondition `json:"ref_name"`
	} `json:"conditions"`
	Rules []Rule `json:"rules"`
}

// BypassActor is who the rules do not bind.
type BypassActor struct {
	ID   int64  `json:"actor_id"`
	Type string `json:"actor_type"`  // Integration: a GitHub App
	Mode string `json:"bypass_mode"` // always
}

// RefCondition says which refs the rules are for, as patterns of full names.
type RefCondition struct {
	Include []string `json:"include"`
	Exclude []string `json:"exclude"`
}

// Rule is one rule; parameters depend on its type.
type Rule struct {
	Type       string         `json:"type"`
	Parameters map[string]any `json:"parameters,omitempty"`
}

// App is a GitHub App that the rules do not bind.
func App(id int64) BypassActor { return BypassActor{ID: id, Type: "Integration", Mode: "always"} }

func branchRules(name string, refs []string, bypass []BypassActor, rules ...Rule) Ruleset {
	r := Ruleset{Name: name, Target: "branch", Enforcement: "active", Bypass: bypass, Rules: rules}
	if r.Bypass == nil {
		r.Bypass = []BypassActor{}
	}
	r.Conditions.Refs = RefCondition{Include: refs, Exclude: []string{}}
	return r
}

// MainRules are the rules of main: it changes by pull requests that are merged
// with a merge commit and have the named check, and is neither deleted nor
// turned back. checkApp binds the check to the GitHub App that publishes it; 0
// takes it, or a commit status of that name, from anybody with write access. How
// many people must agree is the programmes' to say, and Docket's to hold.
func MainRules(check string, checkApp int64, bypass ...BypassActor) Ruleset {
	required := map[string]any{"context": check}
	if checkApp != 0 {
		required["integration_id"] = checkApp
	}
	return branchRules("docket: main", []string{"refs/heads/main"}, bypass,
		Rule{Type: "deletion"},
		Rule{Type: "non_fast_forward"},
		Rule{Type: "pull_request", Parameters: map[string]any{
			"allowed_merge_methods": []string{"merge"}, "required_approving_review_count": 0,
			"dismiss_stale_reviews_on_push": false, "require_code_owner_review": false,
			"require_last_push_approval": false, "required_review_thread_resolution": false}},
		Rule{Type: "required_status_checks", Parameters: map[string]any{
			"strict_required_status_checks_policy": false, "required_status_checks": []map[string]any{required}}})
}

// DeliveriesRules are the rules of the branch of receipts: nobody deletes it or
// turns it back. With the ID of the mailer's own App nobody but that makes or
// moves it either; with 0 whoever may push may add to it, as GITHUB_TOKEN does:
// GitHub does not take the App behind that as a bypass actor of a repository's
// ruleset. Receipts count by the mailer's signature in any case.
func DeliveriesRules(mailerApp int64) Ruleset {
	rules := []Rule{{Type: "deletion"}, {Type: "non_fast_forward"}}
	if mailerApp == 0 {
		return branchRules("docket: deliveries", []string{"refs/heads/deliveries"}, nil, rules...)
	}
	return branchRules("docket: deliveries", []string{"refs/heads/deliveries"}, []BypassActor{App(mailerApp)},
		append(rules, Rule{Type: "creation"}, Rule{Type: "update"})...)
}

// The roles of people that may push. GitHub has no names for them in rulesets.
// https://docs.github.com/rest/repos/rules, bypass_actors
const (
	roleMaintain = 2
	roleWrite    = 4
	roleAdmin    = 5
)

// ProposalRules are the rules of the branches of proposals: people with write
// access and the Apps make, move and delete them, and no workflow's GITHUB_TOKEN
// does. GitHub cannot say whose branch is whose.
func ProposalRules(apps ...BypassActor) Ruleset {
	bypass := slices.Clone(apps)
	for _, role := range []int64{roleMaintain, roleWrite, roleAdmin} {
		bypass = append(bypass, BypassActor{ID: role, Type: "RepositoryRole", Mode: "always"})
	}
	return branchRules("docket: proposals", []string{"refs/heads/case/**/*", "refs/heads/program/**/*"}, bypass,
		Rule{Type: "creation"}, Rule{Type: "update"}, Rule{Type: "deletion"})
}

// Rulesets reads the rulesets of the repository itself, without those of its
// organisation.
func (a *Admin) Rulesets(ctx context.Context) ([]Ruleset, error) {
	var heads []Ruleset // the list has neither rules nor bypass actors
	err := eachPage(ctx, a, "/rulesets?includes_parents=false", func(page *[]Ruleset) { heads = append(heads, *page...) })
	var out []Ruleset
	for _, h := range heads {
		if err != nil {
			break
		}
		var r Ruleset
		_, err = a.send(ctx, http.MethodGet, fmt.Sprintf("/rulesets/%d?includes_parents=false", h.ID), nil, &r)
		out = append(out, r)
	}
	return out, err
}

// Differs names in what a ruleset that is there is not as wanted; empty: in
// nothing. Parameters that GitHub adds of its own do not count.
func (r Ruleset) Differs(want Ruleset) []string {
	var out []string
	if r.Target != want.Target || r.Enforcement != want.Enforcement {
		out = append(out, "enforcement")
	}
	if !sameSet(r.Conditions.Refs.Include, want.Conditions.Refs.Include) || !sameSet(r.Conditions.Refs.Exclude, want.Conditions.Refs.Exclude) {
		out = append(out, "branches")
	}
	if r.Bypass != nil && !sameSet(r.Bypass, want.Bypass) {
		out = append(out, "who may bypass it")
	}
	for _, w := range want.Rules {
		i := slices.IndexFunc(r.Rules, func(h Rule) bool { return h.Type == w.Type })
		if i < 0 || !includes(plain(r.Rules[i].Parameters), plain(w.Parameters)) {
			out = append(out, "rule "+w.Type)
		}
	}
	for _, h := range r.Rules {
		if !slices.ContainsFunc(want.Rules, func(w Rule) bool { return h.Type == w.Type }) {
			out = append(out, "further rule "+h.Type)
		}
	}
	return out
}

func sameSet[T comparable](a, b []T) bool {
	in := func(list, of []T) bool {
		return !slices.ContainsFunc(list, func(v T) bool { return !slices.Contains(of, v) })
	}
	return in(a, b) && in(b, a)
}

// plain is a value as JSON has it, so that two can be compared.
func plain(v any) any {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	var out any
	if json.Unmarshal(raw, &out) != nil {
		return nil
	}
	return out
}

// includes: have is want, where objects may have more keys.
func includes(have, want any) bool {
	switch w := want.(type) {
	case map[string]any:
		h, ok := have.(map[string]any)
		for k := range w {
			ok = ok && includes(h[k], w[k])
		}
		return ok
	case []any:
		h, ok := have.([]any)
		ok = ok && len(h) == len(w)
		for i := range w {
			ok = ok && includes(h[i], w[i])
		}
		return ok
	}
	return want == nil || reflect.DeepEqual(have, want)
}

// SetRulesets creates and corrects rulesets by name. Rulesets of others stay as
// they are.
func (a *Admin) SetRulesets(ctx context.Context, want []Ruleset) ([]string, error) {
	return agree(ctx, func() (changed []string, err error) {
		have, err := a.Rulesets(ctx)
		if err != nil {
			return nil, err
		}
		for _, w := range want {
			method, path := http.MethodPost, "/rulesets"
			if i := slices.IndexFunc(have, func(h Ruleset) bool { return strings.EqualFold(h.Name, w.Name) }); i >= 0 {
				if len(have[i].Differs(w)) == 0 {
					continue
				}
				method, path = http.MethodPut, fmt.Sprintf("/rulesets/%d", have[i].ID)
			}
			if _, err := a.send(ctx, method, path, w, nil); err != nil {
				return changed, err
			}
			changed = append(changed, "ruleset "+w.Name)
		}
		return changed, nil
	})
}

// CheckApp is the ID of the App that the ruleset takes a check from; 0: any.
func (r Ruleset) CheckApp(check string) int64 {
	for _, rule := range r.Rules {
		list, _ := plain(rule.Parameters["required_status_checks"]).([]any)
		for _, v := range list {
			if one, _ := v.(map[string]any); one["context"] == check {
				id, _ := one["integration_id"].(float64)
				return int64(id)
			}
		}
	}
	return 0
}
