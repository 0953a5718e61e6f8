package mail

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/peer"
)

// certificate makes a self-signed certificate for 127.0.0.1 and localhost, in
// dir, which is its own authority.
func certificate(t *testing.T, dir string) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	write(t, certFile, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})))
	write(t, keyFile, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})))
	return certFile, keyFile
}

const mainCF = `compatibility_level = 3.6
queue_directory = DIR/queue
data_directory = DIR/data
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.example.org
mydestination =
mynetworks =
alias_maps =
local_recipient_maps =
virtual_mailbox_domains = example.org
virtual_mailbox_base = DIR/box
virtual_mailbox_maps = inline:{ {reporter@example.org=reporter/} }
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
virtual_minimum_uid = 1000
default_transport = error:no mail leaves this test
relay_transport = error:no mail leaves this test
maillog_file = DIR/log
maillog_file_prefixes = DIR
message_size_limit = 1000000
smtpd_tls_cert_file = DIR/cert.pem
smtpd_tls_key_file = DIR/key.pem
smtpd_tls_security_level = encrypt
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
smtpd_relay_restrictions = permit_sasl_authenticated, reject
`

const masterCF = `pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
`

const dovecotConf = `base_dir = DIR/dovecot
state_dir = DIR/dovecot
log_path = DIR/log.dovecot
protocols =
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login scram-sha-256
default_internal_user = nobody
default_internal_group = nogroup
default_login_user = nobody
passdb {
  driver = static
  args = password=correct-horse
}
userdb {
  driver = static
  args = uid=65534 gid=65534 home=/nonexistent
}
service auth {
  unix_listener DIR/queue/private/auth {
    mode = 0666
  }
}
`

// mechanisms are those of SASL (RFC 4422) that the sender knows.
var mechanisms = []string{"scram-sha-256", "plain", "login"}

// mailServer is a real Postfix, with Dovecot for passwords; it offers each
// mechanism at an address of its own.
type mailServer struct {
	dir, ca string
	address map[string]string
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func startPostfix(t *testing.T) mailServer {
	t.Helper()
	postfix, dovecot := peer.Need(t, "postfix"), peer.Need(t, "dovecot")
	if os.Geteuid() != 0 {
		t.Skip("Postfix can be started by root only")
	}
	dir, err := os.MkdirTemp("", "postfix") // short, and open to Postfix's own user
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	server := mailServer{dir: dir, address: map[string]string{}}
	services := masterCF
	for _, m := range mechanisms {
		server.address[m] = freeAddress(t)
		services += server.address[m] + " inet n - n - - smtpd -o smtpd_sasl_mechanism_filter=" + m + "\n"
	}
	fill := strings.NewReplacer("DIR", dir)
	shell := func(name string, args ...string) {
		t.Helper()
		if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
			t.Fatalf("%s %v: %v\n%s", name, args, err, out)
		}
	}
	shell("mkdir", dir+"/etc", dir+"/queue", dir+"/data", dir+"/box")
	shell("chmod", "755", dir)
	shell("chown", "postfix", dir+"/data")
	shell("chown", "65534", dir+"/box")
	server.ca, _ = certificate(t, dir)
	write(t, dir+"/etc/main.cf", fill.Replace(mainCF))
	write(t, dir+"/etc/master.cf", services)
	write(t, dir+"/dovecot.conf", fill.Replace(dovecotConf))
	shell(postfix, "-c", dir+"/etc", "check") // makes the queue, where Dovecot listens
	start(t, exec.Command(dovecot, "-F", "-c", dir+"/dovecot.conf"), nil)
	start(t, exec.Command(postfix, "-c", dir+"/etc", "start-fg"), exec.Command(postfix, "-c", dir+"/etc", "stop"))
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		for _, name := range []string{"log", "log.dovecot"} {
			text, err := os.ReadFile(filepath.Join(dir, name))
			t.Logf("%s: %v\n%s", name, err, text)
		}
	})
	await(t, "Postfix and Dovecot to listen", func() bool {
		_, err := os.Stat(dir + "/queue/private/auth")
		conn, errDial := net.Dial("tcp", server.address["plain"])
		if errDial == nil {
			conn.Close()
		}
		return err == nil && errDial == nil
	})
	return server
}

// start runs a program until the test ends; stop is the way to end it, or nil
// for an interrupt.
func start(t *testing.T, cmd, stop *exec.Cmd) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if stop == nil {
			cmd.Process.Signal(os.Interrupt)
		} else if out, err := stop.CombinedOutput(); err != nil {
			t.Errorf("%v: %v\n%s", stop.Args, err, out)
		}
		cmd.Wait()
	})
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if done() {
			return
		}
	}
	t.Fatalf("waited in vain for %s", what)
}

// TestPostfix sends through a real mail server, with every mechanism, and looks
// at what is delivered.
func TestPostfix(t *testing.T) {
	t.Parallel()
	server := startPostfix(t)
	good, wrong := filepath.Join(server.dir, "good"), filepath.Join(server.dir, "wrong")
	write(t, good, "correct-horse\n")
	write(t, wrong, "battery-staple\n")
	sender := func(mechanism, password, ca string) *SMTPSender {
		t.Helper()
		s, err := NewSMTPSender(SMTP{URL: "smtp://psirt@" + server.address[mechanism], PasswordFile: password, CAFile: ca, Timeout: 10 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for i, mechanism := range mechanisms {
		deliverByPostfix(t, server, sender(mechanism, good, server.ca), i+1)
	}
	data := lines("From: psirt@example.com", "", "x")
	for _, c := range []struct {
		what string
		s    *SMTPSender
		to   string
		data []byte
		want Result
	}{
		{"nobody of that name", sender("plain", good, server.ca), "nobody@example.org", data, Result{Permanent, "5.1.1"}},
		{"too large", sender("plain", good, server.ca), "reporter@example.org", bytes.Repeat(data, 50_000), Result{Permanent, "5.3.4"}},
		{"authority that is not known", sender("plain", good, ""), "reporter@example.org", data, Result{Temporary, "4.7.5"}},
		{"wrong password", sender("scram-sha-256", wrong, server.ca), "reporter@example.org", data, Result{Temporary, "5.7.8"}},
	} {
		r, err := c.s.Send(t.Context(), "psirt@example.com", c.to, "a@b", c.data)
		if r != c.want || err == nil || strings.Contains(err.Error(), "example") {
			t.Errorf("%s: %+v, %v; expected %+v", c.what, r, err, c.want)
		}
	}
}

func deliverByPostfix(t *testing.T, server mailServer, s *SMTPSender, n int) {
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
	await(t, "the mail", func() bool {
		files, _ := filepath.Glob(filepath.Join(server.dir, "box/reporter/new/*"))
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
