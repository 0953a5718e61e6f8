package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
)

// Kept is something that is to be deleted, and when.
type Kept struct {
	ID    psirt.CaseID `json:"id"`
	What  string       `json:"what"`
	Until time.Time    `json:"until"` // beginning of the day, UTC
	Late  bool         `json:"late"`
	Do    string       `json:"do"`
	Why   string       `json:"why,omitempty"` // what asks for it to be kept longer
}

// Retention lists what is to be deleted, the most urgent first: of one case, or
// of all that a key at hand opens, closed ones too.
func (d *Desk) Retention(ctx context.Context, id psirt.CaseID) ([]Kept, error) {
	if err := d.repo.Fetch(ctx); err != nil {
		return nil, err
	}
	out := []Kept{}
	if id != "" {
		c, err := d.onMain(id)
		if err != nil {
			return nil, err
		}
		report, err := d.openReport(ctx, id)
		if err != nil {
			return nil, err
		}
		out = append(out, keptOf(c, report, d.now())...)
		soonestFirst(out)
		return out, nil
	}
	with := map[string][]seal.Opener{}
	err := d.each(func(c *one) error {
		keys, ok := with[c.Program]
		if !ok {
			var err error
			if keys, err = d.readers(c.setting); err != nil {
				return err
			}
			with[c.Program] = keys
		}
		if len(keys) == 0 {
			return nil
		}
		open, err := d.open(c, keys)
		if errors.Is(err, seal.ErrNoKey) {
			return nil
		}
		if err == nil {
			out = append(out, keptOf(c, open.report, d.now())...)
		}
		return err
	})
	soonestFirst(out)
	return out, err
}

func soonestFirst(list []Kept) {
	sort.SliceStable(list, func(i, j int) bool { return list[i].Until.Before(list[j].Until) })
}

// keptOf lists what a case keeps for a limited time.
func keptOf(c *one, report psirt.Document, now time.Time) []Kept {
	var out []Kept
	add := func(what string, until time.Time, do string) {
		if !until.IsZero() {
			out = append(out, Kept{ID: c.ID, What: what, Until: until, Late: !now.Before(until), Do: do, Why: firstOf(report, "retention.why")})
		}
	}
	id := string(c.ID)
	if has := personalIn(report); len(has) > 0 {
		until := timeAt(report, "retention.until")
		if until.IsZero() {
			until = closedFor(c, time.Duration(c.setting.Program.Retention.Personal))
		}
		add("personal data: "+strings.Join(has, ", "), until, "docket redact "+id)
	}
	if len(report.Values("source_ip")) > 0 {
		add("the reporter's IP address: source_ip", timeAt(report, "retention.source_ip_until"), "docket redact "+id+" source_ip")
	}
	if len(report.Values("conduct.deletion.ours_deleted_at")) == 0 {
		add("our copies of attached files", timeAt(report, "retention.samples_until"), "delete what was exported, then docket set "+id+" conduct.deletion.ours_deleted_at=TIME")
	}
	if until := deletionUntil(c.setting.Program, report); !until.IsZero() {
		add("data that the reporter obtained: the deletion is not confirmed", until, "docket reply "+id+" --update deletion, then docket set "+id+" conduct.deletion.confirmed_at=TIME")
	}
	return out
}

// deletionUntil is when the reporter is to have confirmed that obtained data is
// deleted: as long after the question as the programme's clock for it gives, or
// at once; zero when nothing was asked, or it is settled.
func deletionUntil(p *psirt.Program, report psirt.Document) time.Time {
	const asked, confirmed = "conduct.deletion.asked_at", "conduct.deletion.confirmed_at"
	at := timeAt(report, asked)
	if at.IsZero() || len(report.Values(confirmed))+len(report.Values("conduct.deletion.none_because")) > 0 {
		return time.Time{}
	}
	for _, c := range p.Clocks {
		if slices.Contains(c.Starts, "report:"+asked) && slices.Contains(c.Stops, "report:"+confirmed) {
			return at.Add(time.Duration(c.Within))
		}
	}
	return at
}

// closedFor is the day on which a case has been closed for so long; zero while
// it is open, or without a limit.
func closedFor(c *one, limit time.Duration) time.Time {
	state, _ := c.setting.Program.State(c.State)
	if limit <= 0 || state.Phase != psirt.PhaseClosed {
		return time.Time{}
	}
	return c.Log[len(c.Log)-1].At.Add(limit).UTC().Truncate(24 * time.Hour)
}

// personal are the paths of a report that say who the reporter is.
var personal = []string{"reporter.name", "reporter.pseudonym", "reporter.organisation", "reporter.email", "reporter.on_behalf_of",
	"source_ip", "credit_wish", "permissions.pseudonym", "disclosure.credit"}

