package githubtest

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
)

func (c *check) appID() int64 {
	if c.app != nil {
		return c.app.id
	}
	return actionsApp
}

func (s *Server) appJSON(a *app) object {
	id, slug, perms := int64(actionsApp), "github-actions", map[string]string{"metadata": "read"}
	if a != nil {
		id, slug, perms = a.id, a.slug, a.perms
	}
	return object{
		"id": id, "slug": slug, "node_id": node("A", id), "name": slug, "owner": s.ownerJSON(), "description": "", "client_id": node("Iv1", id),
		"external_url": s.Web(), "html_url": s.Web() + "/apps/" + slug, "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
		"permissions": perms, "events": []string{},
	}
}

// pullsAt are the open pull requests with that head, in short.
func (s *Server) pullsAt(sha string) []any {
	pulls := []any{}
	for _, i := range s.state.issues {
		if i.pull != nil && !i.closed && i.pull.headSHA == sha && i.pull.fork == "" {
			repo := object{"id": 2, "name": s.name, "url": s.apiURL("")}
			pulls = append(pulls, object{"id": i.pull.id, "number": i.number, "url": s.apiURL("/pulls/%d", i.number),
				"head": object{"ref": i.pull.head, "sha": i.pull.headSHA, "repo": repo}, "base": object{"ref": i.pull.base, "sha": i.pull.baseSHA, "repo": repo}})
		}
	}
	return pulls
}

func (s *Server) checkJSON(c *check) object {
	return object{
		"id": c.id, "node_id": node("CR", c.id), "name": c.name, "head_sha": c.sha, "status": c.status, "conclusion": nullable(c.conclusion),
		"external_id": c.external, "details_url": cmp.Or(c.details, s.Web()), "started_at": stamp(c.started), "completed_at": stamp(c.completed),
		"url": s.apiURL("/check-runs/%d", c.id), "html_url": s.webURL("/runs/%d", c.id), "app": s.appJSON(c.app), "pull_requests": s.pullsAt(c.sha),
		"output": object{"title": nullable(c.title), "summary": nullable(c.summary), "text": nullable(c.text),
			"annotations_count": len(c.annotations), "annotations_url": s.apiURL("/check-runs/%d/annotations", c.id)},
		"check_suite": s.suiteJSON(c),
	}
}

// suiteJSON is the check suite that GitHub keeps for each App and commit.
func (s *Server) suiteJSON(c *check) object {
	branch := ""
	for _, i := range s.state.issues {
		if i.pull != nil && i.pull.headSHA == c.sha {
			branch = i.pull.head
		}
	}
	return object{
		"id": c.appID()*1000 + 1, "node_id": node("CS", c.appID()), "head_branch": nullable(branch), "head_sha": c.sha, "status": c.status,
		"conclusion": nullable(c.conclusion), "before": nil, "after": c.sha, "pull_requests": []any{}, "app": s.appJSON(c.app),
		"repository": s.repoJSON(), "created_at": stamp(c.started), "updated_at": stamp(c.started), "url": s.apiURL("/check-suites/1"),
	}
}

func createCheck(s *Server, q *request) answer {
	c := &check{id: s.id(), status: "queued", started: now(), app: q.who.app}
	if refusal := s.readCheck(q, c); refusal != nil {
		return *refusal
	}
	if s.ref(c.sha+"^{commit}") != c.sha {
		return refuse(http.StatusUnprocessableEntity, "No commit found for SHA: "+c.sha)
	}
	s.state.checks = append(s.state.checks, c)
	out := s.checkJSON(c)
	s.emit(q.who, "check_run", "created", object{"check_run": out})
	s.completed(q.who, c)
	return created(out)
}

func (s *Server) completed(who *actor, c *check) {
	if c.status == "completed" {
		s.emit(who, "check_run", "completed", object{"check_run": s.checkJSON(c)})
	}
}

// readCheck takes what a body says; what it leaves out stays, and annotations
// add up.
func (s *Server) readCheck(q *request, c *check) *answer {
	var in struct {
		Name, Status, Conclusion *string
		SHA                      *string `json:"head_sha"`
		Details                  *string `json:"details_url"`
		External                 *string `json:"external_id"`
		Output                   *struct {
			Title, Summary, Text *string
			Annotations          []object
		}
	}
	if err := q.decode(&in); err != nil {
		a := refuse(http.StatusBadRequest, "Problems parsing JSON")
		return &a
	}
	set(&c.name, in.Name)
	set(&c.sha, in.SHA)
	set(&c.status, in.Status)
	set(&c.details, in.Details)
	set(&c.external, in.External)
	if in.Conclusion != nil {
		c.conclusion, c.status = *in.Conclusion, "completed" // setting one sets the other
	}
	if c.status == "completed" {
		if c.conclusion == "" {
			a := refuse(http.StatusUnprocessableEntity, "Invalid request.\n\nIf you provide status completed you must provide conclusion.")
			return &a
		}
		c.completed = now()
	}
	if in.Output != nil {
		set(&c.title, in.Output.Title)
		set(&c.summary, in.Output.Summary)
		set(&c.text, in.Output.Text)
		c.annotations = append(c.annotations, in.Output.Annotations...)
	}
	return nil
}

