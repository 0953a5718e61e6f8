package bot

import (
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"regexp"
	"sync/atomic"
	"time"

	"github.com/docket-psirt/docket/internal/forge"
)

const (
	// maxPayload is GitHub's own limit of a payload.
	// https://docs.github.com/webhooks/webhook-events-and-payloads#payload-cap
	maxPayload = 25 << 20
	// maxReading is how much of payloads is in memory at once, while they are read.
	maxReading = 2*maxPayload + 1<<20
	// answerIn is when GitHub has its answer, or the connection ends: GitHub waits 10 s.
	answerIn = 9 * time.Second
)

var (
	signatureForm = regexp.MustCompile(`^sha256=[0-9a-f]{64}$`)
	eventForm     = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)
)

// web answers requests.
type web struct {
	secret  []byte
	bot     *Bot // its Plan alone
	worker  *worker
	memory  *memory
	metrics *metrics
	log     *slog.Logger
	reading atomic.Int64 // bytes
}

func (w *web) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /webhook", w.webhook)
	mux.HandleFunc("GET /healthz", w.health)
	mux.Handle("GET /metrics", w.metrics.handler())
	return mux
}

// verdict is the answer to a delivery.
type verdict struct {
	code   int
	result string
	text   string
}

var (
	badHeaders = verdict{http.StatusBadRequest, gotMalformed, "X-GitHub-Event or X-GitHub-Delivery is missing or not of GitHub's form"}
	badType    = verdict{http.StatusUnsupportedMediaType, gotMalformed, "the content type must be application/json: choose it in the webhook's settings"}
	badBody    = verdict{http.StatusBadRequest, gotMalformed, "the payload did not arrive whole"}
	unsigned   = verdict{http.StatusUnauthorized, gotUnsigned, "X-Hub-Signature-256 is missing or wrong: set the webhook's secret to the daemon's"}
	tooLarge   = verdict{http.StatusRequestEntityTooLarge, gotTooLarge, "a payload has at most 25 MiB"}
	full       = verdict{http.StatusServiceUnavailable, gotFull, "too much waits already: the next round finds what this was about"}
	repeated   = verdict{http.StatusAccepted, gotKnown, "this delivery came before"}
	unreadable = verdict{http.StatusAccepted, gotUnreadable, "the payload has a form that Docket does not know: the next round looks at the repository instead"}
	ignored    = verdict{http.StatusAccepted, gotIgnored, "nothing is to be done"}
	queued     = verdict{http.StatusAccepted, gotQueued, "queued"}
)

// webhook takes a delivery. What it asks for is done later.
func (w *web) webhook(out http.ResponseWriter, req *http.Request) {
	event, id := req.Header.Get("X-GitHub-Event"), req.Header.Get("X-GitHub-Delivery")
	if !eventForm.MatchString(event) || !deliveryForm.MatchString(id) {
		event, id = "", ""
	}
	v := w.take(out, req, event, id)
	w.metrics.delivered(event, v.result)
	level := slog.LevelInfo
	if v.code >= 400 {
		level = slog.LevelWarn
	}
	w.log.Log(req.Context(), level, "delivery", "delivery", id, "event", event, "result", v.result)
	out.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if v.code == http.StatusServiceUnavailable {
		out.Header().Set("Retry-After", "60")
	}
	out.WriteHeader(v.code)
	io.WriteString(out, v.text+"\n")
}

func (w *web) take(out http.ResponseWriter, req *http.Request, event, id string) verdict {
	signature := req.Header.Get("X-Hub-Signature-256")
	if !signatureForm.MatchString(signature) {
		return unsigned // before anything of the body is read
	}
	if id == "" {
		return badHeaders
	}
	if kind, _, err := mime.ParseMediaType(req.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return badType
	}
	payload, v := w.read(out, req)
	if v != nil {
		return *v
	}
	if forge.VerifySignature(payload, signature, w.secret) != nil {
		return unsigned
	}
	return w.accept(event, id, payload)
}

// read reads the body, while there is room for it.
func (w *web) read(out http.ResponseWriter, req *http.Request) ([]byte, *verdict) {
	size := req.ContentLength
	if size > maxPayload {
		return nil, &tooLarge
	}
	if size < 0 {
		size = maxPayload // it does not say
	}
	if w.reading.Add(size) > maxReading {
		w.reading.Add(-size)
		return nil, &full
	}
	defer w.reading.Add(-size)
	payload, err := io.ReadAll(http.MaxBytesReader(out, req.Body, maxPayload))
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		return nil, &tooLarge
	case err != nil:
		return nil, &badBody
	}
	return payload, nil
}

// accept queues what a signed delivery asks for.
func (w *web) accept(event, id string, payload []byte) verdict {
	if !w.memory.take(id) {
		return repeated
	}
	e, err := forge.ParseEvent(event, payload)
	e.Delivery = id
	row := nothing
	if err == nil {
		row = w.bot.Plan(e)
	}
	answer := queued
	switch {
	case err != nil:
		answer = unreadable
		w.worker.wantRound()
	case row.Step == StepNone:
		answer = ignored
	case row.Step == StepTend: // one round does for any number of events
		w.worker.wantRound()
	case !w.worker.queue(e):
		w.memory.drop(id)
		return full
	default:
		return queued // the worker finishes it
	}
	if err := w.memory.finish(id); err != nil {
		w.log.Warn("a delivery cannot be remembered", "delivery", id, "error", err)
	}
	return answer
}

// health is 200 while the worker works and the last round is not too old.
func (w *web) health(out http.ResponseWriter, _ *http.Request) {
	out.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if why := w.worker.ill(time.Now()); why != "" {
		out.WriteHeader(http.StatusServiceUnavailable)
		io.WriteString(out, why+"\n")
		return
	}
	io.WriteString(out, "ok\n")
}
