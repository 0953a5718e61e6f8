package desk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/psirt"
)

// Filings under Article 14 of Regulation (EU) 2024/2847 (Cyber Resilience Act):
// what a person submits, pre-filled from the sealed case, and the record that it
// was submitted. Paragraphs 1 and 2 are about an actively exploited
// vulnerability, 3 and 4 about a severe incident.

// regulation is the name under which a programme declares the law.
const regulation = "cra"

// Field is one thing that a filing asks for.
type Field struct {
	Asks    string `json:"asks"`              // in the law's words, shortened
	Path    string `json:"path,omitempty"`    // of the report: where to write it down
	Value   string `json:"value,omitempty"`   // empty: missing, or not applicable
	Missing bool   `json:"missing,omitempty"` // it must be there
}

// Filing is what a person submits.
type Filing struct {
	ID        psirt.CaseID `json:"id"`
	Kind      string       `json:"kind"` // early-warning, notification or final
	Incident  bool         `json:"incident"`
	Article   string       `json:"article"` // such as 14(2)(a)
	Title     string       `json:"title"`
	Law       string       `json:"law"`
	To        string       `json:"to,omitempty"`
	Due       time.Time    `json:"due,omitzero"`
	AwareAt   time.Time    `json:"aware_at,omitzero"`
	Evidence  string       `json:"evidence,omitempty"`
	Filed     string       `json:"filed,omitempty"` // reference, when it was submitted already
	FiledAt   time.Time    `json:"filed_at,omitzero"`
	Fields    []Field      `json:"fields"`
	Remaining []string     `json:"missing"` // what is missing, with how to add it
}

// filingKinds are the steps of a notification, by the name people use.
var filingKinds = map[string]struct{ path, letter string }{
	"early-warning": {"early_warning", "a"}, "notification": {"notification", "b"}, "final": {"final", "c"},
}

// filingPath is where the record of a filing stands.
func filingPath(kind string, incident bool) string {
	if incident {
		return "cra.incident." + filingKinds[kind].path
	}
	return "cra." + filingKinds[kind].path
}

// Filing drafts what a person submits, from what is known of the case. What the
// law asks for and the case lacks is marked, with how to add it.
func (d *Desk) Filing(ctx context.Context, id psirt.CaseID, kind string, incident bool) (*Filing, error) {
	if filingKinds[kind].path == "" {
		return nil, usage(fmt.Sprintf("%q is no filing", kind), "filings are early-warning, notification and final")
	}
	report, err := d.openReport(ctx, id)
	if err != nil {
		return nil, err
	}
	c, err := d.onMain(id)
	if err != nil {
		return nil, err
	}
	law, err := lawOf(c.setting.Program)
	if err != nil {
		return nil, err
	}
	f := &Filing{ID: id, Kind: kind, Incident: incident, Article: article(kind, incident), Law: law.Title, To: law.Authority}
	f.Title = map[string]string{"early-warning": "Early warning", "notification": "Notification", "final": "Final report"}[kind] + " of " + subjectOfFiling(incident)
	f.AwareAt, f.Evidence = aware(report, incident)
	f.Due = d.dueOfFiling(c, report, kind, incident)
	path := filingPath(kind, incident)
	f.Filed, f.FiledAt = firstOf(report, path+".reference"), timeAt(report, path+".filed_at")
	f.Fields = fieldsOf(report, law, kind, incident, f)
	with, err := d.readers(c.setting)
	if err != nil {
		return nil, err
	}
	earlier, err := d.beforeRedaction(c, report, with)
	if err != nil {
		return nil, err
	}
	f.disclose(report, earlier)
	f.Remaining = remaining(id, f)
	return f, nil
}

// disclose leaves in a filing, which goes to an authority, what it is about: the
// reporter and their IP address are taken out of every text, and addresses of web
// pages made harmless, as in what is shared.
func (f *Filing) disclose(report psirt.Document, earlier []psirt.Document) {
	x := newExcerpt(report, psirt.Contact{}, nil, earlier...)
	f.Evidence = x.clean(f.Evidence)
	for i := range f.Fields {
		f.Fields[i].Value = x.clean(f.Fields[i].Value)
	}
}

func subjectOfFiling(incident bool) string {
	if incident {
		return "a severe incident"
	}
	return "an actively exploited vulnerability"
}

// article is the paragraph and point that asks for a filing.
func article(kind string, incident bool) string {
	paragraph := "14(2)"
	if incident {
		paragraph = "14(4)"
	}
	return paragraph + "(" + filingKinds[kind].letter + ")"
}

func lawOf(p *psirt.Program) (psirt.Regulation, error) {
	for _, r := range p.Regulation {
		if r.Name == regulation {
			return r, nil
		}
	}
	return psirt.Regulation{}, &Problem{Text: "the programme names no regulation " + regulation, Do: "add it under regulation in program.yaml, with title, manufacturer and authority"}
}

