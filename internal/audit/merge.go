package audit

import (
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/store"
)

// Merge judges one commit of main's first-parent line: the proposal that it
// brings, and that it carries nothing more. What cannot be read, because it is
// damaged or beyond all bounds, is a finding.
func (j *Judge) Merge(m *store.Commit) (*Judgement, error) {
	g, err := j.judgeMerge(m)
	if !unreadable(err) {
		return g, err
	}
	s := scribe{commit: m.Hash}
	s.add("unreadable", "%v", err)
	return &Judgement{Head: m.Hash, Findings: s.findings, Verdict: psirt.Failed("it can be read", err.Error())}, nil
}

// unreadable tells what is wrong with the repository from what is wrong with
// this machine.
func unreadable(err error) bool {
	for _, of := range []error{store.ErrCorrupt, store.ErrMissing, store.ErrTooLarge, store.ErrTooMany, store.ErrNotRegular, store.ErrBadPath} {
		if errors.Is(err, of) {
			return true
		}
	}
	return false
}

func (j *Judge) judgeMerge(m *store.Commit) (*Judgement, error) {
	s := scribe{commit: m.Hash}
	if len(m.Parents) != 2 {
		return j.direct(m, s)
	}
	g, err := j.Proposal(m.Parents[0], m.Parents[1])
	if err != nil {
		return nil, err
	}
	s.id = g.Case
	base, err := j.Repo.Commit(m.Parents[0])
	if err != nil {
		return nil, err
	}
	changes, err := j.Repo.Changes(base.Tree, m.Tree)
	if err != nil {
		return nil, err
	}
	there := map[string]bool{}
	for _, ch := range changes {
		there[ch.Path] = true
		if e, ok := g.paths[ch.Path]; !ok || e.Hash != ch.New.Hash || e.Mode != ch.New.Mode {
			s.add("merge", "%s is neither what main had nor what the proposal brings", ch.Path)
		}
	}
	for path := range g.paths {
		if !there[path] {
			s.add("merge", "%s of the proposal is left out of the merge", path)
		}
	}
	if head, err := j.Repo.Commit(g.Head); err == nil && eventTime(head).After(eventTime(m).Add(skew)) {
		s.add("time", "the proposal is dated after the merge that brought it")
	}
	if !trailersAgree(m, g) {
		s.add("merge", "the merge names another case than the one it brings")
	}
	s.says(m, nil, "Case") // which trailersAgree has judged
	j.unmet(&s, g)
	for _, c := range g.line {
		if j.brought != nil {
			j.brought[c.Hash] = true
		}
	}
	g.Findings = append(g.Findings, s.findings...)
	return g, nil
}

// unmet makes findings of approvals and permissions that a merged proposal
// lacks.
func (j *Judge) unmet(s *scribe, g *Judgement) {
	if len(g.Verdict.Of) == 0 {
		return
	}
	// The first part is the proposal's form, whose faults are findings already;
	// they hide nothing of what else is missing, as they may be explained.
	for _, part := range g.Verdict.Of[1:] {
		if part.Result != psirt.Fail {
			continue
		}
		for _, reason := range part.Reasons() {
			s.add("unapproved", "merged without what the programme asks for: %s", reason)
		}
	}
}

// direct judges a commit on main that is no merge: only the first may be one.
func (j *Judge) direct(m *store.Commit, s scribe) (*Judgement, error) {
	g := &Judgement{Head: m.Hash}
	if len(m.Parents) == 0 {
		s.add("direct", "a commit on main that no proposal brought")
		g.Findings = s.findings
		return g, nil
	}
	parent, err := j.Repo.Commit(m.Parents[0])
	if err != nil {
		return nil, err
	}
	changes, err := j.Repo.Changes(parent.Tree, m.Tree)
	if err != nil {
		return nil, err
	}
	s.add("direct", "a commit on main that no proposal brought%s", touches(changes))
	seen := map[psirt.CaseID]bool{}
	for _, ch := range changes {
		at := placeOf(ch.Path)
		if at.kind == placeCase && ch.New.Hash.IsZero() {
			s.id = at.id
			s.add("case-removed", "a case is never removed")
			seen[at.id] = true
		}
	}
	var touched []string
	for _, ch := range changes {
		if at := placeOf(ch.Path); at.id != "" && !seen[at.id] {
			seen[at.id] = true
			touched = append(touched, string(at.id))
		}
	}
	sort.Strings(touched)
	for _, id := range touched {
		s.id = psirt.CaseID(id)
		s.add("direct", "the case was changed past every check")
	}
	g.Findings = s.findings
	return g, nil
}

// touches names the first few paths of a change, for people to read.
func touches(changes []store.Change) string {
	const most = 3
	var names []string
	for i, ch := range changes {
		if i == most {
			names = append(names, fmt.Sprintf("and %d more", len(changes)-most))
			break
		}
		names = append(names, shown(ch.Path))
	}
	if len(names) == 0 {
		return ""
	}
	return "; it changes " + strings.Join(names, ", ")
}

// shown is a path as a terminal may show it: whoever made it up may have put
// anything into it, at any length.
func shown(path string) string {
	if len(path) > 200 {
		path = path[:200] + "…"
	}
	if strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r > '~' && r != '…' }) {
		return fmt.Sprintf("%+q", path)
	}
	return path
}
