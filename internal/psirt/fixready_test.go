package psirt

import (
	"slices"
	"testing"
)

func TestFixReady(t *testing.T) {
	t.Parallel()
	for lines, want := range map[string][]string{
		``: nil,
		`{"product": "Gate", "kind": "fix", "status": "available"}`:                                                                             {"Gate"},
		`{"product": "Gate", "kind": "mitigation", "status": "available"}`:                                                                      nil,
		`{"product": "Gate", "kind": "fix", "status": "planned"}`:                                                                               nil,
		`{"product": "Gate", "kind": "fix", "status": "available"}, {"product": "Gate", "versions": ["2"], "kind": "fix", "status": "planned"}`: {},
		`{"kind": "fix", "status": "available"}`:                                                                                                {"Gate", "Door"},
		`{"kind": "fix", "status": "available"}, {"product": "Door", "kind": "fix", "status": "in-progress"}`:                                   {"Gate"},
	} {
		got := FixReady(doc(t, `{"products": [{"name": "Gate"}, {"name": "Door"}], "remediation": [`+lines+`]}`))
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", lines, got, want)
		}
	}
	if got := FixReady(nil); len(got) > 0 {
		t.Errorf("an empty report has %q", got)
	}
}
