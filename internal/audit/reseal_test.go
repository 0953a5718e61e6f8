package audit_test

import (
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
	"github.com/docket-psirt/docket/internal/store"
)

const programRef = "refs/heads/program/ingroupe"

// joining is somebody who is about to come into the programme: the proposal that
// the desk makes of it, which seals the open cases anew, is open.
type joining struct {
	*yard
	cem    *seal.Key
	change store.Hash // the commit that changes the programme
	head   store.Hash // the last of those that seal a case anew
}

func newJoining(t *testing.T) *joining {
	t.Helper()
	y := &joining{yard: newYard(t)}
	var err error
	if y.cem, err = seal.NewKey("cem", "cem@example.com", y.now.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	y.as("lead", func(d *desk.Desk) {
		p, err := d.AddPerson(t.Context(), desk.NewPerson{Handle: "cem", Key: []byte(y.cem.Cert().Armor())})
		if err != nil || p.Merged || len(p.Resealed) != 3 || len(p.Left) != 0 {
			t.Fatal(p, err)
		}
	})
	y.head = y.yard.head(programRef)
	y.change = y.head
	for range 3 {
		y.change = y.commitOf(y.change).Parents[0]
	}
	return y
}

// end approves what stands on the branch and merges it.
func (y *joining) end(h store.Hash) {
	y.t.Helper()
	h = y.commit("triage", "refs/heads/end", []store.Hash{h}, "Approve\n\nApproves: git:"+y.commitOf(h).Tree.String())
	y.merge(h, "")
}

// reseal seals the first case anew on top of h, with documents of its own for
// those whom it names, and lets fn change more.
func (y *joining) reseal(by string, h store.Hash, readers []string, fn func(*psirt.Case)) store.Hash {
	y.t.Helper()
	return y.revise(by, h, first, func(c *psirt.Case) {
		key := y.key(by)
		certs := []*seal.Cert{y.cem.Cert()}
		if len(readers) > 0 && readers[0] == "-" { // cem is forgotten
			certs, readers = nil, readers[1:]
		}
		for _, name := range readers {
			certs = append(certs, y.cert(name))
		}
		for part, into := range map[string]*string{casefile.PartSealed: &c.Sealed, casefile.PartContact: &c.Contact} {
			doc, to := `{"docket":1,"id":"`+string(first)+`"}`, certs
			if part == casefile.PartContact {
				to = append(to[:len(to):len(to)], y.cert("mailer"), y.cert("intake"))
			}
			sealed, err := key.Seal([]byte(doc), to, casefile.ContextOf(part, first), y.now)
			if err != nil {
				y.t.Fatal(err)
			}
			*into = sealed.Armor
		}
		if fn != nil {
			fn(c)
		}
	})
}

var team = []string{"lead", "triage", "third", "escrow"}

// An honest change of who may read is fine, with and without a key, and the
// cases are as they were.
func TestCasesAreSealedAnew(t *testing.T) {
	t.Parallel()
	y := newJoining(t)
	y.as("triage", func(d *desk.Desk) {
		if p, err := d.Approve(t.Context(), 0, ""); err != nil || !p.Merged {
			t.Fatal(p, err)
		}
	})
	for _, keyed := range []bool{false, true} {
		for _, f := range y.audit(keyed) {
			t.Errorf("keyed %v: %v", keyed, f)
		}
	}
	for _, f := range y.check() {
		t.Error(f)
	}
	// History goes on: a move with guards that only a key judges, and the log.
	y.move(third, "evaluating")
	y.approve("triage")
	y.as("third", func(d *desk.Desk) {
		events, err := d.Log(t.Context(), third)
		if err != nil || len(events) < 3 {
			t.Error(events, err)
		}
	})
	if len(y.audit(true)) > 0 {
		t.Error(y.audit(true))
	}
}

func TestTamperingWithCasesThatAreSealedAnew(t *testing.T) {
	t.Parallel()
	for _, a := range []struct {
		name  string
		keyed bool
		do    func(y *joining) store.Hash
		kind  string
	}{
		{"another document", true, func(y *joining) store.Hash { return y.reseal("lead", y.change, team, nil) }, "sealed"},
		{"for one more", false, func(y *joining) store.Hash { return y.reseal("lead", y.change, append([]string{"bot"}, team...), nil) }, "recipients"},
		{"without the one who comes", false, func(y *joining) store.Hash { return y.reseal("lead", y.change, append([]string{"-"}, team...), nil) }, "recipients"},
		{"with another state", false, func(y *joining) store.Hash {
			return y.reseal("lead", y.change, team, func(c *psirt.Case) { c.State = "solving" })
		}, "mixed"},
		{"with other facts", false, func(y *joining) store.Hash {
			return y.reseal("lead", y.change, team, func(c *psirt.Case) { c.Facts = nil })
		}, "mixed"},
		{"with handlers of its own", false, func(y *joining) store.Hash {
			return y.reseal("lead", y.change, team, func(c *psirt.Case) { c.Handlers = []psirt.Fingerprint{y.cert("lead").Fingerprint()} })
		}, "handlers"},
		{"by somebody else", false, func(y *joining) store.Hash { return y.reseal("triage", y.change, team, nil) }, "role"},
		{"by the bot", false, func(y *joining) store.Hash { return y.reseal("bot", y.change, team, nil) }, "role"},
		{"twice", false, func(y *joining) store.Hash { return y.reseal("lead", y.head, team, nil) }, "superseded"},
		{"not following the revision before", false, func(y *joining) store.Hash {
			return y.reseal("lead", y.change, team, func(c *psirt.Case) { c.Previous = psirt.SHA256(nil) })
		}, "chain"},
	} {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			y := newJoining(t)
			y.end(a.do(y))
			found(t, y.audit(a.keyed), a.kind, first)
		})
	}
}

// The programme changes first; a mail or a new file in a case folder has no
// place in such a proposal.
func TestWhatElseAChangeOfTheProgrammeMayNotBring(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(y *joining) store.Hash{
		"a change after the cases": func(y *joining) store.Hash {
			return y.commit("lead", "refs/heads/x", []store.Hash{y.head}, "More", edit(policy, y.replaced("note_limit: 3", "note_limit: 4")))
		},
		"an update": func(y *joining) store.Hash {
			return y.commit("lead", "refs/heads/x", []store.Hash{y.change}, "More", edit(psirt.CaseDir("ingroupe", first)+"/update-9.asc", []byte("x")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			y := newJoining(t)
			y.end(do(y))
			ok := false
			for _, f := range y.audit(false) {
				ok = ok || f.Kind == "mixed"
			}
			if !ok {
				t.Errorf("nothing was found: %v", y.audit(false))
			}
		})
	}
}
