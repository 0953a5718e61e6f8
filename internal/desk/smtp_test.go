package desk_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/mail"
	"github.com/docket-psirt/docket/internal/peer"
	"github.com/docket-psirt/docket/internal/psirt"
)

// mailed is a case repository with one case that has two updates to send: the
// acknowledgement, a standard text, and an answer in own words.
type mailed struct {
	dir, keys string
	id        psirt.CaseID
}

const ownWords = "Subject: About your report\n\n.\n..\nGrüße, and thank you.\nFrom here on we work on it.\n"

func newMailed(t *testing.T) mailed {
	t.Helper()
	tmp := t.TempDir()
	m := mailed{dir: filepath.Join(tmp, "cases.git"), keys: filepath.Join(tmp, "keys")}
	if _, err := desk.Init(m.dir, desk.InitOptions{Programs: []string{"ingroupe"}, Team: []string{"lead", "triage"}, Keys: m.keys}); err != nil {
		t.Fatal(err)
	}
	file := exampleMail(t, m.as(t, "lead"), tmp, time.Now())
	taken, err := m.as(t, "lead").Intake(t.Context(), mail.Files([]string{file}, nil), nil)
	if err != nil || taken[0].Err != nil {
		t.Fatal(err, taken[0].Err)
	}
	m.id = taken[0].ID
	if _, err := m.as(t, "lead").Message(t.Context(), m.id, "reply", ownWords); err != nil {
		t.Fatal(err)
	}
	if p, err := m.as(t, "triage").Approve(t.Context(), 0, m.id); err != nil || !p.Merged {
		t.Fatal(err, p)
	}
	return m
}

// copy is the same repository once more.
func (m mailed) copy(t *testing.T) mailed {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "cases.git")
	if err := os.CopyFS(dir, os.DirFS(m.dir)); err != nil {
		t.Fatal(err)
	}
	m.dir = dir
	return m
}

func (m mailed) as(t *testing.T, who string) *desk.Desk { return m.asAt(t, who, time.Now) }

