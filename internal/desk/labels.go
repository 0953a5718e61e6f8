package desk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/forge"
	"github.com/docket-psirt/docket/internal/psirt"
)

// AsksForMove reports whether a label of a tracking issue asks the bot for a
// move: move/<state> and close/<outcome> do.
func AsksForMove(label string) bool {
	kind, name, ok := strings.Cut(label, "/")
	return ok && name != "" && (kind == "move" || kind == "close")
}

// LabelAsked does what a label on a case's tracking issue asks for, for the
// person who put it there: the bot proposes the move, or answers on the issue
// what stands in its way and what to do. Either way the label is taken off.
// Who may ask is read from the programme on main. seen is the digest of the
// case file that the issue showed when the label came; a request for what has
// changed since is answered, not followed. Empty: it is not known. at is when
// the label was put on: what was answered since is not answered again, by
// however many processes. Zero: it is not known.
//
// What is answered names clear facts only.
func (d *Desk) LabelAsked(ctx context.Context, id psirt.CaseID, label, login string, seen psirt.Digest, at time.Time) (*Proposed, error) {
	if err := d.repo.Fetch(ctx); err != nil {
		return nil, err
	}
	c, err := d.onMain(id)
	if err != nil {
		return nil, err
	}
	who, err := d.bot(c.setting)
	if err != nil {
		return nil, err
	}
	out, err := d.followLabel(ctx, c, who, label, login, seen, at)
	answer := d.answerTo(c, label, out, err)
	if answer == "" {
		return nil, err // not the asker's doing: it stays, and is tried again
	}
	d.acting(who)
	if out == nil {
		said := forge.Comment{By: who.login, At: d.now(), Body: answer}
		if !at.IsZero() {
			said.Marker, said.Since = askMarker(label, login), at
		}
		if err := d.forge.Answer(ctx, c.Program, string(id), said); err != nil {
			return nil, err
		}
	}
	if !at.IsZero() {
		d.hearOf(hearing(forge.Event{Issue: &forge.Issue{ID: string(id)}, Label: label, Actor: login, At: at}))
	}
	_, off := d.forge.Label(ctx, c.Program, string(id), nil, []string{label}, who.login)
	if errors.Is(off, forge.ErrNotFound) {
		off = nil
	}
	return out, errors.Join(err, off)
}

// followLabel makes the move that a label asks for.
func (d *Desk) followLabel(ctx context.Context, c *one, who *actor, label, login string, seen psirt.Digest, at time.Time) (*Proposed, error) {
	refuse := func(what, do string) error {
		return &Refused{What: "the label was not followed", Verdict: psirt.Failed(what, do)}
	}
	person, known := c.setting.Program.ByLogin(login)
	if !known || !person.HasRole(psirt.RoleTeam) {
		return nil, notOfTeam(c, login)
	}
	kind, name, _ := strings.Cut(label, "/")
	if followed(c, kind, name, person.Login, seen, at) {
		return &Proposed{ID: c.ID, Merged: true, State: c.State}, nil
	}
	if seen != "" && seen != psirt.SHA256(c.file) {
		if ledTo(c, kind, name, person.Login, at) {
			return &Proposed{ID: c.ID, Merged: true, State: c.State}, nil
		}
		return nil, refuse(fmt.Sprintf("%s has changed since this issue was shown: it is at revision %d", c.ID, c.Revision), "look at it again, and put the label on once more")
	}
	var out *Proposed
	var err error
	switch kind {
	case "move":
		out, err = d.botMove(ctx, who, c.ID, name, "", person.Login)
	case "close":
		out, err = d.botMove(ctx, who, c.ID, closedState(c.setting), psirt.Outcome(name), person.Login)
	default:
		return nil, refuse("this label asks for nothing", "labels that do are move/<state> and close/<outcome>")
	}
	if !errors.As(err, new(*Refused)) {
		return out, err
	}
	// Another process may have followed it, and merged that, since the case was read.
	now, fresh := d.onMain(c.ID)
	if fresh == nil && now.Revision > c.Revision && (followed(now, kind, name, person.Login, seen, at) || ledTo(now, kind, name, person.Login, at)) {
		return &Proposed{ID: c.ID, Merged: true, State: now.State}, nil
	}
	return out, err
}

func notOfTeam(c *one, login string) error {
	return &Refused{What: "the label was not followed", Verdict: psirt.Failed(fmt.Sprintf("%s is not of the team of %s", plainLogin(login), c.Program),
		"somebody of the team must ask; cases/"+c.Program+"/program.yaml on main says who is")}
}

// apart is how much GitHub's clock and ours may differ.
const apart = time.Minute

// followed reports whether a case's newest revision is what a person's label
// asked for, on top of what they saw or after they asked: a process was killed
// before it could take the label off.
func followed(c *one, kind, name, login string, seen psirt.Digest, at time.Time) bool {
	last := c.Log[len(c.Log)-1]
	if last.Revision != c.Revision || last.RequestedBy != login {
		return false
	}
	if c.Previous != seen && (at.IsZero() || at.After(last.At.Add(apart))) {
		return false
	}
	return kind == "move" && last.To == name || kind == "close" && string(c.Outcome) == name
}

// ledTo reports whether a label has led to an older revision: its event comes
// late, or to one of several daemons after another has followed it.
func ledTo(c *one, kind, name, login string, at time.Time) bool {
	if kind == "close" {
		name = closedState(c.setting)
	}
	return !at.IsZero() && slices.ContainsFunc(c.Log, func(e psirt.Entry) bool {
		return e.RequestedBy == login && e.To == name && !e.At.Before(at)
	})
}

// answerTo is what the bot says on the tracking issue; empty when the step
// failed for no fault of the person who asked.
func (d *Desk) answerTo(c *one, label string, out *Proposed, err error) string {
	var refused *Refused
	var problem *Problem
	switch {
	case err == nil:
		return fmt.Sprintf("Pull request #%d proposes it.", out.Number)
	case errors.As(err, &refused):
		v := refused.Verdict.Public()
		var b strings.Builder
		fmt.Fprintf(&b, "`%s` was not followed:\n\n", plainLabel(label))
		for _, reason := range v.Reasons() {
			b.WriteString("- " + reason + "\n")
		}
		b.WriteString("\n<details><summary>All that was asked</summary>\n\n```\n" + v.Text() + "```\n\n</details>\n")
		return b.String()
	case errors.As(err, &problem) && problem.Err == nil:
		return fmt.Sprintf("`%s` was not followed: %s.\n", plainLabel(label), strings.TrimSuffix(problem.Text+"; "+problem.Do, "; "))
	}
	return ""
}

// askMarker is by what an answer to somebody's label is known again.
func askMarker(label, login string) string {
	sum := sha256.Sum256([]byte(login + " " + label))
	return "asked:" + hex.EncodeToString(sum[:12])
}

// plainLogin and plainLabel make what somebody chose harmless in Markdown.
func plainLogin(s string) string { return "`" + plain(s, "-_[]") + "`" }
func plainLabel(s string) string { return plain(s, "-_/.") }

func plain(s, more string) string {
	s = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune(more, r) {
			return r
		}
		return -1
	}, s)
	return s[:min(len(s), 60)]
}
