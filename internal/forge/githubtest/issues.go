package githubtest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// labelNames reads labels as GitHub takes them: strings or objects with a name.
func labelNames(raw json.RawMessage) []string {
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil {
		return nil
	}
	var names []string
	for _, item := range items {
		var name string
		var full struct {
			Name string `json:"name"`
		}
		if json.Unmarshal(item, &name) != nil && json.Unmarshal(item, &full) == nil {
			name = full.Name
		}
		names = append(names, name)
	}
	return names
}

func createIssue(s *Server, q *request) answer {
	var in struct {
		Title  any             `json:"title"`
		Body   string          `json:"body"`
		Labels json.RawMessage `json:"labels"`
	}
	if err := q.decode(&in); err != nil {
		return refuse(http.StatusBadRequest, "Problems parsing JSON")
	}
	title, _ := in.Title.(string)
	if a := checkText("Issue", title, in.Body); a != nil {
		return *a
	}
	if a := checkLabels(labelNames(in.Labels)); a != nil {
		return *a
	}
	i := &issue{title: title, body: in.Body, author: q.who.account}
	s.add(i)
	s.emitIssue(q.who, "opened", i, nil)
	if q.who.perms != nil || q.who.account.role.rank() >= Triage.rank() {
		s.setLabels(q.who, i, labelNames(in.Labels))
	}
	return created(s.issueJSON(i))
}

// checkText holds GitHub's bounds on titles and bodies.
func checkText(resource, title, body string) *answer {
	var a answer
	switch {
	case strings.TrimSpace(title) == "":
		a = invalid(resource, "title", "missing_field", "")
	case len([]rune(title)) > 256:
		a = invalid(resource, "title", "custom", "title is too long (maximum is 256 characters)")
	case len([]rune(body)) > 65536:
		a = invalid(resource, "body", "custom", "body is too long (maximum is 65536 characters)")
	default:
		return nil
	}
	return &a
}

func (s *Server) wanted(q *request) *issue { return s.issue(number(q.params["issue_number"])) }

func getIssue(s *Server, q *request) answer {
	i := s.wanted(q)
	if i == nil {
		return notFound
	}
	return ok(s.issueJSON(i))
}

func listIssues(s *Server, q *request) answer {
	state, labels := q.query.Get("state"), strings.FieldsFunc(q.query.Get("labels"), func(r rune) bool { return r == ',' })
	since, _ := time.Parse(time.RFC3339, q.query.Get("since"))
	var found []*issue
	for _, i := range s.state.issues {
		if state == "closed" && !i.closed || (state == "" || state == "open") && i.closed || i.updated.Before(since) ||
			q.query.Get("creator") != "" && !strings.EqualFold(q.query.Get("creator"), i.author.login) {
			continue
		}
		if !slices.ContainsFunc(labels, func(l string) bool { return !i.has(l) }) {
			found = append(found, i)
		}
	}
	order(found, q)
	return list(s, q, found, s.issueJSON)
}

// order sorts issues as ?sort and ?direction ask.
func order(found []*issue, q *request) {
	key := func(i *issue) time.Time { return i.createdAt }
	if q.query.Get("sort") == "updated" {
		key = func(i *issue) time.Time { return i.updated }
	}
	slices.SortStableFunc(found, func(a, b *issue) int {
		c := key(a).Compare(key(b))
		if c == 0 {
			c = a.number - b.number
		}
		if q.query.Get("direction") != "asc" {
			c = -c
		}
		return c
	})
}

func updateIssue(s *Server, q *request) answer {
	i := s.wanted(q)
	if i == nil {
		return notFound
	}
	var in struct {
		Title  any             `json:"title"`
		Body   *string         `json:"body"`
		State  string          `json:"state"`
		Reason *string         `json:"state_reason"`
		Labels json.RawMessage `json:"labels"`
	}
	if err := q.decode(&in); err != nil {
		return refuse(http.StatusBadRequest, "Problems parsing JSON")
	}
	title, body := i.title, i.body
	if t, ok := in.Title.(string); ok {
		title = t
	}
	if in.Body != nil {
		body = *in.Body
	}
	if a := checkText("Issue", title, body); a != nil {
		return *a
	}
	if (title != i.title || body != i.body) && q.who.perms == nil && q.who.account != i.author && q.who.account.role.rank() < Write.rank() {
		return refuse(http.StatusForbidden, "Must have admin rights to Repository.")
	}
	if in.State == "open" && i.closed && i.pull != nil {
		if why := s.reopenable(i); why != "" {
			return invalid("PullRequest", "state", "invalid", "state cannot be changed. "+why)
		}
	}
	if a := checkLabels(labelNames(in.Labels)); a != nil {
		return *a
	}
	s.edit(q.who, i, title, body)
	if in.Labels != nil {
		s.setLabels(q.who, i, labelNames(in.Labels))
	}
	if in.State != "" {
		s.setState(q.who, i, in.State == "closed", in.Reason)
	}
	return ok(s.issueJSON(i))
}

// edit changes title and body, and tells who listens.
func (s *Server) edit(who *actor, i *issue, title, body string) {
	if title == i.title && body == i.body {
		return
	}
	changes := object{}
	if title != i.title {
		changes["title"] = object{"from": i.title}
	}
	if body != i.body {
		changes["body"] = object{"from": i.body}
	}
	i.title, i.body, i.updated = title, body, now()
	s.emitIssue(who, "edited", i, object{"changes": changes})
}

