package desk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/docket-psirt/docket/internal/mail"
	"github.com/docket-psirt/docket/internal/psirt"
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
	// What the audit objects to is never settled: the next run would not look at
	// it again, and would send what was built on it.
	p := &post{d: d, out: out, main: main, bad: bad, list: []Delivery{}, open: len(bad) > 0, notes: map[psirt.CaseID]noted{}}
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

	notes map[psirt.CaseID]noted // what overLimit has read
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
