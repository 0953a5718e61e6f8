package githubtest

import (
	"cmp"
	"slices"
)

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
	return list(s, q, i.events, s.labelEventJSON)
}

// listRepoEvents lists the same for all issues, the newest first, each with its
// issue as it is now.
func listRepoEvents(s *Server, q *request) answer {
	type of struct {
		*labelEvent
		issue *issue
	}
	var all []of
	for _, i := range s.state.issues {
		for _, e := range i.events {
			all = append(all, of{e, i})
		}
	}
	slices.SortFunc(all, func(a, b of) int { return cmp.Compare(b.id, a.id) })
	return list(s, q, all, func(e of) object {
		out := s.labelEventJSON(e.labelEvent)
		out["issue"] = s.issueJSON(e.issue)
		return out
	})
}

func (s *Server) labelEventJSON(e *labelEvent) object {
	l := s.label(e.label)
	return object{
		"id": e.id, "node_id": node("LE", e.id), "url": s.apiURL("/issues/events/%d", e.id), "actor": s.userJSON(e.actor), "event": e.event,
		"commit_id": nil, "commit_url": nil, "created_at": stamp(e.at), "performed_via_github_app": nil,
		"label": object{"name": l.name, "color": l.color},
	}
}
