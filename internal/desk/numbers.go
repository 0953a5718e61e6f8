package desk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/store"
)

// Case numbers are dense: a number is claimed by creating the case's branch,
// and the next one is claimed only when the case before is on main. A process
// that finds a claimed number waits a moment and then finishes the other's work
// itself, so that a crash holds nobody up.

// lastNumber is the highest case number of a year on main. It lists a bounded
// number of folders, so its cost does not grow with the archive: numbers are
// dense, so the blocks of six-digit numbers (01/00 holds 10000 to 10099) exist
// only once all hundred blocks of four-digit ones do.
func lastNumber(at *store.Snapshot, program string, year int) (int, error) {
	dir := fmt.Sprintf("cases/%s/%04d", program, year)
	blocks, _, err := blocksOf(at, dir)
	if err != nil || len(blocks) == 0 {
		return 0, err
	}
	if len(blocks) == 100 {
		for i := len(blocks) - 1; i >= 0; i-- {
			deeper, _, err := blocksOf(at, dir+"/"+blocks[i])
			if err != nil {
				return 0, err
			}
			if len(deeper) > 0 {
				_, highest, err := blocksOf(at, dir+"/"+blocks[i]+"/"+deeper[len(deeper)-1])
				return highest, err
			}
		}
	}
	_, highest, err := blocksOf(at, dir+"/"+blocks[len(blocks)-1])
	return highest, err
}

// blocksOf lists the blocks in a folder, sorted, and the highest case number
// that stands in it directly.
func blocksOf(at *store.Snapshot, dir string) (blocks []string, highest int, err error) {
	entries, err := at.List(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	for _, e := range entries {
		id, isFile := strings.CutSuffix(e.Name, ".yaml")
		if _, _, n, ok := psirt.CaseID(id).Parts(); isFile && ok {
			highest = max(highest, n)
		}
		if e.IsDir() && len(e.Name) == 2 {
			blocks = append(blocks, e.Name)
		}
	}
	return blocks, highest, err
}

// claim is a new case number.
type claim struct {
	id   psirt.CaseID
	main store.Hash
	at   *store.Snapshot
}

// nextCase finds the number for a new case. ok is false when another process
// holds it: then its case was finished, or will be a moment later.
func (d *Desk) nextCase(ctx context.Context, who *actor, s *audit.Setting, at time.Time) (*claim, bool, error) {
	h, snap, err := d.main()
	if err != nil {
		return nil, false, err
	}
	last, err := lastNumber(snap, s.Program.Program, at.Year())
	if err != nil {
		return nil, false, err
	}
	id := psirt.NewCaseID(s.Program.Prefix, at.Year(), last+1)
	held, err := d.branch(nextBranch(id))
	if err != nil {
		return nil, false, err
	}
	if held.IsZero() {
		return &claim{id: id, main: h, at: snap}, true, nil
	}
	return nil, false, d.help(ctx, who, id, held)
}

// help finishes a case whose number somebody else has claimed, unless they do
// so themselves within a moment.
func (d *Desk) help(ctx context.Context, who *actor, id psirt.CaseID, held store.Hash) error {
	for i := range 20 {
		if err := pause(ctx, i); err != nil {
			return err
		}
		if err := d.repo.Fetch(ctx); err != nil {
			return err
		}
		if now, err := d.branch(nextBranch(id)); err != nil || now != held {
			return err
		}
	}
	if err := d.finishClaim(ctx, who, nextBranch(id)); err != nil {
		return fmt.Errorf("the number %s was claimed and its case cannot be finished (docket pr close ends it): %w", id, err)
	}
	return nil
}

// finishClaim brings to main what another process claimed and did not finish:
// a new case or a mail. A claim that has become pointless is taken back: its
// mail is on record otherwise, or still where it came from.
func (d *Desk) finishClaim(ctx context.Context, who *actor, branch string) error {
	if done, err := d.finishMerged(ctx, who, branch); err != nil || done {
		return err
	}
	if err := d.show(ctx, who, branch); err != nil {
		return err
	}
	_, err := d.bringClaim(ctx, who, branch)
	return err
}

// bringClaim merges a claim, or takes it back when it is pointless; done is
// false then.
func (d *Desk) bringClaim(ctx context.Context, who *actor, branch string) (done bool, err error) {
	head, err := d.branch(branch)
	if err != nil {
		return false, err
	}
	err = d.bring(ctx, who, branch)
	if !pointless(err) {
		return err == nil, err
	}
	if head.IsZero() {
		return false, nil
	}
	if err := d.drop(ctx, who, branch, head); err != nil && !errors.Is(err, store.ErrLost) {
		return false, err
	}
	return false, nil
}

// pointless: main holds the same mail already, or another case of that number.
func pointless(err error) bool {
	var clash *conflict
	var refused *Refused
	if errors.As(err, &clash) {
		return true
	}
	return errors.As(err, &refused) && refused.superseded
}
