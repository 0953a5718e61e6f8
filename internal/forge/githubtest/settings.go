package githubtest

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

func getRepo(s *Server, q *request) answer { return ok(s.repoFor(q.who)) }

// repoFor is the repository as who asks sees it: the settings are for those who
// may change the code.
func (s *Server) repoFor(who *actor) object {
	out := s.repoJSON()
	rank := who.account.role.rank()
	out["permissions"] = object{"admin": rank >= Admin.rank(), "maintain": rank >= Admin.rank(), "push": rank >= Write.rank(),
		"triage": rank >= Triage.rank(), "pull": true}
	if who.perms == nil && rank < Write.rank() {
		for _, key := range []string{"allow_merge_commit", "allow_squash_merge", "allow_rebase_merge", "allow_auto_merge",
			"delete_branch_on_merge", "merge_commit_title", "merge_commit_message"} {
			delete(out, key)
		}
	}
	return out
}

func updateRepo(s *Server, q *request) answer {
	var in object
	if err := q.decode(&in); err != nil {
		return refuse(http.StatusBadRequest, "Problems parsing JSON")
	}
	next := maps.Clone(s.state.settings)
	for key, value := range in {
		if key != "name" {
			next[key] = value
		}
	}
	if next["allow_merge_commit"] != true && next["allow_squash_merge"] != true && next["allow_rebase_merge"] != true {
		return refuse(http.StatusUnprocessableEntity, "Sorry, you need to allow at least one merge strategy. (no_merge_method)")
	}
	s.state.settings = next
	return ok(s.repoFor(q.who))
}

func getUser(s *Server, q *request) answer {
	out := s.userJSON(q.who.account).(object)
	out["name"], out["user_view_type"] = q.who.login, "private"
	return ok(out)
}

func getApp(s *Server, q *request) answer { return ok(s.appJSON(q.who.app)) }

func getInstallation(s *Server, q *request) answer {
	if !q.who.jwt {
		return refuse(http.StatusUnauthorized, "A JSON web token could not be decoded")
	}
	a := q.who.app
	return ok(object{
		"id": a.installation, "app_id": a.id, "app_slug": a.slug, "target_id": 1, "target_type": "Organization", "repository_selection": "selected",
		"account": s.ownerJSON(), "permissions": a.perms, "events": []string{"issues", "pull_request"},
		"access_tokens_url": s.API() + "app/installations/access_tokens", "html_url": s.Web() + "/settings/installations",
		"repositories_url": s.API() + "installation/repositories", "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
		"single_file_name": nil, "suspended_at": nil, "suspended_by": nil,
	})
}

func rateLimit(s *Server, q *request) answer {
	one := object{"limit": 5000, "remaining": 4999, "reset": now().Unix() + 3600, "used": 1}
	return ok(object{"rate": one, "resources": object{"core": one, "search": one}})
}

// permission is how GitHub names a role in collaborators' permissions: triage
// is a role_name, and reads.
func getPermission(s *Server, q *request) answer {
	a := s.state.users[strings.ToLower(q.params["username"])]
	if a == nil {
		return notFound
	}
	permission, role := string(a.role), string(a.role)
	switch a.role {
	case "":
		permission, role = "none", "none"
	case Triage:
		permission = string(Read)
	}
	user := s.userJSON(a).(object)
	user["role_name"] = role
	return ok(object{"permission": permission, "role_name": role, "user": user})
}

func isCollaborator(s *Server, q *request) answer {
	if a := s.state.users[strings.ToLower(q.params["username"])]; a == nil || a.role == "" {
		return notFound
	}
	return done
}

// Environments.

func (s *Server) environmentJSON(e *environment) object {
	rules := []any{}
	var policy any
	if e.protected || e.custom {
		rules = append(rules, object{"id": e.id + 1, "node_id": node("GA", e.id+1), "type": "branch_policy"})
		policy = object{"protected_branches": e.protected, "custom_branch_policies": e.custom}
	}
	if e.wait > 0 {
		rules = append(rules, object{"id": e.id + 2, "node_id": node("GA", e.id+2), "type": "wait_timer", "wait_timer": e.wait})
	}
	if len(e.reviewers) > 0 {
		rules = append(rules, object{"id": e.id + 3, "node_id": node("GA", e.id+3), "type": "required_reviewers", "reviewers": []any{}})
	}
	return object{
		"id": e.id, "node_id": node("EN", e.id), "name": e.name, "url": s.apiURL("/environments/%s", e.name), "html_url": s.webURL("/deployments/%s", e.name),
		"created_at": stamp(e.at), "updated_at": stamp(e.at), "protection_rules": rules, "deployment_branch_policy": policy,
	}
}

func (s *Server) wantedEnvironment(q *request) *environment {
	for _, e := range s.state.environments {
		if strings.EqualFold(e.name, q.params["environment_name"]) {
			return e
		}
	}
	return nil
}

func listEnvironments(s *Server, q *request) answer {
	return counted(s, q, "environments", s.state.environments, s.environmentJSON)
}

func getEnvironment(s *Server, q *request) answer {
	if e := s.wantedEnvironment(q); e != nil {
		return ok(s.environmentJSON(e))
	}
	return notFound
}

