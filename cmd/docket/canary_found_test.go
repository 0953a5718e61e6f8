package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// readers look at everything without a key that opens it.
func (p *canaryPlay) readers() {
	for _, args := range [][]string{{"list"}, {"pr", "list"}, {"clock"}, {"check"}, {"audit", "--no-memory"}, {"keys", "list"},
		{"check", "--head", "case/" + caseNumber(1) + "/next"}, {"pr", "diff", caseNumber(1)}} {
		if args[0] != "check" || len(args) == 1 {
			p.public(args...)
			p.public(append(args, "--json")...)
			continue
		}
		out, errs, _ := p.b.try(args...) // it says no, for want of an approval
		p.printed[strings.Join(args, " ")] = out + errs
	}
	p.public("audit", "--html", "audit.html", "--csv", "audit.csv")
	for n := 1; ; n++ {
		out, errs, code := p.b.try("log", caseNumber(n))
		p.printed["log "+caseNumber(n)] = out + errs
		if code != exitDone {
			break
		}
		p.public("log", "--json", caseNumber(n))
		p.public("show", caseNumber(n))
		p.public("show", "--json", caseNumber(n))
		p.public("--keys", "inhost", "show", caseNumber(n))
		out, errs, _ = p.b.try("mail", caseNumber(n))
		p.printed["mail "+caseNumber(n)] = out + errs
	}
	for n := 1; ; n++ {
		out, errs, code := p.b.try("pr", "show", fmt.Sprint(n))
		p.printed["pr show "+fmt.Sprint(n)] = out + errs
		if code != exitDone {
			break
		}
		p.public("pr", "show", "--json", fmt.Sprint(n))
	}
}

// controls hold that the test can fail: with a key every word is read, and a
// word in an object that nothing refers to is found.
func (p *canaryPlay) controls() {
	b := p.b
	var read strings.Builder
	for n := 1; n <= 8; n++ {
		read.WriteString(b.as("lead", "show", "--json", caseNumber(n)))
		read.WriteString(b.as("lead", "mail", caseNumber(n), "--save", fmt.Sprintf("evidence/%d", n)))
	}
	read.WriteString(b.as("lead", "show", caseNumber(1)) + b.as("lead", "show", caseNumber(2)) + b.as("lead", "show", caseNumber(9)) + b.as("lead", "pr", "diff", caseNumber(1)))
	for _, name := range b.files("evidence") {
		raw, err := os.ReadFile(name)
		if err != nil {
			b.t.Fatal(err)
		}
		read.Write(raw)
		read.WriteString(name)
	}
	found := map[string]bool{}
	for _, place := range p.c.found([]byte(read.String())) {
		found[place] = true
	}
	for place := range p.c {
		if !found[place] && !unread(place) {
			b.t.Errorf("the word of %q is read nowhere with a key, so it proves nothing", place)
		}
	}
	spoilt := benchAt(b.t, b.path("spoilt"))
	if err := os.CopyFS(spoilt.path("cases.git"), os.DirFS(b.path("cases.git"))); err != nil {
		b.t.Fatal(err)
	}
	spoilt.gitWith([]byte("a blob with "+p.c.word("signed body")), nil, "hash-object", "-w", "--stdin")
	if got := p.c.found([]byte(spoilt.git("cat-file", "--batch-all-objects", "--batch"))); len(got) != 1 || got[0] != "signed body" {
		b.t.Errorf("a word in an unreachable object is found as %q", got)
	}
}

// unread says of a place that not even a key reads its word.
func unread(place string) bool {
	if what, ok := strings.CutPrefix(place, "unopenable "); ok {
		return !slices.Contains([]string{"name", "address", "message id"}, what) // its header is all there is
	}
	switch place {
	case "dropped edit", "closed proposal": // thrown away
		return true
	case "signed subject": // the edited title stands in its place
		return runtime.GOOS != "windows"
	case "edited title":
		return runtime.GOOS == "windows"
	}
	return false
}

// outputs are clean.
func (p *canaryPlay) outputs() {
	for command, text := range p.printed {
		p.clean("the output of "+command, []byte(text))
	}
	for _, name := range []string{"audit.html", "audit.csv"} {
		raw, err := os.ReadFile(p.b.path(name))
		if err != nil {
			p.b.t.Fatal(err)
		}
		p.clean(name, raw)
	}
	// Mail to handlers, and to reporters: outside it bears addresses only.
	for _, dir := range []string{"notified", "out"} {
		list, err := maildir(p.b.path(dir), "")
		if err != nil || len(list) == 0 {
			p.b.t.Fatalf("no mail in %s: %v", dir, err)
		}
		for _, d := range list {
			without := canary{}
			for place, word := range p.c {
				if dir != "out" || !strings.Contains(d.to, word) && !strings.Contains(d.header.Get("In-Reply-To")+d.header.Get("References"), word) {
					without[place] = word
				}
			}
			if found := without.found(d.raw); len(found) > 0 {
				p.b.t.Errorf("a mail in %s holds the words of: %s", dir, strings.Join(found, ", "))
			}
		}
	}
}

// repository: no object, ref, message or file of the case repository has a
// word, and none is the name of anything.
func (p *canaryPlay) repository() {
	b := p.b
	shims := b.path("shims") + string(filepath.ListSeparator)
	for i := range b.env {
		b.env[i] = strings.Replace(b.env[i], shims, "", 1)
	}
	objects := b.git("cat-file", "--batch-all-objects", "--batch-check")
	if n := strings.Count(objects, "\n"); n < 100 {
		b.t.Fatalf("only %d objects", n)
	}
	p.clean("an object", []byte(b.git("cat-file", "--batch-all-objects", "--unordered", "--batch")))
	p.clean("a ref", []byte(b.git("for-each-ref")+b.git("log", "--all", "--format=%B%an%ae%cn%ce")))
	for _, name := range b.files("cases.git") {
		raw, err := os.ReadFile(name)
		if err != nil {
			b.t.Fatal(err)
		}
		p.clean(name, raw)
		p.clean("a file name", []byte(strings.TrimPrefix(name, b.dir)))
	}
}

// leftOvers: nothing was left in TMPDIR, in the home or in the memory of
// audits; no program was started but the editor, which was told no word.
func (p *canaryPlay) leftOvers() {
	for _, dir := range []string{"tmp", "home", "state"} {
		for _, name := range p.b.files(dir) {
			raw, err := os.ReadFile(name)
			if err != nil {
				p.b.t.Fatal(err)
			}
			p.clean(name, append(raw, name...))
			if dir == "tmp" {
				p.b.t.Errorf("%s was left in TMPDIR", name)
			}
		}
	}
	if raw, err := os.ReadFile(p.b.path("called")); err == nil {
		p.b.t.Errorf("other programs were started: %s", raw)
	}
	if runtime.GOOS == "linux" {
		raw, err := os.ReadFile(p.b.path("edited"))
		if err != nil || !bytes.Contains(raw, []byte("document.json")) {
			p.b.t.Fatalf("the editor did not run: %v", err)
		}
		p.clean("what the editor was told", raw)
		name := strings.Fields(string(raw))[1]
		if _, err := os.Stat(name); !os.IsNotExist(err) {
			p.b.t.Errorf("%s was left behind: %v", name, err)
		}
	}
}
