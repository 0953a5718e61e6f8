package desk

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/docket-psirt/docket/internal/psirt"
)

// Text prints the lifecycle: its states, its moves with what each needs, sends
// and winds, its clocks, its priority rules, and what else the programme says.
func (v *PolicyView) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s)\n", v.Name, v.Program)
	if v.Source != "" {
		fmt.Fprintf(&b, "after %s\n", v.Source)
	}
	b.WriteString("\nStates; cases begin in the first\n")
	wide := 26
	for _, s := range v.States {
		wide = max(wide, utf8.RuneCountInString(s.Label))
	}
	for _, s := range v.States {
		fmt.Fprintf(&b, "  %-18s %-*s phase %s\n", s.Name, wide, s.Label, s.Phase)
		if s.Means != "" {
			fmt.Fprintf(&b, "  %-18s %s\n", "", s.Means)
		}
	}
	b.WriteString("\nMoves\n")
	for _, m := range v.Moves {
		m.text(&b, v)
	}
	b.WriteString("\nClocks\n")
	for _, c := range v.Clocks {
		fmt.Fprintf(&b, "  %-18s %-5s %s\n", c.Name, c.Within, c.Means)
		for _, note := range c.Notes {
			fmt.Fprintf(&b, "  %-24s %s\n", "", note)
		}
		fmt.Fprintf(&b, "  %-24s from %s until %s", "", strings.Join(c.Starts, ", "), strings.Join(c.Stops, ", "))
		if len(c.Paused) > 0 {
			fmt.Fprintf(&b, "; stands still in %s", strings.Join(c.Paused, ", "))
		}
		if c.Party != "team" {
			fmt.Fprintf(&b, "; owed by the %s", c.Party)
		}
		b.WriteByte('\n')
	}
	v.writeRules(&b)
	return b.String()
}

func (m PolicyMove) text(b *strings.Builder, v *PolicyView) {
	fmt.Fprintf(b, "  %s → %s%s\n", v.labels(m.From), v.label(m.To), m.ending())
	line := func(head, text string) {
		if text != "" {
			fmt.Fprintf(b, "      %-10s %s\n", head, text)
		}
	}
	line("guards", m.guards())
	line("approvals", m.Approvals.short())
	line("update", m.update())
	line("asked", m.asked())
	line("clocks", m.winds())
	if len(m.Shadowed) > 0 {
		line("note", "from "+v.labels(m.Shadowed)+" an earlier rule counts")
	}
}

// ending names the outcomes of a rule that closes.
func (m PolicyMove) ending() string {
	if len(m.Outcomes) == 0 {
		return ""
	}
	var out []string
	for _, o := range m.Outcomes {
		out = append(out, string(o))
	}
	return " (" + strings.Join(out, ", ") + ")"
}

func (g PolicyGuard) name() string {
	if g.Not {
		return "not " + g.Fact
	}
	return g.Fact
}

func (m PolicyMove) guards() string {
	var out []string
	for _, g := range m.Guards {
		out = append(out, g.name())
	}
	return strings.Join(out, ", ")
}

func (a PolicyApprovals) short() string {
	if a.Count == 0 {
		return "none"
	}
	return fmt.Sprintf("%d by %s, %s", a.Count, a.Role, a.Kind)
}

func (m PolicyMove) update() string {
	if m.Update == psirt.Silent {
		return psirt.Silent
	}
	return strings.Join(append([]string{m.Update}, m.Updates...), " or ") + ", own words " + m.Words
}

// asked says who else than the team may set the move going.
func (m PolicyMove) asked() string {
	var out []string
	if m.Label {
		out = append(out, "by a label too")
	}
	if m.On != "" {
		out = append(out, "by the bot on "+m.On)
	}
	return strings.Join(out, "; ")
}

func (m PolicyMove) winds() string {
	var out []string
	if len(m.Starts) > 0 {
		out = append(out, "starts "+strings.Join(m.Starts, ", "))
	}
	if len(m.Stops) > 0 {
		out = append(out, "stops "+strings.Join(m.Stops, ", "))
	}
	return strings.Join(out, "; ")
}

