package desk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/forge"
	"github.com/docket-psirt/docket/internal/mail"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
	"github.com/docket-psirt/docket/internal/store"
)

// What intake did with a mail.
const (
	ActionOpened   = "opened"
	ActionAttached = "attached"
	ActionKnown    = "known"
	ActionIgnored  = "ignored"
)

// Taken is what became of one mail.
type Taken struct {
	File   string       `json:"file"`
	ID     psirt.CaseID `json:"id"`
	Action string       `json:"action"`
	State  string       `json:"state"`
	Err    error        `json:"-"` // the mail is not on record; it stays where it is
	Warn   error        `json:"-"` // it is on record, and something after that failed
}

// maxMail bounds a mail that is taken in, in bytes.
const maxMail = 60 << 20

// Intake takes in every mail of a source. One bad mail never stops the next:
// its Taken carries the error, and the mail stays where it is.
func (d *Desk) Intake(ctx context.Context, src mail.Source, notify mail.Sender) ([]Taken, error) {
	out := []Taken{}
	for {
		item, err := src.Next(ctx)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		t := d.takeSafely(ctx, item, notify)
		if t.Err == nil {
			// The case is on main now, so the mail may leave the mailbox.
			if err := item.Done(ctx); err != nil {
				t.Warn = errors.Join(t.Warn, fmt.Errorf("the mail is on record but could not be taken out of the mailbox: %w", err))
			}
		}
		out = append(out, t)
	}
}

// takeSafely holds that no mail, whatever is in it, ends the process. What a
// panic says may quote the mail, so it is not repeated.
func (d *Desk) takeSafely(ctx context.Context, item mail.Item, notify mail.Sender) (t Taken) {
	t.File = item.Name()
	defer func() {
		if recover() != nil {
			t.Err = errors.New("reading this mail hit a fault of Docket; the mail was left where it is")
		}
	}()
	raw, err := item.Read(maxMail)
	if err != nil {
		t.Err = err
		return t
	}
	d.take(ctx, raw, &t, notify)
	return t
}

// inbound is a mail on its way in.
type inbound struct {
	raw     []byte
	m       *mail.Mail
	setting *audit.Setting
	secret  []byte
	seenAs  psirt.Keyed // of its body
	idSeen  psirt.Keyed // of its Message-ID, or empty
	// What opening it gave.
	opened    bool // the content could be read
	clear     bool // it was not, or not wholly, encrypted
	mailKey   string
	content   *mail.Content
	signed    psirt.SignatureState
	signer    *seal.Cert // whose signature is good
	malformed bool
	spooled   []string // files of ciphertext, removed when the mail is done

	advisory *forge.Advisory // what the mail was made of, when it came through GitHub's pages
}

func (d *Desk) take(ctx context.Context, raw []byte, t *Taken, notify mail.Sender) {
	if t.Err = d.repo.Fetch(ctx); t.Err != nil {
		return
	}
	in, err := d.receive(raw)
	if err != nil {
		t.Err = err
		return
	}
	defer in.clean()
	t.Err = d.file(ctx, in, t)
	if t.Err != nil || t.Action == ActionKnown {
		return
	}
	if c, err := d.onMain(t.ID); err == nil {
		t.State = c.State
		if notify != nil {
			t.Warn = d.notifyMail(ctx, c, in, notify)
		}
	}
}

// receive reads the outside of a mail and finds its programme.
func (d *Desk) receive(raw []byte) (*inbound, error) {
	m, perr := mail.Parse(raw, mail.DefaultLimits())
	in := &inbound{raw: raw, m: m, malformed: perr != nil}
	_, at, err := d.main()
	if err != nil {
		return nil, err
	}
	all, err := d.settings(at)
	if err != nil {
		return nil, err
	}
	if in.setting, err = addressed(all, m); err != nil {
		return nil, err
	}
	if in.secret, err = d.ring.secret(in.setting); err != nil {
		return nil, err
	}
	in.seenAs = in.fingerprint()
	if m.MessageID != "" {
		in.idSeen = seal.HMAC(in.secret, "message-id", []byte(m.MessageID))
	}
	return in, nil
}

