package audit

import (
	"errors"
	"io/fs"
	"reflect"
	"slices"

	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/store"
)

// A change of who may read brings cases along that are sealed anew: commits of
// the same proposal after the one that changes the programme, each with one
// revision of one case. They change nothing but who can open it.

// resealed judges such a commit. Without a key it cannot be told whether the
// documents are the same: whoever approves with a key does, and a keyed audit.
func (d *delta) resealed() error {
	d.s.id = d.owner.id
	defer func() { d.s.id = "" }()
	if d.owner.program != d.g.Program || d.file == nil || d.file.Old.Hash.IsZero() || len(d.items) > 0 || len(d.seen) > 0 {
		d.s.add("mixed", "a change of a programme seals cases anew that are there, and brings nothing else into case folders")
		return nil
	}
	if d.file.New.Hash.IsZero() {
		d.s.add("case-removed", "a case is never removed")
		return nil
	}
	file, now, ok := d.parse(d.after, d.file.Path)
	if !ok {
		return nil
	}
	old, before, ok := d.parse(d.before, d.file.Path)
	if !ok {
		return nil
	}
	step := Step{Commit: d.c, File: file, Case: now, Before: before, Sealed: true}
	d.chain(now, before, old)
	d.signed(file, now)
	if !slices.Contains(d.g.Changers, now.By) {
		d.s.add("role", "revision %d is signed by %s: whoever changes who may read seals the cases anew", now.Revision, d.setting.Name(now.By))
	}
	d.envelope(now)
	if !sealedOnly(now, before) {
		d.s.add("mixed", "revision %d is to change who can open the case, and it changes more", now.Revision)
	}
	d.readersAfter(now, before)
	want, free := step.story()
	d.s.says(d.c, want, free...)
	d.g.Resealed = append(d.g.Resealed, step)
	d.newest = "git:" + d.c.Tree.String()
	return nil
}

// sealedOnly reports whether two revisions differ in sealed parts, handlers and
// signature only.
func sealedOnly(now, before *psirt.Case) bool {
	as := *now
	as.Revision, as.Previous, as.Handlers = before.Revision, before.Previous, before.Handlers
	as.Contact, as.Sealed, as.By, as.Signature = before.Contact, before.Sealed, before.By, before.Signature
	return reflect.DeepEqual(&as, before)
}

// readersAfter holds that both parts are for those who may read by the
// programme as it is then, and for nobody else.
func (d *delta) readersAfter(now, before *psirt.Case) {
	after, err := d.j.Setting(d.after, d.g.Program)
	if err != nil {
		return // a finding of the change itself
	}
	p := after.Program
	if want := HandlersAfter(before.Handlers, d.setting.Program, p); !slices.Equal(now.Handlers, want) || len(want) == 0 && len(before.Handlers) > 0 {
		d.s.add("handlers", "revision %d has other handlers than before, beyond what the change of the programme says of them", now.Revision)
	}
	if err := after.readable([]byte(now.Sealed), p.SealedReaders(now.Handlers)); err != nil {
		d.s.add("recipients", "sealed: %v", err)
	}
	if err := after.readable([]byte(now.Contact), p.ContactReaders(now.Handlers)); err != nil {
		d.s.add("recipients", "contact: %v", err)
	}
}

// HandlersAfter are the handlers of a case after a change of the programme: the
// same people with the keys that they have then, without those who may handle
// nothing any more. None are left where all of them went; the whole team is no
// substitute.
func HandlersAfter(list []psirt.Fingerprint, before, after *psirt.Program) []psirt.Fingerprint {
	var out []psirt.Fingerprint
	for _, h := range list {
		was, ok := before.ByKey(h)
		if !ok {
			was, _ = after.ByKey(h)
		}
		if is, ok := after.ByHandle(was.Handle); ok && after.MayHandle(is) {
			out = append(out, is.Key)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Comers are those who may read a case with other handlers and could not before.
func Comers(p *psirt.Program, before, after []psirt.Fingerprint) []psirt.Fingerprint {
	was := p.SealedReaders(before)
	return slices.DeleteFunc(p.SealedReaders(after), func(f psirt.Fingerprint) bool { return slices.Contains(was, f) })
}

// Touches reports whether a merge on main brought something to a case: by its
// trailer, or, where it names no case (a change of the programme, or a merge
// made on the forge's page), by the case's file.
func (j *Judge) Touches(merge *store.Commit, program string, id psirt.CaseID) (bool, error) {
	if named := merge.Trailer("Case"); named != "" || len(merge.Parents) == 0 {
		return named == string(id), nil
	}
	now, err := j.fileAt(merge.Hash, program, id)
	if err != nil {
		return false, err
	}
	before, err := j.fileAt(merge.Parents[0], program, id)
	return now != before, err
}

// fileAt is the blob of a case's file at a commit, or zero.
func (j *Judge) fileAt(commit store.Hash, program string, id psirt.CaseID) (store.Hash, error) {
	at, err := j.Repo.At(commit)
	if err != nil {
		return store.Hash{}, err
	}
	e, err := at.Entry(psirt.CasePath(program, id))
	if errors.Is(err, fs.ErrNotExist) {
		return store.Hash{}, nil
	}
	return e.Hash, err
}

// programOf names the programme that has a case at a commit; empty: none.
func (j *Judge) programOf(commit store.Hash, id psirt.CaseID) (string, error) {
	at, err := j.Repo.At(commit)
	if err != nil {
		return "", err
	}
	names, err := j.Programs(at)
	if err != nil {
		return "", err
	}
	for _, name := range names {
		if _, err := at.Entry(psirt.CasePath(name, id)); err == nil {
			return name, nil
		}
	}
	return "", nil
}
