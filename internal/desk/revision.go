package desk

import (
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/mail"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
	"github.com/docket-psirt/docket/internal/store"
	"github.com/docket-psirt/docket/schema"
)

// maxDocument bounds a sealed document, in bytes.
const maxDocument = 16 << 20

// newMessageID is case ID, update number and 80 random bits, lower case.
func newMessageID(id psirt.CaseID, n int, domain string) string {
	var random [10]byte
	_, _ = rand.Read(random[:]) // never fails (crypto/rand)
	return strings.ToLower(fmt.Sprintf("%s.%d.%s@%s", id, n, base32.StdEncoding.EncodeToString(random[:]), domain))
}

// contents are the sealed documents of a case, open.
type contents struct {
	report  psirt.Document
	contact psirt.Contact
	with    []seal.Opener

	heard bool // hear changed the report
}

// open opens the sealed parts with the keys, checks who sealed them and that
// they belong to the case, and validates them.
func (d *Desk) open(c *one, with []seal.Opener) (*contents, error) {
	out := &contents{with: with}
	plain, err := d.unseal(c, c.Sealed, casefile.PartSealed, with)
	if errors.Is(err, seal.ErrNoKey) {
		err = fmt.Errorf("%w; docket handlers %s says who may open it, and one of them brings others in", err, c.ID)
	}
	if err != nil {
		return nil, err
	}
	if out.report, err = casefile.DecodeReport(plain, c.ID); err != nil {
		return nil, err
	}
	if err := schema.Validate("report", map[string]any(out.report)); err != nil {
		return nil, fmt.Errorf("%s: %w", c.ID, err)
	}
	if out.contact, err = d.openContact(c, with); err != nil {
		return nil, err
	}
	return out, nil
}

func (d *Desk) openContact(c *one, with []seal.Opener) (psirt.Contact, error) {
	plain, err := d.unseal(c, c.Contact, casefile.PartContact, with)
	if err != nil {
		return psirt.Contact{}, err
	}
	contact, err := casefile.DecodeContact(plain, c.ID)
	if err != nil {
		return contact, err
	}
	if err := schema.Validate("contact", asMap(contact)); err != nil {
		return psirt.Contact{}, fmt.Errorf("%s: %w", c.ID, err)
	}
	return contact, nil
}

// unseal opens one sealed part. Its signer must be the bot, of the team, or of
// a role that handles cases, as the programme has or had them. Its key is
// judged at the signature's own time, which the signed revision around it
// bounds: history, not this, judges who had which role then.
func (d *Desk) unseal(c *one, armor, part string, with []seal.Opener) ([]byte, error) {
	opened, err := seal.Open(armor, with, casefile.ContextOf(part, c.ID), c.setting.Certs, time.Time{}, maxDocument)
	if err != nil {
		return nil, fmt.Errorf("%s, %s: %w", c.ID, part, err)
	}
	signer := opened.Signer
	if person, ok := c.setting.Program.ByKey(signer); ok && !c.setting.Program.MayHandle(person) || signer == c.setting.Program.Keys.Escrow || signer == c.setting.Program.Keys.Mailer {
		return nil, fmt.Errorf("%s, %s: sealed by %s, who may not", c.ID, part, c.setting.Name(signer))
	}
	return opened.Plain, nil
}

// draft is a revision in the making: the case as it was, what is opened of it,
// and what is to change.
type draft struct {
	d    *Desk
	from *one
	now  *psirt.Case
	at   time.Time
	who  *actor
	open *contents // nil for the bot, which opens nothing

	reseal    bool // the report document changed
	recontact bool
	edits     []store.Edit
}

// revise begins a revision on top of a case.
func (d *Desk) revise(from *one, who *actor, open *contents) *draft {
	next := *from.Case
	next.Revision++
	next.Previous = psirt.SHA256(from.file)
	next.Log = slices.Clone(from.Log)
	next.Mails = slices.Clone(from.Mails)
	next.Updates = slices.Clone(from.Updates)
	next.Facts = slices.Clone(from.Facts)
	return &draft{d: d, from: from, now: &next, at: d.now(), who: who, open: open, reseal: open != nil && open.heard}
}

// takeMails takes the mails on record into account that no revision has yet.
func (r *draft) takeMails() error {
	records, err := r.d.records(r.from)
	if err != nil {
		return err
	}
	for _, rec := range records {
		if !slices.Contains(r.now.Mails, rec.digest) {
			r.now.Mails = append(r.now.Mails, rec.digest)
		}
	}
	return nil
}

// moveTo changes the state and writes the log's line.
func (r *draft) moveTo(to string, outcome psirt.Outcome, requestedBy string) {
	r.now.Log = append(r.now.Log, psirt.Entry{Revision: r.now.Revision, At: r.at, From: r.from.State, To: to,
		By: r.who.key.Cert().Fingerprint(), RequestedBy: requestedBy})
	r.now.State, r.now.Outcome = to, outcome
}

