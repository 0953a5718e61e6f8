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

func openAndFind(t *testing.T, f forge.Forge) {
	ctx := context.Background()
	opened := must[forge.Pull](t)(f.Open(ctx, proposal(branch)))
	byNumber := must[forge.Pull](t)(f.Get(ctx, opened.Number))
	byBranch := must[forge.Pull](t)(f.Find(ctx, branch))
	for how, p := range map[string]forge.Pull{"opened": opened, "by number": byNumber, "by branch": byBranch} {
		equal(t, how+": number", p.Number, opened.Number)
		equal(t, how+": state", p.State, forge.StateOpen)
		equal(t, how+": kind", p.Kind, "move")
		equal(t, how+": case", p.Case, caseID)
		equal(t, how+": branch", p.Branch, branch)
		equal(t, how+": base", p.Base, "main")
		equal(t, how+": head", p.Head, HeadA)
		equal(t, how+": title", p.Title, proposal(branch).Title)
		equal(t, how+": body", p.Body, proposal(branch).Body)
		equal(t, how+": merged as", p.MergedAs, "")
		sameLabels(t, p.Labels, "kind/move", "state/evaluating")
		if p.Number < 1 || p.Author == "" || p.Created.IsZero() || p.Updated.Before(p.Created) {
			t.Errorf("%s: number %d, author %q, created %v, updated %v", how, p.Number, p.Author, p.Created, p.Updated)
		}
	}
}

func openAgain(t *testing.T, f forge.Forge) {
	ctx := context.Background()
	first := must[forge.Pull](t)(f.Open(ctx, proposal(branch)))
	again := must[forge.Pull](t)(f.Open(ctx, proposal(branch)))
	equal(t, "number", again.Number, first.Number)
	changed := proposal(branch)
	changed.Head, changed.Title, changed.Labels = HeadB, "another title", nil
	ok(t, ignore(f.Open(ctx, changed)))
	p := must[forge.Pull](t)(f.Get(ctx, first.Number))
	equal(t, "head", p.Head, HeadB)
	equal(t, "title", p.Title, "another title")
	sameLabels(t, p.Labels, "kind/move", "state/evaluating")
	equal(t, "open pull requests", len(must[[]forge.Pull](t)(f.List(ctx, forge.Filter{State: forge.StateOpen}))), 1)
}

func openAfterClose(t *testing.T, f forge.Forge) {
	ctx := context.Background()
	first := must[forge.Pull](t)(f.Open(ctx, proposal(branch)))
	ok(t, f.Close(ctx, first.Number, Merged))
	wantError(t, ignore(f.Find(ctx, branch)), forge.ErrNotFound)
	second := must[forge.Pull](t)(f.Open(ctx, proposal(branch)))
	if second.Number <= first.Number {
		t.Errorf("the second number is %d, after %d", second.Number, first.Number)
	}
	equal(t, "found", must[forge.Pull](t)(f.Find(ctx, branch)).Number, second.Number)
	equal(t, "state of the first", must[forge.Pull](t)(f.Get(ctx, first.Number)).State, forge.StateMerged)
}

