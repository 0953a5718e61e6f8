package forge

import (
	"context"
	"errors"
	"time"
)

// Errors that callers tell apart with errors.Is.
var (
	// ErrNotFound: there is no such pull request or issue.
	ErrNotFound = errors.New("forge: not found")
	// ErrClosed: the pull request is closed or merged, and the step needs an open one.
	ErrClosed = errors.New("forge: the pull request is not open")
	// ErrTooLarge: the record would outgrow what the forge keeps of one pull request or issue.
	ErrTooLarge = errors.New("forge: the record would be too large")
	// ErrLost: somebody else changed the board first.
	ErrLost = errors.New("forge: somebody else changed the board first")
	// ErrChanged: the head of the pull request is not the one that was meant.
	ErrChanged = errors.New("forge: the head of the pull request has changed")
	// ErrBlocked: the forge's rules forbid the merge; the reason follows.
	ErrBlocked = errors.New("forge: the rules of the repository forbid the merge")
)

// LimitedError says that the forge takes no more requests for longer than a
// caller wants to wait.
type LimitedError struct {
	Until time.Time // when it takes requests again, as far as it said
}

func (e *LimitedError) Error() string {
	return "the forge takes no more requests until " + e.Until.UTC().Format(time.RFC3339)
}

// States of a pull request.
const (
	StateOpen   = "open"
	StateMerged = "merged"
	StateClosed = "closed" // without a merge
)

// Verdicts of a review.
const (
	Approve = "approve"
	Reject  = "reject"
)

// Conclusions of a check.
const (
	Success = "success"
	Failure = "failure"
	// Waiting: nothing is wrong, and something is still to come, such as
	// approvals. It does not let a pull request be merged.
	Waiting = "waiting"
)

// Pull is a pull request. Times are UTC with whole seconds; commits are 40 (or
// 64, for SHA-256 repositories) lower-case hexadecimal digits as git prints
// them; logins are names on the forge.
type Pull struct {
	Number   int    // from 1, never given twice
	Kind     string // lower-case letters, digits, hyphens; or empty
	Case     string // case ID; or empty
	Branch   string // short name of the proposing branch: case/INGP-2026-0042/next
	Base     string // short name of the branch to merge into: main
	Head     string // commit that is proposed
	Title    string // one line, at most 256 characters
	Body     string // plain text, at most 64 KiB; lines end in LF
	State    string // open, merged or closed
	Labels   []string
	Author   string // login
	Created  time.Time
	Updated  time.Time
	MergedAs string // the merge commit, when State is merged
	Reviews  []Review
	Comments []Comment
	Checks   []Check // the newest of each name, for Head only; GitHub leaves them to Checked
}

// Proposal is what a pull request is opened with; fields are as in Pull. Nil
// Labels leave those of a pull request that is open already as they are.
type Proposal struct {
	Kind, Case   string
	Branch, Base string
	Head         string
	Title, Body  string
	Labels       []string
	Author       string
}

// Review is one person's verdict on one head. The forge vouches for By, and
// nothing else does.
type Review struct {
	By      string    // login
	At      time.Time // zero: now
	Head    string    // the commit that was read
	Verdict string    // approve or reject
	Body    string    // optional
}

// Comment is what somebody says about a pull request or a case.
type Comment struct {
	By     string    // login
	At     time.Time // zero: now
	Body   string
	Marker string // up to 200 of a-z 0-9 : / . -; or empty. What has one is said once

	// Since asks for a comment with a marker once more, where it was last said
	// before that time; zero: it is said once, ever. It is not kept.
	Since time.Time
}

// Check is the result of an automated check of one commit.
type Check struct {
	Head       string // commit that was checked
	Name       string // one line, such as docket/check
	Conclusion string // success, failure or waiting
	Summary    string // plain text
	At         time.Time
	Title      string // one line that sums up the summary; or empty
	Notes      []Note // at most 250; the local forge drops them
}

// Levels of a note.
const (
	LevelFailure = "failure"
	LevelWarning = "warning"
	LevelNotice  = "notice"
)

// Note is something to say about a line of a file.
type Note struct {
	Path  string // from the top of the repository, with slashes
	Line  int    // from 1
	Level string // failure, warning or notice
	Title string // one line; or empty
	Text  string // plain text
}

