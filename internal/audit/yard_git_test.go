package audit_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/peer"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
	"github.com/docket-psirt/docket/internal/store"
)

func (y *yard) head(ref string) store.Hash {
	y.t.Helper()
	h, err := y.repo.Ref(ref)
	if err != nil {
		y.t.Fatal(err)
	}
	return h
}

func (y *yard) main() store.Hash { y.t.Helper(); return y.head("refs/heads/main") }

func (y *yard) commitOf(h store.Hash) *store.Commit {
	y.t.Helper()
	c, err := y.repo.Commit(h)
	if err != nil {
		y.t.Fatal(err)
	}
	return c
}

func (y *yard) read(h store.Hash, path string) []byte {
	y.t.Helper()
	at, err := y.repo.At(h)
	if err != nil {
		y.t.Fatal(err)
	}
	raw, err := at.Read(path, 1<<26)
	if err != nil {
		y.t.Fatal(err)
	}
	return raw
}

func (y *yard) load(h store.Hash, id psirt.CaseID) (*psirt.Case, []byte) {
	y.t.Helper()
	raw := y.read(h, psirt.CasePath("ingroupe", id))
	c, err := casefile.Parse(raw)
	if err != nil {
		y.t.Fatal(err)
	}
	return c, raw
}

// commit makes a commit that name signs ("" leaves it unsigned), on parents,
// and makes ref point there.
func (y *yard) commit(name, ref string, parents []store.Hash, msg string, edits ...store.Edit) store.Hash {
	y.t.Helper()
	return y.commitAt(name, ref, parents, y.clock(), msg, edits...)
}

func (y *yard) commitAt(name, ref string, parents []store.Hash, at time.Time, msg string, edits ...store.Edit) store.Hash {
	y.t.Helper()
	spec := store.CommitSpec{Base: y.commitOf(parents[0]).Tree, Edits: edits, Parents: parents, Message: strings.TrimRight(msg, "\n") + "\n",
		Author: store.Ident{Name: "x", Mail: "x@example.com", When: at}, Committer: store.Ident{Name: "x", Mail: "x@example.com", When: at}}
	if name != "" {
		key := y.key(name)
		spec.Sign = func(payload []byte) (string, error) { return key.SignCommit(payload, at) }
	}
	b := y.repo.NewBatch()
	h, err := b.Commit(spec)
	if err != nil {
		y.t.Fatal(err)
	}
	old, err := y.repo.Ref(ref)
	if err != nil {
		old = store.Hash{}
	}
	if err := y.repo.Publish(y.t.Context(), b, store.RefUpdate{Name: ref, Old: old, New: h}); err != nil {
		y.t.Fatal(err)
	}
	return h
}

// merge makes a merge commit of branch on main, with the branch's changes and
// extra ones.
func (y *yard) merge(branch store.Hash, id psirt.CaseID, extra ...store.Edit) store.Hash {
	y.t.Helper()
	main := y.main()
	fork := branch
	for {
		if ok, err := y.repo.IsAncestor(fork, main); err != nil {
			y.t.Fatal(err)
		} else if ok {
			break
		}
		fork = y.commitOf(fork).Parents[0]
	}
	changes, err := y.repo.Changes(y.commitOf(fork).Tree, y.commitOf(branch).Tree)
	if err != nil {
		y.t.Fatal(err)
	}
	var edits []store.Edit
	for _, ch := range changes {
		if ch.New.Hash.IsZero() {
			edits = append(edits, store.Edit{Path: ch.Path, Delete: true})
		} else {
			edits = append(edits, store.Edit{Path: ch.Path, Data: y.read(branch, ch.Path)})
		}
	}
	msg := "Merge"
	if id != "" {
		msg += "\n\nCase: " + string(id)
	}
	return y.commit("", "refs/heads/main", []store.Hash{main, branch}, msg, append(edits, extra...)...)
}

// revise makes a signed revision of a case on top of parent, changed by fn, on
// a branch.
func (y *yard) revise(name string, parent store.Hash, id psirt.CaseID, fn func(*psirt.Case), edits ...store.Edit) store.Hash {
	y.t.Helper()
	return y.reviseAt(name, parent, id, y.clock(), fn, edits...)
}

