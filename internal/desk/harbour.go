package desk

import (
	"time"

	"github.com/docket-psirt/docket/internal/psirt"
)

// twoLooked is the fact that two people, each in a revision that they signed,
// have looked at the conduct of a reporter.
const twoLooked = "two-looked"

// harbour follows what an edit says of the reporter's conduct. A method that
// the policy does not authorise puts the safe harbour under review; from there
// it is granted again only when two people have looked, each on record in a
// revision of their own that is signed. Every decision is noted in its history,
// unless whoever decides has noted it. It answers the paths that it changed.
func (d *Desk) harbour(c *one, open *contents, before, after psirt.Document, who *actor) ([]string, error) {
	const status, history = "legal.safe_harbour", "legal.history"
	was, now := firstOf(before, status), firstOf(after, status)
	entry := map[string]any{"at": d.now().Format(time.RFC3339), "by": who.handle, "to": now}
	hit := len(after.Values("conduct.methods")) > len(before.Values("conduct.methods"))
	switch {
	case hit && (now == "" || now == "granted"):
		entry["to"], entry["text"] = "review", "A method is on record that the policy does not authorise."
		if err := setPath(after, status, "review"); err != nil {
			return nil, err
		}
		return []string{status, history}, setPath(after, history+"[]", entry)
	case was == "review" && now == "granted":
		if v := d.looked(c, open, after); !v.OK() {
			return nil, &Refused{What: "the safe harbour of " + string(c.ID) + " stays under review", Verdict: v}
		}
	}
	if now == was || now == "" || len(after.Values(history+".to")) != len(before.Values(history+".to")) {
		return nil, nil
	}
	return []string{history}, setPath(after, history+"[]", entry)
}

// looked judges the fact twoLooked of a report that is about to be written.
func (d *Desk) looked(c *one, open *contents, report psirt.Document) psirt.Verdict {
	p := *c.setting.Program
	p.Facts = map[string]psirt.Fact{twoLooked: {
		Means: "Two people have looked at how the weakness was found, each in a revision that they signed.",
		Do:    "let each run docket set ID 'conduct.reviews[]={\"by\":\"HANDLE\",\"text\":\"WORDS\"}' and docket push ID, and grant it then",
		Is:    psirt.Test{Signers: &psirt.Signers{Path: "conduct.reviews", Min: 2}},
	}}
	history, err := d.past(c, open.with)
	if err != nil {
		return psirt.Failed("what was signed before cannot be read", "run docket audit")
	}
	return p.Judge(twoLooked, psirt.World{Case: c.Case, Report: report, Now: d.now(), History: history})
}
