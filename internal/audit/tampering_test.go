package audit_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/peer"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
	"github.com/docket-psirt/docket/internal/store"
)

func edit(path string, data []byte) store.Edit { return store.Edit{Path: path, Data: data} }

const policy = "cases/ingroupe/program.yaml"

// git runs stock git in the repository.
func (y *yard) git(args ...string) string { y.t.Helper(); return y.gitWith("", args...) }

func (y *yard) gitWith(env string, args ...string) string {
	y.t.Helper()
	cmd := exec.Command(peer.Need(y.t, "git"), args...)
	cmd.Dir = y.dir
	cmd.Env = append(os.Environ(), "GIT_AUTHOR_NAME=x", "GIT_AUTHOR_EMAIL=x@example.com", "GIT_COMMITTER_NAME=x", "GIT_COMMITTER_EMAIL=x@example.com",
		fmt.Sprintf("GIT_COMMITTER_DATE=%d +0000", y.clock().Unix()), env)
	out, err := cmd.Output()
	if err != nil {
		y.t.Fatalf("git %v: %v", args, err)
	}
	return strings.TrimSpace(string(out))
}

// replaced gives program.yaml with a piece of text replaced.
func (y *yard) replaced(old, new string) []byte {
	y.t.Helper()
	text := string(y.read(y.main(), policy))
	if !strings.Contains(text, old) {
		y.t.Fatalf("program.yaml has no %q", old)
	}
	return []byte(strings.Replace(text, old, new, 1))
}

// changeProgram makes a change of the programme that name signs and approver
// approves ("" for nobody), and merges it.
func (y *yard) changeProgram(name, approver string, edits ...store.Edit) store.Hash {
	y.t.Helper()
	h := y.commit(name, "refs/heads/program/ingroupe", []store.Hash{y.main()}, "A change", edits...)
	if approver != "" {
		h = y.commit(approver, "refs/heads/program/ingroupe", []store.Hash{h}, "Approve\n\nApproves: git:"+y.commitOf(h).Tree.String())
	}
	return y.merge(h, "")
}

// approved puts an approval of the newest revision on a branch.
func (y *yard) approved(name string, branch store.Hash, id psirt.CaseID, digest psirt.Digest) store.Hash {
	y.t.Helper()
	return y.commit(name, "refs/heads/case/"+string(id)+"/next", []store.Hash{branch}, fmt.Sprintf("Approve\n\nCase: %s\nApproves: %s", id, digest))
}

func (y *yard) digest(h store.Hash, id psirt.CaseID) psirt.Digest {
	y.t.Helper()
	_, raw := y.load(h, id)
	return psirt.SHA256(raw)
}

// to makes a revision a move that the named key signs.
func (y *yard) to(name, state string) func(*psirt.Case) {
	return func(c *psirt.Case) {
		c.Log = append(c.Log, psirt.Entry{Revision: c.Revision, At: y.now, From: c.State, To: state, By: y.cert(name).Fingerprint()})
		c.State = state
	}
}

// told adds the standard update of a kind.
func (y *yard) told(c *psirt.Case, kind string) {
	y.t.Helper()
	at, err := y.repo.At(y.main())
	if err != nil {
		y.t.Fatal(err)
	}
	setting, err := y.judge().Setting(at, "ingroupe")
	if err != nil {
		y.t.Fatal(err)
	}
	subject, text, blob, err := setting.Text(kind, c)
	if err != nil {
		y.t.Fatal(err)
	}
	n := len(c.Updates) + 1
	c.Updates = append(c.Updates, psirt.Update{N: n, Kind: kind, Revision: c.Revision, Template: blob, Text: psirt.TextDigest(subject, text),
		MessageID: fmt.Sprintf("%s.%d.aaaaaaaaaaaaaaaa@%s", strings.ToLower(string(c.ID)), n, setting.Program.Intake.Domain)})
}

func (y *yard) judge() *audit.Judge {
	texts := map[string]string{}
	for _, kind := range []string{"evaluating", "solving", "acknowledge", "note"} {
		raw, err := os.ReadFile("../desk/templates/" + kind + ".txt")
		if err != nil {
			y.t.Fatal(err)
		}
		texts[kind] = string(raw)
	}
	return &audit.Judge{Repo: y.repo, Defaults: texts}
}

