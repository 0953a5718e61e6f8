package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/docket-psirt/docket/internal/peer"
)

// TestMutations takes each guard, fact, clock, priority rule and template of each
// shipped programme out in turn, and holds that a script which names a line of the
// policy that stands beside it then fails. What no script misses is printed.
//
// It plays hundreds of scripts, so it runs only when asked to:
//
//	DOCKET_MUTATE=1 go test ./cmd/docket -run TestMutations -timeout 4h -v
//	DOCKET_MUTATE='inspur clock' go test …   only mutants whose name matches
func TestMutations(t *testing.T) {
	wanted := os.Getenv("DOCKET_MUTATE")
	if wanted == "" {
		t.Skip("DOCKET_MUTATE is not set")
	}
	if wanted == "1" {
		wanted = "."
	}
	only, err := regexp.Compile(wanted)
	if err != nil {
		t.Fatal(err)
	}
	peer.Need(t, "gpg")
	for _, dir := range glob(t, "../../cases/*") {
		name := filepath.Base(dir)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mutateProgramme(t, dir, only)
		})
	}
}

// mutant is a programme with one thing less.
type mutant struct {
	name  string
	lines []string // of the policy, that stand beside what was taken out
	files map[string]string
}

func mutateProgramme(t *testing.T, dir string, only *regexp.Regexp) {
	whole := programmeFiles(t, dir)
	var wanted []mutant
	for _, m := range mutants(t, whole) {
		if m.name = filepath.Base(dir) + " " + m.name; only.MatchString(m.name) {
			wanted = append(wanted, m)
		}
	}
	if len(wanted) == 0 {
		t.Skip("no mutant is asked for")
	}
	s := &stage{t: t, program: filepath.Base(dir), names: map[string][]string{}, sound: map[string]bool{}}
	for _, script := range glob(t, "testdata/script/*.txtar") {
		if s.plays(script) {
			s.names[script] = linesIn(firstComment(t, script))
		}
	}
	s.whole = s.set(whole)
	refused, survived := 0, []string{}
	for _, m := range wanted {
		switch by := s.kills(m); by {
		case "":
			survived = append(survived, m.name+" ("+strings.Join(m.lines, ", ")+")")
			t.Errorf("SURVIVED  %s (%s)", m.name, strings.Join(m.lines, ", "))
		case byCheck:
			refused++
			t.Logf("refused   %s: docket policy check finds it", m.name)
		default:
			t.Logf("killed    %s by %s", m.name, by)
		}
	}
	fmt.Printf("%s: %d mutants, %d refused by docket policy check, %d survived\n", s.program, len(wanted), refused, len(survived))
	for _, name := range survived {
		fmt.Println("  survived:", name)
	}
}

// programmeFiles reads a shipped programme as docket init takes one from a
// file: without its keys and people. Names are relative to its folder.
func programmeFiles(t *testing.T, dir string) map[string]string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, "program.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	text, _, found := strings.Cut(string(raw), "\nkeys:")
	if !found {
		t.Fatalf("%s has no keys", dir)
	}
	out := map[string]string{"program.yaml": text + "\n"}
	for _, name := range glob(t, filepath.Join(dir, "templates", "*.txt")) {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out["templates/"+filepath.Base(name)] = string(raw)
	}
	return out
}

