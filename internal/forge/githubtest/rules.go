package githubtest

import (
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
)

// ruleset is one ruleset, as it was sent.
type ruleset struct {
	id          int64
	name        string
	target      string
	enforcement string
	bypass      []bypass
	include     []string
	exclude     []string
	rules       []rule
	at, updated time.Time
}

type bypass struct {
	ID   *int64 `json:"actor_id"`
	Type string `json:"actor_type"`
	Mode string `json:"bypass_mode"`
}

type rule struct {
	Type       string `json:"type"`
	Parameters object `json:"parameters,omitempty"`
}

// enforced are the rules that the server knows how to hold.
var enforced = []string{"creation", "update", "deletion", "non_fast_forward", "pull_request", "required_status_checks", "required_linear_history"}

// actionsApp is the App that GITHUB_TOKEN belongs to: the id of GitHub Actions.
const actionsApp = 15368

// roles that a ruleset can let pass, by GitHub's ids of them.
var roles = map[int64]Role{5: Admin, 4: Write, 2: Admin}

// passes says whether the actor may pass by a ruleset: for a push, or through a
// pull request.
func (r *ruleset) passes(who *actor, push bool) bool {
	return slices.ContainsFunc(r.bypass, func(b bypass) bool {
		if push && b.Mode == "pull_request" || b.ID == nil {
			return false
		}
		switch b.Type {
		case "Integration":
			return who.app != nil && who.app.id == *b.ID || who.actions && *b.ID == actionsApp
		case "RepositoryRole":
			role, ok := roles[*b.ID]
			return ok && who.perms == nil && who.account.role.rank() >= role.rank()
		case "User":
			return who.account.id == *b.ID
		}
		return false
	})
}

// covers says whether a ruleset is about a ref, where branch is the default one.
func (r *ruleset) covers(ref, branch string) bool {
	is := func(p string) bool {
		return p == "~ALL" || p == "~DEFAULT_BRANCH" && ref == "refs/heads/"+branch || fnmatch(p, ref)
	}
	prefix := map[string]string{"branch": "refs/heads/", "tag": "refs/tags/"}[r.target]
	return r.enforcement == "active" && prefix != "" && strings.HasPrefix(ref, prefix) &&
		slices.ContainsFunc(r.include, is) && !slices.ContainsFunc(r.exclude, is)
}

// fnmatch is Ruby's File.fnmatch with FNM_PATHNAME, which GitHub's pages name
// as the syntax of rulesets: * and ** stop at a slash, and only **/ crosses it,
// so case/** is one level, and case/**/* all of them.
func fnmatch(pattern, name string) bool {
	if rest, ok := strings.CutPrefix(pattern, "**/"); ok {
		for {
			if fnmatch(rest, name) {
				return true
			}
			_, after, found := strings.Cut(name, "/")
			if !found {
				return false
			}
			name = after
		}
	}
	first, rest, more := strings.Cut(pattern, "/")
	part, after, deeper := strings.Cut(name, "/")
	if ok, err := path.Match(strings.ReplaceAll(first, "**", "*"), part); !ok || err != nil {
		return false
	}
	if !more || !deeper {
		return more == deeper
	}
	return fnmatch(rest, after)
}

// rulesFor calls f with every rule about a ref that the actor may not pass by.
func (s *Server) rulesFor(who *actor, ref string, push bool, f func(rule)) {
	branch, _ := s.state.settings["default_branch"].(string)
	for _, r := range s.state.rulesets {
		if !r.covers(ref, branch) || r.passes(who, push) {
			continue
		}
		for _, one := range r.rules {
			f(one)
		}
	}
}

// violation is a line for the hook.
type violation struct{ kind, message string }

