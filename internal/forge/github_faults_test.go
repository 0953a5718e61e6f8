package forge_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/forge"
	"github.com/docket-psirt/docket/internal/forge/githubtest"
	"github.com/docket-psirt/docket/internal/peer"
)

// faults are all that can befall a request, alone and one after the other.
var faults = map[string][]githubtest.Fault{
	"500 after it was applied": {githubtest.Status500AfterApply},
	"502 before":               {githubtest.Status502Before},
	"hangs":                    {githubtest.Hang},
	"hangs, applied":           {githubtest.HangAfterApply},
	"dropped":                  {githubtest.DropConnection},
	"tokens expired":           {githubtest.ExpireTokens},
	"primary limit":            {githubtest.PrimaryLimit(100 * time.Second)},
	"secondary limit":          {githubtest.SecondaryLimit(2 * time.Second)},
	"secondary limit, no time": {githubtest.SecondaryLimit(0)},
	"502, then dropped":        {githubtest.Status502Before, githubtest.DropConnection},
	"limits, then 500":         {githubtest.SecondaryLimit(0), githubtest.PrimaryLimit(time.Second), githubtest.Status500AfterApply},
}

// write is a step that changes something on GitHub.
type write struct {
	name, operation string
	person          bool // it takes a person's token
	prepare         func(t *testing.T, s *scene)
	step            func(ctx context.Context, s *scene) error
	effect          func(t *testing.T, s *scene) string
	want            string
}

// scene is where a step happens: a branch and a case of its own.
type scene struct {
	*hub
	f          *forge.GitHub
	branch, id string
	head       string
	number     int
	issue      forge.Issue
	merged     string
}

func (s *scene) proposal() forge.Proposal {
	return forge.Proposal{Kind: "move", Case: s.id, Branch: s.branch, Base: "main", Head: s.head, Title: s.id, Body: "b\n", Author: "x"}
}

func opened(t *testing.T, s *scene) {
	t.Helper()
	p, err := s.f.Open(context.Background(), s.proposal())
	if err != nil {
		t.Fatal(err)
	}
	s.number = p.Number
}

func tracked(t *testing.T, s *scene) {
	t.Helper()
	if err := s.f.Track(context.Background(), s.issue); err != nil {
		t.Fatal(err)
	}
}

// ask reads something of the API, as a person who is not part of the story.
func (h *hub) ask(t *testing.T, path string, into any) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, h.API()+"repos/acme/cases/"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+h.User("witness", githubtest.Admin))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", path, resp.Status)
	}
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
}

// thing is what is looked at of GitHub's objects.
type thing struct {
	Number int    `json:"number"`
	Title  string `json:"title"`
	State  string `json:"state"`
	Merged string `json:"merge_commit_sha"`
	Labels []struct {
		Name string `json:"name"`
	} `json:"labels"`
	Output struct {
		Annotations int `json:"annotations_count"`
	} `json:"output"`
	Context string `json:"context"`
}

func (x thing) labels() string {
	var names []string
	for _, l := range x.Labels {
		names = append(names, l.Name)
	}
	slices.Sort(names)
	return strings.Join(names, ",")
}

// count counts the things of a list, and describes each.
func count(t *testing.T, s *scene, path string, describe func(thing) string) string {
	t.Helper()
	var list []thing
	s.ask(t, path, &list)
	var words []string
	for _, x := range list {
		if w := describe(x); w != "" {
			words = append(words, w)
		}
	}
	return strings.Join(words, "; ")
}

func pullsOf(t *testing.T, s *scene) string {
	return count(t, s, "pulls?state=all&per_page=100&head=acme:"+s.branch, func(x thing) string {
		if x.Title != s.id && x.Title != s.id+" new" {
			return ""
		}
		return x.Title[len(s.id):] + x.State + " " + x.labels()
	})
}

func issuesOf(t *testing.T, s *scene) string {
	return count(t, s, "issues?state=all&per_page=100", func(x thing) string {
		if !strings.HasPrefix(x.Title, s.id+" case") {
			return ""
		}
		return x.Title[len(s.id)+1:] + " " + x.State + " " + x.labels()
	})
}

func commentsOf(t *testing.T, s *scene) string {
	if s.number == 0 {
		s.number = s.issueNumber(t)
	}
	return count(t, s, fmt.Sprintf("issues/%d/comments", s.number), func(thing) string { return "one" })
}

func (s *scene) issueNumber(t *testing.T) (n int) {
	count(t, s, "issues?state=all&per_page=100", func(x thing) string {
		if strings.HasPrefix(x.Title, s.id+" case") {
			n = x.Number
		}
		return ""
	})
	return n
}