func putEnvironment(s *Server, q *request) answer {
	var in struct {
		Policy *struct {
			Protected bool `json:"protected_branches"`
			Custom    bool `json:"custom_branch_policies"`
		} `json:"deployment_branch_policy"`
		Reviewers []any
		Wait      int `json:"wait_timer"`
	}
	if err := q.decode(&in); err != nil {
		return refuse(http.StatusBadRequest, "Problems parsing JSON")
	}
	if in.Policy != nil && in.Policy.Protected == in.Policy.Custom {
		return refuse(http.StatusUnprocessableEntity, "Validation Failed", "protected_branches and custom_branch_policies cannot have the same value")
	}
	e := s.wantedEnvironment(q)
	if e == nil {
		e = &environment{id: s.id() * 10, name: q.params["environment_name"], at: now(), variables: map[string]string{}}
		s.state.environments = append(s.state.environments, e)
	}
	e.protected, e.custom = in.Policy != nil && in.Policy.Protected, in.Policy != nil && in.Policy.Custom
	if !e.custom {
		e.policies = nil
	}
	e.reviewers, e.wait = in.Reviewers, in.Wait
	return ok(s.environmentJSON(e))
}

func listPolicies(s *Server, q *request) answer {
	e := s.wantedEnvironment(q)
	if e == nil {
		return notFound
	}
	return counted(s, q, "branch_policies", e.policies, func(o object) object { return o })
}

func createPolicy(s *Server, q *request) answer {
	e := s.wantedEnvironment(q)
	if e == nil || !e.custom {
		return answer{status: http.StatusNotFound}
	}
	var in struct{ Name, Type string }
	if err := q.decode(&in); err != nil {
		return refuse(http.StatusBadRequest, "Problems parsing JSON")
	}
	if in.Type == "" {
		in.Type = "branch"
	}
	for _, p := range e.policies {
		if p["name"] == in.Name && p["type"] == in.Type {
			return answer{status: http.StatusSeeOther}
		}
	}
	id := s.id()
	p := object{"id": id, "node_id": node("GA", id), "name": in.Name, "type": in.Type}
	e.policies = append(e.policies, p)
	return ok(p)
}

// SetSecret gives an environment (or, with an empty name, the repository) a
// secret, as a person does in GitHub's pages or with gh. Only its name is kept.
func (s *Server) SetSecret(environment, name string) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if environment == "" {
		s.state.secrets = append(s.state.secrets, name)
		return
	}
	e := s.wantedEnvironment(&request{params: map[string]string{"environment_name": environment}})
	if e == nil {
		s.t.Fatalf("githubtest: there is no environment %s", environment)
	}
	e.secrets = append(e.secrets, name)
}

func secretJSON(name string) object {
	return object{"name": name, "created_at": stamp(now()), "updated_at": stamp(now())}
}

func listSecrets(s *Server, q *request) answer {
	return counted(s, q, "secrets", s.state.secrets, secretJSON)
}

func listEnvironmentSecrets(s *Server, q *request) answer {
	e := s.wantedEnvironment(q)
	if e == nil {
		return notFound
	}
	return counted(s, q, "secrets", e.secrets, secretJSON)
}

// variablesOf returns the variables of the environment in the path, or of the
// repository where the path has none.
func (s *Server) variablesOf(q *request) map[string]string {
	if _, ok := q.params["environment_name"]; !ok {
		return s.state.variables
	}
	if e := s.wantedEnvironment(q); e != nil {
		return e.variables
	}
	return nil
}

func listVariables(s *Server, q *request) answer {
	all := s.variablesOf(q)
	if all == nil {
		return notFound
	}
	return counted(s, q, "variables", slices.Sorted(maps.Keys(all)), func(name string) object {
		out := secretJSON(name)
		out["value"] = all[name]
		return out
	})
}

func createVariable(s *Server, q *request) answer {
	var in struct{ Name, Value string }
	if err := q.decode(&in); err != nil {
		return refuse(http.StatusBadRequest, "Problems parsing JSON")
	}
	all := s.variablesOf(q)
	if all == nil {
		return notFound
	}
	name := strings.ToUpper(in.Name)
	if _, ok := all[name]; ok {
		return answer{status: http.StatusConflict, body: object{"message": "Already exists - Variable already exists"}}
	}
	all[name] = in.Value
	return created(object{})
}

func updateVariable(s *Server, q *request) answer {
	var in struct{ Value string }
	if err := q.decode(&in); err != nil {
		return refuse(http.StatusBadRequest, "Problems parsing JSON")
	}
	all, name := s.variablesOf(q), strings.ToUpper(q.params["name"])
	if _, ok := all[name]; !ok {
		return notFound
	}
	all[name] = in.Value
	return done
}

// Actions.

// stored makes the two handlers of a settings object that is read whole and
// changed by the fields that are sent.
func stored(of func(*state) *object) (get, put handler) {
	get = func(s *Server, q *request) answer { return ok(*of(&s.state)) }
	put = func(s *Server, q *request) answer {
		var in object
		if err := q.decode(&in); err != nil {
			return refuse(http.StatusBadRequest, "Problems parsing JSON")
		}
		next := maps.Clone(*of(&s.state))
		maps.Copy(next, in)
		*of(&s.state) = next
		return done
	}
	return get, put
}
