package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/docket-psirt/docket/internal/forge"
)

// errFault: a step ended in a panic, which is a fault of the program.
var errFault = errors.New("a fault of the program")

// worker does one thing at a time: events in the order in which they came, and
// rounds.
type worker struct {
	open    func() (*Tools, error)
	bot     *Bot
	every   time.Duration
	limit   time.Duration // of one event, round or pass
	passes  []Pass
	memory  *memory
	metrics *metrics
	log     *slog.Logger

	events chan forge.Event
	wanted chan struct{} // a round, soon
	over   chan struct{} // closed when the loop has ended
	failed int           // rounds and events in a row

	tasks     atomic.Int64 // events and rounds that wait, or that it is at
	began     atomic.Int64 // when it began what it is at, as Unix time in ns; 0: it waits
	lastRound atomic.Int64 // when a round last ended well; 0: not yet
	calls     int          // of tools that were let go
}

// queue lets an event wait; false: the queue is full.
func (w *worker) queue(e forge.Event) bool {
	w.tasks.Add(1)
	select {
	case w.events <- e:
		return true
	default:
		w.tasks.Add(-1)
		return false
	}
}

// wantRound asks for a round, soon. To ask twice is to ask once.
func (w *worker) wantRound() {
	w.tasks.Add(1)
	select {
	case w.wanted <- struct{}{}:
	default:
		w.tasks.Add(-1)
	}
}

// busy says that there is work: an event, a round or a pass is under way, or
// waits.
func (w *worker) busy() bool { return w.tasks.Load() > 0 }

// loop works until ctx ends; what it is at then, it finishes. Rounds that events
// ask for do not put off the next one with its passes, however many come.
func (w *worker) loop(ctx context.Context) {
	defer close(w.over)
	timer := time.NewTimer(0) // what was missed while nobody was here
	defer timer.Stop()
	due := time.Now()
	soon := func(at time.Time) { due = at; timer.Reset(time.Until(at)) }
	for ctx.Err() == nil {
		var err error
		select {
		case <-ctx.Done():
			return
		case e := <-w.events:
			if err = w.react(e); err != nil {
				soon(w.next(due, err))
			}
		case <-w.wanted:
			err = w.round(false)
			soon(w.next(due, err))
		case <-timer.C:
			w.tasks.Add(1)
			err = w.round(true)
			soon(time.Now().Add(w.pause(err)))
		}
		w.tasks.Add(-1)
	}
}

// next is when to make the next round with its passes, which was due at a time:
// sooner when something failed, and later only when GitHub asks for that.
func (w *worker) next(due time.Time, err error) time.Time {
	at := time.Now().Add(w.pause(err))
	var limited *forge.LimitedError
	if errors.As(err, &limited) || at.Before(due) {
		return at
	}
	return due
}

// pause is how long to wait for the next round: less when something failed, and
// as long as GitHub asks for.
func (w *worker) pause(err error) time.Duration {
	if err == nil {
		w.failed = 0
		return jitter(w.every)
	}
	w.failed = min(w.failed+1, 20)
	wait := min(w.every, time.Second<<w.failed)
	var limited *forge.LimitedError
	if errors.As(err, &limited) {
		wait = max(wait, time.Until(limited.Until))
		w.metrics.limited.Inc()
		w.metrics.waited.Add(wait.Seconds())
	}
	return jitter(wait)
}

// jitter varies a time by a tenth, so that daemons do not ask all at once.
func jitter(d time.Duration) time.Duration {
	return d + time.Duration((rand.Float64()-0.5)*0.2*float64(d))
}

// react does what an event asks for.
func (w *worker) react(e forge.Event) error {
	started := time.Now()
	var r Reaction
	err := w.guarded(func(ctx context.Context) (err error) {
		r, err = w.bot.Handle(ctx, e)
		return err
	})
	if r.Step == "" { // it came to no end
		r.Step, r.Result = rowOf(e).Step, ResultFailed
	}
	w.metrics.events.WithLabelValues(known(e.Name), r.Step, r.Result).Inc()
	w.metrics.seconds.WithLabelValues(r.Step).Observe(time.Since(started).Seconds())
	args := []any{"delivery", e.Delivery, "event", e.Name, "step", r.Step, "result", r.Result, "took", time.Since(started).Round(time.Millisecond)}
	if err != nil {
		w.memory.drop(e.Delivery)
		w.log.Error("event", append(args, "error", err)...)
		return err
	}
	w.log.Info("event", args...)
	if err := w.memory.finish(e.Delivery); err != nil {
		w.log.Warn("a delivery cannot be remembered", "delivery", e.Delivery, "error", err)
	}
	return nil
}

