package forge

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// plainPull is what a YAML reader must see in the record of a pull request.
func plainPull(p Pull) map[string]any {
	m := map[string]any{"docket": format}
	set(m, "number", p.Number)
	set(m, "kind", p.Kind)
	set(m, "case", p.Case)
	set(m, "branch", p.Branch)
	set(m, "base", p.Base)
	setCommit(m, "head", p.Head)
	set(m, "state", p.State)
	setCommit(m, "merged_as", p.MergedAs)
	set(m, "title", p.Title)
	set(m, "body", p.Body)
	setList(m, "labels", p.Labels, func(s string) any { return s })
	set(m, "author", p.Author)
	set(m, "created", p.Created)
	set(m, "updated", p.Updated)
	setList(m, "reviews", p.Reviews, func(r Review) any {
		row := map[string]any{}
		set(row, "by", r.By)
		set(row, "at", r.At)
		setCommit(row, "head", r.Head)
		set(row, "verdict", r.Verdict)
		set(row, "body", r.Body)
		return row
	})
	setList(m, "comments", p.Comments, plainComment)
	setList(m, "checks", p.Checks, func(c Check) any {
		row := map[string]any{}
		set(row, "name", c.Name)
		set(row, "at", c.At)
		setCommit(row, "head", c.Head)
		set(row, "conclusion", c.Conclusion)
		set(row, "summary", c.Summary)
		set(row, "title", c.Title)
		return row
	})
	return m
}

func plainComment(c Comment) any {
	row := map[string]any{}
	set(row, "by", c.By)
	set(row, "at", c.At)
	set(row, "body", c.Body)
	set(row, "marker", c.Marker)
	return row
}

func plainIssue(i Issue) map[string]any {
	word := func(s string) any { return s }
	m := map[string]any{"docket": format}
	set(m, "program", i.Program)
	set(m, "id", i.ID)
	set(m, "title", i.Title)
	set(m, "body", i.Body)
	setList(m, "labels", i.Labels, word)
	set(m, "closed", i.Closed)
	set(m, "revision", i.Revision)
	set(m, "file", i.File)
	set(m, "created", i.Created)
	set(m, "updated", i.Updated)
	setList(m, "events", i.Events, func(e LabelEvent) any {
		row := map[string]any{}
		set(row, "at", e.At)
		set(row, "by", e.By)
		setList(row, "add", e.Add, word)
		setList(row, "remove", e.Remove, word)
		return row
	})
	setList(m, "comments", i.Comments, plainComment)
	return m
}

func set[T comparable](m map[string]any, key string, v T) {
	var empty T
	if v != empty {
		m[key] = v
	}
}

func setCommit(m map[string]any, key, commit string) {
	if commit != "" {
		m[key] = "git:" + commit
	}
}

func setList[T any](m map[string]any, key string, list []T, plain func(T) any) {
	var out []any
	for _, v := range list {
		out = append(out, plain(v))
	}
	if out != nil {
		m[key] = out
	}
}

// sameToYAML holds a record against the YAML library.
func sameToYAML(t *testing.T, data []byte, want map[string]any) {
	t.Helper()
	var got map[string]any
	if err := yaml.Unmarshal(data, &got); err != nil {
		t.Fatalf("the YAML library refuses what we wrote: %v\n%s", err, data)
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("the YAML library reads\n%#v\nof\n%s, want\n%#v", got, data, want)
	}
}

