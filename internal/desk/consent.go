package desk

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/psirt"
)

// Recorded is what became of something that was put on record in the sealed
// part of a case: an edit, and the proposal that brings it to main.
type Recorded struct {
	ID       psirt.CaseID `json:"id"`
	Changed  []string     `json:"changed"`           // paths; none: it was on record already
	AlsoIn   []string     `json:"also_in,omitempty"` // of a redaction: paths of free text that still have what was taken out
	Proposed *Proposed    `json:"proposed,omitempty"`
}

// recording is a record in the making: the open report, and who writes it when.
type recording struct {
	d      *Desk
	id     psirt.CaseID
	c      *one
	who    *actor
	at     time.Time
	report psirt.Document
}

// writeDown makes one signed, sealed edit of a case and brings it to main at once.
// When the command was killed between the two, the edit waits in the queue: the
// second time it is found there and brought along.
func (d *Desk) writeDown(ctx context.Context, id psirt.CaseID, write func(*recording) ([]string, error)) (*Recorded, error) {
	t, who, _, err := d.asAnalyst(ctx, id)
	if err != nil {
		return nil, err
	}
	x := &recording{d: d, id: id, c: t.c, who: who, at: d.now()}
	e, err := d.Edit(ctx, id, func(report psirt.Document, _ *psirt.Contact) ([]string, error) {
		x.report = report
		return write(x)
	})
	if err != nil {
		return nil, err
	}
	out := &Recorded{ID: id, Changed: e.Changed}
	if out.Changed == nil {
		out.Changed = []string{}
	}
	if e.Queued > 0 {
		out.Proposed, err = d.Push(ctx, id)
	}
	return out, err
}

// put adds a text to a record, unless it is empty.
func (x *recording) put(into map[string]any, name, text string) {
	if text = strings.TrimSpace(text); text != "" {
		into[name] = text
	}
}

// set changes values of the report, in the order of their paths.
func (x *recording) set(values map[string]any) ([]string, error) {
	var paths, changed []string
	for path := range values {
		paths = append(paths, path)
	}
	sort.Strings(paths)
	for _, path := range paths {
		if err := setPath(x.report, path, values[path]); err != nil {
			return nil, err
		}
		if !strings.HasSuffix(path, "[]") {
			changed = append(changed, path)
		}
	}
	return changed, nil
}

// happened holds that what is put on record has happened.
func (x *recording) happened(at time.Time) error {
	if at.After(x.at) {
		return usage(at.UTC().Format(time.RFC3339)+" lies in the future", "say with --at when it happened, or leave that out")
	}
	return nil
}

// mailThere holds that a mail which is named as evidence is on record.
func (x *recording) mailThere(n int) error {
	if n == 0 {
		return nil
	}
	list, err := x.d.records(x.c)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(list, func(r record) bool { return r.N == n }) {
		return usage(fmt.Sprintf("%s has no mail %d", x.id, n), "docket mail "+string(x.id)+" lists them")
	}
	return nil
}

// openReport opens the report of a case as the person who acts sees it.
func (d *Desk) openReport(ctx context.Context, id psirt.CaseID) (psirt.Document, error) {
	shown, err := d.Show(ctx, id)
	if err != nil {
		return nil, err
	}
	if shown.Sealed != nil {
		return nil, shown.Sealed
	}
	return shown.Report, nil
}

// Consent is something that the reporter permits, or no longer does.
type Consent struct {
	About   string    // analysis, share, credit, contact, forward or publish
	To      string    // with whom, or where
	Fields  []string  // which parts of the report, by path; none: all of it
	Purpose string    // for what
	At      time.Time // zero: now
	Mail    int       // number of the mail that says so, or 0
	Text    string    // in whose words
}

// permissions are the short answers that follow from consents.
var permissions = map[string]string{"share": "permissions.share", "credit": "permissions.credit"}

