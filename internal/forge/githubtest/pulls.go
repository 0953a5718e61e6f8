package githubtest

import (
	"net/http"
	"slices"
	"strings"
)

func (s *Server) wantedPull(q *request) *issue {
	return s.pullRequest(number(q.params["pull_number"]))
}

func forkOwner(fork string) string {
	owner, _, _ := strings.Cut(fork, "/")
	return owner
}

func createPull(s *Server, q *request) answer {
	var in struct {
		Title, Head, Base, Body string
		Draft                   bool
	}
	if err := q.decode(&in); err != nil {
		return refuse(http.StatusBadRequest, "Problems parsing JSON")
	}
	head := strings.TrimPrefix(in.Head, s.owner+":")
	if a := checkText("PullRequest", in.Title, in.Body); a != nil {
		return *a
	}
	if q.who.perms == nil && q.who.account.role.rank() < Write.rank() {
		return refuse(http.StatusForbidden, "Must have push access to the head repository.")
	}
	if q.who.actions && s.state.workflow["can_approve_pull_request_reviews"] != true {
		return refuse(http.StatusForbidden, "GitHub Actions is not permitted to create or approve pull requests.")
	}
	headSHA, baseSHA := s.tip(head), s.tip(in.Base)
	switch {
	case headSHA == "":
		return invalid("PullRequest", "head", "invalid", "")
	case baseSHA == "":
		return invalid("PullRequest", "base", "invalid", "")
	case s.open(head, in.Base) != nil:
		return invalid("PullRequest", "", "custom", "A pull request already exists for "+s.owner+":"+head+".")
	case s.ancestor(headSHA, baseSHA):
		return invalid("PullRequest", "", "custom", "No commits between "+in.Base+" and "+head)
	}
	i := s.openPull(q.who, head, in.Base, in.Title, in.Body, headSHA, "")
	return created(s.wholePull(i))
}

// openPull makes a pull request and tells who listens.
func (s *Server) openPull(who *actor, head, base, title, body, sha, fork string) *issue {
	i := &issue{title: title, body: body, author: who.account, pull: &pull{id: s.id(), head: head, base: base, headSHA: sha, baseSHA: s.tip(base), fork: fork}}
	s.add(i)
	s.mirror(i)
	s.emitIssue(who, "opened", i, nil)
	return i
}

// open returns the open pull request from a branch, or nil.
func (s *Server) open(head, base string) *issue {
	for _, i := range s.state.issues {
		if i.pull != nil && !i.closed && i.pull.fork == "" && i.pull.head == head && i.pull.base == base {
			return i
		}
	}
	return nil
}

func getPull(s *Server, q *request) answer {
	i := s.wantedPull(q)
	if i == nil {
		return notFound
	}
	return ok(s.wholePull(i))
}

func listPulls(s *Server, q *request) answer {
	state, head, base := q.query.Get("state"), q.query.Get("head"), q.query.Get("base")
	var found []*issue
	for _, i := range s.state.issues {
		if i.pull == nil || state == "closed" && !i.closed || (state == "" || state == "open") && i.closed || base != "" && i.pull.base != base {
			continue
		}
		owner := s.owner
		if i.pull.fork != "" {
			owner = forkOwner(i.pull.fork)
		}
		if head == "" || !strings.Contains(head, ":") || strings.EqualFold(head, owner+":"+i.pull.head) {
			found = append(found, i) // a head without an owner filters nothing
		}
	}
	order(found, q)
	return list(s, q, found, s.pullJSON)
}

func updatePull(s *Server, q *request) answer {
	i := s.wantedPull(q)
	if i == nil {
		return notFound
	}
	var in struct {
		Title, Body, Base *string
		State             string
	}
	if err := q.decode(&in); err != nil {
		return refuse(http.StatusBadRequest, "Problems parsing JSON")
	}
	title, body := i.title, i.body
	if in.Title != nil {
		title = *in.Title
	}
	if in.Body != nil {
		body = *in.Body
	}
	if a := checkText("PullRequest", title, body); a != nil {
		return *a
	}
	if in.State == "open" && i.closed {
		if refusal := s.reopenable(i); refusal != "" {
			return invalid("PullRequest", "state", "invalid", "state cannot be changed. "+refusal)
		}
	}
	if in.Base != nil && *in.Base != i.pull.base {
		if s.tip(*in.Base) == "" {
			return invalid("PullRequest", "base", "invalid", "")
		}
		if i.closed {
			return invalid("PullRequest", "base", "invalid", "Cannot change the base branch of a closed pull request.")
		}
		i.pull.base, i.pull.baseSHA = *in.Base, s.tip(*in.Base)
	}
	s.edit(q.who, i, title, body)
	if in.State != "" {
		s.setState(q.who, i, in.State == "closed", nil)
	}
	return ok(s.wholePull(i))
}

