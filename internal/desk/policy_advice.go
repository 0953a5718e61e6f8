package desk

import (
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/mail/extract"
	"github.com/docket-psirt/docket/internal/psirt"
	"github.com/docket-psirt/docket/schema"
)

// wholeFile is the path of a fault of a file as a whole.
const wholeFile = "(document)"

// advice says what to do about faults whose text begins so. The first that fits
// counts.
var advice = []struct{ text, do string }{
	{"the file is empty", "docket policy new writes a valid programme from the answers to a dozen questions"},
	{"at most ", "a programme is a few hundred lines: what is long belongs into templates or into cases"},
	{"expected no field", "take it out, or correct its name"},
	{"expected ", "write what is expected; docket policy schema describes every field"},
	{"no transition leads to", "add a transition to it, or take the state out"},
	{"no transition leaves", "add a transition from it, or give it the phase closed"},
	{"there is no fact", "declare it under facts, or correct the name"},
	{"there is no state", "declare it under states, or correct the name"},
	{"there is no clock", "declare it under clocks, or correct the name"},
	{"there is no calendar", "declare it under calendars, or correct the name"},
	{"there is no role", "declare it under roles, or correct the name"},
	{"there is no team", "declare it under teams, or correct the name"},
	{"there is nobody with the handle", "name one of the people, or add them (docket init --team, docket keys add)"},
	{"there is no such time zone", "name the zone by a city in it, such as Europe/Berlin"},
	{"the clock reads the report", "let it read nothing that is sealed, or leave out what the bot is to do"},
}

// adviceOn says what to do about a fault whose text does not say so itself. Where
// a name is nearly one that there is, it asks whether that was meant.
func adviceOn(f psirt.Fault, p *psirt.Program) string {
	do := ""
	for _, a := range advice {
		if strings.HasPrefix(f.Text, a.text) {
			do = a.do
			break
		}
	}
	if do == "" && f.Path == wholeFile {
		do = "docket policy new writes a valid programme to compare it with"
	}
	if do != "" {
		if name, ok := meant(f, p); ok {
			do += "; did you mean " + name + "?"
		}
	}
	return do
}

// meant finds the name that a fault's name is nearly.
func meant(f psirt.Fault, p *psirt.Program) (string, bool) {
	if _, list, ok := strings.Cut(f.Text, "the fields here are "); ok {
		return nearest(f.Path[strings.LastIndex(f.Path, ".")+1:], strings.Split(list, ", "))
	}
	rest, ok := strings.CutPrefix(f.Text, "there is no ")
	what, name, named := strings.Cut(rest, " ")
	if !ok || !named || p == nil {
		return "", false
	}
	name, _, _ = strings.Cut(strings.TrimPrefix(name, "not "), ":")
	switch what {
	case "fact":
		return nearest(name, slices.Sorted(maps.Keys(p.Facts)))
	case "state":
		var states []string
		for _, s := range p.States {
			states = append(states, s.Name)
		}
		return nearest(name, states)
	case "clock":
		var clocks []string
		for _, c := range p.Clocks {
			clocks = append(clocks, c.Name)
		}
		return nearest(name, clocks)
	case "role":
		return nearest(name, append(slices.Sorted(maps.Keys(p.Roles)), psirt.RoleTeam, psirt.RoleLead, psirt.RoleAuditor))
	case "team":
		return nearest(name, slices.Sorted(maps.Keys(p.Teams)))
	case "calendar":
		return nearest(name, slices.Sorted(maps.Keys(p.Calendars)))
	}
	return "", false
}

// nearest is the first name of a list that is at most a third of a name's
// letters away from it, and nearer than the others.
func nearest(name string, list []string) (best string, ok bool) {
	least := max(1, len(name)/3) + 1
	if len(name) > 64 {
		return "", false
	}
	for _, other := range list {
		if len(other) > 64 {
			continue
		}
		if d := distance(name, other); d < least {
			best, least = other, d
		}
	}
	return best, best != "" && best != name
}

