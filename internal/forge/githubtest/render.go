package githubtest

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

func (s *Server) apiURL(format string, args ...any) string {
	return s.API() + "repos/" + s.repo() + fmt.Sprintf(format, args...)
}

func (s *Server) webURL(format string, args ...any) string {
	return s.Web() + "/" + s.repo() + fmt.Sprintf(format, args...)
}

func node(kind string, id int64) string { return fmt.Sprintf("%s_%d", kind, id) }

func (s *Server) userJSON(a *account) any {
	if a == nil {
		return nil
	}
	kind := "User"
	if a.bot {
		kind = "Bot"
	}
	return object{
		"login": a.login, "id": a.id, "node_id": node("U", a.id), "type": kind, "site_admin": false,
		"url": s.API() + "users/" + url.PathEscape(a.login), "html_url": s.Web() + "/" + url.PathEscape(a.login),
	}
}

func (s *Server) ownerJSON() object {
	return object{
		"login": s.owner, "id": 1, "node_id": "O_1", "type": "Organization", "site_admin": false,
		"url": s.API() + "users/" + s.owner, "html_url": s.Web() + "/" + s.owner,
	}
}

func (s *Server) repoJSON() object {
	out := object{
		"id": 2, "node_id": "R_2", "name": s.name, "full_name": s.repo(), "owner": s.ownerJSON(), "private": true, "visibility": "private",
		"url": s.apiURL(""), "html_url": s.webURL(""), "clone_url": s.webURL(".git"), "fork": false, "archived": false, "disabled": false,
		"has_issues": true, "has_downloads": true, "has_pages": false, "forks": 0, "forks_count": 0, "watchers": 0,
		"stargazers_count": 0, "open_issues": 0, "permissions": object{"admin": false, "push": true, "pull": true},
		"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z", "pushed_at": "2026-01-01T00:00:00Z",
	}
	for key, value := range s.state.settings {
		out[key] = value
	}
	return out
}

func (s *Server) labelJSON(l *label) object {
	return object{
		"id": l.id, "node_id": node("LA", l.id), "name": l.name, "color": l.color, "default": false, "description": l.description,
		"url": s.apiURL("/labels/%s", url.PathEscape(l.name)),
	}
}

func (s *Server) labelsJSON(names []string) []any {
	out := []any{}
	for _, name := range slices.Sorted(slices.Values(names)) {
		out = append(out, s.labelJSON(s.label(name)))
	}
	return out
}

func (i *issue) stateText() string {
	if i.closed {
		return "closed"
	}
	return "open"
}

func (i *issue) reasonJSON() any {
	if i.reason == "" {
		return nil
	}
	return i.reason
}

func (s *Server) issueJSON(i *issue) object {
	out := object{
		"id": i.id, "node_id": node("I", i.id), "number": i.number, "title": i.title, "body": nullable(i.body),
		"state": i.stateText(), "state_reason": i.reasonJSON(), "user": s.userJSON(i.author), "labels": s.labelsJSON(i.labels),
		"locked": false, "active_lock_reason": nil, "assignee": nil, "assignees": []any{}, "milestone": nil, "comments": len(i.comments),
		"author_association": association(i.author), "created_at": stamp(i.createdAt), "updated_at": stamp(i.updated), "closed_at": stamp(i.ends),
		"url": s.apiURL("/issues/%d", i.number), "html_url": s.webURL("/issues/%d", i.number), "repository_url": s.apiURL(""),
		"labels_url": s.apiURL("/issues/%d/labels{/name}", i.number), "comments_url": s.apiURL("/issues/%d/comments", i.number),
		"events_url": s.apiURL("/issues/%d/events", i.number), "timeline_url": s.apiURL("/issues/%d/timeline", i.number), "score": 1,
	}
	if i.pull != nil {
		out["html_url"] = s.webURL("/pull/%d", i.number)
		out["pull_request"] = object{
			"url": s.apiURL("/pulls/%d", i.number), "html_url": s.webURL("/pull/%d", i.number),
			"diff_url": s.webURL("/pull/%d.diff", i.number), "patch_url": s.webURL("/pull/%d.patch", i.number),
			"merged_at": s.mergedAt(i),
		}
	}
	return out
}

func (s *Server) mergedAt(i *issue) any {
	if i.pull.merged {
		return stamp(i.ends)
	}
	return nil
}

// pullJSON is a pull request as lists and webhooks have it: whether it can be
// merged is not known there.
func (s *Server) pullJSON(i *issue) object {
	p := i.pull
	out := object{
		"id": p.id, "node_id": node("PR", p.id), "number": i.number, "title": i.title, "body": nullable(i.body), "state": i.stateText(),
		"user": s.userJSON(i.author), "labels": s.labelsJSON(i.labels), "locked": false, "draft": false,
		"created_at": stamp(i.createdAt), "updated_at": stamp(i.updated), "closed_at": stamp(i.ends), "merged_at": s.mergedAt(i),
		"merge_commit_sha": nullable(p.mergeSHA), "merged": p.merged, "merged_by": s.userJSON(p.mergedBy),
		"assignee": nil, "assignees": []any{}, "requested_reviewers": []any{}, "requested_teams": []any{}, "milestone": nil,
		"auto_merge": nil, "active_lock_reason": nil, "author_association": association(i.author), "maintainer_can_modify": false,
		"comments": len(i.comments), "review_comments": len(p.remarks), "commits": 1, "additions": 1, "deletions": 0, "changed_files": 1,
		"head": s.endJSON(p.head, p.headSHA, p.fork), "base": s.endJSON(p.base, p.baseSHA, ""),
		"mergeable": nil, "rebaseable": nil, "mergeable_state": "unknown",
		"url": s.apiURL("/pulls/%d", i.number), "html_url": s.webURL("/pull/%d", i.number), "issue_url": s.apiURL("/issues/%d", i.number),
		"diff_url": s.webURL("/pull/%d.diff", i.number), "patch_url": s.webURL("/pull/%d.patch", i.number),
		"commits_url": s.apiURL("/pulls/%d/commits", i.number), "comments_url": s.apiURL("/issues/%d/comments", i.number),
		"review_comments_url": s.apiURL("/pulls/%d/comments", i.number), "statuses_url": s.apiURL("/statuses/%s", p.headSHA),
		"_links": s.pullLinks(i),
	}
	return out
}

