package audit_test

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
	"github.com/docket-psirt/docket/internal/store"
)

func TestTamperingByStockGit(t *testing.T) {
	t.Parallel()
	for _, a := range []attack{
		{"a mail and its record dropped", func(y *yard) {
			dir := psirt.CaseDir("ingroupe", first)
			y.commit("", "refs/heads/main", []store.Hash{y.main()}, "x", store.Edit{Path: dir + "/mail-2.pgp", Delete: true}, store.Edit{Path: dir + "/mail-2.yaml", Delete: true})
		}, "direct", first},
		{"an older revision put back", func(y *yard) {
			c := y.revisionOf(first, 1)
			raw, _ := casefile.Format(c)
			y.commit("", "refs/heads/main", []store.Hash{y.main()}, "x", edit(path(first), raw))
		}, "direct", first},
		{"a merge that carries more", func(y *yard) {
			h := y.revise("lead", y.main(), first, func(*psirt.Case) {})
			y.merge(h, first, edit("cases/ingroupe/2026/00/INGP-2026-0002/mail-1.yaml", []byte("x\n")))
		}, "merge", first},
		{"a merge that leaves a mail out", func(y *yard) {
			h := y.revise("lead", y.main(), first, func(*psirt.Case) {})
			dir := psirt.CaseDir("ingroupe", second)
			y.merge(h, first, store.Edit{Path: dir + "/mail-1.pgp", Delete: true}, store.Edit{Path: dir + "/mail-1.yaml", Delete: true})
		}, "merge", first},
		{"a merge that makes a file executable", func(y *yard) {
			h := y.revise("lead", y.main(), first, func(*psirt.Case) {})
			m := y.merge(h, first)
			y.executable(m, path(first))
		}, "merge", first},
		{"a merge of a history of its own", func(y *yard) {
			other := y.git("commit-tree", y.commitOf(y.main()).Tree.String(), "-m", "x")
			y.git("update-ref", "refs/heads/main", y.git("commit-tree", y.commitOf(y.main()).Tree.String(), "-p", y.main().String(), "-p", other, "-m", "Merge"))
			// What comes before it is judged all the same.
			h := y.revise("mailer", y.main(), first, func(*psirt.Case) {})
			y.merge(h, first)
		}, "role", first},
		{"a merge whose trailers tell another story", func(y *yard) {
			h := y.revise("lead", y.main(), first, func(*psirt.Case) {})
			main := y.main()
			y.commit("", "refs/heads/main", []store.Hash{main, h}, "Merge\n\nCase: INGP-2026-0001\nMove: evaluating to closed (fixed)\nApproves: sha256:00", edit(path(first), y.read(h, path(first))))
		}, "trailers", first},
	} {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			y := newYard(t)
			a.do(y)
			found(t, y.audit(false), a.kind, a.id)
		})
	}
}

