package extract

import (
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/psirt"
)

var (
	clauseEnds = strings.NewReplacer(";", "\n", ". ", ".\n", "! ", "!\n", ", but ", "\n", ", and ", "\n", ", aber ", "\n", ", mais ", "\n")
	willAppear = lower(`\b(?:planned|scheduled|accepted|submitted|due|appears?|goes online|will be|will go|going to|geplant|prévue?s?|embargo (?:until|till|bis))\b|\b(?:we|i) (?:will|plan|intend|want|aim|shall)\b`)
	appeared   = lower(`\b(?:was|were|has been|have been|is|are|been|got) (?:already )?(?:published|posted|public|online|disclosed|presented|announced)\b|\balready (?:published|public|online|posted|disclosed)\b|^(?:published|posted|disclosed|presented) (?:on|at|in|by)\b|\b(?:i|we) (?:have )?(?:already )?(?:published|posted|disclosed|presented|announced|blogged|tweeted) \w|\bwent public\b|\bist (?:bereits )?(?:veröffentlicht|öffentlich)\b|\ba (?:déjà )?été publiée?\b`)
)

var (
	releaseEntry = lower(`^(?:` + monthWord + `\.? )?\d[\d./-]*(?:st|nd|rd|th|\.)?(?: ` + monthWord + `)?(?:,? \d{4})?\s*[:–—-]?\s*(?:planned |public |full |coordinated )*(?:disclosure|publication|release of (?:the|our) advisory|advisory|blog post)\b`)
	embargoLabel = lower(`\bembargo\b`)
	planLabel    = lower(`\b(?:plan|plans|planned|intend|intention|want|will|going to)\b`)
	ownRelease   = lower(`\b(?:i|we) (?:will |shall )?(?:publish|disclose|release|go public|warn all|alert all)\b|\b(?:i|we) (?:intend|plan|am going|are going|will|want)\b[^.;]{0,40}\bmitre\b`)
)

// plansToPublish reports whether the answer to a question about plans is yes, or
// a day after the mail is named for a publication.
func (d *document) plansToPublish() bool {
	for _, s := range d.at(pathPublic) {
		low := lowered(d.first(s))
		if embargoLabel.in(lowered(s.label)) {
			continue // a wish that others wait
		}
		if answersYes.in(low) && planLabel.in(lowered(s.label)) || d.dayToCome(low) {
			return true
		}
	}
	return d.anySaid(func(s sentence) bool {
		if releaseEntry.in(s.low) && proseField(s.path) && d.dayToCome(s.low) {
			return true
		}
		at := ownRelease.at(s.low)
		return at != nil && proseField(s.path) && !noPlan.in(s.low[:at[1]]) && d.namesDayToCome(s.low)
	})
}

// dayToCome reports whether a text names a day after the mail, and denies
// nothing.
func (d *document) dayToCome(low string) bool { return !noPlan.in(low) && d.namesDayToCome(low) }

// namesDayToCome is dayToCome for a text that may deny other things.
func (d *document) namesDayToCome(low string) bool {
	m, ok := firstMoment(low, low, d.in.Date)
	return ok && m.known() && m.day.After(d.in.Date) && !d.in.Date.IsZero() && !publicNot.in(low) && !strings.Contains(low, "?")
}

// Publications reads out of what a report says of publication (public_info)
// which ones have happened, and which are planned for a day. sent is the mail's
// date. A clause that says no, that only might be, or that names no day for what
// is planned, tells of none.
func Publications(said string, sent time.Time) []psirt.Publication {
	var out []psirt.Publication
	const most = 20
	for _, clause := range strings.Split(clauseEnds.Replace(said), "\n") {
		clause = collapse(clause)
		low := lowered(clause)
		if clause == "" || noPlan.in(low) || notDone.in(low) || strings.Contains(low, "?") || len(out) >= most {
			continue
		}
		day := ""
		when, ok := firstMoment(clause, low, sent)
		if ok && when.known() {
			day = when.String()
		}
		switch {
		case (willAppear.in(low) || futurePublic.in(low)) && day != "" && when.day.After(sent):
			out = append(out, psirt.Publication{What: clause, Status: "planned", At: day})
		case appeared.in(low) && !willAppear.in(low) && (day == "" || !when.day.After(sent)):
			out = append(out, psirt.Publication{What: clause, Status: "published", At: day})
		}
	}
	return out
}
