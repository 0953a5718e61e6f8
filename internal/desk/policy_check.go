package desk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/psirt"
)

// PolicyFault is one thing wrong with a programme's file.
type PolicyFault struct {
	File string `json:"file"`
	Line int    `json:"line,omitempty"` // from 1
	Path string `json:"path"`           // as in transitions[3].guards[0]
	Text string `json:"text"`           // what is wrong, or what was expected
	Do   string `json:"do,omitempty"`
}

// String is one line, as compilers write them.
func (f PolicyFault) String() string {
	where := f.File
	if f.Line > 0 {
		where += fmt.Sprintf(":%d", f.Line)
	}
	return where + ": " + f.Path + ": " + f.Text
}

// PolicyChecked is what was found in one file.
type PolicyChecked struct {
	File   string        `json:"file"`
	Faults []PolicyFault `json:"faults"`
	Notes  []string      `json:"notes,omitempty"` // no faults, but worth knowing
	States int           `json:"states"`
	Moves  int           `json:"moves"`
	Clocks int           `json:"clocks"`
	Draft  bool          `json:"draft"` // it has no keys and people yet: docket init adds them
}

// CheckPolicy finds everything wrong with a program.yaml at once: what the
// schema says, names that refer to nothing, states that cannot be reached or
// left, guards that nobody can meet, templates that are missing or cannot be
// rendered, and texts that are not in the programme's language. Templates of the
// programme's own stand in templates/ beside the file.
// A file without keys and people is judged as docket init would complete it.
func CheckPolicy(name string) (*PolicyChecked, error) {
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, usage("there is no file "+name, "name the path of a program.yaml")
	}
	if err != nil {
		return nil, err
	}
	if info.Size() > maxProgramFile {
		return &PolicyChecked{File: name, Faults: []PolicyFault{{File: name, Path: "(document)", Text: fmt.Sprintf("at most %d bytes are allowed", maxProgramFile)}}}, nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return checkPolicyText(name, text)
}

func checkPolicyText(name string, text []byte) (*PolicyChecked, error) {
	out := &PolicyChecked{File: name, Faults: []PolicyFault{}}
	full, draft := withPlaceholders(text)
	out.Draft = draft
	r := casefile.ReviewProgram(full)
	sound := true // facts that a review can go through
	for _, f := range r.Faults {
		out.add(r, f.Path, f.Text, adviceOn(f))
		sound = sound && !strings.HasPrefix(f.Path, "facts")
	}
	if r.Program == nil {
		return out, nil
	}
	p := r.Program
	out.States, out.Moves, out.Clocks = len(p.States), len(p.Transitions), len(p.Clocks)
	c := &policyCheck{p: p, r: r, out: out}
	if sound {
		for _, f := range p.Review(psirt.Around{Path: reportPath}) {
			if !c.told(f.Path) { // said once
				c.add(f.Path, f.Text, f.Do)
			}
		}
	}
	dir := filepath.Join(filepath.Dir(name), "templates")
	if err := errors.Join(c.templates(dir), c.languages(dir)); err != nil {
		return nil, err
	}
	slices.SortStableFunc(out.Faults, func(a, b PolicyFault) int {
		if a.File != b.File { // templates after the file itself
			return strings.Compare(strings.TrimPrefix(a.File, name), strings.TrimPrefix(b.File, name))
		}
		return a.Line - b.Line
	})
	return out, nil
}

func (o *PolicyChecked) add(r *casefile.Reviewed, path, text, do string) {
	o.Faults = append(o.Faults, PolicyFault{File: o.File, Line: r.Line(path), Path: path, Text: text, Do: do})
}

// adviceOn says what to do about a fault whose text does not say so itself.
func adviceOn(f psirt.Fault) string {
	switch {
	case f.Path == "(document)":
		return "compare it with a shipped programme: cases/*/program.yaml"
	case strings.HasPrefix(f.Text, "expected no field"):
		return "take it out, or correct its name"
	case strings.HasPrefix(f.Text, "expected "):
		return "write what is expected; schema/program.schema.json describes every field"
	case strings.HasPrefix(f.Text, "no transition leads to"):
		return "add a transition to it, or take the state out"
	case strings.HasPrefix(f.Text, "no transition leaves"):
		return "add a transition from it, or give it the phase closed"
	case strings.HasPrefix(f.Text, "there is no fact"):
		return "declare it under facts, or correct the name"
	case strings.HasPrefix(f.Text, "there is no state"):
		return "declare it under states, or correct the name"
	}
	return ""
}

