package desk

import (
	"errors"
	"io/fs"
	"maps"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
)

// Lessons is what engineering has to learn from: weaknesses that came again, and
// what was to be done about them.
type Lessons struct {
	Recurring []Recurring  `json:"recurring"` // most cases first
	Items     []LessonItem `json:"items"`     // what is open first, by day
	Read      int          `json:"read"`      // cases that a key at hand opens
	Sealed    int          `json:"sealed"`    // cases that none does
}

// Recurring is a weakness that several cases have.
type Recurring struct {
	CWE   string          `json:"cwe"`
	Name  string          `json:"name"`
	Cases []RecurringCase `json:"cases"` // oldest first
}

// RecurringCase is a case with a weakness.
type RecurringCase struct {
	ID       psirt.CaseID `json:"id"`
	Opened   time.Time    `json:"opened"`
	Title    string       `json:"title,omitempty"`
	Products []string     `json:"products,omitempty"`
	Learned  bool         `json:"learned"` // lessons of it are on record
}

// LessonItem is one lesson with who sees to it.
type LessonItem struct {
	ID      psirt.CaseID `json:"id"`
	Text    string       `json:"text"`
	Owner   string       `json:"owner,omitempty"`
	To      string       `json:"to,omitempty"` // team
	Due     string       `json:"due,omitempty"`
	Done    string       `json:"done,omitempty"`
	Overdue bool         `json:"overdue"`
	Shared  string       `json:"shared,omitempty"` // when it was shared with engineering
}

// Lessons reads the weaknesses and lessons of all cases, or with an ID what
// concerns one case: cases that share a weakness with it, and its own lessons.
// Cases that no key at hand opens are counted, and are no fault.
func (d *Desk) Lessons(only psirt.CaseID) (*Lessons, error) {
	r := &learning{d: d, only: only, with: map[string][]seal.Opener{}, by: map[string][]RecurringCase{}, out: &Lessons{Recurring: []Recurring{}, Items: []LessonItem{}}}
	if only != "" {
		if _, err := d.onMain(only); err != nil {
			return nil, err
		}
	}
	err := d.each(r.look)
	if r.locked != nil {
		return nil, r.locked
	}
	keys := slices.ContainsFunc(slices.Collect(maps.Values(r.with)), func(with []seal.Opener) bool { return len(with) > 0 })
	if r.out.Sealed > 0 && !keys {
		return nil, errors.Join(err, &Problem{Text: "what was learned is sealed", Do: "name the directory of your key with --keys DIR (DOCKET_KEYS)"})
	}
	r.finish()
	return r.out, err
}

type learning struct {
	d      *Desk
	only   psirt.CaseID
	with   map[string][]seal.Opener // by programme
	locked error
	by     map[string][]RecurringCase // by CWE
	out    *Lessons
}

func (r *learning) look(c *one) error {
	with, ok := r.with[c.Program]
	if !ok {
		if with, r.locked = r.d.readers(c.setting); r.locked != nil {
			return fs.SkipAll
		}
		r.with[c.Program] = with
	}
	report, err := r.d.reportOf(c, with)
	if errors.Is(err, seal.ErrNoKey) {
		r.out.Sealed++
		return nil
	}
	if err != nil {
		return err
	}
	r.out.Read++
	lessons, _ := report["lessons"].([]any)
	entry := RecurringCase{ID: c.ID, Opened: c.Opened, Title: wordUnder(report, "title"), Learned: len(lessons) > 0}
	for _, name := range report.Values("products.name") {
		if s, ok := name.(string); ok {
			entry.Products = append(entry.Products, s)
		}
	}
	seen := map[string]bool{}
	for _, v := range report.Values("assessment.cwe") {
		if id, ok := v.(string); ok && !seen[id] {
			seen[id] = true
			r.by[id] = append(r.by[id], entry)
		}
	}
	if r.only == "" || r.only == c.ID {
		r.items(c.ID, report, lessons)
	}
	return nil
}

func (r *learning) items(id psirt.CaseID, report psirt.Document, lessons []any) {
	feedback, _ := report["feedback"].(map[string]any)
	today := r.d.now().Format(time.DateOnly)
	for _, x := range lessons {
		lesson, _ := x.(map[string]any)
		item := LessonItem{ID: id, Text: wordUnder(lesson, "text"), Owner: wordUnder(lesson, "owner"), To: wordUnder(lesson, "to"),
			Due: wordUnder(lesson, "due"), Done: wordUnder(lesson, "done"), Shared: wordUnder(feedback, "at")}
		item.Overdue = item.Done == "" && item.Due != "" && item.Due < today // dates are as wide as one another
		r.out.Items = append(r.out.Items, item)
	}
}

func (r *learning) finish() {
	for id, cases := range r.by {
		if len(cases) < 2 || r.only != "" && !slices.ContainsFunc(cases, func(c RecurringCase) bool { return c.ID == r.only }) {
			continue
		}
		sort.SliceStable(cases, func(i, j int) bool { return cases[i].Opened.Before(cases[j].Opened) })
		r.out.Recurring = append(r.out.Recurring, Recurring{CWE: id, Name: weaknesses()[id].Name, Cases: cases})
	}
	slices.SortFunc(r.out.Recurring, func(a, b Recurring) int {
		if n := len(b.Cases) - len(a.Cases); n != 0 {
			return n
		}
		return strings.Compare(a.CWE, b.CWE)
	})
	rank := func(i LessonItem) string {
		due := i.Due
		if due == "" {
			due = "9999-99-99"
		}
		if i.Done != "" {
			return "1" + i.Done
		}
		return "0" + due
	}
	sort.SliceStable(r.out.Items, func(i, j int) bool { return rank(r.out.Items[i]) < rank(r.out.Items[j]) })
}
