package desk

import (
	"slices"

	"github.com/docket-psirt/docket/internal/psirt"
)

// route names the handlers of a new case, where the programme says which teams
// look after which products: the team that takes reports in, and those people
// of the products' teams who may handle cases. The report says which teams take
// part; that they were told, whoever tells them writes down.
func (n *newcase) route(doc psirt.Document) {
	p := n.s.Program
	if len(p.Routing) == 0 {
		return
	}
	list, _ := doc["routing"].([]any)
	handlers := p.With(psirt.RoleTeam)
	for _, r := range routes(p, doc) {
		entry := map[string]any{"team": r.team}
		if r.product != "" {
			entry["product"] = r.product
		}
		list = append(list, entry)
		for _, handle := range p.Teams[r.team].People {
			if x, ok := p.ByHandle(handle); ok && p.MayHandle(x) {
				handlers = append(handlers, x.Key)
			}
		}
	}
	if len(list) > 0 && doc["routing"] == nil {
		doc["routing"] = list
	}
	slices.Sort(handlers)
	if handlers = slices.Compact(handlers); !slices.Equal(handlers, p.With(psirt.RoleTeam)) {
		n.handlers = handlers
	}
}

// routed is a team that a product belongs to.
type routed struct{ team, product string }

// routes lists the teams of the products of a report, each once, with the first
// of the products that it answers for. Where no team answers for any of them,
// the subject may speak of a product of which one does.
func routes(p *psirt.Program, doc psirt.Document) []routed {
	var out []routed
	add := func(product string) {
		team := p.TeamOf(product)
		if team != "" && !slices.ContainsFunc(out, func(r routed) bool { return r.team == team }) {
			out = append(out, routed{team, product})
		}
	}
	for _, v := range doc.Values("products.name") {
		product, _ := v.(string)
		add(product)
	}
	if len(out) == 0 {
		hint, _ := doc["product_hint"].(string)
		add(hint) // without one a team for any product takes part even so
	}
	return out
}