// standard adds an update with the standard text of a kind.
func (r *draft) standard(kind string) error {
	u, err := standardUpdate(r.from.setting, r.now, kind)
	if err != nil {
		return err
	}
	r.now.Updates = append(r.now.Updates, u)
	return nil
}

func standardUpdate(s *audit.Setting, c *psirt.Case, kind string) (psirt.Update, error) {
	subject, text, blob, err := s.Text(kind, c)
	if err != nil {
		return psirt.Update{}, err
	}
	n := len(c.Updates) + 1
	return psirt.Update{N: n, Kind: kind, Revision: c.Revision, MessageID: newMessageID(c.ID, n, strings.ToLower(s.Program.Intake.Domain)),
		Template: blob, Text: psirt.TextDigest(subject, text)}, nil
}

// Outer is the document in the outer layer of update-<n>.asc: whom the inner
// message is for, and the message itself. By hand:
// gpg -d update-1.asc | jq -r .message | gpg -d
type Outer struct {
	Docket  int          `json:"docket"`
	ID      psirt.CaseID `json:"id"`
	Update  int          `json:"update"`
	To      string       `json:"to"`
	Key     string       `json:"key,omitempty"` // armored certificate of a third party; empty: the reporter's
	Message string       `json:"message"`       // armored, for the addressee, handlers, auditors and escrow
}

// addressee is whom an update in own words is for.
type addressee struct {
	contact psirt.Contact // address, and what the mail is threaded by
	cert    *seal.Cert
	key     string // its armor, for a third party; empty: the reporter, whose key the contact has
}

// own adds an update in own words: text for the reporter with the programme's
// footer, sealed to the reporter and the readers of the report, and once more
// with the address.
func (r *draft) own(kind, subject, text string) error {
	if r.open == nil {
		return &Problem{Text: "words of one's own are sealed, so they need a key that opens the case", Do: "run it as an analyst: --as HANDLE"}
	}
	cert, err := reporterCert(r.open.contact, r.at)
	if err != nil {
		return &Problem{Text: fmt.Sprintf("%s cannot be written to in words of your own", r.now.ID), Err: err,
			Do: "content never leaves in clear; once you have the reporter's key: docket set " + string(r.now.ID) + " contact.key=@FILE"}
	}
	if strings.TrimSpace(text) != "" { // else ownTo says that there are no words
		if text, err = footed(r.from.setting, r.now, text); err != nil {
			return err
		}
	}
	return r.ownTo(kind, subject, text, addressee{contact: r.open.contact, cert: cert})
}

// ownTo adds an update in own words to the reporter or a third party.
func (r *draft) ownTo(kind, subject, text string, to addressee) error {
	s, c := r.from.setting, r.now
	if strings.TrimSpace(text) == "" {
		return usage("there are no words to send", "write the message below its subject")
	}
	// Reviewers are shown such characters as something harmless; the reader's
	// program may act on them.
	if strings.ContainsFunc(text, func(c rune) bool { return unicode.IsControl(c) && c != '\n' && c != '\t' }) {
		return usage("the message holds control characters", "take them out")
	}
	sender, err := r.d.sender(s)
	if err != nil {
		return err
	}
	n := len(c.Updates) + 1
	u := psirt.Update{N: n, Kind: kind, Revision: c.Revision, MessageID: newMessageID(c.ID, n, strings.ToLower(s.Program.Intake.Domain))}
	entity, err := letter(s, c, u, to.contact, subject, text, r.at).Entity()
	if err != nil {
		return err
	}
	readers, err := s.CertsOf(s.Program.SealedReaders(c.Handlers))
	if err != nil {
		return err
	}
	inner, err := sender.SealMail(entity, append([]*seal.Cert{to.cert}, readers...), r.at)
	if err != nil {
		return err
	}
	doc, err := casefile.Encode(Outer{Docket: casefile.FormatVersion, ID: c.ID, Update: n, To: to.contact.Address, Key: to.key, Message: inner.Armor})
	if err != nil {
		return err
	}
	addressed, err := s.CertsOf(s.Program.AddressedReaders(c.Handlers))
	if err != nil {
		return err
	}
	outer, err := r.who.key.Seal(doc, addressed, casefile.ContextOf(casefile.PartUpdate, c.ID, n), r.at)
	if err != nil {
		return err
	}
	u.Sealed = psirt.SHA256([]byte(outer.Armor))
	c.Updates = append(c.Updates, u)
	r.edits = append(r.edits, store.Edit{Path: updatePath(c.Program, c.ID, n), Data: []byte(outer.Armor)})
	r.keep(outerKey(n), outer.SessionKey)
	r.keep(innerKey(n), inner.SessionKey)
	return nil
}

func updatePath(program string, id psirt.CaseID, n int) string {
	return fmt.Sprintf("%s/update-%d.asc", psirt.CaseDir(program, id), n)
}

func mailPath(program string, id psirt.CaseID, n int, ending string) string {
	return fmt.Sprintf("%s/mail-%d.%s", psirt.CaseDir(program, id), n, ending)
}

