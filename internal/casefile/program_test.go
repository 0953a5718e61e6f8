package casefile

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/peer"
	"github.com/docket-psirt/docket/internal/psirt"
)

func programYAML(t testing.TB) string { t.Helper(); return string(fixture(t, "program.yaml")) }

func TestParseProgram(t *testing.T) {
	t.Parallel()
	p := must(ParseProgram([]byte(programYAML(t))))(t)
	if p.Program != "ingroupe" || len(p.States) != 7 || len(p.Transitions) != 23 || len(p.Clocks) != 9 || len(p.People) != 2 {
		t.Fatalf("%s has %d states, %d transitions, %d clocks, %d people", p.Program, len(p.States), len(p.Transitions), len(p.Clocks), len(p.People))
	}
	if c := p.Clocks[2]; c.Name != "triage" || c.Within != psirt.Duration(14*24*time.Hour) {
		t.Errorf("clock is %+v", c)
	}
	if f := p.Facts["in-scope"]; !f.Clear || f.Is.Equals == nil || f.Is.Equals.Path != "analysis.in_scope" || f.Is.Equals.Value != true {
		t.Errorf("fact is %+v", f)
	}
	if tr := p.Transitions[0]; !slices.Equal(tr.Guards, []string{"consent"}) || tr.Approvals != (psirt.ApprovalRule{Count: 1, Role: "team", Kind: "attested"}) || !tr.Label {
		t.Errorf("transition is %+v", tr)
	}
	peeked := must(PeekProgram([]byte(programYAML(t))))(t)
	if peeked.Program != p.Program || len(peeked.Facts) != len(p.Facts) {
		t.Errorf("peeked %+v", peeked)
	}
}

// A date is a string, quoted or not: YAML 1.2 knows no other, and reports hold
// none.
func TestProgramDates(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"2026-11-22", `"2026-11-22"`} {
		text := edited(t, "  url: https://ingroupe.com/psirt\n", "  url: https://ingroupe.com/psirt\n  date: "+value+"\n")
		text = strings.Replace(text, "    present: priority\n", "    equals: {path: agreed_on, value: "+value+"}\n", 1)
		p := must(ParseProgram([]byte(text)))(t)
		if p.Source.Date != "2026-11-22" {
			t.Errorf("the date is %q", p.Source.Date)
		}
		if v := p.Judge("prioritised", psirt.World{Report: psirt.Document{"agreed_on": "2026-11-22"}}); !v.OK() {
			t.Errorf("%s: %s", value, v.Text())
		}
	}
	_, err := ParseProgram([]byte(edited(t, "  url: https://ingroupe.com/psirt\n", "  url: https://ingroupe.com/psirt\n  date: 2026-11-22T10:00:00Z\n")))
	if err == nil || !strings.Contains(err.Error(), "source.date: expected") {
		t.Errorf("a time where a date belongs: %v", err)
	}
}

func edited(t testing.TB, old, now string) string {
	t.Helper()
	text := programYAML(t)
	if !strings.Contains(text, old) {
		t.Fatalf("the programme has no %q", old)
	}
	return strings.Replace(text, old, now, 1)
}

// laughs is the YAML of a billion laughs.
func laughs() string {
	b := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i < 10; i++ {
		b += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", "))
	}
	return b
}

