package audit

import (
	"fmt"
	"sort"
	"time"

	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/store"
)

// tell writes down what a merge brought to a case.
func (a *replay) tell(g *Judgement, m *store.Commit) error {
	for _, step := range g.Resealed {
		if story := a.stories[step.Case.ID]; story != nil && story.setting != nil {
			story.step(step)
		}
	}
	if g.Case == "" {
		return nil
	}
	at, err := a.j.Repo.At(m.Hash)
	if err != nil {
		return err
	}
	story := a.stories[g.Case]
	if story == nil {
		story = &Story{Case: g.Case, Program: g.Program}
		a.stories[g.Case] = story
		a.order = append(a.order, g.Case)
	}
	if setting, err := a.j.Setting(at, g.Program); err == nil {
		story.setting = setting
	}
	if story.setting == nil {
		return nil
	}
	for _, step := range g.Steps {
		story.step(step)
	}
	for _, approval := range g.Approvals {
		text := "approved"
		if approval.Kind == psirt.KindAttested {
			text = "approved in a review that the forge vouches for"
		}
		story.add(Event{At: eventTime(approval.Commit), Kind: "approval", Text: text, By: story.setting.Name(approval.By),
			Commit: approval.Commit.Hash.String(), Attested: approval.Kind == psirt.KindAttested})
	}
	for path := range g.paths {
		if placeOf(path).kind != placeRecord {
			continue
		}
		raw, err := at.Read(path, maxRecord)
		if err != nil {
			continue // a finding already
		}
		if r, err := casefile.ParseMail(raw); err == nil {
			story.add(Event{At: r.At, Kind: "mail", Text: fmt.Sprintf("mail %d came in: %s, signature %s", r.N, r.Kind, r.Signed),
				By: "bot", Commit: m.Hash.String(), Name: "mail:" + string(r.Kind)})
		}
	}
	return nil
}

func (s *Story) add(e Event) { s.Events = append(s.Events, e) }

func (s *Story) step(step Step) {
	c := step.Case
	e := Event{At: eventTime(step.Commit), By: s.setting.Name(c.By), Commit: step.Commit.Hash.String()}
	switch {
	case step.Before == nil:
		e.Kind, e.Text, e.State = "move", "opened as "+s.label(c.State), c.State
	case step.Move:
		last := c.Log[len(c.Log)-1]
		e.Kind, e.Text, e.State = "move", s.label(last.From)+" → "+s.label(last.To), last.To
		if c.Outcome != "" {
			e.Text += " (" + string(c.Outcome) + ")"
		}
		if last.RequestedBy != "" {
			e.Text += ", asked for by " + last.RequestedBy
		}
	default:
		e.Kind, e.Text = "edit", fmt.Sprintf("revision %d", c.Revision)
	}
	s.add(e)
	for _, u := range step.Updates {
		s.add(Event{At: e.At, Kind: "update", Text: fmt.Sprintf("update %d (%s) is to go to %s", u.N, u.Kind, u.Whom()), By: e.By, Commit: e.Commit})
	}
	s.now, s.State, s.Label, s.Outcome, s.Opened, s.Revision = c, c.State, s.label(c.State), c.Outcome, c.Opened, c.Revision
	if state, ok := s.setting.Program.State(c.State); ok {
		s.Phase = state.Phase
	}
}

func (s *Story) label(state string) string {
	if st, ok := s.setting.Program.State(state); ok && st.Label != "" {
		return st.Label
	}
	return state
}

// finish sorts the events and derives the clocks.
func (s *Story) finish(now time.Time) {
	sort.SliceStable(s.Events, func(i, j int) bool { return s.Events[i].At.Before(s.Events[j].At) })
	events := s.now.Events()
	for _, e := range s.Events {
		if e.Name != "" {
			events = append(events, psirt.Event{At: e.At, Name: e.Name})
		}
	}
	s.Clocks = s.setting.Program.Readings(events, now)
}

// Story replays what main says of one case: it walks main's first-parent line
// back to the case's first revision and judges the merges that name the case.
func (j *Judge) Story(head store.Hash, id psirt.CaseID) (*Story, error) {
	a := &replay{j: j, r: &Report{}, stories: map[psirt.CaseID]*Story{}}
	program, err := j.programOf(head, id)
	if err != nil {
		return nil, err
	}
	var merges []*store.Commit
	for c, err := range j.Repo.FirstParents(head, store.Hash{}) {
		if err != nil {
			return nil, err
		}
		touches, err := j.Touches(c, program, id)
		if err != nil {
			return nil, err
		}
		if touches {
			merges = append(merges, c)
		}
		if len(c.Parents) == 0 || before(j, c, id) {
			break
		}
	}
	for i := len(merges) - 1; i >= 0; i-- {
		g, err := j.Merge(merges[i])
		if err != nil {
			return nil, err
		}
		if err := a.tell(g, merges[i]); err != nil {
			return nil, err
		}
	}
	story := a.stories[id]
	if story == nil {
		return &Story{Case: id}, nil
	}
	sort.SliceStable(story.Events, func(i, k int) bool { return story.Events[i].At.Before(story.Events[k].At) })
	return story, nil
}

// before reports whether the case was not there yet at the first parent of a
// merge: older history does not know it.
func before(j *Judge, c *store.Commit, id psirt.CaseID) bool {
	if c.Trailer("Case") != string(id) || len(c.Parents) == 0 {
		return false
	}
	at, err := j.Repo.At(c.Parents[0])
	if err != nil {
		return false
	}
	names, err := j.Programs(at)
	if err != nil {
		return false
	}
	for _, name := range names {
		if _, err := at.Entry(psirt.CasePath(name, id)); err == nil {
			return false
		}
	}
	return true
}
