package desk

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
	"github.com/docket-psirt/docket/internal/store"
)

// Who may read changes with the programme: a person comes, goes or has a new
// key. The proposal that says so brings the open cases along, sealed anew by
// whoever makes it, one commit each; the documents stay what they are.

// maxResealed bounds the cases that one proposal seals anew: a proposal has a
// thousand commits at most.
const maxResealed = 900

// Left is an open case that was not sealed anew, and why.
type Left struct {
	ID  psirt.CaseID `json:"id"`
	Why string       `json:"why"`
}

// resealing is the part of a change that seals cases anew.
type resealing struct {
	done   []psirt.CaseID
	left   []Left
	orphan []psirt.CaseID // nobody would be left who handles them
	answer []psirt.CaseID // whoever answers for them is no longer there
}

// reseal adds a commit for each open case whose readers change, on top of the
// one that changes the programme.
func (d *Desk) reseal(b *store.Batch, who *actor, s *audit.Setting, main, head store.Hash) (store.Hash, *resealing, error) {
	at, err := b.At(head)
	if err != nil {
		return head, nil, err
	}
	after, err := d.judge.Setting(at, s.Program.Program)
	if err != nil {
		return head, nil, err
	}
	out := &resealing{done: []psirt.CaseID{}, left: []Left{}}
	err = d.openCases(s, main, func(c *one) error {
		handlers := audit.HandlersAfter(c.Handlers, s.Program, after.Program)
		if len(handlers) == 0 && len(c.Handlers) > 0 {
			out.orphan = append(out.orphan, c.ID)
			return nil
		}
		same, err := sameReaders(s, c.Handlers, after, handlers)
		if err != nil || same {
			return err
		}
		next, why, err := d.resealOne(b, who, c, after, handlers, head, out)
		switch {
		case err != nil:
			return err
		case why != "":
			out.left = append(out.left, Left{c.ID, why})
		default:
			head, out.done = next, append(out.done, c.ID)
		}
		return nil
	})
	return head, out, err
}

// openCases goes through the open cases of a programme on main.
func (d *Desk) openCases(s *audit.Setting, main store.Hash, fn func(*one) error) error {
	return d.casesOf(s, main, func(c *one) error {
		if state, _ := s.Program.State(c.State); state.Phase == psirt.PhaseClosed {
			return nil
		}
		return fn(c)
	})
}

// casesOf goes through all cases of a programme on main. Nothing is left out:
// the first that cannot be read ends it.
func (d *Desk) casesOf(s *audit.Setting, main store.Hash, fn func(*one) error) error {
	at, err := d.repo.At(main)
	if err != nil {
		return err
	}
	name := s.Program.Program
	return at.Walk("cases/"+name, func(e store.Entry) error {
		id := psirt.CaseID(strings.TrimSuffix(e.Name, ".yaml"))
		if !id.Valid() || psirt.CasePath(name, id) != e.Path {
			return nil
		}
		c, err := loadAt(s, at, main, id)
		if err != nil {
			return err
		}
		return fn(c)
	})
}

// sameReaders reports whether a case has the same readers, with the same keys to
// encrypt to, in two settings.
func sameReaders(was *audit.Setting, before []psirt.Fingerprint, is *audit.Setting, after []psirt.Fingerprint) (bool, error) {
	old, err := was.CertsOf(was.Program.ContactReaders(before))
	if err != nil {
		return false, err
	}
	now, err := is.CertsOf(is.Program.ContactReaders(after))
	if err != nil {
		return false, err
	}
	return slices.Equal(before, after) && slices.EqualFunc(old, now, func(a, b *seal.Cert) bool {
		return a.Fingerprint() == b.Fingerprint() && slices.Equal(a.EncryptionKeyIDs(), b.EncryptionKeyIDs())
	}), nil
}

