package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/seal"
	"github.com/docket-psirt/docket/internal/store"
	"github.com/docket-psirt/docket/schema"
)

// maxMail bounds a sealed mail, in bytes.
const maxMail = 80 << 20

// revision judges a commit that changes a case file: everything about it that
// can be told without a key.
func (d *delta) revision() error {
	if d.file.New.Hash.IsZero() {
		d.s.add("case-removed", "a case is never removed")
		return nil
	}
	file, now, ok := d.parse(d.after, d.file.Path)
	if !ok {
		return nil
	}
	step := Step{Commit: d.c, File: file, Case: now}
	if !d.file.Old.Hash.IsZero() {
		old, before, ok := d.parse(d.before, d.file.Path)
		if !ok {
			return nil
		}
		step.Before = before
		d.chain(now, before, old)
	} else {
		d.first(now)
	}
	d.signed(file, now)
	d.envelope(now)
	d.history(&step)
	if err := d.attachments(&step); err != nil {
		return err
	}
	d.sealedParts(&step)
	d.guards(&step)
	d.kind(step)
	want, free := step.story()
	d.s.says(d.c, want, free...)
	d.g.Steps = append(d.g.Steps, step)
	d.newest = string(psirt.SHA256(file))
	return nil
}

func (d *delta) parse(at *store.Snapshot, path string) ([]byte, *psirt.Case, bool) {
	raw, err := at.Read(path, casefile.MaxSize)
	if err == nil {
		var c *psirt.Case
		if c, err = casefile.Parse(raw); err == nil {
			return raw, c, true
		}
	}
	d.s.add("case-file", "%s: %v", path, err)
	return nil, nil, false
}

// chain holds what a revision may not change, and that it follows the one
// before.
func (d *delta) chain(now, before *psirt.Case, old []byte) {
	if now.Revision != before.Revision+1 || now.Previous != psirt.SHA256(old) {
		d.s.add("chain", "revision %d does not follow revision %d: its number or the digest of the one before is wrong", now.Revision, before.Revision)
	}
	if now.ID != before.ID || now.Program != before.Program || now.Policy != before.Policy || !now.Opened.Equal(before.Opened) {
		d.s.add("identity", "ID, programme, policy and opening time never change")
	}
	if len(d.g.Steps) == 0 {
		// The first revision of a branch must follow what main holds now, not
		// what it held when the branch was cut.
		if e, err := d.base.Entry(d.file.Path); err != nil || e.Hash != d.file.Old.Hash {
			d.s.add("superseded", "main has another revision of the case: make the change again on top of it")
		}
	}
}

func (d *delta) first(c *psirt.Case) {
	if c.Revision != 1 || c.Previous != "" {
		d.s.add("chain", "a case begins with revision 1 and nothing before it")
	}
	if _, err := d.base.Entry(d.file.Path); err == nil {
		d.s.add("superseded", "the case number is taken")
	}
	if prefix, year, n, _ := c.ID.Parts(); n > 1 {
		if _, err := d.base.Entry(psirt.CasePath(c.Program, psirt.NewCaseID(prefix, year, n-1))); err != nil {
			d.s.add("number", "case numbers are dense, and the one before is not on main")
		}
	}
	if e, err := d.before.Entry(psirt.ProgramPath(c.Program)); err != nil || e.Hash.ObjectID() != c.Policy {
		d.s.add("policy", "a case names the program.yaml in force when it was opened")
	}
	if !c.Opened.Equal(eventTime(d.c)) {
		d.s.add("time", "the case's opening time is not that of its first commit")
	}
}

// signed holds that the file and its commit are signed by the same key, and
// that the key may do so.
func (d *delta) signed(file []byte, c *psirt.Case) {
	program := d.setting.Program
	if c.By != program.Keys.Bot && !d.mayRevise(c) {
		d.s.add("role", "revision %d is signed by %s, who may not sign revisions", c.Revision, d.setting.Name(c.By))
		return
	}
	cert, err := d.setting.Cert(c.By)
	if err == nil {
		err = casefile.Verify(file, c, cert, eventTime(d.c))
	}
	if err != nil {
		d.s.add("signature", "revision %d: %v", c.Revision, err)
	}
	by, err := d.setting.signer(d.c)
	if err != nil {
		d.s.add("signature", "%v", err)
	} else if by != c.By {
		d.s.add("signature", "the commit is signed by %s and the revision by %s", d.setting.Name(by), d.setting.Name(c.By))
	}
}

