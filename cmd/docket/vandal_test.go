package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// vandal changes a case repository with stock git, as somebody could who may
// push to it; and has the keys of whom it is said.
//
// The honest history, which is made once:
//
//	C1  acknowledged, moved to evaluating by lead with the approval of triage,
//	    delivered; a follow-up mail is on record
//	C2  acknowledged; lead's move to evaluating is open, without approval
//	C3  acknowledged
type vandal struct {
	*bench
	when time.Time // of what is committed; zero: now
}

var honest struct {
	once sync.Once
	made string // directory that was made
	dir  string // the same, once all is in it
}

// newVandal gives a copy of the honest repository.
func newVandal(t *testing.T) *vandal {
	t.Helper()
	b := benchAt(t, t.TempDir())
	for _, name := range []string{"cases.git", "keys"} {
		if err := os.CopyFS(b.path(name), os.DirFS(filepath.Join(honest.dir, name))); err != nil {
			t.Fatal(err)
		}
	}
	return &vandal{bench: b}
}

// makeHonest makes the repository that all attacks begin with.
func makeHonest(t *testing.T) {
	t.Helper()
	honest.once.Do(func() {
		dir, err := os.MkdirTemp("", "honest") // removed when all tests are done
		if err != nil {
			t.Fatal(err)
		}
		honest.made = dir
		b := newBench(t)
		var names []string
		for n := 1; n <= 3; n++ {
			names = append(names, b.mail(fmt.Sprintf("m%d.eml", n), fmt.Sprintf("From: dana@example.org\nTo: psirt@ingroupe.com\nSubject: Report %d\n"+
				"Content-Type: text/plain; charset=utf-8\n\nProduct: gate %d\nDescription: it opens.\n", n, n), outgoing{sign: true, attachKey: true}))
		}
		b.as("lead", append([]string{"intake"}, names[0])...)
		b.as("lead", "deliver", "--maildir", "out")
		b.as("lead", "intake", b.reply("reply.eml", "out", "dana@example.org", "It closes, too.\n"))
		b.as("lead", "intake", names[1], names[2])
		b.as("lead", "move", caseNumber(1), "evaluating")
		b.as("triage", "approve", caseNumber(1))
		b.as("lead", "move", caseNumber(2), "evaluating")
		b.as("lead", "deliver", "--maildir", "out")
		b.docket(exitDone, "check")
		b.docket(exitDone, "audit", "--no-memory")
		b.git("repack", "-a", "-d", "-q") // one pack is copied faster than hundreds of objects
		for _, name := range []string{"cases.git", "keys"} {
			if err := os.CopyFS(filepath.Join(dir, name), os.DirFS(b.path(name))); err != nil {
				t.Fatal(err)
			}
		}
		honest.dir = dir
	})
	if honest.dir == "" {
		t.Fatal("there is no honest repository")
	}
}

// casePath is where a case stands, and its folder with mails.
func casePath(n int) string {
	id := caseNumber(n)
	return fmt.Sprintf("cases/ingroupe/%s/00/%s", id[5:9], id)
}

func (v *vandal) file(n int) string { return v.git("show", "main:"+casePath(n)+".yaml") }

// tree makes a tree with stock git: that of a commit, with files changed, or
// removed where the text is empty.
func (v *vandal) tree(commit string, edits map[string]string) string {
	v.t.Helper()
	index := []string{"GIT_INDEX_FILE=" + v.path("index")}
	v.gitWith(nil, index, "read-tree", commit)
	for name, text := range edits {
		if text == "" {
			v.gitWith([]byte("0 "+strings.Repeat("0", 40)+"\t"+name+"\n"), index, "update-index", "--index-info")
			continue
		}
		blob := strings.TrimSpace(v.gitWith([]byte(text), nil, "hash-object", "-w", "--stdin"))
		v.gitWith(nil, index, "update-index", "--add", "--cacheinfo", "100644,"+blob+","+name)
	}
	return strings.TrimSpace(v.gitWith(nil, index, "write-tree"))
}

// commit makes a commit of a tree with stock git, and with stock gpg where a
// role or person signs it.
func (v *vandal) commit(tree, message, signer string, parents ...string) string {
	v.t.Helper()
	env := []string{"GIT_AUTHOR_NAME=x", "GIT_AUTHOR_EMAIL=x@example.org", "GIT_COMMITTER_NAME=x", "GIT_COMMITTER_EMAIL=x@example.org"}
	if !v.when.IsZero() {
		at := fmt.Sprintf("%d +0000", v.when.Unix())
		env = append(env, "GIT_AUTHOR_DATE="+at, "GIT_COMMITTER_DATE="+at)
	}
	args := []string{"commit-tree", tree}
	for _, p := range parents {
		args = append(args, "-p", p)
	}
	if signer != "" {
		g, err := v.people.home(signer, false)
		if err != nil {
			v.t.Fatal(err)
		}
		secret, err := os.ReadFile(v.path("keys/" + signer + ".asc"))
		if err != nil {
			v.t.Fatal(err)
		}
		if _, _, err := g.run(secret, "--import"); err != nil {
			v.t.Fatal(err)
		}
		fingerprint, err := g.fingerprint([]byte(v.docket(exitDone, "keys", "show", signer)))
		if err != nil {
			v.t.Fatal(err)
		}
		env = append(env, "GNUPGHOME="+g.home)
		args = append(args, "-S"+fingerprint)
	}
	return strings.TrimSpace(v.gitWith([]byte(message), env, args...))
}

func (v *vandal) setMain(commit string) { v.git("update-ref", "refs/heads/main", commit) }

// onMain commits changed files right onto main.
func (v *vandal) onMain(signer string, edits map[string]string) {
	v.t.Helper()
	v.setMain(v.commit(v.tree("main", edits), "Tidy up\n", signer, "main"))
}

// merged commits changed files on a branch and merges that, as proposals are.
func (v *vandal) merged(n int, signer, message string, edits map[string]string) {
	v.t.Helper()
	branch := v.commit(v.tree("main", edits), message, signer, "main")
	v.setMain(v.commit(branch+"^{tree}", "Merge\n\nCase: "+caseNumber(n)+"\n", "", "main", branch))
}

// finding is one line of audit --json and check --json.
type finding struct{ Severity, Kind, Case, Commit, Text string }

// findings runs a command that must find something, without any key.
func (v *vandal) findings(args ...string) []finding {
	v.t.Helper()
	out, errs, code := v.try(append(args, "--json")...)
	if code != exitRefused {
		v.t.Errorf("docket %s: exit code %d, want 3\n%s%s", strings.Join(args, " "), code, out, errs)
		return nil
	}
	var r struct{ Findings []finding }
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		v.t.Errorf("docket %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return r.Findings
}

// names holds that one of the findings is of a kind and names the case.
func (v *vandal) names(what string, list []finding, kind string, n int) {
	v.t.Helper()
	for _, f := range list {
		if (kind == "" || f.Kind == kind) && (f.Case == caseNumber(n) || strings.Contains(f.Text, caseNumber(n))) {
			return
		}
	}
	v.t.Errorf("%s: no finding of the kind %q names %s: %+v", what, kind, caseNumber(n), list)
}
