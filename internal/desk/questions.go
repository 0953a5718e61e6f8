package desk

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/docket-psirt/docket/internal/psirt"
)

// Question is the draft of a question to the reporter.
type Question struct {
	Words string // a first line "Subject: …", an empty line, the text
	Asks  bool   // whether it asks for anything yet, or a person is to say what
}

// Questions drafts the question for what a report lacks, with the programme's
// template ask.
func (d *Desk) Questions(ctx context.Context, id psirt.CaseID) (*Question, error) {
	t, _, open, err := d.asAnalyst(ctx, id)
	if err != nil {
		return nil, err
	}
	s := t.c.setting
	var b strings.Builder
	for i, question := range lacking(open.report, s.Program, d.termsOf(t.c)) {
		b.WriteString(entryLines(fmt.Sprintf("%d. ", i+1), question))
	}
	name := cmp.Or(firstOf(open.report, "reporter.name"), firstOf(open.report, "reporter.pseudonym"))
	subject, text, err := s.Question(t.c.Case, strings.Join(strings.Fields(name), " "), b.String())
	if err != nil {
		return nil, err
	}
	return &Question{Words: "Subject: " + subject + "\n\n" + text, Asks: b.Len() > 0}, nil
}

// lineWidth is how many characters a line of a letter has at most, where words
// allow it: as in the templates, and so that it can be quoted (RFC 3676 section 4.2).
const lineWidth = 72

// entryLines are an entry of a list, whose further lines stand below its first word.
func entryLines(mark, text string) string {
	var b strings.Builder
	line := mark
	for i, word := range strings.Fields(text) {
		if i > 0 && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > lineWidth {
			b.WriteString(line + "\n")
			line = strings.Repeat(" ", len(mark))
		} else if i > 0 {
			line += " "
		}
		line += word
	}
	return b.String() + line + "\n"
}

// lacking lists what there is to ask about a report: what the policy asked for
// when it was submitted and it lacks, what the catalogue does not know, and who else has it.
func lacking(report psirt.Document, p *psirt.Program, form psirt.ReportForm) []string {
	var out []string
	for _, asked := range form.Asked {
		for _, token := range report.Values("missing") {
			if token == asked.Token {
				out = append(out, asked.Question)
			}
		}
	}
	out = append(out, unlistedQuestions(report, p)...)
	if others := report.Values("sent_to"); len(others) > 0 {
		out = append(out, fmt.Sprintf("Your mail also went to %s. Who else has the report, and who may have it?", spokenList(others)))
	}
	return out
}
