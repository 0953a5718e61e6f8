package forgetest

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/docket-psirt/docket/internal/forge"
)

func notFound(t *testing.T, s *Subject) {
	ctx, f := context.Background(), s.Forge
	for _, n := range []int{-1, 0, 1, 1 << 20} {
		wantError(t, ignore(f.Get(ctx, n)), forge.ErrNotFound)
		wantError(t, f.Close(ctx, n, ""), forge.ErrNotFound)
		wantError(t, f.Update(ctx, n, func(*forge.Pull) error { return nil }), forge.ErrNotFound)
		wantError(t, f.Comment(ctx, n, forge.Comment{By: "bot", Body: "x"}), forge.ErrNotFound)
		wantError(t, f.Review(ctx, n, forge.Review{By: "bot", Head: HeadA, Verdict: forge.Approve}), forge.ErrNotFound)
	}
	wantError(t, ignore(f.Find(ctx, branch)), forge.ErrNotFound)
	wantError(t, f.Check(ctx, forge.Check{Head: HeadB, Name: "docket/check", Conclusion: forge.Success}), forge.ErrNotFound)
	equal(t, "pull requests", len(must[[]forge.Pull](t)(f.List(ctx, forge.Filter{}))), 0)
}

func refused(t *testing.T, s *Subject) {
	ctx, f := context.Background(), s.Forge
	good := s.proposal(t, branch)
	for what, spoil := range map[string]func(*forge.Proposal){
		"escape in title":      func(p *forge.Proposal) { p.Title = "a\x1b[31mb" },
		"line end in title":    func(p *forge.Proposal) { p.Title = "a\nb" },
		"no title":             func(p *forge.Proposal) { p.Title = "" },
		"long title":           func(p *forge.Proposal) { p.Title = strings.Repeat("é", 257) },
		"escape in body":       func(p *forge.Proposal) { p.Body = "a\x1b[31mb" },
		"CR in body":           func(p *forge.Proposal) { p.Body = "a\r\nb" },
		"C1 control in body":   func(p *forge.Proposal) { p.Body = "a\u009bb" },
		"override in body":     func(p *forge.Proposal) { p.Body = "a\u202eb" },
		"bad UTF-8 in body":    func(p *forge.Proposal) { p.Body = "a\xffb" },
		"long body":            func(p *forge.Proposal) { p.Body = strings.Repeat("a", 1<<16+1) },
		"empty label":          func(p *forge.Proposal) { p.Labels = []string{""} },
		"control in label":     func(p *forge.Proposal) { p.Labels = []string{"a\tb"} },
		"long label":           func(p *forge.Proposal) { p.Labels = []string{strings.Repeat("a", 51)} },
		"short head":           func(p *forge.Proposal) { p.Head = "abc" },
		"parent in branch":     func(p *forge.Proposal) { p.Branch = "a/../b" },
		"empty branch segment": func(p *forge.Proposal) { p.Branch = "a//b" },
		"dot segment":          func(p *forge.Proposal) { p.Branch = "a/.git" },
		"lock":                 func(p *forge.Proposal) { p.Branch = "a.lock/b" },
		"space in branch":      func(p *forge.Proposal) { p.Branch = "a b" },
		"branch of base":       func(p *forge.Proposal) { p.Base = p.Branch },
		"no base":              func(p *forge.Proposal) { p.Base = "" },
		"case":                 func(p *forge.Proposal) { p.Case = "INGP-2026-42" },
		"kind":                 func(p *forge.Proposal) { p.Kind = "A Kind" },
	} {
		p := good
		spoil(&p)
		var invalid *forge.InvalidError
		if err := ignore(f.Open(ctx, p)); !errors.As(err, &invalid) {
			t.Errorf("%s: Open gives %v, want it refused", what, err)
		}
	}
	equal(t, "pull requests", len(must[[]forge.Pull](t)(f.List(ctx, forge.Filter{}))), 0)

	n := s.open(t, branch).Number
	var invalid *forge.InvalidError
	for what, err := range map[string]error{
		"verdict":     f.Review(ctx, n, forge.Review{By: "lead", Head: HeadA, Verdict: "maybe"}),
		"head":        f.Review(ctx, n, forge.Review{By: "lead", Head: "HEAD", Verdict: forge.Approve}),
		"comment":     f.Comment(ctx, n, forge.Comment{By: "bot"}),
		"check title": f.Check(ctx, forge.Check{Head: HeadA, Name: "docket/check", Conclusion: forge.Success, Title: "a\nb"}),
		"note": f.Check(ctx, forge.Check{Head: HeadA, Name: "docket/check", Conclusion: forge.Success,
			Notes: []forge.Note{{Path: "/etc/passwd", Line: 1, Level: forge.LevelNotice, Text: "x"}}}),
		"conclusion": f.Check(ctx, forge.Check{Head: HeadA, Name: "docket/check", Conclusion: "maybe"}),
		"program":    f.Track(ctx, forge.Issue{Program: "../x", ID: caseID, Title: "t"}),
		"id":         f.Track(ctx, forge.Issue{Program: program, ID: "INGP-2026-0", Title: "t"}),
	} {
		if !errors.As(err, &invalid) {
			t.Errorf("%s: %v, want it refused", what, err)
		}
	}
}
