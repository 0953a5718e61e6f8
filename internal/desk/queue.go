package desk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/forge"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
	"github.com/docket-psirt/docket/internal/store"
)

// Edits are signed revisions that wait in a queue of the person who made them,
// kept in this repository only, until docket push or the next move takes them
// along as one proposal.

func withKey(who *actor) []seal.Opener { return []seal.Opener{who.key} }

func (d *Desk) queued(who *actor, id psirt.CaseID) (store.Hash, error) {
	h, err := d.repo.LocalRef(queueRef(who.handle, id))
	if errors.Is(err, fs.ErrNotExist) {
		return store.Hash{}, nil
	}
	return h, err
}

// Change edits the sealed documents of a case: it is given copies and changes
// them. What is returned says what changed, in paths, for a person's eyes.
type Change func(report psirt.Document, contact *psirt.Contact) (changed []string, err error)

// Edited is what an edit did.
type Edited struct {
	ID       psirt.CaseID `json:"id"`
	Revision int          `json:"revision"`
	Changed  []string     `json:"changed"`
	Queued   int          `json:"queued"` // edits that wait for docket push
}

// Edit makes one signed revision of the sealed documents and queues it.
func (d *Desk) Edit(ctx context.Context, id psirt.CaseID, change Change) (*Edited, error) {
	t, who, open, err := d.asAnalyst(ctx, id)
	if err != nil {
		return nil, err
	}
	report, contact := open.report.Clone(), open.contact
	changed, err := change(report, &contact)
	if err != nil {
		return nil, err
	}
	if len(changed) == 0 {
		return &Edited{ID: id, Revision: t.c.Revision, Queued: d.waiting(t)}, nil
	}
	more, err := d.settleEdit(t.c, who, open, report)
	if err != nil {
		return nil, err
	}
	changed = append(changed, more...)
	if report["id"] != string(id) || contact.ID != id {
		return nil, &Problem{Text: "the ID of a document never changes", Do: "nothing was changed"}
	}
	open.report = report
	r := d.revise(t.c, who, open)
	r.reseal = true
	if contact != open.contact {
		open.contact, r.recontact = contact, true
	}
	if err := r.takeMails(); err != nil {
		return nil, err
	}
	batch := d.repo.NewBatch()
	n := strconv.Itoa(r.now.Revision)
	head, err := r.commitTo(batch, t.c.commit, fmt.Sprintf("%s: edit, revision %s", id, n), "Case", string(id), "Revision", n, "Edit", sections(changed))
	if err != nil {
		return nil, err
	}
	if err := d.repo.Keep(batch, head); err != nil {
		return nil, err
	}
	was := t.queue
	if was.IsZero() {
		was = t.left
	}
	err = d.repo.SetLocalRef(queueRef(who.handle, id), was, head)
	if errors.Is(err, store.ErrLost) {
		return nil, &Problem{Text: fmt.Sprintf("you changed %s elsewhere at the same moment, and this change was not kept", id), Do: "make it again", Err: store.ErrLost}
	}
	if err != nil {
		return nil, err
	}
	t.queue = head
	return &Edited{ID: id, Revision: r.now.Revision, Changed: changed, Queued: d.waiting(t)}, nil
}

// settleEdit holds an edit to what is so whoever edits, and writes down what follows
// from it. It answers the paths that it wrote.
func (d *Desk) settleEdit(c *one, who *actor, open *contents, report psirt.Document) ([]string, error) {
	if err := wellAddressed(open.report, report); err != nil {
		return nil, err
	}
	if err := awareByNow(open.report, report, d.now()); err != nil {
		return nil, err
	}
	changed, err := settleAssessment(report)
	if err != nil {
		return nil, err
	}
	more, err := d.harbour(c, open, open.report, report, who)
	if err != nil {
		return nil, err
	}
	changed = append(changed, more...)
	changed = append(changed, availableSince(open.report, report, d.now())...)
	changed = append(changed, promise(c, report, d.now())...)
	return changed, thawed(c.setting.Program, who, open.report, report)
}