// What another reader could read otherwise, or what could grow, is refused by
// ParseProgram and PeekProgram alike, and at once.
func TestProgramProhibitions(t *testing.T) {
	t.Parallel()
	good := programYAML(t)
	for what, x := range map[string]struct{ text, want string }{
		"billion laughs":        {laughs(), "anchors and aliases"},
		"anchor":                {edited(t, "language: en", "language: &l en"), "anchors and aliases"},
		"anchor on a list":      {edited(t, "addresses: [", "addresses: &a ["), "anchors and aliases"},
		"anchor and alias":      {edited(t, "language: en", "language: &l en\ntitle: *l"), "anchors and aliases"},
		"an anchor in itself":   {"a: &a [*a]\n", "anchors and aliases"},
		"merge key":             {edited(t, "\nedits: {count: 0}", "\nedits: {<<: {count: 0}}"), "merge keys"},
		"merge key of an alias": {edited(t, "\nedits: {count: 0}", "\nedits: {<<: *e}"), "unknown anchor"},
		"tag":                   {edited(t, "docket: 1", "docket: !!int 1"), "tags"},
		"tag of ours":           {edited(t, "docket: 1", "docket: !docket 1"), "tags"},
		"binary":                {edited(t, "language: en", "language: !!binary ZW4="), "tags"},
		"tag of no name":        {edited(t, "language: en", "language: ! en"), "tags"},
		"verbatim tag":          {edited(t, "language: en", "language: !<tag:yaml.org,2002:str> en"), "tags"},
		"number as a string":    {edited(t, "docket: 1", "docket: ! 1"), "tags"},
		"no name in a list":     {edited(t, "addresses: [psirt@ingroupe.com]", "addresses: [é, ! psirt@ingroupe.com]"), "tags"},
		"tag on a mapping":      {edited(t, "\nedits: {", "\nedits: !!map {"), "tags"},
		"tag on a key":          {edited(t, "\nedits:", "\n!!str edits:"), "tags"},
		"duplicate key":         {edited(t, "docket: 1", "docket: 1\ndocket: 1"), "docket: each key is a plain word and stands once"},
		"duplicate inner key":   {edited(t, "\nedits: {count: 0}", "\nedits: {count: 0, count: 1}"), "stands once"},
		"quoted duplicate":      {edited(t, "docket: 1", "docket: 1\n\"docket\": 2"), "stands once"},
		"mapping as key":        {edited(t, "docket: 1", "docket: 1\n? {a: b}\n: c"), "plain word"},
		"second document":       {good + "---\n" + good, "second document"},
		"empty second document": {good + "---\n", "second document"},
		"rubbish behind":        {good + "...\n}{\n", "second document"},
		"huge":                  {good + strings.Repeat("# x\n", 1<<18), "at most 1048576 bytes"},
		"many values":           {good + "more: [" + strings.Repeat("1,", 60_000) + "1]\n", "too many values"},
		"deep flow":             {good + "more: " + strings.Repeat("[", 100) + strings.Repeat("]", 100) + "\n", "nested too deep"},
		"very deep flow":        {"a: " + strings.Repeat("[", 500_000), "yaml:"},
		"very deep mappings":    {"a: " + strings.Repeat("{a: ", 200_000), "yaml:"},
		"deep block":            {strings.Repeat("- ", 300_000), "yaml:"},
		"long key":              {strings.Repeat("k", 1<<19) + ": 1\n", ""},
		"many comments":         {strings.Repeat("#\n", 1<<19-10), ""},
		"many quotes":           {"a: '" + strings.Repeat("''", 1<<18) + "'\n", ""},
		"many folds":            {"a: >\n" + strings.Repeat("  x\n\n", 1<<16), ""},
		"nothing":               {"", "empty"},
		"only comments":         {"# nothing\n", "empty"},
		"only a start":          {"---\n", ""},
		"tab":                   {"docket:\n\t- 1\n", "line 2: a tab"},
		"not UTF-8":             {"docket: 1\nname: \xff\n", "line 2: this is not UTF-8"},
		"zero octet":            {"docket: \x00\n", "yaml:"},
		"a list":                {"- docket\n", ""},
		"a string":              {"docket\n", ""},
		"null":                  {"null\n", ""},
		"a key of truth":        {edited(t, "facts:\n", "facts:\n  true: {means: x, do: y, present: z}\n"), ""},
		"a key of numbers":      {edited(t, "facts:\n", "facts:\n  1: {means: x, do: y, present: z}\n"), ""},
		"infinity":              {edited(t, "note_limit: 3", "note_limit: .inf"), "intake.note_limit"},
		"not a number":          {edited(t, "note_limit: 3", "note_limit: .nan"), "intake.note_limit"},
		"a large number":        {edited(t, "note_limit: 3", "note_limit: 18446744073709551615"), "intake.note_limit"},
		"a huge number":         {edited(t, "note_limit: 3", "note_limit: 1e999999999"), "intake.note_limit"},
	} {
		t.Run(what, func(t *testing.T) {
			var p *psirt.Program
			var err error
			took := peer.Took(func() { p, err = ParseProgram([]byte(x.text)) })
			if err == nil || p != nil || !strings.Contains(err.Error(), x.want) {
				t.Fatalf("error is %v, want %q", err, x.want)
			}
			if !strings.HasPrefix(err.Error(), "program.yaml: ") {
				t.Errorf("error does not say which file: %v", err)
			}
			took += peer.Took(func() { _, _ = PeekProgram([]byte(x.text)) })
			if took > 5*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// Facts can be a bomb too: each names the next one twice.
func TestFactBomb(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 15 {
		fmt.Fprintf(&b, "  x%d: {means: m, do: d, all: [%s{fact: x%d}]}\n", i, strings.Repeat(fmt.Sprintf("{fact: x%d}, ", i+1), 20), i+1)
	}
	b.WriteString("  x15: {means: m, do: d, present: x}\n")
	var err error
	took := peer.Took(func() { _, err = ParseProgram([]byte(edited(t, "facts:\n", "facts:\n"+b.String()))) })
	var faults Faults
	if !errors.As(err, &faults) || len(faults) < 1 || !strings.Contains(faults[0].Text, "asks more than 10000 questions") {
		t.Fatalf("error is %v", err)
	}
	if took > 5*time.Second {
		t.Fatalf("it took %v", took)
	}
}

func paths(t *testing.T, err error) []string {
	t.Helper()
	var faults Faults
	if !errors.As(err, &faults) {
		t.Fatalf("error is %v", err)
	}
	var out []string
	for _, f := range faults {
		out = append(out, f.Path)
	}
	return out
}

// Every fault comes at once, each with its path: first those of the schema,
// and once there are none, those that only psirt sees.
func TestProgramFaults(t *testing.T) {
	t.Parallel()
	text := programYAML(t)
	for _, change := range [][2]string{
		{"docket: 1", "docket: 2"},
		{"prefix: INGP", "prefix: ingp"},
		{"clear: flag", "clear: maybe"},
		{"label: true", "label: 'true'"},
		{"within: 24h", "within: 1w"},
		{"language: en", "language: en\ncolour: red"},
		{"roles: [team]", "roles: [The Boss]"},
	} {
		text = strings.Replace(text, change[0], change[1], 1)
	}
	_, err := ParseProgram([]byte(text))
	got := paths(t, err)
	for _, want := range []string{"docket", "prefix", "intake.clear", "transitions[0].label", "clocks[0].within", "colour", "people[1].roles[0]"} {
		if !slices.Contains(got, want) {
			t.Errorf("no fault at %s", want)
		}
	}
	if len(got) != 7 || strings.Count(err.Error(), "program.yaml: ") != 7 {
		t.Errorf("faults are at %v:\n%v", got, err)
	}

	text = programYAML(t)
	for _, change := range [][2]string{
		{"guards: [consent]", "guards: [consented]"},
		{"to: solving\n", "to: solved\n"},
		{"paused: [needs-info, deferred]", "paused: [sleeping]"},
		{"on: reply", "on: clock:nap"},
		{"openpgp4fpr:3333333333333333333333333333333333333333", "openpgp4fpr:2222222222222222222222222222222222222222"},
		{"roles: [team, lead]", "roles: [team]"},
	} {
		text = strings.Replace(text, change[0], change[1], 1)
	}
	_, err = ParseProgram([]byte(text))
	if got, want := paths(t, err), []string{"transitions[0].guards", "transitions[1].to", "transitions[5].on", "clocks[5].paused", "keys.mailer", "people"}; !slices.Equal(got, want) {
		t.Errorf("faults are at %v, want %v:\n%v", got, want, err)
	}

	unfinished := strings.Replace(programYAML(t), "roles: [team, lead]", "roles: []", 1)
	if p := must(PeekProgram([]byte(unfinished)))(t); len(p.People) != 2 {
		t.Errorf("peeked %+v", p.People)
	}
	if _, err := PeekProgram([]byte("program: x\ncolour: red\n")); err == nil || !strings.Contains(err.Error(), "colour") {
		t.Errorf("an unknown key: %v", err)
	}
}
