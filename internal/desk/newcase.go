package desk

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/forge"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
	"github.com/docket-psirt/docket/internal/store"
	"github.com/docket-psirt/docket/schema"
)

// bring merges a branch that has all it needs and settles the forge. A branch
// that is gone was merged by somebody else, who may not have come so far.
func (d *Desk) bring(ctx context.Context, who *actor, branch string) error {
	if done, err := d.finishMerged(ctx, who, branch); err != nil || done {
		return err
	}
	h, g, err := d.merge(ctx, who, branch)
	if err != nil {
		return err
	}
	if h.IsZero() {
		_, err := d.finishMerged(ctx, who, branch)
		return err
	}
	if err := d.settle(ctx, who, branch, h, g.Case); err != nil {
		return err
	}
	return d.trackResealed(ctx, g)
}

// openFromMail makes a case of a mail. done is false when somebody else was
// faster.
func (d *Desk) openFromMail(ctx context.Context, in *inbound) (psirt.CaseID, bool, error) {
	who, err := d.bot(in.setting)
	if err != nil {
		return "", false, err
	}
	at := d.now()
	cl, ok, err := d.nextCase(ctx, who, in.setting, at)
	if err != nil || !ok {
		return "", false, err
	}
	if _, known, err := seenAt(cl.at, in.setting, in.seenAs); err != nil || known {
		return "", false, err // another process was faster, with the same mail
	}
	batch := d.repo.NewBatch()
	defer batch.Close() // what a large mail left on the disk, published or not
	n := &newcase{d: d, s: in.setting, who: who, at: at, claim: cl}
	head, err := n.fromMail(batch, in)
	if err != nil {
		return "", false, err
	}
	done, err := d.claimAndMerge(ctx, n, batch, head)
	return cl.id, done, err
}

// claimAndMerge publishes the branch of a new case, which claims its number,
// and brings it to main. The number was free on the main that was read; main
// must still be there, since the case before may have taken the number, come to
// main, and let the branch go meanwhile. (A remote compares one ref at a time,
// so there the claim may be pointless in the end.)
func (d *Desk) claimAndMerge(ctx context.Context, n *newcase, batch *store.Batch, head store.Hash) (bool, error) {
	branch := nextBranch(n.claim.id)
	err := d.repo.Publish(ctx, batch, store.RefUpdate{Name: heads + branch, New: head},
		store.RefUpdate{Name: mainRef, Old: n.claim.main, New: n.claim.main})
	if err != nil {
		return false, err
	}
	g, err := d.judge.Proposal(n.claim.main, head)
	if err != nil {
		return false, err
	}
	if _, err := d.pull(ctx, n.who, proposal{branch: branch, kind: audit.KindIntake, id: n.claim.id, head: head,
		title: string(n.claim.id) + ": new case"}, g); err != nil {
		return false, err
	}
	return d.bringClaim(ctx, n.who, branch)
}

// drop takes a branch back whose mail is on record already. The pull request
// is closed first: a branch without one is taken back by whoever meets it, but
// a pull request without its branch would stay.
func (d *Desk) drop(ctx context.Context, who *actor, branch string, head store.Hash) error {
	d.acting(who)
	pull, err := d.forge.Find(ctx, branch)
	if err == nil {
		err = d.forge.Close(ctx, pull.Number, "")
	}
	if err != nil && !errors.Is(err, forge.ErrNotFound) && !errors.Is(err, forge.ErrClosed) {
		return err
	}
	return d.repo.Publish(ctx, nil, store.RefUpdate{Name: heads + branch, Old: head})
}

// newcase is a case in the making.
type newcase struct {
	d     *Desk
	s     *audit.Setting
	who   *actor
	at    time.Time
	claim *claim
	edits []store.Edit

	handlers []psirt.Fingerprint // empty: the team
}

