package desk

import (
	"cmp"
	"math"
	"slices"

	"github.com/docket-psirt/docket/internal/psirt"
)

// The state diagram. States stand in the order of their phases in one row, the
// waiting ones in a second row below. Moves between states of the row that are
// no neighbours run above it, each stretch on a track of its own; those to and
// from the waiting states run between the rows. Every move has a number in a
// disc that no other line crosses, and the list below the diagram says what it
// needs. So no two labels can lie on each other, whatever the programme.

const (
	boxHeight   = 54.0
	boxGap      = 64.0
	trackHeight = 22.0
	portGap     = 15.0
	discRadius  = 9.5
	margin      = 24.0
)

// node is a state in the diagram.
type node struct {
	state      PolicyState
	x, w, y    float64
	upper      []*edge // that leave or reach it at its upper side
	lower      []*edge // at its lower side
	waiting    bool
	upX, downX map[*edge][]float64 // where they do
}

// edge is all that leads from one state to another.
type edge struct {
	from, to *node
	n        int
	moves    []PolicyMove
	above    bool // its track lies above the row of its states
	straight bool // between neighbours, no track needed
	x1, x2   float64
	track    int
	disc     float64 // where its number stands on the track
}

func (e *edge) span() (from, to float64) { return min(e.x1, e.x2), max(e.x1, e.x2) }

type diagram struct {
	v             *PolicyView
	row, wait     []*node
	edges         []*edge
	upper, middle int // tracks
	lower         int
	width         float64
}

// SVG draws the lifecycle as a state diagram: one image that needs nothing
// else, readable on light and dark ground.
func (v *PolicyView) SVG() []byte {
	g := &diagram{v: v}
	g.nodes()
	g.connect()
	g.place()
	g.upper = g.tracks(func(e *edge) bool { return e.above && !e.from.waiting })
	g.middle = g.tracks(func(e *edge) bool { return !e.straight && !e.above })
	g.lower = g.tracks(func(e *edge) bool { return e.above && e.from.waiting })
	return g.draw()
}

func (g *diagram) nodes() {
	order := append([]PolicyState{}, g.v.States...)
	slices.SortStableFunc(order, func(a, b PolicyState) int { return cmp.Compare(phaseRank(string(a.Phase)), phaseRank(string(b.Phase))) })
	for _, s := range order {
		n := &node{state: s, waiting: s.Phase == psirt.PhaseNeedsInfo || s.Phase == psirt.PhaseDeferred, upX: map[*edge][]float64{}, downX: map[*edge][]float64{}}
		if n.waiting {
			g.wait = append(g.wait, n)
		} else {
			g.row = append(g.row, n)
		}
	}
}

func (g *diagram) node(name string) *node {
	for _, n := range append(slices.Clone(g.row), g.wait...) {
		if n.state.Name == name {
			return n
		}
	}
	return nil
}

// connect makes one edge for each pair of states that some rule connects, and
// decides where it runs.
func (g *diagram) connect() {
	for _, s := range g.v.States {
		for _, m := range g.v.Moves {
			from, to := g.node(s.Name), g.node(m.To)
			if !has(m.From, s.Name) || has(m.Shadowed, s.Name) || from == nil || to == nil {
				continue
			}
			i := slices.IndexFunc(g.edges, func(e *edge) bool { return e.from == from && e.to == to })
			if i < 0 {
				i = len(g.edges)
				g.edges = append(g.edges, &edge{from: from, to: to, n: i + 1})
			}
			g.edges[i].moves = append(g.edges[i].moves, m)
		}
	}
	for _, e := range g.edges {
		switch {
		case e.from.waiting != e.to.waiting: // between the rows
			e.attach(e.from, !e.from.waiting)
			e.attach(e.to, !e.to.waiting)
		case !e.from.waiting && slices.Index(g.row, e.to)-slices.Index(g.row, e.from) == 1:
			e.straight = true
		default:
			e.above = true
			e.attach(e.from, e.from.waiting)
			e.attach(e.to, e.to.waiting)
		}
	}
}

