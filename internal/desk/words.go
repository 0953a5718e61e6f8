package desk

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/mail"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
)

// Words is an update in own words, open.
type Words struct {
	Outer   Outer
	Subject string
	Text    string
}

// outerOf opens the outer layer of an update in own words: for its readers and
// for the mailer.
func (d *Desk) outerOf(c *one, u psirt.Update, with []*seal.Key) (*Outer, time.Time, error) {
	path := updatePath(c.Program, c.ID, u.N)
	raw, err := c.at.Read(path, maxSealedMail)
	if err != nil {
		return nil, time.Time{}, err
	}
	if psirt.SHA256(raw) != u.Sealed {
		return nil, time.Time{}, fmt.Errorf("%s is not what the case lists", path)
	}
	opened, err := seal.Open(string(raw), with, casefile.ContextOf(casefile.PartUpdate, c.ID, u.N), c.setting.Certs, time.Time{}, maxSealedMail)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("%s: %w", path, err)
	}
	person, ok := c.setting.Program.ByKey(opened.Signer)
	if !ok || !person.HasRole(psirt.RoleTeam) {
		return nil, time.Time{}, fmt.Errorf("%s: sealed by %s, who is not of the team", path, c.setting.Name(opened.Signer))
	}
	var out Outer
	if err := json.Unmarshal(opened.Plain, &out); err != nil || out.ID != c.ID || out.Update != u.N {
		return nil, time.Time{}, fmt.Errorf("%s is not the update that the case lists", path)
	}
	return &out, opened.At, nil
}

// ownWords opens both layers, as reviewers do, and holds that the inner one is
// signed by the published certificate.
func (d *Desk) ownWords(c *one, u psirt.Update, with []*seal.Key) (*Words, error) {
	outer, at, err := d.outerOf(c, u, with)
	if err != nil {
		return nil, err
	}
	published, err := c.setting.Cert(c.setting.Program.Keys.Intake)
	if err != nil {
		return nil, err
	}
	f, err := seal.OpenForeign([]byte(outer.Message), with, maxSealedMail)
	if err != nil {
		return nil, fmt.Errorf("update %d, inner layer: %w", u.N, err)
	}
	if err := seal.VerifyForeign([]byte(outer.Message), f.SessionKey, published, at); err != nil {
		return nil, fmt.Errorf("update %d, inner layer: %w", u.N, err)
	}
	content, _ := mail.ParseContent(f.Plain, mail.DefaultLimits())
	return &Words{Outer: *outer, Subject: content.Subject, Text: content.Text}, nil
}
