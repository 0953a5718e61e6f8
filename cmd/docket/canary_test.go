package main

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"testing"
)

// canary is a set of words that stand in one place each of what reporters and
// analysts write, so that a word that is found tells what leaked.
type canary map[string]string // place: word

// word is the word of a place: random letters, good in a name, an address and
// a file name.
func (c canary) word(place string) string {
	if w, ok := c[place]; ok {
		return w
	}
	raw := make([]byte, 16)
	if _, err := rand.Read(raw); err != nil {
		panic(err) // crypto/rand never fails
	}
	for i := range raw {
		raw[i] = 'a' + raw[i]%26
	}
	c[place] = string(raw)
	return c[place]
}

// found lists the places whose word stands in data: as it is in any case, in
// hexadecimal, or in base64 at any alignment, also across line ends.
func (c canary) found(data []byte) []string {
	var out []string
	whole := bytes.ReplaceAll(bytes.ReplaceAll(data, []byte("\r"), nil), []byte("\n"), nil)
	lower := bytes.ToLower(whole)
	for place, word := range c {
		hit := bytes.Contains(lower, []byte(word)) || bytes.Contains(lower, []byte(hex.EncodeToString([]byte(word))))
		for shift := range 3 {
			coded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + word))
			// The first and the last group also hold what stands around the word.
			hit = hit || bytes.Contains(whole, []byte(coded[4:len(coded)-4]))
		}
		if hit {
			out = append(out, place)
		}
	}
	sort.Strings(out)
	return out
}

// TestCanary: what reporters and analysts write is found nowhere that can be
// read without a key which opens it: IG-12, IG-17.
func TestCanary(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	c := canary{}
	p := &canaryPlay{b: b, c: c}
	p.shims()
	p.keysOfHosts()
	p.mails()
	p.analysts()
	p.goOn()
	p.readers()
	p.controls()
	p.outputs()
	p.repository()
	p.leftOvers()
}

// canaryPlay takes cases through all that writes, and keeps what was printed
// by commands that had no key to open anything.
type canaryPlay struct {
	b       *bench
	c       canary
	printed map[string]string // command: output
}

// clean fails the test where a word stands in data.
func (p *canaryPlay) clean(where string, data []byte) {
	p.b.t.Helper()
	if found := p.c.found(data); len(found) > 0 {
		p.b.t.Errorf("%s holds the words of: %s", where, strings.Join(found, ", "))
	}
}

// shims stand where programs would be that Docket could start. Each writes
// down how it was called.
func (p *canaryPlay) shims() {
	if runtime.GOOS == "windows" {
		return
	}
	p.printed = map[string]string{}
	for _, name := range []string{"git", "gpg", "gpg2", "gpg-agent", "sh", "bash", "ssh", "sendmail", "curl", "tar", "python3"} {
		p.b.write("shims/"+name, "#!/bin/sh\necho \"$0 $*\" >> '"+p.b.path("called")+"'\nexit 1\n")
	}
	p.b.write("editor", "#!/bin/sh\n{ echo \"$0 $*\"; tr '\\0' ' ' < /proc/$PPID/cmdline; env; } >> '"+p.b.path("edited")+"' 2>&1\n"+
		"sed 's/\"title\": \"[^\"]*\"/\"title\": \""+p.c.word("edited title")+"\"/' \"$1\" > \"$1.new\" && mv \"$1.new\" \"$1\"\n")
	for _, name := range append(p.b.files("shims"), p.b.path("editor")) {
		if err := os.Chmod(name, 0o700); err != nil {
			p.b.t.Fatal(err)
		}
	}
	for i, v := range p.b.env {
		if rest, ok := strings.CutPrefix(v, "PATH="); ok {
			p.b.env[i] = "PATH=" + p.b.path("shims") + string(filepath.ListSeparator) + rest
		}
	}
	p.b.env = append(p.b.env, "EDITOR="+p.b.path("editor"))
}

// keysOfHosts gives the hosts that take mail in and deliver it their own keys,
// and no more: neither opens a report.
func (p *canaryPlay) keysOfHosts() {
	for host, names := range map[string][]string{"inhost": {"intake.asc", "bot.asc", "intake-secret"}, "outhost": {"mailer.asc", "sender.asc"}} {
		for _, name := range names {
			raw, err := os.ReadFile(p.b.path("keys/" + name))
			if err != nil {
				p.b.t.Fatal(err)
			}
			p.b.write(host+"/"+name, string(raw))
		}
	}
}

// public runs a command whose output must be clean: no key is at hand that
// opens reports.
func (p *canaryPlay) public(args ...string) string {
	p.b.t.Helper()
	out, errs, code := p.b.try(args...)
	if code != exitDone {
		p.b.t.Errorf("docket %s: exit code %d\n%s%s", strings.Join(args, " "), code, out, errs)
	}
	p.printed["docket "+strings.Join(args, " ")] += out + errs
	return out
}

func (p *canaryPlay) intake(args ...string) string {
	p.b.t.Helper()
	return p.public(append([]string{"--keys", "inhost", "intake", "--notify", "notified"}, args...)...)
}

func (p *canaryPlay) deliver() { p.public("--keys", "outhost", "deliver", "--maildir", "out") }