// hard are texts that YAML likes to read as something else.
var hard = []string{
	"true", "False", "NO", "y", "null", "~", "on", "12", "0x1f", "12e45", "1_000", "1:30", ".inf", ".nan", "2026-11-22",
	"- a", "? a", "a: b", "a #b", "#a", "{a}", "[a]", "a, b", "&a", "*a", "!a", "|", ">", "%a", "@a", "`a", "'a'", `"a"`, `\`, "=", "<<",
	" a ", "a:", ":a", "a:b", "a::b", "x/y:z", "-", "--", "---", "...", "é→", "\u00a0", "\u200b", "\ufeff", "\ufffe", "\uffff", "\ufffd", "𝕏", "\U000e0001",
	"e5", "Infinity", "nan", "git:12", "http://x/y", "docket[bot]", "a.", "C-", "\U0010ffff", "\ue000",
}

func hardText(r *rand.Rand, lines bool) string {
	s := hard[r.IntN(len(hard))]
	for r.IntN(2) == 0 {
		s += hard[r.IntN(len(hard))]
		if lines {
			s += []string{"\n", "\t", "\n\n", ""}[r.IntN(4)]
		}
	}
	return s
}

// few makes up to three values, and rather none than an empty list.
func few[T any](r *rand.Rand, make func() T) []T {
	var list []T
	for range r.IntN(4) {
		list = append(list, make())
	}
	return list
}

func hardLogin(r *rand.Rand) string {
	return strings.ReplaceAll(hardText(r, false), " ", "")
}

func someCommit(r *rand.Rand) string {
	return strings.Repeat(string("0123456789abcdef"[r.IntN(16)]), 40)
}

func someTime(r *rand.Rand) time.Time { return time.Unix(r.Int64N(1<<37), 0).UTC() }

func hardPull(r *rand.Rand) Pull {
	p := Pull{
		Number: 1 + r.IntN(1<<31-1), Kind: "move", Case: "INGP-2026-0042",
		Branch: "case/true", Base: "no", Head: someCommit(r),
		Title: hardText(r, false), Body: hardText(r, true), State: StateOpen,
		Labels: tidy(few(r, func() string { return hardText(r, false) })),
		Author: hardLogin(r), Created: someTime(r), Updated: someTime(r),
		Reviews: few(r, func() Review {
			return Review{hardLogin(r), someTime(r), someCommit(r), Approve, hardText(r, true)}
		}),
		Comments: few(r, func() Comment {
			return Comment{By: hardLogin(r), At: someTime(r), Body: hardText(r, true), Marker: "move:a/1"}
		}),
		Checks: few(r, func() Check {
			return Check{Head: someCommit(r), Name: hardText(r, false), Conclusion: Failure, Summary: hardText(r, true), At: someTime(r), Title: hardText(r, false)}
		}),
	}
	if r.IntN(2) == 0 {
		p.State, p.MergedAs = StateMerged, someCommit(r)
	}
	return p
}

// TestRecordsAgainstYAML: what we write, the YAML library reads, and so do we.
func TestRecordsAgainstYAML(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	written := 0
	for range 3000 {
		p := hardPull(r)
		data, err := encodePull(p)
		var invalid *InvalidError
		if errors.As(err, &invalid) {
			continue // too long, or a login of spaces
		}
		if err != nil {
			t.Fatal(err)
		}
		written++
		sameToYAML(t, data, plainPull(p))
		again, err := decodePull("p", data, p.Number)
		if err != nil || !reflect.DeepEqual(again, p) {
			t.Fatalf("we read %+v (%v) of\n%s, want %+v", again, err, data, p)
		}
	}
	if written < 2000 {
		t.Errorf("only %d of 3000 records were good enough to be written", written)
	}
	issue := Issue{
		Program: "no", ID: "INGP-2026-0042", Title: strings.Repeat("true: ", 40), Body: strings.Repeat("- a\n", 1000),
		Labels: tidy(hard[:20]), Closed: true, Created: someTime(r), Updated: someTime(r),
		Revision: 7, File: "sha256:" + strings.Repeat("0f", 32), Comments: []Comment{{By: "y", At: someTime(r), Body: "- a", Marker: "1:2"}},
		Events: []LabelEvent{{someTime(r), "y", []string{"no"}, nil}, {someTime(r), "n", nil, []string{"1", "a, b"}}},
	}
	data, err := encodeIssue(issue)
	if err != nil {
		t.Fatal(err)
	}
	sameToYAML(t, data, plainIssue(issue))
	if again, err := decodeIssue("i", data, "no", "INGP-2026-0042"); err != nil || !reflect.DeepEqual(again, issue) {
		t.Fatalf("we read %+v (%v), want %+v", again, err, issue)
	}
}

// TestRefusedRecords: each spoils a good record in one place, and every
// refusal names the file.
func TestRefusedRecords(t *testing.T) {
	t.Parallel()
	good := "docket: 1\nnumber: 7\nbranch: b\nbase: main\nhead: git:" + strings.Repeat("a", 40) +
		"\nstate: open\ntitle: t\nlabels: [a, b]\nauthor: x\ncreated: 2026-11-22T09:14:03Z\nupdated: 2026-11-22T09:14:03Z\n" +
		"comments:\n  - {by: x, at: 2026-11-22T09:14:03Z, body: c}\n"
	if _, err := decodePull("f", []byte(good), 7); err != nil {
		t.Fatal(err)
	}
	for _, edit := range [][2]string{
		{"title: t", "title: t\ntitle: t"}, {"title: t", "Title: t"}, {"title: t", "title: \"t\""}, {"title: t", "title: 't'"},
		{"title: t", "title: \"t"}, {"title: t", "title: \"\\q\""}, {"title: t", "title: \"\\ud800\""}, {"title: t", "title:"}, {"title: t", "title: "},
		{"title: t", "title:  t"}, {"title: t", "title: t "}, {"title: t", "title: t # c"}, {"title: t", "title: &a t"}, {"title: t", "title: *a"},
		{"title: t", "title: !!str t"}, {"title: t", "title: |\n  t"}, {"title: t", "title: true"}, {"title: t", "title: \"\\x1b\""}, {"title: t", "title: \"\\u001b\""},
		{"title: t", "title: `t`"}, {"title: t", "title: \"a\u202eb\""}, {"title: t", "title: \"\\u202e\""}, {"title: t", ""}, {"title: t\n", ""}, {"title: t", "\r"},
		{"labels: [a, b]", "labels: [b, a]"}, {"labels: [a, b]", "labels: [a, a]"}, {"labels: [a, b]", "labels: []"}, {"labels: [a, b]", "labels: [a,b]"},
		{"labels: [a, b]", "labels: [a, b"}, {"labels: [a, b]", "labels: a"}, {"labels: [a, b]", "labels:\n  - a"}, {"labels: [a, b]", "labels: [a, [b]]"},
		{"number: 7", "number: 07"}, {"number: 7", "number: +7"}, {"number: 7", "number: \"7\""}, {"number: 7", "number: 99999999999999999999"}, {"number: 7", "number: 8"},
		{"docket: 1\n", ""}, {"docket: 1", "docket: 2"}, {"docket: 1", "--- \ndocket: 1"}, {"docket: 1\nnumber: 7", "number: 7\ndocket: 1"},
		{"git:aaaa", "aaaa"}, {"git:aaaa", "git:AAAA"}, {"git:aaaa", "git:aaa"}, {"git:aaaa", "\"git:aaaa"},
		{"09:14:03Z\nupdated", "09:14:03.5Z\nupdated"}, {"09:14:03Z\nupdated", "09:14:03+00:00\nupdated"}, {"09:14:03Z\nupdated", "25:14:03Z\nupdated"},
		{"state: open", "state: draft"}, {"state: open", "state: merged"}, {"branch: b", "branch: ../b"}, {"author: x", "author: \"x y\""},
		{"comments:\n", "comments: \n"}, {"comments:\n", "comments: []\n"}, {"comments:\n", "comments:\n  - {}\n"}, {"  - {", "- {"}, {"  - {", "  -  {"},
		{"{by: x", "{by: x, by: x"}, {"{by: x, ", "{"}, {"body: c}", "body: c"}, {"body: c}", "body: c},"}, {"body: c}", "body: c, more: d}"}, {"body: c}", "body: c}\n...\n"},
		{"{by: x, at: 2026-11-22T09:14:03Z", "{at: 2026-11-22T09:14:03Z, by: x"}, {"body: c}\n", "body: c}\n\n"}, {"body: c}\n", "body: c}"}, {"body: c", "body: \xff"},
	} {
		bad := strings.Replace(good, edit[0], edit[1], 1)
		if bad == good {
			t.Fatalf("%q changes nothing", edit)
		}
		_, err := decodePull("some/file", []byte(bad), 7)
		var record *RecordError
		if !errors.As(err, &record) || record.Path != "some/file" {
			t.Errorf("%q for %q: got %v, want it refused by name", edit[1], edit[0], err)
		}
	}
}

// FuzzRecord: what is accepted is written again byte for byte, and the YAML
// library reads the same.
func FuzzRecord(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 20 {
		if data, err := encodePull(hardPull(r)); err == nil {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var number Pull
		var version int
		if decode("f", data, pullFields(&version, &number)) != nil {
			return
		}
		p, err := decodePull("f", data, number.Number)
		if err != nil {
			return
		}
		again, err := encodePull(p)
		if err != nil || !bytes.Equal(again, data) {
			t.Fatalf("accepted\n%s, written again as\n%s (%v)", data, again, err)
		}
		sameToYAML(t, data, plainPull(p))
	})
}
