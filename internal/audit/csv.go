package audit

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// csvColumns is the first row of what WriteCSV writes. A finding has a severity
// and no time; an event has a time and no severity.
var csvColumns = []string{"record", "time", "program", "case", "severity", "kind", "state", "by", "attested", "commit", "text"}

// WriteCSV writes the report as comma-separated values (RFC 4180, UTF-8, LF):
// one row for each finding ("finding"), then one for each event of each story
// ("event"). Times are RFC 3339. A value that a spreadsheet would take for a
// formula gets an apostrophe before it.
func (r *Report) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	row := func(values ...string) error {
		for i, v := range values {
			values[i] = cell(v)
		}
		return out.Write(values)
	}
	if err := out.Write(csvColumns); err != nil {
		return err
	}
	programs := map[string]string{}
	for _, s := range r.Stories {
		programs[string(s.Case)] = s.Program
	}
	for _, f := range r.Findings {
		id := string(f.Case)
		if err := row("finding", "", programs[id], id, f.Severity, f.Kind, "", "", "", f.Commit, f.Said()); err != nil {
			return err
		}
	}
	for _, s := range r.Stories {
		for _, e := range s.Events {
			if err := row("event", e.At.UTC().Format(time.RFC3339), s.Program, string(s.Case), "", e.Kind, e.State,
				e.By, strconv.FormatBool(e.Attested), e.Commit, e.Text); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

// cell makes a value safe for spreadsheets: whatever begins like a formula,
// also after white space, control characters or in full-width forms, is marked as text.
func cell(s string) string {
	s = plain(s)
	bare := strings.TrimLeftFunc(s, func(c rune) bool { return unicode.IsSpace(c) || c == unicode.ReplacementChar })
	first, _ := utf8.DecodeRuneInString(bare)
	if strings.ContainsRune("=+-@|%＝＋－＠", first) {
		return "'" + s
	}
	return s
}
