package githubtest

import (
	"net/http"
	"strings"
)

// person is somebody at the web pages. The test fails where there is no such
// user, or the role is below what the click needs.
func (s *Server) person(login string, role Role) *actor {
	s.t.Helper()
	a := s.state.users[strings.ToLower(login)]
	if a == nil || a.role.rank() < role.rank() {
		s.t.Fatalf("githubtest: %s is no user with the role %s", login, role)
	}
	return &actor{login: a.login, account: a}
}

// page is the issue or pull request that somebody looks at.
func (s *Server) page(number int, pull bool) *issue {
	s.t.Helper()
	i := s.issue(number)
	if i == nil || pull && i.pull == nil {
		s.t.Fatalf("githubtest: there is no number %d to click at", number)
	}
	return i
}

// ClickLabel puts a label on an issue or pull request.
func (s *Server) ClickLabel(login string, number int, label string) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addLabels(s.person(login, Triage), s.page(number, false), []string{label})
}

// ClickUnlabel takes a label off.
func (s *Server) ClickUnlabel(login string, number int, label string) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.removeLabel(s.person(login, Triage), s.page(number, false), label)
}

// ClickReview submits a review of a pull request's head: verdict is approve,
// reject (request changes) or comment.
func (s *Server) ClickReview(login string, number int, verdict string) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	event := map[string]string{"approve": "APPROVE", "reject": "REQUEST_CHANGES", "comment": "COMMENT"}[verdict]
	if _, refusal := s.review(s.person(login, Read), s.page(number, true), event, verdict, ""); refusal != nil {
		s.t.Fatalf("githubtest: the review is refused: %v", refusal.body)
	}
}

// ClickDismiss dismisses the newest review of somebody.
func (s *Server) ClickDismiss(login string, number int, reviewer string) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	who, i := s.person(login, Write), s.page(number, true)
	for k := len(i.pull.reviews) - 1; k >= 0; k-- {
		if r := i.pull.reviews[k]; strings.EqualFold(r.author.login, reviewer) && r.state != "DISMISSED" {
			r.state = "DISMISSED"
			s.emitReview(who, "dismissed", i, r)
			return
		}
	}
	s.t.Fatalf("githubtest: %s has no review to dismiss", reviewer)
}

// ClickMerge presses the merge button. It returns GitHub's reason where the
// button is grey, and "" when the pull request is merged.
func (s *Server) ClickMerge(login string, number int) (reason string) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	who, i := s.person(login, Write), s.page(number, true)
	refusal := s.mergeRefusal(who, i, "merge", "")
	if refusal == nil {
		_, refusal = s.merge(who, i, "merge", "", "")
	}
	if refusal == nil {
		return ""
	}
	return refusal.body.(object)["message"].(string)
}

// ClickClose closes an issue or a pull request, and ClickReopen opens it again.
func (s *Server) ClickClose(login string, number int) { s.t.Helper(); s.click(login, number, true) }

// ClickReopen opens a closed issue or pull request again.
func (s *Server) ClickReopen(login string, number int) { s.t.Helper(); s.click(login, number, false) }

func (s *Server) click(login string, number int, closed bool) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.page(number, false)
	if !closed && i.pull != nil {
		if why := s.reopenable(i); why != "" {
			s.t.Fatalf("githubtest: %d cannot be opened again: %s", number, why)
		}
	}
	s.setState(s.person(login, Triage), i, closed, nil)
}

// EditTitle changes a title.
func (s *Server) EditTitle(login string, number int, title string) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.page(number, false)
	s.edit(s.person(login, Write), i, title, i.body)
}

// EditBody changes a body.
func (s *Server) EditBody(login string, number int, body string) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.page(number, false)
	s.edit(s.person(login, Write), i, i.title, body)
}

// ClickComment says something.
func (s *Server) ClickComment(login string, number int, body string) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.say(s.person(login, Read), s.page(number, false), body)
}

// ForkPull opens a pull request from a fork: branch is a name there, and sha a
// commit that this repository has (a fork's objects are reachable in it). The
// person needs no role.
func (s *Server) ForkPull(login, branch, sha, title string) (number int) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.account(login)
	return s.openPull(&actor{login: a.login, account: a}, branch, "main", title, "", sha, a.login+"/"+s.name).number
}

// WorkflowRun tells that a run of a workflow has ended: workflow is its name,
// file its path below .github/workflows, trigger the event that started it, and
// branch and sha the head that it ran for. GitHub tells of these whoever
// started the run.
func (s *Server) WorkflowRun(workflow, file, trigger, branch, sha, conclusion string) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	commits := s.commitsJSON(command{old: zeros, new: sha})
	if len(commits) == 0 {
		s.t.Fatalf("githubtest: there is no commit %s", sha)
	}
	a, id := s.account("github-actions[bot]"), s.id()
	s.emit(&actor{login: a.login, account: a}, "workflow_run", "completed", object{
		"workflow": object{"id": 1, "name": workflow, "path": ".github/workflows/" + file, "state": "active"},
		"workflow_run": object{
			"id": id, "name": workflow, "path": ".github/workflows/" + file, "event": trigger, "status": "completed", "conclusion": conclusion,
			"head_branch": branch, "head_sha": sha, "head_commit": commits[0], "head_repository": s.repoJSON(), "repository": s.repoJSON(),
			"run_number": 1, "run_attempt": 1, "workflow_id": 1, "pull_requests": s.pullsAt(sha), "actor": s.userJSON(a), "triggering_actor": s.userJSON(a),
			"created_at": stamp(now()), "updated_at": stamp(now()), "run_started_at": stamp(now()), "html_url": s.webURL("/actions/runs/%d", id),
		},
	})
}

// Release puts files behind /OWNER/REPO/releases/download/TAG/NAME.
func (s *Server) Release(tag string, files map[string][]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, data := range files {
		s.state.releases[tag+"/"+name] = data
	}
}

func (s *Server) serveDownload(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	data, ok := s.state.releases[strings.TrimPrefix(r.URL.Path, "/"+s.repo()+"/releases/download/")]
	s.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	_, _ = w.Write(data)
}
