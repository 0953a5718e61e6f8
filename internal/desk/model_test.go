package desk_test

import (
	"encoding/json"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/psirt"
)

// A model of what a programme allows: its table of moves, read by other code
// than psirt's. Random walks hold psirt, desk, check and audit to it.
//
//	go test ./internal/desk -run Model                    short
//	DOCKET_LONG=1 go test ./internal/desk -run Model      thousands of steps in repositories
//	DOCKET_SEED=N …                                       the same walk again

// chance gives the walk of a name, and says how to walk it again.
func chance(t *testing.T, name string) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("DOCKET_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("DOCKET_SEED=%d", seed)
	h := fnv.New64a()
	h.Write([]byte(name))
	return rand.New(rand.NewPCG(seed, h.Sum64()))
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// modelProgramme reads a shipped programme, and a report that has about all
// that its guards ask for.
func modelProgramme(t testing.TB, name string) (*psirt.Program, psirt.Document) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(casesDir, name, "program.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := casefile.ParseProgram(raw)
	if err != nil {
		t.Fatal(err)
	}
	if raw, err = os.ReadFile(filepath.Join("testdata", "model", name+".json")); err != nil {
		t.Fatal(err)
	}
	var full psirt.Document
	if err := json.Unmarshal(raw, &full); err != nil {
		t.Fatal(err)
	}
	return p, full
}

// rulesFor lists the rules that the table has for a move.
func rulesFor(p *psirt.Program, from, to string, outcome psirt.Outcome) []psirt.Transition {
	var out []psirt.Transition
	for _, t := range p.Transitions {
		if slices.Contains(t.From, from) && t.To == to && (len(t.Outcomes) == 0) == (outcome == "") &&
			(outcome == "" || slices.Contains(t.Outcomes, outcome)) {
			out = append(out, t)
		}
	}
	return out
}

// closes reports whether a state ends a case.
func closes(p *psirt.Program, name string) bool {
	for _, s := range p.States {
		if s.Name == name {
			return s.Phase == psirt.PhaseClosed
		}
	}
	return false
}

// wish is a move that somebody asks for, legal or not.
type wish struct {
	to      string
	outcome psirt.Outcome
}

// wishes draws a move from a state: mostly one of the table, else any.
func wishes(r *rand.Rand, p *psirt.Program, from string) wish {
	if r.IntN(4) > 0 {
		var known []psirt.Transition
		for _, t := range p.Transitions {
			if slices.Contains(t.From, from) {
				known = append(known, t)
			}
		}
		if len(known) > 0 {
			t := pick(r, known)
			w := wish{to: t.To}
			if len(t.Outcomes) > 0 {
				w.outcome = pick(r, t.Outcomes)
			}
			return w
		}
	}
	w := wish{to: pick(r, p.States).Name}
	if closes(p, w.to) || r.IntN(8) == 0 {
		w.outcome = pick(r, psirt.Outcomes)
	}
	if r.IntN(30) == 0 {
		w.to = "nowhere"
	}
	return w
}

// vary changes a report: sections come and go, and values that facts compare
// with take one of those.
func vary(r *rand.Rand, p *psirt.Program, doc, full psirt.Document) {
	keys := slices.Sorted(maps.Keys(full))
	switch r.IntN(8) {
	case 0:
		delete(doc, pick(r, keys))
	case 1:
		paths := compared(p)
		path := pick(r, slices.Sorted(maps.Keys(paths)))
		place(doc, strings.Split(path, "."), pick(r, paths[path]))
	case 2, 3: // everything
		for k, v := range full.Clone() {
			doc[k] = v
		}
	default:
		k := pick(r, keys)
		doc[k] = full.Clone()[k]
	}
}

// own takes new records out of a report that are not of whoever writes it, mostly:
// a second person's word comes in a revision of theirs.
func own(r *rand.Rand, p *psirt.Program, doc, before psirt.Document, who string) {
	if r.IntN(8) == 0 {
		return
	}
	for _, path := range recordPaths(p) {
		var keep []any
		for _, record := range doc.Values(path) {
			old := slices.ContainsFunc(before.Values(path), func(v any) bool { return reflect.DeepEqual(v, record) })
			if m, _ := record.(map[string]any); old || m["by"] == who {
				keep = append(keep, record)
			}
		}
		if len(keep) < len(doc.Values(path)) {
			steps := strings.Split(path, ".")
			if section, _ := doc[steps[0]].(map[string]any); len(keep) == 0 {
				delete(section, steps[1])
			} else {
				place(doc, steps, keep)
			}
		}
	}
}

// recordPaths lists where records stand that people sign themselves.
func recordPaths(p *psirt.Program) []string {
	var out []string
	var look func(tests []psirt.Test)
	look = func(tests []psirt.Test) {
		for _, t := range tests {
			if t.Signers != nil && !slices.Contains(out, t.Signers.Path) {
				out = append(out, t.Signers.Path)
			}
			look(t.All)
			look(t.Any)
		}
	}
	for _, f := range p.Facts {
		look([]psirt.Test{f.Is})
	}
	return slices.Sorted(slices.Values(out))
}

// compared lists the values that facts compare with, by path.
func compared(p *psirt.Program) map[string][]any {
	out := map[string][]any{}
	var look func(tests []psirt.Test)
	look = func(tests []psirt.Test) {
		for _, t := range tests {
			if e := t.Equals; e != nil && !strings.HasPrefix(e.Path, "case.") && e.Path != "flags" && !strings.HasPrefix(e.Path, "commitments") {
				out[e.Path] = append(out[e.Path], e.Value)
			}
			if in := t.In; in != nil {
				out[in.Path] = append(out[in.Path], in.Values...)
			}
			look(t.All)
			look(t.Any)
			if t.Not != nil {
				look([]psirt.Test{*t.Not})
			}
		}
	}
	for _, f := range p.Facts {
		look([]psirt.Test{f.Is})
	}
	return out
}

// place puts a value at a path; where a list stands in the way it does nothing.
func place(at map[string]any, path []string, v any) {
	if len(path) == 1 {
		at[path[0]] = v
		return
	}
	next, ok := at[path[0]].(map[string]any)
	if !ok {
		if at[path[0]] != nil {
			return
		}
		next = map[string]any{}
		at[path[0]] = next
	}
	place(next, path[1:], v)
}

// TestModelInMemory walks each programme in memory: what psirt allows is what
// the table and the guards say, for whoever moves; and each refusal has a
// reason, with what to do.
func TestModelInMemory(t *testing.T) {
	t.Parallel()
	steps := 1500
	if long {
		steps = 50000
	}
	for _, name := range desk.Shipped() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, full := modelProgramme(t, name)
			m := &memory{t: t, r: chance(t, name), p: p, full: full}
			m.restart()
			n := 0
			for ; n < steps || n < 50*steps && len(m.reached) < len(p.States); n++ { // the guards of some states are rarely met by chance
				m.step()
			}
			t.Logf("%d steps: %d moved, %d refused; %d of %d states reached", n, m.moved, m.refused, len(m.reached), len(p.States))
			if m.moved < n/50 || m.refused < n/50 || len(m.reached) < len(p.States) {
				t.Errorf("the walk does not reach enough: %v", slices.Sorted(maps.Keys(m.reached)))
			}
		})
	}
}

