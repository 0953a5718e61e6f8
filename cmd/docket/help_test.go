package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestHelp: the help of every command has an example, which begins with docket
// (or ends in it, after a variable), names the command, and whose flags it has.
func TestHelp(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	root := newRoot(&app{out: &out, err: &out})
	n := 0
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		n++
		var text, errs bytes.Buffer
		args := append(strings.Fields(c.CommandPath())[1:], "--help")
		if code := run(args, strings.NewReader(""), &text, &errs); code != exitDone || !strings.Contains(text.String(), "Examples:\n  ") {
			t.Errorf("%s: exit code %d, and its help has no example:\n%s%s", strings.Join(args, " "), code, text.String(), errs.String())
		}
		for _, line := range strings.Split(c.Example, "\n") {
			exampleOf(t, c, line)
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root)
	if n < 30 {
		t.Errorf("only %d commands", n)
	}
}

// exampleOf holds one line of an example against the command.
func exampleOf(t *testing.T, c *cobra.Command, line string) {
	if !strings.HasPrefix(line, "  ") || !strings.Contains(line, "docket") {
		t.Errorf("%s: the example %q does not run docket", c.CommandPath(), line)
	}
	if c.HasParent() && !strings.Contains(line, " "+c.Name()) {
		t.Errorf("%s: the example %q is one of another command", c.CommandPath(), line)
	}
	if !c.HasParent() {
		return // its examples are those of other commands
	}
	line, _, _ = strings.Cut(line, "|")
	for _, word := range strings.Fields(line) {
		name, ok := strings.CutPrefix(word, "--")
		if !ok {
			continue
		}
		name, _, _ = strings.Cut(name, "=")
		if c.Flags().Lookup(name) == nil && c.InheritedFlags().Lookup(name) == nil && name != "help" {
			t.Errorf("%s: the example %q has a flag that the command does not know", c.CommandPath(), line)
		}
	}
}
