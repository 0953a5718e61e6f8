package main

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/mail"
	"github.com/docket-psirt/docket/internal/peer"
)

// badRepo is a case repository into which objects are put that neither git nor
// Docket would write.
type badRepo struct {
	t   testing.TB
	dir string // cases.git and keys
}

// newBadRepo makes a repository with two cases, both acknowledged.
func newBadRepo(t *testing.T) *badRepo {
	t.Helper()
	peer.Need(t, "git")
	r := &badRepo{t, t.TempDir()}
	if _, err := desk.Init(r.path("cases.git"), desk.InitOptions{Programs: []string{"ingroupe"}, Team: []string{"lead", "triage"}, Keys: r.path("keys")}); err != nil {
		t.Fatal(err)
	}
	d, err := desk.Open(r.path("cases.git"), desk.Options{Keys: r.path("keys")})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for n := 1; n <= 2; n++ {
		taken, err := d.Intake(t.Context(), mail.Files([]string{r.mail(n)}, nil), nil)
		if err != nil || taken[0].Err != nil {
			t.Fatal(err, taken)
		}
	}
	out, err := mail.NewMaildirSender(r.path("out"))
	if err != nil {
		t.Fatal(err)
	}
	if list, err := d.Deliver(t.Context(), desk.Outgoing{Sender: out, Repeatable: true}); err != nil || len(list) != 2 {
		t.Fatal(err, list)
	}
	return r
}

func (r *badRepo) path(name string) string { return filepath.Join(r.dir, filepath.FromSlash(name)) }

// mail writes a report in clear.
func (r *badRepo) mail(n int) string {
	r.t.Helper()
	name := r.path(fmt.Sprintf("m%d.eml", n))
	text := fmt.Sprintf("From: r%d@example.org\nTo: psirt@ingroupe.com\nSubject: Gate\nDate: %s\nMessage-ID: <%d@example.org>\n\nProduct: gate\nDescription: it opens.\n", n, now(), n)
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
	return name
}

func (r *badRepo) copy(t testing.TB) *badRepo {
	t.Helper()
	c := &badRepo{t, t.TempDir()}
	if err := os.CopyFS(c.dir, os.DirFS(r.dir)); err != nil {
		t.Fatal(err)
	}
	return c
}

