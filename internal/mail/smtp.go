package mail

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// PasswordVariable is the environment variable that holds the password when
// SMTP names no PasswordFile.
const PasswordVariable = "DOCKET_SMTP_PASSWORD"

// SMTP says how to reach a mail server.
type SMTP struct {
	// URL is smtp://[USER@]HOST[:PORT] (STARTTLS, port 587) or
	// smtps://[USER@]HOST[:PORT] (TLS from the start, port 465). The option
	// ?tls=none on smtp:// allows a connection in clear; then there can be no
	// USER. A password in the URL is refused.
	URL string

	PasswordFile string        // its first line is the password; else PasswordVariable
	CAFile       string        // PEM: trusted instead of the system's authorities
	Timeout      time.Duration // of each step; 0 is one minute
	LocalName    string        // for EHLO; "" is localhost
}

// SMTPSender hands mail to one server, on one connection per mail. It may be
// used by several goroutines.
type SMTPSender struct {
	host, address string
	user          string
	password      string
	implicit      bool // TLS from the start
	clear         bool // no TLS
	local         string
	timeout       time.Duration
	tls           *tls.Config
}

var _ Sender = (*SMTPSender)(nil)

// NewSMTPSender reads the configuration. It does not connect.
func NewSMTPSender(cfg SMTP) (*SMTPSender, error) {
	s := &SMTPSender{timeout: cfg.Timeout, local: cfg.LocalName}
	if s.timeout <= 0 {
		s.timeout = time.Minute
	}
	if s.local == "" {
		s.local = "localhost"
	}
	if err := s.readURL(cfg.URL); err != nil {
		return nil, err
	}
	if err := s.readPassword(cfg.PasswordFile); err != nil {
		return nil, err
	}
	s.tls = &tls.Config{ServerName: s.host, MinVersion: tls.VersionTLS12}
	if cfg.CAFile == "" {
		return s, nil
	}
	pem, err := os.ReadFile(cfg.CAFile)
	if err != nil {
		return nil, fmt.Errorf("read the authorities for SMTP: %w", err)
	}
	s.tls.RootCAs = x509.NewCertPool()
	if !s.tls.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("read the authorities for SMTP: %s holds no certificate in PEM form", cfg.CAFile)
	}
	return s, nil
}

// readURL takes the URL apart. No error repeats it: it may hold a password.
func (s *SMTPSender) readURL(raw string) error {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || u.Path != "" && u.Path != "/" || u.Fragment != "" {
		return errors.New("the SMTP URL is not understood: it is smtp://[USER@]HOST[:PORT] or smtps://[USER@]HOST[:PORT]")
	}
	port := u.Port()
	switch u.Scheme {
	case "smtp":
		port = orElse(port, "587")
	case "smtps":
		port, s.implicit = orElse(port, "465"), true
	default:
		return errors.New("the SMTP URL must begin with smtp:// or smtps://")
	}
	if _, set := u.User.Password(); set {
		return errors.New("the SMTP URL holds a password: put it into a file, or into the environment as " + PasswordVariable)
	}
	s.host, s.user = u.Hostname(), u.User.Username()
	s.address = net.JoinHostPort(s.host, port)
	for name, values := range u.Query() {
		if name != "tls" || len(values) != 1 || values[0] != "none" || s.implicit {
			return errors.New("the SMTP URL has an option that is not known: smtp:// knows tls=none, smtps:// knows none")
		}
		s.clear = true
	}
	if s.clear && s.user != "" {
		return errors.New("the SMTP URL has a user and tls=none: a password is never sent in clear")
	}
	return nil
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func (s *SMTPSender) readPassword(file string) error {
	if s.user == "" {
		return nil
	}
	if file == "" {
		s.password = os.Getenv(PasswordVariable)
	} else {
		data, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("read the SMTP password: %w", err)
		}
		line, _ := cutLine(data)
		s.password = string(line)
	}
	if s.password == "" {
		return errors.New("there is no SMTP password: name a file with it in " + PasswordVariable + "_FILE, or set " + PasswordVariable)
	}
	return nil
}

// Send hands one mail over (RFC 5321 section 3.3). What fails before MAIL FROM
// is Temporary whatever the server calls it: it is no judgement of this mail.
func (s *SMTPSender) Send(ctx context.Context, from, to, _ string, data []byte) (Result, error) {
	if err := checkEnvelope(from, to, data); err != nil {
		return fail("check", Result{Permanent, "5.6.0"}, err)
	}
	client, stop, err := s.connect(ctx)
	if err != nil {
		return failed(ctx, err)
	}
	defer client.Close()
	defer stop()
	return s.transaction(ctx, client, from, to, data)
}

// checkEnvelope refuses what would reach into the SMTP dialogue, or be changed
// by it.
func checkEnvelope(from, to string, data []byte) error {
	if !validAddr(from) || !validAddr(to) {
		return errors.New("an address of the envelope is no mail address (local-part@domain)")
	}
	return checkWire(data)
}

func fail(step string, r Result, err error) (Result, error) {
	return r, &SendError{Step: step, Result: r, Err: harmless(err)}
}

// failed returns what the connection's steps said; a context that ended says
// more than the closed connection that it left.
func failed(ctx context.Context, err error) (Result, error) {
	var step *SendError
	if !errors.As(err, &step) {
		return Result{Temporary, "4.4.2"}, &SendError{Step: "connection", Early: true, Result: Result{Temporary, "4.4.2"}, Err: harmless(err)}
	}
	if ctx.Err() != nil {
		step.Err = context.Cause(ctx)
	}
	return step.Result, step
}

