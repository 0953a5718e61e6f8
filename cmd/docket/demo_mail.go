package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/mail"
	"github.com/docket-psirt/docket/internal/seal"
)

// reporter is somebody outside: a key and an inbox.
type reporter struct {
	name  string
	from  mail.Address
	key   *seal.Key
	last  string // Message-ID of the newest mail from the team
	inbox *mail.MaildirSender
}

// The texts of the story. People, products and weaknesses are invented.
var demoReports = []struct{ name, display, address, subject, text string }{
	{"maren", "Maren Tillingsworth", "maren@example.org", "PIN retry counter of CardWeave eID applet is not decremented", `Dear PSIRT,

Product: CardWeave eID applet
Part number: IG-CW-4410-B
Version: 3.2.0 and 3.2.1

Description:
The retry counter of the user PIN is not decremented when VERIFY is sent
with a body that is shorter than the minimum PIN length.

Steps to reproduce:
1. Read the remaining tries.
2. Send VERIFY with two bytes.
3. Read the remaining tries again: they are the same.

How discovered: length fuzzing of our own sample cards
When discovered: 2026-09-22
Exploited: no, not to my knowledge
Publication: nothing published, nothing planned

Kind regards
Maren Tillingsworth
`},
	{"tomas", "Tomas Rehn", "tomas@example.net", "Session stays open when the card is pulled out", `Hello,

when the card is pulled out at the wrong moment the session stays open,
and whoever sits down next works under the old name.

I have told nobody.

Tomas Rehn
`},
	{"ines", "Ines Varga", "ines@example.com", "Command injection in ESW campus switch", `Hello,

Product: ESW-4820 campus switch
Version: 2.11.0
Description: The diagnostics page hands a host name to a shell without
any filtering.
How discovered: by typing a semicolon by accident
When discovered: 2026-09-17
Exploited: no
Publication: nothing planned

Ines Varga
`},
	{"noor", "Noor Haddad", "noor@example.org", "CardWeave eID: unlimited PIN tries", `Hello PSIRT,

Product: CardWeave eID applet
Version: 3.2.1

Description:
VERIFY with a body of two bytes, shorter than the minimum PIN length, leaves
the retry counter of the user PIN as it was. A PIN can be tried forever.

How discovered: reading the source of a terminal
When discovered: 2026-10-05
Exploited: no
Publication: nothing planned

Noor Haddad
`},
}

var demoWords = map[string]string{
	"question.txt": `Subject: Which card software is it?

Dear Tomas,

thank you for your report. Which card software do you use, and in which
version? You find both under Help, About.

Kind regards
Ben
`,
	"fixed.txt": `Subject: The retry counter is fixed

Dear Maren,

applet 3.2.2 decrements the counter before it looks at the length. It is
available to all customers from today. Thank you for the clear report.

Kind regards
Ada
`,
}

const demoAnswer = `Product: CardWeave Session Agent
Version: 1.8.4

Tomas
`

// meet makes the reporters with their keys and inboxes, and their first mails.
func (d *demo) meet() error {
	raw, err := d.quiet("keys", "show", "intake")
	if err != nil {
		return err
	}
	published, err := seal.ParseCert([]byte(raw))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(d.path("mail"), 0o700); err != nil {
		return err
	}
	for _, r := range demoReports {
		who := &reporter{name: r.name, from: mail.Address{Name: r.display, Addr: r.address}}
		if who.key, err = seal.NewKey(r.display, r.address, time.Now().Add(-time.Minute)); err != nil {
			return err
		}
		secret, err := who.key.Export(nil)
		if err != nil {
			return err
		}
		home := d.path("reporters/" + r.name)
		if err := os.MkdirAll(home, 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(home, "key.asc"), secret, 0o600); err != nil {
			return err
		}
		if who.inbox, err = mail.NewMaildirSender(filepath.Join(home, "inbox")); err != nil {
			return err
		}
		d.reporters[r.name] = who
		if err := d.post(who, published, r.name+".eml", r.subject, r.text); err != nil {
			return err
		}
		fmt.Fprintf(d.out, "  %s <%s>: mail/%s.eml\n", r.display, r.address, r.name)
	}
	return nil
}

// quiet runs a command without showing it.
func (d *demo) quiet(args ...string) (string, error) {
	shown := d.out
	d.out = io.Discard
	defer func() { d.out = shown }()
	return d.docket(exitDone, args...)
}

// post writes a reporter's encrypted and signed mail to a file.
func (d *demo) post(who *reporter, to *seal.Cert, file, subject, text string) error {
	draft := mail.Draft{From: who.from, To: mail.Address{Addr: to.Addresses()[0]}, Subject: subject, Date: time.Now(),
		MessageID: fmt.Sprintf("%s.%d@%s", strings.TrimSuffix(file, ".eml"), time.Now().UnixNano(), strings.SplitN(who.from.Addr, "@", 2)[1]),
		InReplyTo: who.last, Text: text, Keys: []mail.KeyFile{{Name: "key.asc", Data: who.key.Cert().Armor()}}}
	entity, err := draft.Entity()
	if err != nil {
		return err
	}
	sealed, err := who.key.SealMail(entity, []*seal.Cert{to}, time.Now())
	if err != nil {
		return err
	}
	data, err := draft.Encrypted(sealed.Armor, "...")
	if err != nil {
		return err
	}
	return os.WriteFile(d.path("mail/"+file), data, 0o600)
}

// answer lets a reporter reply to the newest mail from the team.
func (d *demo) answer(name, file, text string) error {
	raw, err := d.quiet("keys", "show", "intake")
	if err != nil {
		return err
	}
	published, err := seal.ParseCert([]byte(raw))
	if err != nil {
		return err
	}
	return d.post(d.reporters[name], published, file, "Re: Which card software is it?", text)
}

// carry plays the post: what docket deliver handed over goes to the reporters'
// inboxes, and each reads it with their own key.
func (d *demo) carry() error {
	src, err := mail.Maildir(d.path("out"))
	if err != nil {
		return err
	}
	for {
		item, err := src.Next(d.ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		raw, err := item.Read(0)
		if err != nil {
			return err
		}
		if err := d.hand(raw); err != nil {
			return err
		}
		if err := item.Done(d.ctx); err != nil {
			return err
		}
	}
}

func (d *demo) hand(raw []byte) error {
	m, err := mail.Parse(raw, mail.DefaultLimits())
	if err != nil {
		return err
	}
	for _, who := range d.reporters {
		if len(m.To) != 1 || m.To[0].Addr != who.from.Addr {
			continue
		}
		if _, err := who.inbox.Send(context.WithoutCancel(d.ctx), m.From.Addr, who.from.Addr, m.MessageID, raw); err != nil {
			return err
		}
		opened, err := seal.OpenForeign(m.Layer.Message, []seal.Opener{who.key}, 1<<20)
		if err != nil {
			return err
		}
		content, err := m.Content(opened.Plain)
		if err != nil {
			return err
		}
		who.last = m.MessageID
		fmt.Fprintf(d.out, "  %s reads, decrypted: %s%s\n", who.from.Name, content.Subject, d.outside(m.Subject))
		return nil
	}
	return errors.New("a mail of the demo is for nobody whom it knows")
}

// outside says, once, what of a mail is not encrypted.
func (d *demo) outside(subject string) string {
	if d.said {
		return ""
	}
	d.said = true
	return " (outside the encryption the subject is " + subject + ")"
}
