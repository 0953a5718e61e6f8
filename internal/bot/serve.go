package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/docket-psirt/docket/internal/forge"
)

// MinSecret is how many bytes a webhook's secret must have at least.
const MinSecret = 16

// Pass is something else that the daemon does after each round, such as
// watching clocks or delivering updates.
type Pass struct {
	Name  string        // of few letters: it is a label of metrics
	Every time.Duration // at least; 0: after each round
	Run   func(ctx context.Context) error

	last time.Time
}

// Options say how the daemon works.
type Options struct {
	Secret []byte                 // that the webhook shares; at least MinSecret bytes
	Repo   string                 // OWNER/NAME of the case repository: other ones' events lead to nothing; empty: any
	Open   func() (*Tools, error) // opens the case repository: at the start, and again after a fault
	State  string                 // directory for what is remembered
	Every  time.Duration          // between rounds; 0: 5 minutes
	Limit  time.Duration          // for one event, round or pass; 0: 5 minutes
	Queue  int                    // events that may wait; 0: 256
	Passes []Pass
	Log    *slog.Logger // nil: slog.Default
}

func (o *Options) complete() error {
	if len(o.Secret) < MinSecret {
		return fmt.Errorf("the webhook's secret has %d bytes, and needs at least %d: make one with openssl rand -hex 32", len(o.Secret), MinSecret)
	}
	if o.Every == 0 {
		o.Every = 5 * time.Minute
	}
	if o.Limit == 0 {
		o.Limit = 5 * time.Minute
	}
	if o.Queue == 0 {
		o.Queue = 256
	}
	if o.Every < time.Second || o.Limit < 0 || o.Queue < 0 {
		return errors.New("the time between rounds must be a second or more")
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return nil
}

// Serve takes webhooks from the listener until ctx ends, and closes it. It
// returns once the event that it is at is finished; what waits then, a round of
// the next start finds.
func Serve(ctx context.Context, listener net.Listener, o Options) error {
	defer listener.Close()
	if err := o.complete(); err != nil {
		return err
	}
	remembered, err := remember(o.State)
	if err != nil {
		return fmt.Errorf("state directory: %w", err)
	}
	defer remembered.close()
	tools, err := o.Open()
	if err != nil {
		return err
	}
	events := make(chan forge.Event, o.Queue)
	w := &worker{open: o.Open, bot: &Bot{Tools: tools, Repo: o.Repo}, every: o.Every, limit: o.Limit, passes: slices.Clone(o.Passes),
		memory: remembered, log: o.Log, events: events, wanted: make(chan struct{}, 1), over: make(chan struct{})}
	m := newMetrics(func() int { return len(events) }, w.busy)
	w.metrics = m
	s := &web{secret: o.Secret, bot: &Bot{Repo: o.Repo}, worker: w, memory: remembered, metrics: m, log: o.Log}
	return s.serve(ctx, listener)
}

func (w *web) serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler: w.routes(), ErrorLog: slog.NewLogLogger(w.log.Handler(), slog.LevelWarn),
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: answerIn, WriteTimeout: answerIn + time.Second,
		IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
	}
	working, stop := context.WithCancel(ctx)
	defer stop()
	go w.worker.loop(working)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	w.log.Info("listening", "address", listener.Addr().String())
	var err error
	select {
	case <-ctx.Done():
	case err = <-served:
	}
	stop()
	brief, cancel := context.WithTimeout(context.Background(), answerIn)
	defer cancel()
	if bad := server.Shutdown(brief); bad != nil {
		err = errors.Join(err, bad, server.Close())
	}
	select {
	case <-w.worker.over:
		w.worker.release()
		w.log.Info("ended", "waiting", len(w.worker.events))
	case <-time.After(w.worker.limit + answerIn):
		err = errors.Join(err, errors.New("the event at work did not end in time: the next start finds what it was about"))
	}
	return err
}
