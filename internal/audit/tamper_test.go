package audit_test

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/mail"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
	"github.com/docket-psirt/docket/internal/store"
)

// A case repository with honest history, made once by the desk's own use
// cases; each test works on a copy of its own.
//
//	INGP-2026-0001  report of maren (her key), acknowledged, evaluating (lead
//	                moved, triage approved), one edit, one follow-up mail
//	INGP-2026-0002  report in clear, note
//	INGP-2026-0003  report of maren
type yard struct {
	t    *testing.T
	dir  string // the bare repository
	keys string
	now  time.Time
	repo *store.Repo
}

const (
	first  = psirt.CaseID("INGP-2026-0001")
	second = psirt.CaseID("INGP-2026-0002")
	third  = psirt.CaseID("INGP-2026-0003")
)

var honest struct {
	once     sync.Once
	dir      string
	now      time.Time
	reporter *seal.Key
	err      error
}

// one mail as a source.
type oneMail struct {
	raw  []byte
	read bool
}

func (s *oneMail) Next(context.Context) (mail.Item, error) {
	if s.read {
		return nil, io.EOF
	}
	s.read = true
	return s, nil
}
func (s *oneMail) Close() error               { return nil }
func (s *oneMail) Name() string               { return "mail" }
func (s *oneMail) Read(int64) ([]byte, error) { return s.raw, nil }
func (s *oneMail) Done(context.Context) error { return nil }

// newYard gives a copy of the honest repository.
func newYard(t *testing.T) *yard {
	t.Helper()
	honest.once.Do(func() { makeHonest(t) })
	if honest.dir == "" {
		t.Fatal("the honest repository could not be made")
	}
	y := &yard{t: t, dir: filepath.Join(t.TempDir(), "cases.git"), keys: filepath.Join(honest.dir, "keys"), now: honest.now}
	y.copyFrom(filepath.Join(honest.dir, "cases.git"))
	repo, err := store.Open(y.dir)
	if err != nil {
		t.Fatal(err)
	}
	y.repo = repo
	t.Cleanup(func() { _ = y.repo.Close() })
	return y
}

// copyFrom copies a repository; objects never change, so they are linked.
func (y *yard) copyFrom(dir string) {
	y.t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		to := filepath.Join(y.dir, rel)
		if e.IsDir() {
			return os.MkdirAll(to, 0o700)
		}
		if strings.HasPrefix(filepath.ToSlash(rel), "objects/") && os.Link(path, to) == nil {
			return nil
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(to, raw, 0o600)
	})
	if err != nil {
		y.t.Fatal(err)
	}
}

func TestMain(m *testing.M) {
	code := m.Run()
	if honest.dir != "" {
		_ = os.RemoveAll(honest.dir)
	}
	os.Exit(code)
}

func makeHonest(t *testing.T) {
	dir, err := os.MkdirTemp("", "docket-audit")
	if err != nil {
		t.Fatal(err)
	}
	y := &yard{t: t, dir: filepath.Join(dir, "cases.git"), keys: filepath.Join(dir, "keys"), now: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)}
	if _, err := desk.Init(y.dir, desk.InitOptions{Programs: []string{"ingroupe"}, Team: []string{"lead", "triage", "third"}, Keys: y.keys, Now: y.clock}); err != nil {
		t.Fatal(err)
	}
	y.now = y.now.Add(24 * time.Hour)
	honest.reporter, err = seal.NewKey("Maren", "maren@example.org", y.now.Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	y.intake(y.report("one@example.org", "", "Description: the first\n"))
	y.intake([]byte("From: x@example.net\r\nTo: psirt@example.com\r\nSubject: clear\r\nMessage-ID: <c@example.net>\r\n\r\nin clear\r\n"))
	y.deliver()
	y.move(first, "evaluating")
	y.approve("triage")
	y.deliver()
	y.as("lead", func(d *desk.Desk) {
		if _, err := d.Set(t.Context(), first, []desk.Assignment{{Path: "analysis.text", Value: "looked"}}); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Push(t.Context(), first); err != nil {
			t.Fatal(err)
		}
	})
	y.intake(y.report("two@example.org", "one@example.org", "more\n"))
	y.intake(y.report("three@example.org", "", "Description: another\n"))
	y.deliver()
	// Days later, so that something can be dated back.
	honest.now, honest.dir = y.now.Add(72*time.Hour), dir
}

func (y *yard) clock() time.Time { y.now = y.now.Add(7 * time.Second); return y.now }

