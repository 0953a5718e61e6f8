package mail

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docket-psirt/docket/internal/peer"
)

// TestPostfix sends through a real mail server, with every mechanism, and looks
// at what is delivered.
func TestPostfix(t *testing.T) {
	t.Parallel()
	server := peer.Postfix(t)
	good, wrong := filepath.Join(server.Dir, "good"), filepath.Join(server.Dir, "wrong")
	write(t, good, peer.Password+"\n")
	write(t, wrong, "battery-staple\n")
	sender := func(mechanism, password, ca string) *SMTPSender {
		t.Helper()
		s, err := NewSMTPSender(SMTP{URL: "smtp://psirt@" + server.Address[mechanism], PasswordFile: password, CAFile: ca, Timeout: peer.Patience})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for i, mechanism := range peer.Mechanisms {
		deliverByPostfix(t, server, sender(mechanism, good, server.CA), i+1)
	}
	data := lines("From: psirt@example.com", "", "x")
	for _, c := range []struct {
		what string
		s    *SMTPSender
		to   string
		data []byte
		want Result
	}{
		{"nobody of that name", sender("plain", good, server.CA), "nobody@example.org", data, Result{Permanent, "5.1.1"}},
		{"too large", sender("plain", good, server.CA), "reporter@example.org", bytes.Repeat(data, 50_000), Result{Permanent, "5.3.4"}},
		{"authority that is not known", sender("plain", good, ""), "reporter@example.org", data, Result{Temporary, "4.7.5"}},
		{"wrong password", sender("scram-sha-256", wrong, server.CA), "reporter@example.org", data, Result{Temporary, "5.7.8"}},
	} {
		r, err := c.s.Send(t.Context(), "psirt@example.com", c.to, "a@b", c.data)
		if r != c.want || err == nil || strings.Contains(err.Error(), "example") {
			t.Errorf("%s: %+v, %v; expected %+v", c.what, r, err, c.want)
		}
	}
}

func deliverByPostfix(t *testing.T, server peer.MailServer, s *SMTPSender, n int) {
	t.Helper()
	d := draft()
	d.Subject = fmt.Sprintf("[INGP-2026-%04d]", n)
	d.Text = ".\n..\nFrom here\nGrüße " + strings.Repeat("x", 3000) + "\n"
	data, err := d.Clear()
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Send(t.Context(), "psirt@example.com", "reporter@example.org", d.MessageID, data)
	if err != nil || r != (Result{Sent, "2.0.0"}) {
		t.Fatalf("%+v, %v", r, err)
	}
	var got []byte
	peer.Await(t, "the mail", func() bool {
		files, _ := filepath.Glob(filepath.Join(server.Box, "new", "*"))
		for _, f := range files {
			if got, err = os.ReadFile(f); err == nil && bytes.Contains(got, []byte(d.Subject)) {
				return true
			}
		}
		return false
	})
	// Postfix puts its own fields above, and stores with LF.
	if want := bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")); !bytes.HasSuffix(got, want) {
		t.Errorf("delivered:\n%s\nexpected at the end:\n%s", got, want)
	}
	if !bytes.Contains(got, []byte("with ESMTPSA")) || !bytes.Contains(got, []byte("Delivered-To: reporter@example.org")) {
		t.Errorf("delivered in another way:\n%s", got)
	}
}
