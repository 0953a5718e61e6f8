package desk

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
)

// Similar is what docket similar found.
type Similar struct {
	ID     psirt.CaseID `json:"id"`
	Title  string       `json:"title"`
	Cases  []Likeness   `json:"cases"`  // the likest first
	Looked int          `json:"looked"` // cases that were compared
	Closed int          `json:"sealed"` // cases that no key at hand opens
}

// Likeness is a case and how much it is like the one that was asked about.
type Likeness struct {
	ID      psirt.CaseID  `json:"id"`
	Program string        `json:"program"`
	Score   float64       `json:"score"` // from 0, nothing in common, to 1, the same words
	State   string        `json:"state"`
	Outcome psirt.Outcome `json:"outcome,omitempty"`
	Title   string        `json:"title"`
	Shared  []string      `json:"shared"` // the words that weigh most among those in common
}

// Bounds on memory, whatever the archive and its reports: nothing but words of
// the case that was asked about is kept of another one.
const (
	maxLikeText  = 256 << 10 // bytes of one case's text that are compared
	maxLikeTerms = 6000      // terms of one case
	maxLikeKept  = 2000      // candidates, before the weakest half is dropped
)

// Similar ranks the other cases that a key at hand opens by how much their
// content is like that of one case: title, description, products and steps. It
// opens each case once, in memory, and keeps nothing on disk.
func (d *Desk) Similar(ctx context.Context, id psirt.CaseID, most int) (*Similar, error) {
	if err := d.repo.Fetch(ctx); err != nil {
		return nil, err
	}
	c, err := d.onMain(id)
	if err != nil {
		return nil, err
	}
	with, err := d.readers(c.setting)
	if err != nil {
		return nil, err
	}
	if len(with) == 0 {
		return nil, &Problem{Text: "the report is sealed", Do: "name the directory of your key with --keys DIR (DOCKET_KEYS)"}
	}
	doc, err := d.reportOf(c, with)
	if err != nil {
		return nil, err
	}
	q := newLikeQuery(doc)
	if len(q.terms) == 0 {
		return nil, &Problem{Text: fmt.Sprintf("%s has no text to compare", id), Do: "write its description with docket edit " + string(id)}
	}
	out := &Similar{ID: id, Title: firstText(doc, "title"), Cases: []Likeness{}}
	keys := map[string][]seal.Opener{c.Program: with}
	err = d.each(func(other *one) error {
		if err := ctx.Err(); err != nil || other.ID == id {
			return err
		}
		opens, err := d.likeKeys(other.setting, keys)
		if err != nil {
			return err
		}
		doc, err := d.reportOf(other, opens)
		if err != nil {
			out.Closed++ // not for this key; the audit tells of what is for nobody's
			return nil
		}
		out.Looked++
		q.add(doc, Likeness{ID: other.ID, Program: other.Program, State: other.State, Outcome: other.Outcome, Title: firstText(doc, "title")})
		return nil
	})
	out.Cases = append(out.Cases, q.best(most)...)
	return out, err
}

// likeKeys are the keys at hand that open the cases of a programme; somebody who
// acts and is of another one has none.
func (d *Desk) likeKeys(s *audit.Setting, keys map[string][]seal.Opener) ([]seal.Opener, error) {
	name := s.Program.Program
	if with, ok := keys[name]; ok {
		return with, nil
	}
	if _, ok := s.Program.ByHandle(d.as); d.as != "" && !ok {
		keys[name] = nil
		return nil, nil
	}
	with, err := d.readers(s)
	if err == nil {
		keys[name] = with
	}
	return with, err
}

// reportOf opens the report document of a case.
func (d *Desk) reportOf(c *one, with []seal.Opener) (psirt.Document, error) {
	if len(with) == 0 {
		return nil, fmt.Errorf("%s: %w", c.ID, seal.ErrNoKey)
	}
	plain, err := d.unseal(c, c.Sealed, casefile.PartSealed, with)
	if err != nil {
		return nil, err
	}
	return casefile.DecodeReport(plain, c.ID)
}

func firstText(doc psirt.Document, path string) string {
	if found := doc.Values(path); len(found) > 0 {
		s, _ := found[0].(string)
		return s
	}
	return ""
}

