package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// groups are the sections of docket help, in the order of a newcomer's way. Every
// command belongs to one.
var groups = []struct{ id, title, commands string }{
	{"set-up", "Set up, and people:", "demo init keys policy version completion help"},
	{"mail", "Mail in and out:", "intake mail deliver ask reply"},
	{"cases", "Cases, and who works on them:", "list show log open similar take handlers notify ack"},
	{"moves", "Moves, and what is on record:", "move label set edit attach push assess split share embargo consent permit cra redact"},
	{"pulls", "Pull requests:", "pr diff approve merge"},
	{"audit", "Deadlines, proof, numbers:", "clock check audit stats lessons retention"},
	{"github", "On GitHub:", "bot doctor"},
}

// group puts the commands of docket help into sections.
func group(root *cobra.Command) {
	of := map[string]string{}
	for _, g := range groups {
		root.AddGroup(&cobra.Group{ID: g.id, Title: g.title})
		for _, name := range strings.Fields(g.commands) {
			of[name] = g.id
		}
	}
	for _, c := range root.Commands() {
		c.GroupID = of[c.Name()]
	}
	root.SetHelpCommandGroupID(of["help"])
	root.SetCompletionCommandGroupID(of["completion"])
}
