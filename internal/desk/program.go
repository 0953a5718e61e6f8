package desk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/forge"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/internal/store"
)

// A programme is changed like a case is moved: a lead signs the change on the
// branch program/<name>, others approve it as the programme before the change
// demands, and it is merged when it has all it needs.

// programChange is a change of a programme in the making.
type programChange struct {
	edits   []store.Edit
	subject string

	readers bool         // it may change who may read: open cases then come along, sealed anew
	sealed  *resealing   // what came of that
	ready   func() error // called when all is judged good, before anything is published; or nil
}

// proposeProgram proposes edits of a programme's files.
func (d *Desk) proposeProgram(ctx context.Context, s *audit.Setting, who *actor, edits []store.Edit, subject string) (*Proposed, error) {
	return d.proposeChange(ctx, s, who, &programChange{edits: edits, subject: subject})
}

// proposeChange proposes a change of a programme.
func (d *Desk) proposeChange(ctx context.Context, s *audit.Setting, who *actor, c *programChange) (*Proposed, error) {
	name := s.Program.Program
	if err := isLead(s, who); err != nil {
		return nil, err
	}
	main, _, err := d.main()
	if err != nil {
		return nil, err
	}
	base, err := d.repo.Commit(main)
	if err != nil {
		return nil, err
	}
	branch := programBranch(name)
	batch := d.repo.NewBatch()
	head, err := d.commit(batch, who, d.now(), base.Tree, []store.Hash{main}, c.edits, message(c.subject, "Program", name))
	if err != nil {
		return nil, err
	}
	if c.readers {
		if head, err = d.sealAnew(batch, who, s, main, head, c); err != nil {
			return nil, err
		}
	}
	g, err := d.wellFormed(batch, main, head)
	if err == nil && c.ready != nil {
		err = c.ready()
	}
	if err != nil {
		return nil, err
	}
	err = d.repo.Publish(ctx, batch, store.RefUpdate{Name: heads + branch, New: head})
	if errors.Is(err, store.ErrLost) {
		return nil, otherChange(name, err)
	}
	if err != nil {
		return nil, err
	}
	d.acting(who)
	pull, err := d.forge.Open(ctx, forge.Proposal{Kind: audit.KindProgram, Branch: branch, Base: "main", Head: head.String(),
		Title: c.subject, Body: pullText(g) + resealText(g), Author: who.login})
	if err == nil && d.github == nil {
		err = d.publishCheck(ctx, g)
	}
	if err != nil {
		return nil, err
	}
	return d.finishProgram(ctx, who, pull.Number, branch, g)
}

// isLead holds that somebody may change a programme.
func isLead(s *audit.Setting, who *actor) error {
	if person, _ := s.Program.ByHandle(who.handle); !person.HasRole(psirt.RoleLead) {
		return &Refused{What: "nothing was changed", Verdict: psirt.Failed(who.handle+" is no lead of "+s.Program.Program, "a lead must do this")}
	}
	return nil
}

func programBranch(name string) string { return "program/" + name }

func otherChange(name string, err error) error {
	return &Problem{Text: "another change of " + name + " is open", Do: "approve or close it first: docket pr list --open", Err: err}
}

// mayEdit holds, before a person has worked for it in an editor, that they may
// change a programme, and that no other change of it waits.
func (d *Desk) mayEdit(s *audit.Setting, who *actor) error {
	if err := isLead(s, who); err != nil {
		return err
	}
	open, err := d.branch(programBranch(s.Program.Program))
	if err == nil && !open.IsZero() {
		err = otherChange(s.Program.Program, nil)
	}
	return err
}

// wellFormed judges a change of a programme before anybody sees it.
func (d *Desk) wellFormed(b *store.Batch, main, head store.Hash) (*audit.Judgement, error) {
	if err := d.repo.Keep(b, head); err != nil {
		return nil, err
	}
	g, err := d.judge.Proposal(main, head)
	if err != nil || len(g.Findings) == 0 {
		return g, err
	}
	var of []psirt.Verdict
	for _, f := range g.Findings {
		of = append(of, psirt.Failed(f.Kind+": "+f.Text, ""))
	}
	return nil, &Refused{What: "nothing was changed", Verdict: psirt.All("the change is well formed", of...)}
}

// finishProgram merges a change of a programme if it has all it needs.
func (d *Desk) finishProgram(ctx context.Context, who *actor, number int, branch string, g *audit.Judgement) (*Proposed, error) {
	out := &Proposed{Number: number, Verdict: g.Verdict}
	if d.leaves(who) {
		if out.Waits = waitsForBot; !g.OK() {
			out.Waits, out.Needs = "", g.Verdict.Reasons()
		}
		return out, nil
	}
	err := d.bring(ctx, who, branch)
	var refused *Refused
	if errors.As(err, &refused) {
		out.Needs = refused.Verdict.Reasons()
		return out, nil
	}
	out.Merged = err == nil
	return out, err
}