// fromMail builds revision 1 of a case and its commit.
func (n *newcase) fromMail(b *store.Batch, in *inbound) (store.Hash, error) {
	id := n.claim.id
	doc, err := n.report(in)
	if err != nil {
		return store.Hash{}, err
	}
	n.route(doc)
	record, session, err := n.keep(in, 1)
	if err != nil {
		return store.Hash{}, err
	}
	n.seen(in)
	doc["session_keys"] = map[string]any{"mail-1": session}
	contact := psirt.Contact{Docket: casefile.FormatVersion, ID: id, MessageID: in.m.MessageID}
	kind := ""
	if in.answerable() {
		contact.Address = in.from()
		kind = firstAnswer(in, n.at)
	}
	if in.answerable() && in.trusted(n.at) {
		contact.Key = in.signer.Minimal().Armor()
		if in.m.ReplyTo != nil {
			contact.Address = in.m.ReplyTo.Addr
		}
	}
	if schema.Validate("contact", asMap(contact)) != nil {
		// An address or Message-ID that nobody could write to or thread by.
		contact, kind = psirt.Contact{Docket: casefile.FormatVersion, ID: id}, ""
	}
	if kind != "" {
		stamp(n.s.Program, kind, doc, n.at)
	}
	return n.build(b, doc, contact, kind, record)
}

// keep seals the mail as evidence and adds it, with its record.
func (n *newcase) keep(in *inbound, number int) (psirt.Digest, string, error) {
	kind := psirt.MailReport
	if !in.opened {
		kind = psirt.MailUnopened
	}
	rec := n.d.newRecord(in, n.claim.id, number, kind, n.at)
	edits, digest, session, err := n.d.recordMail(n.who, n.s, n.handlers, in, rec)
	n.edits = append(n.edits, edits...)
	return digest, session, err
}

func (n *newcase) seen(in *inbound) {
	n.edits = append(n.edits, seenEdits(n.s, n.claim.at, in, n.claim.id)...)
}

// seenEdits put a mail's keyed hashes on record. Of a Message-ID the first
// stands: it serves threading only.
func seenEdits(s *audit.Setting, at *store.Snapshot, in *inbound, id psirt.CaseID) []store.Edit {
	line := []byte(string(id) + "\n")
	edits := []store.Edit{{Path: psirt.SeenPath(s.Program.Program, in.seenAs), Data: line}}
	if in.idSeen != "" && in.idSeen != in.seenAs {
		if _, ok, err := seenAt(at, s, in.idSeen); err == nil && !ok {
			edits = append(edits, store.Edit{Path: psirt.SeenPath(s.Program.Program, in.idSeen), Data: line})
		}
	}
	return edits
}

// newRecord is what may be known in clear of a mail.
func (d *Desk) newRecord(in *inbound, id psirt.CaseID, n int, kind psirt.MailKind, at time.Time) *psirt.MailRecord {
	rec := &psirt.MailRecord{Docket: casefile.FormatVersion, ID: id, N: n, At: at, Kind: kind, Signed: in.signed}
	if in.signer != nil {
		rec.Signer = seal.HMAC(in.secret, "signer", []byte(id), []byte(in.signer.Fingerprint()))
	}
	return rec
}

// recordMail makes the two files of a mail on record, and answers the record's
// digest and the sealed mail's session key.
func (d *Desk) recordMail(who *actor, s *audit.Setting, handlers []psirt.Fingerprint, in *inbound, rec *psirt.MailRecord) ([]store.Edit, psirt.Digest, string, error) {
	to, err := s.CertsOf(s.Program.SealedReaders(handlers))
	if err != nil {
		return nil, "", "", err
	}
	program := s.Program.Program
	kept, digest, session, err := in.sealMail(who.key, mailPath(program, rec.ID, rec.N, "pgp"), to, rec)
	if err != nil {
		return nil, "", "", err
	}
	rec.Sealed = digest
	file, err := casefile.SignMail(rec, who.key, rec.At)
	if err != nil {
		return nil, "", "", err
	}
	return []store.Edit{kept, {Path: mailPath(program, rec.ID, rec.N, "yaml"), Data: file}}, psirt.SHA256(file), session, nil
}