// envelope holds what every revision must be by itself.
func (d *delta) envelope(c *psirt.Case) {
	for _, text := range inspect(d.setting, d.file.Path, c) {
		d.s.add("envelope", "%s", text)
	}
}

// inspect lists what is wrong with an envelope by itself: place, schema,
// armor, names that the programme does not know.
func inspect(s *Setting, path string, c *psirt.Case) (faults []string) {
	prefix, year, _, _ := c.ID.Parts()
	if psirt.CasePath(c.Program, c.ID) != path || c.Program != s.Program.Program || prefix != s.Program.Prefix || year != c.Opened.Year() {
		faults = append(faults, "path, programme, year and ID do not agree")
	}
	if err := schema.Validate("case", casefile.Document(c)); err != nil {
		faults = append(faults, err.Error())
	}
	for _, part := range []struct{ name, armor string }{{"contact", c.Contact}, {"sealed", c.Sealed}, {"signature", c.Signature}} {
		if err := seal.CanonicalArmor(part.armor); err != nil {
			faults = append(faults, fmt.Sprintf("%s: the armor is not canonical: %v", part.name, err))
		}
	}
	state, ok := s.Program.State(c.State)
	if !ok {
		faults = append(faults, "the programme has no state "+c.State)
	}
	if (state.Phase == psirt.PhaseClosed) != (c.Outcome != "") {
		faults = append(faults, "an outcome goes with closing, and with nothing else")
	}
	for _, name := range c.Facts {
		if !s.Program.Facts[name].Clear {
			faults = append(faults, "the fact "+name+" is not declared clear")
		}
	}
	return faults
}

// history holds that log, mails and updates only grow, and by what this
// revision does.
func (d *delta) history(step *Step) {
	now, before := step.Case, step.Before
	if before == nil {
		before = &psirt.Case{}
	}
	if len(now.Log) < len(before.Log) || !slices.Equal(now.Log[:len(before.Log)], before.Log) {
		d.s.add("log", "the log may only grow")
		return
	}
	if len(now.Mails) < len(before.Mails) || !slices.Equal(now.Mails[:len(before.Mails)], before.Mails) {
		d.s.add("mails", "the list of mails may only grow")
	}
	if len(now.Updates) < len(before.Updates) || !slices.Equal(now.Updates[:len(before.Updates)], before.Updates) {
		d.s.add("updates", "the list of updates may only grow")
	} else {
		step.Updates = now.Updates[len(before.Updates):]
	}
	switch added := now.Log[len(before.Log):]; len(added) {
	case 0:
		if step.Before == nil || now.State != before.State || now.Outcome != before.Outcome {
			d.s.add("log", "the state changes without a line in the log")
		}
	case 1:
		step.Move = true
		e := added[0]
		if n := len(before.Log); n > 0 && e.At.Before(before.Log[n-1].At) {
			d.s.add("time", "the move is dated before the move before it")
		}
		if e.Revision != now.Revision || e.From != before.State || e.To != now.State || e.By != now.By || !e.At.Equal(eventTime(d.c)) {
			d.s.add("log", "the new line of the log does not say what this revision does, who signed it and when")
		}
	default:
		d.s.add("log", "one revision makes one move")
	}
	if now.By == d.setting.Program.Keys.Bot && step.Before != nil &&
		(now.Sealed != before.Sealed || now.Contact != before.Contact || !slices.Equal(now.Facts, before.Facts) || !slices.Equal(now.Handlers, before.Handlers)) {
		d.s.add("role", "the bot opens nothing, so it changes neither sealed parts nor facts nor handlers")
	}
}

// guards answers the transition's rule.
func (d *delta) guards(step *Step) {
	if !step.Move {
		d.outside(step)
		return
	}
	program := d.setting.Program
	if step.Before == nil {
		if step.Case.State != program.Initial().Name {
			d.s.add("transition", "a case begins in the programme's first state")
		}
		kinds := []string{program.Intake.Update, program.Intake.Note}
		if program.Intake.Terminated.In(step.Case.Opened) {
			kinds = append(kinds, program.Intake.Terminated.Update)
		}
		d.updatesOf(step, kinds...)
		// Nobody approves a first revision, so nobody would have read its words.
		if slices.ContainsFunc(step.Updates, func(u psirt.Update) bool { return u.Sealed != "" }) {
			d.s.add("update", "a case is opened with a standard text, not with words of somebody's own")
		}
		return
	}
	d.rules(step)
	if step.Transition.To == "" {
		return
	}
	if entry := step.Case.Log[len(step.Case.Log)-1]; step.Case.By == program.Keys.Bot && entry.RequestedBy == "" {
		if step.Transition.On == "reply" {
			d.reply(step)
		}
		d.onClock(step)
	}
	d.updatesOf(step, step.Transition.Kinds()...)
	if own := len(step.Updates) == 1 && step.Updates[0].Sealed != ""; step.Transition.Update != psirt.Silent {
		if own && step.Transition.Words == "forbidden" || !own && step.Transition.Words == "required" {
			d.s.add("update", "the programme's rule for words of one's own is %q here", step.Transition.Words)
		}
	}
}

