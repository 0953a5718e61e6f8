package mail

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/docket-psirt/docket/internal/peer"
)

func TestSMTPConfiguration(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "empty"), "\nsecond line")
	write(t, filepath.Join(dir, "password"), "s3cret \nnote")
	for _, c := range []struct{ cfg SMTP }{
		{SMTP{URL: "smtp://user:hunter2@mx.example.org"}}, {SMTP{URL: "smtp://:hunter2@mx.example.org"}}, {SMTP{URL: "smtp://user:hunter2%zz@mx.example.org"}},
		{SMTP{URL: "http://mx.example.org"}}, {SMTP{URL: "mx.example.org:25"}}, {SMTP{URL: "smtp://"}}, {SMTP{URL: ""}}, {SMTP{URL: "smtp://mx.example.org/path"}},
		{SMTP{URL: "smtp://mx.example.org?tls=maybe"}}, {SMTP{URL: "smtp://mx.example.org?TLS=none"}}, {SMTP{URL: "smtps://mx.example.org?tls=none"}},
		{SMTP{URL: "smtp://user@mx.example.org?tls=none", PasswordFile: filepath.Join(dir, "password")}},
		{SMTP{URL: "smtp://user@mx.example.org"}}, {SMTP{URL: "smtp://user@mx.example.org", PasswordFile: filepath.Join(dir, "empty")}},
		{SMTP{URL: "smtp://user@mx.example.org", PasswordFile: filepath.Join(dir, "none")}},
		{SMTP{URL: "smtp://mx.example.org", CAFile: filepath.Join(dir, "none")}}, {SMTP{URL: "smtp://mx.example.org", CAFile: filepath.Join(dir, "empty")}},
	} {
		if _, err := NewSMTPSender(c.cfg); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%+v: %v", c.cfg, err)
		}
	}
	s, err := NewSMTPSender(SMTP{URL: "smtps://psirt%40example.com@[::1]", PasswordFile: filepath.Join(dir, "password")})
	if err != nil || s.address != "[::1]:465" || s.user != "psirt@example.com" || s.password != "s3cret " || !s.implicit {
		t.Errorf("%v, %+v", err, s)
	}
	t.Setenv(PasswordVariable, "from the environment")
	s, err = NewSMTPSender(SMTP{URL: "smtp://user@mx.example.org"})
	if err != nil || s.address != "mx.example.org:587" || s.password != "from the environment" || s.implicit || s.clear {
		t.Errorf("%v, %+v", err, s)
	}
}

// scripted is a server of go-smtp that does as each test says.
type scripted struct {
	mail, rcpt, data error
	hangUp           bool // after the last octet of a mail
	mechanisms       []string
	received         chan string
}

func (s *scripted) NewSession(c *smtp.Conn) (smtp.Session, error) { return &session{s, c}, nil }

type session struct {
	*scripted
	conn *smtp.Conn
}

func (s *session) Mail(string, *smtp.MailOptions) error { return s.mail }
func (s *session) Rcpt(string, *smtp.RcptOptions) error { return s.rcpt }
func (s *session) Reset()                               {}
func (s *session) Logout() error                        { return nil }
func (s *session) AuthMechanisms() []string             { return s.mechanisms }

func (s *session) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if s.hangUp {
		s.conn.Conn().Close()
	}
	select {
	case s.received <- string(data):
	default:
	}
	return s.data
}

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user == "psirt" && password == "correct" {
			return nil
		}
		return errors.New("no")
	}), nil
}

// serve starts the server; secure says how: "starttls", "tls" or "clear".
func (s *scripted) serve(t *testing.T, secure string) (url, ca string) {
	t.Helper()
	ca, key := peer.Certificate(t, t.TempDir())
	pair, err := tls.LoadX509KeyPair(ca, key)
	if err != nil {
		t.Fatal(err)
	}
	s.received = make(chan string, 1)
	server := smtp.NewServer(s)
	server.Domain = "mx.example.org"
	server.ErrorLog = discard{}
	config := &tls.Config{Certificates: []tls.Certificate{pair}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url = "smtp://"
	switch secure {
	case "starttls":
		server.TLSConfig = config
	case "tls":
		url, listener = "smtps://", tls.NewListener(listener, config)
	}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return url + listener.Addr().String(), ca
}

type discard struct{}

func (discard) Printf(string, ...any) {}
func (discard) Println(...any)        {}

func answer(code, a, b, c int) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{a, b, c}, Message: "words of the server about reporter@example.org"}
}