func runsOf(t *testing.T, s *scene) string {
	var list struct {
		Runs []thing `json:"check_runs"`
	}
	s.ask(t, "commits/"+s.head+"/check-runs?filter=all&per_page=100", &list)
	var words []string
	for _, x := range list.Runs {
		words = append(words, fmt.Sprint(x.Output.Annotations))
	}
	return strings.Join(words, "; ")
}

func check(s *scene, notes int) forge.Check {
	c := forge.Check{Head: s.head, Name: "docket/check", Conclusion: forge.Failure, Title: "No", Summary: "no"}
	for i := range notes {
		c.Notes = append(c.Notes, forge.Note{Path: "a.yaml", Line: i + 1, Level: forge.LevelWarning, Title: "x", Text: "y"})
	}
	return c
}

var writes = []write{
	{
		name: "open", operation: "pulls/create", want: "open ",
		step: func(ctx context.Context, s *scene) error { _, err := s.f.Open(ctx, s.proposal()); return err }, effect: pullsOf,
	},
	{
		name: "open with labels", operation: "issues/set-labels", want: "open a,b",
		step: func(ctx context.Context, s *scene) error {
			p := s.proposal()
			p.Labels = []string{"b", "a"}
			_, err := s.f.Open(ctx, p)
			return err
		}, effect: pullsOf,
	},
	{
		name: "update", operation: "pulls/update", prepare: opened, want: " newopen ",
		step: func(ctx context.Context, s *scene) error {
			return s.f.Update(ctx, s.number, func(p *forge.Pull) error { p.Title += " new"; return nil })
		}, effect: pullsOf,
	},
	{
		name: "close", operation: "pulls/update", prepare: opened, want: "closed ",
		step: func(ctx context.Context, s *scene) error { return s.f.Close(ctx, s.number, "") }, effect: pullsOf,
	},
	{
		name: "comment", operation: "issues/create-comment", prepare: opened, want: "one",
		step: func(ctx context.Context, s *scene) error {
			return s.f.Comment(ctx, s.number, forge.Comment{Body: "hello"})
		}, effect: commentsOf,
	},
	{
		name: "answer", operation: "issues/create-comment", prepare: tracked, want: "one",
		step: func(ctx context.Context, s *scene) error {
			return s.f.Answer(ctx, "ingroupe", s.id, forge.Comment{Body: "no", Marker: "move:x"})
		}, effect: commentsOf,
	},
	{
		name: "review", operation: "pulls/create-review", person: true, want: "one",
		prepare: func(t *testing.T, s *scene) {
			other := *s
			other.f = s.hub.forge(t, s.app())
			opened(t, &other)
			s.number = other.number
		},
		step: func(ctx context.Context, s *scene) error {
			return s.f.Review(ctx, s.number, forge.Review{Head: s.head, Verdict: forge.Approve})
		},
		effect: func(t *testing.T, s *scene) string {
			return count(t, s, fmt.Sprintf("pulls/%d/reviews", s.number), func(thing) string { return "one" })
		},
	},
	{
		name: "check", operation: "checks/create", prepare: opened, want: "1",
		step: func(ctx context.Context, s *scene) error { return s.f.Check(ctx, check(s, 1)) }, effect: runsOf,
	},
	{
		name: "notes", operation: "checks/update", prepare: opened, want: "120",
		step: func(ctx context.Context, s *scene) error { return s.f.Check(ctx, check(s, 120)) }, effect: runsOf,
	},
	{
		name: "status", operation: "repos/create-commit-status", person: true, want: "docket/check failure",
		step: func(ctx context.Context, s *scene) error { return s.f.Check(ctx, check(s, 0)) },
		effect: func(t *testing.T, s *scene) string {
			return count(t, s, "commits/"+s.head+"/statuses", func(x thing) string { return x.Context + " " + x.State })
		},
	},
	{
		name: "track", operation: "issues/create", want: "case open program/ingroupe,state/received",
		step: func(ctx context.Context, s *scene) error { return s.f.Track(ctx, s.issue) }, effect: issuesOf,
	},
	{
		name: "track closed", operation: "issues/update", want: "case closed program/ingroupe,state/received",
		step: func(ctx context.Context, s *scene) error { s.issue.Closed = true; return s.f.Track(ctx, s.issue) }, effect: issuesOf,
	},
	{
		name: "track again", operation: "issues/update", prepare: tracked, want: "case 2 open program/ingroupe,state/solving",
		step: func(ctx context.Context, s *scene) error {
			s.issue.Title, s.issue.Labels = s.id+" case 2", []string{"program/ingroupe", "state/solving"}
			return s.f.Track(ctx, s.issue)
		}, effect: issuesOf,
	},
	{
		name: "label", operation: "issues/add-labels", prepare: tracked, want: "case open needs/reply,program/ingroupe,state/received",
		step: func(ctx context.Context, s *scene) error {
			_, err := s.f.Label(ctx, "ingroupe", s.id, []string{"needs/reply"}, nil, "x")
			return err
		}, effect: issuesOf,
	},
	{
		name: "unlabel", operation: "issues/remove-label", prepare: tracked, want: "case open program/ingroupe",
		step: func(ctx context.Context, s *scene) error {
			left, err := s.f.Label(ctx, "ingroupe", s.id, nil, []string{"state/received"}, "x")
			if err == nil && !slices.Equal(left, []string{"program/ingroupe"}) {
				return fmt.Errorf("left are %q", left)
			}
			return err
		}, effect: issuesOf,
	},
	{
		name: "merge", operation: "pulls/merge", person: true, prepare: opened, want: "merged once",
		step: func(ctx context.Context, s *scene) (err error) {
			s.merged, err = s.f.Merge(ctx, s.number, s.head, "Merge "+s.id, "Case: "+s.id+"\n")
			return err
		},
		effect: func(t *testing.T, s *scene) string {
			log := s.git(t, "log", "--first-parent", "--format=%H %P", "--grep=^Case: "+s.id+"$", "main")
			if fields := strings.Fields(log); len(fields) == 3 && fields[0] == s.merged && fields[2] == s.head {
				return "merged once"
			}
			return log
		},
	},
}

