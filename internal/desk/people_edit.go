package desk

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/docket-psirt/docket/internal/casefile"
	"github.com/docket-psirt/docket/internal/psirt"
)

// A program.yaml belongs to people: its comments and its layout stay when a
// command changes who is in it. These edits work on lines, as a person would,
// and are taken only when the file then says exactly what was meant, by the
// parser that everything else reads it with.

// policyLines is a program.yaml, line by line.
type policyLines struct {
	lines []string // without line feeds
}

func newPolicyLines(text string) *policyLines { return &policyLines{strings.Split(text, "\n")} }

func (p *policyLines) text() string { return strings.Join(p.lines, "\n") }

// codeOf splits a line before its comment: "#" at its beginning or after white
// space, outside of quotes.
func codeOf(line string) (code, comment string) {
	var quote byte
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			} else if c == '\\' && quote == '"' {
				i++
			}
		case (c == '"' || c == '\'') && (i == 0 || strings.IndexByte(" \t[{,:", line[i-1]) >= 0):
			quote = c
		case c == '#' && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t'):
			return line[:i], line[i:]
		}
	}
	return line, ""
}

func blank(line string) bool {
	code, _ := codeOf(line)
	return strings.TrimSpace(code) == ""
}

var topKey = form(`^[A-Za-z_"'][^:]*:(\s|$)`)

// section gives the lines below a key at the top: from its own to before the
// next one's.
func (p *policyLines) section(name string) (from, to int, ok bool) {
	from = slices.IndexFunc(p.lines, func(l string) bool {
		code, _ := codeOf(l)
		return strings.TrimRight(code, " \t\r") == name+":"
	})
	if from < 0 {
		return 0, 0, false
	}
	to = from + 1
	for to < len(p.lines) && !topKey().MatchString(p.lines[to]) {
		to++
	}
	return from, to, true
}

// item is an entry of a list: its lines, without what is blank behind it.
type item struct{ from, to int }

// items gives the entries of the list that is a section.
func (p *policyLines) items(name string) (out []item, indent string) {
	from, to, ok := p.section(name)
	if !ok {
		return nil, ""
	}
	dash := -1
	for i := from + 1; i < to; i++ {
		line := strings.TrimRight(p.lines[i], "\r")
		at := len(line) - len(strings.TrimLeft(line, " "))
		begins := strings.HasPrefix(line[at:], "- ") || line[at:] == "-"
		if begins && (dash < 0 || at == dash) {
			dash, indent = at, line[:at]
			out = append(out, item{i, i + 1})
		} else if len(out) > 0 && !blank(line) {
			out[len(out)-1].to = i + 1
		}
	}
	return out, indent
}

var handleIn = form(`(?:^|[\s{,-])handle:\s*["']?([A-Za-z0-9._-]+)["']?\s*(?:[,}\r]|$)`)

// person finds the entry of a person.
func (p *policyLines) person(handle string) (item, bool) {
	list, _ := p.items("people")
	for _, it := range list {
		for _, line := range p.lines[it.from:it.to] {
			code, _ := codeOf(line)
			if m := handleIn().FindStringSubmatch(code); m != nil && m[1] == handle {
				return it, true
			}
		}
	}
	return item{}, false
}

// add appends an entry to the people.
func (p *policyLines) add(x psirt.Person) bool {
	list, indent := p.items("people")
	if len(list) == 0 {
		return false
	}
	at := list[len(list)-1].to
	row := indent + "- " + personRow(x)
	if strings.HasSuffix(p.lines[at-1], "\r") {
		row += "\r"
	}
	p.lines = slices.Insert(p.lines, at, row)
	return true
}

var plainWord = form(`^[A-Za-z][A-Za-z0-9._@+-]*$`)

// personRow is a person as a flow mapping on one line.
func personRow(x psirt.Person) string {
	word := func(s string) string {
		if plainWord().MatchString(s) && !psirt.ReservedWord(s) {
			return s
		}
		return strconv.Quote(s)
	}
	return fmt.Sprintf("{handle: %s, login: %s, key: %s, mail: %s, roles: [%s]}", x.Handle, word(x.Login), x.Key, word(x.Mail), strings.Join(x.Roles, ", "))
}

// remove takes a person's entry out.
func (p *policyLines) remove(handle string) bool {
	it, ok := p.person(handle)
	if ok {
		p.lines = slices.Delete(p.lines, it.from, it.to)
	}
	return ok
}

var peopleList = form(`people:\s*\[[^\]]*\]`)

// leave takes a person out of the lists of the teams.
func (p *policyLines) leave(handle string) {
	from, to, ok := p.section("teams")
	if !ok {
		return
	}
	for i := to - 1; i > from; i-- {
		code, comment := codeOf(p.lines[i])
		entry := strings.Trim(strings.TrimPrefix(strings.TrimSpace(code), "- "), `"' `)
		if strings.HasPrefix(strings.TrimSpace(code), "- ") && entry == handle {
			p.lines = slices.Delete(p.lines, i, i+1)
			continue
		}
		p.lines[i] = peopleList().ReplaceAllStringFunc(code, func(list string) string {
			head, names, _ := strings.Cut(strings.TrimSuffix(list, "]"), "[")
			var kept []string
			for _, n := range strings.Split(names, ",") {
				if n = strings.TrimSpace(n); n != "" && strings.Trim(n, `"'`) != handle {
					kept = append(kept, n)
				}
			}
			return head + "[" + strings.Join(kept, ", ") + "]"
		}) + comment
	}
}

// swap puts another fingerprint in the place of one, which stands once outside
// of comments.
func (p *policyLines) swap(old, now psirt.Fingerprint) bool {
	n := 0
	for i, line := range p.lines {
		code, comment := codeOf(line)
		if c := strings.Count(code, string(old)); c > 0 {
			n += c
			p.lines[i] = strings.ReplaceAll(code, string(old), string(now)) + comment
		}
	}
	return n == 1
}

// editPeople edits the text of a program.yaml and holds that it then says what
// meant makes of the programme, and nothing else.
func editPeople(path string, raw []byte, edit func(*policyLines) bool, meant func(*psirt.Program)) ([]byte, *psirt.Program, error) {
	want, err := casefile.ParseProgram(raw)
	if err != nil {
		return nil, nil, err
	}
	meant(want)
	if faults := want.Check(); len(faults) > 0 {
		var of []psirt.Verdict
		for _, f := range faults {
			of = append(of, psirt.Failed(f.Path+": "+f.Text, f.Do))
		}
		return nil, nil, &Refused{What: "nothing was changed", Verdict: psirt.All(path, of...)}
	}
	lines := newPolicyLines(string(raw))
	byHand := &Problem{Text: path + " is laid out in a way that this command does not edit", Do: "change it yourself with docket policy edit; its comments stay yours"}
	if !edit(lines) {
		return nil, nil, byHand
	}
	text := []byte(lines.text())
	got, err := casefile.ParseProgram(text)
	if err != nil || !reflect.DeepEqual(got, want) {
		byHand.Err = err
		return nil, nil, byHand
	}
	return text, got, nil
}
