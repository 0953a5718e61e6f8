package forge

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/docket-psirt/docket/internal/psirt"
)

const (
	// knownFor is how long what GitHub said stands in for asking again.
	knownFor = 2 * time.Minute
	// observedFor is how long what an event says does, counted from the last
	// change that it tells of: Actions start jobs minutes later, and a daemon
	// may see yesterday's event again.
	observedFor = 10 * time.Minute
	// maxKnown bounds the memory of a daemon that runs for years.
	maxKnown = 4096
)

// known is what was learned from answers and events.
type known struct {
	mu      sync.Mutex
	pulls   map[int]knownPull
	issues  map[int]knownIssue
	numbers map[string]int // of tracking issues, by program/ID
}

type knownPull struct {
	pull  Pull // without reviews and comments
	until time.Time
	brief bool // without title, body, labels and author too
}

type knownIssue struct {
	issue Issue
	raw   string // the body with its marker
	until time.Time
}

func trackKey(program, id string) string { return program + "/" + id }

// put keeps a value under a key, in place of all others when there are too
// many: what is lost is asked for again.
func put[K comparable, V any](m *map[K]V, key K, v V) {
	if *m == nil || len(*m) >= maxKnown {
		*m = map[K]V{}
	}
	(*m)[key] = v
}

// keepPull remembers a pull request as GitHub has just given it.
func (g *GitHub) keepPull(p Pull) {
	g.known.mu.Lock()
	defer g.known.mu.Unlock()
	put(&g.known.pulls, p.Number, knownPull{pull: p.clone(), until: g.now().Add(knownFor)})
}

// forgetPull makes the next step ask GitHub.
func (g *GitHub) forgetPull(number int) {
	g.known.mu.Lock()
	defer g.known.mu.Unlock()
	delete(g.known.pulls, number)
}

// recall returns a pull request that is known with all its texts and, if it is
// open, has the head that git has.
func (g *GitHub) recall(match func(*Pull) bool) (knownPull, bool) { return g.recalled(false, match) }

// recalled is recall, and may leave the texts out.
func (g *GitHub) recalled(brief bool, match func(*Pull) bool) (knownPull, bool) {
	g.known.mu.Lock()
	var found knownPull
	for _, k := range g.known.pulls {
		// A branch may have had several; the newest is meant.
		if match(&k.pull) && k.pull.Number > found.pull.Number && (brief || !k.brief) {
			found = k
		}
	}
	g.known.mu.Unlock()
	if found.pull.Number == 0 || !g.now().Before(found.until) {
		return knownPull{}, false
	}
	if found.pull.State == StateOpen {
		head, asked, err := g.head(found.pull.Branch)
		if err != nil || asked && head != found.pull.Head {
			return knownPull{}, false
		}
	}
	found.pull = found.pull.clone()
	return found, true
}

// recallOpen returns the open pull request of a branch, if it is known.
func (g *GitHub) recallOpen(branch string) (Pull, bool) {
	k, ok := g.recall(func(p *Pull) bool { return p.Branch == branch })
	return k.pull, ok && k.pull.State == StateOpen
}

// keepIssue remembers a tracking issue and returns it.
func (g *GitHub) keepIssue(number int, i Issue, raw string) Issue {
	g.known.mu.Lock()
	defer g.known.mu.Unlock()
	g.known.keepIssue(number, knownIssue{issue: i, raw: raw, until: g.now().Add(knownFor)})
	return i
}

func (k *known) keepIssue(number int, i knownIssue) {
	i.issue.Labels = slices.Clone(i.issue.Labels)
	put(&k.issues, number, i)
	if i.issue.Program != "" && i.issue.ID != "" {
		put(&k.numbers, trackKey(i.issue.Program, i.issue.ID), number)
	}
}

// recallIssue returns a tracking issue that is known.
func (g *GitHub) recallIssue(number int) (knownIssue, bool) {
	g.known.mu.Lock()
	defer g.known.mu.Unlock()
	k, ok := g.known.issues[number]
	k.issue.Labels = slices.Clone(k.issue.Labels)
	return k, ok && g.now().Before(k.until)
}

// forgetIssue makes the next step ask GitHub for the issue; with its case, also
// for which one it is.
func (g *GitHub) forgetIssue(number int, key string) {
	g.known.mu.Lock()
	defer g.known.mu.Unlock()
	delete(g.known.issues, number)
	delete(g.known.numbers, key)
}

// Observe takes out of an event what need not be asked for then: a tracking
// issue with number, labels and body, and a pull request. The event must be genuine, and of this repository; of another one it
// changes nothing. Events may come late, twice and out of order: an older one
// does not replace what is known.
func (g *GitHub) Observe(e Event) {
	if !sameRepo(e.Repo, g.full()) {
		return
	}
	if e.Issue != nil && g.tracks(e) {
		g.observeIssue(e)
	}
	if e.Pull != nil && !e.Fork {
		g.observePull(*e.Pull, false)
	}
	for _, p := range e.Pulls {
		g.observePull(p, true)
	}
}

// tracks reports whether the issue of an event is the one that tracks its case.
// Anyone can open an issue with a case's title and marker; the board knows
// better, and what is on no board is asked for.
func (g *GitHub) tracks(e Event) bool {
	i := e.Issue
	if e.Number < 1 || !psirt.CaseID(i.ID).Valid() || !programForm().MatchString(i.Program) || e.Action == "deleted" || e.Action == "transferred" {
		return false
	}
	g.known.mu.Lock()
	n := g.known.numbers[trackKey(i.Program, i.ID)]
	g.known.mu.Unlock()
	if n == 0 {
		on, _, err := g.entry(context.Background(), i.Program, i.ID)
		if err != nil {
			return false // then it is asked for, which tells the error
		}
		n = on.number
	}
	return n == e.Number
}

func (g *GitHub) observeIssue(e Event) {
	i, raw := *e.Issue, e.Issue.Body
	g.known.mu.Lock()
	defer g.known.mu.Unlock()
	if g.known.issues[e.Number].issue.Updated.After(i.Updated) {
		return
	}
	i.Body, i.Revision, i.File = unmark(raw), shownRevision(raw), e.Seen
	g.known.keepIssue(e.Number, knownIssue{issue: i, raw: raw, until: i.Updated.Add(observedFor)})
}

func (g *GitHub) observePull(p Pull, brief bool) {
	p = p.clone()
	g.known.mu.Lock()
	defer g.known.mu.Unlock()
	before, known := g.known.pulls[p.Number]
	if before.pull.Updated.After(p.Updated) || brief && known && g.now().Before(before.until) {
		return
	}
	p.Body = unmark(p.Body)
	// The review that it may tell of is one of several, and events get lost:
	// reviews are always asked for.
	put(&g.known.pulls, p.Number, knownPull{pull: p, until: p.Updated.Add(observedFor), brief: brief})
}
