package desk

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/forge"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/store"
)

// Tended is what a look at all that is open has done.
type Tended struct {
	Asked   []psirt.CaseID `json:"asked"`   // labels that were followed, or answered
	Checked []int          `json:"checked"` // pull requests that had no check
	Merged  []int          `json:"merged"`  // pull requests that had all they need
	Shown   []string       `json:"shown"`   // branches that no pull request showed
	Tracked []psirt.CaseID `json:"tracked"` // cases whose tracking issue was looked at
}

func newTended() *Tended {
	return &Tended{Asked: []psirt.CaseID{}, Checked: []int{}, Merged: []int{}, Shown: []string{}, Tracked: []psirt.CaseID{}}
}

// tendedFile remembers, on the forge's own ref, up to which commit of main the
// tracking issues are known to be true, and when that was.
const tendedFile = "tended"

// lookBack is how far back requests are looked for again, since GitHub's clock
// and ours differ and events take their time.
const lookBack = 15 * time.Minute

// Tend finds what no event told of, since events get lost: labels that ask,
// pull requests without check or with reviews that are not on record, branches
// that a killed process left, tracking issues that are behind. Its cost grows
// with what is open and what was merged since, not with the archive. One thing
// that fails stops no other.
func (d *Desk) Tend(ctx context.Context) (*Tended, error) {
	if err := d.repo.Fetch(ctx); err != nil {
		return nil, err
	}
	out := newTended()
	bot := d.ActsAsBot()
	var failed []error
	note := func(err error) {
		if err != nil {
			failed = append(failed, err)
		}
	}
	from, at, err := d.tendedUntil(ctx)
	note(err)
	began := d.now()
	if bot {
		note(d.tendLabels(ctx, at, out))
		note(d.tendDropped(ctx, at, out))
	}
	note(d.tendPulls(ctx, bot, out))
	if bot {
		note(d.tendBranches(ctx, out))
		note(d.tendIssues(ctx, from, out))
		if len(failed) == 0 {
			note(d.rememberTended(ctx, began))
		}
	}
	return out, errors.Join(failed...)
}

// Asker is a forge on whose pages people ask for moves by label.
type asker interface {
	Asking(ctx context.Context, since time.Time, asks func(label string) bool) ([]forge.Event, error)
}

func (d *Desk) tendLabels(ctx context.Context, since time.Time, out *Tended) error {
	from, ok := d.forge.(asker)
	if !ok {
		return nil // a click on the local forge acts at once
	}
	list, err := from.Asking(ctx, since, AsksForMove)
	failed := []error{err}
	for _, e := range list {
		id := psirt.CaseID(e.Issue.ID)
		_, err := d.LabelAsked(ctx, id, e.Label, e.Actor, psirt.Digest(e.Seen), e.At)
		var refused *Refused
		if err != nil && !errors.As(err, &refused) {
			failed = append(failed, err)
			continue
		}
		out.Asked = append(out.Asked, id)
	}
	return errors.Join(failed...)
}