func (e *edge) attach(n *node, below bool) {
	if below {
		n.lower = append(n.lower, e)
	} else {
		n.upper = append(n.upper, e)
	}
}

// place gives boxes their places, and each edge a port of its own at its boxes.
func (g *diagram) place() {
	size := func(n *node) {
		n.w = max(96, textWidth(n.state.Label)*1.08+32, textWidth(n.state.Name)+32, portGap*float64(max(len(n.upper), len(n.lower))+1))
	}
	x := margin
	for _, n := range g.row {
		size(n)
		n.x = x
		x += n.w + boxGap
	}
	g.width = x - boxGap + margin
	x = margin
	for i, n := range g.wait {
		size(n)
		if i == 0 && len(g.row) > 1 {
			x = g.row[1].x + g.row[1].w/2 // below the states that wait most
		}
		n.x = x
		x += n.w + 2*boxGap
	}
	g.width = max(g.width, x-2*boxGap+margin, 640)
	used := map[float64]bool{}
	for _, n := range append(slices.Clone(g.row), g.wait...) {
		g.ports(n, n.upper, n.upX, used)
		g.ports(n, n.lower, n.downX, used)
	}
	for _, e := range g.edges {
		if e.straight {
			continue
		}
		e.x1, e.x2 = e.from.port(e, 0), e.to.port(e, 1)
	}
}

// port is where an edge meets a box; a loop meets it twice.
func (n *node) port(e *edge, end int) float64 {
	list := append(slices.Clone(n.upX[e]), n.downX[e]...)
	return list[min(end, len(list)-1)]
}

// ports spreads the edges along a side of a box, those that lead left on the
// left. Two boxes never use one place, since their lines would fall together.
func (g *diagram) ports(n *node, edges []*edge, at map[*edge][]float64, used map[float64]bool) {
	far := func(e *edge) float64 {
		other := e.to
		if e.to == n {
			other = e.from
		}
		return other.x + other.w/2
	}
	slices.SortStableFunc(edges, func(a, b *edge) int { return cmp.Compare(far(a), far(b)) })
	for i, e := range edges {
		x := math.Round(n.x + n.w*float64(i+1)/float64(len(edges)+1))
		for used[x] || used[x-1] || used[x+1] || used[x-2] || used[x+2] {
			x++
		}
		used[x] = true
		at[e] = append(at[e], x)
	}
}

// tracks gives each edge of a channel a track on which no other one lies, short
// ones next to the boxes, and answers how many there are.
func (g *diagram) tracks(in func(*edge) bool) int {
	var list []*edge
	for _, e := range g.edges {
		if !e.straight && in(e) {
			list = append(list, e)
		}
	}
	slices.SortStableFunc(list, func(a, b *edge) int {
		a1, a2 := a.span()
		b1, b2 := b.span()
		return cmp.Compare(a2-a1, b2-b1)
	})
	count := 0
	for i, e := range list {
		for taken := true; taken; {
			taken = false
			for _, other := range list[:i] {
				taken = taken || other.track == e.track && overlaps(e, other)
			}
			if taken {
				e.track++
			}
		}
		count = max(count, e.track+1)
	}
	for _, e := range list {
		e.disc = e.free(list)
	}
	return count
}

// overlaps keeps room for the disc of a short edge, too.
func overlaps(a, b *edge) bool {
	a1, a2 := a.span()
	b1, b2 := b.span()
	const room = discRadius + 4
	return a1-room < b2+room && b1-room < a2+room
}

// free is the place on an edge's track that is farthest from every line that
// crosses it, the nearest to the middle among equals.
func (e *edge) free(others []*edge) float64 {
	from, to := e.span()
	middle := (from + to) / 2
	best, room := middle, -1.0
	for x := from + discRadius + 3; x <= max(to-discRadius-3, from+discRadius+3); x += 2 {
		near := 3 * discRadius // farther is no better
		for _, o := range others {
			if o == e {
				continue
			}
			for _, line := range []float64{o.x1, o.x2} {
				near = min(near, math.Abs(line-x))
			}
		}
		if near > room || near == room && math.Abs(x-middle) < math.Abs(best-middle) {
			best, room = x, near
		}
	}
	return best
}
