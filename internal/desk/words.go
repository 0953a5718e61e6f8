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

	"github.com/docket-psirt/docket/internal/audit"
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
	return d.outerWith(c, u, with, "")
}

// outerWith opens it with its session key, where one is given.
func (d *Desk) outerWith(c *one, u psirt.Update, with []seal.Opener, session string) (*Outer, time.Time, error) {
	path := updatePath(c.Program, c.ID, u.N)
	raw, err := c.at.Read(path, maxSealedMail)
	if err != nil {
		return nil, time.Time{}, err
	}
	if psirt.SHA256(raw) != u.Sealed {
		return nil, time.Time{}, fmt.Errorf("%s is not what the case lists", path)
	}
	var opened seal.Opened
	if ctx := casefile.ContextOf(casefile.PartUpdate, c.ID, u.N); session != "" {
		opened, err = seal.OpenSession(string(raw), session, ctx, c.setting.Certs, time.Time{}, maxSealedMail)
	} else {
		opened, err = seal.Open(string(raw), with, ctx, c.setting.Certs, time.Time{}, maxSealedMail)
	}
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
// signed by the published certificate. Who may open the report but was no
// reader when the update was made (escrow, a handler who came later) opens it
// with the session keys that the report keeps.
func (d *Desk) ownWords(c *one, u psirt.Update, with []seal.Opener) (*Words, error) {
	var kept map[string]any
	outer, at, err := d.outerOf(c, u, with)
	if errors.Is(err, seal.ErrNoKey) {
		if kept, err = d.keptKeys(c, with); err != nil {
			return nil, err
		}
		session, ok := kept[outerKey(u.N)].(string)
		if !ok {
			return nil, fmt.Errorf("update %d: %w, and the report keeps no session key of it", u.N, seal.ErrNoKey)
		}
		outer, at, err = d.outerWith(c, u, nil, session)
	}
	if err != nil {
		return nil, err
	}
	published, err := c.setting.Cert(c.setting.Program.Keys.Intake)
	if err != nil {
		return nil, err
	}
	f, err := seal.OpenForeign([]byte(outer.Message), with, maxSealedMail)
	if session, ok := kept[innerKey(u.N)].(string); ok && errors.Is(err, seal.ErrNoKey) {
		f.SessionKey = session
		f.Plain, err = seal.ReopenForeign([]byte(outer.Message), session, maxSealedMail)
	}
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

// The names under which the report keeps the session keys of an update in own
// words: of the file, and of the message to the reporter in it.
func outerKey(n int) string { return fmt.Sprintf("update-%d", n) }
func innerKey(n int) string { return fmt.Sprintf("message-%d", n) }

// keptKeys are the session keys that the report document of a case keeps.
func (d *Desk) keptKeys(c *one, with []seal.Opener) (map[string]any, error) {
	plain, err := d.unseal(c, c.Sealed, casefile.PartSealed, with)
	if err != nil {
		return nil, err
	}
	doc, err := casefile.DecodeReport(plain, c.ID)
	if err != nil {
		return nil, err
	}
	kept, _ := doc["session_keys"].(map[string]any)
	return kept, nil
}

// footed is a text to the reporter with what the programme has every such text
// end with, unless it says so already.
func footed(s *audit.Setting, c *psirt.Case, text string) (string, error) {
	footer, err := s.Footer(c)
	plain := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	if err != nil || footer == "" || strings.Contains(plain(text), plain(footer)) {
		return text, err
	}
	return strings.TrimRight(text, "\n") + "\n\n" + footer + "\n", nil
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
