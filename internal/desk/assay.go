package desk

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/mail"
	"github.com/docket-psirt/docket/internal/mail/extract"
	"github.com/docket-psirt/docket/internal/psirt"
)

// assayed holds a report against the programme: which label it bears, whom the
// consent covers, whether the products are ones that there are, and which one
// the subject speaks of where the report names none of the programme's.
func assayed(doc psirt.Document, p *psirt.Program) {
	if doc["tlp"] == nil {
		if label := labelOf(doc, p); label != "" {
			doc["tlp"] = label
		}
	}
	if consent, ok := doc["consent"].(map[string]any); ok && consent["covers"] == nil && consent["submitted_at"] != nil {
		consent["covers"] = coveredBy(doc)
	}
	for _, u := range unlisted(doc, p) {
		flag(doc, u.Flag)
	}
	title, _ := doc["title"].(string)
	known := slices.ContainsFunc(doc.Values("products.name"), func(v any) bool { s, _ := v.(string); return p.ProductIn(s) != "" })
	if hint := p.ProductIn(title); hint != "" && doc["product_hint"] == nil && !known {
		doc["product_hint"] = hint
	}
}

// flag adds a flag to a report that does not have it.
func flag(doc psirt.Document, name string) {
	list, _ := doc["flags"].([]any)
	if !slices.Contains(list, any(name)) {
		doc["flags"] = append(list, name)
	}
}

// labelOf is the label of the Traffic Light Protocol (FIRST TLP 2.0) of a
// report: the one that the mail bears, or the programme's. WHITE of TLP 1.0 is
// CLEAR now.
func labelOf(doc psirt.Document, p *psirt.Program) string {
	for _, v := range doc.Values("flags") {
		name, _ := v.(string)
		if label, ok := strings.CutPrefix(name, "tlp-"); ok {
			switch label {
			case "white":
				return "clear"
			case "amber-strict":
				return "amber+strict"
			}
			return label
		}
	}
	return p.TLP
}

// labelOfMail is the label that a mail bears, or the programme's, as it stands
// in mails to handlers.
func labelOfMail(in *inbound) string {
	doc := psirt.Document{}
	if in.content != nil {
		r := read(in.m, in.content, 1, true, in.setting.Program)
		doc["flags"] = anys(r.Flags)
	}
	doc["tlp"] = labelOf(doc, in.setting.Program)
	return labelLine(doc)
}

// inScope answers whether the addresses of web pages in a report lie in the
// programme's domains; nil where there are none, or no domains.
func inScope(doc psirt.Document, scope psirt.Scope) *bool {
	hosts := hostsIn(doc)
	if len(hosts) == 0 || len(scope.Domains) == 0 {
		return nil
	}
	within := !slices.ContainsFunc(hosts, func(host string) bool { return !scope.HasHost(host) })
	return &within
}

// labelLine is the label as it stands in a mail, or "".
func labelLine(doc psirt.Document) string {
	if label := firstOf(doc, "tlp"); label != "" {
		return "TLP:" + strings.ToUpper(label)
	}
	return ""
}

// coveredBy says whom the consent of whoever submits a report covers, by what
// the report says of them.
func coveredBy(doc psirt.Document) string {
	out := "the reporter"
	if len(doc.Values("reporter.organisation")) > 0 {
		out += ", the organisation named (reporter.organisation)"
	}
	if len(doc.Values("reporter.on_behalf_of")) > 0 {
		out += ", those for whom the report is made (reporter.on_behalf_of)"
	}
	return out
}

// unlisted is what the programme's catalogue does not know of a report's
// products.
func unlisted(doc psirt.Document, p *psirt.Program) []psirt.Unlisted {
	raw, err := json.Marshal(map[string]any{"products": doc["products"]})
	if err != nil {
		return nil
	}
	var r psirt.Reported
	if json.Unmarshal(raw, &r) != nil {
		return nil // the schema says what is wrong
	}
	return p.Scope.Unlisted(r.Products)
}

// mostKnown bounds how much of the catalogue a question names.
const mostKnown = 12

// unlistedQuestions ask the reporter about what the catalogue does not know.
func unlistedQuestions(doc psirt.Document, p *psirt.Program) []string {
	var out []string
	for _, u := range unlisted(doc, p) {
		known := ""
		if len(u.Known) <= mostKnown {
			known = " We know: " + strings.Join(u.Known, ", ") + "."
		}
		switch u.Flag {
		case psirt.FlagUnknownProduct:
			out = append(out, "We do not know a product \""+u.Value+"\" of ours. Which product is it?"+known)
		case psirt.FlagUnknownPartNumber:
			out = append(out, "We do not know the part number or reference \""+u.Value+"\". Could you check it?"+known)
		default:
			out = append(out, "We do not know a version \""+u.Value+"\" of the product. Which one is it?"+known)
		}
	}
	return out
}

