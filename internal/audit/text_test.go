package audit

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/docket-psirt/docket/internal/psirt"
)

const wantText = `Audit: 2 findings (1 error, 1 warning)

  ERROR    rewritten  in 4e07408562
           the branch main was at 3f786850e3
  WARNING  delivery  INGP-2026-0001
           update 1 is refused

Trust root    6b86b273ff34fce19d6b804eff5a3f5747ada4ea
  signed by   openpgp4fpr:9F2C1D7E5A40B3886C11D90E4F7A2B6638D0E5C1
main          d4735e3a265e16eee03f59718b9b5d03019c07d8
At            2026-11-22 09:14:00 UTC
Replayed      1,234 commits, 1 revision; main has 1 case
Judged        from public keys, and with a key that was tried on the sealed parts of 1 case

Clocks: 1 kept, 1 broken, 1 overdue, 1 running

  clock                 kept   broken  overdue  running
  answer (reporter)        0        0        0        1
  first-look               1        0        0        0
  triage                   0        1        1        0

  INGP-2026-0001  triage: OVERDUE by 2 d, was due 2026-11-20 09:14
  INGP-2026-0001  triage: broken, late by 1 h 30 min, was due 2026-11-10 09:14
`

func TestText(t *testing.T) {
	t.Parallel()
	due := sampleAt.Add(-12 * 24 * time.Hour)
	r := &Report{Root: sampleHash(1), RootSigner: "openpgp4fpr:9F2C1D7E5A40B3886C11D90E4F7A2B6638D0E5C1", Head: sampleHash(2), At: sampleAt,
		Commits: 1234, Revisions: 1, Cases: 1, Opened: 1,
		Findings: []Finding{{Severity: SeverityWarning, Kind: "delivery", Case: "INGP-2026-0001", Text: "update 1 is refused"},
			{Severity: SeverityError, Kind: "rewritten", Commit: sampleHash(3), Text: "the branch main was at 3f786850e3"}},
		Stories: []*Story{{Case: "INGP-2026-0001", Clocks: []psirt.Reading{
			{Clock: "first-look", Party: "team", Status: psirt.ClockKept, Due: due, Stopped: due},
			{Clock: "triage", Party: "team", Status: psirt.ClockBroken, Due: due, Stopped: due.Add(90 * time.Minute)},
			{Clock: "triage", Party: "team", Status: psirt.ClockOverdue, Due: sampleAt.Add(-48 * time.Hour)},
			{Clock: "answer", Party: "reporter", Status: psirt.ClockPaused, Due: due},
		}}}}
	var out bytes.Buffer
	if err := r.WriteText(&out); err != nil {
		t.Fatal(err)
	}
	if out.String() != wantText {
		t.Errorf("got:\n%s", out.String())
	}
}

func TestTextCannotActOnTheTerminal(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := sampleHostile().WriteText(&out); err != nil {
		t.Fatal(err)
	}
	for _, c := range out.String() {
		if c != '\n' && (unicode.IsControl(c) || unicode.Is(unicode.Cf, c)) {
			t.Fatalf("%q reaches the terminal", c)
		}
	}
	if !strings.Contains(out.String(), "<script>") {
		t.Error("the finding is not shown")
	}
}

func TestTextOfNothing(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := (&Report{}).WriteText(&out); err != nil {
		t.Fatal(err)
	}
	if s := out.String(); !strings.HasPrefix(s, "Audit: no findings; nothing was replayed\n\n") || !strings.Contains(s, "Clocks: none has run") {
		t.Errorf("got:\n%s", s)
	}
}

func TestTextBoundsLateClocks(t *testing.T) {
	t.Parallel()
	r := sample(500)
	var out bytes.Buffer
	if err := r.WriteText(&out); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "late by") + strings.Count(out.String(), "OVERDUE by"); n != maxLate || !strings.Contains(out.String(), " more, which the JSON report lists") {
		t.Errorf("%d late clocks listed", n)
	}
}

