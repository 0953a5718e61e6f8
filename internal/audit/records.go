package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
	"github.com/docket-psirt/docket/internal/store"
	"github.com/docket-psirt/docket/schema"
)

// maxRecord bounds mail records, receipts and lines of seen, in bytes.
const maxRecord = 64 << 10

// attachments judges the files that a revision brings with it, and that what
// its lists name is there.
func (d *delta) attachments(step *Step) error {
	now := step.Case
	known := 0
	if step.Before != nil {
		known = len(step.Before.Mails)
	}
	for _, digest := range now.Mails[min(known, len(now.Mails)):] {
		if _, ok := d.recordOf(now, digest); !ok {
			d.s.add("mails", "the list of mails names a record that is not there")
		}
	}
	used := map[place]bool{}
	for i, u := range step.Updates {
		d.update(step, u, len(now.Updates)-len(step.Updates)+i+1, used)
	}
	for at := range d.items {
		if at.kind == placeUpdate && !used[at] {
			d.s.add("update", "update-%d.asc: this revision lists no such update", at.n)
		}
	}
	if step.Before != nil && (len(d.seen) > 0 || d.hasMail()) {
		d.s.add("mixed", "mails come in commits of their own")
		return nil
	}
	return d.mails(now.ID, now.Handlers)
}

func (d *delta) hasMail() bool {
	for at := range d.items {
		if at.kind == placeMail || at.kind == placeRecord {
			return true
		}
	}
	return false
}

// update judges one new row of updates.
func (d *delta) update(step *Step, u psirt.Update, n int, used map[place]bool) {
	c := step.Case
	domain := "@" + strings.ToLower(d.setting.Program.Intake.Domain)
	if u.N != n || u.Revision != c.Revision || !strings.HasPrefix(u.MessageID, fmt.Sprintf("%s.%d.", strings.ToLower(string(c.ID)), n)) ||
		!strings.HasSuffix(u.MessageID, domain) {
		d.s.add("update", "update %d: number, revision or Message-ID are not as they must be", n)
	}
	if u.Sealed == "" {
		subject, text, blob, err := d.setting.Text(u.Kind, c)
		if err != nil || blob != u.Template || psirt.TextDigest(subject, text) != u.Text {
			d.s.add("update", "update %d: the standard text is not what the template gives for this case", n)
		}
		return
	}
	step.Sealed = true
	at := place{kind: placeUpdate, program: c.Program, id: c.ID, n: n}
	used[at] = true
	ch, ok := d.items[at]
	if !ok || !ch.Old.Hash.IsZero() || ch.New.Hash.IsZero() {
		d.s.add("update", "update-%d.asc is not new in this revision", n)
		return
	}
	raw, err := d.after.Read(ch.Path, maxMail)
	if err != nil || psirt.SHA256(raw) != u.Sealed {
		d.s.add("update", "update-%d.asc is not what the revision says", n)
		return
	}
	if err := d.setting.readable(raw, d.setting.Program.AddressedReaders(c.Handlers)); err != nil {
		d.s.add("recipients", "update-%d.asc: %v", n, err)
	}
}

// sealedParts judges whom the sealed parts claim to be for, where they or the
// handlers change.
func (d *delta) sealedParts(step *Step) {
	now, before := step.Case, step.Before
	if before == nil {
		before = &psirt.Case{}
	}
	program := d.setting.Program
	for _, h := range now.Handlers {
		if person, ok := program.ByKey(h); !ok || !program.MayHandle(person) {
			d.s.add("handlers", "%s is not of the team, and has no role that handles cases", h)
		}
	}
	moved := !slices.Equal(now.Handlers, before.Handlers)
	if now.Sealed != before.Sealed || moved {
		step.Sealed = true
		if err := d.setting.readable([]byte(now.Sealed), program.SealedReaders(now.Handlers)); err != nil {
			d.s.add("recipients", "sealed: %v", err)
		}
	}
	if now.Contact != before.Contact || moved {
		step.Sealed = true
		if err := d.setting.readable([]byte(now.Contact), program.ContactReaders(now.Handlers)); err != nil {
			d.s.add("recipients", "contact: %v", err)
		}
	}
}

// recordOf finds the mail record with a digest in the tree after the commit.
func (d *delta) recordOf(c *psirt.Case, digest psirt.Digest) (*psirt.MailRecord, bool) {
	dir := psirt.CaseDir(c.Program, c.ID)
	entries, err := d.after.List(dir)
	if err != nil {
		return nil, false
	}
	for _, e := range entries {
		if at := placeOf(dir + "/" + e.Name); at.kind != placeRecord {
			continue
		}
		raw, err := d.after.Read(dir+"/"+e.Name, maxRecord)
		if err != nil || psirt.SHA256(raw) != digest {
			continue
		}
		r, err := casefile.ParseMail(raw)
		return r, err == nil
	}
	return nil, false
}

