package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"net/mail"
	"os"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// now is the time as a mail's Date has it.
func now() string { return time.Now().Format(time.RFC1123Z) }

func peopleOf(ts *testscript.TestScript) *people { return ts.Value("people").(*people) }

// now is the time at which these people act.
func (p *people) now() time.Time { return time.Now().Add(-p.ago) }

// sending reads the flags that pgpmail and reply have in common.
func sending(ts *testscript.TestScript, name string, args []string, want int) (outgoing, []string) {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(io.Discard)
	var o outgoing
	to := f.String("to", "", "certificate of the team")
	f.StringVar(&o.style, "style", styleMIME, "mime, inline or clear")
	f.BoolVar(&o.sign, "sign", false, "sign inside")
	f.BoolVar(&o.attachKey, "attach-key", false, "attach the public key")
	f.StringVar(&o.from, "from", "", "who answers, if not the one who got the mail")
	ts.Check(f.Parse(args))
	if f.NArg() != want {
		ts.Fatalf("usage of %s: wrong number of arguments", name)
	}
	if *to != "" {
		o.to = []byte(ts.ReadFile(*to))
	}
	return o, f.Args()
}

// pgpmailCommand makes the mail that a reporter's mail program would send:
//
//	pgpmail [-to CERT] [-style mime|inline|clear] [-sign] [-attach-key] IN OUT
//
// IN has headers and body before encryption. Whose key it is follows from
// From. The date of now is added when IN has none.
func pgpmailCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("pgpmail cannot be negated")
	}
	o, names := sending(ts, "pgpmail", args, 2)
	message := []byte(ts.ReadFile(names[0]))
	if split(message).field("Date") == "" {
		message = append([]byte("Date: "+peopleOf(ts).now().Format(time.RFC1123Z)+"\n"), message...)
	}
	out, err := peopleOf(ts).mailProgram(message, o)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(names[1]), out, 0o600))
}

// replyCommand answers the newest mail to an address:
//
//	reply [-to CERT] [-style …] [-sign] [-attach-key] [-from ADDRESS] MAILDIR ADDRESS WORDS OUT
func replyCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("reply cannot be negated")
	}
	o, rest := sending(ts, "reply", args, 4)
	list, err := maildir(ts.MkAbs(rest[0]), rest[1])
	ts.Check(err)
	d, ok := newest(list)
	if !ok {
		ts.Fatalf("there is no mail to %s", rest[1])
	}
	out, err := peopleOf(ts).mailProgram(d.answer(o.from, ts.ReadFile(rest[2]), peopleOf(ts).now()), o)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(rest[3]), out, 0o600))
}

// readmailCommand prints the newest mail to an address as its reader sees it:
//
//	readmail -by CERT MAILDIR ADDRESS   decrypted with their key, signature by CERT
//	readmail -by CERT -key FILE …       with the secret key in the file
//	readmail MAILDIR ADDRESS            a mail in clear
func readmailCommand(ts *testscript.TestScript, neg bool, args []string) {
	f := flag.NewFlagSet("readmail", flag.ContinueOnError)
	by := f.String("by", "", "certificate that must have signed")
	key := f.String("key", "", "secret key of the reader")
	ts.Check(f.Parse(args))
	if neg || f.NArg() != 2 {
		ts.Fatalf("usage: readmail [-by CERT] MAILDIR ADDRESS")
	}
	list, err := maildir(ts.MkAbs(f.Arg(0)), f.Arg(1))
	ts.Check(err)
	d, ok := newest(list)
	if !ok {
		ts.Fatalf("there is no mail to %s", f.Arg(1))
	}
	if *by == "" {
		if d.sealed != nil {
			ts.Fatalf("the mail is encrypted")
		}
		fmt.Fprintf(ts.Stdout(), "Outside: %s\n\n%s", d.subject, d.raw)
		return
	}
	g, err := peopleOf(ts).home(f.Arg(1), *key == "")
	ts.Check(err)
	if *key != "" {
		_, _, err = g.run([]byte(ts.ReadFile(*key)), "--import")
		ts.Check(err)
	}
	subject, text, err := g.opens(d, []byte(ts.ReadFile(*by)))
	ts.Check(err)
	fmt.Fprintf(ts.Stdout(), "Outside: %s\nSubject: %s\n\n%s", d.subject, subject, text)
}

// mailsCommand holds how many mails are in a Maildir: mails DIR N.
func mailsCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mails MAILDIR N")
	}
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	list, err := maildir(ts.MkAbs(args[0]), "")
	ts.Check(err)
	if len(list) != want {
		ts.Fatalf("%d mails are in %s, want %d", len(list), args[0], want)
	}
}

// samenotesCommand holds that the mails in clear in a Maildir are so many, and
// all the same, byte for byte: apart from the case ID, and from what makes
// mails different from one another (date, Message-ID, what they answer).
func samenotesCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: samenotes MAILDIR N")
	}
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	list, err := maildir(ts.MkAbs(args[0]), "")
	ts.Check(err)
	var notes []string
	for _, d := range list {
		if d.sealed == nil {
			note, err := masked(d)
			ts.Check(err)
			notes = append(notes, note)
		}
	}
	if len(notes) != want {
		ts.Fatalf("%d notes in clear are in %s, want %d", len(notes), args[0], want)
	}
	for _, n := range notes[1:] {
		if n != notes[0] {
			ts.Fatalf("two notes differ:\n%s\n---\n%s", notes[0], n)
		}
	}
}

var caseIDForm = regexp.MustCompile(`[A-Z]{4}-[0-9]{4}-[0-9]{4,}`)

// masked is a mail without what makes it different from others of its kind. Of
// the header only what a mail must have of its own is taken out.
func masked(d delivered) (string, error) {
	head, body, ok := bytes.Cut(d.raw, []byte("\r\n\r\n"))
	if !ok {
		return "", fmt.Errorf("a mail without a body: %q", d.raw)
	}
	m, err := mail.ReadMessage(bytes.NewReader(append(head, "\r\n\r\n"...)))
	if err != nil {
		return "", err
	}
	var names []string
	for name := range m.Header {
		names = append(names, name)
	}
	sort.Strings(names)
	var b strings.Builder
	for _, name := range names {
		value := m.Header.Get(name)
		switch name {
		case "Date", "Message-Id", "In-Reply-To", "References", "To":
			value = "(its own)"
		}
		fmt.Fprintf(&b, "%s: %s\n", name, value)
	}
	return caseIDForm.ReplaceAllString(b.String()+"\n"+string(body), "(ID)"), nil
}