// policyCheck finds what needs more than the file: templates.
type policyCheck struct {
	p   *psirt.Program
	r   *casefile.Reviewed
	out *PolicyChecked
}

func (c *policyCheck) add(path, text, do string) { c.out.add(c.r, path, text, do) }

// told reports whether a fault of a place, or of one below it, is known already.
func (c *policyCheck) told(path string) bool {
	return slices.ContainsFunc(c.out.Faults, func(f PolicyFault) bool {
		rest, ok := strings.CutPrefix(f.Path, path)
		return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

// kinds lists the updates that the programme can send, each with the first
// place that names it and the state that its text is about.
func (c *policyCheck) kinds() []kindUse {
	var out []kindUse
	use := func(path, kind, state string, outcome psirt.Outcome) {
		if kind == "" || kind == psirt.Silent || slices.ContainsFunc(out, func(u kindUse) bool { return u.kind == kind }) {
			return
		}
		out = append(out, kindUse{path, kind, state, outcome})
	}
	use("intake.update", c.p.Intake.Update, c.p.Initial().Name, "")
	use("intake.note", c.p.Intake.Note, c.p.Initial().Name, "")
	if x := c.p.Intake.Terminated; x != nil {
		use("intake.terminated.update", x.Update, c.p.Initial().Name, "")
	}
	for i, t := range c.p.Transitions {
		var outcome psirt.Outcome
		if len(t.Outcomes) > 0 {
			outcome = t.Outcomes[0]
		}
		if t.Words == "required" {
			continue
		}
		use(fmt.Sprintf("transitions[%d].update", i), t.Update, t.To, outcome)
		for j, kind := range t.Updates {
			use(fmt.Sprintf("transitions[%d].updates[%d]", i, j), kind, t.To, outcome)
		}
	}
	for i, clock := range c.p.Clocks {
		use(fmt.Sprintf("clocks[%d].remind", i), clock.Remind, c.p.Initial().Name, "")
	}
	for i, standing := range c.p.Standing {
		use(fmt.Sprintf("standing[%d].kind", i), standing.Kind, c.p.Initial().Name, "")
	}
	use(draftPath, psirt.KindAsk, c.p.Initial().Name, "")
	return out
}

// draftPath stands for what uses the template of drafts: docket ask, in every
// programme.
const draftPath = "report.asked"

type kindUse struct {
	path, kind, state string
	outcome           psirt.Outcome
}

// templates holds that each text is there and can be rendered for a case.
func (c *policyCheck) templates(dir string) error {
	builtIn := defaults()
	for _, u := range c.kinds() {
		if !psirt.ValidName(u.kind) {
			continue // the schema says so
		}
		name := filepath.Join(dir, u.kind+".txt")
		raw, err := readTemplate(name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		text := string(raw)
		if err != nil {
			var ok bool
			if text, ok = builtIn[u.kind]; !ok {
				c.add(u.path, fmt.Sprintf("there is no template %s: none is built in, and %s is not there", u.kind, name),
					"write that file, or name a built-in one: "+strings.Join(sortedKeys(builtIn), ", "))
				continue
			}
		}
		if err := c.renders(u, text); err != nil {
			c.add(u.path, fmt.Sprintf("the template %s cannot be rendered: %v", u.kind, err),
				"correct it: a line \"Subject: …\", an empty line, the text; words of your own stand under texts")
		}
	}
	return nil
}

// renders tries a text on a case of no content.
func (c *policyCheck) renders(u kindUse, text string) error {
	sample := c.p.TextData(&psirt.Case{ID: psirt.NewCaseID(c.p.Prefix, 2026, 1), Program: c.p.Program, State: u.state, Outcome: u.outcome, Opened: time.Unix(0, 0)})
	if u.path != draftPath {
		_, _, err := psirt.Render(text, sample)
		return err
	}
	for _, q := range []psirt.QuestionData{{TextData: sample}, {TextData: sample, Name: "Name", Questions: "1. Question?\n"}} {
		if _, _, err := psirt.RenderQuestion(text, q); err != nil {
			return err
		}
	}
	return nil
}

func sortedKeys(m map[string]string) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