func openAtOnce(t *testing.T, f forge.Forge) {
	ctx := context.Background()
	numbers := make([]int, 8)
	ok(t, atOnce(len(numbers), func(i int) error {
		p, err := f.Open(ctx, proposal(fmt.Sprintf("case/INGP-2026-%04d/next", i/2+1))) // two for each branch
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

func list(t *testing.T, f forge.Forge) {
	ctx := context.Background()
	var numbers []int
	for i := range 4 {
		p := must[forge.Pull](t)(f.Open(ctx, proposal(fmt.Sprintf("case/INGP-2026-%04d/next", i+1))))
		numbers = append(numbers, p.Number)
	}
	ok(t, f.Close(ctx, numbers[0], Merged))
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

func update(t *testing.T, f forge.Forge) {
	ctx := context.Background()
	n := must[forge.Pull](t)(f.Open(ctx, proposal(branch))).Number
	ok(t, f.Update(ctx, n, func(p *forge.Pull) error {
		p.Title, p.Body, p.Head = "new title", "", HeadB
		p.Labels = append(p.Labels, "blocked", "blocked")
		return nil
	}))
	p := must[forge.Pull](t)(f.Get(ctx, n))
	equal(t, "title", p.Title, "new title")
	equal(t, "body", p.Body, "")
	equal(t, "head", p.Head, HeadB)
	sameLabels(t, p.Labels, "blocked", "kind/move", "state/evaluating")
	ok(t, f.Update(ctx, n, func(p *forge.Pull) error { p.Labels = nil; return nil }))
	sameLabels(t, must[forge.Pull](t)(f.Get(ctx, n)).Labels)

	stop := errors.New("stop")
	wantError(t, f.Update(ctx, n, func(p *forge.Pull) error { p.Title = "lost"; return stop }), stop)
	equal(t, "title", must[forge.Pull](t)(f.Get(ctx, n)).Title, "new title")
}

func updateKeepsHistory(t *testing.T, f forge.Forge) {
	ctx := context.Background()
	n := must[forge.Pull](t)(f.Open(ctx, proposal(branch))).Number
	ok(t, f.Review(ctx, n, forge.Review{By: "lead", Head: HeadA, Verdict: forge.Approve}))
	for what, change := range map[string]func(*forge.Pull){
		"number":   func(p *forge.Pull) { p.Number++ },
		"branch":   func(p *forge.Pull) { p.Branch = "other" },
		"state":    func(p *forge.Pull) { p.State = forge.StateMerged; p.MergedAs = Merged },
		"author":   func(p *forge.Pull) { p.Author = "someone" },
		"reviews":  func(p *forge.Pull) { p.Reviews = nil },
		"a review": func(p *forge.Pull) { p.Reviews[0].Verdict = forge.Reject },
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

func closeOnce(t *testing.T, f forge.Forge) {
	ctx := context.Background()
	n := must[forge.Pull](t)(f.Open(ctx, proposal(branch))).Number
	ok(t, f.Close(ctx, n, Merged))
	ok(t, f.Close(ctx, n, Merged))
	p := must[forge.Pull](t)(f.Get(ctx, n))
	equal(t, "state", p.State, forge.StateMerged)
	equal(t, "merged as", p.MergedAs, Merged)
	wantError(t, f.Close(ctx, n, ""), forge.ErrClosed)
	wantError(t, f.Close(ctx, n, HeadB), forge.ErrClosed)

	other := must[forge.Pull](t)(f.Open(ctx, proposal("program/ingroupe"))).Number
	ok(t, f.Close(ctx, other, ""))
	ok(t, f.Close(ctx, other, ""))
	p = must[forge.Pull](t)(f.Get(ctx, other))
	equal(t, "state", p.State, forge.StateClosed)
	equal(t, "merged as", p.MergedAs, "")
	wantError(t, f.Close(ctx, other, Merged), forge.ErrClosed)
}

func talk(t *testing.T, f forge.Forge) {
	ctx := context.Background()
	n := must[forge.Pull](t)(f.Open(ctx, proposal(branch))).Number
	ok(t, f.Review(ctx, n, forge.Review{By: "lead", Head: HeadA, Verdict: forge.Reject, Body: "no\treason: \"none\""}))
	ok(t, f.Review(ctx, n, forge.Review{By: "lead", Head: HeadA, Verdict: forge.Approve}))
	ok(t, f.Comment(ctx, n, forge.Comment{By: "bot", Body: "# verdict\n- pass → merge\n"}))
	ok(t, f.Update(ctx, n, func(p *forge.Pull) error { p.Head = HeadB; return nil }))
	ok(t, f.Close(ctx, n, Merged))
	ok(t, f.Comment(ctx, n, forge.Comment{By: "bot", Body: "delivered"}))
	wantError(t, f.Review(ctx, n, forge.Review{By: "lead", Head: HeadB, Verdict: forge.Approve}), forge.ErrClosed)

	p := must[forge.Pull](t)(f.Get(ctx, n))
	if len(p.Reviews) != 2 || len(p.Comments) != 2 {
		t.Fatalf("there are %d reviews and %d comments, want 2 and 2", len(p.Reviews), len(p.Comments))
	}
	equal(t, "first verdict", p.Reviews[0].Verdict, forge.Reject)
	equal(t, "first body", p.Reviews[0].Body, "no\treason: \"none\"")
	equal(t, "second verdict", p.Reviews[1].Verdict, forge.Approve)
	equal(t, "reviewed head", p.Reviews[1].Head, HeadA)
	equal(t, "first comment", p.Comments[0].Body, "# verdict\n- pass → merge\n")
	equal(t, "second comment", p.Comments[1].Body, "delivered")
	for _, r := range p.Reviews {
		if r.By == "" || r.At.IsZero() {
			t.Errorf("a review by %q at %v", r.By, r.At)
		}
	}
}

func talkAtOnce(t *testing.T, f forge.Forge) {
	ctx := context.Background()
	n := must[forge.Pull](t)(f.Open(ctx, proposal(branch))).Number
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

func checks(t *testing.T, f forge.Forge) {
	ctx := context.Background()
	n := must[forge.Pull](t)(f.Open(ctx, proposal(branch))).Number
	red := forge.Check{Head: HeadA, Name: "docket/check", Conclusion: forge.Failure, Summary: "one approval is missing\n"}
	green := forge.Check{Head: HeadA, Name: "docket/check", Conclusion: forge.Success}
	ok(t, f.Check(ctx, red))
	ok(t, f.Check(ctx, forge.Check{Head: HeadA, Name: "build", Conclusion: forge.Success}))
	p := must[forge.Pull](t)(f.Get(ctx, n))
	if len(p.Checks) != 2 || p.Checks[0].Name != "build" || p.Checks[1].Name != "docket/check" {
		t.Fatalf("checks are %+v, want build and docket/check", p.Checks)
	}
	equal(t, "conclusion", p.Checks[1].Conclusion, forge.Failure)
	equal(t, "summary", p.Checks[1].Summary, red.Summary)
	equal(t, "head", p.Checks[1].Head, HeadA)

	ok(t, f.Check(ctx, green))
	p = must[forge.Pull](t)(f.Get(ctx, n))
	if len(p.Checks) != 2 || p.Checks[1].Conclusion != forge.Success {
		t.Errorf("checks are %+v, want the newer result in place of the older", p.Checks)
	}
	ok(t, f.Update(ctx, n, func(p *forge.Pull) error { p.Head = HeadB; return nil }))
	if p := must[forge.Pull](t)(f.Get(ctx, n)); len(p.Checks) != 0 {
		t.Errorf("a new head has the checks %+v of the old one", p.Checks)
	}
}
