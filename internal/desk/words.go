package desk

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	netmail "net/mail"
	"strings"
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
func (d *Desk) outerOf(c *one, u psirt.Update, with []seal.Opener) (*Outer, time.Time, error) {
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
func (d *Desk) ownWords(c *one, u psirt.Update, with []seal.Opener) (*Words, error) {
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
	if err := onlyText(f.Plain); err != nil {
		return nil, fmt.Errorf("update %d, inner layer: %w", u.N, err)
	}
	content, _ := mail.ParseContent(f.Plain, mail.DefaultLimits())
	return &Words{Outer: *outer, Subject: content.Subject, Text: content.Text}, nil
}

// onlyText holds that an update is one plain text: what a reviewer is shown is
// then all that the reporter can see. Of several parts (a text and its twin in
// HTML) a mail program shows one, and not the same everywhere.
func onlyText(entity []byte) error {
	m, err := netmail.ReadMessage(bytes.NewReader(entity))
	if err != nil {
		return errors.New("it is no mail")
	}
	types := m.Header["Content-Type"]
	if len(types) != 1 {
		return errors.New("it has not one type")
	}
	media, params, err := mime.ParseMediaType(types[0])
	charset := strings.ToLower(params["charset"])
	if err != nil || media != "text/plain" || charset != "utf-8" && charset != "us-ascii" || m.Header.Get("Content-Disposition") != "" {
		return errors.New("it is not one plain text in UTF-8, so it may show the reporter something else than the reviewers")
	}
	return nil
}
