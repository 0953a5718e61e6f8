package audit

import (
	"errors"
	"fmt"
	"io/fs"
	"sort"
	"strings"

	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
	"github.com/docket-psirt/docket/internal/store"
)

// Tree judges everything that stands in one tree, by itself: every programme,
// case, mail record and line of seen. What was approved, and what is gone
// without a trace, only history tells (Audit).
func (j *Judge) Tree(commit store.Hash) ([]Finding, int, error) {
	at, err := j.Repo.At(commit)
	if err != nil {
		return nil, 0, err
	}
	t := &tree{j: j, at: at, settings: map[string]*Setting{}, cases: map[psirt.CaseID]*psirt.Case{}, numbers: map[string][]int{}}
	names, err := j.Programs(at)
	if err != nil {
		return nil, 0, err
	}
	for _, name := range names {
		setting, err := j.Setting(at, name)
		if err != nil {
			t.s.add("programme", "%v", err)
			continue
		}
		t.settings[name] = setting
		for _, fault := range setting.faults() {
			t.s.add("programme", "%s: %s", name, fault)
		}
	}
	if len(names) == 0 {
		t.s.add("programme", "there is no programme: expected cases/<program>/program.yaml")
	}
	if err := at.Walk("cases", t.entry); unreadable(err) || errors.Is(err, fs.ErrNotExist) {
		t.s.add("unreadable", "%v", err)
	} else if err != nil {
		return nil, 0, err
	}
	t.whole()
	return t.s.findings, len(t.cases), nil
}

type tree struct {
	j        *Judge
	s        scribe
	at       *store.Snapshot
	settings map[string]*Setting
	cases    map[psirt.CaseID]*psirt.Case
	numbers  map[string][]int // programme and year: case numbers
	records  []place
	mails    []place
	updates  []place
	seen     []string
}

func (t *tree) entry(e store.Entry) error {
	at := placeOf(e.Path)
	t.s.id = at.id
	if e.Mode != regular && at.kind != placeProgram {
		t.s.add("mode", "%s: only plain files are allowed", e.Path)
		return nil
	}
	switch at.kind {
	case placeStray:
		t.s.add("stray", "%s: nothing belongs there", e.Path)
	case placeCase:
		return t.caseFile(e, at)
	case placeRecord:
		t.records = append(t.records, at)
	case placeMail:
		t.mails = append(t.mails, at)
	case placeUpdate:
		t.updates = append(t.updates, at)
	case placeSeen:
		t.seen = append(t.seen, e.Path)
	}
	return nil
}

func (t *tree) caseFile(e store.Entry, at place) error {
	raw, err := t.at.Read(e.Path, casefile.MaxSize)
	var c *psirt.Case
	if err == nil {
		c, err = casefile.Parse(raw)
	} else if !unreadable(err) {
		return err
	}
	if err != nil {
		t.s.add("case-file", "%s: %v", e.Path, err)
		return nil
	}
	t.cases[at.id] = c
	_, year, number, _ := at.id.Parts()
	line := fmt.Sprintf("%s %d", at.program, year)
	t.numbers[line] = append(t.numbers[line], number)
	setting := t.settings[at.program]
	if setting == nil {
		t.s.add("programme", "%s: there is no programme to judge it by", e.Path)
		return nil
	}
	for _, fault := range inspect(setting, e.Path, c) {
		t.s.add("envelope", "%s", fault)
	}
	for _, part := range []struct{ name, armor string }{{"contact", c.Contact}, {"sealed", c.Sealed}} {
		if _, err := seal.Recipients([]byte(part.armor)); err != nil {
			t.s.add("envelope", "%s: %v", part.name, err)
		}
	}
	// The time of the revision is not in the file unless it is a move; the
	// signature's own time stands in, and history holds it to the commit's.
	_, _, when, err := seal.SignerOf(c.Signature)
	if err == nil {
		var cert *seal.Cert
		if cert, err = setting.Cert(c.By); err == nil {
			err = casefile.Verify(raw, c, cert, when)
		}
	}
	if err != nil {
		t.s.add("signature", "revision %d: %v", c.Revision, err)
	}
	return nil
}

