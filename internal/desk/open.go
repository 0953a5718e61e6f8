package desk

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/mail/extract"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/store"
	"github.com/docket-psirt/docket/schema"
)

// OpenCase opens a case without a mail: a phone call, or a finding of one's
// own. The person who acts signs it. The document is a report document without
// docket and id. When it names a reporter's address there is no acknowledgement:
// whoever opened the case is in touch already.
func (d *Desk) OpenCase(ctx context.Context, program string, doc psirt.Document) (psirt.CaseID, error) {
	if err := d.repo.Fetch(ctx); err != nil {
		return "", err
	}
	_, at, err := d.main()
	if err != nil {
		return "", err
	}
	names, err := d.judge.Programs(at)
	if err != nil {
		return "", err
	}
	if program == "" && len(names) == 1 {
		program = names[0]
	}
	if !has(names, program) {
		return "", noProgramme(program, names)
	}
	s, err := d.judge.Setting(at, program)
	if err != nil {
		return "", err
	}
	who, err := d.me(s)
	if err != nil {
		return "", err
	}
	for i := range attempts {
		when := d.now()
		cl, ok, err := d.nextCase(ctx, who, s, when)
		if err != nil {
			return "", err
		}
		if ok {
			n := &newcase{d: d, s: s, who: who, at: when, claim: cl}
			done, err := n.byHand(ctx, doc.Clone())
			if done || err != nil && !errors.Is(err, store.ErrLost) {
				return cl.id, err
			}
		}
		if err := pause(ctx, i); err != nil {
			return "", err
		}
		if err := d.repo.Fetch(ctx); err != nil {
			return "", err
		}
	}
	return "", &Problem{Text: "the repository changes too fast", Do: "try again"}
}

func (n *newcase) byHand(ctx context.Context, doc psirt.Document) (bool, error) {
	doc["docket"], doc["id"] = float64(casefile.FormatVersion), string(n.claim.id)
	delete(doc, "session_keys") // in a document of another case they are those of its files
	if _, ok := doc["missing"]; !ok {
		if missing := missingOf(doc, n.s.Program.Report); len(missing) > 0 {
			doc["missing"] = missing
		}
	}
	byAnalyst(doc, n.who)
	assayed(doc, n.s.Program)
	if err := schema.Validate("report", map[string]any(doc)); err != nil {
		return false, &Problem{Text: "the report document is not valid", Err: err, Do: "nothing was opened"}
	}
	if err := awareByNow(nil, doc, n.d.now()); err != nil {
		return false, err
	}
	availableSince(nil, doc, n.d.now())
	n.route(doc)
	contact := psirt.Contact{Docket: casefile.FormatVersion, ID: n.claim.id}
	if mails := doc.Values("reporter.email"); len(mails) == 1 {
		contact.Address, _ = mails[0].(string)
	}
	batch := n.d.repo.NewBatch()
	head, err := n.build(batch, doc, contact, "")
	if err != nil {
		return false, err
	}
	return n.d.claimAndMerge(ctx, n, batch, head)
}

// missingOf lists what the policy asks for and a document lacks.
func missingOf(doc psirt.Document, form psirt.ReportForm) []any {
	raw, err := json.Marshal(doc)
	if err != nil {
		return nil
	}
	var r psirt.Reported
	if json.Unmarshal(raw, &r) != nil {
		return nil // the schema says what is wrong
	}
	var out []any
	for _, token := range extract.Missing(r, form) {
		out = append(out, token)
	}
	return out
}
