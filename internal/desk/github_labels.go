package desk

import (
	"fmt"
	"slices"
	"strings"

	"github.com/docket-psirt/docket/internal/audit"
	"github.com/docket-psirt/docket/internal/forge"
)

// Colours of labels: six hexadecimal digits.
const (
	colourProgram = "5319e7"
	colourState   = "0e8a16"
	colourAsk     = "1d76db"
	colourClose   = "6e7781"
	colourLate    = "b60205"
	colourNeeds   = "fbca04"
)

// labelsOf are the labels that programmes need: what tracking issues say, and
// what may be asked for by a label. Sorted by name, each once.
func labelsOf(all []*audit.Setting) []forge.Label {
	out := []forge.Label{
		{Name: "due/overdue", Color: colourLate, Description: "A clock of the policy has run out"},
		{Name: "needs/delivery", Color: colourNeeds, Description: "An update was not delivered: docket deliver says why"},
		{Name: "needs/reply", Color: colourNeeds, Description: "The reporter has answered"},
	}
	for _, s := range all {
		p := s.Program
		out = append(out, forge.Label{Name: "program/" + p.Program, Color: colourProgram, Description: "Cases of " + p.Program})
		for _, state := range p.States {
			out = append(out, forge.Label{Name: "state/" + state.Name, Color: colourState, Description: "The case is in the state " + state.Name})
		}
		for _, t := range p.Transitions {
			if !t.Label {
				continue
			}
			if len(t.Outcomes) == 0 {
				out = append(out, forge.Label{Name: "move/" + t.To, Color: colourAsk, Description: fmt.Sprintf("Asks the bot to move the case to %s", t.To)})
			}
			for _, o := range t.Outcomes {
				out = append(out, forge.Label{Name: "close/" + string(o), Color: colourClose, Description: fmt.Sprintf("Asks the bot to close the case as %s", o)})
			}
		}
	}
	slices.SortFunc(out, func(a, b forge.Label) int { return strings.Compare(a.Name, b.Name) })
	return slices.CompactFunc(out, func(a, b forge.Label) bool { return a.Name == b.Name })
}