// mutants lists the programme's mutants. What the policy's lines are is read
// from the comments beside each thing, as the files of this project have them.
func mutants(t *testing.T, whole map[string]string) []mutant {
	t.Helper()
	text := whole["program.yaml"]
	with := func(name string, lines []string, file, content string) mutant {
		files := maps.Clone(whole)
		if files[file] = content; content == "" {
			delete(files, file)
		}
		return mutant{name: name, lines: lines, files: files}
	}
	var out []mutant
	beside := map[string][]string{} // by fact
	for _, b := range blocks(t, text, "facts", factHead) {
		beside[b.name] = linesIn(b.head)
		out = append(out, with("fact "+b.name, beside[b.name], "program.yaml", strings.Replace(text, b.text, always(b.text), 1)))
	}
	for _, b := range blocks(t, text, "transitions", transitionHead) {
		list := guardList.FindStringSubmatch(b.text)
		if list == nil {
			continue
		}
		guards := strings.Split(list[1], ", ")
		for i, g := range guards {
			left := slices.Delete(slices.Clone(guards), i, i+1)
			lines := append(linesIn(b.text), beside[strings.TrimPrefix(g, "not ")]...)
			less := strings.Replace(b.text, "guards: ["+list[1]+"]", "guards: ["+strings.Join(left, ", ")+"]", 1)
			out = append(out, with("guard "+b.name+": "+g, lines, "program.yaml", strings.Replace(text, b.text, less, 1)))
		}
	}
	for _, b := range blocks(t, text, "clocks", clockHead) {
		out = append(out, with("clock "+b.name, linesIn(b.head), "program.yaml", strings.Replace(text, b.text, "", 1)))
	}
	above := linesIn(priorityAbove.FindString(text))
	for i, b := range blocks(t, text, "priority", priorityHead) {
		out = append(out, with(fmt.Sprintf("priority %d %s", i, b.name), append(linesIn(b.text), above...), "program.yaml", strings.Replace(text, b.text, "", 1)))
	}
	for _, file := range slices.Sorted(maps.Keys(whole)) {
		if kind, ok := strings.CutPrefix(file, "templates/"); ok {
			head, _, _ := strings.Cut(whole[file], "\n")
			instead := "" // what is built in goes out then
			if _, err := os.Stat("../../internal/desk/templates/" + kind); err != nil {
				instead = "Subject: [{{.ID}}] A message\n\nHello,\n\nthis is about {{.ID}}.\n"
			}
			out = append(out, with("template "+kind, linesIn(head), file, instead))
		}
	}
	return out
}

// block is one entry of a section of program.yaml, as text.
type block struct{ name, head, text string }

var (
	factHead       = regexp.MustCompile(`(?m)^  ([a-z0-9-]+):.*\n`)
	transitionHead = regexp.MustCompile(`(?m)^  - from: (\[.*?\]).*\n    to: ([a-z-]+).*\n(?:    outcomes: (\[.*\]).*\n)?`)
	clockHead      = regexp.MustCompile(`(?m)^  - name: ([a-z-]+).*\n`)
	priorityHead   = regexp.MustCompile(`(?m)^  - priority: ([a-z]+).*\n`)
	priorityAbove  = regexp.MustCompile(`(?m)(?:^#.*\n)*^priority:`)
	guardList      = regexp.MustCompile(`(?m)^    guards: \[(.*?)\]`)
	topLevel       = regexp.MustCompile(`(?m)^[a-z]+:`)
)

// blocks cuts a section into its entries. Comments between two of them are the
// business of neither.
func blocks(t *testing.T, text, section string, head *regexp.Regexp) []block {
	t.Helper()
	_, rest, found := strings.Cut(text, "\n"+section+":\n")
	if !found {
		t.Fatalf("program.yaml has no section %s", section)
	}
	if end := topLevel.FindStringIndex(rest); end != nil {
		rest = rest[:end[0]]
	}
	var out []block
	at := head.FindAllStringSubmatchIndex(rest, -1)
	for i, m := range at {
		end := len(rest)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		body := rest[m[0]:end]
		for { // comments before the next one
			cut := strings.LastIndex(strings.TrimRight(body, "\n"), "\n")
			if cut < 0 || !strings.HasPrefix(strings.TrimSpace(body[cut+1:]), "#") && strings.TrimSpace(body[cut+1:]) != "" {
				break
			}
			body = body[:cut+1]
		}
		var names []string
		for k := 2; k < len(m); k += 2 {
			if m[k] >= 0 {
				names = append(names, rest[m[k]:m[k+1]])
			}
		}
		out = append(out, block{name: strings.Join(names, " "), head: rest[m[0]:m[1]], text: body})
	}
	return out
}

