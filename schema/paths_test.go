package schema_test

import (
	"slices"
	"testing"

	"github.com/docket-psirt/docket/schema"
)

func TestPath(t *testing.T) {
	t.Parallel()
	for path, want := range map[string][]string{
		"title": nil, "products.versions": nil, "analysis.verdict": {"valid", "not-valid", "undecided", "not-security"},
		"remediation.verified.text": nil, "review_at": nil, "session_keys.mail-1": nil, "extra.anything.at.all": nil,
		"disclosure.others.notified.channel": {"targeted", "public"}, "assessment.cwe": nil, "analysis": nil,
	} {
		values, ok := schema.Path(schema.Report, path)
		if !ok || !slices.Equal(values, want) {
			t.Errorf("%s: %v, %v; want %v", path, values, ok, want)
		}
	}
	for _, path := range []string{"", "titel", "title.more", "products.version", "analysis.verdict.text", "session_keys.mail-0", "."} {
		if _, ok := schema.Path(schema.Report, path); ok {
			t.Errorf("a report has %q", path)
		}
	}
	if _, ok := schema.Path("nothing", "title"); ok {
		t.Error("there is a schema nothing")
	}
}
