package extract

import (
	"time"

	"github.com/docket-psirt/docket/internal/mail"
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
	Enclosed    []mail.Enclosed // texts of attachments that may hold the report
	Followup    bool            // the mail belongs to a case that exists
}

// Read reads the report. An empty field means "not said", except Exploited,
// which is then "unknown". No text is dropped: what is in no other field word
// for word is in Description. Language is a BCP 47 primary tag; language, the
// programme's, decides whether the flag "not-in-english" makes sense.
// Missing is what the form asks for and the mail lacks; it stays empty for a
// follow-up, for advertising and for a question to support.
func Read(in Input, form psirt.ReportForm, scope psirt.Scope, language string) psirt.Reported {
	d := newDocument(in, form, scope)
	r, what := d.read(language)
	if what == kindReport || what == kindFollowup {
		r = d.withEnclosed(r, what, language)
	}
	if what == kindReport {
		r.Missing = Missing(r, form)
	}
	return r
}

// read reads what the mail itself says.
func (d *document) read(language string) (psirt.Reported, kind) {
	in := d.in
	r := psirt.Reported{Exploited: exploitedUnknown, Attachments: in.Attachments}
	d.subject = d.cleanSubject()
	d.reporter = d.readReporter()
	r.Reporter = d.reporter
	r.Title = d.readTitle()
	r.Language = d.readLanguage()
	what := d.classify()
	var steps, fix passage
	if what != kindSpam {
		r.Products = d.readProducts()
	}
	if what == kindReport || what == kindFollowup {
		steps, fix = d.readSteps(), d.readFix()
		d.readStatements(&r)
	}
	r.Steps, r.SuggestedFix = steps.text, fix.text
	r.Description = d.description(steps, fix)
	r.Flags = d.readFlags(r, what, language)
	return r, what
}

// readStatements reads what the reporter states about the finding.
func (d *document) readStatements(r *psirt.Reported) {
	var observed moment
	r.ObservedAt, observed = d.readObserved()
	r.Discovery = d.readDiscovery(observed)
	r.Exploited = d.readExploited()
	r.PublicInfo = d.readPublicInfo()
	r.CreditWish = d.readCredit()
	r.URL = d.readURL()
	r.SourceIP = d.readSourceIP()
	r.Extra = d.readExtra()
}