// always is a fact that holds whatever the case says.
func always(fact string) string {
	var kept []string
	for i, line := range strings.SplitAfter(fact, "\n") {
		if trimmed := strings.TrimSpace(line); i == 0 || strings.HasPrefix(trimmed, "clear:") || strings.HasPrefix(trimmed, "means:") || strings.HasPrefix(trimmed, "do:") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "") + "    any: [{present: id}, {not: {present: id}}]\n"
}

// stage plays scripts with programmes that stand in for the shipped ones.
type stage struct {
	t       *testing.T
	program string
	names   map[string][]string // script: the lines that it names
	whole   string              // directory with the programme as it is
	sound   map[string]bool     // whether a script passes with that
}

// plays reports whether a script runs the programme, here and not on GitHub.
func (s *stage) plays(script string) bool {
	raw, err := os.ReadFile(script)
	if err != nil {
		s.t.Fatal(err)
	}
	uses := regexp.MustCompile(`(?m)^docket init .*--program [a-z,]*\b` + s.program + `\b`).Match(raw)
	return uses && !regexp.MustCompile(`(?m)^github `).Match(raw)
}

// passes reports whether a script passes with the programme as it is: one that
// does not proves nothing of a mutant.
func (s *stage) passes(script string) bool {
	sound, known := s.sound[script]
	if !known {
		if sound = !s.fails(script, s.whole); !sound {
			s.t.Errorf("%s fails although nothing was taken out of %s", script, s.program)
		}
		s.sound[script] = sound
	}
	return sound
}

// byCheck is the answer of kills for a mutant that no case repository can have.
const byCheck = "docket policy check"

// kills answers which script fails with a mutant; empty when none does.
func (s *stage) kills(m mutant) string {
	dir := s.set(m.files)
	check := exec.Command("docket", "policy", "check", filepath.Join(dir, s.program, "program.yaml"))
	if err := check.Run(); err != nil && !strings.HasPrefix(m.name, s.program+" guard") && !strings.HasPrefix(m.name, s.program+" fact") {
		return byCheck
	}
	for _, script := range s.scripts(m) {
		if s.fails(script, dir) && s.passes(script) {
			return filepath.Base(script)
		}
	}
	return ""
}

// scripts lists those that name a line of the mutant: those made for its kind
// of thing first. When no line stands beside it, all scripts are tried.
func (s *stage) scripts(m mutant) []string {
	var out []string
	for script, lines := range s.names {
		if len(m.lines) == 0 || slices.ContainsFunc(lines, func(id string) bool { return slices.Contains(m.lines, id) }) {
			out = append(out, script)
		}
	}
	first := "rules-"
	if strings.Contains(m.name, " template ") {
		first = "letters-"
	}
	slices.SortFunc(out, func(a, b string) int {
		x, y := strings.Contains(a, first), strings.Contains(b, first)
		if x != y {
			if x {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	return out
}

// set writes a programme where scripts find it.
func (s *stage) set(files map[string]string) string {
	dir := s.t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, s.program, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			s.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
	return dir
}

// fails plays a script with the programmes of a directory.
func (s *stage) fails(script, dir string) bool {
	p := scriptParams()
	p.Files = []string{script}
	p.Setup = func(env *testscript.Env) error {
		env.Setenv(programsVariable, dir)
		return setUpScript(env)
	}
	var v trial
	testscript.RunT(&v, p)
	return v.failed
}

// trial is a testing.T for scripts that are expected to fail.
type trial struct{ failed bool }

// errStopped ends a script that has failed or skips itself.
var errStopped = errors.New("the script has stopped")

func (v *trial) Skip(...any)  { panic(errStopped) }
func (v *trial) Fatal(...any) { v.FailNow() }
func (v *trial) FailNow()     { v.failed = true; panic(errStopped) }
func (v *trial) Parallel()    {}
func (v *trial) Log(...any)   {}
func (v *trial) Verbose() bool {
	return false
}

func (v *trial) Run(_ string, play func(testscript.T)) {
	defer func() {
		if r := recover(); r != nil && r != any(errStopped) {
			panic(r)
		}
	}()
	play(v)
}
