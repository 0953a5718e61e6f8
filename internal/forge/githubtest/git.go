package githubtest

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cgi"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/docket-psirt/docket/internal/peer"
)

// preReceive refuses what the server found, before git took the push in, to
// break a rule. Its file of rules has one line for each: KIND REF MESSAGE. KIND
// deny holds always; forced when the push is no fast-forward, and workflows
// when it changes a workflow, which only git can tell.
const preReceive = `#!/bin/sh
bad=0
empty=$(git hash-object -t tree /dev/null)
say() {
	test -z "$said" && printf 'error: GH013: Repository rule violations found for %s.\n\n' "$1" >&2
	said=1
	bad=1
	printf -- '- %s\n' "$2" >&2
}
while read -r old new ref; do
	said=
	while read -r kind name message; do
		test "$name" = "$ref" || continue
		case "$kind" in
		deny) say "$ref" "$message" ;;
		forced) git merge-base --is-ancestor "$old" "$new" 2>/dev/null || say "$ref" "$message" ;;
		workflows)
			case "$old" in *[!0]*) base=$old ;; *) base=$(git merge-base HEAD "$new" 2>/dev/null || echo "$empty") ;; esac
			if ! git diff --quiet "$base" "$new" -- .github/workflows; then
				printf '%s\n' "$message" >&2
				bad=1
			fi
			;;
		esac
	done <"$GITHUBTEST_RULES"
done
exit $bad
`

// gitConfig is what the server adds to the configuration of the repository, as
// GitHub's.
var gitConfig = []string{
	"http.receivepack", "true",
	"uploadpack.allowAnySHA1InWant", "true",
	"uploadpack.allowFilter", "true",
	"receive.hideRefs", "refs/pull",
	"receive.fsckObjects", "true",
	"gc.auto", "0",
	"receive.autogc", "false",
}

// openRepository finds git's programs, and makes a repository unless there is
// one.
func (s *Server) openRepository(dir string) {
	s.t.Helper()
	s.dir = dir
	if dir == "" {
		s.dir = filepath.Join(s.t.TempDir(), s.name+".git")
		if out, err := exec.Command(s.git, "init", "-q", "--bare", "-b", "main", s.dir).CombinedOutput(); err != nil {
			s.t.Fatalf("git init: %v: %s", err, out)
		}
	}
	out, err := exec.Command(s.git, "--exec-path").Output()
	if err != nil {
		s.t.Fatal(err)
	}
	s.cgi = peer.Need(s.t, filepath.Join(strings.TrimSpace(string(out)), "git-http-backend"))
	s.hooks = s.t.TempDir()
	if err := os.WriteFile(filepath.Join(s.hooks, "pre-receive"), []byte(preReceive), 0o755); err != nil {
		s.t.Fatal(err)
	}
}

// environment for git: the server's configuration and nobody else's.
func (s *Server) environment() []string {
	env := []string{"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull, "GITHUBTEST_RULES=" + s.rulesFile()}
	config := append([]string{"core.hooksPath", s.hooks}, gitConfig...)
	env = append(env, fmt.Sprintf("GIT_CONFIG_COUNT=%d", len(config)/2))
	for i := 0; i < len(config); i += 2 {
		env = append(env, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", i/2, config[i]), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", i/2, config[i+1]))
	}
	return env
}

func (s *Server) rulesFile() string { return filepath.Join(s.hooks, "rules") }

// run runs git in the repository and returns what it printed, without the last
// newline.
func (s *Server) run(args ...string) (string, error) {
	cmd := exec.Command(s.git, append([]string{"--git-dir", s.dir}, args...)...)
	cmd.Env = append(os.Environ(), s.environment()...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%w: %s: %w: %s", errGit, args[0], err, stderr.Bytes())
	}
	return strings.TrimSuffix(string(out), "\n"), err
}

// ref returns the commit of a ref by its full name, or "".
func (s *Server) ref(name string) string {
	out, err := s.run("rev-parse", "--verify", "--quiet", "--end-of-options", name)
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		s.t.Errorf("githubtest: %v", err)
	}
	if err != nil {
		return ""
	}
	return out
}

// tip returns the commit of a branch, or "".
func (s *Server) tip(branch string) string { return s.ref("refs/heads/" + branch) }

// ancestor says whether the commit a is b or before it. Commits never change,
// so git is asked once.
func (s *Server) ancestor(a, b string) bool {
	yes, known := s.before[a+" "+b]
	if known {
		return yes
	}
	_, err := s.run("merge-base", "--is-ancestor", a, b)
	var exit *exec.ExitError
	if err == nil || errors.As(err, &exit) && exit.ExitCode() == 1 {
		s.before[a+" "+b] = err == nil
	}
	return err == nil
}

