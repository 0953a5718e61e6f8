package audit_test

import (
	"context"
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
	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/mail"
	"github.com/docket-psirt/docket/internal/peer"
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

func (s *oneMail) Close() error { return nil }

func (s *oneMail) Name() string { return "mail" }

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
	peer.Plain()
	remove := peer.InMemory()
	code := m.Run()
	remove()
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
