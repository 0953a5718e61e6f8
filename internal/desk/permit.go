package desk

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
)

// KindPermit is the kind of update in own words with which the team permits the
// reporter to publish.
const KindPermit = "disclosure-consent"

// Permission is a team's written consent to a publication by the reporter.
type Permission struct {
	Scope    string    // what may be published
	Earliest time.Time // not before
	Words    string    // words before the document, with an optional line "Subject: …"; empty: a standard letter
	Dry      bool      // only show what would go out
}

// Permitted is what would go out, or what became of it.
type Permitted struct {
	*Proposed
	Scope    string    `json:"scope"`
	Earliest time.Time `json:"earliest"`
	Subject  string    `json:"subject"`
	Text     string    `json:"text"` // with the document, unsigned: who has it signed has what nobody approved yet
}

// Permit proposes to issue a document to the reporter that says what may be
// published, and from when. It is signed with the key of the team that mail to
// reporters is signed with, as a text that can be shown to anybody and checked
// with the published certificate. It goes out once it is approved as the
// programme asks of messages; the report then has it on record.
func (d *Desk) Permit(ctx context.Context, id psirt.CaseID, o Permission) (*Permitted, error) {
	t, who, open, err := d.asAnalyst(ctx, id)
	if err != nil {
		return nil, err
	}
	o.Scope, o.Earliest = strings.Join(strings.Fields(o.Scope), " "), o.Earliest.UTC().Truncate(time.Second)
	if v := mayPermit(o, open); !v.OK() {
		return nil, &Refused{What: "nothing was permitted in " + string(id), Verdict: v}
	}
	out := &Permitted{Scope: o.Scope, Earliest: o.Earliest}
	if !o.Dry && t.unfinished() && issued(t.c, open.report, o) && t.c.By == who.key.Cert().Fingerprint() {
		out.Proposed, err = d.resume(ctx, who, t, id)
		return out, err
	}
	document, sender, err := d.permission(t.c, open, o)
	if err != nil {
		return nil, err
	}
	words := o.Words
	if words == "" {
		words = permitLetter(t.c.setting.Program, id)
	}
	out.Subject, words = splitWords(words, id)
	words = strings.TrimRight(words, "\n") + "\n\n"
	out.Text = words + document // signed it would be issued before anybody approved it
	if o.Dry {
		return out, nil
	}
	if document, err = sender.SignText(document, d.now()); err != nil {
		return nil, err
	}
	r := d.revise(t.c, who, open)
	if err := r.takeMails(); err != nil {
		return nil, err
	}
	at := r.at.Format(time.RFC3339)
	err = setPath(open.report, "disclosure.permission", map[string]any{"at": at, "issued_at": at, "scope": o.Scope,
		"earliest": o.Earliest.Format(time.RFC3339), "by": who.handle, "update": float64(len(r.now.Updates) + 1)})
	if err != nil {
		return nil, err
	}
	if err := r.own(KindPermit, out.Subject, words+document); err != nil {
		return nil, err
	}
	out.Proposed, err = d.propose(ctx, r, t, audit.KindUpdate, fmt.Sprintf("%s: %s", id, KindPermit), "Edit", "disclosure, updates")
	return out, err
}

// mayPermit refuses a permission that says too little, or something else than
// what was agreed on.
func mayPermit(o Permission, open *contents) psirt.Verdict {
	what := "the reporter may be permitted to publish"
	switch {
	case o.Scope == "" || strings.ContainsFunc(o.Scope, unicode.IsControl):
		return psirt.All(what, psirt.Failed("it says what may be published", "describe it with --scope WORDS"))
	case o.Earliest.IsZero():
		return psirt.All(what, psirt.Failed("it says from when", "name the earliest instant with --earliest TIME"))
	}
	if e := embargoOf(open.report); !e.Over(o.Earliest) {
		return psirt.All(what, psirt.Failed("the embargo lasts until "+e.Until.Format(time.RFC3339), "permit it from then on, or revise the embargo first"))
	}
	return psirt.Passed(what)
}

// issued reports whether the newest revision of a case issues this permission.
func issued(c *one, report psirt.Document, o Permission) bool {
	return slices.ContainsFunc(c.Updates, func(u psirt.Update) bool { return u.Kind == KindPermit && u.Revision == c.Revision }) &&
		firstOf(report, "disclosure.permission.scope") == o.Scope && timeAt(report, "disclosure.permission.earliest").Equal(o.Earliest)
}

// permission is the document, and the key that signs it. It names the reporter by key alone: who shows it
// can prove to be meant, also under a pseudonym.
func (d *Desk) permission(c *one, open *contents, o Permission) (string, *seal.Key, error) {
	p := c.setting.Program
	sender, err := d.sender(c.setting)
	if err != nil {
		return "", nil, err
	}
	cert, err := reporterCert(open.contact, d.now())
	if err != nil {
		return "", nil, &Problem{Text: string(c.ID) + ": nothing can be issued to the reporter", Err: err,
			Do: "content never leaves in clear; once you have the reporter's key: docket set " + string(c.ID) + " contact.key=@FILE"}
	}
	lines := [][2]string{{"Case", string(c.ID)}, {"Given by", p.Name + " <" + p.Intake.Addresses[0] + ">"},
		{"Given to", "the holder of the OpenPGP key " + cert.Fingerprint().Hex()}, {"On", d.now().UTC().Format(time.RFC3339)},
		{"What", o.Scope}, {"Not before", o.Earliest.Format(time.RFC3339)}, {"Policy", strings.TrimSpace(p.Source.Title + " " + p.Source.URL)}}
	var b strings.Builder
	b.WriteString("Consent to disclosure\n\n")
	for _, l := range lines {
		if l[1] != "" {
			fmt.Fprintf(&b, "%-11s %s\n", l[0]+":", l[1])
		}
	}
	return b.String(), sender, nil
}

// permitLetter are the words before the document, when nobody writes others.
func permitLetter(p *psirt.Program, id psirt.CaseID) string {
	return fmt.Sprintf("Subject: [%s] Our consent to a publication\n\nHello,\n\nthe document below says what you may publish about %s, and from when.\n"+
		"It covers nothing else. It is signed with our OpenPGP key, so anybody to\nwhom you show it can check it.\n\nKind regards\n%s\n", id, id, p.Name)
}