// RecordConsent puts a consent on record, signed and sealed.
func (d *Desk) RecordConsent(ctx context.Context, id psirt.CaseID, k Consent) (*Recorded, error) {
	if err := k.names(); err != nil {
		return nil, err
	}
	return d.writeDown(ctx, id, func(x *recording) ([]string, error) {
		if err := x.mailThere(k.Mail); err != nil {
			return nil, err
		}
		if err := x.happened(k.At); err != nil {
			return nil, err
		}
		if k.Mail == 0 && strings.TrimSpace(k.Text) == "" {
			return nil, usage("a consent needs what shows it", "name the mail with --mail N, or say how it was given with --text WORDS")
		}
		entry := k.entry(x)
		for _, old := range consentsOf(x.report) {
			if old["revoked_at"] == nil && sameBut(old, entry, "given_at") {
				return nil, nil // on record already
			}
		}
		set := map[string]any{"consents[]": entry}
		if path := permissions[k.About]; path != "" {
			set[path] = "yes"
		}
		more, err := x.set(set)
		return append([]string{fmt.Sprintf("consents[%d]", len(consentsOf(x.report))-1)}, more...), err
	})
}

// names holds that a consent says what the reporter agreed to.
func (k Consent) names() error {
	kinds := []string{"analysis", "share", "credit", "contact", "forward", "publish"}
	switch {
	case !slices.Contains(kinds, k.About):
		return usage(fmt.Sprintf("%q is nothing that a consent is about", k.About), "consents are about "+strings.Join(kinds, ", "))
	case k.To == "" && (k.About == "share" || k.About == "forward"):
		return usage("a consent to "+k.About+" names with whom", "add --to WHOM")
	}
	return nil
}

func (k Consent) entry(x *recording) map[string]any {
	at := k.At
	if at.IsZero() {
		at = x.at
	}
	out := map[string]any{"about": k.About, "given_at": at.UTC().Format(time.RFC3339)}
	x.put(out, "to", k.To)
	x.put(out, "purpose", k.Purpose)
	x.put(out, "text", k.Text)
	if k.Mail > 0 {
		out["mail"] = float64(k.Mail)
	}
	var fields []any
	for _, f := range k.Fields {
		fields = append(fields, f)
	}
	if fields != nil {
		out["fields"] = fields
	}
	return out
}

// WithdrawConsent puts on record that the reporter took back what was agreed to:
// every consent about the same matter and, where To is given, the same party.
// What was passed on before stays passed on.
func (d *Desk) WithdrawConsent(ctx context.Context, id psirt.CaseID, k Consent) (*Recorded, error) {
	if err := (Consent{About: k.About, To: "-"}).names(); err != nil {
		return nil, err
	}
	return d.writeDown(ctx, id, func(x *recording) ([]string, error) {
		if err := x.mailThere(k.Mail); err != nil {
			return nil, err
		}
		if err := x.happened(k.At); err != nil {
			return nil, err
		}
		at := k.At
		if at.IsZero() {
			at = x.at
		}
		var changed []string
		known, left := false, false
		for i, entry := range consentsOf(x.report) {
			if entry["about"] != k.About {
				continue
			}
			if to, _ := entry["to"].(string); k.To != "" && !strings.EqualFold(to, k.To) {
				left = left || entry["revoked_at"] == nil
				continue
			}
			known = true
			if entry["revoked_at"] == nil {
				entry["revoked_at"] = at.UTC().Format(time.RFC3339)
				changed = append(changed, fmt.Sprintf("consents[%d]", i))
			}
		}
		if !known {
			return nil, usage("there is no such consent on record", "docket consent "+string(x.id)+" lists them")
		}
		if path := permissions[k.About]; path != "" && !left && len(changed) > 0 {
			more, err := x.set(map[string]any{path: "no"})
			return append(changed, more...), err
		}
		return changed, nil
	})
}

// consentsOf are the consents of a report; changing one changes the report.
func consentsOf(report psirt.Document) []map[string]any {
	list, _ := report["consents"].([]any)
	var out []map[string]any
	for _, item := range list {
		if m, ok := item.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// Consents lists the consents of a case, with the keys at hand.
func (d *Desk) Consents(ctx context.Context, id psirt.CaseID) ([]map[string]any, error) {
	report, err := d.openReport(ctx, id)
	out := consentsOf(report)
	if out == nil {
		out = []map[string]any{}
	}
	return out, err
}
