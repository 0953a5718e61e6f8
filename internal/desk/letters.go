package desk

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/mail"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
)

// letter makes the mail of an update, and the address that it goes to. A nil
// letter says that there is nobody to write to, and why.
func (p *post) letter(c *one, u psirt.Update) (letter []byte, to, why string, err error) {
	mailer, err := p.d.mailer(c.setting)
	if err != nil {
		return nil, "", "", err
	}
	if u.Kind == psirt.KindShare && u.Sealed != "" {
		letter, to, err = p.sharedLetter(c, u, mailer, p.d.now())
		return letter, to, "", err
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
	if contentFree(c.setting.Program, u.Kind, contact) {
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
	sender, err := p.d.sender(c.setting)
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
		other, err := p.noted(psirt.NewCaseID(prefix, year, n), mailer)
		if errors.Is(err, fs.ErrNotExist) {
			break
		}
		if err != nil {
			return false, err
		}
		if c.Opened.Sub(other.opened) > 24*time.Hour {
			break
		}
		if other.address != "" && strings.EqualFold(other.address, address) {
			have++
		}
	}
	return have >= limit, nil
}

// noted is whom a case's note went to; no address when it had none.
type noted struct {
	opened  time.Time
	address string
}

// noted reads a case once a run: after a flood of mails every one of them would
// open the contact of every other.
func (p *post) noted(id psirt.CaseID, mailer *actor) (noted, error) {
	if n, ok := p.notes[id]; ok {
		return n, nil
	}
	c, err := p.d.onMain(id)
	if err != nil {
		return noted{}, err
	}
	n := noted{opened: c.Opened}
	free := func(u psirt.Update) bool { return contentFree(c.setting.Program, u.Kind, psirt.Contact{}) }
	if slices.ContainsFunc(c.Updates, free) {
		if contact, err := p.d.openContact(c, withKey(mailer)); err == nil {
			n.address = contact.Address
		}
	}
	p.notes[id] = n
	return n, nil
}
