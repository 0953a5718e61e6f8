package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/store"
)

// The trailers by which stock git tells a case's story. What a commit says in
// them must be what it does: people and scripts read git log, not case files.
var storyTrailers = []string{"Case", "Move", "Edit", "Mail", "Revision", "Requested-by", "Update", "Approves", "Attested-by"}

// says holds that a commit's trailers are those wanted; names in free may have
// any value, or be absent.
func (s *scribe) says(c *store.Commit, want map[string][]string, free ...string) {
	got := map[string][]string{}
	for _, t := range c.Trailers() {
		for _, key := range storyTrailers {
			if strings.EqualFold(t.Key, key) {
				got[key] = append(got[key], t.Value)
			}
		}
	}
	for _, key := range storyTrailers {
		if !slices.Contains(free, key) && !slices.Equal(got[key], want[key]) {
			s.add("trailers", "the commit message says %s %q; by what the commit does it is %q", key, got[key], want[key])
		}
	}
}

// one is a list of one value, or nothing for an empty one.
func one(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}

// story is what the trailers of a revision's commit must say.
func (s *Step) story() (want map[string][]string, free []string) {
	c := s.Case
	want = map[string][]string{"Case": {string(c.ID)}, "Revision": {fmt.Sprint(c.Revision)}}
	for _, u := range s.Updates {
		want["Update"] = append(want["Update"], fmt.Sprintf("%d %s", u.N, u.Kind))
	}
	if !s.Move {
		return want, []string{"Edit"} // names sections, which only a key tells
	}
	e := c.Log[len(c.Log)-1]
	want["Move"], want["Requested-by"] = one(Arrow(e.From, e.To, c.Outcome)), one(e.RequestedBy)
	return want, nil
}

// Arrow is a move as trailers and titles write it: "received to closed (spam)",
// and for a first revision its state alone.
func Arrow(from, to string, outcome psirt.Outcome) string {
	if from == "" {
		return to
	}
	arrow := from + " to " + to
	if outcome != "" {
		arrow += " (" + string(outcome) + ")"
	}
	return arrow
}
