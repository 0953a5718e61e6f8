package desk

import (
	"fmt"
	"slices"
	"strings"

	"github.com/docket-psirt/docket/internal/psirt"
)

// draw puts the laid-out diagram on paper, with the list of its moves and
// clocks below.
func (g *diagram) draw() []byte {
	d := &drawing{}
	title := "Lifecycle of " + g.v.Name
	d.text(margin, 34, "head", title)
	if g.v.Source != "" {
		d.text(margin, 54, "soft small", "after "+clipped(g.v.Source, g.width-2*margin))
	}
	rowY := 84 + trackHeight*float64(g.upper)
	waitY := rowY + boxHeight + trackHeight*float64(g.middle+1) + 10
	for _, n := range g.row {
		n.y = rowY
	}
	for _, n := range g.wait {
		n.y = waitY
	}
	bottom := rowY + boxHeight + 30
	if len(g.wait) > 0 {
		bottom = waitY + boxHeight + trackHeight*float64(g.lower+1) + 16
	}
	for _, e := range g.edges {
		g.line(d, e)
	}
	for _, n := range slices.Concat(g.row, g.wait) {
		n.draw(d)
	}
	for _, e := range g.edges {
		g.disc(d, e)
	}
	if len(g.row) > 0 { // where cases begin
		first := g.node(g.v.States[0].Name)
		d.printf("<circle cx=\"%s\" cy=\"%s\" r=\"5\" class=\"tip\"/>\n", px(first.x-14), px(first.y+boxHeight/2))
		d.printf("<path d=\"M%s %sh9\" class=\"line\"/>\n", px(first.x-10), px(first.y+boxHeight/2))
	}
	height := g.list(d, bottom)
	return d.finish(g.width, height, title, g.desc())
}

// trackY is the height of an edge's track.
func (g *diagram) trackY(e *edge) float64 {
	row := e.from
	if e.from.waiting != e.to.waiting && e.from.waiting {
		row = e.to
	}
	switch {
	case e.straight:
		return e.from.y + boxHeight/2
	case e.above && e.from.waiting:
		return e.from.y + boxHeight + trackHeight*float64(e.track+1)
	case e.above:
		return e.from.y - trackHeight*float64(e.track+1)
	}
	return row.y + boxHeight + trackHeight*float64(e.track+1)
}

// line draws an edge: out of one box, along its track, into the other.
func (g *diagram) line(d *drawing, e *edge) {
	y := g.trackY(e)
	if e.straight {
		d.printf("<path d=\"M%s %sH%s\" class=\"line\"/>\n", px(e.from.x+e.from.w), px(y), px(e.to.x-7))
		d.printf("<path d=\"M%s %sl-9-5v10z\" class=\"tip\"/>\n", px(e.to.x-1), px(y))
		return
	}
	start, end, tip := e.from.y, e.to.y, 1.0
	if y > e.from.y {
		start += boxHeight
	}
	if y > e.to.y {
		end, tip = end+boxHeight, -1.0
	}
	d.printf("<path d=\"M%s %sV%sH%sV%s\" class=\"line\"/>\n", px(e.x1), px(start), px(y), px(e.x2), px(end-tip*7))
	d.printf("<path d=\"M%s %sl-5 %sh10z\" class=\"tip\"/>\n", px(e.x2), px(end-tip), px(-tip*9))
}

func (g *diagram) disc(d *drawing, e *edge) {
	x, y := e.disc, g.trackY(e)
	if e.straight {
		x = (e.from.x+e.from.w+e.to.x)/2 - 3
	}
	d.printf("<g><title>%s</title><circle cx=\"%s\" cy=\"%s\" r=\"%s\" class=\"disc\"/>", escaped(g.heading(e)), px(x), px(y), px(discRadius))
	d.printf("<text x=\"%s\" y=\"%s\" class=\"small mid\">%d</text></g>\n", px(x), px(y+4), e.n)
}

