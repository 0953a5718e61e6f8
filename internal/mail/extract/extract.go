package extract

import (
	"time"

	"github.com/docket-psirt/docket/internal/psirt"
)

// Input is what a mail holds once it is decrypted.
type Input struct {
	From struct {
		Name string // display name, may be empty
		Addr string // addr-spec, RFC 5322 section 3.4.1
	}
	ReplyTo     string    // addr-spec, or empty
	Subject     string    // decoded; the protected one where there is one
	Date        time.Time // with the sender's offset; zero when the mail has none
	Text        string    // UTF-8, transfer encoding, format=flowed and HTML undone; cells of a table row stand apart by tabs
	HTML        bool      // Text was made from HTML
	Attachments []psirt.Attached
	Followup    bool // the mail belongs to a case that exists
}

// Read reads the report. An empty field means "not said", except Exploited,
// which is then "unknown". No text is dropped: what is in no other field word
// for word is in Description. Language is a BCP 47 primary tag; language, the
// programme's, decides whether the flag "not-in-english" makes sense.
// Missing is what the form asks for and the mail lacks; it stays empty for a
// follow-up, for advertising and for a question to support.
func Read(in Input, form psirt.ReportForm, scope psirt.Scope, language string) psirt.Reported {
	r := psirt.Reported{
		Title:       in.Subject,
		Description: in.Text,
		Exploited:   exploitedUnknown,
		Attachments: in.Attachments,
		Reporter:    psirt.Reporter{Name: in.From.Name, Email: in.From.Addr},
	}
	if !in.Followup {
		r.Missing = Missing(r, form)
	}
	return r
}

const exploitedUnknown = "unknown"

const flagInsufficient = "description-insufficient"

func hasFlag(flags []string, flag string) bool {
	for _, f := range flags {
		if f == flag {
			return true
		}
	}
	return false
}