// pushRules says what a push breaks, as far as it can be told before git took
// the commits in.
func (s *Server) pushRules(who *actor, c command) []violation {
	var out []violation
	deny := func(format string, args ...any) { out = append(out, violation{"deny", fmt.Sprintf(format, args...)}) }
	s.rulesFor(who, c.ref, true, func(r rule) {
		switch {
		case r.Type == "creation" && c.creates():
			deny("Cannot create ref due to creations being restricted.")
		case r.Type == "update" && !c.creates() && !c.deletes():
			deny("Cannot update this protected ref.")
		case r.Type == "deletion" && c.deletes():
			deny("Cannot delete this branch")
		case c.creates() || c.deletes():
		case r.Type == "non_fast_forward":
			out = append(out, violation{"forced", "Cannot force-push to this branch"})
		case r.Type == "pull_request":
			deny("Changes must be made through a pull request.")
		case r.Type == "required_status_checks":
			for _, name := range s.missing(r, c.new) {
				deny("Required status check %q is expected.", name)
			}
		}
	})
	return out
}

// mergeRules says what a merge through a pull request breaks.
func (s *Server) mergeRules(who *actor, i *issue, method string) []string {
	var out []string
	s.rulesFor(who, "refs/heads/"+i.pull.base, false, func(r rule) {
		switch r.Type {
		case "update":
			out = append(out, "Cannot update this protected ref.")
		case "required_linear_history":
			if method == "merge" {
				out = append(out, "This branch must not contain merge commits.")
			}
		case "required_status_checks":
			for _, name := range s.missing(r, i.pull.headSHA) {
				out = append(out, fmt.Sprintf("Required status check %q is expected.", name))
			}
			if r.Parameters["strict_required_status_checks_policy"] == true && !s.ancestor(s.tip(i.pull.base), i.pull.headSHA) {
				out = append(out, "Head branch is not up to date with the base branch.")
			}
		case "pull_request":
			out = append(out, s.reviewRules(r, i, method)...)
		}
	})
	return out
}

// reviewRules holds the rule pull_request against one.
func (s *Server) reviewRules(r rule, i *issue, method string) []string {
	var out []string
	if allowed, ok := r.Parameters["allowed_merge_methods"].([]any); ok && !slices.Contains(allowed, any(method)) {
		out = append(out, "This branch does not allow the merge method "+method+".")
	}
	want, _ := r.Parameters["required_approving_review_count"].(float64)
	stale := r.Parameters["dismiss_stale_reviews_on_push"] == true
	last := map[*account]string{}
	for _, v := range i.pull.reviews {
		if v.state != "COMMENTED" && v.author.role.rank() >= Write.rank() && (!stale || v.commit == i.pull.headSHA) {
			last[v.author] = v.state
		}
	}
	have := 0
	for _, state := range last {
		switch state {
		case "APPROVED":
			have++
		case "CHANGES_REQUESTED":
			out = append(out, "Changes have been requested.")
		}
	}
	if have < int(want) {
		out = append(out, fmt.Sprintf("At least %d approving review is required by reviewers with write access.", int(want)))
	}
	return out
}

// missing lists the required checks that a commit does not have.
func (s *Server) missing(r rule, sha string) []string {
	required, _ := r.Parameters["required_status_checks"].([]any)
	var out []string
	for _, one := range required {
		name, _ := one.(object)["context"].(string)
		from, bound := one.(object)["integration_id"].(float64)
		if !s.succeeded(name, sha, int64(from), bound) {
			out = append(out, name)
		}
	}
	return out
}

// succeeded says whether the newest check or status of that name is good.
func (s *Server) succeeded(name, sha string, from int64, bound bool) bool {
	for _, c := range slices.Backward(s.state.checks) {
		if c.name == name && c.sha == sha && (!bound || c.appID() == from) {
			return slices.Contains([]string{"success", "neutral", "skipped"}, c.conclusion)
		}
	}
	for _, c := range slices.Backward(s.state.statuses) {
		if c.context == name && c.sha == sha && !bound {
			return c.state == "success"
		}
	}
	return false
}

// Rulesets over REST.