func TestTamperingByInsiders(t *testing.T) {
	t.Parallel()
	for _, a := range []attack{
		{"an older sealed part put back", func(y *yard) {
			old := y.revisionOf(first, 1)
			h := y.revise("lead", y.main(), first, func(c *psirt.Case) { c.Sealed = old.Sealed })
			y.merge(h, first)
		}, "replayed", first},
		{"the sealed part of another case", func(y *yard) {
			other, _ := y.load(y.main(), third)
			h := y.revise("lead", y.main(), first, func(c *psirt.Case) { c.Sealed = other.Sealed })
			y.merge(h, first)
		}, "replayed", first},
		{"the contact of another case", func(y *yard) {
			other, _ := y.load(y.main(), third)
			h := y.revise("lead", y.main(), first, func(c *psirt.Case) { c.Contact = other.Contact })
			y.merge(h, first)
		}, "replayed", first},
		{"signed by the mailer", func(y *yard) {
			h := y.revise("mailer", y.main(), first, func(*psirt.Case) {})
			y.merge(h, first)
		}, "role", first},
		{"a move without approval", func(y *yard) {
			h := y.revise("lead", y.main(), third, func(c *psirt.Case) { y.to("lead", "evaluating")(c); y.told(c, "evaluating") })
			y.merge(h, third)
		}, "unapproved", third},
		{"a move that the mover approves", func(y *yard) {
			h := y.revise("lead", y.main(), third, func(c *psirt.Case) { y.to("lead", "evaluating")(c); y.told(c, "evaluating") })
			y.merge(y.approved("lead", h, third, y.digest(h, third)), third)
		}, "unapproved", third},
		{"approved for another digest", func(y *yard) {
			h := y.revise("lead", y.main(), third, func(c *psirt.Case) { y.to("lead", "evaluating")(c); y.told(c, "evaluating") })
			y.merge(y.approved("triage", h, third, y.digest(h, second)), third)
		}, "unapproved", third},
		{"approved by the escrow key", func(y *yard) {
			h := y.revise("lead", y.main(), third, func(c *psirt.Case) { y.to("lead", "evaluating")(c); y.told(c, "evaluating") })
			y.merge(y.approved("mailer", h, third, y.digest(h, third)), third)
		}, "unapproved", third},
		{"a revision added after the approval", func(y *yard) {
			h := y.revise("lead", y.main(), third, func(c *psirt.Case) { y.to("lead", "evaluating")(c); y.told(c, "evaluating") })
			h = y.approved("triage", h, third, y.digest(h, third))
			h = y.revise("lead", h, third, func(*psirt.Case) {})
			y.merge(h, third)
		}, "unapproved", third},
		{"no such move", func(y *yard) {
			h := y.revise("lead", y.main(), third, y.to("lead", "communicating"))
			y.merge(y.approved("triage", h, third, y.digest(h, third)), third)
		}, "transition", third},
		{"a stranger among the handlers", func(y *yard) {
			h := y.revise("lead", y.main(), first, func(c *psirt.Case) {
				c.Handlers = []psirt.Fingerprint{psirt.NewFingerprint(make([]byte, 20))}
			})
			y.merge(h, first)
		}, "handlers", first},
		{"sealed to one more reader", func(y *yard) {
			lead := y.key("lead")
			h := y.revise("lead", y.main(), first, func(c *psirt.Case) {
				c.Sealed = y.sealFor(lead, c.ID, "lead", "triage", "third", "escrow", "mailer")
			})
			y.merge(h, first)
		}, "recipients", first},
		{"sealed twice to one reader's name", func(y *yard) {
			lead := y.key("lead")
			h := y.revise("lead", y.main(), first, func(c *psirt.Case) {
				c.Sealed = twice(y, y.sealFor(lead, c.ID, "lead", "triage", "third", "escrow"))
			})
			y.merge(h, first)
		}, "recipients", first},
		{"backdated", func(y *yard) {
			h := y.reviseAt("lead", y.main(), third, y.now.Add(-90*time.Hour), func(c *psirt.Case) {})
			y.merge(h, third)
		}, "time", third},
		{"from the future", func(y *yard) {
			h := y.reviseAt("lead", y.main(), third, y.now.Add(24*time.Hour), func(c *psirt.Case) {})
			y.merge(h, third)
		}, "time", third},
		{"trailers that tell another story", func(y *yard) {
			c, raw := y.load(y.main(), third)
			c.Revision, c.Previous, c.By = 2, psirt.SHA256(raw), y.cert("lead").Fingerprint()
			at := y.clock()
			file, _ := casefile.Sign(c, y.key("lead"), at)
			h := y.commitAt("lead", "refs/heads/case/INGP-2026-0003/next", []store.Hash{y.main()}, at, "x\n\nCase: INGP-2026-0003\nRevision: 2\nMove: received to closed (spam)", edit(path(third), file))
			y.merge(h, third)
		}, "trailers", third},
		{"a case opened with words that nobody approved", func(y *yard) {
			y.openWithWords()
		}, "update", "INGP-2026-0004"},
		{"a gap in the case numbers", func(y *yard) {
			y.openAs("lead", "INGP-2026-0006", y.clock(), nil)
		}, "number", "INGP-2026-0006"},
		{"a case of next year", func(y *yard) {
			y.openAs("lead", "INGP-2099-0001", time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC), nil)
		}, "time", "INGP-2099-0001"},
		{"two revisions with the same number", func(y *yard) {
			main := y.main()
			a := y.revise("lead", main, first, func(*psirt.Case) {})
			y.merge(a, first)
			b := y.revise("triage", main, first, func(*psirt.Case) {})
			y.merge(b, first)
		}, "superseded", first},
		{"one's own key added without approval", func(y *yard) {
			y.changeProgram("lead", "", edit(policy, y.replaced("\nchanges: {count: 1", "\nchanges: {count: 0")))
		}, "unapproved", ""},
		{"the programme changed by somebody who is not lead", func(y *yard) {
			y.changeProgram("triage", "lead", edit(policy, y.replaced("guards: [consent]", "guards: []")))
		}, "role", ""},
		{"the programme changed by the bot", func(y *yard) {
			y.changeProgram("bot", "lead", edit(policy, y.replaced("guards: [consent]", "guards: []")))
		}, "role", ""},
		{"the programme changed and approved by the same lead", func(y *yard) {
			y.changeProgram("lead", "lead", edit(policy, y.replaced("guards: [consent]", "guards: []")))
		}, "unapproved", ""},
		{"a key added by one's own hand", func(y *yard) {
			y.changeProgram("lead", "", edit("cases/ingroupe/keys/stranger.asc", []byte(honest.reporter.Cert().Armor())))
		}, "unapproved", ""},
		{"a workflow changed without approval", func(y *yard) {
			y.changeProgram("lead", "", edit(".github/workflows/docket-deliver.yml", []byte("on: push\n")))
		}, "unapproved", ""},
	} {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			y := newYard(t)
			a.do(y)
			found(t, y.audit(false), a.kind, a.id)
		})
	}
}

