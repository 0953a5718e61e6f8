package forge

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/psirt"
)

// payload is what is read of a webhook's payload. Docket reads it with types of
// its own, since go-github's refuse some of GitHub's own examples for the sake
// of fields that nobody here needs; tests hold both against each other.
type payload struct {
	Action     string          `json:"action"`
	Number     int             `json:"number"`
	Repository payloadRepo     `json:"repository"`
	Sender     payloadUser     `json:"sender"`
	Label      payloadLabel    `json:"label"`
	Issue      *payloadIssue   `json:"issue"`
	Pull       *payloadPull    `json:"pull_request"`
	Review     *payloadReview  `json:"review"`
	Ref        string          `json:"ref"`
	After      string          `json:"after"`
	Deleted    bool            `json:"deleted"`
	Workflow   payloadWorkflow `json:"workflow"`
	Run        *payloadRun     `json:"workflow_run"`
	CheckRun   *payloadRun     `json:"check_run"`
	CheckSuite *payloadRun     `json:"check_suite"`
	Advisory   payloadAdvisory `json:"repository_advisory"`
}

type (
	payloadRepo struct {
		FullName string `json:"full_name"`
	}
	payloadUser struct {
		Login string `json:"login"`
	}
	payloadLabel struct {
		Name string `json:"name"`
	}
	payloadWorkflow struct {
		Path string `json:"path"`
	}
	payloadAdvisory struct {
		ID string `json:"ghsa_id"`
	}
	payloadIssue struct {
		Number  int            `json:"number"`
		Title   string         `json:"title"`
		Body    string         `json:"body"`
		State   string         `json:"state"`
		Labels  []payloadLabel `json:"labels"`
		Created time.Time      `json:"created_at"`
		Updated time.Time      `json:"updated_at"`
		Pull    *struct{}      `json:"pull_request"` // it is a pull request, seen as an issue
	}
	payloadPull struct {
		Number   int            `json:"number"`
		Title    string         `json:"title"`
		Body     string         `json:"body"`
		State    string         `json:"state"`
		Merged   bool           `json:"merged"`
		MergedAt *time.Time     `json:"merged_at"` // what reviews' payloads have in place of merged
		MergedAs string         `json:"merge_commit_sha"`
		Labels   []payloadLabel `json:"labels"`
		User     payloadUser    `json:"user"`
		Created  time.Time      `json:"created_at"`
		Updated  time.Time      `json:"updated_at"`
		Head     payloadHead    `json:"head"`
		Base     payloadHead    `json:"base"`
	}
	payloadHead struct {
		Ref  string       `json:"ref"`
		SHA  string       `json:"sha"`
		Repo *payloadRepo `json:"repo"` // null when the fork is gone
	}
	payloadReview struct {
		User   payloadUser `json:"user"`
		Body   string      `json:"body"`
		Commit string      `json:"commit_id"`
		State  string      `json:"state"`
		At     time.Time   `json:"submitted_at"`
	}
	payloadRun struct {
		Branch     string       `json:"head_branch"`
		Conclusion string       `json:"conclusion"`
		HeadRepo   *payloadRepo `json:"head_repository"`
		Suite      *payloadRun  `json:"check_suite"`
		Updated    time.Time    `json:"updated_at"`
		Pulls      []struct {
			Number int       `json:"number"`
			Head   briefHead `json:"head"`
			Base   briefHead `json:"base"`
		} `json:"pull_requests"`
	}
	// briefHead names its repository by number only.
	briefHead struct {
		Ref  string `json:"ref"`
		SHA  string `json:"sha"`
		Repo struct {
			ID int64 `json:"id"`
		} `json:"repo"`
	}
)

// reader names the events that Docket reads, and what their payload must have.
var reader = map[string]func(*Event, *payload) error{
	EventIssues:       (*Event).readIssue,
	EventIssueComment: (*Event).readIssue,
	EventPull:         (*Event).readPull,
	EventPullTarget:   (*Event).readPull,
	EventReview:       (*Event).readReview,
	EventPush:         (*Event).readPush,
	EventWorkflowRun:  func(e *Event, p *payload) error { return e.readRun(p, p.Run) },
	EventCheckRun:     func(e *Event, p *payload) error { return e.readRun(p, p.CheckRun) },
	EventCheckSuite:   func(e *Event, p *payload) error { return e.readRun(p, p.CheckSuite) },
	EventAdvisory:     (*Event).readAdvisory,
}

