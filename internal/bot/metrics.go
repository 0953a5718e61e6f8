package bot

import (
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/docket-psirt/docket/internal/forge"
)

// What became of a delivery.
const (
	gotQueued     = "queued"
	gotIgnored    = "ignored"
	gotKnown      = "known"      // it came before
	gotUnreadable = "unreadable" // it is GitHub's, and a round looks instead
	gotMalformed  = "malformed"
	gotUnsigned   = "unsigned"
	gotTooLarge   = "too_large"
	gotFull       = "full"
)

// metrics are what /metrics shows. Their labels have few values, whoever sends.
type metrics struct {
	registry   *prometheus.Registry
	deliveries *prometheus.CounterVec   // event, result
	events     *prometheus.CounterVec   // event, step, result
	seconds    *prometheus.HistogramVec // step
	rounds     *prometheus.CounterVec   // round, result
	lastRound  prometheus.Gauge
	limited    prometheus.Counter
	waited     prometheus.Counter
	calls      atomic.Int64
}

// newMetrics asks queue for the events that wait, and busy whether there is
// work.
func newMetrics(queue func() int, busy func() bool) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		deliveries: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "docket_deliveries_total",
			Help: "Webhook deliveries, by event and what became of them."}, []string{"event", "result"}),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "docket_events_total",
			Help: "Events worked on, by step and result."}, []string{"event", "step", "result"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "docket_step_seconds",
			Help: "Duration of steps.", Buckets: []float64{0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300}}, []string{"step"}),
		rounds: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "docket_rounds_total",
			Help: "Rounds over everything that is open, and the passes after them, by result."}, []string{"round", "result"}),
		lastRound: prometheus.NewGauge(prometheus.GaugeOpts{Name: "docket_last_reconciliation_timestamp_seconds",
			Help: "When a round over everything that is open last ended well; 0: not yet."}),
		limited: prometheus.NewCounter(prometheus.CounterOpts{Name: "docket_rate_limited_total",
			Help: "Steps that a rate limit of GitHub ended."}),
		waited: prometheus.NewCounter(prometheus.CounterOpts{Name: "docket_rate_limit_wait_seconds_total",
			Help: "Time for which the daemon holds back after such steps."}),
	}
	m.registry.MustRegister(m.deliveries, m.events, m.seconds, m.rounds, m.lastRound, m.limited, m.waited,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "docket_queue_length", Help: "Events that wait."},
			func() float64 { return float64(queue()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "docket_busy", Help: "1 while there is work, 0 while the daemon waits for some."},
			func() float64 {
				if busy() {
					return 1
				}
				return 0
			}),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "docket_rest_calls_total", Help: "REST requests sent to GitHub, retries included."},
			func() float64 { return float64(m.calls.Load()) }),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 5 * time.Second})
}

// delivered counts a delivery. Events that lead to nothing share one name: it is
// the sender who chooses it.
func (m *metrics) delivered(event, result string) {
	m.deliveries.WithLabelValues(known(event), result).Inc()
}

func known(event string) string {
	for _, r := range rows {
		if r.Event == event {
			return event
		}
	}
	switch event {
	case forge.EventIssueComment, forge.EventCheckRun, forge.EventCheckSuite:
		return event
	}
	return "other"
}