func personalIn(report psirt.Document) []string {
	var out []string
	for _, path := range personal {
		if len(report.Values(path)) > 0 {
			out = append(out, path)
		}
	}
	return out
}

// firstRetention is how long what came with a report is kept, by the programme's
// rule, for a case that is opened now.
func firstRetention(p *psirt.Program, doc psirt.Document, opened time.Time) {
	out := map[string]any{}
	day := func(d psirt.Duration) string { return opened.Add(time.Duration(d)).UTC().Format(time.DateOnly) }
	if p.Retention.SourceIP > 0 && len(doc.Values("source_ip")) > 0 {
		out["source_ip_until"] = day(p.Retention.SourceIP)
	}
	if list, _ := doc["attachments"].([]any); p.Retention.Samples > 0 && len(list) > 0 {
		out["samples_until"] = day(p.Retention.Samples)
	}
	if len(out) > 0 {
		doc["retention"] = out
	}
}

// Redact takes personal data out of the newest revision of a case, and of all
// that follow: the paths given, or all that say who the reporter is. Of the
// contact it takes address and key only when they are named (contact.address,
// contact.key) and the case is closed, since nobody can be written to then.
// History, and the mails that are kept as evidence, keep what they have.
func (d *Desk) Redact(ctx context.Context, id psirt.CaseID, paths []string, why string) (*Recorded, error) {
	c, err := d.onMain(id)
	if err != nil {
		return nil, err
	}
	state, _ := c.setting.Program.State(c.State)
	contactToo := slices.ContainsFunc(paths, func(p string) bool { return strings.HasPrefix(p, "contact.") })
	if contactToo && state.Phase != psirt.PhaseClosed {
		return nil, &Refused{What: "nothing was redacted in " + string(id), Verdict: psirt.Failed("the case is open, and its reporter could not be written to any more", "close it first")}
	}
	out := &Recorded{ID: id, Changed: []string{}}
	e, err := d.Edit(ctx, id, func(report psirt.Document, contact *psirt.Contact) ([]string, error) {
		before := report.Clone()
		changed, err := d.redact(report, contact, paths, why)
		out.AlsoIn = stillThere(report, before, changed)
		return changed, err
	})
	if err != nil {
		return nil, err
	}
	out.Changed = append(out.Changed, e.Changed...)
	if e.Queued > 0 {
		out.Proposed, err = d.Push(ctx, id)
	}
	return out, err
}

func (d *Desk) redact(report psirt.Document, contact *psirt.Contact, paths []string, why string) ([]string, error) {
	if len(paths) == 0 {
		paths = personalIn(report)
	}
	section, _ := report["retention"].(map[string]any)
	if section == nil {
		section = map[string]any{}
	}
	gone, _ := section["redacted"].([]any)
	var changed []string
	for _, path := range paths {
		had, err := takeOut(report, contact, path)
		if err != nil {
			return nil, err
		}
		if had {
			changed = append(changed, path)
			if !slices.Contains(gone, any(path)) {
				gone = append(gone, path)
			}
		}
	}
	if len(changed) == 0 {
		return nil, nil
	}
	section["redacted"], section["redacted_at"] = gone, d.now().Format(time.RFC3339)
	if why != "" {
		section["why"] = why
	}
	report["retention"] = section
	return append(changed, "retention"), nil
}

// stillThere lists the paths of texts that hold a value which was taken out: a
// reporter signs a description, too. Short values are in too many words.
func stillThere(report, before psirt.Document, paths []string) []string {
	var gone []string
	for _, path := range paths {
		for _, v := range before.Values(path) {
			if s, ok := v.(string); ok && len(s) >= 4 {
				gone = append(gone, strings.ToLower(s))
			}
		}
	}
	var out []string
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case string:
			low := strings.ToLower(v)
			if slices.ContainsFunc(gone, func(s string) bool { return strings.Contains(low, s) }) {
				out = append(out, path)
			}
		case []any:
			for i, item := range v {
				walk(fmt.Sprintf("%s[%d]", path, i), item)
			}
		case map[string]any:
			for name, item := range v {
				walk(strings.TrimPrefix(path+"."+name, "."), item)
			}
		}
	}
	walk("", map[string]any(report))
	slices.Sort(out)
	return out
}

// takeOut empties one path.
func takeOut(report psirt.Document, contact *psirt.Contact, path string) (bool, error) {
	switch path {
	case "contact.address":
		had := contact.Address != ""
		contact.Address = ""
		return had, nil
	case "contact.key":
		had := contact.Key != ""
		contact.Key = ""
		return had, nil
	}
	before := fmt.Sprint(map[string]any(report))
	if err := setPath(report, path, nil); err != nil {
		return false, err
	}
	top, _, _ := strings.Cut(path, ".")
	if m, ok := report[top].(map[string]any); ok && len(m) == 0 {
		delete(report, top)
	}
	return fmt.Sprint(map[string]any(report)) != before, nil
}