func (y *yard) reviseAt(name string, parent store.Hash, id psirt.CaseID, at time.Time, fn func(*psirt.Case), edits ...store.Edit) store.Hash {
	y.t.Helper()
	c, raw := y.load(parent, id)
	c.Revision++
	c.Previous = psirt.SHA256(raw)
	c.By = y.cert(name).Fingerprint()
	fn(c)
	file, err := casefile.Sign(c, y.key(name), at)
	if err != nil {
		y.t.Fatal(err)
	}
	before, _ := y.load(parent, id)
	msg := fmt.Sprintf("%s\n\nCase: %s\nRevision: %d\n", id, id, c.Revision)
	if len(c.Log) > len(before.Log) {
		msg += "Move: " + audit.Arrow(before.State, c.State, c.Outcome) + "\n"
	}
	for _, u := range c.Updates[len(before.Updates):] {
		msg += fmt.Sprintf("Update: %d %s\n", u.N, u.Kind)
	}
	return y.commitAt(name, "refs/heads/case/"+string(id)+"/next", []store.Hash{parent}, at, msg,
		append(edits, store.Edit{Path: psirt.CasePath("ingroupe", id), Data: file})...)
}

// revisionOf finds the newest commit on main at which a case had a revision.
func (y *yard) revisionOf(id psirt.CaseID, n int) *psirt.Case {
	y.t.Helper()
	for c, err := range y.repo.FirstParents(y.main(), store.Hash{}) {
		if err != nil {
			y.t.Fatal(err)
		}
		if at, _ := y.load(c.Hash, id); at.Revision == n {
			return at
		}
	}
	y.t.Fatalf("%s has no revision %d", id, n)
	return nil
}

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

func edit(path string, data []byte) store.Edit { return store.Edit{Path: path, Data: data} }

const policy = "cases/ingroupe/program.yaml"

func path(id psirt.CaseID) string { return psirt.CasePath("ingroupe", id) }

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

// sealFor seals a report document of a case to named keys.
func (y *yard) sealFor(by *seal.Key, id psirt.CaseID, to ...string) string {
	y.t.Helper()
	var certs []*seal.Cert
	for _, name := range to {
		certs = append(certs, y.cert(name))
	}
	sealed, err := by.Seal([]byte(`{"docket":1,"id":"`+string(id)+`","title":"x","consent":{"submitted_at":"2026-11-22T09:00:00Z"}}`), certs, casefile.ContextOf(casefile.PartSealed, id), y.now)
	if err != nil {
		y.t.Fatal(err)
	}
	return sealed.Armor
}

// openAs opens a case past the desk.
func (y *yard) openAs(name string, id psirt.CaseID, at time.Time, fn func(*psirt.Case), edits ...store.Edit) store.Hash {
	y.t.Helper()
	snap, err := y.repo.At(y.main())
	if err != nil {
		y.t.Fatal(err)
	}
	entry, err := snap.Entry("cases/ingroupe/program.yaml")
	if err != nil {
		y.t.Fatal(err)
	}
	by := y.key(name)
	var certs []*seal.Cert
	for _, reader := range []string{"lead", "triage", "third", "escrow", "mailer", "intake"} {
		certs = append(certs, y.cert(reader))
	}
	contact, err := by.Seal([]byte(`{"docket":1,"id":"`+string(id)+`","address":"maren@example.org"}`), certs, casefile.ContextOf(casefile.PartContact, id), at)
	if err != nil {
		y.t.Fatal(err)
	}
	c := &psirt.Case{Docket: 1, ID: id, Program: "ingroupe", Policy: entry.Hash.ObjectID(), State: "received", Opened: at, Revision: 1,
		Log:    []psirt.Entry{{Revision: 1, At: at, To: "received", By: by.Cert().Fingerprint()}},
		Sealed: y.sealFor(by, id, "lead", "triage", "third", "escrow"), Contact: contact.Armor}
	if fn != nil {
		fn(c)
	}
	file, err := casefile.Sign(c, by, at)
	if err != nil {
		y.t.Fatal(err)
	}
	msg := fmt.Sprintf("%s: new case\n\nCase: %s\nMove: received\nRevision: 1\n", id, id)
	for _, u := range c.Updates {
		msg += fmt.Sprintf("Update: %d %s\n", u.N, u.Kind)
	}
	h := y.commitAt(name, "refs/heads/case/"+string(id)+"/next", []store.Hash{y.main()}, at, msg,
		append(edits, store.Edit{Path: psirt.CasePath("ingroupe", id), Data: file})...)
	return y.merge(h, id)
}

type attack struct {
	name string
	do   func(y *yard)
	kind string // of a finding that must be there, naming case and commit
	id   psirt.CaseID
}
