package githubtest

import "slices"

// Issue is what the pages of an issue or pull request show. It is a copy.
type Issue struct {
	Number      int
	Title, Body string
	Author      string // login
	Closed      bool
	Labels      []string // sorted
	Comments    []Comment
	Pull        *Pull // nil: no pull request
}

// Comment is one comment, oldest first in its list.
type Comment struct{ Login, Body string }

// Pull is what a pull request shows besides.
type Pull struct {
	Branch, Base, Head string
	Merged             bool
	MergedAs, MergedBy string            // commit and login, when merged
	Reviews            []string          // LOGIN STATE, oldest first
	Checks             map[string]string // conclusion of the newest check run of each name, for Head
}

// CheckRun is one check run.
type CheckRun struct {
	Name, Head, Conclusion string // Conclusion is empty while it runs
	Title, Summary         string
	Notes                  []Note
}

// Note is an annotation of a check run.
type Note struct {
	Path, Level, Title, Text string
	Line                     int
}

// CheckRuns returns all check runs of a name, oldest first.
func (s *Server) CheckRuns(name string) []CheckRun {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []CheckRun
	for _, c := range s.state.checks {
		if c.name != name {
			continue
		}
		run := CheckRun{Name: c.name, Head: c.sha, Conclusion: c.conclusion, Title: c.title, Summary: c.summary}
		for _, a := range c.annotations {
			n := Note{}
			n.Path, _ = a["path"].(string)
			n.Level, _ = a["annotation_level"].(string)
			n.Title, _ = a["title"].(string)
			n.Text, _ = a["message"].(string)
			line, _ := a["start_line"].(float64)
			n.Line = int(line)
			run.Notes = append(run.Notes, n)
		}
		out = append(out, run)
	}
	return out
}

// Issues returns all issues and pull requests, by number from 1.
func (s *Server) Issues() []Issue {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Issue
	for _, i := range s.state.issues {
		out = append(out, s.snapshot(i))
	}
	return out
}

// Issue returns an issue or pull request; the test ends where there is none.
func (s *Server) Issue(number int) Issue {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.snapshot(s.page(number, false))
}

func (s *Server) snapshot(i *issue) Issue {
	out := Issue{Number: i.number, Title: i.title, Body: i.body, Author: i.author.login, Closed: i.closed, Labels: slices.Sorted(slices.Values(i.labels))}
	for _, c := range i.comments {
		out.Comments = append(out.Comments, Comment{c.author.login, c.body})
	}
	if p := i.pull; p != nil {
		out.Pull = &Pull{Branch: p.head, Base: p.base, Head: p.headSHA, Merged: p.merged, MergedAs: p.mergeSHA, Checks: map[string]string{}}
		if p.mergedBy != nil {
			out.Pull.MergedBy = p.mergedBy.login
		}
		for _, r := range p.reviews {
			out.Pull.Reviews = append(out.Pull.Reviews, r.author.login+" "+r.state)
		}
		for _, c := range s.state.checks {
			if c.sha == p.headSHA {
				out.Pull.Checks[c.name] = c.conclusion
			}
		}
	}
	return out
}