// likeQuery compares cases with one: by the terms that they share, each weighed
// by how rare it is among all that were compared (inverse document frequency),
// as the cosine of two sets. A pair of words in a row is a term like a word, so
// sentences that were copied weigh more than words that happen to be the same.
type likeQuery struct {
	terms map[string]int    // term: its index
	said  map[string]string // word of a term: as the case that was asked about has it
	words []string          // by index
	count []float64         // by index: what it counts for in the case that was asked about
	seen  []int             // by index: cases that have it, among all compared
	cases int
	kept  []candidate
}

type candidate struct {
	Likeness
	shared []sharedTerm
	own    float64 // squares of what the terms count for that only this case has
}

// sharedTerm is a term that two cases have in common.
type sharedTerm struct {
	at    uint16  // its index
	count float32 // what it counts for in the other case
}

func newLikeQuery(doc psirt.Document) *likeQuery {
	q := &likeQuery{terms: map[string]int{}, said: likeSaid(doc)}
	terms := likeTerms(doc)
	for term := range terms {
		q.words = append(q.words, term)
	}
	slices.Sort(q.words) // the same case gives the same answer
	for i, term := range q.words {
		q.terms[term] = i
		q.count = append(q.count, terms[term])
	}
	q.seen = make([]int, len(q.words))
	return q
}

// add compares one case. Only which terms it shares is kept of it.
func (q *likeQuery) add(doc psirt.Document, l Likeness) {
	q.cases++
	c := candidate{Likeness: l}
	for term, count := range likeTerms(doc) {
		if i, ok := q.terms[term]; ok {
			q.seen[i]++
			c.shared = append(c.shared, sharedTerm{uint16(i), float32(count)})
		} else {
			c.own += count * count
		}
	}
	if len(c.shared) == 0 {
		return
	}
	q.kept = append(q.kept, c)
	if len(q.kept) >= maxLikeKept {
		q.rank()
		clear(q.kept[maxLikeKept/2:])
		q.kept = q.kept[:maxLikeKept/2]
	}
}

// weight is how rare a term of the query is among all that were compared: the
// rarer, the heavier. What every case has says next to nothing.
func (q *likeQuery) weight(i int) float64 {
	n := float64(q.seen[i])
	return math.Log(1 + (float64(q.cases)-n+1)/(n+0.5))
}

// rank gives scores and puts the likest first.
func (q *likeQuery) rank() {
	whole, squares := 0.0, 0.0
	for i, count := range q.count {
		w := q.weight(i)
		whole += count * count * w * w
		squares += w * w
	}
	mean := squares / float64(len(q.words)) // stands for terms that only the other case has
	for n := range q.kept {
		c := &q.kept[n]
		common, other := 0.0, mean*c.own
		for _, t := range c.shared {
			w, count := q.weight(int(t.at)), float64(t.count)
			common += q.count[t.at] * count * w * w
			other += count * count * w * w
		}
		c.Score = math.Round(1000*common/math.Sqrt(whole*other)) / 1000
	}
	slices.SortFunc(q.kept, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), strings.Compare(string(a.ID), string(b.ID)))
	})
}

// best lists the likest cases that have anything to say.
func (q *likeQuery) best(most int) []Likeness {
	q.rank()
	var out []Likeness
	for _, c := range q.kept {
		if len(out) == most || c.Score < 0.01 {
			break
		}
		slices.SortFunc(c.shared, func(a, b sharedTerm) int {
			return cmp.Or(cmp.Compare(q.heft(b), q.heft(a)), strings.Compare(q.words[a.at], q.words[b.at]))
		})
		c.Shared = []string{}
		for _, t := range c.shared {
			if word := q.spoken(q.words[t.at]); len(c.Shared) < 6 && !slices.Contains(c.Shared, word) {
				c.Shared = append(c.Shared, word)
			}
		}
		out = append(out, c.Likeness)
	}
	return out
}

// heft is how much a term adds to the score of a case that shares it.
func (q *likeQuery) heft(t sharedTerm) float64 {
	w := q.weight(int(t.at))
	return q.count[t.at] * float64(t.count) * w * w
}

// spoken is a term in the words of the case that was asked about.
func (q *likeQuery) spoken(term string) string {
	words := strings.Split(strings.TrimPrefix(term, productMark), " ")
	for i, word := range words {
		if said, ok := q.said[word]; ok {
			words[i] = said
		}
	}
	return strings.Join(words, " ")
}
