package desk

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestDiffLines: what a diff takes out and puts in, done to the one text, gives
// the other; and each part says where it stands and how long it is.
func TestDiffLines(t *testing.T) {
	t.Parallel()
	want := "@@ -2,5 +2,6 @@\n b\n c\n-d\n+D\n+DD\n e\n f"
	if got := strings.Join(diffLines("a\nb\nc\nd\ne\nf\ng\nh\n", "a\nb\nc\nD\nDD\ne\nf\ng\nh\n", 2), "\n"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := strings.Join(diffLines("", "x\ny\n", 2), "\n"); got != "@@ -1,0 +1,2 @@\n+x\n+y" {
		t.Errorf("a new file: %q", got)
	}
	secret := FileDiff{Path: "cases/x/keys/intake-secret.pgp"}
	if secret.compare([]byte("a"), []byte("b")); secret.Is != "sealed" || secret.Lines != nil {
		t.Errorf("a sealed file: %+v", secret)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		text := func() string {
			var b strings.Builder
			for range random.IntN(30) {
				fmt.Fprintln(&b, random.IntN(4))
			}
			return b.String()
		}
		before, after := text(), text()
		lines := linesOf(before)
		var out []string
		at := 0
		for _, line := range diffLines(before, after, 1) {
			var from, olds, to, news int
			if n, _ := fmt.Sscanf(line, "@@ -%d,%d +%d,%d @@", &from, &olds, &to, &news); n == 4 {
				out = append(out, lines[at:from-1]...)
				if at = from - 1; len(out) != to-1 {
					t.Fatalf("%q stands at line %d, from %q to %q", line, len(out)+1, before, after)
				}
				continue
			}
			if line[0] != '+' {
				if lines[at] != line[1:] {
					t.Fatalf("%q is not what stands at line %d of %q", line, at+1, before)
				}
				at++
			}
			if line[0] != '-' {
				out = append(out, line[1:])
			}
		}
		if out = append(out, lines[at:]...); strings.Join(out, "\n") != strings.Join(linesOf(after), "\n") {
			t.Fatalf("from %q to %q came %q", before, after, out)
		}
	}
}

func linesOf(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(s, "\n"), "\n")
}