// aware is when the law's clocks began, and what shows it.
func aware(report psirt.Document, incident bool) (time.Time, string) {
	if incident {
		return timeAt(report, "cra.incident.aware_at"), firstOf(report, "cra.incident.evidence")
	}
	if at := timeAt(report, "exploitation.aware_at"); !at.IsZero() {
		return at, firstOf(report, "exploitation.evidence", "awareness.evidence")
	}
	return timeAt(report, "aware_at"), firstOf(report, "exploitation.evidence", "awareness.evidence")
}

// dueOfFiling is what the programme's own clock says, the one that the record of
// this filing stops; zero where none runs.
func (d *Desk) dueOfFiling(c *one, report psirt.Document, kind string, incident bool) time.Time {
	w, err := d.timeline(c)
	if err != nil {
		return time.Time{}
	}
	w.Report = report
	stops := "report:" + filingPath(kind, incident) + ".filed_at"
	var due time.Time
	for _, r := range c.setting.Program.SealedReadings(w) {
		if clock, ok := c.setting.Program.Clock(r.Clock); ok && slices.Contains(clock.Stops, stops) {
			due = r.Due
		}
	}
	return due
}

// firstOf is the text at the first of some paths that has one; several values
// at it are joined.
func firstOf(report psirt.Document, paths ...string) string {
	for _, path := range paths {
		var out []string
		for _, v := range report.Values(path) {
			if s := strings.TrimSpace(fmt.Sprint(v)); s != "" && !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
		if len(out) > 0 {
			return strings.Join(out, "; ")
		}
	}
	return ""
}

func remaining(id psirt.CaseID, f *Filing) []string {
	out := []string{}
	for _, field := range f.Fields {
		if field.Missing {
			out = append(out, fmt.Sprintf("%s: docket set %s %s=VALUE", field.Asks, id, field.Path))
		}
	}
	return out
}

// Filed is the record that a filing was submitted.
type Filed struct {
	Kind      string // early-warning, notification or final
	Incident  bool
	Reference string    // that the receiver gave it
	At        time.Time // zero: now
	To        string    // who received it; empty: the programme's authority
	Document  []byte    // what was submitted, or nil; its digest is kept
	Text      string    // where it is kept, or what was said
}

// RecordFiling puts on record, signed and sealed, that a filing was submitted,
// which stops its clock. The same record twice changes nothing.
func (d *Desk) RecordFiling(ctx context.Context, id psirt.CaseID, f Filed) (*Recorded, error) {
	if filingKinds[f.Kind].path == "" {
		return nil, usage(fmt.Sprintf("%q is no filing", f.Kind), "filings are early-warning, notification and final")
	}
	if strings.TrimSpace(f.Reference) == "" {
		return nil, usage("a filing on record has a reference", "name the one that the receiver gave it with --reference REF")
	}
	return d.writeDown(ctx, id, func(x *recording) ([]string, error) {
		law, err := lawOf(x.c.setting.Program)
		if err != nil {
			return nil, err
		}
		if f.At.IsZero() {
			f.At = x.at
		}
		path := filingPath(f.Kind, f.Incident)
		if v := f.fits(x, path); !v.OK() {
			return nil, &Refused{What: "nothing was put on record for " + string(id), Verdict: v}
		}
		if firstOf(x.report, path+".reference") == f.Reference {
			return nil, nil
		}
		entry := map[string]any{"filed_at": f.At.UTC().Format(time.RFC3339), "by": x.who.handle}
		if f.To == "" {
			f.To = law.Authority
		}
		x.put(entry, "to", f.To)
		x.put(entry, "reference", f.Reference)
		x.put(entry, "text", f.Text)
		if f.Document != nil {
			sum := sha256.Sum256(f.Document)
			entry["sha256"] = hex.EncodeToString(sum[:])
		}
		return x.set(map[string]any{path: entry})
	})
}

// fits answers whether such a filing can have been submitted.
func (f Filed) fits(x *recording, path string) psirt.Verdict {
	what := "the filing is put on record"
	began, _ := aware(x.report, f.Incident)
	old := firstOf(x.report, path+".reference")
	switch {
	case old != "" && old != f.Reference:
		return psirt.All(what, psirt.Failed("this filing is on record already, with the reference "+old, "correct it with docket set "+string(x.id)+" "+path+".reference=REF"))
	case f.At.After(x.at.Add(time.Minute)):
		return psirt.All(what, psirt.Failed("it cannot have been filed at "+f.At.UTC().Format(time.RFC3339)+", which is to come", "give the time with its zone: --at 2026-11-22T10:00:00+01:00"))
	case began.IsZero():
		do := "record when, and what shows it: docket set " + string(x.id) + " exploited=yes exploitation.aware_at=TIME exploitation.evidence=WORDS"
		if f.Incident {
			do = "record when, and what shows it: docket set " + string(x.id) + " cra.incident.severe=true cra.incident.aware_at=TIME cra.incident.evidence=WORDS"
		}
		return psirt.All(what, psirt.Failed("it is not on record when the manufacturer became aware", do))
	case f.At.Before(began):
		return psirt.All(what, psirt.Failed("it cannot have been filed before the manufacturer became aware, at "+began.Format(time.RFC3339), "correct the one or the other"))
	}
	return psirt.Passed(what)
}