var (
	eventForm  = form(`^[a-z][a-z0-9_]{0,63}$`)
	actionForm = form(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$`)
	repoForm   = form(`^[A-Za-z0-9][A-Za-z0-9_-]{0,99}/\.{0,2}[A-Za-z0-9_-][A-Za-z0-9_.-]{0,99}$`)
	refForm    = form(`^refs/(heads|tags)/`)
	ghsaForm   = form(`^GHSA(-[23456789cfghjmpqrvwx]{4}){3}$`)
)

// ParseEvent reads the payload of an event: the JSON of a webhook, or the file
// that Actions name in GITHUB_EVENT_PATH. Of an event that Docket does not know
// it gives the name, and whatever else is in its usual place. It fails with
// ErrEvent for what is no event; the payload is never quoted.
func ParseEvent(name string, raw []byte) (Event, error) {
	if !eventForm().MatchString(name) {
		return Event{}, fmt.Errorf("%w: the event's name must be lower-case letters, digits and _", ErrEvent)
	}
	e := Event{Name: name}
	read, known := reader[name]
	if !known {
		return e, e.readCommon(raw)
	}
	var p payload
	if err := json.Unmarshal(raw, &p); err != nil {
		return e, unreadable(name, err)
	}
	e.common(&p)
	if err := read(&e, &p); err != nil {
		return Event{Name: name}, err
	}
	return e, nil
}

// readCommon reads what payloads have in common, and takes no offence at other
// shapes.
func (e *Event) readCommon(raw []byte) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return unreadable(e.Name, err)
	}
	var p payload
	for name, into := range map[string]any{"action": &p.Action, "repository": &p.Repository, "sender": &p.Sender} {
		if value, ok := fields[name]; ok && json.Unmarshal(value, into) != nil {
			return nil // it is not of GitHub's usual shape, and nobody here reads it
		}
	}
	e.common(&p)
	return nil
}

// unreadable names the field that has the wrong form, and not what it holds.
func unreadable(name string, err error) error {
	if typed, ok := err.(*json.UnmarshalTypeError); ok && typed.Field != "" {
		return fmt.Errorf("%w: %s: %s has another type than GitHub documents", ErrEvent, name, typed.Field)
	}
	return fmt.Errorf("%w: %s: it is no JSON object", ErrEvent, name)
}

func missing(e *Event, field string) error {
	return fmt.Errorf("%w: %s: %s is missing or has another form than GitHub documents", ErrEvent, e.Name, field)
}

func (e *Event) common(p *payload) {
	if actionForm().MatchString(p.Action) {
		e.Action = p.Action
	}
	if repoForm().MatchString(p.Repository.FullName) {
		e.Repo = p.Repository.FullName
	}
	e.Actor = login(p.Sender.Login)
	e.Label = labelName(p.Label.Name)
}

func (e *Event) readIssue(p *payload) error {
	i := p.Issue
	if i == nil || i.Number < 1 {
		return missing(e, "issue.number")
	}
	e.Number = i.Number
	if i.Pull != nil {
		return nil
	}
	e.Issue = &Issue{Title: title(i.Title), Body: bodyText(i.Body), Labels: labelNames(i.Labels), Closed: i.State == StateClosed,
		Created: moment(i.Created), Updated: moment(i.Updated)}
	for _, l := range e.Issue.Labels {
		if program, ok := strings.CutPrefix(l, "program/"); ok && programForm().MatchString(program) {
			e.Issue.Program = program
		}
	}
	e.At = e.Issue.Updated
	e.track(bodyMarker(e.Issue.Body))
	return nil
}

// track finds out which case the issue tracks: the title says it, and so does
// the marker. One of them is enough (people edit both), two that differ are not.
func (e *Event) track(marker map[string]string) {
	titled, marked := psirt.CaseID(strings.TrimSpace(e.Issue.Title)), psirt.CaseID(marker["case"])
	switch {
	case titled.Valid() && (marked == "" || marked == titled):
		e.Issue.ID = string(titled)
	case !titled.Valid() && marked.Valid():
		e.Issue.ID = string(marked)
	}
	if seen := psirt.Digest(marker["file"]); e.Issue.ID != "" && seen.Valid() {
		e.Seen = string(seen)
	}
}

func (e *Event) readPull(p *payload) error {
	g := p.Pull
	if g == nil || g.Number < 1 {
		return missing(e, "pull_request.number")
	}
	if !commitForm().MatchString(g.Head.SHA) {
		return missing(e, "pull_request.head.sha")
	}
	e.Number = g.Number
	e.Fork = g.Head.Repo == nil || g.Base.Repo == nil || !strings.EqualFold(g.Head.Repo.FullName, g.Base.Repo.FullName)
	pull := &Pull{Number: g.Number, Branch: branchName(g.Head.Ref), Base: branchName(g.Base.Ref), Head: g.Head.SHA,
		Title: title(g.Title), Body: bodyText(g.Body), State: StateOpen, Labels: labelNames(g.Labels), Author: login(g.User.Login),
		Created: moment(g.Created), Updated: moment(g.Updated)}
	switch merged := g.Merged || g.MergedAt != nil; {
	case merged && commitForm().MatchString(g.MergedAs):
		pull.State, pull.MergedAs = StateMerged, g.MergedAs
	case merged:
		return missing(e, "pull_request.merge_commit_sha")
	case g.State == StateClosed:
		pull.State = StateClosed
	}
	pull.Kind, pull.Case = pullSubject(pull.Branch, pull.Body)
	e.Pull = pull
	return nil
}

// pullSubject says what a pull request is about. Its branch decides which case
// it is for; the marker in the body, which its author may edit, only what is
// left open.
func pullSubject(branch, body string) (kind, id string) {
	marker := bodyMarker(body)
	if kindForm().MatchString(marker["kind"]) {
		kind = marker["kind"]
	}
	if rest, ok := strings.CutPrefix(branch, "case/"); ok {
		id, _, _ = strings.Cut(rest, "/")
	} else {
		id = marker["case"]
	}
	if !psirt.CaseID(id).Valid() {
		id = ""
	}
	return kind, id
}

func (e *Event) readReview(p *payload) error {
	if err := e.readPull(p); err != nil {
		return err
	}
	v := p.Review
	if v == nil {
		return missing(e, "review")
	}
	e.Review = &Review{By: login(v.User.Login), At: moment(v.At), Body: bodyText(v.Body)}
	if commitForm().MatchString(v.Commit) {
		e.Review.Head = v.Commit
	}
	switch strings.ToLower(v.State) {
	case "approved":
		e.Review.Verdict = Approve
	case "changes_requested":
		e.Review.Verdict = Reject
	}
	return nil
}

func (e *Event) readPush(p *payload) error {
	if !refForm().MatchString(p.Ref) || !printable(p.Ref, "") || len(p.Ref) > 2*maxBranch {
		return missing(e, "ref")
	}
	if !commitForm().MatchString(p.After) {
		return missing(e, "after")
	}
	e.Ref, e.After = p.Ref, p.After
	if p.Deleted {
		e.After = ""
	}
	return nil
}

func (e *Event) readRun(p *payload, run *payloadRun) error {
	if run == nil {
		return missing(e, e.Name)
	}
	e.Conclusion = run.Conclusion
	if !actionForm().MatchString(run.Conclusion) {
		e.Conclusion = ""
	}
	if file := path.Base(p.Workflow.Path); p.Workflow.Path != "" && actionForm().MatchString(file) {
		e.Workflow = file
	}
	e.Fork = run.HeadRepo != nil && !strings.EqualFold(run.HeadRepo.FullName, p.Repository.FullName)
	e.addBranch(run.Branch)
	if run.Suite != nil {
		e.addBranch(run.Suite.Branch)
	}
	for _, g := range run.Pulls {
		if e.addBranch(g.Head.Ref); g.Number < 1 {
			continue
		}
		e.Numbers = append(e.Numbers, g.Number)
		// "Pull requests that are open", says the description of workflow-run.
		p := Pull{Number: g.Number, Branch: branchName(g.Head.Ref), Base: branchName(g.Base.Ref), Head: g.Head.SHA, State: StateOpen, Updated: moment(run.Updated)}
		p.Kind, p.Case = pullSubject(p.Branch, "")
		if g.Head.Repo == g.Base.Repo && g.Head.Repo.ID != 0 && commitForm().MatchString(p.Head) && p.Branch != "" && e.Name == EventWorkflowRun {
			e.Pulls = append(e.Pulls, p)
		}
	}
	slices.Sort(e.Numbers)
	e.Numbers = slices.Compact(e.Numbers)
	return nil
}

func (e *Event) addBranch(name string) {
	if name = branchName(name); name != "" && !slices.Contains(e.Branches, name) {
		e.Branches = append(e.Branches, name)
		slices.Sort(e.Branches)
	}
}

func (e *Event) readAdvisory(p *payload) error {
	if !ghsaForm().MatchString(p.Advisory.ID) {
		return missing(e, "repository_advisory.ghsa_id")
	}
	e.Advisory = p.Advisory.ID
	return nil
}
