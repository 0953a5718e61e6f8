package forgetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/docket-psirt/docket/internal/forge"
)

func track(t *testing.T, s *Subject) {
	ctx, f := context.Background(), s.Forge
	wantError(t, ignore(f.Issue(ctx, program, caseID)), forge.ErrNotFound)
	issue := forge.Issue{Program: program, ID: caseID, Title: caseID + " received", Body: "A case.\n", Revision: 1,
		File: "sha256:" + strings.Repeat("0f", 32), Labels: []string{"state/received", "due/overdue"}}
	ok(t, f.Track(ctx, issue))
	ok(t, f.Track(ctx, issue))
	got := must[forge.Issue](t)(f.Issue(ctx, program, caseID))
	equal(t, "program", got.Program, program)
	equal(t, "id", got.ID, caseID)
	equal(t, "title", got.Title, issue.Title)
	equal(t, "body", got.Body, issue.Body)
	equal(t, "closed", got.Closed, false)
	equal(t, "revision", got.Revision, 1)
	equal(t, "file", got.File, issue.File)
	sameLabels(t, got.Labels, "due/overdue", "state/received")

	issue.Title, issue.Labels, issue.Closed, issue.Revision = caseID+" closed", nil, true, 2
	ok(t, f.Track(ctx, issue))
	got = must[forge.Issue](t)(f.Issue(ctx, program, caseID))
	equal(t, "title", got.Title, issue.Title)
	equal(t, "closed", got.Closed, true)
	equal(t, "revision", got.Revision, 2)
	sameLabels(t, got.Labels, "due/overdue", "state/received")
	issue.Labels = []string{}
	ok(t, f.Track(ctx, issue))
	sameLabels(t, must[forge.Issue](t)(f.Issue(ctx, program, caseID)).Labels)
}

func label(t *testing.T, s *Subject) {
	ctx, f := context.Background(), s.Forge
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

// trackAtOnce: many who track the same new case make one issue of it.
func trackAtOnce(t *testing.T, s *Subject) {
	ctx, f := context.Background(), s.Forge
	ok(t, atOnce(6, func(i int) error {
		id := fmt.Sprintf("INGP-2026-%04d", i%2+1)
		return f.Track(ctx, forge.Issue{Program: program, ID: id, Title: id, Labels: []string{"program/" + program}})
	}))
	for i := range 2 {
		id := fmt.Sprintf("INGP-2026-%04d", i+1)
		equal(t, "title", must[forge.Issue](t)(f.Issue(ctx, program, id)).Title, id)
	}
}

// peoplesLabels: Docket replaces its own labels, and those of people stay: above
// all those that ask for something, which may have come a moment ago.
func peoplesLabels(t *testing.T, s *Subject) {
	ctx, f := context.Background(), s.Forge
	issue := forge.Issue{Program: program, ID: caseID, Title: caseID, Labels: []string{"program/ingroupe", "state/received"}}
	ok(t, f.Track(ctx, issue))
	ok(t, ignore(f.Label(ctx, program, caseID, []string{"ask legal", "move/evaluating", "due/overdue"}, nil, "triage")))
	issue.Labels = []string{"program/ingroupe", "state/evaluating"}
	ok(t, f.Track(ctx, issue))
	sameLabels(t, must[forge.Issue](t)(f.Issue(ctx, program, caseID)).Labels, "ask legal", "move/evaluating", "program/ingroupe", "state/evaluating")
	sameLabels(t, must[[]string](t)(f.Label(ctx, program, caseID, nil, []string{"move/evaluating"}, "bot")), "ask legal", "program/ingroupe", "state/evaluating")
}

func answer(t *testing.T, s *Subject) {
	ctx, f := context.Background(), s.Forge
	wantError(t, f.Answer(ctx, program, caseID, forge.Comment{By: "bot", Body: "x"}), forge.ErrNotFound)
	wantError(t, ignore(f.Answers(ctx, program, caseID)), forge.ErrNotFound)
	ok(t, f.Track(ctx, forge.Issue{Program: program, ID: caseID, Title: caseID, Body: "A case.\n"}))
	refusal := forge.Comment{By: "bot", Body: "no:\n- *complete* is missing\n", Marker: "move:evaluating:sha256:0f"}
	ok(t, f.Answer(ctx, program, caseID, refusal))
	ok(t, f.Answer(ctx, program, caseID, refusal))
	ok(t, atOnce(3, func(int) error {
		return f.Answer(ctx, program, caseID, forge.Comment{By: "bot", Body: "run docket move"})
	}))
	list := must[[]forge.Comment](t)(f.Answers(ctx, program, caseID))
	if len(list) != 4 {
		t.Fatalf("there are %d answers, want 4: those with a marker once", len(list))
	}
	equal(t, "body", list[0].Body, refusal.Body)
	equal(t, "marker", list[0].Marker, refusal.Marker)
	equal(t, "no marker", list[1].Marker, "")
	if list[0].By == "" || list[0].At.IsZero() {
		t.Errorf("an answer by %q at %v", list[0].By, list[0].At)
	}
	equal(t, "body of the issue", must[forge.Issue](t)(f.Issue(ctx, program, caseID)).Body, "A case.\n")

	// Said again, where it was last said too long ago.
	refusal.Since = list[0].At
	ok(t, f.Answer(ctx, program, caseID, refusal))
	equal(t, "answers since", len(must[[]forge.Comment](t)(f.Answers(ctx, program, caseID))), 4)
	refusal.Since = list[0].At.Add(time.Hour)
	refusal.At = refusal.Since
	ok(t, f.Answer(ctx, program, caseID, refusal))
	equal(t, "answers after it", len(must[[]forge.Comment](t)(f.Answers(ctx, program, caseID))), 5)

	// Of those who say the same at the same moment, one has said it.
	ok(t, atOnce(4, func(int) error {
		return f.Answer(ctx, program, caseID, forge.Comment{By: "bot", Body: "no", Marker: "asked:0f"})
	}))
	equal(t, "answers of four", len(must[[]forge.Comment](t)(f.Answers(ctx, program, caseID))), 6)

	var invalid *forge.InvalidError
	for _, marker := range []string{"Move", "a b", "a-->", "a--b", strings.Repeat("a", 201)} {
		if err := f.Answer(ctx, program, caseID, forge.Comment{By: "bot", Body: "x", Marker: marker}); !errors.As(err, &invalid) {
			t.Errorf("the marker %q gives %v", marker, err)
		}
	}
}

func saidOnce(t *testing.T, s *Subject) {
	ctx, f := context.Background(), s.Forge
	n := s.open(t, branch).Number
	for range 2 {
		ok(t, f.Comment(ctx, n, forge.Comment{By: "bot", Body: "delivered", Marker: "delivered:1"}))
	}
	ok(t, f.Comment(ctx, n, forge.Comment{By: "bot", Body: "delivered", Marker: "delivered:2"}))
	equal(t, "comments", len(must[forge.Pull](t)(f.Get(ctx, n)).Comments), 2)
}