func TestSMTPResults(t *testing.T) {
	t.Parallel()
	data := lines("From: psirt@example.com", "", ".", "..x", "")
	for name, c := range map[string]struct {
		server scripted
		secure string
		want   Result
		step   string
	}{
		"sent":                           {scripted{}, "starttls", Result{Sent, "2.0.0"}, ""},
		"sent, TLS from the start":       {scripted{}, "tls", Result{Sent, "2.0.0"}, ""},
		"sender refused":                 {scripted{mail: answer(550, 5, 7, 1)}, "starttls", Result{Permanent, "5.7.1"}, "MAIL FROM"},
		"recipient unknown":              {scripted{rcpt: answer(550, 5, 1, 1)}, "starttls", Result{Permanent, "5.1.1"}, "RCPT TO"},
		"greylisted":                     {scripted{rcpt: answer(450, 4, 7, 1)}, "starttls", Result{Temporary, "4.7.1"}, "RCPT TO"},
		"mailbox full, no enhanced code": {scripted{rcpt: answer(552, -1, -1, -1)}, "starttls", Result{Permanent, "5.2.2"}, "RCPT TO"},
		"classes that contradict":        {scripted{rcpt: answer(451, 5, 1, 1)}, "starttls", Result{Temporary, "4.3.0"}, "RCPT TO"},
		"content refused":                {scripted{data: answer(554, 5, 6, 0)}, "starttls", Result{Permanent, "5.6.0"}, "end of DATA"},
		"try later":                      {scripted{data: answer(452, 4, 3, 1)}, "starttls", Result{Temporary, "4.3.1"}, "end of DATA"},
		"lost after the last octet":      {scripted{hangUp: true}, "starttls", Result{Unknown, "4.4.2"}, "end of DATA"},
		"STARTTLS stripped":              {scripted{}, "clear", Result{Temporary, "4.7.10"}, "STARTTLS"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, ca := c.server.serve(t, c.secure)
			s, err := NewSMTPSender(SMTP{URL: url, CAFile: ca, Timeout: peer.Patience})
			if err != nil {
				t.Fatal(err)
			}
			r, err := s.Send(t.Context(), "psirt@example.com", "reporter@example.org", "a@b", data)
			if r != c.want || (err == nil) != (c.want.State == Sent) {
				t.Fatalf("%+v, %v; expected %+v", r, err, c.want)
			}
			if err == nil {
				if got := <-c.server.received; got != string(data) {
					t.Errorf("arrived: %q", got)
				}
				return
			}
			var step *SendError
			if !errors.As(err, &step) || step.Step != c.step || step.Result != r {
				t.Errorf("%v; expected it at %s", err, c.step)
			}
			if strings.Contains(err.Error(), "words of") || strings.Contains(err.Error(), "reporter") {
				t.Errorf("the error repeats the server: %v", err)
			}
		})
	}
}

// TestSMTPInClear: without TLS only when told so, and then without a password.
func TestSMTPInClear(t *testing.T) {
	t.Parallel()
	server := &scripted{}
	url, _ := server.serve(t, "clear")
	s, err := NewSMTPSender(SMTP{URL: url + "?tls=none"})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := s.Send(t.Context(), "a@example.com", "b@example.org", "a@b", lines("a: b", "", "c")); err != nil || r.State != Sent {
		t.Errorf("%+v, %v", r, err)
	}
	if r, err := s.Send(t.Context(), "a@example.com", "bü@example.org", "a@b", lines("a: b", "", "c")); err == nil || r != (Result{Permanent, "5.6.7"}) {
		t.Errorf("an address that the server cannot take: %+v, %v", r, err)
	}
}

