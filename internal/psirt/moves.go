package psirt

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// Silent is the update kind of a transition that tells the reporter nothing.
const Silent = "silent"

// Ruled is a rule that a move could be made by, and whether its guards hold.
type Ruled struct {
	Transition
	Verdict Verdict
}

// Transition finds the rule for a move and answers whether its guards hold. Of
// several rules for the same move the first whose guards hold counts; without a
// key that may be open, and the first that is not ruled out is answered, with
// the verdict Sealed. The verdict names every guard of every rule. Without a
// rule it lists the moves that the programme knows from the case's state.
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
	list := p.rules(w, to, outcome)
	switch len(list) {
	case 0:
		return Transition{}, All(what, Failed("the programme does not know this move", p.ways(w.Case.State, to)))
	case 1:
		return list[0].Transition, All(what, list[0].Verdict.Of...)
	}
	parts := make([]Verdict, len(list))
	for i, rule := range list {
		parts[i] = rule.Verdict
		parts[i].What = fmt.Sprintf("rule %d of %d for this move, which sends %s", i+1, len(list), rule.Update)
	}
	return list[counting(list)].Transition, All(what, First("the guards of one rule hold", parts...))
}

// counting is the rule that counts: the first that passes, else the first that
// only a key can judge, else the first.
func counting(list []Ruled) int {
	for _, want := range []Result{Pass, Sealed} {
		for i, rule := range list {
			if rule.Verdict.Result == want {
				return i
			}
		}
	}
	return 0
}

// Candidates lists the rules of which one counts for a move, as far as can be
// told: those that are not ruled out, up to the first whose guards hold. With a
// key that is one rule at most.
func (p *Program) Candidates(w World, to string, outcome Outcome) []Ruled {
	var out []Ruled
	for _, rule := range p.rules(w, to, outcome) {
		if rule.Verdict.Result == Fail {
			continue
		}
		out = append(out, rule)
		if rule.Verdict.Result == Pass {
			break
		}
	}
	return out
}

// rules lists the programme's rules for a move, in its order, each judged.
func (p *Program) rules(w World, to string, outcome Outcome) []Ruled {
	var out []Ruled
	for _, t := range p.Transitions {
		if !contains(t.From, p.Current(w.Case.State)) || t.To != to || (outcome != "" && !hasOutcome(t.Outcomes, outcome)) {
			continue
		}
		parts := []Verdict{Passed("the programme knows this move")}
		for _, guard := range t.Guards {
			parts = append(parts, p.Judge(guard, w))
		}
		if w.Mover != nil {
			if v := p.MayMove(t, *w.Mover, false); !v.OK() {
				parts = append(parts, v)
			}
		}
		out = append(out, Ruled{t, All("the rule", parts...)})
	}
	return out
}

// Move is where a case may go: a state, and why when that closes it.
type Move struct {
	To      string
	Outcome Outcome
}

// Moves lists where a case may go from a state, in the programme's order, each
// once: several rules may be for the same move, and one rule for several outcomes.
func (p *Program) Moves(from string) []Move {
	var out []Move
	for _, t := range p.Transitions {
		if !contains(t.From, p.Current(from)) {
			continue
		}
		outcomes := t.Outcomes
		if len(outcomes) == 0 {
			outcomes = []Outcome{""}
		}
		for _, o := range outcomes {
			if m := (Move{t.To, o}); !slices.Contains(out, m) {
				out = append(out, m)
			}
		}
	}
	return out
}

// Kinds lists the updates that a move by the rule may send; the first is what
// it sends when the mover chooses none.
func (t Transition) Kinds() []string { return append([]string{t.Update}, t.Updates...) }

// Choose is the kind of update that a move sends: the one chosen, or the
// rule's own where the choice is empty. ok is false when the rule does not
// offer the choice.
func (t Transition) Choose(kind string) (chosen string, ok bool) {
	if kind == "" {
		return t.Update, true
	}
	return kind, contains(t.Kinds(), kind)
}

// OnClock is the name of the clock that makes the bot do it, or empty.
func (t Transition) OnClock() string {
	name, ok := strings.CutPrefix(t.On, "clock:")
	if !ok {
		return ""
	}
	return name
}

// clockOnly reports whether nobody but the bot makes the move.
func (t Transition) clockOnly() bool { return t.OnClock() != "" && !t.Label }

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

// MayMove answers who may sign a move: a person of the team, unless only a
// clock makes it, or the bot for what the programme lets it do, in standard
// texts. Whether the clock has run out, or a reply has come, is for the caller
// (RanOut).
func (p *Program) MayMove(t Transition, e Entry, ownWords bool) Verdict {
	if person, ok := p.ByKey(e.By); ok {
		switch {
		case !person.HasRole(RoleTeam):
		case t.clockOnly():
			return Failed("only the clock "+t.OnClock()+" makes this move", "the bot makes it when the clock has run out (docket clock)")
		default:
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
