package forgetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/docket-psirt/docket/internal/forge"
)

func openAndFind(t *testing.T, s *Subject) {
	ctx, f := context.Background(), s.Forge
	wanted := s.proposal(t, branch)
	opened := must[forge.Pull](t)(f.Open(ctx, wanted))
	byNumber := must[forge.Pull](t)(f.Get(ctx, opened.Number))
	byBranch := must[forge.Pull](t)(f.Find(ctx, branch))
	for how, p := range map[string]forge.Pull{"opened": opened, "by number": byNumber, "by branch": byBranch} {
		equal(t, how+": number", p.Number, opened.Number)
		equal(t, how+": state", p.State, forge.StateOpen)
		equal(t, how+": kind", p.Kind, "move")
		equal(t, how+": case", p.Case, caseID)
		equal(t, how+": branch", p.Branch, branch)
		equal(t, how+": base", p.Base, "main")
		equal(t, how+": head", p.Head, wanted.Head)
		equal(t, how+": title", p.Title, wanted.Title)
		equal(t, how+": body", p.Body, wanted.Body)
		equal(t, how+": merged as", p.MergedAs, "")
		sameLabels(t, p.Labels, "kind/move", "state/evaluating")
		if p.Number < 1 || p.Author == "" || p.Created.IsZero() || p.Updated.Before(p.Created) {
			t.Errorf("%s: number %d, author %q, created %v, updated %v", how, p.Number, p.Author, p.Created, p.Updated)
		}
	}
}

func openAgain(t *testing.T, s *Subject) {
	ctx, f := context.Background(), s.Forge
	changed := s.proposal(t, branch)
	first := must[forge.Pull](t)(f.Open(ctx, changed))
	again := must[forge.Pull](t)(f.Open(ctx, changed))
	equal(t, "number", again.Number, first.Number)
	changed.Head, changed.Title, changed.Labels = s.push(t, branch), "another title", nil
	ok(t, ignore(f.Open(ctx, changed)))
	p := must[forge.Pull](t)(f.Get(ctx, first.Number))
	equal(t, "head", p.Head, changed.Head)
	equal(t, "title", p.Title, "another title")
	sameLabels(t, p.Labels, "kind/move", "state/evaluating")
	equal(t, "open pull requests", len(must[[]forge.Pull](t)(f.List(ctx, forge.Filter{State: forge.StateOpen}))), 1)
}

func openAfterClose(t *testing.T, s *Subject) {
	ctx, f := context.Background(), s.Forge
	first := s.open(t, branch)
	ok(t, f.Close(ctx, first.Number, s.Git.Merge(t, branch)))
	wantError(t, ignore(f.Find(ctx, branch)), forge.ErrNotFound)
	second := s.open(t, branch)
	if second.Number <= first.Number {
		t.Errorf("the second number is %d, after %d", second.Number, first.Number)
	}
	equal(t, "found", must[forge.Pull](t)(f.Find(ctx, branch)).Number, second.Number)
	equal(t, "state of the first", must[forge.Pull](t)(f.Get(ctx, first.Number)).State, forge.StateMerged)
}

func openAtOnce(t *testing.T, s *Subject) {
	ctx, f := context.Background(), s.Forge
	numbers := make([]int, 8)
	proposals := make([]forge.Proposal, 4)
	for i := range proposals {
		proposals[i] = s.proposal(t, fmt.Sprintf("case/INGP-2026-%04d/next", i+1))
	}
	ok(t, atOnce(len(numbers), func(i int) error {
		p, err := f.Open(ctx, proposals[i/2]) // two for each branch
		numbers[i] = p.Number
		return err
	}))
	for i, n := range numbers {
		for j, m := range numbers {
			if (n == m) != (i/2 == j/2) {
				t.Fatalf("numbers are %v: want one for each two, and different ones", numbers)
			}
		}
	}
}