// memory is a walk in memory.
type memory struct {
	t    *testing.T
	r    *rand.Rand
	p    *psirt.Program
	full psirt.Document

	c       *psirt.Case
	doc     psirt.Document
	past    []psirt.Past
	now     time.Time
	moved   int
	refused int
	reached map[string]bool
}

func (m *memory) restart() {
	if m.reached == nil {
		m.reached = map[string]bool{}
	}
	m.now = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	first := m.p.Initial().Name
	m.c = &psirt.Case{Docket: 1, ID: psirt.NewCaseID(m.p.Prefix, 2026, 1), Program: m.p.Program, State: first, Opened: m.now, Revision: 1,
		Log: []psirt.Entry{{Revision: 1, At: m.now, To: first, By: m.p.Keys.Bot}}}
	m.doc, m.past = psirt.Document{"docket": 1.0, "id": string(m.c.ID)}, nil
	m.reached[first] = true
}

// step is one change of the report by one of the team, and one move that
// somebody asks for.
func (m *memory) step() {
	m.now = m.now.Add(time.Duration(m.r.IntN(72*60)) * time.Minute)
	if len(m.c.Log) > 60 {
		m.restart()
	}
	author := pick(m.r, m.p.People)
	if m.r.IntN(2) == 0 {
		author, _ = m.p.ByHandle("lead") // whose records the full report has
	}
	before := m.doc.Clone()
	vary(m.r, m.p, m.doc, m.full)
	own(m.r, m.p, m.doc, before, author.Handle)
	m.c.Revision++
	m.past = append(m.past, psirt.Past{Revision: m.c.Revision, By: author.Key, Report: m.p.Remember(m.doc.Clone())})
	w := wishes(m.r, m.p, m.c.State)
	mover := m.mover()
	world := psirt.World{Case: m.c, Report: m.doc, Now: m.now, History: m.past, Mover: &mover}
	rule, v := m.p.Transition(world, w.to, w.outcome)
	if m.r.IntN(3) == 0 { // the same without a key: never the opposite
		world.Report, world.History = nil, nil
		m.c.Facts = m.p.ClearFacts(psirt.World{Case: m.c, Report: m.doc, Now: m.now})
		if _, blind := m.p.Transition(world, w.to, w.outcome); v.OK() && blind.Result == psirt.Fail {
			m.t.Fatalf("%s to %+v passes with a key and fails without: %v", m.c.State, w, blind.Reasons())
		}
		world.Report, world.History = m.doc, m.past
	}
	if want := m.legal(world, w); v.OK() != want {
		m.t.Fatalf("from %s to %+v by %+v: psirt says %v, the model %v: %v\n%v", m.c.State, w, mover, v.OK(), want, v.Reasons(), m.doc)
	}
	if !v.OK() {
		m.refused++
		if len(v.Reasons()) == 0 {
			m.t.Fatalf("from %s to %+v is refused without a reason", m.c.State, w)
		}
		return
	}
	m.approvals(rule, mover)
	m.move(w, rule, mover)
}

