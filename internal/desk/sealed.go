package desk

import (
	"errors"
	"fmt"
	"strings"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/mail"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
	"github.com/docket-psirt/docket/internal/store"
)

// sealedJudge judges what was sealed in every proposal that came to main, with
// the keys at hand: whoever signs a revision or a mail record could have lied
// about what only a key shows.
type sealedJudge struct {
	d    *Desk
	keys map[string][]seal.Opener // by programme
	out  []audit.Finding
	g    *audit.Judgement

	tried map[psirt.CaseID]bool // cases of which a revision was opened
	pasts map[psirt.CaseID][]psirt.Past
	stop  error // the user's gpg failed, which says nothing of the case
}

// sealedHistory gives a judge for audit.Options.Sealed; nil when no key is at
// hand.
func (d *Desk) sealedHistory(at *store.Snapshot) (*sealedJudge, error) {
	all, err := d.settings(at)
	if err != nil {
		return nil, nil // the replay says so
	}
	j := &sealedJudge{d: d, keys: map[string][]seal.Opener{}, tried: map[psirt.CaseID]bool{}, pasts: map[psirt.CaseID][]psirt.Past{}}
	for _, s := range all {
		with, err := d.readers(s)
		if err != nil {
			return nil, err
		}
		if len(with) > 0 {
			j.keys[s.Program.Program] = with
		}
	}
	if len(j.keys) == 0 {
		return nil, nil
	}
	return j, nil
}

func (j *sealedJudge) add(commit store.Hash, kind, format string, args ...any) {
	j.out = append(j.out, audit.Finding{Severity: audit.SeverityError, Kind: kind, Case: j.g.Case, Commit: commit.String(), Text: fmt.Sprintf(format, args...)})
}

func (j *sealedJudge) judge(g *audit.Judgement) []audit.Finding {
	with := j.keys[g.Program]
	if len(with) == 0 || g.Case == "" && len(g.Resealed) == 0 || j.stop != nil {
		return nil
	}
	j.out, j.g = nil, g
	at, err := j.d.repo.At(g.Base)
	if err != nil {
		return nil // a finding of the replay
	}
	s, err := j.d.judge.Setting(at, g.Program)
	if err != nil {
		return nil
	}
	for _, step := range g.Steps {
		j.revision(s, step, with)
	}
	for _, step := range g.Resealed {
		if v, ok := j.d.sameDocuments(s, step, with); ok && !v.OK() {
			j.add(step.Commit.Hash, "sealed", "%s", strings.Join(v.Reasons(), "; "))
			j.out[len(j.out)-1].Case = step.Case.ID
		}
	}
	if g.Kind == audit.KindIntake || g.Kind == audit.KindMail {
		j.mails(s, at, with)
	}
	return j.out
}

// revision opens one revision. What none of the keys may open says nothing.
func (j *sealedJudge) revision(s *audit.Setting, step audit.Step, with []seal.Opener) {
	hash := step.Commit.Hash
	at, err := j.d.repo.At(hash)
	if err != nil {
		return
	}
	c := &one{Case: step.Case, file: step.File, at: at, commit: hash, setting: s}
	open, err := j.d.open(c, with)
	if errors.Is(err, seal.ErrNoKey) {
		j.history(c, step, &contents{}, with)
		return
	}
	if errors.Is(err, seal.ErrGpg) {
		j.stop = err
		return
	}
	j.tried[step.Case.ID] = true
	if err != nil {
		j.history(c, step, &contents{}, with)
		j.add(hash, "sealed", "revision %d: %v", step.Case.Revision, err)
		return
	}
	if v := sealedVerdict(s, step, open, j.history(c, step, open, with)); v.Result == psirt.Fail {
		j.add(hash, "sealed", "%s", strings.Join(v.Reasons(), "; "))
	}
	for _, u := range step.Updates {
		if u.Sealed == "" {
			continue
		}
		words, err := j.d.ownWords(c, u, with)
		if err != nil && !errors.Is(err, seal.ErrNoKey) {
			j.add(hash, "sealed", "%v", err)
		}
		if err == nil && u.Kind == psirt.KindShare {
			if v := shareVerdict(s, u, words, open.report, step.Case.By, approversWith(j.g, nil)); !v.OK() {
				j.add(hash, "sealed", "%s", strings.Join(v.Reasons(), "; "))
			}
		}
	}
}

// history is what came before a revision, for guards that ask who signed a
// record. Revisions come in the order of their case, so each is opened once;
// those before a trusted commit are read when the first after it is. Nil, which
// leaves such guards open, when nobody asks, or when history cannot be read,
// which the replay says.
func (j *sealedJudge) history(c *one, step audit.Step, open *contents, with []seal.Opener) []psirt.Past {
	if !c.setting.Program.AsksSigners() {
		return nil
	}
	known := j.pasts[c.ID]
	if step.Before == nil || len(known) > 0 {
		j.pasts[c.ID] = append(known, j.d.signedPast(c, open.report))
		return j.pasts[c.ID]
	}
	list, err := j.d.past(c, with)
	if err != nil {
		return nil
	}
	j.pasts[c.ID] = list
	return list
}

// mails judges the mails that a proposal brought: a record that says that a
// signature is good is tried again.
func (j *sealedJudge) mails(s *audit.Setting, before *store.Snapshot, with []seal.Opener) {
	c, err := j.d.load(s, j.g.Head, j.g.Case)
	if err != nil {
		return
	}
	records, err := j.d.records(c)
	if err != nil {
		return // a finding of the replay
	}
	for _, rec := range records {
		if _, err := before.Entry(mailPath(c.Program, c.ID, rec.N, "yaml")); err == nil {
			continue
		}
		e, err := j.d.openMail(c, rec, with, "")
		if errors.Is(err, seal.ErrNoKey) {
			continue
		}
		if err != nil {
			j.add(j.g.Head, "sealed", "%v", err)
			continue
		}
		if signed := j.signed(c, rec, e, with); rec.Signed == psirt.SignedGood && signed != psirt.SignedGood {
			j.add(j.g.Head, "mail-record", "mail %d is on record as signed by the reporter; by what it holds the signature is %s", rec.N, signed)
		}
	}
}

// signed judges the signature of a kept mail as intake did when it came.
func (j *sealedJudge) signed(c *one, rec record, e *evidence, with []seal.Opener) psirt.SignatureState {
	m, _ := mail.Parse(e.raw, mail.DefaultLimits())
	in := &inbound{raw: e.raw, m: m, setting: c.setting, mailKey: e.mailKey, signed: psirt.SignedNone}
	content, err := contentOf(m, e.mailKey)
	if err != nil {
		return psirt.SignedNone
	}
	in.content = content
	var known *seal.Cert
	followUp := rec.N > 1 || j.g.Kind == audit.KindMail
	if contact, err := j.d.openContact(c, with); err == nil && followUp {
		if cert, err := seal.ParseCert([]byte(contact.Key)); err == nil {
			known = cert
		}
	}
	var inside func(*seal.Cert) error
	if e.mailKey != "" {
		inside = func(by *seal.Cert) error { return seal.VerifyForeign(m.Layer.Message, e.mailKey, by, rec.At) }
	}
	judgeSignature(in, inside, known, followUp, rec.At)
	return in.signed
}