func TestSMTPPassword(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		mechanisms []string
		password   string
		want       Result
	}{
		{[]string{"PLAIN"}, "correct", Result{Sent, "2.0.0"}},
		{[]string{"PLAIN"}, "wrong", Result{Temporary, "4.7.0"}},
		{[]string{"GSSAPI"}, "correct", Result{Temporary, "5.7.4"}},
	} {
		server := &scripted{mechanisms: c.mechanisms}
		url, ca := server.serve(t, "starttls")
		file := filepath.Join(t.TempDir(), "password")
		write(t, file, c.password)
		s, err := NewSMTPSender(SMTP{URL: strings.Replace(url, "//", "//psirt@", 1), CAFile: ca, PasswordFile: file})
		if err != nil {
			t.Fatal(err)
		}
		r, err := s.Send(t.Context(), "a@example.com", "b@example.org", "a@b", lines("a: b", "", "c"))
		if r != c.want || err != nil && strings.Contains(err.Error(), c.password) {
			t.Errorf("%+v: %+v, %v", c, r, err)
		}
	}
}

// dialogue is a server that says lines, whatever it hears: each answer after
// one line of the client. It hangs up after the last.
func dialogue(t *testing.T, answers ...string) (url string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		heard := bufio.NewReader(conn)
		for i, a := range answers {
			if i > 0 {
				if _, err := heard.ReadString('\n'); err != nil {
					return
				}
			}
			if a == "wait" {
				io.Copy(io.Discard, conn)
				return
			}
			fmt.Fprintf(conn, "%s\r\n", a)
		}
	}()
	return "smtp://" + listener.Addr().String() + "?tls=none"
}

// atOnce is how long what takes a moment may take on a busy machine: less than
// the minute that a sender waits where nobody says how long.
const atOnce = 30 * time.Second

func TestSMTPBrokenServers(t *testing.T) {
	t.Parallel()
	big := append(lines("From: a@example.com", ""), strings.Repeat(strings.Repeat("x", 70)+"\r\n", 400_000)...)
	small := lines("From: a@example.com", "", "x")
	for name, c := range map[string]struct {
		answers []string
		data    []byte
		want    Result
	}{
		"no greeting":        {[]string{"wait"}, small, Result{Temporary, "4.4.2"}},
		"nonsense":           {[]string{"secret words"}, small, Result{Temporary, "4.4.2"}},
		"busy":               {[]string{"421 4.3.2 secret words"}, small, Result{Temporary, "4.3.2"}},
		"gone for good":      {[]string{"554 5.3.2 secret words"}, small, Result{Temporary, "5.3.2"}},
		"lost at MAIL":       {[]string{"220 x", "250 x"}, small, Result{Temporary, "4.4.2"}},
		"lost at RCPT":       {[]string{"220 x", "250 x", "250 x"}, small, Result{Temporary, "4.4.2"}},
		"silent at DATA":     {[]string{"220 x", "250 x", "250 x", "250 x", "wait"}, small, Result{Temporary, "4.4.2"}},
		"lost in the middle": {[]string{"220 x", "250 x", "250 x", "250 x", "354 x"}, big, Result{Temporary, "4.4.2"}},
		"strange answer":     {[]string{"220 x", "250 x", "250 x", "250 x", "250 x"}, small, Result{Temporary, "4.5.0"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			patience := peer.Patience // for servers that answer, or hang up
			if slices.Contains(c.answers, "wait") {
				patience = 300 * time.Millisecond
			}
			s, err := NewSMTPSender(SMTP{URL: dialogue(t, c.answers...), Timeout: patience})
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			r, err := s.Send(t.Context(), "a@example.com", "b@example.org", "a@b", c.data)
			if r != c.want || err == nil || strings.Contains(err.Error(), "secret") {
				t.Errorf("%+v, %v; expected %+v", r, err, c.want)
			}
			if took := time.Since(start); took > atOnce {
				t.Errorf("took %v", took)
			}
		})
	}
}

