package forge

import (
	"strings"
	"testing"
)

func TestMark(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "one line", "lines\n\nand an end\n", "<!-- docket: case=INGP-2026-0001 -->", "a\n<!-- docket: answer=x -->", "-->", "é\n```\n",
	} {
		body := mark(text, "case", "INGP-2026-0042", "revision", "", "file", "sha256:0f")
		if got := unmark(body); got != text {
			t.Errorf("%q comes back as %q", text, got)
		}
		marker := bodyMarker(body)
		if marker["case"] != "INGP-2026-0042" || marker["file"] != "sha256:0f" || len(marker) != 2 {
			t.Errorf("%q has the marker %v", text, marker)
		}
		// Browsers send CRLF, and people leave lines behind.
		if got := unmark(strings.ReplaceAll(body, "\n", "\r\n") + "\r\n"); got != text {
			t.Errorf("%q comes back from a browser as %q", text, got)
		}
	}
	long := strings.Repeat("é", maxBody/2)
	body := mark(long, "case", "INGP-2026-0042")
	if len(body) > maxPosted || len(body) < maxPosted-2 || bodyMarker(body)["case"] == "" || !strings.HasPrefix(long, unmark(body)) {
		t.Errorf("of %d bytes %d are posted, with the marker %v", len(long), len(body), bodyMarker(body))
	}
	if got := unmark("a\u202eb"); got != "" {
		t.Errorf("what breaks the rules comes back as %q", got)
	}
}

// FuzzUnmark: whatever people write, reading it gives text by the rules, and
// marking that again gives it back.
func FuzzUnmark(f *testing.F) {
	f.Add("a\r\n<!-- docket: case=x -->")
	f.Add("<!-- docket: -->\n-->")
	f.Fuzz(func(t *testing.T, body string) {
		text := unmark(body)
		if !printable(text, "\n\t") || len(text) > maxBody {
			t.Fatalf("%q gives %q", body, text)
		}
		if again := unmark(mark(text, "once", "0f")); again != text && len(text) < maxBody-100 {
			t.Fatalf("%q comes back as %q", text, again)
		}
		bodyMarker(body)
	})
}
