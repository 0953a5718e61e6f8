package desk_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/mail"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
)

// counter is a repository with a team of two, and its intake host.
type counter struct {
	t         *testing.T
	dir, keys string
}

func newCounter(t *testing.T) *counter { return newCounterIn(t, t.TempDir()) }

func newCounterIn(t *testing.T, dir string) *counter {
	t.Helper()
	c := &counter{t: t, dir: filepath.Join(dir, "cases.git")}
	c.keys = c.dir + "-keys"
	if _, err := desk.Init(c.dir, desk.InitOptions{Programs: []string{"ingroupe"}, Team: []string{"lead", "triage"}, Keys: c.keys}); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *counter) as(handle string) *desk.Desk {
	c.t.Helper()
	d, err := desk.Open(c.dir, desk.Options{Keys: c.keys, As: handle})
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = d.Close() })
	return d
}

// letters are mails as a source.
type letters struct{ list [][]byte }

type letter []byte

func (s *letters) Next(context.Context) (mail.Item, error) {
	if len(s.list) == 0 {
		return nil, io.EOF
	}
	next := letter(s.list[0])
	s.list = s.list[1:]
	return next, nil
}
func (s *letters) Close() error             { return nil }
func (l letter) Name() string               { return "mail" }
func (l letter) Read(int64) ([]byte, error) { return l, nil }
func (l letter) Done(context.Context) error { return nil }

func (c *counter) take(mails ...string) []desk.Taken {
	c.t.Helper()
	var list [][]byte
	for _, m := range mails {
		list = append(list, []byte(strings.ReplaceAll(m, "\n", "\r\n")))
	}
	taken, err := c.as("").Intake(c.t.Context(), &letters{list}, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	for _, t := range taken {
		if t.Err != nil {
			c.t.Fatal(t.Err)
		}
	}
	return taken
}

// Bodies in clear are often alike. A mail that is taken for another one leaves
// the mailbox, so that would lose it.
func TestLikeBodiesAreNotOneMail(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	const first = "From: a@example.org\nSubject: one\nDate: Sun, 22 Nov 2026 09:00:00 +0000\n\nsee subject\n"
	taken := c.take(first,
		"Received: by mx\nDelivered-To: psirt@example.com\n"+first, // the same, over another way
		"From: a@example.org\nSubject: two\nDate: Sun, 22 Nov 2026 09:00:00 +0000\n\nsee subject\n",
		"From: b@example.org\nSubject: one\nDate: Sun, 22 Nov 2026 09:00:00 +0000\n\nsee subject\n",
		"From: a@example.org\nSubject: one\nDate: Mon, 23 Nov 2026 09:00:00 +0000\n\nsee subject\n",
		"From: e@example.org\nSubject: all is here\n\n", "From: f@example.org\nSubject: and here\n\n", "", "\n")
	want := []string{"opened", "known", "opened", "opened", "opened", "opened", "opened", "opened", "known"}
	for i, w := range want {
		if taken[i].Action != w {
			t.Errorf("mail %d: %s, expected %s", i, taken[i].Action, w)
		}
	}
}

// Anybody can make a key that bears an address, so without the reporter's key
// on record no reply is verified, and none makes the bot move a case.
func TestReplyBySomebodyElse(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	id := c.take("From: a@example.org\nMessage-ID: <first@example.org>\nSubject: x\n\nin clear\n")[0].ID
	if _, err := c.as("lead").Label(t.Context(), id, "move/needs-info"); err != nil {
		t.Fatal(err)
	}
	if p, err := c.as("triage").Approve(t.Context(), 0, id); err != nil || !p.Merged {
		t.Fatal(p, err)
	}
	made, err := seal.NewKey("A", "a@example.org", time.Now().Add(-time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	taken := c.take(c.reply(made, "a@example.org", "first@example.org"))
	if taken[0].ID != id || taken[0].Action != desk.ActionAttached || taken[0].State != "needs-info" {
		t.Errorf("got %+v", taken[0])
	}
	mails, err := c.as("lead").Mails(id, 2)
	if err != nil || mails[0].Signed != string(psirt.SignedOtherKey) {
		t.Error(mails, err)
	}
}

// reply is a mail that is signed and encrypted by a key that comes with it.
func (c *counter) reply(by *seal.Key, from, answers string) string {
	c.t.Helper()
	raw, err := os.ReadFile(filepath.Join(c.keys, "intake.asc"))
	if err != nil {
		c.t.Fatal(err)
	}
	published, err := seal.ReadKey(raw, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	d := mail.Draft{From: mail.Address{Addr: from}, To: mail.Address{Addr: "psirt@example.com"}, Subject: "Re", Date: time.Now(),
		MessageID: "again@example.org", InReplyTo: answers, Text: "it is me\n", Keys: []mail.KeyFile{{Name: "k.asc", Data: by.Cert().Armor()}}}
	entity, err := d.Entity()
	if err != nil {
		c.t.Fatal(err)
	}
	sealed, err := by.SealMail(entity, []*seal.Cert{published.Cert()}, time.Now())
	if err != nil {
		c.t.Fatal(err)
	}
	out, err := d.Encrypted(sealed.Armor, "...")
	if err != nil {
		c.t.Fatal(err)
	}
	return strings.ReplaceAll(string(out), "\r\n", "\n")
}

// What says that it is from the team's own address is not answered: the answer
// would come in as a mail.
func TestNoAnswerToOneself(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	c.take("From: PSIRT@ingroupe.com\nSubject: x\n\nhello\n")
	list, err := c.as("lead").List(desk.Filter{})
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	shown, err := c.as("lead").Show(t.Context(), list[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	if len(shown.Case.Updates) != 0 || shown.Contact.Address != "" {
		t.Error(shown.Case.Updates, shown.Contact)
	}
}

// Words that are none, or that a program may take for commands, are not sent.
func TestWordsThatAreNotSent(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	who, err := seal.NewKey("A", "a@example.org", time.Now().Add(-time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	id := c.take(c.reply(who, "a@example.org", ""))[0].ID
	lead := c.as("lead")
	for _, words := range []string{"Subject: x\n\n\n", "Subject: x\n\nred \x1b[31m", "a\rb", "\u009b31m", "Subject: a\x1b[2J\n\nb", "Subject: a\rBcc: b\n\nc", "\xff"} {
		if p, err := lead.Message(t.Context(), id, "reply", words); err == nil {
			t.Errorf("%q is pull request %d", words, p.Number)
		}
	}
	if _, err := lead.Message(t.Context(), id, "reply", "Subject: x\n\nfine, \u05e9\u05dc\u05d5\u05dd\n"); err != nil {
		t.Error(err)
	}
}

// A key file that has no end is not read into memory.
func TestKeyFileWithoutEnd(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	c.take("From: a@example.org\nSubject: x\n\nhello\n")
	path := filepath.Join(c.keys, "lead.asc")
	if err := os.WriteFile(path, make([]byte, 5<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.as("lead").List(desk.Filter{}); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Error(err)
	}
}
