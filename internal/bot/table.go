package bot

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/forge"
	"github.com/docket-psirt/docket/internal/psirt"
)

// Steps that events lead to.
const (
	StepNone   = "none"
	StepLabel  = "label"  // Desk.LabelAsked
	StepCheck  = "check"  // Desk.PublishCheck
	StepAttest = "attest" // Desk.Attest
	StepTend   = "tend"   // Desk.Tend
	StepImport = "import" // Tools.Import
	StepNote   = "note"   // Remote.Observe
)

// Row is one line of the table of reactions.
type Row struct {
	Event   string // as GitHub names it
	Actions []string
	Step    string
	Why     string // one line

	when func(e forge.Event) bool // nil: always
	run  func(ctx context.Context, t *Tools, e forge.Event, r *Reaction) error
}

// stale is the age from which a label is no longer taken from its event, which
// may be an old one that was delivered again: a round looks at which labels
// there are now.
const stale = time.Hour

// rows is the table. Of several lines that fit, the first counts.
//
// What the steps cause in turn: label opens a pull request (opened: check) and
// changes labels that ask for nothing; check publishes a check run (none); note
// causes nothing; attest pushes to the branch (synchronize: check) and to main (none, since an
// App did it); tend may do each of these, once for each thing that it finds
// undone; import adds cases on main (none).
var rows = []Row{
	{Event: forge.EventIssues, Actions: []string{"labeled"}, Step: StepLabel, when: asks, run: label,
		Why: "move/<state> or close/<outcome> on a tracking issue: somebody asks for a move"},
	{Event: forge.EventIssues, Actions: []string{"labeled", "unlabeled"}, Step: StepNote, when: shows, run: note,
		Why: "the labels of a tracking issue: they stay as they are when Docket next writes to it"},
	{Event: forge.EventPull, Actions: []string{"opened", "synchronize", "reopened"}, Step: StepCheck, run: check,
		Why: "there is a head that nobody has judged; with all it needs it is merged"},
	{Event: forge.EventPullTarget, Actions: []string{"opened", "synchronize", "reopened"}, Step: StepCheck, run: check,
		Why: "the same, in Actions"},
	{Event: forge.EventReview, Actions: []string{"submitted"}, Step: StepAttest, when: judges, run: attest,
		Why: "a review approves or rejects: it may be the one that was missing"},
	{Event: forge.EventReview, Actions: []string{"dismissed"}, Step: StepAttest, run: attest,
		Why: "a review counts no longer"},
	{Event: forge.EventWorkflowRun, Actions: []string{"completed"}, Step: StepAttest, when: named, run: attestEach,
		Why: "docket-check or docket-review ended: the pull request may have all it needs"},
	{Event: forge.EventWorkflowRun, Actions: []string{"completed"}, Step: StepTend, when: ours, run: tendUnlessGone,
		Why: "the same, and GitHub does not say for which pull request: unless its branch is gone"},
	{Event: forge.EventPush, Step: StepTend, when: toMain, run: tend,
		Why: "a person moved main: proposals that wait are judged by the new main"},
	{Event: forge.EventAdvisory, Actions: []string{"reported"}, Step: StepImport, run: importAll,
		Why: "somebody reported a vulnerability in GitHub's pages"},
	{Event: forge.EventSchedule, Step: StepTend, run: tend,
		Why: "the clock of Actions"},
	{Event: forge.EventWorkflowStart, Step: StepTend, run: tend,
		Why: "somebody pressed the button in Actions"},
	{Event: forge.EventPing, Step: StepNone,
		Why: "GitHub tries the address of the webhook"},
}

// nothing is what all other events lead to.
var nothing = Row{Step: StepNone, Why: "Docket does nothing upon it"}

// Table is the table of reactions, for people.
func Table() []Row { return slices.Clone(rows) }

// rowOf finds the line for an event.
func rowOf(e forge.Event) Row {
	for _, r := range rows {
		if r.Event == e.Name && (r.Actions == nil || slices.Contains(r.Actions, e.Action)) && (r.when == nil || r.when(e)) {
			return r
		}
	}
	return nothing
}