func (s *Server) wantedCheck(q *request) *check {
	for _, c := range s.state.checks {
		if c.id == number64(q.params["check_run_id"]) {
			return c
		}
	}
	return nil
}

func updateCheck(s *Server, q *request) answer {
	c := s.wantedCheck(q)
	if c == nil {
		return notFound
	}
	if c.app != q.who.app {
		return refuse(http.StatusForbidden, "Invalid app_id `"+q.who.login+"` - check run can only be modified by the GitHub App that created it.")
	}
	if refusal := s.readCheck(q, c); refusal != nil {
		return *refusal
	}
	s.completed(q.who, c)
	return ok(s.checkJSON(c))
}

func getCheck(s *Server, q *request) answer {
	if c := s.wantedCheck(q); c != nil {
		return ok(s.checkJSON(c))
	}
	return notFound
}

func listAnnotations(s *Server, q *request) answer {
	c := s.wantedCheck(q)
	if c == nil {
		return notFound
	}
	return list(s, q, c.annotations, func(a object) object {
		out := object{"blob_href": s.webURL("/blob/%s/%v", c.sha, a["path"])}
		for key, value := range a {
			out[key] = value
		}
		return out
	})
}

// commitish resolves a commit, a branch or a tag, as {ref} in paths is.
func (s *Server) commitish(name string) string {
	name = strings.TrimPrefix(name, "refs/")
	for _, full := range []string{"refs/heads/" + strings.TrimPrefix(name, "heads/"), "refs/tags/" + strings.TrimPrefix(name, "tags/"), name + "^{commit}"} {
		if sha := s.ref(full); sha != "" {
			return sha
		}
	}
	return ""
}

func listChecks(s *Server, q *request) answer {
	sha := s.commitish(q.params["ref"])
	if sha == "" {
		return refuse(http.StatusUnprocessableEntity, "No commit found for SHA: "+q.params["ref"])
	}
	var found []*check
	seen := map[string]bool{}
	for _, c := range slices.Backward(s.state.checks) {
		key := c.name + "\x00" + s.appJSON(c.app)["slug"].(string)
		name, status := q.query.Get("check_name"), q.query.Get("status")
		if c.sha != sha || name != "" && name != c.name || status != "" && status != c.status || seen[key] && q.query.Get("filter") != "all" {
			continue
		}
		seen[key] = true
		found = append(found, c)
	}
	return counted(s, q, "check_runs", found, s.checkJSON)
}

// Commit statuses.

func (s *Server) statusJSON(c *status) object {
	return object{
		"id": c.id, "node_id": node("SC", c.id), "state": c.state, "context": c.context, "description": nullable(c.about),
		"target_url": nullable(c.target), "creator": s.userJSON(c.by), "created_at": stamp(c.at), "updated_at": stamp(c.at),
		"url": s.apiURL("/statuses/%s", c.sha), "avatar_url": nil,
	}
}

func createStatus(s *Server, q *request) answer {
	in := struct {
		State, Context, Description string
		Target                      string `json:"target_url"`
	}{Context: "default"}
	if err := q.decode(&in); err != nil {
		return refuse(http.StatusBadRequest, "Problems parsing JSON")
	}
	sha := q.params["sha"]
	if s.ref(sha+"^{commit}") != sha {
		return refuse(http.StatusUnprocessableEntity, "No commit found for SHA: "+sha)
	}
	if len([]rune(in.Description)) > 140 {
		return invalid("Status", "description", "custom", "description is too long (maximum is 140 characters)")
	}
	c := &status{id: s.id(), sha: sha, state: in.State, context: in.Context, about: in.Description, target: in.Target, by: q.who.account, at: now()}
	s.state.statuses = append(s.state.statuses, c)
	return created(s.statusJSON(c))
}

// statusesOf lists the statuses of a commit, the newest first.
func (s *Server) statusesOf(sha string) []*status {
	var found []*status
	for _, c := range slices.Backward(s.state.statuses) {
		if c.sha == sha {
			found = append(found, c)
		}
	}
	return found
}

func listStatuses(s *Server, q *request) answer {
	return list(s, q, s.statusesOf(s.commitish(q.params["ref"])), s.statusJSON)
}

func combinedStatus(s *Server, q *request) answer {
	sha := s.commitish(q.params["ref"])
	if sha == "" {
		return notFound
	}
	state, seen, items := "success", map[string]bool{}, []any{}
	for _, c := range s.statusesOf(sha) {
		if seen[c.context] {
			continue
		}
		seen[c.context] = true
		items = append(items, s.statusJSON(c))
		switch {
		case c.state == "failure" || c.state == "error":
			state = "failure"
		case c.state == "pending" && state != "failure":
			state = "pending"
		}
	}
	if len(items) == 0 {
		state = "pending"
	}
	return ok(object{"state": state, "statuses": items, "sha": sha, "total_count": len(items), "repository": s.repoJSON(),
		"commit_url": s.apiURL("/commits/%s", sha), "url": s.apiURL("/commits/%s/status", sha)})
}