// distance is how many letters are to be put in, taken out, changed or swapped
// with the next to make one name of another.
func distance(a, b string) int {
	before, row := []int(nil), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next := make([]int, len(b)+1)
		next[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			next[j] = min(row[j]+1, next[j-1]+1, row[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}

// unfit is what is wrong with a file that keys and people cannot be added to:
// it is no YAML that is allowed, or not written as keys that begin lines.
func unfit(name string, text []byte) []PolicyFault {
	r := casefile.ReviewProgram(text)
	if r.Program == nil {
		var out []PolicyFault
		for _, f := range r.Faults {
			out = append(out, PolicyFault{File: name, Line: r.Line(f.Path), Path: f.Path, Text: f.Text, Do: adviceOn(f, nil)})
		}
		return out
	}
	full, _ := withPlaceholders(text)
	if casefile.ReviewProgram(full).Program != nil {
		return nil
	}
	f := psirt.Fault{Path: wholeFile, Text: "expected a file of keys that begin lines, as in \"docket: 1\", each with its value"}
	return []PolicyFault{{File: name, Line: 1, Path: f.Path, Text: f.Text, Do: adviceOn(f, nil)}}
}

// words finds headings that lead to where nothing of a mail is ever put.
func (c *policyCheck) words() {
	for _, path := range slices.Sorted(maps.Keys(c.p.Report.Words)) {
		if !extract.Fills(path) {
			c.add("report.words."+path, "no part of a mail is read into "+path, "name one of "+strings.Join(extract.Fillable(), ", ")+", or a path of your own below extra")
		}
	}
}

// templateFields are what every template may name; Texts has words of the
// programme's own besides.
var templateFields = []string{"ID", "Program", "State", "Outcome", "Opened", "Address", "Fingerprint", "Language", "Texts"}

var (
	templatePlace = form(`^template: :(\d+):(?:\d+:)? ?`)
	templateKey   = form(`map has no entry for key "([^"]*)"`)
	templateField = form(`can't evaluate field (\w+) in type`)
)

// unrendered is the fault of a template: on its own line where it is the
// programme's own, and in words that name what a template may say.
func (c *policyCheck) unrendered(u kindUse, file string, err error) {
	f := PolicyFault{File: file, Path: u.path, Do: "correct it: a line \"Subject: …\", an empty line, the text; docket policy text prints a built-in one to begin with"}
	text := err.Error()
	if m := templatePlace().FindStringSubmatch(text); m != nil {
		f.Line, _ = strconv.Atoi(m[1])
		text = text[len(m[0]):]
	}
	if m := templateKey().FindStringSubmatch(text); m != nil {
		text = "there is no {{.Texts." + m[1] + "}}"
		f.Do = fmt.Sprintf("declare %s under texts, or correct the name; texts has: %s", m[1], orNone(sortedKeys(c.p.Texts)))
	} else if m := templateField().FindStringSubmatch(text); m != nil {
		text = "there is no {{." + m[1] + "}}"
		fields := templateFields
		if u.kind == psirt.KindAsk {
			fields = append(slices.Clone(fields), "Name", "Questions")
		}
		f.Do = "a template may name ." + strings.Join(fields, ", .") + " (.Texts.NAME for words of your own)"
	}
	f.Text = fmt.Sprintf("the template %s cannot be rendered: %s", u.kind, text)
	if file == "" {
		f.File, f.Line = c.out.File, c.r.Line(u.path)
	}
	c.out.Faults = append(c.out.Faults, f)
}

// writeText says what to do about a text that is not there.
func writeText(kind string, builtIn []string) string {
	if name, ok := nearest(kind, builtIn); ok {
		return "write that file, or correct the name; did you mean " + name + "?"
	}
	return "write that file, or name a built-in one: " + strings.Join(builtIn, ", ")
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "nothing"
	}
	return strings.Join(list, ", ")
}

// PolicyText is the built-in template of a kind of update, as templates of a
// programme's own are written; without a kind it lists those that there are.
func PolicyText(kind string) (string, error) {
	texts := defaults()
	if kind == "" {
		return strings.Join(sortedKeys(texts), "\n") + "\n", nil
	}
	text, ok := texts[kind]
	if !ok {
		do := "there are " + strings.Join(sortedKeys(texts), ", ")
		if name, near := nearest(kind, sortedKeys(texts)); near {
			do = "did you mean " + name + "? docket policy text lists them"
		}
		return "", usage(fmt.Sprintf("no text %q is built in", filepath.Base(kind)), do)
	}
	return text, nil
}

// PolicySchema is the JSON Schema of program.yaml.
func PolicySchema() ([]byte, error) { return fs.ReadFile(schema.Files(), "program.schema.json") }
