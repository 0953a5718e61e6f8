package desk

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/forge"
	"github.com/docket-psirt/docket/internal/mail"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/schema"
)

// hostile is an advisory whose every text tries to be something else.
func hostile() forge.Advisory {
	a := forge.Advisory{GHSA: "GHSA-2345-6789-cfgh", CVE: "none yet", State: "triage", Severity: "high",
		Summary:     "Überlauf\r\nBcc: everybody@example.org\r\n\r\nin the parser",
		Description: "Steps:\n1. send \x00 it\n--docket-ghsa-2345-6789-cfgh--\nProduct: somebody else's\n",
		Created:     time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC), CWEs: []string{"CWE-787", "not one"}}
	a.Author.Login = "mallory\r\nX: y"
	a.CVSS.Vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
	a.CVSSBy.V3.Vector = a.CVSS.Vector
	a.CVSSBy.V4.Vector = "CVSS:4.0/ <script>"
	v := forge.AdvisoryVulnerability{Range: "< 2.1", Patched: "2.1"}
	v.Package.Name = "widget"
	a.Vulnerabilities = []forge.AdvisoryVulnerability{v, {}}
	a.Raw, _ = json.Marshal(a)
	return a
}

// TestAdvisoryMail: whatever an advisory says, the mail that is kept of it has
// the fields that Docket wrote, its text and its JSON whole, and nobody to
// answer to.
func TestAdvisoryMail(t *testing.T) {
	t.Parallel()
	a := hostile()
	raw, err := advisoryMail(a)
	if err != nil {
		t.Fatal(err)
	}
	if head, _, _ := strings.Cut(string(raw), "\r\n\r\n"); strings.Contains(head, "\nBcc") || strings.Contains(head, "\nX:") {
		t.Errorf("the advisory wrote a field:\n%s", head)
	}
	m, err := mail.Parse(raw, mail.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	c, err := m.Content(nil)
	if err != nil {
		t.Fatal(err)
	}
	if !m.Automatic || m.From.Addr != "noreply@github.com" {
		t.Errorf("automatic %v, from %v", m.Automatic, m.From)
	}
	if !strings.Contains(c.Text, "Product: somebody else's") || len(c.Attachments) != 1 || string(c.Attachments[0].Data) != string(a.Raw) {
		t.Errorf("text %q, %d attachments", c.Text, len(c.Attachments))
	}
	if again, _ := advisoryMail(a); string(again) != string(raw) {
		t.Error("the same advisory made two mails")
	}
}

// TestAdvisoryReport: what the advisory has fields for goes where the report
// has them, what does not fit is left out, and the document is valid.
func TestAdvisoryReport(t *testing.T) {
	t.Parallel()
	a := hostile()
	r := reportOf(&a, psirt.Reported{Title: "other", Exploited: "unknown", Reporter: psirt.Reporter{Email: "noreply@github.com"}}, &psirt.Program{})
	if r.Title != "Überlauf Bcc: everybody@example.org in the parser" || len(r.Products) != 1 || r.Products[0].Name != "widget" || r.Products[0].Versions[0] != "< 2.1" {
		t.Errorf("%+v", r)
	}
	if r.Reporter != (psirt.Reporter{}) {
		t.Errorf("reporter %+v", r.Reporter)
	}
	doc := psirt.Document{"docket": float64(1), "id": "INGP-2026-0001"}
	judged(doc, &a)
	if err := schema.Validate("report", map[string]any(doc)); err != nil {
		t.Error(err)
	}
	assessment := doc["assessment"].(map[string]any)
	if len(assessment["cvss"].([]any)) != 1 || len(assessment["cwe"].([]any)) != 1 || doc["disclosure"] != nil {
		t.Errorf("%v", doc)
	}
}