func TestCSV(t *testing.T) {
	t.Parallel()
	r := sample(5)
	r.Findings = []Finding{{Severity: SeverityError, Kind: "stray", Case: r.Stories[1].Case, Commit: r.Head, Text: "a \"quoted\", one"}}
	rows := rowsOf(t, r)
	events := 0
	for _, s := range r.Stories {
		events += len(s.Events)
	}
	if len(rows) != 2+events || !slices.Equal(rows[0], csvColumns) {
		t.Fatalf("%d rows for %d events", len(rows), events)
	}
	if want := []string{"finding", "", "ingroupe", string(r.Stories[1].Case), "error", "stray", "", "", "", r.Head, "a \"quoted\", one"}; !slices.Equal(rows[1], want) {
		t.Errorf("finding %q", rows[1])
	}
	e := r.Stories[0].Events[0]
	if want := []string{"event", e.At.Format(time.RFC3339), "ingroupe", string(r.Stories[0].Case), "", "move", "received", "bot", "false", e.Commit, "opened as Reporting"}; !slices.Equal(rows[2], want) {
		t.Errorf("event %q", rows[2])
	}
}

func rowsOf(t *testing.T, r *Report) [][]string {
	t.Helper()
	var out bytes.Buffer
	if err := r.WriteCSV(&out); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestCSVIsNoFormula(t *testing.T) {
	t.Parallel()
	for _, row := range rowsOf(t, sampleHostile()) {
		for _, v := range row {
			if strings.HasPrefix(v, "=") || strings.ContainsFunc(v, unicode.IsControl) {
				t.Fatalf("%q", v)
			}
		}
	}
	for in, want := range map[string]string{"=1": "'=1", "+1": "'+1", "-1": "'-1", "@a": "'@a", "\t=1": "' =1", "\r=1": "'\uFFFD=1", " \n+1": "'  +1", "＝1": "'＝1",
		"": "", "update 1": "update 1", "a=b": "a=b", "2026-11-22": "2026-11-22"} {
		if got := cell(in); got != want {
			t.Errorf("cell(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestJSONKeys holds the names that scripts rely on.
func TestJSONKeys(t *testing.T) {
	t.Parallel()
	r := sample(1)
	r.Findings = append(r.Findings, Finding{Severity: SeverityError, Kind: "stray", Case: r.Stories[0].Case, Commit: r.Head, Text: "x"})
	raw, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var report struct {
		Commits, Revisions, Cases *int
		Head                      *string
		Findings                  []map[string]string
	}
	if err := json.Unmarshal(raw, &report); err != nil {
		t.Fatal(err)
	}
	if report.Commits == nil || report.Revisions == nil || report.Cases == nil || report.Head == nil {
		t.Errorf("keys are missing: %s", raw[:200])
	}
	if got := slices.Sorted(maps.Keys(report.Findings[0])); !slices.Equal(got, []string{"case", "commit", "kind", "severity", "text"}) {
		t.Errorf("a finding has %q", got)
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(raw, &keys); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"commits", "revisions", "cases", "findings", "head"} {
		if keys[key] == nil {
			t.Errorf("no key %q", key)
		}
	}
}

func TestLasting(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		-time.Hour: "0 s", 0: "0 s", 59 * time.Second: "59 s", time.Hour - 1: "59 min", 90 * time.Minute: "1 h 30 min", 3 * time.Hour: "3 h",
		23 * time.Hour: "23 h", 28 * time.Hour: "1 d 4 h", 48 * time.Hour: "2 d", 30 * 24 * time.Hour: "30 d", 1200 * 24 * time.Hour: "1,200 d",
	} {
		if got := lasting(d); got != want {
			t.Errorf("lasting(%v) = %q, want %q", d, got, want)
		}
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", -1000: "-1,000", -100: "-100", 1234567: "1,234,567"} {
		if got := number(n); got != want {
			t.Errorf("number(%d) = %q, want %q", n, got, want)
		}
	}
}
