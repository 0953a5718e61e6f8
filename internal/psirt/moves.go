package psirt

import (
	"fmt"
	"sort"
	"strings"
)

// Silent is the update kind of a transition that tells the reporter nothing.
const Silent = "silent"

// Transition finds the rule for a move and answers whether its guards hold.
// The verdict names every guard. Without a rule the verdict lists the moves
// that the programme knows from the case's state.
func (p *Program) Transition(w World, to string, outcome Outcome) (Transition, Verdict) {
	what := fmt.Sprintf("%s may move from %s to %s", w.Case.ID, w.Case.State, target(to, outcome))
	state, known := p.State(to)
	if !known {
		return Transition{}, All(what, Failed("the programme has no state "+to, p.possible(w.Case.State)))
	}
	if closing := state.Phase == PhaseClosed; closing != (outcome != "") {
		do := "leave the outcome out"
		if closing {
			do = p.ways(w.Case.State, to)
		}
		return Transition{}, All(what, Failed("an outcome goes with closing, and with nothing else", do))
	}
	for _, t := range p.Transitions {
		if !contains(t.From, p.Current(w.Case.State)) || t.To != to || (outcome != "" && !hasOutcome(t.Outcomes, outcome)) {
			continue
		}
		parts := []Verdict{Passed("the programme knows this move")}
		for _, guard := range t.Guards {
			parts = append(parts, p.Judge(guard, w))
		}
		return t, All(what, parts...)
	}
	return Transition{}, All(what, Failed("the programme does not know this move", p.ways(w.Case.State, to)))
}

func target(to string, outcome Outcome) string {
	if outcome == "" {
		return to
	}
	return to + " (" + string(outcome) + ")"
}

func (p *Program) possible(from string) string {
	seen := map[string]bool{}
	for _, t := range p.Transitions {
		if contains(t.From, p.Current(from)) {
			seen[t.To] = true
		}
	}
	var names []string
	for name := range seen {
		names = append(names, name)
	}
	sort.Strings(names)
	if len(names) == 0 {
		return "no move leaves " + from
	}
	return "from " + from + " a case can move to " + strings.Join(names, ", ")
}

// ways says with which outcomes the move can be made, or else what moves there
// are.
func (p *Program) ways(from, to string) string {
	if list := p.outcomes(from, to); len(list) > 0 {
		return "say which with --outcome: " + joinOutcomes(list)
	}
	return p.possible(from)
}

func (p *Program) outcomes(from, to string) []Outcome {
	var out []Outcome
	for _, o := range Outcomes {
		for _, t := range p.Transitions {
			if contains(t.From, p.Current(from)) && t.To == to && hasOutcome(t.Outcomes, o) {
				out = append(out, o)
				break
			}
		}
	}
	return out
}

func joinOutcomes(list []Outcome) string {
	var names []string
	for _, o := range list {
		names = append(names, string(o))
	}
	return strings.Join(names, ", ")
}

func hasOutcome(list []Outcome, o Outcome) bool {
	for _, x := range list {
		if x == o {
			return true
		}
	}
	return false
}

// Approval is one person's agreement to a proposal, whose form has been
// verified already: a signature, or what only the forge vouches for.
type Approval struct {
	By   Fingerprint
	Kind string // KindSigned or KindAttested
}

// Approved answers whether a rule is met by approvals from people other than
// those in not: whoever made, or asked for, what is to be approved. sealed
// says whether the sealed parts change: then what the forge attests counts
// nothing.
func (p *Program) Approved(rule ApprovalRule, approvals []Approval, not []Fingerprint, sealed bool) Verdict {
	if rule.Count == 0 {
		return Passed("no approval is asked for")
	}
	role := rule.Role
	if role == "" {
		role = RoleTeam
	}
	what := fmt.Sprintf("%d approval(s) by %s, %s", rule.Count, role, rule.kind())
	good := map[Fingerprint]bool{}
	parts := make([]Verdict, 0, len(approvals)+1)
	for _, a := range approvals {
		v := p.counts(a, rule, role, not, sealed)
		parts = append(parts, v)
		if v.Result == Pass {
			good[a.By] = true
		}
	}
	v := Verdict{Result: Pass, What: what, Of: parts}
	if missing := rule.Count - len(good); missing > 0 {
		v.Result = Fail
		v.Of = append(v.Of, Failed(fmt.Sprintf("%d of %d approvals are there", len(good), rule.Count),
			fmt.Sprintf("%d more by %s: docket approve", missing, p.others(role, not, good))))
	}
	return v
}

func (r ApprovalRule) kind() string {
	if r.Kind == "" {
		return KindSigned
	}
	return r.Kind
}

func (p *Program) counts(a Approval, rule ApprovalRule, role string, not []Fingerprint, sealed bool) Verdict {
	person, known := p.ByKey(a.By)
	name := person.Handle
	if !known {
		return Failed("an approval by "+string(a.By)+" counts nothing", "only people of the programme approve")
	}
	for _, f := range not {
		if f == a.By {
			return Failed("the approval by "+name+" counts nothing", "whoever made or asked for a change does not approve it")
		}
	}
	if !person.HasRole(role) {
		return Failed("the approval by "+name+" counts nothing", "it takes the role "+role)
	}
	if a.Kind != KindSigned && (a.Kind != KindAttested || rule.kind() != KindAttested || sealed) {
		return Failed("the review by "+name+" counts nothing here", "it must be signed: docket approve")
	}
	return Passed("approved by " + name + ", " + a.Kind)
}

func (p *Program) others(role string, not []Fingerprint, have map[Fingerprint]bool) string {
	var names []string
next:
	for _, x := range p.People {
		if !x.HasRole(role) || have[x.Key] {
			continue
		}
		for _, f := range not {
			if f == x.Key {
				continue next
			}
		}
		names = append(names, x.Handle)
	}
	if len(names) == 0 {
		return "somebody else with the role " + role + " (the programme has nobody: docket keys add)"
	}
	return strings.Join(names, " or ")
}

// MayMove answers who may sign a move: a person of the team, or the bot for
// what the programme lets it do, in standard texts.
func (p *Program) MayMove(t Transition, e Entry, ownWords bool) Verdict {
	if person, ok := p.ByKey(e.By); ok {
		if person.HasRole(RoleTeam) {
			return Passed("signed by " + person.Handle + " (team)")
		}
		return Failed("signed by "+person.Handle+", who is not of the team", "a member of the team must make this move")
	}
	if e.By != p.Keys.Bot {
		return Failed("signed by a key without a role: "+string(e.By), "a member of the team must make this move")
	}
	switch {
	case ownWords:
		return Failed("the bot sends standard texts only", "a member of the team must make this move")
	case e.RequestedBy != "":
		if !t.Label {
			return Failed("a label cannot ask for this move", "run docket move")
		}
		if person, ok := p.ByLogin(e.RequestedBy); !ok || !person.HasRole(RoleTeam) {
			return Failed("asked for by "+e.RequestedBy+", who is not of the team", "a member of the team must ask for it")
		}
		return Passed("made by the bot for " + e.RequestedBy)
	case t.On != "":
		return Passed("made by the bot on " + t.On)
	}
	return Failed("the bot may not make this move by itself", "a member of the team must make it")
}