// mover is whoever makes the move: of the team mostly.
func (m *memory) mover() psirt.Entry {
	switch m.r.IntN(10) {
	case 0:
		return psirt.Entry{By: m.p.Keys.Bot}
	case 1:
		return psirt.Entry{By: m.p.Keys.Bot, RequestedBy: pick(m.r, []string{m.p.People[0].Login, "stranger"})}
	case 2:
		return psirt.Entry{By: pick(m.r, []psirt.Fingerprint{m.p.Keys.Mailer, m.p.Keys.Escrow, m.p.Keys.Intake})}
	}
	return psirt.Entry{By: pick(m.r, m.p.People).Key}
}

// legal is what the model says of a move.
func (m *memory) legal(world psirt.World, w wish) bool {
	for _, rule := range rulesFor(m.p, m.c.State, w.to, w.outcome) {
		ok := mayMake(m.p, rule, *world.Mover)
		for _, g := range rule.Guards {
			ok = ok && m.p.Judge(g, world).OK()
		}
		if ok {
			return closes(m.p, w.to) == (w.outcome != "")
		}
	}
	return false
}

// mayMake is what the model says of who makes a move: people what is no
// clock's, the bot what a label, a reply or a clock asks for.
func mayMake(p *psirt.Program, rule psirt.Transition, e psirt.Entry) bool {
	clock := strings.HasPrefix(rule.On, "clock:") && !rule.Label
	for _, person := range p.People {
		if person.Key == e.By {
			return person.HasRole(psirt.RoleTeam) && !clock
		}
	}
	if e.By != p.Keys.Bot {
		return false
	}
	if e.RequestedBy == "" {
		return rule.On != ""
	}
	person, known := p.ByLogin(e.RequestedBy)
	return rule.Label && known && person.HasRole(psirt.RoleTeam)
}

// approvals holds that one's own approval, or a stranger's, counts nothing.
func (m *memory) approvals(rule psirt.Transition, mover psirt.Entry) {
	if rule.Approvals.Count == 0 {
		return
	}
	for _, by := range []psirt.Fingerprint{mover.By, m.p.Keys.Mailer, m.p.Keys.Bot} {
		v := m.p.Approved(rule.Approvals, []psirt.Approval{{By: by, Kind: psirt.KindSigned}}, []psirt.Fingerprint{mover.By}, true)
		if v.OK() || len(v.Reasons()) == 0 {
			m.t.Fatalf("the approval by %s counts, or is refused without a reason: %v", by, v.Reasons())
		}
	}
}

func (m *memory) move(w wish, rule psirt.Transition, mover psirt.Entry) {
	m.moved++
	m.c.Log = append(m.c.Log, psirt.Entry{Revision: m.c.Revision, At: m.now, From: m.c.State, To: w.to, By: mover.By, RequestedBy: mover.RequestedBy})
	m.c.State, m.c.Outcome = w.to, w.outcome
	if rule.Update != psirt.Silent {
		m.c.Updates = append(m.c.Updates, psirt.Update{N: len(m.c.Updates) + 1, Kind: rule.Update, Revision: m.c.Revision})
	}
	m.reached[w.to] = true
	for _, reading := range m.p.Readings(m.c.Events(), m.now) {
		if reading.Due.Before(reading.Started) || !reading.Stopped.IsZero() && reading.Stopped.Before(reading.Started) {
			m.t.Fatalf("a clock that ends before it begins: %+v", reading)
		}
		if reading.Party != "team" && reading.Party != "reporter" {
			m.t.Fatalf("whose is the clock %+v?", reading)
		}
	}
}
