package forge

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/docket-psirt/docket/internal/psirt"
)

// What a forge keeps at most. Bodies are GitHub's limit, so that what one forge
// takes the other does too.
const (
	maxTitle  = 256     // characters
	maxBody   = 1 << 16 // bytes
	maxLogin  = 100     // bytes
	maxLabel  = 50      // characters
	maxLabels = 100     // on one pull request or issue
	maxEvents = 100     // label events, and comments, kept with an issue; older ones stay in the board's history
	maxNotes  = 250     // with one check
	maxPath   = 1024    // bytes
	maxBranch = 200     // bytes
)

// InvalidError says which field breaks a rule, and the rule. The value itself
// is never repeated: it may be something that must not reach a log.
type InvalidError struct {
	Field string // as in review.body
	Rule  string
}

func (e *InvalidError) Error() string { return e.Field + " must be " + e.Rule }

var (
	kindForm    = form(`^[a-z][a-z0-9-]{0,39}$`)
	programForm = form(`^[a-z0-9][a-z0-9-]{0,62}$`)
	commitForm  = form(`^([0-9a-f]{40}|[0-9a-f]{64})$`)
	markerForm  = form(`^[a-z0-9:/.-]{1,200}$`)
	digestForm  = form(`^sha256:[0-9a-f]{64}$`)
	branchForm  = form(`^[A-Za-z0-9_][A-Za-z0-9._+@-]*(/[A-Za-z0-9_][A-Za-z0-9._+@-]*)*$`)
)

// form is a pattern that is compiled when it is first asked for: a command
// needs few of them.
func form(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}

// rules collects the first fault of a value.
type rules struct{ err error }

func (r *rules) need(ok bool, field, rule string) {
	if r.err == nil && !ok {
		r.err = &InvalidError{Field: field, Rule: rule}
	}
}

func (r *rules) line(field, s string, most int) {
	r.need(s != "" && utf8.RuneCountInString(s) <= most && printable(s, ""), field,
		fmt.Sprintf("one line of 1 to %d characters, without control characters", most))
}

func (r *rules) body(field, s string) {
	r.need(len(s) <= maxBody && printable(s, "\n\t"), field,
		fmt.Sprintf("at most %d bytes of plain text with LF line ends, without control characters", maxBody))
}

func (r *rules) login(field, s string) {
	r.need(s != "" && len(s) <= maxLogin && printable(s, "") && !strings.ContainsRune(s, ' '), field,
		fmt.Sprintf("a login of 1 to %d bytes, without spaces and control characters", maxLogin))
}

func (r *rules) commit(field, s string) {
	r.need(commitForm().MatchString(s), field, "a commit: 40 or 64 lower-case hexadecimal digits")
}

func (r *rules) instant(field string, t time.Time) {
	ok := t.Year() >= 1970 && t.Year() <= 9999 && t.Location() == time.UTC && t.Nanosecond() == 0
	r.need(ok, field, "a time in UTC with whole seconds, between the years 1970 and 9999")
}

func (r *rules) branch(field, s string) {
	ok := len(s) <= maxBranch && branchForm().MatchString(s) && !strings.Contains(s, "..") && !strings.Contains(s, "@{")
	for segment := range strings.SplitSeq(s, "/") {
		ok = ok && !strings.HasSuffix(segment, ".") && !strings.HasSuffix(segment, ".lock")
	}
	r.need(ok, field, fmt.Sprintf("a branch name of at most %d letters, digits, and ._+@-/ that git takes, without refs/heads/", maxBranch))
}

func (r *rules) labels(field string, list []string) {
	r.need(len(list) <= maxLabels, field, fmt.Sprintf("at most %d labels", maxLabels))
	for _, label := range list {
		r.line(field, label, maxLabel)
	}
	r.need(slices.Equal(list, tidy(list)), field, "sorted and without repetition")
}

// printable reports whether s is text that shows as what it is: valid UTF-8
// without control characters (but for those allowed), line and paragraph
// separators, and characters that turn the direction of the text around them,
// which make a reader see something else than a program does.
func printable(s, allowed string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		switch {
		case strings.ContainsRune(allowed, r):
		case unicode.IsControl(r), r == 0x2028, r == 0x2029,
			r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
			return false
		}
	}
	return true
}

// tidy returns the labels sorted and without repetition; nil stays nil.
func tidy(labels []string) []string {
	if len(labels) == 0 {
		return nil
	}
	list := slices.Clone(labels)
	slices.Sort(list)
	return slices.Compact(list)
}