// mirror keeps refs/pull/N/head, which GitHub has for every pull request.
func (s *Server) mirror(i *issue) {
	if _, err := s.run("update-ref", fmt.Sprintf("refs/pull/%d/head", i.number), i.pull.headSHA); err != nil {
		s.t.Errorf("githubtest: %v", err)
	}
}

// serveGit serves smart HTTP: who may read may fetch, who may write may push.
func (s *Server) serveGit(w http.ResponseWriter, r *http.Request) {
	push := strings.HasSuffix(r.URL.Path, "/git-receive-pack") || r.URL.Query().Get("service") == "git-receive-pack"
	who, status, text := s.gitActor(r, push)
	if status != 0 {
		if status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Basic realm="GitHub"`)
		}
		http.Error(w, text, status)
		return
	}
	op := "git/refs" // info/refs: what every fetch and push begins with
	if r.Method == http.MethodPost {
		op = "git" + r.URL.Path[strings.LastIndex(r.URL.Path, "/git-"):]
		op = strings.Replace(op, "/git-", "/", 1)
	}
	f := s.nextFault(-1, op)
	if f.before(s, w, r) {
		return
	}
	body, err := buffered(w, r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	var out http.ResponseWriter = w
	if f.lost() {
		out = &nowhere{header: http.Header{}}
	}
	if !strings.HasSuffix(r.URL.Path, "/git-receive-pack") {
		s.backend(who, out, r, body)
	} else {
		s.receive(who, out, r, body)
	}
	f.finish(s, w, r)
}

// gitActor authenticates git's basic auth, with GitHub's answers.
func (s *Server) gitActor(r *http.Request, push bool) (who *actor, status int, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, _, ok := r.BasicAuth(); !ok {
		return nil, http.StatusUnauthorized, "Repository not found."
	}
	who, refusal := s.authenticate(r)
	if refusal != nil || who.jwt {
		return nil, http.StatusUnauthorized, "Invalid username or token."
	}
	level, role := "contents:read", Read
	if push {
		level, role = "contents:write", Write
	}
	if who.perms != nil && !who.holds(level) || who.perms == nil && who.account.role.rank() < role.rank() {
		if who.perms == nil && who.account.role == "" {
			return nil, http.StatusNotFound, "Repository not found."
		}
		return nil, http.StatusForbidden, "Permission to " + s.repo() + ".git denied to " + who.login + "."
	}
	return who, 0, ""
}

// buffered reads the whole body: git sends large pushes chunked, and CGI needs
// a length.
func buffered(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	var body io.Reader = http.MaxBytesReader(w, r.Body, maxBody)
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(body)
		if err != nil {
			return nil, err
		}
		body = io.LimitReader(z, maxBody)
		r.Header.Del("Content-Encoding")
	}
	return io.ReadAll(body)
}

// backend hands a request to git http-backend. What has begun is finished, also
// when the client has gone: a killed one leaves no lock behind on GitHub either.
func (s *Server) backend(who *actor, w http.ResponseWriter, r *http.Request, body []byte) {
	inner := r.Clone(context.WithoutCancel(r.Context()))
	inner.Body, inner.ContentLength, inner.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	_, service, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"+s.repo()), "/")
	inner.URL = &url.URL{Path: "/" + filepath.Base(s.dir) + "/" + service, RawQuery: r.URL.RawQuery}
	inner.Header.Del("Authorization")
	env := append(s.environment(), "GIT_PROJECT_ROOT="+filepath.Dir(s.dir), "GIT_HTTP_EXPORT_ALL=1", "REMOTE_USER="+who.login)
	if v := r.Header.Get("Git-Protocol"); v != "" {
		env = append(env, "GIT_PROTOCOL="+v)
	}
	handler := &cgi.Handler{
		Path: s.cgi, Root: "/", Dir: s.dir, Env: env,
		InheritEnv: []string{"PATH", "HOME", "TMPDIR", "SYSTEMROOT"}, Stderr: io.Discard,
	}
	whole := &kept{nowhere: nowhere{header: w.Header()}}
	handler.ServeHTTP(whole, inner)
	if whole.status != 0 {
		w.WriteHeader(whole.status)
	}
	_, _ = w.Write(whole.body.Bytes()) // who asked may be gone
}

// kept takes an answer until it is whole.
type kept struct {
	nowhere
	status int
	body   bytes.Buffer
}

func (k *kept) Write(b []byte) (int, error) { return k.body.Write(b) }
func (k *kept) WriteHeader(status int)      { k.status = status }

// nowhere takes an answer that its caller is not to see.
type nowhere struct{ header http.Header }

func (n *nowhere) Header() http.Header         { return n.header }
func (n *nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (n *nowhere) WriteHeader(int)             {}
