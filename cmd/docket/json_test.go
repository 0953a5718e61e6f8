package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// What a reporter wrote must not act on the terminal of whoever looks at JSON,
// and must stay what it was.
func TestJSONIsHarmlessAndExact(t *testing.T) {
	t.Parallel()
	title := "a\x1b[2J\u009b31m\u202ecod\u2066\x7f\U000e0001 \\u202e ä 漢"
	var b bytes.Buffer
	a := &app{out: &b}
	if err := a.printJSON(map[string]string{"title": title}); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsFunc(b.String(), acts) || !strings.Contains(b.String(), "ä 漢") {
		t.Errorf("got %q", b.String())
	}
	var back map[string]string
	if err := json.Unmarshal(b.Bytes(), &back); err != nil || back["title"] != title {
		t.Errorf("got %q, %v", back, err)
	}
}
