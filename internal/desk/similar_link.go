package desk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
)

// A case that is closed as a duplicate names its original (duplicate_of), and
// the original names its duplicates: each in its sealed report, so that only
// those who open a case learn that others are like it.

const outcomeDuplicate psirt.Outcome = "duplicate"

// originalOf is the case that a report names as its original; empty when it
// names none.
func originalOf(report psirt.Document) psirt.CaseID {
	return psirt.CaseID(firstText(report, "duplicate_of"))
}

// checkOriginal holds that what is to be closed as a duplicate names another
// case that is there, and that is no duplicate itself.
func (d *Desk) checkOriginal(id psirt.CaseID, outcome psirt.Outcome, report psirt.Document) error {
	if outcome != outcomeDuplicate {
		return nil
	}
	v, err := d.originalVerdict(id, report)
	if err == nil && !v.OK() {
		err = &Refused{What: fmt.Sprintf("%s was not moved", id), Verdict: v}
	}
	return err
}

// originalVerdict answers whether a report names an original that a duplicate
// may have, as main has it now.
func (d *Desk) originalVerdict(id psirt.CaseID, report psirt.Document) (psirt.Verdict, error) {
	original := originalOf(report)
	switch original {
	case "": // a guard of the programme asks for it, or does not
		return psirt.Passed("no original is named"), nil
	case id:
		return psirt.Failed("it names itself as its original", "name the case that it repeats with docket set "+string(id)+" duplicate_of=CASE"), nil
	}
	c, err := d.onMain(original)
	var problem *Problem
	if errors.As(err, &problem) || errors.Is(err, fs.ErrNotExist) {
		return psirt.Failed("the case that it names as its original is not here", "name one that docket list shows: docket set "+string(id)+" duplicate_of=CASE"), nil
	}
	if err != nil {
		return psirt.Verdict{}, err
	}
	if c.Outcome == outcomeDuplicate {
		return psirt.Failed("the case that it names as its original is a duplicate itself", "name the one that that case repeats: docket show "+string(original)), nil
	}
	return psirt.Passed("its original is " + string(original)), nil
}

// Linked is what became of the link from an original to its duplicate.
type Linked struct {
	Original psirt.CaseID
	Push     *Proposed // the edit of the original as a pull request; nil when it waits, or was there
	Waits    bool      // it is queued behind edits of the person's own: docket push
}

// LinkDuplicate records in the original of a case that it has this duplicate.
// The original is edited by whoever acts, in a proposal of its own; where it
// says so already, nothing is done. Done again, it does nothing more.
func (d *Desk) LinkDuplicate(ctx context.Context, id psirt.CaseID) (*Linked, error) {
	t, _, open, err := d.asAnalyst(ctx, id)
	if err != nil {
		return nil, err
	}
	out := &Linked{Original: originalOf(open.report)}
	if out.Original == "" || t.c.Outcome != outcomeDuplicate {
		return nil, nil
	}
	edited, err := d.Edit(ctx, out.Original, func(report psirt.Document, _ *psirt.Contact) ([]string, error) {
		list, _ := report["duplicates"].([]any)
		for _, have := range list {
			if have == string(id) {
				return nil, nil
			}
		}
		report["duplicates"] = append(list, string(id))
		return []string{fmt.Sprintf("duplicates[%d]", len(list))}, nil
	})
	if errors.Is(err, seal.ErrNoKey) {
		return nil, &Problem{Text: fmt.Sprintf("your key does not open %s, so it does not name %s as its duplicate yet", out.Original, id), Err: err,
			Do: fmt.Sprintf("ask one of its handlers for docket set %s 'duplicates[]=%s'", out.Original, id)}
	}
	if err != nil {
		return nil, err
	}
	switch {
	case len(edited.Changed) == 0: // it says so, on main or in what waits
	case edited.Queued > 1:
		out.Waits = true // what the person does not want to send yet stays where it is
	default:
		out.Push, err = d.Push(ctx, out.Original)
	}
	return out, err
}