// harmless keeps the errors that say what is wrong with a connection, and
// drops those that may repeat what the server wrote.
func harmless(err error) error {
	var network net.Error
	var certificate *tls.CertificateVerificationError
	switch {
	case err == nil, errors.Is(err, errWire), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, net.ErrClosed), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded),
		errors.As(err, &network), errors.As(err, &certificate):
		return err
	}
	return errors.New("the other side does not keep to the protocol")
}

// connect opens a connection, with TLS and signed in as the URL says. The
// caller closes the client and calls stop.
func (s *SMTPSender) connect(ctx context.Context) (client *smtp.Client, stop func() bool, err error) {
	dialer := net.Dialer{Timeout: s.timeout}
	conn, err := dialer.DialContext(ctx, "tcp", s.address)
	if err != nil {
		return nil, nil, &SendError{Step: "connect", Early: true, Result: Result{Temporary, "4.4.1"}, Err: harmless(err)}
	}
	stop = context.AfterFunc(ctx, func() { conn.Close() })
	client, err = s.greet(&steady{Conn: conn, timeout: s.timeout})
	if err != nil {
		stop()
		conn.Close()
		return nil, nil, err
	}
	return client, stop, nil
}

func (s *SMTPSender) greet(conn net.Conn) (*smtp.Client, error) {
	var client *smtp.Client
	switch {
	case s.implicit:
		client = s.settle(smtp.NewClient(tls.Client(conn, s.tls)))
	case s.clear:
		client = s.settle(smtp.NewClient(conn))
	default:
		c, err := smtp.NewClientStartTLS(conn, s.tls)
		if err != nil {
			return nil, early("STARTTLS", "4.7.10", err)
		}
		client = s.settle(c)
	}
	if err := client.Hello(s.local); err != nil {
		return nil, early("EHLO", "4.4.2", err)
	}
	if s.user == "" {
		return client, nil
	}
	if _, encrypted := client.TLSConnectionState(); !encrypted {
		return nil, early("AUTH", "4.7.11", errors.New("the connection is in clear"))
	}
	if err := s.authenticate(client); err != nil {
		return nil, early("AUTH", "4.7.8", err)
	}
	return client, nil
}

func (s *SMTPSender) settle(c *smtp.Client) *smtp.Client {
	c.CommandTimeout, c.SubmissionTimeout = s.timeout, s.timeout
	return c
}

// early makes the error of a step before MAIL FROM.
func early(step, code string, err error) error {
	r := Result{Temporary, code}
	if answer, ok := refusal(err); ok {
		return &SendError{Step: step, Early: true, Result: Result{Temporary, answer.Code}}
	}
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &certificate) {
		r.Code = "4.7.5" // cryptographic failure
	}
	return &SendError{Step: step, Early: true, Result: r, Err: harmless(err)}
}

// authenticate takes the strongest mechanism that the server offers.
func (s *SMTPSender) authenticate(client *smtp.Client) error {
	switch {
	case client.SupportsAuth(scramSHA256):
		scram := &scramClient{user: s.user, password: s.password}
		if err := client.Auth(scram); err != nil {
			return err
		}
		if !scram.verified {
			return errScram
		}
		return nil
	case client.SupportsAuth(sasl.Plain):
		return client.Auth(sasl.NewPlainClient("", s.user, s.password))
	case client.SupportsAuth(sasl.Login):
		return client.Auth(sasl.NewLoginClient(s.user, s.password))
	}
	return &smtp.SMTPError{Code: 504, EnhancedCode: smtp.EnhancedCode{5, 7, 4}} // security features not supported
}

// transaction is MAIL FROM, RCPT TO and DATA.
func (s *SMTPSender) transaction(ctx context.Context, client *smtp.Client, from, to string, data []byte) (Result, error) {
	options := &smtp.MailOptions{UTF8: !isASCII(from) || !isASCII(to), Size: int64(len(data))}
	if options.UTF8 {
		if ok, _ := client.Extension("SMTPUTF8"); !ok {
			return fail("MAIL FROM", Result{Permanent, "5.6.7"}, nil)
		}
	}
	if err := client.Mail(from, options); err != nil {
		return answered(ctx, "MAIL FROM", Temporary, err)
	}
	if err := client.Rcpt(to, nil); err != nil {
		return answered(ctx, "RCPT TO", Temporary, err)
	}
	body, err := client.Data()
	if err != nil {
		return answered(ctx, "DATA", Temporary, err)
	}
	if _, err := io.Copy(body, bytes.NewReader(data)); err != nil {
		return answered(ctx, "DATA", Temporary, err) // the end was not sent, so nothing was taken
	}
	response, err := body.CloseWithResponse()
	if err != nil {
		return answered(ctx, "end of DATA", Unknown, err)
	}
	code := enhancedCode(response.StatusText)
	if !strings.HasPrefix(code, "2") {
		code = "2.0.0"
	}
	_ = client.Quit() // the mail is taken; how the server says goodbye changes nothing
	return Result{Sent, code}, nil
}

// answered maps what a step of the transaction said; lost is the state when
// the connection ended instead.
func answered(ctx context.Context, step string, lost SendState, err error) (Result, error) {
	if r, ok := refusal(err); ok {
		return r, &SendError{Step: step, Result: r}
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return fail(step, Result{lost, "4.4.2"}, err)
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > '~' })
}

// steady holds every step to the timeout: go-smtp sets no deadline while it
// sends the mail itself, so that a server that stops reading would hold us for
// ever, and waits five minutes for STARTTLS, whatever it is told.
type steady struct {
	net.Conn
	timeout time.Duration
}

func (c *steady) Write(b []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(c.timeout)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

func (c *steady) SetDeadline(t time.Time) error {
	if latest := time.Now().Add(c.timeout); t.After(latest) {
		t = latest
	}
	return c.Conn.SetDeadline(t)
}
