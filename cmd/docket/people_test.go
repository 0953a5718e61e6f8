package main

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// people are those outside, who write mail: everybody has a GnuPG home of their
// own, and the real gpg does all their cryptography.
type people struct {
	mu    sync.Mutex
	dir   string
	homes map[string]*gnupg
	ago   time.Duration // how long ago all they do happens
}

// newPeople makes a place for GnuPG homes. Its path is short, since the
// agent's socket in it may have no long one.
func newPeople() (*people, error) {
	dir, err := os.MkdirTemp("", "pp")
	return &people{dir: dir, homes: map[string]*gnupg{}}, err
}

func testPeople(t *testing.T) *people {
	t.Helper()
	p, err := newPeople()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.leave)
	return p
}

// leave stops the agents of all homes and removes them.
func (p *people) leave() {
	for _, g := range p.homes {
		g.stop()
	}
	os.RemoveAll(p.dir)
}

// home is the GnuPG home of an address, with a key when secret.
func (p *people) home(address string, secret bool) (*gnupg, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	g, ok := p.homes[address]
	if !ok {
		g = &gnupg{home: filepath.Join(p.dir, fmt.Sprintf("h%d", len(p.homes))), of: p}
		if err := os.Mkdir(g.home, 0o700); err != nil {
			return nil, err
		}
		p.homes[address] = g
	}
	if secret && !g.secret {
		if _, _, err := g.run(nil, "--quick-generate-key", address, "future-default", "default", "1y"); err != nil {
			return nil, err
		}
		g.secret = true
	}
	return g, nil
}

// gnupg is one GnuPG home.
type gnupg struct {
	home   string
	of     *people
	secret bool
}

func (g *gnupg) stop() {
	cmd := exec.Command("gpgconf", "--homedir", g.home, "--kill", "all")
	_ = cmd.Run() // an agent that never ran cannot be stopped
}

// run runs gpg; the second result is what it says on standard error, with the
// lines of its status.
func (g *gnupg) run(stdin []byte, args ...string) (stdout []byte, status string, err error) {
	args = append([]string{"--homedir", g.home, "--batch", "--yes", "--quiet", "--trust-model", "always", "--status-fd", "2",
		"--pinentry-mode", "loopback", "--passphrase", ""}, args...)
	if g.of != nil && g.of.ago != 0 {
		args = append([]string{"--faked-system-time", fmt.Sprint(time.Now().Add(-g.of.ago).Unix())}, args...)
	}
	cmd := exec.Command("gpg", args...)
	cmd.Stdin = bytes.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, errs.String(), fmt.Errorf("gpg %s: %w\n%s", strings.Join(args, " "), err, errs.String())
	}
	return out.Bytes(), errs.String(), nil
}

// fingerprint reads the fingerprint of the primary key of a certificate.
func (g *gnupg) fingerprint(cert []byte) (string, error) {
	out, _, err := g.run(cert, "--with-colons", "--show-keys")
	m := regexp.MustCompile(`(?m)^fpr:::::::::([0-9A-F]+):`).FindSubmatch(out)
	if err == nil && m == nil {
		err = fmt.Errorf("no certificate in %q", cert)
	}
	if err != nil {
		return "", err
	}
	return string(m[1]), nil
}

// imports takes a certificate in and answers its fingerprint.
func (g *gnupg) imports(cert []byte) (string, error) {
	if _, _, err := g.run(cert, "--import"); err != nil {
		return "", err
	}
	return g.fingerprint(cert)
}

// The ways in which mail programs encrypt.
const (
	styleMIME   = "mime"   // PGP/MIME, RFC 3156
	styleInline = "inline" // armor in the text
	styleClear  = "clear"  // not at all
)

// outgoing is what a mail program is told to do with a message.
type outgoing struct {
	to        []byte // the certificate to encrypt to
	style     string
	sign      bool
	attachKey bool
	from      string // of a reply: who answers, when it is somebody else
}

