package githubtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/peer"
)

// maxBody is the size of a request body that the fake takes.
const maxBody = 256 << 20

// Options say what the server serves.
type Options struct {
	Repo string // OWNER/NAME; default acme/cases
	Dir  string // an existing bare repository; default: a new one below t.TempDir
}

// Server is one fake GitHub with one private repository. It ends with the
// test.
type Server struct {
	t           testing.TB
	owner, name string
	dir         string
	git, cgi    string // programs: git and git-http-backend
	hooks       string // folder of the pre-receive hook and its rules
	http        *httptest.Server
	desc        *description
	ended       chan struct{}
	background  sync.WaitGroup
	serving     atomic.Int32 // REST requests
	hung        atomic.Int64 // requests that a fault let hang, so far

	mu    sync.Mutex // guards all that follows, and every write to the repository
	state state
	calls []Call
	told  [][]byte // what requests said: paths and bodies
	fails []failure
	hook  hooked

	before map[string]bool   // what ancestor found
	trees  map[string]string // what mergeTree found
}

// Call is one REST request that the server saw.
type Call struct {
	Method    string
	Path      string // from the root of the API, with its query
	Operation string // GitHub's operationId: pulls/create
	Login     string // who asked; empty without credentials
	Status    int    // of the answer; 0 when there was none
}

// New starts a server, or skips the test where git is not installed.
func New(t testing.TB, o Options) *Server {
	t.Helper()
	s := &Server{t: t, git: peer.Need(t, "git"), ended: make(chan struct{})}
	if o.Repo == "" {
		o.Repo = "acme/cases"
	}
	s.owner, s.name, _ = strings.Cut(o.Repo, "/")
	desc, err := loadDescription()
	if err != nil {
		t.Fatal(err)
	}
	s.desc = desc
	s.state, s.before, s.trees = newState(), map[string]bool{}, map[string]string{}
	s.openRepository(o.Dir)
	s.http = httptest.NewServer(s)
	t.Cleanup(s.end)
	return s
}

// end stops everything, and waits for it.
func (s *Server) end() {
	close(s.ended)
	s.http.CloseClientConnections()
	s.http.Close()
	s.background.Wait()
}

// Web is the root of the server: what GITHUB_SERVER_URL says.
func (s *Server) Web() string { return s.http.URL }

// API is the base URL of the REST API, as on an Enterprise Server, with a slash
// at its end.
func (s *Server) API() string { return s.http.URL + "/api/v3/" }

// URL is the repository for git: basic auth, with any user and a token as the
// password.
func (s *Server) URL() string { return s.http.URL + "/" + s.repo() + ".git" }

// Dir is the bare repository on disk.
func (s *Server) Dir() string { return s.dir }

// Calls returns every REST request so far, oldest first.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Call(nil), s.calls...)
}

// Told is all that was ever said to the server or by its webhooks, in clear: the
// paths and bodies of REST requests, the payloads of events, every object and
// ref of the repository, also those that nothing refers to any more.
func (s *Server) Told() []byte {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	out := bytes.Join(s.told, []byte("\n"))
	for _, e := range s.hook.events {
		out = append(append(out, '\n'), e.Payload...)
	}
	for _, args := range [][]string{{"cat-file", "--batch-all-objects", "--unordered", "--batch"}, {"for-each-ref"}} {
		text, err := s.run(args...)
		if err != nil {
			s.t.Fatal(err)
		}
		out = append(append(out, '\n'), text...)
	}
	return out
}

func (s *Server) repo() string { return s.owner + "/" + s.name }

// Quiet waits until no REST request has been served for a moment: what a killed
// client had asked for is done then.
func (s *Server) Quiet() {
	for idle := 0; idle < 20; idle++ {
		time.Sleep(time.Millisecond)
		if s.serving.Load() > 0 {
			idle = 0
		}
	}
}

// ServeHTTP answers REST, git and downloads.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rest, ok := strings.CutPrefix(r.URL.EscapedPath(), "/api/v3")
	switch {
	case ok:
		s.serveREST(w, r, rest)
	case strings.HasPrefix(r.URL.Path, "/"+s.repo()+".git/"), strings.HasPrefix(r.URL.Path, "/"+s.repo()+"/info/refs"),
		strings.HasPrefix(r.URL.Path, "/"+s.repo()+"/git-"):
		s.serveGit(w, r)
	case strings.HasPrefix(r.URL.Path, "/"+s.repo()+"/releases/download/"):
		s.serveDownload(w, r)
	default:
		http.NotFound(w, r)
	}
}

// request is one REST request on its way through a handler.
type request struct {
	ctx    context.Context
	op     string
	params map[string]string // of the path
	query  url.Values
	body   []byte
	who    *actor
	url    *url.URL
}

// answer is what a handler says. A nil body is an empty one.
type answer struct {
	status int
	body   any
	header http.Header
}

