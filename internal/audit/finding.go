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
	Severity string       `json:"severity"`
	Kind     string       `json:"kind"`
	Case     psirt.CaseID `json:"case,omitempty"`
	Commit   string       `json:"commit,omitempty"`
	Text     string       `json:"text"`
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
