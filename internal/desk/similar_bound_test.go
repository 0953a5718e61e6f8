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

// TestDuplicateInOtherWords: the same weakness in other words comes before
// a question about the same product, in an archive of three cases, where no
// word is rare; a telephone number or an address that two have says nothing.
func TestDuplicateInOtherWords(t *testing.T) {
	t.Parallel()
	product := func(name, version string) []any {
		return []any{map[string]any{"name": name, "versions": []any{version}}}
	}
	docs := map[psirt.CaseID]psirt.Document{
		"LAMP-2026-0001": {"title": "LX440 rack controller: predictable session token", "products": product("Example LX440 rack server, controller", "4.26.11"),
			"description": "Dear team,\nthe token of the web console is derived from the login time in seconds and from a counter that starts at zero at every boot. " +
				"A client that knows when an administrator logged in can compute a short list of candidates: 01 420, 02 472, 03 506, 04 569, 05 614, 06 641, 07 697.\n" +
				"We compared the cookies of thirty logins side by side. Ring +00 555 0170 or write to desk@example.org."},
		"LAMP-2026-0002": {"title": "Management console of the LX440: guessable login cookie", "products": product("LX440", "4.26.11"),
			"description": "Good afternoon, I look after the servers of a lab. After you log in, the browser gets a cookie; its two halves only count the seconds and the logins since the " +
				"controller was last restarted. So anybody with a rough idea of when the administrator logs in has a handful of values to try. Ring me on +00 555 0188, or pell@example.com."},
		"LAMP-2026-0003": {"title": "LX440: questions before our audit", "products": product("LX440", "4.27"),
			"description": "Dear team, how do we switch on secure boot on the LX440 servers, for all at once? Where is the newest image? The page asks for a login that we have not. " +
				"Please answer before Friday, last year we had to ask twice. Tel. +00 555 0171, fax +00 555 0188, pell@example.com."},
	}
	for _, pair := range [][2]psirt.CaseID{{"LAMP-2026-0001", "LAMP-2026-0002"}, {"LAMP-2026-0002", "LAMP-2026-0001"}} {
		q := newLikeQuery(docs[pair[0]])
		for id, doc := range docs {
			if id != pair[0] {
				q.add(doc, Likeness{ID: id})
			}
		}
		best := q.best(3)
		if len(best) == 0 || best[0].ID != pair[1] || len(best) > 1 && best[1].Score > 0.9*best[0].Score {
			t.Errorf("most like %s: %+v", pair[0], best)
		}
		for _, l := range best {
			shared := strings.Join(l.Shared, " ")
			if l.ID == pair[1] && !strings.Contains(shared, "cookie") { // whole words, as they are written
				t.Errorf("%s and %s share %s", pair[0], l.ID, shared)
			}
			if strings.Contains(shared, "555") || strings.Contains(shared, "pell") {
				t.Errorf("%s and %s share %s", pair[0], l.ID, shared)
			}
		}
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
