package desk

import (
	"strings"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
)

// What a share says is held against the record of it, by whoever approves and
// by a keyed audit: nobody has to trust the command that made it.
func TestSharesAreHeldAgainstTheirRecord(t *testing.T) {
	t.Parallel()
	vendor, err := seal.NewKey("vendor", "psirt@vendor.example", time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	const ada, ben = psirt.Fingerprint("openpgp4fpr:ADA"), psirt.Fingerprint("openpgp4fpr:BEN")
	s := &audit.Setting{Program: &psirt.Program{Report: psirt.ReportForm{Purposes: []string{"correction"}},
		People: []psirt.Person{{Handle: "ada", Key: ada, Roles: []string{"team"}}, {Handle: "ben", Key: ben, Roles: []string{"team"}}}}}
	u := psirt.Update{N: 2, Kind: psirt.KindShare}
	report := func() (psirt.Document, map[string]any, map[string]any) {
		entry := map[string]any{"update": 2.0, "to": "psirt@vendor.example", "key": vendor.Cert().Fingerprint().Hex(), "purpose": "correction",
			"fields": []any{"title"}, "consent": map[string]any{"recipient": "The vendor"}}
		consent := map[string]any{"about": "share", "to": "The vendor", "fields": []any{"title", "url"}}
		return psirt.Document{"shares": []any{entry}, "consents": []any{consent},
			"parties": []any{map[string]any{"name": "The vendor", "contact": "PSIRT@vendor.example"}}}, entry, consent
	}
	for _, c := range []struct {
		name, fails string
		change      func(doc psirt.Document, entry, consent map[string]any, w *Words)
		approvers   []psirt.Fingerprint
	}{
		{name: "as agreed"},
		{name: "no record", fails: "says what it discloses", change: func(doc psirt.Document, _, _ map[string]any, _ *Words) { delete(doc, "shares") }},
		{name: "another update's record", fails: "says what it discloses", change: func(_ psirt.Document, e, _ map[string]any, _ *Words) { e["update"] = 1.0 }},
		{name: "another address", fails: "address and key", change: func(_ psirt.Document, _, _ map[string]any, w *Words) { w.Outer.To = "x@example.org" }},
		{name: "another key", fails: "address and key", change: func(_ psirt.Document, e, _ map[string]any, _ *Words) { e["key"] = "00" }},
		{name: "no key", fails: "address and key", change: func(_ psirt.Document, _, _ map[string]any, w *Words) { w.Outer.Key = "" }},
		{name: "no such purpose", fails: "purpose", change: func(_ psirt.Document, e, _ map[string]any, _ *Words) { e["purpose"] = "marketing" }},
		{name: "a field more", fails: "names recipient and fields", change: func(_ psirt.Document, e, _ map[string]any, _ *Words) { e["fields"] = []any{"title", "steps"} }},
		{name: "taken back", fails: "not taken back", change: func(_ psirt.Document, _, k map[string]any, _ *Words) { k["revoked_at"] = "2026-11-22T09:00:00Z" }},
		{name: "about credit", fails: "names recipient", change: func(_ psirt.Document, _, k map[string]any, _ *Words) { k["about"] = "credit" }},
		{name: "for another party", fails: "names recipient", change: func(_ psirt.Document, e, k map[string]any, _ *Words) {
			k["to"], e["consent"] = "Else", map[string]any{"recipient": "Else"}
		}},
		{name: "nobody consented", fails: "consents", change: func(_ psirt.Document, e, _ map[string]any, _ *Words) { delete(e, "consent") }},
		{name: "by law, nobody approved", fails: "approval of ben", change: byLaw("ben"), approvers: []psirt.Fingerprint{ada}},
		{name: "by law, approved by its maker", fails: "approval of ada", change: byLaw("ada"), approvers: []psirt.Fingerprint{ada}},
		{name: "by law, by a stranger", fails: "approval of eve", change: byLaw("eve"), approvers: []psirt.Fingerprint{ben}},
		{name: "by law", change: byLaw("ben"), approvers: []psirt.Fingerprint{ben}},
	} {
		doc, entry, consent := report()
		words := &Words{Outer: Outer{To: "psirt@vendor.example", Key: vendor.Cert().Armor()}}
		if c.change != nil {
			c.change(doc, entry, consent, words)
		}
		v := shareVerdict(s, u, words, doc, ada, c.approvers)
		if reasons := strings.Join(v.Reasons(), "; "); v.OK() != (c.fails == "") || !strings.Contains(reasons, c.fails) {
			t.Errorf("%s: %v %s", c.name, v.Result, reasons)
		}
	}
}

func byLaw(approver string) func(psirt.Document, map[string]any, map[string]any, *Words) {
	return func(_ psirt.Document, e, _ map[string]any, _ *Words) {
		delete(e, "consent")
		e["legal_basis"], e["approved_by"] = "an order", approver
	}
}

// Where one other person alone could approve what no consent allows, nobody has
// to name them; where several could, somebody does.
func TestSoleApprover(t *testing.T) {
	t.Parallel()
	person := func(handle string, roles ...string) psirt.Person {
		return psirt.Person{Handle: handle, Key: psirt.Fingerprint("openpgp4fpr:" + handle), Roles: roles}
	}
	p := &psirt.Program{People: []psirt.Person{person("ada", "team", "lead"), person("ben", "team"), person("eva", "auditor")},
		Messages: psirt.ApprovalRule{Count: 1, Role: "team", Kind: psirt.KindSigned}}
	s := &audit.Setting{Program: p}
	if got := soleApprover(s, "ada"); got != "ben" {
		t.Errorf("of two it is %q", got)
	}
	p.People = append(p.People, person("cem", "team"))
	if got := soleApprover(s, "ada"); got != "" {
		t.Errorf("of three it is %q", got)
	}
	p.Messages.Count = 0
	if got := soleApprover(s, "ada"); got != "" {
		t.Errorf("where nobody approves it is %q", got)
	}
}
