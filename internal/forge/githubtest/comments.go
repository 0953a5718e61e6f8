package githubtest

import (
	"net/http"
	"slices"
	"strings"
)

// comment finds a comment of an issue by its id.
func (s *Server) comment(id int64) (*issue, *comment) {
	for _, i := range s.state.issues {
		for _, c := range i.comments {
			if c.id == id {
				return i, c
			}
		}
	}
	return nil, nil
}

func listComments(s *Server, q *request) answer {
	i := s.wanted(q)
	if i == nil {
		return notFound
	}
	return list(s, q, i.comments, func(c *comment) object { return s.commentJSON(i, c) })
}

// bodyText reads the only field that comments have, within GitHub's bound.
func bodyText(q *request, resource string) (string, *answer) {
	var in struct{ Body string }
	if err := q.decode(&in); err != nil {
		a := refuse(http.StatusBadRequest, "Problems parsing JSON")
		return "", &a
	}
	if strings.TrimSpace(in.Body) == "" {
		a := invalid(resource, "data", "unprocessable", "Body cannot be blank")
		return "", &a
	}
	return in.Body, checkText(resource, "-", in.Body)
}

func createComment(s *Server, q *request) answer {
	i := s.wanted(q)
	if i == nil {
		return notFound
	}
	text, refusal := bodyText(q, "IssueComment")
	if refusal != nil {
		return *refusal
	}
	return created(s.commentJSON(i, s.say(q.who, i, text)))
}

// say adds a comment and tells who listens.
func (s *Server) say(who *actor, i *issue, text string) *comment {
	c := &comment{id: s.id(), author: who.account, body: text, at: now(), updated: now()}
	i.comments, i.updated = append(i.comments, c), now()
	s.emit(who, "issue_comment", "created", object{"issue": s.issueJSON(i), "comment": s.commentJSON(i, c)})
	return c
}

func getComment(s *Server, q *request) answer {
	i, c := s.comment(number64(q.params["comment_id"]))
	if c == nil {
		return notFound
	}
	return ok(s.commentJSON(i, c))
}

func updateComment(s *Server, q *request) answer {
	i, c := s.comment(number64(q.params["comment_id"]))
	if c == nil {
		return notFound
	}
	text, refusal := bodyText(q, "IssueComment")
	if refusal != nil {
		return *refusal
	}
	c.body, c.updated = text, now()
	return ok(s.commentJSON(i, c))
}

func deleteComment(s *Server, q *request) answer {
	i, c := s.comment(number64(q.params["comment_id"]))
	if c == nil {
		return notFound
	}
	i.comments = slices.DeleteFunc(slices.Clone(i.comments), func(have *comment) bool { return have == c })
	s.emit(q.who, "issue_comment", "deleted", object{"issue": s.issueJSON(i), "comment": s.commentJSON(i, c)})
	return done
}

// Review comments: those at a line of the diff.

func (s *Server) remarkJSON(i *issue, c *comment) object {
	self := s.apiURL("/pulls/comments/%d", c.id)
	html, pull := s.webURL("/pull/%d#discussion_r%d", i.number, c.id), s.apiURL("/pulls/%d", i.number)
	return object{
		"id": c.id, "node_id": node("PRRC", c.id), "body": c.body, "user": s.userJSON(c.author), "path": c.path, "commit_id": c.commit,
		"original_commit_id": c.commit, "line": c.line, "position": c.line, "original_position": c.line, "diff_hunk": "@@ -1 +1 @@",
		"pull_request_review_id": nil, "created_at": stamp(c.at), "updated_at": stamp(c.updated), "author_association": association(c.author),
		"url": self, "html_url": html, "pull_request_url": pull,
		"_links": object{"self": object{"href": self}, "html": object{"href": html}, "pull_request": object{"href": pull}},
	}
}

func listRemarks(s *Server, q *request) answer {
	i := s.wantedPull(q)
	if i == nil {
		return notFound
	}
	return list(s, q, i.pull.remarks, func(c *comment) object { return s.remarkJSON(i, c) })
}

func createRemark(s *Server, q *request) answer {
	i := s.wantedPull(q)
	if i == nil {
		return notFound
	}
	var in struct {
		Body   string `json:"body"`
		Commit string `json:"commit_id"`
		Path   string `json:"path"`
		Line   int    `json:"line"`
	}
	if err := q.decode(&in); err != nil {
		return refuse(http.StatusBadRequest, "Problems parsing JSON")
	}
	c := &comment{id: s.id(), author: q.who.account, body: in.Body, commit: in.Commit, path: in.Path, line: in.Line, at: now(), updated: now()}
	i.pull.remarks, i.updated = append(i.pull.remarks, c), now()
	return created(s.remarkJSON(i, c))
}

func updateRemark(s *Server, q *request) answer {
	text, refusal := bodyText(q, "PullRequestReviewComment")
	if refusal != nil {
		return *refusal
	}
	for _, i := range s.state.issues {
		if i.pull == nil {
			continue
		}
		for _, c := range i.pull.remarks {
			if c.id == number64(q.params["comment_id"]) {
				c.body, c.updated = text, now()
				return ok(s.remarkJSON(i, c))
			}
		}
	}
	return notFound
}