// patience is how long a request may take: not long where one is bound to take
// forever. A request that GitHub is about to answer may take longer (patient).
func patience(fault string) time.Duration {
	if strings.HasPrefix(fault, "hangs") {
		return 100 * time.Millisecond
	}
	return peer.Patience
}

// patient is a way to GitHub on which a request ends before its answer only if
// GitHub will never answer it: a busy machine is not such a GitHub. It is for
// one request at a time.
type patient struct{ h *hub }

// RoundTrip implements http.RoundTripper.
func (p patient) RoundTrip(r *http.Request) (*http.Response, error) {
	hung, answered := p.h.Hung(), make(chan struct{})
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	p.h.t.Cleanup(cancel) // not before the answer is read
	go func() {
		<-r.Context().Done()
		for p.h.Hung() == hung {
			select {
			case <-answered:
				return
			case <-time.After(time.Millisecond):
			}
		}
		cancel()
	}()
	resp, err := http.DefaultTransport.RoundTrip(r.Clone(ctx))
	if err == nil {
		close(answered)
	}
	return resp, err
}

// TestWritesOnce: whatever befalls a write, it is done once in the end.
func TestWritesOnce(t *testing.T) {
	t.Parallel()
	for _, w := range writes {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			h := newHub(t)
			auth := h.app()
			if w.person {
				auth = forge.GitHubAuth{Token: h.User("analyst", githubtest.Write)}
			}
			var names []string
			for name := range faults {
				names = append(names, name)
			}
			scenes := make([]*scene, len(names))
			for k := range names {
				id := fmt.Sprintf("INGP-2026-%04d", k+1)
				s := &scene{hub: h, branch: "case/" + id + "/next", id: id, head: h.Commit(t)}
				s.issue = forge.Issue{Program: "ingroupe", ID: id, Title: id + " case", Body: "b", Labels: []string{"program/ingroupe", "state/received"}, Revision: 1}
				scenes[k] = s
				h.git(t, "update-ref", "refs/heads/"+s.branch, s.head)
			}
			for k, s := range scenes {
				s.f = h.forgeWith(t, forge.GitHubOptions{Auth: auth, Board: h.board, Branch: h.branch, Timeout: patience(names[k]), HTTP: patient{h}})
				if w.prepare != nil {
					w.prepare(t, s)
				}
				before, calls := s.f.Calls(), len(h.Calls())
				h.Fail(w.operation, faults[names[k]]...)
				if err := w.step(context.Background(), s); err != nil {
					t.Errorf("%s: %v", names[k], err)
				}
				if sent, seen := s.f.Calls()-before, len(h.Calls())-calls; sent != seen {
					t.Errorf("%s: Calls counts %d, and GitHub saw %d", names[k], sent, seen)
				}
				if got := w.effect(t, s); got != w.want {
					t.Errorf("%s: GitHub has %q, want %q", names[k], got, w.want)
				}
			}
		})
	}
}