// mailProgram makes of a message (headers and body) what a reporter's mail
// program would send, with the gpg and the key of its From address.
func (p *people) mailProgram(message []byte, o outgoing) ([]byte, error) {
	m := split(message)
	if o.style == styleClear {
		return crlf(m.text(m.fields...)), nil
	}
	from, err := mail.ParseAddress(m.field("From"))
	if err != nil {
		return nil, fmt.Errorf("From: %w", err)
	}
	g, err := p.home(from.Address, true)
	if err != nil {
		return nil, err
	}
	recipient, err := g.imports(o.to)
	if err != nil {
		return nil, err
	}
	encrypt := []string{"--armor", "--encrypt", "--recipient", recipient}
	if o.sign {
		encrypt = append(encrypt, "--sign", "--local-user", from.Address)
	}
	if o.style == styleInline {
		sealed, _, err := g.run(m.body, encrypt...)
		return crlf(message1(m.outer(true), "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8", sealed)), err
	}
	var key []byte
	if o.attachKey {
		if key, _, err = g.run(nil, "--armor", "--export", from.Address); err != nil {
			return nil, err
		}
	}
	sealed, _, err := g.run(crlf(m.entity(key)), encrypt...)
	return crlf(message1(m.outer(false), "MIME-Version: 1.0\nContent-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=\"pgp\"",
		[]byte("--pgp\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n\n--pgp\nContent-Type: application/octet-stream; name=\"encrypted.asc\"\n\n"+
			string(sealed)+"\n--pgp--\n"))), err
}

func message1(outer, content string, body []byte) []byte {
	return append([]byte(outer+"\n"+content+"\n\n"), body...)
}