// TestSMTPStalls: a server that stops reading holds nobody for ever.
func TestSMTPStalls(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		heard := bufio.NewReader(conn)
		for _, a := range []string{"220 x", "250 x", "250 x", "250 x", "354 x"} {
			fmt.Fprintf(conn, "%s\r\n", a)
			heard.ReadString('\n')
		}
		<-ended
	}()
	s, err := NewSMTPSender(SMTP{URL: "smtp://" + listener.Addr().String() + "?tls=none", Timeout: 300 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	big := append(lines("From: a@example.com", ""), strings.Repeat(strings.Repeat("x", 70)+"\r\n", 400_000)...)
	r, err := s.Send(t.Context(), "a@example.com", "b@example.org", "a@b", big)
	if r.State != Temporary || err == nil || time.Since(start) > atOnce {
		t.Errorf("%+v, %v after %v", r, err, time.Since(start))
	}
}

func TestSMTPCancelled(t *testing.T) {
	t.Parallel()
	s, err := NewSMTPSender(SMTP{URL: dialogue(t, "220 x", "wait")})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	start := time.Now()
	r, err := s.Send(ctx, "a@example.com", "b@example.org", "a@b", lines("a: b", "", "c"))
	if r.State != Temporary || !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > atOnce {
		t.Errorf("%+v, %v after %v", r, err, time.Since(start))
	}
}

func TestSMTPNobodyThere(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	s, err := NewSMTPSender(SMTP{URL: "smtp://" + address})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := s.Send(t.Context(), "a@example.com", "b@example.org", "a@b", lines("a: b", "", "c")); r != (Result{Temporary, "4.4.1"}) || err == nil {
		t.Errorf("%+v, %v", r, err)
	}
	if r, err := s.Send(t.Context(), "a@example.com", "b@example.org> NOTIFY=NEVER", "a@b", lines("a: b", "", "c")); r.State != Permanent || err == nil {
		t.Errorf("an address with parameters: %+v, %v", r, err)
	}
}

// TestScram is the example of RFC 7677 section 3.
func TestScram(t *testing.T) {
	t.Parallel()
	begin := func() *scramClient {
		return &scramClient{user: "user", password: "pencil", nonce: "rOprNGfwEbeRWgbNEkqO"}
	}
	const challenge = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
	c := begin()
	mechanism, first, err := c.Start()
	if err != nil || mechanism != "SCRAM-SHA-256" || string(first) != "n,,n=user,r=rOprNGfwEbeRWgbNEkqO" {
		t.Fatalf("%s, %s, %v", mechanism, first, err)
	}
	proof, err := c.Next([]byte(challenge))
	want := "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
	if err != nil || string(proof) != want {
		t.Fatalf("%s, %v", proof, err)
	}
	if end, err := c.Next([]byte("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")); err != nil || end == nil || !c.verified {
		t.Errorf("%q, %v, verified %v", end, err, c.verified)
	}
	for _, bad := range []string{
		"", "r=other,s=AAAA,i=4096", strings.Replace(challenge, "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0", "", 1),
		strings.Replace(challenge, "i=4096", "i=1", 1), strings.Replace(challenge, "i=4096", "i=99999999", 1), strings.Replace(challenge, "s=W", "s=%", 1),
	} {
		c := begin()
		c.Start()
		if _, err := c.Next([]byte(bad)); !errors.Is(err, errScram) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	c = begin()
	c.Start()
	c.Next([]byte(challenge))
	if _, err := c.Next([]byte("v=AAAATRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")); !errors.Is(err, errScram) || c.verified {
		t.Errorf("a server that does not know the password: %v, verified %v", err, c.verified)
	}
}

func TestEnhancedCode(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"2.0.0 Ok": "2.0.0", "5.1.1": "5.1.1", "5.7.509 x": "5.7.509", "3.0.0": "", "5.1": "", "5.01.1": "", "5.1.-1": "", "5.1.1000": "", "": "", "Ok": "",
	} {
		if got := enhancedCode(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}