// setState closes or opens an issue or a pull request.
func (s *Server) setState(who *actor, i *issue, closed bool, reason *string) {
	if i.closed == closed {
		return
	}
	i.closed, i.updated, i.ends, i.reason = closed, now(), time.Time{}, ""
	action := "reopened"
	if closed {
		action, i.ends = "closed", now()
	}
	if i.pull == nil {
		i.reason = map[bool]string{true: "completed", false: "reopened"}[closed]
		if closed && reason != nil {
			i.reason = *reason
		}
	}
	s.emitIssue(who, action, i, nil)
}

// setLabels gives an issue exactly these labels.
func (s *Server) setLabels(who *actor, i *issue, names []string) {
	for _, old := range slices.Clone(i.labels) {
		if !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, old) }) {
			s.removeLabel(who, i, old)
		}
	}
	s.addLabels(who, i, names)
}

func (s *Server) addLabels(who *actor, i *issue, names []string) {
	for _, name := range names {
		if name == "" || i.has(name) {
			continue
		}
		l := s.label(name)
		i.labels, i.updated = append(i.labels, l.name), now()
		s.noteLabel(who, "labeled", i, l.name)
		s.emitIssue(who, "labeled", i, object{"label": s.labelJSON(l)})
	}
}

// removeLabel says whether the label was there.
func (s *Server) removeLabel(who *actor, i *issue, name string) bool {
	at := slices.IndexFunc(i.labels, func(l string) bool { return strings.EqualFold(l, name) })
	if at < 0 {
		return false
	}
	l := s.label(name)
	i.labels, i.updated = slices.Delete(i.labels, at, at+1), now()
	s.noteLabel(who, "unlabeled", i, l.name)
	s.emitIssue(who, "unlabeled", i, object{"label": s.labelJSON(l)})
	return true
}

func listIssueLabels(s *Server, q *request) answer {
	i := s.wanted(q)
	if i == nil {
		return notFound
	}
	return list(s, q, i.labels, func(name string) object { return s.labelJSON(s.label(name)) })
}

// bodyLabels reads the body of the two operations that take labels.
func bodyLabels(q *request) []string {
	var in struct {
		Labels json.RawMessage `json:"labels"`
	}
	if json.Unmarshal(q.body, &in) == nil {
		return labelNames(in.Labels)
	}
	return labelNames(q.body)
}

func addIssueLabels(s *Server, q *request) answer {
	i := s.wanted(q)
	if i == nil {
		return notFound
	}
	if a := checkLabels(bodyLabels(q)); a != nil {
		return *a
	}
	s.addLabels(q.who, i, bodyLabels(q))
	return ok(s.labelsJSON(i.labels))
}

func setIssueLabels(s *Server, q *request) answer {
	i := s.wanted(q)
	if i == nil {
		return notFound
	}
	if a := checkLabels(bodyLabels(q)); a != nil {
		return *a
	}
	s.setLabels(q.who, i, bodyLabels(q))
	return ok(s.labelsJSON(i.labels))
}

func removeIssueLabel(s *Server, q *request) answer {
	i := s.wanted(q)
	if i == nil {
		return notFound
	}
	if !s.removeLabel(q.who, i, q.params["name"]) {
		return refuse(http.StatusNotFound, "Label does not exist")
	}
	return ok(s.labelsJSON(i.labels))
}

// checkLabels holds the bound on names of labels that an issue is to get.
func checkLabels(names []string) *answer {
	for _, name := range names {
		if a := checkLabel(name, "", ""); a != nil {
			return a
		}
	}
	return nil
}

func listLabels(s *Server, q *request) answer { return list(s, q, s.state.labels, s.labelJSON) }

func createLabel(s *Server, q *request) answer {
	var in struct{ Name, Color, Description string }
	if err := q.decode(&in); err != nil {
		return refuse(http.StatusBadRequest, "Problems parsing JSON")
	}
	if slices.ContainsFunc(s.state.labels, func(l *label) bool { return strings.EqualFold(l.name, in.Name) }) {
		return invalid("Label", "name", "already_exists", "")
	}
	if a := checkLabel(in.Name, in.Color, in.Description); a != nil {
		return *a
	}
	l := s.label(in.Name)
	l.color, l.description = in.Color, in.Description
	if l.color == "" {
		l.color = "ededed"
	}
	return created(s.labelJSON(l))
}

// checkLabel holds GitHub's bounds on labels.
func checkLabel(name, color, description string) *answer {
	var a answer
	switch {
	case name == "" || len([]rune(name)) > 50:
		a = invalid("Label", "name", "invalid", "")
	case strings.Trim(color, "0123456789abcdefABCDEF") != "" || len(color) != 0 && len(color) != 6:
		a = invalid("Label", "color", "invalid", "")
	case len([]rune(description)) > 100:
		a = invalid("Label", "description", "too_long", "description is too long (maximum is 100 characters)")
	default:
		return nil
	}
	return &a
}

func updateLabel(s *Server, q *request) answer {
	var in struct {
		Name        string  `json:"new_name"`
		Color       *string `json:"color"`
		Description *string `json:"description"`
	}
	if err := q.decode(&in); err != nil {
		return refuse(http.StatusBadRequest, "Problems parsing JSON")
	}
	at := slices.IndexFunc(s.state.labels, func(l *label) bool { return strings.EqualFold(l.name, q.params["name"]) })
	if at < 0 {
		return notFound
	}
	l := s.state.labels[at]
	next := *l
	if in.Name != "" {
		next.name = in.Name
	}
	if in.Color != nil {
		next.color = *in.Color
	}
	if in.Description != nil {
		next.description = *in.Description
	}
	if a := checkLabel(next.name, next.color, next.description); a != nil {
		return *a
	}
	for _, i := range s.state.issues {
		for k, name := range i.labels {
			if name == l.name {
				i.labels[k] = next.name
			}
		}
	}
	*l = next
	return ok(s.labelJSON(l))
}