func (r *badRepo) git(args ...string) string {
	r.t.Helper()
	cmd := exec.Command("git", append([]string{"--git-dir", r.path("cases.git")}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1")
	out, err := cmd.Output()
	if err != nil {
		r.t.Fatalf("git %s: %v", strings.Join(args, " "), err)
	}
	return string(out)
}

// object writes a loose object, whatever is in it: what git hash-object
// --literally would do.
func (r *badRepo) object(kind string, size int64, data io.Reader) string {
	r.t.Helper()
	var packed bytes.Buffer
	digest := sha1.New()
	z := zlib.NewWriter(&packed)
	to := io.MultiWriter(digest, z)
	fmt.Fprintf(to, "%s %d\x00", kind, size)
	n, err := io.Copy(to, data)
	if err = errors.Join(err, z.Close()); err != nil || n != size {
		r.t.Fatal(err, n)
	}
	h := hex.EncodeToString(digest.Sum(nil))
	name := r.path("cases.git/objects/" + h[:2] + "/" + h[2:])
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(name, packed.Bytes(), 0o644); err != nil {
		r.t.Fatal(err)
	}
	return h
}

func (r *badRepo) blob(text string) string {
	return r.object("blob", int64(len(text)), strings.NewReader(text))
}

// row is an entry of a tree as it is written: nothing about it is checked.
type row struct{ mode, name, hash string }

// tree writes a tree with its rows in the order given.
func (r *badRepo) tree(rows ...row) string {
	var b bytes.Buffer
	for _, e := range rows {
		raw, err := hex.DecodeString(e.hash)
		if err != nil {
			r.t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s %s\x00%s", e.mode, e.name, raw)
	}
	return r.object("tree", int64(b.Len()), &b)
}

// rows reads a tree with stock git.
func (r *badRepo) rows(tree string) []row {
	var out []row
	for _, line := range strings.Split(strings.TrimSuffix(r.git("ls-tree", "-z", tree), "\x00"), "\x00") {
		head, name, ok := strings.Cut(line, "\t")
		if f := strings.Fields(head); ok {
			out = append(out, row{strings.TrimLeft(f[0], "0"), name, f[2]})
		}
	}
	return out
}

// with makes the tree of a revision with one entry changed or added; the
// folders on the way are there or are made.
func (r *badRepo) with(tree string, path []string, e row) string {
	var rows []row
	if tree != "" {
		rows = r.rows(tree)
	}
	i := 0
	for i < len(rows) && rows[i].name != path[0] {
		i++
	}
	if i == len(rows) {
		rows = append(rows, row{mode: "40000", name: path[0]})
	}
	if len(path) == 1 {
		rows[i] = row{e.mode, path[0], e.hash}
	} else {
		rows[i].hash = r.with(rows[i].hash, path[1:], e)
	}
	sort.Slice(rows, func(a, b int) bool { return gitName(rows[a]) < gitName(rows[b]) })
	return r.tree(rows...)
}

// gitName is what git sorts a row by.
func gitName(e row) string {
	if e.mode == "40000" {
		return e.name + "/"
	}
	return e.name
}

// put commits one changed entry right onto a branch, as somebody could who may
// push to it.
func (r *badRepo) put(branch, path string, e row) {
	r.t.Helper()
	tree := r.with(strings.TrimSpace(r.git("rev-parse", branch+"^{tree}")), strings.Split(path, "/"), e)
	r.commit(branch, tree)
}

func (r *badRepo) commit(branch, tree string) {
	who := fmt.Sprintf("x <x@example.org> %d +0000", time.Now().Unix())
	text := "tree " + tree + "\nparent " + strings.TrimSpace(r.git("rev-parse", branch)) + "\nauthor " + who + "\ncommitter " + who + "\n\nTidy up\n"
	r.git("update-ref", "refs/heads/"+branch, r.object("commit", int64(len(text)), strings.NewReader(text)))
}

// said is how a command ended.
type said struct {
	out, err string
	code     int
	took     time.Duration
}

// run runs docket inside this process.
func (r *badRepo) run(args ...string) (s said) {
	var out, errs bytes.Buffer
	start := time.Now()
	s.took = peer.Took(func() {
		s.code = run(append([]string{"-C", r.path("cases.git"), "--keys", r.path("keys")}, args...), strings.NewReader(""), &out, &errs)
	})
	if all := time.Since(start); all > 30*time.Second { // it waits for something, or others work for it
		s.took = all
	}
	s.out, s.err = out.String(), errs.String()
	return s
}

// badCase is where and how the bad file stands.
type badCase struct {
	branch, path string
	other        bool // it concerns nothing but its own case: all else goes on
}

func badPlaces() map[string]badCase {
	two := casePath(2)
	return map[string]badCase{
		"case file":   {"main", two + ".yaml", true},
		"mail record": {"main", two + "/mail-1.yaml", true},
		"receipt":     {"deliveries", strings.TrimPrefix(two, "cases/") + "/1-1-sent.yaml", true},
		"programme":   {"main", "cases/ingroupe/program.yaml", false},
		"key":         {"main", "cases/ingroupe/keys/triage.asc", false},
		"template":    {"main", "cases/ingroupe/templates/acknowledge.txt", false},
	}
}

// badTexts change a file into what no reader should take, or what readers take
// for different things.
func badTexts() map[string]func(string) string {
	add := func(text string) func(string) string { return func(s string) string { return s + text } }
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'k'; c++ {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat("*"+string(c-1)+",", 9), ","))
	}
	return map[string]func(string) string{
		"alias bomb":          add(bomb),
		"alias to itself":     add("a: &a [*a]\n"),
		"alias":               add("a: &a 1\nb: *a\n"),
		"infinity":            add("a: .inf\n"),
		"merge key":           add("<<: {a: 1}\n"),
		"other readers":       add("a: 0o17\nb: 12e4567890\nc: 1_000\nd: 1:30\ne: NO\nf: 0x1F\n"),
		"tag":                 add("a: !!binary aGk=\n"),
		"CRLF":                func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
		"BOM":                 func(s string) string { return "\ufeff" + s },
		"UTF-16":              func(s string) string { return "\xff\xfe" + strings.Join(strings.Split(s, ""), "\x00") },
		"second document":     add("---\na: 1\n"),
		"directive":           func(s string) string { return "%YAML 1.1\n---\n" + s },
		"deep lists":          add("a: " + strings.Repeat("[", 100_000) + "\n"),
		"deep maps":           add("a: " + strings.Repeat("{a: ", 50_000) + "\n"),
		"deep indents":        func(s string) string { return s + indents(2000) },
		"repeated key":        func(s string) string { return s + firstLine(s) },
		"NUL":                 add("a: \x00\n"),
		"not UTF-8":           add("a: \xff\xfe\n"),
		"direction marks":     add("a: \u202eabc\u2069\n"),
		"empty":               func(string) string { return "" },
		"one long line":       add("a: " + strings.Repeat("x", 1<<20) + "\n"),
		"anchored everything": add("a: &a" + strings.Repeat("\nb: &b", 1000) + "\n"),
	}
}

func indents(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

func firstLine(s string) string { return s[:strings.IndexByte(s, '\n')+1] }

// TestBadFiles puts each bad text into each kind of file.
func TestBadFiles(t *testing.T) {
	t.Parallel()
	base := newBadRepo(t)
	for place, at := range badPlaces() {
		t.Run(place, func(t *testing.T) {
			t.Parallel()
			r := base.copy(t)
			honest, refs := r.git("show", at.branch+":"+at.path), r.refs()
			for name, change := range badTexts() {
				if place != "programme" && !slices.Contains(everywhere, name) {
					continue // read by the codec, or by nobody who knows YAML
				}
				r.put(at.branch, at.path, row{mode: "100644", hash: r.blob(change(honest))})
				r.survives(t, name, at)
				r.reset(refs)
			}
		})
	}
}

// everywhere are the changes that every kind of file gets.
var everywhere = []string{"alias bomb", "CRLF", "BOM", "second document", "deep lists", "NUL", "empty", "one long line"}

// refs are all refs as they stand, and reset brings them back.
func (r *badRepo) refs() string { return r.git("for-each-ref", "--format=%(refname) %(objectname)") }

func (r *badRepo) reset(refs string) {
	r.t.Helper()
	var b strings.Builder
	for line := range strings.Lines(r.refs()) {
		name, _, _ := strings.Cut(line, " ")
		if !strings.Contains(refs, name+" ") {
			b.WriteString("delete " + name + "\n")
		}
	}
	for line := range strings.Lines(refs) {
		b.WriteString("update " + line)
	}
	cmd := exec.Command("git", "--git-dir", r.path("cases.git"), "update-ref", "--stdin")
	cmd.Stdin = strings.NewReader(b.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		r.t.Fatalf("git update-ref: %v\n%s", err, out)
	}
}

// faultWords are what a panic says, see faultMessage and desk.Intake.
const faultWords = "a fault of Docket"

// survives runs every command that reads, and two that write, over a repository
// with a bad file in it.
func (r *badRepo) survives(t *testing.T, name string, at badCase) {
	t.Helper()
	file := filepath.Base(at.path)
	for _, c := range []struct {
		what string
		args []string
	}{{"check", []string{"check"}}, {"audit", []string{"audit", "--no-memory"}}, {"list", []string{"list"}}, {"show", []string{"show", caseNumber(2)}},
		{"show other", []string{"show", caseNumber(1)}}, {"deliver", []string{"deliver", "--maildir", r.path("out")}}, {"intake", []string{"intake", r.mail(9)}}} {
		what := c.what
		if what == "intake" && !slices.Contains([]string{"alias bomb", "empty", "one long line"}, name) {
			continue // it waits for the disk many times, and reads nothing that others do not
		}
		s := r.run(c.args...)
		all := s.out + s.err
		bad := func(why string) {
			t.Errorf("%s, %s: %s: exit code %d after %v\n%.600s", name, what, why, s.code, s.took, all)
		}
		if s.took > 2*time.Second {
			bad("too slow")
		}
		if strings.Contains(all, faultWords) {
			bad("it crashed")
		}
		if len(all) > 1<<20 {
			bad("too much is said")
		}
		switch {
		case what == "check" && at.branch == "deliveries":
		case what == "check" || what == "audit":
			if s.code != exitRefused && s.code != exitFailed || !strings.Contains(all, file) {
				bad("the file is not named")
			}
		case what == "show other" && at.other:
			if s.code != exitDone {
				bad("another case suffers")
			}
		case what == "list" && at.other:
			if !strings.Contains(s.out, caseNumber(1)) || s.code != exitDone && (s.code != exitFailed || !strings.Contains(s.err, file)) {
				bad("another case is hidden, or the file is not named")
			}
		case what == "intake" && at.other:
			if s.code != exitDone {
				bad("another mail suffers")
			}
		case s.code != exitDone && !strings.Contains(all, file) && s.code != exitRefused:
			bad("the file is not named")
		}
	}
}