func (p *Pull) validate() error {
	var r rules
	r.need(p.Number > 0, "number", "1 or more")
	r.need(p.Kind == "" || kindForm().MatchString(p.Kind), "kind", "lower-case letters, digits and hyphens")
	r.need(p.Case == "" || psirt.CaseID(p.Case).Valid(), "case", "a case ID or empty")
	r.branch("branch", p.Branch)
	r.branch("base", p.Base)
	r.need(p.Branch != p.Base, "branch", "another branch than base")
	r.commit("head", p.Head)
	r.line("title", p.Title, maxTitle)
	r.body("body", p.Body)
	r.need(p.State == StateOpen || p.State == StateMerged || p.State == StateClosed, "state", "open, merged or closed")
	r.need((p.State == StateMerged) == (p.MergedAs != ""), "merged_as", "set for a merged pull request, and for no other")
	if p.MergedAs != "" {
		r.commit("merged_as", p.MergedAs)
	}
	r.labels("labels", p.Labels)
	r.login("author", p.Author)
	r.instant("created", p.Created)
	r.instant("updated", p.Updated)
	for i := range p.Reviews {
		p.Reviews[i].validate(&r)
	}
	for i := range p.Comments {
		p.Comments[i].validate(&r)
	}
	for i := range p.Checks {
		p.Checks[i].validate(&r)
	}
	return r.err
}

func (v *Review) validate(r *rules) {
	r.login("review.by", v.By)
	r.instant("review.at", v.At)
	r.commit("review.head", v.Head)
	r.need(v.Verdict == Approve || v.Verdict == Reject, "review.verdict", "approve or reject")
	r.body("review.body", v.Body)
}

func (c *Comment) validate(r *rules) {
	r.login("comment.by", c.By)
	r.instant("comment.at", c.At)
	r.need(c.Body != "", "comment.body", "some text")
	r.body("comment.body", c.Body)
	r.need(c.Marker == "" || markerForm().MatchString(c.Marker) && !strings.Contains(c.Marker, "--"), "comment.marker",
		"up to 200 lower-case letters, digits, and :/.- without two hyphens in a row")
}

func (c *Check) validate(r *rules) {
	r.line("check.name", c.Name, maxTitle)
	r.instant("check.at", c.At)
	r.commit("check.head", c.Head)
	r.need(c.Conclusion == Success || c.Conclusion == Failure || c.Conclusion == Waiting, "check.conclusion", "success, failure or waiting")
	r.body("check.summary", c.Summary)
	if c.Title != "" {
		r.line("check.title", c.Title, maxTitle)
	}
	r.need(len(c.Notes) <= maxNotes, "check.notes", fmt.Sprintf("at most %d", maxNotes))
	for i := range c.Notes {
		c.Notes[i].validate(r)
	}
}

func (n *Note) validate(r *rules) {
	r.need(n.Path != "" && len(n.Path) <= maxPath && n.Path[0] != '/' && printable(n.Path, ""), "note.path",
		fmt.Sprintf("a path of 1 to %d bytes from the top of the repository", maxPath))
	r.need(n.Line > 0, "note.line", "1 or more")
	r.need(n.Level == LevelFailure || n.Level == LevelWarning || n.Level == LevelNotice, "note.level", "failure, warning or notice")
	if n.Title != "" {
		r.line("note.title", n.Title, maxTitle)
	}
	r.need(n.Text != "", "note.text", "some text")
	r.body("note.text", n.Text)
}

func (i *Issue) validate() error {
	var r rules
	r.issueName(i.Program, i.ID)
	r.line("title", i.Title, maxTitle)
	r.body("body", i.Body)
	r.labels("labels", i.Labels)
	r.instant("created", i.Created)
	r.instant("updated", i.Updated)
	r.need(i.Revision >= 0, "revision", "0 or more")
	r.need(i.File == "" || digestForm().MatchString(i.File), "file", "sha256: and 64 lower-case hexadecimal digits, or empty")
	r.need(len(i.Events) <= maxEvents, "events", fmt.Sprintf("at most %d", maxEvents))
	for j := range i.Events {
		i.Events[j].validate(&r)
	}
	r.need(len(i.Comments) <= maxEvents, "comments", fmt.Sprintf("at most %d", maxEvents))
	for j := range i.Comments {
		i.Comments[j].validate(&r)
	}
	return r.err
}

func (e *LabelEvent) validate(r *rules) {
	r.login("event.by", e.By)
	r.instant("event.at", e.At)
	r.labels("event.add", e.Add)
	r.labels("event.remove", e.Remove)
}

func (r *rules) issueName(program, id string) {
	r.need(programForm().MatchString(program), "program", "a programme's name: lower-case letters, digits and hyphens")
	r.need(psirt.CaseID(id).Valid(), "id", "a case ID such as INGP-2026-0042")
}
