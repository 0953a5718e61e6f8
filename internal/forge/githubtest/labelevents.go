package githubtest

// noteLabel puts a change of labels into an issue's list of events.
func (s *Server) noteLabel(who *actor, event string, i *issue, label string) {
	i.events = append(i.events, &labelEvent{id: s.id(), event: event, label: label, actor: who.account, at: now()})
}

// listEvents lists who put labels on an issue and took them off. GitHub has
// events of many more kinds there.
func listEvents(s *Server, q *request) answer {
	i := s.wanted(q)
	if i == nil {
		return notFound
	}
	return list(s, q, i.events, func(e *labelEvent) object {
		l := s.label(e.label)
		return object{
			"id": e.id, "node_id": node("LE", e.id), "url": s.apiURL("/issues/events/%d", e.id), "actor": s.userJSON(e.actor), "event": e.event,
			"commit_id": nil, "commit_url": nil, "created_at": stamp(e.at), "performed_via_github_app": nil,
			"label": object{"name": l.name, "color": l.color},
		}
	})
}
