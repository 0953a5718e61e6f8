package desk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/mail"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
	"github.com/docket-psirt/docket/internal/store"
)

// Delivery is what became of one update.
type Delivery struct {
	ID     psirt.CaseID        `json:"id"`
	Update int                 `json:"update"`
	Kind   string              `json:"kind"`
	Status psirt.ReceiptStatus `json:"status"`
	Code   string              `json:"code,omitempty"`
	Why    string              `json:"why,omitempty"`
}

// Outgoing says where updates go.
type Outgoing struct {
	Sender mail.Sender
	// Repeatable: handing the same mail over twice delivers it once (Maildir,
	// whose file name comes from the Message-ID). What a crash left claimed is
	// then sent again; otherwise nobody can know, and it becomes unknown.
	Repeatable bool
}

// claimAge is how old a claim must be before it counts as left by a crash.
const claimAge = 15 * time.Minute

// Deliver sends what was approved and is not delivered yet, each update once.
// It works from the repository's state alone. Its cost follows what has come to
// main since everything was last settled, which the head of the branch of
// receipts remembers (trailer Settled, signed by the mailer), not the archive.
// A case that cannot be worked on stops no other: its error is one of those
// that are returned.
func (d *Desk) Deliver(ctx context.Context, out Outgoing) ([]Delivery, error) {
	if err := d.repo.Fetch(ctx); err != nil {
		return nil, err
	}
	main, _, err := d.main()
	if err != nil {
		return nil, err
	}
	since, later, err := d.settled()
	if err != nil {
		return nil, err
	}
	touched, bad, err := d.since(main, since)
	if err != nil {
		return nil, err
	}
	for _, id := range later {
		if !slices.Contains(touched, id) {
			touched = append(touched, id)
		}
	}
	p := &post{d: d, out: out, main: main, bad: bad, list: []Delivery{}, open: false}
	var failed []error
	for _, id := range touched {
		if err := p.deliverCase(ctx, id); err != nil {
			p.open = true
			failed = append(failed, err)
		}
		if ctx.Err() != nil {
			break
		}
	}
	if !p.open && (main != since || len(later) > 0) {
		failed = append(failed, p.settle(ctx))
	}
	return p.list, errors.Join(failed...)
}

// settled is the commit of main up to which every update has its last receipt,
// and the cases that have got receipts since: what a person resolved is to be
// sent again though main has not changed.
func (d *Desk) settled() (at store.Hash, later []psirt.CaseID, err error) {
	head, err := d.branch("deliveries")
	if err != nil || head.IsZero() {
		return store.Hash{}, nil, err
	}
	// The newest commits may be receipts of a run that ended early; the trailer
	// stands in the last one that did not.
	n := 0
	for c, err := range d.repo.FirstParents(head, store.Hash{}) {
		if err != nil {
			return store.Hash{}, nil, err
		}
		if at := c.Trailer("Settled"); at != "" {
			h, err := d.trustSettled(c, at)
			return h, later, err
		}
		if id := psirt.CaseID(c.Trailer("Case")); id.Valid() && !slices.Contains(later, id) {
			later = append(later, id)
		}
		if n++; n > 10000 {
			break
		}
	}
	return store.Hash{}, later, nil
}

// trustSettled takes the mailer's word only: with anybody else's everything is
// looked at again.
func (d *Desk) trustSettled(c *store.Commit, at string) (store.Hash, error) {
	h, err := store.ParseHash(at)
	if err != nil {
		return store.Hash{}, nil
	}
	if ok, err := d.judge.SignedByMailer(c, h); !ok || err != nil {
		return store.Hash{}, err
	}
	return h, nil
}

// since lists the cases that main changed after a commit, and judges each merge
// as the audit does: what it objects to is not sent.
func (d *Desk) since(main, since store.Hash) ([]psirt.CaseID, map[psirt.CaseID]string, error) {
	bad := map[psirt.CaseID]string{}
	var touched []psirt.CaseID
	for c, err := range d.repo.FirstParents(main, since) {
		if err != nil {
			return nil, nil, err
		}
		if len(c.Parents) == 0 {
			break // the trust root brings no case
		}
		g, err := d.judge.Merge(c)
		if err != nil {
			return nil, nil, err
		}
		if err := d.judge.Explain(main, g.Findings); err != nil {
			return nil, nil, err
		}
		for _, f := range g.Findings {
			if f.Accepted != "" {
				continue
			}
			id := f.Case
			if _, ok := bad[id]; !ok {
				bad[id] = f.Kind + ": " + f.Text
			}
		}
		if g.Case != "" && !slices.Contains(touched, g.Case) {
			touched = append(touched, g.Case)
		}
		for _, f := range g.Findings {
			if f.Case != "" && !slices.Contains(touched, f.Case) {
				touched = append(touched, f.Case)
			}
		}
	}
	slices.Reverse(touched)
	return touched, bad, nil
}