// wholePull is a pull request as its own page has it.
func (s *Server) wholePull(i *issue) object {
	out := s.pullJSON(i)
	if !i.closed {
		out["mergeable"], out["mergeable_state"] = s.mergeable(i)
	}
	return out
}

func (s *Server) pullLinks(i *issue) object {
	link := func(format string, args ...any) object { return object{"href": s.apiURL(format, args...)} }
	return object{
		"self": link("/pulls/%d", i.number), "html": object{"href": s.webURL("/pull/%d", i.number)}, "issue": link("/issues/%d", i.number),
		"comments": link("/issues/%d/comments", i.number), "review_comments": link("/pulls/%d/comments", i.number),
		"review_comment": link("/pulls/comments{/number}"), "commits": link("/pulls/%d/commits", i.number), "statuses": link("/statuses/%s", i.pull.headSHA),
	}
}

// endJSON is the head or the base of a pull request.
func (s *Server) endJSON(branch, sha, fork string) object {
	out := object{"ref": branch, "sha": sha, "label": s.owner + ":" + branch, "user": s.ownerJSON(), "repo": s.repoJSON()}
	if fork != "" {
		repo := s.repoJSON()
		repo["id"], repo["full_name"], repo["fork"] = 3, fork, true
		out["repo"] = repo
		out["label"] = forkOwner(fork) + ":" + branch
		out["user"] = s.userJSON(s.account(forkOwner(fork)))
	}
	return out
}

func (s *Server) commentJSON(i *issue, c *comment) object {
	return object{
		"id": c.id, "node_id": node("IC", c.id), "body": c.body, "user": s.userJSON(c.author), "author_association": association(c.author),
		"created_at": stamp(c.at), "updated_at": stamp(c.updated), "issue_url": s.apiURL("/issues/%d", i.number),
		"url": s.apiURL("/issues/comments/%d", c.id), "html_url": s.webURL("/issues/%d#issuecomment-%d", i.number, c.id),
	}
}

func (s *Server) reviewJSON(i *issue, r *review) object {
	pull := s.apiURL("/pulls/%d", i.number)
	html := s.webURL("/pull/%d#pullrequestreview-%d", i.number, r.id)
	return object{
		"id": r.id, "node_id": node("PRR", r.id), "user": s.userJSON(r.author), "body": r.body, "state": r.state, "commit_id": r.commit,
		"submitted_at": stamp(r.at), "author_association": association(r.author), "html_url": html, "pull_request_url": pull,
		"_links": object{"html": object{"href": html}, "pull_request": object{"href": pull}},
	}
}

// association is what an author has to do with the repository.
func association(a *account) string {
	if a.role == "" {
		return "NONE"
	}
	return "COLLABORATOR"
}

func nullable(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return n
}

func number64(text string) int64 { return int64(number(text)) }

// page cuts a list as ?per_page and ?page ask, and says in the header Link what
// comes after.
func page[T any](s *Server, q *request, all []T) ([]T, http.Header) {
	size, at := 30, 1
	if n := number(q.query.Get("per_page")); n > 0 {
		size = min(n, 100)
	}
	if n := number(q.query.Get("page")); n > 0 {
		at = n
	}
	last := max(1, (len(all)+size-1)/size)
	header := http.Header{}
	link := func(rel string, n int) {
		u := *q.url
		values := u.Query()
		values.Set("page", strconv.Itoa(n))
		u.RawQuery = values.Encode()
		text := header.Get("Link")
		if text != "" {
			text += ", "
		}
		header.Set("Link", text+fmt.Sprintf("<%s%s>; rel=%q", s.Web(), u.RequestURI(), rel))
	}
	if at > 1 {
		link("prev", at-1)
		link("first", 1)
	}
	if at < last {
		link("next", at+1)
		link("last", last)
	}
	from := min((at-1)*size, len(all))
	return all[from:min(from+size, len(all))], header
}

// list answers with one page of a list.
func list[T any](s *Server, q *request, all []T, render func(T) object) answer {
	part, header := page(s, q, all)
	out := []any{}
	for _, one := range part {
		out = append(out, render(one))
	}
	return answer{status: http.StatusOK, body: out, header: header}
}

// counted answers with one page of a list in an object with total_count.
func counted[T any](s *Server, q *request, name string, all []T, render func(T) object) answer {
	a := list(s, q, all, render)
	a.body = object{"total_count": len(all), name: a.body}
	return a
}