type attack struct {
	name string
	do   func(y *yard)
	kind string // of a finding that must be there, naming case and commit
	id   psirt.CaseID
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

// Somebody who has left the team signs nothing any more, wherever the branch
// begins.
func TestTamperingBySomebodyWhoLeft(t *testing.T) {
	t.Parallel()
	for _, late := range []bool{false, true} {
		y := newYard(t)
		from := y.main()
		without := slices.DeleteFunc(strings.SplitAfter(string(y.read(from, policy)), "\n"), func(line string) bool { return strings.Contains(line, "{handle: third,") })
		y.changeProgram("lead", "triage", edit(policy, []byte(strings.Join(without, ""))))
		if list := y.audit(false); len(list) > 0 {
			t.Fatal(list)
		}
		if late {
			from = y.main()
		}
		h := y.revise("third", from, second, func(*psirt.Case) {})
		y.merge(h, second)
		found(t, y.audit(false), "role", second)
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

func path(id psirt.CaseID) string { return psirt.CasePath("ingroupe", id) }

func TestTamperingByStockGit(t *testing.T) {
	t.Parallel()
	for _, a := range []attack{
		{"a mail and its record dropped", func(y *yard) {
			dir := psirt.CaseDir("ingroupe", first)
			y.commit("", "refs/heads/main", []store.Hash{y.main()}, "x", store.Edit{Path: dir + "/mail-2.pgp", Delete: true}, store.Edit{Path: dir + "/mail-2.yaml", Delete: true})
		}, "direct", first},
		{"an older revision put back", func(y *yard) {
			c := y.revisionOf(first, 1)
			raw, _ := casefile.Format(c)
			y.commit("", "refs/heads/main", []store.Hash{y.main()}, "x", edit(path(first), raw))
		}, "direct", first},
		{"a merge that carries more", func(y *yard) {
			h := y.revise("lead", y.main(), first, func(*psirt.Case) {})
			y.merge(h, first, edit("cases/ingroupe/2026/00/INGP-2026-0002/mail-1.yaml", []byte("x\n")))
		}, "merge", first},
		{"a merge that leaves a mail out", func(y *yard) {
			h := y.revise("lead", y.main(), first, func(*psirt.Case) {})
			dir := psirt.CaseDir("ingroupe", second)
			y.merge(h, first, store.Edit{Path: dir + "/mail-1.pgp", Delete: true}, store.Edit{Path: dir + "/mail-1.yaml", Delete: true})
		}, "merge", first},
		{"a merge that makes a file executable", func(y *yard) {
			h := y.revise("lead", y.main(), first, func(*psirt.Case) {})
			m := y.merge(h, first)
			y.executable(m, path(first))
		}, "merge", first},
		{"a merge of a history of its own", func(y *yard) {
			other := y.git("commit-tree", y.commitOf(y.main()).Tree.String(), "-m", "x")
			y.git("update-ref", "refs/heads/main", y.git("commit-tree", y.commitOf(y.main()).Tree.String(), "-p", y.main().String(), "-p", other, "-m", "Merge"))
			// What comes before it is judged all the same.
			h := y.revise("mailer", y.main(), first, func(*psirt.Case) {})
			y.merge(h, first)
		}, "role", first},
		{"a merge whose trailers tell another story", func(y *yard) {
			h := y.revise("lead", y.main(), first, func(*psirt.Case) {})
			main := y.main()
			y.commit("", "refs/heads/main", []store.Hash{main, h}, "Merge\n\nCase: INGP-2026-0001\nMove: evaluating to closed (fixed)\nApproves: sha256:00", edit(path(first), y.read(h, path(first))))
		}, "trailers", first},
	} {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			y := newYard(t)
			a.do(y)
			found(t, y.audit(false), a.kind, a.id)
		})
	}
}

// executable makes a merge commit's copy of a path executable, with stock git.
func (y *yard) executable(m store.Hash, path string) {
	y.t.Helper()
	index := "GIT_INDEX_FILE=" + filepath.Join(y.t.TempDir(), "index")
	y.gitWith(index, "read-tree", m.String())
	blob := y.gitWith(index, "rev-parse", m.String()+":"+path)
	y.gitWith(index, "update-index", "--add", "--cacheinfo", "100755,"+blob+","+path)
	tree := y.gitWith(index, "write-tree")
	parents := y.commitOf(m).Parents
	h := y.gitWith(index, "commit-tree", tree, "-p", parents[0].String(), "-p", parents[1].String(), "-m", "Merge")
	y.gitWith(index, "update-ref", "refs/heads/main", h)
}

// twice repeats the first recipient of a message.
func twice(y *yard, armored string) string {
	y.t.Helper()
	_, body, _ := strings.Cut(armored, "\n\n")
	body, _, _ = strings.Cut(body, "\n=")
	data, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(body, "\n", ""))
	if err != nil || data[0] != 0xc1 {
		y.t.Fatal("expected a recipient packet", err)
	}
	n := 2 + int(data[1])
	return seal.Armor("PGP MESSAGE", append(append([]byte{}, data[:n]...), data...))
}