// fingerprint is the keyed hash by which a mail is known again. A ciphertext is
// like no other; bodies in clear ("see subject", or empty) are not, so there
// the fields that the sender wrote count too: a mail must never be taken for
// somebody else's and dropped.
func (in *inbound) fingerprint() psirt.Keyed {
	body := in.m.BodyForHash()
	if in.m.Layer.Whole && encrypted(in.m.Layer.Kind) {
		return seal.HMAC(in.secret, "body", body)
	}
	return seal.HMAC(in.secret, "body", body, []byte(in.from()), []byte(in.m.Subject), []byte(in.m.Date.UTC().Format(time.RFC3339)))
}

// addressed picks the programme by the address that the mail was sent to. With
// one programme there is nothing to pick.
func addressed(all []*audit.Setting, m *mail.Mail) (*audit.Setting, error) {
	if len(all) == 1 {
		return all[0], nil
	}
	for _, list := range [][]mail.Address{m.Delivered, m.To, m.Cc} {
		for _, a := range list {
			for _, s := range all {
				if addressOf(s.Program, a.Addr) {
					return s, nil
				}
			}
		}
	}
	return nil, &Problem{Text: "the mail was sent to no address of a programme here", Do: "name its programme's address in Delivered-To, or add the address to intake.addresses"}
}

// file puts a mail on record: as known, as a follow-up, or as a new case. On a
// lost race it looks again.
func (d *Desk) file(ctx context.Context, in *inbound, t *Taken) error {
	for i := range attempts {
		if err := d.repo.Fetch(ctx); err != nil {
			return err
		}
		if id, ok, err := d.seen(in.setting, in.seenAs); err != nil || ok {
			return d.known(ctx, in, t, id, err)
		}
		done, err := d.attempt(ctx, in, t)
		if done || err != nil {
			return err
		}
		if err := pause(ctx, i); err != nil {
			return err
		}
	}
	return &Problem{Text: "the repository changes faster than the mail can be put on record", Do: "run docket intake again"}
}

// attempt tries once; done is false when somebody else was faster.
func (d *Desk) attempt(ctx context.Context, in *inbound, t *Taken) (done bool, err error) {
	id, update, err := d.thread(in)
	if err != nil {
		return false, err
	}
	if in.content == nil {
		if err := d.read(in, id); err != nil {
			return false, err
		}
	}
	if id != "" {
		done, err = d.attach(ctx, in, id, update)
		t.ID, t.Action = id, ActionAttached
	} else {
		t.ID, done, err = d.openFromMail(ctx, in)
		t.Action = ActionOpened
	}
	if errors.Is(err, store.ErrLost) {
		return false, nil
	}
	return done, err
}

// known answers for a mail that is on record, and finishes what a crash after
// the merge may have left: the pull request and the tracking issue.
func (d *Desk) known(ctx context.Context, in *inbound, t *Taken, id psirt.CaseID, err error) error {
	t.ID, t.Action = id, ActionKnown
	if err != nil || id == "" {
		return err
	}
	c, err := d.onMain(id)
	if err != nil {
		return err
	}
	t.State = c.State
	who, err := d.bot(c.setting)
	if err != nil {
		return err
	}
	if err := d.finishMails(ctx, who, c); err != nil {
		return err
	}
	return d.repliedBefore(ctx, who, c)
}

// seen looks a keyed hash up; the cost does not depend on how many there are.
func (d *Desk) seen(s *audit.Setting, k psirt.Keyed) (psirt.CaseID, bool, error) {
	if k == "" {
		return "", false, nil
	}
	_, at, err := d.main()
	if err != nil {
		return "", false, err
	}
	return seenAt(at, s, k)
}