// Explain says in sentences what may happen to a case in a state, which may be
// named by its label too.
func (v *PolicyView) Explain(state string) (string, error) {
	at, err := v.Place(state)
	if err != nil {
		return "", err
	}
	s := at.State
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s, phase %s)", s.Label, s.Name, s.Phase)
	if s.Means != "" {
		fmt.Fprintf(&b, ": %s", s.Means)
	}
	b.WriteString("\n")
	v.ways(&b, at)
	if len(at.Moves) == 0 {
		b.WriteString("\nNo move leaves it.\n")
	}
	for _, m := range at.Moves {
		m.explain(&b, v)
	}
	if alternatives(at.Moves) {
		b.WriteString("\nWhere several ways lead to one state and outcome, the first whose facts hold counts.\n")
	}
	at.running(&b)
	return b.String(), nil
}

// alternatives reports whether two rules are for the same move.
func alternatives(moves []PolicyMove) bool {
	for i, m := range moves {
		for _, other := range moves[:i] {
			if m.To == other.To && (len(m.Outcomes) == 0 || slices.ContainsFunc(m.Outcomes, func(o psirt.Outcome) bool { return slices.Contains(other.Outcomes, o) })) {
				return true
			}
		}
	}
	return false
}

// ways says how a case comes to a state.
func (v *PolicyView) ways(b *strings.Builder, at *PolicyPlace) {
	switch {
	case at.First && len(at.From) == 0:
		b.WriteString("Every case begins here.\n")
	case at.First:
		fmt.Fprintf(b, "Every case begins here; one can come back from %s.\n", v.labels(at.From))
	case len(at.From) == 0:
		b.WriteString("No move leads here.\n")
	default:
		fmt.Fprintf(b, "A case comes here from %s.\n", v.labels(at.From))
	}
}

func (m PolicyMove) explain(b *strings.Builder, v *PolicyView) {
	fmt.Fprintf(b, "\nIt may go on to %s%s: %s\n", v.label(m.To), m.ending(), m.command())
	for _, g := range m.Guards {
		judged := "judged with a key that opens the case"
		if g.Clear {
			judged = "judged by anyone"
		}
		if g.Not {
			fmt.Fprintf(b, "  - It must not hold that: %s [%s, %s]\n", strings.TrimSuffix(g.Means, ".")+".", g.Fact, judged)
			continue
		}
		fmt.Fprintf(b, "  - %s [%s, %s]\n    Else: %s.\n", g.Means, g.Fact, judged, strings.TrimSuffix(g.Do, "."))
	}
	if len(m.Guards) == 0 {
		b.WriteString("  - No fact has to hold.\n")
	}
	fmt.Fprintf(b, "  - %s\n  - %s\n", m.Approvals.sentence(), m.updateSentence())
	if m.Label {
		fmt.Fprintf(b, "  - The label %s on the tracking issue may ask the bot for it.\n", m.labels())
	}
	switch clock, byClock := strings.CutPrefix(m.On, "clock:"); {
	case byClock:
		fmt.Fprintf(b, "  - The bot makes it by itself when the clock %s has run out.\n", clock)
	case m.On == "reply":
		b.WriteString("  - The bot makes it by itself on a verified reply of the reporter.\n")
	case m.On != "":
		fmt.Fprintf(b, "  - The bot makes it by itself on %s.\n", m.On)
	}
	if winds := m.winds(); winds != "" {
		fmt.Fprintf(b, "  - It %s.\n", strings.Replace(winds, "; ", " and ", 1))
	}
}

// command is how a person makes the move.
func (m PolicyMove) command() string {
	switch len(m.Outcomes) {
	case 0:
		return "docket move ID " + m.To
	case 1:
		return "docket move ID " + m.To + " --outcome " + string(m.Outcomes[0])
	}
	return "docket move ID " + m.To + " --outcome OUTCOME"
}

func (m PolicyMove) labels() string {
	if len(m.Outcomes) == 0 {
		return "move/" + m.To
	}
	var out []string
	for _, o := range m.Outcomes {
		out = append(out, "close/"+string(o))
	}
	return strings.Join(out, " or ")
}

