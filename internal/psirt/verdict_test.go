package psirt

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
)

// tree makes a verdict tree as All does, of random leaves.
func tree(r *rand.Rand, depth int) Verdict {
	if depth == 0 || r.IntN(3) == 0 {
		switch r.IntN(3) {
		case 0:
			return Passed("p")
		case 1:
			return Failed("f", "do")
		}
		return Verdict{Result: Sealed, What: "s", Do: "key", Private: r.IntN(2) == 0}
	}
	var of []Verdict
	for range r.IntN(4) {
		of = append(of, tree(r, depth-1))
	}
	return All("a", of...)
}

// leaves counts the answers at the ends of a tree.
func leaves(v Verdict, n *[3]int) {
	if len(v.Of) == 0 {
		n[v.Result]++
	}
	for _, part := range v.Of {
		leaves(part, n)
	}
}

// A verdict passes when all its leaves do; a failure outweighs what is sealed;
// whatever did not pass has reasons, of its own kind, and what to do.
func TestVerdictProperty(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		v := tree(r, 4)
		var n [3]int
		leaves(v, &n)
		want := Pass
		switch {
		case n[Fail] > 0:
			want = Fail
		case n[Sealed] > 0:
			want = Sealed
		}
		if v.Result != want || v.OK() != (want == Pass) {
			t.Fatalf("result is %v, want %v\n%s", v.Result, want, v.Text())
		}
		reasons := v.Reasons()
		line := [...]string{Fail: "f: do", Pass: "", Sealed: "s: key"}[want]
		if want == Pass && reasons != nil || want != Pass && len(reasons) != 1 { // what several leaves say is said once
			t.Fatalf("%d reasons of %v\n%s", len(reasons), n, v.Text())
		}
		for _, reason := range reasons {
			if reason != line {
				t.Fatalf("reason is %q\n%s", reason, v.Text())
			}
		}
		public := v.Public()
		if public.Result != v.Result || (len(public.Reasons()) == 0) != v.OK() || strings.Contains(public.Text(), "  s: key") && !strings.Contains(v.Text(), "  s: key") {
			t.Fatalf("in public\n%s\nand\n%s", public.Text(), v.Text())
		}
	}
}

func TestPublic(t *testing.T) {
	t.Parallel()
	v := All("move", Passed("known"), Verdict{Result: Sealed, What: "the secret", Do: "x", Private: true}, Verdict{Result: Pass, What: "another secret", Private: true},
		All("inner", Verdict{Result: Sealed, What: "deep secret", Private: true}))
	text := v.Public().Text()
	contain(t, text, "yes  known", "inner", "run docket diff")
	if strings.Contains(text, "secret") || strings.Count(text, "run docket diff") != 2 {
		t.Errorf("in public:\n%s", text)
	}
	if !strings.Contains(v.Text(), "the secret") || len(v.Of) != 4 {
		t.Error("the verdict itself was changed")
	}
}

func TestVerdictForms(t *testing.T) {
	t.Parallel()
	v := All("question", Passed("yes"), Failed("no", "do it"), Failed("nothing to do", ""))
	if got, want := v.Text(), "no   question\n  yes  yes\n  no   no: do it\n  no   nothing to do\n"; got != want {
		t.Errorf("text is\n%s", got)
	}
	if got := strings.Join(v.Reasons(), "|"); got != "no: do it|nothing to do" {
		t.Errorf("reasons are %s", got)
	}
	raw, err := json.Marshal(v)
	if want := `{"result":"fail","what":"question","of":[{"result":"pass","what":"yes"},{"result":"fail","what":"no","do":"do it"},{"result":"fail","what":"nothing to do"}]}`; err != nil || string(raw) != want {
		t.Errorf("JSON is %s, %v", raw, err)
	}
	if got := (Verdict{Result: Sealed, What: "x"}).Text() + Sealed.String(); got != "key  x\nsealed" {
		t.Errorf("text is %q", got)
	}
}