func seenAt(at *store.Snapshot, s *audit.Setting, k psirt.Keyed) (psirt.CaseID, bool, error) {
	raw, err := at.Read(psirt.SeenPath(s.Program.Program, k), maxRecordFile)
	if errors.Is(err, fs.ErrNotExist) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	id := psirt.CaseID(strings.TrimSuffix(string(raw), "\n"))
	if !id.Valid() {
		id = "" // ignored, and why
	}
	return id, true, nil
}

// thread finds the case that a mail belongs to: by a Message-ID of ours that
// stands in the case's envelope, or by a mail on record that it replies to.
// Never by the subject, which anybody can write.
func (d *Desk) thread(in *inbound) (psirt.CaseID, int, error) {
	refs := append([]string{}, in.m.References...)
	refs = append(refs, in.m.InReplyTo...)
	if in.m.Bounce != nil && in.m.Bounce.MessageID != "" {
		refs = append(refs, in.m.Bounce.MessageID)
	}
	const most = 50 // the newest are last
	if len(refs) > most {
		refs = refs[len(refs)-most:]
	}
	for i := len(refs) - 1; i >= 0; i-- {
		id, n := d.ours(in, refs[i])
		if id != "" {
			return id, n, nil
		}
		known, ok, err := d.seen(in.setting, seal.HMAC(in.secret, "message-id", []byte(refs[i])))
		if err != nil {
			return "", 0, err
		}
		if ok && known != "" {
			return known, 0, nil
		}
	}
	id, n := d.tagged(in)
	return id, n, nil
}

// ours reads a Message-ID of an update; it counts only when the case lists it.
func (d *Desk) ours(in *inbound, ref string) (psirt.CaseID, int) {
	ref = strings.ToLower(ref)
	parts := strings.SplitN(ref, ".", 3)
	if len(parts) != 3 {
		return "", 0
	}
	id := psirt.CaseID(strings.ToUpper(parts[0]))
	n, err := strconv.Atoi(parts[1])
	prefix, _, _, ok := id.Parts()
	if err != nil || !ok || prefix != in.setting.Program.Prefix {
		return "", 0
	}
	c, err := d.onMain(id)
	if err != nil {
		return "", 0
	}
	for _, u := range c.Updates {
		if u.N == n && u.MessageID == ref {
			return id, n
		}
	}
	return "", 0
}

// forget lets go of copies of what the mail holds: from here on only names,
// digests and texts of attachments are asked for, and a large mail has large
// ones.
func (in *inbound) forget() {
	in.m.Layer.Message, in.content.Signed = nil, nil
	in.content.Forget()
}

// read opens a mail as far as it can be, and judges the signature inside. That
// it cannot be opened is no error: such a mail is kept too.
func (d *Desk) read(in *inbound, follows psirt.CaseID) error {
	in.signed, in.clear = psirt.SignedNone, !in.m.Layer.Whole || !encrypted(in.m.Layer.Kind)
	var plain []byte
	var foreign seal.Foreign
	if encrypted(in.m.Layer.Kind) {
		key, err := d.ring.role(in.setting, "intake", in.setting.Program.Keys.Intake)
		if err != nil {
			return err // without its key intake must not go on: the mail waits
		}
		foreign, err = seal.OpenForeign(in.m.Layer.Message, []seal.Opener{key}, maxMail)
		if err != nil {
			return nil
		}
		plain, in.mailKey = foreign.Plain, foreign.SessionKey
	}
	content, err := in.m.Content(plain)
	if content == nil {
		return nil
	}
	in.malformed = in.malformed || err != nil || content.CharsetProblems
	in.content, in.opened = content, true
	var known *seal.Cert
	if follows != "" {
		known = d.reporterOf(in, follows)
	}
	at := d.now()
	var inside func(*seal.Cert) error
	if foreign.Signed {
		inside = func(by *seal.Cert) error { return foreign.VerifiedBy(by, at) }
	}
	judgeSignature(in, inside, known, follows != "", at)
	in.forget()
	return nil
}