func (m mailed) asAt(t *testing.T, who string, now func() time.Time) *desk.Desk {
	t.Helper()
	d, err := desk.Open(m.dir, desk.Options{Keys: m.keys, As: who, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// recorder is the sender for SMTP, and keeps what it was given.
type recorder struct {
	mail.Sender
	given map[string][]byte // by Message-ID, the newest
}

func (r *recorder) Send(ctx context.Context, from, to, id string, data []byte) (mail.Result, error) {
	r.given[id] = data
	return r.Sender.Send(ctx, from, to, id, data)
}

// senderTo is a sender with the shortest patience that a busy machine allows.
func senderTo(t *testing.T, url, ca string, patience time.Duration) *recorder {
	t.Helper()
	s, err := mail.NewSMTPSender(mail.SMTP{URL: url, CAFile: ca, Timeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	return &recorder{s, map[string][]byte{}}
}

// deliver runs docket deliver once and answers how each update stands, "2 sent
// 2.0.0", without those of which nothing was said.
func (m mailed) deliver(t *testing.T, s mail.Sender) []string {
	t.Helper()
	list, err := m.as(t, "").Deliver(t.Context(), desk.Outgoing{Sender: s})
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, l := range list {
		if strings.Contains(l.Why, "secret") {
			t.Errorf("words of the server came through: %s", l.Why)
		}
		out = append(out, strings.TrimSpace(fmt.Sprintf("%d %s %s", l.Update, l.Status, l.Code)))
	}
	return out
}

// audited answers the findings of an audit, "warning delivery: text".
func (m mailed) audited(t *testing.T) []string {
	t.Helper()
	r, err := m.as(t, "").Audit(t.Context(), desk.AuditOptions{})
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, f := range r.Findings {
		out = append(out, string(f.Severity)+" "+f.Kind+": "+f.Text)
	}
	return out
}

func (m mailed) receipts(t *testing.T, n int) string {
	t.Helper()
	s, err := m.as(t, "").Show(t.Context(), m.id)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, r := range s.Receipts {
		if r.Update == n {
			out = append(out, fmt.Sprintf("%d %s", r.Attempt, r.Status))
		}
	}
	return strings.Join(out, ", ")
}

func same(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// patient is for servers that answer.
const patient = peer.Patience

const mustLook = " is %s: a person has to look"

func warnings(status string) []string {
	return []string{string(audit.SeverityWarning) + " delivery: update 1" + fmt.Sprintf(mustLook, status),
		string(audit.SeverityWarning) + " delivery: update 2" + fmt.Sprintf(mustLook, status)}
}

// TestSMTPFaults: whatever a mail server does at whatever step, each update is
// sent once, or a person is asked.
func TestSMTPFaults(t *testing.T) {
	t.Parallel()
	base := newMailed(t)
	t.Run("nothing wrong", func(t *testing.T) { t.Parallel(); base.copy(t).sentOnce(t) })
	type fault struct{ at, do, result string }
	var faults []fault
	for _, at := range []string{"greeting", "EHLO", "STARTTLS", "EHLO2", "MAIL", "RCPT", "DATA"} {
		faults = append(faults, fault{at, "hang", "held"})
	}
	faults = append(faults, fault{"greeting", "554 5.3.2 secret words", "held"}, fault{"EHLO", "strip", "held"}, fault{"STARTTLS", "drop", "held"},
		fault{"RCPT", "450 4.7.1 secret words", "held"}, fault{"DATA", "drop", "held"}, fault{"end", "452 4.3.1 secret words", "held"},
		fault{"RCPT", "550 5.1.1 secret words", "refused"}, fault{"end", "554 5.6.0 secret words", "refused"},
		fault{"end", "hang", "unknown"}, fault{"end", "drop", "unknown"})
	for _, f := range faults {
		t.Run(f.at+" "+f.do, func(t *testing.T) {
			t.Parallel()
			m, mx := base.copy(t), newMX(t)
			mx.script(f.at, f.do)
			s := senderTo(t, mx.url, mx.ca, patient)
			var lines []string
			if f.do == "hang" {
				m, mx, s, lines = hung(t, base, f.at)
			} else {
				lines = m.deliver(t, s)
			}
			for i, line := range lines {
				if !strings.HasPrefix(line, fmt.Sprintf("%d %s", i+1, f.result)) {
					t.Errorf("%q, want update %d %s", line, i+1, f.result)
				}
			}
			seen, taken := mx.mails()
			if len(taken) > 0 || mx.inClear || (seen > 0) != (f.at == "end") {
				t.Errorf("the server has %d mails, %d octet by octet, in clear %v", len(taken), seen, mx.inClear)
			}
			mx.script("", "")
			s = &recorder{senderTo(t, mx.url, mx.ca, patient).Sender, s.given}
			switch f.result {
			case "held":
				m.retried(t, mx, s)
			case "refused":
				m.resolved(t, mx, s, "refused")
			default:
				m.resolved(t, mx, s, "unknown")
			}
		})
	}
}

// hung delivers to a server that falls silent at a step, with little patience.
// Where the machine was so busy that the patience was over before that step, it
// does so once more, from the beginning and with more of it.
func hung(t *testing.T, base mailed, at string) (mailed, *scriptedMX, *recorder, []string) {
	t.Helper()
	for patience := 300 * time.Millisecond; ; patience *= 4 {
		m, mx := base.copy(t), newMX(t)
		mx.script(at, "hang")
		s := senderTo(t, mx.url, mx.ca, patience)
		lines := m.deliver(t, s)
		want := 1 // of a server that is silent from the start, the others ask nothing more
		if at == "end" {
			want = len(lines)
		}
		if mx.hangs() >= want || patience > patient {
			return m, mx, s, lines
		}
	}
}

// sentOnce: both mails arrive octet by octet, and the next run sends nothing.
func (m mailed) sentOnce(t *testing.T) {
	mx := newMX(t)
	s := senderTo(t, mx.url, mx.ca, patient)
	same(t, "first run", m.deliver(t, s), "1 sent 2.0.0", "2 sent 2.0.0")
	same(t, "second run", m.deliver(t, s))
	m.arrived(t, mx, s)
	same(t, "audit", m.audited(t))
}

// arrived holds that the server took each mail once, as it was given.
func (m mailed) arrived(t *testing.T, mx *scriptedMX, s *recorder) {
	t.Helper()
	_, taken := mx.mails()
	if len(taken) != 2 || len(s.given) != 2 {
		t.Fatalf("%d mails arrived, with %d Message-IDs, want 2 of each", len(taken), len(s.given))
	}
	for id, data := range s.given {
		n := 0
		for _, got := range taken {
			if got == string(data) && strings.Contains(got, "\r\nMessage-Id: <"+id+">\r\n") {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%s arrived %d times as it was sent", id, n)
		}
	}
}

// retried: what was held goes out in the next run, once.
func (m mailed) retried(t *testing.T, mx *scriptedMX, s *recorder) {
	t.Helper()
	same(t, "audit of what is held", m.audited(t))
	same(t, "next run", m.deliver(t, s), "1 sent 2.0.0", "2 sent 2.0.0")
	same(t, "run after that", m.deliver(t, s))
	m.arrived(t, mx, s)
	same(t, "audit", m.audited(t))
}

// resolved: what was refused, or whose fate is unknown, is shown, is never sent
// again by itself, and is settled by a person's word: the first update is said
// to have arrived, the second is to be sent again.
func (m mailed) resolved(t *testing.T, mx *scriptedMX, s *recorder, status string) {
	t.Helper()
	for range 2 {
		same(t, "audit of what is "+status, m.audited(t), warnings(status)...)
		same(t, "run without a word", m.deliver(t, s))
	}
	later, err := m.asAt(t, "", func() time.Time { return time.Now().Add(48 * time.Hour) }).Deliver(t.Context(), desk.Outgoing{Sender: s})
	if err != nil || len(later) > 0 {
		t.Errorf("two days later: %v, %v", later, err)
	}
	first := make(map[string]bool)
	for id := range s.given {
		first[id] = true
	}
	want := map[string]psirt.ReceiptStatus{"unknown": psirt.ReceiptSent, "refused": psirt.ReceiptNone}[status]
	for n, wanted := range map[int]psirt.ReceiptStatus{1: want, 2: psirt.ReceiptHeld} {
		if r, err := m.as(t, "").Resolve(t.Context(), m.id, n, n == 1); err != nil || r.Status != wanted {
			t.Fatalf("resolving update %d: %+v, %v; want %s", n, r, err, wanted)
		}
		if _, err := m.as(t, "").Resolve(t.Context(), m.id, n, true); !errors.Is(err, desk.ErrUsage) {
			t.Errorf("update %d was resolved twice: %v", n, err)
		}
	}
	same(t, "audit of what is resolved", m.audited(t))
	same(t, "next run", m.deliver(t, s), "2 sent 2.0.0")
	same(t, "run after that", m.deliver(t, s))
	if _, taken := mx.mails(); len(taken) != 1 || len(s.given) != 2 || !strings.Contains(taken[0], "[") {
		t.Errorf("%d mails arrived, with %d Message-IDs", len(taken), len(s.given))
	}
	for id := range s.given {
		if !first[id] {
			t.Errorf("a repeat has another Message-ID: %s", id)
		}
	}
	if got, want := m.receipts(t, 1), "1 sending, 1 "+status+", 1 "+string(want); got != want {
		t.Errorf("receipts of update 1: %s, want %s", got, want)
	}
	if got, want := m.receipts(t, 2), "1 sending, 1 "+status+", 1 held, 2 sending, 2 sent"; got != want {
		t.Errorf("receipts of update 2: %s, want %s", got, want)
	}
	same(t, "audit in the end", m.audited(t))
}

// TestSMTPCertificates: a server that cannot prove who it is gets nothing. The
// run goes on claiming no further mails, since they would fare no better.
func TestSMTPCertificates(t *testing.T) {
	t.Parallel()
	base := newMailed(t)
	other, _ := peer.Certificate(t, t.TempDir())
	own, host := newMX(t), newMX(t, "mx.example.net")
	for name, c := range map[string]struct {
		mx *scriptedMX
		ca string
	}{"of another authority": {own, other}, "of another host": {host, host.ca}, "of no authority that the system knows": {own, ""}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, mx := base.copy(t), c.mx
			s := senderTo(t, mx.url, c.ca, patient)
			same(t, "deliveries", m.deliver(t, s), "1 held 4.7.5", "2 held")
			same(t, "next run", m.deliver(t, s), "1 held 4.7.5", "2 held")
			if seen, _ := mx.mails(); seen != 0 {
				t.Error("it got a mail")
			}
			if got := m.receipts(t, 2); got != "" {
				t.Errorf("update 2 was claimed: %s", got)
			}
			good := newMX(t)
			s = senderTo(t, good.url, good.ca, patient)
			m.retried(t, good, s)
		})
	}
}

// TestSMTPLeftClaimed: a run that was killed while it sent leaves a claim. Over
// SMTP nobody can know what became of it; the next run waits, and then says so.
func TestSMTPLeftClaimed(t *testing.T) {
	t.Parallel()
	m, mx := newMailed(t), newMX(t)
	func() {
		defer func() {
			if recover() != error(errKilled) {
				t.Error("the run was not ended")
			}
		}()
		m.as(t, "").Deliver(t.Context(), desk.Outgoing{Sender: killed{}})
	}()
	s := senderTo(t, mx.url, mx.ca, patient)
	same(t, "a moment later", m.deliver(t, s), "1 sending", "2 sent 2.0.0")
	later := func() time.Time { return time.Now().Add(time.Hour) }
	list, err := m.asAt(t, "", later).Deliver(t.Context(), desk.Outgoing{Sender: s})
	if err != nil || len(list) != 1 || list[0].Status != psirt.ReceiptUnknown {
		t.Errorf("an hour later: %+v, %v", list, err)
	}
	if got := m.receipts(t, 1); got != "1 sending, 1 unknown" {
		t.Errorf("receipts: %s", got)
	}
	same(t, "audit", m.audited(t), warnings("unknown")[0])
}

// killed ends the run in the middle of sending, as far as a test can.
type killed struct{}

var errKilled = errors.New("killed")

func (killed) Send(context.Context, string, string, string, []byte) (mail.Result, error) {
	panic(errKilled)
}

// TestMissingSender: a host without the key that signs mail refuses no update:
// that is no judgement of it.
func TestMissingSender(t *testing.T) {
	t.Parallel()
	m, mx := newMailed(t), newMX(t)
	whole := m.keys
	m.keys = filepath.Join(t.TempDir(), "keys")
	if err := os.CopyFS(m.keys, os.DirFS(whole)); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(m.keys, "sender.asc")); err != nil {
		t.Fatal(err)
	}
	s := senderTo(t, mx.url, mx.ca, patient)
	if _, err := m.as(t, "").Deliver(t.Context(), desk.Outgoing{Sender: s}); err == nil || !strings.Contains(err.Error(), "sender") {
		t.Errorf("it says %v", err)
	}
	m.keys = whole
	m.retried(t, mx, s)
}
