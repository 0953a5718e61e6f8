package desk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
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

	readers bool         // it changes who may read: open cases come along, sealed anew
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
	person, _ := s.Program.ByHandle(who.handle)
	if !person.HasRole(psirt.RoleLead) {
		return nil, &Refused{What: "nothing was changed", Verdict: psirt.Failed(who.handle+" is no lead of "+name, "a lead must do this")}
	}
	main, _, err := d.main()
	if err != nil {
		return nil, err
	}
	base, err := d.repo.Commit(main)
	if err != nil {
		return nil, err
	}
	branch := "program/" + name
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
	err = d.repo.Publish(ctx, batch, store.RefUpdate{Name: heads + branch, New: head})
	if errors.Is(err, store.ErrLost) {
		return nil, &Problem{Text: "another change of " + name + " is open", Do: "approve or close it first: docket pr list --open", Err: store.ErrLost}
	}
	if err != nil {
		return nil, err
	}
	g, err := d.judge.Proposal(main, head)
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
	for _, s := range all {
		if s.Program.Program == name || name == "" && len(all) == 1 {
			who, err := d.me(s)
			return s, at, who, err
		}
	}
	return nil, nil, nil, usage(fmt.Sprintf("there is no programme %q", name), "name one of the folders in cases/")
}

// EditPolicy lets edit change a programme's policy file and proposes the
// result. What is not valid is not proposed; every fault is listed.
func (d *Desk) EditPolicy(ctx context.Context, name string, edit func(text string) (string, error)) (*Proposed, error) {
	s, at, who, err := d.programmeOf(ctx, name)
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
	if _, err := casefile.ParseProgram([]byte(text)); err != nil {
		return nil, err
	}
	return d.proposeProgram(ctx, s, who, []store.Edit{{Path: path, Data: []byte(text)}}, "Change "+path)
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
