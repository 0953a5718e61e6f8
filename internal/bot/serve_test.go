package bot_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/bot"
	"github.com/docket-psirt/docket/internal/peer"
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

// TestServeNeedsSecret: there is no daemon without a good secret.
func TestServeNeedsSecret(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "fifteen bytes.."} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		err = bot.Serve(context.Background(), listener, bot.Options{Secret: []byte(s), State: t.TempDir(),
			Open: func() (*bot.Tools, error) { t.Error("it was opened"); return nil, errors.New("never") }})
		if err == nil || !strings.Contains(err.Error(), "secret") || s != "" && strings.Contains(err.Error(), s) {
			t.Errorf("%q: %v", s, err)
		}
		if conn, err := net.Dial("tcp", listener.Addr().String()); err == nil {
			conn.Close()
			t.Errorf("%q: it still listens", s)
		}
	}
}

// TestServeExamples posts every example of GitHub: all are taken, the worker
// lives, only steps of the table are taken, and nothing in the repository
// changes.
func TestServeExamples(t *testing.T) {
	t.Parallel()
	list := examples(t)
	for _, repo := range []string{"acme/cases", ""} {
		w := newWitness(t)
		before := refs(t)
		d := with(t, w, bot.Options{Repo: repo, Queue: len(list)})
		for i, x := range list {
			d.send(fmt.Sprintf("example-%d", i), x.Event, string(x.Payload))
		}
		d.send("last", "pull_request", pullEvent("opened", 999))
		peer.Await(t, "the worker to come to the last event", func() bool { return slices.Contains(w.taken(), "check 999") })
		if err := d.stop(); err != nil {
			t.Error(err)
		}
		counts := map[string]int{}
		for _, s := range w.taken() {
			counts[s]++
		}
		delete(counts, "check 999")
		if repo != "" && len(counts) > 0 {
			t.Errorf("events of other repositories led to %v", counts)
		}
		for s := range counts {
			if !strings.HasPrefix(s, "check ") && !strings.HasPrefix(s, "attest ") {
				t.Errorf("an example led to %s", s)
			}
		}
		if repo == "" && (len(counts) == 0 || w.rounds() == 0) {
			t.Errorf("no example led to anything: %v", w.steps)
		}
		if after := refs(t); after != before {
			t.Errorf("refs changed:\n%s\nbefore:\n%s", after, before)
		}
		if log := d.log.String(); strings.Contains(log, "level=ERROR") || strings.Contains(log, "Codertocat") || strings.Contains(log, "README") {
			t.Errorf("the log has errors, or names what payloads say:\n%s", log)
		}
	}
}

// TestServeSignatures: what nobody with the secret signed is not taken, and not
// even read as an event.
func TestServeSignatures(t *testing.T) {
	t.Parallel()
	w := newWitness(t)
	d := with(t, w, bot.Options{})
	payload := pullEvent("opened", 1)
	old := hmac.New(sha1.New, []byte(secret))
	io.WriteString(old, payload)
	for name, signature := range map[string]string{
		"none": "", "of another payload": sign(payload+" ", secret), "of another secret": sign(payload, secret+"."), "of no secret": sign(payload, ""),
		"half": sign(payload, secret)[:40], "without its kind": strings.TrimPrefix(sign(payload, secret), "sha256="),
		"SHA-1": "sha1=" + hex.EncodeToString(old.Sum(nil)), "doubled": sign(payload, secret) + sign(payload, secret),
	} {
		code, text := d.request("id-"+strings.ReplaceAll(name, " ", "-"), "pull_request", payload, func(r *http.Request) {
			r.Header.Del("X-Hub-Signature-256")
			if signature != "" {
				r.Header.Set("X-Hub-Signature-256", signature)
			}
			r.Header.Set("X-Hub-Signature", "sha1="+hex.EncodeToString(old.Sum(nil)))
		})
		if code != http.StatusUnauthorized || !strings.Contains(text, "X-Hub-Signature-256") {
			t.Errorf("%s: %d %s", name, code, text)
		}
	}
	d.send("good", "pull_request", payload)
	peer.Await(t, "the good one", func() bool { return len(w.taken()) == 1 })
	if n := d.metric(`docket_deliveries_total{event="pull_request",result="unsigned"}`); n != "8" {
		t.Errorf("%s deliveries are counted as unsigned", n)
	}
}

