package desk_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/mail"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
	"github.com/docket-psirt/docket/internal/store"
)

// stage is a case repository with one shipped programme, its new keys, and a
// clock of its own. Example cases are made on it by the desk itself.
type stage struct {
	t       *testing.T
	program string
	dir     string // the case repository
	keys    string
	tmp     string
	at      time.Time
	policy  []byte     // program.yaml as it was read from cases/
	asked   *seal.Cert // the published certificate
	names   map[psirt.CaseID]*outsider
	mails   int
}

// outsider is somebody who reports. People, products and weaknesses are invented.
type outsider struct {
	from mail.Address
	key  *seal.Key
}

func newStage(t *testing.T, program string, at time.Time) *stage {
	tmp := t.TempDir()
	s := &stage{t: t, program: program, dir: filepath.Join(tmp, "cases.git"), keys: filepath.Join(tmp, "keys"), tmp: tmp,
		at: at, names: map[psirt.CaseID]*outsider{}}
	// From the file in cases/, and not from its copy in this binary: that one is
	// as old as the last build.
	file := filepath.Join(tmp, program, "program.yaml")
	s.copyTo(filepath.Join(tmp, program, "templates"), filepath.Join(casesDir, program, "templates", "*.txt"))
	var err error
	s.policy, err = os.ReadFile(filepath.Join(casesDir, program, "program.yaml"))
	s.must(err)
	s.must(os.WriteFile(file, desk.WithoutKeys(s.policy), 0o600))
	_, err = desk.Init(s.dir, desk.InitOptions{Programs: []string{file}, Team: []string{"lead", "triage"}, Keys: s.keys, Now: s.now})
	s.must(err)
	published, err := s.as("lead").PublicKey("intake")
	s.must(err)
	s.asked, err = seal.ParseCert([]byte(published.Armor))
	s.must(err)
	return s
}

func (s *stage) copyTo(dir, pattern string) {
	files, err := filepath.Glob(pattern)
	s.must(err)
	s.must(os.MkdirAll(dir, 0o700))
	for _, f := range files {
		raw, err := os.ReadFile(f)
		s.must(err)
		s.must(os.WriteFile(filepath.Join(dir, filepath.Base(f)), raw, 0o600))
	}
}

func (s *stage) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("%s, %s: %v", s.program, s.at.Format(time.DateTime), err)
	}
}

func (s *stage) now() time.Time { return s.at }

// later lets time pass, and sends what waits to be sent.
func (s *stage) later(d time.Duration) {
	s.t.Helper()
	out, err := mail.NewMaildirSender(filepath.Join(s.tmp, "out"))
	s.must(err)
	sent, err := s.as("lead").Deliver(context.Background(), desk.Outgoing{Sender: out, Repeatable: true})
	s.must(err)
	for _, one := range sent {
		if one.Status != psirt.ReceiptSent {
			s.t.Fatalf("%s: update %d of %s is %s: %s", s.program, one.Update, one.ID, one.Status, one.Why)
		}
	}
	s.at = s.at.Add(d)
}

func (s *stage) as(who string) *desk.Desk {
	s.t.Helper()
	s.at = s.at.Add(7 * time.Minute) // people take their time
	d, err := desk.Open(s.dir, desk.Options{Keys: s.keys, As: who, Now: s.now})
	s.must(err)
	return d
}

// report is a first mail, and the case that it opens.
func (s *stage) report(name, address, subject, text string) psirt.CaseID {
	s.t.Helper()
	key, err := seal.NewKey(name, address, s.at.Add(-time.Hour))
	s.must(err)
	who := &outsider{from: mail.Address{Name: name, Addr: address}, key: key}
	id := s.take(who, subject, "", text)
	s.names[id] = who
	return id
}

// answer is a reply of the reporter to the newest update.
func (s *stage) answer(id psirt.CaseID, text string) {
	s.t.Helper()
	shown, err := s.as("lead").Show(context.Background(), id)
	s.must(err)
	last := shown.Case.Updates[len(shown.Case.Updates)-1]
	s.take(s.names[id], "Re: your message", last.MessageID, text)
}

func (s *stage) take(who *outsider, subject, inReplyTo, text string) psirt.CaseID {
	s.t.Helper()
	s.mails++
	name := filepath.Join(s.tmp, fmt.Sprintf("mail-%d.eml", s.mails))
	draft := mail.Draft{From: who.from, To: mail.Address{Addr: s.asked.Addresses()[0]}, Subject: subject, Date: s.at,
		MessageID: fmt.Sprintf("mail.%d@%s", s.mails, who.from.Addr[strings.Index(who.from.Addr, "@")+1:]), InReplyTo: inReplyTo,
		Text: strings.TrimPrefix(text, "\n"), Keys: []mail.KeyFile{{Name: "key.asc", Data: who.key.Cert().Armor()}}}
	raw, err := sealedMail(draft, who.key, s.asked)
	s.must(err)
	s.must(os.WriteFile(name, raw, 0o600))
	taken, err := s.as("lead").Intake(context.Background(), mail.Files([]string{name}, nil), nil)
	s.must(err)
	s.must(taken[0].Err)
	return taken[0].ID
}