func (n *node) draw(d *drawing) {
	d.printf("<g><title>%s</title>\n", escaped(strings.TrimSpace(n.state.Label+": "+n.state.Means)))
	phase := string(n.state.Phase)
	d.printf("<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" rx=\"9\" class=\"box %s\"/>\n", px(n.x), px(n.y), px(n.w), px(boxHeight), phase)
	d.printf("<path d=\"M%s %sh%s\" class=\"line %s\" style=\"stroke-width:4\"/>\n", px(n.x+14), px(n.y+boxHeight-8), px(n.w-28), phase)
	d.text(n.x+n.w/2, n.y+21, "bold mid", n.state.Label)
	d.text(n.x+n.w/2, n.y+38, "soft small mid", n.state.Name)
	d.printf("</g>\n")
}

func (g *diagram) heading(e *edge) string {
	return fmt.Sprintf("%s → %s", e.from.state.Label, e.to.state.Label)
}

// list writes what each number stands for, the clocks and the priority rules, in
// wrapped lines.
func (g *diagram) list(d *drawing, y float64) float64 {
	line := func(x float64, class, text string) {
		for _, part := range wrapped(text, g.width-x-margin) {
			d.text(x, y, class, part)
			y += 17
		}
	}
	y += 10
	line(margin, "bold", "Moves")
	y += 4
	for _, e := range g.edges {
		d.text(margin+14, y, "bold end", fmt.Sprint(e.n))
		line(margin+24, "bold", g.heading(e))
		for _, m := range e.moves {
			line(margin+24, "soft small", m.oneLine())
		}
		y += 4
	}
	y += 8
	line(margin, "bold", "Clocks")
	y += 4
	for _, c := range g.v.Clocks {
		line(margin+24, "soft small", fmt.Sprintf("%s, %s, by the %s: %s", c.Name, c.within(), c.Party, c.Means))
	}
	if len(g.v.Priority) > 0 {
		y += 8
		line(margin, "bold", "Priority; the first rule that holds counts")
		y += 4
	}
	for _, r := range g.v.Priority {
		line(margin+24, "soft small", fmt.Sprintf("%s: %s (%s)", r.Priority, r.Means, r.When))
	}
	return y + 8
}

// oneLine says what a rule needs and does.
func (m PolicyMove) oneLine() string {
	var parts []string
	if end := m.ending(); end != "" {
		parts = append(parts, strings.Trim(end, " ()"))
	}
	if len(m.Guards) > 0 {
		parts = append(parts, "needs "+m.guards())
	}
	if m.Approvals.Count > 0 {
		parts = append(parts, "approvals: "+m.Approvals.short())
	} else {
		parts = append(parts, "no approval")
	}
	if m.Update == psirt.Silent {
		parts = append(parts, "says nothing")
	} else {
		parts = append(parts, "sends "+strings.Join(append([]string{m.Update}, m.Updates...), " or "))
	}
	if a := m.asked(); a != "" {
		parts = append(parts, a)
	}
	return strings.Join(parts, " · ")
}

// wrapped breaks a text into lines of a width.
func wrapped(s string, width float64) []string {
	var out []string
	line := ""
	for _, word := range strings.Fields(s) {
		longer := strings.TrimSpace(line + " " + word)
		if line != "" && textWidth(longer) > width {
			out, longer = append(out, line), word
		}
		line = clipped(longer, width)
	}
	return append(out, line)
}

// desc is the diagram in words.
func (g *diagram) desc() string {
	var parts []string
	for _, e := range g.edges {
		parts = append(parts, fmt.Sprintf("%d: %s to %s", e.n, e.from.state.Label, e.to.state.Label))
	}
	var states []string
	for _, s := range g.v.States {
		states = append(states, fmt.Sprintf("%s (%s)", s.Label, s.Phase))
	}
	return fmt.Sprintf("States: %s. Moves: %s. What each move needs is listed below the diagram.", strings.Join(states, ", "), strings.Join(parts, "; "))
}
