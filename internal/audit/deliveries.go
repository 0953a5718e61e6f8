package audit

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"sort"
	"strconv"

	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/store"
	"github.com/docket-psirt/docket/schema"
)

var receiptPath = regexp.MustCompile(`^([a-z][a-z0-9-]*)/([0-9]{4}/(?:[0-9]{2}/)+[A-Z0-9]+-[0-9]{4}-[0-9]+)/([1-9][0-9]*)-([1-9][0-9]*)-([a-z]+)\.yaml$`)

// ReceiptPath is where a receipt stands on the branch "deliveries".
func ReceiptPath(program string, r *psirt.Receipt) string {
	return fmt.Sprintf("%s/%s/%d-%d-%s.yaml", program, r.ID.Folder(), r.Update, r.Attempt, r.Status)
}

// delivered is what the receipts of one case say.
type delivered struct {
	last   psirt.Digest
	newest map[int]*psirt.Receipt // by update
}

// deliveries replays the branch of receipts.
func (a *replay) deliveries() error {
	var line []*store.Commit
	for c, err := range a.j.Repo.FirstParents(a.o.Deliveries, store.Hash{}) {
		if err != nil {
			return err
		}
		line = append(line, c)
	}
	cases := map[psirt.CaseID]*delivered{}
	for i := len(line) - 1; i >= 0; i-- {
		if err := a.delivery(line[i], cases); unreadable(err) {
			a.s.add("unreadable", "%v", err)
		} else if err != nil {
			return err
		}
	}
	a.undelivered(cases)
	return nil
}

// delivery judges one commit of receipts.
func (a *replay) delivery(c *store.Commit, cases map[psirt.CaseID]*delivered) error {
	a.s.commit, a.s.id = c.Hash, ""
	a.r.Commits++
	var before store.Hash
	if len(c.Parents) > 1 {
		a.s.add("receipt", "the branch of receipts is a line of single commits")
		return nil
	}
	if len(c.Parents) == 1 {
		parent, err := a.j.Repo.Commit(c.Parents[0])
		if err != nil {
			return err
		}
		before = parent.Tree
		if eventTime(c).Add(skew).Before(eventTime(parent)) {
			a.s.add("time", "the receipt is dated before the one before it")
		}
	}
	changes, err := a.j.Repo.Changes(before, c.Tree)
	if err != nil {
		return err
	}
	at, err := a.j.Repo.At(c.Hash)
	if err != nil {
		return err
	}
	if len(changes) == 0 {
		return a.settledBy(c, cases)
	}
	for _, ch := range changes {
		a.s.id = ""
		m := receiptPath.FindStringSubmatch(ch.Path)
		if m == nil || !ch.Old.Hash.IsZero() || ch.New.Hash.IsZero() || ch.New.Mode != regular {
			a.s.add("receipt", "%s: receipts are added, and nothing else", ch.Path)
			continue
		}
		raw, err := at.Read(ch.Path, maxRecord)
		if err != nil {
			return err
		}
		a.receipt(c, m[1], ch.Path, raw, cases)
	}
	return nil
}

func (a *replay) receipt(c *store.Commit, program, path string, raw []byte, cases map[psirt.CaseID]*delivered) {
	r, err := casefile.ParseReceipt(raw)
	if err == nil {
		err = schema.Validate("receipt", casefile.ReceiptDocument(r))
	}
	if err != nil {
		a.s.add("receipt", "%s: %v", path, err)
		return
	}
	a.s.id = r.ID
	if ReceiptPath(program, r) != path {
		a.s.add("receipt", "%s: the receipt is not the one that its path names", path)
	}
	if err := a.receiptSigned(c, program, raw, r); err != nil {
		a.s.add("receipt", "%s: %v", path, err)
	}
	d := cases[r.ID]
	if d == nil {
		d = &delivered{newest: map[int]*psirt.Receipt{}}
		cases[r.ID] = d
	}
	if r.Previous != d.last {
		a.s.add("receipt", "%s does not follow the case's receipt before it", path)
	}
	d.last = psirt.SHA256(raw)
	if !follows(d.newest[r.Update], r) {
		a.s.add("receipt", "%s: %q cannot come here", path, r.Status)
	}
	d.newest[r.Update] = r
	if story := a.stories[r.ID]; story != nil {
		e := Event{At: r.At, Kind: "receipt", Text: fmt.Sprintf("update %d: %s", r.Update, r.Status), By: "mailer", Commit: c.Hash.String()}
		if r.Status == psirt.ReceiptSent {
			e.Name, e.sent = "update:"+story.kindOf(r.Update), r.Update
			if e.Name == "update:" {
				a.s.add("receipt", "update %d was sent, and the case lists none such", r.Update)
			}
		}
		story.add(e)
	}
}

func (s *Story) kindOf(n int) string {
	if s.now != nil && n >= 1 && n <= len(s.now.Updates) {
		return s.now.Updates[n-1].Kind
	}
	return ""
}

// outcomes are what may be said of an attempt after a status of it: what came
// of a claim, and what a person found out. Sent and none are final.
var outcomes = map[psirt.ReceiptStatus][]psirt.ReceiptStatus{
	psirt.ReceiptSending: {psirt.ReceiptSent, psirt.ReceiptHeld, psirt.ReceiptRefused, psirt.ReceiptUnknown},
	psirt.ReceiptUnknown: {psirt.ReceiptSent, psirt.ReceiptHeld},
	psirt.ReceiptRefused: {psirt.ReceiptNone, psirt.ReceiptHeld},
}