func TestTamperingByInsiders(t *testing.T) {
	t.Parallel()
	for _, a := range []attack{
		{"an older sealed part put back", func(y *yard) {
			old := y.revisionOf(first, 1)
			h := y.revise("lead", y.main(), first, func(c *psirt.Case) { c.Sealed = old.Sealed })
			y.merge(h, first)
		}, "replayed", first},
		{"the sealed part of another case", func(y *yard) {
			other, _ := y.load(y.main(), third)
			h := y.revise("lead", y.main(), first, func(c *psirt.Case) { c.Sealed = other.Sealed })
			y.merge(h, first)
		}, "replayed", first},
		{"the contact of another case", func(y *yard) {
			other, _ := y.load(y.main(), third)
			h := y.revise("lead", y.main(), first, func(c *psirt.Case) { c.Contact = other.Contact })
			y.merge(h, first)
		}, "replayed", first},
		{"signed by the mailer", func(y *yard) {
			h := y.revise("mailer", y.main(), first, func(*psirt.Case) {})
			y.merge(h, first)
		}, "role", first},
		{"a move without approval", func(y *yard) {
			h := y.revise("lead", y.main(), third, func(c *psirt.Case) { y.to("lead", "evaluating")(c); y.told(c, "evaluating") })
			y.merge(h, third)
		}, "unapproved", third},
		{"a move that the mover approves", func(y *yard) {
			h := y.revise("lead", y.main(), third, func(c *psirt.Case) { y.to("lead", "evaluating")(c); y.told(c, "evaluating") })
			y.merge(y.approved("lead", h, third, y.digest(h, third)), third)
		}, "unapproved", third},
		{"approved for another digest", func(y *yard) {
			h := y.revise("lead", y.main(), third, func(c *psirt.Case) { y.to("lead", "evaluating")(c); y.told(c, "evaluating") })
			y.merge(y.approved("triage", h, third, y.digest(h, second)), third)
		}, "unapproved", third},
		{"approved by the escrow key", func(y *yard) {
			h := y.revise("lead", y.main(), third, func(c *psirt.Case) { y.to("lead", "evaluating")(c); y.told(c, "evaluating") })
			y.merge(y.approved("mailer", h, third, y.digest(h, third)), third)
		}, "unapproved", third},
		{"a revision added after the approval", func(y *yard) {
			h := y.revise("lead", y.main(), third, func(c *psirt.Case) { y.to("lead", "evaluating")(c); y.told(c, "evaluating") })
			h = y.approved("triage", h, third, y.digest(h, third))
			h = y.revise("lead", h, third, func(*psirt.Case) {})
			y.merge(h, third)
		}, "unapproved", third},
		{"no such move", func(y *yard) {
			h := y.revise("lead", y.main(), third, y.to("lead", "communicating"))
			y.merge(y.approved("triage", h, third, y.digest(h, third)), third)
		}, "transition", third},
		{"a stranger among the handlers", func(y *yard) {
			h := y.revise("lead", y.main(), first, func(c *psirt.Case) {
				c.Handlers = []psirt.Fingerprint{psirt.NewFingerprint(make([]byte, 20))}
			})
			y.merge(h, first)
		}, "handlers", first},
		{"sealed to one more reader", func(y *yard) {
			lead := y.key("lead")
			h := y.revise("lead", y.main(), first, func(c *psirt.Case) {
				c.Sealed = y.sealFor(lead, c.ID, "lead", "triage", "third", "escrow", "mailer")
			})
			y.merge(h, first)
		}, "recipients", first},
		{"sealed twice to one reader's name", func(y *yard) {
			lead := y.key("lead")
			h := y.revise("lead", y.main(), first, func(c *psirt.Case) {
				c.Sealed = twice(y, y.sealFor(lead, c.ID, "lead", "triage", "third", "escrow"))
			})
			y.merge(h, first)
		}, "recipients", first},
		{"backdated", func(y *yard) {
			h := y.reviseAt("lead", y.main(), third, y.now.Add(-90*time.Hour), func(c *psirt.Case) {})
			y.merge(h, third)
		}, "time", third},
		{"from the future", func(y *yard) {
			h := y.reviseAt("lead", y.main(), third, y.now.Add(24*time.Hour), func(c *psirt.Case) {})
			y.merge(h, third)
		}, "time", third},
		{"trailers that tell another story", func(y *yard) {
			c, raw := y.load(y.main(), third)
			c.Revision, c.Previous, c.By = 2, psirt.SHA256(raw), y.cert("lead").Fingerprint()
			at := y.clock()
			file, _ := casefile.Sign(c, y.key("lead"), at)
			h := y.commitAt("lead", "refs/heads/case/INGP-2026-0003/next", []store.Hash{y.main()}, at, "x\n\nCase: INGP-2026-0003\nRevision: 2\nMove: received to closed (spam)", edit(path(third), file))
			y.merge(h, third)
		}, "trailers", third},
		{"a case opened with words that nobody approved", func(y *yard) {
			y.openWithWords()
		}, "update", "INGP-2026-0004"},
		{"a gap in the case numbers", func(y *yard) {
			y.openAs("lead", "INGP-2026-0006", y.clock(), nil)
		}, "number", "INGP-2026-0006"},
		{"a case of next year", func(y *yard) {
			y.openAs("lead", "INGP-2099-0001", time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC), nil)
		}, "time", "INGP-2099-0001"},
		{"two revisions with the same number", func(y *yard) {
			main := y.main()
			a := y.revise("lead", main, first, func(*psirt.Case) {})
			y.merge(a, first)
			b := y.revise("triage", main, first, func(*psirt.Case) {})
			y.merge(b, first)
		}, "superseded", first},
		{"one's own key added without approval", func(y *yard) {
			y.changeProgram("lead", "", edit(policy, y.replaced("\nchanges: {count: 1", "\nchanges: {count: 0")))
		}, "unapproved", ""},
		{"the programme changed by somebody who is not lead", func(y *yard) {
			y.changeProgram("triage", "lead", edit(policy, y.replaced("guards: [consent]", "guards: []")))
		}, "role", ""},
		{"the programme changed by the bot", func(y *yard) {
			y.changeProgram("bot", "lead", edit(policy, y.replaced("guards: [consent]", "guards: []")))
		}, "role", ""},
		{"the programme changed and approved by the same lead", func(y *yard) {
			y.changeProgram("lead", "lead", edit(policy, y.replaced("guards: [consent]", "guards: []")))
		}, "unapproved", ""},
		{"a key added by one's own hand", func(y *yard) {
			y.changeProgram("lead", "", edit("cases/ingroupe/keys/stranger.asc", []byte(honest.reporter.Cert().Armor())))
		}, "unapproved", ""},
		{"a workflow changed without approval", func(y *yard) {
			y.changeProgram("lead", "", edit(".github/workflows/docket-deliver.yml", []byte("on: push\n")))
		}, "unapproved", ""},
	} {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			y := newYard(t)
			a.do(y)
			found(t, y.audit(false), a.kind, a.id)
		})
	}
}