// TestServeRefusesForms: only deliveries as GitHub makes them are read.
func TestServeRefusesForms(t *testing.T) {
	t.Parallel()
	w := newWitness(t)
	d := with(t, w, bot.Options{})
	payload := pullEvent("opened", 1)
	for name, x := range map[string]struct {
		code int
		edit func(*http.Request)
	}{
		"form":           {http.StatusUnsupportedMediaType, func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }},
		"no event":       {http.StatusBadRequest, func(r *http.Request) { r.Header.Del("X-GitHub-Event") }},
		"odd event":      {http.StatusBadRequest, func(r *http.Request) { r.Header.Set("X-GitHub-Event", "../etc") }},
		"no delivery":    {http.StatusBadRequest, func(r *http.Request) { r.Header.Del("X-GitHub-Delivery") }},
		"odd delivery":   {http.StatusBadRequest, func(r *http.Request) { r.Header.Set("X-GitHub-Delivery", strings.Repeat("a", 65)) }},
		"another method": {http.StatusMethodNotAllowed, func(r *http.Request) { r.Method = "PUT" }},
		"another path":   {http.StatusNotFound, func(r *http.Request) { r.URL.Path = "/webhook/x" }},
		"too large": {http.StatusRequestEntityTooLarge, func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(io.LimitReader(zeros{}, 25<<20+1)), 25<<20+1
		}},
		"too large, without saying so": {http.StatusRequestEntityTooLarge, func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(io.LimitReader(zeros{}, 25<<20+1)), -1
		}},
	} {
		if code, text := d.request("id", "pull_request", payload, x.edit); code != x.code {
			t.Errorf("%s: %d %s, want %d", name, code, text, x.code)
		}
	}
	if text := d.send("odd", "issues", `{"issue":{"number":"x"}}`); !strings.Contains(text, "next round") {
		t.Errorf("a payload that cannot be read is answered %q", text)
	}
	peer.Await(t, "a round in place of what cannot be read", func() bool { return w.rounds() >= 2 })
	if len(w.taken()) > 0 {
		t.Errorf("steps: %v", w.taken())
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// TestServeRemembers: what is done is done once, also after a restart; what
// failed may come again.
func TestServeRemembers(t *testing.T) {
	t.Parallel()
	w := newWitness(t)
	w.before = func(_ context.Context, step string) error {
		if step == "check 2" && !slices.Contains(w.taken()[:len(w.taken())-1], step) {
			return errors.New("the network is gone")
		}
		return nil
	}
	d := with(t, w, bot.Options{})
	for range 3 {
		d.send("one", "pull_request", pullEvent("opened", 1))
		d.send("ping", "ping", `{}`)
		d.send("main", "push", pushEvent("refs/heads/main", "acme/cases"))
	}
	if text := d.send("one", "pull_request", pullEvent("opened", 1)); !strings.Contains(text, "came before") {
		t.Errorf("the second time it is answered %q", text)
	}
	d.send("two", "pull_request", pullEvent("opened", 2))
	peer.Await(t, "the failure", func() bool {
		return strings.Contains(d.log.String(), "delivery=two event=pull_request step=check result=failed")
	})
	d.send("two", "pull_request", pullEvent("opened", 2))
	peer.Await(t, "the second try", func() bool { return len(w.taken()) == 3 })
	if err := d.stop(); err != nil {
		t.Fatal(err)
	}
	again := with(t, w, bot.Options{State: d.state})
	for _, id := range []string{"one", "two", "ping", "main"} {
		if text := again.send(id, "pull_request", pullEvent("opened", 1)); !strings.Contains(text, "came before") {
			t.Errorf("%s after a restart is answered %q", id, text)
		}
	}
	again.send("three", "pull_request", pullEvent("opened", 3))
	peer.Await(t, "a new one", func() bool { return slices.Contains(w.taken(), "check 3") })
	if got := strings.Join(w.taken(), ", "); got != "check 1, check 2, check 2, check 3" {
		t.Errorf("steps: %s", got)
	}
	if text, err := os.ReadFile(filepath.Join(d.state, "deliveries")); err != nil || strings.Contains(string(text), "case") {
		t.Errorf("%q, %v", text, err)
	}
}

// TestServeOldMemory: a damaged file costs nothing, and stays small.
func TestServeOldMemory(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	var b strings.Builder
	for i := range 25_000 {
		fmt.Fprintf(&b, "delivery-%d\n", i)
	}
	b.WriteString("<script>\n\x00\x01\nhalf-a-li")
	path := filepath.Join(state, "deliveries")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	d := with(t, newWitness(t), bot.Options{State: state})
	for id, known := range map[string]bool{"delivery-24999": true, "delivery-15100": true, "delivery-14000": false} {
		if text := d.send(id, "ping", `{}`); strings.Contains(text, "came before") != known {
			t.Errorf("%s is answered %q", id, text)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Size() > 200_000 {
		t.Errorf("the file: %v, %v", info, err)
	}
}

// TestServeFlood: what does not fit is refused, so that GitHub shows it as
// failed; what was taken is done, in order.
func TestServeFlood(t *testing.T) {
	t.Parallel()
	w := newWitness(t)
	enter, leave := make(chan bool, 100), make(chan bool)
	w.before = func(_ context.Context, step string) error {
		if step != "tend" {
			enter <- true
			<-leave
		}
		return nil
	}
	d := with(t, w, bot.Options{Queue: 3})
	d.send("d0", "pull_request", pullEvent("opened", 100))
	<-enter
	var wg sync.WaitGroup
	var mu sync.Mutex
	codes := map[int]int{}
	for i := 1; i <= 40; i++ {
		wg.Go(func() {
			code, _ := d.request(fmt.Sprintf("d%d", i), "pull_request", pullEvent("opened", i), nil)
			mu.Lock()
			defer mu.Unlock()
			codes[code]++
		})
	}
	wg.Wait()
	if codes[http.StatusAccepted] != 3 || codes[http.StatusServiceUnavailable] != 37 {
		t.Errorf("answers: %v", codes)
	}
	if n := d.metric("docket_queue_length"); n != "3" {
		t.Errorf("the queue has %s", n)
	}
	// Rounds take no place in the queue, however many are asked for.
	for i := range 20 {
		d.send(fmt.Sprintf("push%d", i), "push", pushEvent("refs/heads/main", "acme/cases"))
	}
	close(leave)
	peer.Await(t, "the queue", func() bool { return len(w.taken()) == 4 && w.rounds() >= 2 })
	if w.rounds() > 3 {
		t.Errorf("%d rounds for one burst", w.rounds())
	}
	for i := 1; i <= 40; i++ { // GitHub's redeliveries, some of which are known
		for {
			if code, _ := d.request(fmt.Sprintf("d%d", i), "pull_request", pullEvent("opened", i), nil); code == http.StatusAccepted {
				break
			}
		}
	}
	peer.Await(t, "the redeliveries", func() bool { return len(w.taken()) == 41 })
}

// TestServeEnds: a signal ends the daemon once its event is done; what waits is
// not remembered as done.
func TestServeEnds(t *testing.T) {
	t.Parallel()
	w := newWitness(t)
	enter, leave := make(chan bool, 10), make(chan bool)
	w.before = func(ctx context.Context, step string) error {
		if step != "tend" {
			enter <- true
			<-leave
		}
		return ctx.Err()
	}
	d := with(t, w, bot.Options{})
	d.send("first", "pull_request", pullEvent("opened", 1))
	<-enter
	d.send("second", "pull_request", pullEvent("opened", 2))
	ended := make(chan error, 1)
	go func() { ended <- d.stop() }()
	peer.Await(t, "the door to close", func() bool { _, err := net.Dial("tcp", strings.TrimPrefix(d.url, "http://")); return err != nil })
	select {
	case err := <-ended:
		t.Fatalf("it ended with its event undone: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	close(leave)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if log := d.log.String(); !strings.Contains(log, "delivery=first event=pull_request step=check result=late") || !strings.Contains(log, "waiting=1") {
		t.Error(log)
	}
	again := with(t, w, bot.Options{State: d.state})
	if text := again.send("second", "pull_request", pullEvent("opened", 2)); text != "queued" {
		t.Errorf("what waited is answered %q", text)
	}
	peer.Await(t, "what waited", func() bool { return slices.Contains(w.taken(), "check 2") })
}

// TestServeFault: a panic ends one event and nothing else; what it says is not
// logged; the case repository is opened anew.
func TestServeFault(t *testing.T) {
	t.Parallel()
	w, opened := newWitness(t), 0
	w.before = func(_ context.Context, step string) error {
		if step == "check 1" {
			panic("a secret of the payload")
		}
		return nil
	}
	d := serve(t, bot.Options{Open: func() (*bot.Tools, error) { opened++; return w.tools(), nil }})
	d.send("bad", "pull_request", pullEvent("opened", 1))
	d.send("good", "pull_request", pullEvent("opened", 2))
	peer.Await(t, "the event after the fault", func() bool { return slices.Contains(w.taken(), "check 2") })
	if err := d.stop(); err != nil {
		t.Error(err)
	}
	log := d.log.String()
	if opened != 2 || strings.Contains(log, "a secret of") || !strings.Contains(log, "bot_test") || !strings.Contains(log, "delivery=bad event=pull_request step=check result=failed") {
		t.Errorf("opened %d times\n%s", opened, log)
	}
}

// TestServeLimitsTime: a step that takes too long is ended, and tried again by
// the next round.
func TestServeLimitsTime(t *testing.T) {
	t.Parallel()
	w := newWitness(t)
	w.before = func(ctx context.Context, step string) error {
		if step == "check 1" {
			<-ctx.Done()
			return ctx.Err()
		}
		return nil
	}
	d := with(t, w, bot.Options{Limit: 200 * time.Millisecond})
	peer.Await(t, "the first round", func() bool { return w.rounds() == 1 })
	d.send("slow", "pull_request", pullEvent("opened", 1))
	peer.Await(t, "a round after the failure", func() bool { return w.rounds() == 2 })
	if log := d.log.String(); !strings.Contains(log, "delivery=slow event=pull_request step=check result=failed") {
		t.Error(log)
	}
	if n := d.metric(`docket_events_total{event="pull_request",result="failed",step="check"}`); n != "1" {
		t.Errorf("%q failed events", n)
	}
}

// TestServeHealth: healthy is who works, and has looked at everything not long
// ago.
func TestServeHealth(t *testing.T) {
	t.Parallel()
	w := newWitness(t)
	leave := make(chan error)
	w.before = func(context.Context, string) error { return <-leave }
	passes := make(chan string, 10)
	d := with(t, w, bot.Options{Limit: 100 * time.Millisecond, Passes: []bot.Pass{
		{Name: "clock", Run: func(context.Context) error { passes <- "clock"; return nil }},
		{Name: "deliver", Every: time.Hour, Run: func(context.Context) error { passes <- "deliver"; return errors.New("no mail server") }}}})
	ill := func(what string) {
		t.Helper()
		peer.Await(t, "the daemon to say: "+what, func() bool {
			code, text := d.get("/healthz")
			return code == http.StatusServiceUnavailable && strings.Contains(text, what)
		})
	}
	ill("no round")
	ill("stuck")
	leave <- nil
	peer.Await(t, "health", func() bool { code, text := d.get("/healthz"); return code == http.StatusOK && text == "ok\n" })
	if a, b := <-passes, <-passes; a != "clock" || b != "deliver" {
		t.Errorf("passes: %s, %s", a, b)
	}
	peer.Await(t, "the count of passes", func() bool { return d.metric(`docket_rounds_total{result="failed",round="deliver"}`) == "1" })
	for line, want := range map[string]string{`docket_rounds_total{result="done",round="tend"}`: "1", `docket_rounds_total{result="done",round="clock"}`: "1",
		"docket_rest_calls_total": "0", "docket_rate_limited_total": "0", `docket_step_seconds_count{step="tend"}`: "1"} {
		if got := d.metric(line); got != want {
			t.Errorf("%s is %s, want %s", line, got, want)
		}
	}
	if d.metric("docket_last_reconciliation_timestamp_seconds") == "0" {
		t.Error("no time of the last round")
	}
	d.send("next", "pull_request", pullEvent("opened", 1))
	ill("stuck")
	leave <- nil
	close(leave)
}

// TestServeLetsSlowOnesGo: who takes longer than GitHub ever would is cut off.
func TestServeLetsSlowOnesGo(t *testing.T) {
	t.Parallel()
	d := with(t, newWitness(t), bot.Options{})
	for name, begin := range map[string]string{
		"no end of headers": "POST /webhook HTTP/1.1\r\nHost: x\r\nX-Slow: ",
		"no body": "POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nX-GitHub-Event: ping\r\nX-GitHub-Delivery: a\r\nContent-Length: 100\r\nX-Hub-Signature-256: " +
			sign("", secret) + "\r\n\r\n{",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", strings.TrimPrefix(d.url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			started := time.Now()
			if err := conn.SetDeadline(started.Add(12 * time.Second)); err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(conn, begin); err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, conn); err != nil {
				t.Errorf("after %v: %v", time.Since(started), err)
			}
		})
	}
}
