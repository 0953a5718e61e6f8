package desk

import (
	"fmt"
	"time"

	"github.com/docket-psirt/docket/internal/psirt"
)

// promise puts the programme's commitments on a case's list once its facts
// hold: somebody then says of each whether it was kept. It answers the paths
// that it added.
func promise(c *one, report psirt.Document, now time.Time) []string {
	var changed []string
	list, _ := report["commitments"].([]any)
	for _, name := range c.setting.Program.DueCommitments(psirt.World{Case: c.Case, Report: report, Now: now}) {
		changed = append(changed, fmt.Sprintf("commitments[%d]", len(list)))
		list = append(list, map[string]any{"name": name})
	}
	if len(changed) > 0 {
		report["commitments"] = list
	}
	return changed
}