// post is one run of Deliver.
type post struct {
	d    *Desk
	out  Outgoing
	main store.Hash
	bad  map[psirt.CaseID]string // what the audit objects to; "" stands for the programme
	list []Delivery
	open bool   // something is held or claimed, so the run settles nothing
	down string // why the mail server cannot be reached: nothing more is claimed then
}

func (p *post) deliverCase(ctx context.Context, id psirt.CaseID) error {
	// As it was judged, and not as it may be by now: later merges are judged and
	// sent by the next run.
	at, err := p.d.repo.At(p.main)
	if err != nil {
		return err
	}
	s, err := p.d.settingOf(at, id)
	if err != nil {
		return err
	}
	c, err := p.d.load(s, p.main, id)
	if errors.Is(err, fs.ErrNotExist) {
		p.open = true // removed past every check; audit names it
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", id, err)
	}
	for _, u := range c.Updates {
		if err := p.update(ctx, c, u); err != nil {
			return fmt.Errorf("%s, update %d: %w", id, u.N, err)
		}
	}
	return nil
}

// receiptsOf reads the receipts of a case, oldest first, and the digest of the
// last.
func (d *Desk) receiptsOf(c *one) ([]*psirt.Receipt, psirt.Digest, error) {
	head, err := d.branch("deliveries")
	if err != nil {
		return nil, "", err
	}
	return d.receiptsAt(head, c)
}