// asks: a person put a label on a tracking issue that asks for a move. What an
// App labels asks for nothing: brackets are in no person's login.
func asks(e forge.Event) bool {
	return e.Issue != nil && psirt.CaseID(e.Issue.ID).Valid() && desk.AsksForMove(e.Label) && e.Actor != "" && !strings.HasSuffix(e.Actor, "[bot]")
}

// shows: a person changed the labels of a tracking issue, or another process of
// Docket's said that somebody is called for. What else Docket changes there, it
// knows.
func shows(e forge.Event) bool {
	calls := strings.HasPrefix(e.Label, "needs/") || strings.HasPrefix(e.Label, "due/")
	return e.Issue != nil && psirt.CaseID(e.Issue.ID).Valid() && (calls || !strings.HasSuffix(e.Actor, "[bot]"))
}

func note(context.Context, *Tools, forge.Event, *Reaction) error { return errNothing } // it was observed

func judges(e forge.Event) bool { return e.Review.Verdict != "" }

// toMain: a person moved main. What an App pushes (the bot is one), it looks
// after itself.
func toMain(e forge.Event) bool {
	return e.Ref == "refs/heads/main" && e.After != "" && !strings.HasSuffix(e.Actor, "[bot]")
}

// ours: a run of the workflows that docket-merge waits for, for a branch of
// this repository.
func ours(e forge.Event) bool {
	return (e.Workflow == checkWorkflow || e.Workflow == "docket-review.yml") && !e.Fork
}

const checkWorkflow = "docket-check.yml"

func named(e forge.Event) bool { return ours(e) && len(e.Numbers) > 0 }

func label(ctx context.Context, t *Tools, e forge.Event, r *Reaction) error {
	r.Case = psirt.CaseID(e.Issue.ID)
	p, err := t.LabelAsked(ctx, r.Case, e.Label, e.Actor, psirt.Digest(e.Seen), e.At)
	r.proposed(p)
	if problem := (*desk.Problem)(nil); errors.As(err, &problem) && problem.Err == nil {
		return errAnswered // what a person can help, the desk tells them on the issue
	}
	return err
}

func check(ctx context.Context, t *Tools, e forge.Event, r *Reaction) error {
	r.Numbers = []int{e.Number}
	p, err := t.PublishCheck(ctx, e.Number)
	if p != nil {
		r.Case, r.Verdict, r.Needs = p.ID, p.Verdict, p.Reasons
	}
	if err != nil || p == nil || p.State != forge.StateOpen || p.Verdict != "pass" || !t.Merges {
		return err
	}
	done, err := t.Attest(ctx, e.Number)
	r.proposed(done)
	return err
}

func attest(ctx context.Context, t *Tools, e forge.Event, r *Reaction) error {
	r.Numbers = []int{e.Number}
	p, err := t.Attest(ctx, e.Number)
	r.proposed(p)
	return err
}

// attestEach looks at the pull requests of a run, each of them, and gives the
// first error. A check that ended brings no review.
func attestEach(ctx context.Context, t *Tools, e forge.Event, r *Reaction) error {
	look := t.Attest
	if e.Workflow == checkWorkflow {
		look = t.Checked
	}
	var first error
	for _, number := range e.Numbers {
		r.Numbers = append(r.Numbers, number)
		p, err := look(ctx, number)
		r.proposed(p)
		if result(err) == ResultFailed && first == nil {
			first = err
		}
	}
	return first
}

func tendUnlessGone(ctx context.Context, t *Tools, e forge.Event, r *Reaction) error {
	if len(e.Branches) > 0 && !slices.ContainsFunc(e.Branches, func(b string) bool { return !t.Gone(ctx, b) }) {
		return forge.ErrClosed
	}
	return tend(ctx, t, e, r)
}

func tend(ctx context.Context, t *Tools, _ forge.Event, r *Reaction) (err error) {
	r.Tended, err = t.Tend(ctx)
	return err
}

func importAll(ctx context.Context, t *Tools, _ forge.Event, r *Reaction) error {
	if t.Import == nil {
		r.Step, r.Why = StepNone, "the intake key is not here"
		return errNothing
	}
	return t.Import(ctx)
}