func (s *Server) serveREST(w http.ResponseWriter, r *http.Request, path string) {
	s.serving.Add(1)
	defer s.serving.Add(-1)
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return
	}
	inner := r.Clone(r.Context())
	inner.URL = &url.URL{Path: unescape(path), RawPath: path, RawQuery: r.URL.RawQuery}
	if path == "" {
		inner.URL.Path, inner.URL.RawPath = "/", "/"
	}
	call := s.note(Call{Method: r.Method, Path: inner.URL.RequestURI(), Status: http.StatusNotFound}, body)
	x, err := s.desc.find(inner)
	if err != nil {
		s.t.Errorf("githubtest: %s %s: %v", r.Method, path, err)
		s.write(w, notFound)
		return
	}
	q := &request{ctx: r.Context(), op: x.operation(), params: map[string]string{}, query: r.URL.Query(), body: body, url: r.URL}
	for name, value := range x.input.PathParams {
		q.params[name] = unescape(value)
	}
	f := s.nextFault(call, q.op)
	if f.before(s, w, r) {
		return
	}
	if err := x.request(r.Context(), body); err != nil {
		s.t.Errorf("githubtest: %s: the request breaks GitHub's description: %s\n%s", q.op, brief(err), clip(body))
	}
	a := s.handle(r, q)
	s.remember(call, q, f.told(a.status))
	if f.finish(s, w, r) {
		return
	}
	s.reply(w, r, x, a)
}

// handle finds out who asks, and does what is asked under the lock.
func (s *Server) handle(r *http.Request, q *request) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	who, refusal := s.authenticate(r)
	if refusal != nil {
		return *refusal
	}
	q.who = who
	if owner, ok := q.params["owner"]; ok && !strings.EqualFold(owner+"/"+q.params["repo"], s.repo()) {
		return refuse(http.StatusNotFound, "Not Found")
	}
	handler, ok := handlers[q.op]
	if !ok {
		s.t.Errorf("githubtest: %s is described and not built", q.op)
		return refuse(http.StatusNotFound, "Not Found")
	}
	if refusal := s.permitted(q); refusal != nil {
		return *refusal
	}
	return handler(s, q)
}

// reply completes, validates and writes an answer.
func (s *Server) reply(w http.ResponseWriter, r *http.Request, x *exchange, a answer) {
	var data []byte
	if a.body != nil {
		var err error
		if data, err = json.Marshal(complete(x.answers(a.status), plain(a.body))); err != nil {
			s.t.Errorf("githubtest: %s: %v", x.operation(), err)
		}
	}
	s.headers(w.Header())
	for name, values := range a.header {
		w.Header()[name] = values
	}
	if data != nil {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
	}
	if err := x.response(r.Context(), a.status, w.Header(), data); err != nil {
		s.t.Errorf("githubtest: %s: the answer %d breaks GitHub's description: %s\n%s", x.operation(), a.status, brief(err), clip(data))
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(data)
}

// write sends an answer that no description covers.
func (s *Server) write(w http.ResponseWriter, a answer) {
	s.headers(w.Header())
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(a.status)
	_ = json.NewEncoder(w).Encode(a.body)
}

// headers are those that GitHub sends with every answer.
func (s *Server) headers(h http.Header) {
	h.Set("X-GitHub-Media-Type", "github.v3; format=json")
	h.Set("X-GitHub-Request-Id", s.guid())
	h.Set("X-RateLimit-Limit", "5000")
	h.Set("X-RateLimit-Remaining", "4999")
	h.Set("X-RateLimit-Used", "1")
	h.Set("X-RateLimit-Resource", "core")
	h.Set("X-RateLimit-Reset", fmt.Sprint(time.Now().Add(time.Hour).Unix()))
}

func (s *Server) note(c Call, body []byte) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told = append(s.told, []byte(c.Path), body)
	s.calls = append(s.calls, c)
	return len(s.calls) - 1
}

func (s *Server) remember(call int, q *request, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &s.calls[call]
	c.Operation, c.Status = q.op, status
	if q.who != nil {
		c.Login = q.who.login
	}
}

// decode reads the body into v. The body was validated before.
func (q *request) decode(v any) error {
	if len(q.body) == 0 {
		return nil
	}
	return json.Unmarshal(q.body, v)
}

// refuse is an error in GitHub's shape.
func refuse(status int, message string, errs ...any) answer {
	body := object{"message": message, "documentation_url": "https://docs.github.com/rest", "status": fmt.Sprint(status)}
	if len(errs) > 0 {
		body["errors"] = errs
	}
	return answer{status: status, body: body}
}

// invalid is the refusal 422 for a field.
func invalid(resource, field, code, message string) answer {
	e := object{"resource": resource, "code": code}
	if field != "" {
		e["field"] = field
	}
	if message != "" {
		e["message"] = message
	}
	return refuse(http.StatusUnprocessableEntity, "Validation Failed", e)
}

func ok(body any) answer      { return answer{status: http.StatusOK, body: body} }
func created(body any) answer { return answer{status: http.StatusCreated, body: body} }

var done = answer{status: http.StatusNoContent}
var notFound = refuse(http.StatusNotFound, "Not Found")
var errGit = errors.New("githubtest: git failed")

func unescape(s string) string {
	if u, err := url.PathUnescape(s); err == nil {
		return u
	}
	return s
}

func clip(data []byte) []byte {
	return data[:min(len(data), 1500)]
}

// plain turns a value into what encoding/json would read of it.
func plain(v any) any {
	data, err := json.Marshal(v)
	if err != nil {
		return v
	}
	d := json.NewDecoder(bytes.NewReader(data))
	var out any
	if d.Decode(&out) != nil {
		return v
	}
	return out
}