func (a PolicyApprovals) sentence() string {
	if a.Count == 0 {
		return "Nobody else has to agree."
	}
	who := cmp.Or(map[string]string{psirt.RoleTeam: "of the team", psirt.RoleLead: "who is a lead"}[a.Role], "with the role "+a.Role)
	how := "must sign it (docket approve)"
	if a.Kind == psirt.KindAttested {
		how = "must agree: a review on the forge is enough as long as nothing sealed changes"
	}
	if a.Count == 1 {
		return fmt.Sprintf("One person %s, other than the mover, %s.", who, how)
	}
	return fmt.Sprintf("%d people %s, other than the mover, %s.", a.Count, strings.Replace(who, "is a lead", "are leads", 1), how)
}

func (m PolicyMove) updateSentence() string {
	if m.Update == psirt.Silent {
		return "The reporter is told nothing."
	}
	switch m.Words {
	case "required":
		return "The reporter is told in words of the mover's own (--message FILE), as an update of kind " + m.Update + "."
	case "forbidden":
		return "The reporter gets the standard text " + m.Update + ", and no other words."
	}
	return "The reporter gets the standard text " + strings.Join(append([]string{m.Update}, m.Updates...), " or ") + ", or words of the mover's own (--message FILE)."
}

// running says which clocks a state is about.
func (at *PolicyPlace) running(b *strings.Builder) {
	var lines []string
	for _, c := range at.Clocks {
		switch {
		case has(c.Paused, at.State.Name):
			lines = append(lines, fmt.Sprintf("%s stands still here", c.Name))
		case has(c.Starts, "enter:"+at.State.Name):
			lines = append(lines, fmt.Sprintf("%s starts when a case comes here: %s, by the %s. %s", c.Name, c.within(), c.Party, c.Means))
		default:
			lines = append(lines, fmt.Sprintf("%s stops when a case leaves it: %s from %s. %s", c.Name, c.within(), strings.Join(c.Starts, ", "), c.Means))
		}
	}
	if len(lines) > 0 {
		fmt.Fprintf(b, "\nClocks\n  - %s\n", strings.Join(lines, "\n  - "))
	}
}

// within is the length of a clock as a sentence has it.
func (c PolicyClock) within() string {
	if strings.HasPrefix(c.Within, "by ") || strings.HasPrefix(c.Within, "until ") {
		return c.Within
	}
	return "within " + c.Within
}

// lengthOf is the length of a clock in words.
func lengthOf(c psirt.Clock) string {
	var parts []string
	if by := c.WithinBy; by != nil {
		values := slices.Collect(maps.Keys(by.Values))
		slices.SortFunc(values, func(a, b string) int {
			return cmp.Or(cmp.Compare(by.Values[a], by.Values[b]), strings.Compare(a, b))
		})
		for _, v := range values {
			parts = append(parts, v+" "+inDays(c, by.Values[v]))
		}
		parts = []string{"by " + by.Path + ": " + strings.Join(parts, ", ")}
	}
	if c.Within > 0 {
		length := inDays(c, c.Within)
		if len(parts) > 0 {
			length = "else " + length
		}
		parts = append(parts, length)
	}
	if c.Months == 1 {
		parts = append(parts, "1 month")
	} else if c.Months > 1 {
		parts = append(parts, fmt.Sprintf("%d months", c.Months))
	}
	if c.Until != "" {
		until := "until " + c.Until
		if c.Ahead > 0 {
			until += ", " + c.Ahead.String() + " ahead"
		}
		parts = append(parts, until)
	}
	return strings.Join(parts, "; ")
}

// inDays is a length of time in the words of the clock's calendar, where each
// full 24 hours are a working day, whatever its hours.
func inDays(c psirt.Clock, d psirt.Duration) string {
	if day := psirt.Duration(24 * time.Hour); c.Calendar != "" && d == day {
		return "1d"
	}
	return d.String()
}

// notesOn says what else there is to a clock.
func notesOn(c psirt.Clock) []string {
	var out []string
	if c.Statutory {
		out = append(out, "set by law: never paused")
	}
	if c.Calendar != "" {
		out = append(out, "counts the working time of the calendar "+c.Calendar)
	}
	if len(c.When) > 0 {
		out = append(out, "runs when: "+strings.Join(c.When, ", "))
	}
	if c.Remind != "" {
		out = append(out, "when it runs out the bot sends "+c.Remind)
	}
	if c.Evidence != "" {
		out = append(out, "when it began is shown by "+c.Evidence)
	}
	return out
}
