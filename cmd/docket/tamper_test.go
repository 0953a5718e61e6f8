package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var sealedPart = regexp.MustCompile(`(?s)\nsealed: \|\n(.*?-----END PGP MESSAGE-----\n)`)

// swapSealed puts the sealed part of another case into a case file.
func swapSealed(into, from string) string {
	part := sealedPart.FindStringSubmatch(from)[1]
	return sealedPart.ReplaceAllLiteralString(into, "\nsealed: |\n"+part)
}

// rewrap wraps the armor of the sealed part at another width.
func rewrap(file string) string {
	part := sealedPart.FindStringSubmatch(file)[1]
	lines := strings.Split(strings.TrimSpace(part), "\n")
	body := ""
	for _, line := range lines[2 : len(lines)-2] { // without header, checksum and tail
		body += strings.TrimSpace(line)
	}
	if _, err := base64.StdEncoding.DecodeString(body); err != nil {
		panic(err)
	}
	var b strings.Builder
	b.WriteString("  " + strings.TrimSpace(lines[0]) + "\n\n")
	for len(body) > 0 {
		n := min(76, len(body))
		b.WriteString("  " + body[:n] + "\n")
		body = body[n:]
	}
	b.WriteString("  " + strings.TrimSpace(lines[len(lines)-2]) + "\n  " + strings.TrimSpace(lines[len(lines)-1]) + "\n")
	return sealedPart.ReplaceAllLiteralString(file, "\nsealed: |\n"+b.String())
}

// TestTamperedFile: a case file that was changed with stock git is found by
// check and by audit, without any key, with the case's name: IG-29.
func TestTamperedFile(t *testing.T) {
	t.Parallel()
	makeHonest(t)
	line := func(old, new string) func(string) string {
		return func(file string) string { return strings.Replace(file, old, new, 1) }
	}
	attacks := []struct {
		name   string
		kind   string // of check's finding, or any
		change func(file string) string
	}{
		{"state changed", "signature", line("state: received", "state: evaluating")},
		{"outcome added", "", line("state: received\n", "state: received\noutcome: spam\n")},
		{"line of the log changed", "", line("to: received", "to: evaluating")},
		{"unknown key", "case-file", line("state: received\n", "state: received\ncolour: red\n")},
		{"duplicate key", "case-file", line("state: received\n", "state: received\nstate: received\n")},
		{"keys in another order", "case-file", line("docket: 1\nid: "+caseNumber(3)+"\n", "id: "+caseNumber(3)+"\ndocket: 1\n")},
		{"CRLF", "case-file", func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }},
		{"one CRLF", "case-file", line("state: received\n", "state: received\r\n")},
		{"trailing space", "case-file", line("state: received\n", "state: received \n")},
		{"two spaces", "case-file", line("state: received", "state:  received")},
		{"quotes", "case-file", line("state: received", `state: "received"`)},
		{"comment", "case-file", line("state: received\n", "state: received\n# all is well\n")},
		{"line feed at the end", "", func(s string) string { return s + "\n" }},
		{"no line feed at the end", "", func(s string) string { return strings.TrimSuffix(s, "\n") }},
		{"byte order mark", "case-file", func(s string) string { return "\ufeff" + s }},
		{"armor wrapped anew", "", rewrap},
		{"armor with a header", "", line("-----BEGIN PGP MESSAGE-----\n", "-----BEGIN PGP MESSAGE-----\n  Comment: hello\n")},
		{"armor with a space", "", func(s string) string {
			return regexp.MustCompile(`(?m)^(  [A-Za-z0-9+/]{64})$`).ReplaceAllString(s, "$1 ")
		}},
		{"another case's ID", "", line("id: "+caseNumber(3), "id: "+caseNumber(2))},
		{"facts", "signature", line("facts: [consent]", "facts: [complete, consent]")},
	}
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			v := newVandal(t)
			before := v.file(3)
			after := a.change(before)
			if after == before {
				t.Fatal("the attack changes nothing")
			}
			v.onMain("", map[string]string{casePath(3) + ".yaml": after})
			v.names("check", v.findings("check"), a.kind, 3)
			v.names("audit", v.findings("audit", "--no-memory"), "", 3)
			if a.kind != "signature" {
				return
			}
			// Nothing is built on it, and so it is never made to look agreed on.
			for _, args := range [][]string{{"move", caseNumber(3), "needs-info"}, {"label", caseNumber(3), "move/needs-info"}, {"set", caseNumber(3), "priority=low"}} {
				if _, errs, code := v.try(append([]string{"--keys", v.path("keys"), "--as", "lead"}, args...)...); code != exitRefused || !strings.Contains(errs, "is not as ") {
					t.Errorf("docket %s on top of it: exit code %d\n%s", args[0], code, errs)
				}
			}
		})
	}
}

