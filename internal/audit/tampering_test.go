package audit_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/casefile"
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
	for _, kind := range []string{"evaluating", "acknowledge", "note"} {
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
			y.changeProgram("lead", "", edit(policy, y.replaced("count: 1, role: team, kind: signed} # of this", "count: 0} # of this")))
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