// lead is the person who acts, with a programme: the named one, or the only one.
func (d *Desk) programmeOf(ctx context.Context, name string) (*audit.Setting, *store.Snapshot, *actor, error) {
	if err := d.repo.Fetch(ctx); err != nil {
		return nil, nil, nil, err
	}
	_, at, err := d.main()
	if err != nil {
		return nil, nil, nil, err
	}
	all, err := d.settings(at)
	if err != nil {
		return nil, nil, nil, err
	}
	var names []string
	for _, s := range all {
		if s.Program.Program == name || name == "" && len(all) == 1 {
			who, err := d.me(s)
			return s, at, who, err
		}
		names = append(names, s.Program.Program)
	}
	return nil, nil, nil, noProgramme(name, names)
}

// noProgramme is the error of a name that is no programme's, or of none where
// there are several.
func noProgramme(name string, names []string) error {
	list := strings.Join(names, ", ")
	if name == "" {
		return usage("there are several programmes: "+list, "name one of them (--program, or policy edit PROGRAM)")
	}
	return usage(fmt.Sprintf("there is no programme %q", name), "name one of "+list)
}

// PolicyChange is what became of an edit of a programme.
type PolicyChange struct {
	*Proposed
	Resealed []psirt.CaseID `json:"resealed,omitempty"` // open cases that come along, sealed anew for whoever may read them then
	Left     []Left         `json:"left,omitempty"`     // open cases that should, and why they do not
}

// EditPolicy lets edit change a programme's policy file and proposes the
// result. What is not valid, or asks for what nobody could do, is not proposed;
// every fault is listed. Where it changes who may read, open cases come along.
func (d *Desk) EditPolicy(ctx context.Context, name string, edit func(text string) (string, error)) (*PolicyChange, error) {
	s, at, who, err := d.programmeOf(ctx, name)
	if err == nil {
		err = d.mayEdit(s, who)
	}
	if err != nil {
		return nil, err
	}
	path := psirt.ProgramPath(s.Program.Program)
	raw, err := at.Read(path, maxProgramFile)
	if err != nil {
		return nil, err
	}
	text, err := edit(string(raw))
	if err != nil {
		return nil, err
	}
	if text == string(raw) {
		return nil, &Problem{Text: "nothing changed in " + path}
	}
	now, err := casefile.ParseProgram([]byte(text))
	if err != nil {
		return nil, err
	}
	if faults := newFaults(s.Program, now, psirt.Around{Path: reportPath}); len(faults) > 0 {
		return nil, &Refused{What: "nothing was changed", Verdict: psirt.All("the programme can be followed", faults...)}
	}
	c := &programChange{edits: []store.Edit{{Path: path, Data: []byte(text)}}, subject: "Change " + path,
		readers: !reflect.DeepEqual(s.Program.People, now.People) || !reflect.DeepEqual(s.Program.Roles, now.Roles)}
	p, err := d.proposeChange(ctx, s, who, c)
	if err != nil {
		return nil, err
	}
	out := &PolicyChange{Proposed: p}
	if c.sealed != nil {
		out.Resealed, out.Left = c.sealed.done, c.sealed.left
	}
	return out, nil
}

// Accept puts a finding of the audit on record as explained, as a change of the
// programme that a lead signs. The finding stays visible, with the explanation.
func (d *Desk) Accept(ctx context.Context, name, finding, why string) (*Proposed, error) {
	why = strings.Join(strings.Fields(why), " ")
	if why == "" || len(why) > 500 || strings.ContainsFunc(why, func(r rune) bool { return r < ' ' || r > '~' }) {
		return nil, usage("an explanation is needed", "give one line of ASCII with --why; it is not sealed, so it names nothing of a report")
	}
	s, at, who, err := d.programmeOf(ctx, name)
	if err != nil {
		return nil, err
	}
	r, err := d.Audit(ctx, AuditOptions{})
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(r.Findings, func(f audit.Finding) bool { return f.ID == finding })
	if i < 0 {
		return nil, usage(fmt.Sprintf("the audit has no finding %q", finding), "docket audit prints the ID of each")
	}
	path := audit.AcceptedPath(s.Program.Program)
	old, err := at.Read(path, maxProgramFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	line := fmt.Sprintf("%s %s %s %s\n", finding, d.now().Format(time.RFC3339), who.handle, why)
	return d.proposeProgram(ctx, s, who, []store.Edit{{Path: path, Data: append(old, line...)}}, "Accept finding "+finding)
}
