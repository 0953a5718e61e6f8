package desk

import (
	"context"
	"path"
	"slices"
	"strings"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
	"github.com/docket-psirt/docket/internal/store"
)

// Readable is a case of which somebody could read something.
type Readable struct {
	ID    psirt.CaseID `json:"id"`
	State string       `json:"state"`
	Now   bool         `json:"now"` // what main has of it, and not only an older revision
}

// couldRead lists every case of which anything was ever sealed to a certificate:
// of any revision that came to main, of mails and of updates, by the recipients
// that they claim. It reads all of the history, once.
func (d *Desk) couldRead(ctx context.Context, s *audit.Setting, cert *seal.Cert) ([]Readable, error) {
	main, at, err := d.main()
	if err != nil {
		return nil, err
	}
	r := &readerOf{d: d, program: s.Program.Program, cert: cert, found: map[psirt.CaseID]bool{}}
	var cases []*one
	now := map[psirt.CaseID]bool{}
	err = d.casesOf(s, main, func(c *one) error {
		now[c.ID] = r.opens([]byte(c.Sealed))
		r.found[c.ID] = now[c.ID]
		cases = append(cases, &one{Case: &psirt.Case{ID: c.ID, State: c.State}})
		return ctx.Err()
	})
	if err == nil {
		err = r.files(at)
	}
	if err == nil {
		err = r.history(ctx, main)
	}
	out := []Readable{}
	for _, c := range cases {
		if r.found[c.ID] {
			out = append(out, Readable{c.ID, c.State, now[c.ID]})
		}
	}
	return out, err
}

// readerOf finds what a certificate is among the recipients of.
type readerOf struct {
	d       *Desk
	program string
	cert    *seal.Cert
	found   map[psirt.CaseID]bool
}

func (r *readerOf) opens(message []byte) bool {
	ids, err := seal.Recipients(message)
	return err == nil && r.among(ids)
}

func (r *readerOf) among(ids []uint64) bool {
	return slices.ContainsFunc(ids, func(id uint64) bool { return slices.Contains(r.cert.EncryptionKeyIDs(), id) })
}

// files looks at the mails and updates that main has.
func (r *readerOf) files(at *store.Snapshot) error {
	return at.Walk("cases/"+r.program, func(e store.Entry) error {
		id := psirt.CaseID(path.Base(path.Dir(e.Path)))
		if !id.Valid() || r.found[id] || !strings.HasSuffix(e.Name, ".pgp") && !strings.HasSuffix(e.Name, ".asc") {
			return nil
		}
		if strings.HasSuffix(e.Name, ".asc") {
			raw, err := at.Read(e.Path, maxSealedMail)
			r.found[id] = err == nil && r.opens(raw)
			return err
		}
		stream, _, err := at.Open(e.Path)
		if err != nil {
			return err
		}
		ids, err := seal.RecipientsOf(stream)
		r.found[id] = err == nil && r.among(ids)
		return stream.Close()
	})
}

// history looks at the revisions before those that main has.
func (r *readerOf) history(ctx context.Context, main store.Hash) error {
	for merge, err := range r.d.repo.FirstParents(main, store.Hash{}) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		if id := psirt.CaseID(merge.Trailer("Case")); len(merge.Parents) != 2 || r.found[id] {
			continue
		}
		if err := r.branch(merge); err != nil {
			return err
		}
	}
	return nil
}

// branch looks at what the commits of a merged branch brought.
func (r *readerOf) branch(merge *store.Commit) error {
	for head := merge.Parents[1]; ; {
		c, err := r.d.repo.Commit(head)
		if err != nil || len(c.Parents) != 1 || head == merge.Parents[0] {
			return err
		}
		parent, err := r.d.repo.Commit(c.Parents[0])
		if err != nil {
			return err
		}
		changes, err := r.d.repo.Changes(parent.Tree, c.Tree)
		if err != nil {
			return err
		}
		at, err := r.d.repo.At(head)
		if err != nil {
			return err
		}
		for _, ch := range changes {
			if err := r.revision(at, ch); err != nil {
				return err
			}
		}
		head = parent.Hash
	}
}

// revision looks at one changed file, if it is a case file.
func (r *readerOf) revision(at *store.Snapshot, ch store.Change) error {
	id := psirt.CaseID(strings.TrimSuffix(path.Base(ch.Path), ".yaml"))
	if !id.Valid() || r.found[id] || ch.New.Hash.IsZero() || psirt.CasePath(r.program, id) != ch.Path {
		return nil
	}
	raw, err := at.Read(ch.Path, casefile.MaxSize)
	if err != nil {
		return err
	}
	if c, err := casefile.Parse(raw); err == nil { // else the audit tells of it
		r.found[id] = r.opens([]byte(c.Sealed))
	}
	return nil
}