// announced puts on record what a report says of publication: that something is
// public, and a day for which the reporter plans it, which is a proposal of
// theirs for the embargo.
func announced(doc psirt.Document, sent, at time.Time) {
	said, _ := doc["public_info"].(string)
	list := extract.Publications(said, sent)
	if len(list) == 0 {
		return
	}
	disclosure, _ := doc["disclosure"].(map[string]any)
	if disclosure == nil {
		disclosure = map[string]any{}
		doc["disclosure"] = disclosure
	}
	var first time.Time
	var publications []any
	for _, p := range list {
		entry := map[string]any{"what": p.What, "status": p.Status, "by": "reporter"}
		day, err := time.Parse(time.DateOnly, p.At)
		if err == nil {
			entry["at"] = p.At
		}
		publications = append(publications, entry)
		switch {
		case p.Status == "published":
			disclosure["public"] = true
			if err == nil && disclosure["published_at"] == nil {
				disclosure["published_at"] = p.At
			}
		case day.After(at) && (first.IsZero() || day.Before(first)):
			first = day
		}
	}
	disclosure["publications"] = publications
	if first.IsZero() {
		return
	}
	until := first.Format(time.RFC3339)
	disclosure["planned_at"] = first.Format(time.DateOnly)
	disclosure["embargo"] = []any{map[string]any{"event": "proposed", "at": at.Format(time.RFC3339), "by": "reporter", "until": until,
		"mail": float64(1), "text": "The report plans a publication on that day."}}
	disclosure["embargo_until"], disclosure["proposed_by"] = until, "reporter"
}

// sentAt is when a mail says that it was written.
func sentAt(in *inbound) time.Time {
	if in.content != nil && !in.content.Date.IsZero() {
		return in.content.Date
	}
	return in.m.Date
}

// held holds a report back that came in clear, where the policy says so. Of one
// that is rejected nothing was read. It is a case all the same: nothing that
// arrives may be lost, the untouched mail is kept in one, and the note that says
// how to encrypt bears its ID. It can only be closed, unless a person releases
// it.
func held(doc psirt.Document, in *inbound) {
	mode := in.setting.Program.Intake.Clear
	if !in.inClear() || mode != psirt.ClearQuarantine && mode != psirt.ClearReject {
		return
	}
	arrival, _ := doc["arrival"].(map[string]any)
	if arrival == nil {
		arrival = map[string]any{}
		doc["arrival"] = arrival
	}
	arrival["held"] = mode
}

// inClear reports whether a mail could be read by others on its way.
func (in *inbound) inClear() bool { return in.opened && in.clear && in.advisory == nil }

// rejected reports whether no report may be read from a mail.
func (in *inbound) rejected() bool {
	return in.inClear() && in.setting.Program.Intake.Clear == psirt.ClearReject
}

// flagSetAside says that an attached file does not count as evidence.
const flagSetAside = "attachment-set-aside"

// admitted divides attached files into those that count as evidence and the
// rest, by the programme's limits. What the octets are counts for pictures, and
// for what only claims to be one.
func admitted(list []mail.Attachment, n int, limits psirt.AttachmentLimits) (in []psirt.Attached, out []psirt.SetAside) {
	for _, a := range list {
		kinds := []string{a.ContentType}
		if strings.HasPrefix(a.ContentType, "image/") && a.Sniffed != "" {
			kinds = append(kinds, a.Sniffed)
		}
		if why := limits.Admits(a.Size, kinds...); why != "" {
			out = append(out, psirt.SetAside{Mail: n, Name: a.Name, ContentType: a.ContentType, SHA256: a.SHA256, Size: a.Size, Why: why})
			continue
		}
		in = append(in, psirt.Attached{Mail: n, Name: a.Name, ContentType: a.ContentType, SHA256: a.SHA256, Size: a.Size})
	}
	return in, out
}

// Completeness is how much of what the policy asks for a report has.
type Completeness struct {
	Asked   int      `json:"asked"`
	Present int      `json:"present"`
	Missing []string `json:"missing"` // tokens
}

// completenessOf counts; nil where the policy asks for nothing. It is derived
// from the sealed report each time, so it stands nowhere in the clear.
func completenessOf(doc psirt.Document, form psirt.ReportForm) *Completeness {
	if len(form.Asked) == 0 || doc == nil {
		return nil
	}
	missing := texts(any(missingOf(doc, form)))
	if missing == nil {
		missing = []string{}
	}
	return &Completeness{Asked: len(form.Asked), Present: len(form.Asked) - len(missing), Missing: missing}
}