// whole holds what the files say of one another.
func (t *tree) whole() {
	for _, at := range t.records {
		t.record(at)
	}
	sealedMails := map[place]bool{}
	for _, at := range t.mails {
		sealedMails[at] = true
	}
	for _, at := range t.records {
		at.kind = placeMail
		delete(sealedMails, at)
	}
	for at := range sealedMails {
		t.s.id = at.id
		t.s.add("mail", "mail-%d.pgp has no record", at.n)
	}
	listed := map[place]psirt.Digest{}
	for id, c := range t.cases {
		for _, u := range c.Updates {
			if u.Sealed != "" {
				listed[place{kind: placeUpdate, program: c.Program, id: id, n: u.N}] = u.Sealed
			}
		}
	}
	for _, at := range t.updates {
		t.s.id = at.id
		raw, err := t.at.Read(fmt.Sprintf("%s/update-%d.asc", psirt.CaseDir(at.program, at.id), at.n), maxMail)
		if err != nil || listed[at] != psirt.SHA256(raw) {
			t.s.add("update", "update-%d.asc is not what the case lists", at.n)
		}
		delete(listed, at)
	}
	for at := range listed {
		t.s.id = at.id
		t.s.add("update", "update-%d.asc is missing", at.n)
	}
	t.mailLists()
	t.repeated()
	t.seenLines()
	t.gaps()
}

// mailLists holds that the records of a case are dense, and that every record
// that a revision took into account is there.
func (t *tree) mailLists() {
	there := map[psirt.CaseID]map[psirt.Digest]bool{}
	most := map[psirt.CaseID]int{}
	for _, at := range t.records {
		if there[at.id] == nil {
			there[at.id] = map[psirt.Digest]bool{}
		}
		raw, err := t.at.Read(recordPath(at, at.n), maxRecord)
		if err != nil {
			continue // record has said so
		}
		there[at.id][psirt.SHA256(raw)] = true
		most[at.id] = max(most[at.id], at.n)
	}
	for id, c := range t.cases {
		t.s.id = id
		if most[id] > len(there[id]) {
			t.s.add("gap", "there are %d mail records, and the highest number is %d", len(there[id]), most[id])
		}
		for _, digest := range c.Mails {
			if !there[id][digest] {
				t.s.add("mails", "the list of mails names a record that is not there")
			}
		}
	}
}

// repeated finds sealed parts that stand in two cases.
func (t *tree) repeated() {
	owner := map[psirt.Digest]psirt.CaseID{}
	for id, c := range t.cases {
		for _, part := range []string{c.Sealed, c.Contact} {
			digest := psirt.SHA256([]byte(part))
			if other, ok := owner[digest]; ok && other != id {
				t.s.id = max(id, other)
				t.s.add("replayed", "a sealed part is that of %s too", min(id, other))
			}
			owner[digest] = id
		}
	}
}

func (t *tree) record(at place) {
	t.s.id = at.id
	dir := psirt.CaseDir(at.program, at.id)
	path := fmt.Sprintf("%s/mail-%d.yaml", dir, at.n)
	raw, r, err := readRecord(t.at, path)
	if err != nil {
		t.s.add("mail-record", "%s: %v", path, err)
		return
	}
	if t.cases[at.id] == nil {
		t.s.add("case-removed", "%s belongs to a case that is not there", path)
	}
	if r.ID != at.id || r.N != at.n {
		t.s.add("mail-record", "%s: case and number are not those of its path", path)
	}
	if setting := t.settings[at.program]; setting != nil {
		cert, err := setting.Cert(r.By)
		if person, ok := setting.Program.ByKey(r.By); ok {
			err = fmt.Errorf("signed by %s, and not by the bot", person.Handle)
		}
		if err == nil {
			err = casefile.VerifyMail(raw, r, cert)
		}
		if err != nil {
			t.s.add("mail-record", "%s: %v", path, err)
		}
	}
	digest, _, err := sealedMail(t.at, fmt.Sprintf("%s/mail-%d.pgp", dir, at.n))
	if err != nil || digest != r.Sealed {
		t.s.add("mail", "mail-%d.pgp is not what its record says", at.n)
	}
}

func (t *tree) seenLines() {
	for _, path := range t.seen {
		raw, err := t.at.Read(path, maxRecord)
		id := psirt.CaseID(strings.TrimSuffix(string(raw), "\n"))
		t.s.id = ""
		switch {
		case err != nil || !id.Valid() && !ignoredForm.Match(raw):
			t.s.add("seen", "%s: the line is the case ID, or why the mail was ignored", path)
		case id.Valid() && t.cases[id] == nil:
			t.s.id = id
			t.s.add("case-removed", "a mail is on record for this case, and the case is not there")
		}
	}
}

// gaps finds numbers that no case has. Numbers are dense: one is taken only by
// the commit that brings its case.
func (t *tree) gaps() {
	for line, numbers := range t.numbers {
		sort.Ints(numbers)
		for i, n := range numbers {
			if n != i+1 {
				t.s.id = ""
				t.s.add("gap", "%s: there is no case number %d", line, i+1)
				break
			}
		}
	}
}