func (d *Desk) receiptsAt(head store.Hash, c *one) ([]*psirt.Receipt, psirt.Digest, error) {
	if head.IsZero() {
		return nil, "", nil
	}
	at, err := d.repo.At(head)
	if err != nil {
		return nil, "", err
	}
	dir := c.Program + "/" + c.ID.Folder()
	entries, err := at.List(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	byDigest, next := map[psirt.Digest]*psirt.Receipt{}, map[psirt.Digest]psirt.Digest{}
	for _, e := range entries {
		raw, err := at.Read(dir+"/"+e.Name, maxRecordFile)
		if err != nil {
			return nil, "", err
		}
		r, err := casefile.ParseReceipt(raw)
		if err != nil {
			return nil, "", fmt.Errorf("deliveries:%s/%s: %w", dir, e.Name, err)
		}
		digest := psirt.SHA256(raw)
		byDigest[digest], next[r.Previous] = r, digest
	}
	var out []*psirt.Receipt
	var last psirt.Digest
	for range byDigest {
		digest, ok := next[last]
		if !ok {
			return nil, "", fmt.Errorf("deliveries:%s: the receipts are no chain; docket audit tells more", dir)
		}
		out, last = append(out, byDigest[digest]), digest
	}
	return out, last, nil
}

// update delivers one update, unless its last receipt says that it is done.
func (p *post) update(ctx context.Context, c *one, u psirt.Update) error {
	receipts, last, err := p.d.receiptsOf(c)
	if err != nil {
		return err
	}
	attempt, status := 0, psirt.ReceiptStatus("")
	var at time.Time
	for _, r := range receipts {
		if r.Update == u.N {
			attempt, status, at = r.Attempt, r.Status, r.At
		}
	}
	switch status {
	case psirt.ReceiptSent, psirt.ReceiptRefused, psirt.ReceiptUnknown, psirt.ReceiptNone:
		return nil
	case psirt.ReceiptSending:
		if !p.out.Repeatable {
			if p.d.now().Sub(at) < claimAge {
				p.open = true
				p.note(c, u, psirt.ReceiptSending, "", "another run is sending it, or ended a moment ago")
				return nil
			}
			return p.receipt(ctx, c, u, attempt, last, psirt.ReceiptUnknown, "", "a run ended while it was sending; a person must find out whether it arrived")
		}
	}
	return p.send(ctx, c, u, attempt+1, last)
}

// send claims an update, hands it over and writes down what came of it.
func (p *post) send(ctx context.Context, c *one, u psirt.Update, attempt int, last psirt.Digest) error {
	for _, who := range []psirt.CaseID{c.ID, ""} {
		if why, ok := p.bad[who]; ok {
			p.open = true
			return p.receiptOnce(ctx, c, u, attempt, last, psirt.ReceiptHeld, "the audit objects: "+why)
		}
	}
	if p.down != "" {
		p.open = true
		p.note(c, u, psirt.ReceiptHeld, "", p.down)
		return nil
	}
	letter, to, why, err := p.letter(c, u)
	var here *Problem
	if errors.As(err, &here) {
		return err // this host lacks a key: that is no judgement of the update
	}
	if err != nil {
		return p.receiptOnce(ctx, c, u, attempt, last, psirt.ReceiptRefused, err.Error())
	}
	if letter == nil {
		return p.receiptOnce(ctx, c, u, attempt, last, psirt.ReceiptNone, why)
	}
	last, err = p.write(ctx, c, u, attempt, last, psirt.ReceiptSending, "")
	if errors.Is(err, store.ErrLost) {
		p.open = true // another run claimed it first
		return nil
	}
	if err != nil {
		return err
	}
	result, serr := p.out.Sender.Send(ctx, c.setting.Program.Intake.Addresses[0], to, u.MessageID, letter)
	status := map[mail.SendState]psirt.ReceiptStatus{mail.Sent: psirt.ReceiptSent, mail.Temporary: psirt.ReceiptHeld,
		mail.Permanent: psirt.ReceiptRefused, mail.Unknown: psirt.ReceiptUnknown}[result.State]
	why = ""
	if serr != nil {
		why = serr.Error()
	}
	if status == psirt.ReceiptHeld {
		p.open = true
	}
	var at *mail.SendError
	if errors.As(serr, &at) && at.Early {
		p.down = why
	}
	// What became of it is written down even when the run is told to end.
	return p.receipt(context.WithoutCancel(ctx), c, u, attempt, last, status, result.Code, why)
}

// receiptOnce writes a receipt that needs no claim before it, unless the last
// one says the same already.
func (p *post) receiptOnce(ctx context.Context, c *one, u psirt.Update, attempt int, last psirt.Digest, status psirt.ReceiptStatus, why string) error {
	receipts, _, err := p.d.receiptsOf(c)
	if err != nil {
		return err
	}
	for i := len(receipts) - 1; i >= 0; i-- {
		if receipts[i].Update == u.N {
			if receipts[i].Status == status {
				p.note(c, u, status, "", why)
				return nil
			}
			break
		}
	}
	return p.receipt(ctx, c, u, attempt, last, status, "", why)
}

func (p *post) note(c *one, u psirt.Update, status psirt.ReceiptStatus, code, why string) {
	p.list = append(p.list, Delivery{ID: c.ID, Update: u.N, Kind: u.Kind, Status: status, Code: code, Why: why})
}

// receipt writes a result down; when another run has written one meanwhile,
// theirs stands.
func (p *post) receipt(ctx context.Context, c *one, u psirt.Update, attempt int, last psirt.Digest, status psirt.ReceiptStatus, code, why string) error {
	_, err := p.write(ctx, c, u, attempt, last, status, code)
	if errors.Is(err, store.ErrLost) {
		p.open = true
		return nil
	}
	if err == nil {
		p.note(c, u, status, code, why)
	}
	return err
}

// write adds a receipt to the branch of receipts. The case's chain must still
// end at last, else ErrLost: somebody else was there first.
func (p *post) write(ctx context.Context, c *one, u psirt.Update, attempt int, last psirt.Digest, status psirt.ReceiptStatus, code string) (psirt.Digest, error) {
	who, err := p.d.mailer(c.setting)
	if err != nil {
		return "", err
	}
	for i := range attempts {
		if err := p.d.repo.Fetch(ctx); err != nil {
			return "", err
		}
		// What is looked at is what the commit then stands on: else a receipt
		// that another run wrote in between would be written over.
		head, err := p.d.branch("deliveries")
		if err != nil {
			return "", err
		}
		_, now, err := p.d.receiptsAt(head, c)
		if err != nil {
			return "", err
		}
		if now != last {
			return "", store.ErrLost
		}
		r := &psirt.Receipt{Docket: casefile.FormatVersion, ID: c.ID, Update: u.N, Attempt: attempt, Status: status, At: p.d.now(),
			Code: code, Main: p.main.ObjectID(), Previous: last}
		file, err := casefile.SignReceipt(r, who.key, r.At)
		if err != nil {
			return "", err
		}
		err = p.d.addDelivery(ctx, who, r.At, head, []store.Edit{{Path: audit.ReceiptPath(c.Program, r), Data: file}},
			message(fmt.Sprintf("%s: update %d %s", c.ID, u.N, status), "Case", string(c.ID), "Receipt", fmt.Sprintf("%d %s", u.N, status)))
		if errors.Is(err, store.ErrLost) {
			if err := pause(ctx, i); err != nil {
				return "", err
			}
			continue
		}
		return psirt.SHA256(file), err
	}
	return "", &Problem{Text: "the branch of receipts changes too fast", Do: "run docket deliver again"}
}

// addDelivery makes one commit on the branch of receipts, which must be at head.
func (d *Desk) addDelivery(ctx context.Context, who *actor, at time.Time, head store.Hash, edits []store.Edit, msg string) error {
	var tree store.Hash
	var parents []store.Hash
	if !head.IsZero() {
		c, err := d.repo.Commit(head)
		if err != nil {
			return err
		}
		tree, parents = c.Tree, []store.Hash{head}
	}
	batch := d.repo.NewBatch()
	h, err := d.commit(batch, who, at, tree, parents, edits, msg)
	if err != nil {
		return err
	}
	return d.repo.Publish(ctx, batch, store.RefUpdate{Name: deliveriesRef, Old: head, New: h})
}

// settle notes up to which commit of main everything is delivered.
func (p *post) settle(ctx context.Context) error {
	_, at, err := p.d.main()
	if err != nil {
		return err
	}
	all, err := p.d.settings(at)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return &Problem{Text: "there is no programme on main", Do: "docket check tells more"}
	}
	who, err := p.d.mailer(all[0])
	if err != nil {
		return err
	}
	head, err := p.d.branch("deliveries")
	if err != nil {
		return err
	}
	err = p.d.addDelivery(ctx, who, p.d.now(), head, nil, message("Everything up to "+p.main.String()[:12]+" is delivered", "Settled", p.main.String()))
	if errors.Is(err, store.ErrLost) {
		return nil // the next run does it
	}
	return err
}

