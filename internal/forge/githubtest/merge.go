package githubtest

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
)

// mergeTree merges base and head without a work tree, and returns the tree, or
// "" where they conflict.
func (s *Server) mergeTree(base, head string) string {
	if tree, known := s.trees[base+head]; known {
		return tree
	}
	out, err := s.run("merge-tree", "--write-tree", base, head)
	tree, _, _ := strings.Cut(out, "\n")
	if err != nil {
		tree = ""
	}
	s.trees[base+head] = tree
	return tree
}

// mergeable says whether a pull request can be merged, and GitHub's word for
// its state.
func (s *Server) mergeable(i *issue) (bool, string) {
	switch {
	case s.mergeTree(s.tip(i.pull.base), i.pull.headSHA) == "":
		return false, "dirty"
	case len(s.mergeRules(&actor{account: &account{}}, i, "merge")) > 0:
		return true, "blocked"
	}
	return true, "clean"
}

func mergePull(s *Server, q *request) answer {
	i := s.wantedPull(q)
	if i == nil {
		return notFound
	}
	var in struct {
		Title   string `json:"commit_title"`
		Message string `json:"commit_message"`
		SHA     string `json:"sha"`
		Method  string `json:"merge_method"`
	}
	if err := q.decode(&in); err != nil {
		return refuse(http.StatusBadRequest, "Problems parsing JSON")
	}
	if in.Method == "" {
		in.Method = "merge"
	}
	if refusal := s.mergeRefusal(q.who, i, in.Method, in.SHA); refusal != nil {
		return *refusal
	}
	commit, refusal := s.merge(q.who, i, in.Method, in.Title, in.Message)
	if refusal != nil {
		return *refusal
	}
	return ok(object{"sha": commit, "merged": true, "message": "Pull Request successfully merged"})
}

// mergeRefusal says why a pull request cannot be merged now.
func (s *Server) mergeRefusal(who *actor, i *issue, method, sha string) *answer {
	setting := map[string]string{"merge": "allow_merge_commit", "squash": "allow_squash_merge", "rebase": "allow_rebase_merge"}[method]
	words := map[string]string{"merge": "Merge commits", "squash": "Squash merges", "rebase": "Rebase merges"}[method]
	var a answer
	switch {
	case i.closed:
		a = refuse(http.StatusMethodNotAllowed, "Pull Request is not mergeable")
	case sha != "" && sha != i.pull.headSHA:
		a = refuse(http.StatusConflict, "Head branch was modified. Review and try the merge again.")
	case s.state.settings[setting] != true:
		a = refuse(http.StatusMethodNotAllowed, words+" are not allowed on this repository.")
	default:
		violations := s.mergeRules(who, i, method)
		switch {
		case len(violations) > 0:
		case len(workflowRules(who, command{ref: "refs/heads/" + i.pull.base, old: i.pull.baseSHA, new: i.pull.headSHA})) > 0 && s.changesWorkflows(i):
			a = refuse(http.StatusForbidden, "refusing to allow a GitHub App to create or update workflow without `workflows` permission")
			return &a
		default:
			return nil
		}
		a = refuse(http.StatusMethodNotAllowed, "Repository rule violations found\n\n"+strings.Join(violations, "\n\n")+"\n\n")
	}
	return &a
}

// changesWorkflows says whether a pull request touches a workflow.
func (s *Server) changesWorkflows(i *issue) bool {
	_, err := s.run("diff", "--quiet", s.tip(i.pull.base)+"..."+i.pull.headSHA, "--", ".github/workflows")
	return err != nil
}

// merge makes the commit, moves the base and tells who listens.
func (s *Server) merge(who *actor, i *issue, method, title, message string) (string, *answer) {
	base := s.tip(i.pull.base)
	tree := s.mergeTree(base, i.pull.headSHA)
	if tree == "" {
		a := refuse(http.StatusMethodNotAllowed, "Pull Request is not mergeable")
		return "", &a
	}
	parents := []string{"-p", base, "-p", i.pull.headSHA}
	if title == "" {
		title = fmt.Sprintf("Merge pull request #%d from %s/%s", i.number, s.owner, i.pull.head)
		if message == "" {
			message = i.title
		}
	}
	if method != "merge" {
		parents = parents[:2] // one commit, which is also what a rebase makes of one
	}
	commit, err := s.commit(who, tree, parents, strings.TrimSpace(title+"\n\n"+message)+"\n")
	if err == nil {
		_, err = s.run("update-ref", "refs/heads/"+i.pull.base, commit, base)
	}
	if err != nil {
		s.t.Errorf("githubtest: merging: %v", err)
		a := refuse(http.StatusInternalServerError, "Server Error")
		return "", &a
	}
	s.emitPush(who, command{old: base, new: commit, ref: "refs/heads/" + i.pull.base})
	i.pull.baseSHA = commit
	s.merged(who, i, commit)
	for _, other := range s.state.issues {
		if other.pull != nil && !other.closed {
			s.follow(who, other, command{old: base, new: commit, ref: "refs/heads/" + i.pull.base}, i.pull.base)
		}
	}
	s.afterMerge(who, i)
	return commit, nil
}

// afterMerge deletes the branch where the repository's settings say so.
func (s *Server) afterMerge(who *actor, i *issue) {
	if s.state.settings["delete_branch_on_merge"] != true || i.pull.fork != "" {
		return
	}
	c := command{old: i.pull.headSHA, new: strings.Repeat("0", len(i.pull.headSHA)), ref: "refs/heads/" + i.pull.head}
	if _, err := s.run("update-ref", "-d", c.ref, c.old); err == nil {
		s.moved(who, []command{c})
	}
}

// commit makes a commit as GitHub does: the person is the author, GitHub the
// committer.
func (s *Server) commit(who *actor, tree string, parents []string, message string) (string, error) {
	cmd := exec.Command(s.git, append([]string{"--git-dir", s.dir, "commit-tree", tree}, parents...)...)
	cmd.Stdin = strings.NewReader(message)
	cmd.Env = append(os.Environ(), s.environment()...)
	cmd.Env = append(cmd.Env, "GIT_AUTHOR_NAME="+who.login, fmt.Sprintf("GIT_AUTHOR_EMAIL=%d+%s@users.noreply.github.com", who.account.id, who.login),
		"GIT_COMMITTER_NAME=GitHub", "GIT_COMMITTER_EMAIL=noreply@github.com")
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
}
