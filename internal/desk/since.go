package desk

import (
	"fmt"
	"time"

	"github.com/docket-psirt/docket/internal/psirt"
)

// Clocks that the law sets run from what a case says happened: that somebody
// became aware, that a measure is available. A time that is missing or wrong
// there would silence them, so an edit is held to it.

// awarePaths are where a report says when the team became aware of something.
var awarePaths = []string{"aware_at", "exploitation.aware_at", "cra.incident.aware_at"}

// awareByNow refuses an edit that says that somebody became aware at a time to
// come: until then no clock would run.
func awareByNow(before, after psirt.Document, now time.Time) error {
	for _, path := range awarePaths {
		at := timeAt(after, path)
		if at.After(now.Add(time.Minute)) && !at.Equal(timeAt(before, path)) {
			return usage(fmt.Sprintf("%s is %s, which is to come: nobody is aware of anything yet then, and no deadline would run", path, at.Format(time.RFC3339)),
				"give the time with its zone, such as "+now.Format(time.RFC3339))
		}
	}
	return nil
}

// availableSince dates the measures that an edit makes available: from today on
// where it says nothing, or a day to come. The final report to the authorities
// is due 14 days after a measure is available (Regulation (EU) 2024/2847, Article
// 14(2)(c)), so that must not hang on a date that was forgotten. It answers the
// paths that it wrote.
func availableSince(before, after psirt.Document, now time.Time) []string {
	var changed []string
	today := now.UTC().Format(time.DateOnly)
	old, _ := before["remediation"].([]any)
	list, _ := after["remediation"].([]any)
	for i, item := range list {
		line, _ := item.(map[string]any)
		if line["status"] != "available" || line["kind"] == "none-planned" || availableBefore(old, line) {
			continue
		}
		if since, _ := line["available_at"].(string); since == "" || since > today {
			line["available_at"] = today
			changed = append(changed, fmt.Sprintf("remediation[%d].available_at", i))
		}
	}
	return changed
}

// availableBefore reports whether a measure was available already: what was
// dated, or left undated, stays as it is.
func availableBefore(old []any, line map[string]any) bool {
	for _, item := range old {
		was, _ := item.(map[string]any)
		if was["status"] == "available" && said(was, "available_at") == said(line, "available_at") &&
			was["kind"] == line["kind"] && said(was, "product") == said(line, "product") && said(was, "text") == said(line, "text") {
			return true
		}
	}
	return false
}
