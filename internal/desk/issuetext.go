package desk

import (
	"fmt"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/psirt"
)

// issueText is the body of a case's tracking issue, in Markdown: the envelope
// as a table, and for each move what its guards say. It names clear facts only;
// guards on what is sealed are counted.
func issueText(c *one, now time.Time) string {
	var b strings.Builder
	b.WriteString("| | |\n|---|---|\n")
	row := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "| %s | "+format+" |\n", append([]any{name}, args...)...)
	}
	state, _ := c.setting.Program.State(c.State)
	row("State", "%s (`%s`)", state.Label, c.State)
	if c.Outcome != "" {
		row("Outcome", "`%s`", c.Outcome)
	}
	row("Phase", "%s", state.Phase)
	row("Opened", "%s", c.Opened.Format(time.RFC3339))
	row("Revision", "%d, signed by %s", c.Revision, c.setting.Name(c.By))
	row("Mails, updates", "%d, %d", len(c.Mails), len(c.Updates))
	if len(c.Facts) > 0 {
		row("Facts", "%s", strings.Join(c.Facts, ", "))
	}
	moves := moveList(c, now)
	if moves != "" {
		b.WriteString("\n**Moves from here.** Those with a label can be asked for by putting it on this issue.\n\n" + moves)
	}
	fmt.Fprintf(&b, "\nWhat was reported is sealed: `docket show %s` opens it for those who have a key.\n", c.ID)
	return b.String()
}

// moveList is the checklist of the moves that leave a case's state.
func moveList(c *one, now time.Time) string {
	var b strings.Builder
	w := psirt.World{Case: c.Case, Now: now}
	for _, t := range c.setting.Program.Transitions {
		if !has(t.From, c.setting.Program.Current(c.State)) {
			continue
		}
		if len(t.Outcomes) == 0 {
			fmt.Fprintf(&b, "- %s\n%s", asking(t.Label, "move/"+t.To, "docket move "+string(c.ID)+" "+t.To), guardList(c, t, w))
			continue
		}
		for _, o := range t.Outcomes {
			fmt.Fprintf(&b, "- %s\n%s", asking(t.Label, "close/"+string(o), fmt.Sprintf("docket move %s %s --outcome %s", c.ID, t.To, o)), guardList(c, t, w))
		}
	}
	return b.String()
}

func asking(label bool, name, command string) string {
	if label {
		return "label `" + name + "`"
	}
	return "`" + command + "`"
}

// guardList ticks off the clear guards of a move.
func guardList(c *one, t psirt.Transition, w psirt.World) string {
	var b strings.Builder
	sealed := 0
	for _, guard := range t.Guards {
		v := c.setting.Program.Judge(guard, w)
		if v.Private {
			sealed++
			continue
		}
		box := "[ ]"
		if v.OK() {
			box = "[x]"
		}
		fmt.Fprintf(&b, "  - %s %s\n", box, v.What)
	}
	if sealed > 0 {
		fmt.Fprintf(&b, "  - [ ] %d more that only a key can judge\n", sealed)
	}
	if n := t.Approvals.Count; n > 0 {
		role, kind := t.Approvals.Role, t.Approvals.Kind
		if role == "" {
			role = psirt.RoleTeam
		}
		if kind == "" {
			kind = psirt.KindSigned
		}
		fmt.Fprintf(&b, "  - [ ] %d approval(s) by %s, %s\n", n, role, kind)
	}
	return b.String()
}
