package desk_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/docket-psirt/docket/internal/peer"
)

// scriptedMX is a mail server that goes wrong at one step, or at none. It takes
// mail over STARTTLS only.
type scriptedMX struct {
	url, ca string
	cert    tls.Certificate

	mu      sync.Mutex
	at, do  string   // at which step, and what: see script
	seen    int      // mails of which the last octet came
	silent  int      // connections that it let hang
	taken   []string // mails that it said yes to
	inClear bool     // it was sent a mail without TLS
}

// newMX starts a server whose certificate is for 127.0.0.1, or for another host.
func newMX(t *testing.T, host ...string) *scriptedMX {
	t.Helper()
	ca, key := peer.Certificate(t, t.TempDir(), host...)
	pair, err := tls.LoadX509KeyPair(ca, key)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	s := &scriptedMX{url: "smtp://" + listener.Addr().String(), ca: ca, cert: pair}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go s.serve(conn)
		}
	}()
	return s
}

// script makes the server go wrong at a step (greeting, EHLO, STARTTLS, EHLO2,
// MAIL, RCPT, DATA, end): it says what it is told, "hang" is silence, "drop"
// hangs up, and "strip" offers no STARTTLS.
func (s *scriptedMX) script(at, do string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at, s.do = at, do
}

func (s *scriptedMX) wrong(step string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.at == step {
		return s.do
	}
	return ""
}

// hangs counts the connections that were let hang where the script says.
func (s *scriptedMX) hangs() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.silent
}

func (s *scriptedMX) mails() (seen int, taken []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen, s.taken
}

// talk is one connection.
type talk struct {
	*scriptedMX
	conn   net.Conn
	heard  *bufio.Reader
	secure bool
}

func (s *scriptedMX) serve(conn net.Conn) {
	c := &talk{scriptedMX: s, conn: conn, heard: bufio.NewReader(conn)}
	defer func() { c.conn.Close() }()
	if !c.answer("greeting", "220 mx.example.org ESMTP") {
		return
	}
	for {
		line, err := c.heard.ReadString('\n')
		if err != nil || !c.command(strings.ToUpper(line)) {
			return
		}
	}
}

// answer says yes, or what the script has for the step; false ends it all.
func (c *talk) answer(step, yes string) bool {
	switch wrong := c.wrong(step); wrong {
	case "", "strip":
		_, err := fmt.Fprintf(c.conn, "%s\r\n", yes)
		return err == nil
	case "hang":
		c.mu.Lock()
		c.silent++
		c.mu.Unlock()
		io.Copy(io.Discard, c.conn)
		return false
	case "drop":
		return false
	default:
		_, err := fmt.Fprintf(c.conn, "%s\r\n", wrong)
		return err == nil
	}
}

func (c *talk) command(line string) bool {
	switch {
	case strings.HasPrefix(line, "EHLO"):
		if c.secure {
			return c.answer("EHLO2", "250-mx.example.org\r\n250 ENHANCEDSTATUSCODES")
		}
		offer := "250-mx.example.org\r\n250-STARTTLS\r\n250 ENHANCEDSTATUSCODES"
		if c.wrong("EHLO") == "strip" {
			offer = "250-mx.example.org\r\n250 ENHANCEDSTATUSCODES"
		}
		return c.answer("EHLO", offer)
	case strings.HasPrefix(line, "STARTTLS"):
		if !c.answer("STARTTLS", "220 2.0.0 go ahead") || c.wrong("STARTTLS") != "" {
			return false
		}
		c.conn = tls.Server(c.conn, &tls.Config{Certificates: []tls.Certificate{c.cert}})
		c.heard, c.secure = bufio.NewReader(c.conn), true
		return true
	case strings.HasPrefix(line, "MAIL"):
		return c.answer("MAIL", "250 2.1.0 ok")
	case strings.HasPrefix(line, "RCPT"):
		return c.answer("RCPT", "250 2.1.5 ok")
	case strings.HasPrefix(line, "DATA"):
		return c.answer("DATA", "354 go ahead") && (c.wrong("DATA") != "" || c.data())
	case strings.HasPrefix(line, "QUIT"):
		c.answer("QUIT", "221 2.0.0 bye")
		return false
	}
	return c.answer("other", "502 5.5.1 no")
}

// data reads a mail and takes the dots out that SMTP put in.
func (c *talk) data() bool {
	var b strings.Builder
	for {
		line, err := c.heard.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		b.WriteString(strings.TrimPrefix(line, "."))
	}
	wrong := c.wrong("end")
	c.mu.Lock()
	c.seen++
	c.inClear = c.inClear || !c.secure
	if wrong == "" {
		c.taken = append(c.taken, b.String())
	}
	c.mu.Unlock()
	return c.answer("end", "250 2.0.0 taken")
}