func list(t *testing.T, s *Subject) {
	ctx, f := context.Background(), s.Forge
	var numbers []int
	for i := range 4 {
		numbers = append(numbers, s.open(t, fmt.Sprintf("case/INGP-2026-%04d/next", i+1)).Number)
	}
	ok(t, f.Close(ctx, numbers[0], s.Git.Merge(t, "case/INGP-2026-0001/next")))
	ok(t, f.Close(ctx, numbers[1], ""))
	for _, want := range []struct {
		filter forge.Filter
		pulls  []int
	}{
		{forge.Filter{}, []int{numbers[3], numbers[2], numbers[1], numbers[0]}},
		{forge.Filter{Limit: 3}, []int{numbers[3], numbers[2], numbers[1]}},
		{forge.Filter{State: forge.StateOpen}, []int{numbers[3], numbers[2]}},
		{forge.Filter{State: forge.StateOpen, Limit: 1}, []int{numbers[3]}},
		{forge.Filter{State: forge.StateMerged}, []int{numbers[0]}},
		{forge.Filter{State: forge.StateClosed}, []int{numbers[1]}},
	} {
		var got []int
		for _, p := range must[[]forge.Pull](t)(f.List(ctx, want.filter)) {
			got = append(got, p.Number)
		}
		if !slices.Equal(got, want.pulls) {
			t.Errorf("%+v lists %v, want %v", want.filter, got, want.pulls)
		}
	}
	var invalid *forge.InvalidError
	if err := ignore(f.List(ctx, forge.Filter{State: "draft"})); !errors.As(err, &invalid) {
		t.Errorf("an unknown state gives %v", err)
	}
}

func update(t *testing.T, s *Subject) {
	ctx, f := context.Background(), s.Forge
	n := s.open(t, branch).Number
	head := s.push(t, branch)
	ok(t, f.Update(ctx, n, func(p *forge.Pull) error {
		p.Title, p.Body, p.Head = "new title", "", head
		p.Labels = append(p.Labels, "blocked", "blocked")
		return nil
	}))
	p := must[forge.Pull](t)(f.Get(ctx, n))
	equal(t, "title", p.Title, "new title")
	equal(t, "body", p.Body, "")
	equal(t, "head", p.Head, head)
	sameLabels(t, p.Labels, "blocked", "kind/move", "state/evaluating")
	ok(t, f.Update(ctx, n, func(p *forge.Pull) error { p.Labels = nil; return nil }))
	sameLabels(t, must[forge.Pull](t)(f.Get(ctx, n)).Labels)

	stop := errors.New("stop")
	wantError(t, f.Update(ctx, n, func(p *forge.Pull) error { p.Title = "lost"; return stop }), stop)
	equal(t, "title", must[forge.Pull](t)(f.Get(ctx, n)).Title, "new title")
}

func updateKeepsHistory(t *testing.T, s *Subject) {
	ctx, f := context.Background(), s.Forge
	opened := s.open(t, branch)
	n := opened.Number
	ok(t, s.Reviewer.Review(ctx, n, forge.Review{By: "lead", Head: opened.Head, Verdict: forge.Approve}))
	for what, change := range map[string]func(*forge.Pull){
		"number": func(p *forge.Pull) { p.Number++ },
		"branch": func(p *forge.Pull) { p.Branch = "other" },
		"state":  func(p *forge.Pull) { p.State, p.MergedAs = forge.StateMerged, Merged },
		"author": func(p *forge.Pull) { p.Author = "someone" },
		"reviews": func(p *forge.Pull) {
			p.Reviews = append(p.Reviews, forge.Review{By: "lead", Head: opened.Head, Verdict: forge.Reject})
		},
		"comments": func(p *forge.Pull) { p.Comments = []forge.Comment{{By: "x", Body: "y"}} },
		"checks":   func(p *forge.Pull) { p.Checks = []forge.Check{{Name: "x"}} },
	} {
		var invalid *forge.InvalidError
		if err := f.Update(ctx, n, func(p *forge.Pull) error { change(p); return nil }); !errors.As(err, &invalid) {
			t.Errorf("an update of %s gives %v, want it refused", what, err)
		}
	}
	ok(t, f.Close(ctx, n, ""))
	ok(t, f.Update(ctx, n, func(p *forge.Pull) error { p.Labels = []string{"late"}; return nil }))
	var invalid *forge.InvalidError
	if err := f.Update(ctx, n, func(p *forge.Pull) error { p.Head = HeadB; return nil }); !errors.As(err, &invalid) {
		t.Errorf("a new head for a closed pull request gives %v, want it refused", err)
	}
}