// sections names the top-level sections that an edit touches: words of the
// schema, so they tell nothing of a report.
func sections(changed []string) string {
	var out []string
	for _, path := range changed {
		head, _, _ := strings.Cut(path, ".")
		head, _, _ = strings.Cut(head, "[")
		if !slices.Contains(out, head) {
			out = append(out, head)
		}
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// waiting counts the revisions in the queue of a tip.
func (d *Desk) waiting(t *tip) int {
	if t.queue.IsZero() {
		return 0
	}
	base := t.branch
	if base.IsZero() {
		base, _ = d.repo.Ref(mainRef)
	}
	commits, err := d.repo.Between(t.queue, base)
	if err != nil {
		return 0
	}
	return len(commits)
}

// Push sends a person's queued edits of a case as one proposal.
func (d *Desk) Push(ctx context.Context, id psirt.CaseID) (*Proposed, error) {
	t, who, _, err := d.asAnalyst(ctx, id)
	if err != nil {
		return nil, err
	}
	if t.queue.IsZero() && t.mended != "" && t.c.By == who.key.Cert().Fingerprint() {
		return d.resume(ctx, who, t, id)
	}
	if t.queue.IsZero() {
		return nil, &Problem{Text: fmt.Sprintf("no edits of %s wait to be pushed", id), Do: "make one with docket set, edit or attach"}
	}
	if err := d.publish(ctx, nil, who, t, id, t.queue); err != nil {
		return nil, err
	}
	title := fmt.Sprintf("%s: edits by %s", id, who.handle)
	if open, err := d.forge.Find(ctx, nextBranch(id)); err == nil {
		title = open.Title // the edits join what somebody else proposed
	} else if !errors.Is(err, forge.ErrNotFound) {
		return nil, err
	}
	return d.submit(ctx, who, proposal{id: id, head: t.queue, kind: audit.KindEdit, title: title})
}

// fits holds that the queue, if there is one, stands on what is there now. Nothing
// more is put on top of one that does not: it could never be merged.
func (d *Desk) fits(t *tip, id psirt.CaseID) error {
	if t.queue.IsZero() {
		return nil
	}
	drop := fmt.Sprintf("docket show %s has them; drop them with docket push %[1]s --drop, and make them again", id)
	if !t.branch.IsZero() {
		fits, err := d.repo.IsAncestor(t.branch, t.queue)
		if err == nil && !fits {
			err = &Problem{Text: fmt.Sprintf("a proposal for %s was opened since your edits were made", id), Do: drop + " on top of it"}
		}
		return err
	}
	base, err := d.repo.Ref(mainRef)
	if err != nil {
		return err
	}
	g, err := d.judge.Proposal(base, t.queue)
	if err == nil && len(g.Findings) > 0 {
		err = &Problem{Text: fmt.Sprintf("the queued edits of %s do not fit any more: %s", id, g.Findings[0].Text), Do: drop}
	}
	return err
}

// Drop throws a person's queued edits of a case away.
func (d *Desk) Drop(ctx context.Context, id psirt.CaseID) error {
	c, err := d.onMain(id)
	if err != nil {
		return err
	}
	who, err := d.me(c.setting)
	if err != nil {
		return err
	}
	h, err := d.queued(who, id)
	if err != nil || h.IsZero() {
		return err
	}
	return d.repo.SetLocalRef(queueRef(who.handle, id), h, store.Hash{})
}

// Waiting lists the cases of which the person who acts has queued edits.
func (d *Desk) Waiting() ([]psirt.CaseID, error) {
	_, at, err := d.main()
	if err != nil {
		return nil, err
	}
	all, err := d.settings(at)
	if err != nil {
		return nil, err
	}
	var out []psirt.CaseID
	for _, s := range all {
		who, err := d.me(s)
		if err != nil {
			continue
		}
		prefix := "refs/docket/queue/" + who.handle + "/"
		refs, err := d.repo.LocalRefs(prefix)
		if err != nil {
			return nil, err
		}
		for _, ref := range refs {
			if id := psirt.CaseID(strings.TrimPrefix(ref.Name, prefix)); strings.HasPrefix(string(id), s.Program.Prefix+"-") {
				out = append(out, id)
			}
		}
	}
	return out, nil
}

// Message sends words of one's own to the reporter without moving the case:
// ask and reply. They go out once approved.
func (d *Desk) Message(ctx context.Context, id psirt.CaseID, kind, words string) (*Proposed, error) {
	t, who, open, err := d.asAnalyst(ctx, id)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(words) == "" {
		return nil, usage("there is nothing to send", "write the message to a file and add --message FILE")
	}
	if t.unfinished() && d.again(t, who, kind, words) {
		return d.resume(ctx, who, t, id)
	}
	r := d.revise(t.c, who, open)
	if err := r.takeMails(); err != nil {
		return nil, err
	}
	subject, body := splitWords(words, id)
	if err := r.own(kind, subject, body); err != nil {
		return nil, err
	}
	return d.propose(ctx, r, t, audit.KindUpdate, fmt.Sprintf("%s: %s", id, kind), "Edit", "updates")
}
