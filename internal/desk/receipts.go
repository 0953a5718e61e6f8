package desk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"time"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/store"
)

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
		if err := d.receiptSigned(c.Program, raw, r); err != nil {
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

// receiptSigned holds that a receipt is the mailer's, as the main that it names
// had the mailer: with a forged one somebody could keep a mail from going out.
func (d *Desk) receiptSigned(program string, raw []byte, r *psirt.Receipt) error {
	main, err := store.ParseHash(r.Main.Hex())
	if err != nil {
		return err
	}
	at, err := d.repo.At(main)
	if err != nil {
		return err
	}
	s, err := d.judge.Setting(at, program)
	if err != nil {
		return err
	}
	if r.By != s.Program.Keys.Mailer {
		return fmt.Errorf("signed by %s, and not by the mailer; docket audit tells more", s.Name(r.By))
	}
	cert, err := s.Cert(r.By)
	if err != nil {
		return err
	}
	return casefile.VerifyReceipt(raw, r, cert)
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