// rules finds the rules that the move can have been made by. Without a key that
// may be several, told apart by what is sealed: then those count whose update
// it sends, and it takes the approvals of each.
func (d *delta) rules(step *Step) {
	w := d.world(step)
	entry := step.Case.Log[len(step.Case.Log)-1]
	w.Mover = &entry
	list := d.setting.Program.Candidates(w, step.Case.State, step.Case.Outcome)
	if len(list) == 0 { // whoever it is may not make it: that is said where permissions are judged
		w.Mover = nil
		list = d.setting.Program.Candidates(w, step.Case.State, step.Case.Outcome)
	}
	step.Transition, step.Verdict = d.setting.Program.Transition(w, step.Case.State, step.Case.Outcome)
	if step.Verdict.Result == psirt.Fail {
		d.s.add("transition", "%s", strings.Join(step.Verdict.Reasons(), "; "))
	}
	for _, rule := range list {
		if step.Sends(rule.Transition) {
			step.Rules = append(step.Rules, rule.Transition)
		}
	}
	if len(step.Rules) > 0 {
		step.Transition = step.Rules[0]
	}
}

// world is the case before the step, at the time of it, with the clear facts
// that the step states.
func (d *delta) world(step *Step) psirt.World {
	as := *step.Before
	as.Facts = step.Case.Facts
	return psirt.World{Case: &as, Now: eventTime(d.c)}
}

// Sends reports whether what a move tells the reporter is what a rule says: one
// of its updates, in own words or not as it allows.
func (s Step) Sends(rule psirt.Transition) bool {
	if rule.Update == psirt.Silent {
		return len(s.Updates) == 0
	}
	if len(s.Updates) != 1 || !slices.Contains(rule.Kinds(), s.Updates[0].Kind) {
		return false
	}
	own := s.Updates[0].Sealed != ""
	return !(own && rule.Words == "forbidden" || !own && rule.Words == "required")
}

// updatesOf holds that a move tells the reporter what its rule says: exactly
// one update of one of the kinds, or none where it is silent.
func (d *delta) updatesOf(step *Step, kinds ...string) {
	if step.Before == nil && len(step.Updates) == 0 {
		return // a case without a mail, or mail that never gets an answer
	}
	if len(kinds) == 1 && kinds[0] == psirt.Silent {
		if len(step.Updates) > 0 {
			d.s.add("update", "this move is silent")
		}
		return
	}
	if len(step.Updates) != 1 || !slices.Contains(kinds, step.Updates[0].Kind) {
		d.s.add("update", "this move sends one update of the kind %s", strings.Join(kinds, " or "))
	}
}

// reply holds that a move which the bot made because of a reply takes a
// verified reply into account.
func (d *delta) reply(step *Step) {
	for _, digest := range step.Case.Mails[len(step.Before.Mails):] {
		if r, ok := d.recordOf(step.Case, digest); ok && r.Signed == psirt.SignedGood && r.Kind == psirt.MailFollowUp {
			return
		}
	}
	d.s.add("reply", "the bot made this move on a reply, and no verified reply is new on record")
}

func (d *delta) kind(step Step) {
	g := d.g
	switch {
	case step.Before == nil:
		g.Kind = KindIntake
	case step.Move:
		if g.Kind != KindIntake {
			g.Kind = KindMove
		}
		if g.From == "" {
			g.From = step.Before.State
		}
	case len(step.Updates) > 0 && g.Kind != KindMove && g.Kind != KindIntake:
		g.Kind = KindUpdate
	case g.Kind == "":
		g.Kind = KindEdit
	}
	if step.Move {
		g.To, g.Outcome = step.Case.State, step.Case.Outcome
	}
}