// resealOne seals one case anew, or says why it is left.
func (d *Desk) resealOne(b *store.Batch, who *actor, c *one, after *audit.Setting, handlers []psirt.Fingerprint, head store.Hash, out *resealing) (store.Hash, string, error) {
	if len(out.done) >= maxResealed {
		return head, fmt.Sprintf("one proposal seals %d cases anew", maxResealed), nil
	}
	if next, err := d.branch(nextBranch(c.ID)); err != nil || !next.IsZero() {
		return head, "a proposal for it is open", err
	}
	open, err := d.open(c, withKey(who))
	if errors.Is(err, seal.ErrNoKey) {
		return head, "your key does not open it", nil
	}
	if errors.Is(err, seal.ErrGpg) {
		return head, "", err
	}
	if err != nil {
		return head, err.Error(), nil
	}
	if owner := firstOf(open.report, "owner"); owner != "" {
		if _, there := after.Program.ByHandle(owner); !there {
			out.answer = append(out.answer, c.ID)
		}
	}
	from := *c
	from.setting = after // whose readers it is for
	r := d.revise(&from, who, open)
	r.reseal, r.recontact, r.now.Handlers = true, true, handlers
	if err := r.sealAgain(); err != nil {
		return head, err.Error(), nil
	}
	r.now.Facts = c.Facts
	file, err := casefile.Sign(r.now, who.key, r.at)
	if err != nil {
		return head, "", err
	}
	parent, err := b.CommitObject(head)
	if err != nil {
		return head, "", err
	}
	revision := strconv.Itoa(r.now.Revision)
	next, err := d.commit(b, who, r.at, parent.Tree, []store.Hash{head}, []store.Edit{{Path: psirt.CasePath(c.Program, c.ID), Data: file}},
		message(fmt.Sprintf("%s: sealed anew, revision %s", c.ID, revision), "Case", string(c.ID), "Revision", revision, "Edit", "readers"))
	return next, "", err
}

// resealText is what the pull request says of it.
func resealText(g *audit.Judgement) string {
	if len(g.Resealed) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\nIt seals %d open case(s) anew, for whoever may read them then. The documents stay the same, which docket diff and docket approve hold for those whose key opens them:\n", len(g.Resealed))
	for _, step := range g.Resealed {
		fmt.Fprintf(&b, "%s, revision %d\n", step.Case.ID, step.Case.Revision)
	}
	return b.String()
}

// judgeResealed opens what a change of a programme seals anew, and holds that
// the documents are what they were. What the keys do not open says nothing.
func (d *Desk) judgeResealed(g *audit.Judgement, s *audit.Setting, with []seal.Opener) psirt.Verdict {
	var parts []psirt.Verdict
	for _, step := range g.Resealed {
		if v, ok := d.sameDocuments(s, step, with); ok {
			parts = append(parts, v)
		}
	}
	return psirt.All("what is sealed anew is what it was", parts...)
}

// sameDocuments compares the documents of a case before and after it was sealed
// anew. ok is false when the keys do not open both.
func (d *Desk) sameDocuments(s *audit.Setting, step audit.Step, with []seal.Opener) (v psirt.Verdict, ok bool) {
	what := fmt.Sprintf("%s, revision %d, sealed anew", step.Case.ID, step.Case.Revision)
	before, err := d.open(&one{Case: step.Before, setting: s}, with)
	var after *contents
	if err == nil {
		after, err = d.open(&one{Case: step.Case, setting: s}, with)
	}
	if errors.Is(err, seal.ErrNoKey) {
		return v, false
	}
	if err != nil {
		return psirt.All(what, psirt.Failed("it can be opened and read", err.Error())), true
	}
	if !sameReport(before.report, after.report) || before.contact != after.contact {
		return psirt.All(what, psirt.Failed("the documents are what they were", "close the proposal: something was changed on the way")), true
	}
	return psirt.Passed(what), true
}

// sameReport reports whether two report documents are the same. Session keys of
// mails that came since may be added, so that new readers can open those too.
func sameReport(before, after psirt.Document) bool {
	a, b := maps.Clone(before), maps.Clone(after)
	was, _ := a["session_keys"].(map[string]any)
	is, _ := b["session_keys"].(map[string]any)
	delete(a, "session_keys")
	delete(b, "session_keys")
	for name, key := range was {
		if is[name] != key {
			return false
		}
	}
	return reflect.DeepEqual(a, b)
}

// trackResealed brings the tracking issues of cases that were sealed anew up to
// date.
func (d *Desk) trackResealed(ctx context.Context, g *audit.Judgement) error {
	var failed []error
	for _, step := range g.Resealed {
		failed = append(failed, d.track(ctx, step.Case.ID))
	}
	return errors.Join(failed...)
}

// sealAnew seals the open cases anew on top of a change.
func (d *Desk) sealAnew(b *store.Batch, who *actor, s *audit.Setting, main, head store.Hash, c *programChange) (store.Hash, error) {
	head, sealed, err := d.reseal(b, who, s, main, head)
	if err != nil {
		return head, err
	}
	c.sealed = sealed
	if len(sealed.orphan) > 0 {
		return head, &Refused{What: "nothing was changed", Verdict: psirt.Failed(
			"nobody else handles "+idList(sealed.orphan)+", and the whole team is no substitute for those who need to know",
			fmt.Sprintf("hand over first: docket handlers %s add HANDLE --reason WORDS", sealed.orphan[0]))}
	}
	return head, nil
}

func idList(ids []psirt.CaseID) string {
	var out []string
	for _, id := range ids {
		out = append(out, string(id))
	}
	return strings.Join(out, ", ")
}
