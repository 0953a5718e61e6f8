// Package forgetest is the contract of a forge, as tests. It promises that two
// forges that pass it can stand in for each other wherever Docket asks a forge
// for something; it asks nothing that only one of them could do, such as
// choosing the time of a comment or speaking in another's name.
package forgetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/docket-psirt/docket/internal/forge"
)

// Commits that the suite proposes; a forge that looks at git must know them.
var (
	HeadA  = strings.Repeat("a", 40)
	HeadB  = strings.Repeat("b", 40)
	Merged = strings.Repeat("c", 40)
)

const (
	program = "ingroupe"
	caseID  = "INGP-2026-0042"
	branch  = "case/INGP-2026-0042/next"
)

// Run holds a forge to the contract. open gives a new, empty one for each test.
func Run(t *testing.T, open func(t *testing.T) forge.Forge) {
	tests := []struct {
		name string
		run  func(*testing.T, forge.Forge)
	}{
		{"OpenAndFind", openAndFind},
		{"OpenAgain", openAgain},
		{"OpenAfterClose", openAfterClose},
		{"OpenAtOnce", openAtOnce},
		{"List", list},
		{"Update", update},
		{"UpdateKeepsHistory", updateKeepsHistory},
		{"Close", closeOnce},
		{"Talk", talk},
		{"TalkAtOnce", talkAtOnce},
		{"Checks", checks},
		{"Track", track},
		{"Label", label},
		{"NotFound", notFound},
		{"Refused", refused},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, open(t))
		})
	}
}

func proposal(branch string) forge.Proposal {
	return forge.Proposal{
		Kind: "move", Case: caseID, Branch: branch, Base: "main", Head: HeadA,
		Title: caseID + ": received → evaluating", Body: "First line.\n\nNot \"quoted\": {really}\n",
		Labels: []string{"state/evaluating", "kind/move"}, Author: "triage",
	}
}

// must is the value of a call that may not fail.
func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got the error %v, want %v", err, want)
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func sameLabels(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("labels are %q, want %q", got, want)
	}
}

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

func ignore[T any](_ T, err error) error { return err }

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

// atOnce runs the steps together and returns their errors.
func atOnce(n int, step func(i int) error) error {
	errs := make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { errs[i] = step(i) })
	}
	all.Wait()
	return errors.Join(errs...)
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

func track(t *testing.T, f forge.Forge) {
	ctx := context.Background()
	wantError(t, ignore(f.Issue(ctx, program, caseID)), forge.ErrNotFound)
	issue := forge.Issue{Program: program, ID: caseID, Title: caseID + " received", Body: "A case.\n", Labels: []string{"state/received", "a b"}}
	ok(t, f.Track(ctx, issue))
	ok(t, f.Track(ctx, issue))
	got := must[forge.Issue](t)(f.Issue(ctx, program, caseID))
	equal(t, "program", got.Program, program)
	equal(t, "id", got.ID, caseID)
	equal(t, "title", got.Title, issue.Title)
	equal(t, "body", got.Body, issue.Body)
	equal(t, "closed", got.Closed, false)
	sameLabels(t, got.Labels, "a b", "state/received")

	issue.Title, issue.Labels, issue.Closed = caseID+" closed", nil, true
	ok(t, f.Track(ctx, issue))
	got = must[forge.Issue](t)(f.Issue(ctx, program, caseID))
	equal(t, "title", got.Title, issue.Title)
	equal(t, "closed", got.Closed, true)
	sameLabels(t, got.Labels, "a b", "state/received")
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

func notFound(t *testing.T, f forge.Forge) {
	ctx := context.Background()
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

func refused(t *testing.T, f forge.Forge) {
	ctx := context.Background()
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
		p := proposal(branch)
		spoil(&p)
		var invalid *forge.InvalidError
		if err := ignore(f.Open(ctx, p)); !errors.As(err, &invalid) {
			t.Errorf("%s: Open gives %v, want it refused", what, err)
		}
	}
	equal(t, "pull requests", len(must[[]forge.Pull](t)(f.List(ctx, forge.Filter{}))), 0)

	n := must[forge.Pull](t)(f.Open(ctx, proposal(branch))).Number
	var invalid *forge.InvalidError
	for what, err := range map[string]error{
		"verdict":    f.Review(ctx, n, forge.Review{By: "lead", Head: HeadA, Verdict: "maybe"}),
		"head":       f.Review(ctx, n, forge.Review{By: "lead", Head: "HEAD", Verdict: forge.Approve}),
		"comment":    f.Comment(ctx, n, forge.Comment{By: "bot"}),
		"conclusion": f.Check(ctx, forge.Check{Head: HeadA, Name: "docket/check", Conclusion: "maybe"}),
		"program":    f.Track(ctx, forge.Issue{Program: "../x", ID: caseID, Title: "t"}),
		"id":         f.Track(ctx, forge.Issue{Program: program, ID: "INGP-2026-0", Title: "t"}),
	} {
		if !errors.As(err, &invalid) {
			t.Errorf("%s: %v, want it refused", what, err)
		}
	}
}
