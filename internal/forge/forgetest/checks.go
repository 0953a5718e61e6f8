package forgetest

import (
	"context"
	"testing"

	"github.com/docket-psirt/docket/internal/forge"
)

func checks(t *testing.T, s *Subject) {
	ctx, f := context.Background(), s.Forge
	opened := s.open(t, branch)
	wait := forge.Check{Head: opened.Head, Name: "docket/check", Conclusion: forge.Waiting, Title: "Not yet", Summary: "nobody has looked\n"}
	ok(t, f.Check(ctx, wait))
	early := must[[]forge.Check](t)(f.Checked(ctx, opened.Head))
	if len(early) != 1 || early[0].Conclusion != forge.Waiting || early[0].Title != wait.Title {
		t.Errorf("a check that waits is %+v", early)
	}
	red := forge.Check{Head: opened.Head, Name: "docket/check", Conclusion: forge.Failure, Title: "No", Summary: "one approval is missing\n"}
	green := forge.Check{Head: opened.Head, Name: "docket/check", Conclusion: forge.Success}
	ok(t, f.Check(ctx, red))
	ok(t, f.Check(ctx, forge.Check{Head: opened.Head, Name: "build", Conclusion: forge.Success}))
	list := must[[]forge.Check](t)(f.Checked(ctx, opened.Head))
	if len(list) != 2 || list[0].Name != "build" || list[1].Name != "docket/check" {
		t.Fatalf("checks are %+v, want build and docket/check", list)
	}
	equal(t, "conclusion", list[1].Conclusion, forge.Failure)
	equal(t, "title", list[1].Title, red.Title)
	equal(t, "summary", list[1].Summary, red.Summary)
	equal(t, "head", list[1].Head, opened.Head)
	equal(t, "title that was not given", list[0].Title, "")
	equal(t, "summary that was not given", list[0].Summary, "")

	ok(t, f.Check(ctx, green))
	list = must[[]forge.Check](t)(f.Checked(ctx, opened.Head))
	if len(list) != 2 || list[1].Conclusion != forge.Success {
		t.Errorf("checks are %+v, want the newer result in place of the older", list)
	}
	head := s.push(t, branch)
	ok(t, f.Update(ctx, opened.Number, func(p *forge.Pull) error { p.Head = head; return nil }))
	if list := must[[]forge.Check](t)(f.Checked(ctx, head)); len(list) != 0 {
		t.Errorf("a new head has the checks %+v of the old one", list)
	}
}

// checkNotes gives more notes than GitHub takes at once.
func checkNotes(t *testing.T, s *Subject) {
	ctx, f := context.Background(), s.Forge
	c := forge.Check{Head: s.open(t, branch).Head, Name: "docket/check", Conclusion: forge.Failure, Title: "120 faults", Summary: "all of them\n"}
	for line := range 120 {
		c.Notes = append(c.Notes, forge.Note{Path: "cases/ingroupe/2026/00/INGP-2026-0042.yaml", Line: line + 1, Level: forge.LevelFailure, Text: "no"})
	}
	ok(t, f.Check(ctx, c))
	list := must[[]forge.Check](t)(f.Checked(ctx, c.Head))
	if len(list) != 1 || list[0].Title != c.Title || list[0].Conclusion != forge.Failure || list[0].Notes != nil {
		t.Errorf("checks are %+v, want one, without notes", list)
	}
}
