package audit_test

import (
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/store"
)

func TestTamperingWithDeliveries(t *testing.T) {
	t.Parallel()
	const branch = "refs/heads/deliveries"
	dir := "ingroupe/2026/00/INGP-2026-0001/"
	receipt := func(y *yard, by string, fn func(*psirt.Receipt)) {
		y.t.Helper()
		at := y.clock()
		r := &psirt.Receipt{Docket: 1, ID: first, Update: 2, Attempt: 2, Status: psirt.ReceiptSending, At: at, Main: y.main().ObjectID(), Previous: y.lastReceipt(first)}
		fn(r)
		file, err := casefile.SignReceipt(r, y.key(by), at)
		if err != nil {
			y.t.Fatal(err)
		}
		y.commitAt(by, branch, []store.Hash{y.head(branch)}, at, "x", edit(audit.ReceiptPath("ingroupe", r), file))
	}
	for _, a := range []attack{
		{"a receipt removed", func(y *yard) {
			y.commit("mailer", branch, []store.Hash{y.head(branch)}, "x", store.Edit{Path: dir + "1-1-sent.yaml", Delete: true})
		}, "receipt", ""},
		{"a receipt signed by the bot", func(y *yard) { receipt(y, "bot", func(*psirt.Receipt) {}) }, "receipt", first},
		{"sent once more", func(y *yard) { receipt(y, "mailer", func(*psirt.Receipt) {}) }, "receipt", first},
		{"a receipt that follows nothing", func(y *yard) {
			receipt(y, "mailer", func(r *psirt.Receipt) { r.Update, r.Attempt, r.Previous = 1, 2, "" })
		}, "receipt", first},
		{"a receipt for an update that is not there", func(y *yard) {
			receipt(y, "mailer", func(r *psirt.Receipt) { r.Update, r.Attempt = 9, 1 })
		}, "receipt", first},
		{"a receipt dated back", func(y *yard) {
			receipt(y, "mailer", func(r *psirt.Receipt) { r.Update, r.Attempt, r.At = 9, 1, r.At.Add(-time.Hour) })
		}, "receipt", first},
		{"settled by the bot", func(y *yard) {
			y.commit("bot", branch, []store.Hash{y.head(branch)}, "x\n\nSettled: "+y.main().String())
		}, "receipt", ""},
		{"settled, and an update was never sent", func(y *yard) {
			y.move(third, "evaluating")
			y.approve("triage")
			y.commit("mailer", branch, []store.Hash{y.head(branch)}, "x\n\nSettled: "+y.main().String())
		}, "receipt", third},
	} {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			y := newYard(t)
			a.do(y)
			found(t, y.audit(false), a.kind, a.id)
		})
	}
}

// lastReceipt is the digest of a case's newest receipt.
func (y *yard) lastReceipt(id psirt.CaseID) psirt.Digest {
	y.t.Helper()
	for _, name := range []string{"2-1-sent.yaml", "1-1-sent.yaml"} {
		at, err := y.repo.At(y.head("refs/heads/deliveries"))
		if err != nil {
			y.t.Fatal(err)
		}
		if raw, err := at.Read("ingroupe/"+id.Folder()+"/"+name, 1<<16); err == nil {
			return psirt.SHA256(raw)
		}
	}
	y.t.Fatal("no receipt")
	return ""
}