// sealedMail is a draft, signed with a key and encrypted to a certificate.
func sealedMail(draft mail.Draft, key *seal.Key, to *seal.Cert) ([]byte, error) {
	entity, err := draft.Entity()
	if err != nil {
		return nil, err
	}
	sealed, err := key.SealMail(entity, []*seal.Cert{to}, draft.Date)
	if err != nil {
		return nil, err
	}
	return draft.Encrypted(sealed.Armor, "...")
}

// set queues edits, each PATH=VALUE; NOW in a value is the time.
func (s *stage) set(who string, id psirt.CaseID, edits ...string) {
	s.t.Helper()
	d := s.as(who)
	var list []desk.Assignment
	for _, e := range edits {
		path, value, _ := strings.Cut(e, "=")
		list = append(list, desk.Assignment{Path: path, Value: strings.ReplaceAll(value, "NOW", s.at.Format(time.RFC3339))})
	}
	_, err := d.Set(context.Background(), id, list)
	s.must(err)
}

// signs is an edit that somebody puts their own signature to.
func (s *stage) signs(who string, id psirt.CaseID, edits ...string) {
	s.t.Helper()
	s.set(who, id, edits...)
	s.push(who, id)
}

func (s *stage) push(who string, id psirt.CaseID) {
	s.t.Helper()
	p, err := s.as(who).Push(context.Background(), id)
	s.must(err)
	if !p.Merged {
		s.t.Fatalf("%s: the edits of %s wait for %v", s.program, id, p.Needs)
	}
}

// move moves a case, or with an outcome ends it, and lets the other of the two
// approve it. Words are empty where the standard text goes out.
func (s *stage) move(who string, id psirt.CaseID, to string, outcome psirt.Outcome, words string) {
	s.t.Helper()
	p, err := s.as(who).Move(context.Background(), id, to, outcome, strings.TrimPrefix(words, "\n"), false)
	s.must(err)
	s.approved(who, id, p)
}

// reply sends own words to the reporter, once the other one has approved them.
func (s *stage) reply(who string, id psirt.CaseID, words string) {
	s.t.Helper()
	p, err := s.as(who).Message(context.Background(), id, "reply", strings.TrimPrefix(words, "\n"))
	s.must(err)
	s.approved(who, id, p)
}

func (s *stage) approved(by string, id psirt.CaseID, p *desk.Proposed) {
	s.t.Helper()
	other := map[string]string{"lead": "triage", "triage": "lead"}[by]
	for i := 0; !p.Merged && i < 2; i++ {
		var err error
		p, err = s.as(other).Approve(context.Background(), p.Number, id)
		s.must(err)
	}
	if !p.Merged {
		s.t.Fatalf("%s: the proposal for %s waits for %v", s.program, id, p.Needs)
	}
}

// end judges what was made, and puts the tree of main into cases/, and the two
// people's secret keys into testdata.
func (s *stage) end() {
	s.t.Helper()
	s.later(0)
	r, err := s.as("lead").Audit(context.Background(), desk.AuditOptions{})
	s.must(err)
	for _, f := range r.Findings {
		s.t.Errorf("%s: %v", s.program, f)
	}
	for id := range s.names {
		shown, err := s.as("lead").Show(context.Background(), id)
		s.must(err)
		for _, c := range shown.Clocks {
			if c.Status == psirt.ClockBroken {
				s.t.Errorf("%s: the clock %s was due at %s; an example keeps its deadlines", id, c.Clock, c.Due.Format(time.DateTime))
			}
		}
	}
	s.putTree()
	for _, name := range []string{"lead.asc", "triage.asc"} {
		raw, err := os.ReadFile(filepath.Join(s.keys, name))
		s.must(err)
		hold(s.t, filepath.Join(exampleKeys, s.program, name), raw)
	}
}

// putTree puts what main has below cases/<program> into the project. A
// programme that somebody edited meanwhile is not overwritten.
func (s *stage) putTree() {
	now, err := os.ReadFile(filepath.Join(casesDir, s.program, "program.yaml"))
	s.must(err)
	if !bytes.Equal(now, s.policy) {
		s.t.Fatalf("cases/%s/program.yaml changed while its examples were made: run it again", s.program)
	}
	repo, err := store.Open(s.dir)
	s.must(err)
	head, err := repo.Ref("refs/heads/main")
	s.must(err)
	at, err := repo.At(head)
	s.must(err)
	for _, old := range []string{"keys", "seen", "2026"} {
		s.must(os.RemoveAll(filepath.Join(casesDir, s.program, old)))
	}
	s.must(at.Walk("cases/"+s.program, func(e store.Entry) error {
		raw, err := at.Read(e.Path, 1<<20)
		if err != nil {
			return err
		}
		name := filepath.Join(filepath.Dir(casesDir), filepath.FromSlash(e.Path))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		return os.WriteFile(name, raw, 0o644)
	}))
}