// message is a report with words of a place in all that a reporter writes.
func (p *canaryPlay) message(place string) string {
	w := func(what string) string { return p.c.word(place + " " + what) }
	return "From: " + w("name") + " Holm <" + w("address") + "@example.org>\nTo: psirt@ingroupe.com\nSubject: Leak " + w("subject") +
		"\nMessage-ID: <" + w("message id") + "@example.org>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=parts\n\n" +
		"--parts\nContent-Type: text/plain; charset=utf-8\n\nProduct: " + w("product") + "\nVersion: " + w("version") +
		"\nDescription: it says " + w("body") + " and stops.\n" +
		"\n--parts\nContent-Type: text/x-" + w("type") + "; name=" + w("file name") + ".txt\nContent-Disposition: attachment; filename=" + w("file name") + ".txt\n\n" +
		w("attachment") + "\n--parts--\n"
}

// mails come in in all ways.
func (p *canaryPlay) mails() {
	b := p.b
	other := benchAt(b.t, b.path("other"))
	other.docket(exitDone, "init", "cases.git", "--program", "ingroupe", "--team", "lead", "--keys", "keys", "--no-passphrase")
	stranger := []byte(other.docket(exitDone, "keys", "show", "intake"))
	list := []string{
		b.mail("signed.eml", p.message("signed"), outgoing{sign: true, attachKey: true}),
		b.mail("unsigned.eml", p.message("unsigned"), outgoing{}),
		b.mail("inline.eml", strings.Replace(p.message("inline"), "Subject: Leak "+p.c.word("inline subject"), "Subject: Leak", 1), outgoing{style: styleInline, sign: true}),
		b.mail("clear.eml", p.message("clear"), outgoing{style: styleClear}),
		b.mail("unopenable.eml", p.message("unopenable"), outgoing{to: stranger, sign: true}),
		b.mail("automatic.eml", "Auto-Submitted: auto-replied\n"+p.message("automatic"), outgoing{style: styleClear}),
	}
	b.write("broken.eml", "From: <"+p.c.word("broken from")+"\nContent-Type: multipart/"+p.c.word("broken type")+"; boundary=\n\n"+p.c.word("broken body"))
	b.write("nothing.eml", p.c.word("no mail")+"\x00\x01")
	p.intake(append(list, "broken.eml", "nothing.eml")...)
	if p.intake("--json", "signed.eml"); !strings.Contains(p.printed["docket --keys inhost intake --notify notified --json signed.eml"], "known") {
		b.t.Error("the same mail is not known")
	}
	p.deliver()
	delete(p.c, "inline subject") // inline PGP has no protected subject: it is in clear on the way here already
}

// analysts write what is sealed.
func (p *canaryPlay) analysts() {
	b, w := p.b, p.c.word
	b.as("lead", "move", caseNumber(1), "evaluating")
	b.as("triage", "approve", caseNumber(1))
	b.write("value.txt", "The analysis says "+w("set value")+".\n")
	b.as("lead", "set", caseNumber(1), "analysis.text=@value.txt", "analysis.verdict=valid", "priority=low", "owner=lead",
		"products[0].type=software", "assessment.ssvc.decision=scheduled",
		`assessment.cvss[]={"version":"4.0","vector":"CVSS:4.0/AV:P/AC:L/AT:N/PR:N/UI:N/VC:H/VI:N/VA:N/SC:N/SI:N/SA:N"}`)
	b.write(w("evidence name")+".log", w("evidence"))
	b.as("lead", "attach", caseNumber(1), w("evidence name")+".log")
	if runtime.GOOS != "windows" {
		b.as("lead", "edit", caseNumber(1))
	}
	b.as("lead", "set", caseNumber(1), "analysis.by=lead")
	b.as("lead", "push", caseNumber(1))
	b.as("triage", "set", caseNumber(1), `analysis.reviews[]={"by":"triage","text":"`+w("review")+`"}`)
	b.as("triage", "push", caseNumber(1))
	b.write("words.txt", "Subject: About "+w("own subject")+"\n\nPlease mind "+w("own words")+".\n")
	b.as("lead", "move", caseNumber(1), "solving", "--message", "words.txt")
	b.as("triage", "approve", caseNumber(1))
	b.write("question.txt", "What is "+w("question")+"?\n")
	b.as("triage", "ask", caseNumber(1), "--message", "question.txt")
	b.as("lead", "approve", caseNumber(1))

	// What is thrown away again must not lie about either.
	b.write("dropped.txt", w("dropped edit"))
	b.as("triage", "set", caseNumber(2), "analysis.text=@dropped.txt")
	b.as("triage", "push", caseNumber(2), "--drop")
	b.write("closed.txt", w("closed proposal"))
	b.as("triage", "reply", caseNumber(1), "--message", "closed.txt")
	b.as("triage", "pr", "close", p.newestPull())
	b.write("call.json", `{"title":"`+w("call title")+`","description":"`+w("call")+`","reporter":{"name":"`+w("caller")+`"}}`)
	b.as("triage", "open", "--program", "ingroupe", "call.json")
}

func (p *canaryPlay) newestPull() string {
	var list []struct{ Number int }
	if err := json.Unmarshal([]byte(p.b.docket(exitDone, "pr", "list", "--json")), &list); err != nil || len(list) == 0 {
		p.b.t.Fatalf("no pull requests: %v", err)
	}
	return fmt.Sprint(list[0].Number)
}

// goOn lets the reporter answer, and leaves a proposal open.
func (p *canaryPlay) goOn() {
	b := p.b
	p.deliver()
	b.as("lead", "move", caseNumber(1), "needs-info")
	b.as("triage", "approve", caseNumber(1))
	p.deliver()
	p.intake("--json", b.reply("answer.eml", "out", p.c.word("signed address")+"@example.org", "It is "+p.c.word("reply")+".\n"))
	p.deliver()
	b.write("open.txt", "Nobody has approved "+p.c.word("open proposal")+".\n")
	b.as("triage", "reply", caseNumber(1), "--message", "open.txt")
}
