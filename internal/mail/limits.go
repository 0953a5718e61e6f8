package mail

import (
	"errors"
	"fmt"
	"strings"
)

// Limits bound what is read of a hostile mail. A zero value means the one of
// DefaultLimits.
type Limits struct {
	Size        int64 // octets of a raw mail, or of a decrypted entity
	Depth       int   // of nested multiparts; the root is 1
	Parts       int   // MIME parts of all depths
	Header      int   // octets of one header block
	Text        int   // octets of the text for people, in UTF-8
	Attachments int   //
}

// DefaultLimits returns the limits for mail from anybody.
func DefaultLimits() Limits {
	return Limits{
		Size: 50 << 20, Depth: 16, Parts: 500, Header: 256 << 10,
		Text: 4 << 20, Attachments: 200,
	}
}

func (l Limits) orDefaults() Limits {
	d := DefaultLimits()
	if l.Size <= 0 {
		l.Size = d.Size
	}
	if l.Depth <= 0 {
		l.Depth = d.Depth
	}
	if l.Parts <= 0 {
		l.Parts = d.Parts
	}
	if l.Header <= 0 {
		l.Header = d.Header
	}
	if l.Text <= 0 {
		l.Text = d.Text
	}
	if l.Attachments <= 0 {
		l.Attachments = d.Attachments
	}
	return l
}

// ErrLimit is what an error is (errors.Is) when a mail exceeds one of Limits:
// something of the mail was not read.
var ErrLimit = errors.New("the mail exceeds a limit")

// Fault is one defect of a mail. It holds no word of the mail.
type Fault struct {
	Where   string // "header", "part 1.2", "part 1.2 header"
	Problem string
	Limit   bool // one of Limits was exceeded
}

// maxFaults bounds the list: a hostile mail can have a defect in every line.
const maxFaults = 20

// MalformedError says what was wrong with a mail. What could be read was
// returned beside it.
type MalformedError struct {
	Faults []Fault // at most 20, in the order of the mail
	More   int     // faults beyond those
}

func (e *MalformedError) Error() string {
	var b strings.Builder
	b.WriteString("malformed mail: ")
	for i, f := range e.Faults {
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "%s: %s", f.Where, f.Problem)
	}
	if e.More > 0 {
		fmt.Fprintf(&b, "; and %d more", e.More)
	}
	return b.String()
}

// Is makes errors.Is(err, ErrLimit) true when a limit was exceeded.
func (e *MalformedError) Is(target error) bool {
	if target != ErrLimit {
		return false
	}
	for _, f := range e.Faults {
		if f.Limit {
			return true
		}
	}
	return false
}

// faults collects the defects of one mail.
type faults struct {
	list []Fault
	more int
}

func (f *faults) add(where, problem string)   { f.put(Fault{where, problem, false}) }
func (f *faults) limit(where, problem string) { f.put(Fault{where, problem, true}) }

// put keeps the list short, but never loses the fact that a limit was
// exceeded: then the last place is given to the first such fault.
func (f *faults) put(fault Fault) {
	if len(f.list) < maxFaults {
		f.list = append(f.list, fault)
		return
	}
	f.more++
	if last := &f.list[maxFaults-1]; fault.Limit && !last.Limit {
		*last = fault
	}
}

func (f *faults) err() error {
	if len(f.list) == 0 {
		return nil
	}
	return &MalformedError{Faults: f.list, More: f.more}
}
