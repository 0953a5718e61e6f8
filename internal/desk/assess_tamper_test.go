package desk_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/psirt"
)

// TestWrongScoreIsFound: whoever signs with a program of their own can write any
// score. Approvers and an audit with a key hold it against its vector (IG-33).
func TestWrongScoreIsFound(t *testing.T) {
	t.Parallel()
	c := newCounter(t)
	lead, triage := c.as("lead"), c.as("triage")
	open := func(title string) psirt.CaseID {
		id, err := lead.OpenCase(t.Context(), "ingroupe", psirt.Document{"title": title, "description": "It opens.",
			"consent": map[string]any{"submitted_at": "2026-11-22T09:00:00Z"}})
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	lie := func(report psirt.Document) {
		report["assessment"] = map[string]any{"cvss": []any{map[string]any{"version": "3.1",
			"vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "score": 2.1, "severity": "low"}}}
	}
	const right = "assessment.cvss[0].score is 2.1, and the vector gives 9.8"

	moved := open("A gate")
	p, err := desk.ProposeUnchecked(t.Context(), lead, moved, "evaluating", lie)
	if err != nil {
		t.Fatal(err)
	}
	var refused *desk.Refused
	if _, err := triage.Approve(t.Context(), p.Number, ""); !errors.As(err, &refused) || !strings.Contains(err.Error(), right) {
		t.Errorf("approved: %v", err)
	}

	edited := open("A door")
	if p, err = desk.ProposeUnchecked(t.Context(), lead, edited, "", lie); err != nil || !p.Merged {
		t.Fatal(p, err)
	}
	r, err := triage.Audit(t.Context(), desk.AuditOptions{})
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, f := range r.Findings {
		if f.Case == edited && strings.Contains(f.Text, right) {
			found++
		}
	}
	if found != 1 {
		t.Errorf("%d findings of it: %v", found, r.Findings)
	}
	// Nobody edits on top of it without putting it right.
	if _, err := triage.Set(t.Context(), edited, []desk.Assignment{{Path: "analysis.text", Value: "Seen."}}); !errors.As(err, &refused) || !strings.Contains(err.Error(), right) {
		t.Errorf("edited: %v", err)
	}
	if _, err := triage.Set(t.Context(), edited, []desk.Assignment{{Path: "assessment.cvss[0].score"}, {Path: "assessment.cvss[0].severity"}}); err != nil {
		t.Error(err)
	}
}