func crlf(b []byte) []byte {
	return bytes.ReplaceAll(bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
}

// plainMail is a message before encryption.
type plainMail struct {
	fields []string // of the header, folded as they were
	body   []byte
}

func split(raw []byte) plainMail {
	head, body, _ := bytes.Cut(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")), []byte("\n\n"))
	m := plainMail{body: body}
	for _, line := range strings.Split(string(head), "\n") {
		if n := len(m.fields); n > 0 && (line[0] == ' ' || line[0] == '\t') {
			m.fields[n-1] += "\n" + line
		} else {
			m.fields = append(m.fields, line)
		}
	}
	return m
}

func (m plainMail) text(fields ...string) []byte {
	return append([]byte(strings.Join(fields, "\n")+"\n\n"), m.body...)
}

func (m plainMail) field(name string) string {
	for _, f := range m.fields {
		if is(f, name) {
			return strings.TrimSpace(f[len(name)+1:])
		}
	}
	return ""
}

func is(field, name string) bool {
	return len(field) > len(name) && strings.EqualFold(field[:len(name)+1], name+":")
}

// outer are the header fields that everybody on the way can read.
func (m plainMail) outer(subject bool) string {
	var out []string
	for _, f := range m.fields {
		switch {
		case strings.HasPrefix(strings.ToLower(f), "content-") || is(f, "MIME-Version"):
		case is(f, "Subject") && !subject:
			out = append(out, "Subject: ...")
		default:
			out = append(out, f)
		}
	}
	return strings.Join(out, "\n")
}

// entity is what PGP/MIME encrypts: the content with its protected subject, as
// Thunderbird and neomutt send it, and the key beside it where there is one.
func (m plainMail) entity(key []byte) []byte {
	content := []string{}
	for _, f := range m.fields {
		if strings.HasPrefix(strings.ToLower(f), "content-") {
			content = append(content, f)
		}
	}
	if len(content) == 0 {
		content = []string{"Content-Type: text/plain; charset=utf-8"}
	}
	subject := "Subject: " + m.field("Subject")
	if cc := m.field("Cc"); cc != "" {
		subject += "\nCc: " + cc
	}
	if key == nil {
		for i, f := range content {
			if is(f, "Content-Type") {
				content[i] = f + `; protected-headers="v1"`
			}
		}
		return m.text(append([]string{subject}, content...)...)
	}
	return []byte(subject + "\nContent-Type: multipart/mixed; boundary=\"with-key\"; protected-headers=\"v1\"\n\n--with-key\n" +
		string(m.text(content...)) + "\n--with-key\nContent-Type: application/pgp-keys; name=\"key.asc\"\n" +
		"Content-Disposition: attachment; filename=\"key.asc\"\n\n" + string(key) + "\n--with-key--\n")
}

// delivered is a mail from the team in somebody's Maildir.
type delivered struct {
	raw     []byte
	to      string
	header  mail.Header
	id      string // Message-ID
	sealed  []byte // the OpenPGP message, nil when the mail is in clear
	subject string // as it is outside
}

// maildir reads all mails of a Maildir, those to one address or all.
func maildir(dir, address string) ([]delivered, error) {
	files, err := filepath.Glob(filepath.Join(dir, "new", "*"))
	if err != nil {
		return nil, err
	}
	cur, err := filepath.Glob(filepath.Join(dir, "cur", "*"))
	if err != nil {
		return nil, err
	}
	var out []delivered
	for _, name := range append(files, cur...) {
		raw, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		d, err := parseDelivered(raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if address == "" || strings.EqualFold(d.to, address) {
			out = append(out, d)
		}
	}
	return out, nil
}

func parseDelivered(raw []byte) (delivered, error) {
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return delivered{}, err
	}
	to, err := m.Header.AddressList("To")
	if err != nil || len(to) != 1 {
		return delivered{}, fmt.Errorf("want one address in To, have %q: %v", m.Header.Get("To"), err)
	}
	d := delivered{raw: raw, to: to[0].Address, header: m.Header, id: m.Header.Get("Message-Id"), subject: m.Header.Get("Subject")}
	d.sealed = regexp.MustCompile(`(?s)-----BEGIN PGP MESSAGE-----.*?-----END PGP MESSAGE-----`).Find(raw)
	return d, nil
}

// newest is the mail with the highest case and update number, as the
// Message-ID <ID.n.random@domain> has them.
func newest(list []delivered) (delivered, bool) {
	var best delivered
	key := func(d delivered) string {
		parts := strings.SplitN(strings.TrimPrefix(d.id, "<"), ".", 3)
		if len(parts) < 3 {
			return ""
		}
		return fmt.Sprintf("%s %06s", parts[0], parts[1])
	}
	for _, d := range list {
		if best.raw == nil || key(d) > key(best) {
			best = d
		}
	}
	return best, best.raw != nil
}

var validSignature = regexp.MustCompile(`(?m)^\[GNUPG:\] VALIDSIG .* ([0-9A-F]{40})$`)

// opens decrypts a mail with this home, holds that it bears a good signature
// of the certificate, and answers protected subject and text.
func (g *gnupg) opens(d delivered, by []byte) (subject, text string, err error) {
	if d.sealed == nil {
		return "", "", fmt.Errorf("the mail to %s is not encrypted", d.to)
	}
	published, err := g.imports(by)
	if err != nil {
		return "", "", err
	}
	plain, status, err := g.run(d.sealed, "--decrypt")
	if err != nil {
		return "", "", err
	}
	m := validSignature.FindStringSubmatch(status)
	if m == nil || m[1] != published || !strings.Contains(status, "GOODSIG") || strings.Contains(status, "BADSIG") {
		return "", "", fmt.Errorf("no good signature by %s: %s", published, status)
	}
	entity, err := mail.ReadMessage(bytes.NewReader(plain))
	if err != nil {
		return "", "", fmt.Errorf("what was encrypted is no MIME entity: %w", err)
	}
	if subject, err = new(mime.WordDecoder).DecodeHeader(entity.Header.Get("Subject")); err != nil {
		return "", "", err
	}
	text, err = textOf(entity.Header.Get("Content-Type"), entity.Header.Get("Content-Transfer-Encoding"), entity.Body)
	return subject, text, err
}

// textOf is the text of an entity, with LF line ends.
func textOf(contentType, encoding string, body io.Reader) (string, error) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return "", err
	}
	if strings.HasPrefix(kind, "multipart/") {
		part, err := multipart.NewReader(body, params["boundary"]).NextRawPart()
		if err != nil {
			return "", err
		}
		return textOf(part.Header.Get("Content-Type"), part.Header.Get("Content-Transfer-Encoding"), part)
	}
	if strings.EqualFold(encoding, "quoted-printable") {
		body = quotedprintable.NewReader(body)
	}
	raw, err := io.ReadAll(body)
	return strings.ReplaceAll(string(raw), "\r\n", "\n"), err
}

// answer is a reply to a mail from the team, before encryption; from is who
// answers, or empty for the one who got it.
func (d delivered) answer(from, words string, at time.Time) []byte {
	if from == "" {
		from = d.to
	}
	return []byte("From: " + from + "\nTo: " + d.header.Get("From") + "\nSubject: Re: " + d.subject + "\nDate: " + at.Format(time.RFC1123Z) +
		"\nMessage-ID: <" + fmt.Sprintf("%x", len(from+words)) + "." + strings.Trim(d.id, "<>") + ".reply>\nIn-Reply-To: " + d.id +
		"\nReferences: " + d.id + "\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n" + words)
}
