package schema_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/template"
	"text/template/parse"
	"unicode"
	"unicode/utf8"

	"github.com/docket-psirt/docket/internal/psirt"
)

const builtin = "../internal/desk/templates"

// wanted lists the templates that a programme uses, and the question that
// anybody may ask.
func wanted(p *psirt.Program) []string {
	kinds := append(p.StandardTexts(), "ask")
	for _, t := range p.Transitions {
		if t.Update != psirt.Silent {
			kinds = append(kinds, t.Kinds()...)
		}
	}
	slices.Sort(kinds)
	return slices.Compact(kinds)
}

func templates(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(filepath.Base(f), ".txt")
	}
	return files
}

func TestEveryKindOfUpdateHasItsTemplate(t *testing.T) {
	t.Parallel()
	for _, name := range programmes(t) {
		need := wanted(program(t, name))
		own := templates(t, "../cases/"+name+"/templates")
		have := append(templates(t, builtin), own...)
		for _, kind := range need {
			if !slices.Contains(have, kind) {
				t.Errorf("%s: there is no template %s", name, kind)
			}
		}
		for _, kind := range own {
			if !slices.Contains(need, kind) && kind != psirt.KindFooter {
				t.Errorf("cases/%s/templates/%s.txt: no transition uses it", name, kind)
			}
		}
	}
}

// allowed are the variables of a template. None is of the report: standard
// texts say nothing of what it holds.
var allowed = []string{"ID", "Program", "State", "Outcome", "Opened", "Address", "Fingerprint", "Language", "Texts", "Record"}

func TestTemplatesOfProgrammes(t *testing.T) {
	t.Parallel()
	for _, name := range programmes(t) {
		p := program(t, name)
		for _, kind := range templates(t, "../cases/"+name+"/templates") {
			lint(t, "../cases/"+name+"/templates/"+kind+".txt", p, p.Texts)
		}
	}
}

// The built-in templates serve any programme, so they can rely on no text of
// its own.
func TestBuiltInTemplates(t *testing.T) {
	t.Parallel()
	kinds := templates(t, builtin)
	if len(kinds) == 0 {
		t.Fatal("there are no built-in templates")
	}
	for _, kind := range kinds {
		lint(t, builtin+"/"+kind+".txt", program(t, "ingroupe"), map[string]string{})
	}
	for _, outcome := range psirt.Outcomes {
		if outcome != "spam" && !slices.Contains(kinds, "closed-"+string(outcome)) {
			t.Errorf("no built-in template closes with outcome %s", outcome)
		}
	}
}

func lint(t *testing.T, file string, p *psirt.Program, texts map[string]string) {
	t.Helper()
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	tmpl, err := template.New(filepath.Base(file)).Option("missingkey=error").Parse(string(source))
	if err != nil {
		t.Errorf("%s: %v", file, err)
		return
	}
	draft := strings.HasSuffix(file, "/"+psirt.KindAsk+".txt") // which a person goes over: it may speak of the report
	for _, name := range fields(tmpl.Root) {
		if !slices.Contains(allowed, name) && !(draft && slices.Contains([]string{"Name", "Questions"}, name)) {
			t.Errorf("%s: there is no variable %s", file, name)
		}
		if strings.HasSuffix(file, "note.txt") && slices.Contains([]string{"State", "Outcome", "Opened"}, name) {
			t.Errorf("%s: the note is the same for every mail, so it cannot have %s", file, name)
		}
	}
	var out strings.Builder
	data := map[string]any{
		"ID": psirt.NewCaseID(p.Prefix, 2026, 123456), "Program": p.Name, "State": "Waiting for information",
		"Outcome": "insufficient-information", "Opened": "2026-11-22 09:14:03 UTC", "Address": p.Intake.Addresses[0],
		"Fingerprint": strings.TrimSpace(strings.Repeat("0123 ", 10)), "Language": p.Language, "Texts": texts, "Record": "sha256:0000", // a real one is longer than a line, and cannot be broken
	}
	if draft {
		data["Name"], data["Questions"] = "Mei-Lin Aalto", "1. Which version is it?\n"
	}
	if strings.HasSuffix(file, "/"+psirt.KindFooter+".txt") { // the end of a text, of a case that goes on
		data["Outcome"] = ""
		out.WriteString("Subject: [ID]\n\n")
	}
	if err = tmpl.Execute(&out, data); err != nil {
		t.Errorf("%s: %v", file, err)
		return
	}
	lintText(t, file, out.String())
}

func lintText(t *testing.T, file, text string) {
	t.Helper()
	head, body, ok := strings.Cut(text, "\n\n")
	if !ok || !strings.HasPrefix(head, "Subject: [") || strings.Contains(head, "\n") {
		t.Errorf("%s: begins with a line \"Subject: [ID] …\" and an empty line", file)
	}
	if !strings.HasSuffix(text, "\n") || strings.HasSuffix(text, "\n\n") {
		t.Errorf("%s: ends with one line end", file)
	}
	if strings.Contains(text, "\n\n\n") {
		t.Errorf("%s: has two empty lines in a row", file)
	}
	if !utf8.ValidString(text) || strings.ContainsFunc(body, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) {
		t.Errorf("%s: has characters that do not print", file)
	}
	for i, line := range strings.Split(text, "\n") {
		if n := utf8.RuneCountInString(line); n > 72 {
			t.Errorf("%s:%d: %d columns, at most 72 are read well in mail", file, i+1, n)
		}
		if strings.TrimRight(line, " ") != line {
			t.Errorf("%s:%d: ends with a space", file, i+1)
		}
	}
}

// fields lists the first names of the variables that a template reads.
func fields(list *parse.ListNode) []string {
	var out []string
	for _, node := range list.Nodes {
		action, ok := node.(*parse.ActionNode)
		if !ok {
			continue
		}
		for _, command := range action.Pipe.Cmds {
			for _, arg := range command.Args {
				if field, ok := arg.(*parse.FieldNode); ok {
					out = append(out, field.Ident[0])
				}
			}
		}
	}
	return out
}

// What templates promise is what the clocks hold the team to.
func TestTextsPromiseWhatClocksSay(t *testing.T) {
	t.Parallel()
	for _, name := range programmes(t) {
		p := program(t, name)
		promises := 0
		for text, clock := range map[string]string{
			"first_look": "first-look", "contact": "first-contact", "triage": "triage", "analysis": "analysis", "verify": "verify",
			"silence": "silence", "answer": "reporter-answer", "closing": "reporter-closing", "review": "review",
		} {
			if p.Texts[text] == "" {
				continue
			}
			promises++
			var n int
			var unit string
			if _, err := fmt.Sscanf(p.Texts[text], "%d %s", &n, &unit); err != nil {
				t.Fatalf("%s: texts.%s: %v", name, text, err)
			}
			i := slices.IndexFunc(p.Clocks, func(c psirt.Clock) bool { return c.Name == clock })
			if i < 0 {
				t.Fatalf("%s: there is no clock %s", name, clock)
			}
			if got, want := fmt.Sprintf("%d%s", n, unit[:1]), p.Clocks[i].Within.String(); got != want {
				t.Errorf("%s: texts.%s says %s, clock %s %s", name, text, got, clock, want)
			}
		}
		if promises < 5 {
			t.Errorf("%s: %d texts with a promise; the first look, silence, the reporter's answer and the review are promised everywhere", name, promises)
		}
	}
}