// mail judges a commit that brings a follow-up mail, or the record that a mail
// was ignored.
func (d *delta) mail() error {
	if d.g.Kind == "" {
		d.g.Kind = KindMail
	}
	by, err := d.setting.signer(d.c)
	if err != nil {
		d.s.add("signature", "%v", err)
	} else if by != d.setting.Program.Keys.Bot {
		d.s.add("role", "mails are put on record by the bot, not by %s", d.setting.Name(by))
	}
	d.s.says(d.c, map[string][]string{"Case": one(string(d.owner.id))}, "Mail")
	for at := range d.items {
		if at.kind == placeUpdate {
			d.s.add("update", "update-%d.asc: an update comes with a revision", at.n)
		}
	}
	if d.owner.id == "" {
		if !d.hasMail() {
			return d.mails("", nil)
		}
		return nil
	}
	c, ok := d.caseAt()
	if !ok {
		d.s.add("mail", "there is no such case")
		return nil
	}
	return d.mails(c.ID, c.Handlers)
}

func (d *delta) caseAt() (*psirt.Case, bool) {
	raw, err := d.base.Read(psirt.CasePath(d.owner.program, d.owner.id), casefile.MaxSize)
	if err != nil {
		return nil, false
	}
	c, err := casefile.Parse(raw)
	return c, err == nil
}

// mails judges the mails and lines of seen in a commit.
func (d *delta) mails(id psirt.CaseID, handlers []psirt.Fingerprint) error {
	for at, ch := range d.items {
		if at.kind != placeMail && at.kind != placeRecord {
			continue
		}
		if !ch.Old.Hash.IsZero() || ch.New.Hash.IsZero() {
			d.s.add("mail-removed", "%s: a mail on record is never changed or removed", ch.Path)
			continue
		}
		other := at
		other.kind = placeMail + placeRecord - at.kind
		if _, ok := d.items[other]; !ok {
			d.s.add("mail", "%s: a mail and its record come together", ch.Path)
			continue
		}
		if at.kind == placeRecord {
			d.record(at, ch.Path, d.items[other].Path, handlers)
		}
	}
	for _, ch := range d.seen {
		d.seenLine(ch.Path, !ch.Old.Hash.IsZero() || ch.New.Hash.IsZero(), id)
	}
	return nil
}

// readRecord reads a mail record and validates it.
func readRecord(at *store.Snapshot, path string) ([]byte, *psirt.MailRecord, error) {
	raw, err := at.Read(path, maxRecord)
	if err != nil {
		return nil, nil, err
	}
	r, err := casefile.ParseMail(raw)
	if err != nil {
		return nil, nil, err
	}
	return raw, r, schema.Validate("mail", casefile.MailDocument(r))
}

// record judges one mail record and the sealed mail that it is about.
func (d *delta) record(at place, path, mail string, handlers []psirt.Fingerprint) {
	raw, r, err := readRecord(d.after, path)
	if err != nil {
		d.s.add("mail-record", "%s: %v", path, err)
		return
	}
	if r.ID != at.id || r.N != at.n || !r.At.Equal(eventTime(d.c)) {
		d.s.add("mail-record", "%s: case, number or time are not those of its path and commit", path)
	}
	if at.n > 1 {
		if _, err := d.after.Entry(recordPath(at, at.n-1)); err != nil {
			d.s.add("gap", "%s: mail numbers are dense, and the one before is not there", path)
		}
	}
	program := d.setting.Program
	cert, err := d.setting.Cert(program.Keys.Bot)
	if err == nil && r.By != program.Keys.Bot {
		err = fmt.Errorf("signed by %s, and not by the bot", d.setting.Name(r.By))
	}
	if err == nil {
		err = casefile.VerifyMail(raw, r, cert)
	}
	if err != nil {
		d.s.add("mail-record", "%s: %v", path, err)
	}
	digest, ids, err := sealedMail(d.after, mail)
	if digest != r.Sealed {
		d.s.add("mail", "%s is not what its record says", mail)
		return
	}
	if err == nil {
		err = d.setting.sealedFor(ids, program.SealedReaders(handlers))
	}
	if err != nil {
		d.s.add("recipients", "%s: %v", mail, err)
	}
}

// sealedMail reads a mail-<n>.pgp as a stream: the digest of all its bytes, and
// whom it claims to be for. Memory does not grow with the mail.
func sealedMail(at *store.Snapshot, path string) (psirt.Digest, []uint64, error) {
	stream, size, err := at.Open(path)
	if err != nil {
		return "", nil, err
	}
	defer stream.Close()
	if size > maxMail {
		return "", nil, fmt.Errorf("it has %d bytes, at most %d are allowed", size, maxMail)
	}
	sum := sha256.New()
	all := io.TeeReader(stream, sum)
	ids, err := seal.RecipientsOf(all)
	if _, rest := io.Copy(io.Discard, all); rest != nil {
		return "", nil, rest
	}
	return psirt.Digest("sha256:" + hex.EncodeToString(sum.Sum(nil))), ids, err
}

// recordPath is where record n of the case of a place stands.
func recordPath(at place, n int) string {
	return fmt.Sprintf("%s/mail-%d.yaml", psirt.CaseDir(at.program, at.id), n)
}

var ignoredForm = regexp.MustCompile(`^ignored [a-z][a-z0-9-]{0,39}\n$`)

func (d *delta) seenLine(path string, changed bool, id psirt.CaseID) {
	if changed {
		d.s.add("seen", "%s: what was seen stays seen", path)
		return
	}
	raw, err := d.after.Read(path, maxRecord)
	if err != nil || id != "" && string(raw) != string(id)+"\n" || id == "" && !ignoredForm.Match(raw) {
		d.s.add("seen", "%s: the line is the case ID, or why the mail was ignored", path)
	}
}
