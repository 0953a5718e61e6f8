package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"sort"
	"strings"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/psirt"
)

// Diff is what a proposal changes, open for whoever holds a key.
type Diff struct {
	Pull  Pull       `json:"pull"`
	Steps []StepDiff `json:"revisions"`
	Files []string   `json:"files,omitempty"` // that a change of a programme touches
	// Changes are what it does to each of them.
	Changes []FileDiff `json:"changes,omitempty"`
	// Verdict is that of the check, with sealed guards judged by the key.
	Verdict psirt.Verdict `json:"verdict"`
}

// StepDiff is what one revision changes.
type StepDiff struct {
	Revision int       `json:"revision"`
	By       string    `json:"by"`
	Envelope []Changed `json:"envelope"`
	Report   []Changed `json:"report"`
	Contact  []Changed `json:"contact"`
	Updates  []Sending `json:"updates"`
	Sealed   string    `json:"sealed,omitempty"` // why the sealed parts were not opened
}

// Changed is one path with its value before and after, as JSON; "" is absent.
type Changed struct {
	Path   string `json:"path"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// Sending is an update as the reporter will read it.
type Sending struct {
	N       int    `json:"n"`
	Kind    string `json:"kind"`
	Own     bool   `json:"own_words"`
	To      string `json:"to,omitempty"`
	Subject string `json:"subject,omitempty"`
	Text    string `json:"text,omitempty"`
}

// Diff opens what a proposal changes.
func (d *Desk) Diff(ctx context.Context, number int, id psirt.CaseID) (*Diff, error) {
	p, g, s, err := d.stillOpen(ctx, number, id)
	if err != nil {
		return nil, err
	}
	out := &Diff{Pull: *p, Verdict: g.Verdict, Steps: []StepDiff{}}
	if g.Kind == audit.KindProgram {
		out.Files = g.Paths()
		if out.Changes, err = d.fileDiffs(g, g.Head); err != nil {
			return nil, err
		}
	}
	for _, step := range g.Steps {
		sd, err := d.stepDiff(step, s)
		if err != nil {
			return nil, err
		}
		out.Steps = append(out.Steps, *sd)
	}
	clear := g.Verdict
	clear.What = "what stands in clear is as the programme asks"
	if who, err := d.me(s); err == nil && len(g.Resealed) > 0 {
		out.Verdict = psirt.All(g.Verdict.What, clear, d.judgeResealed(g, s, withKey(who)))
	} else if err == nil && len(g.Steps) > 0 {
		v, err := d.judgeSealed(g, s, who)
		if err != nil {
			return nil, err
		}
		out.Verdict = psirt.All(g.Verdict.What, clear, v)
	}
	return out, nil
}

func (d *Desk) stepDiff(step audit.Step, s *audit.Setting) (*StepDiff, error) {
	at, err := d.repo.At(step.Commit.Hash)
	if err != nil {
		return nil, err
	}
	now := &one{Case: step.Case, file: step.File, at: at, commit: step.Commit.Hash, setting: s}
	out := &StepDiff{Revision: step.Case.Revision, By: s.Name(step.Case.By), Envelope: []Changed{}, Report: []Changed{}, Contact: []Changed{}, Updates: []Sending{}}
	before := &psirt.Case{}
	if step.Before != nil {
		before = step.Before
	}
	out.Envelope = compare("", plainEnvelope(before), plainEnvelope(step.Case), nil)
	with, err := d.readers(s)
	if err != nil {
		return nil, err
	}
	if len(with) == 0 {
		out.Sealed = "no key at hand opens the case: name the directory of your key with --keys DIR (DOCKET_KEYS)"
	} else if open, err := d.open(now, with); err != nil {
		out.Sealed = err.Error()
	} else {
		was := &contents{report: psirt.Document{}}
		if step.Before != nil {
			if was, err = d.open(&one{Case: step.Before, at: at, setting: s}, with); err != nil {
				return nil, err
			}
		}
		out.Report = compare("", map[string]any(was.report), map[string]any(open.report), nil)
		out.Contact = compare("", asMap(was.contact), asMap(open.contact), nil)
	}
	for _, u := range step.Updates {
		out.Updates = append(out.Updates, d.sending(now, u))
	}
	return out, nil
}

// plainEnvelope is what a person reads of an envelope.
func plainEnvelope(c *psirt.Case) map[string]any {
	m := map[string]any{}
	if c.Revision > 0 {
		m["state"], m["revision"], m["mails"], m["updates"] = c.State, c.Revision, len(c.Mails), len(c.Updates)
	}
	if c.Outcome != "" {
		m["outcome"] = string(c.Outcome)
	}
	if len(c.Facts) > 0 {
		m["facts"] = strings.Join(c.Facts, ", ")
	}
	if len(c.Handlers) > 0 {
		m["handlers"] = fmt.Sprint(c.Handlers)
	}
	return m
}

func asMap(v any) map[string]any {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	var m map[string]any
	_ = json.Unmarshal(raw, &m)
	return m
}

// sending renders an update as far as a key opens it.
func (d *Desk) sending(c *one, u psirt.Update) Sending {
	out := Sending{N: u.N, Kind: u.Kind, Own: u.Sealed != ""}
	if !out.Own {
		if subject, text, err := approvedText(c, u); err == nil {
			out.Subject, out.Text = subject, text
		}
		return out
	}
	with, err := d.readers(c.setting)
	if err != nil || len(with) == 0 {
		return out
	}
	if words, err := d.ownWords(c, u, with); err == nil {
		out.To, out.Subject, out.Text = words.Outer.To, words.Subject, words.Text
	}
	return out
}

// compare lists the paths at which two JSON values differ.
func compare(path string, a, b any, out []Changed) []Changed {
	if reflect.DeepEqual(a, b) {
		if out == nil {
			return []Changed{}
		}
		return out
	}
	am, aok := a.(map[string]any)
	bm, bok := b.(map[string]any)
	if !aok && !bok || (a != nil && !aok) || (b != nil && !bok) {
		return append(out, Changed{Path: path, Before: oneLine(a), After: oneLine(b)})
	}
	keys := map[string]bool{}
	for k := range am {
		keys[k] = true
	}
	for k := range bm {
		keys[k] = true
	}
	var names []string
	for k := range keys {
		names = append(names, k)
	}
	sort.Strings(names)
	for _, k := range names {
		out = compare(strings.TrimPrefix(path+"."+k, "."), am[k], bm[k], out)
	}
	return out
}

func oneLine(v any) string {
	if v == nil {
		return ""
	}
	if s, ok := v.(string); ok {
		return s
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(raw)
}
