package desk

import (
	"fmt"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/psirt"
)

// Revisions stack on a proposal while it waits, and other cases go their way
// meanwhile. What was right when a revision was made need not be right when it
// is approved: a consent may have been taken back, a safe harbour withdrawn, an
// original may have become a duplicate. So all is held against how things stand
// at the end.

// atEnd is what a proposal leaves behind, read from its newest revision.
type atEnd struct {
	last   psirt.Document // newest report; nil when none was opened
	id     psirt.CaseID
	closes bool // a revision closes the case as a duplicate
	shares []pendingShare
	texts  []string // kinds of the standard texts that go out without a move
}

// pendingShare is an update of a proposal that is for a third party.
type pendingShare struct {
	update psirt.Update
	words  *Words
	by     psirt.Fingerprint // who made it
}

func (e *atEnd) take(step audit.Step, open *contents) {
	e.last, e.id = open.report, step.Case.ID
	e.closes = step.Case.Outcome == outcomeDuplicate && (e.closes || step.Move)
	for _, u := range step.Updates {
		if u.Sealed == "" && !step.Move {
			e.texts = append(e.texts, u.Kind)
		}
	}
}

// judgeEnd answers what speaks against a proposal as it stands now; nothing,
// when nothing does.
func (d *Desk) judgeEnd(e *atEnd, s *audit.Setting, approvers []psirt.Fingerprint) ([]psirt.Verdict, error) {
	if e.last == nil {
		return nil, nil // nothing was opened, which is said already
	}
	var out []psirt.Verdict
	for _, share := range e.shares {
		v := shareVerdict(s, share.update, share.words, e.last, share.by, approvers)
		if !v.OK() {
			v.What = fmt.Sprintf("update %d may still go to a third party", share.update.N)
			v.Of = append(v.Of, psirt.Failed("by the newest revision of this proposal it may not", "close it with docket pr close, and put on record again what the later revisions said"))
			out = append(out, v)
		}
	}
	for _, kind := range e.texts {
		if v := untrue(kind, e.last, d.now()); !v.OK() {
			out = append(out, v)
		}
	}
	if !e.closes {
		return out, nil
	}
	v, err := d.originalVerdict(e.id, e.last)
	if err == nil && !v.OK() {
		out = append(out, v)
	}
	return out, err
}
