package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
	"github.com/docket-psirt/docket/internal/store"
	"github.com/docket-psirt/docket/schema"
)

// One mail may report two issues. Splitting makes a case of one of them: its
// report says where it comes from, with the session key of the mail there, so
// that whoever handles only the new case can still read what was written.

// Splitting says what a new case takes from another.
type Splitting struct {
	Take   []string                          // paths of the report, which go over to the new case
	Title  string                            // of the new case; empty: what is taken
	Mail   int                               // number of the mail that reports it; 0: the first
	Edit   func(text string) (string, error) // changes the new report (JSON); or nil
	Silent bool                              // the reporter is not told of the new case
}

// Split is what became of it.
type Split struct {
	Origin psirt.CaseID `json:"origin"`
	ID     psirt.CaseID `json:"id"`
	Taken  []string     `json:"taken"`
	Told   bool         `json:"told"`               // the reporter gets the acknowledgement of the new case
	Push   *Proposed    `json:"proposed,omitempty"` // the edit of the origin
	Waits  bool         `json:"waits,omitempty"`    // it is queued behind edits of the person's own
}

// carried are the sections that are about the report as a whole, so that both
// cases have them.
var carried = []string{"channel", "transcribed_by", "sent_to", "arrival", "aware_at", "awareness", "language", "flags", "tlp",
	"reporter", "consent", "consents", "permissions", "credit_wish", "source_ip", "discovery"}

// both names the sections of carried that cannot be taken away from the other
// case, which stays a report with a reporter and a consent.
var both = slices.DeleteFunc(slices.Clone(carried), func(name string) bool { return name == "discovery" })

// notSplit are the sections that stay with the case that they are about.
var notSplit = []string{"docket", "id", "session_keys", "mails", "updates", "missing", "origin", "split_into", "duplicates", "duplicate_of", "shares", "commitments", "retention"}

// Split makes a case of a part of another. The number is claimed as for a mail;
// then the origin lets go of what was taken, and names the new case, in an edit
// of its own.
func (d *Desk) Split(ctx context.Context, id psirt.CaseID, o Splitting) (*Split, error) {
	t, who, open, err := d.asAnalyst(ctx, id)
	if err != nil {
		return nil, err
	}
	if x, _ := t.c.setting.Program.ByHandle(who.handle); !x.HasRole(psirt.RoleTeam) {
		return nil, &Refused{What: "nothing was split", Verdict: psirt.Failed(who.handle+" is not of the team", "a member of the team opens cases")}
	}
	if len(o.Take) == 0 && o.Edit == nil {
		return nil, usage("say what goes into the new case", "name fields with --take products[1],steps, or write it with --edit")
	}
	if err := onceEach(o.Take); err != nil {
		return nil, err
	}
	doc, err := d.splitDocument(t.c, open, who, o)
	if err != nil {
		return nil, err
	}
	rest := open.report.Clone()
	if err := without(rest, o.Take); err != nil {
		return nil, err
	}
	if err := schema.Validate("report", map[string]any(rest)); err != nil {
		return nil, &Problem{Text: "without what goes over " + string(id) + " would not be valid", Err: err, Do: "nothing was opened"}
	}
	out := &Split{Origin: id, Taken: slices.Clone(o.Take)}
	if out.ID, out.Told, err = d.openSplit(ctx, t.c, who, doc, open.contact, o.Silent); err != nil {
		return nil, err
	}
	err = d.letGo(ctx, out)
	if err != nil {
		return out, &Problem{Text: fmt.Sprintf("%s was opened, but %s does not name it yet", out.ID, id), Err: err,
			Do: fmt.Sprintf("write it there: docket set %s 'split_into[]=%s'", id, out.ID)}
	}
	return out, nil
}

// splitDocument is the report of the new case, but for its ID.
func (d *Desk) splitDocument(c *one, open *contents, who *actor, o Splitting) (psirt.Document, error) {
	from := open.report.Clone()
	doc := psirt.Document{}
	for _, name := range carried {
		if v, ok := from[name]; ok {
			doc[name] = v
		}
	}
	for _, path := range o.Take {
		if err := take(doc, from, path); err != nil {
			return nil, err
		}
	}
	if o.Title != "" {
		doc["title"] = o.Title
	}
	if o.Edit != nil {
		if err := editDocument(&doc, o.Edit); err != nil {
			return nil, err
		}
	}
	if was := wordUnder(from, "title"); was != "" && wordUnder(doc, "title") == "" {
		doc["title"] = fmt.Sprintf("%s (part of %s)", was, c.ID)
	}
	if missing := missingOf(doc, c.setting.Program.Report); len(missing) > 0 {
		doc["missing"] = missing
	}
	origin, err := d.originOf(c, open, o.Mail)
	if err != nil {
		return nil, err
	}
	origin["at"], origin["by"] = d.now().Format(time.RFC3339), who.handle
	if len(o.Take) > 0 {
		var taken []any
		for _, path := range o.Take {
			taken = append(taken, path)
		}
		origin["taken"] = taken
	}
	doc["origin"] = origin
	return doc, nil
}

// editDocument lets a person change a new report as JSON.
func editDocument(doc *psirt.Document, edit func(string) (string, error)) error {
	raw, err := json.MarshalIndent(*doc, "", "  ")
	if err != nil {
		return err
	}
	text, err := edit(string(raw) + "\n")
	if err != nil {
		return err
	}
	after, err := casefile.DecodeObject([]byte(text))
	if err != nil {
		return &Problem{Text: "what you wrote is not a JSON object", Err: err, Do: "nothing was opened"}
	}
	for _, name := range notSplit {
		delete(after, name)
	}
	*doc = after
	return nil
}

