package githubtest

import (
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
)

// command is one line of a push: a ref is to go from old to new, where zeros
// stand for no ref.
type command struct{ old, new, ref string }

func (c command) creates() bool { return strings.Trim(c.old, "0") == "" }
func (c command) deletes() bool { return strings.Trim(c.new, "0") == "" }

// commands reads the lines at the beginning of a push (gitprotocol-pack,
// "Reference Update Request").
func commands(body []byte) []command {
	var out []command
	for len(body) >= 4 {
		n, err := strconv.ParseUint(string(body[:4]), 16, 16)
		if err != nil || n < 4 || int(n) > len(body) {
			break // the flush packet that ends them
		}
		line, _, _ := strings.Cut(string(body[4:n]), "\x00")
		if f := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 3); len(f) == 3 {
			out = append(out, command{old: f[0], new: f[1], ref: f[2]})
		}
		body = body[n:]
	}
	return out
}

// receive takes a push in: the rules go to the hook, and what git has done
// moves pull requests.
func (s *Server) receive(who *actor, w http.ResponseWriter, r *http.Request, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := commands(body)
	var rules strings.Builder
	for _, c := range asked {
		for _, v := range append(s.pushRules(who, c), workflowRules(who, c)...) {
			rules.WriteString(v.kind + " " + c.ref + " " + v.message + "\n")
		}
	}
	if err := os.WriteFile(s.rulesFile(), []byte(rules.String()), 0o600); err != nil {
		s.t.Errorf("githubtest: %v", err)
		return
	}
	s.backend(who, w, r, body)
	var moved []command
	for _, c := range asked {
		if at := s.ref(c.ref); c.old != c.new && (at == c.new || at == "" && c.deletes()) {
			moved = append(moved, c)
		}
	}
	s.moved(who, moved)
}

// workflowRules: an App without the permission workflows, which GITHUB_TOKEN
// never has, pushes no change of a workflow.
func workflowRules(who *actor, c command) []violation {
	if c.deletes() || who.perms == nil || who.holds("workflows:write") || !strings.HasPrefix(c.ref, "refs/heads/") {
		return nil
	}
	return []violation{{"workflows", "refusing to allow a GitHub App to create or update workflow without `workflows` permission"}}
}

// moved does what GitHub does after refs moved: events, and pull requests that
// follow. What is deleted comes last, so that a pull request whose branch goes
// in the push that merges it counts as merged.
func (s *Server) moved(who *actor, all []command) {
	slices.SortStableFunc(all, func(a, b command) int {
		rank := map[bool]int{true: 1}
		return rank[a.deletes()] - rank[b.deletes()]
	})
	for _, c := range all {
		branch, ok := strings.CutPrefix(c.ref, "refs/heads/")
		if !ok {
			continue
		}
		s.emitPush(who, c)
		for _, i := range slices.Clone(s.state.issues) {
			if i.pull != nil && !i.closed {
				s.follow(who, i, c, branch)
			}
		}
	}
}

// follow moves one open pull request.
func (s *Server) follow(who *actor, i *issue, c command, branch string) {
	p := i.pull
	switch {
	case c.deletes():
		if p.fork == "" && p.head == branch || p.base == branch {
			s.setState(who, i, true, nil)
		}
	case p.fork == "" && p.head == branch:
		before := p.headSHA
		p.headSHA, i.updated = c.new, now()
		s.mirror(i)
		s.emitIssue(who, "synchronize", i, object{"before": before, "after": c.new})
		if base := s.tip(p.base); s.ancestor(p.headSHA, base) {
			s.merged(who, i, base)
		}
	case p.base == branch:
		p.baseSHA = c.new
		if s.ancestor(p.headSHA, c.new) {
			s.merged(who, i, s.bringer(c, p.headSHA))
		}
	}
}

// bringer is the commit of a push that brought a head to the branch.
func (s *Server) bringer(c command, head string) string {
	span := c.old + ".." + c.new
	if c.creates() {
		span = c.new
	}
	out, _ := s.run("rev-list", "--first-parent", "--reverse", span)
	for _, commit := range strings.Fields(out) {
		if s.ancestor(head, commit) {
			return commit
		}
	}
	return c.new
}

// merged marks a pull request.
func (s *Server) merged(who *actor, i *issue, commit string) {
	i.closed, i.ends, i.updated = true, now(), now()
	i.pull.merged, i.pull.mergeSHA, i.pull.mergedBy = true, commit, who.account
	s.emitIssue(who, "closed", i, nil)
}