// Somebody who has left the team signs nothing any more, wherever the branch
// begins.
func TestTamperingBySomebodyWhoLeft(t *testing.T) {
	t.Parallel()
	for _, late := range []bool{false, true} {
		y := newYard(t)
		from := y.main()
		without := slices.DeleteFunc(strings.SplitAfter(string(y.read(from, policy)), "\n"), func(line string) bool { return strings.Contains(line, "{handle: third,") })
		y.changeProgram("lead", "triage", edit(policy, []byte(strings.Join(without, ""))))
		if list := y.audit(false); len(list) > 0 {
			t.Fatal(list)
		}
		if late {
			from = y.main()
		}
		h := y.revise("third", from, second, func(*psirt.Case) {})
		y.merge(h, second)
		found(t, y.audit(false), "role", second)
	}
}

// twice repeats the first recipient of a message.
func twice(y *yard, armored string) string {
	y.t.Helper()
	_, body, _ := strings.Cut(armored, "\n\n")
	body, _, _ = strings.Cut(body, "\n=")
	data, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(body, "\n", ""))
	if err != nil || data[0] != 0xc1 {
		y.t.Fatal("expected a recipient packet", err)
	}
	n := 2 + int(data[1])
	return seal.Armor("PGP MESSAGE", append(append([]byte{}, data[:n]...), data...))
}

// openWithWords opens a case with an update in words that nobody but its
// author has seen.
func (y *yard) openWithWords() {
	y.t.Helper()
	id := psirt.CaseID("INGP-2026-0004")
	var certs []*seal.Cert
	for _, reader := range []string{"lead", "triage", "third", "mailer"} {
		certs = append(certs, y.cert(reader))
	}
	outer, err := y.key("lead").Seal([]byte(`{"docket":1}`), certs, casefile.ContextOf(casefile.PartUpdate, id, 1), y.now)
	if err != nil {
		y.t.Fatal(err)
	}
	y.openAs("lead", id, y.clock(), func(c *psirt.Case) {
		c.Updates = []psirt.Update{{N: 1, Kind: "acknowledge", Revision: 1, MessageID: "ingp-2026-0004.1.aaaaaaaaaaaaaaaa@ingroupe.com", Sealed: psirt.SHA256([]byte(outer.Armor))}}
	}, store.Edit{Path: psirt.CaseDir("ingroupe", id) + "/update-1.asc", Data: []byte(outer.Armor)})
}
