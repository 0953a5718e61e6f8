package bot_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/bot"
)

const secret = "a secret of the webhook"

// daemon is one that serves on the loopback, until the test ends or stop is
// called.
type daemon struct {
	t     testing.TB
	url   string
	state string
	log   *tape
	stop  func() error
}

// tape is a log that a test can read meanwhile.
type tape struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *tape) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *tape) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func serve(t testing.TB, o bot.Options) *daemon {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	d := &daemon{t: t, url: "http://" + listener.Addr().String(), log: &tape{}}
	if o.State == "" {
		o.State = t.TempDir()
	}
	if o.Every == 0 {
		o.Every = time.Hour
	}
	d.state, o.Secret, o.Log = o.State, []byte(secret), slog.New(slog.NewTextHandler(d.log, nil))
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- bot.Serve(ctx, listener, o) }()
	d.stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() {
		if err := d.stop(); err != nil {
			t.Errorf("the daemon ended with %v", err)
		}
	})
	return d
}

// with serves with a witness's tools.
func with(t testing.TB, w *witness, o bot.Options) *daemon {
	o.Open = func() (*bot.Tools, error) { return w.tools(), nil }
	return serve(t, o)
}

func sign(payload, with string) string {
	mac := hmac.New(sha256.New, []byte(with))
	io.WriteString(mac, payload)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// request is a delivery as GitHub makes it; edit may spoil it.
func (d *daemon) request(id, event, payload string, edit func(*http.Request)) (int, string) {
	d.t.Helper()
	req, err := http.NewRequest("POST", d.url+"/webhook", strings.NewReader(payload))
	if err != nil {
		d.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-GitHub-Event", event)
	req.Header.Set("X-GitHub-Delivery", id)
	req.Header.Set("X-Hub-Signature-256", sign(payload, secret))
	if edit != nil {
		edit(req)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return resp.StatusCode, strings.TrimSpace(string(text))
}

// send delivers an event, which must be taken.
func (d *daemon) send(id, event, payload string) string {
	d.t.Helper()
	code, text := d.request(id, event, payload, nil)
	if code != http.StatusAccepted {
		d.t.Fatalf("delivery %s is answered %d %s", id, code, text)
	}
	return text
}

func (d *daemon) get(path string) (int, string) {
	d.t.Helper()
	resp, err := http.Get(d.url + path)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// metric is the value of a line of /metrics.
func (d *daemon) metric(line string) string {
	d.t.Helper()
	code, text := d.get("/metrics")
	m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(line) + ` (\S+)$`).FindStringSubmatch(text)
	if code != http.StatusOK || m == nil {
		return ""
	}
	return m[1]
}