// follows reports whether a receipt is possible after the newest one of its
// update, or as the first: an update is claimed before it is sent, is sent
// once, and is tried again only when it was held, or when a claim was left by a
// run that ended.
func follows(before, r *psirt.Receipt) bool {
	attempt, status := 0, psirt.ReceiptHeld
	if before != nil {
		attempt, status = before.Attempt, before.Status
	}
	if r.Attempt == attempt {
		return slices.Contains(outcomes[status], r.Status)
	}
	begins := r.Status != psirt.ReceiptSent && r.Status != psirt.ReceiptUnknown
	return r.Attempt == attempt+1 && begins && (status == psirt.ReceiptHeld || status == psirt.ReceiptSending)
}

// receiptSigned holds that receipt and commit are signed by the mailer of the
// programme as the main that the receipt names had it.
func (a *replay) receiptSigned(c *store.Commit, program string, raw []byte, r *psirt.Receipt) error {
	main, err := store.ParseHash(r.Main.Hex())
	if err != nil {
		return err
	}
	if a.o.Since.IsZero() && !a.j.main[main] {
		return fmt.Errorf("it names a head of main that main never had")
	}
	at, err := a.j.Repo.At(main)
	if err != nil {
		return err
	}
	setting, err := a.j.Setting(at, program)
	if err != nil {
		return err
	}
	mailer := setting.Program.Keys.Mailer
	cert, err := setting.Cert(mailer)
	if err != nil {
		return err
	}
	if !r.At.Equal(eventTime(c)) {
		return fmt.Errorf("its time is not that of its commit")
	}
	if err := listed(at, program, r); err != nil {
		return err
	}
	if r.By != mailer {
		return fmt.Errorf("signed by %s, and not by the mailer", setting.Name(r.By))
	}
	if err := casefile.VerifyReceipt(raw, r, cert); err != nil {
		return err
	}
	by, err := setting.signer(c)
	if err != nil {
		return err
	}
	if by != mailer {
		return fmt.Errorf("the commit is signed by %s, and not by the mailer", setting.Name(by))
	}
	return nil
}

// listed holds that the case had the update at the head of main that the
// receipt names.
func listed(at *store.Snapshot, program string, r *psirt.Receipt) error {
	raw, err := at.Read(psirt.CasePath(program, r.ID), casefile.MaxSize)
	if err != nil {
		return fmt.Errorf("main had no such case then: %w", err)
	}
	c, err := casefile.Parse(raw)
	if err != nil {
		return err
	}
	if r.Update > len(c.Updates) {
		return fmt.Errorf("the case had no update %d then", r.Update)
	}
	return nil
}

// undelivered warns of updates that were refused or whose fate is unknown.
func (a *replay) undelivered(cases map[psirt.CaseID]*delivered) {
	ids := make([]string, 0, len(cases))
	for id := range cases {
		ids = append(ids, string(id))
	}
	sort.Strings(ids)
	for _, id := range ids {
		newest := cases[psirt.CaseID(id)].newest
		for _, n := range slices.Sorted(maps.Keys(newest)) {
			switch last := newest[n].Status; last {
			case psirt.ReceiptRefused, psirt.ReceiptUnknown:
				a.r.Findings = append(a.r.Findings, Finding{Severity: SeverityWarning, Kind: "delivery", Case: psirt.CaseID(id),
					Text: "update " + strconv.Itoa(n) + " is " + string(last) + ": a person has to look", Commit: a.o.Deliveries.String()})
			}
		}
	}
}

// settledBy judges a commit without receipts: the mailer's note that everything
// up to a head of main is delivered.
func (a *replay) settledBy(c *store.Commit, cases map[psirt.CaseID]*delivered) error {
	main, err := store.ParseHash(c.Trailer("Settled"))
	if err != nil {
		a.s.add("receipt", "a commit without a receipt says what is settled")
		return nil
	}
	ok, err := a.j.SignedByMailer(c, main)
	if err != nil {
		return err
	}
	if !ok {
		a.s.add("receipt", "what is settled is said by the mailer, and by nobody else")
		return nil
	}
	head, ok := a.heads[main]
	if !ok {
		if a.o.Since.IsZero() {
			a.s.add("receipt", "it settles a head of main that main never had")
		}
		return nil
	}
	// Nobody looks again at what is settled, so an update must not be lost there.
	for len(a.owed) > 0 && a.owed[0].head <= head {
		o := a.owed[0]
		a.owed = a.owed[1:]
		if d := cases[o.id]; d == nil || !d.done(o.n) {
			a.s.id = o.id
			a.s.add("receipt", "everything is said to be delivered, and update %d has no last receipt", o.n)
		}
	}
	return nil
}

// done reports whether an update has a receipt after which nothing is sent.
func (d *delivered) done(n int) bool {
	last := d.newest[n]
	return last != nil && last.Status != psirt.ReceiptSending && last.Status != psirt.ReceiptHeld
}

// SignedByMailer reports whether a commit is signed by the mailer of a
// programme as main had it at that commit.
func (j *Judge) SignedByMailer(c *store.Commit, main store.Hash) (bool, error) {
	at, err := j.Repo.At(main)
	if err != nil {
		return false, nil // a commit that is not there vouches for nothing
	}
	names, err := j.Programs(at)
	if err != nil {
		return false, err
	}
	for _, name := range names {
		setting, err := j.Setting(at, name)
		if err != nil {
			continue
		}
		if by, err := setting.signer(c); err == nil && by == setting.Program.Keys.Mailer {
			return true, nil
		}
	}
	return false, nil
}