// TestTamperedHistory: what was done past the rules is found: IG-29.
func TestTamperedHistory(t *testing.T) {
	t.Parallel()
	makeHonest(t)
	for _, a := range []struct {
		name string
		kind string // of the audit's finding
		n    int    // the case that must be named
		do   func(v *vandal)
	}{
		{"sealed parts of two cases swapped", "", 3, func(v *vandal) {
			v.onMain("", map[string]string{casePath(2) + ".yaml": swapSealed(v.file(2), v.file(3)), casePath(3) + ".yaml": swapSealed(v.file(3), v.file(2))})
		}},
		{"the same, signed by a lead", "", 2, func(v *vandal) {
			v.onMain("lead", map[string]string{casePath(2) + ".yaml": swapSealed(v.file(2), v.file(3)), casePath(3) + ".yaml": swapSealed(v.file(3), v.file(2))})
		}},
		{"a case removed", "case-removed", 2, func(v *vandal) {
			v.onMain("lead", map[string]string{casePath(2) + ".yaml": ""})
		}},
		{"the newest case removed with all that is about it", "case-removed", 3, func(v *vandal) { v.removeWhole(3) }},
		{"a case removed by a merge", "case-removed", 2, func(v *vandal) {
			v.merged(2, "lead", "Remove\n\nCase: "+caseNumber(2)+"\n", map[string]string{casePath(2) + ".yaml": ""})
		}},
		{"a move merged without approval", "unapproved", 2, (*vandal).mergeUnapproved},
		{"the same, with an approval by the mover", "unapproved", 2, (*vandal).approveOwn},
		{"an approval of another revision", "unapproved", 2, (*vandal).approveOther},
		{"a merge that carries more than its parents", "merge", 3, (*vandal).mergeMore},
		{"a merge that leaves the proposal out", "merge", 2, func(v *vandal) {
			v.setMain(v.commit("main^{tree}", "Merge\n\nCase: "+caseNumber(2)+"\n", "lead", "main", v.next(2)))
		}},
		{"a mail and its record removed", "mail-removed", 1, func(v *vandal) {
			v.merged(1, "bot", "Mail\n\nCase: "+caseNumber(1)+"\n", map[string]string{casePath(1) + "/mail-2.yaml": "", casePath(1) + "/mail-2.pgp": ""})
		}},
		{"a mail exchanged", "", 1, func(v *vandal) {
			v.onMain("bot", map[string]string{casePath(1) + "/mail-2.pgp": v.git("show", "main:"+casePath(2)+"/mail-1.pgp")})
		}},
		{"a mail record changed", "", 1, func(v *vandal) {
			v.onMain("bot", map[string]string{casePath(1) + "/mail-2.yaml": strings.Replace(v.git("show", "main:"+casePath(1)+"/mail-2.yaml"), "signed: good", "signed: bad", 1)})
		}},
		{"a line of seen changed", "", 2, func(v *vandal) { v.changeSeen() }},
		{"a file that belongs to nothing", "", 1, func(v *vandal) {
			v.onMain("lead", map[string]string{casePath(1) + "/notes.txt": "hello\n"})
		}},
		{"an honest move, pushed without a merge commit", "", 2, func(v *vandal) { v.setMain(v.next(2)) }},
		{"a case moved to another path", "", 3, func(v *vandal) {
			v.onMain("lead", map[string]string{casePath(3) + ".yaml": "", strings.Replace(casePath(3), "/00/", "/01/", 1) + ".yaml": v.file(3)})
		}},
	} {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			v := newVandal(t)
			before := v.git("rev-parse", "main")
			a.do(v)
			if v.git("rev-parse", "main") == before {
				t.Fatal("the attack changes nothing")
			}
			v.names("check", v.findings("check"), "", a.n)
			v.names("audit", v.findings("audit", "--no-memory"), a.kind, a.n)
			v.deliversNothing(a.n)
		})
	}
}