// reopenable says why a pull request cannot be opened again.
func (s *Server) reopenable(i *issue) string {
	switch {
	case i.pull.merged:
		return "The pull request was merged."
	case i.pull.fork == "" && s.tip(i.pull.head) == "":
		return "The " + i.pull.head + " branch has been deleted."
	case i.pull.fork == "" && s.tip(i.pull.head) != i.pull.headSHA:
		return "The " + i.pull.head + " branch was force-pushed or recreated."
	case s.open(i.pull.head, i.pull.base) != nil:
		return "There is already an open pull request from " + i.pull.head + " to " + i.pull.base + "."
	}
	return ""
}

func isMerged(s *Server, q *request) answer {
	if i := s.wantedPull(q); i == nil || !i.pull.merged {
		return notFound
	}
	return done
}

func listFiles(s *Server, q *request) answer {
	i := s.wantedPull(q)
	if i == nil {
		return notFound
	}
	base, err := s.run("merge-base", i.pull.baseSHA, i.pull.headSHA)
	if err != nil {
		return refuse(http.StatusUnprocessableEntity, "Sorry, there was a problem generating this diff.")
	}
	text, _ := s.run("diff-tree", "-r", "--no-renames", "--raw", "--abbrev=40", base, i.pull.headSHA)
	lines := slices.DeleteFunc(strings.Split(text, "\n"), func(l string) bool { return l == "" })
	return list(s, q, lines, func(line string) object {
		meta, name, _ := strings.Cut(line, "\t")
		fields := strings.Fields(meta)
		status := map[string]string{"A": "added", "D": "removed", "M": "modified"}[fields[4][:1]]
		return object{"sha": fields[3], "filename": name, "status": status, "additions": 0, "deletions": 0, "changes": 0,
			"blob_url": s.webURL("/blob/%s/%s", i.pull.headSHA, name), "raw_url": s.webURL("/raw/%s/%s", i.pull.headSHA, name),
			"contents_url": s.apiURL("/contents/%s?ref=%s", name, i.pull.headSHA)}
	})
}

func listReviews(s *Server, q *request) answer {
	i := s.wantedPull(q)
	if i == nil {
		return notFound
	}
	return list(s, q, i.pull.reviews, func(r *review) object { return s.reviewJSON(i, r) })
}

func createReview(s *Server, q *request) answer {
	i := s.wantedPull(q)
	if i == nil {
		return notFound
	}
	var in struct {
		Commit string `json:"commit_id"`
		Body   string `json:"body"`
		Event  string `json:"event"`
	}
	if err := q.decode(&in); err != nil {
		return refuse(http.StatusBadRequest, "Problems parsing JSON")
	}
	r, refusal := s.review(q.who, i, in.Event, in.Body, in.Commit)
	if refusal != nil {
		return *refusal
	}
	return ok(s.reviewJSON(i, r))
}

// review adds a submitted review.
func (s *Server) review(who *actor, i *issue, event, body, commit string) (*review, *answer) {
	states := map[string]string{"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}
	var a answer
	switch {
	case states[event] == "":
		a = refuse(http.StatusUnprocessableEntity, "Validation Failed", "githubtest has no pending reviews")
	case event == "APPROVE" && who.actions && s.state.workflow["can_approve_pull_request_reviews"] != true:
		a = refuse(http.StatusUnprocessableEntity, "Unprocessable Entity", "GitHub Actions is not permitted to approve pull requests.")
	case event != "APPROVE" && body == "":
		a = refuse(http.StatusUnprocessableEntity, "Unprocessable Entity", "Body cannot be blank")
	case event != "COMMENT" && i.author == who.account:
		what := map[string]string{"APPROVE": "approve", "REQUEST_CHANGES": "request changes on"}[event]
		a = refuse(http.StatusUnprocessableEntity, "Unprocessable Entity", "Review Can not "+what+" your own pull request")
	case commit != "" && (s.ref(commit+"^{commit}") != commit || !s.ancestor(commit, i.pull.headSHA)):
		a = refuse(http.StatusUnprocessableEntity, "Unprocessable Entity", "Review Commit is not part of the pull request")
	default:
		if commit == "" {
			commit = i.pull.headSHA
		}
		r := &review{id: s.id(), author: who.account, body: body, state: states[event], commit: commit, at: now()}
		i.pull.reviews, i.updated = append(i.pull.reviews, r), now()
		s.emitReview(who, "submitted", i, r)
		return r, nil
	}
	return nil, &a
}

func dismissReview(s *Server, q *request) answer {
	i := s.wantedPull(q)
	if i == nil {
		return notFound
	}
	for _, r := range i.pull.reviews {
		if r.id != number64(q.params["review_id"]) {
			continue
		}
		if r.state != "APPROVED" && r.state != "CHANGES_REQUESTED" {
			return refuse(http.StatusUnprocessableEntity, "Validation Failed", "Can not dismiss a review that is not approved or changes requested")
		}
		r.state = "DISMISSED"
		s.emitReview(q.who, "dismissed", i, r)
		return ok(s.reviewJSON(i, r))
	}
	return notFound
}
