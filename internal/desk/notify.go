package desk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/mail"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
)

// notifyMail sends each handler the mail itself, sealed to their own key, into
// their own mailbox. It is a convenience: the case is on record already, so a
// failure is a warning.
func (d *Desk) notifyMail(ctx context.Context, c *one, in *inbound, to mail.Sender) error {
	var b strings.Builder
	label := labelOfMail(in)
	if label != "" {
		b.WriteString(label + "\n\n")
	}
	fmt.Fprintf(&b, "A mail has come in for %s (signature: %s).\n", c.ID, in.signed)
	switch {
	case !in.opened:
		b.WriteString("It could not be opened. The untouched mail is kept: docket mail " + string(c.ID) + "\n")
	default:
		if in.clear {
			b.WriteString("It came in clear, so others may have read it.\n")
		}
		fmt.Fprintf(&b, "\nFrom: %s\nSubject: %s\n\n%s\n", in.from(), psirt.Defang(subjectOf(in.m, in.content)), psirt.Defang(in.content.Text))
		for _, a := range in.content.Attachments {
			fmt.Fprintf(&b, "\nAttached: %s (%s, %d bytes)", a.Name, a.ContentType, a.Size)
		}
	}
	return d.tell(ctx, c, strings.TrimSpace(string(c.ID)+": mail "+label), b.String(), to)
}

// letterSigner seals a mail. Keys in files do; of a person's gpg it is not asked.
type letterSigner interface {
	SealMail(entity []byte, to []*seal.Cert, at time.Time) (seal.Sealed, error)
}

// teller is whose key signs what handlers are told: the bot's, or where that is
// not at hand the person's who acts.
func (d *Desk) teller(c *one) (letterSigner, error) {
	bot, err := d.ring.role(c.setting, "bot", c.setting.Program.Keys.Bot)
	if err == nil {
		return bot, nil
	}
	who, mine := d.me(c.setting)
	if mine != nil {
		return nil, err
	}
	if signer, ok := who.key.(letterSigner); ok {
		return signer, nil
	}
	return nil, err
}

// tell sends a text to each handler of a case, encrypted to that person alone
// and signed by the bot, or by the person who acts.
func (d *Desk) tell(ctx context.Context, c *one, subject, text string, to mail.Sender) error {
	bot, err := d.teller(c)
	if err != nil {
		return err
	}
	p := c.setting.Program
	handlers := c.Handlers
	if len(handlers) == 0 {
		handlers = p.With(psirt.RoleTeam)
	}
	var errs []error
	for _, f := range handlers {
		person, ok := p.ByKey(f)
		if !ok || person.Mail == "" {
			continue
		}
		errs = append(errs, d.tellOne(ctx, c, bot, person, subject, text, to))
	}
	return errors.Join(errs...)
}

func (d *Desk) tellOne(ctx context.Context, c *one, bot letterSigner, person psirt.Person, subject, text string, to mail.Sender) error {
	cert, err := c.setting.Cert(person.Key)
	if err != nil {
		return err
	}
	p := c.setting.Program
	at := d.now()
	// Number 0: no update has it, so a reply to it never threads as an answer
	// of the reporter.
	letter := mail.Draft{From: mail.Address{Name: p.Name, Addr: p.Intake.Addresses[0]}, To: mail.Address{Addr: person.Mail},
		Subject: subject, Date: at, MessageID: newMessageID(c.ID, 0, strings.ToLower(p.Intake.Domain)), Text: text, Auto: true}
	entity, err := letter.Entity()
	if err != nil {
		return err
	}
	sealed, err := bot.SealMail(entity, []*seal.Cert{cert}, at)
	if err != nil {
		return err
	}
	data, err := letter.Encrypted(sealed.Armor, outerSubject(c.ID))
	if err != nil {
		return err
	}
	if _, err := to.Send(ctx, p.Intake.Addresses[0], person.Mail, letter.MessageID, data); err != nil {
		return fmt.Errorf("%s could not be notified: %w", person.Handle, err)
	}
	return nil
}
