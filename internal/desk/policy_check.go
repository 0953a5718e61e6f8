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
		return &PolicyChecked{File: name, Faults: []PolicyFault{tooLarge(name)}}, nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return checkPolicyText(name, text)
}

// wholeFile is the path of a fault of a file as a whole.
const wholeFile = "(document)"

func tooLarge(name string) PolicyFault {
	return PolicyFault{File: name, Path: wholeFile, Text: fmt.Sprintf("at most %d bytes are allowed", maxProgramFile),
		Do: casefile.LongProgram}
}

// unfit is what is wrong with a file that keys and people cannot be added to:
// it is no YAML that is allowed, or not written as keys that begin lines.
func unfit(name string, text []byte) []PolicyFault {
	if r := casefile.Unreadable(text); r != nil {
		out := &PolicyChecked{File: name}
		for _, f := range r.Faults {
			out.add(r, f.Path, f.Text, f.Do)
		}
		return out.Faults
	}
	full, _ := withPlaceholders(text)
	if casefile.Unreadable(full) == nil {
		return nil
	}
	return []PolicyFault{{File: name, Line: 1, Path: wholeFile, Text: "expected a file of keys that begin lines, as in \"docket: 1\", each with its value",
		Do: "docket policy new writes a valid programme to compare it with"}}
}

func checkPolicyText(name string, text []byte) (*PolicyChecked, error) {
	out := &PolicyChecked{File: name, Faults: []PolicyFault{}}
	if faults := unfit(name, text); faults != nil {
		out.Faults = faults
		return out, nil
	}
	full, draft := withPlaceholders(text)
	out.Draft = draft
	r := casefile.ReviewProgram(full)
	sound := true // facts that a review can go through
	for _, f := range r.Faults {
		out.add(r, f.Path, f.Text, f.Do)
		sound = sound && (f.Meant != "" || !strings.HasPrefix(f.Path, "facts"))
	}
	out.States, out.Moves, out.Clocks = len(r.Program.States), len(r.Program.Transitions), len(r.Program.Clocks)
	c := &policyCheck{p: r.Program, r: r, out: out}
	c.words()
	dir := filepath.Join(filepath.Dir(name), "templates")
	if err := errors.Join(c.templates(dir), c.languages(dir)); err != nil {
		return nil, err
	}
	if sound {
		for _, f := range r.Program.Review(psirt.Around{Path: reportPath}) {
			if !c.told(f.Path) { // said once
				c.add(f.Path, f.Text, f.Do)
			}
		}
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
	use(footerPath, psirt.KindFooter, c.p.Initial().Name, "")
	return out
}

// What uses the template of drafts (docket ask), and the one that own words end
// with: every programme, in these places.
const (
	draftPath  = "report.asked"
	footerPath = "messages"
)

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
		text, file := string(raw), name
		if err != nil && u.path == footerPath {
			continue // own words go out as they are
		}
		if err != nil {
			var ok bool
			file = ""
			if text, ok = builtIn[u.kind]; !ok {
				c.missing(u, name, sortedKeys(builtIn))
				continue
			}
		}
		if err := c.renders(u, text); err != nil {
			c.unrendered(u, file, err)
		}
	}
	return nil
}

// renders tries a text on a case of no content.
func (c *policyCheck) renders(u kindUse, text string) error {
	sample := c.p.TextData(&psirt.Case{ID: psirt.NewCaseID(c.p.Prefix, 2026, 1), Program: c.p.Program, State: u.state, Outcome: u.outcome, Opened: time.Unix(0, 0)})
	switch u.path {
	case footerPath:
		_, err := psirt.RenderFooter(text, sample)
		return err
	case draftPath:
		_, _, err := psirt.RenderQuestion(text, psirt.QuestionData{TextData: sample})
		if err == nil {
			_, _, err = psirt.RenderQuestion(text, psirt.QuestionData{TextData: sample, Name: "Name", Questions: "1. Question?\n"})
		}
		return err
	}
	_, _, err := psirt.Render(text, sample)
	return err
}

func sortedKeys(m map[string]string) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