// letter makes the mail of an update, and the address that it goes to. A nil
// letter says that there is nobody to write to, and why.
func (p *post) letter(c *one, u psirt.Update) (letter []byte, to, why string, err error) {
	mailer, err := p.d.mailer(c.setting)
	if err != nil {
		return nil, "", "", err
	}
	contact, err := p.d.openContact(c, withKey(mailer))
	if err != nil {
		return nil, "", "", err
	}
	if contact.Address == "" {
		return nil, "", "there is no address to write to", nil
	}
	at := p.d.now()
	if u.Sealed != "" {
		letter, err = p.ownLetter(c, u, contact, mailer, at)
		return letter, contact.Address, "", err
	}
	subject, text, err := approvedText(c, u)
	if err != nil {
		return nil, "", "", err
	}
	d := draftOf(c, u, contact, subject, text, at)
	if u.Kind == c.setting.Program.Intake.Note {
		over, err := p.overLimit(c, contact.Address)
		if err != nil {
			return nil, "", "", err
		}
		if over {
			return nil, "", "the address has had its notes for today", nil
		}
		letter, err = d.Clear()
		return letter, contact.Address, "", err
	}
	cert, err := reporterCert(contact, at)
	if err != nil {
		return nil, "", "the reporter has no key that can be used, and content never leaves in clear", nil
	}
	letter, err = p.encrypted(c, d, cert, at)
	return letter, contact.Address, "", err
}

// draftOf is letter with the case as it was when the update was made.
func draftOf(c *one, u psirt.Update, to psirt.Contact, subject, text string, at time.Time) mail.Draft {
	return letter(c.setting, c.Case, u, to, subject, text, at)
}

// approvedText renders exactly the text that was approved, or refuses. The case
// may have moved on since: its state then follows from the log, and its outcome
// is the one with which the text is the approved one.
func approvedText(c *one, u psirt.Update) (subject, text string, err error) {
	then := *c.Case
	for _, e := range c.Log {
		if e.Revision <= u.Revision {
			then.State = e.To
		}
	}
	for _, outcome := range append([]psirt.Outcome{c.Outcome, ""}, psirt.Outcomes...) {
		then.Outcome = outcome
		var blob psirt.ObjectID
		if subject, text, blob, err = c.setting.Text(u.Kind, &then); err != nil {
			return "", "", err
		}
		if blob == u.Template && psirt.TextDigest(subject, text) == u.Text {
			return subject, text, nil
		}
	}
	return "", "", errors.New("the text that the template gives now is not the one that was approved")
}