// report is the report document of a mail.
func (n *newcase) report(in *inbound) (psirt.Document, error) {
	var reported psirt.Reported
	if in.opened && !in.rejected() {
		reported = read(in.m, in.content, 1, false, n.s.Program)
	}
	if in.advisory != nil {
		reported = reportOf(in.advisory, reported, n.s.Program)
	}
	raw, err := json.Marshal(reported)
	if err != nil {
		return nil, err
	}
	var doc psirt.Document
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, err
	}
	doc["docket"], doc["id"] = float64(casefile.FormatVersion), string(n.claim.id)
	if in.opened && !in.rejected() {
		consent := map[string]any{"submitted_at": n.at.Format(time.RFC3339)}
		if purposes := n.s.Program.Report.Purposes; len(purposes) > 0 {
			consent["purposes"] = anys(purposes)
		}
		doc["consent"] = consent
	}
	if in.advisory != nil {
		judged(doc, in.advisory)
	}
	for _, flag := range n.flags(in) {
		list, _ := doc["flags"].([]any)
		doc["flags"] = append(list, flag)
	}
	arrived(doc, in, n.at)
	if in.opened {
		announced(doc, sentAt(in), n.at)
	}
	held(doc, in)
	assayed(doc, n.s.Program)
	return admissible(doc), nil
}

// admissible takes out of a report document what its schema does not admit, so
// that no mail can make a case that nobody can open. Nothing is lost by it: the
// mail itself is kept, and the flag sends a person there.
func admissible(doc psirt.Document) psirt.Document {
	for range len(doc) + 1 {
		var faults *schema.Error
		if !errors.As(schema.Validate("report", map[string]any(doc)), &faults) {
			return doc
		}
		for _, f := range faults.Faults {
			section, _, _ := strings.Cut(f.Path, ".")
			section, _, _ = strings.Cut(section, "[")
			delete(doc, section)
		}
		flags, _ := doc["flags"].([]any)
		if !slices.Contains(flags, any("fields-left-out")) {
			doc["flags"] = append(flags, "fields-left-out")
		}
	}
	// What is left is what Docket itself wrote.
	bare := psirt.Document{"flags": []any{"fields-left-out"}}
	for _, own := range []string{"docket", "id", "session_keys", "consent"} {
		if v, ok := doc[own]; ok {
			bare[own] = v
		}
	}
	return bare
}

// flags are what a person should know of how the mail came.
func (n *newcase) flags(in *inbound) []string {
	var out []string
	if !in.opened {
		out = append(out, "unopened")
	}
	switch {
	case in.advisory != nil:
		out = append(out, flagAdvisory)
	case in.opened && in.clear:
		out = append(out, "received-in-clear")
	}
	if in.malformed {
		out = append(out, "malformed-mail")
	}
	return out
}

// build seals and signs revision 1 and makes its commit on top of main.
func (n *newcase) build(b *store.Batch, doc psirt.Document, contact psirt.Contact, kind string, records ...psirt.Digest) (store.Hash, error) {
	s, id := n.s, n.claim.id
	c := &psirt.Case{Docket: casefile.FormatVersion, ID: id, Program: s.Program.Program, Policy: s.Blob, State: s.Program.Initial().Name,
		Handlers: n.handlers, Opened: n.at, Revision: 1, Mails: records,
		Log: []psirt.Entry{{Revision: 1, At: n.at, To: s.Program.Initial().Name, By: n.who.key.Cert().Fingerprint()}}}
	if kind != "" {
		u, err := standardUpdate(s, c, kind)
		if err != nil {
			return store.Hash{}, err
		}
		c.Updates = append(c.Updates, u)
	}
	r := &draft{d: n.d, from: &one{Case: &psirt.Case{}, setting: s}, now: c, at: n.at, who: n.who,
		open: &contents{report: doc, contact: contact}, recontact: true}
	if err := r.sealPart(&c.Sealed, doc, casefile.PartSealed, s.Program.SealedReaders(n.handlers)); err != nil {
		return store.Hash{}, err
	}
	if err := r.sealAgain(); err != nil {
		return store.Hash{}, err
	}
	file, err := casefile.Sign(c, n.who.key, n.at)
	if err != nil {
		return store.Hash{}, err
	}
	main, err := n.d.repo.Commit(n.claim.main)
	if err != nil {
		return store.Hash{}, err
	}
	n.edits = append(n.edits, store.Edit{Path: psirt.CasePath(c.Program, id), Data: file})
	update := ""
	if kind != "" {
		update = "1 " + kind
	}
	return n.d.commit(b, n.who, n.at, main.Tree, []store.Hash{n.claim.main}, n.edits,
		message(string(id)+": new case, "+c.State, "Case", string(id), "Move", c.State, "Revision", strconv.Itoa(1), "Update", update))
}
