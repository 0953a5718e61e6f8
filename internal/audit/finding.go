package audit

import (
	"fmt"
	"strings"
	"unicode"

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

// maxFindings bounds what is said of one commit or tree: a hostile one must not
// fill memory and screens.
const maxFindings = 1000

func (s *scribe) add(kind, format string, args ...any) {
	switch n := len(s.findings); {
	case n > maxFindings:
		return
	case n == maxFindings:
		kind, format, args = "more", "there is more than the %d findings that are listed", []any{maxFindings}
	}
	f := Finding{Severity: SeverityError, Kind: kind, Case: s.id, Text: printable(fmt.Sprintf(format, args...))}
	if !s.commit.IsZero() {
		f.Commit = s.commit.String()
	}
	s.findings = append(s.findings, f)
}

// printable takes out what a terminal would act on: paths and messages may be
// anybody's.
func printable(text string) string {
	text = strings.Map(func(r rune) rune {
		if r == '\n' || unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
	const most = 2000
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}
