package githubtest

import (
	"net/http"
	"strings"
)

func (s *Server) refJSON(name, sha string) object {
	typ, _ := s.run("cat-file", "-t", sha)
	return object{
		"ref": name, "node_id": "REF_" + sha[:8], "url": s.apiURL("/git/%s", name),
		"object": object{"type": typ, "sha": sha, "url": s.apiURL("/git/%ss/%s", typ, sha)},
	}
}

func getRef(s *Server, q *request) answer {
	name := "refs/" + q.params["ref"]
	sha := s.ref(name)
	if sha == "" {
		return notFound
	}
	return ok(s.refJSON(name, sha))
}

func matchingRefs(s *Server, q *request) answer {
	text, err := s.run("for-each-ref", "--format=%(refname) %(objectname)")
	if err != nil {
		return refuse(http.StatusConflict, "Git Repository is empty.")
	}
	out := []any{}
	for _, line := range strings.Split(text, "\n") {
		name, sha, found := strings.Cut(line, " ")
		if found && strings.HasPrefix(name, "refs/"+q.params["ref"]) {
			out = append(out, s.refJSON(name, sha))
		}
	}
	return ok(out)
}

// moveRef does to a ref what a push would do, with the same rules.
func (s *Server) moveRef(q *request, c command, force bool) *answer {
	var a answer
	if !c.deletes() && s.ref(c.new+"^{object}") != c.new {
		a = refuse(http.StatusUnprocessableEntity, "Object does not exist")
		return &a
	}
	var broken []string
	for _, v := range s.pushRules(q.who, c) {
		if v.kind == "deny" || !s.ancestor(c.old, c.new) {
			broken = append(broken, v.message)
		}
	}
	switch {
	case len(broken) > 0:
		a = refuse(http.StatusUnprocessableEntity, "Repository rule violations found\n\n"+strings.Join(broken, "\n\n")+"\n\n")
		return &a
	case !force && !c.creates() && !c.deletes() && !s.ancestor(c.old, c.new):
		a = refuse(http.StatusUnprocessableEntity, "Update is not a fast forward")
		return &a
	}
	args := []string{"update-ref", c.ref, c.new, c.old}
	if c.deletes() {
		args = []string{"update-ref", "-d", c.ref, c.old}
	}
	if _, err := s.run(args...); err != nil {
		a = refuse(http.StatusUnprocessableEntity, "Reference update failed")
		return &a
	}
	s.moved(q.who, []command{c})
	return nil
}

const zeros = "0000000000000000000000000000000000000000"

func createRef(s *Server, q *request) answer {
	var in struct{ Ref, SHA string }
	if err := q.decode(&in); err != nil {
		return refuse(http.StatusBadRequest, "Problems parsing JSON")
	}
	if !strings.HasPrefix(in.Ref, "refs/") || strings.Count(in.Ref, "/") < 2 {
		return refuse(http.StatusUnprocessableEntity, "Reference name must start with 'refs/' and contain at least two slashes.")
	}
	if s.ref(in.Ref) != "" {
		return refuse(http.StatusUnprocessableEntity, "Reference already exists")
	}
	if refusal := s.moveRef(q, command{old: zeros, new: in.SHA, ref: in.Ref}, false); refusal != nil {
		return *refusal
	}
	return created(s.refJSON(in.Ref, in.SHA))
}

func updateRef(s *Server, q *request) answer {
	var in struct {
		SHA   string
		Force bool
	}
	if err := q.decode(&in); err != nil {
		return refuse(http.StatusBadRequest, "Problems parsing JSON")
	}
	name := "refs/" + q.params["ref"]
	old := s.ref(name)
	if old == "" {
		return refuse(http.StatusUnprocessableEntity, "Reference does not exist")
	}
	if refusal := s.moveRef(q, command{old: old, new: in.SHA, ref: name}, in.Force); refusal != nil {
		return *refusal
	}
	return ok(s.refJSON(name, in.SHA))
}

func deleteRef(s *Server, q *request) answer {
	name := "refs/" + q.params["ref"]
	old := s.ref(name)
	if old == "" {
		return refuse(http.StatusUnprocessableEntity, "Reference does not exist")
	}
	if refusal := s.moveRef(q, command{old: old, new: zeros, ref: name}, false); refusal != nil {
		return *refusal
	}
	return done
}

func getBranch(s *Server, q *request) answer {
	name := q.params["branch"]
	sha := s.tip(name)
	if sha == "" {
		return refuse(http.StatusNotFound, "Branch not found")
	}
	tree, _ := s.run("rev-parse", sha+"^{tree}")
	message, _ := s.run("log", "-1", "--format=%B", sha)
	protected := false
	s.rulesFor(&actor{account: &account{}}, "refs/heads/"+name, true, func(rule) { protected = true })
	return ok(object{
		"name": name, "protected": protected, "protection_url": s.apiURL("/branches/%s/protection", name),
		"_links":     object{"html": s.webURL("/tree/%s", name), "self": s.apiURL("/branches/%s", name)},
		"protection": object{"enabled": protected},
		"commit": object{"sha": sha, "node_id": "C_" + sha[:8], "url": s.apiURL("/commits/%s", sha), "html_url": s.webURL("/commit/%s", sha),
			"comments_url": s.apiURL("/commits/%s/comments", sha), "author": nil, "committer": nil, "parents": []any{},
			"commit": object{"message": message, "tree": object{"sha": tree, "url": s.apiURL("/git/trees/%s", tree)}, "comment_count": 0,
				"author": nil, "committer": nil, "url": s.apiURL("/git/commits/%s", sha)}},
	})
}