func (d *Desk) tendPulls(ctx context.Context, bot bool, out *Tended) error {
	list, err := d.forge.List(ctx, forge.Filter{State: forge.StateOpen})
	if err != nil {
		return err
	}
	var failed []error
	for _, p := range list {
		if err := d.tendPull(ctx, p.Number, bot, out); err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

func (d *Desk) tendPull(ctx context.Context, number int, bot bool, out *Tended) error {
	p, err := d.forge.Peek(ctx, number)
	if err != nil || p.State != forge.StateOpen {
		return err
	}
	checks, err := d.forge.Checked(ctx, p.Head)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(checks, func(c forge.Check) bool { return c.Name == checkName }) {
		_, err := d.PublishCheck(ctx, number)
		var refused *Refused
		if err != nil && !errors.As(err, &refused) {
			return err
		}
		out.Checked = append(out.Checked, number)
	}
	if !bot {
		return nil
	}
	done, err := d.Attest(ctx, number)
	if err == nil && done.Merged {
		out.Merged = append(out.Merged, number)
	}
	return err
}

// stale is how old a branch is that no living process is about to finish.
const stale = 2 * time.Minute

// tendBranches shows the branches of cases that no pull request shows: a
// process was killed, or somebody pushed by hand.
func (d *Desk) tendBranches(ctx context.Context, out *Tended) error {
	refs, err := d.repo.Refs(heads + "case/")
	if err != nil {
		return err
	}
	var failed []error
	for _, ref := range refs {
		branch := strings.TrimPrefix(ref.Name, heads)
		if done, err := d.tendBranch(ctx, branch, ref.Hash); err != nil {
			failed = append(failed, err)
		} else if done {
			out.Shown = append(out.Shown, branch)
		}
	}
	return errors.Join(failed...)
}

func (d *Desk) tendBranch(ctx context.Context, branch string, head store.Hash) (bool, error) {
	id := caseOf(branch)
	if id == "" {
		return false, nil
	}
	c, err := d.repo.Commit(head)
	if err != nil || d.now().Sub(c.Committer.When) < stale {
		return false, err
	}
	_, err = d.forge.Find(ctx, branch)
	if !errors.Is(err, forge.ErrNotFound) {
		return false, err
	}
	_, at, err := d.main()
	if err != nil {
		return false, err
	}
	s, err := d.settingOf(at, id)
	if err != nil {
		return false, nil // of no programme here
	}
	who, err := d.bot(s)
	if err != nil {
		return false, err
	}
	if done, err := d.finishMerged(ctx, who, branch); err != nil || done {
		return done, err
	}
	return true, d.show(ctx, who, branch)
}

// mostMerges bounds how far back tracking issues are looked at in one go.
const mostMerges = 500

// tendIssues brings the tracking issues of the cases up to date that came to
// main since the last time.
func (d *Desk) tendIssues(ctx context.Context, from store.Hash, out *Tended) error {
	main, at, err := d.main()
	if err != nil {
		return err
	}
	var failed []error
	n := 0
	for c, err := range d.repo.FirstParents(main, from) {
		if err != nil {
			return err
		}
		if n++; n > mostMerges {
			break
		}
		id := psirt.CaseID(c.Trailer("Case"))
		if !id.Valid() || slices.Contains(out.Tracked, id) {
			continue
		}
		s, err := d.settingOf(at, id)
		if err != nil {
			continue // of no programme here
		}
		who, err := d.bot(s)
		if err != nil {
			return err
		}
		if err := d.trackQuietly(ctx, who, id); err != nil {
			failed = append(failed, err)
			continue
		}
		out.Tracked = append(out.Tracked, id)
	}
	return errors.Join(failed...)
}

// tendedUntil reads what rememberTended wrote. Without it, the newest merges and
// a week of requests are looked at.
func (d *Desk) tendedUntil(ctx context.Context) (store.Hash, time.Time, error) {
	since := d.now().Add(-7 * 24 * time.Hour)
	view, err := d.board.View(ctx)
	if err != nil {
		return store.Hash{}, since, err
	}
	raw, err := view.Read(tendedFile)
	if errors.Is(err, fs.ErrNotExist) {
		return store.Hash{}, since, nil
	}
	if err != nil {
		return store.Hash{}, since, err
	}
	commit, when, _ := strings.Cut(strings.TrimSpace(string(raw)), " ")
	h, err := store.ParseHash(commit)
	at, err2 := time.Parse(time.RFC3339, when)
	if err != nil || err2 != nil || !d.hasCommit(commit) {
		return store.Hash{}, since, nil // rewritten or damaged: look at everything
	}
	return h, at.Add(-lookBack), nil
}

func (d *Desk) rememberTended(ctx context.Context, at time.Time) error {
	main, err := d.repo.Ref(mainRef)
	if err != nil {
		return err
	}
	who, err := d.someBot()
	if err != nil {
		return err
	}
	d.acting(who)
	line := main.String() + " " + at.Format(time.RFC3339) + "\n"
	for i := range attempts {
		view, err := d.board.View(ctx)
		if err != nil {
			return err
		}
		if raw, err := view.Read(tendedFile); err == nil && strings.HasPrefix(string(raw), main.String()) && i == 0 && d.recent(raw) {
			return nil // nothing new, and not long ago
		}
		err = d.board.Save(ctx, view.Revision(), forge.BoardChange{Message: "Tended\n", Files: map[string][]byte{tendedFile: []byte(line)}})
		if !errors.Is(err, forge.ErrLost) {
			return err
		}
		if err := pause(ctx, i); err != nil {
			return err
		}
	}
	return nil // somebody else remembers all the time
}

// recent spares a commit on the forge's ref for each look that found nothing.
func (d *Desk) recent(raw []byte) bool {
	_, when, _ := strings.Cut(strings.TrimSpace(string(raw)), " ")
	at, err := time.Parse(time.RFC3339, when)
	return err == nil && d.now().Sub(at) < lookBack
}

// someBot is the bot of a programme whose bot's key is at hand.
func (d *Desk) someBot() (*actor, error) {
	_, at, err := d.main()
	if err != nil {
		return nil, err
	}
	all, err := d.settings(at)
	if err != nil {
		return nil, err
	}
	var last error
	for _, s := range all {
		who, err := d.bot(s)
		if err == nil {
			return who, nil
		}
		last = err
	}
	return nil, last
}
