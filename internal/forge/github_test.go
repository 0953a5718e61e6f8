package forge_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/forge"
	"github.com/docket-psirt/docket/internal/forge/forgetest"
	"github.com/docket-psirt/docket/internal/forge/githubtest"
	"github.com/docket-psirt/docket/internal/peer"
)

func TestContractOnGitHub(t *testing.T) {
	t.Parallel()
	forgetest.Run(t, func(t *testing.T) forgetest.Subject {
		h := newHub(t)
		return forgetest.Subject{
			Forge:    h.forge(t, h.actions(t)),
			Reviewer: h.forge(t, forge.GitHubAuth{Token: h.User("lead", githubtest.Write)}),
			Git:      h,
		}
	})
}

// TestContractWithoutBoard: nothing but GitHub is asked.
func TestContractWithoutBoard(t *testing.T) {
	t.Parallel()
	forgetest.Run(t, func(t *testing.T) forgetest.Subject {
		h := newHub(t)
		return forgetest.Subject{
			Forge:    h.forgeWith(t, forge.GitHubOptions{Auth: h.actions(t)}),
			Reviewer: h.forgeWith(t, forge.GitHubOptions{Auth: forge.GitHubAuth{Token: h.User("lead", githubtest.Write)}}),
			Git:      h,
		}
	})
}

// hub is a fake GitHub with a commit on main, and its git for who may do
// everything.
type hub struct {
	*githubtest.Server
	t     *testing.T
	board *memoryBoard
	made  atomic.Int64
	root  string
	auth  forge.GitHubAuth
	slept atomic.Int64 // nanoseconds that forges wanted to wait
}

func newHub(t *testing.T) *hub {
	t.Helper()
	h := &hub{Server: githubtest.New(t, githubtest.Options{}), t: t, board: &memoryBoard{}}
	h.root = h.commit(t)
	h.git(t, "update-ref", "refs/heads/main", h.root)
	return h
}

// app is the credentials of the one App.
func (h *hub) app() forge.GitHubAuth {
	if h.auth.AppID == 0 {
		h.auth.AppID, h.auth.AppKey, h.auth.Installation = h.App("docket")
	}
	return h.auth
}

// actions is the credentials of a workflow's job, in a repository where those
// may open pull requests.
func (h *hub) actions(t *testing.T) forge.GitHubAuth {
	t.Helper()
	req, err := http.NewRequest(http.MethodPut, h.API()+"repos/acme/cases/actions/permissions/workflow",
		strings.NewReader(`{"default_workflow_permissions": "read", "can_approve_pull_request_reviews": true}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+h.User("owner", githubtest.Admin))
	resp, err := http.DefaultClient.Do(req)
	if err != nil || resp.StatusCode != http.StatusNoContent {
		t.Fatal(resp, err)
	}
	resp.Body.Close()
	return forge.GitHubAuth{Token: h.ActionsToken(map[string]string{
		"contents": "write", "issues": "write", "pull_requests": "write", "checks": "write", "statuses": "read",
	})}
}

// forge is GitHub as Docket uses it: with a board, and git at hand.
func (h *hub) forge(t *testing.T, auth forge.GitHubAuth) *forge.GitHub {
	t.Helper()
	return h.forgeWith(t, forge.GitHubOptions{Auth: auth, Board: h.board, Branch: h.branch})
}

func (h *hub) forgeWith(t *testing.T, o forge.GitHubOptions) *forge.GitHub {
	t.Helper()
	o.API, o.Repo = h.API(), "acme/cases"
	if o.Timeout == 0 {
		o.Timeout = peer.Patience
	}
	if o.Sleep == nil {
		o.Sleep = h.sleep
	}
	g, err := forge.NewGitHub(o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// sleep takes a thousandth of the time.
func (h *hub) sleep(ctx context.Context, d time.Duration) error {
	h.slept.Add(int64(d))
	time.Sleep(d / 1000)
	return ctx.Err()
}

func (h *hub) git(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-C", h.Dir(), "-c", "user.name=x", "-c", "user.email=x@example.org"}, args...)...)
	out, err := cmd.Output()
	if err != nil {
		var failed *exec.ExitError
		if errors.As(err, &failed) {
			t.Fatalf("git %v: %v\n%s", args, err, failed.Stderr)
		}
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

func (h *hub) commit(t *testing.T, parents ...string) string {
	t.Helper()
	args := []string{"commit-tree", "-m", fmt.Sprint("commit ", h.made.Add(1)), emptyTree}
	for _, p := range parents {
		args = append(args, "-p", p)
	}
	return h.git(t, args...)
}

// push pushes over HTTP, so that the server sees it.
func (h *hub) push(t *testing.T, specs ...string) {
	t.Helper()
	token := h.User("root", githubtest.Admin)
	url := strings.Replace(h.URL(), "://", "://x-access-token:"+token+"@", 1)
	h.git(t, append([]string{"push", "-q", "--force", url}, specs...)...)
}

// branch reads a ref that a push has written: a file of its own.
func (h *hub) branch(name string) (string, error) {
	data, err := os.ReadFile(filepath.Join(h.Dir(), "refs", "heads", filepath.FromSlash(name)))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return strings.TrimSpace(string(data)), err
}

// Commit, Point and Merge implement forgetest.Git.
func (h *hub) Commit(t *testing.T) string { return h.commit(t, h.root) }

func (h *hub) Point(t *testing.T, branch, commit string) {
	h.push(t, commit+":refs/heads/"+branch)
}

func (h *hub) Merge(t *testing.T, branch string) string {
	main, _ := h.branch("main")
	head, _ := h.branch(branch)
	merge := h.commit(t, main, head)
	h.push(t, merge+":refs/heads/main")
	return merge
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256:" + hex.EncodeToString(sum[:])
}
