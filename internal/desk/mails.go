package desk

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/mail"
	"github.com/docket-psirt/docket/internal/mail/extract"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
	"github.com/docket-psirt/docket/internal/store"
)

// Bounds on what is read back, in bytes.
const (
	maxRecordFile = 64 << 10
	maxSealedMail = 80 << 20
)

// record is a mail record with the digest of its file.
type record struct {
	*psirt.MailRecord
	digest psirt.Digest
}

// records reads the mail records of a case, in order.
func (d *Desk) records(c *one) ([]record, error) {
	dir := psirt.CaseDir(c.Program, c.ID)
	entries, err := c.at.List(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []record
	for _, e := range entries {
		if !strings.HasPrefix(e.Name, "mail-") || !strings.HasSuffix(e.Name, ".yaml") {
			continue
		}
		raw, err := c.at.Read(dir+"/"+e.Name, maxRecordFile)
		if err != nil {
			return nil, err
		}
		r, err := casefile.ParseMail(raw)
		if err != nil {
			return nil, fmt.Errorf("%s/%s: %w", dir, e.Name, err)
		}
		out = append(out, record{r, psirt.SHA256(raw)})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].N < out[j].N })
	return out, nil
}

// highestMail is the highest number of a mail in a case's folder.
func highestMail(at *store.Snapshot, program string, id psirt.CaseID) (int, error) {
	entries, err := at.List(psirt.CaseDir(program, id))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	highest := 0
	for _, e := range entries {
		name, ok := strings.CutPrefix(e.Name, "mail-")
		if n, err := strconv.Atoi(strings.TrimSuffix(name, ".yaml")); ok && err == nil && n > highest {
			highest = n
		}
	}
	return highest, nil
}

// evidence is a mail as it came in, with the session key of its own
// encryption.
type evidence struct {
	raw        []byte
	mailKey    string // "9:HEX", or "" when the mail was in clear or not opened
	SessionKey string // of mail-<n>.pgp
}

// The first line of a kept mail.
const sessionLine = "Docket-Session-Key: "

// inMemory is the size up to which a sealed mail is kept in memory, in bytes.
// A larger one goes through a file, which holds ciphertext only.
const inMemory = 1 << 20

// sealMail keeps a mail as evidence: one line with its session key, and then
// the untouched mail. It gives the edit that puts it at the path, its digest
// and its session key.
func (in *inbound) sealMail(who seal.Signer, path string, to []*seal.Cert, rec *psirt.MailRecord) (e store.Edit, digest psirt.Digest, session string, err error) {
	key := in.mailKey
	if key == "" {
		key = "none"
	}
	var small bytes.Buffer
	var file *os.File
	var out io.Writer = &small
	if len(in.raw) > inMemory {
		if file, err = in.spool(); err != nil {
			return e, "", "", err
		}
		defer file.Close()
		out = file
	}
	sum, size := sha256.New(), new(counter)
	w, session, err := who.SealStream(io.MultiWriter(out, sum, size), to, casefile.ContextOf(casefile.PartMail, rec.ID, rec.N), rec.At, "")
	if err != nil {
		return e, "", "", err
	}
	_, err = w.Write([]byte(sessionLine + key + "\n"))
	for part := range slices.Chunk(in.raw, 64<<10) { // each layer of the writer copies all that it is given at once
		if err == nil {
			_, err = w.Write(part)
		}
	}
	if err == nil {
		err = w.Close()
	}
	e = store.Edit{Path: path, Data: small.Bytes()}
	if file != nil {
		name := file.Name()
		e = store.Edit{Path: path, Size: int64(*size), From: func() (io.ReadCloser, error) { return os.Open(name) }}
	}
	return e, psirt.Digest("sha256:" + hex.EncodeToString(sum.Sum(nil))), session, err
}

// counter counts the bytes that go by.
type counter int64

func (c *counter) Write(p []byte) (int, error) { *c += counter(len(p)); return len(p), nil }

// spool makes a file for ciphertext that clean removes.
func (in *inbound) spool() (*os.File, error) {
	f, err := os.CreateTemp("", "docket-*.pgp")
	if err == nil {
		in.spooled = append(in.spooled, f.Name())
	}
	return f, err
}

// clean removes what was spooled.
func (in *inbound) clean() {
	for _, name := range in.spooled {
		_ = os.Remove(name)
	}
	in.spooled = nil
}

// openMail opens a kept mail, with keys or with its session key.
func (d *Desk) openMail(c *one, r record, with []seal.Opener, session string) (*evidence, error) {
	path := mailPath(c.Program, c.ID, r.N, "pgp")
	raw, err := c.at.Read(path, maxSealedMail)
	if err != nil {
		return nil, err
	}
	opened, err := seal.OpenStream(bytes.NewReader(raw), with, session, casefile.ContextOf(casefile.PartMail, c.ID, r.N), c.setting.Certs, r.At, maxSealedMail)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	head, body, ok := bytes.Cut(opened.Plain, []byte("\n"))
	key, named := strings.CutPrefix(string(head), sessionLine)
	if !ok || !named {
		return nil, fmt.Errorf("%s: expected a first line %q", path, sessionLine)
	}
	if key == "none" {
		key = ""
	}
	return &evidence{raw: body, mailKey: key, SessionKey: opened.SessionKey}, nil
}

