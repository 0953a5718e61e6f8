package bot_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/bot"
	"github.com/docket-psirt/docket/internal/peer"
)

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
		// Its port may be somebody else's by now.
		if err := listener.(*net.TCPListener).SetDeadline(time.Now()); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%q: it still listens: %v", s, err)
		}
	}
}

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
	if n := d.metric("docket_busy"); n != "1" {
		t.Errorf("busy is %s while something waits", n)
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
	peer.Await(t, "the first round", func() bool { return w.rounds() > 0 })
	d.send("slow", "pull_request", pullEvent("opened", 1))
	peer.Await(t, "the step to be ended", func() bool {
		return strings.Contains(d.log.String(), "delivery=slow event=pull_request step=check result=failed")
	})
	before := w.rounds()
	peer.Await(t, "a round after the failure", func() bool { return w.rounds() > before })
	if n := d.metric(`docket_events_total{event="pull_request",result="failed",step="check"}`); n != "1" {
		t.Errorf("%q failed events", n)
	}
}

// TestServeBusyRepository: what comes to main asks for rounds all the time, and
// deliveries and clocks have their turn all the same.
func TestServeBusyRepository(t *testing.T) {
	t.Parallel()
	var passes atomic.Int64
	d := with(t, newWitness(t), bot.Options{Every: time.Second, Passes: []bot.Pass{
		{Name: "deliver", Run: func(context.Context) error { passes.Add(1); return nil }}}})
	pushes := 0
	peer.Await(t, "the third pass", func() bool {
		pushes++
		d.send(fmt.Sprintf("push%d", pushes), "push", pushEvent("refs/heads/main", "acme/cases"))
		return passes.Load() > 2
	})
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
