package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestHelp: the help of every command says what it is for, in lines that fit a
// terminal, and has examples that it would take as they stand.
func TestHelp(t *testing.T) {
	t.Parallel()
	n := 0
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		n++
		var text, errs bytes.Buffer
		args := append(strings.Fields(c.CommandPath())[1:], "--help")
		if code := run(args, strings.NewReader(""), &text, &errs); code != exitDone || !strings.Contains(text.String(), "Examples:\n  ") {
			t.Errorf("%s: exit code %d, and its help has no example:\n%s%s", strings.Join(args, " "), code, text.String(), errs.String())
		}
		helpOf(t, c)
		for _, line := range strings.Split(c.Example, "\n") {
			exampleOf(t, c, line)
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newRoot(&app{}))
	if n < 50 {
		t.Errorf("only %d commands", n)
	}
}

// helpOf holds the words of a command.
func helpOf(t *testing.T, c *cobra.Command) {
	if c.Short == "" || strings.HasSuffix(c.Short, ".") || len(c.Short) > 90 {
		t.Errorf("%s: its short help is %q", c.CommandPath(), c.Short)
	}
	if c.Name() == "help" || c.CommandPath() == "docket completion" || c.Parent() != nil && c.Parent().Name() == "completion" {
		return // cobra's own
	}
	if c.Long == "" || c.Long == c.Short {
		t.Errorf("%s has no long help", c.CommandPath())
	}
	for _, line := range strings.Split(c.Long, "\n") {
		if len([]rune(line)) > 100 {
			t.Errorf("%s: a line of its help has %d columns: %q", c.CommandPath(), len([]rune(line)), line)
		}
	}
}

// TestHelpGroups: docket help shows every command in one of its sections, and
// sections name commands that there are.
func TestHelpGroups(t *testing.T) {
	t.Parallel()
	root := newRoot(&app{})
	for _, c := range root.Commands() {
		if c.GroupID == "" {
			t.Errorf("docket %s is in no section of docket help (groups.go)", c.Name())
		}
	}
	for _, g := range groups {
		for _, name := range strings.Fields(g.commands) {
			if c, _, err := root.Find([]string{name}); name != "help" && (err != nil || c == root) {
				t.Errorf("%s names docket %s, which is no command", g.title, name)
			}
		}
	}
	var text, errs bytes.Buffer
	if run([]string{"help"}, strings.NewReader(""), &text, &errs) != exitDone || strings.Contains(text.String(), "Additional Commands") {
		t.Errorf("docket help says:\n%s%s", text.String(), errs.String())
	}
	for _, args := range [][]string{{"help", "nothing"}, {"help", "keys", "nothing"}, {"nothing"}} {
		if code := run(args, strings.NewReader(""), &text, &errs); code != exitUsage {
			t.Errorf("docket %s: exit code %d", strings.Join(args, " "), code)
		}
	}
}

// exampleOf holds one line of an example: it runs docket, and the command or one
// below it takes its flags and arguments.
func exampleOf(t *testing.T, c *cobra.Command, line string) {
	args, err := exampleArgs(line)
	if err != nil {
		t.Errorf("%s: the example %q: %v", c.CommandPath(), line, err)
		return
	}
	root := newRoot(&app{})
	cmd, rest, err := root.Find(args)
	if err == nil {
		err = cmd.ParseFlags(rest)
	}
	if err == nil {
		err = cmd.ValidateArgs(cmd.Flags().Args())
	}
	if err != nil {
		t.Errorf("%s: the example %q is refused: %v", c.CommandPath(), line, err)
	}
	if !strings.HasPrefix(cmd.CommandPath()+" ", c.CommandPath()+" ") {
		t.Errorf("%s: the example %q is one of %s", c.CommandPath(), line, cmd.CommandPath())
	}
	if c.HasSubCommands() && c.HasParent() && !c.Runnable() && cmd == c {
		t.Errorf("%s: the example %q does nothing", c.CommandPath(), line)
	}
}

// exampleArgs are the arguments that a shell would give docket for a line: what
// stands before it (a variable, another command's output) and after a pipe or a
// redirection is not docket's.
func exampleArgs(line string) ([]string, error) {
	if !strings.HasPrefix(line, "  ") {
		return nil, fmt.Errorf("examples are set in by two spaces")
	}
	words, err := shellWords(line)
	if err != nil {
		return nil, err
	}
	at := slices.Index(words, "docket")
	if at < 0 {
		return nil, fmt.Errorf("it does not run docket")
	}
	words = words[at+1:]
	if end := slices.IndexFunc(words, func(w string) bool { return w == "|" || w == ">" || w == "<" }); end >= 0 {
		words = words[:end]
	}
	return words, nil
}

// shellWords takes a line apart as a shell does, as far as examples need it.
func shellWords(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	open, quoted := rune(0), false
	flush := func() {
		if word.Len() > 0 || quoted {
			words = append(words, word.String())
		}
		word.Reset()
		quoted = false
	}
	for _, r := range line {
		switch {
		case open != 0 && r == open:
			open = 0
		case open != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			open, quoted = r, true
		case r == ' ' || r == '(' || r == ')':
			flush()
		case strings.ContainsRune("|<>", r):
			flush()
			words = append(words, string(r))
		case strings.ContainsRune(";&`", r):
			return nil, fmt.Errorf("a shell would read more than one command")
		default:
			word.WriteRune(r)
		}
	}
	flush()
	if open != 0 {
		return nil, fmt.Errorf("a quote is not closed")
	}
	return words, nil
}

// TestHelpShell: what holds the examples refuses what a shell, or docket, would.
func TestHelpShell(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		`  EDITOR=vim docket edit 'a b' "c" > d`: "edit|a b|c",
		`  source <(docket completion bash)`:     "completion|bash",
		`  echo '{"a":1}' | docket open -`:       "open|-",
		`  docket set X a=''`:                    "set|X|a=",
	} {
		if got, err := exampleArgs(line); err != nil || strings.Join(got, "|") != want {
			t.Errorf("%s: %v, %v", line, got, err)
		}
	}
	for _, line := range []string{"docket list", "  git log", "  docket set X 'a", "  docket list; docket show"} {
		if got, err := exampleArgs(line); err == nil {
			t.Errorf("%s: %v", line, got)
		}
	}
}
