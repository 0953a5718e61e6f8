package desk

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
)

// sharedLetter is the mail of a share: for the third party, whose certificate
// stands in the outer layer, beside nobody else's key packets. Nothing threads
// it with what the reporter gets.
func (p *post) sharedLetter(c *one, u psirt.Update, mailer *actor, at time.Time) ([]byte, string, error) {
	outer, _, err := p.d.outerOf(c, u, withKey(mailer))
	if err != nil {
		return nil, "", err
	}
	cert, err := seal.ParseCert([]byte(outer.Key))
	if err != nil {
		return nil, "", fmt.Errorf("update %d names no certificate of a third party: %w", u.N, err)
	}
	armored, err := seal.KeepRecipient(outer.Message, cert)
	if err != nil {
		return nil, "", err
	}
	d := draftOf(c, u, psirt.Contact{Address: outer.To}, "", "", at)
	raw, err := d.Encrypted(armored, outerSubject(c.ID))
	return raw, outer.To, err
}

// approversWith are the people whose approvals count for a proposal, and who.
func approversWith(g *audit.Judgement, who *actor) []psirt.Fingerprint {
	var out []psirt.Fingerprint
	for _, a := range g.Approvals {
		if a.Kind == psirt.KindSigned {
			out = append(out, a.By)
		}
	}
	if who != nil {
		out = append(out, who.key.Cert().Fingerprint())
	}
	return out
}

// shareVerdict holds a share against what is on record of it: to whom it goes,
// for what, and by whose leave.
func shareVerdict(s *audit.Setting, u psirt.Update, words *Words, report psirt.Document, by psirt.Fingerprint, approvers []psirt.Fingerprint) psirt.Verdict {
	what := fmt.Sprintf("update %d may go to a third party", u.N)
	entry := shareOf(report, u.N)
	if entry == nil {
		return psirt.All(what, psirt.Failed("the report says what it discloses, and why it may", "make it with docket share"))
	}
	var parts []psirt.Verdict
	fail := func(text, do string) { parts = append(parts, psirt.Failed(text, do)) }
	to, _ := entry["to"].(string)
	key, _ := entry["key"].(string)
	cert, err := seal.ParseCert([]byte(words.Outer.Key))
	if err != nil || cert.Fingerprint().Hex() != key || !strings.EqualFold(to, words.Outer.To) {
		fail("it goes to the address and key that are on record", "close the proposal and share again")
	}
	purpose, _ := entry["purpose"].(string)
	if _, err := purposeOf(s.Program, report, purpose); err != nil {
		fail("its purpose is one that the report may be used for", "close the proposal and name one of them")
	}
	basis, _ := entry["legal_basis"].(string)
	consent, _ := entry["consent"].(map[string]any)
	switch {
	case basis != "":
		handle, _ := entry["approved_by"].(string)
		x, ok := s.Program.ByHandle(handle)
		if !ok || x.Key == by || !slices.Contains(approvers, x.Key) {
			fail("there is no consent, so it takes the approval of "+handle+", who is on record for it", handle+" approves it first: docket approve")
		}
	case consent == nil:
		fail("the reporter consents, or a law demands it", "record the consent, and share again")
	default:
		if !consentStands(report, consent, to, texts(entry["fields"])) {
			fail("the consent on record names recipient and fields, and was not taken back", "ask the reporter, and share again")
		}
	}
	if len(parts) == 0 {
		return psirt.Passed(what)
	}
	return psirt.All(what, parts...)
}

// shareOf is the record of the share that an update says.
func shareOf(report psirt.Document, n int) map[string]any {
	list, _ := report["shares"].([]any)
	for _, v := range list {
		entry, _ := v.(map[string]any)
		if at, ok := entry["update"].(float64); ok && int(at) == n {
			return entry
		}
	}
	return nil
}

// consentStands reports whether the consent that a share rests on is among the
// reporter's, names the recipient and every field, and was not taken back.
func consentStands(report psirt.Document, given map[string]any, to string, fields []string) bool {
	recipient, _ := given["recipient"].(string)
	if !slices.ContainsFunc(namesOfParty(report, to), func(n string) bool { return strings.EqualFold(n, recipient) }) {
		return false
	}
	list, _ := report["consents"].([]any)
	return slices.ContainsFunc(list, func(v any) bool {
		c, _ := v.(map[string]any)
		name, _ := c["to"].(string)
		named := texts(c["fields"])
		return (c["about"] == "share" || c["about"] == "forward") && c["revoked_at"] == nil && strings.EqualFold(name, recipient) &&
			!slices.ContainsFunc(fields, func(f string) bool { return !slices.Contains(named, f) })
	})
}