func (s *Server) rulesetJSON(r *ruleset, who *actor, whole bool) object {
	out := object{
		"id": r.id, "name": r.name, "target": r.target, "source_type": "Repository", "source": s.repo(), "enforcement": r.enforcement,
		"node_id": node("RRS", r.id), "created_at": stamp(r.at), "updated_at": stamp(r.updated),
		"_links": object{"self": object{"href": s.apiURL("/rulesets/%d", r.id)}, "html": object{"href": s.webURL("/rules/%d", r.id)}},
	}
	if !whole {
		return out
	}
	out["rules"] = r.rules
	out["conditions"] = object{"ref_name": object{"include": r.include, "exclude": r.exclude}}
	out["current_user_can_bypass"] = map[bool]string{true: "always", false: "never"}[r.passes(who, true)]
	if who.perms != nil && who.holds("administration:write") || who.perms == nil && who.account.role == Admin {
		out["bypass_actors"] = r.bypass // shown to those who may change it
	}
	return out
}

func listRulesets(s *Server, q *request) answer {
	return list(s, q, s.state.rulesets, func(r *ruleset) object { return s.rulesetJSON(r, q.who, false) })
}

func (s *Server) wantedRuleset(q *request) *ruleset {
	for _, r := range s.state.rulesets {
		if r.id == number64(q.params["ruleset_id"]) {
			return r
		}
	}
	return nil
}

func getRuleset(s *Server, q *request) answer {
	if r := s.wantedRuleset(q); r != nil {
		return ok(s.rulesetJSON(r, q.who, true))
	}
	return notFound
}

func createRuleset(s *Server, q *request) answer {
	r := &ruleset{id: s.id(), target: "branch", at: now(), include: []string{}, exclude: []string{}, bypass: []bypass{}, rules: []rule{}}
	if refusal := s.readRuleset(q, r); refusal != nil {
		return *refusal
	}
	s.state.rulesets = append(s.state.rulesets, r)
	return created(s.rulesetJSON(r, q.who, true))
}

func updateRuleset(s *Server, q *request) answer {
	r := s.wantedRuleset(q)
	if r == nil {
		return notFound
	}
	if refusal := s.readRuleset(q, r); refusal != nil {
		return *refusal
	}
	return ok(s.rulesetJSON(r, q.who, true))
}

// readRuleset takes what a body says; what it leaves out stays.
func (s *Server) readRuleset(q *request, r *ruleset) *answer {
	var in struct {
		Name, Target, Enforcement *string
		Bypass                    *[]bypass `json:"bypass_actors"`
		Rules                     *[]rule
		Conditions                *struct {
			Ref struct{ Include, Exclude []string } `json:"ref_name"`
		}
	}
	if err := q.decode(&in); err != nil {
		a := refuse(http.StatusBadRequest, "Problems parsing JSON")
		return &a
	}
	if in.Name != nil && slices.ContainsFunc(s.state.rulesets, func(o *ruleset) bool { return o != r && o.name == *in.Name }) {
		a := invalid("Ruleset", "name", "custom", "Name must be unique")
		return &a
	}
	set(&r.name, in.Name)
	set(&r.target, in.Target)
	set(&r.enforcement, in.Enforcement)
	set(&r.bypass, in.Bypass)
	set(&r.rules, in.Rules)
	if in.Conditions != nil {
		r.include, r.exclude = append([]string{}, in.Conditions.Ref.Include...), append([]string{}, in.Conditions.Ref.Exclude...)
	}
	for k := range r.bypass {
		if r.bypass[k].Mode == "" {
			r.bypass[k].Mode = "always"
		}
	}
	for _, one := range r.rules {
		if !slices.Contains(enforced, one.Type) {
			s.t.Errorf("githubtest: a ruleset has the rule %s, which this fake does not hold", one.Type)
		}
	}
	r.updated = now()
	return s.checkBypass(r)
}

// checkBypass refuses Apps that are not installed.
func (s *Server) checkBypass(r *ruleset) *answer {
	for _, b := range r.bypass {
		if b.Type != "Integration" || b.ID == nil || *b.ID == actionsApp {
			continue
		}
		if !slices.ContainsFunc(s.state.apps, func(a *app) bool { return a.id == *b.ID }) {
			a := invalid("Ruleset", "", "custom", "Actor GitHub App must be part of the ruleset source or owner organization")
			return &a
		}
	}
	return nil
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}