// Issue is the tracking issue of a case.
type Issue struct {
	Program string
	ID      string // case ID; there is one issue for each
	Title   string // one line, at most 256 characters
	Body    string
	Labels  []string // sorted
	Closed  bool
	Created time.Time
	Updated time.Time
	Events  []LabelEvent // the newest hundred, oldest first; GitHub keeps them in its timeline

	// Revision and File (sha256:…) say what the issue shows, so that who acts
	// on it can be held to what they saw; or zero and empty.
	Revision int
	File     string

	// Comments are the newest hundred answers, oldest first; GitHub leaves
	// them to Answers.
	Comments []Comment
}

// LabelEvent is one change of an issue's labels by a person or a bot.
type LabelEvent struct {
	At          time.Time
	By          string // login
	Add, Remove []string
}

// Filter says which pull requests to list.
type Filter struct {
	State string // open, merged, closed; empty: all
	Limit int    // at most so many, the newest; 0: no limit
}

// Reader finds pull requests.
type Reader interface {
	// Get returns a pull request by number, with reviews and comments, or
	// ErrNotFound.
	Get(ctx context.Context, number int) (Pull, error)
	// Peek is Get, where reviews and comments may be left out.
	Peek(ctx context.Context, number int) (Pull, error)
	// Find returns the open pull request of a branch, or ErrNotFound.
	Find(ctx context.Context, branch string) (Pull, error)
	// List returns pull requests, the newest first. What Find and List return
	// may lack reviews and comments.
	List(ctx context.Context, f Filter) ([]Pull, error)
}

// Pulls opens, changes and closes pull requests.
type Pulls interface {
	// Open opens a pull request. When the branch has an open one already, that
	// one is brought up to date and returned; its author stays.
	Open(ctx context.Context, p Proposal) (Pull, error)
	// Update changes what change changes of Kind, Case, Base, Head, Title, Body
	// and Labels; base and head only while the pull request is open. Other
	// fields are not change's to touch, and need not be filled. It may be
	// called more than once.
	Update(ctx context.Context, number int, change func(*Pull) error) error
	// Close closes an open pull request: as merged by that commit, or, when
	// merged is empty, without a merge. Closing it the same way again is no
	// error; another way is ErrClosed.
	Close(ctx context.Context, number int, merged string) error
}

// Talk adds what people say to pull requests and tracking issues. A comment
// with a marker that stands there already changes nothing.
type Talk interface {
	// Comment adds a comment, also to a closed pull request.
	Comment(ctx context.Context, number int, c Comment) error
	// Review adds a verdict to an open pull request. Reviews of older heads
	// stay, and so do earlier verdicts of the same person: the last one counts.
	Review(ctx context.Context, number int, r Review) error
	// Answer says something on the tracking issue of a case, or returns
	// ErrNotFound.
	Answer(ctx context.Context, program, id string, c Comment) error
	// Answers returns what was said on the tracking issue of a case, oldest
	// first; it may be the newest hundred only.
	Answers(ctx context.Context, program, id string) ([]Comment, error)
}

// Checks publishes the results of automated checks.
type Checks interface {
	// Check publishes a result with the open pull requests whose head it is
	// for, in place of an earlier one of the same name. ErrNotFound when the
	// forge knows of no such head.
	Check(ctx context.Context, c Check) error
	// Checked returns the newest result of each name for the head of an open
	// pull request, sorted by name and without notes. There may be none.
	Checked(ctx context.Context, head string) ([]Check, error)
}

// Issues keeps one tracking issue for each case.
type Issues interface {
	// Track creates the issue or brings its title, body, labels, Closed,
	// Revision and File up to date. Nil Labels leave the labels as they are;
	// others replace Docket's own, which begin with program/, state/, due/ or
	// needs/, and leave alone those that people added. What begins with move/ or
	// close/ asks for something, and stays until Label takes it off.
	Track(ctx context.Context, i Issue) error
	// Issue returns the tracking issue of a case, or ErrNotFound.
	Issue(ctx context.Context, program, id string) (Issue, error)
	// Label adds and removes labels on behalf of by, and returns those that the
	// issue has afterwards, sorted.
	Label(ctx context.Context, program, id string, add, remove []string, by string) ([]string, error)
}

// Merger merges a pull request by the forge's own hand, where people may not
// push to the base branch. The local forge has no hand: there, git merges.
type Merger interface {
	// Merge makes a merge commit (never a squash or rebase) of the open pull
	// request, if its head is still head, and returns the commit. Merging it
	// again returns the same commit. ErrChanged when the head has moved,
	// ErrBlocked when rules forbid the merge.
	Merge(ctx context.Context, number int, head, title, message string) (commit string, err error)
}

// Forge is all that is asked of a forge.
type Forge interface {
	Reader
	Pulls
	Talk
	Checks
	Issues
}
