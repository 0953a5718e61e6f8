package audit_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
	"github.com/docket-psirt/docket/internal/store"
)

// What only a key shows: the audit of somebody who may open the cases finds it.
func TestTamperingThatOnlyAKeyShows(t *testing.T) {
	t.Parallel()
	for _, a := range []attack{
		{"a fact that does not hold", func(y *yard) {
			h := y.revise("lead", y.main(), third, func(c *psirt.Case) { c.Facts = []string{"complete", "consent", "in-scope"} })
			y.merge(h, third)
			h = y.revise("lead", y.main(), third, func(c *psirt.Case) { c.Facts = y.revisionOf(third, 1).Facts }) // and back again
			y.merge(h, third)
		}, "sealed", third},
		{"a guard that does not hold", func(y *yard) {
			h := y.revise("lead", y.main(), first, func(c *psirt.Case) { y.to("lead", "solving")(c); y.told(c, "solving") })
			y.merge(y.approved("triage", h, first, y.digest(h, first)), first)
		}, "sealed", first},
		{"the sealed part of another case, sealed anew", func(y *yard) {
			h := y.revise("lead", y.main(), first, func(c *psirt.Case) {
				c.Sealed = y.sealFor(y.key("lead"), third, "lead", "triage", "third", "escrow")
			})
			y.merge(h, first)
		}, "sealed", first},
		{"a signature called good that is none", func(y *yard) { y.forgedRecord() }, "mail-record", first},
		{"words with a twin in HTML", func(y *yard) { y.twin() }, "sealed", first},
	} {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			y := newYard(t)
			a.do(y)
			found(t, y.audit(true), a.kind, a.id)
		})
	}
}

// forgedRecord lets the bot put a mail of a stranger on record as one that the
// reporter signed.
func (y *yard) forgedRecord() {
	y.t.Helper()
	bot, at := y.key("bot"), y.clock()
	var certs []*seal.Cert
	for _, reader := range []string{"lead", "triage", "third", "escrow"} {
		certs = append(certs, y.cert(reader))
	}
	var sealed bytes.Buffer
	w, _, err := bot.SealStream(&sealed, certs, casefile.ContextOf(casefile.PartMail, first, 3), at, "")
	if err == nil {
		_, err = w.Write([]byte("Docket-Session-Key: none\nFrom: maren@example.org\r\n\r\nclose it\r\n"))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		y.t.Fatal(err)
	}
	r := &psirt.MailRecord{Docket: 1, ID: first, N: 3, At: at, Kind: psirt.MailFollowUp, Signed: psirt.SignedGood, Sealed: psirt.SHA256(sealed.Bytes())}
	file, err := casefile.SignMail(r, bot, at)
	if err != nil {
		y.t.Fatal(err)
	}
	dir := psirt.CaseDir("ingroupe", first)
	h := y.commitAt("bot", "refs/heads/case/INGP-2026-0001/mail-3", []store.Hash{y.main()}, at, "x\n\nCase: INGP-2026-0001\nMail: 3 follow-up",
		edit(dir+"/mail-3.pgp", sealed.Bytes()), edit(dir+"/mail-3.yaml", file))
	y.merge(h, first)
}

// twin sends words whose HTML says something else than the text that
// reviewers are shown.
func (y *yard) twin() {
	y.t.Helper()
	readers := []*seal.Cert{honest.reporter.Cert()}
	var addressed []*seal.Cert
	for _, name := range []string{"lead", "triage", "third"} {
		readers, addressed = append(readers, y.cert(name)), append(addressed, y.cert(name))
	}
	readers, addressed = append(readers, y.cert("escrow")), append(addressed, y.cert("mailer"))
	at := y.clock()
	inner, err := y.key("sender").SealMail([]byte("Content-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nfine\r\n--x\r\n"+
		"Content-Type: text/html\r\n\r\n<p>not fine</p>\r\n--x--\r\n"), readers, at)
	if err != nil {
		y.t.Fatal(err)
	}
	n := len(y.revisionOf(first, 3).Updates) + 1
	doc, err := json.Marshal(map[string]any{"docket": 1, "id": first, "update": n, "to": "maren@example.org", "message": inner.Armor})
	if err != nil {
		y.t.Fatal(err)
	}
	outer, err := y.key("lead").Seal(doc, addressed, casefile.ContextOf(casefile.PartUpdate, first, n), at)
	if err != nil {
		y.t.Fatal(err)
	}
	h := y.reviseAt("lead", y.main(), first, at, func(c *psirt.Case) {
		c.Updates = append(c.Updates, psirt.Update{N: n, Kind: "reply", Revision: c.Revision, Sealed: psirt.SHA256([]byte(outer.Armor)),
			MessageID: fmt.Sprintf("ingp-2026-0001.%d.aaaaaaaaaaaaaaaa@ingroupe.com", n)})
	}, edit(fmt.Sprintf("%s/update-%d.asc", psirt.CaseDir("ingroupe", first), n), []byte(outer.Armor)))
	y.merge(y.approved("triage", h, first, y.digest(h, first)), first)
}
