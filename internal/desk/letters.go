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
	if over, err := p.overLimit(c, u, contact); err != nil || over != "" {
		return nil, "", over, err
	}
	if contentFree(c.setting.Program, u.Kind, contact) {
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
// and whether it had a mail are those with which the text is the approved one.
func approvedText(c *one, u psirt.Update) (subject, text string, err error) {
	then := *c.Case
	for _, e := range c.Log {
		if e.Revision <= u.Revision {
			then.State = e.To
		}
	}
	for _, then.Mails = range [][]psirt.Digest{c.Mails, nil} { // the first mail may have come later
		for _, then.Outcome = range append([]psirt.Outcome{c.Outcome, ""}, psirt.Outcomes...) {
			var blob psirt.ObjectID
			if subject, text, blob, err = c.setting.Text(u.Kind, &then); err != nil {
				return "", "", err
			}
			if blob == u.Template && psirt.TextDigest(subject, text) == u.Text {
				return subject, text, nil
			}
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

// overLimit says why an automatic answer does not go out, or is empty: whoever
// sends reports chooses the address that is answered, so nobody's gets more than
// a few answers in a day. It walks back over the newest cases only, as far as
// that day goes. Nothing is lost by it: the case is there, and the clock that
// waits for its first answer runs on and calls a person.
func (p *post) overLimit(c *one, u psirt.Update, to psirt.Contact) (string, error) {
	intake := c.setting.Program.Intake
	limit, why := 0, ""
	switch {
	case contentFree(c.setting.Program, u.Kind, to):
		limit, why = intake.NoteLimit, "the address has had its notes for today"
	case u.N == 1 && u.Kind == intake.Update:
		limit, why = intake.AnswerLimit, "the address has had its acknowledgements for today; somebody must write to the reporter"
	}
	if limit <= 0 {
		return "", nil
	}
	mailer, err := p.d.mailer(c.setting)
	if err != nil {
		return "", err
	}
	prefix, year, number, _ := c.ID.Parts()
	have := 0
	for n := number - 1; n > 0 && have < limit; n-- {
		other, err := p.noted(psirt.NewCaseID(prefix, year, n), mailer)
		if errors.Is(err, fs.ErrNotExist) {
			break
		}
		if err != nil {
			return "", err
		}
		if c.Opened.Sub(other.opened) > 24*time.Hour {
			break
		}
		if other.address != "" && other.acknowledged == (u.Kind == intake.Update) && strings.EqualFold(other.address, to.Address) {
			have++
		}
	}
	if have < limit {
		why = ""
	}
	return why, nil
}

// noted is whom a case's automatic answer went to; no address when it had none.
type noted struct {
	opened       time.Time
	address      string
	acknowledged bool // with an acknowledgement; else with a note
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
	n.acknowledged = len(c.Updates) > 0 && c.Updates[0].Kind == c.setting.Program.Intake.Update
	free := func(u psirt.Update) bool { return contentFree(c.setting.Program, u.Kind, psirt.Contact{}) }
	if n.acknowledged || slices.ContainsFunc(c.Updates, free) {
		if contact, err := p.d.openContact(c, withKey(mailer)); err == nil {
			n.address = contact.Address
		}
	}
	p.notes[id] = n
	return n, nil
}