// keep notes a session key in the report document, so that whoever may open
// the case later can read what was sealed before.
func (r *draft) keep(what, session string) {
	keys, _ := r.open.report["session_keys"].(map[string]any)
	if keys == nil {
		keys = map[string]any{}
	}
	keys[what] = session
	r.open.report["session_keys"] = keys
	r.reseal = true
}

// reporterCert is the reporter's certificate, if it can be used.
func reporterCert(c psirt.Contact, at time.Time) (*seal.Cert, error) {
	if c.Key == "" {
		return nil, fmt.Errorf("there is no key of the reporter")
	}
	cert, err := seal.ParseCert([]byte(c.Key))
	if err != nil {
		return nil, err
	}
	return cert, cert.UsableForEncryption(at)
}

// letter is the mail of an update.
func letter(s *audit.Setting, c *psirt.Case, u psirt.Update, to psirt.Contact, subject, text string, at time.Time) mail.Draft {
	d := mail.Draft{From: mail.Address{Name: s.Program.Name, Addr: s.Program.Intake.Addresses[0]}, To: mail.Address{Addr: to.Address},
		Subject: subject, Date: at, MessageID: u.MessageID, Text: text}
	if to.Key == "" {
		d.ReplyTo = replyTag(s.Program, u.MessageID)
	}
	if to.MessageID != "" {
		d.InReplyTo = to.MessageID
		d.References = append(d.References, to.MessageID)
	}
	for _, before := range c.Updates {
		// What one is told is no thread of the other's.
		if before.N < u.N && before.Kind != psirt.KindShare && u.Kind != psirt.KindShare {
			d.References = append(d.References, before.MessageID)
		}
	}
	if u.Template != "" {
		d.Auto = true
	}
	return d
}

// sealAgain seals what has changed, takes in the session keys of new mails, and
// computes the clear facts.
func (r *draft) sealAgain() error {
	if r.open == nil {
		return nil
	}
	s, c := r.from.setting, r.now
	if r.reseal {
		if err := r.mailKeys(); err != nil {
			return err
		}
		if err := schema.Validate("report", map[string]any(r.open.report)); err != nil {
			return &Problem{Text: "the report would not be valid", Err: err, Do: "nothing was changed"}
		}
		if err := r.sealPart(&c.Sealed, r.open.report, casefile.PartSealed, s.Program.SealedReaders(c.Handlers)); err != nil {
			return err
		}
	}
	if r.recontact {
		if err := schema.Validate("contact", asMap(r.open.contact)); err != nil {
			return &Problem{Text: "the contact would not be valid", Err: err, Do: "nothing was changed"}
		}
		if err := r.sealPart(&c.Contact, r.open.contact, casefile.PartContact, s.Program.ContactReaders(c.Handlers)); err != nil {
			return err
		}
	}
	c.Facts = s.Program.ClearFacts(psirt.World{Case: c, Report: r.open.report, Now: r.at})
	return nil
}

func (r *draft) sealPart(into *string, doc any, part string, readers []psirt.Fingerprint) error {
	plain, err := casefile.Encode(doc)
	if err != nil {
		return err
	}
	certs, err := r.from.setting.CertsOf(readers)
	if err != nil {
		return err
	}
	sealed, err := r.who.key.Seal(plain, certs, casefile.ContextOf(part, r.now.ID), r.at)
	*into = sealed.Armor
	return err
}

// mailKeys notes the session keys of mails that came after the last time the
// report was sealed.
func (r *draft) mailKeys() error {
	keys, _ := r.open.report["session_keys"].(map[string]any)
	records, err := r.d.records(r.from)
	if err != nil {
		return err
	}
	for _, rec := range records {
		what := fmt.Sprintf("mail-%d", rec.N)
		if _, ok := keys[what]; ok {
			continue
		}
		opened, err := r.d.openMail(r.from, rec, r.open.with, "")
		if err != nil {
			return err
		}
		r.keep(what, opened.SessionKey)
		keys, _ = r.open.report["session_keys"].(map[string]any)
	}
	return nil
}

// sign completes the revision and gives its file.
func (r *draft) sign() ([]byte, error) {
	if err := r.sealAgain(); err != nil {
		return nil, err
	}
	return casefile.Sign(r.now, r.who.key, r.at)
}

// commitTo signs the revision and makes its commit on top of parent.
func (r *draft) commitTo(b *store.Batch, parent store.Hash, subject string, trailers ...string) (store.Hash, error) {
	file, err := r.sign()
	if err != nil {
		return store.Hash{}, err
	}
	p, err := r.d.repo.Commit(parent)
	if err != nil {
		return store.Hash{}, err
	}
	edits := append(slices.Clone(r.edits), store.Edit{Path: psirt.CasePath(r.now.Program, r.now.ID), Data: file})
	return r.d.commit(b, r.who, r.at, p.Tree, []store.Hash{parent}, edits, message(subject, trailers...))
}
