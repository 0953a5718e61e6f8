package audit_test

import (
	"slices"
	"testing"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/psirt"
)

func TestHonestHistoryHasNoFindings(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	for _, keyed := range []bool{false, true} {
		if list := y.audit(keyed); len(list) > 0 {
			t.Errorf("keyed %v: %v", keyed, list)
		}
	}
	if list := y.check(); len(list) > 0 {
		t.Error(list)
	}
}

// Edits that stand on a proposal go out after it was merged.
func TestEditsOnTopOfAProposal(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	y.move(third, "evaluating")
	y.as("lead", func(d *desk.Desk) {
		if _, err := d.Set(t.Context(), third, []desk.Assignment{{Path: "analysis.text", Value: "looked"}}); err != nil {
			t.Fatal(err)
		}
	})
	y.approve("triage")
	y.as("lead", func(d *desk.Desk) {
		if p, err := d.Push(t.Context(), third); err != nil || !p.Merged {
			t.Fatal(p, err)
		}
	})
	if list := y.audit(false); len(list) > 0 {
		t.Error(list)
	}
}

// What the audit objects to stays in the way of later mail, also when nothing
// was to be sent when it came.
func TestNothingIsSentOnTopOfTampering(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	h := y.revise("mailer", y.main(), third, func(*psirt.Case) {})
	y.merge(h, third)
	before := y.deliver()
	y.move(third, "evaluating")
	y.approve("triage")
	if after := y.deliver(); before != 0 || after != 0 {
		t.Errorf("%d and %d mails were sent", before, after)
	}
}

// Heads that were seen before hold what is there now.
func TestHistoryRewritten(t *testing.T) {
	t.Parallel()
	for _, branch := range []string{"refs/heads/main", "refs/heads/deliveries"} {
		y := newYard(t)
		memory := t.TempDir()
		look := func() []audit.Finding {
			d, err := desk.Open(y.dir, desk.Options{Now: y.clock})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = d.Close() }()
			r, err := d.Audit(t.Context(), desk.AuditOptions{Remember: memory})
			if err != nil {
				t.Fatal(err)
			}
			return r.Findings
		}
		if list := look(); len(list) > 0 {
			t.Fatal(list)
		}
		// A finding of another kind does not stop the remembering.
		h := y.revise("lead", y.main(), third, func(c *psirt.Case) { y.to("lead", "evaluating")(c); y.told(c, "evaluating") })
		before := y.head(branch)
		y.merge(h, third)
		if branch != "refs/heads/main" {
			y.deliver()
		}
		if list := look(); len(list) == 0 {
			t.Fatal("expected the missing approval to be found")
		}
		if before == y.head(branch) {
			t.Fatal("expected something new on " + branch)
		}
		y.git("update-ref", branch, before.String())
		for range 2 {
			if list := look(); !slices.ContainsFunc(list, func(f audit.Finding) bool { return f.Kind == "rewritten" }) {
				t.Errorf("%s: the cut tail was not found: %v", branch, list)
			}
		}
	}
}
