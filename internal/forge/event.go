package forge

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"time"
)

// Errors of events, told apart with errors.Is.
var (
	// ErrEvent: the payload is not that of the event that it is said to be.
	ErrEvent = errors.New("forge: the payload cannot be read")
	// ErrSignature: the payload bears no valid signature of the shared secret.
	ErrSignature = errors.New("forge: the payload has no valid signature")
)

// Names of the events that Docket reads more of than who, where and what.
// https://docs.github.com/webhooks/webhook-events-and-payloads
const (
	EventPing          = "ping"
	EventIssues        = "issues"
	EventIssueComment  = "issue_comment"
	EventPull          = "pull_request"
	EventPullTarget    = "pull_request_target" // in Actions only; the payload is that of pull_request
	EventReview        = "pull_request_review"
	EventPush          = "push"
	EventWorkflowRun   = "workflow_run"
	EventCheckRun      = "check_run"
	EventCheckSuite    = "check_suite"
	EventAdvisory      = "repository_advisory"
	EventSchedule      = "schedule"          // in Actions only
	EventWorkflowStart = "workflow_dispatch" // somebody pressed the button
)

// Event is what happened on GitHub, as a webhook or Actions tell it. It says
// that somebody did something, and proves nothing: who reacts looks at the
// repository. Whatever came in a form that Docket does not use (a name with
// control characters, a branch that is none) is empty.
type Event struct {
	Name     string // X-GitHub-Event, or GITHUB_EVENT_NAME
	Action   string // the payload's action; empty for events that have none
	Delivery string // X-GitHub-Delivery, when it came by webhook; ParseEvent leaves it empty
	Repo     string // OWNER/NAME
	Actor    string // the sender's login

	Label  string    // that was put on or taken off
	At     time.Time // of issues: when it happened; or zero
	Issue  *Issue    // with Program, ID, Title, Body, Labels, Closed and times; ID is empty when it tracks no case
	Seen   string    // digest of the case file that the tracking issue showed, by its marker; or empty
	Pull   *Pull     // with all but reviews, comments and checks
	Fork   bool      // the head of the pull request, or of the run, is in another repository
	Review *Review   // Verdict is empty for a review that is neither approval nor rejection any more, or never was
	Number int       // of the issue or pull request; 0: none

	Ref   string // of a push: refs/heads/main
	After string // of a push: the commit that Ref has now; empty when Ref was deleted

	Workflow   string   // of a workflow_run: the workflow's file, as in docket-check.yml
	Branches   []string // of workflow_run, check_suite and check_run: head branches, sorted
	Numbers    []int    // of the same: the pull requests with those heads that GitHub names, sorted
	Pulls      []Pull   // of a workflow_run: what it says of them: Number, Branch, Base, Head, State and Updated; those of forks are left out
	Conclusion string   // of the same: success, failure, …; empty while it runs

	Advisory string // GHSA ID of a repository_advisory
}

// VerifySignature holds that header, the value of X-Hub-Signature-256, is the
// HMAC-SHA-256 of payload with the secret, in time that tells nothing. SHA-1
// (X-Hub-Signature) is not taken, and an empty secret verifies nothing.
// https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
func VerifySignature(payload []byte, header string, secret []byte) error {
	digits, ok := strings.CutPrefix(header, "sha256=")
	claimed, err := hex.DecodeString(digits)
	if len(secret) == 0 || !ok || err != nil {
		return ErrSignature
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write(payload)
	if !hmac.Equal(claimed, mac.Sum(nil)) {
		return ErrSignature
	}
	return nil
}

// bodyMarker reads the last line of a body of the form
// `<!-- docket: name=value name=value -->`, by which Docket knows again what it
// wrote. Anyone who may edit the body may change it.
func bodyMarker(body string) map[string]string {
	at := strings.LastIndex(body, "<!-- docket: ")
	if at < 0 || (at > 0 && body[at-1] != '\n') {
		return nil
	}
	inner, _, ok := strings.Cut(body[at+len("<!-- docket: "):], " -->")
	if !ok || len(inner) > 500 || strings.Contains(inner, "\n") {
		return nil
	}
	values := map[string]string{}
	for field := range strings.FieldsSeq(inner) {
		if name, value, ok := strings.Cut(field, "="); ok {
			values[name] = value
		}
	}
	return values
}

// moment is a time as records carry it: UTC, whole seconds; or zero.
func moment(t time.Time) time.Time {
	if t.Year() < 1970 || t.Year() > 9999 {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Second)
}

// Repo is the repository, OWNER/NAME: that of the events that Observe takes.
func (g *GitHub) Repo() string { return g.full() }
