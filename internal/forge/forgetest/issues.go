package forgetest

import (
	"context"
	"errors"
	"testing"

	"github.com/docket-psirt/docket/internal/forge"
)

func track(t *testing.T, f forge.Forge) {
	ctx := context.Background()
	wantError(t, ignore(f.Issue(ctx, program, caseID)), forge.ErrNotFound)
	issue := forge.Issue{Program: program, ID: caseID, Title: caseID + " received", Body: "A case.\n", Labels: []string{"state/received", "due/overdue"}}
	ok(t, f.Track(ctx, issue))
	ok(t, f.Track(ctx, issue))
	got := must[forge.Issue](t)(f.Issue(ctx, program, caseID))
	equal(t, "program", got.Program, program)
	equal(t, "id", got.ID, caseID)
	equal(t, "title", got.Title, issue.Title)
	equal(t, "body", got.Body, issue.Body)
	equal(t, "closed", got.Closed, false)
	sameLabels(t, got.Labels, "due/overdue", "state/received")

	issue.Title, issue.Labels, issue.Closed = caseID+" closed", nil, true
	ok(t, f.Track(ctx, issue))
	got = must[forge.Issue](t)(f.Issue(ctx, program, caseID))
	equal(t, "title", got.Title, issue.Title)
	equal(t, "closed", got.Closed, true)
	sameLabels(t, got.Labels, "due/overdue", "state/received")
	issue.Labels = []string{}
	ok(t, f.Track(ctx, issue))
	sameLabels(t, must[forge.Issue](t)(f.Issue(ctx, program, caseID)).Labels)
}

func label(t *testing.T, f forge.Forge) {
	ctx := context.Background()
	wantError(t, ignore(f.Label(ctx, program, caseID, []string{"x"}, nil, "triage")), forge.ErrNotFound)
	ok(t, f.Track(ctx, forge.Issue{Program: program, ID: caseID, Title: caseID, Labels: []string{"state/received"}}))
	sameLabels(t, must[[]string](t)(f.Label(ctx, program, caseID, []string{"to/evaluating"}, nil, "triage")), "state/received", "to/evaluating")
	swap := func() ([]string, error) {
		return f.Label(ctx, program, caseID, []string{"state/evaluating"}, []string{"state/received", "to/evaluating"}, "bot")
	}
	sameLabels(t, must[[]string](t)(swap()), "state/evaluating")
	sameLabels(t, must[[]string](t)(swap()), "state/evaluating")
	sameLabels(t, must[forge.Issue](t)(f.Issue(ctx, program, caseID)).Labels, "state/evaluating")
	var invalid *forge.InvalidError
	if err := ignore(f.Label(ctx, program, caseID, []string{"x"}, []string{"x"}, "bot")); !errors.As(err, &invalid) {
		t.Errorf("a label both added and removed gives %v", err)
	}
}
