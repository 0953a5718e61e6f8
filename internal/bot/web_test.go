package bot_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/bot"
	"github.com/docket-psirt/docket/internal/peer"
)

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

// TestServeLetsSlowOnesGo: who takes longer than GitHub ever would is cut off.
func TestServeLetsSlowOnesGo(t *testing.T) {
	t.Parallel()
	d := with(t, newWitness(t), bot.Options{})
	const bound = 45 * time.Second // some seconds and the work of a busy machine; less than a connection may idle
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
			if err := conn.SetDeadline(started.Add(bound)); err != nil {
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
