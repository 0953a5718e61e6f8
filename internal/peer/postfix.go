package peer

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Certificate makes a self-signed certificate, in dir, which is its own
// authority: for 127.0.0.1 and localhost, or for one other host.
func Certificate(t testing.TB, dir string, host ...string) (certFile, keyFile string) {
	t.Helper()
	names, addresses := []string{"localhost"}, []net.IP{net.IPv4(127, 0, 0, 1)}
	if len(host) > 0 {
		names, addresses = host, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		DNSNames: names, IPAddresses: addresses, IsCA: true, BasicConstraintsValid: true,
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
  args = password=PASSWORD
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

// Mechanisms are those of SASL (RFC 4422) that the mail server offers, and that
// a sender is to know.
var Mechanisms = []string{"scram-sha-256", "plain", "login"}

// MailServer is a real Postfix, with Dovecot for passwords. It takes mail for
// reporter@example.org from whoever signs in as psirt with Password, over
// STARTTLS only, and delivers it to the Maildir Box.
type MailServer struct {
	Dir     string            // of the test: gone when it ends
	CA      string            // file: PEM of its certificate, which is its own authority
	Box     string            // Maildir of reporter@example.org
	Address map[string]string // host:port by mechanism
}

// Password is that of every user of the mail server.
const Password = "correct-horse"

func freeAddress(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// Postfix starts a mail server of the test's own, or skips the test.
func Postfix(t testing.TB) MailServer {
	t.Helper()
	postfix, dovecot := Need(t, "postfix"), Need(t, "dovecot")
	if os.Geteuid() != 0 {
		t.Skip("Postfix can be started by root only")
	}
	dir, err := os.MkdirTemp("", "postfix") // short, and open to Postfix's own user
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	server := MailServer{Dir: dir, Box: dir + "/box/reporter", Address: map[string]string{}}
	services := masterCF
	for _, m := range Mechanisms {
		server.Address[m] = freeAddress(t)
		services += server.Address[m] + " inet n - n - - smtpd -o smtpd_sasl_mechanism_filter=" + m + "\n"
	}
	fill := strings.NewReplacer("DIR", dir, "PASSWORD", Password)
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
	server.CA, _ = Certificate(t, dir)
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
	Await(t, "Postfix and Dovecot to listen", func() bool {
		_, err := os.Stat(dir + "/queue/private/auth")
		conn, errDial := net.Dial("tcp", server.Address["plain"])
		if errDial == nil {
			conn.Close()
		}
		return err == nil && errDial == nil
	})
	return server
}

// start runs a program until the test ends; stop is the way to end it, or nil
// for an interrupt.
func start(t testing.TB, cmd, stop *exec.Cmd) {
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

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