// Letter is a mail of a case as a person or a script reads it.
type Letter struct {
	N           int               `json:"n"`
	Case        psirt.CaseID      `json:"case,omitempty"` // where it is kept, when that is another case
	At          string            `json:"at"`
	Kind        string            `json:"kind"`
	Signed      string            `json:"signed"`
	Update      int               `json:"update,omitempty"`
	Sent        string            `json:"sent,omitempty"` // as the mail says, RFC 3339, in the sender's own time zone
	From        string            `json:"from,omitempty"`
	Subject     string            `json:"subject,omitempty"`
	Text        string            `json:"text,omitempty"`
	Report      *psirt.Reported   `json:"report,omitempty"` // what was read from it
	Attachments []psirt.Attached  `json:"attachments,omitempty"`
	SetAside    []psirt.SetAside  `json:"set_aside,omitempty"`
	Raw         []byte            `json:"-"`
	Files       []mail.Attachment `json:"-"`
}

// Mails opens the mails of a case: all, or only number n. A case that was opened
// without a mail may have none.
func (d *Desk) Mails(id psirt.CaseID, n int) ([]Letter, error) {
	c, err := d.onMain(id)
	if err != nil {
		return nil, err
	}
	with, err := d.readers(c.setting)
	if err != nil {
		return nil, err
	}
	if len(with) == 0 {
		return nil, &Problem{Text: "mails are sealed", Do: "name the directory of your key with --keys DIR (DOCKET_KEYS)"}
	}
	list, err := d.records(c)
	if err != nil {
		return nil, err
	}
	out := []Letter{}
	for _, r := range list {
		if n != 0 && r.N != n {
			continue
		}
		l, err := d.letterOf(c, r, with)
		if err != nil {
			return nil, err
		}
		out = append(out, *l)
	}
	origin, err := d.originMail(c, with)
	if err != nil {
		return nil, err
	}
	if origin != nil && (n == 0 || n == origin.N) {
		out = append(out, *origin)
	}
	if len(out) == 0 && n != 0 {
		return nil, &Problem{Text: fmt.Sprintf("%s has no mail %d", id, n), Do: "docket mail " + string(id) + " lists them"}
	}
	return out, nil
}

func (d *Desk) letterOf(c *one, r record, with []seal.Opener) (*Letter, error) {
	return d.letterWith(c, r, with, "")
}

func (d *Desk) letterWith(c *one, r record, with []seal.Opener, session string) (*Letter, error) {
	e, err := d.openMail(c, r, with, session)
	if session == "" && errors.Is(err, seal.ErrNoKey) { // a handler who came later: the report keeps the session key
		kept, _ := d.keptKeys(c, with)
		if session, ok := kept[fmt.Sprintf("mail-%d", r.N)].(string); ok {
			e, err = d.openMail(c, r, nil, session)
		}
	}
	if err != nil {
		return nil, err
	}
	l := &Letter{N: r.N, At: r.At.Format("2006-01-02T15:04:05Z"), Kind: string(r.Kind), Signed: string(r.Signed), Update: r.Update, Raw: e.raw}
	m, _ := mail.Parse(e.raw, mail.DefaultLimits()) // what could be read is there in any case
	content, err := contentOf(m, e.mailKey)
	if err != nil {
		return l, nil // a mail that nobody could open: the raw one is all there is
	}
	if sent := sentAt(&inbound{m: m, content: content}); !sent.IsZero() {
		l.Sent = sent.Format(time.RFC3339)
	}
	reported := read(m, content, r.N, r.N > 1, c.setting.Program)
	l.Report, l.Attachments, l.Files = &reported, reported.Attachments, content.Attachments
	l.SetAside = reported.SetAside
	l.Subject, l.Text = subjectOf(m, content), content.Text
	if m.From != nil {
		l.From = m.From.Addr
	}
	return l, nil
}

// contentOf reads what a mail says, with the session key that intake kept.
func contentOf(m *mail.Mail, mailKey string) (*mail.Content, error) {
	var plain []byte
	if mailKey != "" {
		opened, err := seal.ReopenForeign(m.Layer.Message, mailKey, maxSealedMail)
		if err != nil {
			return nil, err
		}
		plain = opened
	} else if encrypted(m.Layer.Kind) {
		return nil, errors.New("the mail was not opened")
	}
	content, err := m.Content(plain)
	if content == nil {
		return nil, err
	}
	return content, nil // faults of form do not hide what could be read
}

func encrypted(k mail.LayerKind) bool {
	return k == mail.LayerPGPMIME || k == mail.LayerInline || k == mail.LayerAttachment
}

func subjectOf(m *mail.Mail, c *mail.Content) string {
	if c.Subject != "" {
		return c.Subject
	}
	return m.Subject
}

// read reads the report out of a mail.
func read(m *mail.Mail, c *mail.Content, n int, followUp bool, p *psirt.Program) psirt.Reported {
	in := extract.Input{Subject: subjectOf(m, c), Date: m.Date, Text: c.Text, HTML: c.HTML, Followup: followUp}
	from, reply := m.From, m.ReplyTo
	if c.From != nil {
		from = c.From
	}
	if c.ReplyTo != nil {
		reply = c.ReplyTo
	}
	if !c.Date.IsZero() {
		in.Date = c.Date
	}
	if from != nil {
		in.From.Name, in.From.Addr = from.Name, from.Addr
	}
	if reply != nil {
		in.ReplyTo = reply.Addr
	}
	in.Enclosed = c.Enclosed()
	var aside []psirt.SetAside
	in.Attachments, aside = admitted(c.Attachments, n, p.Report.Attachments)
	out := extract.Read(in, p.Report, p.Scope, p.Language)
	if out.SetAside = aside; len(aside) > 0 {
		out.Flags = append(out.Flags, flagSetAside)
	}
	return out
}
