package desk

import (
	"errors"
	"strings"

	"github.com/docket-psirt/docket/internal/psirt"
)

// Refused says that the policy does not allow a step, and why.
type Refused struct {
	What    string
	Verdict psirt.Verdict

	superseded bool // main has what the proposal would bring, or other things in its place
}

func (r *Refused) Error() string {
	return r.What + ":\n  - " + strings.Join(r.Verdict.Reasons(), "\n  - ")
}

// Problem is an error whose text says what to do, for people.
type Problem struct {
	Text string
	Do   string
	Err  error // or nil
}

func (p *Problem) Error() string {
	s := p.Text
	if p.Err != nil && p.Err != ErrUsage {
		s += ": " + p.Err.Error()
	}
	if p.Do != "" {
		s += "; " + p.Do
	}
	return s
}

func (p *Problem) Unwrap() error { return p.Err }

// ErrUsage marks a problem with what the caller asked for.
var ErrUsage = errors.New("wrong usage")

func usage(text, do string) error { return &Problem{Text: text, Do: do, Err: ErrUsage} }