// originOf names a case and its mail, with the session key that opens it.
func (d *Desk) originOf(c *one, open *contents, mail int) (map[string]any, error) {
	origin := map[string]any{"case": string(c.ID)}
	records, err := d.records(c)
	if err != nil {
		return nil, err
	}
	if len(records) == 0 && mail == 0 {
		return origin, nil // a case without a mail
	}
	n := max(mail, 1)
	i := slices.IndexFunc(records, func(r record) bool { return r.N == n })
	if i < 0 {
		return nil, usage(fmt.Sprintf("%s has no mail %d", c.ID, n), "docket mail "+string(c.ID)+" lists them")
	}
	keys, _ := open.report["session_keys"].(map[string]any)
	session, _ := keys[fmt.Sprintf("mail-%d", n)].(string)
	if session == "" {
		e, err := d.openMail(c, records[i], open.with, "")
		if err != nil {
			return nil, err
		}
		session = e.SessionKey
	}
	origin["mail"], origin["session_key"] = float64(n), session
	return origin, nil
}

// openSplit opens the new case.
func (d *Desk) openSplit(ctx context.Context, from *one, who *actor, doc psirt.Document, contact psirt.Contact, silent bool) (psirt.CaseID, bool, error) {
	for i := range attempts {
		at := d.now()
		s, err := d.settingNow(from.Program)
		if err != nil {
			return "", false, err
		}
		cl, ok, err := d.nextCase(ctx, who, s, at)
		if err != nil {
			return "", false, err
		}
		if ok {
			n := &newcase{d: d, s: s, who: who, at: at, claim: cl, handlers: slices.DeleteFunc(slices.Clone(from.Handlers), func(f psirt.Fingerprint) bool {
				x, ok := s.Program.ByKey(f)
				return !ok || !s.Program.MayHandle(x)
			})}
			told, done, err := n.fromCase(ctx, doc.Clone(), contact, silent)
			if done || err != nil && !errors.Is(err, store.ErrLost) {
				return cl.id, told, err
			}
		}
		if err := pause(ctx, i); err != nil {
			return "", false, err
		}
		if err := d.repo.Fetch(ctx); err != nil {
			return "", false, err
		}
	}
	return "", false, &Problem{Text: "the repository changes too fast", Do: "try again"}
}

func (d *Desk) settingNow(program string) (*audit.Setting, error) {
	_, at, err := d.main()
	if err != nil {
		return nil, err
	}
	return d.judge.Setting(at, program)
}

// fromCase builds a case of a part of another and claims its number. The
// reporter is told its ID by the acknowledgement, where that may be sent.
func (n *newcase) fromCase(ctx context.Context, doc psirt.Document, contact psirt.Contact, silent bool) (told, done bool, err error) {
	doc["docket"], doc["id"] = float64(casefile.FormatVersion), string(n.claim.id)
	contact.ID = n.claim.id
	if len(n.handlers) == 0 {
		n.route(doc)
	}
	if err := schema.Validate("report", map[string]any(doc)); err != nil {
		return false, false, &Problem{Text: "the new report is not valid", Err: err, Do: "nothing was opened"}
	}
	kind := ""
	if _, err := reporterCert(contact, n.at); err == nil && contact.Address != "" && !silent {
		kind, told = n.s.Program.Intake.Update, true
	}
	batch := n.d.repo.NewBatch()
	head, err := n.build(batch, doc, contact, kind)
	if err != nil {
		return false, false, err
	}
	done, err = n.d.claimAndMerge(ctx, n, batch, head)
	return told, done, err
}

// letGo takes out of the origin what went over, and names the new case there.
func (d *Desk) letGo(ctx context.Context, s *Split) error {
	edited, err := d.Edit(ctx, s.Origin, func(report psirt.Document, _ *psirt.Contact) ([]string, error) {
		if err := without(report, s.Taken); err != nil {
			return nil, err
		}
		list, _ := report["split_into"].([]any)
		report["split_into"] = append(list, string(s.ID))
		if missing := missingOf(report, d.missingForm(s.Origin)); len(missing) > 0 {
			report["missing"] = missing
		}
		return append(slices.Clone(s.Taken), fmt.Sprintf("split_into[%d]", len(list))), nil
	})
	if err != nil {
		return err
	}
	if edited.Queued > 1 {
		s.Waits = true // what the person does not want to send yet stays where it is
		return nil
	}
	s.Push, err = d.Push(ctx, s.Origin)
	return err
}

// missingForm is what the programme of a case asks reporters for.
func (d *Desk) missingForm(id psirt.CaseID) psirt.ReportForm {
	c, err := d.onMain(id)
	if err != nil {
		return psirt.ReportForm{}
	}
	return c.setting.Program.Report
}

// originMail is the mail that reports a case which was split from another; nil
// when there is none, or the keys do not open the case.
func (d *Desk) originMail(c *one, with []seal.Opener) (*Letter, error) {
	report, err := d.reportOf(c, with)
	if err != nil {
		return nil, nil
	}
	origin, _ := report["origin"].(map[string]any)
	id, _ := origin["case"].(string)
	n, _ := origin["mail"].(float64)
	session, _ := origin["session_key"].(string)
	if id == "" || session == "" {
		return nil, nil
	}
	from, err := d.onMain(psirt.CaseID(id))
	if err != nil {
		return nil, err
	}
	list, err := d.records(from)
	if err != nil {
		return nil, err
	}
	for _, r := range list {
		if r.N == int(n) {
			l, err := d.letterWith(from, r, nil, session)
			if l != nil {
				l.Case = from.ID
			}
			return l, err
		}
	}
	return nil, nil
}
