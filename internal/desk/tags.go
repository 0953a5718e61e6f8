package desk

import (
	"slices"
	"strings"

	"github.com/docket-psirt/docket/internal/mail"
	"github.com/docket-psirt/docket/internal/psirt"
)

// maxLocal is how long a local part may be, in octets (RFC 5321, section
// 4.5.3.1.1).
const maxLocal = 64

// replyTag is the address that a reporter without a key answers to: the
// programme's own, with the left side of the mail's Message-ID as its tag. It is
// nil where the programme's mail server takes no tags. Whoever has a key answers
// to the plain address, by which mail programs look ours up.
func replyTag(p *psirt.Program, messageID string) *mail.Address {
	local, domain, _ := strings.Cut(p.Intake.Addresses[0], "@")
	tag, _, _ := strings.Cut(messageID, "@")
	local += p.Intake.RecipientDelimiter + tag
	if p.Intake.RecipientDelimiter == "" || len(local) > maxLocal {
		return nil
	}
	return &mail.Address{Name: p.Name, Addr: local + "@" + domain}
}

// tagOf reports whether an address is one of the programme's, and the tag in it.
// A tag set apart by "+" is known whatever the mail server takes: somebody else
// may have passed the mail on.
func tagOf(p *psirt.Program, addr string) (tag string, ours bool) {
	local, domain, _ := strings.Cut(strings.ToLower(addr), "@")
	delimiters := []string{"+", p.Intake.RecipientDelimiter}
	for _, own := range p.Intake.Addresses {
		ownLocal, ownDomain, _ := strings.Cut(strings.ToLower(own), "@")
		rest, ok := strings.CutPrefix(local, ownLocal)
		if !ok || domain != ownDomain {
			continue
		}
		if rest == "" {
			return "", true
		}
		if delimiter := rest[:1]; slices.Contains(delimiters, delimiter) {
			return rest[1:], true
		}
	}
	return "", false
}

// tagged finds the update that a mail answers by the tag in the address that it
// was sent to. Tags are as hard to guess as Message-IDs, since they are made of
// them; what a tag alone does not show is who writes.
func (d *Desk) tagged(in *inbound) (psirt.CaseID, int) {
	const most = 20
	p := in.setting.Program
	list := slices.Concat(in.m.Delivered, in.m.To, in.m.Cc)
	for _, a := range list[:min(len(list), most)] {
		tag, ours := tagOf(p, a.Addr)
		if !ours || tag == "" {
			continue
		}
		if id, n := d.ours(in, tag+"@"+p.Intake.Domain); id != "" {
			return id, n
		}
	}
	return "", 0
}
