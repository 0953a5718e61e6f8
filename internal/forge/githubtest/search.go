package githubtest

import "strings"

// search answers GET /search/issues for the qualifiers repo, is, in, state,
// label and author; other words must stand in what in: names, in any case.
// What it does not know fails the test.
func search(s *Server, q *request) answer {
	terms := searchTerms(q.query.Get("q"))
	var found []*issue
	for _, i := range s.state.issues {
		if s.matches(i, terms) {
			found = append(found, i)
		}
	}
	order(found, q)
	a := counted(s, q, "items", found, s.issueJSON)
	a.body.(object)["incomplete_results"] = false
	return a
}

// searchTerms splits a query at spaces outside quotes, and takes the quotes
// off.
func searchTerms(text string) []string {
	quoted := false
	fields := strings.FieldsFunc(text, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return r == ' ' && !quoted
	})
	for k := range fields {
		fields[k] = strings.ReplaceAll(fields[k], `"`, "")
	}
	return fields
}

func (s *Server) matches(i *issue, terms []string) bool {
	where := i.title + "\n" + i.body
	for _, t := range terms {
		if in, ok := strings.CutPrefix(t, "in:"); ok {
			where = map[string]string{"title": i.title, "body": i.body}[in]
			if strings.Contains(in, ",") {
				where = i.title + "\n" + i.body
			}
		}
	}
	for _, t := range terms {
		key, value, ok := strings.Cut(t, ":")
		if !ok || !strings.Contains(" repo is in state label author type ", " "+key+" ") {
			key, value = "", t
		}
		if !s.term(i, key, value, where) {
			return false
		}
	}
	return true
}

func (s *Server) term(i *issue, key, value, where string) bool {
	switch key {
	case "repo":
		return strings.EqualFold(value, s.repo())
	case "label":
		return i.has(value)
	case "author":
		return strings.EqualFold(i.author.login, value)
	case "in":
		return true
	case "":
		return strings.Contains(strings.ToLower(where), strings.ToLower(value))
	}
	switch value { // is:, state: and type:
	case "issue":
		return i.pull == nil
	case "pr", "pull-request":
		return i.pull != nil
	case "open", "closed":
		return i.stateText() == value
	case "merged":
		return i.pull != nil && i.pull.merged
	}
	s.t.Errorf("githubtest: the search does not know %s:%s", key, value)
	return false
}
