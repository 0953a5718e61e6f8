package githubtest

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
)

// ReportAdvisory reports a vulnerability privately, as anybody does in GitHub's
// page Security, and returns the identifier: GHSA-xxxx-xxxx-xxxx. The report
// waits in the state triage.
func (s *Server) ReportAdvisory(login, summary, description string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := &advisory{
		ghsa: s.ghsa(), summary: summary, description: description, state: "triage", author: s.account(login), at: now(), updated: now(),
		vulnerabilities: []object{{"package": object{"ecosystem": "other", "name": ""}, "vulnerable_version_range": "", "patched_versions": "", "vulnerable_functions": []string{}}},
	}
	s.state.advisories = append(s.state.advisories, a)
	s.emit(&actor{login: login, account: a.author}, "repository_advisory", "reported", object{"repository_advisory": s.advisoryJSON(a)})
	return a.ghsa
}

func (s *Server) ghsa() string {
	const letters = "23456789cfghjmpqrvwx"
	out := []byte("GHSA-xxxx-xxxx-xxxx")
	for k := 5; k < len(out); k++ {
		if out[k] == 'x' {
			out[k] = letters[rand.IntN(len(letters))]
		}
	}
	return string(out)
}

func (s *Server) advisoryJSON(a *advisory) object {
	closed := any(nil)
	if a.state == "closed" {
		closed = stamp(a.updated)
	}
	return object{
		"ghsa_id": a.ghsa, "cve_id": nil, "url": s.apiURL("/security-advisories/%s", a.ghsa), "html_url": s.webURL("/security/advisories/%s", a.ghsa),
		"summary": a.summary, "description": a.description, "severity": nullable(a.severity), "author": s.userJSON(a.author), "publisher": nil,
		"identifiers": []any{object{"type": "GHSA", "value": a.ghsa}}, "state": a.state, "created_at": stamp(a.at), "updated_at": stamp(a.updated),
		"published_at": nil, "closed_at": closed, "withdrawn_at": nil, "submission": object{"accepted": a.state != "triage"},
		"vulnerabilities": a.vulnerabilities, "cvss": nil, "cvss_severities": nil, "cwes": []any{}, "cwe_ids": a.cwes, "credits": []any{},
		"credits_detailed": []any{}, "collaborating_users": []any{s.userJSON(a.author)}, "collaborating_teams": []any{}, "private_fork": nil,
	}
}

func listAdvisories(s *Server, q *request) answer {
	state := q.query.Get("state")
	found := slices.DeleteFunc(slices.Clone(s.state.advisories), func(a *advisory) bool { return state != "" && a.state != state })
	if q.query.Get("direction") != "asc" {
		slices.Reverse(found)
	}
	return s.byCursor(q, found)
}

// byCursor answers with one page of advisories: GitHub lists them by a cursor,
// which here is the identifier that the page before ended with.
func (s *Server) byCursor(q *request, found []*advisory) answer {
	size := 30
	if n := number(q.query.Get("per_page")); n > 0 {
		size = min(n, 100)
	}
	from := 1 + slices.IndexFunc(found, func(a *advisory) bool { return a.ghsa == q.query.Get("after") })
	out, header := []any{}, http.Header{}
	for i, a := range found[from:] {
		if i == size {
			u := *q.url
			values := u.Query()
			values.Set("after", found[from+i-1].ghsa)
			u.RawQuery = values.Encode()
			header.Set("Link", "<"+s.Web()+u.RequestURI()+`>; rel="next"`)
			break
		}
		out = append(out, s.advisoryJSON(a))
	}
	return answer{status: http.StatusOK, body: out, header: header}
}

func (s *Server) wantedAdvisory(q *request) *advisory {
	for _, a := range s.state.advisories {
		if strings.EqualFold(a.ghsa, q.params["ghsa_id"]) {
			return a
		}
	}
	return nil
}

func getAdvisory(s *Server, q *request) answer {
	if a := s.wantedAdvisory(q); a != nil {
		return ok(s.advisoryJSON(a))
	}
	return notFound
}

func updateAdvisory(s *Server, q *request) answer {
	a := s.wantedAdvisory(q)
	if a == nil {
		return notFound
	}
	var in struct {
		Summary, Description, Severity, State *string
		CWEs                                  *[]string `json:"cwe_ids"`
	}
	if err := q.decode(&in); err != nil {
		return refuse(http.StatusBadRequest, "Problems parsing JSON")
	}
	set(&a.summary, in.Summary)
	set(&a.description, in.Description)
	set(&a.severity, in.Severity)
	set(&a.state, in.State)
	set(&a.cwes, in.CWEs)
	a.updated = now()
	return ok(s.advisoryJSON(a))
}

func getReporting(s *Server, q *request) answer { return ok(object{"enabled": s.state.reporting}) }

func putReporting(s *Server, q *request) answer {
	s.state.reporting = true
	return done
}
