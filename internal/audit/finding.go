package audit

import (
	"fmt"

	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/store"
)

// Severity of a finding.
const (
	SeverityError   = "error"   // history cannot be trusted here
	SeverityWarning = "warning" // a person should look
)

// Finding is something that is not as the rules say.
type Finding struct {
	ID       string       `json:"id,omitempty"` // follows from the rest; docket audit accept takes it
	Severity string       `json:"severity"`
	Kind     string       `json:"kind"`
	Case     psirt.CaseID `json:"case"`   // or empty
	Commit   string       `json:"commit"` // or empty
	Text     string       `json:"text"`
	Accepted string       `json:"accepted,omitempty"` // how a lead explained it, who and when
}

// Said is the text, with the explanation where there is one.
func (f Finding) Said() string {
	if f.Accepted == "" {
		return f.Text
	}
	return f.Text + " [explained: " + f.Accepted + "]"
}

// String is the finding on one line.
func (f Finding) String() string {
	s := f.Severity + " " + f.Kind + ":"
	if f.Case != "" {
		s += " " + string(f.Case)
	}
	if f.Commit != "" {
		s += " in " + short(f.Commit)
	}
	return s + ": " + f.Text
}

func short(commit string) string {
	if len(commit) > 10 {
		return commit[:10]
	}
	return commit
}

// scribe collects findings about one commit.
type scribe struct {
	findings []Finding
	commit   store.Hash
	id       psirt.CaseID
}

func (s *scribe) add(kind, format string, args ...any) {
	f := Finding{Severity: SeverityError, Kind: kind, Case: s.id, Text: fmt.Sprintf(format, args...)}
	if !s.commit.IsZero() {
		f.Commit = s.commit.String()
	}
	s.findings = append(s.findings, f)
}
