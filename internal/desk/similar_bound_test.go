package desk

import (
	"fmt"
	"strings"
	"testing"

	"github.com/docket-psirt/docket/internal/psirt"
)

// TestLikeQueryIsBounded: of thousands of candidates a bounded number is kept,
// and the likest is among them whenever it came; one huge report is cut.
func TestLikeQueryIsBounded(t *testing.T) {
	t.Parallel()
	doc := func(text string) psirt.Document { return psirt.Document{"description": text} }
	q := newLikeQuery(doc("The reader opens the gate before the signature of a blank card is verified."))
	for n := range 3*maxLikeKept + 7 {
		text := fmt.Sprintf("Lamp %d blinks when the reader of its manual turns page %d.", n, n%100)
		if n == 100 {
			text = "Blank cards open the gate: the reader verifies no signature before."
		}
		q.add(doc(text), Likeness{ID: psirt.NewCaseID("LAMP", 2026, n+1)})
		if len(q.kept) > maxLikeKept {
			t.Fatalf("%d candidates are kept", len(q.kept))
		}
	}
	best := q.best(3)
	if len(best) == 0 || best[0].ID != psirt.NewCaseID("LAMP", 2026, 101) || best[0].Score < 0.5 {
		t.Errorf("best: %+v", best)
	}
	var huge strings.Builder
	for n := range 200_000 {
		fmt.Fprintf(&huge, "word%d ", n)
	}
	if n := len(likeTerms(doc(huge.String()))); n != maxLikeTerms {
		t.Errorf("%d terms of a huge report are kept", n)
	}
}

// FuzzLikeWords: no text makes a term that is empty, or stops the program.
func FuzzLikeWords(f *testing.F) {
	for _, s := range []string{"A card, 1.2.3-rc1 — Grüße", "读卡器 opens 门", "\xff\xfe.-_", "ſſ İing ed"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, w := range likeWords(s) {
			if w == "" || strings.ContainsAny(w, " \n") {
				t.Errorf("%q gives the word %q", s, w)
			}
		}
	})
}
