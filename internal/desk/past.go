package desk

import (
	"errors"
	"fmt"
	"slices"

	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
	"github.com/docket-psirt/docket/internal/store"
)

// maxPast bounds the revisions of a case that are gone back through.
const maxPast = 5000

// past opens every revision of a case up to the one given, oldest first, for
// guards that ask who signed a record. It walks back along the case's merges,
// so it costs what happened since the case was opened: ask only where a guard
// needs it (Program.NeedsHistory).
func (d *Desk) past(c *one, with []seal.Opener) ([]psirt.Past, error) {
	list := []*one{c}
	head := c.commit
	for list[len(list)-1].Revision > 1 {
		older, err := d.earlier(list[len(list)-1], head)
		if err != nil {
			return nil, err
		}
		list, head = append(list, older...), older[len(older)-1].commit
	}
	slices.Reverse(list)
	out := make([]psirt.Past, len(list))
	for i, rev := range list {
		out[i] = d.pastOf(rev, with)
	}
	return out, nil
}

// pastOf is one revision as its readers see it. What cannot be opened is left
// out, and then counts for nobody.
func (d *Desk) pastOf(c *one, with []seal.Opener) psirt.Past {
	plain, err := d.unseal(c, c.Sealed, casefile.PartSealed, with)
	if err != nil {
		return d.signedPast(c, nil)
	}
	report, err := casefile.DecodeReport(plain, c.ID)
	if err != nil {
		report = nil
	}
	return d.signedPast(c, report)
}

// signedPast is one revision with its report, or nil. A signature that is not
// good is nobody's.
func (d *Desk) signedPast(c *one, report psirt.Document) psirt.Past {
	p := psirt.Past{Revision: c.Revision}
	if report != nil {
		p.Report = c.setting.Program.Remember(report)
	}
	commit, err := d.repo.Commit(c.commit)
	if err != nil {
		return p
	}
	if cert, err := c.setting.Cert(c.By); err == nil && casefile.Verify(c.file, c.Case, cert, commit.Committer.When) == nil {
		p.By = c.By
	}
	return p
}

// earlier finds revisions before one, newest first: those of the branch that
// brought it, or those of the merge before that.
func (d *Desk) earlier(c *one, head store.Hash) ([]*one, error) {
	for commit, err := range d.repo.FirstParents(head, store.Hash{}) {
		if err != nil {
			return nil, err
		}
		touches, err := d.judge.Touches(commit, c.Program, c.ID)
		if err != nil {
			return nil, err
		}
		if !touches {
			continue
		}
		line := []store.Hash{commit.Hash}
		if len(commit.Parents) == 2 {
			if line, err = d.branchLine(commit.Parents[1], c.ID); err != nil {
				return nil, err
			}
		}
		var out []*one
		for _, h := range line {
			rev, err := d.load(c.setting, h, c.ID)
			if err != nil {
				return nil, err
			}
			if last := newestOf(out, c); psirt.SHA256(rev.file) == last.Previous {
				out = append(out, rev)
			}
		}
		if len(out) > 0 {
			return out, nil
		}
	}
	return nil, &Problem{Text: fmt.Sprintf("revision %d of %s is not in the history at hand", c.Revision-1, c.ID), Do: "fetch all of it (git fetch --unshallow)"}
}

func newestOf(list []*one, c *one) *one {
	if len(list) > 0 {
		return list[len(list)-1]
	}
	return c
}

// branchLine lists the commits of a merged branch that are about a case, newest
// first: one that changes the programme seals many cases anew.
func (d *Desk) branchLine(head store.Hash, id psirt.CaseID) ([]store.Hash, error) {
	var out []store.Hash
	for range maxPast {
		c, err := d.repo.Commit(head)
		if err != nil {
			return nil, err
		}
		if len(c.Parents) != 1 {
			return out, nil // main, where the branch begins
		}
		if c.Trailer("Case") == string(id) {
			out = append(out, head)
		}
		head = c.Parents[0]
	}
	return nil, errors.New("a branch has more commits than any proposal")
}

// moveWorld is the world in which a person who opened a case judges a move of it.
func (d *Desk) moveWorld(c *one, open *contents, to string) (psirt.World, error) {
	w := psirt.World{Case: c.Case, Report: open.report, Now: d.now()}
	if !c.setting.Program.NeedsHistory(c.State, to) {
		return w, nil
	}
	var err error
	w.History, err = d.past(c, open.with)
	return w, err
}
