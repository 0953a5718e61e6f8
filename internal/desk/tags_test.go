package desk

import (
	"strings"
	"testing"

	"github.com/docket-psirt/docket/internal/psirt"
)

func TestReplyTags(t *testing.T) {
	t.Parallel()
	const id = "acme-2026-0001.2.abcdefghijklmnop@acme.example"
	p := &psirt.Program{Name: "Acme", Intake: psirt.Intake{Addresses: []string{"psirt@acme.example", "Report@Acme.example"}}}
	if a := replyTag(p, id); a != nil {
		t.Errorf("a server that takes no tags: %v", a)
	}
	p.Intake.RecipientDelimiter = "-"
	if a := replyTag(p, id); a == nil || a.Addr != "psirt-acme-2026-0001.2.abcdefghijklmnop@acme.example" {
		t.Errorf("the tagged address: %v", a)
	}
	for addr, want := range map[string]string{
		replyTag(p, id).Addr:         "acme-2026-0001.2.abcdefghijklmnop",
		"PSIRT+Tag@ACME.example":     "tag",
		"report-x@acme.example":      "x",
		"psirt@acme.example":         "",
		"psirt+@acme.example":        "",
		"psirts@acme.example":        "no",
		"psirt=x@acme.example":       "no",
		"psirt+x@other.example":      "no",
		"psirt+x@acme.example@other": "no",
		"psirt":                      "no",
		"":                           "no",
	} {
		if tag, ours := tagOf(p, addr); ours != (want != "no") || ours && tag != want {
			t.Errorf("%q: %q, %v; want %q", addr, tag, ours, want)
		}
	}
	p.Intake.Addresses[0] = strings.Repeat("p", 40) + "@acme.example"
	if a := replyTag(p, id); a != nil {
		t.Errorf("a local part that is too long: %v", a)
	}
}
