package forge

import (
	"strings"
	"unicode/utf8"
)

// Everything that Docket writes on GitHub ends in a line that readers do not
// see, by which it is known again:
//
//	<!-- docket: kind=move case=INGP-2026-0042 -->           a pull request
//	<!-- docket: case=INGP-2026-0042 revision=7 file=sha256:… -->   a tracking issue
//	<!-- docket: answer=… --> or <!-- docket: once=… -->     a comment or a review
//
// bodyMarker reads it.

const (
	markerBegin = "<!-- docket: "
	markerEnd   = " -->"
	// maxPosted is what GitHub takes as the body of an issue, a pull request or
	// a comment, in characters.
	maxPosted = 65536
)

// mark adds the marker to a text, which is cut where GitHub would not take it
// all. fields are names and values in turn; those without a value are left out.
func mark(text string, fields ...string) string {
	var b strings.Builder
	b.WriteString(markerBegin)
	var parts []string
	for i := 0; i+1 < len(fields); i += 2 {
		if fields[i+1] != "" {
			parts = append(parts, fields[i]+"="+fields[i+1])
		}
	}
	b.WriteString(strings.Join(parts, " ") + markerEnd)
	if text == "" {
		return b.String()
	}
	return cut(text, maxPosted-b.Len()-1) + "\n" + b.String()
}

// unmark takes the marker off, and brings the text into the form of records.
func unmark(body string) string {
	body = strings.ReplaceAll(body, "\r\n", "\n")
	at := strings.LastIndex(body, markerBegin)
	if at < 0 || at > 0 && body[at-1] != '\n' || !strings.HasSuffix(strings.TrimSpace(body), strings.TrimSpace(markerEnd)) {
		return bodyText(body)
	}
	return bodyText(body[:max(0, at-1)])
}

// cut shortens a text to so many bytes, between two characters.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}