func closeOnce(t *testing.T, s *Subject) {
	ctx, f := context.Background(), s.Forge
	n := s.open(t, branch).Number
	merged := s.Git.Merge(t, branch)
	ok(t, f.Close(ctx, n, merged))
	ok(t, f.Close(ctx, n, merged))
	p := must[forge.Pull](t)(f.Get(ctx, n))
	equal(t, "state", p.State, forge.StateMerged)
	equal(t, "merged as", p.MergedAs, merged)
	wantError(t, f.Close(ctx, n, ""), forge.ErrClosed)
	wantError(t, f.Close(ctx, n, HeadB), forge.ErrClosed)

	other := s.open(t, "program/ingroupe").Number
	ok(t, f.Close(ctx, other, ""))
	ok(t, f.Close(ctx, other, ""))
	p = must[forge.Pull](t)(f.Get(ctx, other))
	equal(t, "state", p.State, forge.StateClosed)
	equal(t, "merged as", p.MergedAs, "")
	wantError(t, f.Close(ctx, other, Merged), forge.ErrClosed)
}

func talk(t *testing.T, s *Subject) {
	ctx, f := context.Background(), s.Forge
	opened := s.open(t, branch)
	n := opened.Number
	ok(t, s.Reviewer.Review(ctx, n, forge.Review{By: "lead", Head: opened.Head, Verdict: forge.Reject, Body: "no\treason: \"none\""}))
	ok(t, s.Reviewer.Review(ctx, n, forge.Review{By: "lead", Head: opened.Head, Verdict: forge.Approve}))
	ok(t, f.Comment(ctx, n, forge.Comment{By: "bot", Body: "# verdict\n- pass → merge\n"}))
	head := s.push(t, branch)
	ok(t, f.Update(ctx, n, func(p *forge.Pull) error { p.Head = head; return nil }))
	ok(t, f.Close(ctx, n, s.Git.Merge(t, branch)))
	ok(t, f.Comment(ctx, n, forge.Comment{By: "bot", Body: "delivered"}))
	wantError(t, s.Reviewer.Review(ctx, n, forge.Review{By: "lead", Head: head, Verdict: forge.Approve}), forge.ErrClosed)

	p := must[forge.Pull](t)(f.Get(ctx, n))
	if len(p.Reviews) != 2 || len(p.Comments) != 2 {
		t.Fatalf("there are %d reviews and %d comments, want 2 and 2", len(p.Reviews), len(p.Comments))
	}
	equal(t, "first verdict", p.Reviews[0].Verdict, forge.Reject)
	equal(t, "first body", p.Reviews[0].Body, "no\treason: \"none\"")
	equal(t, "second verdict", p.Reviews[1].Verdict, forge.Approve)
	equal(t, "reviewed head", p.Reviews[1].Head, opened.Head)
	equal(t, "first comment", p.Comments[0].Body, "# verdict\n- pass → merge\n")
	equal(t, "second comment", p.Comments[1].Body, "delivered")
	for _, r := range p.Reviews {
		if r.By == "" || r.At.IsZero() {
			t.Errorf("a review by %q at %v", r.By, r.At)
		}
	}
}

func talkAtOnce(t *testing.T, s *Subject) {
	ctx, f := context.Background(), s.Forge
	n := s.open(t, branch).Number
	ok(t, atOnce(8, func(i int) error {
		return f.Comment(ctx, n, forge.Comment{By: "bot", Body: fmt.Sprint("comment ", i)})
	}))
	var bodies []string
	for _, c := range must[forge.Pull](t)(f.Get(ctx, n)).Comments {
		bodies = append(bodies, c.Body)
	}
	slices.Sort(bodies)
	equal(t, "comments", strings.Join(bodies, ","),
		"comment 0,comment 1,comment 2,comment 3,comment 4,comment 5,comment 6,comment 7")
}
