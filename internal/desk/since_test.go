package desk

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/psirt"
)

func documentOf(t *testing.T, text string) psirt.Document {
	t.Helper()
	var out psirt.Document
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// A measure that an edit makes available has a day since when, so that the
// deadline of the final report runs; what was dated before stays as it was.
func TestAvailableSince(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 23, 30, 0, 0, time.FixedZone("", -5*3600)) // the 23rd in UTC
	for _, x := range []struct{ what, before, after, want string }{
		{"new and undated", `{}`, `{"remediation":[{"kind":"fix","status":"available"}]}`, "2026-11-23"},
		{"planned until now", `{"remediation":[{"kind":"fix","status":"planned"}]}`, `{"remediation":[{"kind":"fix","status":"available"}]}`, "2026-11-23"},
		{"planned for later", `{"remediation":[{"kind":"fix","status":"planned","available_at":"2027-03-01"}]}`, `{"remediation":[{"kind":"fix","status":"available","available_at":"2027-03-01"}]}`, "2026-11-23"},
		{"dated", `{}`, `{"remediation":[{"kind":"fix","status":"available","available_at":"2026-10-01"}]}`, "2026-10-01"},
		{"left undated before", `{"remediation":[{"kind":"fix","status":"available"}]}`, `{"remediation":[{"kind":"fix","status":"available","reference":"5.1"}]}`, ""},
		{"its date taken out", `{"remediation":[{"kind":"fix","status":"available","available_at":"2026-10-01"}]}`, `{"remediation":[{"kind":"fix","status":"available"}]}`, "2026-11-23"},
		{"only planned", `{}`, `{"remediation":[{"kind":"fix","status":"planned"}]}`, ""},
		{"none", `{}`, `{"remediation":[{"kind":"none-planned","status":"available"}]}`, ""},
	} {
		after := documentOf(t, x.after)
		was := firstOf(after, "remediation.available_at")
		changed := availableSince(documentOf(t, x.before), after, now)
		got := firstOf(after, "remediation.available_at")
		if got != x.want || (len(changed) > 0) != (got != was) {
			t.Errorf("%s: %q, changed %v; want %q", x.what, got, changed, x.want)
		}
	}
}

// Nobody is aware of anything at a time to come: a slip in the year would keep
// the law's deadlines from running.
func TestAwareByNow(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	const slip = `{"cra":{"incident":{"aware_at":"2027-11-22T10:00:00Z"}}}`
	for _, x := range []struct {
		before, after string
		refused       bool
	}{
		{`{}`, `{"aware_at":"2026-11-22T13:00:00+01:00"}`, false},
		{`{}`, `{"aware_at":"2026-11-22T13:02:00Z"}`, true},
		{`{}`, `{"exploitation":{"aware_at":"2027-11-22T10:00:00Z"}}`, true},
		{`{}`, slip, true},
		{slip, slip, false}, // there already: any other edit goes on
		{slip, `{}`, false},
	} {
		err := awareByNow(documentOf(t, x.before), documentOf(t, x.after), now)
		if (err != nil) != x.refused || err != nil && !strings.Contains(err.Error(), "which is to come") {
			t.Errorf("%s: %v", x.after, err)
		}
	}
}
