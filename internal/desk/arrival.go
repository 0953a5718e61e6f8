package desk

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/mail"
	"github.com/docket-psirt/docket/internal/psirt"
)

// arrived notes in a report document how the mail came: by which channel, who
// else has it, which key it was encrypted to, whether its subject was readable
// on the way; and what follows from the policy when a report comes in.
func arrived(doc psirt.Document, in *inbound, opened time.Time) {
	p := in.setting.Program
	if in.advisory == nil {
		ours, others := sentTo(in)
		doc["channel"] = "mail"
		if !ours && len(others) > 0 {
			doc["channel"] = "forwarded"
		}
		if len(others) > 0 {
			doc["sent_to"] = others
		}
		if seen := sawOf(in); len(seen) > 0 {
			doc["arrival"] = seen
		}
	}
	safeHarbour(doc, p, opened)
	firstRetention(p, doc, opened)
}

// mostOthers bounds how many addresses are noted.
const mostOthers = 50

// sentTo reads To and Cc, outside and protected inside: whether the programme is
// among them, and who else is. A mail that names nobody (Bcc) was sent to us.
func sentTo(in *inbound) (ours bool, others []any) {
	list := append(slices.Clone(in.m.To), in.m.Cc...)
	if in.content != nil {
		list = append(list, in.content.To...)
	}
	own := map[string]bool{strings.ToLower(in.from()): true}
	if in.m.ReplyTo != nil {
		own[strings.ToLower(in.m.ReplyTo.Addr)] = true
	}
	for _, a := range list {
		addr := strings.ToLower(a.Addr)
		switch {
		case addressOf(in.setting.Program, addr):
			ours = true
		case addr != "" && !own[addr] && len(others) < mostOthers:
			own[addr] = true
			others = append(others, addr)
		}
	}
	return ours, others
}

// addressOf reports whether an address is one of the programme's, with or
// without a tag (RFC 5233: user+tag).
func addressOf(p *psirt.Program, addr string) bool {
	_, ours := tagOf(p, addr)
	return ours
}

// sawOf is what intake saw of the encryption. Short key IDs can be forged, so
// the full fingerprint is noted: that of the published certificate, by which
// alone intake opens mail.
func sawOf(in *inbound) map[string]any {
	out := map[string]any{}
	if in.opened && in.mailKey != "" {
		out["encrypted_to"] = in.setting.Program.Keys.Intake.Hex()
	}
	if encrypted(in.m.Layer.Kind) && telling(in.m.Subject) {
		out["subject_in_clear"] = true
	}
	return out
}

// telling reports whether a subject says anything. Mail programs put a stand-in
// outside where they encrypt the real one (RFC 9788 section 3.2: "[...]").
func telling(subject string) bool {
	s := strings.ToLower(strings.TrimSpace(subject))
	for _, prefix := range []string{"re:", "fw:", "fwd:", "aw:"} {
		s = strings.TrimSpace(strings.TrimPrefix(s, prefix))
	}
	switch strings.Trim(s, ".…[]() ") {
	case "", "encrypted", "encrypted message", "encrypted mail", "encrypted email", "secure message", "no subject", "pgp", "openpgp", "openpgp encrypted message":
		return false
	}
	return true
}

// safeHarbourText is the letter that a programme has which promises one.
const safeHarbourText = "safe-harbour"

// safeHarbour sets how it stands when a report comes in: granted where the
// policy promises it, in review where a method is mentioned that the policy
// does not authorise. People decide, and decisions stay on record.
func safeHarbour(doc psirt.Document, p *psirt.Program, at time.Time) {
	status, why := "", ""
	if slices.Contains(p.StandardTexts(), safeHarbourText) {
		status, why = "granted", "As the policy promises, on receipt."
	}
	if slices.Contains(doc.Values("flags"), any("prohibited-method-mentioned")) {
		status, why = "review", "A method is mentioned that the policy does not authorise."
	}
	if status == "" {
		return
	}
	doc["legal"] = map[string]any{"safe_harbour": status,
		"history": []any{map[string]any{"at": at.Format(time.RFC3339), "by": "intake", "to": status, "text": why}}}
}

// byAnalyst notes who wrote down a report that came by another way than mail.
func byAnalyst(doc psirt.Document, who *actor) {
	if doc["channel"] == nil {
		doc["channel"] = "transcribed"
	}
	if doc["channel"] == "transcribed" && doc["transcribed_by"] == nil {
		doc["transcribed_by"] = who.handle
	}
}

// firstAnswer is the kind of the automatic answer to a report: the
// acknowledgement, to those whose signature is good; else the content-free note;
// or that reports are no longer taken.
func firstAnswer(in *inbound, at time.Time) string {
	intake := in.setting.Program.Intake
	switch {
	case intake.Terminated.In(at):
		return intake.Terminated.Update
	case in.trusted(at):
		return intake.Update
	}
	return intake.Note
}

// contentFree reports whether a text may go out in clear: it says nothing that
// depends on what a mail contained.
func contentFree(p *psirt.Program, kind string, to psirt.Contact) bool {
	return kind == p.Intake.Note || p.Intake.Terminated != nil && kind == p.Intake.Terminated.Update && to.Key == ""
}

// hear takes into account what mails say of whether the reporter can be reached:
// one of ours that came back, or a verified answer to one. It looks at mails
// that came after the report was last sealed, since the bot that put them on
// record opens no report. What it finds goes into the next revision.
func (d *Desk) hear(c *one, open *contents) error {
	records, err := d.records(c)
	if err != nil {
		return err
	}
	keys, _ := open.report["session_keys"].(map[string]any)
	was := firstOf(open.report, "reporter.reachable")
	now := was
	for _, rec := range records {
		if _, known := keys[fmt.Sprintf("mail-%d", rec.N)]; known {
			continue
		}
		switch {
		case rec.Kind == psirt.MailBounce && rec.Update > 0:
			if d.failed(c, rec, open) {
				now = "no"
			}
		case rec.Kind == psirt.MailFollowUp && rec.Signed == psirt.SignedGood && (now == "no" || rec.Update > 0):
			now = "yes" // a mail of ours came to them, and theirs back
		}
	}
	if now == was {
		return nil
	}
	// That an address answers is no reason of its own to seal the report again: a
	// move that reads nothing of it would then ask for more than an attested approval.
	open.heard = was == "no" || now == "no"
	return setPath(open.report, "reporter.reachable", now)
}

// failed reports whether a mail says that one of ours will never arrive. That
// it is late, or that its reader is on holiday, says nothing; nor does a mail
// that this key does not open, which is said where the report is sealed again.
func (d *Desk) failed(c *one, rec record, open *contents) bool {
	e, err := d.openMail(c, rec, open.with, "")
	if err != nil {
		return false
	}
	m, _ := mail.Parse(e.raw, mail.DefaultLimits()) // what could be read is there in any case
	if m == nil || m.Bounce == nil {
		return false
	}
	b := m.Bounce
	return b.Action == "failed" || b.Action == "" && strings.HasPrefix(b.Status, "5")
}