// ownLetter takes the outer layer off and the other readers' key packets out:
// the reporter gets the ciphertext that the reviewers read.
func (p *post) ownLetter(c *one, u psirt.Update, contact psirt.Contact, mailer *actor, at time.Time) ([]byte, error) {
	outer, _, err := p.d.outerOf(c, u, withKey(mailer))
	if err != nil {
		return nil, err
	}
	if !strings.EqualFold(outer.To, contact.Address) {
		return nil, errors.New("it was written for another address than the case's contact has")
	}
	cert, err := seal.ParseCert([]byte(contact.Key))
	if err != nil {
		return nil, err
	}
	armored, err := seal.KeepRecipient(outer.Message, cert)
	if err != nil {
		return nil, err
	}
	d := draftOf(c, u, contact, "", "", at)
	return d.Encrypted(armored, outerSubject(c.ID))
}

// outerSubject is all that everybody on the way can read.
func outerSubject(id psirt.CaseID) string { return "[" + string(id) + "]" }

func (p *post) encrypted(c *one, d mail.Draft, cert *seal.Cert, at time.Time) ([]byte, error) {
	sender, err := p.d.ring.role(c.setting, "sender", c.setting.Program.Keys.Intake)
	if err != nil {
		return nil, err
	}
	entity, err := d.Entity()
	if err != nil {
		return nil, err
	}
	sealed, err := sender.SealMail(entity, []*seal.Cert{cert}, at)
	if err != nil {
		return nil, err
	}
	return d.Encrypted(sealed.Armor, outerSubject(c.ID))
}

// overLimit counts the notes that an address got in the last day: it walks back
// over the newest cases only, as far as that day goes.
func (p *post) overLimit(c *one, address string) (bool, error) {
	limit := c.setting.Program.Intake.NoteLimit
	if limit <= 0 {
		return false, nil
	}
	mailer, err := p.d.mailer(c.setting)
	if err != nil {
		return false, err
	}
	prefix, year, number, _ := c.ID.Parts()
	have := 0
	for n := number - 1; n > 0 && have < limit; n-- {
		other, err := p.d.onMain(psirt.NewCaseID(prefix, year, n))
		if errors.Is(err, fs.ErrNotExist) {
			break
		}
		if err != nil {
			return false, err
		}
		if c.Opened.Sub(other.Opened) > 24*time.Hour {
			break
		}
		if !slices.ContainsFunc(other.Updates, func(u psirt.Update) bool { return u.Kind == c.setting.Program.Intake.Note }) {
			continue
		}
		contact, err := p.d.openContact(other, withKey(mailer))
		if err == nil && strings.EqualFold(contact.Address, address) {
			have++
		}
	}
	return have >= limit, nil
}

// Resolve records what a person found out about an update whose fate is
// unknown, or that was refused. Sent says that the reporter has it: then an
// unknown one was sent, and for a refused one there is nobody left to send it
// to by mail. Otherwise it is to be sent again (held). The word belongs to the
// attempt that it is about.
func (d *Desk) Resolve(ctx context.Context, id psirt.CaseID, n int, sent bool) (*Delivery, error) {
	if err := d.repo.Fetch(ctx); err != nil {
		return nil, err
	}
	c, err := d.onMain(id)
	if err != nil {
		return nil, err
	}
	if n < 1 || n > len(c.Updates) {
		return nil, usage(fmt.Sprintf("%s has no update %d", id, n), "docket show "+string(id)+" lists them")
	}
	receipts, last, err := d.receiptsOf(c)
	if err != nil {
		return nil, err
	}
	attempt := 0
	var status psirt.ReceiptStatus
	for _, r := range receipts {
		if r.Update == n {
			attempt, status = r.Attempt, r.Status
		}
	}
	if status != psirt.ReceiptUnknown && status != psirt.ReceiptRefused {
		return nil, usage("update "+strconv.Itoa(n)+" waits for nobody's word", "only unknown or refused ones do")
	}
	p := &post{d: d, main: c.commit, list: []Delivery{}}
	next := psirt.ReceiptHeld
	switch {
	case sent && status == psirt.ReceiptUnknown:
		next = psirt.ReceiptSent
	case sent:
		next = psirt.ReceiptNone
	}
	if err := p.receipt(ctx, c, c.Updates[n-1], attempt, last, next, "", "as a person found out"); err != nil {
		return nil, err
	}
	if len(p.list) == 0 {
		return nil, &Problem{Text: "another run wrote a receipt at the same moment", Do: "look again"}
	}
	return &p.list[0], nil
}
