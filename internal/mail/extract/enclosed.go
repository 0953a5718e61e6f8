package extract

import (
	"slices"
	"strings"

	"github.com/docket-psirt/docket/internal/mail"
	"github.com/docket-psirt/docket/internal/psirt"
)

// coverWords is how many words a covering letter has at most.
const coverWords = 150

// fewestPaths is how many different headings make a document a report, rather
// than a log or a listing.
const fewestPaths = 3

// withEnclosed adds what enclosed texts say, where the mail is a letter that
// covers them: a forwarded mail, or a document that is set out as a report.
// What the letter says itself stands.
func (d *document) withEnclosed(r psirt.Reported, what kind, language string) psirt.Reported {
	if len(d.in.Enclosed) == 0 || d.spoken() > coverWords || len(d.at(pathDescription)) > 0 {
		return r
	}
	for _, e := range d.in.Enclosed {
		if e.Message && what == kindFollowup {
			continue // what was said before
		}
		inner, ok := d.reading(e)
		if !ok && (inner == nil || !d.covers(r, inner)) {
			continue
		}
		found, _ := inner.read(language)
		switch {
		case e.Message:
			r = forwardedBy(r, found)
		case len(inner.at(pathReporter, pathReporterName, pathEmail)) > 0 && len(d.at(pathReporter, pathReporterName, pathEmail)) == 0:
			r.Reporter = contactOf(r.Reporter, found.Reporter)
		}
		r = fill(r, found)
		r.Description += "\n\n[" + e.Name + "]\n" + found.Description
		r.Flags = flagsOf(r.Flags, found.Flags, !e.Message)
	}
	return r
}

// fewestTold is how many sentences make a letter in a document, and letterWords
// how many words the mail that covers it has at most.
const (
	fewestTold  = 4
	letterWords = 60
)

// covers reports whether the mail says nothing but that it brings a document, and
// that document is a letter about a weakness: whole sentences, some of which say
// how it was found, which version it is in or what would help.
func (d *document) covers(r psirt.Reported, inner *document) bool {
	if d.spoken() > letterWords || hasVersions(r.Products) || r.Steps != "" {
		return false
	}
	told, about := 0, 0
	for _, s := range inner.said {
		whole := strings.HasSuffix(s.text, "。") || strings.ContainsAny(s.text[len(s.text)-1:], ".!?")
		if words := wordCount(s.text); whole && words >= 6 && words <= 80 {
			told++
		}
		if foundVerb.in(s.low) || claims.in(s.low) || len(readVersions(s.text, "", false)) > 0 || tellsFix(s.low) || exploitTalk.in(s.low) || publicTalk.in(s.low) || stepsTalk.in(s.low) {
			about++
		}
	}
	return told >= fewestTold && 2*told >= len(inner.said) && about >= fewestPaths
}

// contactOf is the reporter as a document names them, where a role or nobody has
// signed the letter.
func contactOf(letter, inner psirt.Reporter) psirt.Reporter {
	if inner.Name == "" || personName(letter.Name) && !roleName.in(lowered(letter.Name)) {
		return letter
	}
	letter.Name, letter.Pseudonym = inner.Name, ""
	letter.Email = firstOf(inner.Email, letter.Email)
	letter.Organisation = firstOf(inner.Organisation, letter.Organisation)
	return letter
}

// spoken counts the words that the mail itself says.
func (d *document) spoken() int {
	words := 0
	for _, s := range d.said {
		words += wordCount(s.text)
	}
	return words
}

// reading is a document for an enclosed text, when that is a report.
func (d *document) reading(e mail.Enclosed) (*document, bool) {
	in := Input{From: d.in.From, ReplyTo: d.in.ReplyTo, Subject: d.in.Subject, Date: d.in.Date, Text: e.Text, HTML: e.HTML, Followup: d.in.Followup}
	if e.Message {
		if e.From == nil {
			return nil, false
		}
		in.From.Name, in.From.Addr, in.ReplyTo, in.Subject = e.From.Name, e.From.Addr, "", e.Subject
		if e.ReplyTo != nil {
			in.ReplyTo = e.ReplyTo.Addr
		}
		if !e.Date.IsZero() {
			in.Date = e.Date
		}
	}
	inner := newDocument(in, d.form, d.scope)
	if e.Message {
		return inner, true
	}
	paths := map[string]bool{}
	for _, s := range inner.sections {
		if s.full && s.exact && s.path != pathOther && s.path != "" {
			paths[s.path] = true
		}
	}
	return inner, len(paths) >= fewestPaths
}

// forwardedBy makes the author of a forwarded mail the reporter.
func forwardedBy(r, found psirt.Reported) psirt.Reported {
	r.Reporter, r.Title = found.Reporter, firstOf(found.Title, r.Title)
	r.Products, r.Discovery = nil, psirt.Discovery{} // the letter's are about the forwarding
	return r
}

// fill takes from b what a does not say.
func fill(a, b psirt.Reported) psirt.Reported {
	a.Title = firstOf(a.Title, b.Title)
	a.Reporter.Name = firstOf(a.Reporter.Name, b.Reporter.Name)
	a.Reporter.Organisation = firstOf(a.Reporter.Organisation, b.Reporter.Organisation)
	if len(b.Products) > 0 && (len(a.Products) == 0 || !hasVersions(a.Products)) {
		a.Products = b.Products
	}
	a.Discovery.How = firstOf(a.Discovery.How, b.Discovery.How)
	a.Discovery.When = firstOf(a.Discovery.When, b.Discovery.When)
	if a.Exploited == exploitedUnknown {
		a.Exploited = b.Exploited
	}
	a.PublicInfo = firstOf(a.PublicInfo, b.PublicInfo)
	a.CreditWish = firstOf(a.CreditWish, b.CreditWish)
	a.URL = firstOf(a.URL, b.URL)
	a.ObservedAt = firstOf(a.ObservedAt, b.ObservedAt)
	a.SourceIP = firstOf(a.SourceIP, b.SourceIP)
	if b.Steps != "" {
		a.Steps = b.Steps // the letter's only say where they are
	}
	a.SuggestedFix = firstOf(a.SuggestedFix, b.SuggestedFix)
	a.Language = firstOf(a.Language, b.Language)
	return a
}

func hasVersions(products []psirt.Product) bool {
	return slices.ContainsFunc(products, func(p psirt.Product) bool { return len(p.Versions) > 0 })
}

// flagsOf joins the flags of a letter and of what it encloses; attached says
// that the latter is a document with the details.
func flagsOf(letter, inner []string, attached bool) []string {
	var flags []string
	for _, f := range letter {
		if f != flagInsufficient && f != flagNotAccepted || hasFlag(inner, f) {
			flags = append(flags, f)
		}
	}
	if attached && !hasFlag(flags, flagAttachment) {
		flags = append(flags, flagAttachment)
	}
	for _, f := range inner {
		if f != flagPseudonym && !hasFlag(flags, f) {
			flags = append(flags, f)
		}
	}
	return flags
}