// deliversNothing: what the audit would object to in a case is not sent.
func (v *vandal) deliversNothing(n int) {
	v.t.Helper()
	out, errs, _ := v.try("--keys", "keys", "deliver", "--maildir", "elsewhere", "--json")
	var list []struct{ ID, Status string }
	if json.Unmarshal([]byte(out), &list) != nil {
		return // it refuses altogether, and says why on standard error
	}
	for _, l := range list {
		if l.ID == caseNumber(n) && l.Status == "sent" {
			v.t.Errorf("deliver sends what the audit objects to: %s%s", out, errs)
		}
	}
}

// next is the open proposal of a case.
func (v *vandal) next(n int) string {
	return strings.TrimSpace(v.git("rev-parse", "refs/heads/case/"+caseNumber(n)+"/next"))
}

func (v *vandal) removeWhole(n int) {
	edits := map[string]string{casePath(n) + ".yaml": ""}
	for _, name := range strings.Fields(v.git("ls-tree", "-r", "--name-only", "main")) {
		if strings.HasPrefix(name, casePath(n)+"/") ||
			strings.Contains(name, "/seen/") && strings.TrimSpace(v.git("show", "main:"+name)) == caseNumber(n) {
			edits[name] = ""
		}
	}
	if len(edits) < 4 {
		v.t.Fatalf("only %d files are about %s", len(edits), caseNumber(n))
	}
	v.onMain("", edits)
}

// mergeUnapproved merges an honest move by hand, with the right analyst's
// signature on the merge, and without an approval.
func (v *vandal) mergeUnapproved() {
	next := v.next(2)
	v.setMain(v.commit(next+"^{tree}", "Merge\n\nCase: "+caseNumber(2)+"\n", "triage", "main", next))
}

var approves = "Approve case\n\nCase: %s\nApproves: sha256:%s\n"

// digest is the SHA-256 of the case file in a commit, as an approval names it.
func (v *vandal) digest(commit string, n int) string {
	v.t.Helper()
	sum := sha256.Sum256([]byte(v.git("show", commit+":"+casePath(n)+".yaml")))
	return hex.EncodeToString(sum[:])
}

func (v *vandal) approveOwn() {
	next := v.next(2)
	own := v.commit(next+"^{tree}", fmt.Sprintf(approves, caseNumber(2), v.digest(next, 2)), "lead", next)
	v.setMain(v.commit(own+"^{tree}", "Merge\n\nCase: "+caseNumber(2)+"\n", "lead", "main", own))
}

func (v *vandal) approveOther() {
	next := v.next(2)
	other := v.commit(next+"^{tree}", fmt.Sprintf(approves, caseNumber(2), v.digest("main", 2)), "triage", next)
	v.setMain(v.commit(other+"^{tree}", "Merge\n\nCase: "+caseNumber(2)+"\n", "triage", "main", other))
}

// mergeMore approves honestly, with stock git, and then merges more than that.
func (v *vandal) mergeMore() {
	next := v.next(2)
	approved := v.commit(next+"^{tree}", fmt.Sprintf(approves, caseNumber(2), v.digest(next, 2)), "triage", next)
	tree := v.tree(approved, map[string]string{casePath(3) + ".yaml": strings.Replace(v.file(3), "state: received", "state: evaluating", 1)})
	v.setMain(v.commit(tree, "Merge\n\nCase: "+caseNumber(2)+"\n", "triage", "main", approved))
}

// changeSeen lets a mail of C1 be known as one of C2.
func (v *vandal) changeSeen() {
	for _, name := range strings.Fields(v.git("ls-tree", "-r", "--name-only", "main")) {
		if strings.Contains(name, "/seen/") && strings.TrimSpace(v.git("show", "main:"+name)) == caseNumber(1) {
			v.merged(2, "bot", "Mail\n\nCase: "+caseNumber(2)+"\n", map[string]string{name: caseNumber(2) + "\n"})
			return
		}
	}
	v.t.Fatal("no line of seen")
}