// as runs fn as a person (or, with "", as the intake and mail hosts).
func (y *yard) as(handle string, fn func(*desk.Desk)) {
	y.t.Helper()
	d, err := desk.Open(y.dir, desk.Options{Keys: y.keys, As: handle, Now: y.clock})
	if err != nil {
		y.t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	fn(d)
}

func (y *yard) intake(raw []byte) {
	y.t.Helper()
	y.as("", func(d *desk.Desk) {
		taken, err := d.Intake(y.t.Context(), &oneMail{raw: raw}, nil)
		if err != nil || len(taken) != 1 || taken[0].Err != nil {
			y.t.Fatal(taken, err)
		}
	})
}

// deliver sends what waits, and counts it.
func (y *yard) deliver() int {
	y.t.Helper()
	dir := filepath.Join(y.t.TempDir(), "out")
	out, err := mail.NewMaildirSender(dir)
	if err != nil {
		y.t.Fatal(err)
	}
	y.as("", func(d *desk.Desk) {
		if _, err := d.Deliver(y.t.Context(), desk.Outgoing{Sender: out, Repeatable: true}); err != nil {
			y.t.Fatal(err)
		}
	})
	sent, err := os.ReadDir(filepath.Join(dir, "new"))
	if err != nil {
		y.t.Fatal(err)
	}
	return len(sent)
}

func (y *yard) move(id psirt.CaseID, to string) {
	y.t.Helper()
	y.as("lead", func(d *desk.Desk) {
		if _, err := d.Move(y.t.Context(), id, to, "", "", false); err != nil {
			y.t.Fatal(err)
		}
	})
}

func (y *yard) approve(handle string) {
	y.t.Helper()
	y.as(handle, func(d *desk.Desk) {
		if p, err := d.Approve(y.t.Context(), 0, ""); err != nil || !p.Merged {
			y.t.Fatal(p, err)
		}
	})
}

// report is an encrypted and signed mail of the reporter.
func (y *yard) report(id, answers, text string) []byte {
	y.t.Helper()
	published := y.cert("intake")
	draft := mail.Draft{From: mail.Address{Addr: "maren@example.org"}, To: mail.Address{Addr: "psirt@example.com"}, Subject: "A report", Date: y.now,
		MessageID: id, InReplyTo: answers, Text: text, Keys: []mail.KeyFile{{Name: "key.asc", Data: honest.reporter.Cert().Armor()}}}
	entity, err := draft.Entity()
	if err != nil {
		y.t.Fatal(err)
	}
	sealed, err := honest.reporter.SealMail(entity, []*seal.Cert{published}, y.now)
	if err != nil {
		y.t.Fatal(err)
	}
	raw, err := draft.Encrypted(sealed.Armor, "...")
	if err != nil {
		y.t.Fatal(err)
	}
	return raw
}

func (y *yard) key(name string) *seal.Key {
	y.t.Helper()
	raw, err := os.ReadFile(filepath.Join(y.keys, name+".asc"))
	if err != nil {
		y.t.Fatal(err)
	}
	k, err := seal.ReadKey(raw, nil)
	if err != nil {
		y.t.Fatal(err)
	}
	return k
}

func (y *yard) cert(name string) *seal.Cert { return y.key(name).Cert() }

func (y *yard) head(ref string) store.Hash {
	y.t.Helper()
	h, err := y.repo.Ref(ref)
	if err != nil {
		y.t.Fatal(err)
	}
	return h
}

func (y *yard) main() store.Hash { y.t.Helper(); return y.head("refs/heads/main") }

func (y *yard) commitOf(h store.Hash) *store.Commit {
	y.t.Helper()
	c, err := y.repo.Commit(h)
	if err != nil {
		y.t.Fatal(err)
	}
	return c
}

func (y *yard) read(h store.Hash, path string) []byte {
	y.t.Helper()
	at, err := y.repo.At(h)
	if err != nil {
		y.t.Fatal(err)
	}
	raw, err := at.Read(path, 1<<26)
	if err != nil {
		y.t.Fatal(err)
	}
	return raw
}

func (y *yard) load(h store.Hash, id psirt.CaseID) (*psirt.Case, []byte) {
	y.t.Helper()
	raw := y.read(h, psirt.CasePath("ingroupe", id))
	c, err := casefile.Parse(raw)
	if err != nil {
		y.t.Fatal(err)
	}
	return c, raw
}

// commit makes a commit that name signs ("" leaves it unsigned), on parents,
// and makes ref point there.
func (y *yard) commit(name, ref string, parents []store.Hash, msg string, edits ...store.Edit) store.Hash {
	y.t.Helper()
	return y.commitAt(name, ref, parents, y.clock(), msg, edits...)
}

func (y *yard) commitAt(name, ref string, parents []store.Hash, at time.Time, msg string, edits ...store.Edit) store.Hash {
	y.t.Helper()
	spec := store.CommitSpec{Base: y.commitOf(parents[0]).Tree, Edits: edits, Parents: parents, Message: strings.TrimRight(msg, "\n") + "\n",
		Author: store.Ident{Name: "x", Mail: "x@example.com", When: at}, Committer: store.Ident{Name: "x", Mail: "x@example.com", When: at}}
	if name != "" {
		key := y.key(name)
		spec.Sign = func(payload []byte) (string, error) { return key.SignCommit(payload, at) }
	}
	b := y.repo.NewBatch()
	h, err := b.Commit(spec)
	if err != nil {
		y.t.Fatal(err)
	}
	old, err := y.repo.Ref(ref)
	if err != nil {
		old = store.Hash{}
	}
	if err := y.repo.Publish(y.t.Context(), b, store.RefUpdate{Name: ref, Old: old, New: h}); err != nil {
		y.t.Fatal(err)
	}
	return h
}

// merge makes a merge commit of branch on main, with the branch's changes and
// extra ones.
func (y *yard) merge(branch store.Hash, id psirt.CaseID, extra ...store.Edit) store.Hash {
	y.t.Helper()
	main := y.main()
	fork := branch
	for {
		if ok, err := y.repo.IsAncestor(fork, main); err != nil {
			y.t.Fatal(err)
		} else if ok {
			break
		}
		fork = y.commitOf(fork).Parents[0]
	}
	changes, err := y.repo.Changes(y.commitOf(fork).Tree, y.commitOf(branch).Tree)
	if err != nil {
		y.t.Fatal(err)
	}
	var edits []store.Edit
	for _, ch := range changes {
		if ch.New.Hash.IsZero() {
			edits = append(edits, store.Edit{Path: ch.Path, Delete: true})
		} else {
			edits = append(edits, store.Edit{Path: ch.Path, Data: y.read(branch, ch.Path)})
		}
	}
	msg := "Merge"
	if id != "" {
		msg += "\n\nCase: " + string(id)
	}
	return y.commit("", "refs/heads/main", []store.Hash{main, branch}, msg, append(edits, extra...)...)
}

// revise makes a signed revision of a case on top of parent, changed by fn, on
// a branch.
func (y *yard) revise(name string, parent store.Hash, id psirt.CaseID, fn func(*psirt.Case), edits ...store.Edit) store.Hash {
	y.t.Helper()
	return y.reviseAt(name, parent, id, y.clock(), fn, edits...)
}

func (y *yard) reviseAt(name string, parent store.Hash, id psirt.CaseID, at time.Time, fn func(*psirt.Case), edits ...store.Edit) store.Hash {
	y.t.Helper()
	c, raw := y.load(parent, id)
	c.Revision++
	c.Previous = psirt.SHA256(raw)
	c.By = y.cert(name).Fingerprint()
	fn(c)
	file, err := casefile.Sign(c, y.key(name), at)
	if err != nil {
		y.t.Fatal(err)
	}
	before, _ := y.load(parent, id)
	msg := fmt.Sprintf("%s\n\nCase: %s\nRevision: %d\n", id, id, c.Revision)
	if len(c.Log) > len(before.Log) {
		msg += "Move: " + audit.Arrow(before.State, c.State, c.Outcome) + "\n"
	}
	for _, u := range c.Updates[len(before.Updates):] {
		msg += fmt.Sprintf("Update: %d %s\n", u.N, u.Kind)
	}
	return y.commitAt(name, "refs/heads/case/"+string(id)+"/next", []store.Hash{parent}, at, msg,
		append(edits, store.Edit{Path: psirt.CasePath("ingroupe", id), Data: file})...)
}

// revisionOf finds the newest commit on main at which a case had a revision.
func (y *yard) revisionOf(id psirt.CaseID, n int) *psirt.Case {
	y.t.Helper()
	for c, err := range y.repo.FirstParents(y.main(), store.Hash{}) {
		if err != nil {
			y.t.Fatal(err)
		}
		if at, _ := y.load(c.Hash, id); at.Revision == n {
			return at
		}
	}
	y.t.Fatalf("%s has no revision %d", id, n)
	return nil
}

// audit replays as the command does, with or without the people's keys.
func (y *yard) audit(keyed bool) []audit.Finding {
	y.t.Helper()
	o := desk.Options{Now: y.clock}
	if keyed {
		o.Keys, o.As = y.keys, "third"
	}
	d, err := desk.Open(y.dir, o)
	if err != nil {
		y.t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	r, err := d.Audit(y.t.Context(), desk.AuditOptions{})
	if err != nil {
		return []audit.Finding{{Severity: audit.SeverityError, Kind: "unreadable", Text: err.Error()}}
	}
	return r.Findings
}

func (y *yard) check() []audit.Finding {
	y.t.Helper()
	d, err := desk.Open(y.dir, desk.Options{Now: y.clock})
	if err != nil {
		y.t.Fatal(err)
	}
	defer func() { _ = d.Close() }()
	r, err := d.Check(y.t.Context(), "", "")
	if err != nil {
		return []audit.Finding{{Severity: audit.SeverityError, Kind: "unreadable", Text: err.Error()}}
	}
	return r.Findings
}

// found demands a finding of a kind that names the case and a commit.
func found(t *testing.T, list []audit.Finding, kind string, id psirt.CaseID) {
	t.Helper()
	if !slices.ContainsFunc(list, func(f audit.Finding) bool { return f.Kind == kind && f.Case == id && f.Commit != "" }) {
		var lines []string
		for _, f := range list {
			lines = append(lines, f.String())
		}
		t.Errorf("expected a finding %q of %q that names a commit, got:\n%s", kind, id, strings.Join(lines, "\n"))
	}
}

// Edits that stand on a proposal go out after it was merged.
func TestEditsOnTopOfAProposal(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	y.move(third, "evaluating")
	y.as("lead", func(d *desk.Desk) {
		if _, err := d.Set(t.Context(), third, []desk.Assignment{{Path: "analysis.text", Value: "looked"}}); err != nil {
			t.Fatal(err)
		}
	})
	y.approve("triage")
	y.as("lead", func(d *desk.Desk) {
		if p, err := d.Push(t.Context(), third); err != nil || !p.Merged {
			t.Fatal(p, err)
		}
	})
	if list := y.audit(false); len(list) > 0 {
		t.Error(list)
	}
}

func TestHonestHistoryHasNoFindings(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	for _, keyed := range []bool{false, true} {
		if list := y.audit(keyed); len(list) > 0 {
			t.Errorf("keyed %v: %v", keyed, list)
		}
	}
	if list := y.check(); len(list) > 0 {
		t.Error(list)
	}
}

// sealFor seals a report document of a case to named keys.
func (y *yard) sealFor(by *seal.Key, id psirt.CaseID, to ...string) string {
	y.t.Helper()
	var certs []*seal.Cert
	for _, name := range to {
		certs = append(certs, y.cert(name))
	}
	sealed, err := by.Seal([]byte(`{"docket":1,"id":"`+string(id)+`","title":"x","consent":{"submitted_at":"2026-11-22T09:00:00Z"}}`), certs, casefile.ContextOf(casefile.PartSealed, id), y.now)
	if err != nil {
		y.t.Fatal(err)
	}
	return sealed.Armor
}

// openAs opens a case past the desk.
func (y *yard) openAs(name string, id psirt.CaseID, at time.Time, fn func(*psirt.Case), edits ...store.Edit) store.Hash {
	y.t.Helper()
	snap, err := y.repo.At(y.main())
	if err != nil {
		y.t.Fatal(err)
	}
	entry, err := snap.Entry("cases/ingroupe/program.yaml")
	if err != nil {
		y.t.Fatal(err)
	}
	by := y.key(name)
	var certs []*seal.Cert
	for _, reader := range []string{"lead", "triage", "third", "escrow", "mailer", "intake"} {
		certs = append(certs, y.cert(reader))
	}
	contact, err := by.Seal([]byte(`{"docket":1,"id":"`+string(id)+`","address":"maren@example.org"}`), certs, casefile.ContextOf(casefile.PartContact, id), at)
	if err != nil {
		y.t.Fatal(err)
	}
	c := &psirt.Case{Docket: 1, ID: id, Program: "ingroupe", Policy: entry.Hash.ObjectID(), State: "received", Opened: at, Revision: 1,
		Log:    []psirt.Entry{{Revision: 1, At: at, To: "received", By: by.Cert().Fingerprint()}},
		Sealed: y.sealFor(by, id, "lead", "triage", "third", "escrow"), Contact: contact.Armor}
	if fn != nil {
		fn(c)
	}
	file, err := casefile.Sign(c, by, at)
	if err != nil {
		y.t.Fatal(err)
	}
	msg := fmt.Sprintf("%s: new case\n\nCase: %s\nMove: received\nRevision: 1\n", id, id)
	for _, u := range c.Updates {
		msg += fmt.Sprintf("Update: %d %s\n", u.N, u.Kind)
	}
	h := y.commitAt(name, "refs/heads/case/"+string(id)+"/next", []store.Hash{y.main()}, at, msg,
		append(edits, store.Edit{Path: psirt.CasePath("ingroupe", id), Data: file})...)
	return y.merge(h, id)
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