// round looks at everything that is open and, when it is time, makes the passes.
func (w *worker) round(passes bool) error {
	err := w.pass(Pass{Name: StepTend, Run: func(ctx context.Context) error {
		_, err := w.bot.Tools.Tend(ctx)
		return err
	}})
	if err == nil {
		now := time.Now()
		w.lastRound.Store(now.UnixNano())
		w.metrics.lastRound.Set(float64(now.UnixNano()) / 1e9)
	}
	for i := range w.passes {
		if p := &w.passes[i]; passes && time.Since(p.last) >= p.Every {
			p.last = time.Now()
			err = errors.Join(err, w.pass(*p))
		}
	}
	return err
}

func (w *worker) pass(p Pass) error {
	started := time.Now()
	err := w.guarded(p.Run)
	took := time.Since(started)
	w.metrics.seconds.WithLabelValues(p.Name).Observe(took.Seconds())
	if err != nil {
		w.metrics.rounds.WithLabelValues(p.Name, ResultFailed).Inc()
		w.log.Error("round", "round", p.Name, "result", ResultFailed, "took", took.Round(time.Millisecond), "error", err)
		return err
	}
	w.metrics.rounds.WithLabelValues(p.Name, ResultDone).Inc()
	w.log.Info("round", "round", p.Name, "result", ResultDone, "took", took.Round(time.Millisecond))
	return nil
}

// guarded gives a step its tools and its time. One that ends in a panic takes
// its tools with it: nobody knows in which state they are.
func (w *worker) guarded(step func(ctx context.Context) error) (err error) {
	w.began.Store(time.Now().UnixNano())
	defer w.began.Store(0)
	defer func() {
		if fault := recover(); fault != nil {
			w.log.Error("a fault of the program ended a step: please report it", "at", faultAt())
			w.release()
			err = errFault
		}
	}()
	if w.bot.Tools == nil {
		if w.bot.Tools, err = w.open(); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), w.limit)
	defer cancel()
	err = step(ctx)
	w.metrics.calls.Store(int64(w.calls + w.bot.Tools.Calls()))
	return err
}

// release lets go of the tools.
func (w *worker) release() {
	t := w.bot.Tools
	if w.bot.Tools = nil; t == nil {
		return
	}
	defer func() {
		if recover() != nil {
			w.log.Warn("the case repository could not be let go of")
		}
	}()
	w.calls += t.Calls()
	if t.Close == nil {
		return
	}
	if err := t.Close(); err != nil {
		w.log.Warn("the case repository could not be let go of", "error", err)
	}
}

// faultAt is where a panic came from: the innermost place in Docket's own code.
// The panic's value is not shown: it may hold what a payload says.
func faultAt() string {
	var at [64]uintptr
	frames := runtime.CallersFrames(at[:runtime.Callers(1, at[:])])
	for panicked := false; ; {
		f, more := frames.Next()
		if name, ours := strings.CutPrefix(f.Function, "github.com/docket-psirt/docket/"); panicked && ours {
			return fmt.Sprintf("%s, line %d", name, f.Line)
		}
		panicked = panicked || f.Function == "runtime.gopanic"
		if !more {
			return "a place that is not known"
		}
	}
}

// ill says what is wrong with the worker; empty: nothing.
func (w *worker) ill(now time.Time) string {
	select {
	case <-w.over:
		return "the worker has ended"
	default:
	}
	if began := w.began.Load(); began != 0 && now.Sub(time.Unix(0, began)) > 2*w.limit {
		return "the worker is stuck in one step"
	}
	last := w.lastRound.Load()
	if last == 0 {
		return "no round over the repository has ended well yet"
	}
	if now.Sub(time.Unix(0, last)) > 3*w.every+w.limit {
		return "the last round over the repository that ended well is too long ago"
	}
	return ""
}