// TestHandMadeMerge: an approval and a merge made with stock git and gpg are as
// good as any. It shows that the attacks fail for what they lack.
func TestHandMadeMerge(t *testing.T) {
	t.Parallel()
	makeHonest(t)
	v := newVandal(t)
	next := v.next(2)
	approved := v.commit(next+"^{tree}", fmt.Sprintf(approves, caseNumber(2), v.digest(next, 2)), "triage", next)
	v.setMain(v.commit(approved+"^{tree}", "Merge\n\nCase: "+caseNumber(2)+"\n", "", "main", approved))
	v.docket(exitDone, "check")
	v.docket(exitDone, "audit", "--no-memory")
	if out := v.docket(exitDone, "list", "--json"); !strings.Contains(out, "evaluating") {
		t.Errorf("the move was not made: %s", out)
	}
}

// TestTamperedReceipts: the branch of receipts is held to its rules by the
// audit: IG-30, IG-36.
func TestTamperedReceipts(t *testing.T) {
	t.Parallel()
	makeHonest(t)
	for name, do := range map[string]func(v *vandal) (tree string, signer string){
		"a receipt forged": func(v *vandal) (string, string) {
			dir, sent := v.receipt(1, "1-1-sent.yaml")
			return v.tree("deliveries", map[string]string{dir + "/2-2-sent.yaml": strings.NewReplacer("update: 1", "update: 2", "attempt: 1", "attempt: 2").Replace(sent)}), "mailer"
		},
		"a receipt changed": func(v *vandal) (string, string) {
			dir, sent := v.receipt(1, "1-1-sent.yaml")
			return v.tree("deliveries", map[string]string{dir + "/1-1-sent.yaml": strings.Replace(sent, "at: 2", "at: 3", 1)}), "mailer"
		},
		"a receipt removed": func(v *vandal) (string, string) {
			dir, _ := v.receipt(1, "1-1-sent.yaml")
			return v.tree("deliveries", map[string]string{dir + "/1-1-sent.yaml": ""}), "mailer"
		},
		"a receipt of one case at another": func(v *vandal) (string, string) {
			_, sent := v.receipt(1, "1-1-sent.yaml")
			dir := strings.TrimPrefix(casePath(3), "cases/")
			return v.tree("deliveries", map[string]string{dir + "/1-2-sent.yaml": sent}), "mailer"
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newVandal(t)
			tree, signer := do(v)
			v.git("update-ref", "refs/heads/deliveries", v.commit(tree, "Receipt\n", signer, "deliveries"))
			n := 1
			if strings.Contains(name, "another") {
				n = 3
			}
			v.names("audit", v.findings("audit", "--no-memory"), "receipt", n)
		})
	}
}

// receipt reads a receipt of a case.
func (v *vandal) receipt(n int, name string) (dir, text string) {
	dir = strings.TrimPrefix(casePath(n), "cases/")
	return dir, v.git("show", "deliveries:"+dir+"/"+name)
}

// TestCutHistory: heads that an audit remembers are missed when history is cut
// or written anew.
func TestCutHistory(t *testing.T) {
	t.Parallel()
	makeHonest(t)
	for _, branch := range []string{"main", "deliveries"} {
		t.Run(branch, func(t *testing.T) {
			t.Parallel()
			v := newVandal(t)
			v.docket(exitDone, "audit")
			v.git("update-ref", "refs/heads/"+branch, branch+"~1")
			for range 2 { // what was found is not forgotten
				if list := v.findings("audit"); len(list) == 0 || list[0].Kind != "rewritten" || !strings.Contains(list[0].Text, branch) {
					t.Errorf("findings: %+v", list)
				}
			}
			files, err := filepath.Glob(v.path("state/*"))
			if err != nil || len(files) == 0 {
				t.Fatalf("nothing is remembered: %v", err)
			}
			if info, err := os.Stat(files[0]); err != nil || info.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s: %v %v", files[0], info, err)
			}
		})
	}
}
