package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docket-psirt/docket/internal/peer"
)

// TestDeliverBySMTP: what docket deliver --smtp hands to a real Postfix is what
// the reporter gets, octet by octet, and opens with stock gpg. What the server
// refuses is seen on the case: IG-30, IG-36.
func TestDeliverBySMTP(t *testing.T) {
	t.Parallel()
	server := peer.Postfix(t)
	b := newBench(t)
	report := func(n int, from string) string {
		return b.mail(fmt.Sprintf("m%d.eml", n), "From: "+from+"\nTo: psirt@ingroupe.com\nSubject: Gate\nMessage-ID: <"+fmt.Sprint(n)+"@example.org>\n\nProduct: gate\nDescription: it opens.\n",
			outgoing{sign: true, attachKey: true})
	}
	b.as("lead", "intake", report(1, "reporter@example.org"), report(2, "nobody@example.org"))
	words := ".\n..\nFrom here on: naïve, and \"=\" too.\n" + strings.Repeat("x", 2000) + "\n\n.\nend\n"
	b.write("words.txt", "Subject: Your gate\n\n"+words)
	b.as("lead", "reply", caseNumber(1), "--message", "words.txt")
	b.as("triage", "approve", caseNumber(1))
	b.write("password", peer.Password+"\n")
	b.env = append(b.env, "DOCKET_SMTP_PASSWORD_FILE="+b.path("password"), "DOCKET_SMTP_CA_FILE="+server.CA)
	url := "smtp://psirt@" + server.Address["scram-sha-256"]

	// The same once more to a Maildir, to compare with.
	copied := *b
	copied.dir = filepath.Join(b.dir, "copy")
	for _, name := range []string{"cases.git", "keys"} {
		if err := os.CopyFS(copied.path(name), os.DirFS(b.path(name))); err != nil {
			t.Fatal(err)
		}
	}
	copied.docket(exitDone, "--keys", "keys", "deliver", "--maildir", "out")

	said := b.docket(exitDone, "--keys", "keys", "deliver", "--smtp", url)
	want := caseNumber(1) + ": update 1 (acknowledge): sent\n" + caseNumber(1) + ": update 2 (reply): sent\n"
	refused := caseNumber(2) + ": update 1 (acknowledge): refused: RCPT TO was refused (permanent, 5.1.1) (find out whether the reporter has it, then: docket deliver --resolve " + caseNumber(2) + "/1, with --sent if so)\n"
	if said != want+refused && said != refused+want {
		t.Errorf("deliver says:\n%s", said)
	}
	peer.Await(t, "both mails", func() bool {
		list, err := maildir(server.Box, "reporter@example.org")
		return err == nil && len(list) == 2
	})
	gotByPostfix(t, b, &copied, server.Box, words)
	b.refusedShown(url)
}

// gotByPostfix looks at the mails that the reporter has.
func gotByPostfix(t *testing.T, b, copied *bench, box, words string) {
	t.Helper()
	list, err := maildir(box, "")
	if err != nil || len(list) != 2 {
		t.Fatalf("%d mails, %v", len(list), err)
	}
	g, err := b.people.home("reporter@example.org", true)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range list {
		if !bytes.Contains(d.raw, []byte("with ESMTPSA")) || d.subject != "["+caseNumber(1)+"]" {
			t.Errorf("it came in another way:\n%s", d.raw)
		}
		subject, text, err := g.opens(d, b.psirt)
		if err != nil {
			t.Fatal(err)
		}
		if subject != "Your gate" {
			if !strings.Contains(text, caseNumber(1)) {
				t.Errorf("the acknowledgement says:\n%s\n%s", subject, text)
			}
			continue
		}
		if text != words {
			t.Errorf("the words are\n%q\nwant\n%q", text, words)
		}
		other, err := maildir(copied.path("out"), "reporter@example.org")
		if err != nil {
			t.Fatal(err)
		}
		sealed, _ := newest(other)
		if !bytes.Equal(unix(sealed.sealed), unix(d.sealed)) {
			t.Error("what arrived is not octet by octet what was approved")
		}
	}
}

// unix has LF line ends, as Postfix stores mail.
func unix(raw []byte) []byte { return bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")) }

// refusedShown: show, its JSON and the audit tell that a mail was refused, until
// a person has looked.
func (b *bench) refusedShown(url string) {
	t := b.t
	t.Helper()
	if out := b.docket(exitDone, "show", caseNumber(2)); !strings.Contains(out, "Update 1 (acknowledge): refused 5.1.1 ") {
		t.Errorf("show says:\n%s", out)
	}
	var shown struct {
		Receipts []struct {
			Update, Attempt int
			Status, Code    string
		}
	}
	if err := json.Unmarshal([]byte(b.docket(exitDone, "show", "--json", caseNumber(2))), &shown); err != nil || len(shown.Receipts) != 2 || shown.Receipts[1].Code != "5.1.1" {
		t.Errorf("show --json has %+v, %v", shown, err)
	}
	if out := b.docket(exitRefused, "audit", "--no-memory"); !strings.Contains(out, "WARNING") || !strings.Contains(out, "update 1 is refused") {
		t.Errorf("the audit says:\n%s", out)
	}
	if out := b.docket(exitDone, "--keys", "keys", "deliver", "--smtp", url); out != "Nothing waits to be delivered.\n" {
		t.Errorf("a second run says:\n%s", out)
	}
	b.docket(exitDone, "--keys", "keys", "deliver", "--resolve", caseNumber(2)+"/1", "--sent")
	if out := b.docket(exitDone, "audit", "--no-memory"); strings.Contains(out, "WARNING") {
		t.Errorf("when a person has looked, the audit says:\n%s", out)
	}
	b.docket(exitUsage, "--keys", "keys", "deliver", "--resolve", caseNumber(2)+"/1", "--sent")
	if out := b.docket(exitDone, "--keys", "keys", "deliver", "--smtp", url); out != "Nothing waits to be delivered.\n" {
		t.Errorf("the last run says:\n%s", out)
	}
}
