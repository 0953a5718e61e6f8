package bot

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/desk"
	"github.com/docket-psirt/docket/internal/forge"
	"github.com/docket-psirt/docket/internal/psirt"
)

// Desk is what the steps need of a *desk.Desk. Each can be repeated.
type Desk interface {
	// LabelAsked does what a label on a tracking issue asks for, or answers there.
	LabelAsked(ctx context.Context, id psirt.CaseID, label, login string, seen psirt.Digest, at time.Time) (*desk.Proposed, error)
	// PublishCheck judges a pull request, and says so with it.
	PublishCheck(ctx context.Context, number int) (*desk.Pull, error)
	// Attest records the reviews of a pull request, and merges what has all it needs.
	Attest(ctx context.Context, number int) (*desk.Proposed, error)
	// Checked is Attest after a check, for what needs nothing more.
	Checked(ctx context.Context, number int) (*desk.Proposed, error)
	// Tend looks at everything that is open.
	Tend(ctx context.Context) (*desk.Tended, error)
}

// Remote is what else a *desk.Desk knows of the forge.
type Remote interface {
	// Observe takes what a payload tells, so that it need not be asked for.
	Observe(e forge.Event)
	// Calls is how many REST requests were sent.
	Calls() int
	// Gone says that a branch of the case repository is not there any more.
	Gone(ctx context.Context, branch string) bool
}

// Tools are what the steps are done with. They are for one goroutine.
type Tools struct {
	Desk
	Remote
	Merges bool                            // the bot's key is here: what has all it needs is merged
	Import func(ctx context.Context) error // takes in reported advisories; nil: the key for it is not here
	Close  func() error                    // nil: nothing to let go of
}

// Results of a reaction.
const (
	ResultDone    = "done"
	ResultRefused = "refused" // the policy says no, and the person was told
	ResultLate    = "late"    // the pull request is closed, or there is none, or no such case
	ResultIgnored = "ignored" // nothing is to be done
	ResultFailed  = "failed"  // a round will try again
)

// Reaction is what an event led to. It names no more than the forge shows.
type Reaction struct {
	Event    string       `json:"event"`
	Action   string       `json:"action,omitempty"`
	Delivery string       `json:"delivery,omitempty"`
	Step     string       `json:"step"`
	Why      string       `json:"why"`
	Result   string       `json:"result"`
	Case     psirt.CaseID `json:"case,omitempty"`
	Numbers  []int        `json:"numbers,omitempty"` // of pull requests
	Verdict  string       `json:"verdict,omitempty"` // of the check: pass or fail
	Merged   bool         `json:"merged,omitempty"`
	Needs    []string     `json:"needs,omitempty"` // what the pull request still needs
	Tended   *desk.Tended `json:"tended,omitempty"`

	merged []int // pull requests
}

func (r *Reaction) proposed(p *desk.Proposed) {
	if p == nil {
		return
	}
	r.Case, r.Merged, r.Needs = p.ID, r.Merged || p.Merged, p.Needs
	if p.Merged {
		r.merged = append(r.merged, p.Number)
	}
	if p.Number > 0 && !slices.Contains(r.Numbers, p.Number) {
		r.Numbers = append(r.Numbers, p.Number)
	}
}

// Bot reacts to events. It is for one goroutine, as its tools are.
type Bot struct {
	Tools *Tools
	Repo  string // OWNER/NAME: events of other repositories lead to nothing; empty: any

	merged []int // the newest pull requests that were merged here
}

// Plan says what an event leads to here, without doing it.
func (b *Bot) Plan(e forge.Event) Row {
	row := rowOf(e)
	switch {
	case row.Step == StepNone:
	case row.Step == StepImport: // the repositories of products report too
	case e.Repo == "" && e.Name == forge.EventSchedule: // Actions alone has it, and it may say no more than the time
	case b.Repo != "" && !strings.EqualFold(b.Repo, e.Repo):
		return Row{Event: e.Name, Step: StepNone, Why: "it happened in another repository"}
	case row.Step == StepLabel && !e.Issue.Updated.IsZero() && time.Since(e.Issue.Updated) > stale:
		return Row{Event: e.Name, Step: StepTend, Why: "the event is old: a round looks at which labels there are now", run: tend}
	}
	return row
}

// HandlePayload reads an event (forge.ParseEvent) and handles it.
func (b *Bot) HandlePayload(ctx context.Context, name string, payload []byte) (Reaction, error) {
	e, err := forge.ParseEvent(name, payload)
	if err != nil {
		return Reaction{}, err
	}
	return b.Handle(ctx, e)
}

// Handle does what the table says of an event. Repeating it changes nothing. A
// no of the policy, and a pull request that is closed, are results and no
// errors.
func (b *Bot) Handle(ctx context.Context, e forge.Event) (Reaction, error) {
	row := b.Plan(e)
	r := Reaction{Event: e.Name, Action: e.Action, Delivery: e.Delivery, Step: row.Step, Why: row.Why, Result: ResultIgnored}
	if row.run == nil {
		return r, nil
	}
	if row.Step == StepCheck && slices.Contains(b.merged, e.Number) {
		r.Numbers, r.Result = []int{e.Number}, ResultLate // what a merge pushes is judged already
		return r, nil
	}
	b.Tools.Observe(e)
	err := row.run(ctx, b.Tools, e, &r)
	if b.merged = append(b.merged, r.merged...); len(b.merged) > 100 {
		b.merged = slices.Clone(b.merged[50:])
	}
	if r.Result = result(err); r.Result == ResultFailed {
		return r, err
	}
	return r, nil
}

var (
	errNothing  = errors.New("nothing to do here")
	errAnswered = errors.New("the person who asked was told why not")
)

// result is what an error of the desk means for an event.
func result(err error) string {
	var refused *desk.Refused
	switch {
	case err == nil:
		return ResultDone
	case errors.Is(err, errNothing):
		return ResultIgnored
	case errors.As(err, &refused), errors.Is(err, errAnswered):
		return ResultRefused
	case errors.Is(err, forge.ErrClosed), errors.Is(err, forge.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return ResultLate
	}
	return ResultFailed
}
