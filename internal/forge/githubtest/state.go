package githubtest

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"slices"
	"strings"
	"time"
)

// state is what the server keeps besides git data.
type state struct {
	next         int64 // the last id given; one sequence serves for everything
	number       int   // the last number of an issue or pull request
	users        map[string]*account
	tokens       map[string]*actor
	apps         []*app
	issues       []*issue // pull requests too; by number, from 1
	labels       []*label
	checks       []*check
	statuses     []*status
	rulesets     []*ruleset
	environments []*environment
	variables    map[string]string
	secrets      []string
	settings     object // of the repository
	actions      object // permissions of Actions
	selected     object
	workflow     object
	reporting    bool // private vulnerability reporting
	advisories   []*advisory
	releases     map[string][]byte // TAG/NAME
}

// account is a person or a bot.
type account struct {
	id    int64
	login string
	bot   bool
	role  Role // of persons, in the repository
}

// app is a GitHub App that is installed on the repository.
type app struct {
	id, installation int64
	slug             string
	key              *rsa.PrivateKey
	bot              *account
	perms            map[string]string
}

// issue is an issue or, with pull set, a pull request.
type issue struct {
	id                       int64
	number                   int
	title, body              string
	closed                   bool
	reason                   string // completed, not_planned, reopened
	labels                   []string
	author                   *account
	createdAt, updated, ends time.Time
	comments                 []*comment
	events                   []*labelEvent
	pull                     *pull
}

// labelEvent is a change of an issue's labels, as its list of events has it.
type labelEvent struct {
	id    int64
	event string // labeled or unlabeled
	label string
	actor *account
	at    time.Time
}

// pull is what a pull request has more than an issue.
type pull struct {
	id               int64
	head, base       string // branches
	headSHA, baseSHA string
	fork             string // OWNER/NAME that head is in; empty: this repository
	merged           bool
	mergeSHA         string
	mergedBy         *account
	reviews          []*review
	remarks          []*comment // review comments
}

type comment struct {
	id           int64
	author       *account
	body         string
	at, updated  time.Time
	commit, path string // of review comments
	line         int
}

type review struct {
	id     int64
	author *account
	body   string
	state  string // APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED
	commit string
	at     time.Time
}

type label struct {
	id                       int64
	name, color, description string
}

type check struct {
	id                            int64
	name, sha, status, conclusion string
	title, summary, text, details string
	external                      string
	annotations                   []object
	started, completed            time.Time
	app                           *app // nil: Actions
}

type status struct {
	id                                 int64
	sha, state, context, about, target string
	by                                 *account
	at                                 time.Time
}

type environment struct {
	id        int64
	name      string
	protected bool // deployment_branch_policy: protected_branches
	custom    bool // deployment_branch_policy: custom_branch_policies
	policies  []object
	reviewers []any
	wait      int
	variables map[string]string
	secrets   []string
	at        time.Time
}

type advisory struct {
	ghsa, summary, description, state, severity string
	cwes                                        []string
	author                                      *account
	vulnerabilities                             []object
	at, updated                                 time.Time
}

func newState() state {
	return state{
		users: map[string]*account{}, tokens: map[string]*actor{}, variables: map[string]string{}, releases: map[string][]byte{},
		settings: object{
			"allow_merge_commit": true, "allow_squash_merge": true, "allow_rebase_merge": true, "allow_auto_merge": false,
			"allow_update_branch": false, "delete_branch_on_merge": false, "has_issues": true, "has_projects": true, "has_wiki": true,
			"merge_commit_title": "MERGE_MESSAGE", "merge_commit_message": "PR_TITLE", "default_branch": "main",
		},
		actions:  object{"enabled": true, "allowed_actions": "all", "sha_pinning_required": false},
		selected: object{"github_owned_allowed": true, "verified_allowed": false, "patterns_allowed": []string{}},
		workflow: object{"default_workflow_permissions": "read", "can_approve_pull_request_reviews": false},
	}
}

// id gives a number that was never given.
func (s *Server) id() int64 {
	s.state.next++
	return 1000 + s.state.next
}

// guid is a random identifier in the form that GitHub uses for deliveries.
func (s *Server) guid() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b)
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// account returns the account of a login, made at its first use.
func (s *Server) account(login string) *account {
	if a := s.state.users[strings.ToLower(login)]; a != nil {
		return a
	}
	a := &account{id: s.id(), login: login, bot: strings.HasSuffix(login, "[bot]")}
	s.state.users[strings.ToLower(login)] = a
	return a
}

// issue returns an issue or pull request by its number, or nil.
func (s *Server) issue(number int) *issue {
	if number < 1 || number > len(s.state.issues) {
		return nil
	}
	return s.state.issues[number-1]
}

// pullRequest returns a pull request by its number, or nil.
func (s *Server) pullRequest(number int) *issue {
	if i := s.issue(number); i != nil && i.pull != nil {
		return i
	}
	return nil
}

// add numbers a new issue or pull request.
func (s *Server) add(i *issue) {
	s.state.number++
	i.id, i.number, i.createdAt, i.updated = s.id(), s.state.number, now(), now()
	s.state.issues = append(s.state.issues, i)
}

// label returns a label of the repository. GitHub makes those that are used and
// not there.
func (s *Server) label(name string) *label {
	for _, l := range s.state.labels {
		if strings.EqualFold(l.name, name) {
			return l
		}
	}
	l := &label{id: s.id(), name: name, color: "ededed"}
	s.state.labels = append(s.state.labels, l)
	return l
}

func (i *issue) has(label string) bool {
	return slices.ContainsFunc(i.labels, func(l string) bool { return strings.EqualFold(l, label) })
}

func now() time.Time { return time.Now().UTC().Truncate(time.Second) }

func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339)
}
